/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Reports of all eras as their lines, cut ones, mixed ones, hostile ones. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "log_feed.h"

/* The only event of a log. */
static struct draft *only(struct log_scan *scan)
{
	log_scan_finish(scan);
	assert_false(scan->is_out_of_memory);
	assert_int_equal(scan->n_drafts, 1);
	return scan->drafts[0];
}

static void assert_count(struct mo_count count, uint64_t value)
{
	assert_int_equal(count.certainty, MO_EXACT);
	assert_int_equal(count.value, value);
}

/* 3.10 to 4.4: flags as a number, counters of zones, nr_ptes, a child in place of the parent. */
static void test_3_10(void **context)
{
	struct log_scan scan = new_scan();
	struct draft *draft;

	(void)context;
	feed(&scan, "java invoked oom-killer: gfp_mask=0x201da, order=0, oom_score_adj=5\n"
		    "java cpuset=/ mems_allowed=0-1\n"
		    "CPU: 3 PID: 900 Comm: java Not tainted 3.10.0-toy #1\n"
		    "Call Trace:\n"
		    " [<ffffffff81686e7f>] dump_stack+0x19/0x1b\n"
		    " [<ffffffff8118a3f0>] ? oom_kill_process+0x24/0x3c\n"
		    " [<ffffffff8117bd36>] filemap_fault+0x1b6/0x420\n"
		    "Mem-Info:\n"
		    "Node 0 DMA per-cpu:\n"
		    "active_anon:7000 inactive_anon:300 isolated_anon:0\n"
		    " active_file:5 inactive_file:6 isolated_file:0\n"
		    " unevictable:0 dirty:1 writeback:2 unstable:0\n"
		    " free:900 slab_reclaimable:11 slab_unreclaimable:22\n"
		    " mapped:3 shmem:44 pagetables:55 bounce:0\n"
		    " free_cma:0\n"
		    "Node 0 DMA free:160kB min:68kB low:84kB high:100kB active_anon:0kB present:1024kB managed:960kB "
		    "mlocked:8kB dirty:0kB kernel_stack:16kB pagetables:0kB free_cma:0kB pages_scanned:0 all_unreclaimable? yes\n"
		    "lowmem_reserve[]: 0 2000 2000 2000\n"
		    "Node 0 DMA: 8*4kB (UM) 4*8kB (R) 0*16kB 3*32kB (C) = 160kB\n"
		    "Free swap  = 12kB\n"
		    "Total swap = 1000kB\n"
		    "65536 pages RAM\n"
		    "[ pid ]   uid  tgid total_vm      rss nr_ptes swapents oom_score_adj name\n"
		    "[  900]  1000   900    50000     7000      20       30             5 java\n"
		    "[  901]     0   901      500      100       3        0         -1000 name with spaces\n"
		    "Out of memory: Kill process 900 (java) score 871 or sacrifice child\n"
		    "Killed process 905 (child (x)) total-vm:2000kB, anon-rss:400kB, file-rss:8kB\n");
	draft = only(&scan);
	assert_int_equal(draft->event.kind, MO_OOM_KILL);
	assert_int_equal(draft->event.gap, MO_OOM_NO_GAP);
	assert_int_equal(draft->event.gfp, 0x201da);
	assert_string_equal(draft->event.gfp_text, "");
	assert_int_equal(draft->event.pid, 900);
	assert_string_equal(draft->event.function, "filemap_fault");
	assert_string_equal(draft->event.mems_allowed, "0-1");
	assert_count(draft->counters[C_FREE], 900);
	assert_count(draft->counters[C_SHMEM], 44);
	assert_count(draft->kernel_stack_kib, 16);
	assert_int_equal(draft->n_zones, 1);
	assert_count(draft->zones[0].min_pages, 17);
	assert_int_equal(draft->zones[0].n_lowmem_reserve, 4);
	assert_int_equal(draft->zones[0].n_orders, 4);
	assert_true(draft->zones[0].has_usable[1]);
	assert_false(draft->zones[0].has_usable[3]); /* CMA alone */
	assert_count(draft->event.swap_free_bytes, 12 * 1024);
	assert_int_equal(draft->n_candidates, 2);
	assert_true(draft->has_pte_columns);
	assert_count(draft->candidates[0].pgtables_bytes, 20 * 4096);
	assert_string_equal(draft->candidates[1].comm, "name with spaces");
	assert_int_equal(draft->n_kills, 1);
	assert_int_equal(draft->kills[0].pid, 905);
	assert_string_equal(draft->kills[0].comm, "child (x)");
	assert_count(draft->kills[0].score, 871);
	assert_count(draft->kills[0].anon_bytes, 400 * 1024);
	assert_int_equal(draft->kills[0].shmem_bytes.certainty, MO_UNKNOWN);
	log_scan_free(&scan);
}

