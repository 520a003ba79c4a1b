/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What is made of reports: what was short, what held it and who, the victim, the words. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "log_feed.h"
#include "say/sentence.h"

#define KILLED(pid, comm, anon, tables) \
	"Out of memory: Killed process " #pid " (" comm ") total-vm:900000kB, anon-rss:" #anon "kB, file-rss:4kB, shmem-rss:0kB, " \
	"UID:0 pgtables:" #tables "kB oom_score_adj:0\n"
#define SUMMARY(word, rest) "oom-kill:constraint=" word ",nodemask=(null),cpuset=/,mems_allowed=0," rest "\n"
#define GLOBAL SUMMARY("CONSTRAINT_NONE", "global_oom,task_memcg=/,task=eater,pid=77,uid=0")

/* A machine with one node, and one process that is still there and has locked memory. */
struct toy {
	struct oom_state state;
	struct oom_layout layout;
	struct mo_zones_model zones;
	struct mo_node nodes[2];
	struct mo_tasks_model tasks;
	struct mo_task task;
	struct mo_mm mm;
};

static void set_up(struct toy *toy)
{
	static const int64_t indexes[N_ZONE_KINDS] = { 0, 1, 2, -1, 3 };

	memset(toy, 0, sizeof(*toy));
	for (unsigned i = 0; i < N_ZONE_KINDS; i++)
		toy->layout.zones[i] = (struct mo_constant){ .value = indexes[i], .is_bound = indexes[i] >= 0 };
	toy->layout.since_5_9.is_bound = true;
	toy->nodes[0].present_pages = toy->nodes[1].present_pages = mo_exact(100000);
	toy->zones = (struct mo_zones_model){ .nodes = toy->nodes, .n_nodes = 1 };
	toy->mm = (struct mo_mm){ .locked_pages = mo_exact(50000), .n_tasks = 1 };
	toy->task = (struct mo_task){ .pid = 9, .tgid = 9, .comm = "locker", .n_threads = 1 };
	toy->tasks = (struct mo_tasks_model){ .tasks = &toy->task, .n_tasks = 1, .mms = &toy->mm, .n_mms = 1 };
	toy->state.layout = &toy->layout;
	toy->state.zones = &toy->zones;
	toy->state.tasks = &toy->tasks;
	toy->state.page_bytes = 4096;
	toy->state.scan = new_scan();
	toy->state.panic_on_oom = -1;
}

/* The last event of a log, explained. */
static struct draft *explained(struct toy *toy, const char *log)
{
	feed(&toy->state.scan, log);
	log_scan_finish(&toy->state.scan);
	assert_true(toy->state.scan.n_drafts > 0);
	for (size_t i = 0; i < toy->state.scan.n_drafts; i++)
		assert_null(explain_event(&toy->state, i));
	return toy->state.scan.drafts[toy->state.scan.n_drafts - 1];
}

static void tear_down(struct toy *toy)
{
	log_scan_free(&toy->state.scan);
}

static void assert_says(const struct toy *toy, const struct draft *draft, unsigned sentence, const char *part)
{
	struct event_sentences sentences;

	write_sentences(&toy->state, draft, &sentences);
	if (!strstr(sentences.text[sentence], part)) {
		print_message("sentence %u: %s\n", sentence, sentences.text[sentence]);
		fail_msg("it does not say '%s'", part);
	}
}

static void assert_is(const struct toy *toy, const struct draft *draft, unsigned sentence, const char *text)
{
	struct event_sentences sentences;

	write_sentences(&toy->state, draft, &sentences);
	assert_string_equal(sentences.text[sentence], text);
}

static void assert_evidence(const struct toy *toy, const struct draft *draft, const char *label, const char *text)
{
	struct evidence_list list;

	list_evidence(&toy->state, draft, &list);
	for (size_t i = 0; i < list.n; i++) {
		if (strcmp(list.items[i].label, label) != 0)
			continue;
		assert_int_equal(list.items[i].kind, MO_CELL_TEXT);
		assert_string_equal(list.items[i].cell.as.text.bytes, text);
		return;
	}
	fail_msg("there is no evidence '%s'", label);
}

static const struct mo_oom_share *cause_of(const struct draft *draft)
{
	const struct mo_oom_share *share = share_of(draft, draft->event.cause);

	assert_non_null(share);
	return share;
}

