# SPDX-License-Identifier: LGPL-2.1-or-later
"""buddyinfo, line by line, against /proc/buddyinfo at the moment of the dump; and its JSON against its text."""
import json
import sys

import truth

dump, folder, program = truth.arguments()
expected = (folder / "proc/buddyinfo").read_text().splitlines()
text = truth.run(program, "buddyinfo", dump).decode().splitlines()
rows = json.loads(truth.run(program, "buddyinfo", dump, "--json"))["data"]["buddyinfo"]
from_json = [[str(row["node"]), row["zone"], *(str(row[f"order_{order}"]) for order in range(row["orders"]))]
             for row in rows]
if from_json != [line.replace(",", "").replace("Node", "").replace("zone", "").split() for line in text]:
    print("JSON and text differ")
    sys.exit(1)
sys.exit(truth.compare_lines(expected, text))