/* As some distributions of 3.10 print it. */
static void test_uid_in_the_middle(void **context)
{
	struct log_scan scan = new_scan();
	struct draft *draft;

	(void)context;
	feed(&scan, "Out of memory: Kill process 12 (a) score 9 or sacrifice child\n"
		    "Killed process 12 (a), UID 48, total-vm:2000kB, anon-rss:400kB, file-rss:8kB, shmem-rss:4kB\n");
	draft = only(&scan);
	assert_int_not_equal(draft->event.gap, MO_OOM_NO_GAP);
	assert_int_equal(draft->event.gap, MO_OOM_GAP_REPORT);
	assert_int_equal(draft->kills[0].uid, 48);
	assert_string_equal(draft->kills[0].comm, "a");
	assert_count(draft->kills[0].shmem_bytes, 4096);
	log_scan_free(&scan);
}

/* 4.8 on: nodes have lines of their own; the reaper; four columns of page tables. */
static void test_4_9(void **context)
{
	struct log_scan scan = new_scan();
	struct draft *draft;

	(void)context;
	feed(&scan, "a b invoked oom-killer: gfp_mask=0x24280ca(GFP_HIGHUSER_MOVABLE|__GFP_ZERO), nodemask=0, order=0, "
			  "oom_score_adj=0\n"
		    "a b cpuset=box mems_allowed=1\n"
		    "Mem-Info:\n"
		    "active_anon:1 inactive_anon:2 isolated_anon:0\n"
		    "DMA32 free:160kB min:68kB low:84kB high:100kB present:1024kB managed:960kB\n"
		    "[ pid ]   uid  tgid total_vm      rss nr_ptes nr_pmds swapents oom_score_adj name\n"
		    "[    5]     7     5      100       50       4       3        2          -17 x\n"
		    "Out of memory: Kill process 5 (x) score 1 or sacrifice child\n"
		    "Killed process 5 (x) total-vm:400kB, anon-rss:100kB, file-rss:0kB, shmem-rss:0kB\n"
		    "oom_reaper: reaped process 5 (x), now anon-rss:4kB, file-rss:0kB, shmem-rss:0lB\n");
	draft = only(&scan);
	assert_string_equal(draft->event.comm, "a b");
	assert_string_equal(draft->event.nodemask, "0");
	assert_string_equal(draft->event.cpuset, "box");
	assert_string_equal(draft->zones[0].name, "DMA32");
	assert_count(draft->candidates[0].pgtables_bytes, 7 * 4096);
	assert_int_equal(draft->candidates[0].oom_score_adj, -17);
	assert_true(draft->kills[0].is_reaped);
	assert_count(draft->kills[0].left_bytes, 4096);
	log_scan_free(&scan);
}

