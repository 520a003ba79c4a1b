# SPDX-License-Identifier: LGPL-2.1-or-later
"""oom: the verdict against what the scenario did (truth/scenario.json), every event against the kernel's own report in
its log, the candidates against the report's table and the formula, the scores against /proc/PID/oom_score."""
import json
import re
import sys

import truth

# What a scenario calls the cause, and what the verdict may call it.
CAUSES = {
    "process": {"anon"}, "tmpfs": {"shmem"}, "slab": {"slab"}, "hugetlb": {"hugetlb"}, "mlock": {"mlocked"},
    "page-tables": {"page-tables"}, "fragmentation": {"fragmentation"}, "zone": {"unaccounted"},
    "swap-full": {"compressed"}, "limits": {"commitment"},
}
CONSTRAINTS = {"CONSTRAINT_NONE": "global", "CONSTRAINT_MEMCG": "memcg", "CONSTRAINT_CPUSET": "cpuset",
               "CONSTRAINT_MEMORY_POLICY": "mempolicy"}
# Processes that a limit refused memory to, as the scenario names them, and which limit it was.
LIMITS = {"address_space": "RLIMIT_AS", "data": "RLIMIT_DATA", "locked": "RLIMIT_MEMLOCK",
          "mappings": "vm.max_map_count"}
PAGE = 4096
SCORE_MIN = -1000


class Checks:
    def __init__(self):
        self.equal = self.wrong = 0

    def same(self, what, want, have):
        if want == have:
            self.equal += 1
        else:
            self.wrong += 1
            print(f"{what}: expected {want!r}, memopsy says {have!r}")

    def true(self, what, condition, have):
        if condition:
            self.equal += 1
        else:
            self.wrong += 1
            print(f"{what}: memopsy says {have!r}")


def reports(log):
    """One dictionary for each report of the OOM killer or of a failed allocation in the log, oldest first."""
    found = []
    for line in log.splitlines():
        text = re.sub(r"^(<\d+>)?\[[^]]*\] ", "", line)
        start = re.match(r"(.*) invoked oom-killer: gfp_mask=(0x[0-9a-f]+).*order=(-?\d+)", text)
        failure = re.match(r"(.*): page allocation failure: order:(\d+), mode:(0x[0-9a-f]+)", text)
        if start:
            found.append({"kind": "oom-kill", "comm": start[1], "gfp": int(start[2], 16), "order": int(start[3]),
                          "tasks": {}, "killed": []})
        elif failure:
            found.append({"kind": "allocation-failure", "comm": failure[1], "gfp": int(failure[3], 16),
                          "order": int(failure[2]), "tasks": {}, "killed": []})
        elif found:
            add_to_report(found[-1], text)
    return found


def add_to_report(report, text):
    task = re.match(r"\[\s*(\d+)\]\s+(\d+)\s+(\d+)\s+(.*)$", text)
    kill = re.match(r"oom-kill:constraint=(\w+),", text)
    killed = re.match(r".*[Kk]illed process (\d+) \((.*)\) total-vm:", text)
    group = re.search(r",oom_memcg=([^,]*)", text)
    if task:
        # total_vm rss [rss_anon rss_file rss_shmem] pgtables_bytes swapents oom_score_adj name
        numbers = re.match(r"\s*((?:-?\d+\s+)+)(.*)$", task[4])
        values = [int(word) for word in numbers[1].split()]
        report["tasks"][int(task[1])] = {"rss": values[1], "tables": values[-3], "swap": values[-2], "adj": values[-1],
                                         "comm": numbers[2]}
    elif kill:
        report["constraint"] = CONSTRAINTS.get(kill[1])
        report["victim_pid"] = int(re.search(r",pid=(\d+)", text)[1])
        report["victim"] = re.search(r",task=(.*),pid=", text)[1]
        report["group"] = group[1] if group else None
    elif killed:
        report["killed"].append(int(killed[1]))


def check_verdict(checks, scenario, verdict):
    checks.same("constraint", scenario["constraint"], verdict["constraint"])
    checks.true("cause " + scenario["cause"], verdict["cause"] in CAUSES[scenario["cause"]], verdict["cause"])
    checks.same("victim", scenario.get("victim_comm"), verdict["victim"])
    if scenario["victim_is"] != "either": # as much his as another's
        checks.same("victim's role", None if scenario["victim_is"] == "none" else scenario["victim_is"],
                    verdict["victim_role"])
    names = {scenario["holder"], scenario.get("holder_module")} - {None, "none"}
    held = verdict["holder"] or ""
    checks.true("holder " + " or ".join(sorted(names)), not names or any(name in held for name in names), held)
    if "held_mib" in scenario:
        mib = (verdict["holder_bytes"] or 0) / 2**20
        checks.true(f"about {scenario['held_mib']} MiB held", 0.8 < mib / scenario["held_mib"] < 1.25, mib)
    if "group" in scenario and scenario["constraint"] == "memcg":
        checks.same("group", scenario["group"], verdict["memcg"])
    for sentence, needed in (("what", True), ("held_by", names), ("who_died", "victim_comm" in scenario)):
        checks.true("sentence " + sentence, not needed or verdict[sentence], verdict[sentence])


def check_limits(checks, scenario, rows):
    for key, limit in LIMITS.items():
        if key in scenario:
            found = [row["verdict"] for row in rows if row["limit"] == limit and row["comm"] == scenario[key]]
            checks.true(f"{limit} of {scenario[key]}", any("near" in word or "reached" in word for word in found), found)
    if "commit" in scenario:
        found = [row["verdict"] for row in rows if row["limit"] == "CommitLimit"]
        checks.true("CommitLimit, less what is kept for root", any("reached" in word or "near" in word for word in found), found)


