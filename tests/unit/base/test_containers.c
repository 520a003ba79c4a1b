/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <memopsy/containers.h>

#include "bytes.h"
#include "name_index.h"

struct range {
	uint64_t first;
	uint64_t count;
};

static void test_vector_appends_in_order(void **state)
{
	MO_VECTOR(struct range) ranges = { 0 };

	(void)state;
	for (uint64_t i = 0; i < 100000; i++)
		assert_true(mo_vector_append(&ranges, (struct range){ .first = i, .count = i * 2 }));
	assert_int_equal(ranges.count, 100000);
	assert_true(ranges.capacity >= 100000 && ranges.capacity < 200000);
	for (uint64_t i = 0; i < ranges.count; i++)
		assert_true(ranges.items[i].first == i && ranges.items[i].count == i * 2);
	mo_vector_deinit(&ranges);
	assert_null(ranges.items);
	assert_int_equal(ranges.count, 0);
	assert_int_equal(ranges.capacity, 0);
}

static void test_vector_reserve(void **state)
{
	MO_VECTOR(int) numbers = { 0 };
	const int *before;

	(void)state;
	assert_true(mo_vector_reserve(&numbers, 1000));
	before = numbers.items;
	for (int i = 0; i < 1000; i++)
		assert_true(mo_vector_append(&numbers, i));
	assert_ptr_equal(numbers.items, before);
	mo_vector_deinit(&numbers);
}

static void test_vector_too_many(void **state)
{
	MO_VECTOR(struct range) ranges = { 0 };

	(void)state;
	assert_true(mo_vector_append(&ranges, (struct range){ .first = 5 }));
	/* Sizes whose product with the item's size overflows, and one that no machine has. */
	assert_false(mo_vector_reserve(&ranges, SIZE_MAX));
	assert_false(mo_vector_reserve(&ranges, SIZE_MAX / sizeof(struct range) + 1));
	assert_false(mo_vector_reserve(&ranges, SIZE_MAX / sizeof(struct range) / 2));
	assert_int_equal(ranges.count, 1);
	assert_true(ranges.items[0].first == 5);
	mo_vector_deinit(&ranges);
}

/* The items that a hash leads to, in order. */
static size_t visit(const struct mo_name_index *index, uint64_t hash, uint32_t *items, size_t most)
{
	size_t cursor = 0;
	size_t n = 0;
	uint32_t item;

	while (mo_name_index_next(index, hash, &cursor, &item)) {
		if (n < most)
			items[n] = item;
		n++;
	}
	return n;
}

static void test_lower_bound(void **state)
{
	static const uint64_t sorted[] = { 2, 4, 4, 9 };
	const size_t n = sizeof(sorted) / sizeof(sorted[0]);

	(void)state;
	assert_int_equal(mo_lower_bound(n, at, sorted[at] < 1), 0);
	assert_int_equal(mo_lower_bound(n, at, sorted[at] < 3), 1);
	assert_int_equal(mo_lower_bound(n, at, sorted[at] < 4), 1);
	assert_int_equal(mo_lower_bound(n, at, sorted[at] <= 4), 3);
	assert_int_equal(mo_lower_bound(n, at, sorted[at] < 10), n);
	assert_int_equal(mo_lower_bound((size_t)0, at, sorted[at] < 10), 0);
	/* One within another, as where a plugin searches while it searches. */
	assert_int_equal(mo_lower_bound(n, at, sorted[at] < sorted[mo_lower_bound(n, in, sorted[in] < 9)]), 3);
}

/* 0, neighbours, addresses of a slab and their like with other high bits. */
static uint64_t nth_key(uint64_t i)
{
	return i % 3 == 0 ? i : i % 3 == 1 ? 0xffff888000000000 + i * 192 : i << 40;
}

