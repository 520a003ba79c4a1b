# SPDX-License-Identifier: LGPL-2.1-or-later
"""numa, line by line, against each node's meminfo in /sys; and its JSON against its text."""
import json
import re
import sys

import truth

dump, folder, program = truth.arguments()
nodes = sorted((folder / "sys/devices/system/node").glob("node*/meminfo"),
               key=lambda path: int(path.parent.name.removeprefix("node")))
if not nodes:
    truth.skip("no meminfo of nodes was recorded")
expected = [line for path in nodes for line in path.read_text().splitlines()]
text = truth.run(program, "numa", dump).decode().splitlines()
rows = json.loads(truth.run(program, "numa", dump, "--json"))["data"]["numa"]
from_json = [(row["node"], row["field"], row["value"], row["unit"]) for row in rows]
from_text = [re.fullmatch(r"Node (\d+) (\S+):\s+(\d+) ?(kB|)", line).groups() for line in text]
if from_json != [(int(node), field, int(value), unit) for node, field, value, unit in from_text]:
    print("JSON and text differ")
    sys.exit(1)
print(f"{len(nodes)} nodes")
sys.exit(truth.compare_lines(expected, text))