def check_events(checks, wanted, rows):
    # Kills of which the kernel printed no report, or the log has lost its beginning, are partial.
    rows = [row for row in rows if row["kind"] in ("oom-kill", "allocation-failure") and not row["is_partial"]]
    checks.same("reports in the log", [report["kind"] for report in wanted], [row["kind"] for row in rows])
    for number, (report, row) in enumerate(zip(wanted, rows)):
        label = f"event {number + 1}: "
        checks.same(label + "comm", report["comm"], row["comm"])
        checks.same(label + "order", report["order"], row["order"])
        if "constraint" in report:
            # The kernel knows no constraint of the kind that there is no block of the order.
            same = {report["constraint"], "order"} if report["order"] > 0 else {report["constraint"]}
            checks.true(label + "constraint " + report["constraint"], row["constraint"] in same, row["constraint"])
            checks.same(label + "victim", (report["victim_pid"], report["victim"]), (row["victim_pid"], row["victim"]))


def check_kills(checks, log, kills, data):
    """One event for every process that the log says was killed, and the kernel's own count beside it."""
    pids = dict.fromkeys(int(pid) for pid in re.findall(r"[Kk]illed process (\d+) \(.*\) total-vm:", log))
    checks.same("killed", list(pids), [row["victim_pid"] for row in data["oom_events"]])
    checks.same("kills since boot", kills, data["oom"]["kills_since_boot"])


def check_candidates(checks, wanted, data, unmoved, total_pages):
    """The table of the report, the badness by the formula, and the scores of processes that did not change."""
    events, candidates = data["oom_events"], data["oom_candidates"]
    shown = data["oom"]["event"]
    for report, event in zip(wanted, [row for row in events if not row["is_partial"] and
                                      row["kind"] in ("oom-kill", "allocation-failure")]):
        rows = {row["pid"]: row for row in candidates if row["event"] == event["event"]}
        if not report["tasks"] or (event["event"] != shown and not rows):
            continue
        checks.true(f"event {event['event']}: every task of the table", set(report["tasks"]) <= set(rows),
                    sorted(set(report["tasks"]) - set(rows)))
        for pid, task in report["tasks"].items():
            row = rows.get(pid)
            if row is None:
                continue
            label = f"event {event['event']}, {pid} ({task['comm']}): "
            checks.same(label + "numbers", (task["rss"] * PAGE, task["tables"], task["swap"] * PAGE, task["adj"]),
                        (row["rss_bytes"], row["pgtables_bytes"], row["swap_bytes"], row["oom_score_adj"]))
            checks.same(label + "exempt", task["adj"] == SCORE_MIN, bool(row["exempt"]))
            points = task["rss"] + task["swap"] + task["tables"] // PAGE
            if report.get("constraint") == "global" and total_pages and task["adj"] != SCORE_MIN:
                checks.same(label + "badness", points + task["adj"] * (total_pages // 1000), row["badness_pages"])
                if pid in unmoved:
                    checks.same(label + "oom_score", unmoved[pid], row["oom_score"])
        killed = {pid for pid, row in rows.items() if row["is_victim"]}
        if report["killed"]:
            checks.true(f"event {event['event']}: killed {report['killed']}", killed <= set(report["killed"]), killed)


def scores(path):
    if not path.exists():
        return {}
    rows = (line.split(" ", 3) for line in path.read_text(errors="replace").splitlines())
    return {int(pid): int(score) for pid, score, _, _ in rows}


def total_pages_of(folder):
    """RAM and swap, as the kernel takes them for an OOM of the whole machine."""
    lines = (folder / "proc/meminfo").read_text().splitlines()
    values = {line.split(":")[0]: int(line.split()[1]) for line in lines if ":" in line}
    return (values["MemTotal"] + values["SwapTotal"]) * 1024 // PAGE


def main():
    dump, folder, program = truth.arguments()
    data = json.loads(truth.run(program, "oom", dump, "--json"))["data"]
    verdict = data["oom"]
    checks = Checks()
    log = (folder / "dmesg").read_text(errors="replace")
    wanted = reports(log)
    path = folder / "scenario.json"
    scenario = json.loads(path.read_text()) if path.exists() else {}
    if "constraint" in scenario:
        check_verdict(checks, scenario, verdict)
        check_limits(checks, scenario, data["oom_limits"])
        if "panic" in scenario:
            wanted = None # the log was recorded before
    elif not wanted and "oom-panic" not in folder.resolve().parent.name:
        checks.same("kind", "none", verdict["kind"])
        checks.same("event", None, verdict["event"])
    elif "oom-panic" in folder.resolve().parent.name:
        truth.skip("the record does not say what was done")
    if wanted:
        before, after = scores(folder / "scores/before"), scores(folder / "scores/after")
        if "kills" in scenario:
            check_kills(checks, log, scenario["kills"], data)
        unmoved = {pid: score for pid, score in before.items() if after.get(pid) == score}
        check_events(checks, wanted, data["oom_events"])
        check_candidates(checks, wanted, data, unmoved, total_pages_of(folder))
    print(f"{verdict['constraint']} {verdict['cause']} {verdict['victim']} {verdict['holder']}: "
          f"{checks.equal} equal, {checks.wrong} wrong")
    sys.exit(1 if checks.wrong or not checks.equal else 0)


main()
