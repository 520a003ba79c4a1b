#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Passes that run in several threads say what they say in one. Under ThreadSanitizer: and do not race."""
import json

from memopsy_cli import Case, main, memopsy

# Those that read all of memory, or all struct pages, slabs or words of the kernel, in parallel.
COMMANDS = ("usage", "slabinfo", "leaks", "owners", "refs")
KERNEL_DATA = "init_task"


class Threads(Case):
    def said(self, threads, *words):
        run = memopsy(*words, "--json", environment={"MEMOPSY_THREADS": str(threads)})
        self.assertIn(run.status, (0, 1), run)
        self.assertNotIn("Sanitizer", run.err, run)
        document = json.loads(run.out)
        self.assertTrue(document["data"], run)
        return document

    def test_same_in_one_and_in_four(self):
        dump = self.sample("6.1-leak-slab")
        for command in COMMANDS:
            words = [command, dump] + ([KERNEL_DATA] if command == "refs" else [])
            with self.subTest(command=command):
                self.assertEqual(self.said(4, *words), self.said(1, *words))


if __name__ == "__main__":
    main()
