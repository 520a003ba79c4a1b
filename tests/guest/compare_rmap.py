# SPDX-License-Identifier: LGPL-2.1-or-later
"""rmap: hundreds of pages of every kind, looked up as the kernel does and by a search of all page tables: both must
find the same entries, and as many as /proc/kpagecount counted."""
import array
import json
import random
import sys

import truth

PER_KIND = 80
# linux/kernel-page-flags.h
KINDS = {"anon": 1 << 12, "ksm": 1 << 21, "thp": 1 << 22, "huge": 1 << 17, "swapbacked": 1 << 14, "mapped": 1 << 11,
         "lru": 1 << 5}


def words(path):
    numbers = array.array("Q")
    numbers.frombytes(path.read_bytes())
    return numbers


def choose(flags, counts):
    """Page frames of each kind, some of them mapped by nobody, and those mapped most often (KSM's: in 6.12 its flag stands
    at all anonymous pages); the same ones every time."""
    chooser = random.Random(6)
    chosen = set()
    for mask in KINDS.values():
        of_kind = [pfn for pfn, word in enumerate(flags) if word & mask]
        chosen.update(chooser.sample(of_kind, min(PER_KIND, len(of_kind))))
    anon = [pfn for pfn, word in enumerate(flags) if word & KINDS["anon"]]
    chosen.update(sorted(anon, key=lambda pfn: counts[pfn])[-4:])
    return sorted(chosen)


def shown(program, dump, pfns, *options):
    data = json.loads(truth.run(program, "rmap", dump, "--json", *options, *(str(pfn) for pfn in pfns)))["data"]
    hits = {pfn: set() for pfn in pfns}
    for row in data["rmap"]:
        hits[row["pfn"]].add((row["pid"], row["mm"], row["address"], row["entry"], row["flags"], row["vma_name"], row["vma"]))
    return hits, {row["pfn"]: row for row in data["rmap_pages"]}


def main():
    dump, folder, program = truth.arguments()
    if "oom-panic" in folder.resolve().parent.name:
        truth.skip("the guest went on after the record, until it panicked")
    if not (folder / "proc/kpageflags").exists() or not (folder / "proc/kpagecount").exists():
        truth.skip("the guest recorded no kpagecount")
    flags, counts = words(folder / "proc/kpageflags"), words(folder / "proc/kpagecount")
    pfns = choose(flags, counts)
    found, pages = shown(program, dump, pfns)
    searched, _ = shown(program, dump, pfns, "--search")
    n_rows = n_wrong = n_mapped = n_special = n_no_access = 0
    for pfn in pfns:
        n_rows += len(found[pfn])
        n_mapped += bool(found[pfn])
        n_no_access += sum(row[4].startswith("none") for row in found[pfn])
        wrong = []
        is_ordinary = flags[pfn] & (KINDS["anon"] | KINDS["ksm"] | KINDS["lru"] | KINDS["huge"])
        if pages[pfn]["kind"] == "none" and not is_ordinary and searched[pfn]:
            n_special += 1  # no struct page leads to who maps the kernel's own pages
        elif found[pfn] != searched[pfn]:
            wrong.append(f"found {sorted(found[pfn])}, a search finds {sorted(searched[pfn])}")
        elif counts[pfn] != len(found[pfn]) and (is_ordinary or pages[pfn]["kind"] != "none"):
            # zsmalloc keeps something of its own where the map count of others is.
            wrong.append(f"mapped {counts[pfn]} times, found {sorted(found[pfn])}")
        n_wrong += bool(wrong)
        if wrong and n_wrong < 20:
            print(f"page frame {pfn:#x} ({pages[pfn]['kind']}, flags {flags[pfn]:#x}): {wrong[0]}")
    kinds = {kind: sum(page["kind"] == kind for page in pages.values()) for kind in ("anon", "ksm", "file", "none")}
    print(f"{len(pfns)} pages ({kinds}), {n_mapped} mapped by {n_rows} entries, {n_no_access} of them without access, {n_special} special: {n_wrong} differ")
    sys.exit(1 if n_wrong or not n_rows else 0)


main()
