#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Logs instead of dumps: every form in which one comes gives the same events, and what is no log is told so."""
import gzip
import json
import re
import subprocess
import tarfile

import dump_forms
import log_forms
import memopsy_cli
from memopsy_cli import Case, SAMPLES, main, memopsy

# A report of a memory cgroup with known numbers, as a 6.1 kernel prints it.
CGROUP = """\
worker invoked oom-killer: gfp_mask=0xcc0(GFP_KERNEL), order=0, oom_score_adj=996
CPU: 1 PID: 4242 Comm: worker Not tainted 6.1.0-28-amd64 #1  Debian 6.1.119-1
Call Trace:
 <TASK>
 dump_stack_lvl+0x44/0x5c
 dump_header+0x4c/0x22b
 oom_kill_process.cold+0xb/0x10
 out_of_memory+0x1fd/0x4c0
 mem_cgroup_out_of_memory+0x137/0x150
 try_charge_memcg+0x744/0x810
 </TASK>
memory: usage 524288kB, limit 524288kB, failcnt 9000
swap: usage 0kB, limit 0kB, failcnt 0
Memory cgroup stats for /pods/pod1:
anon 532676608
file 32768
kernel 2097152
Tasks state (memory values in pages):
[  pid  ]   uid  tgid total_vm      rss pgtables_bytes swapents oom_score_adj name
[   4242]     0  4242   262000   130000  1081344        0           996 worker
[   4200]     0  4200     2020       10    45056        0           996 pause
oom-kill:constraint=CONSTRAINT_MEMCG,nodemask=(null),cpuset=c1,mems_allowed=0,oom_memcg=/pods/pod1,task_memcg=/pods/pod1/c1,task=worker,pid=4242,uid=0
Memory cgroup out of memory: Killed process 4242 (worker) total-vm:1048000kB, anon-rss:519900kB, file-rss:100kB, shmem-rss:0kB, UID:0 pgtables:1056kB oom_score_adj:996
"""


def events_of(run):
    """All tables but for what a form may leave out: when it was, and what the report begins with."""
    data = json.loads(run.out)["data"]
    for name, table in data.items():
        for row in table if isinstance(table, list) else [table]:
            for key in ("time_seconds", "is_partial", "clock", "host"):
                row.pop(key, None)
            for key in ("what", "who_died", "held_by"):
                if isinstance(row.get(key), str):
                    row[key] = re.sub(r" \d+\.\d{3} s after boot| \([^()]*\d\d:\d\d:\d\d[^()]*\)", "", row[key])
    return data


