# SPDX-License-Identifier: LGPL-2.1-or-later
"""Reports of the OOM killer and its relatives as kernels from 2.6.32 to 7.x print them, made of known numbers.

Each function writes lines and beside them the right answers, keyed as tests/oom-logs/print_events.c names them. Which
kernel prints what is in docs/oom-log-formats.md; the table ERAS says it for those that are written here."""
import random

X86_OLD = [" [<ffffffff81686e7f>] dump_stack+0x19/0x1b", " [<ffffffff8118a3f0>] ? find_lock_task_mm+0x24/0x3c",
           " [<ffffffff8117b000>] out_of_memory+0x4b6/0x4f0", " [<ffffffff8117b100>] __alloc_pages_nodemask+0xa95/0xb90",
           " [<ffffffff8117bd36>] filemap_fault+0x1b6/0x420"]
X86 = [" <TASK>", " dump_stack_lvl+0x44/0x5c", " dump_header+0x4a/0x211", " oom_kill_process+0x1/0x2", " out_of_memory+0x1/0x2",
       " __alloc_pages+0x305/0x330", " ? policy_node+0x51/0x70", " filemap_fault+0x1b6/0x420", " </TASK>"]
ARM = ["[<c0015cd4>] (unwind_backtrace+0x0/0xf0) from [<c0639f04>] (dump_header.isra.14+0x78/0x1b8)",
       "[<c0639f04>] (dump_header.isra.14+0x78/0x1b8) from [<c00d4bc0>] (oom_kill_process+0x2a0/0x43c)",
       "[<c00d4bc0>] (oom_kill_process+0x2a0/0x43c) from [<c00d51a0>] (out_of_memory+0x2cc/0x33c)",
       "[<c00d51a0>] (out_of_memory+0x2cc/0x33c) from [<c00d8c90>] (__alloc_pages_nodemask+0x79c/0x7bc)",
       "[<c00d8c90>] (__alloc_pages_nodemask+0x79c/0x7bc) from [<c00d3b40>] (filemap_fault+0x1b6/0x420)",
       "[<c00d3b40>] (filemap_fault+0x1b6/0x420) from [<c00ee5b4>] (__do_fault+0x74/0x4b8)"]
ARM_NEW = [" unwind_backtrace from show_stack+0x10/0x14", " show_stack from dump_stack_lvl+0x40/0x4c",
           " dump_stack_lvl from dump_header+0x5c/0x254", " dump_header from out_of_memory+0x2c8/0x578",
           " out_of_memory from __alloc_pages+0x1/0x2", " __alloc_pages from filemap_fault+0x1b6/0x420",
           " filemap_fault from __do_fault+0x38/0xf8"]
ARM64_OLD = ["[<ffffff8008088a18>] dump_backtrace+0x0/0x25c", "[<ffffff8008088c98>] show_stack+0x24/0x30",
             "[<ffffff80083c9d14>] dump_stack+0xb8/0xf4", "[<ffffff80081a9c34>] out_of_memory+0x1/0x2",
             "[<ffffff80081a8b10>] filemap_fault+0x1b6/0x420"]
ARM64 = [" dump_backtrace+0x0/0x1e0", " show_stack+0x20/0x2c", " dump_header+0x60/0x2a0", " out_of_memory+0x1/0x2",
         " __alloc_pages_slowpath.constprop.0+0x1/0x2", " filemap_fault+0x1b6/0x420"]
PPC64 = ["[c0000001cb163640] [c000000001035754] dump_stack+0xe8/0x164 (unreliable)",
         "[c0000001cb163690] [c0000000004a77dc] .dump_header+0x7c/0x670", "[c0000001cb163800] [c0000000004aa438] .out_of_memory+0x1/0x2",
         "[c0000001cb163900] [c0000000004aa500] .filemap_fault+0x1b6/0x420"]
