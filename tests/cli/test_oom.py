#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""`memopsy oom` on the committed samples: the sentences, against what the kernel printed when its memory ran out."""
import json
import re
import tarfile

from memopsy_cli import Case, SAMPLES, main, memopsy

PAGE_KIB = 4


class Oom(Case):
    sample_name = "6.1-oom-global"

    def truth(self, name):
        with tarfile.open(SAMPLES / self.sample_name / "truth.tar.xz") as archive:
            return archive.extractfile(f"truth/{name}").read().decode(errors="replace")

    def data(self, *words, sample=None):
        run = memopsy("oom", "--json", self.sample(sample or self.sample_name), *words)
        self.assertEqual(run.status, 0, run)
        return json.loads(run.out)["data"]

    def test_verdict(self):
        log = self.truth("dmesg")
        pid, comm, anon, tables = re.search(r"Killed process (\d+) \((.*)\) total-vm:\d+kB, anon-rss:(\d+)kB.*pgtables:(\d+)kB",
                                            log).groups()
        total_kib = sum(int(kib) for kib in re.findall(r"Node 0 \w+ free:.* managed:(\d+)kB", log))
        verdict = self.data()["oom"]
        self.assertEqual((verdict["kind"], verdict["constraint"], verdict["cause"]), ("oom-kill", "global", "anon"))
        self.assertEqual((verdict["victim_pid"], verdict["victim"], verdict["victim_role"]), (int(pid), comm, "consumer"))
        self.assertEqual(verdict["freed_bytes"], (int(anon) + int(tables)) * 1024)
        self.assertRegex(verdict["what"], r"^The machine ran out of memory \d+\.\d{3} s after boot\. There is no swap\.$")
        self.assertIn(f" of {total_kib / 1024:.1f} MiB (", verdict["held_by"])
        self.assertIn(f"Most of that belonged to {comm} (PID {pid}): ", verdict["held_by"])
        self.assertEqual(verdict["who_died"], f"The kernel killed {comm} (PID {pid}), which held most of it. That freed "
                                              f"{(int(anon) + int(tables)) / 1024:.1f} MiB.")

    def test_kinds_add_up(self):
        total_kib = sum(int(kib) for kib in re.findall(r"Node 0 \w+ free:.* managed:(\d+)kB", self.truth("dmesg")))
        self.assertEqual(sum(row["bytes"] for row in self.data()["oom_causes"]), total_kib * 1024)

    def test_candidates(self):
        rows = {row["pid"]: row for row in self.data()["oom_candidates"]}
        tasks = re.findall(r"\[ *(\d+)\] +\d+ +\d+ +\d+ +(\d+) +(\d+) +(\d+) +(-?\d+) ", self.truth("dmesg"))
        self.assertGreater(len(tasks), 3)
        self.assertEqual(len(tasks), len(rows))
        for pid, rss, tables, _, adj in tasks:
            row = rows[int(pid)]
            self.assertEqual((row["rss_bytes"], row["pgtables_bytes"], row["oom_score_adj"]),
                             (int(rss) * PAGE_KIB * 1024, int(tables), int(adj)))

    def test_text(self):
        run = self.succeeds(memopsy("oom", self.sample(self.sample_name)), "The sizes add up to ", "\nKIND ", "\nCandidates\n")
        self.assertTrue(run.out.lstrip().startswith("WARNING: The machine ran out of memory") or
                        "\n\nWARNING: The machine ran out of memory" in run.out)
        too_wide = [line for line in run.out.splitlines() if len(line) > 90]
        self.assertEqual(too_wide, [])
        self.fails(memopsy("oom", self.sample(self.sample_name), "--event=7"), 1, "--event 7: the timeline has 1 events")

    def test_report_tells_it_once(self):
        document = json.loads(memopsy("report", "--json", self.sample(self.sample_name)).out)
        verdict = next(section for section in document["sections"] if section["name"] == "verdict")
        notes = " ".join(verdict["notes"])
        self.assertIn("The machine ran out of memory", notes)
        self.assertNotIn("Killed process", notes)

    def test_nothing_ran_out(self):
        data = self.data(sample="6.1-healthy")
        self.assertEqual((data["oom"]["kind"], data["oom"]["event"], data["oom"]["kills_since_boot"]), ("none", None, 0))
        self.succeeds(memopsy("oom", self.sample("6.1-healthy")), "No OOM in the log.")


main()
