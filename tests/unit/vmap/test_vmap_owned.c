/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Page frames of vmalloc, of tasks' stacks and of the per-CPU allocator. */

#include "toy_vmap.h"

#define PAGE 4096ull
#define STACK_END_MAGIC 0x57ac6e9dull

/* Two stacks, something that begins like one and has no stack's size, per-CPU chunks, and a driver's own pages. */
static const struct toy_area areas[] = {
	{ .number = 0, .n_bytes = 5 * PAGE, .flags = MO_VM_ALLOC, .has_vm = true, .n_pages = 4, .first_pfn = 100 },
	{ .number = 1, .n_bytes = 5 * PAGE, .flags = MO_VM_ALLOC, .has_vm = true, .n_pages = 4, .first_pfn = 104 },
	{ .number = 2, .n_bytes = 4 * PAGE, .flags = MO_VM_ALLOC, .has_vm = true, .n_pages = 3, .first_pfn = 50 },
	{ .number = TOY_PERCPU_AREA, .n_bytes = 8 * PAGE, .flags = MO_VM_ALLOC, .caller = TOY_PERCPU_CALLER, .has_vm = true },
	{ .number = 10, .n_bytes = 3 * PAGE, .flags = MO_VM_MAP, .has_vm = true, .first_pfn = 300 },
};

static struct mo_kernel *owned_kernel(void)
{
	struct mo_kernel *kernel = toy_kernel(TOY_6_1);

	toy_put_tree(kernel, 0, areas, 5);
	for (unsigned i = 0; i < 3; i++) {
		mo_fake_map(kernel, TOY_FIRST(i), PAGE);
		mo_fake_put_u64(kernel, TOY_FIRST(i), STACK_END_MAGIC);
	}
	mo_fake_put_u64(kernel, TOY_UNIT(1) + TOY_CACHED_STACKS + 8, TOY_VM(1));
	return kernel;
}

static void expect_owned(const struct mo_vmap_model *model, const struct mo_owned_pages *expected, size_t n)
{
	assert_int_equal(model->n_owned, n);
	for (size_t i = 0; i < n; i++) {
		assert_int_equal(model->owned[i].first_pfn, expected[i].first_pfn);
		assert_int_equal(model->owned[i].n_pages, expected[i].n_pages);
		assert_int_equal(model->owned[i].kind, expected[i].kind);
	}
}

static void test_owned(void **state)
{
	static const struct mo_owned_pages expected[] = {
		{ 50, 3, MO_OWNED_VMALLOC }, { 100, 8, MO_OWNED_KERNEL_STACK }, { 128, 4, MO_OWNED_PERCPU },
		{ 144, 4, MO_OWNED_PERCPU }, { 700, 4, MO_OWNED_PERCPU },
	};
	static const char *const words[] = { "--by", "caller", NULL };
	struct mo_kernel *kernel = owned_kernel();
	struct mo_run *run = toy_run(kernel);
	const struct mo_vmap_model *model = mo_run_model(run);
	char *text;

	(void)state;
	expect_owned(model, expected, 5);
	assert_int_equal(model->owned_pages[MO_OWNED_VMALLOC], 3);
	assert_int_equal(model->owned_pages[MO_OWNED_KERNEL_STACK], 8);
	assert_int_equal(model->owned_pages[MO_OWNED_PERCPU], 12);
	assert_int_equal(model->idle_stack_pages, 4);
	assert_int_equal(fake_run_finding_count(run), 0);
	text = fake_run_text(run, "vmallocinfo", words);
	assert_non_null(strstr(text, "12.0 KiB"));
	assert_non_null(strstr(text, "32.0 KiB"));
	assert_non_null(strstr(text, "48.0 KiB"));
	free(text);
	toy_end(kernel, run);
}