S390 = ["([<0000000000112e74>] show_stack+0x4c/0x58)", " [<00000000001231ba>] dump_stack+0x90/0xb8",
        " [<0000000000263d64>] dump_header+0x1/0x2", " [<000000000026440a>] out_of_memory+0x1/0x2",
        " [<0000000000263000>] filemap_fault+0x1b6/0x420"]
TRACES = {"x86": ("Call Trace:", X86), "x86-old": ("Call Trace:", X86_OLD), "arm": (None, ARM), "arm-new": ("Call trace:", ARM_NEW),
          "arm64-old": ("Call trace:", ARM64_OLD), "arm64": ("Call trace:", ARM64), "ppc64": ("Call Trace:", PPC64),
          "s390": ("Call Trace:", S390)}

OLD = "uid tgid total_vm rss cpu oom_adj"
# gfp of a page fault on a file, as a number and by name, where the kernel prints names
WAIT, SPLIT = (0x201da, "GFP_HIGHUSER_MOVABLE|__GFP_COLD"), (0x24201ca, "GFP_HIGHUSER_MOVABLE|__GFP_COLD")
NO_OTHER, REORDERED = (0x14201ca, "GFP_HIGHUSER_MOVABLE|__GFP_COLD"), (0x6200ca, "GFP_HIGHUSER_MOVABLE")
PRESENT = (0x140cca, "GFP_HIGHUSER_MOVABLE|__GFP_COMP")


def era(release, trace, gfp, **more):
    base = {"release": release, "trace": trace, "gfp": gfp, "names": True, "opening": "plain", "cpu": "CPU", "adj": "oom_score_adj",
            "cpuset": "comma", "stats": "lines", "page": 4096, "numa": True, "zones": "node", "letters": True, "pools": True, "stack_in": "zone",
            "columns": "uid tgid total_vm rss pgtables_bytes swapents oom_score_adj", "kill": "one", "summary": True,
            "slabs": True, "managed": True, "pcp": "counter", "boost": False, "highatomic": True, "ram": "new"}
    base.update(more)
    return base


BEFORE_4_6 = {"names": False, "zones": "zone", "kill": "score", "summary": False, "slabs": False, "highatomic": False,
              "cpuset": "line", "stats": "KB"}
V2_6_32 = {**BEFORE_4_6, "cpu": "Pid", "managed": False, "letters": False, "pools": False, "pcp": "lists", "ram": "old"}
V3_10 = {**BEFORE_4_6, "columns": "uid tgid total_vm rss nr_ptes swapents oom_score_adj", "pcp": "lists"}
V4_4 = {**BEFORE_4_6, "columns": "uid tgid total_vm rss nr_ptes nr_pmds swapents oom_score_adj"}
V4_9 = {"cpuset": "line", "stats": "KB", "kill": "score", "summary": False, "slabs": False,
        "columns": "uid tgid total_vm rss nr_ptes nr_pmds swapents oom_score_adj"}
