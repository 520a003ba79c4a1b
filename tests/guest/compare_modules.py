# SPDX-License-Identifier: LGPL-2.1-or-later
"""modules: --proc byte for byte against /proc/modules; sizes, references and taints against /sys/module, and the place of
each section against the module's code."""
import json
import sys

import truth

dump, folder, program = truth.arguments()
wrong = compared = sections = 0
if "oom-panic" in folder.resolve().parent.name:
    truth.skip("recorded before the panic: references have changed since")
expected = (folder / "proc/modules").read_text()
found = truth.run(program, "modules", dump, "--proc").decode()
rows = json.loads(truth.run(program, "modules", dump, "--json"))["data"]["modules"]


def read(path):
    return path.read_text().strip() if path.exists() else None


def expect(name, have, want):
    global wrong
    if want is not None and str(have) != want:
        print(f"{name}: {have}, and the kernel says {want}")
        wrong += 1


for row in rows:
    place = folder / "sys/module" / row["name"]
    if not place.exists():
        continue
    compared += 1
    core = row["text_bytes"] + row["rodata_bytes"] + row["data_bytes"]
    expect(f"{row['name']} coresize", core, read(place / "coresize"))
    expect(f"{row['name']} initsize", row["init_bytes"], read(place / "initsize"))
    expect(f"{row['name']} refcnt", row["references"], read(place / "refcnt"))
    expect(f"{row['name']} taint", row["taints"], read(place / "taint"))
    text = read(place / "sections/.text")
    if text and int(text, 16):
        sections += 1
        first = int(row["text_kva"], 16)
        if not first <= int(text, 16) < first + row["text_bytes"]:
            print(f"{row['name']}: .text at {text} is not in its code of {row['text_bytes']} bytes at {row['text_kva']}")
            wrong += 1
print(f"{compared} modules compared with /sys/module, {sections} of them with their sections")
if not rows and not expected.strip():
    truth.skip("no module is loaded")
status = truth.compare_lines(expected.splitlines(), found.splitlines())
sys.exit(1 if wrong or not compared else status)
