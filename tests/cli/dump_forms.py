# SPDX-License-Identifier: LGPL-2.1-or-later
"""Other forms of a committed kdump-compressed sample: ELF, flattened, patched, cut. Reads by its own code, so that what
the tests feed to memopsy does not come from memopsy."""
import struct
import zlib

PAGE = 4096


class Kdump:
    """A kdump-compressed file of a 64-bit little-endian machine, zlib or plain pages."""

    def __init__(self, path):
        self.data = path.read_bytes()
        assert self.data[:8] == b"KDUMP   "
        self.status, self.block, self.sub_blocks, self.bitmap_blocks = struct.unpack_from("<IiiI", self.data, 424)
        sub = self.block
        self.phys_base, self.dump_level = struct.unpack_from("<Qi", self.data, sub)
        self.info_offset, self.info_bytes = struct.unpack_from("<QQ", self.data, sub + 32)
        self.bitmap_offset = self.block * (1 + self.sub_blocks)
        self.half = self.bitmap_blocks * self.block // 2
        self.descriptors_offset = self.bitmap_offset + self.bitmap_blocks * self.block

    def vmcoreinfo(self):
        return self.data[self.info_offset:self.info_offset + self.info_bytes]

    def pfns(self):
        bitmap = self.data[self.bitmap_offset + self.half:self.bitmap_offset + 2 * self.half]
        for index, byte in enumerate(bitmap):
            for bit in range(8):
                if byte >> bit & 1:
                    yield index * 8 + bit

    def pages(self):
        """(pfn, bytes) of every page in the dump."""
        for index, pfn in enumerate(self.pfns()):
            at = self.descriptors_offset + 24 * index
            offset, size, flags = struct.unpack_from("<QII", self.data, at)
            raw = self.data[offset:offset + size]
            assert flags in (0, 1), flags
            yield pfn, zlib.decompress(raw) if flags == 1 else raw

    def first_page_offset(self):
        return struct.unpack_from("<Q", self.data, self.descriptors_offset)[0]


def note(name, kind, desc):
    name = name.encode() + b"\0"
    pad = lambda n: b"\0" * (-n % 4)
    return struct.pack("<III", len(name), len(desc), kind) + name + pad(len(name)) + desc + pad(len(desc))


def write_elf(path, pages, vmcoreinfo, machine=62):
    """An ELF core of runs of pages, as QEMU writes them: p_vaddr is 0. Returns where each part of it begins."""
    runs = []
    for pfn, data in pages:
        if runs and runs[-1][0] + len(runs[-1][1]) == pfn:
            runs[-1][1].append(data)
        else:
            runs.append((pfn, [data]))
    notes = note("VMCOREINFO", 0, vmcoreinfo) if vmcoreinfo else note("CORE", 7, b"\0" * 16)
    n_headers = 1 + len(runs)
    notes_at = 64 + 56 * n_headers
    at = -(-(notes_at + len(notes)) // PAGE) * PAGE
    borders = {"headers": 64, "notes": notes_at, "end of notes": notes_at + len(notes), "first segment": at}
    with open(path, "wb") as out:
        out.write(b"\x7fELF\2\1\1" + b"\0" * 9)
        out.write(struct.pack("<HHIQQQIHHHHHH", 4, machine, 1, 0, 64, 0, 0, 64, 56, n_headers, 0, 0, 0))
        out.write(struct.pack("<IIQQQQQQ", 4, 0, notes_at, 0, 0, len(notes), len(notes), 4))
        for pfn, parts in runs:
            size = PAGE * len(parts)
            out.write(struct.pack("<IIQQQQQQ", 1, 7, at, 0, pfn * PAGE, size, size, PAGE))
            at += size
        out.write(notes)
        out.seek(borders["first segment"])
        for _, parts in runs:
            for part in parts:
                out.write(part)
    borders["end"] = at
    return borders


def write_flattened(path, data, piece=1 << 20):
    """makedumpfile -F: a header page, then records of offset, size (big-endian) and bytes, then an end mark."""
    with open(path, "wb") as out:
        out.write(b"makedumpfile\0\0\0\0" + struct.pack(">QQ", 1, 1) + b"\0" * (PAGE - 32))
        for offset in range(0, len(data), piece):
            part = data[offset:offset + piece]
            out.write(struct.pack(">QQ", offset, len(part)) + part)
        out.write(struct.pack(">qq", -1, -1))


def without_btf(pages):
    """The same pages with no BTF header left in them: magic, version 1, header of 24 bytes."""
    for pfn, data in pages:
        yield pfn, data.replace(b"\x9f\xeb\x01\x00\x18\0\0\0", b"\0" * 8)


def btf_records(data, kind):
    """Where the first BTF section of a file of memory has types of this kind: (name, offset of the record, id)."""
    at = data.index(b"\x9f\xeb\x01\x00\x18\0\0\0")
    types, types_bytes, strings, _ = struct.unpack_from("<IIII", data, at + 8)
    extra = {1: (4, 0), 3: (12, 0), 4: (0, 12), 5: (0, 12), 6: (0, 8), 13: (0, 8), 14: (4, 0), 15: (0, 12), 17: (4, 0), 19: (0, 12)}
    record, end, strings = at + 24 + types, at + 24 + types + types_bytes, at + 24 + strings
    number = 1
    while record < end:
        name, info, _ = struct.unpack_from("<III", data, record)
        fixed, each = extra.get(info >> 24 & 31, (0, 0))
        if info >> 24 & 31 == kind:
            start = strings + name
            yield data[start:data.index(b"\0", start)].decode(), record, number
        record += 12 + fixed + each * (info & 0xffff)
        number += 1


def toy_ring(lines, word_bytes, is_big_endian):
    """A page-aligned stretch of memory with the lockless ring in it, as printk_ringbuffer.h lays it out; a line a millisecond."""
    order, descriptors = ">" if is_big_endian else "<", 256
    memory = bytearray(512)
    for i, line in enumerate(lines):
        level = 4 if is_big_endian else 4 << 5
        memory += struct.pack(order + "QQHBBI", i, 1000000 * (i + 1), len(line), 0, level, 77).ljust(88, b"\0")
    mask = (1 << (8 * word_bytes - 2)) - 1
    for i, line in enumerate(lines):
        memory += bytes(-len(memory) % word_bytes)
        memory += struct.pack(order + ("Q" if word_bytes == 8 else "I"), ((1 << 32) - descriptors + i) & mask) + line.encode()
    return bytes(memory).ljust(1 << 20, b"\0")


def write_toy_elf(path, memory, machine, word_bytes, is_big_endian):
    """A core of one segment, for machines that no sample is of."""
    order, address = ">" if is_big_endian else "<", 1 << 20
    ident = b"\x7fELF" + bytes([word_bytes // 4, 2 if is_big_endian else 1, 1]) + bytes(9)
    if word_bytes == 8:
        head = ident + struct.pack(order + "HHIQQQIHHHHHH", 4, machine, 1, 0, 64, 0, 0, 64, 56, 1, 0, 0, 0)
        head += struct.pack(order + "IIQQQQQQ", 1, 7, PAGE, address, address, len(memory), len(memory), PAGE)
    else:
        head = ident + struct.pack(order + "HHIIIIIHHHHHH", 4, machine, 1, 0, 52, 0, 0, 52, 32, 1, 0, 0, 0)
        head += struct.pack(order + "IIIIIIII", 1, PAGE, address, address, len(memory), len(memory), 7, PAGE)
    path.write_bytes(head.ljust(PAGE, b"\0") + memory)
