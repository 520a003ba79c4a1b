# SPDX-License-Identifier: LGPL-2.1-or-later
"""A kernel log rewritten into every form in which logs come: what a reader of logs must see through."""
import datetime
import gzip
import json
import lzma
import quopri
import random
import re

BOOT = datetime.datetime(2026, 12, 1, 8, 0, 0, tzinfo=datetime.timezone.utc)
LEVELS = ["emerg", "alert", "crit", "err", "warn", "notice", "info", "debug"]


class Line:
    def __init__(self, level, microseconds, text):
        self.level, self.us, self.text = level, microseconds, text
        self.when = BOOT + datetime.timedelta(microseconds=microseconds)

    @property
    def stamp(self):
        return f"[{self.us // 1000000:5d}.{self.us % 1000000:06d}]"

    @property
    def short(self):
        return f"{self.when:%b} {self.when.day:2d} {self.when:%H:%M:%S}"


def parse(text):
    """Lines of `dmesg -r`."""
    found = (re.match(r"<(\d+)>\[ *(\d+)\.(\d{6})\] ?(.*)", line) for line in text.splitlines())
    return [Line(int(m[1]), int(m[2]) * 1000000 + int(m[3]), m[4]) for m in found if m]


def of_text(text):
    """Lines of a report that has no prefixes at all."""
    return [Line(4, 5000000 + 10 * i, line) for i, line in enumerate(text.splitlines())]


def each(make):
    return lambda lines: "".join(make(line) + "\n" for line in lines).encode()


NOISE = ["systemd[1]: Started thing.", "sshd[77]: Out of memory: Killed process 4711 (decoy) total-vm:1kB, anon-rss:1kB",
         "CRON[5]: (root) CMD (true)", "my app[9]: [   99.000000] decoy invoked oom-killer: order=0"]