/* The one who asked, who held it, and who was killed are the same process. */
static void test_consumer(void **context)
{
	struct toy toy;
	struct draft *draft;

	(void)context;
	set_up(&toy);
	draft = explained(&toy, REPORT_6_1_HEAD MEMINFO(90000, 0, 2000, 500, 400) ZONES_100000 NO_SWAP HEADING_6_1
			  "[     77]     0    77    90000    80000   819200        0             0 eater\n"
			  "[     78]     0    78      900      500    40960        0           100 small\n"
			  "[     79]     0    79      900    60000    40960        0         -1000 safe\n" GLOBAL
			  KILLED(77, "eater", 319000, 800));
	assert_int_equal(draft->event.constraint, MO_OOM_GLOBAL);
	assert_int_equal(draft->event.cause, MO_OOM_ANON);
	assert_int_equal(draft->event.role, MO_OOM_CONSUMER);
	assert_string_equal(cause_of(draft)->holder, "eater");
	assert_int_equal(cause_of(draft)->holder_pid, 77);
	/* Of the table it is what is resident in all; the kill says what of it is anonymous. */
	assert_int_equal(cause_of(draft)->holder_bytes.value, 319000 * 1024);
	assert_int_equal(draft->event.freed_bytes, 319800 * 1024);
	assert_int_equal(swap_of(&draft->event), SWAP_STATE_ABSENT);
	/* 100,000 pages and no swap: adj counts for 100 pages a thousandth. */
	assert_int_equal(draft->candidates[0].badness_pages, 80200);
	assert_int_equal(draft->candidates[0].oom_score.value, (1000 + 80200 * 1000 / 100000) * 2 / 3);
	assert_int_equal(draft->candidates[1].badness_pages, 510 + 100 * 100);
	assert_string_equal(draft->candidates[2].comm, "safe");
	assert_int_equal(draft->candidates[2].exempt, MO_OOM_EXEMPT_BY_ADJ);
	assert_int_equal(draft->candidates[2].oom_score.certainty, MO_UNKNOWN);
	assert_is(&toy, draft, 0, "The machine ran out of memory 1.001 s after boot. There is no swap.");
	assert_is(&toy, draft, 1, "Anonymous memory of processes held 350.4 MiB of 390.6 MiB (90 %). Most of that belonged "
			  "to eater (PID 77): "
		  "311.5 MiB.");
	assert_is(&toy, draft, 2, "The kernel killed eater (PID 77), which held most of it. That freed 312.3 MiB.");
	assert_evidence(&toy, draft, "badness", "80200 pages, the highest of 2 candidates (1 more exempt)");
	assert_evidence(&toy, draft, "who asked", "eater (PID 77): one page, GFP_HIGHUSER_MOVABLE | __GFP_COMP | __GFP_ZERO, in "
						  "__handle_mm_fault()");
	assert_evidence(&toy, draft, "zone", "DMA32 of node 0: 2200 KiB free, must exceed 2600 KiB: too little");
	tear_down(&toy);
}

/* Free must exceed what must stay, and lower zones keep a reserve from requests for higher ones. */
static void test_watermarks(void **context)
{
	struct toy toy;
	struct draft *draft;

	(void)context;
	set_up(&toy);
	draft = explained(&toy, REPORT_6_1_HEAD MEMINFO(90000, 0, 2000, 500, 400) ZONES_100000 GLOBAL KILLED(77, "eater", 4, 4));
	assert_int_equal(draft->zones[0].reserve_pages.value, 440);
	assert_int_equal(draft->zones[0].mark_pages.value, 22);
	/* 450 free pages against 22 and 440 */
	assert_int_equal(draft->zones[0].verdict, MO_OOM_ZONE_WATERMARK);
	assert_int_equal(draft->zones[1].verdict, MO_OOM_ZONE_WATERMARK);
	tear_down(&toy);

	/* Above min, below high: the last attempt asks for that. */
	set_up(&toy);
	draft = explained(&toy, "x invoked oom-killer: gfp_mask=0xcc0(GFP_KERNEL), order=0, oom_score_adj=0\n"
			  "Node 0 DMA32 free:3000kB min:2600kB low:3200kB high:3900kB managed:400000kB\n"
			  "lowmem_reserve[]: 0 0 0 0\n" GLOBAL);
	assert_int_equal(draft->zones[0].verdict, MO_OOM_ZONE_BELOW_HIGH);
	assert_evidence(&toy, draft, "zone", "DMA32 of node 0: 3000 KiB free, must exceed 3900 KiB: the last attempt needs the high "
					     "watermark");
	tear_down(&toy);

	/* A zone above the highest that the request may use. */
	set_up(&toy);
	draft = explained(&toy, "x invoked oom-killer: gfp_mask=0xcc4(GFP_KERNEL|GFP_DMA32), order=0, "
			  "oom_score_adj=0\n" MEMINFO(9, 0, 9, 9, 9)
			  "Node 0 DMA32 free:1000kB min:2600kB low:3200kB high:3900kB managed:400000kB\n"
			  "lowmem_reserve[]: 0 0 900 900\n"
			  "Node 0 Normal free:900000kB min:2600kB low:3200kB high:3900kB managed:4000000kB\n"
			  "lowmem_reserve[]: 0 0 0 0\n"
			  "oom-kill:constraint=CONSTRAINT_NONE,nodemask=(null),cpuset=/,mems_allowed=0,global_oom\n");
	assert_int_equal(draft->zones[0].verdict, MO_OOM_ZONE_WATERMARK);
	assert_int_equal(draft->zones[0].reserve_pages.value, 0);
	assert_int_equal(draft->zones[1].verdict, MO_OOM_ZONE_OTHER_ZONE);
	assert_int_equal(draft->event.constraint, MO_OOM_ZONE);
	tear_down(&toy);
}

