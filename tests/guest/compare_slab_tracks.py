# SPDX-License-Identifier: LGPL-2.1-or-later
"""Tracks of the leaking module's objects against /sys/kernel/debug/slab/*/alloc_traces: counts by caller, and stacks.

5.10 has no such file: there they are compared with what the module says in the kernel's log."""
import json
import re
import sys

import truth

dump, folder, program = truth.arguments()
debugfs = folder / "sys/kernel/debug/slab"
log = folder / "dmesg"
said = re.search(r"leaker: lost (\d+) of kmalloc-192, (\d+) of leak_obj, .*keeps (\d+) of each",
                 log.read_text(errors="replace") if log.exists() else "")
store_user = folder / "sys/kernel/slab/leak_obj/store_user"
is_tracked = store_user.exists() and store_user.read_text().strip() == "1"
if not debugfs.exists() and not (said and is_tracked):
    truth.skip("the guest was not booted with slub_debug=U")
if debugfs.exists() and not (debugfs / "leak_obj").exists():
    truth.skip("no module took objects of leak_obj in this guest")


def name_of(word):
    return re.sub(r"(\+0x[0-9a-f]+)/0x[0-9a-f]+", r"\1", word.strip())


def recorded(cache):
    """(objects, caller, frames) of each group."""
    groups = []
    for line in (debugfs / cache / "alloc_traces").read_text().splitlines():
        match = re.match(r" *(\d+) (\S+(?: \[\w+\])?) ", line)
        if match:
            groups.append((int(match[1]), name_of(match[2]), []))
        elif line.strip() and groups:
            groups[-1][2].append(name_of(line))
    return groups


equal = wrong = 0
if not debugfs.exists():
    for cache, lost in (("kmalloc-192", said[1]), ("leak_obj", said[2])):
        found = json.loads(truth.run(program, "slab", dump, cache, "--tracks", "--json"))["data"]["tracks"]
        groups = sorted(row["objects"] for row in found if "[leaker]" in (row["caller"] or ""))
        expected = sorted((int(lost), int(said[3])))
        equal += groups == expected
        wrong += groups != expected
        if groups != expected:
            print(f"{cache}: {expected} objects of the module, memopsy has {groups}")
    print(f"{equal} caches equal, {wrong} wrong")
    sys.exit(1 if wrong else 0)
for cache in ("leak_obj", "kmalloc-192"):
    if not (debugfs / cache).exists():
        continue
    found = json.loads(truth.run(program, "slab", dump, cache, "--tracks", "--json"))["data"]["tracks"]
    for objects, caller, frames in recorded(cache):
        if "[leaker]" not in caller:
            continue
        same = [row for row in found if row["objects"] == objects and row["caller"] == caller]
        # The last frame is a label of assembly, which symbol tables name differently; so do those of freed init code.
        stacks = [row["stack"].split(" < ") for row in same]
        if any(stack[:2] == frames[:2] and len(stack) == len(frames) for stack in stacks):
            equal += 1
        else:
            wrong += 1
            print(f"{cache}: {objects} objects of {caller} with {frames}, memopsy has {same}")
print(f"{equal} groups equal, {wrong} wrong")
sys.exit(1 if wrong or not equal else 0)
