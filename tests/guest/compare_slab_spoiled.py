# SPDX-License-Identifier: LGPL-2.1-or-later
"""slabcheck on a guest whose module spoiled slab objects: each place that it names in the log is found, and no other."""
import json
import re
import sys

import truth

dump, folder, program = truth.arguments()
log = folder / "dmesg"
said = re.findall(r"spoiler: ([a-z-]+) ([0-9a-f]{16}) ([0-9a-f]{16})$", log.read_text(errors="replace"), re.M) if log.exists() else []
if not said:
    truth.skip("no module spoiled slab objects in this guest")

# What of the bytes that the module wrote must be shown, and said of them.
PROBLEMS = {
    "behind": ("red zone behind it overwritten", "4f 56 45 52 52 55 4e cc", 'text "OVERRUN"'),
    "before": ("red zone before it overwritten", None, "pointer to spoiler_ops+0x0 [spoiler]"),
    "after-free": ("written after it was freed", "41 46 54 45 52 20 46 52 45 45 6b", 'text "AFTER FREE"'),
    "asked": ("written beyond the size asked for", "41 53 4b 45 44 cc", 'text "ASKED"'),
    "twice": ("free twice", None, ""),
}
found = json.loads(truth.run(program, "slabcheck", dump, "--json", statuses=(0, 1)))
rows = found["data"]["slabcheck"]
# Since 6.2 there is a red zone behind what kmalloc was asked for, too.
release = re.search(r"Linux version (\d+)\.(\d+)", log.read_text(errors="replace"))
has_zone = (int(release[1]), int(release[2])) >= (6, 2)
wrong = 0
matched = []
for kind, at, address in said:
    problem, first_bytes, meaning = PROBLEMS[kind]
    same = [row for row in rows if int(row["object"], 16) == int(address, 16) and row["problem"] == problem]
    if kind == "asked" and not has_zone:
        wrong += len(same)
        continue
    if len(same) != 1:
        wrong += 1
        print(f"{kind} of {address}: {len(same)} rows")
        continue
    row = same[0]
    matched.append(row)
    if kind != "twice" and int(row["at"], 16) != int(at, 16):
        wrong += 1
        print(f"{kind}: at {row['at']}, it was at {at}")
    if first_bytes and not row["found"].startswith(first_bytes):
        wrong += 1
        print(f"{kind}: found {row['found']}, it was {first_bytes}")
    if row["found_is"] != meaning:
        wrong += 1
        print(f"{kind}: said to be {row['found_is']!r}, it was {meaning!r}")
for row in rows:
    if row not in matched:
        wrong += 1
        print("found and not spoiled:", row)
findings = {finding["id"]: (finding["severity"], finding["confidence"]) for finding in found["findings"]}
for name in ("slab-overwritten", "slab-free-twice"):
    if findings.get(name) != ("critical", "likely"):
        wrong += 1
        print(f"{name}: {findings}")
print(f"{len(said)} places spoiled, {len(matched)} found, {len(rows)} told, {wrong} wrong")
sys.exit(1 if wrong else 0)
