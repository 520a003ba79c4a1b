# SPDX-License-Identifier: LGPL-2.1-or-later
"""A dump as an ELF file whose memory can be damaged in place, and where in it there is something worth damaging."""
import json
import os
import pathlib
import random
import re
import shutil
import struct
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "cli"))
import dump_forms  # pylint: disable=wrong-import-position

PAGE = 4096
# Caches whose objects the commands follow pointers through; those that a kernel has not are skipped.
CACHES = ("task_struct", "mm_struct", "vm_area_struct", "maple_node", "anon_vma", "anon_vma_chain", "dentry", "inode_cache",
          "shmem_inode_cache", "filp", "kmem_cache", "kmem_cache_node", "radix_tree_node", "vmap_area", "cred_jar", "files_cache",
          "signal_cache", "pid", "mnt_cache", "mem_cgroup", "mem_cgroup_per_node", "kmalloc-64", "kmalloc-192", "kmalloc-512",
          "kmalloc-1k", "kmalloc-4k", "kmalloc-cg-4k")
MAX_OBJECTS = 5000


class Target:
    """A dump in a file of our own, as an ELF core whose segments are plain memory."""

    def __init__(self, dump, place):
        self.path = pathlib.Path(place) / "dump"
        with open(dump, "rb") as source:
            magic = source.read(8)
        if magic == b"KDUMP   ":
            kdump = dump_forms.Kdump(pathlib.Path(dump))
            dump_forms.write_elf(self.path, kdump.pages(), kdump.vmcoreinfo())
        elif magic[:4] == b"\x7fELF":
            shutil.copyfile(dump, self.path)
        else:
            sys.exit(f"{dump}: neither kdump-compressed (not flattened) nor ELF")
        self.file = open(self.path, "r+b", buffering=0)  # pylint: disable=consider-using-with
        self.segments = self.read_segments()
        self.undo = []

    def read_segments(self):
        """(physical address, file offset, bytes) of each PT_LOAD."""
        header = self.read(0, 64)
        at, = struct.unpack_from("<Q", header, 32)
        entry, number = struct.unpack_from("<HH", header, 54)
        segments = []
        for index in range(number):
            kind, _, offset, _, pa, size, _, _ = struct.unpack("<IIQQQQQQ", self.read(at + index * entry, 56))
            if kind == 1 and size:
                segments.append((pa, offset, size))
        return segments

    def read(self, offset, size):
        return os.pread(self.file.fileno(), size, offset)

    def offset_of(self, pa):
        for start, offset, size in self.segments:
            if start <= pa < start + size:
                return offset + pa - start
        return None

    def write(self, offset, data):
        """Writes over memory; restore() takes it back."""
        self.undo.append((offset, self.read(offset, len(data))))
        os.pwrite(self.file.fileno(), data, offset)

    def restore(self):
        for offset, data in reversed(self.undo):
            os.pwrite(self.file.fileno(), data, offset)
        self.undo.clear()

    def pages(self):
        """File offsets of all pages."""
        for _, offset, size in self.segments:
            yield from range(offset, offset + size - PAGE + 1, PAGE)


