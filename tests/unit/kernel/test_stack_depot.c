/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Stacks by handle, in the three ways that a handle has been cut, and handles of garbage. */

#include "kernel_rows.h"

#include <memopsy/stack_depot.h>

#define POOLS (BASE_KVA + 0x000)
#define POOL (BASE_KVA + 0x1000)
#define ARRAY (BASE_KVA + 0x3000)
#define FRAME 0xffffffff81000000ull

/* pool_index, offset and what may stand behind them, from the low bits on. */
#define PARTS(index_name, index_bits) \
	{ .type = "union handle_parts", .member = index_name, .offset_bytes = 0, .bytes = 4, .first_bit = 0, .n_bits = index_bits }, \
	{ .type = "union handle_parts", .member = "offset", .offset_bytes = 0, .bytes = 4, .first_bit = index_bits, .n_bits = 10 }
#define RECORD \
	{ .type = "struct stack_record", .member = "size", .offset_bytes = 12, .bytes = 4 }, \
	{ .type = "struct stack_record", .member = "entries", .offset_bytes = 24, .bytes = 8, .n_elements = 0, .is_flexible = true }

static const struct mo_fake_row old_rows[] = { PARTS("slabindex", 21), RECORD };
static const struct mo_fake_row middle_rows[] = { PARTS("pool_index", 16), RECORD };
static const struct mo_fake_row new_rows[] = { PARTS("pool_index_plus_1", 17), RECORD };
static const struct mo_fake_row rows_without_index[] = {
	{ .type = "union handle_parts", .member = "offset", .offset_bytes = 0, .bytes = 4, .first_bit = 17, .n_bits = 10 }, RECORD,
};

static const struct mo_fake_symbol old_symbols[] = { { .name = "stack_slabs", .kva = POOLS, .bytes = 64 } };
static const struct mo_fake_symbol new_symbols[] = { { .name = "stack_pools", .kva = POOLS, .bytes = 64 } };
static const struct mo_fake_symbol pointer_symbols[] = {
	{ .name = "stack_pools", .kva = POOLS, .bytes = 8 },
	{ .name = "stack_max_pools", .kva = POOLS + 8, .bytes = 4 },
};

#define MACHINE(some_rows, some_symbols) \
	{ .rows = some_rows, .n_rows = N_ROWS(some_rows), .symbols = some_symbols, .n_symbols = N_ROWS(some_symbols) }

/* Pool 2 has a stack of three frames at 0x40, of none at 0x80, of too many at 0xc0. */
static struct mo_kernel *make(const struct mo_fake *machine)
{
	struct mo_kernel *kernel = mo_fake_kernel(machine);

	mo_fake_map(kernel, BASE_KVA, 0x4000);
	mo_fake_put_u64(kernel, POOLS + 2 * 8, POOL);
	mo_fake_put_u64(kernel, POOLS + 3 * 8, 0xffff999900000000);
	mo_fake_put_u32(kernel, POOL + 0x40 + 12, 3);
	for (unsigned i = 0; i < 3; i++)
		mo_fake_put_u64(kernel, POOL + 0x40 + 24 + i * 8, FRAME + i);
	mo_fake_put_u32(kernel, POOL + 0xc0 + 12, 257);
	return kernel;
}

static void expect_three_frames(struct mo_kernel *kernel, uint32_t handle)
{
	uint64_t frames[MO_STACK_DEPOT_FRAMES] = { 0 };
	size_t n = 0;

	expect_success(mo_stack_depot_read(mo_fake_reader(kernel), handle, frames, &n));
	assert_int_equal(n, 3);
	for (unsigned i = 0; i < 3; i++)
		assert_int_equal(frames[i], FRAME + i);
	mo_fake_destroy(kernel);
}

static void test_old_handle(void **state)
{
	(void)state;
	expect_three_frames(make(&(struct mo_fake)MACHINE(old_rows, old_symbols)), 2 | 4u << 21 | 1u << 31);
}

static void test_handle_with_extra_bits(void **state)
{
	(void)state;
	expect_three_frames(make(&(struct mo_fake)MACHINE(middle_rows, new_symbols)), 2 | 4u << 16 | 1u << 26 | 31u << 27);
}

static void test_handle_counted_from_one(void **state)
{
	(void)state;
	expect_three_frames(make(&(struct mo_fake)MACHINE(new_rows, new_symbols)), 3 | 4u << 17 | 31u << 27);
}

static void test_pools_behind_a_pointer(void **state)
{
	struct mo_kernel *kernel = make(&(struct mo_fake)MACHINE(new_rows, pointer_symbols));

	(void)state;
	mo_fake_put_u64(kernel, POOLS, ARRAY);
	mo_fake_put_u64(kernel, ARRAY + 2 * 8, POOL);
	expect_three_frames(kernel, 3 | 4u << 17);
}

static void expect_refused(const struct mo_fake *machine, uint32_t handle, enum mo_error_code code, const char *text)
{
	struct mo_kernel *kernel = make(machine);
	uint64_t frames[MO_STACK_DEPOT_FRAMES];
	size_t n = 77;

	expect_error(mo_stack_depot_read(mo_fake_reader(kernel), handle, frames, &n), code, text);
	assert_int_equal(n, 77);
	mo_fake_destroy(kernel);
}

static void test_garbage(void **state)
{
	const struct mo_fake machine = MACHINE(new_rows, new_symbols);

	(void)state;
	expect_refused(&machine, 0, MO_E_ABSENT, "no stack was kept");
	expect_refused(&machine, 2 | 4u << 17, MO_E_CORRUPT, "stack with handle 0x80002: pool 1 does not exist");
	expect_refused(&machine, 9 | 4u << 17, MO_E_CORRUPT, "stack with handle 0x80009: there is no pool 8");
	expect_refused(&machine, 4u << 17, MO_E_CORRUPT, "stack with handle 0x80000: there is no pool -1");
	expect_refused(&machine, 4 | 4u << 17, MO_E_NOT_MAPPED, "stack with handle 0x80004: cannot read size of the object at");
	expect_refused(&machine, 3 | 8u << 17, MO_E_CORRUPT, "a stack of 0 frames");
	expect_refused(&machine, 3 | 12u << 17, MO_E_CORRUPT, "a stack of 257 frames");
}

static void test_unknown_depot(void **state)
{
	const struct mo_fake without_index = MACHINE(rows_without_index, new_symbols);
	const struct mo_fake without_symbols = { .rows = new_rows, .n_rows = N_ROWS(new_rows) };

	(void)state;
	expect_refused(&without_index, 1, MO_E_ABSENT,
		       "the stack depot of this kernel is unknown: union handle_parts has no index of a pool");
	expect_refused(&without_symbols, 1, MO_E_ABSENT, "the stack depot of this kernel is unknown");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_old_handle),
		cmocka_unit_test(test_handle_with_extra_bits),
		cmocka_unit_test(test_handle_counted_from_one),
		cmocka_unit_test(test_pools_behind_a_pointer),
		cmocka_unit_test(test_garbage),
		cmocka_unit_test(test_unknown_depot),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
