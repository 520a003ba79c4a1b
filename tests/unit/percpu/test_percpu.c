/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The per-CPU allocator's chunks and their bitmaps, sound, contradicting and of garbage. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fake_run.h"

#include <memopsy/percpu.h>

const struct mo_plugin *memopsy_plugin_entry_percpu(void);

#define CHUNK "struct pcpu_chunk"
#define PAGE 4096ull
#define N_BITS (2 * PAGE / 4)
#define LISTS (BASE_KVA + 0x1000)         /* two list heads */
#define LISTS_POINTER (BASE_KVA + 0x2000)
#define N_SLOTS (BASE_KVA + 0x2008)
#define FIRST_CHUNK (BASE_KVA + 0x2010)
#define RESERVED_CHUNK (BASE_KVA + 0x2018)
#define BASE_ADDR (BASE_KVA + 0x2020)
#define N_UNITS (BASE_KVA + 0x2028)
#define N_POPULATED (BASE_KVA + 0x2030)
#define STRUCT(i) (BASE_KVA + 0x3000 + (i) * 0x100ull)
#define MAP(i, bound) (BASE_KVA + 0x4000 + (i) * 0x1000ull + ((bound) ? 0x800 : 0))
#define CHARGES (BASE_KVA + 0x10000)
#define OBJCG (BASE_KVA + 0x3800)
#define MEMCG (BASE_KVA + 0x3900)
#define UNIT 0xffff888001000000ull
#define LATER 0xffffd90000000000ull

bool mo_run_is_report(const struct mo_run *run)
{
	(void)run;
	return false;
}

static const struct mo_fake_row rows[] = {
	{ .type = CHUNK, .bytes = 128 },
	{ .type = CHUNK, .member = "list", .offset_bytes = 0, .bytes = 16 },
	{ .type = CHUNK, .member = "free_bytes", .offset_bytes = 16, .bytes = 4 },
	{ .type = CHUNK, .member = "base_addr", .offset_bytes = 24, .bytes = 8 },
	{ .type = CHUNK, .member = "alloc_map", .offset_bytes = 32, .bytes = 8 },
	{ .type = CHUNK, .member = "bound_map", .offset_bytes = 40, .bytes = 8 },
	{ .type = CHUNK, .member = "start_offset", .offset_bytes = 48, .bytes = 4 },
	{ .type = CHUNK, .member = "end_offset", .offset_bytes = 52, .bytes = 4 },
	{ .type = CHUNK, .member = "obj_cgroups", .offset_bytes = 56, .bytes = 8 },
	{ .type = CHUNK, .member = "nr_pages", .offset_bytes = 64, .bytes = 4 },
	{ .type = CHUNK, .member = "nr_populated", .offset_bytes = 68, .bytes = 4 },
	{ .type = CHUNK, .member = "nr_alloc", .offset_bytes = 72, .bytes = 4 },
	{ .type = CHUNK, .member = "populated", .offset_bytes = 80, .bytes = 8, .n_elements = 1, .is_flexible = true },
	{ .type = "struct obj_cgroup", .member = "memcg", .offset_bytes = 8, .bytes = 8 },
};

static const struct mo_fake_symbol symbols[] = {
	{ .name = "__per_cpu_start", .kva = 0x100, .bytes = 0 },
	{ .name = "pcpu_chunk_lists", .kva = LISTS_POINTER, .bytes = 8 },
	{ .name = "pcpu_nr_slots", .kva = N_SLOTS, .bytes = 4 },
	{ .name = "pcpu_first_chunk", .kva = FIRST_CHUNK, .bytes = 8 },
	{ .name = "pcpu_reserved_chunk", .kva = RESERVED_CHUNK, .bytes = 8 },
	{ .name = "pcpu_base_addr", .kva = BASE_ADDR, .bytes = 8 },
	{ .name = "pcpu_nr_units", .kva = N_UNITS, .bytes = 4 },
	{ .name = "pcpu_nr_populated", .kva = N_POPULATED, .bytes = 8 },
};

