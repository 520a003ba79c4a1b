/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <sched.h>
#include <stdatomic.h>
#include <unistd.h>

#include "progress_line.h"
#include "threads.h"

#define N_ITEMS 100003 /* a prime: the last chunk is a short one */
#define N_THREADS 8

struct seen {
	_Atomic uint8_t times[N_ITEMS];
	_Atomic unsigned in_use[N_THREADS];
	_Atomic uint64_t n_calls;
	uint64_t grain;
	_Atomic bool is_wrong;
};

static struct mo_error *see(void *context, unsigned thread_index, uint64_t first, uint64_t n_items)
{
	struct seen *seen = context;

	if (thread_index >= N_THREADS || !n_items || n_items > seen->grain || first % seen->grain ||
	    atomic_fetch_add(&seen->in_use[thread_index], 1))
		seen->is_wrong = true;
	for (uint64_t i = first; i < first + n_items && i < N_ITEMS; i++)
		atomic_fetch_add(&seen->times[i], 1);
	if (first + n_items > N_ITEMS)
		seen->is_wrong = true;
	atomic_fetch_add(&seen->n_calls, 1);
	atomic_fetch_sub(&seen->in_use[thread_index], 1);
	return NULL;
}

static void assert_each_once(unsigned n_threads, uint64_t grain)
{
	struct seen *seen = calloc(1, sizeof(*seen));

	seen->grain = grain;
	assert_null(mo_parallel(n_threads, N_ITEMS, grain, see, seen));
	assert_false(seen->is_wrong);
	assert_true(seen->n_calls == (N_ITEMS + grain - 1) / grain);
	for (size_t i = 0; i < N_ITEMS; i++)
		assert_int_equal(seen->times[i], 1);
	free(seen);
}

static void test_each_item_once(void **state)
{
	(void)state;
	assert_each_once(1, 1000);
	assert_each_once(2, 1);
	assert_each_once(N_THREADS, 64);
	assert_each_once(N_THREADS, 33333);
	assert_each_once(N_THREADS, N_ITEMS);
}

static void test_nothing_to_do(void **state)
{
	struct seen *seen = calloc(1, sizeof(*seen));

	(void)state;
	assert_null(mo_parallel(N_THREADS, 0, 10, see, seen));
	assert_true(seen->n_calls == 0);
	free(seen);
}

/* Which thread a chunk ran on: with one thread it must be the caller's. */
static struct mo_error *same_thread(void *context, unsigned thread_index, uint64_t first, uint64_t n_items)
{
	(void)first;
	(void)n_items;
	if (thread_index || gettid() != *(pid_t *)context)
		return mo_error_create(MO_E_INVALID, "ran on thread %u", thread_index);
	return NULL;
}

static void test_one_thread_is_the_caller(void **state)
{
	pid_t caller = gettid();

	(void)state;
	assert_null(mo_parallel(1, 100, 7, same_thread, &caller));
	assert_null(mo_parallel(N_THREADS, 100, 100, same_thread, &caller));
}

struct failing {
	uint64_t bad;
	_Atomic uint64_t n_calls;
};

static struct mo_error *fail_at(void *context, unsigned thread_index, uint64_t first, uint64_t n_items)
{
	struct failing *failing = context;

	(void)thread_index;
	(void)n_items;
	atomic_fetch_add(&failing->n_calls, 1);
	if (first >= failing->bad)
		return mo_error_create(MO_E_CORRUPT, "item %llu", (unsigned long long)failing->bad);
	return NULL;
}

static void assert_stops_at_error(unsigned n_threads, uint64_t bad, uint64_t most_calls)
{
	struct failing failing = { .bad = bad };
	struct mo_error *error = mo_parallel(n_threads, 1000000, 1, fail_at, &failing);
	char expected[32];

	snprintf(expected, sizeof(expected), "item %llu", (unsigned long long)bad);
	assert_non_null(error);
	assert_int_equal(mo_error_code(error), MO_E_CORRUPT);
	assert_string_equal(mo_error_text(error), expected);
	mo_error_destroy(error);
	assert_true(failing.n_calls > bad && failing.n_calls <= most_calls);
}

static void test_error_stops_the_work(void **state)
{
	(void)state;
	assert_stops_at_error(1, 500, 501);
	/* Each of the others may have one chunk under way, and its error is dropped. */
	for (int i = 0; i < 50; i++)
		assert_stops_at_error(N_THREADS, 100, 100 + N_THREADS);
}

static void test_thread_count(void **state)
{
	unsigned all;

	(void)state;
	unsetenv("MEMOPSY_THREADS");
	all = mo_thread_count();
	assert_true(all >= 1 && all <= 256);
	setenv("MEMOPSY_THREADS", "1", 1);
	assert_int_equal(mo_thread_count(), 1);
	/* It narrows, never widens, and nonsense is as if it were not set. */
	setenv("MEMOPSY_THREADS", "100000", 1);
	assert_int_equal(mo_thread_count(), all);
	setenv("MEMOPSY_THREADS", "0", 1);
	assert_int_equal(mo_thread_count(), all);
	setenv("MEMOPSY_THREADS", "many", 1);
	assert_int_equal(mo_thread_count(), all);
	unsetenv("MEMOPSY_THREADS");
}