def mixed(make, tag):
    """Lines of other programs between those of the kernel."""
    def form(lines):
        out = []
        for i, line in enumerate(lines):
            out.append(make(line))
            if i % 7 == 0:
                out.append(tag(line) + NOISE[i // 7 % len(NOISE)])
        return ("\n".join(out) + "\n").encode()
    return form


def journal_json(lines):
    out = []
    for i, line in enumerate(lines):
        real = int(line.when.timestamp()) * 1000000 + line.us % 1000000
        out.append(json.dumps({"__REALTIME_TIMESTAMP": str(real + 40), "__MONOTONIC_TIMESTAMP": str(line.us + 40),
                               "_SOURCE_MONOTONIC_TIMESTAMP": str(line.us), "_HOSTNAME": "node", "PRIORITY": str(line.level),
                               "SYSLOG_IDENTIFIER": "kernel", "_TRANSPORT": "kernel",
                               "MESSAGE": line.text if i % 5 else [b for b in line.text.encode()]}))
        out.append(json.dumps({"_TRANSPORT": "stdout", "SYSLOG_IDENTIFIER": "x", "MESSAGE": "Out of memory: Killed process 9 (x)"}))
    return ("\n".join(out) + "\n").encode()


def journal_export(lines):
    out = b""
    for i, line in enumerate(lines):
        text = line.text.encode()
        message = b"MESSAGE\n" + len(text).to_bytes(8, "little") + text if i % 5 == 0 else b"MESSAGE=" + text
        out += (f"__CURSOR=s=1;i={i}\n__MONOTONIC_TIMESTAMP={line.us}\nPRIORITY={line.level}\n_TRANSPORT=kernel\n"
                "_HOSTNAME=node\n").encode() + message + b"\n\n"
    return out


def netconsole(lines):
    out = []
    for i, line in enumerate(lines):
        head = f"{line.level},{100 + i},{line.us},-"
        text = line.text.replace("\t", "\\x09")
        if len(text) > 60:
            out.append(f"{head},ncfrag=0/{len(text)};{text[:40]}")
            out.append(f"{head},ncfrag=40/{len(text)};{text[40:]}")
        else:
            out.append(f"{head};{text}")
    return ("\n".join(out) + "\n").encode()


def cri(lines):
    out = []
    for line in lines:
        when = f"{line.when:%Y-%m-%dT%H:%M:%S.%f}Z"
        text = f"{line.stamp} {line.text}"
        if len(text) > 120:
            out.append(f"{when} stdout P {text[:100]}")
            text = text[100:]
        out.append(f"{when} stdout F {text}")
    return ("\n".join(out) + "\n").encode()


def docker(lines):
    return "".join(json.dumps({"log": f"{line.stamp} {line.text}\n", "stream": "stdout",
                               "time": f"{line.when:%Y-%m-%dT%H:%M:%S.%f}Z"}) + "\n" for line in lines).encode()


def console(lines):
    """A serial line: CRLF, colours, a program that writes into the kernel's lines, NULs of a reset."""
    out = ["\0\0\033[2J\033[01;01H", "Booting\r"]
    for i, line in enumerate(lines):
        text = f"\033[32m{line.stamp}\033[0m \033[33m{line.text}\033[0m"
        out.append(("[\033[0;32m  OK  \033[0m] Started thing." if i % 11 == 3 else "") + text + "\r\r" * (i % 2))
    return "\r\n".join(out).encode()


def glued(lines):
    """Two lines of the kernel on one line of the text."""
    out = ""
    for i, line in enumerate(lines):
        out += f"{line.stamp} {line.text}" + ("" if i % 3 == 1 and line.text and line.text[-1] != " " else "\n")
    return out.encode()


def hosts(lines):
    """The same report of two machines at the same time, and the one of the other has no part in it."""
    out = []
    for line in lines:
        out.append(f"{line.short} node kernel: {line.stamp} {line.text}")
        out.append(f"{line.short} other kernel: {line.stamp} usb 1-1: new device")
    return ("\n".join(out) + "\n").encode()


def octal(lines):
    """rsyslog: several lines in one message."""
    out = []
    for i in range(0, len(lines), 4):
        out.append(f"{lines[i].short} node kernel: " + "#012".join(line.text for line in lines[i:i + 4]))
    return ("\n".join(out) + "\n").encode()


def numbered(make, line_form="{number:6d}\t{text}"):
    """Copies with line numbers: nl, cat -n, less -N, grep -n."""
    return lambda lines: "".join(line_form.format(number=100 + i, text=make(line)) + "\n" for i, line in enumerate(lines)).encode()


def journal_verbose(lines):
    out = []
    for i, line in enumerate(lines):
        out.append(f"{line.when:%a %Y-%m-%d %H:%M:%S.%f} UTC [s=0a1b;i={i:x};b=0c;m={line.us:x};t=5;x=7]")
        out += [f"    _SOURCE_MONOTONIC_TIMESTAMP={line.us}", "    _TRANSPORT=kernel", f"    PRIORITY={line.level}", "    _HOSTNAME=node",
                "    SYSLOG_IDENTIFIER=kernel", f"    MESSAGE={line.text}"]
        if i % 7 == 0:
            out += [f"{line.when:%a %Y-%m-%d %H:%M:%S.%f} UTC [s=0a1b;i={i:x};b=0c;m=1;t=5;x=7]", "    _TRANSPORT=stdout",
                    "    SYSLOG_IDENTIFIER=x", "    MESSAGE=Out of memory: Killed process 9 (x)", "    more of it"]
    return ("\n".join(out) + "\n").encode()


def json_pretty(lines):
    """journalctl -o json-pretty: a member a line."""
    objects = [json.loads(line) for line in journal_json(lines).splitlines()]
    return "".join("{\n" + ",\n".join(f"\t{json.dumps(key)} : {json.dumps(value, indent=2 if i % 2 else None)}"
                                      for key, value in members.items()) + "\n}\n" for i, members in enumerate(objects)).encode()


def dmesg_json(lines):
    """dmesg --json (util-linux 2.38 on)."""
    rows = ",".join(f'{{\n         "pri": {line.level},\n         "time":{line.us // 1000000:6d}.{line.us % 1000000:06d},\n'
                    f'         "msg": {json.dumps(line.text)}\n      }}' for line in lines)
    return f'{{\n   "dmesg": [\n      {rows}\n   ]\n}}\n'.encode()


def short_delta(lines):
    """journalctl -o short-delta: the first entry, and that of another boot, has no difference."""
    return "".join(line.stamp[:-1] + (f" <{0:5d}.000010 >" if i else " " * 17) + f"] node kernel: {line.text}\n"
                   for i, line in enumerate(lines)).encode()


def html(lines):
    """A page of the web saved as it is, one line after the other."""
    return "".join(escape(f"<{line.level}>{line.stamp} {line.text}") + "\n" for line in lines).encode()


def html_breaks(lines):
    return "".join(escape(f"{line.stamp} {line.text}") + "<br />\n" for line in lines).encode()


def escape(text):
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace('"', "&quot;")


def wrapped(make, width, quote=""):
    """A mail program breaks lines between words where the next one has no room, and quotes what it has broken."""
    def form(lines):
        out = ""
        for line in lines:
            row = ""
            for word in re.findall(r" *[^ ]+ *", make(line)):
                if row and len(row) + len(word.rstrip(" ")) > width:
                    out += quote + row.rstrip(" ") + "\n"
                    row = ""
                row += word
            out += quote + row + "\n"
        return out.encode()
    return form


def hard_wrapped(make, width):
    """A terminal breaks lines within words."""
    return lambda lines: "".join("\n".join(text[i:i + width] for i in range(0, len(text), width)) + "\n"
                                 for text in (make(line).rstrip(" ") for line in lines)).encode()


def quoted_printable(lines):
    return b"Content-Transfer-Encoding: quoted-printable\n\n" + b"".join(
        quopri.encodestring(f"{line.stamp} {line.text}\n".encode()) for line in lines)


def day(line):
    return f"{line.when:%a %b} {line.when.day:2d} {line.when:%H:%M:%S %Y}"


FORMS = {
    "raw": each(lambda line: f"<{line.level}>{line.stamp} {line.text}"),
    "stamped": each(lambda line: f"{line.stamp} {line.text}"),
    "bare": each(lambda line: line.text),
    "ctime": each(lambda line: f"[{day(line)}] {line.text}"),
    "decoded": each(lambda line: f"kern  :{LEVELS[line.level]:6}: {line.stamp} {line.text}"),
    "decoded-ctime": each(lambda line: f"kern  :{LEVELS[line.level]:6}: [{day(line)}] {line.text}"),
    "caller": each(lambda line: f"{line.stamp}[  T123] {line.text}"),
    "caller-dmesg": each(lambda line: f"{line.stamp} [    C1] {line.text}"),
    "dmesg-iso": each(lambda line: f"{line.when:%Y-%m-%dT%H:%M:%S},{line.us % 1000000:06d}+00:00 {line.text}"),
    "delta": each(lambda line: f"[  +0.000010] {line.text}"),
    "journal-short": mixed(lambda line: f"{line.short} node kernel: {line.text}", lambda line: f"{line.short} node "),
    "journal-no-host": each(lambda line: f"{line.short} kernel: {line.text}"),
    "journal-precise": mixed(lambda line: f"{line.short}.{line.us % 1000000:06d} node kernel: {line.text}",
                             lambda line: f"{line.short}.000000 node "),
    "journal-iso": mixed(lambda line: f"{line.when:%Y-%m-%dT%H:%M:%S}+0000 node kernel: {line.text}",
                         lambda line: f"{line.when:%Y-%m-%dT%H:%M:%S}+0000 node "),
    "journal-full": each(lambda line: f"{line.when:%a %Y-%m-%d %H:%M:%S} UTC node kernel: {line.text}"),
    "journal-monotonic": mixed(lambda line: f"{line.stamp} node kernel: {line.text}", lambda line: f"{line.stamp} node "),
    "journal-unix": each(lambda line: f"{line.when.timestamp():.6f} node kernel: {line.text}"),
    "journal-json": journal_json,
    "journal-export": journal_export,
    "rfc3164": mixed(lambda line: f"{line.short} node kernel: {line.stamp} {line.text}", lambda line: f"{line.short} node "),
    "rfc3164-priority": each(lambda line: f"<{line.level}>{line.short} node kernel: {line.stamp} {line.text}"),
    "rfc5424": each(lambda line: f"<{line.level}>1 {line.when:%Y-%m-%dT%H:%M:%S.%f}Z node kernel - - - {line.stamp} {line.text}"),
    "rsyslog-iso": mixed(lambda line: f"{line.when:%Y-%m-%dT%H:%M:%S.%f}+00:00 node kernel: {line.stamp} {line.text}",
                         lambda line: f"{line.when:%Y-%m-%dT%H:%M:%S.%f}+00:00 node "),
    "rsyslog-octal": octal,
    "busybox": each(lambda line: f"{line.short} node kern.{LEVELS[line.level]} kernel: {line.stamp} {line.text}"),
    "logread": each(lambda line: f"{day(line)} kern.{LEVELS[line.level]} kernel: {line.stamp} {line.text}"),
    "netconsole": netconsole,
    "cri": cri,
    "docker": docker,
    "cloud": each(lambda line: f"{line.when:%Y-%m-%dT%H:%M:%S.%f}Z {line.stamp} {line.text}"),
    "console": console,
    "glued": glued,
    "hosts": hosts,
    "mail": each(lambda line: f"> {line.stamp} {line.text}"),
    "mail-twice": each(lambda line: f">> {line.short} node kernel: {line.text}"),
    "ticket": each(lambda line: f"    {line.stamp} {line.text}"),
    "wall": each(lambda line: f"kernel:{line.stamp} {line.text}"),
    "tag": each(lambda line: f"kernel: {line.text}"),
    "grep": each(lambda line: f"kern.log.1:{line.stamp} {line.text}"),
    "compose": each(lambda line: f"node-1  | {line.stamp} {line.text}"),
    "samsung": each(lambda line: f"<{line.level}>[1-{line.us // 1000000}.{line.us % 1000000:06d}] {line.text}"),
    "samsung-cpu": each(lambda line: f"[c2 {line.us // 1000000:5d}.{line.us % 1000000:06d}] {line.text}"),
    "samsung-short": each(lambda line: f"[2-{line.us // 1000000}.{line.us % 1000000 // 100:04d}] {line.text}"),
    "samsung-thread": each(lambda line: f"{line.stamp}  [2:    kworker/2:1:  321] {line.text}"),
    "dmesg-delta": each(lambda line: f"{line.stamp[:-1]} <    0.000010>] {line.text}"),
    "journal-delta": short_delta,
    "journal-verbose": journal_verbose,
    "journal-json-pretty": json_pretty,
    "journal-sse": lambda lines: b"".join(b"data: " + line + b"\n\n" for line in journal_json(lines).splitlines()),
    "journal-seq": lambda lines: b"".join(b"\x1e" + line + b"\n" for line in journal_json(lines).splitlines()),
    "journal-with-unit": mixed(lambda line: f"{line.when:%a %Y-%m-%d %H:%M:%S} UTC node kernel: {line.text}",
                               lambda line: f"{line.when:%a %Y-%m-%d %H:%M:%S} UTC node user@0.service/"),
    "dmesg-json": dmesg_json,
    "grep-numbers": numbered(lambda line: f"{line.short} node kernel: {line.stamp} {line.text}", "{number}:{text}"),
    "grep-numbers-bare": numbered(lambda line: line.text, "{number}:{text}"),
    "grep-file": each(lambda line: f"/var/log/messages-20261201:{line.short} node kernel: {line.text}"),
    "grep-file-numbers": numbered(lambda line: f"{line.short} node kernel: {line.text}", "log/kern.log.1:{number}:{text}"),
    "grep-context": lambda lines: "".join(f"kern.log{':' if i % 3 == 0 else '-'}{i + 9}{':' if i % 3 == 0 else '-'}{line.short} node kernel: "
                                          f"{line.text}\n" for i, line in enumerate(lines)).encode(),
    "cat-n": numbered(lambda line: f"{line.stamp} {line.text}"),
    "cat-n-bare": numbered(lambda line: line.text),
    "nl-syslog": numbered(lambda line: f"{line.short} node kernel: {line.text}"),
    "less-n": numbered(lambda line: f"{line.stamp} {line.text}", "{number:7d} {text}"),
    "numbered-dots": numbered(lambda line: f"{line.stamp} {line.text}", "{number}. {text}"),
    "numbered-bars": numbered(lambda line: f"{line.short} node kernel: {line.text}", "{number:4d} | {text}"),
    "mail-wrapped": wrapped(lambda line: f"{line.stamp} {line.text}", 76),
    "mail-wrapped-quoted": wrapped(lambda line: f"{line.short} node kernel: {line.text}", 72, "> > "),
    "mail-quoted-printable": quoted_printable,
    "terminal-wrapped": hard_wrapped(lambda line: f"{line.stamp} {line.text}", 80),
    "html": html,
    "html-breaks": html_breaks,
    "gzip": lambda lines: gzip.compress(FORMS["rfc3164"](lines)),
    "xz": lambda lines: lzma.compress(FORMS["stamped"](lines)),
    "two-boots": lambda lines: FORMS["stamped"]([Line(6, 0, "Linux version 5.0.0-amd64 (x)"), Line(6, 10 ** 12, "late")] + lines),
}


def mutate(data, seed):
    """Damage of all kinds: bytes, lines lost, doubled, cut, joined, out of order."""
    chance = random.Random(seed)
    lines = data.split(b"\n")
    for _ in range(chance.randrange(1, 12)):
        lines = lines or [b""]
        at = chance.randrange(len(lines))
        kind = chance.randrange(8)
        if kind == 0:
            del lines[at]
        elif kind == 1:
            lines.insert(at, lines[chance.randrange(len(lines))])
        elif kind == 2:
            lines[at] = lines[at][:chance.randrange(len(lines[at]) + 1)]
        elif kind == 3:
            lines[at] += lines[chance.randrange(len(lines))]
        elif kind == 4:
            lines[at] = re.sub(rb"\d+", lambda m: str(chance.choice([0, 1, 2 ** 31, 2 ** 63, 2 ** 64, 10 ** 30, -1])).encode(),
                               lines[at])
        elif kind == 5:
            lines = lines[:at + 1] if chance.random() < 0.5 else lines[at:]
        elif kind == 6:
            lines[at] = (lines[at] * chance.randrange(2, 3000))[:1 << 20]
        else:
            broken = bytearray(lines[at])
            for _ in range(chance.randrange(1, 20)):
                if broken:
                    broken[chance.randrange(len(broken))] = chance.randrange(256)
            lines[at] = bytes(broken)
    return b"\n".join(lines)
