/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Memory allocation profiling: counts by place, tags of pages behind their struct page_ext and in their flags. */

#include "toy_page_owner.h"

#define HEAD "allocinfo - version: 1.0\n#     <size>  <calls> <tag info>\n"
#define LINE_10 "        8192        2 mm/user.c:10 func:user \n"
#define LINE_20 "           0        0 mm/user.c:20 func:user \n"
#define LINE_30 "         100        1 mm/user.c:30 [a_module] func:user \n"

static void expect_text(struct mo_kernel *kernel, const char *expected, const char *said)
{
	struct mo_run *run = toy_run(kernel);
	char *text = fake_run_text(run, "allocinfo", NULL);

	assert_string_equal(text, expected);
	if (said)
		assert_true(fake_run_said(run, said));
	else
		assert_int_equal(fake_run_finding_count(run), 0);
	free(text);
	toy_end(kernel, run);
}

static void test_text(void **state)
{
	struct mo_kernel *kernel = toy_kernel();

	(void)state;
	expect_text(toy_kernel(), HEAD LINE_10 LINE_20 LINE_30, NULL);
	mo_fake_put_u32(kernel, TOY_TAGS + TOY_TAG_BYTES, 1);
	expect_text(kernel, HEAD LINE_10 "           0        0 mm/user.c:20 func:user accurate:no \n" LINE_30, NULL);
}

static void test_pages(void **state)
{
	static const struct toy_record records[] = {
		{ .pfn = 32, .order = 1, .handle = TOY_FIRST_STACK, .tag_kva = TOY_TAGS },
		{ .pfn = 40, .order = 0, .handle = TOY_FIRST_STACK, .tag_kva = TOY_OTHER_TAGS },
		{ .pfn = 41, .order = 0, .handle = TOY_FIRST_STACK, .tag_kva = TOY_OTHER_TAGS },
		{ .pfn = 42, .order = 0, .handle = TOY_FIRST_STACK, .tag_kva = TOY_TAGS + 8 },
		{ .pfn = 43, .order = 0, .handle = TOY_FIRST_STACK, .tag_kva = 1 },
	};
	struct mo_kernel *kernel = toy_kernel();
	const struct mo_page_owner_model *model;
	struct mo_page_owner_record record;
	struct mo_run *run;

	(void)state;
	for (size_t i = 0; i < N_ROWS(records); i++)
		toy_put(kernel, &records[i]);
	run = toy_run(kernel);
	model = mo_run_model(run);
	assert_int_equal(model->sites_state, MO_PAGE_OWNER_ON);
	assert_int_equal(model->n_sites, 3);
	assert_int_equal(model->sites[0].page_blocks, 1);
	assert_int_equal(model->sites[1].page_blocks, 0);
	assert_int_equal(model->sites[2].page_blocks, 2);
	expect_success(model->find(model, mo_fake_reader(kernel), 41, &record));
	assert_ptr_equal(record.site, &model->sites[2]);
	expect_success(model->find(model, mo_fake_reader(kernel), 42, &record));
	assert_null(record.site);
	expect_success(model->find(model, mo_fake_reader(kernel), 33, &record));
	assert_null(record.site);
	toy_end(kernel, run);
}

/* The function of init code that is gone stands in the tag; where there is none, its address is all there is. */
static void test_init_code(void **state)
{
	static const struct toy_record records[] = {
		{ .pfn = 32, .order = 0, .handle = TOY_INIT_STACK, .tag_kva = TOY_OTHER_TAGS },
		{ .pfn = 33, .order = 0, .handle = TOY_INIT_STACK, .tag_kva = TOY_OTHER_TAGS },
	};
	struct mo_kernel *kernel = toy_kernel();
	struct mo_run *run;
	char *text;

	(void)state;
	toy_put(kernel, &records[0]);
	toy_put(kernel, &records[1]);
	run = toy_run(kernel);
	text = fake_run_text(run, "page_owner", NULL);
	assert_non_null(strstr(text, "8.0 KiB       2      0  user    a_module     0x20\n"));
	free(text);
	toy_end(kernel, run);
	kernel = toy_kernel();
	toy_put(kernel, &records[0]);
	mo_fake_put_u64(kernel, toy_ext_kva(32) + TOY_TAG_OFFSET, 0);
	run = toy_run(kernel);
	text = fake_run_text(run, "page_owner", NULL);
	assert_non_null(strstr(text, "  0xffffffffc0001000  ?          0x20\n"));
	free(text);
	toy_end(kernel, run);
}

