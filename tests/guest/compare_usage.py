# SPDX-License-Identifier: LGPL-2.1-or-later
"""usage: the classes add up to all page frames, per zone as well; and what was found page by page equals what the
kernel counted, and what /proc/meminfo printed up to the deltas that CPUs had not folded in."""
import json
import sys

import truth

# How many pages of each check may be missing or too many. Anonymous pages that were just unmapped wait in the CPUs' LRU
# batches: found, and no longer counted. Pages that were mlocked or munlocked wait there too.
TOLERANCE = {"anonymous": (0, 64), "unevictable": (-32, 32), "mlocked": (-32, 32)}
# Kernels before 6.15 count large kmalloc as slab, and mark its pages in no way.
LARGE_KMALLOC = (-1024, 0)
MEMINFO = {"free": "MemFree", "anonymous": "AnonPages", "shared memory": "Shmem", "page tables": "PageTables",
           "slab and large kmalloc": "Slab", "unevictable": "Unevictable", "mlocked": "Mlocked",
           "not reserved": "MemTotal", "vmalloc, with kernel stacks": "VmallocUsed",
           "kernel stacks of tasks": "KernelStack", "per-CPU": "Percpu"}
# A CPU folds its delta to a counter in when it passes this (mm/vmstat.c), for each zone or node.
MAX_PENDING = 125


def meminfo(path):
    return {line.split(":")[0]: int(line.split()[1]) for line in path.read_text().splitlines() if ":" in line}


def usage(program, dump, *words):
    return json.loads(truth.run(program, "usage", dump, "--json", *words))["data"]


def sums(rows, key):
    """Per key (nothing, node, zone): the sum of the classes, and the total row."""
    found = {}
    for row in rows:
        entry = found.setdefault(tuple(row[name] for name in key), [0, None])
        if row["class"] == "total":
            entry[1] = row["pages"]
        else:
            entry[0] += row["pages"]
    return found


def main():
    dump, folder, program = truth.arguments()
    page_kib = truth.page_bytes(folder) // 1024
    if "oom-panic" in folder.resolve().parent.name:
        truth.skip("the guest went on after the record, until it panicked")
    data = usage(program, dump)
    wrong = 0
    total = sums(data["usage"], ())[()]
    zones = sums(usage(program, dump, "--by-zone")["usage_by_zone"], ("node", "zone"))
    nodes = sums(usage(program, dump, "--by-node")["usage_by_node"], ("node",))
    for name, entries in (("all", {(): total}), ("zone", zones), ("node", nodes)):
        for key, (added, said) in entries.items():
            if added != said:
                wrong += 1
                print(f"{name} {key}: the classes add up to {added}, the total is {said}")
    in_zones = sum(said for _, said in zones.values())
    in_nodes = sum(said for _, said in nodes.values())
    wrong += in_zones != total[1] or in_nodes != total[1]
    print(f"{total[1]} page frames; {len(zones)} zones and {len(nodes)} nodes add up to {in_zones} and {in_nodes}")
    classes = {row["class"]: row["pages"] for row in data["usage"]}
    printed = meminfo(folder / "proc/meminfo")
    n_cpus = (folder / "proc/cpuinfo").read_text().count("processor\t")
    checked = 0
    for row in data["usage_checks"]:
        low, high = TOLERANCE.get(row["check"], (0, 0))
        if row["check"].startswith("slab") and not classes.get("large-kmalloc"):
            low, high = LARGE_KMALLOC
        good = low <= row["difference_pages"] <= high
        line = MEMINFO.get(row["check"])
        pending = ""
        if line in printed:
            difference = row["kernel_pages"] - printed[line] // page_kib
            good = good and abs(difference) <= MAX_PENDING * n_cpus * max(len(zones), 1)
            pending = f"; {line} printed {printed[line] // page_kib} pages"
        print(f"{'' if good else 'WRONG: '}{row['check']}: found {row['found_pages']}, counted {row['kernel_pages']}, "
              f"difference {row['difference_pages']}{pending}")
        wrong += not good
        checked += 1
    print(f"{checked} checks, {wrong} wrong")
    sys.exit(1 if wrong or checked < 12 else 0)


main()
