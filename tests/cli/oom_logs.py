# SPDX-License-Identifier: LGPL-2.1-or-later
"""Reports of the OOM killer as a 6.1 kernel prints them, made of known numbers: `text(case, scale, name)`. Sizes grow with
the scale and the process that matters has the name, so that no answer is bound to one set of numbers."""

ALLOCATOR = ("dump_stack_lvl+0x44/0x5c", "dump_header+0x4c/0x22b", "out_of_memory.cold+0x56/0x8d",
             "__alloc_pages_slowpath.constprop.0+0xc6f/0xe00", "__alloc_pages+0x305/0x330")
SLAB = ("alloc_slab_page+0x60/0x120", "new_slab+0x2c4/0x320", "___slab_alloc+0x40c/0x580", "kmem_cache_alloc+0x2d4/0x360",
        "getname_flags+0x6c/0x2a8")
CHARGE = ("oom_kill_process.cold+0xb/0x10", "mem_cgroup_out_of_memory+0x137/0x150", "try_charge_memcg+0x744/0x810",
          "__mem_cgroup_charge+0x29/0x80", "__handle_mm_fault+0xb73/0xfa0")
IN_MODULE = ("refill_objects+0x5a8/0x7a0", "__pcs_replace_empty_main+0x1c/0x40", "__kmalloc_cache_noprof+0x41f/0x490",
             "do_eat+0x2d/0xa0 [leaker]", "leaker_init+0x7f/0x1000 [leaker]", "do_one_initcall+0x59/0x220")
BY_HAND = ("moom_callback+0x7a/0xa0", "process_one_work+0x1c7/0x380")


class Log:
    def __init__(self, scale):
        self.scale = scale
        self.lines = []

    def kib(self, value):
        """A size at that scale, in whole pages."""
        return int(value * self.scale) // 4 * 4

    def pages(self, value):
        return self.kib(value) // 4

    def say(self, *lines):
        self.lines += lines

    def opening(self, comm, pid, order=0, adj=0, stack=SLAB):
        self.say(f"{comm} invoked oom-killer: gfp_mask=0xcc0(GFP_KERNEL), order={order}, oom_score_adj={adj}",
                 f"CPU: 0 PID: {pid} Comm: {comm} Not tainted 6.1.0-28-amd64 #1  Debian 6.1.119-1", "Call Trace:", " <TASK>",
                 *[" " + frame for frame in ALLOCATOR + stack], " </TASK>")

    def meminfo(self, anon, file, slab, free, zones):
        """zones: name -> (free, min, low, high, managed, lowmem_reserve, letters of the block list)"""
        self.say("Mem-Info:", f"active_anon:10 inactive_anon:{self.pages(anon)} isolated_anon:0",
                 f" active_file:0 inactive_file:{self.pages(file)} isolated_file:0", " unevictable:0 dirty:0 writeback:0",
                 f" slab_reclaimable:{self.pages(2000)} slab_unreclaimable:{self.pages(slab)}",
                 f" mapped:10 shmem:{self.pages(40)} pagetables:{self.pages(11000)}", " sec_pagetables:0 bounce:0",
                 " kernel_misc_reclaimable:0", f" free:{self.pages(free)} free_pcp:50 free_cma:0",
                 f"Node 0 active_anon:40kB inactive_anon:{self.kib(anon)}kB active_file:0kB inactive_file:{self.kib(file)}kB "
                 f"unevictable:0kB kernel_stack:800kB pagetables:{self.kib(11000)}kB all_unreclaimable? yes")
        for name, (zone_free, low_mark, low, high, managed, reserve, _) in zones.items():
            self.say(f"Node 0 {name} free:{self.kib(zone_free)}kB boost:0kB min:{self.kib(low_mark)}kB low:{self.kib(low)}kB "
                     f"high:{self.kib(high)}kB reserved_highatomic:0KB active_anon:40kB inactive_anon:{self.kib(anon)}kB "
                     f"active_file:0kB inactive_file:{self.kib(file)}kB unevictable:0kB writepending:0kB "
                     f"present:{self.kib(managed) + 20000}kB managed:{self.kib(managed)}kB mlocked:0kB bounce:0kB "
                     "free_pcp:200kB local_pcp:0kB free_cma:0kB", "lowmem_reserve[]: " + " ".join(map(str, reserve)))
        for name, (zone_free, *_, letters) in zones.items():
            rest = " ".join(f"0*{4 << order}kB" for order in range(1, 11))
            self.say(f"Node 0 {name}: {self.pages(zone_free)}*4kB ({letters}) {rest} = {self.kib(zone_free)}kB")
        managed = sum(self.pages(zone[4]) for zone in zones.values())
        self.say("Free swap  = 0kB", "Total swap = 0kB", f"{managed + 5000} pages RAM", "5000 pages reserved")

    def tasks(self, *rows):
        self.say("Tasks state (memory values in pages):",
                 "[  pid  ]   uid  tgid total_vm      rss pgtables_bytes swapents oom_score_adj name")
        for pid, rss, swap, adj, name in rows:
            self.say(f"[{pid:7}]     0 {pid:5} {self.pages(rss) * 2 + 2000:8} {self.pages(rss):8} {45056:8} "
                     f"{self.pages(swap):8} {adj:13} {name}")

    def summary(self, constraint, name, pid, groups="global_oom,task_memcg=/"):
        self.say(f"oom-kill:constraint={constraint},nodemask=(null),cpuset=/,mems_allowed=0,{groups},task={name},pid={pid},uid=0")

    def killed(self, name, pid, anon, adj=0, head="Out of memory"):
        self.say(f"{head}: Killed process {pid} ({name}) total-vm:{self.kib(anon) * 2}kB, anon-rss:{self.kib(anon)}kB, "
                 f"file-rss:104kB, shmem-rss:0kB, UID:0 pgtables:1660kB oom_score_adj:{adj}")


