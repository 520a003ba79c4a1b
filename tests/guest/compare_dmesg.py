# SPDX-License-Identifier: LGPL-2.1-or-later
"""dmesg against the guest's own; the log may have grown between its recording and the dump."""
import sys

import truth

dump, folder, program = truth.arguments()
path = next((folder / name for name in ("dmesg", "proc/dmesg", "run/record/dmesg") if (folder / name).exists()), None)
if path is None:
    truth.skip("the truth has no dmesg")
expected = path.read_text(errors="replace").splitlines()
found = truth.run(program, "dmesg", dump).decode(errors="replace").splitlines()
if len(found) > len(expected):
    print(f"{len(found) - len(expected)} lines came after the recording")
    found = found[:len(expected)]
sys.exit(truth.compare_lines(expected, found))
