/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The tasks model of healthy kernels of each shape, and what ps and oom_score make of it. */

#include "toy_tasks.h"

#include <stdlib.h>
#include <string.h>

#include <memopsy/tasks.h>

#include "gathering.h"

static const struct mo_tasks_model *model_of(struct mo_run *run)
{
	return mo_run_model(run);
}

static const struct mo_task *task_of(struct mo_run *run, int pid)
{
	for (size_t i = 0; i < model_of(run)->n_tasks; i++)
		if (model_of(run)->tasks[i].pid == pid)
			return &model_of(run)->tasks[i];
	fail_msg("pid %d is missing", pid);
	return NULL;
}

static void expect_pages(struct mo_count found, uint64_t pages)
{
	assert_int_equal(found.certainty, MO_EXACT);
	assert_int_equal(found.value, pages);
}

static void expect_in(const char *text, const char *part)
{
	if (!text || !strstr(text, part))
		fail_msg("\"%s\" is not in:\n%s", part, text ? text : "(nothing)");
}

static void test_members(void **unused)
{
	struct mo_kernel *kernel = toy_tasks(TOY_SPLIT_RSS);
	struct mo_run *run;
	const struct mo_task *task;

	(void)unused;
	toy_process(kernel, 1, 0, "init");
	toy_process(kernel, 2, 0, "kthreadd");
	toy_process(kernel, 7, 1, "shell");
	mo_fake_put_u32(kernel, TASK(2) + TASK_FLAGS, PF_KTHREAD);
	mo_fake_put_u32(kernel, TASK(2) + TASK_STATE, 0x402);
	mo_fake_put_u32(kernel, TASK(7) + TASK_EXIT_STATE, 0x20);
	mo_fake_put_u64(kernel, TASK(7) + TASK_START, 5000000000ull);
	mo_fake_put_u32(kernel, CRED(7), 1000);
	mo_fake_put_u16(kernel, SIGNAL(7) + SIGNAL_ADJ, (uint16_t)-500);
	run = fake_run(kernel, memopsy_plugin_entry_tasks());
	assert_int_equal(fake_run_finding_count(run), 0);
	assert_true(model_of(run)->is_complete);
	assert_int_equal(model_of(run)->n_tasks, 3);
	assert_int_equal(model_of(run)->n_processes, 3);
	task = task_of(run, 7);
	assert_string_equal(task->comm, "shell");
	assert_int_equal(task->ppid, 1);
	assert_int_equal(task->uid, 1000);
	assert_int_equal(task->oom_score_adj, -500);
	assert_int_equal(task->state, 'Z');
	assert_int_equal(task->start_ns, 5000000000ull);
	assert_null(mo_task_mm(model_of(run), task));
	assert_int_equal(task_of(run, 2)->state, 'I');
	assert_true(task_of(run, 2)->is_kernel_thread);
	assert_int_equal(task_of(run, 1)->state, 'R');
	fake_run_destroy(run);
	mo_fake_destroy(kernel);
}

static void test_state_letters(void **unused)
{
	(void)unused;
	assert_int_equal(task_state_letter(0, 0), 'R');
	assert_int_equal(task_state_letter(1, 0), 'S');
	assert_int_equal(task_state_letter(2, 0), 'D');
	assert_int_equal(task_state_letter(0x402, 0), 'I');
	assert_int_equal(task_state_letter(4, 0), 'T');
	assert_int_equal(task_state_letter(8, 0), 't');
	assert_int_equal(task_state_letter(0x80, 0x10), 'X');
	assert_int_equal(task_state_letter(0x80, 0x20), 'Z');
	assert_int_equal(task_state_letter(0x40, 0), 'P');
	assert_int_equal(task_state_letter(0x1000, 0), 'D');
	assert_int_equal(task_state_letter(0x8000, 0), 'D');
	assert_int_equal(task_state_letter(UINT64_MAX, UINT64_MAX), 'D');
}

