/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The tree, its counters, memory.stat and charges; and what becomes of them when the dump is broken. */

#include "toy_cgroups.h"

#include <stdlib.h>
#include <string.h>

static const struct mo_cgroups_model *model_of(struct mo_run *run)
{
	return mo_run_model(run);
}

static struct mo_run *run_of(struct mo_kernel *kernel)
{
	return fake_run(kernel, memopsy_plugin_entry_cgroups());
}

/* / with /a, /a/b and /c. */
static struct mo_kernel *small_tree(enum toy_shape shape)
{
	struct mo_kernel *kernel = toy_cgroups(shape);

	toy_group(kernel, 1, 0, "a");
	toy_group(kernel, 3, 0, "c");
	toy_group(kernel, 2, 1, "b");
	return kernel;
}

static void test_tree(void **unused)
{
	static const char *const paths[] = { "/", "/a", "/a/b", "/c" };
	struct mo_kernel *kernel = small_tree(TOY_6_1);
	struct mo_run *run;

	(void)unused;
	mo_fake_put_u32(kernel, GROUP(3) + CSS_FLAGS, 0);
	mo_fake_put_u64(kernel, GROUP(3) + CSS_REF_POINTER, 3);
	mo_fake_put_u64(kernel, GROUP(3) + CSS_REF_DATA, OBJCG(1));
	mo_fake_put_u64(kernel, OBJCG(1), 17);
	run = run_of(kernel);
	assert_int_equal(model_of(run)->n_cgroups, 4);
	for (unsigned i = 0; i < 4; i++)
		assert_string_equal(model_of(run)->cgroups[i].path, paths[i]);
	assert_int_equal(model_of(run)->cgroups[2].parent, 1);
	assert_int_equal(model_of(run)->cgroups[2].depth, 2);
	assert_int_equal(model_of(run)->cgroups[2].cgroup_id, 102);
	assert_false(model_of(run)->cgroups[2].is_dying);
	assert_int_equal(model_of(run)->cgroups[2].references.certainty, MO_UNKNOWN);
	assert_true(model_of(run)->cgroups[3].is_dying);
	assert_int_equal(model_of(run)->cgroups[3].references.value, 17);
	assert_true(model_of(run)->is_complete);
	assert_int_equal(fake_run_finding_count(run), 0);
	fake_run_destroy(run);
	toy_destroy(kernel);
}

static void test_counters(void **unused)
{
	struct mo_kernel *kernel = small_tree(TOY_6_1);
	uint64_t memory = GROUP(1) + MEMCG_MEMORY;
	const struct mo_cgroup *group;
	struct mo_run *run;
	char *text;

	(void)unused;
	mo_fake_put_u64(kernel, memory + COUNTER_USAGE, 4096);
	mo_fake_put_u64(kernel, memory + COUNTER_MAX, 4100);
	mo_fake_put_u64(kernel, memory + COUNTER_LOW, 3);
	mo_fake_put_u64(kernel, GROUP(2) + MEMCG_MEMORY + COUNTER_USAGE, UINT64_MAX);
	mo_fake_put_u64(kernel, GROUP(1) + MEMCG_EVENTS + 32, 5);
	mo_fake_put_u64(kernel, GROUP(1) + MEMCG_LOCAL + 24, 1);
	mo_fake_put_u64(kernel, GROUP(1) + MEMCG_LOCAL + 32, 4);
	run = run_of(kernel);
	group = &model_of(run)->cgroups[1];
	assert_int_equal(group->memory.max_pages.value, 4100);
	assert_int_equal(group->high_pages.value, UINT64_MAX);
	assert_int_equal(group->events_oom_kill.value, 5);
	assert_int_equal(group->local_events[MO_CGROUP_EVENT_OOM_KILL].value, 4);
	assert_int_equal(group->events[MO_CGROUP_EVENT_SWAP_MAX].certainty, MO_UNKNOWN);
	assert_int_equal(model_of(run)->cgroups[2].memory.usage_pages.value, 0);
	text = fake_run_text(run, "cgroups", NULL);
	assert_non_null(strstr(text, "16.0 MiB  16.0 MiB"));
	assert_non_null(strstr(text, "processes in it were killed"));
	free(text);
	toy_top = 1;
	text = fake_run_text(run, "cgroups", NULL);
	assert_non_null(strstr(text, "/a\n"));
	assert_null(strstr(text, "/a/b\n"));
	free(text);
	text = fake_run_text(run, "cgroups", (const char *const[]){ "a/", NULL });
	assert_non_null(strstr(text, " 12.0 KiB\n"));
	assert_non_null(strstr(text, "oom_kill      5      4  a process was OOM-killed"));
	free(text);
	expect_error(fake_run_error(run, "cgroups", (const char *const[]){ "/nowhere", NULL }), MO_E_ABSENT,
		     "no memory cgroup \"/nowhere\"");
	expect_error(fake_run_error(run, "cgroups", (const char *const[]){ "--stat", NULL }), MO_E_INVALID,
		     "--stat needs a path");
	fake_run_destroy(run);
	toy_destroy(kernel);
}

