#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Runs that are ended from outside: the dump shrinks under them, or somebody presses Ctrl-C. A message, and nothing half-written."""
import os
import shutil
import signal
import subprocess
import time

from memopsy_cli import Case, PROGRAM, main


class Stopped(Case):
    def start(self, dump, *words):
        environment = dict(os.environ, MEMOPSY_CACHE="")
        # pylint: disable=consider-using-with
        return subprocess.Popen([PROGRAM, *words, str(dump), "-o", str(self.place / "out")], stdin=subprocess.DEVNULL,
                                stderr=subprocess.PIPE, env=environment)

    def leftovers(self):
        return sorted(path.name for path in self.place.iterdir() if path.name.startswith("out"))

    def test_shrinks_while_it_is_read(self):
        dump = self.place / "dump"
        statuses = set()
        for delay in (0.02, 0.05, 0.1, 0.15, 0.2, 0.3):
            shutil.copy(self.sample(), dump)
            process = self.start(dump, "report")
            time.sleep(delay)
            os.truncate(dump, 100000)
            err = process.communicate(timeout=60)[1].decode()
            statuses.add(process.returncode)
            self.assertIn(process.returncode, (0, 1, 3), err)
            if "became shorter while it was read" in err:
                self.assertIn(process.returncode, (1, 3), err)
                self.assertEqual(self.leftovers(), [], err)
            (self.place / "out").unlink(missing_ok=True)
        self.assertNotIn(-signal.SIGBUS, statuses)

    def test_interrupted(self):
        for delay in (0.01, 0.05, 0.1, 0.2, 0.4):
            process = self.start(self.sample(), "report")
            time.sleep(delay)
            process.send_signal(signal.SIGINT)
            err = process.communicate(timeout=60)[1].decode()
            self.assertIn(process.returncode, (0, -signal.SIGINT), err)
            self.assertEqual(self.leftovers(), ["out"] if process.returncode == 0 else [], err)
            (self.place / "out").unlink(missing_ok=True)


if __name__ == "__main__":
    main()
