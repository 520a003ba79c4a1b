#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The table of packages in docs/building.md says what debian-packages says: check_packages.py SOURCE."""
import pathlib
import re
import sys

# Rows of the table by the sections that they are; all others are parts of [build].
SECTIONS = {
    "tests": ["check"],
    "sanitizers (`make check`)": ["sanitizers"],
    "`make coverage`, `make tidy`": ["coverage", "tidy"],
    "`make fuzz-targets`": ["fuzz"],
    "fresh systems (`tests/fresh`)": ["fresh"],
}
WITH_THE_COMPILER = ("with", "gcc")  # what the row of the sanitizers says of Debian


def listed(text):
    """{section: ({names in Debian}, {names in Fedora})}"""
    sections = {}
    for line in text.splitlines():
        words = line.split("#")[0].split()
        if not words:
            continue
        if words[0].startswith("["):
            names = sections.setdefault(words[0].strip("[]"), (set(), set()))
        else:
            names[0].add(words[0])
            if words[-1] != "-":
                names[1].add(words[-1])
    return sections


def tabled(text):
    """{row: ({names in Debian}, {names in Fedora})}"""
    rows = {}
    table = text.split("| what for | Debian, Ubuntu | Fedora |\n", 1)[1].split("\n\n", 1)[0]
    for line in table.splitlines()[1:]:
        what, *columns = [cell.strip() for cell in line.strip("|").split("|")]
        debian, fedora = [set(re.sub(r"\([^)]*\)|,", " ", cell).split()) for cell in columns]
        rows[what] = (debian, debian if fedora == {"the", "same"} else fedora)
    return rows


def main():
    source = pathlib.Path(sys.argv[1])
    sections = listed((source / "debian-packages").read_text(encoding="utf-8"))
    rows = tabled((source / "docs" / "building.md").read_text(encoding="utf-8"))
    wrong = [f"the table has no row \"{what}\"" for what in SECTIONS if what not in rows]
    parts = {("build",): (set(), set())}
    for what, (debian, fedora) in rows.items():
        key = tuple(SECTIONS.get(what, ["build"]))
        names = parts.setdefault(key, (set(), set()))
        names[0].update({"gcc"} if debian == set(WITH_THE_COMPILER) else debian)
        names[1].update(fedora)
    for key, names in parts.items():
        for system, said, meant in zip(("Debian", "Fedora"), names, zip(*(sections[section] for section in key))):
            missing = set().union(*meant) - said
            excess = said - set().union(*meant)
            for text, packages in (("not in the table", missing), ("in the table alone", excess)):
                if packages:
                    wrong.append(f"[{', '.join(key)}], {system}: {text}: {' '.join(sorted(packages))}")
    for line in wrong:
        print(line)
    if wrong:
        sys.exit("FAILED: docs/building.md and debian-packages differ")
    print(f"ok: {len(rows)} rows of the table are {len(parts)} parts of debian-packages")


if __name__ == "__main__":
    main()
