/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The pass over words: pages by class, pages that are missing, and what is there of pages that are missing in part. */
#include "fake_kernel.h"

#include <memopsy/word_pass.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define DIRECT_KVA 0xffff888000000000ull
#define FIRST_PFN 16
#define N_PAGES 8
#define KVA(page) (DIRECT_KVA + (FIRST_PFN + (page)) * 0x1000ull)

enum { SLAB = 1, ROOT = 2 };

struct seen {
	uint8_t kinds[N_PAGES * 4096 / 8]; /* of each word */
	size_t n_views;
	size_t n_views_max;
};

static bool look(void *context, unsigned thread_index, const struct mo_word_view *view)
{
	struct seen *seen = context;

	assert_int_equal(thread_index, 0);
	assert_int_equal(view->pa % 8, 0);
	for (size_t at = 0; at + 8 <= view->n_bytes; at += 8) {
		uint64_t word;
		size_t number = (view->pa + at - FIRST_PFN * 4096) / 8;

		memcpy(&word, view->bytes + at, 8);
		assert_int_equal(word, number + 1);
		assert_int_equal(seen->kinds[number], 0);
		seen->kinds[number] = (uint8_t)view->kind;
	}
	return !seen->n_views_max || ++seen->n_views < seen->n_views_max;
}

static struct mo_kernel *start(void)
{
	static const struct mo_fake fake = { .end_pfn = 64 };
	struct mo_kernel *kernel = mo_fake_kernel(&fake);

	mo_fake_physical(kernel, DIRECT_KVA, 64 * 4096, 0);
	mo_fake_map(kernel, KVA(0), N_PAGES * 4096);
	for (uint64_t i = 0; i < N_PAGES * 4096 / 8; i++)
		mo_fake_put_u64(kernel, KVA(0) + i * 8, i + 1);
	return kernel;
}

static struct mo_error *scan(struct mo_kernel *kernel, struct seen *seen, uint64_t *n_missing)
{
	static const uint8_t classes[N_PAGES] = { MO_PAGE_SLAB, MO_PAGE_SLAB, MO_PAGE_FREE_BUDDY, MO_PAGE_SLAB,
						  MO_PAGE_KERNEL_STACK, MO_PAGE_SLAB, MO_PAGE_SLAB, MO_PAGE_SLAB };
	static const struct mo_page_run run = { .first_pfn = FIRST_PFN, .n_pages = N_PAGES, .classes = classes };
	struct mo_word_pass pass = { .kernel = kernel, .phase = "words", .runs = &run, .n_runs = 1, .look = look, .context = seen,
				     .kinds = { [MO_PAGE_SLAB] = SLAB, [MO_PAGE_KERNEL_STACK] = ROOT } };

	*n_missing = 0;
	return mo_scan_words(&pass, n_missing);
}

static void assert_kinds(const struct seen *seen, size_t page, size_t from, size_t to, uint8_t kind)
{
	for (size_t at = from; at < to; at += 8)
		assert_int_equal(seen->kinds[(page * 4096 + at) / 8], kind);
}

static void classes_decide(void **state)
{
	struct mo_kernel *kernel = start();
	struct seen seen = { .n_views = 0 };
	uint64_t n_missing;

	(void)state;
	assert_null(scan(kernel, &seen, &n_missing));
	assert_int_equal(n_missing, 0);
	for (size_t page = 0; page < N_PAGES; page++)
		assert_kinds(&seen, page, 0, 4096, page == 2 ? 0 : page == 4 ? ROOT : SLAB);
	mo_fake_destroy(kernel);
}

/* Page 1 lacks its beginning, page 3 a piece, page 5 is excluded, page 6 is a hole. */
static void parts_are_looked_at(void **state)
{
	struct mo_kernel *kernel = start();
	struct seen seen = { .n_views = 0 };
	uint64_t n_missing;

	(void)state;
	mo_fake_break(kernel, KVA(1), 0x400, MO_E_NOT_IN_DUMP);
	mo_fake_break(kernel, KVA(3) + 0x810, 0x100, MO_E_CORRUPT);
	mo_fake_break(kernel, KVA(5), 0x1000, MO_E_NOT_IN_DUMP);
	mo_fake_break(kernel, KVA(6), 0x1000, MO_E_NOT_MAPPED);
	assert_null(scan(kernel, &seen, &n_missing));
	assert_int_equal(n_missing, 3);
	assert_kinds(&seen, 0, 0, 4096, SLAB);
	assert_kinds(&seen, 1, 0, 0x400, 0);
	assert_kinds(&seen, 1, 0x400, 4096, SLAB);
	assert_kinds(&seen, 3, 0, 0x810, SLAB);
	assert_kinds(&seen, 3, 0x810, 0xa00, 0); /* to where the next part may begin */
	assert_kinds(&seen, 3, 0xa00, 4096, SLAB);
	assert_kinds(&seen, 5, 0, 4096, 0);
	assert_kinds(&seen, 6, 0, 4096, 0);
	assert_kinds(&seen, 7, 0, 4096, SLAB);
	mo_fake_destroy(kernel);
}

static void ends_when_told(void **state)
{
	struct mo_kernel *kernel = start();
	struct seen seen = { .n_views_max = 2 };
	uint64_t n_missing;
	struct mo_error *error;

	(void)state;
	error = scan(kernel, &seen, &n_missing);
	assert_non_null(error);
	assert_int_equal(mo_error_code(error), MO_E_LIMIT);
	mo_error_destroy(error);
	assert_int_equal(seen.n_views, 2);
	mo_fake_destroy(kernel);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(classes_decide),
		cmocka_unit_test(parts_are_looked_at),
		cmocka_unit_test(ends_when_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
