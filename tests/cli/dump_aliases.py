# SPDX-License-Identifier: LGPL-2.1-or-later
"""A committed sample whose tables lead back into themselves: page tables (x86-64, four or five levels) whose free entries point back up, and
the table of memory's sections with all roots, or all sections, the same. What was true of the kernel stays true, so it is identified."""
import re
import struct

import dump_forms

PAGE = dump_forms.PAGE
ENTRIES = 512
ADDRESS_MASK = ((1 << 52) - 1) & ~(PAGE - 1)
PRESENT, LARGE = 1, 0x80
TABLE_FLAGS = 0x67  # present, writable, user, accessed, dirty
START_KERNEL_MAP = 0xffffffff80000000


class Memory:
    """The pages of a sample, to be changed."""

    def __init__(self, path):
        kdump = dump_forms.Kdump(path)
        self.vmcoreinfo = kdump.vmcoreinfo()
        self.pages = {pfn: bytearray(data) for pfn, data in kdump.pages()}
        text = self.vmcoreinfo.decode()
        self.symbols = {name: int(value, 16) for name, value in re.findall(r"SYMBOL\((\w+)\)=(\w+)", text)}
        self.numbers = {name: int(value) for name, value in re.findall(r"(?:NUMBER|LENGTH|SIZE)\((\w+)\)=(-?\d+)", text)}
        self.levels = 5 if self.numbers.get("pgtable_l5_enabled") else 4
        self.top = (self.symbols["init_top_pgt"] - START_KERNEL_MAP + self.numbers["phys_base"]) // PAGE

    def entries(self, pfn):
        return struct.unpack("<512Q", self.pages[pfn])

    def translate(self, kva):
        pfn = self.top
        for level in range(self.levels - 1, -1, -1):
            entry = self.entries(pfn)[kva >> 12 + 9 * level & 511]
            assert entry & PRESENT, hex(kva)
            size = 1 << 12 + 9 * level
            if level == 0 or (entry & LARGE and level < 3):
                return (entry & ADDRESS_MASK & -size) + (kva & size - 1)
            pfn = (entry & ADDRESS_MASK) // PAGE
        raise AssertionError

    def word_at(self, kva):
        """(page, offset there), or None if the dump has it not."""
        pa = self.translate(kva)
        page = self.pages.get(pa // PAGE)
        return (page, pa % PAGE) if page is not None else None

    def tables_of(self, top, half):
        """{pfn: level} of the tables that a top table reaches, itself included; half: which of its entries."""
        found = {top: self.levels - 1}
        todo = [top]
        while todo:
            pfn = todo.pop()
            level = found[pfn]
            for i, entry in enumerate(self.entries(pfn)):
                below = (entry & ADDRESS_MASK) // PAGE
                if (pfn == top and i not in half) or not level or not entry & PRESENT or entry & LARGE or below not in self.pages:
                    continue
                if below not in found:
                    found[below] = level - 1
                    todo.append(below)
        return found

    def top_tables(self):
        """The kernel's, and those of processes: pages with the same upper half."""
        upper = self.pages[self.top][PAGE // 2:]
        return [pfn for pfn, data in self.pages.items() if data[PAGE // 2:] == upper and any(data[:PAGE // 2])]

    def alias_tables(self, top, half, target=None):
        """Entries that are empty lead to the target, or back to the top."""
        value = (top if target is None else target) * PAGE | TABLE_FLAGS
        for pfn, level in self.tables_of(top, half).items():
            words = list(self.entries(pfn))
            for i in half if pfn == top else range(ENTRIES):
                if level and not words[i]:
                    words[i] = value
            self.pages[pfn][:] = struct.pack("<512Q", *words)

    def alias_kernel_tables(self):
        self.alias_tables(self.top, range(ENTRIES // 2, ENTRIES))

    def alias_process_tables(self):
        for top in self.top_tables():
            self.alias_tables(top, range(ENTRIES // 2))

    def alias_section_roots(self):
        """All roots are the first: 2^38 page frames and more, of the same struct pages."""
        table = self.symbols["mem_section"]
        first = None
        for root in range(self.numbers["mem_section"]):
            at = self.word_at(table + 8 * root)
            if at is None:
                continue
            page, offset = at
            if first is None:
                first = page[offset:offset + 8]
            page[offset:offset + 8] = first

    def alias_sections(self):
        """All sections of the first root have the struct pages of its first: the kernel stores the map minus the section's first frame."""
        page, offset = self.word_at(self.symbols["mem_section"])
        root = struct.unpack_from("<Q", page, offset)[0]
        size = 32
        first_page, first = self.word_at(root)
        section = bytes(first_page[first:first + size])
        map_word = struct.unpack_from("<Q", section)[0]
        apart = (1 << self.numbers["SECTION_SIZE_BITS"]) // PAGE * self.numbers["page"]
        for number in range(PAGE // size):
            page, offset = self.word_at(root + size * number)
            page[offset:offset + size] = struct.pack("<Q", map_word - number * apart & (1 << 64) - 1) + section[8:]

    def write(self, path):
        dump_forms.write_elf(path, sorted(self.pages.items()), self.vmcoreinfo)