static void test_bystanders(void **context)
{
	static const struct {
		const char *meminfo;
		const char *more;
		enum mo_oom_cause cause;
		const char *holder;
		const char *says;
	} rows[] = {
		{ MEMINFO(9000, 0, 80000, 500, 400), "Unreclaimable slab info:\nName Used Total\nleaky 290000KB 300000KB\n", MO_OOM_SLAB,
		  "leaky", "Kernel objects (unreclaimable slab) held 312.5 MiB" },
		{ MEMINFO(9000, 60000, 800, 500, 400), "", MO_OOM_MLOCKED, "locker", "locker (PID 9): 195.3 MiB in the dump." },
		{ MEMINFO(9000, 0, 800, 50000, 400), "", MO_OOM_PAGE_TABLES, "mapper", "mapper (PID 80)" },
		{ MEMINFO(9000, 0, 800, 500, 400), "Node 0 hugepages_total=150 hugepages_free=140 hugepages_surp=0 hugepages_size=2048kB\n",
		  MO_OOM_HUGETLB, "hugepages-2048kB", "Of its pages (hugepages-2048kB) 280.0 MiB are unused" },
		{ MEMINFO(9000, 0, 800, 500, 400), "", MO_OOM_UNACCOUNTED, "", "The holder is unknown." },
		{ MEMINFO(70000, 0, 800, 500, 60000), "", MO_OOM_SHMEM, "", "Shared memory (tmpfs, memfd, SysV) held 234.4 MiB" },
	};

	(void)context;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct toy toy;
		struct draft *draft;

		set_up(&toy);
		feed(&toy.state.scan, REPORT_6_1_HEAD);
		feed(&toy.state.scan, rows[i].meminfo);
		feed(&toy.state.scan, ZONES_100000 NO_SWAP);
		feed(&toy.state.scan, rows[i].more);
		draft = explained(&toy, HEADING_6_1 "[     77]     0    77    90000     5000    40960        0             0 eater\n"
				  "[     80]     0    80  9000000       50 200000000        0         -1000 mapper\n" GLOBAL
				  KILLED(77, "eater", 20000, 40));
		assert_int_equal(draft->event.cause, rows[i].cause);
		assert_string_equal(cause_of(draft)->holder, rows[i].holder);
		assert_says(&toy, draft, 1, rows[i].says);
		assert_int_equal(draft->event.role, MO_OOM_BYSTANDER);
		assert_says(&toy, draft, 2, ", a bystander: what was short is held elsewhere.");
		tear_down(&toy);
	}
}

/* Swap counts for who filled it; processes of one name are told together, unless one of them has a third. */
static void test_holders(void **context)
{
	struct toy toy;
	struct draft *draft;

	(void)context;
	set_up(&toy);
	draft = explained(&toy, REPORT_6_1_HEAD MEMINFO(90000, 0, 2000, 500, 400) ZONES_100000 SWAP_FULL HEADING_6_1
			  "[     77]     0    77    90000    12000    40960        0             0 eater\n"
			  "[     81]     0    81    90000    10000    40960     1000             0 worker\n"
			  "[     82]     0    82    90000    10000    40960     1000             0 worker\n"
			  "[     83]     0    83    90000    10000    40960     9000             0 worker\n" GLOBAL
			  KILLED(77, "eater", 48000, 40));
	assert_int_equal(cause_of(draft)->holder_kind, MO_OOM_PROCESSES);
	assert_int_equal(cause_of(draft)->n_holders, 3);
	assert_int_equal(cause_of(draft)->holder_bytes.value, 30000ull * 4096);
	assert_int_equal(cause_of(draft)->holder_swap_bytes.value, 11000ull * 4096);
	assert_int_equal(swap_of(&draft->event), SWAP_STATE_FULL);
	assert_says(&toy, draft, 1, "belonged to 3 processes worker: 117.2 MiB resident, and 43.0 MiB in swap (a sum of RSS: shared pages count more "
		    "than once).");
	assert_int_equal(draft->event.role, MO_OOM_BYSTANDER);
	tear_down(&toy);
}

