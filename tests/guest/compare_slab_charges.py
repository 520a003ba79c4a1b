# SPDX-License-Identifier: LGPL-2.1-or-later
"""Slab memory charged to a memory cgroup against its memory.stat.

Every CPU keeps up to a page of what it has charged or given back before it enters it (struct memcg_stock_pcp), of each of
the two kinds, so that much may differ."""
import json
import sys

import truth


dump, folder, program = truth.arguments()
SLACK = 2 * truth.page_bytes(folder)  # two CPUs
stat = folder / "sys/fs/cgroup/services/database/memory.stat"
if not stat.exists():
    truth.skip("no memory cgroup was recorded")
recorded = dict(line.split() for line in stat.read_text().splitlines())
if not int(recorded.get("slab", 0)):
    truth.skip("the cgroup's memory.stat has no slab memory")
rows = json.loads(truth.run(program, "slabtop", dump, "--charged", "--json"))["data"]["slab_cgroups"]
found = {row["cgroup"]: row for row in rows}.get("/services/database")
if not found:
    print("nothing is charged to /services/database:", rows)
    sys.exit(1)
wrong = 0
for kind in ("reclaimable", "unreclaimable"):
    want, have = int(recorded[f"slab_{kind}"]), found[f"{kind}_bytes"]
    print(f"{kind}: {want} bytes by memory.stat, {have} by the objects")
    wrong += abs(want - have) > SLACK
sys.exit(1 if wrong else 0)
