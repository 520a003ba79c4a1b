# SPDX-License-Identifier: LGPL-2.1-or-later
"""ps: every process's numbers against /proc/PID/status, stat, statm, oom_score_adj and cgroup."""
import json
import sys

import truth

KIB = 1024
# The process that wrote the record: it goes on reading and writing files after its own entry.
RECORDER = "record-truth"
COUNTERS = {"rss_bytes": "VmRSS", "anon_bytes": "RssAnon", "file_bytes": "RssFile", "shmem_bytes": "RssShmem",
            "swap_bytes": "VmSwap", "pgtables_bytes": "VmPTE", "vss_bytes": "VmSize", "locked_bytes": "VmLck",
            "pinned_bytes": "VmPin"}


def status_of(folder):
    lines = (folder / "status").read_text(errors="replace").splitlines()
    return dict(line.split(":", 1) for line in lines if ":" in line)


def wanted_row(folder):
    """What the row of this process must hold."""
    status = status_of(folder)
    want = {"ppid": int(status["PPid"]), "uid": int(status["Uid"].split()[1]), "tgid": int(status["Tgid"]),
            "state": status["State"].split()[0], "comm": status["Name"].strip(), "threads": int(status["Threads"]),
            "oom_adj": int((folder / "oom_score_adj").read_text())}
    for key, name in COUNTERS.items():
        want[key] = int(status[name].split()[0]) * KIB if name in status else 0
    words = (folder / "cmdline").read_bytes().rstrip(b"\0").replace(b"\0", b" ")
    if words:
        want["cmdline"] = words.decode(errors="replace")
    group = [line[3:] for line in (folder / "cgroup").read_text().splitlines() if line.startswith("0::")]
    if group:
        want["cgroup"] = group[0]
    for link in ("pid", "mnt", "net", "user", "cgroup", "ipc", "uts"):
        path = folder / "ns" / f"{link}.link"
        if path.exists():
            want[f"{link}_ns"] = int(path.read_text().split("[")[1].rstrip("]\n"))
    if "NSpid" in status:
        want["inner_pid"] = int(status["NSpid"].split()[-1])
    path = folder / "environ"
    words = path.read_bytes().rstrip(b"\0").replace(b"\0", b" ") if path.exists() else b""
    if words and want["vss_bytes"]:
        want["environ"] = words.decode(errors="replace")
    return want


def main():
    dump, folder, program = truth.arguments()
    if "oom-panic" in folder.resolve().parent.name:
        truth.skip("the guest went on after the record, until it panicked")
    found = json.loads(truth.run(program, "ps", dump, "--all", "--environ", "--json"))["data"]["ps"]
    rows = {row["pid"]: row for row in found}
    equal = differing = moved = 0
    pids = sorted(int(entry.name) for entry in (folder / "proc").iterdir() if entry.name.isdigit())
    for pid in pids:
        want = wanted_row(folder / "proc" / str(pid))
        row = rows.get(pid)
        if row is None:
            # Kernel workers end whenever they are idle.
            differing += not want["comm"].startswith("kworker")
            print(f"pid {pid} ({want['comm']}) is missing")
            continue
        for key, value in want.items():
            # The kernel shows the whole names of its threads, of which comm holds the beginning.
            if row[key] == value or (key == "comm" and row["vss_bytes"] == 0 and value.startswith(row[key])):
                equal += 1
            elif RECORDER in want["comm"] or key == "state":
                moved += 1
                print(f"moved: pid {pid} ({want['comm']}) {key}: {value!r} -> {row[key]!r}")
            else:
                differing += 1
                print(f"pid {pid} ({want['comm']}) {key}: the kernel said {value!r}, memopsy says {row[key]!r}")
    for pid in sorted(set(rows) - set(pids)):
        print(f"pid {pid} ({rows[pid]['comm']}) is not in the record")
        differing += rows[pid]["ppid"] not in (0, 2) and RECORDER not in rows[pid]["comm"]
    tree = json.loads(truth.run(program, "ps", dump, "--all", "--tree", "--threads", "--json"))["data"]["ps"]
    differing += {row["pid"] for row in tree} < set(rows)
    print(f"{len(pids)} processes, {equal} fields equal, {differing} differ, {moved} moved")
    sys.exit(1 if differing or not equal else 0)


main()