SPLIT_RSS = {"columns": "uid tgid total_vm rss rss_anon rss_file rss_shmem pgtables_bytes swapents oom_score_adj"}
ERAS = {
    "2.6.32": era("2.6.32.41", "x86-old", WAIT, **V2_6_32, columns=OLD, adj="oom_adj") | {"kill": "child"},
    "2.6.35": era("2.6.35.4", "x86-old", WAIT, **V2_6_32, columns=OLD, adj="oom_adj") | {"kill": "vsz"},
    "rhel6": era("2.6.32-358.el6.x86_64", "x86-old", WAIT, **V2_6_32, columns=OLD + " oom_score_adj", adj="both") | {"kill": "rhel6"},
    "sles11": era("3.0.101-63-default", "x86-old", WAIT, **V2_6_32, columns=OLD + " oom_score_adj"),
    "ubuntu-12.04": era("3.2.0-29-generic", "x86-old", WAIT, **V2_6_32, columns=OLD + " oom_score_adj"),
    "android-3.4-arm": era("3.4.0-gc41b4f1", "arm", WAIT, **V2_6_32, columns=OLD + " oom_score_adj") | {"numa": False, "ram": "arm"},
    "rhel7": era("3.10.0-957.el7.x86_64", "x86-old", WAIT, **V3_10) | {"kill": "rhel7"},
    "rhel7-ppc64": era("3.10.0-957.el7.ppc64", "ppc64", WAIT, **V3_10) | {"page": 65536},
    "sles12-s390x": era("3.12.28-4-default", "s390", WAIT, **V3_10),
    "ubuntu-14.04": era("3.13.0-24-generic", "x86-old", WAIT, **V3_10),
    "4.2": era("4.2.0-16-generic", "x86-old", WAIT, **V4_4),
    "ubuntu-16.04": era("4.4.0-31-generic", "x86-old", SPLIT, **V4_4),
    "android-4.4-arm64": era("4.4.88-g1234567", "arm64-old", SPLIT, **V4_4) | {"numa": False},
    "4.6": era("4.6.0-1-amd64", "x86-old", SPLIT, **V4_4) | {"names": True, "opening": "plain"},
    "debian-9": era("4.9.0-3-amd64", "x86", SPLIT, **V4_9, opening="nodemask"),
    "sles12sp5": era("4.12.14-120-default", "x86", NO_OTHER, **V4_9, opening="blanks"),
    "amazon-2": era("4.14.77-81.59.amzn2.x86_64", "x86", NO_OTHER, **V4_9, opening="blanks"),
    "ubuntu-18.04": era("4.15.0-20-generic", "x86", (0x14200ca, "GFP_HIGHUSER_MOVABLE"), opening="blanks", cpuset="line", stats="KB",
                        kill="score", summary=False),
    "rhel8": era("4.18.0-305.el8.x86_64", "x86", REORDERED, stats="KB"),
    "debian-10": era("4.19.0-10-amd64", "x86", REORDERED, opening="blanks", cpuset="line", stats="KB", kill="score", summary=False),
    "android-4.19-arm64": era("4.19.81-perf-g1234567", "arm64", REORDERED, opening="blanks", cpuset="line", stats="KB", kill="score",
                              summary=False, numa=False),
    "ubuntu-20.04": era("5.4.0-42-generic", "x86", (0x100cca, "GFP_HIGHUSER_MOVABLE")),
    "android-5.10-arm64": era("5.10.107-android12-9", "arm64", (0x100cca, "GFP_HIGHUSER_MOVABLE")),
    "rhel9": era("5.14.0-70.el9.x86_64", "x86", (0x100cca, "GFP_HIGHUSER_MOVABLE"), boost=True, stack_in="node"),
    "armhf-6.1": era("6.1.0-13-armmp", "arm-new", PRESENT, boost=True, stack_in="node", numa=False),
    "debian-12": era("6.1.0-13-amd64", "x86", PRESENT, boost=True, stack_in="node"),
    "ubuntu-24.04": era("6.8.0-31-generic", "x86", PRESENT, boost=True, stack_in="node"),
    "rhel10": era("6.12.0-55.el10.x86_64", "x86", PRESENT, boost=True, stack_in="node", cpu="UID", **SPLIT_RSS),
    "7.2": era("7.2.13+deb14-amd64", "x86", PRESENT, boost=True, stack_in="node", cpu="UID", **SPLIT_RSS),
}

COUNTERS = [["active_anon", "inactive_anon", "isolated_anon"], ["active_file", "inactive_file", "isolated_file"],
            ["unevictable", "dirty", "writeback"]]


