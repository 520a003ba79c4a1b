# SPDX-License-Identifier: LGPL-2.1-or-later
"""meminfo, line by line, against /proc/meminfo at the moment of the dump; and its JSON against its text."""
import json
import sys

import truth

dump, folder, program = truth.arguments()
expected = (folder / "proc/meminfo").read_text().splitlines()
text = truth.run(program, "meminfo", dump).decode().splitlines()
rows = json.loads(truth.run(program, "meminfo", dump, "--json"))["data"]["meminfo"]
from_json = {row["field"]: row["value"] for row in rows}
for line in text:
    label, value = line.split(":", 1)
    if from_json.get(label) != int(value.split()[0]):
        print(f"JSON has {from_json.get(label)!r} where text has {line!r}")
        sys.exit(1)
sys.exit(truth.compare_lines(expected, text))
