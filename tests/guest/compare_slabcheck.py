# SPDX-License-Identifier: LGPL-2.1-or-later
"""slabcheck on a guest with red zones and poison: nothing is found as it is; then what is planted into a copy, is.

Planted are an overrun into the red zone behind an allocated object of the leaking module, a write into a freed object of
kmalloc-192 (the module's cache has a constructor, so nothing poisons it), and an overwritten free-list pointer."""
import json
import pathlib
import shutil
import struct
import sys
import tempfile

import truth

dump, folder, program = truth.arguments()
settings = folder / "sys/kernel/slab/leak_obj"
if not dump.endswith(".elf"):
    truth.skip("only plain ELF dumps are written into")
if not settings.exists() or (settings / "red_zone").read_text().strip() != "1":
    truth.skip("the guest was not booted with slub_debug=FZPU")


def rows(command, file, *words, **more):
    return json.loads(truth.run(program, command, file, *words, "--json", **more))["data"]


def physical(kva):
    for row in rows("whatis", dump, hex(kva))["whatis"]:
        if row["what"] == "page":
            return int(row["detail"].split("physical ")[1].split(")")[0], 16)
    raise SystemExit(f"whatis knows no memory at {kva:#x}")


def file_offset(pa):
    with open(dump, "rb") as file:
        head = file.read(64)
        offset, count = struct.unpack_from("<Q", head, 32)[0], struct.unpack_from("<H", head, 56)[0]
        file.seek(offset)
        for _ in range(count):
            kind, _, at, _, start, size = struct.unpack("<IIQQQQ", file.read(56)[:40])
            if kind == 1 and start <= pa < start + size:
                return at + pa - start
    raise SystemExit(f"the dump has no memory at {pa:#x}")


if rows("slabcheck", dump)["slabcheck"]:
    print("damage where none was made:", rows("slabcheck", dump)["slabcheck"][:5])
    sys.exit(1)
cache = rows("slab", dump, "leak_obj")["slab"]
objects = rows("objects", dump, "leak_obj")["objects"]
allocated = int([row for row in objects if row["state"] == "allocated"][7]["object"], 16)
free = [int(row["object"], 16) for row in rows("objects", dump, "kmalloc-192", "--free")["objects"]]
if not free:
    truth.skip("kmalloc-192 has no free objects")
link = [int(row["object"], 16) for row in objects if row["state"] == "free"][-1]
with tempfile.TemporaryDirectory() as directory:
    copy = pathlib.Path(directory) / "vmcore"
    shutil.copyfile(dump, copy)
    with open(copy, "r+b") as file:
        file.seek(file_offset(physical(allocated + cache["object_bytes"])))
        file.write(b"OVER")
        file.seek(file_offset(physical(free[0] + 16)))
        file.write(b"AFTER FREE")
    found = rows("slabcheck", copy, statuses=(0, 1))["slabcheck"]
    with open(copy, "r+b") as file:
        file.seek(file_offset(physical(link + cache["freelist_offset_bytes"])))
        file.write(b"\x41" * 8)
    broken = rows("slabcheck", copy, "leak_obj", statuses=(0, 1))["slabcheck"]
seen = {(int(row["object"], 16), row["problem"], int(row["at"], 16), row["found"][:11]) for row in found}
expected = {(allocated, "red zone behind it overwritten", allocated + cache["object_bytes"], "4f 56 45 52"),
            (free[0], "written after it was freed", free[0] + 16, "41 46 54 45")}
wrong = seen ^ expected
for one in wrong:
    print("found and not planted:" if one in seen else "planted and not found:", one)
leaves = [row for row in broken if row["problem"] == "free list leaves" and int(row["object"], 16) == link]
if not leaves:
    print("the overwritten free-list pointer was not found:", broken)
print(f"{len(expected) + 1} planted, {len(expected & seen) + len(leaves)} found, {len(found)} told")
sys.exit(1 if wrong or not leaves else 0)