static void set_bits(struct mo_kernel *kernel, uint64_t map_kva, unsigned first, unsigned n)
{
	struct mo_reader *reader = mo_fake_reader(kernel);

	for (unsigned bit = first; bit < first + n; bit++) {
		uint8_t byte;

		expect_success(mo_read_u8(reader, map_kva + bit / 8, &byte));
		mo_fake_put_u8(kernel, map_kva + bit / 8, (uint8_t)(byte | 1u << bit % 8));
	}
}

/* Marks [first, first + n) of the four-byte units of a chunk as one allocation. */
static void allocate(struct mo_kernel *kernel, unsigned chunk, unsigned first, unsigned n)
{
	set_bits(kernel, MAP(chunk, false), first, n);
	set_bits(kernel, MAP(chunk, true), first, 1);
	set_bits(kernel, MAP(chunk, true), first + n, 1);
}

static void put_chunk(struct mo_kernel *kernel, unsigned i, uint64_t base_kva, uint32_t free_bytes, uint32_t n_alloc)
{
	mo_fake_put_u32(kernel, STRUCT(i) + 16, free_bytes);
	mo_fake_put_u64(kernel, STRUCT(i) + 24, base_kva);
	mo_fake_put_u64(kernel, STRUCT(i) + 32, MAP(i, false));
	mo_fake_put_u64(kernel, STRUCT(i) + 40, MAP(i, true));
	mo_fake_put_u32(kernel, STRUCT(i) + 64, 2);
	mo_fake_put_u32(kernel, STRUCT(i) + 68, i == 2 ? 1 : 2);
	mo_fake_put_u32(kernel, STRUCT(i) + 72, n_alloc);
	mo_fake_put_u64(kernel, STRUCT(i) + 80, i == 2 ? 1 : 3);
}

static void put_list(struct mo_kernel *kernel, uint64_t head_kva, uint64_t node_kva)
{
	mo_fake_put_u64(kernel, head_kva, node_kva);
	mo_fake_put_u64(kernel, head_kva + 8, node_kva);
	mo_fake_put_u64(kernel, node_kva, head_kva);
	mo_fake_put_u64(kernel, node_kva + 8, head_kva);
}

/*
 * Two units. Their first 0x1800 bytes are the kernel's own variables; the reserved chunk serves 0x400 bytes behind them,
 * with one allocation; the first chunk the rest up to 0x3000; a later chunk has two allocations, one of them charged.
 */
static struct mo_kernel *toy(void)
{
	const struct mo_fake fake = { .rows = mo_container_rows, .n_rows = mo_n_container_rows, .more_rows = rows,
				      .n_more_rows = N_ROWS(rows), .symbols = symbols, .n_symbols = N_ROWS(symbols) };
	struct mo_kernel *kernel = mo_fake_kernel(&fake);

	mo_fake_map(kernel, BASE_KVA, 0x20000);
	mo_fake_put_u64(kernel, LISTS_POINTER, LISTS);
	mo_fake_put_u32(kernel, N_SLOTS, 2);
	mo_fake_put_u64(kernel, FIRST_CHUNK, STRUCT(0));
	mo_fake_put_u64(kernel, RESERVED_CHUNK, STRUCT(1));
	mo_fake_put_u64(kernel, BASE_ADDR, UNIT);
	mo_fake_put_u32(kernel, N_UNITS, 2);
	mo_fake_put_u64(kernel, N_POPULATED, 4);
	put_list(kernel, LISTS, STRUCT(0));
	put_list(kernel, LISTS + 16, STRUCT(2));
	/* First: [0x1c00, 0x3000), of which 16 bytes are handed out. */
	put_chunk(kernel, 0, UNIT + 0x1000, 0x1400 - 16, 1);
	mo_fake_put_u32(kernel, STRUCT(0) + 48, 0xc00);
	allocate(kernel, 0, 0, 0xc00 / 4);
	allocate(kernel, 0, 0xc00 / 4, 4);
	/* Reserved: [0x1800, 0x1c00). */
	put_chunk(kernel, 1, UNIT + 0x1000, 0x400 - 40, 1);
	mo_fake_put_u32(kernel, STRUCT(1) + 48, 0x800);
	mo_fake_put_u32(kernel, STRUCT(1) + 52, 0x1400);
	allocate(kernel, 1, 0, 0x800 / 4);
	allocate(kernel, 1, 0x800 / 4, 10);
	set_bits(kernel, MAP(1, false), 0xc00 / 4, 0x1400 / 4);
	set_bits(kernel, MAP(1, true), 0xc00 / 4, 1);
	/* Later: one page of two is populated; two allocations side by side. */
	put_chunk(kernel, 2, LATER, 0x2000 - 72, 2);
	allocate(kernel, 2, 2, 2);
	allocate(kernel, 2, 4, 16);
	mo_fake_put_u64(kernel, STRUCT(2) + 56, CHARGES);
	mo_fake_put_u64(kernel, CHARGES + 4 * 8, OBJCG);
	mo_fake_put_u64(kernel, OBJCG + 8, MEMCG);
	return kernel;
}

