# SPDX-License-Identifier: LGPL-2.1-or-later
"""Objects, slabs and names of every cache against /sys/kernel/slab; and the objects that the leaking module keeps."""
import json
import sys

import truth

dump, folder, program = truth.arguments()
sysfs = folder / "sys/kernel/slab"
if not sysfs.exists():
    truth.skip("/sys/kernel/slab was not recorded")
caches = {row["name"]: row for row in json.loads(truth.run(program, "slabtop", dump, "--all", "--json"))["data"]["slabtop"]}
info = {row["name"]: row for row in json.loads(truth.run(program, "slabinfo", dump, "--json"))["data"]["slabinfo"]}


def number(cache, file):
    path = sysfs / cache / file
    words = path.read_text(errors="replace").split() if path.exists() else []
    return int(words[0]) if words else None


def links():
    """What every name in /sys/kernel/slab leads to."""
    result = {path.name: path.name for path in sysfs.iterdir() if path.is_dir()}
    for path in sysfs.glob("*.link"):
        result[path.name[:-5]] = path.read_text().strip().rsplit("/", 1)[-1]
    return result


names = links()
equal = moved = wrong = 0
for name, row in info.items():
    directory = names.get(name)
    if directory is None:
        continue
    for file, key in (("objects", "active_objs"), ("total_objects", "num_objs"), ("slabs", "num_slabs"),
                      ("slab_size", "objsize_bytes")):
        want = number(directory, file)
        if want is None:
            continue
        if want == row[key]:
            equal += 1
        elif file == "slab_size":
            wrong += 1
            print(f"{name}: {file} is {want}, memopsy says {row[key]}")
        else:
            # These files were read before the dump; /proc/slabinfo, which is compared exactly, at its moment.
            moved += 1
    # The two ways of counting: the kernel's counters, and every slab that was found.
    if row["num_objs"] != caches[name]["objects"] or row["num_slabs"] != caches[name]["slabs"]:
        wrong += 1
        print(f"{name}: {row['num_objs']} objects in {row['num_slabs']} slabs by the kernel's counters, "
              f"{caches[name]['objects']} in {caches[name]['slabs']} by looking at every page")
    if caches[name]["unknown"]:
        wrong += 1
        print(f"{name}: the state of {caches[name]['unknown']} objects is not known")
if "leak_obj" in caches and caches["leak_obj"]["allocated"] % 100:
    wrong += 1
    print(f"leak_obj: {caches['leak_obj']['allocated']} objects, of hundreds that were made")

# One merged cache: all its names.
aliases = {}
for name, directory in names.items():
    if name != directory:
        aliases.setdefault(directory, set()).add(name)
directory = max(aliases, key=lambda of: len(aliases[of]), default=None)
if directory:
    some = sorted(aliases[directory])[0]
    found = json.loads(truth.run(program, "slab", dump, some, "--json"))["data"]["aliases"]
    if {row["alias"] for row in found} != aliases[directory]:
        wrong += 1
        print(f"{some}: the names {sorted(aliases[directory])}, memopsy has {sorted(row['alias'] for row in found)}")
print(f"{equal} numbers equal, {moved} moved before the dump, {wrong} wrong; {len(aliases)} caches with links")
sys.exit(1 if wrong or equal < 10 * moved else 0)