/* Who has more resident is the holder, however much another one has in swap. */
static void test_holder_is_resident(void **context)
{
	struct toy toy;
	struct draft *draft;

	(void)context;
	set_up(&toy);
	draft = explained(&toy, REPORT_6_1_HEAD MEMINFO(90000, 0, 2000, 500, 400) ZONES_100000 SWAP_FULL HEADING_6_1
			  "[     77]     0    77    90000    43000    40960    40000             0 swapped\n"
			  "[     81]     0    81    90000    46000    40960      100             0 resident\n" GLOBAL
			  KILLED(77, "swapped", 172000, 40));
	assert_string_equal(cause_of(draft)->holder, "resident");
	assert_string_equal(cause_of(draft)->second, "swapped");
	assert_true(cause_of(draft)->holder_bytes.value > cause_of(draft)->second_bytes.value);
	tear_down(&toy);
}

static void test_memcg(void **context)
{
	struct toy toy;
	struct draft *draft;

	(void)context;
	set_up(&toy);
	draft = explained(&toy, "x invoked oom-killer: gfp_mask=0xcc0(GFP_KERNEL), order=0, oom_score_adj=0\n"
			  "memory: usage 40960kB, limit 40960kB, failcnt 23\n"
			  "swap: usage 0kB, limit 9007199254740988kB, failcnt 0\n"
			  "Memory cgroup stats for /web:\n"
			  "anon 4194304\nfile 33554432\nshmem 33554432\n" HEADING_6_1
			  "[     55]     0    55     3319     1184    61440        0             0 x\n"
			  "oom-kill:constraint=CONSTRAINT_MEMCG,nodemask=(null),cpuset=/,mems_allowed=0,oom_memcg=/web,task_memcg=/web/a,"
			  "task=x,pid=55,uid=0\n"
			  "Memory cgroup out of memory: Killed process 55 (x) total-vm:13276kB, anon-rss:4096kB, file-rss:4kB, "
			  "shmem-rss:648kB, UID:0 pgtables:60kB oom_score_adj:0\n");
	assert_int_equal(draft->event.constraint, MO_OOM_MEMCG);
	assert_int_equal(draft->event.cause, MO_OOM_SHMEM);
	assert_int_equal(cause_of(draft)->percent_thousandths, 80000);
	assert_int_equal(draft->event.role, MO_OOM_BYSTANDER);
	assert_int_equal(draft->candidates[0].badness_pages, 1199);
	assert_int_equal(draft->candidates[0].oom_score.certainty, MO_UNKNOWN); /* /proc counts against the machine */
	assert_is(&toy, draft, 0, "The memory cgroup /web reached its limit of 40.0 MiB 1.001 s after boot.");
	assert_evidence(&toy, draft, "victim's cgroup", "/web/a");
	tear_down(&toy);
}

static void test_places(void **context)
{
	struct toy toy;
	struct draft *draft;

	(void)context;
	set_up(&toy);
	toy.zones.n_nodes = 2;
	draft = explained(&toy, REPORT_6_1_HEAD MEMINFO(90000, 0, 2000, 500, 400)
			  "Node 1 active_anon:4000kB inactive_anon:300000kB active_file:0kB inactive_file:0kB unevictable:0kB shmem:400kB "
			  "dirty:0kB writeback:0kB kernel_stack:80kB pagetables:80kB\n"
			  "Node 1 Normal free:1000kB min:2600kB low:3200kB high:3900kB present:400000kB managed:380000kB\n"
			  "lowmem_reserve[]: 0 0 0 0\n"
			  "240000 pages RAM\n20000 pages reserved\n"
			  "oom-kill:constraint=CONSTRAINT_CPUSET,nodemask=(null),cpuset=box,mems_allowed=1,global_oom,task_memcg=/,task=eater,"
			  "pid=77,uid=0\n" KILLED(77, "eater", 280000, 40));
	assert_int_equal(draft->event.constraint, MO_OOM_CPUSET);
	/* Of the node, not of the machine. */
	assert_int_equal(draft->event.total_bytes.value, 380000 * 1024);
	assert_int_equal(cause_of(draft)->bytes.value, 303600 * 1024);
	assert_says(&toy, draft, 0, "The memory nodes of cpuset box (1) were full 1.001 s after boot, while ");
	assert_says(&toy, draft, 0, " MiB were free on other nodes.");
	tear_down(&toy);
}