static struct mo_run *run_of(struct mo_kernel *kernel)
{
	struct mo_error *error = NULL;
	struct mo_run *run = fake_run_try(kernel, memopsy_plugin_entry_percpu(), &error);

	expect_success(error);
	return run;
}

static void end(struct mo_kernel *kernel, struct mo_run *run)
{
	fake_run_destroy(run);
	mo_fake_destroy(kernel);
}

static void expect_allocation(const struct mo_percpu_model *model, size_t i, uint64_t percpu_kva, uint32_t bytes,
			      uint64_t memcg_kva)
{
	assert_int_equal(model->allocations[i].percpu_kva, percpu_kva);
	assert_int_equal(model->allocations[i].bytes, bytes);
	assert_int_equal(model->allocations[i].memcg_kva, memcg_kva);
	assert_ptr_equal(mo_percpu_allocation_at(model, percpu_kva + bytes - 1), &model->allocations[i]);
}

static void test_sound(void **state)
{
	struct mo_kernel *kernel = toy();
	struct mo_run *run = run_of(kernel);
	const struct mo_percpu_model *model = mo_run_model(run);
	char *text = fake_run_flagged(run, "percpu", NULL);

	(void)state;
	assert_int_equal(fake_run_finding_count(run), 0);
	assert_true(model->is_complete);
	assert_int_equal(model->n_chunks, 3);
	assert_int_equal(model->chunks[0].kind, MO_PERCPU_FIRST);
	assert_int_equal(model->chunks[0].served_bytes, 0x1400);
	assert_int_equal(model->chunks[1].kind, MO_PERCPU_RESERVED);
	assert_int_equal(model->chunks[1].allocated_bytes, 40);
	assert_true(model->chunks[2].is_charged);
	assert_int_equal(model->static_bytes, 0x1800);
	assert_int_equal(model->populated_pages, 4);
	assert_int_equal(model->counted_populated_pages.value, 4);
	assert_int_equal(model->n_allocations, 4);
	expect_allocation(model, 0, 0x100 + 0x1c00, 16, 0);
	expect_allocation(model, 1, 0x100 + 0x1800, 40, 0);
	expect_allocation(model, 2, 0x100 + (LATER - UNIT) + 8, 8, 0);
	expect_allocation(model, 3, 0x100 + (LATER - UNIT) + 16, 64, MEMCG);
	assert_int_equal(model->allocations[3].chunk, 2);
	assert_null(mo_percpu_allocation_at(model, 0x100 + 0x17ff));
	assert_null(mo_percpu_allocation_at(model, 0x100 + 0x1c10));
	assert_non_null(strstr(text, "Populated:                32.0 KiB\n"));
	assert_non_null(strstr(text, "Allocated:                256 B\n"));
	assert_non_null(strstr(text, "charged for per-CPU memory"));
	free(text);
	text = fake_run_flagged(run, "percpu", "allocations");
	assert_non_null(strstr(text, "64 B      128 B  later"));
	free(text);
	end(kernel, run);
}

static void expect_said(struct mo_kernel *kernel, bool is_complete, size_t n_allocations, const char *said)
{
	struct mo_run *run = run_of(kernel);
	const struct mo_percpu_model *model = mo_run_model(run);

	assert_true(fake_run_said(run, said));
	assert_int_equal(model->is_complete, is_complete);
	assert_int_equal(model->n_allocations, n_allocations);
	end(kernel, run);
}

