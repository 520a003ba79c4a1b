#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Every command that no plugin owns, on the committed samples, against what their kernels said of themselves."""
import json
import re
import resource
import struct
import tarfile

import dump_forms
from memopsy_cli import Case, SAMPLES, main, memopsy


class Commands(Case):
    @classmethod
    def truth(cls, name, sample="6.1-healthy"):
        with tarfile.open(SAMPLES / sample / "truth.tar.xz") as archive:
            return archive.extractfile(f"truth/{name}").read().decode(errors="replace")

    @classmethod
    def guest(cls, sample="6.1-healthy"):
        return json.loads((SAMPLES / sample / "guest.json").read_text())

    def json(self, *words, status=0):
        run = memopsy(words[0], "--json", *words[1:])
        self.assertEqual(run.status, status, run)
        return json.loads(run.out)

    def test_info(self):
        sample, guest = self.sample(), self.guest()
        run = self.succeeds(memopsy("info", sample), guest["release"], guest["build_id"], "Paging levels:  5",
                            "Panic:          none", "Dump level:   31", "\nEXCLUDED ", "\nfree pages ")
        self.assertIn("BTF of the dump", run.out)
        document = self.json("info", sample)
        machine, dump = document["data"]["machine"], document["data"]["dump"]
        self.assertEqual(document["data"]["kernel"]["build_id"], guest["build_id"])
        self.assertEqual((machine["cpus_online"], machine["cpus_present"], machine["cpus_possible"]), (2, 2, 2))
        self.assertEqual(dump["format"], "kdump-compressed")
        self.assertEqual(dump["present_pages"], sum(1 for _ in dump_forms.Kdump(sample).pfns()))
        self.assertEqual(dump["file_bytes"], sample.stat().st_size)
        # The clock is that of the last tick; the truth was recorded within seconds before the dump.
        uptime = float(self.truth("proc/uptime").split()[0])
        self.assertLess(abs(machine["uptime_seconds"] - uptime), 5)
        total = int(re.search(r"MemTotal: +(\d+) kB", self.truth("proc/meminfo")).group(1))
        self.assertEqual(machine["memory_bytes"], total * 1024)

    def test_setup(self):
        data = self.json("info", self.sample())["data"]
        self.assertEqual(data["setup"]["command_line"], self.truth("proc/cmdline").strip())
        # The load is that of the last five seconds' update.
        wanted = [float(word) for word in self.truth("proc/loadavg").split()[:3]]
        for key, want in zip(("load_1", "load_5", "load_15"), wanted):
            self.assertLess(abs(float(data["setup"][key]) - want), 0.2)
        sysctls = {row["name"]: row["value"] for row in data["sysctls"]}
        self.assertEqual(len(sysctls), 12)
        with tarfile.open(SAMPLES / "6.1-healthy" / "truth.tar.xz") as archive:
            recorded = {member.name for member in archive}
            for name, value in sysctls.items():
                path = "truth/proc/sys/" + name.replace(".", "/")
                if path in recorded:
                    self.assertEqual(value, int(archive.extractfile(path).read()), name)
        self.assertEqual(sysctls["kernel.panic"], -1) # panic=-1 on the command line

    def test_unknown_is_null(self):
        """The kernel's -1 is no number of a CPU, and no count of caches."""
        machine = self.json("info", self.sample())["data"]["machine"]
        self.assertEqual((machine["panic"], machine["panic_cpu"]), ("none", None))
        cache = self.json("slab", self.sample(), "kmalloc-64")["data"]["slab"]
        self.assertTrue(cache["refcount"] is None or cache["refcount"] > 0, cache)

    @staticmethod
    def within(mib, *words):
        return memopsy(*words, preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_AS, (mib << 20, mib << 20)))

    def test_memory_that_runs_short_is_an_error(self):
        """However little this process may have: complete without a word of it, or an error; never a remark."""
        if self.within(512, "--version").status:
            self.skipTest("a sanitizer reserves more address space than is set as the limit")
        sample = self.sample()
        statuses = set()
        for mib in range(20, 72):
            run = self.within(mib, "info", sample, "--json")
            if run.status == 0:
                self.assertNotRegex(run.out + run.err, "out of memory|[Cc]annot allocate", f"{mib} MiB")
            statuses.add(run.status)
        self.assertLessEqual({0, 3}, statuses)

    def test_info_of_a_crash(self):
        run = self.succeeds(memopsy("info", self.sample("6.1-oom-global")))
        self.assertRegex(run.out, r"Last event: +Out of memory: Killed process \d+ \(eat-memory\)")

    def test_dmesg(self):
        for name in ("6.1-healthy", "6.1-oom-global", "6.1-leak-slab"):
            wanted = re.sub(r"^<\d+>", "", self.truth("dmesg", name), flags=re.MULTILINE)
            run = self.succeeds(memopsy("dmesg", self.sample(name)))
            # Lines may have been added between the record and the dump, and the oldest have been overwritten.
            self.assertEqual(run.out[:len(wanted)], wanted)
            self.assertLess(run.out.count("\n") - wanted.count("\n"), 5)

    def test_dmesg_levels_and_clock(self):
        sample = self.sample()
        levels = re.findall(r"^<(\d+)>", self.truth("dmesg"), flags=re.MULTILINE)
        n_wanted = sum(1 for level in levels if int(level) & 7 in (3, 4))
        run = self.succeeds(memopsy("dmesg", sample, "--level=err,4"))
        self.assertEqual(run.out.count("\n"), n_wanted)
        self.fails(memopsy("dmesg", sample, "--level=loud"), 2, "--level: 'loud' is no level of the kernel log")
        run = self.succeeds(memopsy("dmesg", sample, "-T"))
        self.assertRegex(run.out.splitlines()[0], r"^\[\w{3} \w{3} [ \d]\d \d\d:\d\d:\d\d 20\d\d\] Linux version 6\.1")
        rows = self.json("dmesg", sample)["data"]["dmesg"]
        self.assertEqual(rows[0]["sequence"], 0)
        self.assertEqual(rows[0]["level"], "notice")
        self.assertIsInstance(rows[0]["time_seconds"], (int, float))

    def test_sym_equals_kallsyms(self):
        sample = self.sample()
        wanted = {}
        for line in self.truth("proc/kallsyms").splitlines():
            address, kind, name = line.split()[:3]
            module = line.split()[3].strip("[]") if len(line.split()) > 3 else ""
            wanted.setdefault((name, module), set()).add((int(address, 16), kind))
        names = sorted({name for name, module in wanted if not module})[:1000]
        self.assertGreater(len(names), 500)
        found = {}
        for row in self.json("sym", sample, "--", *names)["data"]["symbols"]:
            found.setdefault((row["name"], row["module"]), set()).add((int(row["address"], 16), row["type"]))
        for name in names:
            self.assertLessEqual(wanted[(name, "")], found.get((name, ""), set()), name)
        in_modules = sorted({name for name, module in wanted if module})[:50]
        self.assertTrue(in_modules)
        rows = self.json("sym", sample, "--", *in_modules)["data"]["symbols"]
        found = {(row["name"], row["module"], int(row["address"], 16)) for row in rows}
        for (name, module), places in wanted.items():
            if name in in_modules and module:
                for address, _ in places:
                    self.assertIn((name, module, address), found)

    def test_sym_by_address_and_pattern(self):
        sample = self.sample()
        row = self.json("sym", sample, "init_uts_ns")["data"]["symbols"][0]
        inside = hex(int(row["address"], 16) + 0x10)
        again = self.json("sym", sample, inside)["data"]["symbols"]
        self.assertEqual([(r["name"], r["address"], r["offset_bytes"]) for r in again], [("init_uts_ns", row["address"], "0x10")])
        names = {r["name"] for r in self.json("sym", sample, "init_uts_*")["data"]["symbols"]}
        self.assertIn("init_uts_ns", names)
        self.fails(memopsy("sym", sample, "no_such_symbol_at_all"), 1, "no symbol named or containing 'no_such_symbol_at_all'")

    def test_vtop(self):
        sample = self.sample()
        document = self.json("vtop", sample, "init_uts_ns")
        steps = document["data"]["steps"]
        self.assertEqual([s["level"] for s in steps][:4], ["PGD", "P4D", "PUD", "PMD"])
        self.assertEqual([s["state"] for s in steps][-1], "page")
        self.assertIn("PRESENT", steps[-1]["flags"])
        address = document["data"]["address"]
        self.assertEqual(address["presence"], "yes")
        self.assertEqual(address["symbol"], "init_uts_ns")
        # The direct map leads to the same memory.
        back = self.json("vtop", sample, address["direct_map"])["data"]["address"]
        self.assertEqual(back["physical"], address["physical"])
        inverse = self.json("vtop", sample, "--pa", address["physical"])["data"]["address"]
        self.assertEqual((inverse["direct_map"], inverse["struct_page"]), (address["direct_map"], address["struct_page"]))
        run = self.succeeds(memopsy("vtop", sample, "0x1000"), "absent", "Physical address:  ?", status=1)
        self.assertEqual(run.err, "memopsy: status 1: some of what was asked for is missing: 0x1000 is not mapped\n")
        self.assertNotIn("page   PRESENT", run.out)
        self.fails(memopsy("vtop", sample, "nothing_like_this"), 1, "'nothing_like_this' is neither an address nor a symbol")

    def test_what_is_not_there_is_status_1(self):
        """The line is well formed, and what it names is not in this dump: not wrong usage, whoever is asked."""
        sample = self.sample()
        for words in (("maps", 99999), ("print", "struct no_such"), ("sym", "no_such"), ("slab", "no_such"),
                      ("whatis", "no_such"), ("page", "no_such"), ("rmap", "no_such"), ("refs", "no_such"),
                      ("cgroups", "/no/such"), ("freelists", "--node=99"), ("freelists", "--zone=NoSuch"),
                      ("freelists", "--order=99"), ("freelists", "--migratetype=NoSuch"), ("pages", "--zone=NoSuch"),
                      ("pages", "--flag=no_such"), ("objects", "no_such"), ("bt", 99999)):
            self.fails(memopsy(words[0], "--dump", sample, "--", *words[1:]) if not str(words[1]).startswith("--") else
                       memopsy(words[0], sample, *words[1:]), 1)

    def test_bt(self):
        """The samples lack code and unwind tables: what is found by searching is marked, and is where /proc/PID/wchan says."""
        sample = self.sample()
        self.succeeds(memopsy("bt", sample, "1"), "PID 1  init  state S  off CPU for ", "\n    __schedule+0x",
                      "\n    ? do_syscall_64+0x", "    (the stack could not be followed further)\n")
        pids = {row["pid"] for row in self.json("ps", sample, "--all")["data"]["ps"]}
        n_waiting = 0
        rows = self.json("bt", sample, *[str(pid) for pid in sorted(pids)])["data"]["stacks"]
        with tarfile.open(SAMPLES / "6.1-healthy" / "truth.tar.xz") as archive:
            for name in [name for name in archive.getnames() if re.fullmatch(r"truth/proc/\d+/wchan", name)]:
                function = archive.extractfile(name).read().decode().replace("__do_sys_", "_sys_") # three names of one place
                own = [row for row in rows if row["pid"] == int(name.split("/")[2])]
                if function in ("", "0") or not own:
                    continue
                n_waiting += 1
                self.assertTrue(any(function in row["function"] for row in own), (name, function, own))
        self.assertGreater(n_waiting, 30)
        self.assertEqual({row["found_by"] for row in rows if row["frame"]} - {None}, {"search"})
        self.fails(memopsy("bt", sample, "init"), 2, "'init' is no PID")
        run = self.succeeds(memopsy("bt", "-a", sample), " tasks: ", "  on CPU ", "(in user mode)")
        self.assertEqual(run.out, memopsy("bt", "--all", sample).out)

    def test_read(self):
        sample = self.sample()
        run = self.succeeds(memopsy("read", sample, "init_uts_ns", "32"))
        self.assertRegex(run.out, r"^[0-9a-f]{16}  4c 69 6e 75 78 00 00 00  00( 00){7}  \|Linux\.+\|\n[0-9a-f]{16} ")
        raw = self.place / "raw"
        self.succeeds(memopsy("read", sample, "--raw", "-o", raw, "init_uts_ns", "390"))
        self.assertEqual(raw.read_bytes()[:6], b"Linux\0")
        self.assertEqual(raw.stat().st_size, 390)
        # The same by physical address, against the dump's own pages.
        address = self.json("vtop", sample, "init_uts_ns")["data"]["address"]
        physical = int(address["physical"], 16)
        page = dict(dump_forms.Kdump(sample).pages())[physical // 4096]
        self.succeeds(memopsy("read", sample, "--pa", "--raw", "-o", raw, hex(physical), "64"))
        self.assertEqual(raw.read_bytes(), page[physical % 4096:physical % 4096 + 64])
        run = self.succeeds(memopsy("read", sample, "--words", "modules", "16"))
        self.assertEqual(len(re.findall(r"^0x[0-9a-f]{16} ", run.out, flags=re.MULTILINE)), 2, run)

    def test_read_what_is_not_there(self):
        sample = self.sample()
        present = set(dump_forms.Kdump(sample).pfns())
        missing = next(pfn for pfn in range(256, 32768) if pfn not in present and pfn + 1 in present)
        run = memopsy("read", sample, "--pa", hex(missing * 4096 + 4064), "64")
        self.assertEqual(run.status, 1, run)
        lines = run.out.splitlines()
        self.assertIn("unreadable: ", lines[0])
        self.assertEqual(len(lines), 3, run)
        self.fails(memopsy("read", sample, "--pa", "--raw", hex(missing * 4096), "64"), 1, "not in the dump")
        self.fails(memopsy("read", sample, "ffffffffffffff00", "1000"), 2, "run past the end of the address space")

    def test_print_layout(self):
        run = self.succeeds(memopsy("print", self.sample(), "struct list_head"))
        self.assertEqual(re.sub(r" +", " ", run.out), "struct list_head {\n struct list_head *next; /* 0 8 */\n"
                         " struct list_head *prev; /* 8 8 */\n}; /* size: 16 */\n")
        run = self.succeeds(memopsy("print", self.sample(), "struct", "page"), "compound_head;", "}; /* size: 64 */")
        self.assertRegex(run.out, r"unsigned long flags; +/\* +0 +8 \*/")
        rows = self.json("print", self.sample(), "struct page")["data"]["layout"]
        lru = [row for row in rows if row["member"] == "lru"]
        self.assertEqual((lru[0]["offset_bytes"], lru[0]["size_bytes"], lru[0]["type"]), (8, 16, "struct list_head"))
        self.succeeds(memopsy("print", self.sample(), "enum zone_type"), "ZONE_NORMAL = 2,")
        self.fails(memopsy("print", self.sample(), "struct no_such_thing"), 1, "no_such_thing")

    def test_print_value(self):
        sample = self.sample()
        run = self.succeeds(memopsy("print", sample, "struct uts_namespace", "init_uts_ns"), '.sysname = "Linux",',
                            f'.release = "{self.guest()["release"]}",', ".user_ns = 0xff", "<init_user_ns>")
        self.assertTrue(run.out.startswith("struct uts_namespace at 0xff") and run.out.endswith("}\n"), run)
        run = self.succeeds(memopsy("print", sample, "struct uts_namespace", "init_uts_ns", "name.sysname"))
        self.assertEqual(run.out, '.name.sysname = "Linux"\n')
        values = {row["member"]: row["value"]
                  for row in self.json("print", sample, "struct uts_namespace", "init_uts_ns")["data"]["values"]}
        self.assertEqual(values["name.machine"], '"x86_64"')
        run = self.succeeds(memopsy("print", sample, "struct list_head", "modules", "--depth=2"), "-> {")
        self.assertIn("<modules>", run.out)
        self.fails(memopsy("print", sample, "struct list_head", "modules", "middle"), 1, "middle")

    def test_print_dotted(self):
        sample = self.sample()
        for words in (("struct uts_namespace.name.sysname", "init_uts_ns"), ("struct", "uts_namespace.name.sysname", "init_uts_ns"),
                      ("uts_namespace.name.sysname", "init_uts_ns")):
            self.assertEqual(self.succeeds(memopsy("print", sample, *words)).out, '.name.sysname = "Linux"\n')
        run = self.succeeds(memopsy("print", sample, "struct uts_namespace.name"))
        self.assertTrue(run.out.startswith("struct new_utsname {\n"), run)
        self.fails(memopsy("print", sample, "struct uts_namespace.middle"), 1, "no member middle")
        # BTF does not know the types of variables, and that is what is said of one.
        self.fails(memopsy("print", sample, "init_uts_ns"), 1, 'cannot find the type of "init_uts_ns"', "BTF of the dump")
        self.fails(memopsy("print", sample, "init_uts_ns.name"), 1, 'cannot find the type of "init_uts_ns"')

    def test_plugins_needs(self):
        document = self.json("plugins", self.sample())
        needs = document["data"]["needs"]
        self.assertGreater(len(needs), 20)
        self.assertNotIn("missing", {need["state"] for need in needs})

    def test_report(self):
        run = self.succeeds(memopsy("report", "--full", self.sample("6.1-oom-global")), "Verdict\n=======", "Identity\n========",
                            "MemTotal: ", "Last kernel messages\n", "Completeness\n", "Out of memory: Killed process")
        self.assertNotRegex(run.out, r"[\x00-\x08\x0b-\x1f]")
        document = self.json("report", self.sample())
        self.assertEqual([s["name"] for s in document["sections"]][:2], ["verdict", "identity"])
        self.assertEqual(document["status"], "complete")

    def test_report_is_a_page(self):
        for name in ("6.1-oom-global", "6.1-healthy", "6.1-leak-slab"):
            page = self.succeeds(memopsy("report", self.sample(name)), "\n== Verdict\n", "Host: guest, ", "Where the memory is\n",
                                 "Who holds the kernel's memory\n", "What this dump cannot tell\n", "Next steps\n",
                                 "`memopsy report --full` has every section of this dump.")
            full = self.succeeds(memopsy("report", "--full", self.sample(name)))
            self.assertLess(len(page.out.splitlines()), 84, page)
            self.assertEqual([line for line in page.out.splitlines() if len(line) > 80 and not re.match(r"\[ *\d|Dump:", line)], [])
            self.assertGreater(len(full.out.splitlines()), 250)
            self.assertNotIn("MemTotal", page.out)
            # What the page cuts short says how much it leaves out.
            self.assertRegex(page.out, r"\n\(\d+ more\)\n")
            self.assertNotRegex(full.out, r"\n\(\d+ more\)\n")
        self.succeeds(memopsy("report", self.sample("6.1-oom-global")), "Last kernel messages\n", "Out of memory: Killed process",
                      "The watermark test of each zone\n", "Candidates\n", "1. Find why eat-memory grew")
        wide = memopsy("report", self.sample("6.1-oom-global"), environment={"COLUMNS": "200"})
        self.assertGreater(max(len(line) for line in wide.out.splitlines() if not line.startswith("[")), 90)
        quiet = memopsy("report", self.sample())
        self.assertIn("\nOut of memory: No OOM in the log. ", quiet.out)
        self.assertNotIn("Last kernel messages", quiet.out)
        self.assertIn("\nLeaks: ", quiet.out)
        self.assertNotIn("== Leaks", quiet.out)

    def test_last_messages_begin_with_the_trouble(self):
        path = self.place / "log"
        lines = [f"[    {i:1}.000000] nothing of note" for i in range(1, 4)]
        lines += ["[    4.000000] BUG: unable to handle page fault for address: ffff888000000000"]
        lines += ["[    4.100000] Oops: 0002 [#1] PREEMPT SMP PTI",
                  "[    4.100001] CPU: 3 PID: 1234 Comm: a b Tainted: G           OE      6.1.0-28-amd64 #1",
                  "[    4.100002] RIP: 0010:do_eat+0x2d/0xa0 [leaker]", "[    4.100003] RIP: 0033:0x7f0000000000"]
        lines += [f"[    5.{i:06}] frame {i}" for i in range(30)]
        lines += ["[    6.000000] Kernel panic - not syncing: Fatal exception"]
        lines += [f"[    7.{i:06}] after {i}" for i in range(12)]
        path.write_text("Linux version 6.1.0-28-amd64 (a@b) (gcc-12) #1 SMP\n" + "\n".join(lines) + "\n")
        for words in ((), ("--full",)):
            run = memopsy("report", path, *words)
            self.assertIn("BUG: unable to handle page fault", run.out.split("Last kernel messages")[1], run)
            self.assertIn("frame 0\n", run.out)
            self.assertRegex(run.out, r"running: +CPU 3, PID 1234 \(a b\)\n")
            self.assertRegex(run.out, r"at: +do_eat\+0x2d/0xa0 \[leaker\]\n")
            self.assertNotIn("nothing of note", run.out if not words else "")

    def test_dump_by_option(self):
        sample = self.sample()
        wanted = memopsy("sym", sample, "schedule").out
        self.assertEqual(memopsy("sym", "--dump", sample, "schedule").out, wanted)
        self.assertEqual(memopsy("sym", "schedule", f"--dump={sample}").out, wanted)
        (self.place / "schedule").write_text("a file of the symbol's name")
        self.assertEqual(memopsy("sym", sample, "--", "schedule", cwd=self.place).out, wanted)

    def test_elf_and_flattened_say_the_same(self):
        sample = self.sample()
        kdump = dump_forms.Kdump(sample)
        dump_forms.write_elf(self.place / "elf", kdump.pages(), kdump.vmcoreinfo())
        dump_forms.write_flattened(self.place / "flattened", kdump.data)
        for command in (("meminfo",), ("dmesg",)):
            wanted = self.succeeds(memopsy(*command, sample)).out
            for form in ("elf", "flattened"):
                self.assertEqual(self.succeeds(memopsy(*command, self.place / form)).out, wanted)
        info = self.json("info", self.place / "flattened")
        self.assertEqual(info["data"]["dump"]["present_pages"], sum(1 for _ in kdump.pfns()))
        self.assertEqual(struct.unpack_from("<I", kdump.data, 424)[0] & 1, 1, "the sample is zlib")


if __name__ == "__main__":
    main()