/* /a/b: 10 of anon that were flushed, 2 pending, and CPUs that have counted 5 and -1 more; in all shapes the same. */
static void put_stats(struct mo_kernel *kernel, unsigned anon, unsigned stack)
{
	mo_fake_put_u64(kernel, VMSTATS(2) + STATE + anon * 8, 10);
	mo_fake_put_u64(kernel, VMSTATS(2) + PENDING + anon * 8, 2);
	mo_fake_put_u64(kernel, VMSTATS(1) + STATE + anon * 8, 100);
	mo_fake_put_u64(kernel, CPU_AREA(0) + PERCPU(2) + CPU_STATE + anon * 8, 25);
	mo_fake_put_u64(kernel, CPU_AREA(0) + PERCPU(2) + CPU_STATE_PREV + anon * 8, 20);
	mo_fake_put_u64(kernel, CPU_AREA(1) + PERCPU(2) + CPU_STATE_PREV + anon * 8, 1);
	mo_fake_put_u64(kernel, VMSTATS(2) + STATE + stack * 8, 16);
	mo_fake_put_u64(kernel, VMSTATS(2) + STATE + 3 * 8, 70);
	mo_fake_put_u64(kernel, VMSTATS(2) + EVENTS + 8, 6);      /* PGSCAN_DIRECT */
	mo_fake_put_u64(kernel, CPU_AREA(1) + PERCPU(2) + CPU_EVENTS + 16, 9);
}

static void check_stats(enum toy_shape shape, unsigned anon, unsigned stack)
{
	struct mo_kernel *kernel = small_tree(shape);
	struct mo_run *run;
	char *text;

	put_stats(kernel, anon, stack);
	run = run_of(kernel);
	text = fake_run_text(run, "cgroups", (const char *const[]){ "--stat", "/a/b", NULL });
	assert_string_equal(text, shape == TOY_6_1 ?
		"anon 65536\nkernel_stack 16384\nslab_reclaimable 70\nslab_unreclaimable 0\nslab 70\n"
		"pgscan 6\npgsteal 0\npgscan_direct 6\npgfault 9\n" :
		"anon 65536\nkernel_stack 16384\nslab_reclaimable 0\nslab_unreclaimable 70\nslab 70\n"
		"pgscan 6\npgsteal 0\npgscan_direct 6\npgfault 9\n");
	free(text);
	/* The parent gets what its child has pending. */
	text = fake_run_text(run, "cgroups", (const char *const[]){ "--stat", "/a", NULL });
	assert_non_null(strstr(text, "anon 434176\n"));
	assert_non_null(strstr(text, "pgfault 9\n"));
	free(text);
	assert_int_equal(model_of(run)->cgroups[2].stats[0].own_value.value, 25 * 4096);
	assert_int_equal(fake_run_finding_count(run), 0);
	fake_run_destroy(run);
	toy_destroy(kernel);
}

/* Who was killed because the machine was out of memory is counted by groups, too, and says nothing of their limits. */
static void test_killed_for_others(void **unused)
{
	static const struct {
		unsigned at_limit;
		bool is_printed;
	} cases[] = { { 0, true }, { 1, true }, { 2, false } };

	(void)unused;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct mo_kernel *kernel = small_tree(TOY_6_1);
		struct mo_run *run;
		char *text;

		mo_fake_put_u64(kernel, GROUP(1) + MEMCG_LOCAL + 32, 4);
		mo_fake_put_u64(kernel, GROUP(cases[i].at_limit) + MEMCG_LOCAL + 24, 1);
		run = run_of(kernel);
		text = fake_run_text(run, "cgroups", NULL);
		assert_int_equal(strstr(text, "processes in it were killed") != NULL, cases[i].is_printed);
		free(text);
		fake_run_destroy(run);
		toy_destroy(kernel);
	}
}

