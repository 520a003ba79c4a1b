#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Where output goes: files, pipes that are closed, disks that are full, interruption."""
import csv
import io
import json
import os
import pty
import signal
import stat
import subprocess
import time

import memopsy_cli
from memopsy_cli import Case, main, memopsy


class Output(Case):
    def test_file_is_private_and_whole(self):
        path = self.place / "out"
        path.write_text("what was there before")
        path.chmod(0o644)
        run = self.succeeds(memopsy("dmesg", self.sample(), "-o", path))
        self.assertEqual(run.out, "")
        self.assertEqual(path.read_text(), memopsy("dmesg", self.sample()).out)
        self.assertEqual(stat.S_IMODE(path.stat().st_mode), 0o600)
        self.assertEqual([entry.name for entry in self.place.iterdir()], ["out"])

    def test_file_through_symbolic_link(self):
        (self.place / "link").symlink_to("target")
        (self.place / "target").write_text("old")
        self.succeeds(memopsy("--version"))
        self.succeeds(memopsy("sym", self.sample(), "schedule", "-o", self.place / "link"))
        self.assertTrue((self.place / "link").is_symlink())
        self.assertIn("schedule", (self.place / "target").read_text())

    def test_failed_command_leaves_the_old_file(self):
        path = self.place / "out"
        path.write_text("old")
        self.fails(memopsy("dmesg", self.place / "nothing", "-o", path), 3, "No such file")
        self.fails(memopsy("print", self.sample(), "struct nothing", "-o", path), 1)
        self.assertEqual(path.read_text(), "old")
        self.assertEqual([entry.name for entry in self.place.iterdir()], ["out"])

    def test_no_such_directory(self):
        self.fails(memopsy("dmesg", self.sample(), "-o", self.place / "no/where"), 1, "no/where", "No such file")

    def test_disk_full(self):
        if not os.path.exists("/dev/full"):
            self.skipTest("there is no /dev/full")
        for words in (("info",), ("dmesg",), ("info", "--json"), ("report",), ("read", "--raw")):
            arguments = ["init_uts_ns", "64"] if "read" in words else []
            self.fails(memopsy(*words, self.sample(), *arguments, "-o", "/dev/full"), 1,
                       "cannot write to /dev/full: No space left on device")
            with open("/dev/full", "wb") as full:
                self.fails(memopsy(*words, self.sample(), *arguments, stdout=full), 1,
                           "cannot write to standard output: No space left on device")
        with open("/dev/full", "wb") as full:
            for words in (("help",), ("--version",), ("--help",), ("info", "--help")):
                self.fails(memopsy(*words, stdout=full), 1, "cannot write to standard output: No space left on device")

    def test_closed_pipe_ends_quietly(self):
        for words in (("dmesg",), ("report",), ("dmesg", "--json"), ("print", "struct task_struct")):
            read_end, write_end = os.pipe()
            os.close(read_end)
            words = (words[0], self.sample(), *words[1:])
            run = memopsy(*words, stdout=write_end)
            os.close(write_end)
            self.assertEqual((run.status, run.err), (1, ""), words)

    def test_head_of_long_output(self):
        command = f"\"$MO_PROGRAM\" dmesg '{self.sample()}' | head -n 1"
        done = subprocess.run(["sh", "-c", command], capture_output=True, text=True, check=False)
        self.assertIn("Linux version", done.stdout)
        self.assertEqual(done.stderr, "")

    def test_columns_sort_headings(self):
        run = self.succeeds(memopsy("sym", self.sample(), "init_uts_*", "--columns=name", "--no-headings", "--sort=-name"))
        lines = run.out.split()
        self.assertEqual(lines, sorted(lines, reverse=True))
        self.fails(memopsy("sym", self.sample(), "x", "--columns=colour"), 2, "colour", "address")
        self.fails(memopsy("sym", self.sample(), "x", "--sort=colour"), 2, "colour")

    def test_colour_only_where_wanted(self):
        self.assertNotIn("\x1b", memopsy("report", self.sample()).out)
        self.assertNotIn("\x1b", memopsy("report", self.sample(), "--color=never").out)

    def test_json_of_failures_is_whole(self):
        run = memopsy("sym", self.sample(), "no_such_symbol", "--json")
        self.assertEqual(run.status, 1, run)
        document = json.loads(run.out)
        self.assertEqual(document["status"], "partial")
        self.assertIn("no_such_symbol", document["error"])

    def test_json_of_every_command_is_read_back(self):
        sample = self.sample()
        for words in (["info"], ["dmesg"], ["meminfo"], ["report"], ["plugins"], ["sym", "schedule"], ["vtop", "modules"],
                      ["read", "modules"], ["print", "struct page"], ["print", "struct list_head", "modules"]):
            run = memopsy(words[0], sample, *words[1:], "--json")
            self.assertEqual(run.status, 0, f"{words}: {run}")
            document = json.loads(run.out)
            self.assertEqual(document["schema"], "memopsy-report")
            self.assertEqual(document["command"], words[0])
            self.assertEqual(document["dump"]["build_id"], "eb4fbcd037e7253717950bf2b93bd5566f47c56f")

    def test_long_tables_are_whole_in_json(self):
        data = json.loads(memopsy("report", self.sample(), "--json").out)["data"]
        everything = json.loads(memopsy("slabtop", self.sample(), "--json").out)["data"]["slabtop"]
        self.assertEqual(len(data["slabtop"]), len(everything))
        self.assertGreater(len(everything), 50)
        self.assertNotIn("(others)", [row["name"] for row in data["owners_by_class"]])

    def test_csv_says_what_json_says(self):
        sample = self.sample("6.1-leak-slab")
        for command in ("slabtop", "ps", "usage", "owners", "dmesg", "vmallocinfo", "zoneinfo", "leaks"):
            with self.subTest(command=command):
                tables = json.loads(memopsy(command, sample, "--json").out)["data"]
                out = memopsy(command, sample, "--csv").out
                self.assertNotIn("\n", out.replace("\r\n", ""))
                parts = [list(csv.reader(io.StringIO(part, newline=""))) for part in out.split("\r\n\r\n")]
                self.assertEqual(len(parts), len(tables))
                for (name, rows), (keys, *lines) in zip(tables.items(), parts):
                    rows = [rows] if isinstance(rows, dict) else rows
                    self.assertEqual(len(lines), len(rows), name)
                    for row, line in zip(rows, lines):
                        self.assertEqual(keys, list(row))
                        for key, field in zip(keys, line):
                            value = row[key]
                            if isinstance(value, bool):
                                value = str(value).lower()
                            elif isinstance(value, dict):
                                value = f">={value['at_least']}"
                            elif isinstance(value, float):
                                value, field = round(value, 6), round(float(field), 6)
                            elif value is None:
                                value = ""
                            self.assertEqual(field.removeprefix("'") if str(value)[:1] in "=+-@\t" else field, str(value)
                                             if not isinstance(value, float) else value, (command, key))

    def test_csv_columns_and_refusals(self):
        sample = self.sample()
        lines = memopsy("ps", sample, "--csv", "--columns=comm,pid", "--no-headings").out.split("\r\n")
        self.assertRegex(lines[0], r"^\w+,\d+$")
        self.fails(memopsy("ps", sample, "--csv", "--json"), 2, "--csv or --json, not both")
        self.fails(memopsy("report", sample, "--csv"), 2, "tables of many kinds")

    def test_no_progress_line_in_a_pipe(self):
        self.assertEqual(memopsy("report", self.sample()).err, "")

    def test_interrupt(self):
        """A read without end is stopped by SIGINT, and no file is left."""
        path = self.place / "out"
        process = subprocess.Popen([memopsy_cli.PROGRAM, "read", self.sample(), "--pa", "0", str(1 << 62), "-o", path],
                                   stderr=subprocess.PIPE, stdin=subprocess.DEVNULL, env=dict(os.environ, MEMOPSY_CACHE=""))
        time.sleep(1)
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=20)
        self.assertEqual(process.returncode, -signal.SIGINT, err)
        self.assertIn(b"memopsy: interrupted while reading memory", err)
        self.assertEqual(list(self.place.iterdir()), [])

    def test_progress_line_on_a_terminal(self):
        terminal, child_end = pty.openpty()
        process = subprocess.Popen([memopsy_cli.PROGRAM, "read", self.sample(), "--pa", "0", str(1 << 62), "-o", "/dev/null"],
                                   stderr=child_end, stdin=subprocess.DEVNULL,
                                   env=dict(os.environ, MEMOPSY_CACHE="", TERM="xterm"))
        os.close(child_end)
        time.sleep(1.5)
        process.send_signal(signal.SIGTERM)
        process.wait(timeout=20)
        seen = b""
        try:
            while chunk := os.read(terminal, 4096):
                seen += chunk
        except OSError:
            pass
        os.close(terminal)
        self.assertEqual(process.returncode, -signal.SIGTERM)
        self.assertIn(b"\r\x1b[Kreading memory", seen)
        self.assertRegex(seen, rb"\d+ % .*/s.* left|\d+ %.*/s")
        # What is left on the screen is the message, not the line.
        self.assertTrue(seen.rstrip().endswith(b"interrupted while reading memory"), seen[-200:])


if __name__ == "__main__":
    main()