class Report:
    """The lines of one report, and the right answers to it."""

    def __init__(self, kernel, seed, comm="java", victim="java"):
        self.era, self.random, self.lines, self.right = kernel, random.Random(seed), [], {"is_partial": 0}
        self.comm, self.pid, self.victim, self.victim_pid = comm, self.number(), victim, self.number()
        self.kib_of_page = kernel["page"] // 1024

    def number(self, low=1000, high=30000):
        return self.random.randrange(low, high)

    def line(self, text):
        self.lines.append(text)

    def set(self, **right):
        self.right.update(right)

    def kib(self, low=100, high=90000):
        return self.number(low, high) * self.kib_of_page

    # The beginning
    def opening(self, order=0, memcg=False):
        e, (number, names) = self.era, self.era["gfp"]
        gfp = f"{number:#x}({names})" if e["names"] else f"{number:#x}"
        adj = {"oom_score_adj": "oom_score_adj=5", "oom_adj": "oom_adj=5", "both": "oom_adj=0, oom_score_adj=5"}[e["adj"]]
        nodemask = {"plain": "", "nodemask": "nodemask=0-1, ", "blanks": "nodemask=(null),  "}[e["opening"]]
        self.line(f"{self.comm} invoked oom-killer: gfp_mask={gfp}, {nodemask}order={order}, {adj}")
        self.set(comm=self.comm, gfp=number, order=order)
        if e["names"]:
            self.set(gfp_text=names)
        if nodemask:
            self.set(nodemask=nodemask.split("=")[1].rsplit(",", 1)[0])
        self.set(gfp_names=names)
        if e["cpuset"] == "line":
            self.line(f"{self.comm} cpuset=box mems_allowed=0-1")
            self.set(cpuset="box", mems_allowed="0-1")
        self.stack()

    def stack(self):
        e, kind = self.era, self.era["cpu"]
        tail = f"{self.comm} Not tainted {e['release']} #1 SMP"
        self.line({"Pid": f"Pid: {self.pid}, comm: {tail}", "CPU": f"CPU: 3 PID: {self.pid} Comm: {tail}",
                   "UID": f"CPU: 3 UID: 1000 PID: {self.pid} Comm: {tail} PREEMPT(lazy)"}[kind])
        self.line("Hardware name: QEMU Standard PC (i440FX + PIIX, 1996), BIOS 1.16.2-1 04/01/2014")
        heading, frames = TRACES[e["trace"]]
        for text in ([heading] if heading else []) + frames:
            self.line(text)
        self.set(pid=self.pid, release=e["release"], function="filemap_fault")

    # The numbers
    def counter_line(self, indent, names, others=""):
        values = {name: self.number() for name in names}
        self.line(" " * indent + " ".join(f"{name}:{value}" for name, value in values.items()) + others)
        for name, value in values.items():
            self.right["counter." + name] = value

    def meminfo(self):
        e = self.era
        self.line("Mem-Info:")
        if e["pcp"] == "lists":
            self.per_cpu_lists()
        for i, names in enumerate(COUNTERS):
            self.counter_line(bool(i), names, " unstable:0" if i == 2 and e["zones"] == "zone" else "")
        slab = ["slab_reclaimable", "slab_unreclaimable"]
        if e["pcp"] == "lists":
            self.counter_line(1, ["free"] + slab)
        else:
            self.counter_line(1, slab)
        self.line(" mapped:123")
        self.lines.pop()
        pages = ["shmem", "pagetables"] + (["sec_pagetables"] if e["boost"] and e["release"][0] in "67" else []) + ["bounce"]
        self.counter_line(1, pages)
        self.lines[-1] = " mapped:123" + self.lines[-1]
        if e["boost"]:
            self.counter_line(1, ["kernel_misc_reclaimable"])
        if e["pcp"] == "counter":
            self.counter_line(1, ["free", "free_pcp", "free_cma"])

    def per_cpu_lists(self):
        total = 0
        for zone in ("Node 0 DMA", "Node 0 Normal") if self.era["numa"] else ("Normal",):
            self.line(zone + " per-cpu:")
            for cpu in range(2):
                used = self.number(0, 180)
                total += used
                self.line(f"CPU {cpu:4}: hi:  186, btch:  31 usd:{used:4}")
        self.right["counter.free_pcp"] = total

    def add(self, key, kib):
        self.right[key] = self.right.get(key, 0) + kib

    def nodes_and_zones(self):
        zones = [(0, "DMA"), (0, "DMA32"), (0, "Normal"), (1, "Normal")] if self.era["numa"] else [(0, "Normal"), (0, "HighMem")]
        if self.era["zones"] == "node":
            for node in sorted({node for node, _ in zones}):
                self.node_line(node)
        for node, name in zones:
            self.zone_line(node, name)
        for node, name in zones:
            self.blocks(node, name)

    def node_line(self, node):
        names = ["active_anon", "inactive_anon", "active_file", "inactive_file", "unevictable", "dirty", "writeback", "shmem"]
        values = {name: self.kib() for name in names}
        for name, kib in values.items():
            self.add("node_kib." + name, kib)
        text = " ".join(f"{name}:{kib}kB" for name, kib in values.items())
        if self.era["stack_in"] == "node":
            stack, tables = self.kib(), self.kib()
            self.add("kernel_stack_kib", stack)
            self.add("node_kib.pagetables", tables)
            text += f" kernel_stack:{stack}kB pagetables:{tables}kB"
        # The node is printed even by kernels without NUMA.
        self.line(f"Node {node} {text} isolated(anon):0kB mapped:4kB all_unreclaimable? no")

    def zone_line(self, node, name):
        e, key = self.era, f"zone.{node}.{name}."
        fields, pages = [], {}
        for field in ["free"] + (["boost"] if e["boost"] else []) + ["min", "low", "high"]:
            pages[field] = self.number()
            fields.append(f"{field}:{pages[field] * self.kib_of_page}kB")
        if e["highatomic"]:
            pages["highatomic"] = self.number()
            fields.append(f"reserved_highatomic:{pages['highatomic'] * self.kib_of_page}KB")
        for field in ["active_anon", "inactive_anon", "active_file", "inactive_file", "unevictable"]:
            kib = self.kib()
            self.right[key + "kib." + field] = kib
            fields.append(f"{field}:{kib}kB")
        if e["zones"] == "zone":
            fields.append("isolated(anon):0kB isolated(file):0kB")
        else:
            fields.append("writepending:0kB")
        for field in ["present"] + (["managed"] if e["managed"] else []):
            pages[field] = self.number()
            fields.append(f"{field}:{pages[field] * self.kib_of_page}kB")
        fields.append("mlocked:0kB")
        in_zone = ["dirty", "writeback", "shmem", "slab_reclaimable", "slab_unreclaimable"] if e["zones"] == "zone" else []
        for field in in_zone + (["kernel_stack", "pagetables"] if e["stack_in"] == "zone" else []) + ["bounce"]:
            kib = self.kib()
            self.add("kernel_stack_kib" if field == "kernel_stack" else key + "kib." + field, kib)
            fields.append(f"{field}:{kib}kB")
        if e["pcp"] == "counter":
            pages["free_pcp"] = self.number()
            fields.append(f"free_pcp:{pages['free_pcp'] * self.kib_of_page}kB local_pcp:0kB")
        if e["letters"]:
            pages["free_cma"] = self.number()
            fields.append(f"free_cma:{pages['free_cma'] * self.kib_of_page}kB")
        tail = " writeback_tmp:0kB pages_scanned:7 all_unreclaimable? yes" if e["zones"] == "zone" else ""
        self.line((f"Node {node} " if e["numa"] or e["zones"] == "node" else "") + f"{name} " + " ".join(fields) + tail)
        for field, value in pages.items():
            self.right[key + field] = value
            if field in ("free", "free_pcp", "free_cma"):
                self.right[key + "kib." + field] = value * self.kib_of_page
        reserve = [self.number() for _ in range(4)]
        self.line("lowmem_reserve[]: " + " ".join(map(str, reserve)))
        self.right[key + "reserve"] = " ".join(map(str, reserve))

    def blocks(self, node, name):
        parts, right = [], []
        for order in range(11):
            n = self.random.choice([0, 1, self.number()])
            letters = self.random.choice(["U", "ME", "UMEHC", "C", "H", "HC"]) if n and self.era["letters"] else ""
            parts.append(f"{n}*{self.kib_of_page << order}kB" + (f" ({letters})" if letters else ""))
            right.append(f"{n}" + ("+" if n and (not letters or set(letters) & set("UME")) else ""))
        self.line((f"Node {node} " if self.era["numa"] or self.era["zones"] == "node" else "") + f"{name}: " + " ".join(parts) +
                  " = 4kB")
        self.right[f"zone.{node}.{name}.blocks"] = " ".join(right)

    def totals(self):
        e = self.era
        if e["pools"]:
            pools = [(self.number(), self.number(1, 900)) for _ in range(2 if e["numa"] else 1)]
            for node, (total, free) in enumerate(pools):
                self.line(f"Node {node} hugepages_total={total} hugepages_free={free} hugepages_surp=0 hugepages_size=2048kB")
            self.right["huge.2048"] = f"{sum(p[0] for p in pools)},{sum(p[1] for p in pools)}"
        free, total, ram, reserved = self.kib(), self.kib(), self.number(), self.number()
        self.line("4321 total pagecache pages")
        self.line("11 pages in swap cache")
        self.line("Swap cache stats: add 1, delete 2, find 3/4")
        self.line(f"Free swap  = {free}kB")
        self.line(f"Total swap = {total}kB")
        if e["ram"] == "arm":
            self.line(f"{ram} pages of RAM")
            self.line("77 free pages")
            self.line(f"{reserved} reserved pages")
        else:
            self.line(f"{ram} pages RAM")
            if e["ram"] == "new":
                self.line("0 pages HighMem/MovableOnly")
            self.line(f"{reserved} pages reserved")
        self.set(swap_free=free * 1024, swap_total=total * 1024, ram_pages=ram, reserved_pages=reserved)

    def slabs(self):
        self.line("Unreclaimable slab info:")
        self.line("Name                      Used          Total")
        for name in ("kmalloc-8k", "task_struct", "dentry(12:a)"):
            used, total = self.number(), self.number()
            self.line(f"{name:<17} {used:10}KB {total:10}KB")
            self.right["slab." + name] = f"{used},{total}"

    # The processes
    def tasks(self):
        e, columns = self.era, self.era["columns"].split()
        wide = "pgtables_bytes" in columns
        if wide:
            self.line("Tasks state (memory values in pages):")
        self.line(("[  pid  ]   " if wide else "[ pid ]   ") + "  ".join(columns) + " name")
        for pid, comm in ((self.victim_pid, self.victim), (self.number(40000, 50000), "name with [1] blanks"),
                          (self.number(50001, 60000), "sshd")):
            self.task(columns, pid, comm, -1000 if comm == "sshd" else self.number(-900, 900))
        del e

    def task(self, columns, pid, comm, adj):
        values = {name: self.number() for name in columns}
        values["cpu"] = 3
        oom_adj = -17 if adj == -1000 else self.random.randrange(-16, 15)
        values["oom_adj"], values["oom_score_adj"] = oom_adj, adj
        self.line(f"[{pid:5}] " + " ".join(f"{values[name]:8}" for name in columns) + f" {comm}")
        key = f"task.{pid}."
        if "oom_score_adj" not in columns:
            adj = int(oom_adj * 1000 / 17)
        self.right.update({key + "comm": comm, key + "uid": values["uid"], key + "tgid": values["tgid"], key + "adj": adj})
        for name in ("total_vm", "rss", "rss_anon", "rss_file", "rss_shmem", "swapents"):
            if name in columns:
                self.right[key + name] = values[name]
        tables = [values[name] for name in ("nr_ptes", "nr_pmds", "nr_puds") if name in columns]
        if tables:
            self.right[key + "pgtables"] = sum(tables) * self.era["page"]
        elif "pgtables_bytes" in columns:
            self.right[key + "pgtables"] = values["pgtables_bytes"]

    # The end
    def kill(self, where="Out of memory", child=None):
        e, style = self.era, self.era["kill"]
        pid, comm = child or (self.victim_pid, self.victim)
        key, score = f"kill.{pid}.", self.number(1, 999)
        sizes = {name: self.kib() for name in ("total_vm", "anon", "file", "shmem", "pgtables")}
        old = f"total-vm:{sizes['total_vm']}kB, anon-rss:{sizes['anon']}kB, file-rss:{sizes['file']}kB"
        has = ["total_vm", "anon", "file"]
        self.right.update({key + "comm": comm, key + "reaped": 0})
        plan = f"{self.victim_pid} ({self.victim}) score {score}"
        if style == "one":
            has += ["shmem", "pgtables"]
            self.line(f"{where}: Killed process {pid} ({comm}) {old}, shmem-rss:{sizes['shmem']}kB, UID:1000 "
                      f"pgtables:{sizes['pgtables']}kB oom_score_adj:-5")
            self.right.update({key + "uid": 1000, key + "adj": -5})
        elif style in ("child", "vsz"):
            self.line(f"{where}: kill process {plan} or a child")
            has = has if style == "vsz" else []
            self.line(f"Killed process {pid} ({comm})" + (" " + old.replace("total-vm", "vsz") if has else ""))
        else:
            self.line(f"{where}: Kill process {plan} or sacrifice child")
            has += ["shmem"] if e["zones"] == "node" or style == "rhel7" else []
            middle = {"rhel6": f"{pid}, UID 1000, ({comm})", "rhel7": f"{pid} ({comm}), UID 1000,", "score": f"{pid} ({comm})"}[style]
            if style != "score":
                self.right[key + "uid"] = 1000
            self.line(f"Killed process {middle} {old}" + (f", shmem-rss:{sizes['shmem']}kB" if "shmem" in has else ""))
        if style != "one":
            self.right[key + "score"] = score
        for name in has:
            self.right[key + name] = sizes[name] * 1024
        self.set(kind="oom-kill")

    def reaped(self):
        left = [self.kib() for _ in range(3)]
        self.line(f"oom_reaper: reaped process {self.victim_pid} ({self.victim}), now anon-rss:{left[0]}kB, file-rss:{left[1]}kB, "
                  f"shmem-rss:{left[2]}kB")
        self.right.update({f"kill.{self.victim_pid}.reaped": 1, f"kill.{self.victim_pid}.left": sum(left) * 1024})

    def summary(self, constraint, scope, group="/system.slice/a,b.service"):
        self.line(f"oom-kill:constraint={constraint},nodemask=0,cpuset=box,mems_allowed=0-1,{scope},task_memcg={group},"
                  f"task={self.victim},pid={self.victim_pid},uid=1000")
        self.set(constraint=constraint, nodemask="0", cpuset="box", mems_allowed="0-1", task_memcg=group)

    def memcg_numbers(self, v2):
        def usage(what, key, has_failcnt=True, limited=True):
            used, limit, failed = self.kib(), self.kib(), self.number()
            shown = limit if limited else 9007199254740988
            self.line(f"{what}: usage {used}kB, limit {shown}kB, failcnt {failed}")
            self.right[f"memcg.{key}usage"], self.right[f"memcg.{key}limit"] = used * 1024, limit * 1024 if limited else 2 ** 64 - 1
            if has_failcnt:
                self.right["memcg.failcnt"] = failed
        usage("memory", "")
        if v2:
            usage("swap", "swap_", False)
            return
        usage("memory+swap", "memsw_", False, False)
        usage("kmem", "kmem_", False)

    def memcg_stats(self, path):
        names = {"rss": "anon", "cache": "file", "shmem": "shmem", "dirty": "file_dirty", "unevictable": "unevictable"}
        self.right["memcg.path"] = path
        if self.era["stats"] == "KB":
            values = {name: self.kib() for name in names}
            for group in (path, path + "/child"):
                self.line(f"Memory cgroup stats for {group}: " + " ".join(f"{name}:{kib}KB" for name, kib in values.items()) +
                          " rss_huge:0KB swap:0KB")
                for name, kib in values.items():
                    self.add("memcg_stat." + names[name], kib * 1024)
            return
        self.line(f"Memory cgroup stats for {path}:")
        for name in ("anon", "file", "kernel_stack", "pagetables", "percpu", "sock", "shmem", "file_dirty", "unevictable",
                     "slab_reclaimable", "slab_unreclaimable"):
            value = self.kib() * 1024
            self.line(f"{name} {value}")
            self.right["memcg_stat." + name] = value