static void test_thread_count_follows_affinity(void **state)
{
	cpu_set_t before;
	cpu_set_t one;
	int cpu = 0;

	(void)state;
	assert_int_equal(sched_getaffinity(0, sizeof(before), &before), 0);
	while (!CPU_ISSET(cpu, &before))
		cpu++;
	CPU_ZERO(&one);
	CPU_SET(cpu, &one);
	assert_int_equal(sched_setaffinity(0, sizeof(one), &one), 0);
	assert_int_equal(mo_thread_count(), 1);
	assert_int_equal(sched_setaffinity(0, sizeof(before), &before), 0);
}

/* Of a machine with more CPUs than glibc's cpu_set_t has bits; 0: the machine that this is. */
static size_t large_machine_cpus;

int __real_sched_getaffinity(pid_t pid, size_t n_bytes, cpu_set_t *set);
int __wrap_sched_getaffinity(pid_t pid, size_t n_bytes, cpu_set_t *set);

int __wrap_sched_getaffinity(pid_t pid, size_t n_bytes, cpu_set_t *set)
{
	if (!large_machine_cpus)
		return __real_sched_getaffinity(pid, n_bytes, set);
	if (n_bytes * 8 < large_machine_cpus) {
		errno = EINVAL;
		return -1;
	}
	CPU_ZERO_S(n_bytes, set);
	CPU_SET_S(3, n_bytes, set);
	CPU_SET_S(1024, n_bytes, set);
	CPU_SET_S(large_machine_cpus - 1, n_bytes, set);
	return 0;
}

static void test_thread_count_above_1024_cpus(void **state)
{
	(void)state;
	for (large_machine_cpus = 2048; large_machine_cpus <= 8192; large_machine_cpus *= 2)
		assert_int_equal(mo_thread_count(), 3);
	/* More than anybody has: one, rather than a search without end. */
	large_machine_cpus = (size_t)1 << 30;
	assert_int_equal(mo_thread_count(), 1);
	large_machine_cpus = 0;
}

struct drawn {
	unsigned n_lines;
	struct mo_progress_state last;
};

static void draw(void *context, const struct mo_progress_state *state)
{
	struct drawn *drawn = context;

	drawn->n_lines++;
	drawn->last = *state;
}

static void test_short_phases_are_not_drawn(void **state)
{
	struct drawn drawn = { .n_lines = 0 };
	struct mo_progress *progress;

	(void)state;
	assert_null(mo_progress_create(draw, &drawn, &progress));
	mo_progress_begin(progress, "reading", 100);
	for (int i = 0; i < 100; i++)
		assert_true(mo_progress_add(progress, 1));
	mo_progress_end(progress);
	assert_int_equal(drawn.n_lines, 0);
	mo_progress_destroy(progress);
}

static void test_long_phases_are_drawn_and_ended(void **state)
{
	struct drawn drawn = { .n_lines = 0 };
	struct mo_progress *progress;

	(void)state;
	assert_null(mo_progress_create(draw, &drawn, &progress));
	mo_progress_begin(progress, "reading", 100);
	usleep(600000);
	mo_progress_add(progress, 30);
	mo_progress_add(progress, 1); /* too soon after the line before */
	assert_int_equal(drawn.n_lines, 1);
	assert_string_equal(drawn.last.phase, "reading");
	assert_true(drawn.last.done == 30 && drawn.last.total == 100 && !drawn.last.is_end);
	assert_true(drawn.last.seconds >= 0.5);
	mo_progress_end(progress);
	assert_int_equal(drawn.n_lines, 2);
	assert_true(drawn.last.is_end && drawn.last.done == 31);
	mo_progress_destroy(progress);
}

static void test_stop(void **state)
{
	struct mo_progress *progress;
	struct mo_error *error;

	(void)state;
	assert_null(mo_progress_create(NULL, NULL, &progress));
	mo_progress_begin(progress, "reading mem_map", 10);
	assert_true(mo_progress_add(progress, 1));
	assert_false(mo_progress_is_stopped(progress));
	mo_progress_request_stop(progress);
	assert_true(mo_progress_is_stopped(progress));
	assert_false(mo_progress_add(progress, 1));
	error = mo_progress_cancelled(progress);
	assert_int_equal(mo_error_code(error), MO_E_CANCELLED);
	assert_string_equal(mo_error_text(error), "interrupted while reading mem_map");
	mo_error_destroy(error);
	mo_progress_end(progress);
	mo_progress_destroy(progress);
}

static void test_no_progress_is_fine(void **state)
{
	(void)state;
	mo_progress_begin(NULL, "x", 1);
	assert_true(mo_progress_add(NULL, 1));
	mo_progress_end(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_thread_count_above_1024_cpus),
		cmocka_unit_test(test_each_item_once),
		cmocka_unit_test(test_nothing_to_do),
		cmocka_unit_test(test_one_thread_is_the_caller),
		cmocka_unit_test(test_error_stops_the_work),
		cmocka_unit_test(test_thread_count),
		cmocka_unit_test(test_thread_count_follows_affinity),
		cmocka_unit_test(test_short_phases_are_not_drawn),
		cmocka_unit_test(test_long_phases_are_drawn_and_ended),
		cmocka_unit_test(test_stop),
		cmocka_unit_test(test_no_progress_is_fine),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
