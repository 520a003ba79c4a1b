# SPDX-License-Identifier: LGPL-2.1-or-later
"""memopsy diff: two dumps, or their reports in JSON; what grew, and what may not be said."""
import copy
import json
import unittest

import memopsy_cli
from memopsy_cli import memopsy


class Diff(memopsy_cli.Case):
    reports = {}

    def report(self, name):
        """The report of a sample as JSON, made once."""
        if name not in self.reports:
            self.reports[name] = json.loads(memopsy("report", "--json", self.sample(name)).out)
        return copy.deepcopy(self.reports[name])

    def save(self, name, document):
        path = self.place / f"{name}.json"
        path.write_text(document if isinstance(document, str) else json.dumps(document), encoding="utf-8")
        return path

    def diff(self, before, after, *words, status=0):
        run = memopsy("diff", self.save("a", before), self.save("b", after), "--json", *words)
        return json.loads(self.succeeds(run, status=status).out)

    def test_two_dumps(self):
        a, b = self.sample("6.1-healthy"), self.sample("6.1-leak-slab")
        run = self.succeeds(memopsy("diff", a, b))
        self.assertIn("More is lost than before: leak_obj (leaker) by 1.1 MiB (4,000 more objects), kmalloc-192 (leaker) by "
                      "750.0 KiB (4,000 more objects).", " ".join(run.out.split()))
        document = json.loads(memopsy("diff", a, b, "--json").out)
        self.assertEqual(document["command"], "diff")
        self.assertEqual(document["status"], "complete")
        self.assertIn("lost-more", [finding["id"] for finding in document["findings"]])
        self.assertIn("leaks-lost", [row["id"] for row in document["data"]["findings_of_one_side"] if row["side"] == "B"])
        changes = {(row["kind"], row["name"]): row for row in document["data"]["changes"]}
        self.assertEqual(changes["lost", "leak_obj (leaker)"]["change_pieces"], 4000)
        self.assertEqual(changes["slab cache", "leak_obj"]["module"], "leaker")
        for row in changes.values():
            self.assertEqual(row["change_bytes"], row["after_bytes"] - row["before_bytes"], row)

    def test_the_other_way_round_nothing_is_lost(self):
        document = self.diff(self.report("6.1-leak-slab"), self.report("6.1-healthy"))
        self.assertNotIn("lost-more", [finding["id"] for finding in document["findings"]])

    def test_reports_say_what_dumps_say(self):
        a, b = self.sample("6.1-healthy"), self.sample("6.1-leak-slab")
        of_dumps = json.loads(memopsy("diff", a, b, "--json").out)["data"]["changes"]
        self.assertEqual(self.diff(self.report("6.1-healthy"), self.report("6.1-leak-slab"))["data"]["changes"], of_dumps)
        mixed = memopsy("diff", self.save("a", self.report("6.1-healthy")), b, "--json")
        self.assertEqual(json.loads(mixed.out)["data"]["changes"], of_dumps)

    def test_classes_sum_to_nothing(self):
        """Page frames are of one class each: what one has more, others have less, on machines of one size."""
        document = self.diff(self.report("6.1-healthy"), self.report("6.1-leak-slab"))
        rows = [row["change_bytes"] for row in document["data"]["changes"] if row["kind"] == "class of pages"]
        self.assertEqual(sum(rows), 0)

    def test_same_dump(self):
        run = self.succeeds(memopsy("diff", self.sample(), self.sample()), "No cache, owner, process or file grew by 1.0 MiB or more.")
        self.assertNotIn("WARNING", run.out)
        self.assertNotIn("NOTICE", run.out)
        self.assertEqual(self.diff(self.report("6.1-healthy"), self.report("6.1-healthy"))["data"]["changes"], [])

    def test_pace_within_a_boot(self):
        before, after = self.report("6.1-healthy"), self.report("6.1-healthy")
        after["data"]["machine"]["uptime_seconds"] += 10800
        for row in after["data"]["meminfo"]:
            if row["field"] == "MemAvailable":
                row["value"] //= 2
        verdicts = [finding["verdict"] for finding in self.diff(before, after)["findings"]]
        self.assertTrue(any("at this pace it would last another 3.0 h." in verdict for verdict in verdicts), verdicts)
        # Another boot, of whatever uptime: there is no pace.
        after["data"]["kernel"]["kaslr_offset"] = "0x1000000"
        document = self.diff(before, after)
        self.assertEqual([finding["id"] for finding in document["findings"]], [])
        self.assertTrue(any("booted in between" in note for section in document["sections"] for note in section["notes"]))

    def test_processes_of_a_boot_by_pid(self):
        before, after = self.report("6.1-healthy"), self.report("6.1-healthy")
        row = max(after["data"]["ps"], key=lambda row: row["rss_bytes"])
        row["rss_bytes"] += 64 << 20
        verdicts = [finding["verdict"] for finding in self.diff(before, after)["findings"]]
        self.assertTrue(any(f"process {row['comm']}({row['pid']}) by 64.0 MiB" in verdict for verdict in verdicts), verdicts)

    def test_unknown_is_no_change(self):
        before, after = self.report("6.1-healthy"), self.report("6.1-healthy")
        after["data"]["slabtop"][0]["total_bytes"] = None
        after["data"]["slabtop"][1]["total_bytes"] = {"at_least": 1 << 40}
        document = self.diff(before, after)
        self.assertEqual(document["data"]["changes"], [])
        self.assertTrue(any("Of 2 more it is unknown" in note for note in document["notes"]), document["notes"])

    def test_rows_that_may_have_been_cut(self):
        before, after = self.report("6.1-healthy"), self.report("6.1-healthy")
        row = after["data"]["slabtop"][0]
        before["data"]["slabtop"] = [dict(row, name=f"cache-{i}", total_bytes=1 << 30) for i in range(1000)]
        changes = [row for row in self.diff(before, after)["data"]["changes"] if row["kind"] == "slab cache"]
        self.assertNotIn(row["name"], [change["name"] for change in changes], "what a full table lacks is unknown, not 0")

    def test_partial_side(self):
        after = self.report("6.1-healthy")
        after["status"] = "partial"
        document = self.diff(self.report("6.1-healthy"), after, status=1)
        self.assertTrue(any("The report of B is partial" in note for section in document["sections"]
                            for note in section["notes"]))

    def test_numbers_beyond_63_bits(self):
        after = self.report("6.1-healthy")
        after["data"]["meminfo"][0]["value"] = 2 ** 64 - 1
        self.assertEqual(self.diff(self.report("6.1-healthy"), after)["data"]["changes"], [])

    def test_hostile_names(self):
        after = self.report("6.1-healthy")
        after["data"]["slabtop"].append(dict(after["data"]["slabtop"][0], name="bad\x1b[2J\u202egpj", total_bytes=1 << 40))
        run = memopsy("diff", self.save("a", self.report("6.1-healthy")), self.save("b", after))
        self.succeeds(run, "bad\\x1b[2J")
        self.assertNotIn("\x1b", run.out)
        self.assertNotIn("\u202e", run.out)

    def test_rows_of_no_shape(self):
        for table in (17, [1, "x", None, []], [{}], [{"name": 3, "total_bytes": "many"}], {"name": "x"}):
            after = self.report("6.1-healthy")
            after["data"]["slabtop"] = table
            self.diff(self.report("6.1-healthy"), after)
        self.diff({"schema": "memopsy-report", "schema_version": 1, "command": "report", "status": "complete"},
                  self.report("6.1-healthy"))

    def test_a_log_as_one_side(self):
        log = self.place / "log"
        log.write_text("[    0.000000] Linux version 6.1.0-57-amd64 (x) (gcc) #1 SMP\n[    1.000000] hello\n", encoding="utf-8")
        run = memopsy("diff", log, self.sample())
        self.assertIn("little can be compared", run.out, run)

    def test_bad_input(self):
        good = self.save("good", self.report("6.1-healthy"))
        whole = good.read_text()
        for text, message in ((whole[:len(whole) // 2], "not valid JSON: line "),
                              (whole.replace('"schema_version": 1', '"schema_version": 2'), "a later version of memopsy"),
                              (whole.replace('"command": "report"', '"command": "usage"'), "the output of `memopsy usage`")):
            self.fails(memopsy("diff", good, self.save("bad", text)), 3, "bad.json", message)
        self.fails(memopsy("diff", good, self.place / "nowhere"), 3, "nowhere")
        self.fails(memopsy("diff", good, self.place), 2, "a directory")
        self.fails(memopsy("diff", good), 2, "diff needs A B")
        self.fails(memopsy("diff", good, good, good), 2, "too many arguments")
        self.fails(memopsy("diff", good, self.sample(), "--vmlinux=/nowhere"), 3, "/nowhere")

    def test_a_file_that_is_nothing(self):
        junk = self.place / "junk"
        junk.write_bytes(b"\x7fELF" + bytes(4000))
        self.fails(memopsy("diff", self.sample(), junk), 3, "junk")


if __name__ == "__main__":
    unittest.main()
