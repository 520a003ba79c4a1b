# SPDX-License-Identifier: LGPL-2.1-or-later
"""whatis of thousands of addresses whose meaning is known: symbols of the running kernel and its modules, sections of
modules, areas of /proc/vmallocinfo, task_structs and their stacks, objects of slab caches, struct pages, page frames."""
import collections
import json
import re
import subprocess
import sys
import os

import truth

dump, folder, program = truth.arguments()
OPTIONS = os.environ.get("MEMOPSY_OPTIONS", "").split()
asked = []  # (address, what it is, function that takes the row and says why it is wrong)


def rows(command, *words):
    return json.loads(truth.run(program, command, dump, *words, "--json"))["data"]


def ask(address, what, check):
    asked.append((address, what, check))


def symbols_by_address():
    found, percpu_end, image_end = collections.defaultdict(set), 0, 0
    for line in (folder / "proc/kallsyms").read_text(errors="replace").splitlines():
        address, kind, name, *module = line.split()
        if kind not in "aA?":
            found[int(address, 16)].add((name, module[0].strip("[]") if module else None))
        if name == "_end" and not module:
            image_end = int(address, 16)
        if name == "__per_cpu_end":
            percpu_end = int(address, 16)
    return found, percpu_end, image_end


def ask_symbols():
    found, percpu_end, image_end = symbols_by_address()
    begin = min((address for address, names in found.items() if ("_text", None) in names), default=0)
    percpu = {name for address, names in found.items() for name in names if address < percpu_end <= begin}
    addresses = sorted(found)
    kernel = [address for address in addresses if begin <= address < image_end]
    modules = [address for address in addresses if any(module and module not in ("bpf",) and not name.startswith("__pfx_")
                                                       for name, module in found[address]) and address > begin]
    def check(names):
        def why(row):
            # A vmlinux has labels of assembly besides, which kallsyms leaves out; init_stack is told as a stack.
            is_named = (row["name"], row["module"]) in names or row["name"].startswith(".L")
            return None if is_named and not row["offset_bytes"] and row["kind"] == "symbol" or row["kind"] == "stack" \
                else f"one of {sorted(names)[:3]}"
        return why
    for address in kernel[::max(1, len(kernel) // 6000)] + modules[::max(1, len(modules) // 2000)]:
        if not found[address] & percpu:
            ask(hex(address), "symbol", check(found[address]))


def ask_sections():
    for section in sorted(folder.glob("sys/module/*/sections/*")) + sorted(folder.glob("sys/module/*/sections/.*")):
        module = section.parent.parent.name
        text = section.read_text().strip()
        if section.name in (".text", ".data", ".bss", ".rodata", ".data..read_mostly") and re.fullmatch(r"0x[0-9a-f]{16}", text):
            ask(text, "section", lambda row, module=module:
                None if row["module"] == module and row["kind"] in ("symbol", "module") else f"something of {module}")


def ask_areas():
    for line in (folder / "proc/vmallocinfo").read_text().splitlines():
        match = re.match(r"0x([0-9a-f]+)-0x([0-9a-f]+) +(\d+) (\S+?)\+", line)
        if not match or match[1].startswith("00000000") or " pages=" not in line:
            continue
        address, caller = int(match[1], 16), match[4]
        def check(row, caller=caller):
            if row["kind"] in ("stack", "interrupt stack", "per-CPU memory", "module", "symbol", "struct page"):
                known = {"stack": ("clone", "fork", "dup", "copy_process", "alloc_thread_stack"), "interrupt stack": ("irq",),
                         "per-CPU memory": ("pcpu",), "module": ("mod", "execmem"), "symbol": ("mod", "execmem", "bpf"),
                         "struct page": ()}[row["kind"]]
                return None if any(word in caller for word in known) else f"an area of {caller}"
            return None if row["kind"] == "vmalloc area" and caller in row["name"] else f"an area of {caller}"
        ask(hex(address + 8), "area", check)


def ask_tasks():
    tasks = rows("ps")["ps"]
    key = next((name for name in ("task", "address", "task_struct") if tasks and name in tasks[0]), None)
    if not key:
        print(f"ps says no addresses: {tasks[:1]}")
        sys.exit(1)
    for task in tasks:
        ask(task[key], "task", lambda row: None if row["kind"] == "object" and not row["offset_bytes"] and
            row["is_allocated"] else "a task_struct")
    for task in tasks[::max(1, len(tasks) // 12)]:
        text = truth.run(program, "print", dump, "struct task_struct", task[key], "stack").decode()
        match = re.search(r"0x[0-9a-f]{8,}", text)  # a zombie has given its stack back
        if match:
            ask(hex(int(match[0], 16) + 0x123), "stack", lambda row, task=task: None if row["kind"] == "stack" and row["task"] == task[key] and
                row["offset_bytes"] == 0x123 else f"the stack of {task}")


def ask_objects():
    for cache in ("dentry", "kmalloc-64", "kmalloc-192", "task_struct", "filp", "vm_area_struct", "leak_obj"):
        done = subprocess.run([*program, "objects", dump, cache, "--json", *OPTIONS], capture_output=True, check=False)
        if done.returncode:
            continue
        objects = json.loads(done.stdout)["data"]["objects"]
        for found in objects[::max(1, len(objects) // 300)]:
            def check(row, found=found, cache=cache):
                right = row["kind"] == "object" and row["container"] == found["object"] and row["offset_bytes"] == 5 and \
                    row["is_allocated"] != found["state"].startswith("free")
                return None if right and (row["name"] == cache or cache not in names) else f"{found} of {cache}"
            ask(hex(int(found["object"], 16) + 5), "object", check)


def ask_pages():
    for line in json.loads(truth.run(program, "pages", dump, "--json"))["data"]["pages"][:2000]:
        pfn = line.get("pfn", line.get("first_pfn"))
        ask(f"pfn:{pfn}", "page", lambda row, line=line, pfn=pfn: None if row["pfn"] == pfn and row["class"] == line["class"] else
            f"class {line['class']}")


names = {row["name"] for row in rows("slabinfo")["slabinfo"]}
ask_symbols()
ask_sections()
ask_areas()
ask_tasks()
ask_objects()
ask_pages()
done = subprocess.run([*program, "whatis", dump, "--brief", "--json", *OPTIONS, "-"],
                      input="\n".join(address for address, _, _ in asked), capture_output=True, text=True, check=False)
if done.returncode:
    print(f"memopsy whatis ended with {done.returncode}: {done.stderr}")
    sys.exit(1)
answers = json.loads(done.stdout)["data"]["places"]
if len(answers) != len(asked):
    print(f"{len(asked)} addresses were asked for, {len(answers)} were answered")
    sys.exit(1)
right, wrong = collections.Counter(), collections.Counter()
for (address, what, check), row in zip(asked, answers):
    why = check(row)
    if why:
        wrong[what] += 1
        if wrong[what] <= 5:
            print(f"{address} ({what}) should be {why}, memopsy says {row['kind']} {row['name']}+{row['offset_bytes']} "
                  f"[{row['module']}], class {row['class']}")
    else:
        right[what] += 1


def count(what, is_right, why):
    (right if is_right else wrong)[what] += 1
    if not is_right and wrong[what] <= 5:
        print(f"{what}: {why}")


def check_tracks():
    """What slub_debug recorded of objects that the module leaker took."""
    command_line = json.loads((folder.parent / "guest.json").read_text())["command_line"]
    debugged = re.search(r"sl[au]b_debug=(\w*)", command_line)
    if not debugged or "U" not in debugged[1] or "leak_obj" not in names:
        return
    for row in rows("objects", "leak_obj", "--allocated")["objects"][::200]:
        facts = rows("whatis", row["object"])["whatis"]
        found = [fact["detail"] for fact in facts if fact["what"].startswith("allocated")]
        count("track", len(found) == 2 and all(re.search(r"take_object\+0x\w+ \[leaker\]", text) for text in found), found)


def check_files():
    """`page` of pages of files: the path within the file system, with which `files` ends the path that it tells."""
    paths = {row["inode"]: row["path"] for row in rows("files")["files"] if row.get("path", "")}
    pages = [row["pfn"] for row in rows("pages", "--class=file")["pages"]]
    for pfn in pages[::max(1, len(pages) // 24)]:
        owner = rows("page", str(pfn))["page"]["owner"] or ""
        match = re.match(r"(/.*), inode (\d+) at (0x\w+)", owner)
        if match and match[3] in paths:
            path = paths[match[3]].removesuffix(" (deleted)")
            count("file", path.endswith(match[1]), f"page {pfn:#x}: {owner}, files says {path}")


check_tracks()
check_files()
print(", ".join(f"{right[what]} of {right[what] + wrong[what]} {what}s right" for what in right | wrong))
sys.exit(1 if wrong or not right else 0)
