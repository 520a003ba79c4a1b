# SPDX-License-Identifier: LGPL-2.1-or-later
"""Relatives of the OOM killer's reports, a few lines each: requests that waited or failed, and what others killed."""
import random


def others(seed):
    """Single lines of relatives: (lines, right answers)."""
    r = random.Random(seed)
    a, b, c = (r.randrange(1000, 30000) for _ in range(3))
    small, large = sorted((a, b + 1))
    yield [f"java: page allocation stalls for {a}ms, order:2, mode:0x24280ca(GFP_HIGHUSER_MOVABLE|__GFP_ZERO)",
           f"CPU: 0 PID: {b} Comm: java Tainted: G        W       4.9.0+ #99"], \
          {"kind": "stall", "comm": "java", "waited_ms": a, "order": 2, "gfp": 0x24280ca, "pid": b, "release": "4.9.0+",
           "gfp_text": "GFP_HIGHUSER_MOVABLE|__GFP_ZERO", "gfp_names": "GFP_HIGHUSER_MOVABLE|__GFP_ZERO"}
    yield [f"vmalloc: allocation failure, allocated {small * 4096} of {large * 4096} bytes",
           "modprobe: page allocation failure: order:0, mode:0xd2", f"Pid: {c}, comm: modprobe Not tainted 3.2.0 #1"], \
          {"kind": "vmalloc-failure", "comm": "modprobe", "bytes": large * 4096, "allocated_bytes": small * 4096, "order": 0, "gfp": 0xd2,
           "pid": c, "release": "3.2.0", "gfp_names": "GFP_KERNEL|__GFP_HIGHMEM"}
    yield [f"modprobe: vmalloc: allocation failure, allocated {small * 4096} of {large * 4096} bytes, mode:0x14000c2(GFP_KERNEL|"
           "__GFP_HIGHMEM), nodemask=(null)"], \
          {"kind": "vmalloc-failure", "comm": "modprobe", "bytes": large * 4096, "allocated_bytes": small * 4096, "gfp": 0x14000c2,
           "gfp_text": "GFP_KERNEL|__GFP_HIGHMEM"}
    yield [f"modprobe: vmalloc: allocation failure: {a * 4096} bytes, mode:0x14000c2(GFP_KERNEL|__GFP_HIGHMEM), nodemask=(null)"], \
          {"kind": "vmalloc-failure", "comm": "modprobe", "bytes": a * 4096, "gfp": 0x14000c2, "gfp_text": "GFP_KERNEL|__GFP_HIGHMEM"}
    yield [f"kworker/0:1: vmalloc error: size {a * 4096}, page order 9, failed to allocate pages, mode:0xcc2(GFP_KERNEL|"
           "__GFP_HIGHMEM), nodemask=(null),cpuset=/,mems_allowed=0"], \
          {"kind": "vmalloc-failure", "comm": "kworker/0:1", "bytes": a * 4096, "gfp": 0xcc2, "gfp_text": "GFP_KERNEL|__GFP_HIGHMEM",
           "order": 9, "cpuset": "/", "mems_allowed": "0", "nodemask": "(null)"}
    yield [f"vmap allocation for size {a * 4096} failed: use vmalloc=<size> to increase size."], \
          {"kind": "vmalloc-failure", "bytes": a * 4096}
    yield [f"vmalloc_node_range for size {a * 4096} failed: Address range restricted between 0xffa00000 - 0xffb00000"], \
          {"kind": "vmalloc-failure", "bytes": a * 4096}
    yield ["SLUB: Unable to allocate memory on node -1 (gfp=0x20)",
           "  cache: kmalloc-4096, object size: 4096, buffer size: 4096, default order: 3, min order: 0",
           "  node 0: slabs: 12, objs: 96, free: 0"], \
          {"kind": "slab-failure", "cache": "kmalloc-4096", "order": 3, "gfp": 0x20, "gfp_names": "GFP_ATOMIC"}
    yield ["SLUB: Unable to allocate memory on node -1, gfp=0x1080020(GFP_ATOMIC)",
           "  cache: skbuff_head_cache, object size: 232, buffer size: 256, default order: 0, min order: 0"], \
          {"kind": "slab-failure", "cache": "skbuff_head_cache", "order": 0, "gfp": 0x1080020, "gfp_text": "GFP_ATOMIC"}
    yield ["SLUB: Unable to allocate memory on CPU 3 (of node 1) on node -1, gfp=0x820(GFP_ATOMIC)",
           "  cache: request_sock_TCP, object size: 304, buffer size: 320, default order: 1, min order: 0"], \
          {"kind": "slab-failure", "cache": "request_sock_TCP", "order": 1, "gfp": 0x820, "gfp_text": "GFP_ATOMIC"}
    yield ["SLAB: Unable to allocate memory on node 0 (gfp=0xd0)", "  cache: size-4096, object size: 4096, order: 1"], \
          {"kind": "slab-failure", "cache": "size-4096", "order": 1, "gfp": 0xd0, "gfp_names": "GFP_KERNEL"}
    yield [f"nvme 0000:00:04.0: swiotlb buffer is full (sz: {a * 4096} bytes), total 32768 (slots), used {b} (slots)"], \
          {"kind": "swiotlb-failure", "subject": "nvme 0000:00:04.0", "bytes": a * 4096, "reason": f"{b} of 32768 slots of 2 KiB were in use"}
    yield [f"ata1: swiotlb buffer is full (sz: {a} bytes)"], {"kind": "swiotlb-failure", "subject": "ata1", "bytes": a}
    yield [f"DMA: Out of SW-IOMMU space for {a} bytes at device 0000:00:1f.2"], \
          {"kind": "swiotlb-failure", "subject": "0000:00:1f.2", "bytes": a}
    yield [f"cma: cma_alloc: alloc failed, req-size: {a} pages, ret: -12"], \
          {"kind": "cma-failure", "bytes": a * 4096, "reason": "no free range of that size in it (ret -12)"}
    yield [f"cma: cma_alloc: reserved: alloc failed, req-size: {a} pages, ret: -16"], \
          {"kind": "cma-failure", "bytes": a * 4096, "subject": "reserved", "reason": "pages there could not be moved away (ret -16)"}
    yield [f"HugeTLB: allocating {large} of page size 2 MB failed.  Only allocated {small} hugepages."], \
          {"kind": "hugetlb-shortage", "subject": "2048 KiB", "bytes": large << 21, "allocated_bytes": small << 21}
    yield [f"HugeTLB: allocating {large} of page size 1.00 GiB failed.  Only allocated {small} hugepages."], \
          {"kind": "hugetlb-shortage", "subject": "1048576 KiB", "bytes": large << 30, "allocated_bytes": small << 30}
    yield ["watchdog: BUG: soft lockup - CPU#3 stuck for 22s! [kswapd0:34]",
           "CPU: 3 PID: 34 Comm: kswapd0 Not tainted 4.15.0-20-generic #21-Ubuntu", "RIP: 0010:shrink_slab.part.51+0x1a5/0x420",
           "Call Trace:", " shrink_node+0x316/0x330", " kswapd+0x2b3/0x3c0"], \
          {"kind": "reclaim-lockup", "comm": "kswapd0", "pid": 34, "waited_ms": 22000, "function": "shrink_slab.part.51",
           "release": "4.15.0-20-generic"}
    yield ["BUG: soft lockup - CPU#0 stuck for 67s! [java:4711]",
           "Pid: 4711, comm: java Not tainted 2.6.32-358.el6.x86_64 #1",
           "RIP: 0010:[<ffffffff8150ffce>]  [<ffffffff8150ffce>] _spin_lock+0x1e/0x30", "Call Trace:",
           " [<ffffffff81137c20>] ? shrink_zone+0x1/0x2", " [<ffffffff81137d34>] do_try_to_free_pages+0x224/0x5d0"], \
          {"kind": "reclaim-lockup", "comm": "java", "pid": 4711, "waited_ms": 67000, "function": "do_try_to_free_pages",
           "release": "2.6.32-358.el6.x86_64"}
    yield ["kworker/u33:5: page allocation failure: order:7,", "mode:0xc04(GFP_NOIO|GFP_DMA32), nodemask=(null),cpuset=/,mems_allowed=0",
           f"CPU: 1 UID: 0 PID: {a} Comm: kworker/u33:5 Not tainted 6.11.11 #1", "Call Trace:", " warn_alloc+0x164/0x190",
           " __alloc_pages_noprof+0x321/0x350", " __dma_direct_alloc_pages.isra.0+0x14a/0x290", " dma_direct_alloc+0x70/0x270",
           " load_firmware+0x126/0x340 [driver a96cb91daba500cc]"], \
          {"kind": "allocation-failure", "comm": "kworker/u33:5", "pid": a, "order": 7, "gfp": 0xc04, "gfp_text": "GFP_NOIO|GFP_DMA32",
           "gfp_names": "GFP_NOIO|GFP_DMA32", "nodemask": "(null)", "cpuset": "/", "mems_allowed": "0", "function": "load_firmware",
           "release": "6.11.11"}
    yield from hung_tasks(a)
    yield from killers(a, b, c)


