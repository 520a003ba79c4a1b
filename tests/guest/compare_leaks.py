# SPDX-License-Identifier: LGPL-2.1-or-later
"""Every object that the module leaker lost, and no other; on every other guest nothing but what the kernel loses on purpose."""
import json
import re
import sys

import truth

dump, folder, program = truth.arguments()
if (folder / "run" / "record" / "leak-kinds").exists():
    truth.skip("leak_kinds compares this guest, piece by piece")
groups = json.loads(truth.run(program, "leaks", dump, "--json"))["data"]["leaks"]
said = re.search(r"leaker: lost (\d+) of kmalloc-192, (\d+) of leak_obj", (folder / "dmesg").read_text(errors="replace"))
lost = {"kmalloc-192": int(said[1]), "leak_obj": int(said[2])} if said else {}
# What page_taker forgets is truly lost: so many blocks of each order, some of which may be suspect only.
blocks = {}
facts = folder.parent / "guest.json"
said_of_guest = json.loads(facts.read_text()) if facts.exists() else {}
scenario = said_of_guest.get("scenario")
# SLAB keeps addresses of objects that it gave out: of a slab's first one in its struct page, of others in CPUs' arrays.
spent = {"slab", "mem-map", "percpu"} if said_of_guest.get("kernel", "").endswith("-slab") else {"slab"}
if scenario == "lost-pages":
    truth.skip("this guest loses pages, by the number that its own comparison knows")
if scenario in ("vmap-many", "spoiled-slab"):
    # What their modules lose, and nothing else: kind, at least, at most.
    pages = sum(1 + i % 8 for i in range(500)) + sum(1 + i % 8 for i in range(300))
    losses = {"vmalloc": (9990, 10000), "pages, order 0": (0.9 * pages - 12, pages)} if scenario == "vmap-many" else {
        "spoiled_debug": (1, 16), "spoiled_twice": (1, 32), "kmalloc-128": (0, 1)}
    named = {}
    for group in groups:
        if group["confidence"] == "likely":
            named[group["cache"]] = named.get(group["cache"], 0) + group["objects"]
    wrong = [name for name in set(losses) | set(named)
             if name not in losses or not losses[name][0] <= named.get(name, 0) <= losses[name][1]]
    print(f"the module lost {losses}, memopsy names {named}; {len(wrong)} wrong")
    sys.exit(1 if wrong else 0)
if scenario == "page-leak":
    blocks = dict(enumerate((3000, 500, 200, 100, 0, 20, 0, 0, 0, 3)))
wrong = 0
found = {}
page_blocks = 0
for group in groups:
    if group["confidence"] == "on purpose":
        if not re.match("ctl_table_header|VMCOREINFO", group["what"] or ""):
            wrong += 1
            print(f"on purpose, but of no known form: {group}")
        continue
    pages = re.fullmatch(r"pages, order (\d+)", group["cache"])
    if pages and int(pages[1]) in blocks:
        if not 0.9 * blocks[int(pages[1])] - 12 <= group["objects"] <= blocks[int(pages[1])]:
            wrong += 1
            print(f"{group['cache']}: {blocks[int(pages[1])]} lost, memopsy names {group['objects']}")
        page_blocks += group["objects"]
        continue
    found[group["cache"]] = found.get(group["cache"], 0) + group["objects"]
    if lost and group["owner"] != "leaker":
        wrong += 1
        print(f"the owner of {group['objects']} objects of {group['cache']} is {group['owner']}")
suspects = {}
for group in json.loads(truth.run(program, "leaks", dump, "--suspects", "--json"))["data"]["leaks"]:
    if group["confidence"] == "suspect" and group["owner"] == "leaker":
        suspects[group["cache"]] = suspects.get(group["cache"], 0) + group["objects"]
for cache in sorted(set(lost) | set(found)):
    # One in a thousand may be suspect: handles of stack traces, say, look like physical addresses.
    may_lack = min(suspects.get(cache, 0), lost.get(cache, 0) // 1000)
    if not lost.get(cache, 0) - may_lack <= found.get(cache, 0) <= lost.get(cache, 0):
        wrong += 1
        print(f"{cache}: {lost.get(cache, 0)} lost, memopsy names {found.get(cache, 0)}")
listed = json.loads(truth.run(program, "leaks", dump, "--list", "--json"))["data"]["lost_objects"]
if len([row for row in listed if not row["on_purpose"]]) != sum(found.values()) + page_blocks:
    wrong += 1
    print(f"{len(listed)} objects listed, where the groups have {found}")
if len({row["address"] for row in listed}) != len(listed):
    wrong += 1
    print("an object is listed twice")
for group in groups:
    # The other way round: no root points at a head. (Sheaves keep addresses of objects that were taken out of them.)
    if group["cache"].startswith("pages"):
        continue # the only users that refs knows are addresses
    users = json.loads(truth.run(program, "refs", dump, group["address"], "--json"))["data"]["refs"]
    if [user for user in users if user["class"] not in spent]:
        wrong += 1
        print(f"{group['address']} of {group['cache']} is pointed at: {users}")
print(f"{sum(lost.values())} objects lost in truth, {sum(found.values())} named, {wrong} wrong; "
      f"{len(listed) - sum(found.values()) - page_blocks} lost on purpose; {page_blocks} of {sum(blocks.values())} blocks of pages")
sys.exit(1 if wrong else 0)
