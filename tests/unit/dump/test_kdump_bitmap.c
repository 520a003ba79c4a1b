/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "dump_fixture.h"
#include "kdump_bitmap.h"

#include <stdlib.h>

#define MAX_BITS 40000

/* A bitmap of runs of random lengths, some of them long, with bits behind its end that must not count. */
static void fill_runs(uint8_t *bytes, uint32_t *seed)
{
	bool value = false;
	size_t i = 0;

	memset(bytes, 0, MAX_BITS / 8 + 64);
	while (i < MAX_BITS + 512) {
		size_t length;

		*seed = *seed * 1664525 + 1013904223;
		length = 1 + (*seed >> 8) % ((*seed >> 28) < 4 ? 6000 : 70);
		for (; length > 0 && i < MAX_BITS + 512; length--, i++)
			bytes[i / 8] |= (uint8_t)(value << i % 8);
		value = !value;
	}
}

static void check(const struct mo_kdump_bitmap *bitmap, const uint8_t *bytes)
{
	uint64_t n_set = 0, next_set = bitmap->n_bits, next_clear = bitmap->n_bits;

	for (uint64_t i = 0; i <= bitmap->n_bits; i++) {
		bool value = i < bitmap->n_bits && (bytes[i / 8] >> i % 8 & 1);

		assert_int_equal(mo_kdump_bitmap_rank(bitmap, i), n_set);
		assert_int_equal(mo_kdump_bitmap_has(bitmap, i), value);
		n_set += value;
	}
	for (uint64_t i = bitmap->n_bits; i-- > 0;) {
		if (bytes[i / 8] >> i % 8 & 1)
			next_set = i;
		else
			next_clear = i;
		assert_int_equal(mo_kdump_bitmap_next(bitmap, i, bitmap->n_bits, true), next_set);
		assert_int_equal(mo_kdump_bitmap_next(bitmap, i, bitmap->n_bits, false), next_clear);
		/* Limits before, at and behind where it would stop. */
		for (uint64_t end = i + 1; end < bitmap->n_bits && end < i + 600; end += 149)
			assert_int_equal(mo_kdump_bitmap_next(bitmap, i, end, true), next_set < end ? next_set : end);
	}
}

static void as_counted_bit_by_bit(void **state)
{
	static const uint64_t sizes[] = { 1, 63, 64, 511, 512, 513, 1024, 5000, 32768, 39999, MAX_BITS };
	uint8_t *bytes = malloc(MAX_BITS / 8 + 64);
	uint32_t seed = 7;

	(void)state;
	assert_non_null(bytes);
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		for (int round = 0; round < 4; round++) {
			struct mo_kdump_bitmap bitmap = { .bytes = bytes, .n_bits = sizes[i] };

			fill_runs(bytes, &seed);
			if (round == 3)
				memset(bytes, 0xff, MAX_BITS / 8 + 64);
			assert_no_error(mo_kdump_bitmap_count(&bitmap));
			check(&bitmap, bytes);
			mo_kdump_bitmap_deinit(&bitmap);
		}
	}
	free(bytes);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(as_counted_bit_by_bit),
	};

	return cmocka_run_group_tests_name("bitmap of page frames", tests, NULL, NULL);
}
