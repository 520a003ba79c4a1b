/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Ranges of addresses by page tables in a small physical memory, sound and broken. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <memopsy/table_walk.h>

#include "kernel_private.h"

#define N_PAGES 32
#define PAGE 4096ull
#define PRESENT 1ull
#define HUGE 0x80ull
#define MAX_SEEN 64

struct hole {
	uint64_t first_va, last_va;
	unsigned height;
};

struct fake {
	struct mo_kernel kernel;     /* first: the reader's kernel leads here */
	struct mo_reader reader;
	uint8_t memory[N_PAGES * PAGE];
	struct mo_table_entry leaves[MAX_SEEN], tables[MAX_SEEN];
	struct hole holes[MAX_SEEN];
	size_t n_leaves, n_tables, n_broken, n_holes;
	char broken[512];
	bool is_leaf_failing, is_everything_skipped;
};

struct mo_error *mo_read_pa(struct mo_reader *reader, uint64_t pa, void *buffer, size_t n_bytes)
{
	const struct fake *fake = (const struct fake *)reader->kernel;

	if (pa > sizeof(fake->memory) || n_bytes > sizeof(fake->memory) - pa)
		return mo_error_create(MO_E_NOT_IN_DUMP, "page frame 0x%llx is not in the dump",
				       (unsigned long long)pa >> 12);
	memcpy(buffer, fake->memory + pa, n_bytes);
	return NULL;
}

static void put(struct fake *fake, unsigned page, unsigned index, uint64_t entry)
{
	memcpy(fake->memory + page * PAGE + index * 8ull, &entry, 8);
}

static struct mo_error *take_leaf(void *context, const struct mo_table_entry *entry)
{
	struct fake *fake = context;

	assert_true(fake->n_leaves < MAX_SEEN);
	fake->leaves[fake->n_leaves++] = *entry;
	return fake->is_leaf_failing ? mo_error_create(MO_E_CANCELLED, "enough") : NULL;
}

static bool take_table(void *context, const struct mo_table_entry *entry)
{
	struct fake *fake = context;

	if (fake->n_tables < MAX_SEEN)
		fake->tables[fake->n_tables] = *entry;
	fake->n_tables++;
	return !fake->is_everything_skipped;
}

static void take_broken(void *context, const struct mo_table_entry *entry, struct mo_error *error)
{
	struct fake *fake = context;

	fake->n_broken++;
	snprintf(fake->broken, sizeof(fake->broken), "%s %s", entry ? entry->level : "top", mo_error_text(error));
	mo_error_destroy(error);
}

/* The tables in pages 1 (PGD) to 4 (PTE), which map three pages of 0x1000 to 0x3fff, and 2 MiB at 0x200000. */
static struct fake *sound(unsigned levels)
{
	struct fake *fake = calloc(1, sizeof(*fake));

	assert_non_null(fake);
	fake->kernel.arch = &mo_arch_x86_64;
	fake->kernel.paging = (struct mo_paging){ .root_pa = (levels == 5 ? 5 : 1) * PAGE };
	mo_arch_x86_64.set_geometry(&fake->kernel.paging, levels);
	fake->reader.kernel = &fake->kernel;
	put(fake, 5, 0, 1 * PAGE | PRESENT);
	put(fake, 1, 0, 2 * PAGE | PRESENT);
	put(fake, 2, 0, 3 * PAGE | PRESENT);
	put(fake, 3, 0, 4 * PAGE | PRESENT);
	put(fake, 3, 1, 0x40000000 | PRESENT | HUGE);
	for (unsigned i = 1; i < 4; i++)
		put(fake, 4, i, (100 + i) * PAGE | PRESENT);
	return fake;
}

static struct mo_table_walk walk_of(struct fake *fake, uint64_t first_va, uint64_t last_va)
{
	return (struct mo_table_walk){ .first_va = first_va, .last_va = last_va, .tables_left = 100, .table = take_table,
				       .leaf = take_leaf, .broken = take_broken, .context = fake };
}

static void expect_code(struct mo_error *error, enum mo_error_code code, const char *part)
{
	assert_non_null(error);
	assert_int_equal(mo_error_code(error), code);
	assert_non_null(strstr(mo_error_text(error), part));
	mo_error_destroy(error);
}

static void test_range(void **state)
{
	(void)state;
	for (unsigned levels = 4; levels <= 5; levels++) {
		struct fake *fake = sound(levels);
		struct mo_table_walk walk = walk_of(fake, 0x2800, 0x2fffff);

		assert_null(mo_walk_tables(&fake->reader, &walk));
		assert_int_equal(walk.tables_left, 100 - levels);
		assert_int_equal(fake->n_tables, levels - 1);
		assert_string_equal(fake->tables[0].level, "PGD");
		assert_int_equal(fake->tables[0].height, levels - 1);
		assert_int_equal(fake->tables[levels - 2].pa, 4 * PAGE);
		assert_int_equal(fake->tables[levels - 2].entry, 4 * PAGE | PRESENT);
		assert_int_equal(fake->n_leaves, 3);
		assert_int_equal(fake->leaves[0].va, 0x2800);
		assert_int_equal(fake->leaves[0].n_bytes, 0x800);
		assert_int_equal(fake->leaves[0].pa, 102 * PAGE + 0x800);
		assert_int_equal(fake->leaves[1].va, 0x3000);
		assert_int_equal(fake->leaves[1].entry_pa, 4 * PAGE + 24);
		assert_int_equal(fake->leaves[2].va, 0x200000);
		assert_int_equal(fake->leaves[2].n_bytes, 0x100000);
		assert_int_equal(fake->leaves[2].pa, 0x40000000);
		assert_int_equal(fake->leaves[2].height, 1);
		free(fake);
	}
}