/* A limit of a memory cgroup, as told before 5.2. */
static void test_memcg_v1(void **context)
{
	struct log_scan scan = new_scan();
	struct draft *draft;

	(void)context;
	feed(&scan, "x invoked oom-killer: gfp_mask=0x14000c0(GFP_KERNEL), nodemask=(null), order=0, oom_score_adj=0\n"
		    "x cpuset=/ mems_allowed=0\n"
		    "Task in /a/b killed as a result of limit of /a\n"
		    "memory: usage 1024kB, limit 1024kB, failcnt 77\n"
		    "memory+swap: usage 1024kB, limit 9007199254740988kB, failcnt 0\n"
		    "kmem: usage 16kB, limit 9007199254740988kB, failcnt 0\n"
		    "Memory cgroup stats for /a: cache:100KB rss:20KB shmem:60KB dirty:0KB\n"
		    "Memory cgroup stats for /a/b: cache:0KB rss:800KB shmem:0KB dirty:4KB\n"
		    "[ pid ]   uid  tgid total_vm      rss pgtables_bytes swapents oom_score_adj name\n"
		    "[    5]     7     5      300      210     8192        0            0 x\n"
		    "Memory cgroup out of memory: Kill process 5 (x) score 900 or sacrifice child\n"
		    "Killed process 5 (x) total-vm:1200kB, anon-rss:800kB, file-rss:40kB, shmem-rss:0kB\n");
	draft = only(&scan);
	assert_int_equal(draft->event.constraint, MO_OOM_MEMCG);
	assert_string_equal(draft->event.memcg, "/a");
	assert_string_equal(draft->event.task_memcg, "/a/b");
	assert_count(draft->memcg.failcnt, 77);
	assert_count(draft->memcg.memsw_limit_bytes, UINT64_MAX);
	assert_count(draft->memcg_stats[S_ANON], 820 * 1024);
	assert_count(draft->memcg_stats[S_SHMEM], 60 * 1024);
	log_scan_free(&scan);
}

/* Since 5.2 with memory.stat; a name with commas; a whole group is killed. */
static void test_memcg_v2_group(void **context)
{
	struct log_scan scan = new_scan();
	struct draft *draft;

	(void)context;
	feed(&scan, "x invoked oom-killer: gfp_mask=0xcc0(GFP_KERNEL), order=0, oom_score_adj=0\n"
		    "CPU: 0 UID: 12 PID: 55 Comm: x Not tainted 6.12-toy\n"
		    "memory: usage 12288kB, limit 12288kB, failcnt 23\n"
		    "swap: usage 4kB, limit 8kB, failcnt 1\n"
		    "Memory cgroup stats for /p,task=q:\n"
		    "anon 12500992\n"
		    "file 8192\n"
		    "file_dirty 4096\n"
		    "slab_unreclaimable 4400\n" HEADING_6_1
		    "[     55]    12    55     3319     3184    61440        0             0 x\n"
		    "oom-kill:constraint=CONSTRAINT_MEMCG,nodemask=(null),cpuset=/,mems_allowed=0-1,oom_memcg=/p,task=q,"
		    "task_memcg=/p,task=q/r,task=x,y,pid=55,uid=12\n"
		    "Memory cgroup out of memory: Killed process 55 (x,y) total-vm:100kB, anon-rss:40kB, file-rss:4kB, "
		    "shmem-rss:0kB, UID:12 pgtables:60kB oom_score_adj:-3\n"
		    "Tasks in /p,task=q are going to be killed due to memory.oom.group set\n"
		    "Memory cgroup out of memory: Killed process 56 (z) total-vm:100kB, anon-rss:20kB, file-rss:4kB, "
		    "shmem-rss:0kB, UID:12 pgtables:60kB oom_score_adj:0\n"
		    "Memory cgroup out of memory: OOM victim 57 (w) is already exiting. Skip killing the task\n");
	draft = only(&scan);
	assert_int_equal(draft->event.pid, 55);
	assert_string_equal(draft->event.memcg, "/p,task=q");
	assert_string_equal(draft->event.mems_allowed, "0-1");
	assert_string_equal(draft->constraint_text, "CONSTRAINT_MEMCG");
	assert_int_equal(draft->summary_pid, 55);
	assert_int_equal(draft->n_kills, 3);
	assert_string_equal(draft->kills[0].comm, "x,y");
	assert_int_equal(draft->kills[0].oom_score_adj, -3);
	assert_true(draft->memcg.is_group_kill);
	assert_true(draft->kills[2].was_exiting);
	assert_int_equal(draft->n_kill_lines, 2);
	assert_count(draft->memcg_stats[S_DIRTY], 4096);
	assert_count(draft->memcg.swap_limit_bytes, 8192);
	log_scan_free(&scan);
}

