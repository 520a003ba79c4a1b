# SPDX-License-Identifier: LGPL-2.1-or-later
"""memopsy inside a guest, on its /proc/kcore: `check_live.py EXTRA`, where EXTRA holds what make-guest-dump brought
back from two --extra-commands. The first ran `memopsy meminfo`: its output, and /proc/meminfo before and after it. The
second ran `memopsy leaks --json` where the module leaker lost 8,000 objects and nobody lost anything else."""
import json
import pathlib
import sys

# These do not move while a small program runs.
FIXED = """MemTotal SwapTotal CommitLimit VmallocTotal VmallocChunk HardwareCorrupted HugePages_Total HugePages_Free
HugePages_Rsvd HugePages_Surp Hugepagesize Hugetlb NFS_Unstable CmaTotal SwapCached""".split()
SLACK_KIB = 48 << 10  # a small program on a small machine moves less


def fields(path):
    return {line.split(":")[0]: int(line.split()[1]) for line in path.read_text().splitlines() if ":" in line}


folder = pathlib.Path(sys.argv[1])
if (folder / "1.status").read_text().strip() != "0":
    print("memopsy failed in the guest:", (folder / "1.stderr").read_text())
    sys.exit(1)
before, found, after = (fields(folder / name) for name in ("1.meminfo-before", "1.stdout", "1.meminfo-after"))
wrong = [] if list(found) == list(before) else [f"fields or their order differ: {set(found) ^ set(before)}"]
for name in set(before) & set(found):
    low, high = sorted((before[name], after[name]))
    slack = 0 if name in FIXED else SLACK_KIB
    if not low - slack <= found[name] <= high + slack:
        wrong.append(f"{name}: {found[name]}, but the kernel said {before[name]} before and {after[name]} after")

# Of a kernel that runs some of the lost ones may seem held, by copies of their addresses; but nobody else's may seem lost.
LOST = {"kmalloc-192": 4000, "leak_obj": 4000}
said = (folder / "2.stdout").read_text()
named = dict.fromkeys(LOST, 0)
for group in json.loads(said)["data"]["leaks"] if said else []:
    if group["confidence"] == "on purpose":
        continue
    if group["owner"] == "leaker" and group["cache"] in LOST:
        named[group["cache"]] += group["objects"]
    elif group["objects"] > 2:
        wrong.append(f"{group['objects']} of {group['cache']} are called {group['confidence']}, and are not lost")
for cache, count in LOST.items():
    if not count * 9 // 10 <= named[cache] <= count:
        wrong.append(f"{count} of {cache} are lost, memopsy names {named[cache]}")
print("\n".join(wrong) or f"{len(found)} fields of the live kernel agree; {sum(named.values())} of {sum(LOST.values())} lost "
      "objects named, and no others")
sys.exit(1 if wrong else 0)
