/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Blocks of pages whose owners are known, or not: pointers of every rank, chains, circles, guesses, single pages behind one. */
#include <stdio.h>
#include <stdlib.h>

#include "fake_run.h"
#include "gathering.h"

#define DIRECT_KVA 0xffff888000000000ull
#define PAGES_KVA 0xffffea0000000000ull
#define TOY_PAGES 64u
#define DATA_PFN 1u
#define STACK_PFN 2u
#define TABLE_PFN 3u
#define N_BLOCKS 8u /* single pages from page frame 16 on, and a large one at 32 */
#define BLOCK_PFN 16u

struct toy {
	struct owners_state state;
	struct owners_layout layout;
	struct mo_places_model places;
	struct mo_page_run run;
	struct mo_mem_map_model mem_map;
	struct mo_slab_model slabs;
	struct mo_memmap_run memmap_run;
	struct mo_memmap memmap;
	uint8_t classes[TOY_PAGES];
	struct block blocks[N_BLOCKS + 1];
	uint64_t bits[2];
	uint32_t ranks[2];
	uint32_t block_of[N_BLOCKS + 4];
};

static struct mo_error *find_nothing(const struct mo_places_model *places, struct mo_reader *reader, uint64_t kva,
				     struct mo_place *ret)
{
	(void)places;
	(void)reader;
	*ret = (struct mo_place){ .kind = MO_PLACE_NONE };
	if (kva >> 28 == 0xffffffffc) {
		ret->kind = MO_PLACE_SYMBOL;
		ret->module = "toymod";
		snprintf(ret->name, sizeof(ret->name), "toy_ops");
	}
	return NULL;
}

static struct mo_error *find_page(const struct mo_places_model *places, struct mo_reader *reader, uint64_t pa,
				  struct mo_place *ret)
{
	(void)places;
	(void)reader;
	*ret = (struct mo_place){ .kind = MO_PLACE_PAGE_BLOCK };
	if (pa >> 12 == DATA_PFN) {
		ret->kind = MO_PLACE_SYMBOL;
		snprintf(ret->name, sizeof(ret->name), "toy_variable");
	} else if (pa >> 12 == STACK_PFN) {
		ret->kind = MO_PLACE_STACK;
		snprintf(ret->name, sizeof(ret->name), "stack of PID 1 toy");
	} else if (pa >> 12 == TABLE_PFN) {
		ret->kind = MO_PLACE_PAGE_TABLE;
	}
	return NULL;
}

static void toy_init(struct toy *toy)
{
	struct owners_state *state = &toy->state;

	memset(toy, 0, sizeof(*toy));
	memset(toy->classes, MO_PAGE_FREE_BUDDY, sizeof(toy->classes));
	toy->classes[DATA_PFN] = MO_PAGE_KERNEL_DATA;
	toy->classes[STACK_PFN] = MO_PAGE_KERNEL_STACK;
	toy->classes[TABLE_PFN] = MO_PAGE_PAGE_TABLE;
	for (uint32_t i = 0; i <= N_BLOCKS; i++) {
		bool is_large = i == N_BLOCKS;
		uint64_t pfn = is_large ? 32 : BLOCK_PFN + i;

		toy->blocks[i] = (struct block){ .pfn = pfn, .best = NO_POINTER, .n_pages = is_large ? 4 : 1,
						 .order = is_large ? 2 : 0, .class = MO_PAGE_DIRECT };
		for (uint32_t page = 0; page < toy->blocks[i].n_pages; page++) {
			toy->classes[pfn + page] = MO_PAGE_DIRECT;
			toy->bits[0] |= 1ull << (pfn + page);
			toy->block_of[i + page] = i;
		}
	}
	toy->run = (struct mo_page_run){ .n_pages = TOY_PAGES, .classes = toy->classes };
	toy->mem_map = (struct mo_mem_map_model){ .runs = &toy->run, .n_runs = 1 };
	toy->slabs = (struct mo_slab_model){ .page_shift = 12, .direct_map_kva = DIRECT_KVA };
	toy->memmap_run = (struct mo_memmap_run){ .n_pages = TOY_PAGES, .first_page_kva = PAGES_KVA };
	toy->memmap = (struct mo_memmap){ .runs = &toy->memmap_run, .n_runs = 1, .page_struct_bytes = 64, .n_pages = TOY_PAGES };
	toy->places = (struct mo_places_model){ .find = find_nothing, .find_pa = find_page };
	state->kernel = mo_fake_kernel(&(const struct mo_fake){ .end_pfn = TOY_PAGES });
	state->layout = &toy->layout;
	state->slabs = &toy->slabs;
	state->mem_map = &toy->mem_map;
	state->places = &toy->places;
	state->memmap = &toy->memmap;
	state->page_shape.kernel_half = 0xffull << 56;
	state->page_bytes = 4096;
	state->page_shift = 12;
	state->direct_map_kva = DIRECT_KVA;
	state->blocks = (struct block_index){ .blocks = toy->blocks, .n_blocks = N_BLOCKS + 1, .n_pages = TOY_PAGES,
					      .bits = toy->bits, .ranks = toy->ranks, .block_of = toy->block_of };
	mo_fake_map(state->kernel, DIRECT_KVA, TOY_PAGES * 4096);
}

