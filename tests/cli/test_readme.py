#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""What README.md shows is what the program prints on the committed samples; `...` stands for lines left out."""
import shlex

from memopsy_cli import Case, SOURCE, main, memopsy

PROMPT = "    $ build/memopsy "


def shown_runs():
    """The words of each command that is shown, and the lines below it."""
    lines = (SOURCE / "README.md").read_text(encoding="utf-8").splitlines()
    for at, line in enumerate(lines):
        if not line.startswith(PROMPT):
            continue
        below = []
        for shown in lines[at + 1:]:
            if shown and not shown.startswith("    "):
                break
            below.append(shown[4:])
        yield shlex.split(line[len(PROMPT):]), below


class Readme(Case):
    def test_shows_real_output(self):
        runs = list(shown_runs())
        self.assertGreaterEqual(len(runs), 4)
        for words, shown in runs:
            with self.subTest(words):
                words = [str(SOURCE / word) if "/" in word else word for word in words]
                real = [line.rstrip() for line in memopsy(*words).out.splitlines()]
                for line in shown:
                    if not line or line == "..." or line.startswith("Dump:"):
                        continue
                    self.assertIn(line, real, "is not printed there")
                    del real[:real.index(line) + 1]


if __name__ == "__main__":
    main()
