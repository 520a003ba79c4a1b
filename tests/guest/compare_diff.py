# SPDX-License-Identifier: LGPL-2.1-or-later
"""memopsy diff of this guest against the healthy one of its kernel: who grew is named; of a guest against itself, nobody."""
import json
import pathlib
import re
import sys

import truth

# What each scenario takes or loses, as the comparison has to name it; of whom, or what else may be named, nothing is said.
GROWERS = {
    "leak-slab": [("lost", r"leak_obj \(leaker\)", 4000), ("lost", r"kmalloc-192 \(leaker\)", 4000), ("slab cache", r"leak_obj", 4000)],
    "page-leak": [("lost", r"pages, order 0", 2900), ("class of pages", r"direct", 5000)],
    "vmap-many": [("lost", r"vmalloc \(vmap_user\)", 9990), ("class of pages", r"vmalloc", 20000)],
    "many-files": [("slab cache", r"dentry", 100000)],
    "fragmentation": [("owner", r"vmalloc area of .*", 40000)],
    "oom-slab": [("lost", r".*", 10000)],
    "oom-tmpfs": [("class of pages", r"shmem", 10000)],
    "oom-global": [("class of pages", r"anon", 5000)],
}


def diff(program, *sides):
    return json.loads(truth.run(program, "diff", *sides, "--json", statuses=(0, 1)))


def healthy_of(dump, kernel):
    directory = dump.parent.parent / f"{kernel}-healthy"
    return next((path for path in sorted(directory.glob("vmcore.*")) if path.suffix in (".elf", ".kdump-zlib")), None)


dump, folder, program = truth.arguments()
dump = pathlib.Path(dump)
match = re.match(r"(.*?)-(" + "|".join(GROWERS) + ")$", dump.parent.name)
wrong = 0
if dump.parent.name.endswith("-healthy"):
    document = diff(program, dump, dump)
    wrong = len(document["findings"]) + len(document["data"]["changes"])
    print(f"against itself: {wrong} changes and findings")
    sys.exit(1 if wrong else 0)
before = match and healthy_of(dump, match[1])
if not before:
    print("no scenario that grows, or no healthy guest of the same kernel")
    sys.exit(77)
document = diff(program, before, dump)
for kind, name, pieces in GROWERS[match[2]]:
    found = [row for row in document["data"]["changes"] if row["kind"] == kind and re.fullmatch(name, row["name"])
             and row["change_bytes"] > 0 and (row["change_pieces"] or 0) >= pieces]
    if not found:
        print(f"no {kind} {name} that grew by {pieces}")
        wrong += 1
    for row in found:
        print(f"{kind} {row['name']}: {row['change_bytes']:+} bytes, {row['change_pieces']:+} pieces")
if not document["findings"]:
    print("no verdict")
    wrong += 1
for finding in document["findings"]:
    print(finding["verdict"])
    if "leaker" not in finding["verdict"] and match[2] == "leak-slab" and finding["id"] == "lost-more":
        wrong += 1
sys.exit(1 if wrong else 0)
