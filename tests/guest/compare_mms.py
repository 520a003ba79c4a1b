# SPDX-License-Identifier: LGPL-2.1-or-later
"""mms: mm_structs without a task. The scenario `cgroups` leaves two, held by open files of /proc/PID/mem; besides them every
kernel has the one that it changes code with."""
import json
import sys

import truth

dump, folder, program = truth.arguments()
rows = json.loads(truth.run(program, "mms", dump, "--json"))["data"]["mms"]
orphans = [row for row in rows if row["users"] == 0]
held = [row for row in orphans if "open file of /proc/PID" in (row["held_by"] or "")]
poking = [row for row in rows if "poking_mm" in (row["held_by"] or "") or "text_poke_mm" in (row["held_by"] or "")]
# Of the architectures here x86 alone has one to change code through.
wanted_poking = 0 if "-arm64-" in folder.resolve().parent.name else 1
wanted = 2 if folder.resolve().parent.name.endswith("-cgroups") else None
if wanted is None:
    truth.skip("this guest leaves no mm without a task")
for row in rows:
    print(row)
print(f"{len(held)} of {wanted} found with their open files, {len(poking)} of {wanted_poking} for changing code")
sys.exit(0 if len(held) == len(orphans) == wanted and len(poking) == wanted_poking else 1)
