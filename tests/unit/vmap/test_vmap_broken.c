/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Trees that loop, areas over areas, arrays in nowhere: bounded, and told with addresses. */

#include "toy_vmap.h"

#define PAGE 4096ull

static const struct toy_area areas[] = {
	{ .number = 0, .n_bytes = 3 * PAGE, .flags = MO_VM_ALLOC, .caller = TOY_TEXT + 0x210, .has_vm = true, .n_pages = 2,
	  .first_pfn = 8 },
	{ .number = 1, .n_bytes = 3 * PAGE, .flags = MO_VM_ALLOC, .caller = TOY_TEXT + 0x210, .has_vm = true, .n_pages = 2,
	  .first_pfn = 16 },
	{ .number = 2, .n_bytes = 2 * PAGE, .flags = MO_VM_MAP, .caller = TOY_TEXT + 0x210, .has_vm = true },
};

#define START(i) "0xffffc900000" #i "0000-0xffffc900000" #i
#define LINE_0 START(0) "3000   12288 dup_task_struct+0x10/0x100 pages=2 vmalloc N0=2\n"
#define LINE_1 START(1) "3000   12288 dup_task_struct+0x10/0x100 pages=2 vmalloc N0=2\n"
#define LINE_2 START(2) "2000    8192 dup_task_struct+0x10/0x100 vmap\n"

static struct mo_kernel *whole_kernel(enum toy_form form)
{
	struct mo_kernel *kernel = toy_kernel(form);

	toy_put_tree(kernel, 0, areas, 3);
	return kernel;
}

/* Runs it, compares the text (NULL: any), and expects a finding that says so. */
static void expect(struct mo_kernel *kernel, const char *text, bool is_complete, const char *said)
{
	struct mo_run *run = toy_run(kernel);
	const struct mo_vmap_model *model = mo_run_model(run);
	char *shown = fake_run_text(run, "vmallocinfo", NULL);

	if (text)
		assert_string_equal(shown, text);
	assert_int_equal(model->is_complete, is_complete);
	assert_true(fake_run_said(run, said));
	free(shown);
	toy_end(kernel, run);
}

static void test_tree_loops(void **state)
{
	struct mo_kernel *kernel = whole_kernel(TOY_6_1);

	(void)state;
	mo_fake_put_u64(kernel, TOY_AREA(2) + 24, TOY_AREA(0) + 16);
	expect(kernel, LINE_0 LINE_1 LINE_2, false, "the tree of areas at 0xffff888000001000");
	kernel = whole_kernel(TOY_6_12);
	mo_fake_put_u64(kernel, TOY_AREA(1) + 32, TOY_AREA(1) + 16);
	expect(kernel, NULL, false, "vmap-tree-broken");
}

static void test_unreadable_area(void **state)
{
	struct mo_kernel *kernel = whole_kernel(TOY_6_1);

	(void)state;
	/* Its links can be read, its addresses not. */
	mo_fake_break(kernel, TOY_AREA(1), 16, MO_E_NOT_IN_DUMP);
	expect(kernel, LINE_0 LINE_2, false, "cannot read struct vmap_area at 0xffff888000010080");
	kernel = whole_kernel(TOY_6_1);
	mo_fake_put_u64(kernel, TOY_AREA(1) + 8, TOY_FIRST(1));
	expect(kernel, LINE_0 LINE_2, false,
	       "the vmap_area at 0xffff888000010080 begins at 0xffffc90000010000 and ends at 0xffffc90000010000");
}

static void test_vm_struct(void **state)
{
	struct mo_kernel *kernel = whole_kernel(TOY_6_1);

	(void)state;
	mo_fake_break(kernel, TOY_VM(1), 64, MO_E_NOT_IN_DUMP);
	expect(kernel, LINE_0 START(1) "3000   12288 ?\n" LINE_2, true,
	       "cannot read struct vm_struct at 0xffff888000020080");
	kernel = whole_kernel(TOY_6_1);
	mo_fake_put_u64(kernel, TOY_VM(2) + 8, TOY_FIRST(5));
	expect(kernel, NULL, true, "the vm_struct at 0xffff888000020100 of the area at 0xffffc90000020000 is of "
				   "0xffffc90000050000");
}

static void test_overlap(void **state)
{
	struct mo_kernel *kernel = whole_kernel(TOY_6_1);

	(void)state;
	mo_fake_put_u64(kernel, TOY_AREA(0) + 8, TOY_FIRST(1) + PAGE);
	expect(kernel, LINE_0 LINE_1 LINE_2, true,
	       "the vmap_area at 0xffff888000010000 ends at 0xffffc90000011000, and the one at 0xffff888000010080 begins at "
	       "0xffffc90000010000");
}

