#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""`memopsy oom` on reports made of known numbers: what was short, who held it, who died; and that no part exceeds its whole."""
import json
import re

import oom_logs
from memopsy_cli import Case, main, memopsy

VARIANTS = [(1.0, "worker"), (3.7, "a-b_c"), (41.0, "qemu-kvm")]
UNITS = ("B", "KiB", "MiB", "GiB", "TiB")
CASES = (oom_logs.movable_zone, oom_logs.deadlock, oom_logs.memcg_swap, oom_logs.largest_not_most, oom_logs.sysrq_f,
         oom_logs.of_module, oom_logs.low_zone)


def size(kib):
    """As texts have it."""
    value, unit = kib * 1024, 0
    while value >= 1024:
        value, unit = value / 1024, unit + 1
    return f"{value:.1f} {UNITS[unit]}"


class Verdicts(Case):
    def data(self, case, scale, name):
        path = self.place / "log"
        path.write_text(oom_logs.text(case, scale, name))
        run = self.succeeds(memopsy("oom", path, "--json"))
        data = json.loads(run.out)["data"]
        return data, data["oom"]

    def variants(self, case):
        for scale, name in VARIANTS:
            yield oom_logs.Log(scale).kib, name, *self.data(case, scale, name)

    def test_movable_zone(self):
        for kib, name, data, verdict in self.variants(oom_logs.movable_zone):
            self.assertEqual((verdict["constraint"], verdict["cause"], verdict["holder"], verdict["victim_role"]),
                             ("zone", "slab", "driver_request", "bystander"))
            self.assertEqual(verdict["holder_bytes"], kib(340000) * 1024)
            self.assertRegex(verdict["what"], r"zone Normal\) ran out.*free in zone Movable, which they may not use")
            self.assertIn(f"{size(kib(355196) - kib(4000))} were free in zone Movable", verdict["what"])
            # Of the zone alone, and all of the machine's slab is in it.
            self.assertIn(f"held {size(kib(360000))} of {size(kib(400000))} (90 %)", verdict["held_by"])
            self.assertIn(f"of which {size(kib(8800))} may lie in zones that the request cannot use", verdict["who_died"])
            self.assertEqual(sum(row["bytes"] for row in data["oom_causes"]), kib(400000) * 1024)

    def test_deadlock(self):
        for kib, _, data, verdict in self.variants(oom_logs.deadlock):
            self.assertEqual((verdict["kind"], verdict["constraint"], verdict["cause"], verdict["victim"]),
                             ("oom-panic", "global", "slab", None))
            self.assertIn(f"held {size(kib(360000))} of {size(kib(400000))}", verdict["held_by"])
            self.assertEqual(verdict["who_died"], "No process could be killed (of 2 in the table 1 exempt by oom_score_adj -1000, "
                                                  "1 with nothing left to free or already dying), and the kernel panicked.")
            # Nobody was killed before: what has no memory left is not dying, but empty.
            self.assertEqual(sorted((row["exempt"], row["fate"]) for row in data["oom_candidates"]),
                             [("it has no memory left", "empty"), ("oom_score_adj is -1000", "exempt")])

    def test_memcg_swap(self):
        for kib, name, _, verdict in self.variants(oom_logs.memcg_swap):
            self.assertEqual((verdict["constraint"], verdict["memcg"], verdict["cause"], verdict["holder"], verdict["victim"]),
                             ("memcg", "/pods/pod1", "anon", name, name))
            self.assertEqual(verdict["holder_bytes"], kib(520000) * 1024)
            self.assertIn(f"limit of {size(kib(524288))} and its swap limit of {size(kib(524288))}", verdict["what"])
            self.assertIn(f"{size(kib(520000))} resident, and {size(kib(524000))} in swap", verdict["held_by"])

    def test_largest_is_not_most(self):
        for kib, name, _, verdict in self.variants(oom_logs.largest_not_most):
            self.assertEqual((verdict["constraint"], verdict["cause"], verdict["holder_pid"]), ("global", "anon", 3195))
            self.assertIn("The largest part of that (46 %) belonged to", verdict["held_by"])
            self.assertIn(f"editor (PID 778) had {size(kib(3240000))} (42 %).", verdict["held_by"])
            self.assertIn(f"{name} (PID 3195), which held 46 % of it.", verdict["who_died"])
            self.assertNotIn("most", verdict["held_by"] + verdict["who_died"])

    def test_by_hand(self):
        for kib, name, _, verdict in self.variants(oom_logs.sysrq_f):
            self.assertEqual((verdict["constraint"], verdict["cause"], verdict["victim"], verdict["victim_role"]),
                             ("none", "none", name, "unknown"))
            self.assertIn(f"invoked manually (SysRq-f), with {size(kib(1640000))} of {size(kib(1950000))} free (84 %): memory was "
                          "not short.", verdict["what"])
            self.assertIsNone(verdict["held_by"])
            self.assertNotIn("bystander", verdict["who_died"])

    def test_slab_of_the_whole_machine(self):
        for kib, _, data, verdict in self.variants(oom_logs.low_zone):
            self.assertEqual((verdict["constraint"], verdict["cause"], verdict["holder"]), ("zone", "unknown", None))
            self.assertIn("What held the memory there is unknown: the log has slab", verdict["held_by"])
            # 360,000 of slab may be there: only what no counter can have is in no counter.
            rows = {row["cause"]: row for row in data["oom_causes"]}
            self.assertTrue(rows["slab"]["is_of_machine"])
            self.assertLess(rows.get("unaccounted", {"bytes": 0})["bytes"], kib(40000) * 1024)

    def test_module_of_the_stack(self):
        for _, _, data, verdict in self.variants(oom_logs.of_module):
            row = data["oom_events"][0]
            self.assertEqual((row["function"], row["function_module"]), ("do_eat", "leaker"))
            self.assertIn("The holder is unknown. A hint: the allocation that failed came from module leaker (do_eat()).",
                          verdict["held_by"])
            self.assertIsNone(verdict["holder"])

    def test_all_names_the_event(self):
        path = self.place / "log"
        path.write_text(oom_logs.text(oom_logs.movable_zone, 1, "one") + oom_logs.text(oom_logs.memcg_swap, 1, "two"))
        run = self.succeeds(memopsy("oom", path, "--all"))
        for heading in ("EVENT  NODE  ZONE ", "EVENT  KIND ", "EVENT  CGROUP ", "EVENT   PID  COMMAND "):
            self.assertIn("\n" + heading, run.out, run)
        self.assertRegex(run.out, r"\n    1   301  one ")
        self.assertRegex(run.out, r"\n    2  4242  two ")
        self.assertNotIn("EVENT", self.succeeds(memopsy("oom", path)).out)

    def test_parts_and_wholes(self):
        for case in CASES:
            for scale, name in VARIANTS:
                data, verdict = self.data(case, scale, name)
                for row in data["oom_causes"]:
                    parts = [row[key] or 0 for key in ("holder_bytes", "second_bytes")]
                    self.assertLessEqual(sum(parts), row["bytes"], row)
                    self.assertLessEqual(row["percent"], 100, row)
                for part, whole in re.findall(r"([\d.]+ \w?i?B) of ([\d.]+ \w?i?B)", verdict["held_by"] or ""):
                    self.assertLessEqual(self.value(part), self.value(whole))

    @staticmethod
    def value(text):
        number, unit = text.split()
        return float(number) * 1024 ** UNITS.index(unit)


main()
