# SPDX-License-Identifier: LGPL-2.1-or-later
"""Tracks of the leaking module's objects against /sys/kernel/debug/slab/*/alloc_traces: counts by caller, and stacks."""
import json
import re
import sys

import truth

dump, folder, program = truth.arguments()
debugfs = folder / "sys/kernel/debug/slab"
if not debugfs.exists():
    truth.skip("the guest was not booted with slub_debug=U")


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