static void test_pages(void **state)
{
	struct mo_kernel *kernel = whole_kernel(TOY_6_1);

	(void)state;
	mo_fake_put_u64(kernel, TOY_VM(1) + 32, 0x123456789000);
	expect(kernel, LINE_0 START(1) "3000   12288 dup_task_struct+0x10/0x100 pages=2 vmalloc\n" LINE_2, true,
	       "the pages of the area at 0xffffc90000010000");
	kernel = whole_kernel(TOY_6_1);
	mo_fake_put_u64(kernel, TOY_ARRAY(1) + 8, TOY_PAGE(5000));
	expect(kernel, LINE_0 START(1) "3000   12288 dup_task_struct+0x10/0x100 pages=2 vmalloc N0=1\n" LINE_2, true,
	       "the pages of the area at 0xffffc90000010000");
	kernel = whole_kernel(TOY_6_1);
	mo_fake_put_u32(kernel, TOY_VM(1) + 44, 0x7fffffff);
	expect(kernel, NULL, true, "the area at 0xffffc90000010000 is 3 pages long and has 2147483647");
	kernel = whole_kernel(TOY_6_1);
	mo_fake_put_u32(kernel, TOY_VM(1) + 40, 77);
	expect(kernel, LINE_0 LINE_1 LINE_2, true, "the area at 0xffffc90000010000 has 2 pages of order 77");
	/* More pages than the machine has, all read through one small array that could go on for ever. */
	kernel = whole_kernel(TOY_6_1);
	mo_fake_put_u64(kernel, TOY_VM(1) + 16, 1ull << 40);
	mo_fake_put_u32(kernel, TOY_VM(1) + 44, 1u << 28);
	expect(kernel, NULL, true, "the areas have more pages than the machine; from the area at 0xffffc90000010000 on");
}

static void test_lists(void **state)
{
	static const struct toy_area freed = { .number = 3, .n_bytes = PAGE };
	struct mo_kernel *kernel = whole_kernel(TOY_6_1);

	(void)state;
	toy_put_lazy(kernel, TOY_6_1, 0, &freed, 1);
	mo_fake_put_u64(kernel, TOY_AREA(3) + 40, TOY_AREA(3) + 40);
	expect(kernel, NULL, false, "the list of freed areas at 0xffff888000001040");
	kernel = whole_kernel(TOY_5_10);
	toy_put_lazy(kernel, TOY_5_10, 0, &freed, 1);
	mo_fake_put_u64(kernel, TOY_AREA(3) + 56, TOY_AREA(3) + 56);
	expect(kernel, NULL, false, "the list of freed areas at 0xffff888000001040");
}

static void test_nodes(void **state)
{
	struct mo_kernel *kernel = whole_kernel(TOY_6_12);

	(void)state;
	mo_fake_put_u32(kernel, TOY_N_NODES_KVA, 0xffffffff);
	expect(kernel, LINE_0 LINE_1 LINE_2, false, "nr_vmap_nodes is 4294967295");
	kernel = whole_kernel(TOY_6_12);
	mo_fake_break(kernel, TOY_N_NODES_KVA, 4, MO_E_NOT_IN_DUMP);
	expect_error(fake_run_gather_error(kernel, memopsy_plugin_entry_vmap()), MO_E_NOT_IN_DUMP,
		     "cannot read where vmap_nodes are");
	mo_fake_destroy(kernel);
}

/* Without zones nothing is said of nodes; without struct pages nothing is found of pages. */
static void test_without_others(void **state)
{
	struct mo_kernel *kernel = whole_kernel(TOY_6_1);
	struct mo_run *run = fake_run_with(kernel, memopsy_plugin_entry_vmap(), MO_ZONES_MODEL, NULL);
	char *text = fake_run_text(run, "vmallocinfo", NULL);

	(void)state;
	assert_non_null(strstr(text, "dup_task_struct+0x10/0x100 pages=2 vmalloc\n"));
	assert_int_equal(fake_run_finding_count(run), 0);
	free(text);
	toy_end(kernel, run);
	kernel = whole_kernel(TOY_6_1);
	mo_fake_break(kernel, BASE_KVA + 0x2020, 8, MO_E_NOT_IN_DUMP);
	expect(kernel, NULL, true, "vmap-pages-broken");
}

/* Whatever stands in the areas, it ends, and every finding is one of reading. */
static void test_random_damage(void **state)
{
	uint64_t random = 5;

	(void)state;
	for (unsigned round = 0; round < 300; round++) {
		enum toy_form form = (enum toy_form)(round % 3);
		struct mo_kernel *kernel = whole_kernel(form);
		struct mo_run *run;
		char *text;

		for (unsigned i = 0; i < 4; i++) {
			uint64_t where = next_random(&random);
			uint64_t base = where & 1 ? TOY_AREA(0) : where & 2 ? TOY_VM(0) : where & 4 ? TOY_NODES : TOY_ARRAY(0);
			uint64_t value = next_random(&random);

			value = where & 8 ? TOY_AREA(value % 3) + 16 : where & 16 ? value : value % 5000;
			mo_fake_put_u64(kernel, base + (where >> 8) % 0x180, value);
		}
		run = toy_run(kernel);
		text = fake_run_text(run, "vmallocinfo", NULL);
		assert_true(((const struct mo_vmap_model *)mo_run_model(run))->n_areas <= 200);
		free(text);
		toy_end(kernel, run);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_tree_loops),
		cmocka_unit_test(test_unreadable_area),
		cmocka_unit_test(test_vm_struct),
		cmocka_unit_test(test_overlap),
		cmocka_unit_test(test_pages),
		cmocka_unit_test(test_lists),
		cmocka_unit_test(test_nodes),
		cmocka_unit_test(test_without_others),
		cmocka_unit_test(test_random_damage),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
