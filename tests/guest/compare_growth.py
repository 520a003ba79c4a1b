# SPDX-License-Identifier: LGPL-2.1-or-later
"""What the module grower keeps, container by container: the anchor, the module and the number that leaks --reachable names.
On every other guest no module is said to keep many."""
import json
import re
import sys

import truth

dump, folder, program = truth.arguments()
report = json.loads(truth.run(program, "leaks", dump, "--reachable", "--json", statuses=(0, 1)))
rows = report["data"]["reachable"]
noted = [finding for finding in report["findings"] if finding["id"] == "many-on-one-anchor"]
kept = {cache: (int(count), anchor) for count, cache, anchor in
        re.findall(r"grower: keeps (\d+) of (\w+) on (\w+)", (folder / "dmesg").read_text(errors="replace"))}
wrong = 0
for cache, (count, anchor) in kept.items():
    row = next((row for row in rows if row["cache"] == cache), None)
    if not row:
        wrong += 1
        print(f"{count} of {cache} on {anchor}: memopsy says nothing")
        continue
    names = f"{row['anchor']} {row['path'] or ''}"
    # A few may be lent: the xarray is stored into while objects are taken.
    if anchor not in names or row["module"] != "grower" or row["objects"] != count or row["anchors"] != 1:
        wrong += 1
        print(f"{count} of {cache} on {anchor}: memopsy says {row}")
    else:
        print(f"{count} of {cache}: {row['anchor']}" + (f" < {row['path']}" if row["path"] else ""))
if kept and not noted:
    wrong += 1
    print("no finding names the module")
for finding in noted:
    if not re.search(r"module (grower|leaker|loser|page_taker|vmap_user) ", finding["verdict"]):
        print(f"beside the scenario: {finding['verdict']}")
        wrong += 1
modules = sorted({row["module"] for row in rows if row["module"]})
print(f"{len(kept)} kinds kept, {wrong} wrong; {len(rows)} groups shown, the largest {rows[0]['bytes'] if rows else 0} bytes; "
      f"modules: {', '.join(modules) or 'none'}")
sys.exit(1 if wrong else 0)
