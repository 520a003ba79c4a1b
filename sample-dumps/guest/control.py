#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Runs QEMU for make-guest-dump: waits for the guest to stop itself (pvpanic) or for a text on its console, dumps its
memory in every form asked for, lets it go on, and unpacks what it recorded on the truth disk."""

import argparse
import json
import os
import socket
import subprocess
import sys
import tempfile
import time

BLOCK_BYTES = 512

# The exit status when the guest's kernel died instead of coming to its dump: another try may fare better.
KERNEL_DIED = 75


def say(text):
    print("make-guest-dump: " + text, file=sys.stderr, flush=True)


class Monitor:
    """QEMU's machine protocol over a socket pair: one JSON object a line."""

    def __init__(self, connection, deadline):
        self.connection = connection
        self.deadline = deadline
        self.buffer = b""
        self.events = []

    def receive(self, wait_seconds):
        """The next message, or None when none came in time; raises EOFError when QEMU is gone."""
        end = min(time.monotonic() + wait_seconds, self.deadline)
        while b"\n" not in self.buffer:
            left = end - time.monotonic()
            if left <= 0:
                return None
            self.connection.settimeout(left)
            try:
                data = self.connection.recv(65536)
            except socket.timeout:
                return None
            if not data:
                raise EOFError("QEMU has closed its monitor")
            self.buffer += data
        line, self.buffer = self.buffer.split(b"\n", 1)
        return json.loads(line)

    def execute(self, command, **arguments):
        request = {"execute": command}
        if arguments:
            request["arguments"] = arguments
        self.connection.sendall(json.dumps(request).encode() + b"\n")
        while True:
            message = self.receive(300)
            if message is None:
                raise TimeoutError(command + ": no answer")
            if "event" in message:
                self.events.append(message["event"])
            elif "error" in message:
                raise RuntimeError(command + ": " + message["error"]["desc"])
            elif "return" in message:
                return message["return"]

    def next_event(self, wait_seconds):
        if self.events:
            return self.events.pop(0)
        message = self.receive(wait_seconds)
        return message.get("event") if message else None


def console_tail(out):
    try:
        with open(os.path.join(out, "console.log"), "rb") as log:
            return log.read()[-3000:].decode(errors="replace")
    except OSError:
        return ""


def console_has(out, text):
    try:
        with open(os.path.join(out, "console.log"), "rb") as log:
            return text.encode() in log.read()
    except OSError:
        return False


def wait_for_moment(monitor, options):
    """True when the guest stopped itself, False when the awaited text came; raises when neither did."""
    while time.monotonic() < monitor.deadline:
        event = monitor.next_event(1)
        if event == "GUEST_PANICKED":
            return True
        if event in ("SHUTDOWN", "RESET"):
            raise RuntimeError("the guest ended before the dump")
        if options.expect and console_has(options.out, options.expect):
            time.sleep(options.expect_delay)
            return False
    raise TimeoutError("the guest did not come to the dump in time")


def dump(monitor, options):
    names = {"elf": "vmcore.elf", "kdump-zlib": "vmcore.kdump-zlib"}
    monitor.execute("stop")
    for form in options.formats.split(","):
        path = os.path.join(options.out, names.get(form, "vmcore." + form))
        start = time.monotonic()
        monitor.execute("dump-guest-memory", paging=False, protocol="file:" + path, format=form)
        os.chmod(path, 0o644)
        size = os.path.getsize(path) / 2**20
        say(f"{os.path.basename(path)}: {size:.0f} MiB in {time.monotonic() - start:.1f} s")


def wait_for_end(monitor, options):
    monitor.execute("cont")
    while time.monotonic() < monitor.deadline:
        try:
            event = monitor.next_event(5)
        except EOFError:
            return
        if event == "SHUTDOWN":
            return
    raise TimeoutError("the guest did not end in time")


def next_header(source):
    """The next line that is a header, after any padding of zero bytes (to the next multiple of a block at most)."""
    byte = source.read(1)
    padding = 0
    while byte == b"\0" and padding < 2 * BLOCK_BYTES:
        byte = source.read(1)
        padding += 1
    return byte + source.readline(2 * BLOCK_BYTES)


