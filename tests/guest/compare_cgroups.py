# SPDX-License-Identifier: LGPL-2.1-or-later
"""cgroups: every field of every group against memory.* and cgroup.procs, and the pages charged to each, counted one by
one, against /proc/kpagecgroup.

Reading memory.stat flushes what CPUs counted if enough has come together; what happens between that and the dump (by the
recorder itself, which is in the root group) moves the root's numbers. Groups hold their processes still."""
import collections
import json
import struct
import sys

import truth

FLAG_SLAB = 1 << 7  # KPF_SLAB
FLAG_TAIL = 1 << 16  # KPF_COMPOUND_TAIL
# What CPUs hold back in their batches (folio_batch) is put on the lists whenever these are drained.
LISTS = ("active_anon", "inactive_anon", "active_file", "inactive_file", "unevictable", "pgactivate")
FIELDS = {"memory.current": "usage_bytes", "memory.peak": "peak_bytes", "memory.max": "limit", "memory.high": "high_limit",
          "memory.low": "low_limit", "memory.min": "min_limit", "memory.swap.current": "swap_bytes",
          "memory.swap.max": "swap_limit", "memory.swap.high": "swap_high_limit", "memory.swap.peak": "swap_peak_bytes",
          "memory.oom.group": "oom_group"}
# Of a hierarchy of version 1.
FIELDS_V1 = {"memory.usage_in_bytes": "usage_bytes", "memory.max_usage_in_bytes": "peak_bytes", "memory.failcnt": "failcnt",
             "memory.limit_in_bytes": "limit", "memory.memsw.usage_in_bytes": "swap_bytes",
             "memory.memsw.max_usage_in_bytes": "swap_peak_bytes", "memory.memsw.limit_in_bytes": "swap_limit",
             "memory.kmem.usage_in_bytes": "kmem_bytes"}
NO_LIMIT_V1 = (1 << 63) - 4096
# Lines of its memory.stat by what version 2 calls them; those of lists (inactive_anon) have the same names.
STATS_V1 = {"cache": "file", "rss": "anon", "shmem": "shmem", "mapped_file": "file_mapped", "dirty": "file_dirty",
            "writeback": "file_writeback", "unevictable": "unevictable", "workingset_refault_anon": "workingset_refault_anon",
            "workingset_refault_file": "workingset_refault_file", "pgfault": "pgfault", "pgmajfault": "pgmajfault"}


# The exact number beside a limit that the tables show as text.
EXACT = {"limit": "max_bytes", "high_limit": "high_bytes", "low_limit": "low_bytes", "min_limit": "min_bytes",
         "swap_limit": "swap_max_bytes", "swap_high_limit": "swap_high_bytes"}


def limit_of(record, key):
    """\"max\", or bytes."""
    return record[key] if record[key] == "max" else record[EXACT[key]]


class Counts:
    def __init__(self):
        self.equal = self.differing = self.moved = 0

    def compare(self, what, want, have, may_move=False):
        if want == have:
            self.equal += 1
            return
        word = "moved" if may_move else "differs"
        print(f"{word}: {what}: the kernel said {want!r}, memopsy says {have!r}")
        if may_move:
            self.moved += 1
        else:
            self.differing += 1


def lines_of(path):
    return dict(line.split() for line in path.read_text().splitlines())


def compare_group(counts, dump, program, path, folder):
    found = json.loads(truth.run(program, "cgroups", dump, "--json", "--", path))["data"]
    record = found["cgroup"]
    for name, key in FIELDS.items():
        if (folder / name).exists():
            text = (folder / name).read_text().strip()
            have = limit_of(record, key) if key.endswith("limit") else record[key]
            want = text if text == "max" else text == "1" if key == "oom_group" else int(text)
            counts.compare(f"{path} {name}", want, have)
    events = {row["event"]: row for row in found["memory_events"]}
    for name, prefix, key in (("memory.events", "", "count"), ("memory.events.local", "", "own_count"),
                              ("memory.swap.events", "swap.", "count")):
        if (folder / name).exists():
            for event, value in lines_of(folder / name).items():
                counts.compare(f"{path} {name} {event}", int(value), events[prefix + event][key])
    want = (folder / "memory.stat").read_text().splitlines()
    have = truth.run(program, "cgroups", dump, "--stat", "--", path).decode().splitlines()
    counts.compare(f"{path} lines of memory.stat", [line.split()[0] for line in want], [line.split()[0] for line in have])
    for line, other in zip(want, have):
        counts.compare(f"{path} memory.stat", line, other, path == "/" or line.split()[0] in LISTS)
    if (folder / "cgroup.procs").exists() and path != "/":
        procs = (folder / "cgroup.procs").read_text().split()
        if not any(entry.is_dir() and not (entry / "memory.stat").exists() for entry in folder.iterdir()):
            counts.compare(f"{path} cgroup.procs", len(procs), record["processes"])
    return found


def words(path):
    data = path.read_bytes()
    return struct.unpack(f"<{len(data) // 8}Q", data)


def compare_pages(counts, folder, rows):
    """kpagecgroup names the inode of the closest group that is not removed, of pages that are no slab's."""
    want = collections.Counter()
    head = 0
    for inode, flags in zip(words(folder / "proc/kpagecgroup"), words(folder / "proc/kpageflags")):
        if not flags & FLAG_TAIL:  # tails have none of their own in 6.1
            head = inode if not flags & FLAG_SLAB else 0
        want[head] += 1
    have = collections.Counter()
    for row in rows:
        # Charged pages are with those of the groups below: its own are without them.
        prefix = row["cgroup"].rstrip("/") + "/"
        own = row["charged_pages"] - sum(other["charged_pages"] for other in rows
                                         if other is not row and other["cgroup"].startswith(prefix)
                                         and "/" not in other["cgroup"][len(prefix):] and other["cgroup"] != "/")
        group = row["cgroup"]
        living = {other["cgroup"]: other["inode"] for other in rows if not other["dying"]}
        while group not in living:
            group = group.rsplit("/", 1)[0] or "/"
        have[living[group]] += own
    for row in rows:
        if not row["dying"]:
            counts.compare(f"{row['cgroup']} pages charged", want[row["inode"]], have[row["inode"]], row["cgroup"] == "/")


