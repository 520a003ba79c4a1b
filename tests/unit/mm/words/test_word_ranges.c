/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Ranges of words: sorted, cut where they overlap, found; and zeros that are passed over. */
#include <memopsy/word_pass.h>
#include <memopsy/word_ranges.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static struct mo_word_range range(uint64_t first, uint64_t end, uint32_t target)
{
	return (struct mo_word_range){ .first = first, .end = end, .target = target };
}

static void add(struct mo_word_ranges *set, struct mo_word_range added)
{
	assert_null(mo_word_ranges_add(set, added));
}

/* Whether both tests say that a word refers to the target. */
static void assert_target(const struct mo_word_ranges *set, uint64_t word, uint32_t target)
{
	const struct mo_word_range *found = mo_word_range_of(set, word);

	assert_true(mo_may_refer(set, word));
	assert_non_null(found);
	assert_int_equal(found->target, target);
}

static void ranges_are_sorted_and_found(void **state)
{
	struct mo_word_ranges set = { .n = 0 };

	(void)state;
	add(&set, range(0xffff888000003000, 0xffff888000003040, 7));
	add(&set, range(0xffff888000001ff8, 0xffff888000002008, 8));
	add(&set, range(0x5000, 0x5001, 9));
	assert_null(mo_word_ranges_prepare(&set));
	assert_int_equal(set.n, 3);
	assert_int_equal(set.first, 0x5000);
	assert_target(&set, 0x5000, 9);
	assert_target(&set, 0xffff888000001ff8, 8);
	assert_target(&set, 0xffff888000002007, 8);
	assert_target(&set, 0xffff88800000303f, 7);
	assert_null(mo_word_range_of(&set, 0x5001));
	assert_null(mo_word_range_of(&set, 0xffff888000002008));
	assert_null(mo_word_range_of(&set, 0xffff888000003040));
	assert_false(mo_may_refer(&set, 0x4fff));
	assert_false(mo_may_refer(&set, 0xffff888000003040));
	assert_false(mo_may_refer(&set, 0xffff888000000800)); /* in between, in a page without a range */
	mo_word_ranges_deinit(&set);
}

static void of_two_that_overlap_the_first_keeps_its_words(void **state)
{
	struct mo_word_ranges set = { .n = 0 };

	(void)state;
	add(&set, range(0x2000, 0x2100, 2));
	add(&set, range(0x1f00, 0x2080, 1));
	add(&set, range(0x2010, 0x2020, 3));
	assert_null(mo_word_ranges_prepare(&set));
	assert_target(&set, 0x2018, 1);
	assert_target(&set, 0x207f, 1);
	assert_target(&set, 0x2080, 2);
	assert_int_equal(set.n, 2);
	mo_word_ranges_deinit(&set);
}

static void without_ranges_no_word_refers(void **state)
{
	struct mo_word_ranges set = { .n = 0 };

	(void)state;
	add(&set, range(0x2000, 0x2000, 0));
	add(&set, range(0x2000, 0x1000, 0));
	assert_null(mo_word_ranges_prepare(&set));
	assert_int_equal(set.n, 0);
	assert_false(mo_may_refer(&set, 0));
	assert_null(mo_word_range_of(&set, 0x2000));
	mo_word_ranges_deinit(&set);
}

/* Further than bits are kept for: all pages may have it. */
static void a_range_of_gigabytes_is_found(void **state)
{
	struct mo_word_ranges set = { .n = 0 };

	(void)state;
	add(&set, range(1ull << 40, (1ull << 40) + (5ull << 32), 1));
	assert_null(mo_word_ranges_prepare(&set));
	assert_target(&set, (1ull << 40) + (5ull << 32) - 1, 1);
	assert_target(&set, (1ull << 40) + (1ull << 32), 1);
	mo_word_ranges_deinit(&set);
}

static void zeros_are_passed_over_64_bytes_at_a_time(void **state)
{
	uint64_t words[64] = { [20] = 1 };

	(void)state;
	assert_int_equal(mo_skip_zero_words((const uint8_t *)words, 0, sizeof(words)), 128);
	assert_int_equal(mo_skip_zero_words((const uint8_t *)words, 128, sizeof(words)), 128);
	/* The last 64 bytes are left to the caller. */
	assert_int_equal(mo_skip_zero_words((const uint8_t *)words, 192, sizeof(words)), sizeof(words) - 64);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ranges_are_sorted_and_found),
		cmocka_unit_test(of_two_that_overlap_the_first_keeps_its_words),
		cmocka_unit_test(without_ranges_no_word_refers),
		cmocka_unit_test(a_range_of_gigabytes_is_found),
		cmocka_unit_test(zeros_are_passed_over_64_bytes_at_a_time),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