static void test_stats(void **unused)
{
	(void)unused;
	check_stats(TOY_6_1, 0, 2);
	check_stats(TOY_6_12, 1, 0);
	check_stats(TOY_6_10, 1, 0);
}

static void test_broken_stats(void **unused)
{
	struct mo_kernel *kernel = small_tree(TOY_6_1);
	struct mo_run *run;
	char *text;

	(void)unused;
	mo_fake_put_u64(kernel, GROUP(2) + MEMCG_VMSTATS, 0xdead0000);
	run = run_of(kernel);
	assert_true(fake_run_said(run, "cgroup-stats-unreadable"));
	assert_true(fake_run_said(run, "statistics of the group at 0xffff888000010800"));
	text = fake_run_text(run, "cgroups", (const char *const[]){ "--stat", "/a/b", NULL });
	assert_non_null(strstr(text, "anon ?\n"));
	free(text);
	/* What it would have handed up is missing there as well. */
	assert_int_equal(model_of(run)->cgroups[1].stats[0].value.certainty, MO_UNKNOWN);
	assert_int_equal(model_of(run)->cgroups[3].stats[0].value.certainty, MO_EXACT);
	fake_run_destroy(run);
	toy_destroy(kernel);
}

static void test_list_that_loops(void **unused)
{
	struct mo_kernel *kernel = small_tree(TOY_6_1);
	struct mo_run *run;

	(void)unused;
	mo_fake_put_u64(kernel, GROUP(3) + CSS_SIBLING, GROUP(1) + CSS_SIBLING);
	run = run_of(kernel);
	assert_false(model_of(run)->is_complete);
	assert_true(model_of(run)->n_cgroups >= 3 && model_of(run)->n_cgroups < 10);
	assert_true(fake_run_said(run, "cgroup-tree-broken: The tree of memory cgroups is corrupt or unreadable in part."));
	assert_true(fake_run_said(run, "children of the group at 0xffff888000010000"));
	fake_run_destroy(run);
	toy_destroy(kernel);
}

/* A child that belongs to another group. */
static void test_child_of_another(void **unused)
{
	struct mo_kernel *kernel = small_tree(TOY_6_1);
	struct mo_run *run;

	(void)unused;
	mo_fake_put_u64(kernel, GROUP(2) + CSS_PARENT, GROUP(3));
	run = run_of(kernel);
	assert_int_equal(model_of(run)->n_cgroups, 3);
	assert_false(model_of(run)->is_complete);
	assert_true(fake_run_said(run, "the css at 0xffff888000010800 has its parent at 0xffff888000010c00"));
	fake_run_destroy(run);
	toy_destroy(kernel);
}

static void test_unreadable_group(void **unused)
{
	struct mo_kernel *kernel = small_tree(TOY_6_1);
	struct mo_run *run;

	(void)unused;
	mo_fake_put_u64(kernel, CGROUP(2), 0xbad0000);
	run = run_of(kernel);
	assert_int_equal(model_of(run)->n_cgroups, 4);
	assert_null(model_of(run)->cgroups[2].path);
	assert_true(fake_run_said(run, "cgroups-unreadable"));
	fake_run_destroy(run);
	toy_destroy(kernel);
}

