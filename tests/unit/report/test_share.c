/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Words of shares follow from the numbers, and a part that exceeds its whole has none. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <memopsy/share.h>

#define SHARE(part, whole) ((struct mo_share){ .part_bytes = (part), .whole_bytes = (whole) })

static void words_follow_from_the_number(void **state)
{
	(void)state;
	assert_string_equal(mo_share_words(SHARE(100, 100)), "nearly all");
	assert_string_equal(mo_share_words(SHARE(90, 100)), "nearly all");
	assert_string_equal(mo_share_words(SHARE(89, 100)), "most");
	assert_string_equal(mo_share_words(SHARE(50, 100)), "most");
	assert_string_equal(mo_share_words(SHARE(49, 100)), "the largest part");
	assert_string_equal(mo_share_words(SHARE(50, 101)), "the largest part");
	assert_string_equal(mo_share_words(SHARE(0, 1)), "the largest part");
	assert_string_equal(mo_share_words(SHARE(UINT64_MAX, UINT64_MAX)), "nearly all");
	assert_string_equal(mo_share_words(SHARE(UINT64_MAX / 2, UINT64_MAX)), "the largest part");
}

static void a_part_that_exceeds_its_whole_has_no_words(void **state)
{
	uint64_t thousandths = 1;

	(void)state;
	assert_false(mo_share_is_sound(SHARE(101, 100)));
	assert_false(mo_share_is_sound(SHARE(0, 0)));
	assert_null(mo_share_words(SHARE(1014, 508)));
	assert_false(mo_share_percent(SHARE(101, 100), &thousandths));
	assert_int_equal(thousandths, 1);
	assert_true(mo_share_percent(SHARE(99, 100), &thousandths));
	assert_int_equal(thousandths, 99000);
	assert_true(mo_share_percent(SHARE(UINT64_MAX, UINT64_MAX), &thousandths));
	assert_int_equal(thousandths, 100000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(words_follow_from_the_number),
		cmocka_unit_test(a_part_that_exceeds_its_whole_has_no_words),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