def hung_tasks(a):
    """khungtaskd, of 2.6.32, 4.15, 6.6 and 6.18; that of a task which waits for something else is no event of memory."""
    yield [f"INFO: task kworker/u8:2:{a} blocked for more than 120 seconds.",
           "      Tainted: P           OE     4.15.0-20-generic #21-Ubuntu",
           '"echo 0 > /proc/sys/kernel/hung_task_timeout_secs" disables this message.', f"kworker/u8:2    D    0 {a}      2 0x80000000",
           "Call Trace:", " __schedule+0x24e/0x880", " ? blk_flush_plug_list+0xea/0x270", " schedule+0x2c/0x80", " io_schedule+0x16/0x40",
           " wait_on_page_bit+0xf4/0x130", " shrink_page_list+0x7a8/0xbb0", " shrink_inactive_list+0x201/0x3e0"], \
          {"kind": "reclaim-hang", "comm": "kworker/u8:2", "pid": a, "waited_ms": 120000, "function": "shrink_page_list",
           "subject": "wait_on_page_bit", "release": "4.15.0-20-generic"}
    yield [f"INFO: task eater:{a} blocked in I/O wait for more than 241 seconds.", "      Not tainted 6.18.0 #1",
           f"task:eater           state:D stack:0     pid:{a} tgid:{a} ppid:1      task_flags:0x400000 flags:0x00000008", "Call Trace:",
           " <TASK>", " __schedule+0x5c8/0x850", " rq_qos_wait+0xe0/0x138", " try_to_free_pages+0x2bc/0x4c0", " __alloc_pages+0x25c/0x2dc",
           " </TASK>", "INFO: task jbd2/sda1-8:300 blocked for more than 120 seconds.", "Call Trace:", " schedule+0x2c/0x80",
           " jbd2_journal_commit_transaction+0x1/0x2"], \
          {"kind": "reclaim-hang", "comm": "eater", "pid": a, "waited_ms": 241000, "function": "try_to_free_pages",
           "subject": "rq_qos_wait", "release": "6.18.0"}
    yield ["INFO: task kswapd0:94 blocked for more than 3600 seconds.", "kswapd0         D ffff8804032bb148     0    94      2 0x00000000",
           "Call Trace:", " [<ffffffff815e0dca>] schedule+0x3a/0x50", " [<ffffffff815e289d>] rwsem_down_failed_common+0xcd/0x160",
           " [<ffffffffa0191566>] dnode_evict_dbufs+0x1a6/0x310 [zfs]", " [<ffffffff81119b9c>] balance_pgdat+0x57c/0x800"], \
          {"kind": "reclaim-hang", "comm": "kswapd0", "pid": 94, "waited_ms": 3600000, "function": "balance_pgdat",
           "subject": "dnode_evict_dbufs"}


