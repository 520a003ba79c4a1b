# SPDX-License-Identifier: LGPL-2.1-or-later
"""files: resident pages of every file that the guest asked mincore() for, who has it open and mapped, what tmpfs counts,
dentry-state and inode-state; and sums over all files against /proc/meminfo."""
import json
import sys

import truth

PAGE = truth.page_bytes(truth.arguments()[1])

# Where memory is short, recording brings dentries and inodes back that had been dropped.
MAX_RECORDED = 64
# A CPU folds its delta to a counter in when it passes this (mm/vmstat.c), for each node.
MAX_PENDING = 125


class Tally:
    def __init__(self):
        self.equal = self.wrong = self.apart = 0

    def check(self, what, want, have, slack=0):
        if want is not None and have is not None and abs(want - have) <= slack:
            self.equal += 1
            self.apart += abs(want - have)
            return
        self.wrong += 1
        if self.wrong < 40:
            print(f"{what}: the guest said {want}, memopsy says {have}")

    def holds(self, what, condition):
        if condition:
            self.equal += 1
        else:
            self.wrong += 1
            print(what)


def shown(program, dump, *words):
    return json.loads(truth.run(program, "files", dump, "--json", *words))["data"]


def numbers(path):
    return [int(word) for word in path.read_text().split()]


