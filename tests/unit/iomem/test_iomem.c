/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The tree of physical address ranges, whole and broken. */

#include "fake_run.h"

#include <memopsy/iomem.h>

#include <stdlib.h>
#include <string.h>

#define ROOT (BASE_KVA + 0x1000)
#define RANGE(i) (BASE_KVA + 0x2000 + (i) * 0x60ull)
#define NAMES (BASE_KVA + 0x1000000)
#define NAME(i) (NAMES + (i) * 0x40ull)
#define NO_RANGE 0

const struct mo_plugin *memopsy_plugin_entry_iomem(void);

static const struct mo_fake_row rows[] = {
	{ .type = "struct resource", .bytes = 0x60 },
	{ .type = "struct resource", .member = "start", .offset_bytes = 0, .bytes = 8 },
	{ .type = "struct resource", .member = "end", .offset_bytes = 8, .bytes = 8 },
	{ .type = "struct resource", .member = "name", .offset_bytes = 16, .bytes = 8 },
	{ .type = "struct resource", .member = "flags", .offset_bytes = 24, .bytes = 8 },
	{ .type = "struct resource", .member = "parent", .offset_bytes = 40, .bytes = 8 },
	{ .type = "struct resource", .member = "sibling", .offset_bytes = 48, .bytes = 8 },
	{ .type = "struct resource", .member = "child", .offset_bytes = 56, .bytes = 8 },
};

static const struct mo_fake_enumerator enumerators[] = {
	{ .enum_name = "enum", .name = "MAX_IORES_LEVEL", .value = 5 },
};

static const struct mo_fake_symbol symbols[] = { { .name = "iomem_resource", .kva = ROOT, .bytes = 0x60 } };

struct range {
	uint64_t kva;
	uint64_t first, last;
	const char *name;       /* NULL: the kernel has none */
	uint64_t parent, sibling, child;
};

static void put_range(struct mo_kernel *kernel, const struct range *range, unsigned name)
{
	mo_fake_put_u64(kernel, range->kva, range->first);
	mo_fake_put_u64(kernel, range->kva + 8, range->last);
	mo_fake_put_u64(kernel, range->kva + 16, range->name ? NAME(name) : 0);
	if (range->name)
		mo_fake_put(kernel, NAME(name), range->name, strlen(range->name) + 1);
	mo_fake_put_u64(kernel, range->kva + 24, 0x200);
	mo_fake_put_u64(kernel, range->kva + 40, range->parent);
	mo_fake_put_u64(kernel, range->kva + 48, range->sibling);
	mo_fake_put_u64(kernel, range->kva + 56, range->child);
}

static const struct range ranges[] = {
	{ ROOT, 0, 0xffffffffffull, "PCI mem", 0, 0, RANGE(0) },
	{ RANGE(0), 0x1000, 0x9fbff, "System RAM", ROOT, RANGE(1), 0 },
	{ RANGE(1), 0x100000, 0x1ffd6fff, "System RAM", ROOT, RANGE(4), RANGE(2) },
	{ RANGE(2), 0x5400000, 0x66ca8df, "Kernel code", RANGE(1), RANGE(3), 0 },
	{ RANGE(3), 0x8250000, 0x85fffff, NULL, RANGE(1), 0, 0 },
	{ RANGE(4), 0xfd00000000ull, 0xffffffffffull, "Reserved", ROOT, 0, 0 },
};

static const char whole[] = "00001000-0009fbff : System RAM\n"
			    "00100000-1ffd6fff : System RAM\n"
			    "  05400000-066ca8df : Kernel code\n"
			    "  08250000-085fffff : <BAD>\n"
			    "fd00000000-ffffffffff : Reserved\n";

static struct mo_kernel *iomem_kernel(void)
{
	struct mo_kernel *kernel = mo_fake_kernel(&(struct mo_fake){
		.rows = rows, .n_rows = N_ROWS(rows), .enumerators = enumerators, .n_enumerators = N_ROWS(enumerators),
		.symbols = symbols, .n_symbols = N_ROWS(symbols) });

	mo_fake_map(kernel, ROOT, 0x10000);
	mo_fake_map(kernel, NAMES, 0x10000);
	for (unsigned i = 0; i < N_ROWS(ranges); i++)
		put_range(kernel, &ranges[i], i);
	return kernel;
}

