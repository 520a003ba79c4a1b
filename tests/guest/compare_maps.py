# SPDX-License-Identifier: LGPL-2.1-or-later
"""maps of every process, byte for byte, against /proc/PID/maps."""
import os
import subprocess
import sys

import truth


def main():
    dump, folder, program = truth.arguments()
    if "oom-panic" in folder.resolve().parent.name:
        truth.skip("the guest went on after the record, until it panicked")
    options = os.environ.get("MEMOPSY_OPTIONS", "").split()
    equal = differing = lines = moved = 0
    for entry in sorted((folder / "proc").iterdir(), key=lambda path: path.name):
        if not entry.name.isdigit() or not (entry / "maps").exists() or not (entry / "maps").stat().st_size:
            continue
        done = subprocess.run([*program, "maps", dump, entry.name, *options], stdin=subprocess.DEVNULL,
                              capture_output=True, check=False)
        # Bytes that are no UTF-8 are escaped.
        want = (entry / "maps").read_bytes().decode(errors="backslashreplace").encode()
        if done.returncode == 0 and done.stdout == want:
            equal += 1
            lines += want.count(b"\n")
        elif b"record-truth" in (entry / "comm").read_bytes():
            moved += 1
        else:
            differing += 1
            print(f"pid {entry.name}: exit status {done.returncode} {done.stderr.decode(errors='replace')}")
            truth.compare_lines(want.decode(errors="replace").splitlines(),
                                done.stdout.decode(errors="replace").splitlines())
    print(f"maps of {equal} processes equal ({lines} lines), {differing} differ, {moved} moved while recording")
    sys.exit(1 if differing or not equal else 0)


main()
