# SPDX-License-Identifier: LGPL-2.1-or-later
"""memopsy inside a guest, on its /proc/kcore: `check_live.py EXTRA`, where EXTRA holds what make-guest-dump brought
back from one --extra-command that ran `memopsy meminfo`: its output, and /proc/meminfo before and after it."""
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
print("\n".join(wrong) or f"{len(found)} fields of the live kernel agree")
sys.exit(1 if wrong else 0)
