/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Counters before and after a running kernel was read, and the score that they make. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "live.h"

#define MEMINFO "MemTotal:        4000 kB\nMemFree:         1000 kB\n"

static void counters(struct mo_live_counters *ret, const char *vmstat, const char *stat)
{
	mo_live_counters_parse(vmstat, stat, MEMINFO, 4096, ret);
}

static void test_parse(void **state)
{
	struct mo_live_counters found;

	(void)state;
	counters(&found, "nr_free_pages 123\nnr_free_pages_blocks 7\nnr_shmem 0\npgalloc_dma 10\npgalloc_normal 32\npgfree 41\n",
		 "cpu  1 2 3\nprocesses 77\nprocs_running 1\n");
	assert_int_equal(found.counts[MO_LIVE_FREE].value, 123);
	assert_int_equal(found.counts[MO_LIVE_SHMEM].value, 0);
	assert_int_equal(found.counts[MO_LIVE_SHMEM].certainty, MO_EXACT);
	assert_int_equal(found.counts[MO_LIVE_ALLOCATIONS].value, 42);
	assert_int_equal(found.counts[MO_LIVE_FREES].value, 41);
	assert_int_equal(found.counts[MO_LIVE_FORKS].value, 77);
	assert_int_equal(found.counts[MO_LIVE_ANON].certainty, MO_UNKNOWN);
	assert_int_equal(found.total_pages.value, 1000);
	mo_live_counters_parse(NULL, NULL, NULL, 4096, &found);
	assert_int_equal(found.total_pages.certainty, MO_UNKNOWN);
	assert_int_equal(found.counts[MO_LIVE_FREES].certainty, MO_UNKNOWN);
}

static void expect_score(const char *before_text, const char *after_text, bool is_known, unsigned expected)
{
	struct mo_live_counters before, after;
	unsigned score = 1;

	counters(&before, before_text, "");
	counters(&after, after_text, "");
	assert_int_equal(mo_live_score(&before, &after, &score), is_known);
	assert_int_equal(score, is_known ? expected : 1);
}

static void test_score(void **state)
{
	(void)state;
	expect_score("pgfree 10\n", "pgfree 10\n", true, 100000);
	expect_score("pgfree 10\n", "pgfree 35\n", true, 97500);
	/* The same page again and again: nothing is known to have stayed. */
	expect_score("pgfree 10\n", "pgfree 5000\n", true, 0);
	expect_score("pgfree 10\n", "pgfree 9\n", false, 0);
	expect_score("", "pgfree 9\n", false, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_parse),
		cmocka_unit_test(test_score),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
