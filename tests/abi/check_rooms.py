#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""What stands in one place stays there: check_rooms.py SOURCE.

No plugin includes or builds a file of another folder by `../`, for what several plugins need is in src/mm, behind
include/memopsy. Members of struct page and of what overlays it are named in src/mm/page and three headers alone. Which errors
end a run is what mo_error_ends_run() says, and nobody else. Every source file opens with what it is for.
"""
import pathlib
import re
import sys

FOREIGN = re.compile(r"""^\s*\#\s*include\s*["<](?P<include>[^">]*\.\./[^">]*)[">]|'(?P<source>[^']*\.\./[^']*)'""")

ENDS_RUN = re.compile(r"[!=]=\s*MO_E_NO_MEMORY\b|\bMO_E_NO_MEMORY\s*[!=]=")


def own_ends_of_runs(source):
    """Where code asks by itself for memory that is short; it would forget that the user may interrupt."""
    return [f"{path.relative_to(source)}:{number}"
            for folder in ("src", "plugins", "include")
            for path in sorted((source / folder).rglob("*.[ch]")) if path.relative_to(source).as_posix() != "src/base/error.c"
            for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1) if ENDS_RUN.search(line)]


def without_purpose(source):
    """Files whose first lines do not say what they are for."""
    return [path.relative_to(source).as_posix()
            for folder in ("src", "plugins", "include")
            for path in sorted((source / folder).rglob("*.[ch]"))
            if "/*" not in "".join(path.read_text(encoding="utf-8").splitlines(True)[1:9])]


# A row of needs, or an alternative in one, for struct page or for what lies over it.
OF_PAGE = re.compile(r'''"struct (?:page|folio|slab|ptdesc)(?:\."|\.\w|"\s*(?:,|\)))''')
PAGE_HEADERS = ("page.h", "page_overlays.h", "object_charges.h")
ROW = re.compile(r"\bMO_FIELD\w*\(|\.or_names\b")


def rows_of_page(source):
    """A renamed member of struct page is one row: where else one stands."""
    return [f"{path.relative_to(source)}:{number}"
            for folder in ("plugins", "src", "include")
            for path in sorted((source / folder).rglob("*.[ch]"))
            if not path.is_relative_to(source / "src/mm/page") and path.name not in PAGE_HEADERS
            for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
            if ROW.search(line) and OF_PAGE.search(line)]


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
    for line in ('MO_FIELD(L, x, "struct page", "lru", OPTIONAL),', '.or_names = { "struct page.lru" },'):
        if not (ROW.search(line) and OF_PAGE.search(line)):
            sys.exit(f"FAILED: {line!r} is no row of struct page")
    for line in ('MO_FIELD(L, x, "struct page_ext", "flags"),', 'MO_SIZE(L, x, "struct page"),', 'MO_PAGE(L, page),', 'text("struct page"),'):
        if ROW.search(line) and OF_PAGE.search(line):
            sys.exit(f"FAILED: {line!r} is taken for a row of struct page")
    if not ENDS_RUN.search("if (mo_error_code(e) == MO_E_NO_MEMORY)") or ENDS_RUN.search("mo_error_create(MO_E_NO_MEMORY, x)"):
        sys.exit("FAILED: questions for MO_E_NO_MEMORY are not told from other lines")


def main():
    self_check()
    source = pathlib.Path(sys.argv[1])
    found = foreign(source)
    for file, entry in sorted(found):
        print(f"plugins/{file} takes {entry}: what several plugins need belongs in src/mm, behind a header of include/memopsy")
    if found:
        sys.exit("FAILED: a plugin includes include/memopsy and its own folder, and nothing else")
    rows = rows_of_page(source)
    if rows:
        sys.exit(f"FAILED: rows of struct page belong in src/mm/page or memopsy/page_overlays.h: {', '.join(rows)}")
    own = own_ends_of_runs(source)
    if own:
        sys.exit(f"FAILED: mo_error_ends_run() says whether an error ends a run: {', '.join(own)}")
    silent = without_purpose(source)
    if silent:
        sys.exit(f"FAILED: these do not say in their first lines what they are for: {', '.join(silent)}")
    print("ok: no plugin takes anything of another folder")


if __name__ == "__main__":
    main()
