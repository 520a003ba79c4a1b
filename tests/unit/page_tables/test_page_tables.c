/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Page tables and whose they are: sound, shared, and with entries that point where no table of theirs is. */

#include "toy_tables.h"

static void expect_table(const struct mo_page_tables_model *model, uint64_t pfn, uint32_t owner, unsigned height)
{
	const struct mo_page_table *table = mo_page_table_at(model, pfn);

	assert_non_null(table);
	assert_int_equal(table->owner, owner);
	assert_int_equal(table->height, height);
}

static void test_sound(void **state)
{
	struct mo_kernel *kernel = toy_kernel();
	struct mo_run *run = toy_run(kernel, 3, 3);
	const struct mo_page_tables_model *model = mo_run_model(run);
	char *text = fake_run_flagged(run, "pagetables", NULL);

	(void)state;
	assert_int_equal(fake_run_finding_count(run), 0);
	assert_true(model->is_complete);
	assert_int_equal(model->n_owners, 3);
	assert_int_equal(model->n_tables, 12);
	for (unsigned height = 0; height < 4; height++) {
		assert_int_equal(model->counts[height][0], 2);
		assert_int_equal(model->counts[height][1], 1);
		assert_int_equal(model->owners[0].tables[height], 1);
	}
	expect_table(model, 4, 0, 0);
	expect_table(model, TOY_PGD(1), 2, 3);
	expect_table(model, TOY_PTE(1), 2, 0);
	assert_null(mo_page_table_at(model, 5));
	assert_non_null(strstr(text, "Marked, not found:            4.0 KiB\n"));
	assert_non_null(strstr(text, "Found and marked:             24.0 KiB\n"));
	assert_non_null(strstr(text, "100  one"));
	free(text);
	text = fake_run_flagged(run, "pagetables", "differences");
	assert_non_null(strstr(text, "PGD    100  one       other\n"));
	assert_non_null(strstr(text, "3c  ?        ?  ?         page-table\n"));
	free(text);
	toy_end(kernel, run);
}

static void expect_said(struct mo_kernel *kernel, uint64_t first_said, uint64_t second_said, const char *said)
{
	struct mo_run *run = toy_run(kernel, first_said, second_said);

	assert_true(fake_run_said(run, said));
	toy_end(kernel, run);
}

/* Entries that point back up, at oneself, at a table of another process or of the kernel, or outside of memory. */
static void test_points_wrong(void **state)
{
	struct mo_kernel *kernel = toy_kernel();

	(void)state;
	toy_point(kernel, TOY_PMD(0), 9, TOY_PGD(0));
	expect_said(kernel, 4, 3, "of the tables of one points at page frame 0xa as a PTE table, which is a PGD table of one");
	kernel = toy_kernel();
	for (unsigned i = 0; i < 256; i++)
		toy_point(kernel, TOY_PGD(1), i, TOY_PGD(1));
	expect_said(kernel, 3, 3, "points at page frame 0xe as a PUD table, which is a PGD table of two");
	kernel = toy_kernel();
	toy_point(kernel, TOY_PMD(1), 9, TOY_PTE(0));
	expect_said(kernel, 3, 4, "points at page frame 0xd as a PTE table, which is a PTE table of one");
	kernel = toy_kernel();
	toy_point(kernel, TOY_PUD(1), 9, 3);
	expect_said(kernel, 3, 4, "points at page frame 0x3 as a PMD table, which is a PMD table of (kernel)");
	kernel = toy_kernel();
	toy_point(kernel, TOY_PUD(1), 9, 0x123456);
	expect_said(kernel, 3, 3, "of the tables of two points at page frame 0x123456");
	kernel = toy_kernel();
	toy_point(kernel, TOY_PUD(1), 9, 1ull << 39);
	expect_said(kernel, 3, 3, "points at page frame 0x8000000000");
}

/* Huge pages of hugetlbfs share PMD tables: both count it, the first has it, nothing is wrong. */
static void test_shared(void **state)
{
	struct mo_kernel *kernel = toy_kernel();
	struct mo_run *run;
	const struct mo_page_tables_model *model;

	(void)state;
	toy_point(kernel, TOY_PUD(1), 5, TOY_PMD(0));
	run = toy_run(kernel, 3, 4);
	model = mo_run_model(run);
	assert_int_equal(fake_run_finding_count(run), 0);
	assert_int_equal(model->owners[2].tables[1], 2);
	assert_int_equal(model->owners[2].shared, 1);
	expect_table(model, TOY_PMD(0), 1, 1);
	assert_true(mo_page_table_at(model, TOY_PMD(0))->is_shared);
	assert_int_equal(model->n_tables, 12);
	toy_end(kernel, run);
}

