/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Several kills in one log, of which the beginning is lost; refusals of tasks. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "log_feed.h"
#include "say/sentence.h"

/* The kernel reports ten kills in five seconds: of the others there is one line. The log begins within the first report. */
static void test_wrapped_series(void **context)
{
	struct log_scan scan = new_scan();

	(void)context;
	feed(&scan, "[     55]    12    55     3319     3184    61440        0             0 x\n"
		    "oom-kill:constraint=CONSTRAINT_MEMCG,nodemask=(null),cpuset=/,mems_allowed=0,oom_memcg=/w,task_memcg=/w,task=x,pid=55,"
		    "uid=0\n"
		    "Memory cgroup out of memory: Killed process 55 (x) total-vm:9kB, anon-rss:4kB, file-rss:0kB, shmem-rss:0kB\n"
		    "Memory cgroup out of memory: Killed process 56 (x) total-vm:9kB, anon-rss:4kB, file-rss:0kB, shmem-rss:0kB\n"
		    "x invoked oom-killer: gfp_mask=0xcc0(GFP_KERNEL), order=0, oom_score_adj=0\n"
		    "memory: usage 16384kB, limit 16384kB, failcnt 23\n"
		    "oom-kill:constraint=CONSTRAINT_MEMCG,nodemask=(null),cpuset=/,mems_allowed=0,oom_memcg=/w,task_memcg=/w,task=x,pid=57,"
		    "uid=0\n"
		    "Memory cgroup out of memory: Killed process 57 (x) total-vm:9kB, anon-rss:4kB, file-rss:0kB, shmem-rss:0kB\n"
		    "Memory cgroup out of memory: Killed process 57 (x) total-vm:9kB, anon-rss:4kB, file-rss:0kB, shmem-rss:0kB\n");
	log_scan_finish(&scan);
	assert_int_equal(scan.n_drafts, 3);
	for (size_t i = 0; i < 3; i++) {
		assert_int_equal(scan.drafts[i]->event.kind, MO_OOM_KILL);
		assert_int_equal(scan.drafts[i]->n_kills, 1);
		assert_int_equal(scan.drafts[i]->kills[0].pid, 55 + i);
		assert_int_equal(scan.drafts[i]->event.gap != MO_OOM_NO_GAP, i < 2);
	}
	assert_string_equal(scan.drafts[0]->event.memcg, "/w");
	assert_int_equal(scan.drafts[0]->n_candidates, 0);
	assert_string_equal(scan.drafts[1]->event.memcg, "");
	assert_int_equal(scan.drafts[1]->event.constraint, MO_OOM_MEMCG);
	assert_int_equal(scan.drafts[2]->n_kill_lines, 2);
	log_scan_free(&scan);
}

static void test_pids(void **context)
{
	struct log_scan scan = new_scan();

	(void)context;
	feed(&scan, "cgroup: fork rejected by pids controller in /box\ncgroup: fork rejected by pids controller in /other\n");
	log_scan_finish(&scan);
	assert_int_equal(scan.n_drafts, 2);
	assert_int_equal(scan.drafts[0]->event.kind, MO_OOM_REFUSAL);
	assert_true(scan.drafts[0]->event.is_task_limit);
	assert_string_equal(scan.drafts[0]->event.memcg, "/box");
	assert_string_equal(scan.drafts[1]->event.memcg, "/other");
	log_scan_free(&scan);
}

struct toy {
	struct oom_state state;
	struct oom_layout layout;
	struct mo_zones_model zones;
	struct mo_tasks_model tasks;
};

static void set_up(struct toy *toy)
{
	memset(toy, 0, sizeof(*toy));
	toy->state.layout = &toy->layout;
	toy->state.zones = &toy->zones;
	toy->state.tasks = &toy->tasks;
	toy->state.page_bytes = 4096;
	toy->state.scan = new_scan();
}

static void explain(struct toy *toy, const char *log)
{
	feed(&toy->state.scan, log);
	log_scan_finish(&toy->state.scan);
	assert_true(toy->state.scan.n_drafts > 0);
	for (size_t i = 0; i < toy->state.scan.n_drafts; i++)
		assert_null(explain_event(&toy->state, i));
}

static void tear_down(struct toy *toy)
{
	log_scan_free(&toy->state.scan);
}

