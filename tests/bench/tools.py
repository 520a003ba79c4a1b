# SPDX-License-Identifier: LGPL-2.1-or-later
"""How each of the three programs is called for an operation, and how one sees that it did not do it."""

import os
import pathlib

import machine

EXIT_PARTIAL = 1
EXIT_USAGE = 2


def clean_environment(**more):
    """The user's own, less what makes a program look outside of the machine or read somebody's settings."""
    env = {key: value for key, value in os.environ.items() if not key.startswith(("DEBUGINFOD_", "PYTHON"))}
    env.update({key: str(value) for key, value in more.items()})
    return env


class Memopsy:
    name = "memopsy"

    def __init__(self, argv, work):
        self.argv = argv
        self.cache = work / "cache"
        self.env = clean_environment(XDG_CACHE_HOME=self.cache)
        self.version = machine.version(argv, self.env)

    def command(self, operation, dump, vmlinux):
        if not operation.memopsy:
            return None
        return [*self.argv, *(part.format(dump=dump, vmlinux=vmlinux) for part in operation.memopsy)]

    def prepare(self, operation):
        """What empties the cache before each run, unless the operation is to find it filled."""
        return None if operation.cache == "warm" else ["rm", "-rf", str(self.cache)]

    def failure(self, trial):
        if trial.status == EXIT_USAGE:
            return f"skipped: {trial.complaint or 'no such command'}"
        if trial.status not in (0, EXIT_PARTIAL):
            return f"fails with {trial.status}: {trial.complaint}"
        return None if trial.output else "prints nothing"


class Peer:
    def __init__(self, peers, program):
        self.run = [str(peers / "loader"), "--library-path", str(peers / "libraries"), *map(str, program)]

    def prepare(self, _operation):
        return None


class Crash(Peer):
    name = "crash"

    def __init__(self, peers, work):
        super().__init__(peers, [peers / "root/usr/bin/crash"])
        self.work = work
        self.env = clean_environment(HOME=work)
        self.version = machine.version(self.run, self.env)

    def command(self, operation, dump, vmlinux):
        if not operation.crash or not vmlinux:
            return None
        script = self.work / ("crash-" + "-".join("".join(operation.crash).split()).replace("/", "_"))
        script.write_text("\n".join([*operation.crash, "quit", ""]))
        return [*self.run, "-s", "-i", str(script), str(vmlinux), str(dump)]

    def failure(self, trial):
        text = trial.output.decode(errors="replace")
        for line in [trial.complaint, *text.splitlines()[:50]]:
            if line.startswith("crash:") or "error trace:" in line:
                return f"fails: {line.strip()}"
        if trial.status != 0:
            return f"fails with {trial.status}: {trial.complaint}"
        return None if text.strip() else "prints nothing"


class Drgn(Peer):
    name = "drgn"

    def __init__(self, peers, work):
        super().__init__(peers, [peers / "python", peers / "root/usr/bin/drgn"])
        self.env = clean_environment(HOME=work, PYTHONHOME=peers / "root/usr")
        self.version = machine.version(self.run, self.env)
        self.scripts = pathlib.Path(__file__).resolve().parent / "drgn"

    def command(self, operation, dump, vmlinux):
        if not operation.drgn or not vmlinux:
            return None
        script = self.scripts / operation.drgn
        return [*self.run, "-q", "--no-default-symbols", "-c", str(dump), "-s", str(vmlinux), str(script)]

    def failure(self, trial):
        if trial.status != 0:
            return f"fails: {trial.last_words}"  # below Python's traceback
        return None if trial.output else "prints nothing"


def fetched_peers(cache, work):
    """The peers that are there, and a sentence about those that are not."""
    peers = cache / "peers"
    if not (peers / "versions").exists():
        return [], f"no crash and no drgn: tests/bench/fetch-peers brings them (looked in {peers})"
    found = [Crash(peers, work), Drgn(peers, work)]
    missing = [peer.name for peer in found if not peer.version]
    note = f"does not run: {', '.join(missing)} (tests/bench/fetch-peers --again)" if missing else None
    return [peer for peer in found if peer.version], note