class Places:
    """Ranges of the file by what they hold, asked of memopsy itself while the dump is sound."""

    def __init__(self, program, target):
        self.program, self.target = program, target
        self.ranges, self.objects = {}, {}
        self.direct_map = self.word("page_offset_base")
        self.add_struct_pages()
        self.add_symbol("kernel data", "_sdata", "_edata")
        self.add_page_class("page tables", "page-table")
        self.add_page_class("per-CPU", "percpu")
        self.add_objects()
        self.add_log()
        self.ranges["anything"] = [(offset, PAGE) for offset in target.pages()]
        self.ranges["headers"] = [(0, min(offset for _, offset, _ in target.segments))]
        self.ranges = {name: ranges for name, ranges in self.ranges.items() if ranges}

    def ask(self, *words):
        done = subprocess.run([self.program, words[0], str(self.target.path), *words[1:], "--json"], capture_output=True,
                              check=False, timeout=300)
        if done.returncode not in (0, 1):
            return {}
        return json.loads(done.stdout)["data"]

    def word(self, symbol):
        done = subprocess.run([self.program, "read", str(self.target.path), "--raw", symbol, "8"], capture_output=True,
                              check=False, timeout=300)
        return int.from_bytes(done.stdout[:8], "little") if done.returncode == 0 else 0

    def physical(self, address):
        text = self.ask("vtop", address).get("address", {}).get("physical")
        return int(text, 16) if text else None

    def add(self, name, pa, size):
        """A range, cut to what the dump holds."""
        pa_end = pa + size
        for start, offset, length in self.target.segments:
            first, end = max(pa, start), min(pa_end, start + length)
            if first < end:
                self.ranges.setdefault(name, []).append((offset + first - start, end - first))

    def add_struct_pages(self):
        base = self.word("vmemmap_base")
        pa = self.physical(hex(base)) if base else None
        if pa is not None:
            self.add("struct pages", pa, 2 << 20)

    def add_symbol(self, name, first, last):
        rows = {row["name"]: int(row["address"], 16) for row in self.ask("sym", first, last).get("symbols", [])}
        pa = self.physical(first) if first in rows else None
        if pa is not None and last in rows:
            self.add(name, pa, rows[last] - rows[first])

    def add_page_class(self, name, page_class):
        for row in self.ask("pages", "--class=" + page_class).get("pages", []):
            self.add(name, row["pfn"] * PAGE, PAGE * (row.get("pages") or 1))

    def add_objects(self):
        for cache in CACHES:
            document = self.ask("objects", cache)
            size = 64
            for row in document.get("objects", [])[:MAX_OBJECTS]:
                if row["is_free"]:
                    continue
                address = int(row["object"], 16)
                self.objects.setdefault(cache, []).append(address)
                if address > self.direct_map:
                    self.add(cache, address - self.direct_map, size)

    def add_log(self):
        for offset in self.target.pages():
            data = self.target.read(offset, PAGE)
            if len(re.findall(rb"[a-zA-Z]{3,} [a-zA-Z]{3,}", data)) > 40 and b"kernel" in data.lower():
                self.ranges.setdefault("texts", []).append((offset, PAGE))

    def any_object(self, rng):
        cache = rng.choice(sorted(self.objects)) if self.objects else None
        return rng.choice(self.objects[cache]) if cache else 0xffff888000001000


TEXTS = (
    b"\x1b[2J\x1b]0;owned\x07\x1b[31m", b"\0\x01\x02\x7f\x80\xff\xfe", b"\r\n\b\b\b\t\v\f", b"%s%n%x%99999d",
    b"\xe2\x80\xae\xc2\x9b",
    b'"\\u0000\\"},{', b"Out of memory: Killed process 99999999999999999999 (\x1b[7m) total-vm:18446744073709551615kB, "
    b"anon-rss:-1kB, file-rss:99999999999999999999kB",
    b"a invoked oom-killer: gfp_mask=0xffffffffffffffff(GFP_KERNEL), order=2147483648, oom_score_adj=-99999",
    b"oom-kill:constraint=CONSTRAINT_MEMCG,nodemask=,cpuset=,mems_allowed=999999,oom_memcg=/../../x,task_memcg=/,task=,"
    b"pid=-1,uid=",
    b"Node 4294967296 Normal free:18446744073709551615kB min:-5kB low:kB high:x",
    b"Mem-Info:\nactive_anon:99999999999999999999 inactive_anon:\nNode 0 DMA: 18446744073709551615*4kB (UME) 1*8388608kB",
    b"[ 999999]  4294967295 -1 99999999999999999999 18446744073709551615 0 0 0 -1001 ",
    b": page allocation failure: order:64, mode:0x(GFP_), nodemask=(null),cpuset=/,mems_allowed=0-4294967295",
    b"SLUB: Unable to allocate memory on node -2147483648, gfp=0x", b"vmalloc error: size 0, ", b"[ 18446744073.709551616] ",
)