/* 6.8 on: what is resident in three columns; caches of unreclaimable slab. */
static void test_6_12(void **context)
{
	struct log_scan scan = new_scan();
	struct draft *draft;

	(void)context;
	feed(&scan, REPORT_6_1_HEAD MEMINFO(80000, 0, 9000, 500, 400) ZONES_100000
		    "Node 0 hugepages_total=3 hugepages_free=2 hugepages_surp=0 hugepages_size=2048kB\n"
		    "Node 1 hugepages_total=1 hugepages_free=1 hugepages_surp=0 hugepages_size=2048kB\n" NO_SWAP
		    "Unreclaimable slab info:\n"
		    "Name                      Used          Total\n"
		    "small                      4KB          8KB\n"
		    "kmalloc-192            30000KB      34000KB\n"
		    "Tasks state (memory values in pages):\n"
		    "[  pid  ]   uid  tgid total_vm      rss rss_anon rss_file rss_shmem pgtables_bytes swapents oom_score_adj name\n"
		    "[     77]     0    77    89591    89256    89120        1       135   757760        0             0 eater\n"
		    "Out of memory: Killed process 77 (eater) total-vm:358364kB, anon-rss:356480kB, file-rss:0kB, shmem-rss:544kB, "
		    "UID:0 pgtables:740kB oom_score_adj:0\n");
	draft = only(&scan);
	assert_string_equal(draft->event.function, "__handle_mm_fault");
	assert_int_equal(draft->n_slabs, 2);
	assert_string_equal(draft->slabs[0].name, "kmalloc-192");
	assert_int_equal(draft->huge_pools[0].total, 4);
	assert_int_equal(draft->huge_pools[0].free, 3);
	assert_count(draft->candidates[0].anon_pages, 89120);
	assert_count(draft->candidates[0].file_pages, 1);
	assert_int_equal(draft->zones[1].lowmem_reserve_pages[2], 0);
	assert_int_equal(draft->zones[0].lowmem_reserve_pages[2], 440);
	log_scan_free(&scan);
}

/* Two threads that report at once are told apart by who printed. */
static void test_interleaved(void **context)
{
	struct log_scan scan = new_scan();

	(void)context;
	feed_as(&scan, 77, REPORT_6_1_HEAD);
	feed_as(&scan, 90, "sender: page allocation failure: order:4, mode:0x40820(GFP_ATOMIC|__GFP_COMP), nodemask=(null),"
			   "cpuset=/,mems_allowed=0\n");
	feed_as(&scan, 77, MEMINFO(80000, 0, 9000, 500, 400));
	feed_as(&scan, 90, MEMINFO(10, 0, 9, 5, 4) ZONES_100000);
	feed_as(&scan, 77, ZONES_100000 "Out of memory: Killed process 77 (eater) total-vm:4kB, anon-rss:4kB, file-rss:0kB\n");
	log_scan_finish(&scan);
	assert_int_equal(scan.n_drafts, 2);
	assert_count(scan.drafts[0]->counters[C_INACTIVE_ANON], 80000);
	assert_int_equal(scan.drafts[0]->event.gap, MO_OOM_NO_GAP);
	assert_int_equal(scan.drafts[1]->event.kind, MO_OOM_ALLOCATION_FAILURE);
	assert_count(scan.drafts[1]->counters[C_INACTIVE_ANON], 10);
	assert_string_equal(scan.drafts[1]->event.gfp_text, "GFP_ATOMIC|__GFP_COMP");
	log_scan_free(&scan);
}

