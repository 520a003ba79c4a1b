# SPDX-License-Identifier: LGPL-2.1-or-later
"""pagetypeinfo, line by line, against /proc/pagetypeinfo; and its JSON against its text.

The kernel's file is read a moment before the guest stops. A line of free blocks that differs counts as moved if the
sums over the types are what /proc/buddyinfo said, which is read later."""
import json
import re
import sys

import truth

dump, folder, program = truth.arguments()
path = folder / "proc/pagetypeinfo"
if not path.exists():
    truth.skip("no /proc/pagetypeinfo was recorded")
expected = path.read_text().splitlines()
text = truth.run(program, "pagetypeinfo", dump).decode().splitlines()
rows = json.loads(truth.run(program, "pagetypeinfo", dump, "--json"))["data"]["pagetypeinfo"]
# With page_owner the kernel goes on with the number of mixed blocks, and memopsy says that it does not count them.
mixed = [number for number, line in enumerate(expected) if line.startswith("Number of mixed blocks")]
note = [number for number, line in enumerate(text) if line.startswith("page_owner is on: ")]
if mixed and note:
    print(f"{len(expected) - mixed[0]} lines of mixed blocks are not counted")
    del expected[mixed[0]:], text[note[0]:]

FREE = re.compile(r"Node +(\d+), zone +(\S+), type +(\S+) (.*)")
buddy = {}
for line in (folder / "proc/buddyinfo").read_text().splitlines():
    node, zone, counts = re.match(r"Node (\d+), zone +(\S+) +(.*)", line).groups()
    buddy[int(node), zone] = [int(count) for count in counts.split()]

found = {}
for row in rows:
    if row["part"] == "free":
        found.setdefault((row["node"], row["zone"], row["migratetype"]), []).append(row["value"])
in_text = {}
for line in text:
    match = FREE.match(line)
    if match:
        node, zone, kind, counts = match.groups()
        in_text[int(node), zone, kind] = [count if ">" in count else int(count) for count in counts.split()]
for place, counts in found.items():
    shown = [min(count, 100000) for count in counts]
    if [int(str(count).lstrip(">")) for count in in_text[place]] != shown:
        print(f"JSON has {counts} where text has {in_text[place]}")
        sys.exit(1)

sums = {}
for (node, zone, _), counts in found.items():
    before = sums.get((node, zone), [0] * len(counts))
    sums[node, zone] = [a + b for a, b in zip(before, counts)]
equal = differing = moved = 0
for number in range(max(len(expected), len(text))):
    want = expected[number] if number < len(expected) else "(no line)"
    have = text[number] if number < len(text) else "(no line)"
    match = FREE.match(have)
    place = (int(match.group(1)), match.group(2)) if match else None
    if want == have:
        equal += 1
    elif place and FREE.match(want) and sums[place] == buddy.get(place):
        moved += 1
        print(f"moved: {want!r} -> {have!r}")
    else:
        differing += 1
        print(f"line {number + 1}: the kernel said {want!r}, memopsy says {have!r}")
print(f"{equal} lines equal, {differing} differ" + (f", {moved} moved while recording" if moved else ""))
sys.exit(1 if differing or not equal else 0)