/* Without PTE tables; and without anything below the top. */
static void test_depth(void **state)
{
	struct fake *fake = sound(4);
	struct mo_table_walk walk = walk_of(fake, 0, 0x7fffffffffff);

	(void)state;
	walk.lowest_height = 1;
	assert_null(mo_walk_tables(&fake->reader, &walk));
	assert_int_equal(fake->n_tables, 3);
	assert_int_equal(fake->n_leaves, 1);
	assert_int_equal(walk.tables_left, 97);
	fake->n_tables = fake->n_leaves = 0;
	fake->is_everything_skipped = true;
	assert_null(mo_walk_tables(&fake->reader, &walk));
	assert_int_equal(fake->n_tables, 1);
	assert_int_equal(fake->n_leaves, 0);
	free(fake);
}

/* The last addresses of the kernel's half: nothing wraps. */
static void test_end_of_space(void **state)
{
	struct fake *fake = sound(4);
	struct mo_table_walk walk = walk_of(fake, 0xfffffffffffff000ull, UINT64_MAX);
	uint64_t last_user_va;
	uint64_t first_kernel_va;

	(void)state;
	put(fake, 1, 511, 2 * PAGE | PRESENT);
	put(fake, 2, 511, 3 * PAGE | PRESENT);
	put(fake, 3, 511, 4 * PAGE | PRESENT);
	put(fake, 4, 511, 200 * PAGE | PRESENT);
	assert_null(mo_walk_tables(&fake->reader, &walk));
	assert_int_equal(fake->n_leaves, 1);
	assert_int_equal(fake->leaves[0].va, 0xfffffffffffff000ull);
	assert_int_equal(fake->leaves[0].n_bytes, PAGE);
	mo_address_halves(&fake->kernel, &last_user_va, &first_kernel_va);
	assert_int_equal(last_user_va, 0x7fffffffffff);
	assert_int_equal(first_kernel_va, 0xffff800000000000ull);
	assert_int_equal(mo_top_table_height(&fake->kernel), 3);
	assert_int_equal(mo_kernel_root_table_pa(&fake->kernel), PAGE);
	free(fake);
}

/* A top table whose every entry points at itself: its depth and the number of tables bound the walk. */
static void test_points_back_up(void **state)
{
	struct fake *fake = sound(4);
	struct mo_table_walk walk = walk_of(fake, 0, 0x7fffffffffff);

	(void)state;
	walk.leaf = NULL;
	for (unsigned i = 0; i < 512; i++)
		put(fake, 1, i, 1 * PAGE | PRESENT);
	expect_code(mo_walk_tables(&fake->reader, &walk), MO_E_LIMIT, "too many page tables");
	assert_int_equal(walk.tables_left, 0);
	free(fake);
}

static void test_broken(void **state)
{
	struct fake *fake = sound(4);
	struct mo_table_walk walk = walk_of(fake, 0, 0x7fffffffffff);

	(void)state;
	/* Outside of memory: the rest is seen all the same. */
	put(fake, 3, 0, 0xfffff000000ull | PRESENT);
	assert_null(mo_walk_tables(&fake->reader, &walk));
	assert_int_equal(fake->n_broken, 1);
	assert_string_equal(fake->broken, "PMD the PTE table at physical 0xfffff000000: page frame 0xfffff000 is not in the dump");
	assert_int_equal(fake->n_leaves, 1);
	/* Who does not ask is told by the error of the walk. */
	walk.broken = NULL;
	expect_code(mo_walk_tables(&fake->reader, &walk), MO_E_NOT_IN_DUMP, "the PTE table at physical 0xfffff000000");
	/* The top table. */
	walk = walk_of(fake, 0, 0x7fffffffffff);
	walk.root_pa = 0x123456000;
	assert_null(mo_walk_tables(&fake->reader, &walk));
	assert_int_equal(fake->n_broken, 2);
	assert_non_null(strstr(fake->broken, "top the PGD table at physical 0x123456000"));
	free(fake);
}