def killers(a, b, c):
    yield ["Killed /user.slice/user-1000.slice/app.scope due to memory pressure for /user.slice/user-1000.slice being 65.32% > 50.00% "
           "for > 20s with reclaim activity"], \
          {"kind": "userspace-kill", "killer": "systemd-oomd", "subject": "/user.slice/user-1000.slice/app.scope",
           "task_memcg": "/user.slice/user-1000.slice/app.scope", "memcg": "/user.slice/user-1000.slice",
           "reason": "memory pressure for /user.slice/user-1000.slice being 65.32% > 50.00% for > 20s with reclaim activity"}
    yield ["Killed /a.slice/b due to memory used (16471449600) / total (16656809984) and swap used (8228012032) / total (8589930496) "
           "being more than 90.00%"], \
          {"kind": "userspace-kill", "killer": "systemd-oomd", "subject": "/a.slice/b", "task_memcg": "/a.slice/b",
           "reason": "memory used (16471449600) / total (16656809984) and swap used (8228012032) / total (8589930496) being more "
                     "than 90.00%"}
    for text in (f'badness 900, VmRSS {b} MiB', f'oom_score 900, oom_score_adj 300, VmRSS {b} MiB, cmdline "x"'):
        yield [f'sending SIGTERM to process {a} uid 1000 "Web Content": {text}', f'sending SIGKILL to process {a} uid 1000 "Web Content": {text}'], \
              {"kind": "userspace-kill", "killer": "earlyoom", "bytes": b << 20, f"kill.{a}.comm": "Web Content", f"kill.{a}.reaped": 0}
    yield [f"Kill 'com.android.chrome' ({a}), uid 10123, oom_score_adj 900 to free {b}kB rss, {c}kB swap; reason: min watermark is "
           "breached and swap is low"], \
          {"kind": "userspace-kill", "killer": "lmkd", "bytes": b * 1024, f"kill.{a}.comm": "com.android.chrome", f"kill.{a}.adj": 900,
           f"kill.{a}.reaped": 0, "reason": "min watermark is breached and swap is low"}
    yield [f"lowmemorykiller: Killing 'd.process.acore' ({a}), adj 1000,", f"   to free {b}kB on behalf of 'kswapd0' (62) because",
           f"   cache {c}kB is below limit 98304kB for oom_score_adj 529", "   Free memory is -1234kB above reserved"], \
          {"kind": "userspace-kill", "killer": "lowmemorykiller", "bytes": b * 1024, "comm": "kswapd0", "pid": 62,
           f"kill.{a}.comm": "d.process.acore", f"kill.{a}.adj": 1000, f"kill.{a}.reaped": 0,
           "reason": f"cache {c}kB is below limit 98304kB for oom_score_adj 529"}
    yield [f"send sigkill to {a} (ndroid.calendar), adj 15, size {b}"], \
          {"kind": "userspace-kill", "killer": "lowmemorykiller", "bytes": b * 4096, f"kill.{a}.comm": "ndroid.calendar",
           f"kill.{a}.adj": 15, f"kill.{a}.reaped": 0}
    yield ['I0102 03:04:05.678 1234 eviction_manager.go:338] "Eviction manager: attempting to reclaim" resourceName="memory"',
           'I0102 03:04:06.678 1234 eviction_manager.go:566] "Eviction manager: pod is evicted successfully" pod="default/web-0"'], \
          {"kind": "eviction", "killer": "kubelet", "subject": "default/web-0"}
    yield ["eviction manager: attempting to reclaim memory", "eviction manager: pod web-0_default(0a1b) is evicted successfully"], \
          {"kind": "eviction", "killer": "kubelet", "subject": "web-0_default(0a1b)"}
    yield ['time="2023-01-02T03:04:05Z" level=info msg="TaskOOM event container_id:\\"0a1b2c\\""'], \
          {"kind": "container-oom", "killer": "containerd", "subject": "0a1b2c"}
    yield ['time="2021-01-02T03:04:05Z" level=info msg="TaskOOM event &TaskOOM{ContainerID:0a1b2c,XXX_unrecognized:[],}"'], \
          {"kind": "container-oom", "killer": "containerd", "subject": "0a1b2c"}
    yield ["2023-01-02T03:04:05.678Z container oom 0a1b2c (image=redis, name=a)"], \
          {"kind": "container-oom", "killer": "Docker", "subject": "0a1b2c"}
    yield ["      Reason:       OOMKilled"], {"kind": "container-oom", "killer": "Kubernetes"}
    yield ['            "OOMKilled": true,'], {"kind": "container-oom", "killer": "Docker"}
    yield ["Marked /a.slice/b for killing due to memory pressure for /a.slice being 65.32% > 50.00% for > 20s with reclaim activity"], \
          {"kind": "userspace-kill", "killer": "systemd-oomd", "subject": "/a.slice/b", "task_memcg": "/a.slice/b", "memcg": "/a.slice",
           "reason": "memory pressure for /a.slice being 65.32% > 50.00% for > 20s with reclaim activity"}
    yield ["Considered 2 cgroups for killing, top candidates were:", "\tPath: /a.slice/a", "\t\tCurrent Memory Usage: 12.0M", "\tPath: /a.slice/b",
           "\t\tSwap Usage: 1.0G", "\t\tCurrent Memory Usage: 1.5G",
           "Killed /a.slice/b due to memory used (1) / total (2) and swap used (3) / total (4) being more than 90.00%"], \
          {"kind": "userspace-kill", "killer": "systemd-oomd", "subject": "/a.slice/b", "task_memcg": "/a.slice/b", "bytes": 3 << 29,
           "reason": "memory used (1) / total (2) and swap used (3) / total (4) being more than 90.00%"}
    yield [f"oomd kill: 81.28 80.05 42.78 system.slice/a.service {b * 4096} ruleset:[user] detectorgroup:[x] killer:kill_by_pressure v2"], \
          {"kind": "userspace-kill", "killer": "oomd", "subject": "system.slice/a.service", "task_memcg": "system.slice/a.service",
           "bytes": b * 4096, "reason": "memory pressure 81.28 % over 10 s"}
    yield ["low memory! at or below SIGTERM limits: mem 10.00%, swap 10.00%",
           f'sending SIGTERM to process {a} uid 1000 "x": oom_score 900, VmRSS {b} MiB', "process 4 exited after 0.100 seconds"], \
          {"kind": "userspace-kill", "killer": "earlyoom", "bytes": b << 20, f"kill.{a}.comm": "x", f"kill.{a}.reaped": 0,
           "reason": "at or below SIGTERM limits: mem 10.00%, swap 10.00%"}
    yield ["kill_process: successfully triggered kernel OOM killer"], {"kind": "userspace-kill", "killer": "earlyoom"}
    for text in (f"event={{Pid:{a} ProcessName:java TimeOfDeath:2023-01-02 03:04:05 +0000 UTC ContainerName:/ VictimContainerName:/}}",
                 f": &{{{a} java 2020-01-02 03:04:05 +0000 UTC / / CONSTRAINT_NONE}}"):
        yield [f'I0102 03:04:05.678 1234 oom_watcher_linux.go:77] "Got sys oom event" {text}',
               f"System OOM encountered, victim process: java, pid: {a}"], {"kind": "container-oom", "killer": "kubelet", "subject": "java"}
    yield ["Got sys oom event from cadvisor: &{/ 2019-01-02 {}}", "System OOM encountered"], {"kind": "container-oom", "killer": "kubelet"}
    yield [f"System OOM encountered:  process pid {a}, process name: java"], {"kind": "container-oom", "killer": "kubelet", "subject": "java"}
    yield ["a.service: A process of this unit has been killed by the OOM killer.", "a.service: Failed with result 'oom-kill'."], \
          {"kind": "container-oom", "killer": "systemd", "subject": "a.service"}
    yield ["a.service: systemd-oomd killed 3 process(es) in this unit."], {"kind": "userspace-kill", "killer": "systemd-oomd", "subject": "a.service"}
    yield ["System OOM encountered, victim process: java, pid: 4711"], {"kind": "container-oom", "killer": "kubelet", "subject": "java"}
