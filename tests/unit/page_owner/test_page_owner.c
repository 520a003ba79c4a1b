/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What page_owner recorded: groups, single records, and kernels that keep none. */

#include "toy_page_owner.h"

#include <ctype.h>

#include "gathering.h"

#define SECOND 1000000000ull

static const struct toy_record records[] = {
	{ .pfn = 16, .order = 0, .gfp_mask = 0xcc0, .handle = TOY_FIRST_STACK, .ns = 5 * SECOND, .pid = 7, .comm = "one" },
	{ .pfn = 20, .order = 2, .gfp_mask = 0xcc0, .handle = TOY_SECOND_STACK, .ns = 6 * SECOND, .pid = 8, .comm = "two" },
	{ .pfn = 17, .order = 0, .gfp_mask = 0xdc0, .handle = TOY_FIRST_STACK, .ns = 4 * SECOND, .pid = 7, .comm = "one" },
	{ .pfn = 300, .order = 2, .gfp_mask = 0xcc0, .handle = TOY_SECOND_STACK, .ns = 9 * SECOND, .pid = 8, .comm = "two" },
	{ .pfn = 400, .order = 1, .handle = TOY_FIRST_STACK, .free_handle = TOY_SECOND_STACK, .ns = 1 * SECOND,
	  .free_ns = 2 * SECOND, .pid = 9, .comm = "gone", .is_free = true },
	{ .pfn = 511, .order = 0, .handle = TOY_SECOND_STACK, .pid = 1, .comm = "last" },
};

static struct mo_kernel *used_kernel(void)
{
	struct mo_kernel *kernel = toy_kernel();

	for (size_t i = 0; i < N_ROWS(records); i++)
		toy_put(kernel, &records[i]);
	return kernel;
}

static void expect_group(const struct mo_page_owner_model *model, size_t index, const char *caller, unsigned order,
			 uint64_t blocks, uint64_t pages)
{
	const struct mo_page_owner_group *group = &model->groups[index];

	assert_true(index < model->n_groups);
	assert_string_equal(model->stacks[group->stack].caller_name, caller);
	assert_int_equal(group->order, order);
	assert_int_equal(group->blocks, blocks);
	assert_int_equal(group->pages, pages);
	assert_int_equal(group->bytes, pages * 4096);
}

static void test_groups(void **state)
{
	struct mo_kernel *kernel = used_kernel();
	struct mo_run *run = toy_run(kernel);
	const struct mo_page_owner_model *model = mo_run_model(run);

	(void)state;
	assert_int_equal(model->state, MO_PAGE_OWNER_ON);
	assert_int_equal(model->n_groups, 3);
	assert_int_equal(model->pages, 11);
	expect_group(model, 0, "second_user", 2, 2, 8);
	expect_group(model, 1, "first_user", 0, 2, 2);
	expect_group(model, 2, "second_user", 0, 1, 1);
	assert_true(model->groups[0].has_one_gfp);
	assert_false(model->groups[1].has_one_gfp);
	assert_int_equal(model->groups[1].oldest_ns, 4 * SECOND);
	assert_int_equal(model->groups[1].newest_ns, 5 * SECOND);
	assert_int_equal(model->groups[0].example_pfn, 20);
	assert_int_equal(model->n_stacks, 2);
	assert_int_equal(model->stacks[0].n_frames, 2);
	assert_int_equal(model->stacks[0].caller, 1);
	assert_int_equal(fake_run_finding_count(run), 0);
	toy_end(kernel, run);
}

static void test_find(void **state)
{
	struct mo_kernel *kernel = used_kernel();
	struct mo_run *run = toy_run(kernel);
	const struct mo_page_owner_model *model = mo_run_model(run);
	struct mo_page_owner_record record;

	(void)state;
	expect_success(model->find(model, mo_fake_reader(kernel), 303, &record));
	assert_int_equal(record.head_pfn, 300);
	assert_int_equal(record.order, 2);
	assert_true(record.is_allocated);
	assert_int_equal(record.pid, 8);
	assert_int_equal(record.allocated_ns, 9 * SECOND);
	assert_int_equal(record.migrate_reason, -1);
	assert_string_equal(record.comm, "two");
	assert_string_equal(record.stack->caller_name, "second_user");
	expect_success(model->find(model, mo_fake_reader(kernel), 401, &record));
	assert_false(record.is_allocated);
	assert_int_equal(record.freed_ns, 2 * SECOND);
	assert_int_equal(record.free_handle, TOY_SECOND_STACK);
	expect_error(model->find(model, mo_fake_reader(kernel), 100, &record), MO_E_ABSENT, "nothing is recorded for "
											    "page frame 0x64");
	expect_error(model->find(model, mo_fake_reader(kernel), 600, &record), MO_E_ABSENT, "page frame 0x258");
	expect_error(model->find(model, mo_fake_reader(kernel), UINT64_MAX, &record), MO_E_ABSENT, "nothing is recorded");
	toy_end(kernel, run);
}

static void put_free_block(struct mo_kernel *kernel, uint64_t pfn, uint64_t order)
{
	mo_fake_put_u64(kernel, TOY_PAGE(pfn) + 40, order);
	mo_fake_put_u32(kernel, TOY_PAGE(pfn) + 48, 0xffffff7f);
}

