# SPDX-License-Identifier: LGPL-2.1-or-later
"""Dentries and inodes against /proc/sys/fs/dentry-state and inode-state.

Reading /proc itself makes and drops some: those between the reading of these files and the dump may differ."""
import json
import sys

import truth

dump, folder, program = truth.arguments()
states = folder / "proc/sys/fs"
if not (states / "dentry-state").exists():
    truth.skip("/proc/sys/fs/dentry-state was not recorded")
guest = folder.parent / "guest.json"
if guest.exists() and "panic" in json.loads(guest.read_text()).get("stopped_by", ""):
    truth.skip("the guest went on after the recording, until it panicked")
dentries = [int(word) for word in (states / "dentry-state").read_text().split()]
inodes = [int(word) for word in (states / "inode-state").read_text().split()]
report = json.loads(truth.run(program, "report", dump, "--json", statuses=(0, 1)))["data"]
rows = {row["what"]: row for row in report["dentries_and_inodes"]}
# struct dentry_stat_t: nr_dentry, nr_unused, age_limit, want_pages, nr_negative; struct inodes_stat_t: nr_inodes, nr_unused
expected = {
    ("dentries", "total"): dentries[0], ("dentries", "unused"): dentries[1], ("dentries", "negative"): dentries[4],
    ("dentries", "in_use"): dentries[0] - dentries[1],
    ("inodes", "total"): inodes[0], ("inodes", "unused"): inodes[1], ("inodes", "in_use"): inodes[0] - inodes[1],
}
equal = moved = wrong = 0
for (what, key), want in expected.items():
    found = rows[what][key]
    if found == want:
        equal += 1
    elif found is not None and abs(found - want) <= max(64, want // 100):
        moved += 1
        print(f"{what}, {key}: {want} recorded, {found} in the dump")
    else:
        wrong += 1
        print(f"{what}, {key}: {want} recorded, memopsy says {found}")
print(f"{equal} numbers equal, {moved} moved while recording, {wrong} wrong ({rows['dentries']['total']} dentries, "
      f"{rows['inodes']['total']} inodes)")
sys.exit(1 if wrong or not equal else 0)
