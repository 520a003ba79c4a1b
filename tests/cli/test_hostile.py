#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Files that say more than they store: holes of a sparse file, segments that all name the same bytes. What they cost is bounded by
what is stored of them (SECURITY.md), and where a bound fails, the limit on CPU time ends the run with a message."""
import os
import pathlib
import resource
import struct
import subprocess
import tempfile

from memopsy_cli import Case, PROGRAM, main
import dump_aliases
import dump_forms

TIB = 1 << 40
PAGE = dump_forms.PAGE
# Address sanitizer: several times slower, and its shadow counts as resident.
SLACK = 8 if any(b"__asan_init" in path.read_bytes() for path in
                 (pathlib.Path(PROGRAM), pathlib.Path(PROGRAM).parent / "libmemopsy.so.0") if path.exists()) else 1


def write_segments(path, segments, data=b"", size=0):
    """An ELF core without notes. Segments are (offset in the file, physical address, bytes)."""
    with open(path, "wb") as out:
        out.write(b"\x7fELF\2\1\1" + b"\0" * 9)
        out.write(struct.pack("<HHIQQQIHHHHHH", 4, 62, 1, 0, 64, 0, 0, 64, 56, len(segments), 0, 0, 0))
        for offset, pa, n_bytes in segments:
            out.write(struct.pack("<IIQQQQQQ", 1, 7, offset, 0, pa, n_bytes, n_bytes, PAGE))
        out.write(data)
        if size:
            out.truncate(size)


class Hostile(Case):
    def run_bounded(self, *words, file, limit_cpu_seconds=None):
        """(status, standard error); what it costs must not be more than SECURITY.md says."""
        def limit():
            if limit_cpu_seconds:
                resource.setrlimit(resource.RLIMIT_CPU, (limit_cpu_seconds, resource.RLIM_INFINITY))
        stored = os.stat(file).st_blocks * 512
        # What the C library's debugging writes into memory that the program only reserves is not the program's.
        with tempfile.TemporaryFile() as err:
            # pylint: disable=consider-using-with,subprocess-popen-preexec-fn
            process = subprocess.Popen([PROGRAM, *words, str(file)], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=err,
                                       env=dict(os.environ, MEMOPSY_CACHE="", DEBUGINFOD_URLS="", MALLOC_PERTURB_="0"), preexec_fn=limit)
            _, status, used = os.wait4(process.pid, 0)
            process.returncode = os.waitstatus_to_exitcode(status)
            err.seek(0)
            text = err.read().decode()
        self.assertLessEqual(used.ru_utime + used.ru_stime, SLACK * (10 + stored / 1e7), text)
        self.assertLessEqual(used.ru_maxrss * 1024, SLACK * (256 << 20) + 2 * stored, text)
        return process.returncode, text

    def sparse(self, path, size):
        try:
            os.truncate(path, size)
        except OSError as error:
            self.skipTest(f"no sparse file of 4 TiB here: {error.strerror}")
        return path

    def add_hole(self, path):
        """Another segment of an ELF core: 4 TiB of a hole, from 1 TiB on."""
        with open(path, "r+b") as file:
            head = file.read(64)
            n_headers = struct.unpack_from("<H", head, 56)[0]
            headers = file.read(56 * n_headers)
            at = file.seek(0, os.SEEK_END)
            begin = -(-(at + 56 * (n_headers + 1)) // PAGE) * PAGE
            file.write(headers + struct.pack("<IIQQQQQQ", 1, 7, begin, 0, TIB, 4 * TIB - begin, 4 * TIB - begin, PAGE))
            file.seek(32)
            file.write(struct.pack("<Q", at))
            file.seek(56)
            file.write(struct.pack("<H", n_headers + 1))
        return self.sparse(path, 4 * TIB)

    def test_elf_is_a_hole(self):
        path = self.place / "dump"
        write_segments(path, [(PAGE, 0, 4 * TIB - PAGE)])
        self.sparse(path, 4 * TIB)
        for command in ("report", "info", "dmesg", "oom"):
            status, err = self.run_bounded(command, file=path)
            self.assertIn(status, (1, 3), err)
            self.assertIn("none was found in its memory", err)

    def test_flattened_gap(self):
        head = self.place / "head"
        write_segments(head, [(PAGE, 0, 4 * TIB - PAGE)])
        path = self.place / "dump"
        with open(path, "wb") as out:
            out.write(b"makedumpfile\0\0\0\0" + struct.pack(">QQ", 1, 1) + b"\0" * (PAGE - 32))
            for offset, part in ((0, head.read_bytes()), (4 * TIB - PAGE, b"x" * PAGE)):
                out.write(struct.pack(">QQ", offset, len(part)) + part)
            out.write(struct.pack(">qq", -1, -1))
        status, err = self.run_bounded("report", file=path)
        self.assertEqual(status, 3, err)
        self.assertIn("none was found in its memory", err)

    def test_a_hole_beside_a_kernel(self):
        """The kernel is found where its pages are stored, with a note and without; 4 TiB of nothing beside it cost nothing."""
        kdump = dump_forms.Kdump(self.sample())
        pages = list(kdump.pages())
        for vmcoreinfo in (kdump.vmcoreinfo(), None):
            path = self.place / "dump"
            dump_forms.write_elf(path, pages, vmcoreinfo)
            self.add_hole(path)
            status, err = self.run_bounded("report", file=path)
            self.assertEqual(status, 0, err)

    def test_kdump_bitmaps_are_holes(self):
        path = self.place / "dump"
        head = bytearray(self.sample().read_bytes()[:2 * PAGE])
        for n_pfns in (1 << 33, 1 << 36):
            struct.pack_into("<II", head, 436, 2 * n_pfns // 8 // PAGE, n_pfns & 0xffffffff)
            struct.pack_into("<Q", head, PAGE + 96, n_pfns)
            path.write_bytes(head)
            status, err = self.run_bounded("report", file=self.sparse(path, 4 * TIB))
            self.assertEqual(status, 3, err)
            self.assertIn("page frames in a file that stores at most", err)

    def test_kdump_with_a_long_tail(self):
        path = self.place / "dump"
        path.write_bytes(self.sample().read_bytes())
        status, err = self.run_bounded("report", file=self.sparse(path, 4 * TIB))
        self.assertEqual(status, 0, err)

    def test_segments_that_share_bytes(self):
        path = self.place / "dump"
        write_segments(path, [(2 << 20, i << 30, 8 << 20) for i in range(30000)], b"\1" * (9 << 20))
        status, err = self.run_bounded("report", file=path)
        self.assertEqual(status, 3, err)
        self.assertIn("none was found in its memory", err)

    def test_tables_that_lead_back(self):
        """Page tables and sections that alias: such walks are bounded."""
        path = self.place / "dump"
        for changes in (("kernel_tables",), ("process_tables",), ("section_roots",), ("sections",),
                        ("sections", "section_roots", "process_tables", "kernel_tables")):
            memory = dump_aliases.Memory(self.sample())
            for change in changes:
                getattr(memory, "alias_" + change)()
            memory.write(path)
            for command in ("report", "usage", "pagetables"):
                with self.subTest(changes=changes, command=command):
                    status, err = self.run_bounded(command, file=path)
                    self.assertIn(status, (0, 1), err)

    def test_tables_that_lead_back_beside_a_hole(self):
        """The same with 4 TiB of nothing beside: aliased struct pages read as zeros there."""
        path = self.place / "dump"
        for changes in (("section_roots",), ("sections",), ("sections", "section_roots", "process_tables", "kernel_tables")):
            memory = dump_aliases.Memory(self.sample())
            for change in changes:
                getattr(memory, "alias_" + change)()
            memory.write(path)
            self.add_hole(path)
            for command in ("report", "usage", "leaks", "owners"):
                with self.subTest(changes=changes, command=command):
                    status, err = self.run_bounded(command, file=path)
                    self.assertIn(status, (0, 1), err)

    def test_cpu_time_runs_out(self):
        if SLACK > 1:
            self.skipTest("no limits under the address sanitizer")
        path = self.place / "dump"
        write_segments(path, [(2 << 20, i << 32, 64 << 20) for i in range(30000)], b"\1" * (96 << 20))
        status, err = self.run_bounded("report", file=path, limit_cpu_seconds=1)
        self.assertEqual(status, 3, err)
        self.assertIn("took more CPU time than a dump of its size can need", err)


if __name__ == "__main__":
    main()
