#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""A plugin is its own folder and the public headers: check_rooms.py SOURCE.

No plugin includes or builds a file of another folder by `../`, for what several plugins need is in src/mm, behind
include/memopsy.
"""
import pathlib
import re
import sys

FOREIGN = re.compile(r"""^\s*\#\s*include\s*["<](?P<include>[^">]*\.\./[^">]*)[">]|'(?P<source>[^']*\.\./[^']*)'""")


def foreign(source):
    found = set()
    for path in sorted((source / "plugins").rglob("*")):
        if path.name != "meson.build" and path.suffix not in (".c", ".h"):
            continue
        for line in path.read_text(encoding="utf-8").splitlines():
            match = FOREIGN.search(line)
            if match:
                found.add((path.relative_to(source / "plugins").as_posix(), match["include"] or match["source"]))
    return found


def self_check():
    """The pattern finds what it is for, and leaves other lines alone."""
    for line in ('#include "../tasks/x.h"', " # include <../x.h>", "  '../mem_map/page_shape.c',", "files('a.c', '../b.c')"):
        if not FOREIGN.search(line):
            sys.exit(f"FAILED: {line!r} is not found")
    for line in ('#include "x.h"', "  'page_shape.c',", " * one ../ in a comment"):
        if FOREIGN.search(line):
            sys.exit(f"FAILED: {line!r} is no entry of another folder")


def main():
    self_check()
    found = foreign(pathlib.Path(sys.argv[1]))
    for file, entry in sorted(found):
        print(f"plugins/{file} takes {entry}: what several plugins need belongs in src/mm, behind a header of include/memopsy")
    if found:
        sys.exit("FAILED: a plugin includes include/memopsy and its own folder, and nothing else")
    print("ok: no plugin takes anything of another folder")


if __name__ == "__main__":
    main()
