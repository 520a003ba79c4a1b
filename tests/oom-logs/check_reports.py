#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Every field of every report that reports.py can write, against what the plugin takes from it. Usage: check_reports.py
PRINT-EVENTS [--write FOLDER] (writes the logs, one a file, and checks nothing)"""
import os
import pathlib
import subprocess
import sys
import tempfile

import relatives
import reports

SEEDS = (1, 20, 300)


def cases():
    """(name, lines, right answers, page size)"""
    for name, era in reports.ERAS.items():
        for seed in SEEDS:
            for make in (reports.global_oom, reports.memcg_oom, reports.failure):
                report = make(name, seed)
                yield f"{name} {make.__name__} {seed}", report.lines, report.right, era["page"]
        for i, report in enumerate(reports.endings(name, 4)):
            yield f"{name} ending {i}", list(report.lines), dict(report.right), era["page"]
    for seed in SEEDS:
        for i, (lines, right) in enumerate(relatives.others(seed)):
            yield f"other {i} {seed}", lines, {"is_partial": 0, **right}, 4096


def parse(program, lines, page):
    with tempfile.NamedTemporaryFile("w", suffix=".log") as file:
        file.write("\n".join(lines) + "\n")
        file.flush()
        done = subprocess.run([program, file.name, str(page)], capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"print-events failed: {done.stderr}")
    events = {}
    for line in done.stdout.splitlines():
        key, value = line.split("=", 1)
        number, key = key.split(".", 1)
        events.setdefault(int(number), {})[key] = value.strip()
    return events


def check(name, events, right):
    """How many fields are wrong."""
    if len(events) != 1:
        print(f"{name}: {len(events)} events")
        return 1
    have, wrong = events[0], 0
    for key in sorted(set(have) | set(right)):
        want = str(right[key]) if key in right else None
        if have.get(key) != want:
            print(f"{name}: {key}: right is {want}, the plugin has {have.get(key)}")
            wrong += 1
    return wrong


def main():
    if "--write" in sys.argv:
        folder = pathlib.Path(sys.argv[-1])
        for name, lines, _, _ in cases():
            (folder / (name.replace(" ", "-").replace("/", "-") + ".log")).write_text("\n".join(lines) + "\n")
        return
    program = os.path.realpath(sys.argv[1])
    fields = wrong = n = 0
    for name, lines, right, page in cases():
        wrong += check(name, parse(program, lines, page), right)
        fields += len(right)
        n += 1
    print(f"{n} reports, {fields} fields, {wrong} wrong")
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
