# SPDX-License-Identifier: LGPL-2.1-or-later
"""pagetables: what was found and is marked against PageTables of /proc/meminfo; each process against its VmPTE and
against what its mm counts; and the pages that are marked and that no walk found."""
import json
import sys

import truth

dump, folder, program = truth.arguments()
PAGE_KIB = truth.page_bytes(folder) // 1024
data = json.loads(truth.run(program, "pagetables", dump, "--json"))["data"]


def numbers(path):
    return {line.split(":")[0]: int(line.split()[1]) for line in path.read_text().splitlines()
            if ":" in line and line.split()[1:2] and line.split()[1].isdigit()}


said = numbers(folder / "proc/meminfo")["PageTables"]
others = [numbers(path)["PageTables"] for path in (folder / "before/proc/meminfo", folder / "after/proc/meminfo")
          if path.exists()]
sums, owners = data["page_table_sums"], data["page_table_owners"]
is_old_truth = "oom-panic" in folder.resolve().parent.name
wrong = processes = 0
marked = (sums["marked_bytes"] + sums["stray_bytes"]) // 1024
if marked != said:
    # Each CPU keeps a part of the counter of its own, at most 125 pages a node.
    is_pending = abs(marked - said) <= 2 * 125 * PAGE_KIB and any(other != said for other in others)
    wrong += not (is_pending or is_old_truth)
    print(f"{marked} kB are marked, and the kernel counted {said} kB")
if sums["stray_bytes"]:
    print(f"{sums['stray_bytes'] // 1024} kB are marked, and no walk found them")
for owner in owners:
    found = (owner["pte_pages"] + owner["pmd_pages"] + owner["pud_pages"] + owner["deposited_pages"]) * PAGE_KIB
    if owner["counted_bytes"] is not None and owner["comm"] != "(kernel)" and owner["counted_bytes"] // 1024 != found:
        print(f"{owner['comm']} ({owner['pid']}) counts {owner['counted_bytes'] // 1024} kB, and {found} kB were found")
        wrong += 1
    status = folder / f"proc/{owner['pid']}/status"
    if owner["pid"] is None or is_old_truth or not status.exists() or "VmPTE" not in numbers(status):
        continue
    processes += 1
    # Who records the truth takes more memory while it does.
    if numbers(status)["VmPTE"] != found and owner["comm"] != "record-truth":
        print(f"{owner['comm']} ({owner['pid']}) had VmPTE {numbers(status)['VmPTE']} kB, and {found} kB were found")
        wrong += 1
if not processes and not is_old_truth:
    print("no process could be compared")
    wrong += 1
differences = json.loads(truth.run(program, "pagetables", dump, "--differences", "--json"))["data"]["page_table_differences"]
strays = [row for row in differences if row["class"] == "page-table"]
if len(strays) * PAGE_KIB * 1024 != sums["stray_bytes"]:
    print(f"{len(strays)} strays are listed, and {sums['stray_bytes']} bytes are summed up")
    wrong += 1
if (len(differences) - len(strays)) * PAGE_KIB * 1024 != sums["unmarked_bytes"]:
    print(f"{len(differences) - len(strays)} are listed as not marked, and {sums['unmarked_bytes']} bytes are summed up")
    wrong += 1
print(f"{marked} kB marked, {sums['kernel_bytes'] // 1024} kB of the kernel, {processes} processes compared, "
      f"{len(strays)} pages marked and not found")
sys.exit(1 if wrong else 0)