/* Without callers two reports in one are noticed: the first numbers stay. */
static void test_mixed(void **context)
{
	struct log_scan scan = new_scan();
	struct draft *draft;

	(void)context;
	feed(&scan, REPORT_6_1_HEAD MEMINFO(80000, 0, 9000, 500, 400) ZONES_100000 ZONES_100000
		    "Out of memory: Killed process 77 (eater) total-vm:4kB, anon-rss:4kB, file-rss:0kB\n");
	draft = only(&scan);
	assert_int_equal(draft->n_zones, 2);
	assert_int_not_equal(draft->event.gap, MO_OOM_NO_GAP);
	assert_int_equal(draft->event.gap, MO_OOM_GAP_MIXED);
	log_scan_free(&scan);
}

static void test_cut(void **context)
{
	struct log_scan scan = new_scan();
	struct draft *draft;

	(void)context;
	/* The log has wrapped: it begins in the middle of a report. */
	feed(&scan, ZONES_100000 NO_SWAP "Out of memory: Killed process 77 (eater) total-vm:4kB, anon-rss:4kB, file-rss:0kB\n");
	draft = only(&scan);
	assert_int_equal(draft->event.kind, MO_OOM_KILL);
	assert_int_equal(draft->n_zones, 2);
	assert_int_equal(draft->event.gap, MO_OOM_GAP_BEGINNING);
	log_scan_free(&scan);

	/* It ends before the kill; rows of a table whose heading is lost are not guessed at. */
	scan = new_scan();
	feed(&scan, REPORT_6_1_HEAD "[     55]    12    55     3319     3184    61440        0             0 x\n");
	draft = only(&scan);
	assert_int_equal(draft->event.kind, MO_OOM_UNKNOWN);
	assert_int_equal(draft->n_candidates, 0);
	assert_int_equal(draft->event.gap, MO_OOM_GAP_END);
	log_scan_free(&scan);

	/* Numbers alone are no event: they may be of SysRq-m, and are old when something happens later. */
	scan = new_scan();
	feed(&scan, "sysrq: Show Memory\n" MEMINFO(1, 2, 3, 4, 5) ZONES_100000);
	wait_seconds(&scan, 60);
	feed(&scan, "Out of memory: Killed process 77 (eater) total-vm:4kB, anon-rss:4kB, file-rss:0kB\n");
	draft = only(&scan);
	assert_int_equal(draft->n_zones, 0);
	log_scan_free(&scan);
}

static void test_panics(void **context)
{
	struct log_scan scan = new_scan();

	(void)context;
	feed(&scan, REPORT_6_1_HEAD ZONES_100000 "Kernel panic - not syncing: Out of memory: system-wide panic_on_oom is enabled\n"
		    "---[ end Kernel panic - not syncing: Out of memory: system-wide panic_on_oom is enabled ]---\n");
	assert_int_equal(only(&scan)->event.kind, MO_OOM_PANIC);
	log_scan_free(&scan);

	scan = new_scan();
	feed(&scan, REPORT_6_1_HEAD ZONES_100000 "Out of memory and no killable processes...\n");
	assert_int_equal(only(&scan)->event.kind, MO_OOM_NO_VICTIM);
	log_scan_free(&scan);

	scan = new_scan();
	feed(&scan, REPORT_6_1_HEAD ZONES_100000 "Out of memory and no killable processes...\n"
		    "Kernel panic - not syncing: System is deadlocked on memory\n");
	assert_int_equal(only(&scan)->event.kind, MO_OOM_PANIC);
	log_scan_free(&scan);
}

