# SPDX-License-Identifier: LGPL-2.1-or-later
"""The sample of arm64 (6.12, 4 KiB pages, 52 bits of address) against what its guest said of itself, with the comparisons of
tests/guest."""
import json
import lzma
import os
import pathlib
import shutil
import subprocess
import sys
import tarfile
import tempfile
import unittest

from memopsy_cli import PROGRAM, SAMPLES, SOURCE, Case, main, memopsy

SAMPLE = SAMPLES / "6.12-arm64-leak-slab"
COMPARISONS = ("buddyinfo", "dmesg", "iomem", "leaks", "maps", "meminfo", "owners", "pagetables", "percpu", "rmap", "slabinfo",
               "smaps", "usage", "vmallocinfo", "vmstat", "whatis", "zoneinfo")


class Arm64(Case):
    @classmethod
    def setUpClass(cls):
        if not (SAMPLE / "vmcore.xz").exists():
            raise unittest.SkipTest(f"{SAMPLE} is missing")
        directory = tempfile.TemporaryDirectory(prefix="memopsy-arm64-")  # pylint: disable=consider-using-with
        cls.addClassCleanup(directory.cleanup)
        cls.guest = pathlib.Path(directory.name)
        cls.dump = cls.guest / "vmcore"
        with lzma.open(SAMPLE / "vmcore.xz") as packed, open(cls.dump, "wb") as out:
            shutil.copyfileobj(packed, out)
        with tarfile.open(SAMPLE / "truth.tar.xz") as truth:
            truth.extractall(cls.guest, filter="data")
        shutil.copy(SAMPLE / "guest.json", cls.guest)

    def test_equals_what_the_guest_said(self):
        for name in COMPARISONS:
            with self.subTest(name):
                done = subprocess.run([sys.executable, SOURCE / f"tests/guest/compare_{name}.py", self.dump,
                                       self.guest / "truth", PROGRAM], stdin=subprocess.DEVNULL, capture_output=True, text=True,
                                      errors="replace", env=dict(os.environ, MEMOPSY_CACHE=""), check=False)
                self.assertEqual(done.returncode, 0, done.stdout[-2000:] + done.stderr[-2000:])

    def test_says_what_it_is(self):
        facts = json.loads(memopsy("info", self.dump, "--json").out)["data"]["kernel"]
        self.assertEqual((facts["architecture"], facts["paging_levels"], facts["page_bytes"]), ("aarch64", 5, 4096))

    def test_an_address_goes_through_five_levels(self):
        run = self.succeeds(memopsy("vtop", self.dump, "init_task"))
        for word in ("PGD", "P4D", "PUD", "PMD", "VALID", "PXN UXN"):
            self.assertIn(word, run.out)


if __name__ == "__main__":
    main()