static void test_failures(void **context)
{
	struct toy toy;
	struct draft *draft;

	(void)context;
	/* Enough is free, and no block of that order on lists that the request may use. */
	set_up(&toy);
	draft = explained(&toy, "driver: page allocation failure: order:5, mode:0x40cc0(GFP_KERNEL|__GFP_COMP), "
			  "nodemask=(null),cpuset=/,"
			  "mems_allowed=0\n" MEMINFO(9000, 0, 800, 500, 400)
			  "Node 0 DMA32 free:90000kB min:2600kB low:3200kB high:3900kB managed:400000kB\n"
			  "lowmem_reserve[]: 0 0 0 0\n"
			  "Node 0 DMA32: 20000*4kB (UME) 100*8kB (M) 0*16kB 0*32kB 0*64kB 2*128kB (H) 0*256kB = 90000kB\n");
	assert_int_equal(draft->zones[0].verdict, MO_OOM_ZONE_NO_BLOCK);
	assert_int_equal(draft->event.constraint, MO_OOM_ORDER);
	assert_int_equal(draft->event.cause, MO_OOM_FRAGMENTATION);
	assert_says(&toy, draft, 0, "driver could not allocate 128.0 KiB in one piece (order 5) 1.001 s after boot: 87.9 MiB were free, but "
			  "only in smaller");
	assert_says(&toy, draft, 2, "No process was killed for it.");
	tear_down(&toy);

	/* It may not wait: half of min, and a quarter of the rest, is its own. */
	set_up(&toy);
	draft = explained(&toy, "net: page allocation failure: order:0, mode:0xa20(GFP_ATOMIC), nodemask=(null),"
			  "cpuset=/,mems_allowed=0\n"
			  MEMINFO(9000, 0, 800, 500, 400)
			  "Node 0 DMA32 free:900kB min:2600kB low:3200kB high:3900kB reserved_highatomic:0KB managed:400000kB\n"
			  "lowmem_reserve[]: 0 0 0 0\n");
	assert_int_equal(draft->zones[0].mark_pages.value, 650 - 325 - 81);
	assert_int_equal(draft->zones[0].verdict, MO_OOM_ZONE_WATERMARK);
	assert_int_equal(draft->event.constraint, MO_OOM_RESERVE);
	assert_says(&toy, draft, 0, "It was an atomic allocation (may not sleep), and the reserve for such requests was exhausted: 900 KiB free in "
		    "zone DMA32, more than 976 KiB required.");
	tear_down(&toy);

	/* Who was killed fails allocations while it dies. */
	set_up(&toy);
	draft = explained(&toy, REPORT_6_1_HEAD MEMINFO(90000, 0, 2000, 500, 400) ZONES_100000 KILLED(77, "eater", 320000, 800)
			  "eater: page allocation failure: order:0, mode:0xcc0(GFP_KERNEL), nodemask=(null),cpuset=/,mems_allowed=0\n"
			  "CPU: 0 PID: 77 Comm: eater Not tainted 6.1\n");
	assert_true(draft->is_of_dying);
	assert_says(&toy, draft, 2, "this failure is a consequence");
	tear_down(&toy);
}

static size_t sum_of(const struct draft *draft)
{
	size_t sum = 0;

	for (size_t i = 0; i < draft->n_shares; i++)
		sum += (size_t)draft->shares[i].bytes.value;
	return sum;
}

/* The kinds of memory add up to what there is. */
static void test_sum(void **context)
{
	struct toy toy;
	struct draft *draft;

	(void)context;
	set_up(&toy);
	draft = explained(&toy, REPORT_6_1_HEAD MEMINFO(40000, 0, 2000, 500, 400) ZONES_100000 NO_SWAP GLOBAL
			  KILLED(77, "eater", 4, 4));
	assert_int_equal(draft->event.total_bytes.value, 100000ull * 4096);
	assert_int_equal(sum_of(draft), 100000ull * 4096);
	tear_down(&toy);
}

/* A large block that was only tried for is no trouble; the same block that was needed is. */
static void test_harmless(void **context)
{
	struct toy toy;
	struct draft *draft;

	(void)context;
	set_up(&toy);
	draft = explained(&toy, "net: page allocation failure: order:4, mode:0x1(GFP_KERNEL|__GFP_NORETRY), nodemask=(null),cpuset=/,"
			  "mems_allowed=0\n");
	assert_true(is_harmless(draft));
	assert_says(&toy, draft, 0, "That is harmless: the request was made not to try hard (__GFP_NORETRY)");
	assert_is(&toy, draft, 1, "");
	assert_is(&toy, draft, 2, "");
	tear_down(&toy);

	set_up(&toy);
	draft = explained(&toy, "net: page allocation failure: order:4, mode:0x1(GFP_KERNEL), nodemask=(null),cpuset=/,"
			  "mems_allowed=0\n");
	assert_false(is_harmless(draft));
	assert_is(&toy, draft, 2, "No process was killed for it.");
	tear_down(&toy);
}

/* The slab allocator says it by itself, before or instead of the page allocator. */
static void test_slub(void **context)
{
	struct toy toy;
	struct draft *draft;

	(void)context;
	set_up(&toy);
	draft = explained(&toy, "SLUB: Unable to allocate memory on node -1, gfp=0xa20(GFP_ATOMIC)\n"
			  "  cache: skbuff_head_cache, object size: 232, buffer size: 256, default order: 1, min order: 0\n"
			  "  node 0: slabs: 100, objs: 3200, free: 0\n");
	assert_int_equal(draft->event.kind, MO_OOM_SLAB_FAILURE);
	assert_is(&toy, draft, 0, "The slab cache skbuff_head_cache could not grow: a process asked for 8.0 KiB in one piece (order 1), and "
		  "the allocation failed 1.001 s after boot. It was an atomic allocation (may not sleep); the log has no Mem-Info of it, "
		  "so how much was free is unknown.");
	assert_int_equal(draft->event.constraint, MO_OOM_CONSTRAINT_UNKNOWN);
	assert_is(&toy, draft, 2, "No process was killed for it.");
	assert_evidence(&toy, draft, "who asked", "a process: 8.0 KiB in one piece (order 1), GFP_ATOMIC");
	tear_down(&toy);
}

