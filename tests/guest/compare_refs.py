# SPDX-License-Identifier: LGPL-2.1-or-later
"""Every word of the dump that points into some objects, by looking at all of it, against what refs finds: equal sets, but for
memory that refs leaves out (free objects, users' pages). Where the module loser says what it holds: a root leads to it."""
import json
import mmap
import os
import random
import struct
import sys
import tempfile

import truth

CACHES = ("task_struct", "dentry", "kmalloc-64", "kmalloc-192", "kmalloc-1k", "inode_cache", "vm_area_struct", "filp",
          "mm_struct", "kmalloc-4k", "radix_tree_node", "kmalloc-8k", "cred_jar", "pid", "signal_cache", "names_cache")
MAX_BYTES = 800 << 20
# Where nobody of the kernel keeps pointers, as refs has it.
LEFT_OUT = {"free", "free-pcp", "anon", "file", "shmem", "swap-cache", "hugetlb", "zsmalloc", "kernel-text", "zero", "offline",
            "balloon", "hugetlb-free", "anon-thp", "file-mapped", "ksm", "mlocked", "page-cache"}

dump, folder, program = truth.arguments()
with open(dump, "rb") as opened:
    head = opened.read(64)
if head[:4] != b"\x7fELF" or os.path.getsize(dump) > MAX_BYTES:
    truth.skip("only ELF dumps of small guests are searched word by word")


def segments(memory):
    """Physical memory in the file: (offset, first physical address, bytes)."""
    offset, = struct.unpack_from("<Q", memory, 32)
    size, count = struct.unpack_from("<HH", memory, 54)
    for number in range(count):
        kind, _, at, _, physical, n_file = struct.unpack_from("<IIQQQQ", memory, offset + number * size)
        if kind == 1:
            yield at, physical, n_file


def words_into(memory, parts, first, n_bytes):
    """Physical addresses of all aligned words that lie in [first, first + n_bytes)."""
    found = {}
    for upper in range(first >> 16, (first + n_bytes - 1 >> 16) + 1):
        needle = struct.pack("<Q", upper << 16)[2:]
        for offset, physical, size in parts:
            at = memory.find(needle, offset, offset + size)
            while at >= 0:
                if (at - 2 - offset) % 8 == 0 and at - 2 >= offset:
                    word, = struct.unpack_from("<Q", memory, at - 2)
                    if first <= word < first + n_bytes:
                        found[physical + at - 2 - offset] = word
                at = memory.find(needle, at + 1, offset + size)
    return found


def refs(*words):
    return json.loads(truth.run(program, "refs", dump, *words, "--json"))["data"]


def physical_of(addresses):
    """Of each address its physical one and class, and whether it is a free object or of none."""
    facts = {}
    for start in range(0, len(addresses), 200):
        part = addresses[start:start + 200]
        for row in json.loads(truth.run(program, "whatis", dump, *part, "--json"))["data"]["whatis"]:
            facts.setdefault(int(row.get("address") or part[0], 16), {})[row["what"]] = row["detail"]
    return facts


def pick_objects():
    chooser = random.Random(7)
    for cache in CACHES:
        done = truth.run(program, "objects", dump, cache, "--allocated", "--json", statuses=(0, 1, 2))
        objects = json.loads(done)["data"].get("objects", []) if done.startswith(b"{") else []
        for row in chooser.sample(objects, min(2, len(objects))):
            yield cache, int(row["object"], 16)


