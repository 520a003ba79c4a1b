#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The command line itself: help, options, words, wrong usage. No dump is opened."""
import json
import os
import re
import shutil
import subprocess

from memopsy_cli import Case, PROGRAM, SAMPLES, main, memopsy


class Usage(Case):
    def test_no_command(self):
        run = memopsy()
        self.assertEqual(run.status, 2, run)
        self.assertIn("Usage: memopsy COMMAND", run.err)
        self.assertEqual(run.out, "")

    def test_help(self):
        for words in (("help",), ("--help",), ("-h",)):
            run = self.succeeds(memopsy(*words), "Usage: memopsy COMMAND", "\nCommands:\n", "Exit status: 0 complete")
            for command in ("report", "info", "dmesg", "print", "sym", "vtop", "read", "plugins", "meminfo"):
                self.assertRegex(run.out, rf"\n  {command} +\w", run)

    def test_help_of_commands(self):
        for command in memopsy("--list-commands").out.split():
            first = self.succeeds(memopsy("help", command), f"Usage: memopsy {command}", "Options of every command:")
            self.assertEqual(first.out, memopsy(command, "--help").out)
            headings = [line for line in first.out.splitlines() if re.match(r"Columns of \w+( \(|:)", line)]
            names = [re.match(r"Columns of (\w+)", line)[1] for line in headings]
            self.assertEqual(sorted(names), sorted(set(names)), command)
        self.succeeds(memopsy("help", "dmesg"), "-T, --ctime", "Columns of dmesg (", "time_seconds")

    def test_version(self):
        self.assertRegex(self.succeeds(memopsy("--version")).out, r"^memopsy \d+\.\d+\.\d+\n$")

    def test_version_behind_a_command(self):
        self.assertEqual(memopsy("info", "no-such-dump", "--version").out, memopsy("--version").out)
        self.assertEqual(memopsy("meminfo", "-V").out, memopsy("--version").out)

    def test_overview_lists_options(self):
        out = memopsy("--help").out
        for heading, option in (("Options of every command", "-o, --output=FILE"),
                                ("Options of commands on a dump", "--vmlinux=FILE"),
                                ("Options of commands with tables", "--json")):
            self.assertIn(option, out.split(f"\n{heading}:\n")[1].split("\n\n")[0])

    def test_dump_behind_the_arguments(self):
        dump = SAMPLES / "README.md"
        for words in (("sym", "schedule", dump), ("print", "struct page", dump), ("vtop", "1000", dump),
                      ("slab", "dentry", dump)):
            self.fails(memopsy(*words), 2, f"the dump comes before the arguments: memopsy {words[0]} {dump} {words[1]}")
        # Behind "--" all are arguments, whatever files there are.
        self.assertNotIn("the dump comes", memopsy("sym", "--dump=nowhere", "--", "schedule", dump).err)

    def test_unknown_command(self):
        self.fails(memopsy("memifo", "x"), 2, "unknown command 'memifo' (did you mean meminfo?)")
        self.fails(memopsy("frobnicate"), 2, "unknown command 'frobnicate' (see memopsy help)")
        self.fails(memopsy("help", "frobnicate"), 2, "no command 'frobnicate'")

    def test_command_forgotten(self):
        path = SAMPLES / "README.md"
        self.fails(memopsy(path), 2, f"the command comes first: memopsy report {path}")

    def test_unknown_option(self):
        self.fails(memopsy("info", "--jsn"), 2, "info: unknown option --jsn (did you mean --json?)")
        self.fails(memopsy("info", "-Z"), 2, "info: unknown option -Z")
        self.fails(memopsy("--frob", "info"), 2, "unknown option --frob")

    def test_values(self):
        self.fails(memopsy("info", "--vmlinux"), 2, "--vmlinux needs a value (FILE)")
        self.fails(memopsy("info", "--vmlinux="), 2, "--vmlinux needs a value (FILE)")
        self.fails(memopsy("dmesg", "--level="), 2, "--level needs a value (LIST)")
        self.fails(memopsy("dmesg", "-l", ""), 2, "--level needs a value (LIST)")
        self.fails(memopsy("info", "--json=1"), 2, "--json takes no value")
        self.fails(memopsy("info", "--types=stabs"), 2, "--types: 'stabs' must be one of auto|btf|dwarf")
        self.fails(memopsy("print", "--depth=x", "struct page"), 2, "--depth: 'x' is not a number")
        self.fails(memopsy("info", "--columns=nonsense", "nowhere"), 2, "nonsense")

    def test_arguments(self):
        self.fails(memopsy("print"), 2, "print needs TYPE|VARIABLE")
        self.fails(memopsy("help", "a", "b"), 2, "help takes [COMMAND]: too many arguments")
        self.fails(memopsy("vtop", "no-file-here", "ffff"), 2, "vtop takes ADDRESS|SYMBOL[+OFFSET]: too many arguments",
                   "'no-file-here', taken as the dump, does not exist")
        self.fails(memopsy("plugins", "--raw"), 2, "plugins: unknown option --raw")

    def test_completion_lists(self):
        commands = memopsy("--list-commands").out.split()
        self.assertIn("meminfo", commands)
        options = memopsy("--list-options", "info").out.split()
        self.assertIn("--json", options)
        self.assertIn("--types=btf", options)
        self.assertIn("--vmlinux=", options)
        self.assertIn("--level=", memopsy("--list-options", "dmesg").out.split())
        self.assertNotIn("--vmlinux=", memopsy("--list-options", "help").out.split())
        columns = memopsy("--list-columns", "dmesg").out.split()
        self.assertEqual(columns[:3], ["sequence", "time_seconds", "clock"])
        columns = memopsy("--list-columns", "meminfo").out.split()
        self.assertEqual(len(columns), len(set(columns)))
        self.assertTrue(columns)
        self.assertEqual(memopsy("--list-columns", "no-such-command").out, "")

    def test_man_page_names_every_command_and_option(self):
        page = (SAMPLES.parent / "docs/man/memopsy.1").read_text().replace("\\-", "-")
        own = [name for name in memopsy("--list-commands").out.split() if not self.is_of_plugin(name)]
        self.assertIn("vtop", own)
        for command in own:
            self.assertRegex(page, rf"\n\.(B|BI|BR) {command}\b")
            for option in memopsy("--list-options", command).out.split():
                name = option.split("=")[0]
                self.assertTrue(name in page, f"{command} {name}")
        for command in memopsy("--list-commands").out.split():
            self.assertRegex(page, rf"\n\.(B|BI|BR) (.*[ \"])?{command}\b", "each command stands in the page")

    @staticmethod
    def is_of_plugin(name):
        document = json.loads(memopsy("plugins", "--json").out)
        return any(name in row["commands"].split() for row in document["data"]["plugins"])

    def test_completion_of_bash(self):
        script = (f". {SAMPLES.parent}/src/cli/completion/memopsy; COMP_WORDS=(memopsy --types=btf); "
                  "memopsy() { \"$MO_PROGRAM\" \"$@\"; }; compopt() { :; }; "
                  "COMP_WORDS=(memopsy me); COMP_CWORD=1; _memopsy; echo \"${COMPREPLY[@]}\"; "
                  "COMP_WORDS=(memopsy info --js); COMP_CWORD=2; _memopsy; echo \"${COMPREPLY[@]}\"; "
                  "COMP_WORDS=(memopsy info --types = d); COMP_CWORD=4; _memopsy; echo \"${COMPREPLY[@]}\"")
        done = subprocess.run(["bash", "-c", script], capture_output=True, text=True, check=False)
        self.assertEqual(done.stdout, "meminfo\n--json\ndwarf\n", done.stderr)

    def test_completion_of_bash_lists_columns(self):
        script = (f". {SAMPLES.parent}/src/cli/completion/memopsy; "
                  "memopsy() { \"$MO_PROGRAM\" \"$@\"; }; compopt() { :; }; "
                  "COMP_WORDS=(memopsy dmesg --columns = time_); COMP_CWORD=4; _memopsy; echo \"${COMPREPLY[@]}\"; "
                  "COMP_WORDS=(memopsy dmesg --sort = level,-seq); COMP_CWORD=4; _memopsy; echo \"${COMPREPLY[@]}\"")
        done = subprocess.run(["bash", "-c", script], capture_output=True, text=True, check=False)
        self.assertEqual(done.stdout, "time_seconds\nlevel,-sequence\n", done.stderr)

    def shell(self, *words):
        if not shutil.which(words[0]):
            self.skipTest(f"{words[0]} is not installed")
        if not (self.place / "memopsy").exists():
            (self.place / "memopsy").symlink_to(PROGRAM)
        environment = dict(os.environ, PATH=f"{self.place}:{os.environ['PATH']}", HOME=str(self.place))
        return subprocess.run(words, capture_output=True, text=True, check=False, env=environment)

    def test_completion_of_zsh(self):
        """zsh's own functions are replaced: compadd prints what begins as the word does, compset cuts the word's begin."""
        head = """
            compadd() {
                local -a all
                if [[ $argv[-2] == -a ]]; then all=(${(P)argv[-1]}); else all=(${argv[$argv[(i)--]+1,-1]}); fi
                for one in $all; do [[ $one == $PREFIX* ]] && print -r -- $one; done
            }
            compset() { [[ $PREFIX == ${~2}* ]] || return 1; PREFIX=${PREFIX##${~2}}; }
            _files() { print files; }
            """
        for words, expected in ((("me",), "meminfo"), (("info", "--js"), "--json"), (("info", "--types=d"), "dwarf"),
                                (("dmesg", "--sort=level,-seq"), "sequence"), (("dmesg", "--columns=+time_"), "time_seconds"),
                                (("info", "--vmlinux=/x"), "files"), (("info", "x"), "files")):
            script = (head + f"words=(memopsy {' '.join(words)}); CURRENT={len(words) + 1}; PREFIX='{words[-1]}'; "
                      f". {SAMPLES.parent}/src/cli/completion/_memopsy")
            done = self.shell("zsh", "-fc", script)
            self.assertEqual(done.stdout.split(), [expected], (words, done.stderr))

    def test_completion_of_fish(self):
        script = f"source {SAMPLES.parent}/src/cli/completion/memopsy.fish; " + "; ".join(
            f'complete -C "memopsy {line}"; echo .' for line in
            ("memi", "info --js", "info --types=d", "dmesg --sort=level,-seq", "dmesg --columns=+time_"))
        done = self.shell("fish", "-N", "-c", script)
        self.assertEqual(done.stdout.split(), ["meminfo", ".", "--json", ".", "--types=dwarf", ".", "--sort=level,-sequence", ".",
                                               "--columns=+time_seconds", "."], done.stderr)

    def test_plugins_without_dump(self):
        self.succeeds(memopsy("plugins"), "zones", "meminfo")
        document = json.loads(memopsy("plugins", "--json").out)
        self.assertIn("zones", [row["name"] for row in document["data"]["plugins"]])


if __name__ == "__main__":
    main()
