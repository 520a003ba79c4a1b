# SPDX-License-Identifier: LGPL-2.1-or-later
"""vmstat, line by line, against /proc/vmstat at the moment of the dump; and its JSON against its text.

The record is read and the guest stopped at once, so no counter may have moved: every line is to be equal."""
import json
import sys

import truth

dump, folder, program = truth.arguments()
expected = (folder / "proc/vmstat").read_text().splitlines()
text = truth.run(program, "vmstat", dump).decode().splitlines()
exact = truth.run(program, "vmstat", dump, "--exact").decode().splitlines()
rows = json.loads(truth.run(program, "vmstat", dump, "--json"))["data"]["vmstat"]
if [f"{row['field']} {row['value']}" for row in rows] != text:
    print("JSON and text differ")
    sys.exit(1)
if [f"{row['field']} {row['exact']}" for row in rows] != exact:
    print("JSON and the text of --exact differ")
    sys.exit(1)
sys.exit(truth.compare_lines(expected, text))