static void point(struct toy *toy, uint64_t from_pfn, uint64_t offset, uint64_t to)
{
	mo_fake_put_u64(toy->state.kernel, DIRECT_KVA + from_pfn * 4096 + offset, to);
}

static uint64_t block_kva(uint32_t block)
{
	return DIRECT_KVA + (BLOCK_PFN + block) * 4096;
}

/* A run that has nothing but the kernel. */
static const struct mo_need no_need[1];
static const struct mo_need_table no_needs = { .needs = no_need };
static struct mo_error *gather_nothing(struct mo_run *run, void **model_ret)
{
	(void)run;
	*model_ret = NULL;
	return NULL;
}
static const struct mo_plugin no_plugin = { MO_PLUGIN_HEADER, .needs = &no_needs, .layout_bytes = 1, .gather = gather_nothing };

static void toy_name(struct toy *toy)
{
	toy->state.run = fake_run(toy->state.kernel, &no_plugin);
	expect_success(find_pointers(&toy->state));
	expect_success(name_blocks(&toy->state));
	sort_holders(&toy->state.holders);
}

static void toy_destroy(struct toy *toy)
{
	fake_run_destroy(toy->state.run);
	holders_deinit(&toy->state.holders);
	names_deinit(&toy->state.names);
	mo_fake_destroy(toy->state.kernel);
}

static const struct mo_holder *holder_named(const struct toy *toy, const char *name, enum mo_holder_evidence evidence)
{
	for (size_t i = 0; i < toy->state.holders.n; i++) {
		const struct mo_holder *holder = &toy->state.holders.holders[i];

		if (holder->evidence == evidence && !strcmp(holder->name ? holder->name : "", name))
			return holder;
	}
	return NULL;
}

static void test_pointers(void **unused)
{
	struct toy toy;

	(void)unused;
	toy_init(&toy);
	point(&toy, STACK_PFN, 8, block_kva(0));             /* a variable is better than a stack */
	point(&toy, DATA_PFN, 16, block_kva(0));
	point(&toy, STACK_PFN, 16, block_kva(1) + 100);
	point(&toy, DATA_PFN, 24, PAGES_KVA + 33 * 64);      /* a tail's struct page: the large block */
	point(&toy, TABLE_PFN, 8, (BLOCK_PFN + 2) << 12 | 0x67);
	point(&toy, TABLE_PFN, 16, (BLOCK_PFN + 3) << 12 | 0x63); /* the kernel's own entry says nothing */
	point(&toy, BLOCK_PFN + 3, 0, block_kva(3));         /* nor does a block of itself */
	point(&toy, 40, 0, block_kva(4));                    /* nor what is free */
	toy_name(&toy);
	assert_int_equal(holder_named(&toy, "toy_variable", MO_HOLDER_BY_POINTER)->pieces, 1);
	assert_int_equal(holder_named(&toy, "toy_variable", MO_HOLDER_BY_POINTER)->bytes, 4 * 4096);
	assert_string_equal(holder_named(&toy, "toy_variable", MO_HOLDER_BY_POINTER)->detail, "points at its struct page");
	assert_int_equal(holder_named(&toy, "stacks", MO_HOLDER_BY_POINTER)->pieces, 1);
	assert_string_equal(holder_named(&toy, "page tables of processes", MO_HOLDER_BY_POINTER)->detail, "map it");
	assert_int_equal(holder_named(&toy, "", MO_HOLDER_BY_NOBODY)->pieces, 5);
	assert_int_equal(toy.state.model.direct_unowned_pages, 5);
	assert_int_equal(toy.state.model.direct_pages, N_BLOCKS + 4);
	toy_destroy(&toy);
}

