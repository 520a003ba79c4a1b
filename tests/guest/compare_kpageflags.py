# SPDX-License-Identifier: LGPL-2.1-or-later
"""The class of every page frame against /proc/kpageflags (include/uapi/linux/kernel-page-flags.h).

kpageflags says less than memopsy does: each word of it allows some classes. Pages that changed hands between the
record and the dump: those that CPUs gave back from their lists, at most as many as these lists lost in that time, and a
handful of others.
"""
import collections
import json
import struct
import sys

import truth

BITS = {
    0: "locked", 1: "error", 2: "referenced", 3: "uptodate", 4: "dirty", 5: "lru", 6: "active", 7: "slab",
    8: "writeback", 9: "reclaim", 10: "buddy", 11: "mmap", 12: "anon", 13: "swapcache", 14: "swapbacked", 15: "head",
    16: "tail", 17: "huge", 18: "unevictable", 19: "hwpoison", 20: "nopage", 21: "ksm", 22: "thp", 23: "offline",
    24: "zero", 25: "idle", 26: "pgtable", 32: "reserved", 33: "mlocked", 34: "owner_2", 35: "private",
    36: "private_2", 37: "owner_private", 38: "arch",
}
OF = {name: 1 << bit for bit, name in BITS.items()}
# What a page has that nothing above says more of: kpageflags cannot tell these apart.
REST = {"direct", "free-pcp", "large-kmalloc", "zsmalloc", "page-pool", "isolated", "balloon", "guard", "unaccepted",
        "kernel-stack", "vmalloc", "percpu", "page-ext", "mem-map"}
MAX_MOVED = 4


def allowed(word):
    """The classes that a page with these flags may be in."""
    for name, classes in (("buddy", {"free"}), ("hwpoison", {"hwpoison"}), ("slab", {"slab"}),
                          ("huge", {"hugetlb-free", "hugetlb-used"}), ("offline", {"offline", "balloon"}),
                          ("pgtable", {"page-table"}), ("zero", {"zero"}),
                          ("reserved", {"reserved", "mem-map", "kernel-text", "kernel-data", "kernel-init", "hole", "zero",
                                        "percpu"})):
        if word & OF[name]:
            return classes
    if word & OF["anon"]:
        unmapped = word & OF["swapcache"] and not word & OF["mmap"]
        return {"swap-cache"} if unmapped else {"anon", "anon-thp"}
    if word & OF["swapcache"]:
        return {"swap-cache"}
    if word & OF["thp"]:
        return {"file", "file-thp", "shmem", "shmem-thp", "zero"}
    if word & OF["swapbacked"]:
        return {"shmem", "shmem-thp"}
    if word & OF["lru"]:
        return {"file", "file-thp", "isolated"}
    return REST | {"file"}


def describe(word):
    return ",".join(name for bit, name in BITS.items() if word >> bit & 1) or "none"


def words(path):
    data = path.read_bytes()
    return struct.unpack(f"<{len(data) // 8}Q", data[:len(data) // 8 * 8])


def check_page(program, dump, row, said):
    """`page` of the first page frame of a class: the same class, and the flags that kpageflags copies."""
    one = json.loads(truth.run(program, "page", dump, str(row["pfn"]), "--json"))["data"]["page"]
    if said & OF["nopage"]: # the kernel looks at no flags there
        said |= OF["reserved"] if "reserved" in one["flags"] else 0
    names = set(filter(None, one["flags"].split(",")))
    wrong = [name for name in ("lru", "dirty", "reserved", "mlocked", "unevictable", "writeback")
             if (name in names) != bool(said & OF[name])]
    if one["class"] == row["class"] and one["pfn"] == row["pfn"] and one["refcount"] == row["refcount"] and not wrong:
        return True
    print(f"page {row['pfn']:#x}: {one['class']} with {one['flags']!r}, where pages said {row['class']} and kpageflags "
          f"{describe(said)}")
    return False


def main():
    dump, folder, program = truth.arguments()
    if not (folder / "proc/kpageflags").exists():
        truth.skip("there is no kpageflags")
    if "oom-panic" in folder.resolve().parent.name:
        truth.skip("the guest went on after the record, until it panicked")
    flags = words(folder / "proc/kpageflags")
    absent = {pfn for pfn, word in enumerate(flags) if not word or word & OF["nopage"]}
    rows = json.loads(truth.run(program, "pages", dump, "--json"))["data"]["pages"]
    equal = seen = covered = 0
    differing = collections.Counter()
    for row in rows:
        for pfn in range(row["pfn"], row["pfn"] + row["pages"]):
            seen += 1
            covered += pfn not in absent
            if pfn >= len(flags) or flags[pfn] & OF["nopage"]:
                equal += row["class"] in ("hole", "reserved")
                if row["class"] not in ("hole", "reserved"):
                    differing[row["class"], "no page"] += 1
            elif row["class"] in allowed(flags[pfn]):
                equal += 1
            else:
                differing[row["class"], describe(flags[pfn])] += 1
    # 7.x writes 0 where there is no page, and older kernels KPF_NOPAGE.
    unseen = len(flags) - len(absent) - covered
    for (name, said), count in sorted(differing.items(), key=lambda item: -item[1])[:40]:
        print(f"{count:7} {name:14} where kpageflags said {said}")
    first_of_class = {row["class"]: row for row in reversed(rows) if row["pfn"] < len(flags)}
    pages_wrong = sum(not check_page(program, dump, row, flags[row["pfn"]]) for row in first_of_class.values())
    print(f"{len(first_of_class)} single pages looked at, {pages_wrong} differ")
    drained = min(differing["free", "none"], truth.pages_cpus_gave_back(folder))
    if drained:
        print(f"{drained} of those that differ were on CPUs' lists when kpageflags was read, and then given back")
    print(f"{equal} of {seen} page frames agree, {seen - equal} differ; {unseen} of kpageflags are not in memopsy's pages")
    sys.exit(1 if seen - equal - drained > MAX_MOVED or unseen > 0 or not equal or pages_wrong else 0)


main()
