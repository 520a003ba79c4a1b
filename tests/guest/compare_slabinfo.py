# SPDX-License-Identifier: LGPL-2.1-or-later
"""slabinfo, line by line, against /proc/slabinfo at the moment of the dump; and its JSON against its text.

Recording allocates and frees. A line that differs is taken as moved, and told, if the record that was taken right
after (or before) the details has a different line for the same cache; a cache that stood still must be equal."""
import json
import sys

import truth

dump, folder, program = truth.arguments()


def by_cache(path):
    if not path.exists():
        return {}
    return {line.split()[0]: line for line in path.read_text().splitlines()[2:]}


expected = (folder / "proc/slabinfo").read_text().splitlines()
# Findings follow behind an empty line.
text = truth.run(program, "slabinfo", dump).decode().split("\n\n")[0].splitlines()
rows = json.loads(truth.run(program, "slabinfo", dump, "--json"))["data"]["slabinfo"]
if [row["name"] for row in rows] != [line.split()[0] for line in text[2:]]:
    print("JSON and text have different caches")
    sys.exit(1)
for row, line in zip(rows, text[2:]):
    words = line.split()
    if [str(row[key]) for key in ("active_objs", "num_objs", "objsize_bytes", "num_slabs")] != [*words[1:4], words[14]]:
        print(f"JSON has {row} where text has {line!r}")
        sys.exit(1)
proc = by_cache(folder / "proc/slabinfo")
others = [by_cache(folder / moment / "proc/slabinfo") for moment in ("before", "after")]
moved = {name for name, line in proc.items() for other in others if other.get(name, line) != line}
# Where slub_debug keeps CPUs from holding objects back, closing the file that was being read shows at once.
store_user = folder / "sys/kernel/slab/seq_file/store_user"
if store_user.exists() and store_user.read_text().strip() == "1":
    moved |= {"seq_file", "filp", "lsm_file_cache", "kmalloc-cg-4k", "kmalloc-4k"}
sys.exit(truth.compare_lines(expected, text, moved))