static void test_charged_pages(void **unused)
{
	struct mo_kernel *kernel = small_tree(TOY_6_1);
	const struct mo_cgroups_model *model;
	struct mo_run *run;
	char *text;

	(void)unused;
	mo_fake_put_u64(kernel, PAGE(3) + PAGE_MEMCG, GROUP(1));
	mo_fake_put_u64(kernel, PAGE(4) + PAGE_MEMCG, GROUP(2));      /* the head of four pages */
	for (unsigned pfn = 5; pfn < 8; pfn++)
		mo_fake_put_u64(kernel, PAGE(pfn) + PAGE_COMPOUND, PAGE(4) | 1);
	mo_fake_put_u64(kernel, OBJCG(0) + 16, GROUP(2));
	mo_fake_put_u64(kernel, PAGE(9) + PAGE_MEMCG, OBJCG(0) | 2);  /* of the kernel */
	toy_class(9, MO_PAGE_PAGE_TABLE);
	mo_fake_put_u64(kernel, PAGE(10) + PAGE_MEMCG, 0xdeadbee0);   /* leads nowhere */
	mo_fake_put_u64(kernel, PAGE(11) + PAGE_MEMCG, GROUP(1) | 1); /* a slab's vector */
	mo_fake_put_u64(kernel, PAGE(12) + PAGE_MEMCG, GROUP(1));     /* free: nobody is charged */
	toy_class(12, MO_PAGE_FREE_BUDDY);
	run = run_of(kernel);
	model = model_of(run);
	assert_int_equal(model->cgroups[1].charged_anon_pages.value, 1);
	assert_int_equal(model->cgroups[1].charged_sum_pages.value, 1);
	assert_int_equal(model->cgroups[2].charged_anon_pages.value, 4);
	assert_int_equal(model->cgroups[2].charged_kernel_pages.value, 1);
	assert_int_equal(model->cgroups[2].charged_pages[MO_PAGE_PAGE_TABLE], 1);
	assert_int_equal(model->stray_pages, 1);
	text = fake_run_text(run, "cgroups", (const char *const[]){ "/a", NULL });
	assert_non_null(strstr(text, " 24.0 KiB\n")); /* with those of /a/b */
	assert_non_null(strstr(text, "anonymous pages      1  4.0 KiB"));
	free(text);
	text = fake_run_text(run, "cgroups", NULL);
	assert_non_null(strstr(text, "1 pages and 0 objects are charged to memory cgroups that are not in the tree."));
	free(text);
	fake_run_destroy(run);
	toy_destroy(kernel);
}

#define VECTOR (BASE_KVA + 0x7a000)

static void test_charged_objects(void **unused)
{
	struct mo_kernel *kernel = small_tree(TOY_6_1);
	const struct mo_cgroup *group;
	struct mo_run *run;
	char *text;

	(void)unused;
	toy_slab(kernel, VECTOR);
	mo_fake_put_u64(kernel, OBJCG(0) + 16, GROUP(2));
	mo_fake_put_u64(kernel, VECTOR, OBJCG(0));
	mo_fake_put_u64(kernel, VECTOR + 8, OBJCG(0));
	mo_fake_put_u64(kernel, VECTOR + 16, OBJCG(1)); /* of a group that is none */
	mo_fake_put_u64(kernel, VECTOR + 24, OBJCG(0)); /* the object is free */
	run = run_of(kernel);
	group = &model_of(run)->cgroups[2];
	assert_int_equal(group->charged_objects.value, 2);
	assert_int_equal(group->charged_objects.certainty, MO_EXACT);
	assert_int_equal(group->charged_slab_bytes.value, 2 * (64 + 8));
	assert_int_equal(group->n_caches, 1);
	assert_int_equal(group->caches[0].n_objects, 2);
	assert_int_equal(model_of(run)->cgroups[1].charged_objects.value, 0);
	assert_int_equal(model_of(run)->stray_objects, 1);
	text = fake_run_text(run, "cgroups", (const char *const[]){ "/a/b", NULL });
	assert_non_null(strstr(text, "toys         2   144 B"));
	free(text);
	fake_run_destroy(run);
	mo_fake_put_u32(kernel, GROUP(2) + CSS_FLAGS, 0);
	run = run_of(kernel);
	text = fake_run_text(run, "cgroups", (const char *const[]){ "--dying", NULL });
	assert_non_null(strstr(text, "toys 2"));
	free(text);
	fake_run_destroy(run);
	toy_destroy(kernel);
}

