# SPDX-License-Identifier: LGPL-2.1-or-later
"""owners: for every class of pages the holders add up to the balance sheet; and of what the module page_taker took, kept and
lost, every block is told: by order, by what it was signed with, by the function that asked for an area."""
import collections
import json
import pathlib
import re
import sys

import truth

dump, folder, program = truth.arguments()
PAGE = 4096
SLACK_BLOCKS = 8      # of one order, or one in a thousand: pages that the kernel itself has, and nothing tells
HIDDEN_PERCENT = 1    # blocks that something else happens to point at, too: a register saved on a stack, a list of free pages
KERNEL_CLASSES = {"slab", "large-kmalloc", "kernel-stack", "vmalloc", "percpu", "direct", "page-table", "mem-map", "page-ext",
                  "kernel-text", "kernel-data", "kernel-init", "reserved", "zero", "hugetlb-free", "offline", "balloon",
                  "zsmalloc", "page-pool", "guard"}
wrong = []


def rows(command, *words):
    return json.loads(truth.run(program, command, dump, *words, "--json"))["data"]


def check_balance(holders):
    balance = {row["class"]: row.get("size_bytes", row.get("bytes", 0)) for row in rows("usage", "--all")["usage"]}
    held = collections.Counter()
    for row in holders:
        held[row["class"]] += row["size_bytes"]
    for name in sorted(set(held) | (KERNEL_CLASSES & set(balance))):
        if held[name] != balance.get(name, 0):
            wrong.append(f"class {name}: holders have {held[name]} bytes, usage says {balance.get(name)}")
    for by in ("module", "kind"):
        total = sum(row["size_bytes"] for row in rows("owners", "--by", by)["owners_by"])
        if total != sum(held.values()):
            wrong.append(f"--by={by} has {total} bytes of {sum(held.values())}")
    return sum(held.values())


def parameters():
    """What the module was asked for, if it is there: the scenario's own words."""
    guest = json.loads((folder.parent / "guest.json").read_text())
    scenario = pathlib.Path(__file__).parents[2] / "sample-dumps/scenarios" / f"{guest['scenario']}.sh"
    text = scenario.read_text().replace("\\\n", " ") if scenario.exists() else ""
    line = next((line for line in text.splitlines() if line.strip().startswith("load page_taker ")), "")
    return {name: [int(word) for word in values.split(",")] for name, values in re.findall(r"(\w+)=([0-9,]+)", line)}


def near(found, expected, what):
    missing = expected - found
    if missing > max(1, expected * HIDDEN_PERCENT // 100) or -missing > max(SLACK_BLOCKS, expected // 1000):
        wrong.append(f"{what}: {found} found, {expected} in truth")


def check_module(holders, asked):
    has_records = any(row["evidence"] == "record" and row["module"] == "page_taker" for row in holders)
    lost, kept, signed = collections.Counter(), collections.Counter(), collections.Counter()
    for row in holders:
        if row["kind"] != "direct pages":
            continue
        if row["evidence"] == "record":
            told = {"lose": lost, "take_kept": kept, "lose_signed": signed}.get(row["name"])
            if told is not None and row["module"] == "page_taker":
                told[row["order"]] += row["pieces"]
        elif has_records:
            continue
        elif row["evidence"] == "nobody":
            lost[row["order"]] += row["pieces"]
        elif row["evidence"] == "guess" and row["module"] == "page_taker":
            signed[row["order"]] += row["pieces"]
        # Its init function, which asked for the area, is gone: the module is told by its variable that points there.
        elif row["evidence"] == "pointer" and row["name"].startswith("vmalloc area of") and row["module"] == "page_taker":
            kept[row["order"]] += row["pieces"]
    for name, found in (("lost", lost), ("kept", kept), ("signed", signed)):
        for order, count in enumerate(asked.get(f"{name}_of_order", [])):
            near(found[order], count, f"{name} blocks of order {order}")
    areas = {row["name"]: row["size_bytes"] for row in holders if row["module"] == "page_taker"}
    for name in ("vmalloc", "vmap"):
        count = asked.get(f"lost_{name}", [0])[0] * 16 * PAGE
        if count and areas.get(f"page_taker_lose_{name}") != count:
            wrong.append(f"areas of page_taker_lose_{name}: {areas.get(f'page_taker_lose_{name}')} bytes, {count} in truth")
    return sum(lost.values()), sum(kept.values()), sum(signed.values())


def check_percpu(holders):
    """Per-CPU allocations whose pointers the module vmap_user lost are nobody's, and few others are."""
    guest = json.loads((folder.parent / "guest.json").read_text())
    scenario = pathlib.Path(__file__).parents[2] / "sample-dumps/scenarios" / f"{guest['scenario']}.sh"
    text = scenario.read_text() if scenario.exists() else ""
    lost = sum(int(count) for count in re.findall(r" (?:lost|charged)_percpu=(\d+)", text))
    nobody = sum(row["pieces"] for row in holders if row["kind"] == "per-CPU" and row["evidence"] == "nobody")
    told = sum(row["pieces"] for row in holders if row["kind"] == "per-CPU" and row["evidence"] in ("pointer", "record"))
    if nobody < lost * 95 // 100 or nobody - lost > max(20, told // 10):
        wrong.append(f"{nobody} per-CPU allocations of nobody, {told} of somebody; {lost} were lost")
    return f"; {told} per-CPU allocations of somebody, {nobody} of nobody"


holders = rows("owners", "--all")["owners"]
total = check_balance(holders)
asked = parameters()
counts = check_module(holders, asked) if "pin_percent" not in asked else (0, 0, 0)
of_percpu = check_percpu(holders)
direct = [row for row in holders if row["class"] == "direct"]
unowned = sum(row["size_bytes"] for row in direct if row["evidence"] == "nobody") // PAGE
pages = sum(row["size_bytes"] for row in direct) // PAGE
print("\n".join(wrong))
print(f"{total >> 20} MiB of kernel memory are held as the balance sheet says; {pages} direct pages, {unowned} of nobody"
      + (f"; of page_taker {counts[0]} lost, {counts[1]} kept, {counts[2]} signed blocks" if asked else "")
      + of_percpu)
sys.exit(1 if wrong or not holders else 0)
