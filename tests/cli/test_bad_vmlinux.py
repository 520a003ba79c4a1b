#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""A vmlinux that is not the dump's, or says nothing: refused with both build-ids, or with the reason."""
import json
import subprocess

from memopsy_cli import Case, SAMPLES, main, memopsy

OTHER_ID = "0123456789abcdef0123456789abcdef01234567"


class BadVmlinux(Case):
    def build(self, build_id, *flags):
        """A small ELF program that claims a build-id."""
        source = self.place / "kernel.c"
        source.write_text("struct page { unsigned long flags; } some_page;\nint _start(void) { return some_page.flags; }\n")
        path = self.place / "vmlinux"
        link = [f"-Wl,--build-id=0x{build_id}"] if build_id else ["-Wl,--build-id=none"]
        subprocess.run(["cc", "-nostdlib", "-static", "-o", path, source, *link, *flags], check=True)
        return path

    def own_id(self):
        return json.loads((SAMPLES / "6.1-healthy/guest.json").read_text())["build_id"]

    def test_of_another_kernel(self):
        path = self.build(OTHER_ID, "-g")
        self.fails(memopsy("meminfo", self.sample(), "--vmlinux", path), 3, OTHER_ID, self.own_id(), str(path))
        self.fails(memopsy("info", self.sample(), "--vmlinux", path), 3, OTHER_ID, self.own_id())

    def test_without_debug_information(self):
        path = self.build(self.own_id(), "-s")
        self.fails(memopsy("meminfo", self.sample(), "--vmlinux", path, "--types=dwarf"), 3, str(path), "debug information")

    def test_that_is_none(self):
        sample = self.sample()
        self.fails(memopsy("meminfo", sample, "--vmlinux", self.place / "nothing"), 3, "nothing", "No such file")
        self.fails(memopsy("meminfo", sample, "--vmlinux", self.place), 3, str(self.place), "directory")
        text = self.place / "text"
        text.write_text("no vmlinux")
        self.fails(memopsy("meminfo", sample, "--vmlinux", text), 3, str(text), "ELF")
        text.write_bytes(b"")
        self.fails(memopsy("meminfo", sample, "--vmlinux", text), 3, str(text))

    def test_cut_short(self):
        path = self.build(self.own_id(), "-g")
        data = path.read_bytes()
        for size in (len(data) - 1, len(data) // 2, 200, 64, 63, 20):
            path.write_bytes(data[:size])
            run = memopsy("meminfo", self.sample(), "--vmlinux", path, "--types=dwarf")
            self.assertIn(run.status, (1, 3), f"{size}: {run}")
            self.assertTrue(run.err.startswith("memopsy: "), run)

    def test_none_to_be_found(self):
        self.fails(memopsy("meminfo", self.sample(), "--types=dwarf", "--debug-dir", self.place), 3, "vmlinux")

    def test_debug_directory_without_ours(self):
        """A directory that has debug files of another kernel is as good as an empty one."""
        self.build(OTHER_ID, "-g")
        run = self.succeeds(memopsy("meminfo", self.sample(), "--debug-dir", self.place), "MemTotal:")
        self.assertEqual(run.out, memopsy("meminfo", self.sample(), "--types=btf").out)


if __name__ == "__main__":
    main()