static void test_ranges_that_are_none(void **state)
{
	static const uint64_t ranges[][2] = {
		{ 0x2000, 0x1fff },
		{ 0, UINT64_MAX },
		{ 0, 0x800000000000ull },
		{ 0x900000000000ull, 0xffff900000000000ull },
	};
	struct fake *fake = sound(4);

	(void)state;
	for (size_t i = 0; i < sizeof(ranges) / sizeof(ranges[0]); i++) {
		struct mo_table_walk walk = walk_of(fake, ranges[i][0], ranges[i][1]);

		expect_code(mo_walk_tables(&fake->reader, &walk), MO_E_INVALID, "is no range that page tables map");
	}
	assert_int_equal(fake->n_tables + fake->n_leaves + fake->n_broken, 0);
	free(fake);
}

static void test_leaf_ends_it(void **state)
{
	struct fake *fake = sound(4);
	struct mo_table_walk walk = walk_of(fake, 0, 0x7fffffffffff);

	(void)state;
	fake->is_leaf_failing = true;
	expect_code(mo_walk_tables(&fake->reader, &walk), MO_E_CANCELLED, "enough");
	assert_int_equal(fake->n_leaves, 1);
	free(fake);
}

static struct mo_error *take_swap(void *context, const struct mo_table_entry *entry)
{
	struct fake *fake = context;

	assert_true(fake->n_leaves < MAX_SEEN);
	fake->leaves[fake->n_leaves++] = *entry;
	return NULL;
}

static struct mo_error *take_hole(void *context, uint64_t first_va, uint64_t last_va, unsigned height)
{
	struct fake *fake = context;

	assert_true(fake->n_holes < MAX_SEEN);
	fake->holes[fake->n_holes++] = (struct hole){ .first_va = first_va, .last_va = last_va, .height = height };
	return NULL;
}

/* Page 1 is without access, page 2 is swapped out: leaf, swap, and the holes around them. */
static void what_is_not_present_is_told(void **state)
{
	struct fake *fake = sound(4);
	struct mo_table_walk walk = walk_of(fake, 0, 0x5fff);

	(void)state;
	put(fake, 4, 1, (~(101 * PAGE) & 0xffffffffff000ull) | 0x100);
	put(fake, 4, 2, ~7ull << 14 >> 5 & ~0x1ffull & ~(31ull << 59));
	walk.swap = take_swap;
	walk.hole = take_hole;
	assert_null(mo_walk_tables(&fake->reader, &walk));
	assert_int_equal(fake->n_leaves, 3);
	assert_int_equal(fake->leaves[0].kind, MO_ENTRY_NO_ACCESS);
	assert_int_equal(fake->leaves[0].pa, 101 * PAGE);
	assert_int_equal(fake->leaves[1].kind, MO_ENTRY_SWAP);
	assert_int_equal(fake->leaves[1].va, 0x2000);
	assert_int_equal(fake->leaves[1].swap_type, 0);
	assert_int_equal(fake->leaves[1].swap_offset, 7);
	assert_int_equal(fake->leaves[2].kind, MO_ENTRY_LEAF);
	assert_int_equal(fake->n_holes, 2);
	assert_int_equal(fake->holes[0].first_va, 0);
	assert_int_equal(fake->holes[0].last_va, 0xfff);
	assert_int_equal(fake->holes[1].first_va, 0x4000);
	assert_int_equal(fake->holes[1].last_va, 0x5fff);
	free(fake);
}

/* A process's top table that maps the user's half alone (TTBR0): the kernel's half is the kernel's. */
static void a_top_table_of_one_half_maps_no_other(void **state)
{
	struct fake *fake = sound(4);
	struct mo_table_walk walk = walk_of(fake, 0, 0x5fff);

	(void)state;
	fake->kernel.paging.has_own_user_root = true;
	assert_null(mo_walk_tables(&fake->reader, &walk));
	assert_int_equal(fake->n_leaves, 0);
	walk.root_pa = 5 * PAGE;
	put(fake, 5, 0, 2 * PAGE | PRESENT);
	put(fake, 5, 511, 2 * PAGE | PRESENT);
	put(fake, 1, 511, 2 * PAGE | PRESENT);
	assert_null(mo_walk_tables(&fake->reader, &walk));
	assert_int_equal(fake->n_leaves, 3);
	walk.first_va = 0xffffff8000000000ull;
	walk.last_va = UINT64_MAX;
	assert_null(mo_walk_tables(&fake->reader, &walk));
	assert_int_equal(fake->n_leaves, 3);
	walk.root_pa = 0;
	assert_null(mo_walk_tables(&fake->reader, &walk));
	assert_int_equal(fake->n_leaves, 7);
	/* Another top table of the kernel's half (arm64's trampoline). */
	walk.root_pa = 5 * PAGE;
	walk.has_kernels_half = true;
	assert_null(mo_walk_tables(&fake->reader, &walk));
	assert_int_equal(fake->n_leaves, 11);
	free(fake);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_not_present_is_told),
		cmocka_unit_test(a_top_table_of_one_half_maps_no_other),
		cmocka_unit_test(test_range),
		cmocka_unit_test(test_depth),
		cmocka_unit_test(test_end_of_space),
		cmocka_unit_test(test_points_back_up),
		cmocka_unit_test(test_broken),
		cmocka_unit_test(test_ranges_that_are_none),
		cmocka_unit_test(test_leaf_ends_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