static struct mo_run *run_iomem(struct mo_kernel *kernel)
{
	struct mo_error *error = NULL;
	struct mo_run *run = fake_run_try(kernel, memopsy_plugin_entry_iomem(), &error);

	expect_success(error);
	return run;
}

/* Runs it, compares the text, and expects one finding that says why (NULL: none at all). */
static void expect_text(struct mo_kernel *kernel, const char *text, const char *why)
{
	struct mo_run *run = run_iomem(kernel);
	const struct mo_iomem_model *model = mo_run_model(run);
	char *shown = fake_run_flagged(run, "iomem", NULL);

	assert_string_equal(shown, text);
	assert_int_equal(fake_run_finding_count(run), why ? 1 : 0);
	assert_int_equal(model->is_complete, !why);
	if (why)
		assert_true(fake_run_said(run, why));
	free(shown);
	fake_run_destroy(run);
	mo_fake_destroy(kernel);
}

static void test_whole(void **state)
{
	struct mo_kernel *kernel = iomem_kernel();
	struct mo_run *run = run_iomem(kernel);
	const struct mo_iomem_model *model = mo_run_model(run);
	const struct mo_io_range *code = mo_io_range_find(model, "Kernel code");

	(void)state;
	assert_int_equal(model->n_ranges, 5);
	assert_non_null(code);
	assert_int_equal(code->depth, 1);
	assert_int_equal(code->first_pa, 0x5400000);
	assert_int_equal(code->resource_kva, RANGE(2));
	assert_null(mo_io_range_find(model, "<BAD>"));
	fake_run_destroy(run);
	expect_text(kernel, whole, NULL);
}

static void test_empty(void **state)
{
	struct mo_kernel *kernel = iomem_kernel();

	(void)state;
	mo_fake_put_u64(kernel, ROOT + 56, NO_RANGE);
	expect_text(kernel, "", NULL);
}

static void test_narrow_root(void **state)
{
	struct mo_kernel *kernel = iomem_kernel();

	(void)state;
	mo_fake_put_u64(kernel, ROOT + 8, 0xffff);
	mo_fake_put_u64(kernel, RANGE(0) + 48, NO_RANGE);
	expect_text(kernel, "1000-9fbff : System RAM\n", NULL);
}

/* The kernel's own pointers lead back: to a sibling, to the root, to a parent, to itself. */
static void test_loops(void **state)
{
	static const char first_two[] = "00001000-0009fbff : System RAM\n"
					"00100000-1ffd6fff : System RAM\n"
					"  05400000-066ca8df : Kernel code\n"
					"  08250000-085fffff : <BAD>\n";
	struct mo_kernel *kernel = iomem_kernel();

	(void)state;
	mo_fake_put_u64(kernel, RANGE(1) + 48, RANGE(0));
	expect_text(kernel, first_two, "the tree is circular: it returns to the resource at 0xffff888000002000");

	kernel = iomem_kernel();
	mo_fake_put_u64(kernel, RANGE(1) + 48, ROOT);
	expect_text(kernel, first_two, "the tree is circular: it returns to the resource at 0xffff888000001000");

	kernel = iomem_kernel();
	mo_fake_put_u64(kernel, RANGE(3) + 56, RANGE(1));
	expect_text(kernel, whole, "the tree is circular: it returns to the resource at 0xffff888000002060");

	kernel = iomem_kernel();
	mo_fake_put_u64(kernel, RANGE(3) + 48, RANGE(3));
	expect_text(kernel, whole, "the tree is circular: it returns to the resource at 0xffff888000002120");
}

static void test_wrong_parent(void **state)
{
	struct mo_kernel *kernel = iomem_kernel();

	(void)state;
	mo_fake_put_u64(kernel, RANGE(2) + 40, RANGE(4));
	expect_text(kernel,
		    "00001000-0009fbff : System RAM\n"
		    "00100000-1ffd6fff : System RAM\n"
		    "fd00000000-ffffffffff : Reserved\n",
		    "the resource at 0xffff8880000020c0 is a child of 0xffff888000002060, but its "
		    "parent is 0xffff888000002180");
}