/* Early records, without a mask, of pages that lie in a free block, at its head, behind it, and where nothing is known. */
static void test_free_after_all(void **state)
{
	struct mo_kernel *kernel = toy_kernel();
	const struct mo_page_owner_model *model;
	struct mo_page_owner_record record;
	struct mo_run *run;

	(void)state;
	mo_fake_map(kernel, TOY_PAGE(0), TOY_SECTION_PAGES * 64);
	put_free_block(kernel, 32, 2);
	put_free_block(kernel, 64, 1000);
	for (uint64_t pfn = 30; pfn < 70; pfn++)
		toy_put(kernel, &(struct toy_record){ .pfn = pfn, .handle = TOY_FIRST_STACK, .pid = 1, .comm = "swapper" });
	toy_put(kernel, &(struct toy_record){ .pfn = 300, .handle = TOY_FIRST_STACK, .pid = 1, .comm = "swapper" });
	run = toy_run(kernel);
	model = mo_run_model(run);
	assert_int_equal(model->pages, 41 - 4);
	expect_success(model->find(model, mo_fake_reader(kernel), 35, &record));
	assert_false(record.is_allocated);
	expect_success(model->find(model, mo_fake_reader(kernel), 36, &record));
	assert_true(record.is_allocated);
	expect_success(model->find(model, mo_fake_reader(kernel), 65, &record));
	assert_true(record.is_allocated);
	toy_end(kernel, run);
}

static void test_views(void **state)
{
	struct mo_kernel *kernel = used_kernel();
	struct mo_run *run = toy_run(kernel);
	char *text = fake_run_text(run, "page_owner", (const char *const[]){ "--stacks", NULL });

	(void)state;
	assert_non_null(strstr(text, "32.0 KiB       2      2  second_user             0x14  alloc_pages_noprof+0x10 < second_"
				     "user+0x10\n"));
	free(text);
	text = fake_run_text(run, "page_owner", (const char *const[]){ "--blocks", NULL });
	assert_non_null(strstr(text, "\n0x1ff "));
	assert_null(strstr(text, "gone"));
	assert_null(strstr(text, "\n 0x15 "));
	free(text);
	text = fake_run_text(run, "page_owner", (const char *const[]){ "0x190", NULL });
	assert_non_null(strstr(text, "freed"));
	assert_non_null(strstr(text, "first_user+0x10"));
	assert_non_null(strstr(text, "second_user+0x10"));
	free(text);
	expect_error(fake_run_error(run, "page_owner", (const char *const[]){ "16q", NULL }), MO_E_INVALID,
		     "\"16q\" is not a page frame number");
	expect_error(fake_run_error(run, "page_owner", (const char *const[]){ "1", "2", NULL }), MO_E_INVALID,
		     "only one page frame at a time");
	expect_error(fake_run_error(run, "page_owner", (const char *const[]){ "99", NULL }), MO_E_ABSENT, "0x63");
	toy_end(kernel, run);
}

static void expect_note(struct mo_kernel *kernel, enum mo_page_owner_state owner_state, const char *note)
{
	struct mo_run *run = toy_run(kernel);
	const struct mo_page_owner_model *model = mo_run_model(run);
	char *text = fake_run_text(run, "page_owner", NULL);
	char *line = text;

	assert_int_equal(model->state, owner_state);
	assert_int_equal(model->n_groups, 0);
	for (; *line; line++) /* notes are wrapped */
		if (*line == '\n' && line[1])
			*line = ' ';
	assert_string_equal(text, note);
	free(text);
	toy_end(kernel, run);
}

static void test_states(void **state)
{
	struct mo_kernel *kernel = used_kernel();

	(void)state;
	mo_fake_put_u32(kernel, TOY_INITED, 0);
	expect_note(kernel, MO_PAGE_OWNER_OFF,
		    "This kernel has no page_owner records: it must be booted with page_owner=on.\n");
	expect_note(mo_fake_kernel(&(struct mo_fake){ .n_rows = 0 }), MO_PAGE_OWNER_NOT_BUILT,
		    "This kernel was built without page_owner (CONFIG_PAGE_OWNER).\n");
}

static void test_allocators(void **state)
{
	(void)state;
	assert_true(is_allocator("____cache_alloc_node"));
	assert_true(is_allocator("__alloc_pages_noprof"));
	assert_true(is_allocator("alloc_pages_mpol_noprof.part.0"));
	assert_true(is_allocator("get_page_from_freelist"));
	assert_true(is_allocator("kmem_cache_alloc.isra.0"));
	assert_true(is_allocator("vzalloc_node"));
	assert_true(is_allocator("__slab_alloc"));
	assert_true(is_allocator("post_alloc_hook"));
	assert_false(is_allocator("do_anonymous_page"));
	assert_false(is_allocator("_noprof"));
	assert_false(is_allocator(""));
	assert_false(is_allocator("alloc_pages_of_my_own"));
	assert_false(is_allocator("a_name_that_is_longer_than_all_those_of_the_kernel_s_own_allocators_together"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_groups),	   cmocka_unit_test(test_find),	      cmocka_unit_test(test_views),
		cmocka_unit_test(test_states),	   cmocka_unit_test(test_allocators), cmocka_unit_test(test_free_after_all),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
