# SPDX-License-Identifier: LGPL-2.1-or-later
"""oom_score of every process against /proc/PID/oom_score, and the command against the column of ps."""
import json
import sys

import truth


def main():
    dump, folder, program = truth.arguments()
    if "oom-panic" in folder.resolve().parent.name:
        truth.skip("the guest went on after the record, until it panicked")
    processes = json.loads(truth.run(program, "ps", dump, "--all", "--json"))["data"]["ps"]
    scores = json.loads(truth.run(program, "oom_score", dump, "--json"))["data"]["oom_score"]
    by_command = {row["pid"]: row["oom_score"] for row in scores}
    equal = differing = moved = 0
    for row in processes:
        path = folder / "proc" / str(row["pid"]) / "oom_score"
        if not path.exists():
            continue
        want = int(path.read_text())
        if row["oom_score"] == want and by_command.get(row["pid"], 0) == want:
            equal += 1
        elif "record-truth" in row["comm"]:
            moved += 1
        else:
            differing += 1
            print(f"pid {row['pid']} ({row['comm']}): the kernel said {want}, memopsy says {row['oom_score']} and "
                  f"{by_command.get(row['pid'])}")
    print(f"{equal} scores equal, {differing} differ, {moved} moved while recording")
    sys.exit(1 if differing or not equal else 0)


main()
