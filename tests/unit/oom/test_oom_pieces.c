/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Reports in pieces, of which other lines are a part: what belongs to whom, and what is not known then. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "log_feed.h"

static struct draft *nth(struct log_scan *scan, size_t index, size_t n)
{
	assert_int_equal(scan->n_drafts, n);
	return scan->drafts[index];
}

/* Another process's line of CPU and process: neither its PID nor its trace are the event's. */
static void test_foreign_trace(void **context)
{
	struct log_scan scan = new_scan();
	struct draft *draft;

	(void)context;
	feed(&scan, "java: vmalloc: allocation failure: 4096 bytes, mode:0x14000c0(GFP_KERNEL), nodemask=(null)\n"
		    "CPU: 1 PID: 16 Comm: kworker/u4:6 Not tainted 4.16.0-rc5+ #264\n"
		    "Call Trace:\n"
		    " dump_stack+0x194/0x24d\n"
		    " __alloc_pages+0x1/0x2\n"
		    " process_one_req+0x1e4/0x41c\n"
		    "CPU: 0 PID: 77 Comm: java Not tainted 4.16.0-rc5+ #264\n"
		    "Call Trace:\n"
		    " __vmalloc_node_range+0x1/0x2\n"
		    " do_ipt_set_ctl+0x1/0x2\n");
	log_scan_finish(&scan);
	draft = nth(&scan, 0, 1);
	assert_int_equal(draft->event.pid, 77);
	assert_string_equal(draft->event.function, "do_ipt_set_ctl");
	assert_string_equal(draft->release, "4.16.0-rc5+");
	log_scan_free(&scan);

	/* The trace below a new event is of the one before, which has its process's line already. */
	scan = new_scan();
	feed(&scan, "a: page allocation failure: order:0, mode:0x24010c0(GFP_KERNEL|__GFP_NORETRY)\n"
		    "CPU: 0 PID: 54 Comm: a Not tainted 4.8.0-rc1 #127\n"
		    "b invoked oom-killer: gfp_mask=0x24200ca(GFP_HIGHUSER_MOVABLE), order=0, oom_score_adj=500\n"
		    "Call Trace:\n"
		    " __alloc_pages_nodemask+0x4aa/0xa30\n"
		    " read_page+0x29/0x640\n");
	log_scan_finish(&scan);
	assert_string_equal(nth(&scan, 1, 2)->event.comm, "b");
	assert_string_equal(nth(&scan, 1, 2)->event.function, "");
	log_scan_free(&scan);
}

/* WARN() beside it, and where traces end, are nobody's request. */
static void test_no_entry(void **context)
{
	struct log_scan scan = new_scan();

	(void)context;
	feed(&scan, "x: page allocation failure: order:0, mode:0x484020(GFP_ATOMIC|__GFP_COMP), nodemask=(null)\n"
		    "CPU: 0 PID: 7 Comm: x Not tainted 4.19.60 #33\n"
		    "Call Trace:\n"
		    " kasan_report.part.2+0x44d/0x540\n"
		    " warn_alloc.cold+0x7b/0x173\n"
		    " schedule_timeout+0x4db/0xfc0\n"
		    " __alloc_pages_nodemask+0x621/0x760\n"
		    " kthread+0x1/0x2\n"
		    " ret_from_fork+0x24/0x30\n");
	log_scan_finish(&scan);
	assert_string_equal(nth(&scan, 0, 1)->event.function, "");
	log_scan_free(&scan);
}

