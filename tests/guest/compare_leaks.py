# SPDX-License-Identifier: LGPL-2.1-or-later
"""Every object that the module leaker lost, and no other; on every other guest nothing but what the kernel loses on purpose."""
import json
import re
import sys

import truth

dump, folder, program = truth.arguments()
groups = json.loads(truth.run(program, "leaks", dump, "--json"))["data"]["leaks"]
said = re.search(r"leaker: lost (\d+) of kmalloc-192, (\d+) of leak_obj", (folder / "dmesg").read_text(errors="replace"))
lost = {"kmalloc-192": int(said[1]), "leak_obj": int(said[2])} if said else {}
wrong = 0
found = {}
for group in groups:
    if group["confidence"] == "on purpose":
        if "ctl_table_header" not in (group["what"] or ""):
            wrong += 1
            print(f"on purpose, but of no known form: {group}")
        continue
    found[group["cache"]] = found.get(group["cache"], 0) + group["objects"]
    if lost and group["owner"] != "leaker":
        wrong += 1
        print(f"the owner of {group['objects']} objects of {group['cache']} is {group['owner']}")
for cache in sorted(set(lost) | set(found)):
    if lost.get(cache, 0) != found.get(cache, 0):
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
    if [user for user in users if user["class"] != "slab"]:
        wrong += 1
        print(f"{group['address']} of {group['cache']} is pointed at: {users}")
print(f"{sum(lost.values())} objects lost in truth, {sum(found.values())} named, {wrong} wrong; "
      f"{len(listed) - sum(found.values())} lost on purpose")
sys.exit(1 if wrong else 0)
