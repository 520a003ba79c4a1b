#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The commands that say who holds memory, on the committed samples: what their kernels said of themselves, every command in
every form of output, and words that are none."""
import json
import os
import re
import subprocess
import tarfile

from memopsy_cli import Case, SAMPLES, main, memopsy

# What a command needs to be run at all; all others are run as they are.
WORDS = {
    "whatis": ["init_task"], "refs": ["init_task"], "rmap": ["init_task"], "page": ["init_task"], "slab": ["dentry"],
    "objects": ["kmem_cache"], "maps": ["1"], "smaps": ["1"], "smaps_rollup": ["1"],
}
OTHERS = ("info", "report", "diff", "watch", "snapshot", "dmesg", "print", "sym", "vtop", "read", "plugins", "help")


class Holders(Case):
    @staticmethod
    def truth(name, sample="6.1-healthy"):
        with tarfile.open(SAMPLES / sample / "truth.tar.xz") as archive:
            return archive.extractfile(f"truth/{name}").read().decode(errors="replace")

    def json(self, *words, status=0):
        run = memopsy(words[0], "--json", *words[1:])
        self.assertEqual(run.status, status, run)
        return json.loads(run.out)

    def meminfo_kib(self, name, sample="6.1-healthy"):
        return int(re.search(rf"^{name}: +(\d+)", self.truth("proc/meminfo", sample), re.MULTILINE).group(1))

    @staticmethod
    def commands():
        return [name for name in memopsy("--list-commands").out.split() if name not in OTHERS]

    def test_every_command_on_every_sample(self):
        for sample in ("6.1-healthy", "6.1-oom-global", "6.1-leak-slab"):
            path = self.sample(sample)
            for command in self.commands():
                document = self.json(command, path, *WORDS.get(command, []))
                self.assertEqual((document["status"], document["error"]), ("complete", None), command)

    def test_every_command_in_every_form(self):
        path = self.sample()
        for command in self.commands():
            words = WORDS.get(command, [])
            whole = self.succeeds(memopsy(command, path, *words))
            self.assertNotRegex(whole.out, r"[^\n\x20-\x7e]", command)
            columns = re.search(rf"Columns of {command}(?: \(.*\))?:\n +(\w+)", memopsy("help", command).out)
            if columns:
                run = self.succeeds(memopsy(command, path, *words, f"--columns={columns.group(1)}", "--no-headings",
                                            f"--sort=-{columns.group(1)}"))
                self.assertNotIn("\x1b", run.out)
                self.fails(memopsy(command, path, *words, "--sort=no_such_column"), 2, "no_such_column")
            read_end, write_end = os.pipe()
            os.close(read_end)
            run = memopsy(command, path, *words, stdout=write_end)
            os.close(write_end)
            # What prints nothing but a remark does not meet the pipe that is closed.
            self.assertEqual((run.status, run.err), (1, ""), command)

    def test_modules(self):
        run = self.succeeds(memopsy("modules", self.sample(), "--proc"))
        self.assertEqual(run.out, self.truth("proc/modules"))
        rows = {row["name"]: row for row in self.json("modules", self.sample("6.1-leak-slab"))["data"]["modules"]}
        self.assertGreater(rows["leaker"]["slab_bytes"], 1 << 20)

    def test_percpu(self):
        sums = self.json("percpu", self.sample())["data"]["percpu_sums"]
        self.assertEqual(sums["populated_bytes"], self.meminfo_kib("Percpu") << 10)
        rows = self.json("percpu", self.sample(), "--allocations")["data"]["percpu_allocations"]
        self.assertTrue(rows)
        self.fails(memopsy("percpu", self.sample(), "--x"), 2, "unknown option --x")

    def test_pagetables(self):
        data = self.json("pagetables", self.sample())["data"]
        self.assertEqual(data["page_table_sums"]["counted_bytes"], self.meminfo_kib("PageTables") << 10)
        n_found = 0
        for row in data["page_table_owners"]:
            if row["pid"] is None:
                continue
            status = re.search(r"VmPTE:\s+(\d+) kB", self.truth(f"proc/{row['pid']}/status"))
            self.assertEqual(row["counted_bytes"], int(status.group(1)) << 10, row)
            n_found += 1
        self.assertGreater(n_found, 5)

    def test_cgroups(self):
        path = "services/database"
        truth = self.truth(f"sys/fs/cgroup/{path}/memory.stat")
        wanted = dict(line.split() for line in truth.splitlines())
        run = self.succeeds(memopsy("cgroups", self.sample(), "/" + path, "--stat"))
        found = dict(line.split() for line in run.out.splitlines())
        self.assertEqual(list(found), list(wanted))
        # Each of two CPUs may keep up to 64 pages to itself until somebody reads the file.
        for name in ("anon", "file", "shmem", "kernel_stack"):
            self.assertLess(abs(int(found[name]) - int(wanted[name])), 2 * 64 << 12, name)
        rows = {row["cgroup"]: row for row in self.json("cgroups", self.sample())["data"]["cgroups"]}
        usage = int(self.truth(f"sys/fs/cgroup/{path}/memory.current"))
        self.assertLess(abs(rows["/" + path]["usage_bytes"] - usage), 2 * 64 << 12)
        self.fails(memopsy("cgroups", self.sample(), "/nope"), 1, 'no memory cgroup "/nope"')
        self.fails(memopsy("cgroups", self.sample(), "/", "--dying"), 2, "takes no path")
        self.fails(memopsy("cgroups", self.sample(), "--stat"), 2, "--stat needs a path")

    def test_files(self):
        """Cached is the page cache with tmpfs and without the swap cache and what block devices cache."""
        rows = self.json("files", self.sample(), "--all")["data"]["files"]
        cached = sum(row["cached_bytes"] for row in rows if row["kind"] not in ("block-device", "swap-cache"))
        self.assertEqual(cached, self.meminfo_kib("Cached") << 10)

    def test_oom(self):
        verdict = self.json("oom", self.sample("6.1-oom-global"))["data"]["oom"]
        self.assertEqual((verdict["kind"], verdict["constraint"], verdict["victim"]), ("oom-kill", "global", "eat-memory"))
        self.assertIn(f"Killed process {verdict['victim_pid']} (eat-memory)", self.truth("dmesg", "6.1-oom-global"))
        healthy = self.json("oom", self.sample())
        self.assertEqual((healthy["data"]["oom"]["kind"], healthy["findings"]), ("none", []))
        self.fails(memopsy("oom", self.sample(), "--event=5"), 1, "--event 5: the timeline has 0 events")

    def test_leaks(self):
        document = self.json("leaks", self.sample("6.1-leak-slab"))
        rows = {row["cache"]: row for row in document["data"]["leaks"]}
        for cache in ("leak_obj", "kmalloc-192"):
            self.assertEqual((rows[cache]["objects"], rows[cache]["owner"]), (4000, "leaker"), rows[cache])
        healthy = self.json("leaks", self.sample())
        self.assertEqual({row["confidence"] for row in healthy["data"]["leaks"]}, {"on purpose"})
        self.assertEqual(healthy["findings"], [])

    def test_owners(self):
        """Every page frame that is not free, and not of a process or a file, has one holder."""
        rows = self.json("owners", self.sample(), "--all")["data"]["owners"]
        usage = {row["class"]: row for row in self.json("usage", self.sample())["data"]["usage"]}
        for name in ("slab", "vmalloc", "percpu", "page-table", "kernel-stack", "direct"):
            held = sum(row["size_bytes"] for row in rows if row["class"] == name)
            self.assertEqual(held, usage[name]["pages"] << 12, name)
        self.fails(memopsy("owners", self.sample(), "--by=colour"), 2, "module, caller, cache or kind", '"colour"')

    def test_whatis(self):
        rows = self.json("whatis", self.sample(), "init_task+8")["data"]["whatis"]
        self.assertIn(("symbol", "init_task+0x8"), [(row["what"], row["detail"]) for row in rows])
        row = self.json("objects", self.sample(), "dentry", "--allocated")["data"]["objects"][0]
        run = self.succeeds(memopsy("whatis", self.sample(), row["object"], "--brief"), "dentry")
        self.assertEqual(run.out.count(row["object"]), 1, run)
        run = memopsy("whatis", self.sample(), "-", "--brief", stdin=subprocess.DEVNULL)
        self.succeeds(run, "(none)")
        for word in ("", "1zzz", "init_task+", "pfn:", "pfn:-1", "pa:zz", "1" * 30):
            self.fails(memopsy("whatis", self.sample(), "--", word), 2, f'"{word}"')

    def test_refs_and_symbols(self):
        rows = self.json("refs", self.sample(), "init_task")["data"]["refs"]
        self.assertTrue(rows)
        for command in ("refs", "rmap", "page"):
            self.fails(memopsy(command, self.sample(), "no_such_symbol"), 1, '"no_such_symbol"')
        self.fails(memopsy("refs", self.sample(), "-1"), 2, "unknown option -1")

    def test_rmap(self):
        """Pages that proc/kpagecount says are mapped are found as often in page tables."""
        with tarfile.open(SAMPLES / "6.1-healthy" / "truth.tar.xz") as archive:
            counts = archive.extractfile("truth/proc/kpagecount").read()
        rows = self.json("pages", self.sample(), "--class=anon", "--each")["data"]["pages"]
        self.assertTrue(rows)
        n_shared = 0
        for row in rows[::len(rows) // 8]:
            pfn = row["pfn"]
            document = self.json("rmap", self.sample(), hex(pfn))
            n_mapped = int.from_bytes(counts[pfn * 8:pfn * 8 + 8], "little")
            self.assertEqual(len(document["data"]["rmap"]), n_mapped, hex(pfn))
            n_shared += n_mapped > 0
        self.assertGreater(n_shared, 0)

    def test_records_that_this_kernel_does_not_keep(self):
        for command in ("page_owner", "allocinfo"):
            self.succeeds(memopsy(command, self.sample()), "This kernel was built without")
        self.fails(memopsy("page_owner", self.sample(), "zzz"), 2, '"zzz" is not a page frame number')


if __name__ == "__main__":
    main()
