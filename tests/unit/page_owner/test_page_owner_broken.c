/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Records in nowhere, handles of garbage, sizes that do not fit: bounded, and told with addresses. */

#include "toy_page_owner.h"

static const struct toy_record good = { .pfn = 16, .order = 1, .handle = TOY_FIRST_STACK, .pid = 7, .comm = "good" };

static struct mo_run *run_of(struct mo_kernel *kernel, size_t n_groups, const char *said)
{
	struct mo_run *run = toy_run(kernel);
	const struct mo_page_owner_model *model = mo_run_model(run);

	assert_int_equal(model->n_groups, n_groups);
	assert_true(fake_run_said(run, said));
	return run;
}

static void test_section_in_nowhere(void **state)
{
	struct mo_kernel *kernel = toy_kernel();
	const struct mo_page_owner_model *model;
	struct mo_page_owner_record record;
	struct mo_run *run;

	(void)state;
	toy_put(kernel, &good);
	mo_fake_put_u64(kernel, TOY_SECTIONS + 32 + 16, 0xffff999900000000);
	run = run_of(kernel, 1, "page-ext-unreadable: ");
	model = mo_run_model(run);
	assert_int_equal(model->unreadable_pages, TOY_SECTION_PAGES);
	assert_true(fake_run_said(run, "cannot read the struct page_ext at 0xffff9999000"));
	expect_error(model->find(model, mo_fake_reader(kernel), 300, &record), MO_E_NOT_MAPPED,
		     "cannot read the struct page_ext of page frame 0x12c");
	toy_end(kernel, run);
}

/* One page of records is missing: those that lie in it, and the one that only begins or ends there. */
static void test_missing_page(void **state)
{
	struct mo_kernel *kernel = toy_kernel();
	const struct mo_page_owner_model *model;
	struct toy_record behind = good;
	struct mo_run *run;

	(void)state;
	behind.pfn = 98;
	toy_put(kernel, &good);
	toy_put(kernel, &behind);
	mo_fake_break(kernel, TOY_EXT(0) + 4096, 4096, MO_E_NOT_IN_DUMP);
	run = run_of(kernel, 1, "page-ext-unreadable: ");
	model = mo_run_model(run);
	assert_int_equal(model->pages, 4);
	assert_true(model->unreadable_pages >= 47 && model->unreadable_pages <= 49);
	toy_end(kernel, run);
}

static void test_section_going_offline(void **state)
{
	struct mo_kernel *kernel = toy_kernel();
	struct mo_page_owner_record record;
	const struct mo_page_owner_model *model;
	struct mo_run *run;

	(void)state;
	toy_put(kernel, &good);
	mo_fake_put_u64(kernel, TOY_SECTIONS + 16, TOY_EXT(0) | 1);
	run = toy_run(kernel);
	model = mo_run_model(run);
	assert_int_equal(model->n_groups, 0);
	assert_int_equal(fake_run_finding_count(run), 0);
	expect_error(model->find(model, mo_fake_reader(kernel), 16, &record), MO_E_ABSENT, "nothing is recorded");
	toy_end(kernel, run);
}

static void test_handle_of_garbage(void **state)
{
	static const struct toy_record records[] = {
		{ .pfn = 32, .handle = 0xdeadbeef, .comm = "bad" },
		{ .pfn = 33, .handle = 0, .comm = "none" },
	};
	struct mo_kernel *kernel = toy_kernel();
	const struct mo_page_owner_model *model;
	struct mo_page_owner_record record;
	struct mo_run *run;
	char *text;

	(void)state;
	toy_put(kernel, &good);
	toy_put(kernel, &records[0]);
	toy_put(kernel, &records[1]);
	run = run_of(kernel, 3, "page-owner-stacks-unreadable: ");
	model = mo_run_model(run);
	assert_true(fake_run_said(run, "stack with handle 0xdeadbeef: there is no pool 114414"));
	assert_int_equal(model->pages, 4);
	expect_success(model->find(model, mo_fake_reader(kernel), 32, &record));
	assert_int_equal(record.stack->n_frames, 0);
	text = fake_run_text(run, "page_owner", NULL);
	assert_non_null(strstr(text, " ? "));
	free(text);
	expect_error(fake_run_error(run, "page_owner", (const char *const[]){ "32", NULL }), MO_E_CORRUPT,
		     "stack with handle 0xdeadbeef");
	toy_end(kernel, run);
}

static void test_order_of_garbage(void **state)
{
	struct mo_kernel *kernel = toy_kernel();
	struct mo_page_owner_record record;
	const struct mo_page_owner_model *model;
	struct mo_run *run;

	(void)state;
	toy_put(kernel, &good);
	mo_fake_put_u16(kernel, toy_ext_kva(17) + TOY_OWNER_OFFSET, 64);
	run = run_of(kernel, 1, "page frame 0x11 has order 64");
	model = mo_run_model(run);
	assert_int_equal(model->pages, 1);
	assert_int_equal(model->unreadable_pages, 1);
	expect_success(model->find(model, mo_fake_reader(kernel), 17, &record));
	assert_int_equal(record.head_pfn, 17);
	toy_end(kernel, run);
}

static void expect_unreadable(struct mo_kernel *kernel, const char *said)
{
	struct mo_run *run = run_of(kernel, 0, said);
	const struct mo_page_owner_model *model = mo_run_model(run);
	char *text = fake_run_text(run, "page_owner", NULL);

	assert_int_equal(model->state, MO_PAGE_OWNER_UNREADABLE);
	assert_non_null(strstr(text, "page_owner records could not be read"));
	free(text);
	toy_end(kernel, run);
}

static void test_sizes_of_garbage(void **state)
{
	struct mo_kernel *kernel = toy_kernel();

	(void)state;
	mo_fake_put_u64(kernel, TOY_SIZE_KVA, 0xffffffffffffffff);
	expect_unreadable(kernel, "page_ext_size is 18446744073709551615");
	kernel = toy_kernel();
	mo_fake_put_u64(kernel, TOY_SIZE_KVA, 0);
	expect_unreadable(kernel, "page_owner_ops.offset is 8 of page_ext_size 0");
	kernel = toy_kernel();
	mo_fake_put_u64(kernel, TOY_OPS, 0xfffffffffffffff8);
	expect_unreadable(kernel, "page_owner_ops.offset is 18446744073709551608 of page_ext_size 88");
	kernel = toy_kernel();
	mo_fake_break(kernel, TOY_INITED, 4, MO_E_NOT_IN_DUMP);
	expect_unreadable(kernel, "page_owner_inited: ");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_section_in_nowhere),  cmocka_unit_test(test_missing_page),
		cmocka_unit_test(test_section_going_offline), cmocka_unit_test(test_handle_of_garbage),
		cmocka_unit_test(test_order_of_garbage),    cmocka_unit_test(test_sizes_of_garbage),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