def unpack_truth(disk, directory):
    """Writes each record of the truth disk below the directory; returns how many there were, and which are partial."""
    count, partial = 0, []
    with open(disk, "rb") as source:
        while True:
            header = next_header(source)
            if not header.startswith(b"MEMOPSY-TRUTH "):
                raise RuntimeError("the truth disk ends without an end mark")
            _, kind, length, path = header.rstrip(b"\n").split(b" ", 3)
            if kind == b"E":
                return count, partial
            content = source.read(int(length))
            name = path.decode()
            target = os.path.normpath(os.path.join(directory, name))
            if not target.startswith(directory + os.sep):
                raise RuntimeError("a path leads out of the truth: " + name)
            os.makedirs(os.path.dirname(target), exist_ok=True)
            if kind == b"L":
                target += ".link"
            elif kind == b"P":
                partial.append(name)
            with open(target, "ab" if kind == b"A" else "wb") as out:
                out.write(content)
            count += kind != b"A"


def build_id_of(notes):
    """The GNU build-id in /sys/kernel/notes."""
    at = notes.find(b"GNU\0")
    while at >= 12:
        size = int.from_bytes(notes[at - 8:at - 4], "little")
        if int.from_bytes(notes[at - 4:at], "little") == 3:
            return notes[at + 4:at + 4 + size].hex()
        at = notes.find(b"GNU\0", at + 4)
    return None


def portable(word, replacements):
    """Directories of this machine by their meaning instead."""
    for replacement in replacements:
        old, new = replacement.split("=", 1)
        word = word.replace(old, new)
    return word


def write_facts(options, self_stopped, qemu_version):
    facts = dict(fact.split("=", 1) for fact in options.fact)
    notes = os.path.join(options.out, "truth/sys/kernel/notes")
    if os.path.exists(notes):
        with open(notes, "rb") as source:
            facts["build_id"] = build_id_of(source.read())
    facts["stopped_by"] = "guest, right after the record" if self_stopped else "text on the console: " + options.expect
    facts["qemu_version"] = qemu_version
    facts["qemu"] = [portable(word, options.replace) for word in options.qemu]
    with open(os.path.join(options.out, "guest.json"), "w", encoding="utf-8") as out:
        json.dump(facts, out, indent=2)
        out.write("\n")


def parse_arguments():
    parser = argparse.ArgumentParser()
    parser.add_argument("--out", required=True)
    parser.add_argument("--truth", required=True)
    parser.add_argument("--timeout", type=float, default=600)
    parser.add_argument("--formats", default="elf")
    parser.add_argument("--expect", default="")
    parser.add_argument("--expect-delay", type=float, default=2)
    parser.add_argument("--fact", action="append", default=[])
    parser.add_argument("--replace", action="append", default=[])
    parser.add_argument("qemu", nargs="+")
    options = parser.parse_args()
    options.out = os.path.abspath(options.out)
    return options


def drive(options, process, connection):
    start = time.monotonic()
    monitor = Monitor(connection, start + options.timeout)
    greeting = monitor.receive(30)
    if greeting is None:
        raise TimeoutError("QEMU does not answer")
    version = greeting["QMP"]["version"]["qemu"]
    monitor.execute("qmp_capabilities")
    self_stopped = wait_for_moment(monitor, options)
    say(f"the guest stands still after {time.monotonic() - start:.0f} s")
    dump(monitor, options)
    if self_stopped:
        wait_for_end(monitor, options)
    if process.poll() is None:
        try:
            monitor.execute("quit")
        except (EOFError, OSError):
            pass
    process.wait(30)
    try:
        count, partial = unpack_truth(options.truth, os.path.join(options.out, "truth"))
        say(f"truth: {count} files" + (", not whole: " + ", ".join(partial) if partial else ""))
    except RuntimeError as error:
        if self_stopped:
            raise
        say(f"no truth but the console: {error}")
    write_facts(options, self_stopped, "{major}.{minor}.{micro}".format(**version))


def main():
    options = parse_arguments()
    with tempfile.TemporaryDirectory(prefix="memopsy-qmp-") as directory:
        path = os.path.join(directory, "monitor")
        listener = socket.socket(socket.AF_UNIX)
        listener.bind(path)
        listener.listen(1)
        listener.settimeout(30)
        process = subprocess.Popen(options.qemu + ["-qmp", "unix:" + path], stdin=subprocess.DEVNULL)
        try:
            connection, _ = listener.accept()
            drive(options, process, connection)
        except (RuntimeError, TimeoutError, EOFError, OSError) as error:
            say(f"{error}; the console's end:\n{console_tail(options.out)}")
            return KERNEL_DIED if console_has(options.out, "Kernel panic - not syncing") else 1
        finally:
            if process.poll() is None:
                process.kill()
                process.wait()
    return 0


if __name__ == "__main__":
    sys.exit(main())
