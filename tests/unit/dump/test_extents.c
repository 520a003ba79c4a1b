/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "dump_fixture.h"
#include "extents.h"

static struct mo_error *add(struct mo_extent_claims *claims, uint64_t start, uint64_t n_bytes, uint64_t source,
			    uint64_t rank)
{
	struct mo_extent extent = { .start = start, .n_bytes = n_bytes, .source = source };

	return mo_extent_claims_add(claims, extent, rank);
}

static void neighbours_become_one(void **state)
{
	struct mo_extent_claims claims = { .list = { .items = NULL } };
	struct mo_extents extents;

	(void)state;
	assert_no_error(add(&claims, 100, 50, 1100, 1));
	assert_no_error(add(&claims, 0, 100, 1000, 2));
	assert_no_error(add(&claims, 150, 0, 7, 3));
	assert_no_error(add(&claims, 150, 10, 3000, 4));
	assert_no_error(mo_extents_settle(&claims, &extents));
	assert_int_equal(extents.list.count, 2);
	assert_int_equal(extents.list.items[0].n_bytes, 150);
	assert_int_equal(extents.list.items[1].source, 3000);
	assert_int_equal(mo_extents_find(&extents, 149), 0);
	assert_int_equal(mo_extents_find(&extents, 150), 1);
	assert_int_equal(mo_extents_find(&extents, 160), 2);
	mo_extents_deinit(&extents);
	mo_extent_claims_deinit(&claims);
}

static void sources_that_are_none_stay_themselves(void **state)
{
	struct mo_extent_claims claims = { .list = { .items = NULL } };
	struct mo_extents extents;

	(void)state;
	assert_no_error(add(&claims, 0, 100, MO_SOURCE_NONE, 1));
	assert_no_error(add(&claims, 40, 10, 5, 2));
	assert_no_error(add(&claims, 100, 10, MO_SOURCE_NONE, 3));
	assert_no_error(mo_extents_settle(&claims, &extents));
	assert_int_equal(extents.list.count, 3);
	assert_int_equal(extents.list.items[0].n_bytes, 40);
	assert_int_equal(extents.list.items[1].source, 5);
	assert_int_equal(extents.list.items[2].start, 50);
	assert_int_equal(extents.list.items[2].n_bytes, 60);
	assert_true(extents.list.items[2].source == MO_SOURCE_NONE);
	mo_extents_deinit(&extents);
	mo_extent_claims_deinit(&claims);
}

static void a_claim_that_wraps_is_refused(void **state)
{
	struct mo_extent_claims claims = { .list = { .items = NULL } };

	(void)state;
	assert_error(add(&claims, UINT64_MAX - 9, 20, 0, 0), MO_E_CORRUPT, "0xfffffffffffffff6 + 0x14 bytes wraps");
	assert_int_equal(claims.list.count, 0);
}

#define N_CELLS 64

/* Whoever has the highest rank owns a cell; compared with the simplest way to find that out. */
static void random_claims_settle_as_a_table_would(void **state)
{
	uint32_t seed = 12345;

	(void)state;
	for (int round = 0; round < 2000; round++) {
		struct mo_extent_claims claims = { .list = { .items = NULL } };
		struct mo_extents extents;
		uint64_t owner[N_CELLS] = { 0 }, previous_end = 0, n_owned = 0;

		for (uint64_t rank = 1; rank <= (uint64_t)(round % 12); rank++) {
			uint64_t start, n;

			seed = seed * 1664525 + 1013904223;
			start = seed >> 8 & 31;
			n = seed >> 16 & 31;
			assert_no_error(add(&claims, start, n, rank * 1000 + start, rank));
			for (uint64_t i = start; i < start + n; i++)
				owner[i] = rank;
		}
		assert_no_error(mo_extents_settle(&claims, &extents));
		for (size_t i = 0; i < extents.list.count; i++) {
			const struct mo_extent *extent = &extents.list.items[i];

			assert_true(extent->n_bytes > 0 && extent->start >= previous_end);
			previous_end = mo_extent_end(extent);
			for (uint64_t at = extent->start; at < previous_end; at++, n_owned++)
				assert_int_equal(extent->source + (at - extent->start), owner[at] * 1000 + at);
		}
		for (size_t i = 0; i < N_CELLS; i++)
			n_owned -= owner[i] != 0;
		assert_int_equal(n_owned, 0);
		mo_extents_deinit(&extents);
		mo_extent_claims_deinit(&claims);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(neighbours_become_one),
		cmocka_unit_test(sources_that_are_none_stay_themselves),
		cmocka_unit_test(a_claim_that_wraps_is_refused),
		cmocka_unit_test(random_claims_settle_as_a_table_would),
	};

	return cmocka_run_group_tests_name("extents", tests, NULL, NULL);
}