def movable_zone(log, name):
    """Movable is free, and the kernel's own zone is full of slab."""
    log.opening("init", 1)
    log.meminfo(440, 40, 360000, 355196, {"Normal": (4000, 4600, 5200, 5900, 400000, (0, 0, 0, 0, 1500), "UME"),
                                          "Movable": (351196, 544, 1508, 2472, 400000, (0, 0, 0, 0, 0), "M")})
    log.say("Unreclaimable slab info:", "Name                      Used          Total",
            f"driver_request        {log.kib(340000)}KB     {log.kib(340000)}KB", "kmalloc-64             1000KB       1100KB")
    log.tasks((195, 800, 0, -1000, "udevd"), (301, 9000, 0, 0, name))
    log.summary("CONSTRAINT_NONE", name, 301)
    log.killed(name, 301, 8800)


def deadlock(log, name):
    """One process is exempt, the other has nothing left."""
    log.opening("init", 1)
    log.meminfo(440, 40, 360000, 4000, {"DMA32": (4000, 4600, 5200, 5900, 400000, (0, 0, 0, 0, 0), "UME")})
    log.tasks((195, 800, 0, -1000, "udevd"), (281, 0, 0, 0, name))
    log.say("Out of memory and no killable processes...", "Kernel panic - not syncing: System is deadlocked on memory")


def memcg_swap(log, name):
    """A group at its limits of memory and of swap."""
    log.opening(name, 4242, adj=996, stack=CHARGE)
    log.say(f"memory: usage {log.kib(524288)}kB, limit {log.kib(524288)}kB, failcnt 9000",
            f"swap: usage {log.kib(524288)}kB, limit {log.kib(524288)}kB, failcnt 700", "Memory cgroup stats for /pods/pod1:")
    for stat, kib in (("anon", 520192), ("file", 32), ("kernel", 2048), ("kernel_stack", 512), ("pagetables", 1024), ("shmem", 0)):
        log.say(f"{stat} {log.kib(kib) * 1024}")
    log.tasks((4242, 520000, 524000, 996, name), (4200, 40, 24, 996, "pause"))
    log.summary("CONSTRAINT_MEMCG", name, 4242, "oom_memcg=/pods/pod1,task_memcg=/pods/pod1/c1")
    log.killed(name, 4242, 515000, 996, "Memory cgroup out of memory")


def largest_not_most(log, name):
    """The largest process has less than half, and another nearly as much."""
    log.opening("init", 1)
    log.meminfo(7700000, 40, 32000, 4000, {"DMA32": (4000, 4600, 5200, 5900, 8000000, (0, 0, 0, 0, 0), "UME")})
    log.tasks((195, 800, 0, -1000, "udevd"), (3195, 3540000, 0, 0, name), (778, 3240000, 0, 0, "editor"),
              (206, 760000, 0, 0, name))
    log.summary("CONSTRAINT_NONE", name, 3195)
    log.killed(name, 3195, 3539000)


def sysrq_f(log, name):
    """Called by hand, with most of the memory free."""
    log.opening("kworker/0:1", 77, order=-1, stack=BY_HAND)
    log.meminfo(120000, 160000, 16000, 1640000, {"DMA32": (1640000, 4600, 5200, 5900, 1950000, (0, 0, 0, 0, 0), "UME")})
    log.tasks((195, 800, 0, -1000, "udevd"), (301, 60000, 0, 0, name))
    log.killed(name, 301, 59000)


def of_module(log, _):
    """Slab without a table of caches, allocated by a module that no counter names."""
    log.opening("insmod", 77, stack=IN_MODULE)
    log.meminfo(440, 40, 360000, 4000, {"DMA32": (4000, 4600, 5200, 5900, 400000, (0, 0, 0, 0, 0), "UME")})
    log.tasks((301, 9000, 0, 0, "database"))
    log.summary("CONSTRAINT_NONE", "database", 301)
    log.killed("database", 301, 8800)


def low_zone(log, _):
    """Zone DMA32 is full, of what the log does not say; Normal is free, and no dump is there to ask."""
    log.opening("insmod", 77)
    log.lines[0] = log.lines[0].replace("0xcc0(GFP_KERNEL)", "0xcc4(GFP_KERNEL|GFP_DMA32)")
    log.meminfo(440, 40, 360000, 604000, {"DMA32": (4000, 4600, 5200, 5900, 400000, (0, 0, 0, 0, 0), "UME"),
                                          "Normal": (600000, 4600, 5200, 5900, 1400000, (0, 0, 0, 0, 0), "UME")})
    log.tasks((301, 9000, 0, 0, "database"))
    log.summary("CONSTRAINT_NONE", "database", 301)
    log.killed("database", 301, 8800)


def text(case, scale=1.0, name="worker"):
    log = Log(scale)
    case(log, name)
    return "\n".join(log.lines) + "\n"
