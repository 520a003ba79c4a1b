#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""A free list of a CPU that loops: what lies beyond is unknown, nothing more is lost for it, and the slab is named."""
import json
import re
import struct

from dump_forms import Kdump, PAGE, write_elf
from memopsy_cli import Case, main, memopsy

CACHE = "kmalloc-192"
SAMPLE = "6.1-leak-slab"


class FreelistLoop(Case):
    def document(self, *words, status=0):
        run = memopsy(*words, "--json")
        self.assertEqual(run.status, status, run)
        return json.loads(run.out)

    def lost(self, dump, status=0):
        rows = self.document("leaks", dump, "--list", status=status)["data"]["lost_objects"]
        return {row["address"]: row["cache"] for row in rows if row["confidence"] == "likely"}

    def states(self, dump):
        rows = self.document("objects", dump, CACHE)["data"]["objects"]
        return {row["object"]: (row["state"], row["slab_pfn"]) for row in rows}

    def setUp(self):
        super().setUp()
        sample = self.sample(SAMPLE)
        self.kdump = Kdump(sample)
        self.pages = list(self.kdump.pages())
        slab = self.document("slab", sample, CACHE)["data"]["slab"]
        self.link_offset = slab["freelist_offset_bytes"]
        printed = memopsy("print", sample, "struct kmem_cache", slab["cache"], "random").out
        self.random = int(re.search(r"random = (0x[0-9a-f]+|\d+)", printed).group(1), 0)

    def broken(self, victim, slab_pfn):
        """The sample as ELF, in which a free object's next one is itself, as a hardened 6.1 kernel writes that."""
        at = (victim + self.link_offset) % PAGE
        link = victim ^ self.random ^ int.from_bytes((victim + self.link_offset).to_bytes(8, "little"), "big")
        path = self.place / f"looping-{victim:x}"
        write_elf(path, [(pfn, data[:at] + struct.pack("<Q", link) + data[at + 8:] if pfn == slab_pfn else data)
                         for pfn, data in self.pages], self.kdump.vmcoreinfo())
        return path

    def test_one_of_each_slab(self):
        sample = self.sample(SAMPLE)
        lost = self.lost(sample)
        before = self.states(sample)
        self.assertEqual(len(lost), 8000)
        slabs = {}
        for address, (state, slab_pfn) in before.items():
            if state == "free, CPU's list":
                slabs.setdefault(slab_pfn, []).append(address)
        self.assertGreater(len(slabs), 1)
        for slab_pfn, free in slabs.items():
            # Somewhere in the list: one with others behind it.
            for address in (free[0], free[len(free) // 2]):
                dump = self.broken(int(address, 16), slab_pfn)
                after = self.states(dump)
                changed = {name for name, state in after.items() if state != before[name]}
                self.assertLessEqual(changed, set(free))
                self.assertEqual({after[name][0] for name in changed} - {"unknown"}, set())
                self.assertEqual(self.lost(dump, status=1), lost)
                run = memopsy("leaks", dump)
                if changed:
                    self.succeeds(run, "could not be judged", f"({CACHE}, {len(changed)} objects)", status=1)
                    what = memopsy("whatis", dump, sorted(changed)[0])
                    self.assertIn(f"of {CACHE}, unknown", what.out)


if __name__ == "__main__":
    main()
