# SPDX-License-Identifier: LGPL-2.1-or-later
"""percpu: what is populated against Percpu of /proc/meminfo and the kernel's counter; each chunk's bitmap against its
count of free bytes; allocations against their chunks, and modules' own variables against what these modules say."""
import json
import sys

import truth

dump, folder, program = truth.arguments()
data = json.loads(truth.run(program, "percpu", dump, "--json"))["data"]
meminfo = {line.split(":")[0]: int(line.split()[1]) for line in (folder / "proc/meminfo").read_text().splitlines()
           if ":" in line}
sums, chunks = data["percpu_sums"], data["percpu_chunks"]
wrong = 0


def expect(name, found, wanted):
    global wrong
    if found != wanted:
        print(f"{name}: {found}, and should be {wanted}")
        wrong += 1


if "Percpu" not in meminfo:
    truth.skip("this kernel does not print Percpu")
if "oom-panic" not in folder.resolve().parent.name:
    expect("populated", sums["populated_bytes"], meminfo["Percpu"] * 1024)
expect("counted", sums["counted_bytes"], sums["populated_bytes"])
for chunk in chunks:
    name = f"chunk {chunk['chunk_kva']}"
    expect(f"{name}: free", chunk["served_bytes"] - chunk["allocated_bytes"], chunk["free_bytes"])
allocations = json.loads(truth.run(program, "percpu", dump, "--allocations", "--json"))["data"]["percpu_allocations"]
expect("allocations", len(allocations), sum(chunk["allocations"] for chunk in chunks))
expect("allocated", sum(row["all_bytes"] for row in allocations), sums["allocated_bytes"])
end = 0
for row in sorted(allocations, key=lambda row: int(row["kva"], 16)):
    if int(row["kva"], 16) < end:
        print(f"{row['kva']} lies within the allocation before it")
        wrong += 1
    end = int(row["kva"], 16) + row["size_bytes"]
modules = json.loads(truth.run(program, "modules", dump, "--json"))["data"]["modules"]
of_modules = {row["module"]: row["size_bytes"] for row in allocations if row["module"]}
for module in modules:
    # The allocator hands out multiples of four bytes.
    if module["percpu_bytes"]:
        expect(f"module {module['name']}", of_modules.get(module["name"]), -(-module["percpu_bytes"] // 4) * 4)
print(f"{len(chunks)} chunks, {len(allocations)} allocations, {len(of_modules)} of modules, "
      f"{sums['populated_bytes'] // 1024} kB populated")
sys.exit(1 if wrong else 0)
