# SPDX-License-Identifier: LGPL-2.1-or-later
"""Every block of pages against /sys/kernel/debug/page_owner, of which record-truth kept the digest: order, mask, who, when
and the whole stack. Reading page_owner takes the guest seconds: what was taken or freed since then is told, not counted."""
import json
import re
import sys

import truth

SLACK_SECONDS = 0.5 # between the clock of the recorder and that of the records

dump, folder, program = truth.arguments()
digest = folder / "sys/kernel/debug/page_owner.digest"
if not digest.exists():
    said = truth.run(program, "page_owner", dump).decode()
    if not said.startswith("This kernel "):
        print(f"there is no page_owner, and memopsy says {said[:200]!r}")
        sys.exit(1)
    truth.skip("the kernel kept no page_owner, and memopsy says so")


def name_of(word):
    """As memopsy writes a frame: without the function's size."""
    return re.sub(r"(\+0x[0-9a-f]+)/0x[0-9a-f]+", r"\1", word.strip())


def read_digest():
    """When the reading began, and what was said of each block."""
    began, blocks, stacks, lines = 0.0, {}, {}, iter(digest.read_text(errors="replace").splitlines())
    frames = None
    for line in lines:
        if line.startswith("time "):
            began = int(line[5:]) / 1e9
        elif line == "stack":
            frames = []
        elif line.startswith(" "):
            frames.append(name_of(line))
        else:
            pfn, order, mask, pid, tgid, ns, number, comm = line.split(" ", 7)
            if frames is not None:
                stacks[number], frames = frames, None
            blocks[int(pfn, 16)] = (int(order), int(mask, 16), int(pid), int(tgid), int(ns), stacks[number], comm)
    return began, blocks


def read_program():
    groups = json.loads(truth.run(program, "page_owner", dump, "--json"))["data"]["page_owner"]
    stacks = {row["handle"]: row["stack"].split(" < ") if row["stack"] else [] for row in groups}
    rows = json.loads(truth.run(program, "page_owner", dump, "--blocks", "--json"))["data"]["page_owner_blocks"]
    return groups, {row["pfn"]: (row["order"], int(row["gfp_mask"], 16), row["pid"], row["tgid"],
                                 round(row["allocated"] * 1e9), stacks[row["handle"]], row["comm"]) for row in rows}


def same_frame(kernel, ours):
    """Symbol tables name a label of assembly at the bottom of a stack differently; what must be equal is where it lies."""
    return kernel == ours or kernel.split("+")[0].startswith("0x")


def equal(kernel, ours):
    if kernel[:5] != ours[:5] or kernel[6] != ours[6] or len(kernel[5]) != len(ours[5]):
        return False
    return all(same_frame(a, b) for a, b in zip(kernel[5][:-1], ours[5][:-1]))


def was_freed(pfn, since):
    """Or lay on a CPU's list of free pages when page_owner started, as nobody's record says, and was given back since."""
    done = json.loads(truth.run(program, "page_owner", dump, str(pfn), "--json"))["data"]["page_owner_record"]
    is_early = int(done["gfp_mask"], 16) == 0 and done["state"] == "freed"
    return done["freed"] >= since or done["allocated"] >= since or is_early


def stacks_differ(groups):
    """The kernel's own sums of pages by stack (since 6.9), but for pages from before page_owner was there; how many differ."""
    path = folder / "sys/kernel/debug/page_owner_stacks/show_stacks"
    if not path.exists():
        return 0
    said, found, frames = {}, {}, []
    for line in path.read_text().splitlines():
        if line.startswith(" "):
            frames.append(name_of(line))
        elif line.startswith("nr_base_pages: "):
            said[tuple(frames[:-1])] = said.get(tuple(frames[:-1]), 0) + int(line.split()[1])
            frames = []
    for row in groups:
        stack = tuple(row["stack"].split(" < ")[:-1]) if row["stack"] else ()
        found[stack] = found.get(stack, 0) + row["pages"]
    others = [stack for stack in said if said[stack] != found.get(stack)]
    others += [stack for stack in found if stack not in said and not stack[0].startswith("register_early_stack")]
    for stack in others[:4]:
        print(f"pages of {stack}: the kernel counted {said.get(stack)}, memopsy {found.get(stack)}")
    print(f"{len(said)} stacks with the kernel's own sums, {len(others)} differ")
    return len(others) if len(others) * 20 > len(said) else 0


began, kernel = read_digest()
since = began - SLACK_SECONDS
groups, ours = read_program()
same = moved = wrong = 0
for pfn in sorted(kernel.keys() | ours.keys()):
    if pfn in kernel and pfn in ours and equal(kernel[pfn], ours[pfn]):
        same += 1
    elif pfn in ours and ours[pfn][4] / 1e9 >= since or pfn not in ours and moved < 2000 and was_freed(pfn, since):
        moved += 1
    else:
        wrong += 1
        if wrong < 4:
            print(f"page frame {pfn:#x}: the kernel said {kernel.get(pfn)}, memopsy says {ours.get(pfn)}")
wrong += stacks_differ(groups)
blocks = sum(row["blocks"] for row in groups)
if blocks != len(ours):
    print(f"the groups have {blocks} blocks, --blocks lists {len(ours)}")
    wrong += 1
print(f"{same} blocks equal in {len(groups)} groups, {wrong} differ, {moved} moved while recording")
sys.exit(1 if wrong or not same or moved * 20 > same else 0)