/* Threads keep a part of the counters to themselves; /proc leaves it out. */
static void test_split_counters(void **unused)
{
	struct mo_kernel *kernel = toy_tasks(TOY_SPLIT_RSS);
	struct mo_run *run;
	const struct mo_mm *mm;

	(void)unused;
	toy_process(kernel, 1, 0, "init");
	toy_process(kernel, 4, 1, "many");
	toy_mm(kernel, 4, 0, 100, 200, -3, 50);
	toy_thread(kernel, 5, 4);
	toy_thread(kernel, 6, 4);
	mo_fake_put_u32(kernel, TASK(4) + TASK_RSS + 4, 7);
	mo_fake_put_u32(kernel, TASK(5) + TASK_RSS + 4, (uint32_t)-2);
	mo_fake_put_u32(kernel, TASK(6) + TASK_RSS, 11);
	run = fake_run(kernel, memopsy_plugin_entry_tasks());
	assert_int_equal(model_of(run)->n_tasks, 4);
	assert_int_equal(model_of(run)->n_processes, 2);
	assert_int_equal(task_of(run, 4)->n_threads, 3);
	assert_int_equal(model_of(run)->n_mms, 1);
	mm = mo_task_mm(model_of(run), task_of(run, 6));
	assert_int_equal(mm->n_tasks, 3);
	expect_pages(mm->printed_pages[MO_MM_ANON], 200);
	expect_pages(mm->exact_pages[MO_MM_ANON], 205);
	expect_pages(mm->exact_pages[MO_MM_FILE], 111);
	expect_pages(mm->printed_pages[MO_MM_SWAP], 0);
	expect_pages(mo_mm_rss_pages(mm->exact_pages), 366);
	expect_pages(mm->oom_pages, 360);
	fake_run_destroy(run);
	mo_fake_destroy(kernel);
}

/* CPUs keep a part; whether /proc and the OOM killer add it is seen in their code. */
static void test_percpu_counters(void **unused)
{
	static const uint8_t call[] = { 0x90, 0xe8, 0xfa, 0x01, 0x00, 0x00 }; /* from CODE(0) + 1 to CODE(2) */
	struct mo_kernel *kernel = toy_tasks(TOY_PERCPU_RSS);
	struct mo_run *run;
	const struct mo_mm *mm;

	(void)unused;
	toy_process(kernel, 9, 0, "one");
	toy_mm(kernel, 9, 0, 0, 0, 0, 0);
	memset(&mm, 0, sizeof(mm));
	for (unsigned kind = 0; kind < 4; kind++) {
		mo_fake_put_u64(kernel, MM(0) + MM_RSS + kind * MM_RSS_STEP + 8, 100 * (kind + 1));
		mo_fake_put_u64(kernel, MM(0) + MM_RSS + kind * MM_RSS_STEP + 0x20, 0x100 + kind * 4);
		mo_fake_put_u32(kernel, BASE_KVA + 0x10100 + kind * 4, 5);
		mo_fake_put_u32(kernel, BASE_KVA + 0x20100 + kind * 4, (uint32_t)-1);
	}
	run = fake_run(kernel, memopsy_plugin_entry_tasks());
	mm = mo_task_mm(model_of(run), task_of(run, 9));
	expect_pages(mm->printed_pages[MO_MM_ANON], 200);
	expect_pages(mm->exact_pages[MO_MM_ANON], 204);
	expect_pages(mm->oom_pages, 1010);
	fake_run_destroy(run);
	mo_fake_put(kernel, CODE(0), call, sizeof(call));
	run = fake_run(kernel, memopsy_plugin_entry_tasks());
	mm = mo_task_mm(model_of(run), task_of(run, 9));
	expect_pages(mm->printed_pages[MO_MM_ANON], 204);
	expect_pages(mm->oom_pages, 1010);
	fake_run_destroy(run);
	mo_fake_put(kernel, CODE(1), call, sizeof(call));
	mo_fake_put_u8(kernel, CODE(1) + 3, 0x00); /* as it is 0x100 nearer */
	mo_fake_put_u8(kernel, CODE(1) + 2, 0xfa);
	run = fake_run(kernel, memopsy_plugin_entry_tasks());
	expect_pages(mo_task_mm(model_of(run), task_of(run, 9))->oom_pages, 1026);
	fake_run_destroy(run);
	mo_fake_destroy(kernel);
}