def compare_sets():
    sizes = {row["name"]: row["objsize_bytes"] for row in json.loads(truth.run(program, "slabinfo", dump, "--json"))["data"]["slabinfo"]}
    wrong = n_words = n_left = n_objects = 0
    with open(dump, "rb") as opened, mmap.mmap(opened.fileno(), 0, access=mmap.ACCESS_READ) as memory:
        parts = list(segments(memory))
        for cache, kva in pick_objects():
            n_bytes = sizes.get(cache)
            if not n_bytes:
                continue
            n_objects += 1
            there = words_into(memory, parts, kva, n_bytes)
            rows = refs(f"{kva:x}")["refs"]
            table = {int(user["at"], 16): user for user in rows}
            facts = physical_of([f"{at:x}" for at in table]) if table else {}
            here = set()
            for at in table:
                page = facts.get(at, {}).get("page", "")
                here.add(int(page.split("(physical ")[1].split(")")[0], 16) if "(physical" in page else at)
            direct = int(json_direct, 16)
            more = {pa for pa in there if pa not in here and not kva <= direct + pa < kva + n_bytes}
            for pa in here - set(there):
                wrong += 1
                print(f"{cache} 0x{kva:x}: refs has a word at physical 0x{pa:x}, the dump none")
            if more:
                unsure = physical_of([f"pa:0x{pa:x}" for pa in sorted(more)])
                for pa in sorted(more):
                    fact = unsure.get(direct + pa, {})
                    kind = fact.get("class", "").split(":")[0]
                    if kind in LEFT_OUT or kind.startswith(("free", "anon", "file", "shmem", "zero", "kernel-text")) or \
                       (kind == "slab" and "free" in fact.get("object", "free")):
                        n_left += 1
                        continue
                    wrong += 1
                    print(f"{cache} 0x{kva:x}: refs does not have the word at physical 0x{pa:x}: {fact}")
            n_words += len(here & set(there))
    print(f"{n_objects} objects: {n_words} words that point into them found by both, {n_left} in free or users' memory left out")
    return wrong


def compare_index():
    """The index says what scans say."""
    objects = [f"{kva:x}" for _, kva in pick_objects()][:12]
    plain = refs(*objects)["refs"]
    with tempfile.TemporaryDirectory() as cache:
        before = os.environ.get("MEMOPSY_CACHE")
        os.environ["MEMOPSY_CACHE"] = cache
        built = refs(*objects, "--index")["refs"]
        kept = refs(*objects)["refs"]
        files = [name for name in os.listdir(cache) if name.startswith("refs-")]
        if before is None:
            del os.environ["MEMOPSY_CACHE"]
        else:
            os.environ["MEMOPSY_CACHE"] = before
    print(f"{len(plain)} rows by a scan, {len(built)} by an index that is built, {len(kept)} by one that is kept")
    return (plain != built) + (plain != kept) + (len(files) != 1)


# Held by the module loser: what its variable or container is called.
ROOTS = {"by-chain": "loser_kept", "by-interior": "loser_kept", "by-tagged": "loser_kept", "by-vmalloc": "loser_kept",
         "by-xarray": "by_index", "by-maple": "by_range", "by-nulls": "nulls", "by-page": "loser_kept", "by-area": "loser_kept",
         "by-large": "loser_kept", "by-module": "keeper", "by-per-cpu": "per-CPU"}


def compare_roots():
    record = folder / "run" / "record" / "leak-kinds"
    if not record.exists():
        return 0
    wrong = 0
    kinds = {}
    for line in record.read_text().splitlines():
        name, fate, _, inverted, _ = line.split()
        if name in ROOTS and fate == "held":
            kinds.setdefault(name, []).append(int(inverted, 16) ^ 0xFFFFFFFFFFFFFFFF)
    for name, addresses in kinds.items():
        # The chain is entered at its end: the first object is far from the root.
        for address in (addresses[-1], addresses[len(addresses) // 2] if name != "by-chain" else addresses[-20]):
            paths = refs(f"{address:x}", "--to-root")["paths"]
            roots = [row["where"] or "" for row in paths if row["step"] == 1]
            if not any(ROOTS[name] in root for root in roots):
                wrong += 1
                print(f"{name} 0x{address:x}: held by {ROOTS[name]}, refs says {roots}")
    print(f"{len(kinds)} kinds of what loser holds: {wrong} without their root")
    return wrong


json_direct = None
for fact in json.loads(truth.run(program, "whatis", dump, "pa:0x0", "--json"))["data"]["whatis"]:
    json_direct = fact["address"]
sys.exit(1 if compare_sets() + compare_index() + compare_roots() else 0)