static void test_failures(void **context)
{
	struct log_scan scan = new_scan();

	(void)context;
	for (int i = 0; i < 5; i++)
		feed(&scan, "swapper/0: page allocation failure: order:2, mode:0x4020\n");
	feed(&scan, "SLUB: Unable to allocate memory on CPU 1 (of node 0) on node -1, gfp=0xa20(GFP_ATOMIC)\n"
		    "  cache: kmalloc-64, object size: 64, buffer size: 64, default order: 0, min order: 0\n"
		    "modprobe: vmalloc error: size 8192, page order 0, failed to allocate pages, mode:0xcc2(GFP_KERNEL|__GFP_HIGHMEM),"
		    "nodemask=(null),cpuset=/,mems_allowed=0\n"
		    "vmap allocation for size 20480 failed: use vmalloc=<size> to increase size\n"
		    "__vm_enough_memory: pid: 31, comm: big, one, bytes: 8589934592 not enough memory for the allocation\n"
		    "mmap: huge (32): VmData 9000000 exceed data ulimit 8000000. Update limits or use boot option "
		    "ignore_rlimit_data.\n");
	log_scan_finish(&scan);
	assert_int_equal(scan.n_drafts, 6);
	assert_int_equal(scan.drafts[0]->event.n_repeats, 5);
	assert_int_equal(scan.drafts[0]->event.order, 2);
	assert_string_equal(scan.drafts[1]->event.cache, "kmalloc-64");
	assert_int_equal(scan.drafts[2]->event.kind, MO_OOM_VMALLOC_FAILURE);
	assert_count(scan.drafts[2]->event.bytes, 8192);
	assert_string_equal(scan.drafts[2]->event.comm, "modprobe");
	assert_int_equal(scan.drafts[3]->event.constraint, MO_OOM_LIMIT);
	assert_string_equal(scan.drafts[4]->event.comm, "big, one");
	assert_count(scan.drafts[4]->event.bytes, 8589934592);
	assert_int_equal(scan.drafts[5]->event.pid, 32);
	assert_string_equal(scan.drafts[5]->event.cache, "RLIMIT_DATA");
	log_scan_free(&scan);
}

/* Numbers that no machine has are unknown, and a comm may hold what it likes. */
static void test_hostile(void **context)
{
	struct log_scan scan = new_scan();
	struct draft *draft;

	(void)context;
	feed(&scan, "x) total-vm:1kB invoked oom-killer: gfp_mask=0xffffffffffffffffff(,,,, order=99999999999, oom_score_adj=\n"
		    "Mem-Info:\n"
		    "active_anon:99999999999999999999 inactive_anon:18446744073709551615 isolated_anon:-1\n"
		    " free:\n"
		    "Node 4294967296 DMA free:1kB\n"
		    "Node 1 DMA free:9999999999999999999999kB min:kB low:-1kB managed:4kB\n"
		    "lowmem_reserve[]: -1 99999999999 1 2 3 4 5 6 7 8 9 10\n"
		    "Node 1 DMA: 1*4kB 2*8kB (\n"
		    "Node 0 hugepages_total=1 hugepages_free=2 hugepages_surp=0 hugepages_size=2048kB\n"
		    "Free swap = \n"
		    "[ pid ] a b c d e f g h i j k l m n o p q r s t name\n"
		    "[  1] 1 2 3 4 x\n"
		    "oom-kill:constraint=,,,,,pid=\n"
		    "Killed process 0 (zero) total-vm:1kB\n"
		    "Killed process 7 (a) total-vm:9kB (b) total-vm:99999999999999999999kB, anon-rss:3kB, file-rss:0kB\n");
	draft = only(&scan);
	assert_false(draft->event.has_gfp);
	assert_false(draft->event.has_order);
	assert_int_equal(draft->counters[C_ACTIVE_ANON].certainty, MO_UNKNOWN);
	assert_int_equal(draft->counters[C_INACTIVE_ANON].certainty, MO_UNKNOWN);
	assert_int_equal(draft->n_zones, 1);
	assert_int_equal(draft->zones[0].free_pages.certainty, MO_UNKNOWN);
	assert_int_equal(draft->zones[0].n_lowmem_reserve, MO_OOM_RESERVES);
	assert_int_equal(draft->zones[0].lowmem_reserve_pages[0], 0);
	assert_int_equal(draft->n_huge_pools, 0);
	assert_int_equal(draft->n_candidates, 0);
	assert_int_equal(draft->n_kills, 1);
	assert_string_equal(draft->kills[0].comm, "a) total-vm:9kB (b");
	assert_int_equal(draft->kills[0].total_vm_bytes.certainty, MO_UNKNOWN);
	assert_count(draft->kills[0].anon_bytes, 3 * 1024);
	log_scan_free(&scan);
}

