# SPDX-License-Identifier: LGPL-2.1-or-later
"""vmallocinfo, line by line, against /proc/vmallocinfo at the moment of the dump; and its JSON against its text.

Where the kernel printed hashed pointers (5.10 without no_hash_pointers), the same hash must stand for the same address
all over, and another one for any other. Areas that were freed and not purged, and stacks of tasks, come and go with every
process that begins or ends: where they differ they are told and not counted."""
import difflib
import json
import re
import sys

import truth

dump, folder, program = truth.arguments()
ADDRESSES = re.compile(r"0x([0-9a-f]+)-0x([0-9a-f]+)( .*)")


def parts(line):
    match = ADDRESSES.fullmatch(line)
    return match.groups() if match else (line, "", "")


def unhash(expected, found):
    """The expected lines with hashes replaced by what memopsy says they stand for, as far as that holds together."""
    real, hashed = {}, {}
    for want, have in zip(expected, found):
        for name, address in zip(parts(want)[:2], parts(have)[:2]):
            if real.setdefault(name, address) != address or hashed.setdefault(address, name) != name:
                print(f"hash {name} stands for {address} and for {real[name]}")
    return ["0x{}-0x{}{}".format(*(real.get(word, word) for word in parts(line)[:2]), parts(line)[2]) for line in expected]


def without_purged(lines, who):
    kept = [line for line in lines if not line.endswith(" unpurged vm_area")]
    if len(kept) != len(lines):
        print(f"{len(lines) - len(kept)} areas are not purged, {who}")
    return kept


def without_stacks(expected, text):
    """Both without the stacks of tasks that only one of them has."""
    only = {True: set(), False: set()}
    for line in difflib.ndiff(expected, text):
        if line[:2] in ("- ", "+ ") and " kernel_clone+" in line and " pages=4 vmalloc" in line:
            print(f"moved: {line}")
            only[line[0] == "-"].add(line[2:])
    return [[line for line in lines if line not in only[is_expected]]
            for lines, is_expected in ((expected, True), (text, False))]


expected = (folder / "proc/vmallocinfo").read_text().splitlines()
text = truth.run(program, "vmallocinfo", dump).decode().splitlines()
rows = json.loads(truth.run(program, "vmallocinfo", dump, "--json"))["data"]["vmallocinfo"]
if len(rows) != len(text):
    print(f"JSON has {len(rows)} areas where text has {len(text)}")
    sys.exit(1)
for row, line in zip(rows, text):
    first, end, rest = parts(line)
    words = rest.split()
    if (row["first_kva"], row["end_kva"], str(row["size_bytes"])) != ("0x" + first, "0x" + end, words[0]):
        print(f"JSON has {row} where text has {line!r}")
        sys.exit(1)
    if row["state"] == "busy" and row["caller"] and not rest.split(None, 1)[1].startswith(row["caller"]):
        print(f"JSON has caller {row['caller']!r} where text has {line!r}")
        sys.exit(1)
if expected != text:
    expected = without_purged(expected, "the kernel says")
    text = without_purged(text, "memopsy says")
if any(line.startswith("0x00000000") for line in expected) and len(expected) == len(text):
    expected = unhash(expected, text)
elif expected != text:
    expected, text = without_stacks(expected, text)
for by in ("caller", "module"):
    held = json.loads(truth.run(program, "vmallocinfo", dump, "--by", by, "--json"))["data"]["vmalloc_holders"]
    if sum(row["areas"] for row in held) < len(rows) or sum(row["address_bytes"] for row in held) < sum(
            row["size_bytes"] for row in rows):
        print(f"--by={by} has lost areas")
        sys.exit(1)


def meminfo(path):
    return {line.split(":")[0]: int(line.split()[1]) for line in path.read_text().splitlines() if ":" in line}


def owned_differ():
    """Memory found page by page, against the kernel's counters. A counter that moved while recording is told only."""
    owned = json.loads(truth.run(program, "vmallocinfo", dump, "--by", "caller", "--json"))["data"]["vmalloc_owned"]
    found = {"VmallocUsed": owned["vmalloc_bytes"] + owned["kernel_stack_bytes"],
             "KernelStack": owned["kernel_stack_bytes"] - owned["idle_stack_bytes"], "Percpu": owned["percpu_bytes"]}
    said = meminfo(folder / "proc/meminfo")
    others = [meminfo(path) for path in (folder / "before/proc/meminfo", folder / "after/proc/meminfo") if path.exists()]
    differ = 0
    for name, n_bytes in found.items():
        if name not in said or said[name] * 1024 == n_bytes:
            continue
        moved = any(other.get(name) != said[name] for other in others) or "oom-panic" in folder.resolve().parent.name
        differ += not moved
        print(f"{'moved: ' if moved else ''}{name} was {said[name]} kB, memopsy finds {n_bytes // 1024} kB")
    return differ


differ = owned_differ()
sys.exit(truth.compare_lines(expected, text) or bool(differ))