/* A first line and "Task in" that came in pieces; a report with blanks before each line. */
static void test_pieces(void **context)
{
	struct log_scan scan = new_scan();
	struct draft *draft;

	(void)context;
	feed(&scan, "    x invoked oom-killer: gfp_mask=0x14200ca(GFP_HIGHUSER_MOVABLE), nodemask=\n"
		    "    (null)\n"
		    "    ,  order=3, oom_score_adj=0\n"
		    "    CPU: 0 PID: 7 Comm: x Not tainted 4.15.0-20-generic #21-Ubuntu\n"
		    "    Task in /a/b\n"
		    "     killed as a result of limit of /a\n"
		    "    memory: usage 8kB, limit 16kB, failcnt 3\n"
		    "    Memory cgroup stats for /a:anon 4096\n"
		    "    [ pid ]   uid  tgid total_vm      rss nr_ptes swapents oom_score_adj name\n"
		    "    [    7]     0     7      500      100       3        0             0 x\n");
	log_scan_finish(&scan);
	draft = nth(&scan, 0, 1);
	assert_string_equal(draft->event.comm, "x");
	assert_int_equal(draft->event.order, 3);
	assert_int_equal(draft->event.pid, 7);
	assert_string_equal(draft->event.memcg, "/a");
	assert_string_equal(draft->event.task_memcg, "/a/b");
	assert_int_equal(draft->memcg.limit_bytes.value, 16384);
	assert_int_equal(draft->memcg_stats[S_ANON].value, 4096);
	assert_int_equal(draft->n_candidates, 1);
	log_scan_free(&scan);
}

/* Cut behind its trace, which still says whose limit it was. */
static void test_memcg_of_trace(void **context)
{
	struct log_scan scan = new_scan();
	struct draft *draft;

	(void)context;
	feed(&scan, "systemd invoked oom-killer: gfp_mask=0xcc0(GFP_KERNEL), order=0, oom_score_adj=100\n"
		    "CPU: 10 UID: 1000 PID: 20957 Comm: systemd Not tainted 6.17.3-arch2-1 #1 PREEMPT(full)\n"
		    "Call Trace:\n"
		    " dump_header+0x43/0x1aa\n"
		    " mem_cgroup_out_of_memory+0xc2/0xd0\n"
		    " try_charge_memcg+0x416/0x600\n"
		    " __memcg_slab_post_alloc_hook+0x105/0x370\n"
		    " kmem_cache_alloc_noprof+0x3cd/0x410\n"
		    " __anon_vma_prepare+0x3e/0x160\n");
	log_scan_finish(&scan);
	draft = nth(&scan, 0, 1);
	assert_int_equal(draft->event.constraint, MO_OOM_MEMCG);
	assert_string_equal(draft->event.function, "__anon_vma_prepare");
	log_scan_free(&scan);
}

/* The summary is of a victim that is chosen; without sizes nothing is known to be freed. */
static void test_summary_alone(void **context)
{
	struct log_scan scan = new_scan();
	struct draft *draft;

	(void)context;
	feed(&scan, "oom-kill:constraint=CONSTRAINT_MEMCG,nodemask=(null),cpuset=/,mems_allowed=0,oom_memcg=/a,task_memcg=/a/b,"
		    "task=a,b,pid=39079,uid=107\n");
	log_scan_finish(&scan);
	draft = nth(&scan, 0, 1);
	assert_int_equal(draft->event.kind, MO_OOM_KILL);
	assert_int_not_equal(draft->event.gap, MO_OOM_NO_GAP);
	assert_int_equal(draft->kills[0].pid, 39079);
	assert_string_equal(draft->kills[0].comm, "a,b");
	assert_int_equal(freed_of(draft).certainty, MO_UNKNOWN);
	log_scan_free(&scan);
}

static void feed_program(struct log_scan *scan, const char *program, const char *text)
{
	struct log_line line = { .text = { text, strlen(text) }, .time_ns = scan->time_ns + 1000000, .program = program };

	log_scan_line(scan, &line);
}