def global_oom(name, seed):
    report = Report(ERAS[name], seed)
    report.opening()
    report.meminfo()
    report.nodes_and_zones()
    report.totals()
    if report.era["slabs"]:
        report.slabs()
    report.tasks()
    if report.era["summary"]:
        report.summary("CONSTRAINT_NONE", "global_oom")
    report.kill(child=(report.number(), "child (of) it") if report.era["kill"] == "score" else None)
    if not report.era["release"].startswith(("2.", "3.", "4.4", "4.2")) and report.era["kill"] == "one":
        report.reaped()
    return report


def memcg_oom(name, seed):
    report = Report(ERAS[name], seed, comm="a: b", victim="Web Content")
    report.opening()
    v2 = report.era["summary"] and report.era["stats"] == "lines"
    if not report.era["summary"]:
        report.line("Task in /docker/0a1b/c killed as a result of limit of /docker/0a1b")
        report.set(task_memcg="/docker/0a1b/c", memcg="/docker/0a1b")
    report.right["memcg.path"] = "/docker/0a1b"
    report.memcg_numbers(v2)
    if not report.era["release"].startswith("2.6"):
        report.memcg_stats("/docker/0a1b")
    elif report.era["summary"]:
        report.set(memcg="/docker/0a1b")
    report.tasks()
    if report.era["summary"]:
        report.summary("CONSTRAINT_MEMCG", "oom_memcg=/docker/0a1b", "/docker/0a1b/c,d")
        report.set(memcg="/docker/0a1b")
    report.kill("Memory cgroup out of memory")
    return report