static void assert_series(struct toy *toy, const char *text)
{
	char said[512];
	struct sentence sentence = begin_sentence(said, sizeof(said));

	say_series(&sentence, &toy->state, toy->state.scan.drafts[toy->state.scan.n_drafts - 1]);
	assert_string_equal(said, text);
}

#define MEMCG_KILL(group, pid) \
	"x invoked oom-killer: gfp_mask=0xcc0(GFP_KERNEL), order=0, oom_score_adj=0\nmemory: usage 4kB, limit 4kB, failcnt 1\n" \
	"oom-kill:constraint=CONSTRAINT_MEMCG,nodemask=(null),cpuset=/,mems_allowed=0,oom_memcg=" group ",task_memcg=" group \
	",task=x,pid=" #pid ",uid=0\n" \
	"Memory cgroup o" KILLED_LATER(pid)
#define KILLED_LATER(pid) "ut of memory: Killed process " #pid " (x) total-vm:9kB, anon-rss:4kB, file-rss:4kB, shmem-rss:0kB\n"

/* Kills are told together, by processes: one that is printed twice died once. */
static void test_series(void **context)
{
	struct toy toy;

	(void)context;
	set_up(&toy);
	explain(&toy, MEMCG_KILL("/a", 5));
	assert_series(&toy, "");
	tear_down(&toy);

	set_up(&toy);
	feed(&toy.state.scan, MEMCG_KILL("/a", 5) "Memory cgroup o" KILLED_LATER(5));
	wait_seconds(&toy.state.scan, 200);
	explain(&toy, MEMCG_KILL("/a", 6));
	assert_series(&toy, " In all, the log has 2 processes killed within 3 minutes, all at the limit of /a.");
	tear_down(&toy);

	set_up(&toy);
	explain(&toy, MEMCG_KILL("/a", 5) MEMCG_KILL("/b", 6));
	assert_series(&toy, " In all, the log has 2 processes killed at nearly the same time, all at limits of memory cgroups.");
	tear_down(&toy);

	/* Of the second there is no report, and so not the group. */
	set_up(&toy);
	explain(&toy, MEMCG_KILL("/a", 5) "Memory cgroup o" KILLED_LATER(6));
	assert_series(&toy, " In all, the log has 2 processes killed at nearly the same time, all at limits of memory "
			  "cgroups (once that of /a; the "
			    "others have no report).");
	tear_down(&toy);

	set_up(&toy);
	explain(&toy, MEMCG_KILL("/a", 5) REPORT_6_1_HEAD MEMINFO(9, 0, 2, 5, 4) ZONES_100000 "O" KILLED_LATER(77));
	assert_series(&toy, " In all, the log has 2 processes killed at nearly the same time, in 1 of these events at "
			  "the limit of a memory cgroup.");
	tear_down(&toy);
}

/* What a kill is told of that has no report, and what to do about a limit that is not known. */
static void test_without_report(void **context)
{
	struct toy toy;
	struct event_sentences sentences;

	(void)context;
	set_up(&toy);
	explain(&toy, "Memory cgroup o" KILLED_LATER(6));
	write_sentences(&toy.state, toy.state.scan.drafts[0], &sentences);
	assert_string_equal(sentences.text[0], "A memory cgroup, whose name is not in the log, reached its limit "
			  "1.001 s after boot.");
	assert_non_null(strstr(sentences.text[1], "What held the memory is unknown: the kernel printed no report of it"));
	assert_string_equal(sentences.text[2], "The kernel killed x (PID 6). That freed 4.0 KiB.");
	tear_down(&toy);

	set_up(&toy);
	explain(&toy, "cgroup: fork rejected by pids controller in /box\n");
	write_sentences(&toy.state, toy.state.scan.drafts[0], &sentences);
	assert_string_equal(sentences.text[0], "Cgroup /box reached its limit of tasks (pids.max) 1.001 s after "
			  "boot: fork() and new "
						 "threads fail there, however much memory is free.");
	assert_string_equal(sentences.text[1], "");
	assert_string_equal(sentences.text[2], "");
	tear_down(&toy);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_wrapped_series), cmocka_unit_test(test_pids), cmocka_unit_test(test_series),
		cmocka_unit_test(test_without_report),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
