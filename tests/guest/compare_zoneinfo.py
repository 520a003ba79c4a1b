# SPDX-License-Identifier: LGPL-2.1-or-later
"""zoneinfo, line by line, against /proc/zoneinfo at the moment of the dump; its JSON against its text.

The record is read and the guest stopped at once, so no counter may have moved: every line is to be equal. A second look
at free memory: the blocks that buddyinfo counts are to be the exact number of free pages, to the page."""
import json
import sys

import truth

dump, folder, program = truth.arguments()
expected = (folder / "proc/zoneinfo").read_text().splitlines()
text = truth.run(program, "zoneinfo", dump).decode().splitlines()
rows = json.loads(truth.run(program, "zoneinfo", dump, "--json"))["data"]["zoneinfo"]
areas = json.loads(truth.run(program, "buddyinfo", dump, "--json"))["data"]["buddyinfo"]

# Every number of the text is the value of a row, in the same order; protection's are on one line.
in_text = [word.strip(",()") for line in text if not line.startswith("Node") for word in line.split()[-1:]
           if word.strip(",()").isdigit() and "protection" not in line]
in_rows = [str(row["value"]) for row in rows if row["part"] not in ("zone", "protection")]
if in_text != in_rows:
    print("JSON and text differ")
    sys.exit(1)
reserves = []
for row in rows:
    if row["part"] == "protection":
        if row["index"] == 0:
            reserves.append([])
        reserves[-1].append(str(row["value"]))
reserves = ["(" + ", ".join(values) + ")" for values in reserves]
if reserves != [line.split(": ", 1)[1] for line in text if "protection" in line]:
    print("JSON and text differ in the reserves of lower zones")
    sys.exit(1)

free = {(row["node"], row["zone"]): row["exact"] for row in rows if row["part"] == "pages" and row["field"] == "free"}
for area in areas:
    blocks = sum(count << int(key.removeprefix("order_")) for key, count in area.items() if key.startswith("order_"))
    if free[area["node"], area["zone"]] != blocks:
        print(f"node {area['node']} zone {area['zone']}: {blocks} pages in free blocks, "
              f"{free[area['node'], area['zone']]} counted as free")
        sys.exit(1)
print(f"{len(areas)} zones with as many pages in free blocks as are counted")
sys.exit(truth.compare_lines(expected, text))