/* What is not known is said to be so. */
static void test_unknown(void **context)
{
	struct toy toy;
	struct draft *draft;

	(void)context;
	set_up(&toy);
	draft = explained(&toy, KILLED(77, "eater", 320000, 800));
	assert_int_equal(draft->event.cause, MO_OOM_CAUSE_UNKNOWN);
	assert_int_equal(draft->event.role, MO_OOM_ROLE_UNKNOWN);
	assert_int_equal(draft->event.total_bytes.certainty, MO_UNKNOWN);
	assert_int_equal(swap_of(&draft->event), SWAP_STATE_UNKNOWN);
	assert_says(&toy, draft, 0, "the kernel printed no report of it");
	assert_says(&toy, draft, 1, "What held the memory is unknown");
	assert_says(&toy, draft, 2, "The kernel killed eater (PID 77). That freed 313.3 MiB.");
	tear_down(&toy);

	/* Root's bonus of old kernels is not guessed at. */
	set_up(&toy);
	draft = explained(&toy, REPORT_6_1_HEAD ZONES_100000
			  "[ pid ]   uid  tgid total_vm      rss nr_ptes swapents oom_score_adj name\n"
			  "[   77]     0    77    90000    80000      20        0             0 eater\n"
			  "[   78]     5    78    90000      100      20        0             0 other\n"
			  "Out of memory: Kill process 77 (eater) score 800 or sacrifice child\n");
	assert_string_equal(draft->candidates[0].comm, "other");
	assert_int_equal(draft->candidates[0].badness_pages, 120);
	assert_false(draft->candidates[1].has_badness);
	tear_down(&toy);

	/* Flags as a number alone: the zone is known, and what the request may do is not. */
	set_up(&toy);
	draft = explained(&toy, "x invoked oom-killer: gfp_mask=0x4, order=0, oom_score_adj=0\n" ZONES_100000
			  KILLED(77, "eater", 4, 8));
	assert_true(request_of(&draft->event).has_zone);
	assert_int_equal(request_of(&draft->event).zone, ZONE_KIND_DMA32);
	assert_false(request_of(&draft->event).is_known);
	assert_evidence(&toy, draft, "who asked", "x: one page, gfp 0x4");
	tear_down(&toy);
}

static void test_panic(void **context)
{
	struct toy toy;
	struct draft *draft;

	(void)context;
	set_up(&toy);
	toy.state.panic_on_oom = 2;
	draft = explained(&toy, REPORT_6_1_HEAD MEMINFO(90000, 0, 2000, 500, 400) ZONES_100000 NO_SWAP HEADING_6_1
			  "[     77]     0    77    90000    80000   819200        0             0 eater\n"
			  "Kernel panic - not syncing: Out of memory: compulsory panic_on_oom is enabled\n");
	assert_int_equal(draft->event.kind, MO_OOM_PANIC);
	assert_int_equal(draft->event.constraint, MO_OOM_GLOBAL);
	assert_int_equal(draft->event.role, MO_OOM_ROLE_UNKNOWN);
	assert_says(&toy, draft, 2, "the kernel panicked instead (vm.panic_on_oom is 2). eater (PID 77) would have been its choice.");
	tear_down(&toy);
}

/* A holder's memory with what it has in swap may exceed what was resident: then nothing says that it is a part of that. */
static void a_part_never_exceeds_its_whole(void **state)
{
	static struct draft draft;
	static struct mo_oom_share share;
	char text[640];
	struct sentence sentence = begin_sentence(text, sizeof(text));

	(void)state;
	share = (struct mo_oom_share){ .cause = MO_OOM_ANON, .bytes = mo_exact(508ull << 20), .percent_thousandths = 100000,
				       .holder_kind = MO_OOM_PROCESS, .holder = "hog", .holder_bytes = mo_exact(1014ull << 20) };
	draft = (struct draft){ .event = { .kind = MO_OOM_KILL, .cause = MO_OOM_ANON, .total_bytes = mo_exact(508ull << 20) },
				.shares = &share, .n_shares = 1 };
	say_held(&sentence, &draft);
	assert_non_null(strstr(text, "508.0 MiB of 508.0 MiB (100 %). The largest holder was hog: 1014.0 MiB."));
	assert_null(strstr(text, "of that"));

	share.holder_bytes = mo_exact(200ull << 20);
	sentence = begin_sentence(text, sizeof(text));
	say_held(&sentence, &draft);
	assert_non_null(strstr(text, "The largest part of that (39 %) belonged to hog: 200.0 MiB."));

	/* What is in swap was larger before it was compressed: it is no part of what it takes there. */
	share.cause = draft.event.cause = MO_OOM_ZSWAPPED;
	sentence = begin_sentence(text, sizeof(text));
	say_held(&sentence, &draft);
	assert_non_null(strstr(text, "The largest holder was hog: 200.0 MiB before compression."));
	share.cause = draft.event.cause = MO_OOM_ANON;

	draft.event.total_bytes = mo_exact(100ull << 20);
	sentence = begin_sentence(text, sizeof(text));
	say_held(&sentence, &draft);
	assert_null(strstr(text, " of 100.0 MiB"));
}