def failure(name, seed):
    report = Report(ERAS[name], seed, comm="kworker/3:1")
    e, (number, names) = report.era, report.era["gfp"]
    order = report.number(1, 9)
    gfp = f"{number:#x}({names})" if e["names"] else f"{number:#x}"
    dot = "." if e["release"].startswith("2.6") else ":"
    mask = ", nodemask=(null)" if e["opening"] != "plain" or e["summary"] else ""
    comma = ",cpuset=box,mems_allowed=0-1" if e["cpuset"] == "comma" else ""
    report.line(f"{report.comm}: page allocation failure{dot} order:{order}, mode:{gfp}{mask}{comma}")
    if e["cpuset"] == "line" and mask:
        report.line(f"{report.comm} cpuset=box mems_allowed=0-1")
    if mask:
        report.set(cpuset="box", mems_allowed="0-1")
    if comma:
        report.set(nodemask="(null)")
    report.set(kind="allocation-failure", comm=report.comm, order=order, gfp=number, gfp_names=names)
    if e["names"]:
        report.set(gfp_text=names)
    report.stack()
    report.meminfo()
    report.nodes_and_zones()
    report.totals()
    return report


def endings(name, seed):
    """A report whose end is a panic, or nobody."""
    for text, kind in (("Kernel panic - not syncing: Out of memory and no killable processes...", "oom-panic"),
                       ("Kernel panic - not syncing: Out of memory: compulsory panic_on_oom is enabled", "oom-panic"),
                       ("Kernel panic - not syncing: out of memory. panic_on_oom is selected", "oom-panic"),
                       ("Out of memory and no killable processes...", "oom-no-victim")):
        report = Report(ERAS[name], seed)
        report.opening()
        report.meminfo()
        report.tasks()
        report.line(text)
        report.set(kind=kind)
        if text.startswith("Out of"):
            yield report
            report.line("Kernel panic - not syncing: System is deadlocked on memory")
            report.set(kind="oom-panic")
        yield report
