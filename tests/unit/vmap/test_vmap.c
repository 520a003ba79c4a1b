/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* vmalloc areas as kernels of three ages keep them, and the words of /proc/vmallocinfo for each. */

#include "toy_vmap.h"

#define PAGE 4096ull

/* Pages of both nodes; of a module's function; devices; no caller; an array in an area; blocks of pages. */
static const struct toy_area areas[] = {
	{ .number = 0, .n_bytes = 5 * PAGE, .flags = MO_VM_ALLOC, .caller = TOY_TEXT + 0x108, .has_vm = true, .n_pages = 4,
	  .first_pfn = 510 },
	{ .number = 1, .n_bytes = 2 * PAGE, .flags = MO_VM_IOREMAP, .caller = TOY_MODULE_TEXT + 0x50, .has_vm = true,
	  .first_pa = 0xfed00000 },
	{ .number = 3, .n_bytes = 3 * PAGE, .flags = MO_VM_MAP | MO_VM_USERMAP | MO_VM_DMA_COHERENT, .has_vm = true },
	{ .number = 4, .n_bytes = 5 * PAGE, .flags = MO_VM_ALLOC, .caller = TOY_TEXT + 0x300, .has_vm = true, .n_pages = 4,
	  .page_order = 1, .first_pfn = 16 },
	{ .number = 5, .n_bytes = 2 * PAGE, .flags = MO_VM_ALLOC | MO_VM_UNINITIALIZED, .caller = 0x1234, .has_vm = true,
	  .n_pages = 1, .first_pfn = 900 },
};

static const struct toy_area freed[] = { { .number = 8, .n_bytes = 5 * PAGE }, { .number = 7, .n_bytes = PAGE } };

#define LINE_0 "0xffffc90000000000-0xffffc90000005000   20480 first_alias+0x8/0x100 pages=4 vmalloc N0=2 N1=2\n"
#define LINE_1 "0xffffc90000010000-0xffffc90000012000    8192 toy_probe+0x10/0xfc0 [toy] phys=0x00000000fed00000 ioremap\n"
#define LINE_3 "0xffffc90000030000-0xffffc90000033000   12288 vmap user dma-coherent\n"
#define LINE_4 "0xffffc90000040000-0xffffc90000045000   20480 last+0x0/0x500 pages=4 vmalloc N0=4\n"
#define LINE_5 "0xffffc90000050000-0xffffc90000052000    8192 0x1234 pages=1 vmalloc\n"
#define LINE_8 "0xffffc90000080000-0xffffc90000085000   20480 unpurged vm_area\n"
#define LINE_7 "0xffffc90000070000-0xffffc90000071000    4096 unpurged vm_area\n"

static void expect_text(struct mo_kernel *kernel, const char *expected)
{
	struct mo_run *run = toy_run(kernel);
	const struct mo_vmap_model *model = mo_run_model(run);
	char *text = fake_run_text(run, "vmallocinfo", NULL);

	if (fake_run_finding_count(run))
		assert_true(fake_run_said(run, "no finding was expected"));
	assert_string_equal(text, expected);
	assert_true(model->is_complete);
	free(text);
	toy_end(kernel, run);
}

static const struct toy_area small_ram = { .number = 2, .n_bytes = 16 * PAGE, .area_flags = 1 };
#define LINE_2_SMALL "0xffffc90000020000-0xffffc90000030000   65536 vm_map_ram\n"

static void test_6_1(void **state)
{
	struct toy_area all[] = { areas[0], areas[1], small_ram, areas[2], areas[3], areas[4] };
	struct mo_kernel *kernel = toy_kernel(TOY_6_1);

	(void)state;
	toy_put_tree(kernel, 0, all, 6);
	toy_put_lazy(kernel, TOY_6_1, 0, freed, 2);
	expect_text(kernel, LINE_0 LINE_1 LINE_2_SMALL LINE_3 LINE_4 LINE_5 LINE_8 LINE_7);
}

/* Without page orders, and the freed in a chain whose words lie where vm would. */
static void test_5_10(void **state)
{
	struct toy_area all[] = { areas[0], small_ram };
	struct mo_kernel *kernel = toy_kernel(TOY_5_10);

	(void)state;
	toy_put_tree(kernel, 0, all, 2);
	toy_put_lazy(kernel, TOY_5_10, 0, freed, 2);
	expect_text(kernel, LINE_0 LINE_2_SMALL LINE_8 LINE_7);
}

