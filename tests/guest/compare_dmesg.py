# SPDX-License-Identifier: LGPL-2.1-or-later
"""dmesg against the guest's own; the log may have grown between its recording and the dump."""
import json
import re
import sys

import truth

dump, folder, program = truth.arguments()
path = next((folder / name for name in ("dmesg", "proc/dmesg", "run/record/dmesg") if (folder / name).exists()), None)
if path is None:
    truth.skip("the truth has no dmesg")
# As `dmesg -r` writes it: "<priority>[seconds] text", where priority is facility * 8 + level.
lines = [re.match(r"(?:<(\d+)>)?(.*)", line, re.S).groups() for line in
         path.read_text(errors="backslashreplace").splitlines()]
expected = [text for _, text in lines]
LEVELS = "emerg alert crit err warn notice info debug".split()
FACILITIES = "kern user mail daemon auth syslog lpr news uucp cron authpriv ftp".split()


def as_syslog_prints(printed, rows):
    """(line, priority) of every line, without the last ones of a record of many lines where the guest's log lacks them:
    syslog(2) cuts what passes 1 KiB or so."""
    kept = []
    stamp = None
    for line, row in zip(printed, rows):
        missing = expected[len(kept):len(kept) + 1] != [line]
        if missing and line.split("]")[0] == stamp and kept and expected[len(kept) - 1].split("]")[0] == stamp:
            continue
        stamp = line.split("]")[0]
        kept.append((line, FACILITIES.index(row["facility"]) * 8 + LEVELS.index(row["level"])))
    return kept


kept = as_syslog_prints(truth.run(program, "dmesg", dump).decode(errors="replace").splitlines(),
                        [row for row in json.loads(truth.run(program, "dmesg", dump, "--json"))["data"]["dmesg"]
                         for _ in row["text"].split("\n")])
found = [line for line, _ in kept]
priorities = [priority for _, priority in kept]
wrong = sum(1 for (priority, _), have in zip(lines, priorities) if priority is not None and int(priority) != have)
if wrong:
    print(f"{wrong} lines have another level or facility")
    sys.exit(1)
if len(found) > len(expected):
    print(f"{len(found) - len(expected)} lines came after the recording")
    found = found[:len(expected)]
sys.exit(truth.compare_lines(expected, found))