static void test_unreadable(void **state)
{
	struct mo_kernel *kernel = toy_kernel();
	struct mo_run *run;
	const struct mo_page_tables_model *model;

	(void)state;
	mo_fake_break(kernel, BASE_KVA + TOY_PMD(1) * 4096ull, 4096, MO_E_NOT_IN_DUMP);
	run = toy_run(kernel, 3, 3);
	model = mo_run_model(run);
	assert_true(fake_run_said(run, "the page tables of two"));
	assert_false(model->is_complete);
	assert_false(model->owners[2].is_complete);
	assert_true(model->owners[1].is_complete);
	/* What is not known to be whole is not held against the mm's own count. */
	assert_int_equal(fake_run_finding_count(run), 1);
	toy_end(kernel, run);
	kernel = toy_kernel();
	expect_said(kernel, 3, 5, "of two counts 5, and 3 were found");
}

/* PTE tables behind huge pages: a ring of struct pages. */
static void put_deposits(struct mo_kernel *kernel, unsigned second_next)
{
	mo_fake_put_u64(kernel, TOY_PAGE_KVA(TOY_PMD(0)) + 32, TOY_PAGE_KVA(30));
	mo_fake_put_u64(kernel, TOY_PAGE_KVA(30) + 8, TOY_PAGE_KVA(31) + 8);
	mo_fake_put_u64(kernel, TOY_PAGE_KVA(31) + 8, TOY_PAGE_KVA(second_next) + 8);
}

static void test_deposits(void **state)
{
	struct mo_kernel *kernel = toy_kernel();
	struct mo_run *run;
	const struct mo_page_tables_model *model;

	(void)state;
	put_deposits(kernel, 30);
	run = toy_run(kernel, 5, 3);
	model = mo_run_model(run);
	assert_int_equal(fake_run_finding_count(run), 0);
	assert_int_equal(model->owners[1].deposited, 2);
	assert_true(mo_page_table_at(model, 31)->is_deposited);
	toy_end(kernel, run);
	/* A ring that does not close where it began. */
	kernel = toy_kernel();
	put_deposits(kernel, 31);
	expect_said(kernel, 5, 3, "points at page frame 0x1f as a PTE table, which is a PTE table of one");
	/* Into nowhere. */
	kernel = toy_kernel();
	put_deposits(kernel, 30);
	mo_fake_put_u64(kernel, TOY_PAGE_KVA(31) + 8, 0xdead000000000100ull);
	expect_said(kernel, 5, 3, "the page tables deposited from struct page 0xffff888000100780 on");
}

/* A top table that no task has is found by the list of all of them; a list that loops comes to an end. */
static void test_listed(void **state)
{
	struct mo_kernel *kernel = toy_kernel();
	uint64_t node_kva = TOY_PAGE_KVA(40) + 8;
	struct mo_run *run;
	const struct mo_page_tables_model *model;

	(void)state;
	mo_fake_put_u64(kernel, TOY_PGD_LIST, node_kva);
	mo_fake_put_u64(kernel, TOY_PGD_LIST + 8, node_kva);
	mo_fake_put_u64(kernel, node_kva, TOY_PGD_LIST);
	mo_fake_put_u64(kernel, node_kva + 8, TOY_PGD_LIST);
	mo_fake_put_u64(kernel, TOY_PAGE_KVA(40) + 40, 0xffff888000099000ull);
	run = toy_run(kernel, 3, 3);
	model = mo_run_model(run);
	assert_int_equal(model->n_owners, 4);
	assert_int_equal(model->owners[3].kind, MO_TABLES_OF_NO_TASK);
	assert_int_equal(model->owners[3].mm_kva, 0xffff888000099000ull);
	expect_table(model, 40, 3, 3);
	toy_end(kernel, run);
	kernel = toy_kernel();
	mo_fake_put_u64(kernel, TOY_PGD_LIST, node_kva);
	mo_fake_put_u64(kernel, node_kva, node_kva);
	mo_fake_put_u64(kernel, node_kva + 8, TOY_PGD_LIST);
	expect_said(kernel, 3, 3, "pgd_list");
}

/* Noise in all tables: it ends, and every table is there once. */
static void test_random_damage(void **state)
{
	uint64_t seed = 11;

	(void)state;
	for (unsigned round = 0; round < 50; round++) {
		struct mo_kernel *kernel = toy_kernel();
		struct mo_run *run;
		const struct mo_page_tables_model *model;

		for (unsigned i = 0; i < 200; i++) {
			uint64_t random = next_random(&seed);

			toy_point(kernel, 1 + (unsigned)(random % 20), random >> 8 & 511, random >> 20 & 127);
		}
		run = toy_run(kernel, 3, 3);
		model = mo_run_model(run);
		assert_true(model->n_tables <= TOY_PAGES);
		for (size_t i = 1; i < model->n_tables; i++)
			assert_true(model->tables[i - 1].pfn < model->tables[i].pfn);
		toy_end(kernel, run);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sound),
		cmocka_unit_test(test_points_wrong),
		cmocka_unit_test(test_shared),
		cmocka_unit_test(test_unreadable),
		cmocka_unit_test(test_deposits),
		cmocka_unit_test(test_listed),
		cmocka_unit_test(test_random_damage),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
