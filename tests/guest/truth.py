# SPDX-License-Identifier: LGPL-2.1-or-later
"""What the comparisons share: running memopsy, and the lines of two texts side by side."""
import os
import pathlib
import re
import subprocess
import sys

SKIP = 77


def skip(why):
    print(why)
    sys.exit(SKIP)


def arguments():
    """DUMP, TRUTH (a folder) and the program's words."""
    if len(sys.argv) < 4:
        print(f"usage: {sys.argv[0]} DUMP TRUTH MEMOPSY...", file=sys.stderr)
        sys.exit(2)
    return sys.argv[1], pathlib.Path(sys.argv[2]), sys.argv[3:]


def run(program, command, dump, *words, statuses=(0,)):
    """Standard output of one memopsy command as bytes; any other exit status ends the comparison."""
    options = os.environ.get("MEMOPSY_OPTIONS", "").split()
    done = subprocess.run([*program, command, dump, *options, *words], stdin=subprocess.DEVNULL, capture_output=True,
                          check=False)
    if done.returncode not in statuses:
        print(f"memopsy {command} ended with {done.returncode}: {done.stderr.decode(errors='replace')}")
        sys.exit(1)
    return done.stdout


def compare_lines(expected, found, may_differ=()):
    """Prints every line that differs and how many are equal; the exit status. may_differ: first words of lines that
    the recording itself moves."""
    equal = differing = moved = 0
    for number in range(max(len(expected), len(found))):
        want = expected[number] if number < len(expected) else "(no line)"
        have = found[number] if number < len(found) else "(no line)"
        if want == have:
            equal += 1
        elif want.split(" ")[0].rstrip(":") in may_differ:
            moved += 1
            print(f"moved: {want!r} -> {have!r}")
        else:
            differing += 1
            print(f"line {number + 1}: the kernel said {want!r}, memopsy says {have!r}")
    print(f"{equal} lines equal, {differing} differ" + (f", {moved} moved while recording" if moved else ""))
    return 1 if differing or not equal else 0


def page_bytes(folder):
    """Of the guest: what a mapping of its first process says."""
    found = re.search(r"^KernelPageSize: +(\d+) kB", (folder / "proc/1/smaps").read_text(), re.MULTILINE)
    return int(found[1]) * 1024 if found else 4096


def pages_on_cpu_lists(zoneinfo):
    return sum(int(number) for number in re.findall(r"^ +count: +(\d+)", zoneinfo.read_text(), re.MULTILINE))


def pages_cpus_gave_back(folder):
    """How many pages the per-CPU lists lost between the first record and the last one, which is the dump's moment."""
    if not (folder / "before/proc/zoneinfo").exists():
        return 0
    return max(0, pages_on_cpu_lists(folder / "before/proc/zoneinfo") - pages_on_cpu_lists(folder / "proc/zoneinfo"))
