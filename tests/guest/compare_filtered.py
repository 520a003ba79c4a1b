# SPDX-License-Identifier: LGPL-2.1-or-later
"""What a dump without user pages (makedumpfile -d 31) says of processes, against the same moment's dump with everything:
page tables and struct pages are the kernel's and remain, so that mappings and all shares of memory must be equal; command
lines and environments are user memory and must be unknown, with a note."""
import json
import pathlib
import sys

import truth

dump, folder, program = truth.arguments()
filtered = pathlib.Path(dump).parent / "vmcore.kdump-d31"
whole = pathlib.Path(dump).parent / "vmcore.proc-vmcore"
if not filtered.exists() or not whole.exists():
    truth.skip("no dump of the same moment without user pages")
equal = differing = 0


def compare(*words):
    global equal, differing
    one, other = (truth.run(program, words[0], path, *words[1:]) for path in (whole, filtered))
    if one == other:
        equal += 1
    else:
        differing += 1
        print(" ".join(words), "differs")


if b"is not in the dump" in truth.run(program, "ps", filtered, "--all", statuses=(0, 1)):
    truth.skip("this dump lacks pages of the kernel too: its makedumpfile took them for a user's")
compare("ps", "--all", "--exact")
compare("procrank")
compare("oom_score")
rows = json.loads(truth.run(program, "ps", filtered, "--environ", "--json"))
for row in rows["data"]["ps"]:
    for command in ("maps", "smaps", "smaps_rollup"):
        compare(command, str(row["pid"]))
known = [row["pid"] for row in rows["data"]["ps"] if row["cmdline"] or row["environ"]]
text = " ".join(truth.run(program, "ps", filtered, "--cmdline").decode().split())
if known or "the dump does not have their memory" not in text:
    differing += 1
    print(f"command lines of {known} are known, and the note is {'' if 'does not have' in text else 'not '}there")
print(f"{equal} outputs equal, {differing} differ")
sys.exit(1 if differing or not equal else 0)