/* Node after node; nothing of what is torn down or not yet initialized. */
static void test_6_12(void **state)
{
	struct toy_area first[] = { areas[1], areas[3], areas[4] };
	struct toy_area second[] = { areas[0], small_ram, areas[2], { .number = 6, .n_bytes = PAGE } };
	struct mo_kernel *kernel = toy_kernel(TOY_6_12);
	struct mo_run *run;
	const struct mo_vmap_model *model;

	(void)state;
	second[2].flags |= MO_VM_SPARSE;
	toy_put_tree(kernel, 0, first, 3);
	toy_put_tree(kernel, 1, second, 4);
	toy_put_lazy(kernel, TOY_6_12, 1, freed, 2);
	run = toy_run(kernel);
	model = mo_run_model(run);
	assert_int_equal(model->n_areas, 9);
	for (unsigned i = 0; i < 9; i++)
		assert_int_equal(model->areas[i].first_kva, TOY_FIRST(i));
	assert_int_equal(model->areas[6].state, MO_VMAP_DYING);
	assert_int_equal(model->areas[7].state, MO_VMAP_LAZY);
	assert_ptr_equal(mo_vmap_area_at(model, TOY_FIRST(3) + 5), &model->areas[3]);
	assert_null(mo_vmap_area_at(model, TOY_FIRST(1) + 2 * PAGE));
	assert_null(mo_vmap_area_at(model, TOY_FIRST(0) - 1));
	fake_run_destroy(run);
	expect_text(kernel, LINE_1 LINE_4 LINE_0 LINE_2_SMALL
		    "0xffffc90000030000-0xffffc90000033000   12288 sparse vmap user dma-coherent\n" LINE_8 LINE_7);
}

static void test_vpages(void **state)
{
	struct toy_area all[] = { areas[0], areas[3] };
	struct mo_kernel *kernel = toy_kernel(TOY_6_1);

	(void)state;
	toy_put_tree(kernel, 0, all, 2);
	/* The first area's pages hold the array of the second. */
	mo_fake_map(kernel, TOY_FIRST(0), 4 * PAGE);
	for (unsigned i = 0; i < 4; i++)
		mo_fake_put_u64(kernel, TOY_FIRST(0) + 8 * i, TOY_PAGE(600 + i));
	mo_fake_put_u64(kernel, TOY_VM(4) + 32, TOY_FIRST(0));
	expect_text(kernel, LINE_0
		    "0xffffc90000040000-0xffffc90000045000   20480 last+0x0/0x500 pages=4 vmalloc vpages N1=4\n");
}

static void test_empty(void **state)
{
	(void)state;
	expect_text(toy_kernel(TOY_5_10), "");
	expect_text(toy_kernel(TOY_6_1), "");
	expect_text(toy_kernel(TOY_6_12), "");
}

/* A kernel without NUMA counts no pages by node. */
static void test_without_nodes(void **state)
{
	struct mo_zones_model no_numa = toy_zones;
	struct mo_kernel *kernel = toy_kernel(TOY_6_1);
	struct mo_run *run;
	char *text;

	(void)state;
	no_numa.n_numa_items = 0;
	toy_put_tree(kernel, 0, areas, 1);
	run = fake_run_with(kernel, memopsy_plugin_entry_vmap(), MO_ZONES_MODEL, &no_numa);
	text = fake_run_text(run, "vmallocinfo", NULL);
	assert_string_equal(text, "0xffffc90000000000-0xffffc90000005000   20480 first_alias+0x8/0x100 pages=4 vmalloc\n");
	assert_int_equal(((const struct mo_vmap_model *)mo_run_model(run))->areas[0].n_found_pages, 4);
	free(text);
	toy_end(kernel, run);
}

static void expect_rows(struct mo_run *run, const char *by, const char *const *rows)
{
	const char *const words[] = { "--by", by, NULL };
	char *text = fake_run_text(run, "vmallocinfo", words);
	const char *at = strchr(text, '\n');

	for (; *rows; rows++) {
		assert_non_null(at);
		if (strncmp(at + 1, *rows, strlen(*rows)))
			fail_msg("\"%s\" was expected in\n%s", *rows, text);
		at = strchr(at + 1, '\n');
	}
	assert_int_equal(strncmp(at, "\n\nMemory behind kernel addresses\n", 33), 0);
	free(text);
}

static void test_by(void **state)
{
	static const char *const by_caller[] = { "last ", "first_alias ", "0x1234 ", "(vm_map_ram) ", "(freed, not purged) ",
						 "? ", "toy_probe ", NULL };
	static const char *const by_module[] = { "(kernel) ", "? ", "(vm_map_ram) ", "(freed, not purged) ", "toy ", NULL };
	struct toy_area all[] = { areas[0], areas[1], small_ram, areas[2], areas[3], areas[4] };
	static const char *const wrong[] = { "--by", "size", NULL };
	struct mo_kernel *kernel = toy_kernel(TOY_6_1);
	struct mo_run *run;
	char *text;

	(void)state;
	all[4].n_pages = 5;
	all[4].n_bytes += PAGE;
	all[4].page_order = 0;
	toy_put_tree(kernel, 0, all, 6);
	toy_put_lazy(kernel, TOY_6_1, 0, freed, 2);
	run = toy_run(kernel);
	expect_rows(run, "caller", by_caller);
	expect_rows(run, "module", by_module);
	expect_error(fake_run_error(run, "vmallocinfo", wrong), MO_E_INVALID, "--by: 'size' must be caller or module");
	text = fake_run_section(run, "vmallocinfo");
	assert_non_null(strstr(text, "The 7 largest of 7 callers; 8 areas in all."));
	free(text);
	toy_end(kernel, run);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_6_1),   cmocka_unit_test(test_5_10),	    cmocka_unit_test(test_6_12),
		cmocka_unit_test(test_vpages), cmocka_unit_test(test_empty),	    cmocka_unit_test(test_without_nodes),
		cmocka_unit_test(test_by),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
