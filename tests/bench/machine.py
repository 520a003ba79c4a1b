# SPDX-License-Identifier: LGPL-2.1-or-later
"""The facts that a figure means nothing without: the machine, the programs' versions, the dump."""

import os
import pathlib
import platform
import struct
import subprocess


def first_match(path, key):
    try:
        for line in pathlib.Path(path).read_text().splitlines():
            if line.startswith(key):
                return line.split(":", 1)[1].strip()
    except OSError:
        pass
    return None


def facts():
    memory = first_match("/proc/meminfo", "MemTotal") or "0 kB"
    return {
        "cpu": first_match("/proc/cpuinfo", "model name") or platform.machine(),
        "cores": len(os.sched_getaffinity(0)),
        "memory_mib": int(memory.split()[0]) >> 10,
        "kernel": platform.release(),
        "load_average": list(os.getloadavg()),
    }


def elf_guest_bytes(data):
    """The memory that an ELF core's PT_LOADs hold; None where the header is not one."""
    if data[4] != 2 or data[5] != 1:
        return None
    offset, = struct.unpack_from("<Q", data, 0x20)
    size, count = struct.unpack_from("<HH", data, 0x36)
    if size < 56 or offset + size * count > len(data):
        return None
    loads = (struct.unpack_from("<I28xQQ", data, offset + size * i) for i in range(count))
    return sum(file_bytes for kind, file_bytes, _ in loads if kind == 1)


def dump_facts(path):
    with open(path, "rb") as dump:
        data = dump.read(65536)
    guest = None
    if data.startswith(b"\x7fELF"):
        kind, guest = "ELF", elf_guest_bytes(data)
    elif data.startswith(b"KDUMP   "):
        kind = "kdump-compressed"
    elif data.startswith(b"makedumpfile"):
        kind = "flattened"
    else:
        kind = "unknown"
    return {
        "path": str(path),
        "format": kind,
        "file_mib": os.path.getsize(path) >> 20,
        "memory_mib": guest >> 20 if guest else None,
    }


def version(argv, env=None):
    """The first words of what a program says of its version."""
    try:
        done = subprocess.run([*argv, "--version"], env=env, stdin=subprocess.DEVNULL, capture_output=True, timeout=60)
    except (OSError, subprocess.TimeoutExpired):
        return None
    lines = [line for line in done.stdout.decode(errors="replace").splitlines() if any(c.isdigit() for c in line)]
    return " ".join(lines[0].split()[:2]) if lines else None


def read_into_page_cache(*paths):
    """So that the first program measured does not pay for the disk."""
    for path in paths:
        if path:
            with open(path, "rb", buffering=0) as file:
                while file.read(1 << 22):
                    pass
