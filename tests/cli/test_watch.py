#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""memopsy watch and snapshot, report --sections, and the limits that the user sets: a dump stands for the running kernel."""
import json
import os
import pty
import signal
import struct
import subprocess
import termios
import fcntl
import time

import memopsy_cli
from memopsy_cli import PROGRAM, memopsy


class Watch(memopsy_cli.Case):
    def test_lines_of_json(self):
        run = self.succeeds(memopsy("watch", self.sample(), "--json", "--interval=1", "--count=2"))
        lines = [json.loads(line) for line in run.out.splitlines()]
        self.assertEqual([line["command"] for line in lines], ["watch", "watch"])
        for line in lines:
            self.assertEqual((line["data"]["changes"], line["status"]), ([], "complete"))
            self.assertIn("memory in use grew by 0 B", line["notes"][0])

    def test_text(self):
        run = self.succeeds(memopsy("watch", self.sample(), "-n", "1", "--count=1", "--all"), "What grew", "(none)")
        self.assertNotIn("\x1b", run.out)

    def test_wrong_lines(self):
        self.fails(memopsy("watch", self.sample(), "--interval=0"), 2, "--interval")
        self.fails(memopsy("watch", self.place / "none", "--count=1"), 3, "none")
        self.fails(memopsy("watch", self.sample(), self.sample()), 2, "watch")

    def start(self, *words, **options):
        return subprocess.Popen([PROGRAM, "watch", self.sample(), *words], stdin=subprocess.DEVNULL,
                                env=dict(os.environ, MEMOPSY_CACHE=""), **options)

    def test_interrupted(self):
        """Before anything was shown it ends by the signal, afterwards with status 0; never in the middle of a line."""
        process = self.start("--json", "-n", "1", stdout=subprocess.PIPE)
        first = process.stdout.readline()
        process.send_signal(signal.SIGINT)
        rest = process.communicate(timeout=60)[0]
        self.assertEqual(process.returncode, 0)
        for line in (first + rest).splitlines():
            json.loads(line)
        process = self.start("-n", "1000", stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        time.sleep(1)
        process.send_signal(signal.SIGINT)
        self.assertEqual(process.communicate(timeout=60)[0], b"")
        self.assertEqual(process.returncode, -signal.SIGINT)

    def test_screen(self):
        """On a terminal it draws over the screen, no wider than that."""
        master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 60, 0, 0))
        process = self.start("-n", "1", "--count=1", "--all", stdout=slave)
        os.close(slave)
        text = b""
        while True:
            try:
                part = os.read(master, 4096)
            except OSError:
                break
            if not part:
                break
            text += part
        os.close(master)
        self.assertEqual(process.wait(timeout=60), 0)
        self.assertIn(b"\x1b[H\x1b[J", text)
        for line in text.decode().split("\x1b[H\x1b[J")[-1].splitlines():
            self.assertLessEqual(len(line), 60, line)

    def test_snapshot(self):
        path = self.place / "snap.json"
        self.succeeds(memopsy("snapshot", path, self.sample()))
        self.assertEqual(path.stat().st_mode & 0o777, 0o600)
        document = json.loads(path.read_text())
        self.assertEqual((document["command"], document["status"]), ("report", "complete"))
        whole = json.loads(memopsy("report", "--json", self.sample()).out)
        self.assertEqual(document["data"]["usage"], whole["data"]["usage"])
        self.succeeds(memopsy("diff", path, self.sample()), "Compared")

    def test_snapshot_fails(self):
        path = self.place / "snap.json"
        self.fails(memopsy("snapshot", path, self.place / "none"), 3, "none")
        self.assertFalse(path.exists())
        self.fails(memopsy("snapshot", self.place / "no" / "folder", self.sample()), 1, "folder")
        self.fails(memopsy("snapshot"), 2, "FILE")

    def test_sections(self):
        document = json.loads(memopsy("report", "--json", "--sections=usage,slabs", self.sample()).out)
        names = [section["name"] for section in document["sections"]]
        self.assertEqual(names, ["verdict", "identity", "usage", "slabs", "last_messages", "completeness"])
        self.fails(memopsy("report", "--sections=usage,nothing", self.sample()), 2, 'no section "nothing"')

    def test_limits(self):
        self.fails(memopsy("leaks", self.sample(), "--max-rss=1"), 1, "stopped at the 1 MiB of resident memory of --max-rss")
        self.succeeds(memopsy("meminfo", self.sample(), "--max-rss=4000", "--max-seconds=100"))
        started = time.monotonic()
        run = memopsy("watch", self.sample(), "-n", "50", "--max-seconds=2")
        self.fails(run, 1, "stopped after the 2 s of --max-seconds")
        self.assertLess(time.monotonic() - started, 20)


if __name__ == "__main__":
    memopsy_cli.main()