/* What is free is not always for whom asks: blocks kept for atomic requests, and those of CMA. */
static void test_reserved_lists(void **context)
{
	static const struct {
		const char *blocks;
		const char *verdict;
		const char *says;
	} rows[] = {
		{ "Node 0 DMA32: 500*4kB (H) 250*8kB (H) 1000*16kB (H) = 20000kB\n", "reserved",
		  "20000 KiB free in zone DMA32, all of it on the free lists kept for high-order atomic allocations (H, highatomic)." },
		{ "Node 0 DMA32: 500*4kB (C) 250*8kB (C) 1000*16kB (C) = 20000kB\n", "reserved",
		  "20000 KiB free in zone DMA32, all of it on the free lists of CMA (C), for movable pages only." },
		{ "Node 0 DMA32: 500*4kB (UH) 250*8kB (H) 1000*16kB (H) = 20000kB\n", "passes", "enough was free again" },
	};

	(void)context;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct toy toy;
		struct draft *draft;

		set_up(&toy);
		feed(&toy.state.scan, "net: page allocation failure: order:0, mode:0xa20(GFP_ATOMIC), nodemask=(null),cpuset=/,mems_allowed=0\n"
				      MEMINFO(9000, 0, 800, 500, 400)
				      "Node 0 DMA32 free:20000kB min:2600kB low:3200kB high:3900kB managed:400000kB\n"
				      "lowmem_reserve[]: 0 0 0 0\n");
		draft = explained(&toy, rows[i].blocks);
		assert_string_equal(zone_verdict_words[draft->zones[0].verdict], rows[i].verdict);
		assert_int_equal(draft->event.constraint, MO_OOM_RESERVE);
		assert_says(&toy, draft, 0, rows[i].says);
		tear_down(&toy);
	}
}

/* Sizes that no machine has are the caller's mistake, and so are those that the kernel says exceed all of memory. */
static void test_impossible_sizes(void **context)
{
	static const struct {
		const char *line;
		const char *says;
	} rows[] = {
		{ "x: vmalloc error: size 18446744073709547520, exceeds total pages, mode:0xcc0(GFP_KERNEL),nodemask=(null),cpuset=/,"
		  "mems_allowed=0\n",
		  "vmalloc() could not allocate 16.0 EiB for x (PID 5) 1.001 s after boot: an impossible size. Its caller computed it wrongly" },
		{ "x: vmalloc error: size 8589934592, exceeds total pages, mode:0xcc0(GFP_KERNEL),nodemask=(null),cpuset=/,"
		  "mems_allowed=0\n",
		  "8.0 GiB for x (PID 5) 1.001 s after boot: more than the machine has" },
	};

	(void)context;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct toy toy;
		struct draft *draft;

		set_up(&toy);
		feed(&toy.state.scan, rows[i].line);
		draft = explained(&toy, "CPU: 0 PID: 5 Comm: x Not tainted 6.1\nCall Trace:\n <TASK>\n dump_stack_lvl+0x44/0x5c\n"
					" warn_alloc+0x1/0x2\n __vmalloc_node_range+0x1/0x2\n vmalloc+0x1/0x2\n"
					" load_table+0x1/0x2 [sizer 0123456789abcdef]\n </TASK>\n");
		assert_int_equal(draft->event.constraint, MO_OOM_LIMIT);
		assert_int_equal(draft->event.cause, MO_OOM_CAUSE_UNKNOWN);
		assert_says(&toy, draft, 0, rows[i].says);
		assert_says(&toy, draft, 0, "The caller is load_table() of module sizer.");
		assert_is(&toy, draft, 1, "");
		tear_down(&toy);
	}
}