class Damage:
    """What is written over a range: every kind takes the place and returns (offset, bytes)."""

    def __init__(self, places, rng):
        self.places, self.target, self.rng = places, places.target, rng

    def at(self, span, size, align):
        start, length = span
        first = -(-start // align) * align
        room = (start + length - size - first) // align
        return first + align * self.rng.randint(0, room) if room >= 0 else None

    def random_word(self):
        rng = self.rng
        direct_map = self.places.direct_map
        obj = self.places.any_object(rng)
        return rng.choice((
            0, 1, (1 << 64) - 1, 1 << 63, 0x8000000000000001, 0xdead000000000100, 0xdead000000000122, 0x7fffffff, 0xffffffff,
            0x100000000, 0xfffffffffffff000, 0x0000800000000000, 0x4141414141414141, rng.getrandbits(64), rng.getrandbits(16),
            rng.getrandbits(32), obj, obj + 8, obj + rng.randint(1, 64), obj - 8, obj | 1, obj | 2, direct_map,
            direct_map + rng.randrange(1 << 40), 0xffffffff81000000 + rng.randrange(1 << 24), 1 << rng.randrange(64)))

    def do_byte(self, span):
        return self.at(span, 1, 1), bytes([self.rng.randrange(256)])

    def do_bit(self, span):
        at = self.at(span, 1, 1)
        return at, bytes([(self.target.read(at, 1) or b"\0")[0] ^ 1 << self.rng.randrange(8)])

    def do_word(self, span):
        return self.at(span, 8, 8), struct.pack("<Q", self.random_word())

    def do_pointer(self, span):
        """A word that is a kernel address, if one is found: to somewhere else, or to itself."""
        for _ in range(32):
            at = self.at(span, 8, 8)
            if at is None:
                return None, b""
            old, = struct.unpack("<Q", self.target.read(at, 8).ljust(8, b"\0"))
            if old >> 47 == 0x1ffff or old >> 56 == 0xff:
                break
        new = self.rng.choice((old + 8, old - 8, old ^ 1, old & ~0xfff, old + (1 << self.rng.randrange(32)), self.random_word(),
                               self.own_address(at)))
        return at, struct.pack("<Q", new & (1 << 64) - 1)

    def own_address(self, at):
        for start, offset, size in self.target.segments:
            if offset <= at < offset + size:
                return self.places.direct_map + start + at - offset
        return 0

    def do_entry(self, span):
        """An entry of a page table: present, to any frame, with any flags."""
        frame = self.rng.choice((self.rng.randrange(1 << 15), self.rng.randrange(1 << 40), 0))
        return self.at(span, 8, 8), struct.pack("<Q", frame << 12 & (1 << 52) - 1 | self.rng.choice((0x67, 0xe7, 1, 0x80, 0xfff)))

    def do_text(self, span):
        text = self.rng.choice(TEXTS)[:span[1]]
        return self.at(span, len(text), 1), text

    def do_page(self, span):
        other = self.rng.choice(self.places.ranges["anything"])[0]
        data = self.rng.choice((bytes(PAGE), b"\xff" * PAGE, b"\x6b" * PAGE, self.rng.randbytes(PAGE),
                                self.target.read(other, PAGE)))
        data = data[:span[1]]
        return self.at(span, len(data), 1), data

    KINDS = ((do_byte, 2), (do_bit, 3), (do_word, 5), (do_pointer, 8), (do_entry, 1), (do_text, 1), (do_page, 1))
    OWN_KINDS = {"texts": (do_text, do_byte), "page tables": (do_entry, do_word)}

    def inflict(self, place, number):
        """Damages NUMBER spots in places of that name."""
        kinds, weights = zip(*self.KINDS)
        if place in self.OWN_KINDS:
            kinds, weights = self.OWN_KINDS[place], None
        for _ in range(number):
            kind = self.rng.choices(kinds, weights)[0]
            at, data = kind(self, self.rng.choice(self.places.ranges[place]))
            if at is not None:
                self.target.write(at, data)


def generator(seed, number):
    return random.Random(f"{seed}:{number}")
