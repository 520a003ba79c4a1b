#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Dumps that are none, are cut, lie, or are of what this build does not know: a clear message and status 3, or partial
output that says so and status 1; never a crash, never a wrong number in silence."""
import json
import os
import re
import struct
import subprocess
import sys

import dump_forms
import memopsy_cli
from memopsy_cli import Case, main, memopsy


class BadDump(Case):
    def cannot_open(self, path, *texts, command="info"):
        return self.fails(memopsy(command, path), 3, str(path), *texts)

    def kdump(self):
        return dump_forms.Kdump(self.sample())

    def write(self, name, data):
        path = self.place / name
        path.write_bytes(data)
        return path

    def test_no_such_file(self):
        self.cannot_open(self.place / "nothing", "No such file or directory")

    def test_directory(self):
        self.cannot_open(self.place, "is a directory")

    def test_device(self):
        self.fails(memopsy("info", "/dev/null"), 3, "/dev/null")

    def test_empty(self):
        self.cannot_open(self.write("empty", b""), "empty")

    def test_not_a_dump(self):
        self.cannot_open(self.write("text", b"This is no dump, only text.\n" * 1000), "not a dump")
        self.cannot_open(self.write("zeros", b"\0" * 100000))

    def test_program_instead_of_dump(self):
        self.fails(memopsy("info", "/bin/true"), 3, "/bin/true")

    def test_unreadable(self):
        if os.geteuid() != 0:
            self.skipTest("only root can become somebody else")
        path = self.write("private", b"\x7fELF")
        path.chmod(0)
        run = self.as_nobody("info", path)
        self.fails(run, 3, str(path), "Permission denied")

    def test_elf_cut_at_every_border(self):
        kdump = self.kdump()
        path = self.place / "elf"
        borders = dump_forms.write_elf(path, kdump.pages(), kdump.vmcoreinfo())
        # In the middle of a page, near the end: opens, and says that it is cut.
        os.truncate(path, borders["end"] - 2048)
        run = memopsy("info", path)
        self.assertEqual(run.status, 1, run)
        self.assertRegex(" ".join(run.out.split()), r"The dump is cut short at \d+ of \d+ bytes: what is not in the rest of it is unknown", run)
        self.assertRegex(run.err, r"^memopsy: \S+: cut short at \d+ of \d+ bytes\n", run)
        for border in ("first segment", "end of notes", "notes", "headers"):
            for off in (0, -1):
                os.truncate(path, borders[border] + off)
                run = memopsy("report", path)
                self.assertIn(run.status, (1, 3), f"{border}{off:+}: {run}")
                self.assertIn(str(path), run.err, run)
                # Where the headers are whole, they are told, and that there is nothing else.
                run = memopsy("info", path)
                self.assertEqual(run.status, 3 if border == "headers" or "program headers" in run.err else 1, run)
                self.assertIn(str(path), run.err, run)
                if run.status == 1:
                    self.assertRegex(" ".join(run.out.split()), "No kernel could be identified in the dump|cannot find the kernel's page tables|"
                                     "The dump's memory cannot be read", run)
                    self.assertRegex(run.out, r"The dump is cut short at \d+ of \d+ bytes")
        for size in (63, 16, 4, 1):
            os.truncate(path, size)
            self.cannot_open(path)

    def test_kdump_cut_at_every_border(self):
        kdump = self.kdump()
        block = kdump.block
        borders = {
            "header": 464, "first block": block, "sub header": block + 104, "second block": kdump.bitmap_offset,
            "first bitmap": kdump.bitmap_offset + kdump.half, "bitmaps": kdump.descriptors_offset,
            "a descriptor": kdump.descriptors_offset + 24 * 10 + 5,
            "descriptors": kdump.first_page_offset(), "a page": kdump.first_page_offset() + 1000,
        }
        for name, size in borders.items():
            path = self.write("cut", kdump.data[:size])
            run = memopsy("info", path)
            self.assertIn(run.status, (1, 3), f"{name}: {run}")
            self.assertTrue(str(path) in run.err or "is cut short at" in " ".join(run.out.split()), f"{name}: {run}")
        path = self.write("cut", kdump.data[:-100])
        run = memopsy("info", path)
        self.assertEqual(run.status, 1, run)
        self.assertRegex(" ".join(run.out.split()), r"The dump is cut short at \d+ of \d+ bytes: what is not in the rest of it is unknown", run)
        self.assertRegex(run.err, r"^memopsy: \S+: cut short at \d+ of \d+ bytes\n", run)

    def test_flattened_cut_short(self):
        kdump = self.kdump()
        path = self.place / "flattened"
        dump_forms.write_flattened(path, kdump.data)
        size = path.stat().st_size
        for cut in (size - 16, size - 17, size - (1 << 20), dump_forms.PAGE + 16 + 500, dump_forms.PAGE + 8, dump_forms.PAGE,
                    100, 20):
            os.truncate(path, cut)
            run = memopsy("info", path)
            self.assertIn(run.status, (1, 3), f"cut at {cut}: {run}")
            self.assertTrue(str(path) in run.err or "is cut short at" in " ".join(run.out.split()), f"cut at {cut}: {run}")

    def test_unknown_architecture(self):
        kdump = self.kdump()
        path = self.place / "elf"
        dump_forms.write_elf(path, list(kdump.pages())[:64], kdump.vmcoreinfo(), machine=94)  # EM_XTENSA
        self.cannot_open(path, "architecture")

    def test_unknown_compression(self):
        kdump = self.kdump()
        data = bytearray(kdump.data)
        for index in range(sum(1 for _ in kdump.pfns())):
            struct.pack_into("<I", data, kdump.descriptors_offset + 24 * index + 12, 0x100)
        struct.pack_into("<I", data, 424, 0x100)
        run = memopsy("info", self.write("algorithm", data))
        self.fails(run, 3, "compressed with an unknown algorithm (flags 0x100)")

    def test_damaged_pages(self):
        """Pages that do not decompress cost themselves: a partial answer or a refusal, with the reason."""
        kdump = self.kdump()
        data = bytearray(kdump.data)
        first = kdump.first_page_offset()
        for at in range(first + (len(data) - first) // 2, len(data), 5000):
            data[at:at + 40] = b"\xff" * 40
        for command in ("info", "meminfo", "report"):
            run = memopsy(command, self.write("damaged", data))
            self.assertIn(run.status, (0, 1, 3), run)
            if run.status:
                self.assertRegex(run.err + run.out, r"memopsy: |\?|>=|\[notice\]|NOTICE|WARNING", run)

    def test_the_reason_of_status_1(self):
        """One line says what is missing, and how much else; JSON has all of it. --quiet wants none."""
        kdump = self.kdump()
        damaged = self.write("damaged", kdump.data[:len(kdump.data) // 2])
        run = memopsy("report", damaged)
        self.fails(run, 1)
        line = re.fullmatch(r"memopsy: status 1: some of what was asked for is missing: (?P<first>.*) \(and (?P<n>\d+) more\)",
                            run.err.splitlines()[-1])
        self.assertTrue(line, run)
        document = json.loads(memopsy("report", "--json", damaged).out)
        self.assertEqual(document["status"], "partial")
        self.assertEqual(document["missing"][0], line["first"])
        self.assertGreaterEqual(len(document["missing"]), int(line["n"]) + 1) # it has the sections that a page leaves out
        self.assertTrue({finding["verdict"] for finding in document["findings"] if finding["is_about_reading"]}
                        <= set(document["missing"]))
        self.assertEqual(memopsy("report", "--quiet", damaged).err, "")
        whole = json.loads(memopsy("report", "--json", self.sample()).out)
        self.assertEqual((whole["status"], whole["missing"]), ("complete", []))

    def test_what_commands_leave_out_is_in_json(self):
        run = memopsy("vtop", "--json", self.sample(), "0x1000")
        document = json.loads(run.out)
        self.assertEqual((run.status, document["status"], document["missing"]), (1, "partial", ["0x1000 is not mapped"]))
        self.assertEqual(run.err, "memopsy: status 1: some of what was asked for is missing: 0x1000 is not mapped\n")

    def test_no_types_at_all(self):
        kdump = self.kdump()
        path = self.place / "elf"
        dump_forms.write_elf(path, dump_forms.without_btf(kdump.pages()), kdump.vmcoreinfo())
        self.fails(memopsy("meminfo", path), 3, "no vmlinux was given or found", "the dump has no BTF")
        run = memopsy("info", path)
        self.assertIn(run.status, (0, 1), run)
        self.assertIn("Uptime:         ?", run.out, run)
        run = memopsy("dmesg", path)
        self.assertEqual(run.status, 0, run)
        self.assertIn("Linux version 6.1", run.out)

    def damaged_types(self, at, value):
        """What commands say of self.place / "elf" with one word of its BTF changed: none may die of it."""
        path = self.place / "elf"
        with open(path, "r+b") as out:
            out.seek(at)
            before = out.read(4)
            out.seek(at)
            out.write(struct.pack("<I", value))
            out.flush()
            runs = [memopsy(command, path) for command in ("info", "dmesg", "report")]
            out.seek(at)
            out.write(before)
        for run in runs:
            self.assertIn(run.status, (0, 1, 3), run)
        return "".join(run.err + run.out for run in runs)

    def test_types_are_damaged(self):
        """Integers of odd sizes, and structs where there are numbers: types of a dump are no promise."""
        kdump = self.kdump()
        path = self.place / "elf"
        dump_forms.write_elf(path, kdump.pages(), kdump.vmcoreinfo())
        data = path.read_bytes()
        integers = {name: at for name, at, _ in dump_forms.btf_records(data, 1)}
        said = "".join(self.damaged_types(integers[name] + 8, size_bytes) for size_bytes in (3, 16)
                       for name in ("short unsigned int", "unsigned int", "unsigned char"))
        self.assertIn("is a number of 3 bytes", said)
        self.assertIn("is a number of 16 bytes", said)
        typedefs = {name: at for name, at, _ in dump_forms.btf_records(data, 8)}
        list_head = next(number for name, _, number in dump_forms.btf_records(data, 4) if name == "list_head")
        said = "".join(self.damaged_types(typedefs[name] + 8, list_head) for name in ("u8", "u16", "u64"))
        self.assertIn("is no number in this dump's types", said)

    def test_vmcoreinfo_missing(self):
        """It is then found in memory, and that is said."""
        kdump = self.kdump()
        path = self.place / "elf"
        dump_forms.write_elf(path, kdump.pages(), None)
        wanted = memopsy("meminfo", self.sample()).out
        run = memopsy("info", path)
        self.assertEqual(run.status, 0, run)
        self.assertIn("found in memory", run.out)
        self.assertEqual(self.succeeds(memopsy("meminfo", path)).out, wanted)

    def test_vmcoreinfo_lying(self):
        kdump = self.kdump()
        pages = list(kdump.pages())
        lies = {
            b"KERNELOFFSET=": b"KERNELOFFSET=7", b"NUMBER(phys_base)=": b"NUMBER(phys_base)=9",
            b"SYMBOL(kallsyms_names)=": b"SYMBOL(kallsyms_names)=0", b"PAGESIZE=4096": b"PAGESIZE=4097",
            b"SYMBOL(init_top_pgt)=": b"SYMBOL(init_top_pgt)=0", b"NUMBER(pgtable_l5_enabled)=1": b"NUMBER(pgtable_l5_enabled)=0",
        }
        for truth, lie in lies.items():
            self.assertIn(truth, kdump.vmcoreinfo())
            path = self.place / "elf"
            dump_forms.write_elf(path, pages, kdump.vmcoreinfo().replace(truth, lie))
            run = memopsy("info", path)
            self.assertIn(run.status, (0, 1, 3), f"{lie}: {run}")
            if run.status == 3:
                self.assertIn(str(path), run.err, run)
            else:
                # What it says in spite of the lie is the truth.
                self.assertIn("6.1.0-", run.out, f"{lie}: {run}")

    def test_parts_of_different_dumps(self):
        run = memopsy("info", self.sample(), self.sample("6.1-oom-global"))
        self.assertEqual(run.status, 3, run)
        self.assertTrue(run.err.startswith("memopsy: "), run)

    def test_the_verdict_says_what_it_does_not_know(self):
        """Pages missing at random: what could not be judged for want of them stands in the verdict, not only further down."""
        sys.path.insert(0, str(memopsy_cli.SOURCE / "tests/damage"))
        import damage  # pylint: disable=import-outside-toplevel
        path = self.place / "gaps"
        for share, texts in ((0.001, ("Incomplete: Memory of the kernel is missing that may point at what seems to be lost",)),
                             (0.05, ("Not analysed (why: see What this dump cannot tell): ", " leaks"))):
            damage.lose_pages(self.sample("6.1-leak-slab"), path, share, 0)
            run = memopsy("report", path)
            verdict = " ".join(run.out[run.out.index("Verdict\n"):run.out.index("Host: ")].split())
            for text in texts:
                self.assertIn(text, verdict)

    def test_memory_is_bounded(self):
        """Headers that promise the world make nobody allocate it."""
        kdump = self.kdump()
        data = bytearray(kdump.data)
        struct.pack_into("<I", data, 440, 0xfffffff0)
        struct.pack_into("<Q", data, kdump.block + 96, 1 << 50)
        path = self.write("huge", data)
        with subprocess.Popen([memopsy_cli.PROGRAM, "info", path], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                              stderr=subprocess.DEVNULL) as process:
            _, status, usage = os.wait4(process.pid, 0)
            process.returncode = os.waitstatus_to_exitcode(status)
        self.assertIn(process.returncode, (0, 1, 3))
        self.assertLess(usage.ru_maxrss, 500 * 1024)


if __name__ == "__main__":
    main()
