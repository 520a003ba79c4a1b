# SPDX-License-Identifier: LGPL-2.1-or-later
"""The table of operations (operations.txt), read."""

import dataclasses
import pathlib

CACHE_STATES = ("cold", "warm", "dump")


@dataclasses.dataclass(frozen=True)
class Operation:
    name: str
    cache: str
    memopsy: tuple  # arguments, {dump} and {vmlinux} not yet replaced; empty: memopsy has no such operation
    crash: tuple  # commands; empty: crash has no such operation
    drgn: str  # script; empty: drgn has no such operation

    @property
    def title(self):
        return f"{self.name}, {self.cache}"


def read_row(row, where):
    cells = [cell.strip() for cell in row.split("|")]
    if len(cells) != 5 or not cells[0]:
        raise SystemExit(f"{where}: not \"name | cache | memopsy | crash | drgn\": {row}")
    name, cache, memopsy, crash, drgn = ("" if cell == "-" else cell for cell in cells)
    if cache not in CACHE_STATES:
        raise SystemExit(f"{where}: cache is {cache}, not one of {', '.join(CACHE_STATES)}")
    commands = tuple(command.strip() for command in crash.split(";") if command.strip())
    return Operation(name=name, cache=cache, memopsy=tuple(memopsy.split()), crash=commands, drgn=drgn)


def read_table(path):
    rows = []
    for number, line in enumerate(pathlib.Path(path).read_text().splitlines(), start=1):
        if line.strip() and not line.startswith("#"):
            rows.append(read_row(line, f"{path}:{number}"))
    return rows