static void test_int_table(void **state)
{
	struct mo_int_table table = { 0 };
	const uint64_t n = 30000;
	bool is_new = false;

	(void)state;
	assert_null(mo_int_table_find(&table, 0));
	for (uint64_t i = 0; i < n; i++) {
		assert_non_null(mo_int_table_enter(&table, nth_key(i), i, &is_new));
		assert_true(is_new);
	}
	assert_int_equal(table.count, n);
	assert_true(table.n_slots < 3 * n);
	for (uint64_t i = 0; i < n; i++) {
		const uint64_t *value = mo_int_table_find(&table, nth_key(i));

		assert_true(value && *value == i);
	}
	assert_null(mo_int_table_find(&table, 1));
	/* A key that is there keeps its value until somebody writes another. */
	*mo_int_table_enter(&table, nth_key(5), 77, &is_new) += 1;
	assert_false(is_new);
	assert_int_equal(*mo_int_table_find(&table, nth_key(5)), 6);
	mo_int_table_deinit(&table);
	assert_null(mo_int_table_find(&table, nth_key(5)));
}

static void test_index_of_nothing(void **state)
{
	struct mo_name_index index = { .slots = NULL };
	uint32_t item;

	(void)state;
	assert_int_equal(visit(&index, mo_name_hash("zone", 4), &item, 1), 0);
	mo_name_index_deinit(&index);
}

static uint64_t hash_of_number(uint32_t number)
{
	char name[24];
	int length = snprintf(name, sizeof(name), "symbol_%u", number);

	return mo_name_hash(name, (size_t)length);
}

static void test_index_finds_all(void **state)
{
	struct mo_name_index index = { .slots = NULL };
	size_t n_strangers = 0;
	uint32_t items[16];

	(void)state;
	for (uint32_t i = 0; i < 100000; i++)
		assert_null(mo_name_index_add(&index, hash_of_number(i), i));
	assert_int_equal(index.n_items, 100000);
	for (uint32_t i = 0; i < 100000; i++) {
		size_t n = visit(&index, hash_of_number(i), items, 16);
		bool is_found = false;

		for (size_t k = 0; k < n && k < 16; k++)
			is_found |= items[k] == i;
		assert_true(is_found);
		n_strangers += n - 1;
	}
	/* Names that share the 32 bits of hash which are kept: about one pair in 100000 names. */
	assert_true(n_strangers < 20);
	for (uint32_t i = 100000; i < 110000; i++)
		n_strangers += visit(&index, hash_of_number(i), items, 16);
	assert_true(n_strangers < 40);
	mo_name_index_deinit(&index);
	assert_null(index.slots);
}

static void test_index_keeps_the_order_of_one_name(void **state)
{
	struct mo_name_index index = { .slots = NULL };
	uint64_t hash = mo_name_hash("pcpu_hot", 8);
	uint32_t items[2000];

	(void)state;
	/* Others are added in between, so that the index grows several times with runs of equal hashes in it. */
	for (uint32_t i = 0; i < 2000; i++) {
		assert_null(mo_name_index_add(&index, hash, i));
		assert_null(mo_name_index_add(&index, hash_of_number(i), 1000000 + i));
	}
	assert_int_equal(visit(&index, hash, items, 2000), 2000);
	for (uint32_t i = 0; i < 2000; i++)
		assert_int_equal(items[i], i);
	mo_name_index_deinit(&index);
}

/* Runs that wrap around the end of the table must survive growing in order too. */
static void test_index_order_across_the_end(void **state)
{
	(void)state;
	for (uint64_t low = 0; low < 64; low++) {
		struct mo_name_index index = { .slots = NULL };
		uint32_t items[40];

		for (uint32_t i = 0; i < 40; i++)
			assert_null(mo_name_index_add(&index, low | (uint64_t)(i % 2) << 6, i));
		assert_int_equal(visit(&index, low, items, 40), 20);
		for (uint32_t i = 0; i < 20; i++)
			assert_int_equal(items[i], 2 * i);
		assert_int_equal(visit(&index, low | 64, items, 40), 20);
		for (uint32_t i = 0; i < 20; i++)
			assert_int_equal(items[i], 2 * i + 1);
		mo_name_index_deinit(&index);
	}
}

