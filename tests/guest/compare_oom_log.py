# SPDX-License-Identifier: LGPL-2.1-or-later
"""oom: the same guest's events read from its dump and from its own log as text (truth/dmesg, console.log): what the log says must
come out of both alike, field by field; what only the dump can tell (module, mount, file behind the holder) may be missing of
the text, and never differ."""
import json
import subprocess
import sys

import truth

# Of an event: all that the log says.
EVENT = ("kind", "constraint", "order", "gfp", "comm", "pid", "victim_pid", "victim", "freed_bytes", "repeats", "function", "killer",
         "request_bytes", "is_partial")
CANDIDATE = ("comm", "uid", "oom_score_adj", "rss_bytes", "swap_bytes", "pgtables_bytes", "is_victim")
ZONE = ("free_bytes", "mark_bytes", "reserve_bytes")
MEMCG = ("path", "usage_bytes", "limit_bytes", "failcnt", "swap_usage_bytes", "swap_limit_bytes")


def events_of(program, path):
    """[(event, {table: {key: row}})] of the kernel's own events, oldest first."""
    done = subprocess.run([*program, "oom", path, "--all", "--json"], stdin=subprocess.DEVNULL, capture_output=True, check=False)
    if done.returncode not in (0, 1) or not done.stdout:
        print(f"memopsy oom {path} ended with {done.returncode}: {done.stderr.decode(errors='replace')}")
        sys.exit(1)
    data = json.loads(done.stdout)["data"]
    found = []
    for row in data.get("oom_events", []):
        tables = {}
        for name, key in (("oom_candidates", "pid"), ("oom_causes", "cause"), ("oom_memcg", "path")):
            tables[name] = {other[key]: other for other in data.get(name, []) if other["event"] == row["event"]}
        tables["oom_zones"] = {(other["node"], other["zone"]): other for other in data.get("oom_zones", [])
                               if other["event"] == row["event"]}
        found.append((row, tables))
    return found


class Checks:
    def __init__(self):
        self.equal = self.wrong = 0

    def same(self, what, dump, text):
        if dump == text:
            self.equal += 1
        else:
            self.wrong += 1
            print(f"{what}: the dump says {dump!r}, the text {text!r}")


def compare_rows(checks, label, dump, text, fields):
    for key, row in dump.items():
        if key not in text:
            checks.same(f"{label} {key}", "there", "not there")
            continue
        for field in fields:
            checks.same(f"{label} {key} {field}", row.get(field), text[key].get(field))


def compare_event(checks, label, dump, text):
    (row, tables), (other, others) = dump, text
    report = ("oom_memcg", "oom_candidates", "oom_zones")
    is_less = any(tables[name] for name in report) and not any(others[name] for name in report)
    if other["is_partial"] and (not row["is_partial"] or is_less):
        # A console at loglevel 4: the kill alone, of a report that the dump's log has, or has the end of.
        is_group = sum(bool(task["is_victim"]) for task in tables["oom_candidates"].values()) > 1
        for field in ("victim_pid", "victim") if is_group else ("victim_pid", "victim", "freed_bytes"):
            checks.same(f"{label}: {field}", row[field], other[field])
        return
    for field in EVENT:
        checks.same(f"{label}: {field}", row.get(field), other.get(field))
    compare_rows(checks, label + " zone", tables["oom_zones"], others["oom_zones"], ZONE)
    compare_rows(checks, label + " cgroup", tables["oom_memcg"], others["oom_memcg"], MEMCG)
    if others["oom_candidates"]: # without a table the dump has its own processes
        compare_rows(checks, label + " candidate", tables["oom_candidates"], others["oom_candidates"], CANDIDATE)
    # What the dump alone can count is a kind of its own there, and less is left over; what the log counts is the same.
    of_log = {cause: share for cause, share in tables["oom_causes"].items()
              if share.get("source") == "log" and cause != "unaccounted"}
    compare_rows(checks, label + " share", of_log, others["oom_causes"], ("bytes",))
    if row["cause"] in of_log or row["cause"] in ("fragmentation", "unknown"):
        checks.same(f"{label}: cause", row["cause"], other["cause"])
    elif other["cause"] not in ("unaccounted", "unknown"):
        checks.same(f"{label}: cause, which the log cannot know", row["cause"], other["cause"])


def of_log_alone(events):
    return [event for event in events if event[0]["comm"] or event[0]["victim_pid"]]


def same_event(dump, texts):
    """By its time (a text has microseconds); of a console that shows errors alone, by who was killed."""
    row = dump[0]
    for text in texts:
        other = text[0]
        if None not in (row["time_seconds"], other["time_seconds"]) and abs(row["time_seconds"] - other["time_seconds"]) < 2e-6:
            return text
    for text in texts:
        if text[0]["is_partial"] and row["victim_pid"] and text[0]["victim_pid"] == row["victim_pid"]:
            return text
    return None


def is_loud(folder):
    """Whether the console had all that the kernel printed."""
    guest = folder.parent / "guest.json"
    return guest.exists() and "loglevel=8" in json.loads(guest.read_text()).get("command_line", "")


def main():
    dump, folder, program = truth.arguments()
    from_dump = of_log_alone(events_of(program, dump))
    checks = Checks()
    texts = [path for path in (folder / "dmesg", folder.parent / "console.log") if path.exists() and path.stat().st_size]
    compared = 0
    for path in texts:
        from_text = of_log_alone(events_of(program, str(path)))
        # The record may end before the last event, or begin behind the first.
        for event in from_dump:
            other = same_event(event, from_text)
            if path.name == "console.log" and is_loud(folder) and not event[0]["is_partial"]:
                checks.same(f"{path.name}, event {event[0]['event']}: whole", True, other is not None and not other[0]["is_partial"])
            if other:
                compared += 1
                compare_event(checks, f"{path.name}, event {event[0]['event']} ({event[0]['comm']})", event, other)
        print(f"{path.name}: {len(from_dump)} events in the dump, {len(from_text)} in the text")
    if not from_dump:
        truth.skip("no event in the dump's log")
    if not compared:
        truth.skip("the texts have none of the dump's events")
    print(f"{compared} events, {checks.equal} fields alike, {checks.wrong} not")
    sys.exit(1 if checks.wrong else 0)


if __name__ == "__main__":
    main()
