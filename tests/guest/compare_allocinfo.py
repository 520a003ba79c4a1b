# SPDX-License-Identifier: LGPL-2.1-or-later
"""allocinfo, line by line, against /proc/allocinfo at the moment of the dump; and its JSON against its text. Reading the
rest of the truth allocates and frees: a place whose counts differ between two recordings is told, and not counted."""
import json
import re
import sys

import truth

# What the reader of /proc/allocinfo itself holds while it reads: one of each, gone when the file is closed.
OF_THE_READER = ("func:seq_open", "func:seq_buf_alloc", "func:proc_reg_open", "func:allocinfo_start", "func:alloc_empty_file")
LINE = re.compile(r" *(-?\d+) +(\d+) (.*)")

dump, folder, program = truth.arguments()
record = folder / "proc/allocinfo"
text = truth.run(program, "allocinfo", dump).decode(errors="replace").splitlines()
if not record.exists():
    if not text or not text[0].startswith("This kernel "):
        print(f"there is no /proc/allocinfo, and memopsy says {text[:2]}")
        sys.exit(1)
    truth.skip("the kernel kept no counts of allocations, and memopsy says so")


def counts(lines):
    """Bytes and calls by place; a place may stand there several times, as inline functions are."""
    found = {}
    for line in lines:
        match = LINE.fullmatch(line)
        if match:
            found.setdefault(match[3], []).append((int(match[1]), int(match[2])))
    return found


expected = record.read_text(errors="replace").splitlines()
others = [counts((folder / part / "proc/allocinfo").read_text(errors="replace").splitlines())
          for part in ("before", "after") if (folder / part / "proc/allocinfo").exists()]
said = counts(expected)
differ = equal = moved = own = 0


def is_of_the_reader(want, have):
    """Whether the kernel counted just the reader's own one more."""
    kernel, ours = LINE.fullmatch(want), LINE.fullmatch(have)
    return bool(kernel and ours and kernel[3] == ours[3] and kernel[3].strip().endswith(OF_THE_READER)
                and int(kernel[2]) == int(ours[2]) + 1 and int(kernel[1]) > int(ours[1]))


if len(expected) != len(text):
    print(f"the kernel has {len(expected)} lines, memopsy {len(text)}")
    differ += 1
for number, (want, have) in enumerate(zip(expected, text), 1):
    place = LINE.fullmatch(want)
    place = place[3] if place else None
    if want == have:
        equal += 1
    elif is_of_the_reader(want, have):
        own += 1
    elif place and LINE.fullmatch(have) and LINE.fullmatch(have)[3] == place and any(
            other.get(place) != said[place] for other in others):
        moved += 1
        print(f"moved: {want!r} -> {have!r}")
    else:
        differ += 1
        print(f"line {number}: the kernel said {want!r}, memopsy says {have!r}")
rows = json.loads(truth.run(program, "allocinfo", dump, "--json"))["data"]["allocinfo"]
for row, line in zip(rows, text[2:]):
    module = f"[{row['module']}] " if row["module"] else ""
    if line != f"{row['bytes']:12} {row['calls']:8} {row['file']}:{row['line']} {module}func:{row['function']} ":
        print(f"JSON has {row} where text has {line!r}")
        differ += 1
if len(rows) != len(text) - 2:
    print(f"JSON has {len(rows)} places where text has {len(text) - 2}")
    differ += 1
print(f"{equal} lines equal, {differ} differ, {moved} moved while recording, {own} count the reader itself")
sys.exit(1 if differ or not equal or own > len(OF_THE_READER) or moved * 10 > equal else 0)
