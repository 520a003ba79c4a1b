# SPDX-License-Identifier: LGPL-2.1-or-later
"""What walking the free lists found, against the kernel's own words: blocks of every order (/proc/buddyinfo), pages on
per-CPU lists (/proc/zoneinfo), fragmentation indexes (debugfs extfrag) and every free page (/proc/kpageflags)."""
import json
import pathlib
import re
import struct
import sys

import truth

KPF_BUDDY = 10

dump, folder, program = truth.arguments()
if "oom-panic" in folder.resolve().parent.name:
    truth.skip("the guest went on after the record, until it panicked")
counts = {"equal": 0, "differ": 0, "moved": 0}


def check(what, want, have, may_move=False):
    if want == have:
        counts["equal"] += 1
    else:
        counts["moved" if may_move else "differ"] += 1
        print(f"{'moved: ' if may_move else ''}{what}: the kernel said {want}, memopsy says {have}")


def rows_of(command, table, *words):
    return json.loads(truth.run(program, command, dump, *words, "--json"))["data"][table]


blocks = rows_of("freelists", "freelists")
found = {}
for row in blocks:
    place = (row["node"], row["zone"])
    found.setdefault(place, {}).setdefault(row["order"], 0)
    found[place][row["order"]] += 1
free_now = {}
for line in (folder / "proc/buddyinfo").read_text().splitlines():
    node, zone, numbers = re.match(r"Node (\d+), zone +(\S+) +(.*)", line).groups()
    free_now[int(node), zone] = [int(number) for number in numbers.split()]
    for order, number in enumerate(free_now[int(node), zone]):
        check(f"node {node} {zone} order {order}", number, found.get((int(node), zone), {}).get(order, 0))

on_cpus = {}
for row in rows_of("freelists", "freelists", "--pcp"):
    place = (row["node"], row["zone"], int(row["list"].split()[1]))
    on_cpus[place] = on_cpus.get(place, 0) + (1 << row["order"])
place = cpu = None
for line in (folder / "proc/zoneinfo").read_text().splitlines():
    match = re.match(r"Node (\d+), zone +(\S+)", line)
    if match:
        place = (int(match.group(1)), match.group(2))
    match = re.match(r" +cpu: (\d+)", line)
    if match:
        cpu = int(match.group(1))
    match = re.match(r" +count: +(\d+)", line)
    if match:
        # The CPU that reads the file allocates while it does so.
        have = on_cpus.get((*place, cpu), 0)
        check(f"per-CPU pages of {place}, CPU {cpu}", int(match.group(1)), have, abs(have - int(match.group(1))) <= 64)

orders = {}
for row in rows_of("fragmentation", "orders"):
    orders.setdefault((row["node"], row["zone"]), []).append(row)
for name, value in (("extfrag_index", lambda row: float(row["fragmentation_index"])),
                    ("unusable_index", lambda row: round(row["unusable_percent"] / 100, 3))):
    path = folder / "sys/kernel/debug/extfrag" / name
    if not path.exists():
        print(f"{name} was not recorded")
        continue
    for line in path.read_text().splitlines():
        node, zone, numbers = re.match(r"Node (\d+), zone +(\S+) +(.*)", line).groups()
        mine = orders[int(node), zone]
        is_now = [row["free_blocks"] for row in mine] == free_now[int(node), zone]
        for row, number in zip(mine, numbers.split()):
            check(f"{name} of node {node} {zone} order {row['order']}", float(number), value(row), is_now)

flags_path = pathlib.Path(folder / "proc/kpageflags")
if flags_path.exists():
    data = flags_path.read_bytes()
    flags = struct.unpack(f"<{len(data) // 8}Q", data)
    kernel = {pfn for pfn, value in enumerate(flags) if value >> KPF_BUDDY & 1}
    walked = {pfn for row in blocks for pfn in range(row["pfn"], row["pfn"] + (1 << row["order"]))}
    # Reading the file takes a moment and some pages, and CPUs give back what is on their lists.
    print(f"{len(kernel & walked)} free pages are free for both, {len(kernel - walked)} for the kernel alone, "
          f"{len(walked - kernel)} for memopsy alone")
    check("free pages for the kernel alone", True, len(kernel - walked) <= 64)
    check("free pages for memopsy alone", True, len(walked - kernel) <= 64 + truth.pages_cpus_gave_back(folder))
print(f"{counts['equal']} numbers equal, {counts['differ']} differ, {counts['moved']} moved while recording")
sys.exit(1 if counts["differ"] or not counts["equal"] else 0)