static void test_chain_and_circle(void **unused)
{
	struct toy toy;

	(void)unused;
	toy_init(&toy);
	point(&toy, DATA_PFN, 0, block_kva(1));  /* variable -> 1 -> 3 -> 5 */
	point(&toy, BLOCK_PFN + 1, 8, block_kva(3));
	point(&toy, BLOCK_PFN + 3, 8, block_kva(5));
	point(&toy, BLOCK_PFN + 6, 8, block_kva(7)); /* 6 and 7 hold each other */
	point(&toy, BLOCK_PFN + 7, 8, block_kva(6));
	toy_name(&toy);
	assert_int_equal(toy.state.model.direct_unowned_pages, N_BLOCKS + 4 - 3);
	for (size_t i = 0, n_chained = 0; i < toy.state.holders.n; i++) {
		const struct mo_holder *holder = &toy.state.holders.holders[i];

		if (holder->detail && !strcmp(holder->detail, "points at pages that lead to it")) {
			assert_string_equal(holder->name, "toy_variable");
			n_chained += holder->pieces;
			assert_int_equal(n_chained, 2);
		}
	}
	assert_non_null(holder_named(&toy, "toy_variable", MO_HOLDER_BY_POINTER));
	toy_destroy(&toy);
}

static void test_rest_of_a_block(void **unused)
{
	struct toy toy;

	(void)unused;
	/* Page frames 16 to 23, an aligned block: the first has a pointer to its memory. */
	toy_init(&toy);
	point(&toy, DATA_PFN, 0, block_kva(0));
	toy_name(&toy);
	assert_int_equal(holder_named(&toy, "toy_variable", MO_HOLDER_BY_GUESS)->pieces, 7);
	assert_int_equal(toy.state.model.direct_unowned_pages, 4);
	toy_destroy(&toy);
	/* A pointer to the struct page: single pages are taken so, and the others are none of its business. */
	toy_init(&toy);
	point(&toy, DATA_PFN, 0, PAGES_KVA + BLOCK_PFN * 64);
	toy_name(&toy);
	assert_null(holder_named(&toy, "toy_variable", MO_HOLDER_BY_GUESS));
	assert_int_equal(toy.state.model.direct_unowned_pages, 7 + 4);
	toy_destroy(&toy);
}

static void test_guess(void **unused)
{
	struct toy toy;

	(void)unused;
	toy_init(&toy);
	point(&toy, 32, 40, 0xffffffffc0001000);
	point(&toy, BLOCK_PFN + 1, 40, 0x1000);                 /* no address of the kernel */
	mo_fake_break(toy.state.kernel, block_kva(2), 4096, MO_E_NOT_IN_DUMP);
	toy_name(&toy);
	assert_int_equal(holder_named(&toy, "toy_ops", MO_HOLDER_BY_GUESS)->bytes, 4 * 4096);
	assert_string_equal(holder_named(&toy, "toy_ops", MO_HOLDER_BY_GUESS)->module, "toymod");
	assert_int_equal(holder_named(&toy, "toy_ops", MO_HOLDER_BY_GUESS)->order, 2);
	assert_int_equal(toy.state.model.direct_unowned_pages, N_BLOCKS);
	assert_int_equal(toy.state.missing_pages, 1);
	toy_destroy(&toy);
}

static void test_names_and_holders(void **unused)
{
	struct name_table names = { .n = 0 };
	struct holder_table table = { .n = 0 };
	const char *first[300];
	const char *again;
	char text[32];

	(void)unused;
	for (unsigned i = 0; i < 300; i++) {
		snprintf(text, sizeof(text), "name %u", i);
		expect_success(keep_name(&names, text, &first[i]));
		expect_success(add_holder(&table, &(const struct mo_holder){ .name = first[i], .bytes = i, .pieces = 1 }));
	}
	for (unsigned i = 0; i < 300; i++) {
		snprintf(text, sizeof(text), "name %u", i);
		expect_success(keep_name(&names, text, &again));
		assert_ptr_equal(again, first[i]);
		expect_success(add_holder(&table, &(const struct mo_holder){ .name = again, .bytes = i, .pieces = 1 }));
	}
	expect_success(keep_name(&names, NULL, &again));
	assert_null(again);
	assert_int_equal(table.n, 300);
	sort_holders(&table);
	assert_string_equal(table.holders[0].name, "name 299");
	assert_int_equal(table.holders[0].bytes, 598);
	assert_int_equal(table.holders[0].pieces, 2);
	holders_deinit(&table);
	names_deinit(&names);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_pointers), cmocka_unit_test(test_chain_and_circle), cmocka_unit_test(test_rest_of_a_block),
		cmocka_unit_test(test_guess), cmocka_unit_test(test_names_and_holders),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
