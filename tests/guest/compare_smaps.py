# SPDX-License-Identifier: LGPL-2.1-or-later
"""smaps and smaps_rollup of every process, line by line, against /proc/PID; and procrank against smaps_rollup."""
import json
import os
import subprocess
import sys

import truth

# Pages are marked as referenced, and lose the mark, whenever reclaim passes by.
MAY_MOVE = {"Referenced"}
KIB = 1024


def shown(program, command, dump, pid):
    options = os.environ.get("MEMOPSY_OPTIONS", "").split()
    done = subprocess.run([*program, command, dump, pid, *options], stdin=subprocess.DEVNULL, capture_output=True,
                          check=False)
    return done.stdout.decode(errors="replace").splitlines()


def compare_rank(row, rollup):
    """Names of the numbers of procrank that differ from the rollup's."""
    want = {line.split(":")[0]: int(line.split()[1]) for line in rollup if line.endswith(" kB")}
    pairs = {"rss_bytes": want["Rss"], "pss_bytes": want["Pss"], "swap_bytes": want["Swap"],
             "uss_bytes": want["Private_Clean"] + want["Private_Dirty"], "swap_pss_bytes": want["SwapPss"]}
    return [key for key, kib in pairs.items() if row[key] is None or row[key] // KIB != kib]


def main():
    dump, folder, program = truth.arguments()
    if "oom-panic" in folder.resolve().parent.name:
        truth.skip("the guest went on after the record, until it panicked")
    ranks = {row["pid"]: row for row in json.loads(truth.run(program, "procrank", dump, "--json"))["data"]["procrank"]}
    mms = {row["pid"]: row["mm"] for row in json.loads(truth.run(program, "ps", dump, "--json"))["data"]["ps"]}
    # Processes that share an mm have one row: a second one would count its pages twice.
    by_mm = {mms[pid]: row for pid, row in ranks.items()}
    equal = differing = moved = 0
    for entry in sorted((folder / "proc").iterdir(), key=lambda path: path.name):
        if not entry.name.isdigit() or not (entry / "maps").exists() or not (entry / "maps").stat().st_size:
            continue
        is_recorder = b"record-truth" in (entry / "comm").read_bytes()
        for name in ("smaps", "smaps_rollup"):
            if not (entry / name).exists():
                continue
            want = (entry / name).read_text(errors="backslashreplace").splitlines() # as memopsy escapes what is no UTF-8
            have = shown(program, name, dump, entry.name)
            for number in range(max(len(want), len(have))):
                line = want[number] if number < len(want) else "(no line)"
                found = have[number] if number < len(have) else "(no line)"
                if line == found:
                    equal += 1
                elif is_recorder or line.split(":")[0] in MAY_MOVE:
                    moved += 1
                else:
                    differing += 1
                    if differing < 40:
                        print(f"pid {entry.name} {name} line {number + 1}: the kernel said {line!r}, memopsy says {found!r}")
        if (entry / "smaps_rollup").exists() and not is_recorder:
            wrong = compare_rank(by_mm[mms[int(entry.name)]], (entry / "smaps_rollup").read_text().splitlines())
            if wrong:
                print(f"pid {entry.name}: procrank differs in {', '.join(wrong)}")
            differing += len(wrong)
    print(f"{equal} lines of smaps equal, {differing} differ, {moved} moved")
    sys.exit(1 if differing or not equal else 0)


main()
