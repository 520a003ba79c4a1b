# SPDX-License-Identifier: LGPL-2.1-or-later
"""Every task's kernel stack against /proc/PID/stack, and who waits for whose lock against what the scenario did.

/proc/PID/stack leaves out the scheduler's and the locks' own functions at the top. Sizes of modules' functions are not
compared: kernels print the distance to the next symbol there, memopsy what the module's symbol table says.
"""
import json
import re
import sys

import truth

WAITING = re.compile(r"(__schedule|schedule|io_schedule|preempt_schedule|mutex_lock|__mutex_lock|__ww_mutex|rwsem_|down_|__down|"
                     r"wait_for_|__wait_for|do_wait_for|do_nanosleep|__cond_resched|rt_mutex|__rt_mutex|wait_on_|__lock|"
                     r"__switch_to|usleep_range|hrtimer_nanosleep|__do_semtimedop|schedule_|rtlock|__rwbase|rwbase)")
MOVING = re.compile(r"record-truth|kworker|rcu|ksoftirqd|kcompactd|migration|jbd2")
FIRST_MINUTES = 3600


def recorded(folder):
    """PID: (name, functions)"""
    found = {}
    for path in [*folder.glob("proc/[0-9]*/stack"), *folder.glob("proc/[0-9]*/task/[0-9]*/stack")]:
        lines = [line.split("] ", 1)[1] for line in path.read_text().splitlines() if "] " in line]
        found[int(path.parent.name)] = (path.with_name("comm").read_text().strip(), [without_size(line) for line in lines])
    return found


def without_size(function):
    """Without what is no difference either: the three names that each system call's function has."""
    return re.sub(r"/0x[0-9a-f]+", "", re.sub(r"^__(ia32|x64|do)_sys_", "__do_sys_", function))


def read_stacks(program, dump):
    rows = json.loads(truth.run(program, "ps", dump, "--all", "--threads", "--json"))["data"]["ps"]
    pids = [str(row["pid"]) for row in rows]
    found = {}
    for first in range(0, len(pids), 50):
        for row in json.loads(truth.run(program, "bt", dump, *pids[first:first + 50], "--json"))["data"]["stacks"]:
            stack = found.setdefault(row["pid"], {"cpu": row["cpu"], "state": row["state"], "frames": [], "end": None})
            if row["function"] and row["frame"] == len(stack["frames"]):
                stack["frames"].append(without_size(row["function"]))
            stack["end"] = row["end"] or stack["end"]
    return found


def is_equal(want, have):
    top = have[:len(have) - len(want)]
    return have[len(top):] == want and all(WAITING.match(function) for function in top)


def compare_waits(program, dump, scenario):
    """The scenario "stuck": who holds what is known."""
    wrong = 0
    data = json.loads(truth.run(program, "bt", dump, "--all", "--json"))["data"]
    waits = {row["comm"]: row for row in data["waits"]}
    expected = {scenario["reclaimer"]: ("mutex", scenario["mutex"], scenario["holder"]),
                "mutex-waiter-1": ("mutex", scenario["mutex"], scenario["holder"]),
                "mutex-waiter-2": ("mutex", scenario["mutex"], scenario["holder"]),
                "sem-wants-read": ("semaphore", scenario["written"], "sem-writer"),
                "sem-wants-write": ("semaphore", scenario["read"], "reader sem-reader")}
    for comm, (kind, lock, holder) in expected.items():
        row = waits.get(comm)
        text = f"{kind} {lock} [{scenario['module']}]"
        if not row or row["lock"] != text or not row["holder"].startswith(f"{holder} (PID ") or \
                row["holder_in"] != f"stay [{scenario['module']}]" or not 5 < row["off_cpu_seconds"] < FIRST_MINUTES:
            print(f"{comm} waits for {text}, held by {holder}; memopsy says {row}")
            wrong += 1
    if waits.get(scenario["reclaimer"], {}).get("activity") != "direct reclaim":
        print(f"{scenario['reclaimer']} is in direct reclaim: {waits.get(scenario['reclaimer'])}")
        wrong += 1
    extra = set(waits) - set(expected)
    if extra:
        print(f"nobody else waits, memopsy says {extra}")
        wrong += 1
    print(f"{len(expected)} waits, {wrong} wrong")
    return wrong


def main():
    dump, folder, program = truth.arguments()
    wanted = recorded(folder)
    if not wanted:
        truth.skip("this guest recorded no stacks")
    stacks = read_stacks(program, dump)
    equal = differing = moved = frames = 0
    for pid, (comm, functions) in sorted(wanted.items()):
        stack = stacks.get(pid)
        if not stack or not functions or stack["cpu"] is not None:
            moved += 1
        elif is_equal(functions, stack["frames"]) and stack["end"] in ("whole", "user"):
            equal += 1
            frames += len(stack["frames"])
        elif MOVING.search(comm):
            moved += 1
        else:
            differing += 1
            print(f"pid {pid} ({comm}): the kernel said {functions}, memopsy says {stack['frames']} ({stack['end']})")
    print(f"{equal} stacks of {frames} frames equal, {differing} differ, {moved} moved or without frames")
    wrong = 0
    if (folder / "scenario.json").exists():
        scenario = json.loads((folder / "scenario.json").read_text())
        if "reclaimer" in scenario:
            wrong = compare_waits(program, dump, scenario)
    sys.exit(1 if differing or wrong or equal < 20 else 0)


main()
