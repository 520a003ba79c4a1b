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
    yield from killers(a, b, c)


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
    yield ["System OOM encountered, victim process: java, pid: 4711"], {"kind": "container-oom", "killer": "kubelet", "subject": "java"}