static void test_cgroups(void **unused)
{
	struct mo_kernel *kernel = toy_tasks(TOY_SPLIT_RSS);
	struct mo_run *run;

	(void)unused;
	toy_process(kernel, 1, 0, "init");
	toy_process(kernel, 2, 1, "web");
	for (unsigned i = 0; i < 3; i++) {
		mo_fake_put_u64(kernel, CSS_SET(i), CGROUP(i));
		mo_fake_put_u64(kernel, CGROUP(i), NODE(i));
		mo_fake_put_u64(kernel, NODE(i), i ? NODE(i - 1) : 0);
		mo_fake_put_u64(kernel, NODE(i) + 8, NAME(i));
	}
	mo_fake_put(kernel, NAME(1), "services", 8);
	mo_fake_put(kernel, NAME(2), "web", 3);
	mo_fake_put_u64(kernel, TASK(1) + TASK_CGROUPS, CSS_SET(0));
	mo_fake_put_u64(kernel, TASK(2) + TASK_CGROUPS, CSS_SET(2));
	run = fake_run(kernel, memopsy_plugin_entry_tasks());
	assert_string_equal(task_of(run, 1)->cgroup, "/");
	assert_string_equal(task_of(run, 2)->cgroup, "/services/web");
	fake_run_destroy(run);
	mo_fake_destroy(kernel);
}

static void expect_score(struct mo_run *run, int pid, uint64_t score)
{
	expect_pages(task_of(run, pid)->oom_score, score);
}

static void test_oom_scores(void **unused)
{
	struct mo_kernel *kernel = toy_tasks(TOY_SPLIT_RSS);
	struct mo_run *run;

	(void)unused;
	for (unsigned i = 1; i < 9; i++) {
		toy_process(kernel, i, i == 8 ? 7 : 1, "some");
		toy_mm(kernel, i, i == 8 ? 7 : i, 0, 100000 - 10, 0, 0); /* and ten page tables: a tenth of all */
	}
	mo_fake_put_u32(kernel, TASK(2) + TASK_FLAGS, PF_KTHREAD);
	mo_fake_put_u16(kernel, SIGNAL(3) + SIGNAL_ADJ, (uint16_t)-1000);
	mo_fake_put_u16(kernel, SIGNAL(4) + SIGNAL_ADJ, 300);
	mo_fake_put_u64(kernel, MM(5) + MM_FLAGS, 1u << MMF_OOM_SKIP);
	mo_fake_put_u64(kernel, TASK(6) + TASK_MM, 0);
	mo_fake_put_u64(kernel, TASK(8) + TASK_VFORK_DONE, 1);
	run = fake_run(kernel, memopsy_plugin_entry_tasks());
	expect_score(run, 1, 0);
	expect_score(run, 2, 0);
	expect_score(run, 3, 0);
	expect_score(run, 4, 933);
	expect_score(run, 5, 0);
	expect_score(run, 6, 0);
	expect_score(run, 7, 733);
	expect_score(run, 8, 0);
	fake_run_destroy(run);
	mo_fake_destroy(kernel);
}

/* Other formulas were in use before 5.9: nothing is said then. Threads stand in a ring. */
static void test_old_kernel(void **unused)
{
	struct mo_kernel *kernel = toy_tasks(TOY_OLD);
	struct mo_run *run;

	(void)unused;
	toy_process(kernel, 3, 0, "old");
	toy_mm(kernel, 3, 0, 1, 2, 3, 4);
	/* The ring goes through the leader itself. */
	mo_fake_put_u64(kernel, TASK(3) + TASK_THREAD_NODE, TASK(4) + TASK_THREAD_NODE);
	mo_fake_put_u64(kernel, TASK(3) + TASK_THREAD_NODE + 8, TASK(4) + TASK_THREAD_NODE);
	mo_fake_put_u64(kernel, TASK(4) + TASK_THREAD_NODE, TASK(3) + TASK_THREAD_NODE);
	mo_fake_put_u64(kernel, TASK(4) + TASK_THREAD_NODE + 8, TASK(3) + TASK_THREAD_NODE);
	mo_fake_put_u32(kernel, TASK(4) + TASK_PID, 4);
	mo_fake_put_u32(kernel, TASK(4) + TASK_TGID, 3);
	run = fake_run(kernel, memopsy_plugin_entry_tasks());
	assert_int_equal(fake_run_finding_count(run), 0);
	assert_int_equal(task_of(run, 3)->n_threads, 2);
	assert_int_equal(task_of(run, 4)->leader, 0);
	assert_int_equal(task_of(run, 3)->oom_score.certainty, MO_UNKNOWN);
	fake_run_destroy(run);
	mo_fake_destroy(kernel);
}

