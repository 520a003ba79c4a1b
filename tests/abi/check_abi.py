#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The plugin ABI as others meet it: check_abi.py CHECK BUILD SOURCE.

Everything is installed into a temporary place first, and what is built is built against that, by pkg-config.
"""
import os
import pathlib
import re
import shlex
import shutil
import subprocess
import sys
import tempfile

SKIP = 77


class Installed:
    def __init__(self, build, source, place):
        self.source = source
        self.place = place
        run(["meson", "install", "-C", build, "--no-rebuild", "--quiet", "--destdir", place])
        self.pkgconfig_dir = next(place.rglob("memopsy.pc")).parent
        self.lib_dir = self.pkgconfig_dir.parent
        self.include_dir = next(place.rglob("plugin.h")).parent
        self.program = next(place.rglob("bin/memopsy"))
        self.environment = dict(os.environ, PKG_CONFIG_PATH=str(self.pkgconfig_dir), PKG_CONFIG_SYSROOT_DIR=str(place),
                                LD_LIBRARY_PATH=str(self.lib_dir), MEMOPSY_CACHE="")

    def pkg_config(self, *words):
        return run(["pkg-config", *words, "memopsy"], env=self.environment).stdout.split()

    def memopsy(self, *words):
        return subprocess.run([self.program, *words], stdin=subprocess.DEVNULL, capture_output=True, text=True,
                              env=self.environment, check=False)


def run(command, **options):
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False, **options)
    if done.returncode:
        sys.exit(f"{shlex.join(map(str, command))} failed:\n{done.stdout}{done.stderr}")
    return done


def expect(condition, what, done=None):
    if not condition:
        sys.exit(f"FAILED: {what}" + (f"\nstatus {done.returncode}\n{done.stdout}{done.stderr}" if done else ""))
    print(f"ok: {what}")


def compile_headers(installed, compiler, suffix, options):
    """Each public header compiles alone, first in its file, without a warning."""
    headers = sorted(installed.include_dir.glob("*.h"))
    expect(len(headers) >= 10, f"{len(headers)} headers are installed")
    for header in headers:
        text = installed.place / f"alone{suffix}"
        text.write_text(f"#include <memopsy/{header.name}>\n#include <memopsy/{header.name}>\nextern int nothing;\n")
        run([compiler, *options, "-Wall", "-Wextra", "-Werror", *installed.pkg_config("--cflags"), "-fsyntax-only", text],
            env=installed.environment)
        print(f"ok: {header.name} alone in {suffix}")


def check_headers_c(installed):
    compile_headers(installed, "cc", ".c", ["-std=c11", "-Wpedantic", "-Wstrict-prototypes"])


def check_headers_cxx(installed):
    if not shutil.which("c++"):
        print("no C++ compiler here")
        sys.exit(SKIP)
    compile_headers(installed, "c++", ".cc", ["-std=c++17"])


def check_exports(installed):
    """What the headers declare, the library exports, and nothing else but the program's entry."""
    text = installed.place / "all.c"
    info = installed.place / "all.info"
    text.write_text("".join(f"#include <memopsy/{header.name}>\n" for header in sorted(installed.include_dir.glob("*.h"))))
    run(["gcc", "-std=c11", *installed.pkg_config("--cflags"), "-aux-info", info, "-fsyntax-only", text])
    declared = set()
    for line in info.read_text().splitlines():
        match = re.match(r"/\* (\S+?):\d+:\w+ \*/ extern .*?\b(mo_\w+) \(", line)
        if match and "/memopsy/" in match.group(1):
            declared.add(match.group(2))
    names = run(["nm", "-D", "--defined-only", installed.lib_dir / "libmemopsy.so.0"]).stdout.splitlines()
    exported = {line.split()[-1].split("@")[0] for line in names if line.split()[-2] != "A"}
    expect(len(declared) > 50, f"{len(declared)} functions are declared")
    expect(not declared - exported, f"all declared functions are exported (missing: {sorted(declared - exported)})")
    extra = exported - declared - {"memopsy_main"}
    expect(not extra, f"nothing else is exported (extra: {sorted(extra)})")


def build_example(installed, name, *flags):
    """The example plugin, built by its own Makefile outside of the tree, in a directory that only we can write to."""
    directory = installed.place / name
    shutil.copytree(installed.source / "docs/example-plugin", directory)
    directory.chmod(0o700)
    run(["make", "-C", directory, "CFLAGS=-Werror " + " ".join(flags)], env=installed.environment)
    return directory


