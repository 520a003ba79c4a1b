/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Lists that loop, structs that are gone, parents in a circle: partial rows, and a finding that says where. */

#include "toy_tasks.h"

#include <stdlib.h>
#include <string.h>

#include <memopsy/tasks.h>

static const struct mo_tasks_model *model_of(struct mo_run *run)
{
	return mo_run_model(run);
}

static struct mo_kernel *three_processes(void)
{
	struct mo_kernel *kernel = toy_tasks(TOY_SPLIT_RSS);

	toy_process(kernel, 1, 0, "init");
	toy_process(kernel, 2, 1, "second");
	toy_process(kernel, 3, 1, "third");
	return kernel;
}

static void test_list_that_loops(void **unused)
{
	struct mo_kernel *kernel = three_processes();
	struct mo_run *run;

	(void)unused;
	mo_fake_put_u64(kernel, TASK(3), TASK(2));
	mo_fake_put_u64(kernel, TASK(2) + 8, TASK(3));
	run = fake_run(kernel, memopsy_plugin_entry_tasks());
	assert_false(model_of(run)->is_complete);
	assert_true(model_of(run)->n_tasks && model_of(run)->n_tasks < 16);
	assert_true(fake_run_said(run, "task-list-broken: A list of tasks is corrupt or unreadable."));
	assert_true(fake_run_said(run, "the list of all tasks: "));
	fake_run_destroy(run);
	mo_fake_destroy(kernel);
}

static void test_unreadable_list(void **unused)
{
	const struct mo_plugin *plugin = memopsy_plugin_entry_tasks();
	struct mo_kernel *kernel = three_processes();
	struct mo_run *run;

	(void)unused;
	mo_fake_break(kernel, TASK(3), 0x100, MO_E_NOT_IN_DUMP);
	run = fake_run(kernel, plugin);
	assert_int_equal(model_of(run)->n_tasks, 2);
	assert_true(fake_run_said(run, "task-list-broken"));
	fake_run_destroy(run);
	mo_fake_destroy(kernel);
}

static void test_thread_of_another(void **unused)
{
	struct mo_kernel *kernel = three_processes();
	struct mo_run *run;

	(void)unused;
	toy_thread(kernel, 4, 2);
	toy_thread(kernel, 5, 2);
	mo_fake_put_u32(kernel, TASK(4) + TASK_TGID, 3);
	run = fake_run(kernel, memopsy_plugin_entry_tasks());
	assert_int_equal(model_of(run)->n_tasks, 3);
	assert_true(fake_run_said(run, "the task at 0xffff888000100400 is in the list of threads of the process at "
				       "0xffff888000100200 and belongs to another"));
	fake_run_destroy(run);
	mo_fake_destroy(kernel);
}

static void test_unreadable_parts(void **unused)
{
	struct mo_kernel *kernel = three_processes();
	struct mo_run *run;
	char *text;

	(void)unused;
	toy_mm(kernel, 1, 0, 1, 1, 1, 1);
	mo_fake_put_u64(kernel, TASK(2) + TASK_MM, 0xdead0000);
	mo_fake_put_u64(kernel, TASK(3) + TASK_CRED, 0xbad0000);
	mo_fake_put_u64(kernel, TASK(3) + TASK_CGROUPS, 0xbad1000);
	run = fake_run(kernel, memopsy_plugin_entry_tasks());
	assert_int_equal(model_of(run)->n_tasks, 3);
	assert_true(fake_run_said(run, "mms-unreadable"));
	assert_true(fake_run_said(run, "mm of pid 2: "));
	assert_true(fake_run_said(run, "tasks-unreadable"));
	assert_true(fake_run_said(run, "task at 0xffff888000100300: "));
	assert_true(fake_run_said(run, "cgroup of the css_set at 0xbad1000"));
	assert_false(model_of(run)->tasks[2].has_uid);
	assert_int_equal(model_of(run)->tasks[1].oom_score.certainty, MO_UNKNOWN);
	text = fake_run_text(run, "ps", NULL);
	assert_non_null(strstr(text, "?"));
	free(text);
	fake_run_destroy(run);
	mo_fake_destroy(kernel);
}

