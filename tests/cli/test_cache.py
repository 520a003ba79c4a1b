#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The cache of what a vmlinux said: whatever is wrong with it, the answer is the same and nothing fails.

It needs a dump with its vmlinux, so it takes a guest's: $MEMOPSY_GUESTS, made by `make check-guests` with
--fetch-vmlinux."""
import os
import pathlib
import subprocess

import memopsy_cli
from memopsy_cli import Case, main, memopsy


def guests():
    cache = os.environ.get("XDG_CACHE_HOME") or os.path.join(os.environ.get("HOME", "/"), ".cache")
    return pathlib.Path(os.environ.get("MEMOPSY_GUESTS") or os.path.join(cache, "memopsy-guests"))


class Cache(Case):
    def setUp(self):
        super().setUp()
        self.dump = guests() / "dumps/6.1-healthy/vmcore.elf"
        debug = sorted((guests() / "kernels/6.1/debug").rglob("vmlinux-*"))
        if not self.dump.exists() or not debug:
            self.skipTest(f"no dump of 6.1 with its vmlinux in {guests()}")
        self.vmlinux = debug[0]

    def meminfo(self, cache):
        return self.succeeds(memopsy("meminfo", self.dump, "--vmlinux", self.vmlinux, "--types=dwarf", cache=str(cache)))

    def test_unwritable(self):
        wanted = self.meminfo("").out
        if os.geteuid() != 0:
            self.skipTest("only root can become somebody else")
        directory = self.place / "cache"
        directory.mkdir(mode=0o700)
        run = self.as_nobody("meminfo", self.dump, "--vmlinux", self.vmlinux, cache=str(directory))
        if run.status == 3 and "Permission denied" in run.err:
            self.skipTest("nobody may not read the guests' files here")
        self.assertEqual((run.status, run.out), (0, wanted), run)
        run = self.as_nobody("info", self.dump, "--vmlinux", self.vmlinux, cache=str(directory))
        self.assertEqual(run.status, 0, run)

    def test_damaged_cut_and_of_another_version(self):
        cache = self.place / "cache"
        wanted = self.meminfo(cache).out
        files = [path for path in cache.rglob("*") if path.is_file()]
        self.assertTrue(files, "the first start wrote a cache")
        whole = {path: path.read_bytes() for path in files}
        for damage in (lambda data: b"", lambda data: data[:len(data) // 2], lambda data: b"\0" * len(data),
                       lambda data: data[:4] + bytes(b ^ 0xff for b in data[4:12]) + data[12:],
                       lambda data: data[:-64] + b"\xff" * 64, lambda data: data + b"more"):
            for path, data in whole.items():
                path.write_bytes(damage(data))
            self.assertEqual(self.meminfo(cache).out, wanted)
        for path, data in whole.items():
            middle = len(data) // 2
            path.write_bytes(data[:middle] + bytes([data[middle] ^ 1]) + data[middle + 1:])
        self.assertEqual(self.meminfo(cache).out, wanted)

    def test_two_first_starts_at_once(self):
        cache = self.place / "cache"
        wanted = self.meminfo("").out
        command = [memopsy_cli.PROGRAM, "meminfo", self.dump, "--vmlinux", self.vmlinux, "--types=dwarf"]
        both = [subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, stdin=subprocess.DEVNULL,
                                 env=dict(os.environ, MEMOPSY_CACHE=str(cache))) for _ in range(3)]
        for process in both:
            out, err = process.communicate(timeout=120)
            self.assertEqual((process.returncode, out.decode(), err), (0, wanted, b""))
        self.assertEqual(self.meminfo(cache).out, wanted)


if __name__ == "__main__":
    main()