/* A stack whose page is not in the dump is memory of vmalloc like any other. */
static void test_stack_unreadable(void **state)
{
	struct mo_kernel *kernel = owned_kernel();
	struct mo_run *run;
	const struct mo_vmap_model *model;

	(void)state;
	mo_fake_break(kernel, TOY_FIRST(0), PAGE, MO_E_NOT_IN_DUMP);
	run = toy_run(kernel);
	model = mo_run_model(run);
	assert_int_equal(model->owned_pages[MO_OWNED_VMALLOC], 7);
	assert_int_equal(model->owned_pages[MO_OWNED_KERNEL_STACK], 4);
	toy_end(kernel, run);
}

/* What is about to be freed has its vm_struct where the magic number was; so has what was cached after that. */
static void test_idle_stacks(void **state)
{
	struct mo_kernel *kernel = owned_kernel();
	struct mo_run *run;
	const struct mo_vmap_model *model;

	(void)state;
	for (unsigned i = 0; i < 2; i++) {
		mo_fake_put_u64(kernel, TOY_FIRST(i), 0);
		mo_fake_put_u64(kernel, TOY_FIRST(i) + 16, TOY_VM(i));
	}
	run = toy_run(kernel);
	model = mo_run_model(run);
	assert_int_equal(model->owned_pages[MO_OWNED_KERNEL_STACK], 8);
	assert_int_equal(model->idle_stack_pages, 8);
	toy_end(kernel, run);
}

static void expect_percpu(struct mo_kernel *kernel, uint64_t n_pages, const char *said)
{
	struct mo_run *run = toy_run(kernel);
	const struct mo_vmap_model *model = mo_run_model(run);

	assert_int_equal(model->owned_pages[MO_OWNED_PERCPU], n_pages);
	assert_true(fake_run_said(run, said));
	toy_end(kernel, run);
}

static void test_broken_chunks(void **state)
{
	struct mo_kernel *kernel = owned_kernel();

	(void)state;
	mo_fake_put_u32(kernel, TOY_FIRST_CHUNK + 24, 0x7fffffff);
	expect_percpu(kernel, 4, "with 2147483647 pages is implausible");
	kernel = owned_kernel();
	mo_fake_put_u64(kernel, TOY_FIRST_CHUNK + 16, BASE_KVA);
	expect_percpu(kernel, 4, "a base of 0xffff888000000000 with 2 pages is implausible");
	kernel = owned_kernel();
	mo_fake_break(kernel, TOY_FIRST_CHUNK, 32, MO_E_NOT_IN_DUMP);
	expect_percpu(kernel, 4, "the first chunk at 0xffff888000002038");
}

/* Memory that areas map and that is not theirs: by the page tables, devices counted apart. */
static void test_mapped(void **state)
{
	static const char *const words[] = { "--by", "caller", NULL };
	struct mo_kernel *kernel = owned_kernel();
	struct mo_run *run = toy_run(kernel);
	const struct mo_vmap_model *model = mo_run_model(run);
	const struct mo_vmap_area *area = mo_vmap_area_at(model, TOY_FIRST(TOY_MAPPING_AREA));
	char *text;

	(void)state;
	assert_non_null(area);
	assert_int_equal(area->n_mapped_pages, 3);
	assert_int_equal(area->n_mapped_memory_pages, 2);
	assert_int_equal(model->n_mappings, 2);
	assert_int_equal(model->mapped_pages, 2);
	assert_int_equal(model->mappings[0].first_pfn, 300);
	assert_int_equal(model->mappings[1].first_pfn, 302);
	assert_int_equal(model->mappings[1].area_kva, TOY_FIRST(TOY_MAPPING_AREA));
	text = fake_run_text(run, "vmallocinfo", words);
	assert_non_null(strstr(text, "8.0 KiB"));
	free(text);
	toy_end(kernel, run);
}

static struct mo_kernel *mapping_kernel(unsigned number)
{
	const struct toy_area broken[] = {
		{ .number = TOY_MAPPING_AREA, .n_bytes = 3 * PAGE, .flags = MO_VM_MAP, .has_vm = true },
		{ .number = number, .n_bytes = 4 * PAGE, .flags = MO_VM_MAP, .has_vm = true },
	};
	struct mo_kernel *kernel = toy_kernel(TOY_6_1);