def compare_slab(counts, found, path, page_bytes):
    """Objects counted one by one against what the kernel counted, its CPUs' parts added (5.10 prints without them): within
    what two CPUs hold charged ahead."""
    below = [group for name, group in found.items() if name == path or name.startswith(path + "/")]
    want = sum(row["own_value"] for group in below for row in group["memory_stat"] if row["name"] == "slab")
    have = found[path]["cgroup"]["charged_slab_bytes"]
    counts.compare(f"{path} slab memory, {want} bytes", True, abs(want - have) <= 4 * page_bytes * len(below) or have)


def compare_v1(counts, folder, program, dump, root):
    """What version 1 shows of each group. Of the root it computes usage from statistics, which no counter has."""
    groups = sorted(path.parent for path in root.rglob("memory.usage_in_bytes"))
    rows = json.loads(truth.run(program, "cgroups", dump, "--json"))["data"]["cgroups"]
    paths = {"/" + str(group.relative_to(root)).lstrip("."): group for group in groups}
    counts.compare("groups", sorted(paths), sorted(row["cgroup"] for row in rows if not row["dying"]))
    for path, group in paths.items():
        if path == "/":
            continue
        record = json.loads(truth.run(program, "cgroups", dump, "--json", "--", path))["data"]["cgroup"]
        for name, key in FIELDS_V1.items():
            if not (group / name).exists():
                continue
            want = int((group / name).read_text())
            have = record[key]
            if key.endswith("limit"):
                want = "max" if want == NO_LIMIT_V1 else want
                have = limit_of(record, key)
            counts.compare(f"{path} {name}", want, have)
        shown = json.loads(truth.run(program, "cgroups", dump, "--stat", "--json", "--", path))["data"]["memory_stat_lines"]
        have = {row["name"]: row for row in shown}
        want = lines_of(group / "memory.stat")
        for name, other in STATS_V1.items():
            if name in want and other in have:
                # The kernel leaves out what each of two CPUs holds back of a group's own, up to 32 pages, where the local
                # part has counters of its own (5.10).
                gap = abs(int(want[name]) - have[other]["own_value"])
                lags = "5.10" in folder.resolve().parent.name and gap <= 64 * (4096 if have[other]["is_bytes"] else 1)
                counts.compare(f"{path} memory.stat {name}", int(want[name]), have[other]["own_value"], lags)
                counts.compare(f"{path} memory.stat total_{name}", int(want[f"total_{name}"]), have[other]["value"])
    if (folder / "proc/kpagecgroup").exists():
        compare_pages(counts, folder, rows)
    print(f"version 1: {len(groups)} groups, {counts.equal} fields equal, {counts.differing} differ, {counts.moved} moved")
    sys.exit(1 if counts.differing or not counts.equal else 0)


def main():
    dump, folder, program = truth.arguments()
    root = folder / "sys/fs/cgroup"
    if (root / "memory.usage_in_bytes").exists():
        compare_v1(Counts(), folder, program, dump, root)
    groups = sorted(path.parent for path in root.rglob("memory.stat"))
    if not groups:
        truth.skip("no memory cgroup was recorded")
    if "oom-panic" in folder.resolve().parent.name:
        truth.skip("the guest went on after the record, until it panicked")
    counts = Counts()
    rows = json.loads(truth.run(program, "cgroups", dump, "--json"))["data"]["cgroups"]
    have = sorted(row["cgroup"] for row in rows if not row["dying"])
    want = sorted("/" + str(group.relative_to(root)).lstrip(".") for group in groups)
    counts.compare("groups", want, have)
    found = {path: compare_group(counts, dump, program, path, root / path[1:]) for path in want}
    for path in want:
        if path != "/":
            compare_slab(counts, found, path, truth.page_bytes(folder))
    if (folder / "proc/kpagecgroup").exists():
        compare_pages(counts, folder, rows)
    stat = lines_of(root / "cgroup.stat")
    dying = int(stat.get("nr_dying_subsys_memory", stat.get("nr_dying_descendants", 0)))
    counts.compare("number of removed groups", dying, sum(row["dying"] for row in rows))
    if folder.resolve().parent.name.endswith("-cgroups"):
        counts.compare("removed groups", ["/gone", "/gone/inner"], sorted(row["cgroup"] for row in rows if row["dying"]))
        removed = json.loads(truth.run(program, "cgroups", dump, "--dying", "--json"))["data"]["dying"]
        held = {row["cgroup"]: row["held_by"] for row in removed}
        counts.compare("what holds /gone", "1 group below", held["/gone"])
        # Kernels before 5.14 do not list them. The two files that it read are still its context's.
        wanted = "" if "5.10" in folder.resolve().parent.name else "1 writeback context with 2 inodes"
        counts.compare("what holds /gone/inner", wanted, held["/gone/inner"] or "")
    print(f"{len(groups)} groups, {counts.equal} fields equal, {counts.differing} differ, {counts.moved} moved")
    sys.exit(1 if counts.differing or not counts.equal else 0)


main()