/* Index 2 is the kernel's first tag, 4 the module's. */
static void test_tags_in_page_flags(void **state)
{
	struct mo_kernel *kernel = toy_kernel();
	const struct mo_page_owner_model *model;
	struct mo_page_owner_record record;
	struct mo_run *run;

	(void)state;
	mo_fake_put_u32(kernel, TOY_INITED, 0);
	mo_fake_put_u32(kernel, TOY_COMPRESSED, 1);
	mo_fake_put_u32(kernel, TOY_REF_SHIFT, 30);
	mo_fake_put_u64(kernel, TOY_REF_MASK, 0xfff);
	mo_fake_put_u64(kernel, TOY_KERNEL_TAGS, TOY_TAGS);
	mo_fake_put_u64(kernel, TOY_KERNEL_TAGS + 8, 2);
	mo_fake_put_u64(kernel, TOY_MODULE_TAGS, TOY_OTHER_TAGS);
	mo_fake_map(kernel, TOY_PAGE(0), 64 * 64);
	mo_fake_put_u64(kernel, TOY_PAGE(3), 1ull << 60 | 3ull << 30 | 0x15);
	mo_fake_put_u64(kernel, TOY_PAGE(4), 4ull << 30);
	mo_fake_put_u64(kernel, TOY_PAGE(5), 5ull << 30);
	mo_fake_put_u64(kernel, TOY_PAGE(6), 1ull << 30);
	run = toy_run(kernel);
	model = mo_run_model(run);
	assert_int_equal(model->state, MO_PAGE_OWNER_OFF);
	expect_success(model->find(model, mo_fake_reader(kernel), 3, &record));
	assert_false(record.is_recorded);
	assert_ptr_equal(record.site, &model->sites[1]);
	expect_success(model->find(model, mo_fake_reader(kernel), 4, &record));
	assert_ptr_equal(record.site, &model->sites[2]);
	expect_error(model->find(model, mo_fake_reader(kernel), 5, &record), MO_E_ABSENT, "nothing is recorded");
	expect_error(model->find(model, mo_fake_reader(kernel), 6, &record), MO_E_ABSENT, "nothing is recorded");
	toy_end(kernel, run);
}

static void test_broken(void **state)
{
	struct mo_kernel *kernel = toy_kernel();

	(void)state;
	/* One CPU's counters are missing: the others' are no answer. */
	mo_fake_break(kernel, TOY_UNIT(1) + 16, 16, MO_E_NOT_IN_DUMP);
	expect_text(kernel, HEAD "           ?        ? mm/user.c:10 func:user \n" LINE_20 LINE_30,
		    "counters of CPU 1 of the alloc_tag at 0xffff888000001000");
	kernel = toy_kernel();
	mo_fake_put_u64(kernel, TOY_TAGS + 24, 0x10);
	expect_text(kernel, HEAD "        8192        2 ?:10 func:user \n" LINE_20 LINE_30, "alloc-tags-unreadable: ");
	kernel = toy_kernel();
	mo_fake_put_u64(kernel, TOY_RANGES + 32 + 8, 0xffff999900000000);
	expect_text(kernel, HEAD LINE_10 LINE_20, "alloc_tags from 0xffff999900000000 to 0xffff888000001128");
	kernel = toy_kernel();
	mo_fake_put_u64(kernel, TOY_NODE + 48, 0xffff999900000000);
	expect_text(kernel, HEAD LINE_10 LINE_20, "codetag_module at 0xffff999900000000");
}

static void expect_no_sites(struct mo_kernel *kernel, enum mo_page_owner_state sites_state, const char *note)
{
	struct mo_run *run = toy_run(kernel);
	const struct mo_page_owner_model *model = mo_run_model(run);
	char *text = fake_run_text(run, "allocinfo", NULL);

	assert_int_equal(model->sites_state, sites_state);
	assert_non_null(strstr(text, note));
	free(text);
	toy_end(kernel, run);
}

static void test_states(void **state)
{
	struct mo_kernel *kernel = toy_kernel();

	(void)state;
	mo_fake_put_u64(kernel, TOY_TAG_TYPE, 0);
	expect_no_sites(kernel, MO_PAGE_OWNER_OFF, "This kernel does not profile allocations");
	kernel = toy_kernel();
	mo_fake_put_u64(kernel, TOY_CTTYPE + 48, 48);
	expect_no_sites(kernel, MO_PAGE_OWNER_UNREADABLE, "could not be read");
	expect_no_sites(mo_fake_kernel(&(struct mo_fake){ .n_rows = 0 }), MO_PAGE_OWNER_NOT_BUILT, "was built without memory");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_text),	cmocka_unit_test(test_pages),  cmocka_unit_test(test_tags_in_page_flags),
		cmocka_unit_test(test_broken),	cmocka_unit_test(test_states), cmocka_unit_test(test_init_code),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
