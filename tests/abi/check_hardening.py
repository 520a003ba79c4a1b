#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""What the built binaries carry against hostile dumps: check_hardening.py BUILD, read with binutils."""
import pathlib
import platform
import re
import subprocess
import sys

FAILURES = []


def tool(*command):
    return subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=True).stdout


def expect(condition, path, what):
    if not condition:
        FAILURES.append(f"{path}: {what}")


def check_segments(path):
    """Full RELRO (with all symbols bound at the start), a stack that is no code, nothing both writable and code."""
    segments = tool("readelf", "-lW", path)
    dynamic = tool("readelf", "-dW", path)
    expect("GNU_RELRO" in segments, path, "no RELRO")
    expect(re.search(r"\(FLAGS\).*BIND_NOW|\(FLAGS_1\).*\bNOW\b", dynamic), path, "symbols are bound late")
    expect(re.search(r"GNU_STACK.*\bRW\b", segments), path, "no stack header without E")
    expect(not re.search(r"^\s+\w+\s+0x.*\bRWE\b", segments, re.M), path, "a segment is writable and code")
    expect("TEXTREL" not in dynamic, path, "its code is relocated")


def check_position_independent(path):
    expect(re.search(r"Type:\s+DYN", tool("readelf", "-hW", path)), path, "not position-independent")
    expect(re.search(r"\(FLAGS_1\).*\bPIE\b", tool("readelf", "-dW", path)), path, "no PIE")


def check_cet(path):
    """Where calls land, the code says so. That the file is marked is up to the C library's start files: the linker keeps
    the marks only when every object has them, and Debian's have none."""
    if platform.machine() != "x86_64":
        return
    code = tool("objdump", "-d", "--no-show-raw-insn", path)
    entries = re.findall(r"<(main|mo_\w+|memopsy_\w+)>:\n.*?\t(\w+)", code)
    expect(entries and any(instruction == "endbr64" for _, instruction in entries), path, "no landing pads of CET")
    start_files = tool("cc", "-print-file-name=crti.o").strip()
    if re.search(r"x86 feature:.*\bIBT\b", tool("readelf", "-nW", start_files)):
        expect(re.search(r"x86 feature:.*\bIBT\b.*\bSHSTK\b", tool("readelf", "-nW", path)), path, "no IBT and SHSTK")


def check_code(path):
    """Of the library, which is large enough to need each of them: canaries, checked copies, probes of large frames."""
    symbols = tool("readelf", "--dyn-syms", "-W", path)
    expect("UND __stack_chk_fail" in symbols, path, "no stack protector")
    checked = set(re.findall(r"UND (__\w+_chk)\b", symbols))
    expect(len(checked) >= 3, path, f"not fortified: {sorted(checked)}")
    if platform.machine() == "x86_64":
        code = tool("objdump", "-d", "--no-show-raw-insn", path)
        probe = r"sub\s+\$0x1000,%rsp\n.*(?:or|mov)[bq]\s+\$0x0,\(%rsp\)"
        expect(re.search(probe, code), path, "large frames are not probed")


def main():
    build = pathlib.Path(sys.argv[1])
    program, library = build / "memopsy", build / "libmemopsy.so.0"
    plugins = sorted((build / "plugins").glob("*.so"))
    for path in (program, library, *plugins):
        check_segments(path)
        check_cet(path)
    check_position_independent(program)
    check_code(library)
    protected = sum("UND __stack_chk_fail" in tool("readelf", "--dyn-syms", "-W", path) for path in plugins)
    expect(2 * protected > len(plugins), build / "plugins", f"stack protector in {protected} of {len(plugins)}")
    print("\n".join(FAILURES) or f"the program, its library and {len(plugins)} plugins are hardened")
    sys.exit(1 if FAILURES or not plugins else 0)


if __name__ == "__main__":
    main()