static void test_ps(void **unused)
{
	struct mo_kernel *kernel = toy_tasks(TOY_SPLIT_RSS);
	struct mo_run *run;
	char *text;

	(void)unused;
	toy_process(kernel, 3, 1, "child\x1b[2J");
	toy_process(kernel, 1, 0, "init");
	toy_process(kernel, 2, 0, "kthreadd");
	toy_process(kernel, 5, 3, "grandchild");
	toy_process(kernel, 4, 1, "sister");
	mo_fake_put_u32(kernel, TASK(2) + TASK_FLAGS, PF_KTHREAD);
	toy_mm(kernel, 3, 0, 1, 2, 3, 4);
	toy_thread(kernel, 6, 3);
	mo_fake_put_u32(kernel, TASK(3) + TASK_RSS, 9);
	run = fake_run(kernel, memopsy_plugin_entry_tasks());
	text = fake_run_text(run, "ps", NULL);
	expect_in(text, "3.9 MiB  28.0 KiB  8.0 KiB  4.0 KiB  16.0 KiB  12.0 KiB  40.0 KiB");
	assert_null(strchr(text, '\x1b'));
	assert_null(strstr(text, "kthreadd"));
	assert_null(strstr(text, "thread"));
	assert_true(strstr(text, "init") < strstr(text, "child"));
	free(text);
	text = fake_run_text(run, "ps", (const char *const[]){ "--all", "--threads", "--exact", NULL });
	expect_in(text, "kthreadd");
	expect_in(text, "thread\n");
	expect_in(text, "64.0 KiB");
	free(text);
	text = fake_run_text(run, "ps", (const char *const[]){ "--tree", NULL });
	expect_in(text, "  init\n");
	expect_in(text, "    child");
	expect_in(text, "      grandchild\n");
	assert_true(strstr(text, "grandchild") < strstr(text, "sister"));
	free(text);
	text = fake_run_section(run, "ps");
	expect_in(text, "The 1 processes with the largest resident sets of 5; 6 tasks in all.");
	assert_null(strstr(text, "sister"));
	free(text);
	fake_run_destroy(run);
	mo_fake_destroy(kernel);
}

/* Command lines are read only if asked for, and where they are mapped. */
static void test_command_lines(void **unused)
{
	struct mo_kernel *kernel = toy_tasks(TOY_SPLIT_RSS);
	struct mo_run *run;
	char *text;

	(void)unused;
	toy_process(kernel, 1, 0, "init");
	toy_mm(kernel, 1, 0, 0, 0, 0, 0);
	toy_process(kernel, 2, 1, "lost");
	toy_mm(kernel, 2, 1, 0, 0, 0, 0);
	mo_fake_put(kernel, SPARE(0) + 0xff8, "/sbin/init\0--once\0", 18); /* over the border of a page */
	mo_fake_put_u64(kernel, MM(0) + MM_ARGS, 0xff8);
	mo_fake_put_u64(kernel, MM(0) + MM_ARGS + 8, 0xff8 + 18);
	mo_fake_put_u64(kernel, MM(1) + MM_ARGS, 0x20000);
	mo_fake_put_u64(kernel, MM(1) + MM_ARGS + 8, UINT64_MAX);
	run = fake_run(kernel, memopsy_plugin_entry_tasks());
	text = fake_run_text(run, "ps", NULL);
	assert_null(strstr(text, "CMDLINE"));
	assert_null(strstr(text, "--once"));
	free(text);
	text = fake_run_text(run, "ps", (const char *const[]){ "--cmdline", NULL });
	expect_in(text, "init     /sbin/init --once\n");
	expect_in(text, "lost     ?\n");
	free(text);
	fake_run_destroy(run);
	mo_fake_destroy(kernel);
}