/* Two contexts of the removed /a/b, one with an inode; one of a group that is none; and a group below /a. */
static void test_pins(void **unused)
{
	struct mo_kernel *kernel = small_tree(TOY_6_1);
	uint64_t last = OFFLINE_CONTEXTS;
	struct mo_run *run;
	char *text;

	(void)unused;
	for (unsigned i = 0; i < 3; i++) {
		mo_fake_put_u64(kernel, last, CONTEXT(i) + CONTEXT_NODE);
		mo_fake_put_u64(kernel, CONTEXT(i) + CONTEXT_NODE + 8, last);
		last = CONTEXT(i) + CONTEXT_NODE;
		mo_fake_put_u64(kernel, CONTEXT(i) + CONTEXT_CSS, i == 1 ? OBJCG(0) : GROUP(2));
		mo_fake_put_u64(kernel, CONTEXT(i) + CONTEXT_ATTACHED, CONTEXT(i) + CONTEXT_ATTACHED);
		mo_fake_put_u64(kernel, CONTEXT(i) + CONTEXT_ATTACHED + 8, CONTEXT(i) + CONTEXT_ATTACHED);
	}
	mo_fake_put_u64(kernel, last, OFFLINE_CONTEXTS);
	mo_fake_put_u64(kernel, OFFLINE_CONTEXTS + 8, last);
	mo_fake_put_u64(kernel, CONTEXT(2) + CONTEXT_ATTACHED, CONTEXT(3));
	mo_fake_put_u64(kernel, CONTEXT(2) + CONTEXT_ATTACHED + 8, CONTEXT(3));
	mo_fake_put_u64(kernel, CONTEXT(3), CONTEXT(2) + CONTEXT_ATTACHED);
	mo_fake_put_u64(kernel, CONTEXT(3) + 8, CONTEXT(2) + CONTEXT_ATTACHED);
	mo_fake_put_u32(kernel, GROUP(1) + CSS_FLAGS, 0);
	mo_fake_put_u32(kernel, GROUP(2) + CSS_FLAGS, 0);
	run = run_of(kernel);
	text = fake_run_text(run, "cgroups", (const char *const[]){ "--dying", NULL });
	if (!strstr(text, "2 writeback contexts with 1 inode\n") || !strstr(text, "1 group below\n"))
		fail_msg("%s", text);
	free(text);
	fake_run_destroy(run);
	toy_destroy(kernel);
}

static void test_unreadable_vector(void **unused)
{
	struct mo_kernel *kernel = small_tree(TOY_6_1);
	struct mo_run *run;

	(void)unused;
	toy_slab(kernel, 0xdead0000);
	run = run_of(kernel);
	assert_true(fake_run_said(run, "owners of the slab at page frame 0x14"));
	assert_int_equal(model_of(run)->cgroups[2].charged_objects.certainty, MO_AT_LEAST);
	fake_run_destroy(run);
	toy_destroy(kernel);
}

static void test_unreadable_pages(void **unused)
{
	struct mo_kernel *kernel = small_tree(TOY_6_1);
	struct mo_run *run;

	(void)unused;
	mo_fake_put_u64(kernel, PAGE(3) + PAGE_MEMCG, GROUP(1));
	mo_fake_break(kernel, PAGE(32), 64, MO_E_NOT_IN_DUMP);
	run = run_of(kernel);
	assert_true(fake_run_said(run, "charges-unreadable"));
	assert_int_equal(model_of(run)->cgroups[1].charged_sum_pages.certainty, MO_AT_LEAST);
	fake_run_destroy(run);
	toy_destroy(kernel);
}

/* The report says nothing of a machine with the root group alone. */
static void test_section(void **unused)
{
	struct mo_kernel *kernel = toy_cgroups(TOY_6_1);
	struct mo_run *run = run_of(kernel);
	char *text = fake_run_section(run, "memory_cgroups");

	(void)unused;
	assert_null(strstr(text, "CGROUP"));
	free(text);
	fake_run_destroy(run);
	toy_destroy(kernel);
	kernel = small_tree(TOY_6_1);
	mo_fake_put_u32(kernel, GROUP(3) + CSS_FLAGS, 0);
	run = run_of(kernel);
	text = fake_run_section(run, "memory_cgroups");
	assert_non_null(strstr(text, "4 memory cgroups, 1 of them dying"));
	free(text);
	fake_run_destroy(run);
	toy_destroy(kernel);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_tree),
		cmocka_unit_test(test_counters),
		cmocka_unit_test(test_killed_for_others),
		cmocka_unit_test(test_stats),
		cmocka_unit_test(test_broken_stats),
		cmocka_unit_test(test_list_that_loops),
		cmocka_unit_test(test_child_of_another),
		cmocka_unit_test(test_unreadable_group),
		cmocka_unit_test(test_charged_pages),
		cmocka_unit_test(test_charged_objects),
		cmocka_unit_test(test_pins),
		cmocka_unit_test(test_unreadable_vector),
		cmocka_unit_test(test_unreadable_pages),
		cmocka_unit_test(test_section),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
