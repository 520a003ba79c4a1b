# SPDX-License-Identifier: LGPL-2.1-or-later
"""What the tests of the true binary share: where it is, how it is run, and what is asserted of every run."""
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import unittest

SOURCE = pathlib.Path(os.environ["MO_SOURCE"])
PROGRAM = os.environ["MO_PROGRAM"]
SAMPLES = SOURCE / "sample-dumps"


class Run:
    def __init__(self, done):
        self.status = done.returncode
        self.out = done.stdout.decode(errors="replace")
        self.err = done.stderr.decode(errors="replace")

    def __str__(self):
        return f"status {self.status}\n--- out\n{self.out[-3000:]}\n--- err\n{self.err[-3000:]}"


def memopsy(*words, environment=None, cache="", program=PROGRAM, **options):
    variables = {name: value for name, value in os.environ.items() if name not in ("DEBUGINFOD_URLS", "NO_COLOR")}
    variables.update(MEMOPSY_CACHE=cache, **(environment or {}))
    options.setdefault("stdin", subprocess.DEVNULL)
    options.setdefault("stdout", subprocess.PIPE)
    done = subprocess.run([program, *map(str, words)], stderr=subprocess.PIPE, env=variables, timeout=120, check=False,
                          **options)
    # Whoever gets status 1 is told why, unless they closed the pipe or wanted quiet.
    if done.returncode == 1 and options["stdout"] == subprocess.PIPE and not {"-q", "--quiet"} & set(words):
        assert done.stderr, f"{words}: status 1 without a reason"
    return Run(subprocess.CompletedProcess(done.args, done.returncode, done.stdout or b"", done.stderr))


class Case(unittest.TestCase):
    """One test's place to write to is self.place."""
    maxDiff = None

    def setUp(self):
        directory = tempfile.TemporaryDirectory(prefix="memopsy-cli-")  # pylint: disable=consider-using-with
        self.addCleanup(directory.cleanup)
        self.place = pathlib.Path(directory.name)
        self.place.chmod(0o755)

    def sample(self, name="6.1-healthy"):
        path = SAMPLES / name / "vmcore"
        if not path.exists():
            self.skipTest(f"{path} is missing")
        return path

    def as_nobody(self, *words, **options):
        """As memopsy(), by a user who may not enter the folder that the program was built in: a copy of it is run."""
        directory = self.place / "program"
        if not directory.exists():
            build = pathlib.Path(PROGRAM).parent
            (directory / "plugins").mkdir(parents=True)
            for file in (PROGRAM, build / "libmemopsy.so.0"):
                shutil.copy(file, directory)
            for file in (build / "plugins").glob("*.so"):
                shutil.copy(file, directory / "plugins")
            for file in (directory, *directory.rglob("*")):
                file.chmod(0o755)
        return memopsy(*words, program=directory / pathlib.Path(PROGRAM).name, environment={"LD_LIBRARY_PATH": str(directory)},
                       user=65534, group=65534, extra_groups=[], **options)

    def fails(self, run, status, *texts):
        """It ended with this status, said each of the texts on one line of standard error, and did not crash."""
        self.assertEqual(run.status, status, run)
        for text in texts:
            self.assertIn(text, run.err, run)
        self.assertTrue(run.err.startswith("memopsy: "), run)
        return run

    def succeeds(self, run, *texts, status=0):
        self.assertEqual(run.status, status, run)
        for text in texts:
            self.assertIn(text, run.out, run)
        return run


def main():
    """Like unittest.main(), but a file whose tests were all skipped is a skip of meson's, with the reason."""
    program = unittest.main(exit=False, verbosity=2)
    result = program.result
    if result.wasSuccessful() and result.testsRun and len(result.skipped) == result.testsRun:
        print(result.skipped[0][1])
        sys.exit(77)
    sys.exit(0 if result.wasSuccessful() and result.testsRun else 1)