/* Every cut of every line, and every byte of it changed: whatever comes of it, nothing is read beyond the line. */
static void test_mutations(void **context)
{
	static const char *const lines[] = {
		"x invoked oom-killer: gfp_mask=0xcc0(GFP_KERNEL), nodemask=0, order=0, oom_score_adj=0",
		"x cpuset=/a mems_allowed=0-1,3",
		"active_anon:1 inactive_anon:2 isolated_anon:3",
		"Node 0 DMA32 free:160kB min:68kB low:84kB high:100kB present:1024kB managed:960kB",
		"lowmem_reserve[]: 0 1 2 3",
		"Node 0 DMA32: 1*4kB (UM) 2*8kB (E) = 20kB",
		"Node 0 hugepages_total=3 hugepages_free=2 hugepages_surp=0 hugepages_size=2048kB",
		"memory: usage 12288kB, limit 12288kB, failcnt 23",
		"[  pid  ]   uid  tgid total_vm      rss pgtables_bytes swapents oom_score_adj name",
		"[     55]    12    55     3319     3184    61440        0             0 x",
		"oom-kill:constraint=CONSTRAINT_MEMCG,nodemask=(null),cpuset=/,mems_allowed=0,oom_memcg=/p,task_memcg=/p,task=x,pid=5,uid=1",
		"Memory cgroup out of memory: Killed process 55 (x) total-vm:100kB, anon-rss:40kB, UID:12 pgtables:60kB oom_score_adj:-3",
		"oom_reaper: reaped process 55 (x), now anon-rss:4kB, file-rss:0kB, shmem-rss:0kB",
	};

	(void)context;
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		size_t length = strlen(lines[i]);

		for (size_t at = 0; at <= length; at++) {
			struct log_scan scan = new_scan();

			for (size_t k = 0; k < sizeof(lines) / sizeof(lines[0]); k++) {
				size_t n = k == i ? at : strlen(lines[k]);
				char *copy = malloc(n + 1); /* of just that size, so that a read beyond it is noticed */
				struct log_line line = { .text = { copy, n } };

				assert_non_null(copy);
				memcpy(copy, lines[k], n);
				if (k == i && n)
					copy[n - 1] = (char)0xff;
				log_scan_line(&scan, &line);
				free(copy);
			}
			log_scan_finish(&scan);
			assert_true(scan.n_drafts >= 1 && scan.n_drafts <= 3);
			log_scan_free(&scan);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_3_10),	    cmocka_unit_test(test_uid_in_the_middle),
		cmocka_unit_test(test_4_9),	    cmocka_unit_test(test_memcg_v1),
		cmocka_unit_test(test_memcg_v2_group), cmocka_unit_test(test_6_12),
		cmocka_unit_test(test_interleaved), cmocka_unit_test(test_mixed),
		cmocka_unit_test(test_cut),	    cmocka_unit_test(test_panics),
		cmocka_unit_test(test_failures),    cmocka_unit_test(test_hostile),
		cmocka_unit_test(test_mutations),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
