/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Passes over runs of page frames: every chunk that a run touches, once, and nothing of what lies between. */

#include "kernel_rows.h"

#include <stdatomic.h>

#include <memopsy/memmap.h>
#include <memopsy/parallel.h>

#define GRAIN 16u
#define MAX_CHUNKS 64

struct seen {
	_Atomic unsigned n_chunks;
	uint64_t first[MAX_CHUNKS];
	uint64_t n_items[MAX_CHUNKS];
};

static struct mo_error *note_chunk(void *context, struct mo_reader *reader, unsigned thread_index, uint64_t first,
				   uint64_t n_items)
{
	struct seen *seen = context;
	unsigned at = atomic_fetch_add(&seen->n_chunks, 1);

	(void)reader;
	(void)thread_index;
	assert_true(at < MAX_CHUNKS);
	seen->first[at] = first;
	seen->n_items[at] = n_items;
	return NULL;
}

static bool has(const struct seen *seen, uint64_t first, uint64_t n_items)
{
	for (unsigned i = 0; i < seen->n_chunks; i++)
		if (seen->first[i] == first && seen->n_items[i] == n_items)
			return true;
	return false;
}

static void scan(const struct mo_memmap_run *runs, size_t n_runs, struct seen *seen)
{
	struct mo_kernel *kernel = mo_fake_kernel(&(struct mo_fake){ .n_rows = 0 });

	expect_success(mo_parallel_scan_frames(kernel, NULL, "counting", runs, n_runs, sizeof(*runs), GRAIN, note_chunk, seen));
	mo_fake_destroy(kernel);
}

static void test_gaps_are_not_walked(void **state)
{
	static const struct mo_memmap_run runs[] = {
		{ .first_pfn = 5, .n_pages = 20 }, { .first_pfn = 27, .n_pages = 2 }, { .first_pfn = 40, .n_pages = 0 },
		{ .first_pfn = 1ull << 50, .n_pages = 17 },
	};
	struct seen seen = { .n_chunks = 0 };

	(void)state;
	scan(runs, N_ROWS(runs), &seen);
	assert_int_equal(seen.n_chunks, 4);
	assert_true(has(&seen, 5, 11));
	assert_true(has(&seen, 16, 16)); /* two runs are in it, and it comes once */
	assert_true(has(&seen, 1ull << 50, 16));
	assert_true(has(&seen, (1ull << 50) + 16, 1));
}

/* More stretches than a list has room for at first: each chunk comes once. */
static void test_many_gaps(void **state)
{
	enum { N_RUNS = 60 };
	struct mo_memmap_run runs[N_RUNS];
	struct seen seen = { .n_chunks = 0 };

	(void)state;
	for (uint64_t i = 0; i < N_RUNS; i++)
		runs[i] = (struct mo_memmap_run){ .first_pfn = i << 20, .n_pages = GRAIN };
	scan(runs, N_RUNS, &seen);
	assert_int_equal(seen.n_chunks, N_RUNS);
	for (uint64_t i = 0; i < N_RUNS; i++)
		assert_true(has(&seen, i << 20, GRAIN));
}

static void test_nothing_to_do(void **state)
{
	struct seen seen = { .n_chunks = 0 };

	(void)state;
	scan(NULL, 0, &seen);
	scan(&(const struct mo_memmap_run){ .first_pfn = 7 }, 1, &seen);
	assert_int_equal(seen.n_chunks, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_gaps_are_not_walked),
		cmocka_unit_test(test_many_gaps),
		cmocka_unit_test(test_nothing_to_do),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
