#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The running kernel: what happens without a dump, with and without permission for /proc/kcore."""
import os

from memopsy_cli import Case, main, memopsy


class Live(Case):
    def test_no_kcore(self):
        if os.path.exists("/proc/kcore"):
            self.skipTest("this machine has /proc/kcore")
        self.fails(memopsy("info"), 3, "/proc/kcore", "No such file or directory")
        self.fails(memopsy("vtop", "ffffffff81000000"), 3, "/proc/kcore")

    def test_no_permission(self):
        if not os.path.exists("/proc/kcore"):
            self.skipTest("this machine has no /proc/kcore")
        if os.geteuid() != 0:
            self.fails(memopsy("info"), 3, "/proc/kcore", "Permission denied")
            return
        run = self.as_nobody("info")
        self.fails(run, 3, "/proc/kcore")
        self.assertRegex(run.err, "Permission denied|not permitted")


if __name__ == "__main__":
    main()