def sample(installed):
    path = installed.source / "sample-dumps/6.1-healthy/vmcore"
    if not path.exists():
        print(f"{path} is missing")
        sys.exit(SKIP)
    return path


def check_example(installed):
    directory = build_example(installed, "example")
    done = installed.memopsy("boottime", "--plugin-dir", directory, sample(installed))
    expect(done.returncode == 0, "the example runs on a dump", done)
    expect(re.search(r"Release:\s+6\.1\.0-\S+\nJiffies:\s+\d+\n", done.stdout), "and prints release and ticks", done)
    done = installed.memopsy("help", "boottime", "--plugin-dir", directory)
    expect("jiffies_64" in done.stdout and done.returncode == 0, "help shows its columns", done)
    done = installed.memopsy("plugins", "--plugin-dir", directory, "--json")
    expect('"boottime"' in done.stdout and done.returncode == 0, "it is listed", done)


def check_foreign_abi(installed):
    header = installed.include_dir / "plugin.h"
    abi = int(re.search(r"#define MO_PLUGIN_ABI (\d+)", header.read_text()).group(1))
    variable = installed.pkg_config("--variable=plugin_abi")
    expect(variable == [str(abi)], "the ABI number of pkg-config is the header's")
    newer = installed.place / "newer"
    shutil.copytree(installed.include_dir, newer / "memopsy")
    (newer / "memopsy/plugin.h").write_text(header.read_text().replace(f"MO_PLUGIN_ABI {abi}", f"MO_PLUGIN_ABI {abi + 8}"))
    directory = build_example(installed, "foreign", f"-I{newer}")
    # The Makefile puts pkg-config's directory first; the foreign header has to win.
    run(["make", "-C", directory, "-B", f"PKG_CONFIG=sh -c 'echo -I{newer}'", "CFLAGS=-Werror"], env=installed.environment)
    done = installed.memopsy("plugins", "--plugin-dir", directory)
    expect(done.returncode == 1, "a plugin of another ABI makes the listing partial", done)
    wanted = f"it was built for plugin ABI {abi + 8}, and this memopsy has ABI {abi}: build it again"
    expect(wanted in done.stderr, "the message names both numbers", done)
    expect(str(directory / "boottime.so") in done.stderr, "and the file", done)
    done = installed.memopsy("boottime", "--plugin-dir", directory, sample(installed))
    expect(done.returncode == 2 and "unknown command 'boottime'" in done.stderr, "its command does not exist", done)


def check_refusals(installed):
    directory = build_example(installed, "refused")
    done = installed.memopsy("plugins", "--plugin-dir", installed.place / "nowhere")
    expect(done.returncode == 2 and "plugin directory: " in done.stderr and "No such file" in done.stderr,
           "a directory that is not there", done)
    directory.chmod(0o777)
    done = installed.memopsy("plugins", "--plugin-dir", directory)
    expect(done.returncode == 2 and "because it is world-writable" in done.stderr, "a world-writable directory", done)
    directory.chmod(0o700)
    (directory / "boottime.so").chmod(0o666)
    done = installed.memopsy("plugins", "--plugin-dir", directory)
    expect(done.returncode == 1 and "boottime.so: refused, because it is world-writable" in done.stderr,
           "a world-writable plugin", done)
    (directory / "boottime.so").chmod(0o600)
    (directory / "noise.so").write_bytes(b"no ELF file")
    shutil.copy(directory / "boottime.so", directory / "copy.so")
    done = installed.memopsy("plugins", "--plugin-dir", directory)
    expect("cannot load the plugin: " in done.stderr and "noise.so" in done.stderr, "a file that is no library", done)
    expect("a plugin named boottime was already loaded" in done.stderr, "two plugins of one name", done)
    os.chdir(directory)
    done = installed.memopsy("boottime", sample(installed))
    expect(done.returncode == 2, "nothing is loaded from the working directory", done)
    if os.geteuid() == 0:
        os.chown(directory, 65534, 65534)
        done = installed.memopsy("plugins", "--plugin-dir", directory)
        expect(done.returncode == 2 and "because it belongs to another user (uid 65534)" in done.stderr,
               "a directory of another user", done)


def main():
    check, build, source = sys.argv[1], pathlib.Path(sys.argv[2]), pathlib.Path(sys.argv[3])
    with tempfile.TemporaryDirectory(prefix="memopsy-abi-") as place:
        globals()["check_" + check](Installed(build, source, pathlib.Path(place)))


if __name__ == "__main__":
    main()