/* Maps and counters that do not fit together. */
static void test_contradictions(void **state)
{
	struct mo_kernel *kernel = toy();

	(void)state;
	mo_fake_put_u32(kernel, STRUCT(2) + 16, 100);
	expect_said(kernel, true, 4, "says that 100 bytes are free, and its map says 8120");
	kernel = toy();
	mo_fake_put_u32(kernel, STRUCT(2) + 72, 7);
	expect_said(kernel, true, 4, "says that it has 7 allocations, and its map says 2");
	kernel = toy();
	mo_fake_put_u64(kernel, STRUCT(2) + 80, 0);
	expect_said(kernel, true, 4, "says that 1 pages are populated, and its map says 0");
	/* Without bounds, what is in use side by side is one. */
	kernel = toy();
	mo_fake_put_u64(kernel, MAP(2, true), 0);
	expect_said(kernel, true, 3, "1 allocations have no beginning or end");
}

/* Maps of garbage: every word of both is all ones, or noise. */
static void test_garbage(void **state)
{
	uint64_t seed = 5;

	(void)state;
	for (unsigned round = 0; round < 20; round++) {
		struct mo_kernel *kernel = toy();
		struct mo_run *run;
		const struct mo_percpu_model *model;

		for (uint64_t i = 0; i < N_BITS / 8; i += 8) {
			mo_fake_put_u64(kernel, MAP(2, false) + i, round ? next_random(&seed) : UINT64_MAX);
			mo_fake_put_u64(kernel, MAP(2, true) + i, round ? next_random(&seed) : UINT64_MAX);
		}
		run = run_of(kernel);
		model = mo_run_model(run);
		assert_true(fake_run_said(run, "the chunk at 0xffff888000003200"));
		assert_true(model->chunks[2].allocated_bytes <= model->chunks[2].served_bytes);
		end(kernel, run);
	}
}

static void test_impossible_chunks(void **state)
{
	struct mo_kernel *kernel = toy();

	(void)state;
	mo_fake_put_u32(kernel, STRUCT(2) + 64, 0x7fffffff);
	expect_said(kernel, false, 2, "the chunk at 0xffff888000003200 has 2147483647 pages");
	kernel = toy();
	mo_fake_put_u32(kernel, STRUCT(1) + 48, 0x1000);
	expect_said(kernel, false, 3, "leaves out 4096 and 5120 bytes of 2 pages");
	kernel = toy();
	mo_fake_put_u32(kernel, STRUCT(2) + 68, 3);
	expect_said(kernel, false, 2, "has 3 populated pages of 2");
	kernel = toy();
	mo_fake_put_u64(kernel, STRUCT(2) + 32, 0xdead000000000000ull);
	expect_said(kernel, false, 2, "the bitmaps of the chunk at 0xffff888000003200");
	kernel = toy();
	mo_fake_break(kernel, STRUCT(2) + 16, 8, MO_E_NOT_IN_DUMP);
	expect_said(kernel, false, 2, "the chunk at 0xffff888000003200");
}

static void test_lists(void **state)
{
	struct mo_kernel *kernel = toy();
	struct mo_error *error = NULL;
	struct mo_run *run;

	(void)state;
	/* A chunk that leads to itself. */
	mo_fake_put_u64(kernel, STRUCT(2), STRUCT(2));
	expect_said(kernel, false, 4, "the list of chunks at 0xffff888000001010");
	kernel = toy();
	mo_fake_put_u32(kernel, N_SLOTS, 1u << 30);
	expect_said(kernel, false, 2, "pcpu_nr_slots is 1073741824");
	/* Who pays cannot be read: the allocation is known all the same. */
	kernel = toy();
	mo_fake_put_u64(kernel, CHARGES + 4 * 8, 0x1234);
	expect_said(kernel, false, 4, "the memory cgroup of the per-CPU allocation at 0xffffd90000000010");
	kernel = toy();
	mo_fake_break(kernel, BASE_ADDR, 8, MO_E_NOT_IN_DUMP);
	run = fake_run_try(kernel, memopsy_plugin_entry_percpu(), &error);
	expect_error(error, MO_E_NOT_IN_DUMP, "cannot read the lists of per-CPU chunks");
	end(kernel, run);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sound),
		cmocka_unit_test(test_contradictions),
		cmocka_unit_test(test_garbage),
		cmocka_unit_test(test_impossible_chunks),
		cmocka_unit_test(test_lists),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