/* The page cache's own functions pass on what a fault or a read asks for. */
static void test_who_asked(void **context)
{
	struct toy toy;
	struct draft *draft;

	(void)context;
	set_up(&toy);
	draft = explained(&toy, "x invoked oom-killer: gfp_mask=0x140cca(GFP_HIGHUSER_MOVABLE|__GFP_COMP), order=0, oom_score_adj=0\n"
			  "CPU: 0 PID: 5 Comm: x Tainted: G 6.1\nCall Trace:\n <TASK>\n out_of_memory+0x1/0x2\n __alloc_pages+0x1/0x2\n"
			  " folio_alloc+0x1/0x2\n __filemap_get_folio+0x1/0x2\n filemap_fault+0x1/0x2\n __do_fault+0x1/0x2\n </TASK>\n"
			  KILLED(77, "eater", 4, 4));
	assert_string_equal(draft->event.function, "filemap_fault");
	assert_string_equal(draft->event.function_module, "");
	tear_down(&toy);
}

/* A part is never more than its whole, whatever the tables of processes add up to. */
static void test_parts(void **context)
{
	struct toy toy;
	struct draft *draft;
	const struct mo_oom_share *share;

	(void)context;
	set_up(&toy);
	draft = explained(&toy, REPORT_6_1_HEAD MEMINFO(90000, 0, 2000, 500, 400) ZONES_100000 NO_SWAP HEADING_6_1
			  "[     77]     0    77    90000    60000   819200        0             0 forker\n"
			  "[     78]     0    78    90000    60000   819200        0             0 forker\n"
			  "[     79]     0    79    90000    60000   819200        0             0 forker\n" GLOBAL);
	share = cause_of(draft);
	assert_true(share->holder_bytes.value <= share->bytes.value);
	assert_true(share->holder_bytes.value + share->second_bytes.value <= share->bytes.value);
	tear_down(&toy);
}

/* What has its usual share is no cause. */
static void test_usual(void **context)
{
	struct toy toy;
	struct draft *draft;

	(void)context;
	set_up(&toy);
	draft = explained(&toy, REPORT_6_1_HEAD "Mem-Info:\nactive_anon:100 inactive_anon:45000 isolated_anon:0\n"
			  " active_file:0 inactive_file:38000 isolated_file:0\n unevictable:0 dirty:0 writeback:0\n"
			  " slab_reclaimable:5000 slab_unreclaimable:4000\n mapped:10 shmem:10 pagetables:1950\n"
			  " free:1000 free_pcp:50 free_cma:0\n" ZONES_100000 NO_SWAP GLOBAL KILLED(77, "eater", 4, 4));
	assert_int_equal(draft->event.cause, MO_OOM_CAUSE_UNKNOWN);
	assert_is(&toy, draft, 1, "No kind of memory exceeds its usual share; the largest is anonymous memory, 176.1 MiB (45 %).");
	assert_int_equal(draft->event.role, MO_OOM_ROLE_UNKNOWN);
	tear_down(&toy);
}

/* Each value has a word in its table, but the one for "not known" or "none". */
static void test_words(void **context)
{
	const struct {
		const char *const *words;
		size_t n, first;
	} tables[] = {
		{ kind_words, MO_OOM_N_KINDS, 0 },
		{ constraint_words, MO_OOM_N_CONSTRAINTS, 0 },
		{ cause_words, MO_OOM_N_CAUSES, 0 },
		{ cause_kinds, MO_OOM_N_CAUSES, 0 },
		{ cause_titles, MO_OOM_N_CAUSES, 0 },
		{ zone_verdict_words, MO_OOM_N_ZONE_VERDICTS, 1 },
		{ exempt_words, MO_OOM_N_EXEMPT, 1 },
		{ fate_words, MO_OOM_N_EXEMPT, 0 },
		{ source_words, MO_OOM_N_SOURCES, 1 },
		{ holder_kind_words, MO_OOM_N_HOLDER_KINDS, 1 },
		{ gap_words, MO_OOM_N_GAPS, 1 },
		{ swap_words, SWAP_STATE_FREE + 1, 1 },
	};

	(void)context;
	for (size_t i = 0; i < sizeof(tables) / sizeof(tables[0]); i++)
		for (size_t value = 0; value < tables[i].n; value++)
			assert_int_equal(tables[i].words[value] != NULL, value >= tables[i].first);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_part_never_exceeds_its_whole),
		cmocka_unit_test(test_consumer), cmocka_unit_test(test_watermarks),	  cmocka_unit_test(test_bystanders),
		cmocka_unit_test(test_holders),
		cmocka_unit_test(test_holder_is_resident),	 cmocka_unit_test(test_memcg),	  cmocka_unit_test(test_places),
		cmocka_unit_test(test_failures), cmocka_unit_test(test_unknown), cmocka_unit_test(test_panic),
		cmocka_unit_test(test_sum),	 cmocka_unit_test(test_harmless), cmocka_unit_test(test_slub),
		cmocka_unit_test(test_reserved_lists), cmocka_unit_test(test_impossible_sizes),
		cmocka_unit_test(test_who_asked), cmocka_unit_test(test_parts), cmocka_unit_test(test_usual), cmocka_unit_test(test_words),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