static void test_oom_score_command(void **unused)
{
	struct mo_kernel *kernel = toy_tasks(TOY_SPLIT_RSS);
	struct mo_run *run;
	char *text;

	(void)unused;
	toy_process(kernel, 1, 0, "init");
	toy_process(kernel, 2, 1, "big");
	toy_mm(kernel, 2, 0, 0, 99990, 0, 0);
	run = fake_run(kernel, memopsy_plugin_entry_tasks());
	text = fake_run_text(run, "oom_score", (const char *const[]){ "2", NULL });
	expect_in(text, "733");
	expect_in(text, "100000  big");
	assert_null(strstr(text, "init"));
	free(text);
	text = fake_run_text(run, "oom_score", NULL);
	expect_in(text, "init");
	free(text);
	expect_error(fake_run_error(run, "oom_score", (const char *const[]){ "x2", NULL }), MO_E_INVALID,
		     "\"x2\" is not a process id");
	expect_error(fake_run_error(run, "oom_score", (const char *const[]){ "-1", NULL }), MO_E_INVALID, "not a process id");
	expect_error(fake_run_error(run, "oom_score", (const char *const[]){ "77", NULL }), MO_E_ABSENT,
		     "no process or thread with id 77");
	fake_run_destroy(run);
	mo_fake_destroy(kernel);
}

/* A task in a pid namespace of its own, two levels down; one whose struct pid makes no sense; and one without any. */
static void test_namespaces(void **unused)
{
	struct mo_kernel *kernel = toy_tasks(TOY_SPLIT_RSS);
	struct namespaces namespaces = { .nsproxy_kva = UINT64_MAX };
	struct tasks_state state;
	struct mo_run *run;

	(void)unused;
	toy_process(kernel, 1, 0, "init");
	toy_process(kernel, 2, 1, "inside");
	toy_process(kernel, 3, 1, "broken");
	mo_fake_put_u64(kernel, TASK(2) + TASK_NSPROXY, SPARE(0));
	mo_fake_put_u64(kernel, SPARE(0), SPARE(1));
	mo_fake_put_u64(kernel, SPARE(0) + 8, 0xdead0000); /* cannot be read */
	mo_fake_put_u32(kernel, SPARE(1), 4711);
	mo_fake_put_u64(kernel, TASK(2) + TASK_THREAD_PID, SPARE(2));
	mo_fake_put_u32(kernel, SPARE(2), 1);
	mo_fake_put_u32(kernel, SPARE(2) + 8, 2);
	mo_fake_put_u32(kernel, SPARE(2) + 24, 1);
	mo_fake_put_u64(kernel, SPARE(2) + 32, SPARE(3));
	mo_fake_put_u32(kernel, SPARE(3), 4712);
	mo_fake_put_u64(kernel, CRED(2) + 8, SPARE(4));
	mo_fake_put_u32(kernel, SPARE(4), 4713);
	mo_fake_put_u64(kernel, TASK(3) + TASK_THREAD_PID, SPARE(5));
	mo_fake_put_u32(kernel, SPARE(5), 33);
	run = fake_run(kernel, memopsy_plugin_entry_tasks());
	view_state(run, &state);
	read_namespaces(&state, task_of(run, 2), &namespaces);
	assert_int_equal(namespaces.inodes[NS_MNT], 4711);
	assert_int_equal(namespaces.inodes[NS_PID], 4712);
	assert_int_equal(namespaces.inodes[NS_USER], 4713);
	assert_int_equal(namespaces.inodes[NS_NET], 0);
	assert_int_equal(namespaces.inner_pid, 1);
	read_namespaces(&state, task_of(run, 3), &namespaces);
	assert_int_equal(namespaces.inodes[NS_MNT], 0);
	assert_int_equal(namespaces.inodes[NS_PID], 0);
	assert_int_equal(namespaces.inner_pid, -1);
	fake_run_destroy(run);
	mo_fake_destroy(kernel);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_namespaces),
		cmocka_unit_test(test_members),
		cmocka_unit_test(test_state_letters),
		cmocka_unit_test(test_split_counters),
		cmocka_unit_test(test_percpu_counters),
		cmocka_unit_test(test_cgroups),
		cmocka_unit_test(test_oom_scores),
		cmocka_unit_test(test_old_kernel),
		cmocka_unit_test(test_ps),
		cmocka_unit_test(test_command_lines),
		cmocka_unit_test(test_oom_score_command),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
