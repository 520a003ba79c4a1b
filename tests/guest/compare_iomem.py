# SPDX-License-Identifier: LGPL-2.1-or-later
"""iomem, line by line, against /proc/iomem as root read it; and its JSON against its text."""
import json
import sys

import truth

dump, folder, program = truth.arguments()
expected = (folder / "proc/iomem").read_text().splitlines()
text = truth.run(program, "iomem", dump).decode().splitlines()
rows = json.loads(truth.run(program, "iomem", dump, "--json"))["data"]["iomem"]
from_json = [f"{'':{row['indent']}}{int(row['first_pa'], 16):08x}-{int(row['last_pa'], 16):08x} : {row['name']}"
             for row in rows]
if from_json != text:
    print("JSON and text differ")
    sys.exit(1)
sys.exit(truth.compare_lines(expected, text))
