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
# Where the smallest cache is of 128 bytes (arm64 until 6.5), there is none of 192: the next one serves.
has_192 = "\nkmalloc-192 " in (folder / "proc/slabinfo").read_text()
lost = {"kmalloc-192" if has_192 else "kmalloc-256": int(said[1]), "leak_obj": int(said[2])} if said else {}
facts = folder.parent / "guest.json"
said_of_guest = json.loads(facts.read_text()) if facts.exists() else {}
scenario = said_of_guest.get("scenario")
# SLAB keeps addresses of objects that it gave out: of a slab's first one in its struct page, of others in CPUs' arrays.
spent = {"slab", "mem-map", "percpu"} if said_of_guest.get("kernel", "").endswith("-slab") else {"slab"}
# What modules that take pages lose: a name of the table, how many, bytes of each.
PAGE = 4096


def pages(counts):
    return {f"pages, order {order}": (count, PAGE << order) for order, count in enumerate(counts) if count}


ram_pages = sum(1 + i % 8 for i in range(300))
LOSSES = {
    "page-leak": pages((3000, 500, 200, 100, 0, 20, 0, 0, 0, 3)),
    "lost-pages": pages((1300, 300, 140, 70, 10, 10, 0, 0, 0, 1)) | {"vmalloc": (40, 16 * PAGE), "vmap": (20, 16 * PAGE)},
    # vm_map_ram() leaves no area that says whose it is: of these the pages are lost one by one.
    "vmap-many": {"vmalloc": (10000, 2.5 * PAGE), "vmap": (500, sum(1 + i % 8 for i in range(500)) / 500 * PAGE),
                  "pages, order 0": (ram_pages, PAGE)},
}
if scenario in LOSSES:
    named = {}
    for group in groups:
        if group["confidence"] == "likely":
            named[group["cache"]] = named.get(group["cache"], 0) + group["objects"]
    lost_bytes = sum(count * size for count, size in LOSSES[scenario].values())
    named_bytes = sum(min(named.get(name, 0), count) * size for name, (count, size) in LOSSES[scenario].items())
    wrong = [f"{name}: {count} named, {LOSSES[scenario].get(name, (0, 0))[0]} lost" for name, count in named.items()
             if count > LOSSES[scenario].get(name, (0, 0))[0]]
    print(f"{named_bytes / lost_bytes:.2%} of {lost_bytes / 2 ** 20:.1f} MiB that the module lost are named: {named}; wrong: {wrong}")
    sys.exit(1 if wrong or named_bytes < 0.99 * lost_bytes else 0)
if scenario == "spoiled-slab":
    # What its module loses, and nothing else: at least, at most.
    losses = {"spoiled_debug": (1, 16), "spoiled_twice": (1, 32), "kmalloc-128": (0, 1)}
    named = {}
    for group in groups:
        if group["confidence"] == "likely":
            named[group["cache"]] = named.get(group["cache"], 0) + group["objects"]
    wrong = [name for name in set(losses) | set(named)
             if name not in losses or not losses[name][0] <= named.get(name, 0) <= losses[name][1]]
    print(f"the module lost {losses}, memopsy names {named}; {len(wrong)} wrong")
    sys.exit(1 if wrong else 0)
wrong = 0
found = {}
for group in groups:
    if group["confidence"] == "on purpose":
        if not re.match("ctl_table_header|VMCOREINFO", group["what"] or ""):
            wrong += 1
            print(f"on purpose, but of no known form: {group}")
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
if len([row for row in listed if not row["on_purpose"]]) != sum(found.values()):
    wrong += 1
    print(f"{len(listed)} objects listed, where the groups have {found}")
if len({row["address"] for row in listed}) != len(listed):
    wrong += 1
    print("an object is listed twice")
for group in groups:
    # The other way round: no root points at a head. (Sheaves keep addresses of objects that were taken out of them.)
    users = json.loads(truth.run(program, "refs", dump, group["address"], "--json"))["data"]["refs"]
    if [user for user in users if user["class"] not in spent]:
        wrong += 1
        print(f"{group['address']} of {group['cache']} is pointed at: {users}")
print(f"{sum(lost.values())} objects lost in truth, {sum(found.values())} named, {wrong} wrong; "
      f"{len(listed) - sum(found.values())} lost on purpose")
sys.exit(1 if wrong else 0)