	toy_put_tree(kernel, 0, broken, 2);
	return kernel;
}

/* A table that is not there costs its area; tables that map more than the machine has come to an end. */
static void test_broken_tables(void **state)
{
	struct mo_kernel *kernel = mapping_kernel(TOY_UNREADABLE_AREA);
	struct mo_run *run = toy_run(kernel);
	const struct mo_vmap_model *model = mo_run_model(run);

	(void)state;
	assert_int_equal(model->mapped_pages, 2);
	assert_true(fake_run_said(run, "vmap-tables-broken"));
	assert_true(fake_run_said(run, "what is mapped at 0xffffc900000b0000: the PTE table is not in the dump"));
	toy_end(kernel, run);
	kernel = mapping_kernel(TOY_ENDLESS_AREA);
	mo_fake_put_u64(kernel, TOY_AREA(TOY_ENDLESS_AREA) + 8, UINT64_MAX);
	run = toy_run(kernel);
	model = mo_run_model(run);
	assert_int_equal(model->mapped_pages, 1024);
	assert_true(fake_run_said(run, "what is mapped at 0xffffc900000c0000: more pages than the machine has are mapped up to "
				       "0xffffc900004be000"));
	toy_end(kernel, run);
}

static void test_broken_cached_stacks(void **state)
{
	struct mo_kernel *kernel = owned_kernel();
	struct mo_run *run;
	const struct mo_vmap_model *model;

	(void)state;
	mo_fake_put_u64(kernel, TOY_UNIT(0) + TOY_CACHED_STACKS, 0x1234);
	mo_fake_break(kernel, TOY_UNIT(1) + TOY_CACHED_STACKS, 16, MO_E_NOT_IN_DUMP);
	run = toy_run(kernel);
	model = mo_run_model(run);
	assert_int_equal(model->idle_stack_pages, 0);
	assert_true(fake_run_said(run, "the cached stacks"));
	toy_end(kernel, run);
}

/* Without CONFIG_VMAP_STACK: the leader's stack, its thread's and the idle task's; init_task's is in the image. */
static void test_direct_stacks(void **state)
{
	struct mo_kernel *kernel = toy_kernel(TOY_6_1_DIRECT);
	struct mo_run *run = toy_run(kernel);
	const struct mo_vmap_model *model = mo_run_model(run);

	(void)state;
	assert_int_equal(model->direct_stack_pages, 12);
	assert_int_equal(model->owned_pages[MO_OWNED_KERNEL_STACK], 12);
	assert_int_equal(fake_run_finding_count(run), 0);
	toy_end(kernel, run);
	/* A stack in nowhere is none; threads in a circle come to an end. */
	kernel = toy_kernel(TOY_6_1_DIRECT);
	mo_fake_put_u64(kernel, TOY_TASK(1) + 40, 0x1234);
	mo_fake_put_u64(kernel, TOY_TASK(2) + 16, TOY_TASK(1) + 16);
	run = toy_run(kernel);
	model = mo_run_model(run);
	assert_true(fake_run_said(run, "the threads of the task at 0xffff888000040100"));
	assert_true(model->direct_stack_pages >= 8);
	toy_end(kernel, run);
	/* A task that cannot be read costs its threads. */
	kernel = toy_kernel(TOY_6_1_DIRECT);
	mo_fake_break(kernel, TOY_TASK(1) + 32, 8, MO_E_NOT_IN_DUMP);
	run = toy_run(kernel);
	model = mo_run_model(run);
	assert_true(fake_run_said(run, "stacks-unreadable"));
	assert_int_equal(model->direct_stack_pages, 4);
	toy_end(kernel, run);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_owned),
		cmocka_unit_test(test_stack_unreadable),
		cmocka_unit_test(test_idle_stacks),
		cmocka_unit_test(test_broken_chunks),
		cmocka_unit_test(test_mapped),
		cmocka_unit_test(test_broken_tables),
		cmocka_unit_test(test_broken_cached_stacks),
		cmocka_unit_test(test_direct_stacks),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