def meminfo(folder):
    lines = (folder / "proc/meminfo").read_text().splitlines()
    return {line.split(":")[0]: int(line.split()[1]) * 1024 // PAGE for line in lines if line.endswith(" kB")}


def compare_sums(tally, folder, rows):
    said = meminfo(folder)
    vmstat = dict(line.split() for line in (folder / "proc/vmstat").read_text().splitlines())
    n_cpus = (folder / "proc/cpuinfo").read_text().count("processor\t")
    slack = MAX_PENDING * n_cpus

    def pages(key, *kinds):
        return sum((row[key] or 0) // PAGE for row in rows if row["kind"] in kinds)

    cached = ("regular", "shmem", "shmem-internal", "unknown")
    shmem = ("shmem", "shmem-internal")
    tally.check("Buffers", said["Buffers"], pages("cached_bytes", "block-device"))
    tally.check("SwapCached", said.get("SwapCached", 0), pages("cached_bytes", "swap-cache"), slack)
    tally.check("Cached", said["Cached"], pages("cached_bytes", *cached), slack)
    tally.check("Shmem", said["Shmem"], pages("cached_bytes", *shmem), slack)
    # The vdso's page is mapped like one of a file, and is none.
    tally.check("Mapped", said["Mapped"], pages("mapped_bytes", *cached) + 1, slack)
    tally.check("nr_dirty", int(vmstat["nr_dirty"]), pages("dirty_bytes", "block-device", *cached), slack)
    tally.check("nr_writeback", int(vmstat["nr_writeback"]), pages("writeback_bytes", "block-device", *cached), slack)
    for row in rows:
        if row["kind"] not in ("swap-cache", "unknown", "hugetlb"):
            tally.check(f"nrpages of {row['path']}", row["nrpages"], row["cached_bytes"] // PAGE)
    tally.holds("files without an inode", not [row for row in rows if row["kind"] == "unknown"])


def compare_residency(tally, folder, rows):
    found = {(row["dev"], row["inode_number"]): row for row in rows if row["dev"] is not None}
    n_files = 0
    for line in (folder / "files/residency").read_text(errors="surrogateescape").splitlines():
        words = line.split(" ", 5)
        if len(words) < 6 or ":" not in words[0]:
            continue  # the rest of a name with a newline
        device, inode = words[0].split(":")
        resident, size, links = int(words[1]), int(words[2]), int(words[3])
        row = found.get(((int(device, 16) >> 8) << 20 | int(device, 16) & 0xff, int(inode)))
        path = words[5]
        if row is not None and row["kind"] == "hugetlb" or "/record-truth" in path:
            continue  # mincore() says 0 of hugetlb
        n_files += 1
        tally.check(f"resident pages of {path}", resident, row["cached_bytes"] // PAGE if row else 0)
        if row is None:
            continue
        tally.check(f"size of {path}", size, row["size_bytes"])
        tally.holds(f"links of {path}", row["deleted"] == (links == 0))
        compare_user(tally, folder, path, row)
    return n_files


def compare_user(tally, folder, path, row):
    """/proc/PID/fd/N and /proc/PID/map_files/RANGE: the process is among the users."""
    parts = path.split("/")
    if path.startswith("/proc/") and len(parts) == 5:
        users = row["open_by"] if parts[3] == "fd" else row["mapped_by"]
        n_users = users.count("(")
        tally.holds(f"{path} is not among {users!r}", f"({parts[2]})" in users or n_users >= 32)
        link = folder / f"proc/{parts[2]}/fd/{parts[4]}.link"
        if parts[3] == "fd" and link.exists():
            tally.holds(f"{path} is called {row['path']}", row["path"] == link.read_text(errors="replace"))
    elif not path.startswith("/mnt/bound/") and path.isprintable() and "\\" not in row["path"]:
        tally.holds(f"{path} is called {row['path']}", row["path"] == path)


def compare_mounts(tally, folder, dump, program):
    rows = shown(program, dump, "--mounts", "--all")["mounts"]
    n_tmpfs = 0
    for line in (folder / "files/statvfs").read_text().splitlines():
        block, blocks, free, _, _, kind, path = line.split(" ", 6)
        at = [row for row in rows if row["mounted_at"] == path and row["type"] == kind]
        if path == "/mnt/bound":
            continue  # a bind mount of what is mounted elsewhere
        tally.holds(f"no {kind} at {path}", at)
        if not at or kind not in ("tmpfs", "rootfs", "devtmpfs") or not int(blocks):
            continue
        n_tmpfs += 1
        want = (int(blocks) * int(block), (int(blocks) - int(free)) * int(block))
        tally.holds(f"{path}: limit and use are {want} of {[(r['limit_bytes'], r['used_bytes']) for r in at]}",
                    want in [(row["limit_bytes"], row["used_bytes"]) for row in at] or
                    len([row for row in rows if row["mounted_at"] == path]) > 1)
        for row in at:
            tally.check(f"{path}: use and pages", row["used_bytes"], row["cached_bytes"] + row["swapped_bytes"])
    return n_tmpfs


def compare_segments(tally, folder, rows):
    """System V segments: their inode's number is the segment's."""
    path = folder / "proc/sysvipc/shm"
    if not path.exists():
        return
    found = {row["inode_number"]: row for row in rows if (row["path"] or "").startswith("/SYSV")}
    for line in path.read_text().splitlines()[1:]:
        words = line.split()
        row = found.get(int(words[1]), {"cached_bytes": 0, "swapped_bytes": 0})
        if int(words[-2]) % (2 << 20) == 0 and row.get("kind") == "hugetlb":
            continue
        tally.check(f"segment {words[1]}", int(words[-2]), row["cached_bytes"])
        tally.check(f"segment {words[1]} in swap", int(words[-1]), row["swapped_bytes"])


def compare_dentries(tally, folder, dump, program):
    data = shown(program, dump, "--dentries")
    state = data["dentry_state"]
    if (folder / "proc/sys/fs/dentry-state").exists():
        dentries = numbers(folder / "proc/sys/fs/dentry-state")
        inodes = numbers(folder / "proc/sys/fs/inode-state")
        tally.check("nr_dentry", dentries[0], state["nr_dentry"], MAX_RECORDED)
        tally.check("nr_unused", dentries[1], state["nr_unused"], MAX_RECORDED)
        tally.check("nr_negative", dentries[4], state["nr_negative"], MAX_RECORDED)
        tally.check("nr_inodes", inodes[0], state["nr_inodes"], MAX_RECORDED)
        tally.check("nr_unused inodes", inodes[1], state["nr_unused_inodes"], MAX_RECORDED)
    tally.check("unused dentries of all superblocks", state["nr_unused"], sum(row["unused_dentries"] for row in data["dentries"]))
    tally.check("unused inodes of all superblocks", state["nr_unused_inodes"],
                sum(row["unused_inodes"] for row in data["dentries"]))
    in_dirs = sum(row["negative"] for row in data.get("negative_dirs", []))
    negative = sum(row["negative"] for row in data["dentries"])
    tally.holds(f"{in_dirs} negative dentries in the first directories of {negative}",
                in_dirs == negative or in_dirs < negative and len(data["negative_dirs"]) == 20)
    if folder.resolve().parent.name.split("-", 1)[-1] == "files":  # it looks for 20,000 names in vain
        tally.holds(f"names looked up in vain: {data['negative_dirs'][:1]}",
                    [(row["negative"], row["directory"]) for row in data["negative_dirs"][:1]] == [(20000, "/data/tree")])
    tree = sum(row["dentries"] for row in data["dentries"])
    tally.holds(f"{tree} dentries in trees of {state['nr_dentry']}", 0 <= state["nr_dentry"] - tree < 2000)


def main():
    dump, folder, program = truth.arguments()
    if "oom-panic" in folder.resolve().parent.name:
        truth.skip("the guest went on after the record, until it panicked")
    tally = Tally()
    rows = shown(program, dump, "--all")["files"]
    compare_sums(tally, folder, rows)
    compare_segments(tally, folder, rows)
    n_files = n_tmpfs = 0
    if (folder / "files/residency").exists():
        n_files = compare_residency(tally, folder, rows)
    if (folder / "files/statvfs").exists():
        n_tmpfs = compare_mounts(tally, folder, dump, program)
    compare_dentries(tally, folder, dump, program)
    print(f"{len(rows)} files, {n_files} asked by the guest, {n_tmpfs} tmpfs: {tally.equal} facts equal, {tally.wrong} "
          f"differ; counters are {tally.apart} apart in all")
    sys.exit(1 if tally.wrong or not tally.equal else 0)


main()