static void test_parents_in_a_circle(void **unused)
{
	struct mo_kernel *kernel = three_processes();
	struct mo_run *run;
	char *text;

	(void)unused;
	mo_fake_put_u64(kernel, TASK(2) + TASK_PARENT, TASK(3));
	mo_fake_put_u64(kernel, TASK(3) + TASK_PARENT, TASK(2));
	mo_fake_put_u64(kernel, TASK(1) + TASK_PARENT, TASK(1));
	run = fake_run(kernel, memopsy_plugin_entry_tasks());
	text = fake_run_text(run, "ps", (const char *const[]){ "--tree", NULL });
	assert_non_null(strstr(text, "init"));
	assert_non_null(strstr(text, "second"));
	assert_non_null(strstr(text, "third"));
	free(text);
	fake_run_destroy(run);
	mo_fake_destroy(kernel);
}

static void test_cgroups_in_a_circle(void **unused)
{
	struct mo_kernel *kernel = three_processes();
	struct mo_run *run;

	(void)unused;
	mo_fake_put_u64(kernel, TASK(1) + TASK_CGROUPS, CSS_SET(0));
	mo_fake_put_u64(kernel, CSS_SET(0), CGROUP(0));
	mo_fake_put_u64(kernel, CGROUP(0), NODE(0));
	mo_fake_put_u64(kernel, NODE(0), NODE(1));
	mo_fake_put_u64(kernel, NODE(1), NODE(0));
	mo_fake_put_u64(kernel, NODE(0) + 8, NAME(0));
	mo_fake_put_u64(kernel, NODE(1) + 8, NAME(0));
	mo_fake_put(kernel, NAME(0), "round", 5);
	run = fake_run(kernel, memopsy_plugin_entry_tasks());
	assert_null(model_of(run)->tasks[0].cgroup);
	assert_true(fake_run_said(run, "has no end"));
	fake_run_destroy(run);
	mo_fake_destroy(kernel);
}

#define MANY 100000u
#define MANY_KVA (BASE_KVA + 0x10000000)
#define MANY_TASK(i) (MANY_KVA + (i) * 0x100ull)

/* 100,000 threads of one process: all are found, and each mm is read once. */
static void test_many_threads(void **unused)
{
	struct mo_kernel *kernel = three_processes();
	uint64_t last = TASK(2) + TASK_THREAD_NODE;
	struct mo_run *run;

	(void)unused;
	toy_mm(kernel, 2, 0, 1, 2, 3, 4);
	mo_fake_map(kernel, MANY_KVA, (size_t)MANY * 0x100);
	for (unsigned i = 0; i < MANY; i++) {
		uint64_t node = MANY_TASK(i) + TASK_THREAD_NODE;

		mo_fake_put_u32(kernel, MANY_TASK(i) + TASK_PID, 1000 + i);
		mo_fake_put_u32(kernel, MANY_TASK(i) + TASK_TGID, 2);
		mo_fake_put_u64(kernel, MANY_TASK(i) + TASK_SIGNAL, SIGNAL(2));
		mo_fake_put_u64(kernel, MANY_TASK(i) + TASK_CRED, CRED(2));
		mo_fake_put_u64(kernel, MANY_TASK(i) + TASK_PARENT, TASK(1));
		mo_fake_put_u64(kernel, MANY_TASK(i) + TASK_MM, MM(0));
		mo_fake_put_u32(kernel, MANY_TASK(i) + TASK_RSS, 1);
		mo_fake_put_u64(kernel, last, node);
		mo_fake_put_u64(kernel, node + 8, last);
		last = node;
	}
	mo_fake_put_u64(kernel, last, SIGNAL(2));
	mo_fake_put_u64(kernel, SIGNAL(2) + 8, last);
	run = fake_run(kernel, memopsy_plugin_entry_tasks());
	assert_int_equal(fake_run_finding_count(run), 0);
	assert_int_equal(model_of(run)->n_tasks, MANY + 3);
	assert_int_equal(model_of(run)->n_mms, 1);
	assert_int_equal(model_of(run)->mms[0].n_tasks, MANY + 1);
	assert_int_equal(model_of(run)->mms[0].exact_pages[MO_MM_FILE].value, MANY + 1);
	fake_run_destroy(run);
	mo_fake_destroy(kernel);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_list_that_loops),
		cmocka_unit_test(test_unreadable_list),
		cmocka_unit_test(test_thread_of_another),
		cmocka_unit_test(test_unreadable_parts),
		cmocka_unit_test(test_parents_in_a_circle),
		cmocka_unit_test(test_cgroups_in_a_circle),
		cmocka_unit_test(test_many_threads),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
