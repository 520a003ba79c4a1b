# SPDX-License-Identifier: LGPL-2.1-or-later
"""Runs a command once for its memory and its manners, then many times, by hyperfine, for its time."""

import dataclasses
import json
import os
import shlex
import signal
import subprocess
import tempfile
import time

SAMPLE_SECONDS = 0.002
TIME_LIMIT_SECONDS = 600


@dataclasses.dataclass
class Trial:
    """One watched run."""

    status: int
    seconds: float
    output: bytes
    complaint: str  # the first line on stderr
    last_words: str  # the last one
    peak_rss_kib: int  # counts mapped file pages too
    private_kib: int  # the largest RssAnon that sampling saw: memory that the program took for itself


def status_kib(pid):
    """VmHWM and RssAnon of a process; zeros once it has gone."""
    values = {"VmHWM": 0, "RssAnon": 0}
    try:
        with open(f"/proc/{pid}/status") as status:
            for line in status:
                key, _, value = line.partition(":")
                if key in values:
                    values[key] = int(value.split()[0])
    except (OSError, ValueError):
        pass
    return values["VmHWM"], values["RssAnon"]


def watch(process, started):
    """Waits for the end; exit status, peak RSS, largest private memory.

    getrusage's peak survives exec: it is never less than what this interpreter had when it forked. Above that it is
    exact; below, the last sample of the kernel's own high-water mark must do.
    """
    inherited = status_kib(os.getpid())[0]
    peak = private = 0
    while True:
        sample = status_kib(process.pid)
        peak, private = max(peak, sample[0]), max(private, sample[1])
        pid, wait_status, usage = os.wait4(process.pid, os.WNOHANG)
        if pid:
            exact = usage.ru_maxrss if usage.ru_maxrss > inherited else peak
            return os.waitstatus_to_exitcode(wait_status), exact, private
        if time.monotonic() - started > TIME_LIMIT_SECONDS:
            process.send_signal(signal.SIGKILL)
        time.sleep(SAMPLE_SECONDS)


def run_once(argv, env):
    with tempfile.TemporaryFile() as output, tempfile.TemporaryFile() as errors:
        started = time.monotonic()
        process = subprocess.Popen(argv, env=env, stdin=subprocess.DEVNULL, stdout=output, stderr=errors)
        status, peak, private = watch(process, started)
        seconds = time.monotonic() - started
        process.returncode = status
        output.seek(0)
        errors.seek(0)
        lines = [line.strip() for line in errors.read().decode(errors="replace").splitlines() if line.strip()]
        return Trial(
            status=status,
            seconds=seconds,
            output=output.read(),
            complaint=lines[0] if lines else "",
            last_words=lines[-1] if lines else "",
            peak_rss_kib=peak,
            private_kib=private,
        )


def runs_for(seconds, quick):
    """Enough runs for a stable median, without a slow program taking all day."""
    if quick:
        return 3
    for limit, runs in ((0.1, 40), (0.5, 15), (2.0, 7), (10.0, 4)):
        if seconds < limit:
            return runs
    return 2


def time_many(argv, env, runs, prepare=None):
    """hyperfine's figures for a command, start to exit, nothing on its output."""
    with tempfile.NamedTemporaryFile(suffix=".json") as export:
        command = ["hyperfine", "--shell=none", "--ignore-failure", "--style=none", "--warmup=1", f"--runs={runs}"]
        command += [f"--export-json={export.name}"]
        if prepare:
            command += ["--prepare", shlex.join(prepare)]
        command += [shlex.join(argv)]
        done = subprocess.run(command, env=env, stdin=subprocess.DEVNULL, capture_output=True)
        if done.returncode != 0:
            raise RuntimeError(f"hyperfine: {done.stderr.decode(errors='replace').strip()}")
        result = json.load(export)["results"][0]
    return {key: result[key] for key in ("mean", "stddev", "median", "min", "max")} | {"runs": runs}