/* Programs' lines end no report of the kernel's, and are none. What they note is told where the kernel does not. */
static void test_programs(void **context)
{
	struct log_scan scan = new_scan();

	(void)context;
	feed(&scan, "x invoked oom-killer: gfp_mask=0x14200ca(GFP_HIGHUSER_MOVABLE), nodemask=(null), order=0, oom_score_adj=0\n");
	feed_program(&scan, "kubelet", "Out of memory: Killed process 9 (decoy) total-vm:1kB, anon-rss:1kB");
	feed_program(&scan, "systemd-oomd", "Killed /a.slice due to memory pressure for /b.slice being 60% > 50% for > 20s");
	feed(&scan, "Task in /docker/0a1b killed as a result of limit of /docker/0a1b\n"
		    "Killed process 7 (x) total-vm:8kB, anon-rss:4kB, file-rss:0kB\n");
	feed_program(&scan, "containerd", "TaskOOM event &TaskOOM{ContainerID:0a1b,XXX_unrecognized:[],}");
	feed_program(&scan, "containerd", "TaskOOM event &TaskOOM{ContainerID:ffff,XXX_unrecognized:[],}");
	log_scan_finish(&scan);
	assert_int_equal(nth(&scan, 0, 3)->event.kind, MO_OOM_KILL);
	assert_int_equal(scan.drafts[0]->kills[0].pid, 7);
	assert_int_equal(scan.drafts[1]->event.kind, MO_OOM_USERSPACE_KILL);
	assert_string_equal(scan.drafts[1]->event.subject, "/a.slice");
	assert_int_equal(scan.drafts[2]->event.kind, MO_OOM_CONTAINER_OOM);
	assert_string_equal(scan.drafts[2]->event.subject, "ffff");
	log_scan_free(&scan);
}

/* A lockup elsewhere, or one that unmounts, is not about memory. */
static void test_other_lockups(void **context)
{
	struct log_scan scan = new_scan();

	(void)context;
	feed(&scan, "watchdog: BUG: soft lockup - CPU#1 stuck for 134s! [umount:4588]\n"
		    "CPU: 1 PID: 4588 Comm: umount Not tainted 4.17.0 #1\n"
		    "Call Trace:\n"
		    " shrink_dcache_parent+0x1/0x2\n"
		    " smp_call_function_single+0x1/0x2\n");
	log_scan_finish(&scan);
	assert_int_equal(scan.n_drafts, 0);
	log_scan_free(&scan);
}

static void assert_gfp(const char *release, uint64_t gfp, const char *names)
{
	char text[192];

	name_gfp_by_release(release, gfp, text, sizeof(text));
	assert_string_equal(text, names);
}

static void test_gfp_values(void **context)
{
	(void)context;
	assert_gfp("2.6.32-358.el6.x86_64", 0x201da, "GFP_HIGHUSER_MOVABLE|__GFP_COLD");
	assert_gfp("3.10.0-957.el7.x86_64", 0x20, "GFP_ATOMIC");
	assert_gfp("3.10.0-957.el7.x86_64", 0, "GFP_NOWAIT");
	assert_gfp("4.4.21-69-default", 0x2080020, "GFP_ATOMIC");
	assert_gfp("4.14.77", 0x14000c0, "GFP_KERNEL");
	assert_gfp("4.18.0-305.el8.x86_64", 0x6200ca, "GFP_HIGHUSER_MOVABLE");
	assert_gfp("5.4.0-42-generic", 0x40dc0, "GFP_KERNEL|__GFP_COMP|__GFP_ZERO");
	assert_gfp("6.1.0", 0x400cc0, "GFP_KERNEL_ACCOUNT");
	assert_gfp("6.12.0", 0x820, "GFP_ATOMIC");
	assert_gfp("5.10.0", 0xa20, "GFP_ATOMIC");
	/* Neither release nor shape: a number it stays. */
	assert_gfp(NULL, 0x4, "");
	assert_gfp(NULL, 0x24201ca, "GFP_HIGHUSER_MOVABLE|__GFP_COLD");
	assert_gfp("6.12.0", 0x80000000, "0x80000000");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_foreign_trace), cmocka_unit_test(test_no_entry),	   cmocka_unit_test(test_pieces),
		cmocka_unit_test(test_summary_alone), cmocka_unit_test(test_programs),	   cmocka_unit_test(test_other_lockups),
		cmocka_unit_test(test_gfp_values),    cmocka_unit_test(test_memcg_of_trace),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
