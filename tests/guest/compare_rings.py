# SPDX-License-Identifier: LGPL-2.1-or-later
"""owners: memory that the kernel took directly for rings shared with a process (io_uring, perf events), for pipes and for
zram, against what the program that has them, and zram itself, said."""
import json
import sys

import truth

dump, folder, program = truth.arguments()
PAGE = 4096
if json.loads((folder.parent / "guest.json").read_text())["scenario"] != "ring-users":
    truth.skip("no process has rings here")
said = json.loads((folder / "scenario.json").read_text())
held, modules = {}, {}
for row in json.loads(truth.run(program, "owners", dump, "--all", "--json"))["data"]["owners"]:
    if row["evidence"] == "structure":
        held[row["name"]] = held.get(row["name"], 0) + row["size_bytes"]
        modules[row["name"]] = row["module"]
uring, perf, pipes, zram = (held.get(name, 0) for name in ("rings of io_uring", "buffers of perf events", "pipes", "zram0"))
wrong = []
# Both rings are blocks of a power of two pages.
if not said["io_uring_bytes"] <= uring < 2 * said["io_uring_bytes"] + 2 * PAGE:
    wrong.append(f"io_uring: {uring} bytes, {said['io_uring_bytes']} were taken")
# A page may also stand in a list that a CPU has done with (cpu_fbatches), which is a better place than an object.
if not said["perf_bytes"] - 2 * PAGE <= perf <= said["perf_bytes"]:
    wrong.append(f"perf events: {perf} bytes, {said['perf_bytes']} were taken")
# Others may have something in a pipe; a pipe keeps two pages in reserve.
if not said["pipe_bytes"] <= pipes <= said["pipe_bytes"] + 34 * PAGE:
    wrong.append(f"pipes: {pipes} bytes, {said['pipe_bytes']} were written")
if zram != said["zram_used_bytes"] or modules.get("zram0") != "zram":
    wrong.append(f"zram0: {zram} bytes of {modules.get('zram0')}, {said['zram_used_bytes']} are used")
print("\n".join(wrong))
print(f"io_uring {uring >> 10} KiB, perf events {perf >> 10} KiB, pipes {pipes >> 10} KiB, zram0 {zram >> 10} KiB")
sys.exit(1 if wrong else 0)