static void test_unreadable(void **state)
{
	struct mo_kernel *kernel = iomem_kernel();
	struct mo_error *error = NULL;
	struct mo_run *run;

	(void)state;
	mo_fake_break(kernel, RANGE(2), 0x60, MO_E_NOT_IN_DUMP);
	expect_text(kernel,
		    "00001000-0009fbff : System RAM\n"
		    "00100000-1ffd6fff : System RAM\n"
		    "fd00000000-ffffffffff : Reserved\n",
		    "cannot read struct resource at 0xffff8880000020c0");

	kernel = iomem_kernel();
	mo_fake_break(kernel, ROOT, 0x60, MO_E_NOT_IN_DUMP);
	run = fake_run_try(kernel, memopsy_plugin_entry_iomem(), &error);
	expect_error(error, MO_E_NOT_IN_DUMP, "cannot read struct resource at 0xffff888000001000");
	fake_run_destroy(run);
	mo_fake_destroy(kernel);
}

static void test_names(void **state)
{
	struct mo_kernel *kernel = iomem_kernel();
	struct mo_run *run;
	char *text;

	(void)state;
	/* An escape sequence is shown, not sent to the terminal. */
	mo_fake_put(kernel, NAME(1), "\033[2J\n", 6);
	run = run_iomem(kernel);
	text = fake_run_flagged(run, "iomem", NULL);
	assert_null(strchr(text, '\033'));
	assert_non_null(strstr(text, "00001000-0009fbff : \\x1b[2J\\x0a\n00100000-1ffd6fff : System RAM\n"));
	free(text);
	fake_run_destroy(run);
	mo_fake_destroy(kernel);

	kernel = iomem_kernel();
	mo_fake_put_u64(kernel, RANGE(4) + 16, 0x1230);
	expect_text(kernel,
		    "00001000-0009fbff : System RAM\n"
		    "00100000-1ffd6fff : System RAM\n"
		    "  05400000-066ca8df : Kernel code\n"
		    "  08250000-085fffff : <BAD>\n"
		    "fd00000000-ffffffffff : ?\n",
		    "cannot read its name");
}

/* Names are indented five times at most; ranges within ranges end somewhere. */
static void test_depth(void **state)
{
	struct mo_kernel *kernel = iomem_kernel();
	struct mo_run *run;
	const struct mo_iomem_model *model;
	char *text;

	(void)state;
	for (unsigned i = 0; i < 100; i++)
		put_range(kernel, &(const struct range){ RANGE(i), 0, 0xfff, "deep", i ? RANGE(i - 1) : ROOT, 0,
							 RANGE(i + 1) }, i % 64);
	run = run_iomem(kernel);
	model = mo_run_model(run);
	assert_int_equal(model->n_ranges, 63 + 1);
	assert_false(model->is_complete);
	assert_true(fake_run_said(run, "resources are nested more than 64 deep"));
	text = fake_run_flagged(run, "iomem", NULL);
	assert_non_null(strstr(text, "\n          00000000-00000fff : deep\n"));
	assert_null(strstr(text, "\n           "));
	free(text);
	fake_run_destroy(run);
	mo_fake_destroy(kernel);
}

static void test_too_many(void **state)
{
	struct mo_kernel *kernel = mo_fake_kernel(&(struct mo_fake){
		.rows = rows, .n_rows = N_ROWS(rows), .symbols = symbols, .n_symbols = N_ROWS(symbols) });
	struct mo_run *run;
	const struct mo_iomem_model *model;

	(void)state;
	mo_fake_map(kernel, ROOT, 0x700000);
	put_range(kernel, &(const struct range){ ROOT, 0, UINT64_MAX, NULL, 0, 0, RANGE(0) }, 0);
	for (unsigned i = 0; i < 70000; i++)
		put_range(kernel, &(const struct range){ RANGE(i), i, i, NULL, ROOT, RANGE(i + 1), 0 }, 0);
	run = run_iomem(kernel);
	model = mo_run_model(run);
	assert_int_equal(model->n_ranges, 65536);
	assert_true(fake_run_said(run, "more than 65536 resources"));
	fake_run_destroy(run);
	mo_fake_destroy(kernel);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_whole),
		cmocka_unit_test(test_empty),
		cmocka_unit_test(test_narrow_root),
		cmocka_unit_test(test_loops),
		cmocka_unit_test(test_wrong_parent),
		cmocka_unit_test(test_unreadable),
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_depth),
		cmocka_unit_test(test_too_many),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