static void test_index_reserve(void **state)
{
	struct mo_name_index index = { .slots = NULL };
	struct mo_error *error;
	const uint64_t *before;
	uint32_t item = 0;

	(void)state;
	assert_null(mo_name_index_reserve(&index, 5000));
	before = index.slots;
	for (uint32_t i = 0; i < 5000; i++)
		assert_null(mo_name_index_add(&index, hash_of_number(i), i));
	assert_ptr_equal(index.slots, before);
	error = mo_name_index_reserve(&index, SIZE_MAX);
	assert_non_null(error);
	assert_int_equal(mo_error_code(error), MO_E_LIMIT);
	assert_string_equal(mo_error_text(error), "too many names (18446744073709551615)");
	mo_error_destroy(error);
	assert_int_equal(visit(&index, hash_of_number(77), &item, 1), 1);
	assert_int_equal(item, 77);
	mo_name_index_deinit(&index);
}

static void test_hash_sees_every_byte(void **state)
{
	static const char name[] = "__per_cpu_offset_of_a_long_name";
	char changed[sizeof(name)];

	(void)state;
	for (size_t length = 1; length < sizeof(name); length++) {
		uint64_t hash = mo_name_hash(name, length);

		assert_true(hash != mo_name_hash(name, length - 1));
		for (size_t i = 0; i < length; i++) {
			memcpy(changed, name, sizeof(name));
			changed[i] ^= 1;
			assert_true(hash != mo_name_hash(changed, length));
		}
	}
}

static void test_loads(void **state)
{
	static const uint8_t bytes[] = { 0xaa, 1, 2, 3, 4, 5, 6, 7, 8 };

	(void)state;
	/* At an odd address. */
	assert_int_equal(mo_load_u16(bytes + 1, false), 0x0201);
	assert_int_equal(mo_load_u16(bytes + 1, true), 0x0102);
	assert_int_equal(mo_load_u32(bytes + 1, false), 0x04030201);
	assert_int_equal(mo_load_u32(bytes + 1, true), 0x01020304);
	assert_true(mo_load_u64(bytes + 1, false) == UINT64_C(0x0807060504030201));
	assert_true(mo_load_u64(bytes + 1, true) == UINT64_C(0x0102030405060708));
	assert_int_equal(mo_load_unsigned(bytes, 1, true), 0xaa);
	assert_int_equal(mo_load_unsigned(bytes + 1, 4, true), 0x01020304);
	assert_int_equal(mo_load_unsigned(bytes, 3, false), 0);
}

static void test_is_within(void **state)
{
	(void)state;
	assert_true(mo_is_within(0, 0, 0));
	assert_true(mo_is_within(10, 0, 10));
	assert_true(mo_is_within(0, 10, 10));
	assert_false(mo_is_within(1, 10, 10));
	assert_false(mo_is_within(11, 0, 10));
	assert_false(mo_is_within(UINT64_MAX, 2, 10));
	assert_false(mo_is_within(2, UINT64_MAX, 10));
	assert_true(mo_is_within(1, UINT64_MAX - 1, UINT64_MAX));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_vector_appends_in_order),
		cmocka_unit_test(test_vector_reserve),
		cmocka_unit_test(test_vector_too_many),
		cmocka_unit_test(test_lower_bound),
		cmocka_unit_test(test_int_table),
		cmocka_unit_test(test_index_of_nothing),
		cmocka_unit_test(test_index_finds_all),
		cmocka_unit_test(test_index_keeps_the_order_of_one_name),
		cmocka_unit_test(test_index_order_across_the_end),
		cmocka_unit_test(test_index_reserve),
		cmocka_unit_test(test_hash_sees_every_byte),
		cmocka_unit_test(test_loads),
		cmocka_unit_test(test_is_within),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