class Log(Case):
    def sample_log(self):
        with tarfile.open(SAMPLES / "6.1-oom-global" / "truth.tar.xz") as archive:
            return archive.extractfile("truth/dmesg").read().decode(errors="replace")

    def write(self, name, data):
        path = self.place / name
        path.write_bytes(data)
        return path

    def all_forms_agree(self, lines):
        expected = None
        for name, form in log_forms.FORMS.items():
            with self.subTest(form=name):
                run = memopsy("oom", "--json", "--all", self.write(name, form(lines)))
                self.assertEqual(run.status, 0, run)
                events = events_of(run)
                self.assertEqual(events["oom"]["kind"], "oom-kill", run)
                expected = expected or events
                self.assertEqual(events, expected)
        return expected

    def test_forms_of_a_machines_report(self):
        lines = log_forms.parse(self.sample_log())
        oom = self.all_forms_agree(lines)["oom"]
        self.assertEqual((oom["constraint"], oom["cause"]), ("global", "anon"))
        self.assertEqual(len(self.all_forms_agree(lines)["oom_events"]), 1)

    def test_forms_of_a_groups_report(self):
        oom = self.all_forms_agree(log_forms.of_text(CGROUP))["oom"]
        self.assertEqual((oom["constraint"], oom["memcg"], oom["victim"], oom["victim_pid"]),
                         ("memcg", "/pods/pod1", "worker", 4242))

    def test_log_and_dump_agree(self):
        lines = log_forms.FORMS["raw"](log_forms.parse(self.sample_log()))
        of_log = json.loads(memopsy("oom", "--json", self.write("log", lines)).out)["data"]
        of_dump = json.loads(memopsy("oom", "--json", self.sample("6.1-oom-global")).out)["data"]
        for key in ("kind", "constraint", "cause", "holder", "holder_pid", "holder_bytes", "victim", "victim_pid", "victim_role",
                    "freed_bytes", "swap", "what", "who_died"):
            self.assertEqual(of_log["oom"][key], of_dump["oom"][key], key)
        self.assertAlmostEqual(of_log["oom"]["time_seconds"], of_dump["oom"]["time_seconds"], places=5)
        for table in ("oom_candidates", "oom_zones"):
            self.assertEqual(len(of_log[table]), len(of_dump[table]))

    def test_several_machines(self):
        """A central server's file: two machines report at the same time, line by line."""
        lines = log_forms.of_text(CGROUP)
        other = log_forms.of_text(CGROUP.replace("worker", "walker").replace("/pods", "/jobs"))
        text = "".join(f"{a.short} node kernel: {a.text}\n{b.short} other kernel: {b.text}\n" for a, b in zip(lines, other))
        rows = json.loads(memopsy("oom", "--json", self.write("a", text.encode()), self.write("b", CGROUP.encode())).out)
        rows = rows["data"]["oom_many"]
        self.assertEqual([(row["host"], row["scope"], row["victim"]) for row in rows],
                         [("node", "/pods/pod1", "worker"), ("other", "/jobs/pod1", "walker"), (None, "/pods/pod1", "worker")])
        self.assertEqual({row["held_bytes"] for row in rows}, {520000 * 1024})
        self.assertEqual(rows[0]["clock"], "Dec  1 08:00:05")
        crowd = "".join(f"{line.short} node kernel: {line.text}\n" +
                        "".join(f"{line.short} other{i} kernel: usb 1-1: new device\n" for i in range(40)) for line in lines)
        run = memopsy("oom", self.write("crowd", crowd.encode()))
        self.assertIn("/pods/pod1 reached its limit", run.out)
        self.assertRegex(run.out, "Dec  1 08:00:05 +node +oom-kill")

    def test_series(self):
        text = "".join(CGROUP.replace("4242", str(5000 + i)) for i in range(5)) + CGROUP.replace("worker", "other")
        run = memopsy("oom", "--json", self.write("a", text.encode()), self.write("b", b"[    1.000000] nothing here\n"))
        self.assertEqual(run.status, 0, run)
        self.assertEqual([(row["victim"], row["kills"], row["event"]) for row in json.loads(run.out)["data"]["oom_many"]],
                         [("worker", 5, 1), ("other", 1, 6)])

    def test_table_names_what_cannot_be_read(self):
        run = memopsy("oom", self.write("a", CGROUP.encode()), self.place / "missing", self.write("text", b"Dear diary\n"))
        self.assertEqual(run.status, 1, run)
        self.assertIn("worker", run.out)
        self.assertIn("missing", run.err)
        self.assertIn("none of its 1 lines is from a kernel", run.err)

    def test_standard_input(self):
        process = subprocess.run([memopsy_cli.PROGRAM, "oom", "-"], input=gzip.compress(CGROUP.encode()), capture_output=True,
                                 check=False, timeout=60)
        self.assertEqual(process.returncode, 0, process.stderr)
        self.assertIn(b"worker (PID 4242)", process.stdout)
        process = subprocess.run([memopsy_cli.PROGRAM, "oom", "-"], input=b"\x7fELF" + bytes(5000), capture_output=True,
                                 check=False, timeout=60)
        self.assertEqual(process.returncode, 3)
        self.assertIn(b"a dump must be a file", process.stderr)

    def test_other_commands(self):
        path = self.write("log", log_forms.FORMS["rfc3164"](log_forms.parse(self.sample_log())))
        run = self.succeeds(memopsy("info", path), "text log", "x86_64", "6.1.0-", "node")
        self.assertNotIn("plugin-skipped", run.out)
        self.assertRegex(run.out, r"Memory held: +\?")
        self.succeeds(memopsy("oom", "--help"), "It may also be a log", "it prints one table with the")
        run = self.succeeds(memopsy("report", path), "The machine ran out of memory", "A log contains no memory", "Killed process")
        self.assertLess(run.out.count("skipped"), 2)
        lines = memopsy("dmesg", path).out.splitlines()
        self.assertEqual(lines[0].split("] ")[1], log_forms.parse(self.sample_log())[0].text)
        rows = json.loads(memopsy("dmesg", "--json", path).out)["data"]["dmesg"]
        self.assertEqual((rows[0]["host"], rows[0]["program"]), ("node", None))
        for command in (["slabtop"], ["read", path, "0xffffffff81000000"], ["vtop", path, "0"], ["print", path, "struct page"]):
            self.fails(memopsy(command[0], *(command[1:] or [path])), 3, "a log contains no memory")

    def test_killers_of_user_space_are_named(self):
        text = b"Dec  1 08:49:04 n kernel: a\nDec  1 08:49:05 n systemd-oomd[3]: Killed /x\nDec  1 08:49:06 n sshd[3]: no\n"
        rows = json.loads(memopsy("dmesg", "--json", self.write("log", text)).out)["data"]["dmesg"]
        self.assertEqual([(row["program"], row["text"]) for row in rows], [(None, "a"), ("systemd-oomd", "Killed /x")])

    def killed(self, *lines):
        """(events, the verdict on the worst) of a journal with these lines of programs."""
        text = "".join(f"Dec  1 08:49:04 node {line}\n" for line in lines)
        data = json.loads(memopsy("oom", "--all", "--json", self.write("log", text.encode())).out)["data"]
        return data.get("oom_events", []), data.get("oom", {})

    def test_words_of_killers(self):
        """What a daemon says before and after a kill belongs to it; what only looks like one is none."""
        sending = 'earlyoom[7]: sending SIGTERM to process 70 uid 0 "x": oom_score 900, oom_score_adj 0, VmRSS 90 MiB'
        rows, verdict = self.killed("earlyoom[7]: low memory! at or below SIGTERM limits: mem 10.00%, swap 10.00%", sending, sending.replace("70", "71"),
                           "earlyoom[7]: kill failed: Operation not permitted")
        self.assertEqual([(row["victim_pid"], row["reason"]) for row in rows],
                         [(70, "at or below SIGTERM limits: mem 10.00%, swap 10.00%"), (71, None)])
        self.assertIn("tried to kill, and failed", verdict["what"])
        self.assertIn("could not kill x (PID 71)", verdict["who_died"])
        self.assertEqual(self.killed(sending, "earlyoom[7]: dryrun, not actually sending any signal")[0], [])
        rows, _ = self.killed("earlyoom[7]: Killing process 70 x y", "sh[8]: Killing process 71 z")
        self.assertEqual([(row["killer"], row["victim"]) for row in rows], [("earlyoom", "x y")])
        rows, _ = self.killed("nohang[9]: Memory status that requires corrective actions:",
                           "nohang[9]:   MemAvailable [70 MiB, 1 %] <= hard_threshold_min_mem [80 MiB, 2 %]",
                           "nohang[9]: Process with highest badness (found in 3ms):", "nohang[9]:   PID: 70, Name: x, badness: 900",
                           "nohang[9]:   Vm, MiB:   Size: 99, RSS: 80 (Anon: 1, File: 2, Shmem: 3), Swap: 0",
                           "nohang[9]:   Sending SIGKILL to the victim")
        self.assertEqual([(row["killer"], row["victim"], row["request_bytes"], row["reason"]) for row in rows],
                         [("nohang", "x", 80 << 20, "MemAvailable [70 MiB, 1 %] <= hard_threshold_min_mem [80 MiB, 2 %]")])
        unit = "systemd[1]: a.service: A process of this unit has been killed by the OOM killer."
        self.assertEqual([row["killer"] for row in self.killed(unit, "systemd[1]: Started a.service.")[0]], ["systemd"])
        rows, _ = self.killed("systemd-oomd[3]: Killed /x.slice/a.service due to memory pressure for /x.slice being 65.32% > 50.00% for > 20s "
                           "with reclaim activity", "systemd[1]: a.service: systemd-oomd killed 3 process(es) in this unit.")
        self.assertEqual(len(rows), 1)

    def test_daemon_that_has_the_kernel_kill(self):
        """earlyoom -k: the kernel's report is the event, and the daemon's name stands at it, wherever its line is."""
        report = [f"kernel: {line}" for line in CGROUP.replace("order=0", "order=-1").splitlines() if "emory cgroup stats" not in line]
        word = "earlyoom[7]: kill_process: successfully triggered kernel OOM killer"
        for lines in ([*report, word], [word, *report]):
            rows, _ = self.killed(*lines)
            self.assertEqual([(row["kind"], row["killer"], row["victim_pid"]) for row in rows], [("oom-kill", "earlyoom", 4242)])
        rows, verdict = self.killed(word)
        self.assertEqual([(row["kind"], row["killer"]) for row in rows], [("userspace-kill", "earlyoom")])
        self.assertIn("had the kernel's OOM killer invoked", verdict["what"])

    def test_group_report_without_its_beginning(self):
        """The numbers of a group's limit, with a margin where dmesg has the lines of one record, and the kill."""
        stats = "anon 1062739968\n" + " " * 27 + "file 0\n" + " " * 27 + "slab_unreclaimable 1953792\n"
        text = ("[Tue Dec  1 08:49:04 2026] memory: usage 1048576kB, limit 1048576kB, failcnt 15\n"
                f"[Tue Dec  1 08:49:04 2026] Memory cgroup stats for /pods/a:\n[Tue Dec  1 08:49:04 2026] {stats}"
                "[Tue Dec  1 08:49:04 2026] Memory cgroup out of memory: Killed process 7 (x) total-vm:1300000kB, anon-rss:1036000kB, "
                "file-rss:300kB, shmem-rss:0kB, UID:0\n")
        for log in (text, text.replace("[Tue Dec  1 08:49:04 2026] memory:", "Task in /pods/a killed as a result of limit of /pods/a\n"
                                                                            "[    9.000000] memory:").replace("[Tue Dec  1 08:49:04 2026]", "[    9.000000]")):
            oom = json.loads(memopsy("oom", "--json", self.write("log", log.encode())).out)["data"]
            self.assertEqual(len(oom["oom_events"]), 1)
            self.assertEqual((oom["oom"]["memcg"], oom["oom"]["cause"], oom["oom"]["victim_pid"], oom["oom"]["is_partial"]),
                             ("/pods/a", "anon", 7, 1))

    def test_hung_task_is_no_request(self):
        text = ("[  130.000000] INFO: task kswapd0:139 blocked for more than 120 seconds.\n[  130.000001] Call Trace:\n"
                "[  130.000002]  schedule+0x2c/0x80\n[  130.000003]  folio_wait_bit+0x1/0x2\n[  130.000004]  shrink_folio_list+0x1/0x2\n")
        run = self.succeeds(memopsy("oom", self.write("log", text.encode())), "kswapd0 (PID 139) was found blocked 130.000 s after boot", "folio_wait_bit()")
        self.assertNotIn("who asked", run.out)

    def test_cut_lines(self):
        """A syslog daemon that cuts at 1024 bytes: half a number is none, and the report says that it is not whole."""
        long = CGROUP.replace("/pods/pod1", "/pods/" + "x" * 400)
        lines = [f"Dec  1 08:49:04 node kernel: {line}" for line in long.splitlines()]
        summary = next(i for i, line in enumerate(lines) if "oom-kill:constraint" in line)
        fill = 1024 - lines[summary].index(",pid=4242") - len(",pid=42")
        lines[summary] = lines[summary].replace("oom_memcg=/pods/", "oom_memcg=/pods/" + "x" * fill)[:1024]
        self.assertTrue(lines[summary].endswith(",pid=42"))
        oom = json.loads(memopsy("oom", "--json", self.write("log", "\n".join(lines[:summary + 1]).encode() + b"\n")).out)["data"]["oom"]
        self.assertEqual((oom["victim_pid"], oom["is_partial"]), (None, 1))
        run = memopsy("oom", self.write("log", "\n".join(lines).encode() + b"\n"))
        self.assertIn("a line of its report was cut", run.out)
        self.assertIn("worker (PID 4242)", run.out)

    def test_what_is_lost_is_said(self):
        text = "[    1.000000] ** 12 printk messages dropped **\n" + CGROUP
        run = self.succeeds(memopsy("dmesg", self.write("log", text.encode())), "could not be read", status=1)
        self.assertIn("12", run.out)
        damaged = gzip.compress(CGROUP.encode() * 50)
        run = memopsy("info", self.write("cut.gz", damaged[:len(damaged) // 2]))
        self.assertIn("cut short", run.out, run)

    def test_page_size_is_that_of_the_log(self):
        """arm64 with 64K pages: the block list's first size; and without one it is said that it was assumed."""
        run = memopsy("oom", self.write("log", CGROUP.replace("-amd64", "").encode()))
        self.assertIn("does not say how large a page is", run.out)
        block = "Node 0 Normal: 5*64kB (UME) 0*128kB = 320kB\n"
        text = CGROUP.replace("-amd64", "-arm64").replace("Tasks state", block + "Tasks state")
        rows = json.loads(memopsy("oom", "--json", self.write("log", text.encode())).out)["data"]["oom_candidates"]
        self.assertIn(130000 * 65536, [row["rss_bytes"] for row in rows])

    def test_dump_without_types(self):
        """What its log says, and status 1; the same of one that is cut short."""
        dump = dump_forms.Kdump(self.sample("6.1-oom-global"))
        path = self.place / "vmcore"
        dump_forms.write_elf(path, dump_forms.without_btf(dump.pages()), dump.vmcoreinfo())
        whole = json.loads(memopsy("oom", "--json", self.sample("6.1-oom-global")).out)["data"]["oom"]
        cut = self.place / "cut"
        cut.write_bytes(path.read_bytes()[:path.stat().st_size * 6 // 10])
        for file in (path, cut):
            run = memopsy("oom", "--json", file)
            self.assertEqual(run.status, 1, run)
            verdict = json.loads(run.out)["data"]["oom"]
            for key in ("kind", "constraint", "cause", "holder", "holder_bytes", "victim", "victim_pid", "freed_bytes", "what"):
                self.assertEqual(verdict[key], whole[key], key)
            run = self.succeeds(memopsy("report", file), "The machine ran out of memory", "its types are unknown", status=1)
            self.assertLess(run.out.count("skipped"), 2)
            self.succeeds(memopsy("dmesg", file), "Killed process")
        self.fails(memopsy("slabtop", path), 3, "no type information")

    def test_log_by_its_shape(self):
        """Nothing is left that says where the log is: no VMCOREINFO, no registers of a CPU, no types."""
        dump = dump_forms.Kdump(self.sample("6.1-oom-global"))
        path = self.place / "vmcore"
        pages = ((pfn, b"\0" * 4096 if data.startswith(b"OSRELEASE=") else data)
                 for pfn, data in dump_forms.without_btf(dump.pages()))
        dump_forms.write_elf(path, pages, None)
        self.fails(memopsy("slabtop", path), 3, "cannot find the kernel's page tables")
        found = self.succeeds(memopsy("dmesg", path, "--json"))
        found = [(row["time_seconds"], row["level"], row["text"]) for row in json.loads(found.out)["data"]["dmesg"]]
        whole = json.loads(memopsy("dmesg", "--json", self.sample("6.1-oom-global")).out)["data"]["dmesg"]
        self.assertEqual(found, [(row["time_seconds"], row["level"], row["text"]) for row in whole])
        run = self.succeeds(memopsy("oom", path), "belonged to eat-memory (PID 127)", status=1)
        run = self.succeeds(memopsy("report", path), "found by its shape", "eat-memory", status=1)

    def test_log_of_other_machines_by_its_shape(self):
        """Words of 32 bits and the other byte order: arm, i386, s390x, ppc."""
        lines = ["Linux version 6.1.0-toy (x) #1", *CGROUP.splitlines()]
        for machine, word_bytes, is_big_endian in ((40, 4, False), (3, 4, False), (22, 8, True), (20, 4, True)):
            with self.subTest(machine=machine):
                path = self.place / "core"
                dump_forms.write_toy_elf(path, dump_forms.toy_ring(lines, word_bytes, is_big_endian), machine, word_bytes, is_big_endian)
                rows = json.loads(memopsy("dmesg", "--json", path).out)["data"]["dmesg"]
                self.assertEqual([row["text"] for row in rows], lines)
                self.assertEqual({row["level"] for row in rows}, {"warn"})
                run = self.succeeds(memopsy("oom", path), "/pods/pod1 reached its limit", "worker (PID 4242)", status=1)
                self.assertIn("found by its shape", memopsy("report", path).out, run)

    def test_damaged_logs(self):
        """Whatever is wrong with a log, the program ends with a status of its own and says what it found in words."""
        forms = {name: form(log_forms.of_text(CGROUP)) for name, form in log_forms.FORMS.items()}
        for seed in range(120):
            name = sorted(forms)[seed % len(forms)]
            path = self.write("log", log_forms.mutate(forms[name], seed))
            run = memopsy("oom", "--all", path)
            self.assertIn(run.status, (0, 1, 3), f"{name} {seed}: {run}")


if __name__ == "__main__":
    main()
