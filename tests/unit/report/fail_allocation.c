/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>

/*
 * Loaded before the C library (LD_PRELOAD): the allocation of number MEMOPSY_TEST_FAIL fails, all others are the C
 * library's. What a program under test does then is seen by check_report_json.py.
 *
 * State is this test's own: counting needs a variable, and there is one thread.
 */

void *__libc_malloc(size_t n_bytes);
void *__libc_calloc(size_t n_items, size_t item_bytes);
void *__libc_realloc(void *old, size_t n_bytes);

static bool is_the_one(void)
{
	static long wanted = -1;
	static long count;

	if (wanted < 0) {
		const char *number = getenv("MEMOPSY_TEST_FAIL");

		wanted = number ? strtol(number, NULL, 10) : 0;
	}
	if (++count != wanted)
		return false;
	errno = ENOMEM;
	return true;
}

__attribute__((visibility("default"))) void *malloc(size_t n_bytes)
{
	return is_the_one() ? NULL : __libc_malloc(n_bytes);
}

__attribute__((visibility("default"))) void *calloc(size_t n_items, size_t item_bytes)
{
	return is_the_one() ? NULL : __libc_calloc(n_items, item_bytes);
}

__attribute__((visibility("default"))) void *realloc(void *old, size_t n_bytes)
{
	return is_the_one() ? NULL : __libc_realloc(old, n_bytes);
}
