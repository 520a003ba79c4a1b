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
#define SLAB_PFN 4u /* objects of kmalloc-64 */
#define OBJECT_BYTES 64u
#define N_BLOCKS 8u /* single pages from page frame 16 on, and a large one at 32 */
#define BLOCK_PFN 16u

struct toy {
	bool is_step_by_step; /* owners of objects are not looked for in the first pass */
	uint8_t states[4096 / OBJECT_BYTES / 2];
	struct owners_state state;
	struct owners_layout layout;
	struct mo_page_shape page_shape;
	struct mo_places_model places;
	struct mo_page_run run;
	struct mo_mem_map_model mem_map;
	struct mo_slab_model slabs;
	struct mo_slab_cache cache;
	struct mo_slab slab;
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
	} else if (pa >> 12 == SLAB_PFN) {
		ret->kind = MO_PLACE_SLAB_OBJECT;
		ret->kva = (DIRECT_KVA + pa) & ~(uint64_t)(OBJECT_BYTES - 1);
		ret->bytes = OBJECT_BYTES;
		ret->offset_bytes = pa % OBJECT_BYTES;
		snprintf(ret->name, sizeof(ret->name), "kmalloc-64");
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
	toy->classes[SLAB_PFN] = MO_PAGE_SLAB;
	toy->cache = (struct mo_slab_cache){ .name = "kmalloc-64", .size_bytes = OBJECT_BYTES, .object_bytes = OBJECT_BYTES };
	toy->slab = (struct mo_slab){ .pfn = SLAB_PFN, .objects = 4096 / OBJECT_BYTES, .has_states = true };
	memset(toy->states, MO_OBJECT_ALLOCATED << 4 | MO_OBJECT_ALLOCATED, sizeof(toy->states));
	toy->slabs = (struct mo_slab_model){ .page_shift = 12, .direct_map_kva = DIRECT_KVA, .caches = &toy->cache, .n_caches = 1,
					     .slabs = &toy->slab, .n_slabs = 1, .states = toy->states,
					     .n_objects = 4096 / OBJECT_BYTES };
	toy->memmap_run = (struct mo_memmap_run){ .n_pages = TOY_PAGES, .first_page_kva = PAGES_KVA };
	toy->memmap = (struct mo_memmap){ .runs = &toy->memmap_run, .n_runs = 1, .page_struct_bytes = 64, .n_pages = TOY_PAGES };
	toy->places = (struct mo_places_model){ .find = find_nothing, .find_pa = find_page };
	state->kernel = mo_fake_kernel(&(const struct mo_fake){ .end_pfn = TOY_PAGES });
	expect_success(mo_object_index_build(state->kernel, &toy->slabs, &state->index));
	mo_fake_physical(state->kernel, DIRECT_KVA, TOY_PAGES * 4096ull, 0);
	state->layout = &toy->layout;
	state->slabs = &toy->slabs;
	state->mem_map = &toy->mem_map;
	state->places = &toy->places;
	state->memmap = &toy->memmap;
	toy->page_shape.kernel_half_kva = 0xffull << 56;
	state->page_shape = &toy->page_shape;
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
	if (!toy->is_step_by_step)
		expect_success(prepare_generic_objects(&toy->state));
	expect_success(add_percpu_targets(&toy->state));
	expect_success(find_pointers(&toy->state));
	expect_success(find_chains(&toy->state));
	expect_success(name_blocks(&toy->state));
	sort_holders(&toy->state.holders);
}

static void toy_destroy(struct toy *toy)
{
	fake_run_destroy(toy->state.run);
	for (unsigned step = 0; step < MAX_CHAIN_STEPS; step++)
		targets_deinit(&toy->state.steps[step]);
	targets_deinit(&toy->state.percpu_targets);
	generic_objects_deinit(&toy->state.objects);
	mo_object_index_deinit(&toy->state.index);
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

/* Blocks come in the order of their page frames: one that begins where the last one ended is in the same pageblock. */
static void test_pageblocks(void **unused)
{
	struct holder_table table = { .n = 0 };
	static const struct mo_holder blocks[] = {
		{ .pieces = 1, .pageblocks = 1, .last_pageblock = 4 }, { .pieces = 1, .pageblocks = 1, .last_pageblock = 4 },
		{ .pieces = 1, .pageblocks = 2, .last_pageblock = 5 }, { .pieces = 1, .pageblocks = 1, .last_pageblock = 9 },
	};

	(void)unused;
	for (size_t i = 0; i < sizeof(blocks) / sizeof(blocks[0]); i++)
		expect_success(add_holder(&table, &blocks[i]));
	assert_int_equal(table.n, 1);
	assert_int_equal(table.holders[0].pieces, 4);
	assert_int_equal(table.holders[0].pageblocks, 3);
	holders_deinit(&table);
}

/* A struct page of 64 bytes: flags (bit 0: head), compound word at 8, order of a head at 8 of its second, count at 52. */
static void put_page(struct toy *toy, uint64_t pfn, uint64_t flags, uint64_t compound, uint32_t refcount)
{
	uint64_t kva = PAGES_KVA + pfn * 64;

	mo_fake_put_u64(toy->state.kernel, kva, flags);
	mo_fake_put_u64(toy->state.kernel, kva + 8, compound);
	mo_fake_put_u32(toy->state.kernel, kva + 52, refcount);
}

static void set_up_pages(struct toy *toy)
{
	toy_init(toy);
	toy->page_shape = (struct mo_page_shape){ .struct_bytes = 64, .word_bytes = 8, .at = { .compound = 8, .refcount = 52 },
						  .flag = { .head = 1 }, .order_offset = 64 + 16, .max_order = 18,
						  .n_buddy_orders = 11 };
	mo_fake_map(toy->state.kernel, PAGES_KVA, (TOY_PAGES + 1) * 64);
	memset(toy->classes, MO_PAGE_FREE_BUDDY, sizeof(toy->classes));
	toy->state.blocks = (struct block_index){ .n_blocks = 0 };
	toy->state.run = fake_run(toy->state.kernel, &no_plugin);
}

static void expect_block(const struct toy *toy, size_t at, uint64_t pfn, unsigned order, uint32_t n_pages)
{
	assert_true(at < toy->state.blocks.n_blocks);
	assert_int_equal(toy->state.blocks.blocks[at].pfn, pfn);
	assert_int_equal(toy->state.blocks.blocks[at].order, order);
	assert_int_equal(toy->state.blocks.blocks[at].n_pages, n_pages);
}

static void test_blocks(void **unused)
{
	struct toy toy;

	(void)unused;
	set_up_pages(&toy);
	for (uint64_t pfn = 16; pfn < 40; pfn++)
		toy.classes[pfn] = pfn == 28 ? MO_PAGE_ANON : MO_PAGE_DIRECT;
	put_page(&toy, 16, 1, 0, 1); /* a compound page of order 2 */
	for (uint64_t pfn = 17; pfn < 20; pfn++)
		put_page(&toy, pfn, 0, (PAGES_KVA + 16 * 64) | 1, 0);
	mo_fake_put_u8(toy.state.kernel, PAGES_KVA + 17 * 64 + 16, 2);
	put_page(&toy, 20, 0, 0, 1); /* order 1, then two single pages */
	put_page(&toy, 22, 0, 0, 1);
	put_page(&toy, 23, 0, 0, 1);
	put_page(&toy, 24, 0, 0, 1); /* order 2 */
	put_page(&toy, 29, 0, 0, 1); /* not aligned for more: single, and so are the pages behind it */
	put_page(&toy, 32, 1, 0, 1); /* says order 9, where eight pages are left */
	mo_fake_put_u8(toy.state.kernel, PAGES_KVA + 33 * 64 + 16, 9);
	expect_success(gather_blocks(&toy.state));
	assert_int_equal(toy.state.blocks.n_blocks, 9);
	expect_block(&toy, 0, 16, 2, 4);
	expect_block(&toy, 1, 20, 1, 2);
	expect_block(&toy, 2, 22, 0, 1);
	expect_block(&toy, 4, 24, 2, 4);
	expect_block(&toy, 5, 29, 0, 1);
	expect_block(&toy, 7, 31, 0, 1);
	expect_block(&toy, 8, 32, 9, 8);
	assert_int_equal(block_at(&toy.state.blocks, 19), 0);
	assert_int_equal(block_at(&toy.state.blocks, 27), 4);
	assert_int_equal(block_at(&toy.state.blocks, 28), NO_BLOCK);
	assert_int_equal(block_at(&toy.state.blocks, 39), 8);
	assert_int_equal(block_at(&toy.state.blocks, 40), NO_BLOCK);
	assert_int_equal(block_at(&toy.state.blocks, UINT64_MAX), NO_BLOCK);
	blocks_deinit(&toy.state.blocks);
	toy_destroy(&toy);
}

/* An order that no block can have, and struct pages that are not there: single pages. */
static void test_broken_struct_pages(void **unused)
{
	struct toy toy;

	(void)unused;
	set_up_pages(&toy);
	toy.classes[16] = toy.classes[17] = toy.classes[30] = MO_PAGE_DIRECT;
	put_page(&toy, 16, 1, 0, 1);
	mo_fake_put_u8(toy.state.kernel, PAGES_KVA + 17 * 64 + 16, 200);
	put_page(&toy, 17, 0, 0, 1);
	mo_fake_break(toy.state.kernel, PAGES_KVA + 30 * 64, 64, MO_E_NOT_IN_DUMP);
	expect_success(gather_blocks(&toy.state));
	assert_int_equal(toy.state.blocks.n_blocks, 3);
	for (size_t i = 0; i < 3; i++)
		assert_int_equal(toy.state.blocks.blocks[i].n_pages, 1);
	blocks_deinit(&toy.state.blocks);
	toy_destroy(&toy);
}

static void test_arrays(void **unused)
{
	static const char *const names[] = { "kmalloc-64+0", "kmalloc-64+8", "kmalloc-64+16", "kmalloc-64+24", "kmalloc-6+24",
					     "kmalloc-96+8", "kmalloc-96+16", "dentry+8" };
	struct owners_state state;

	(void)unused;
	memset(&state, 0, sizeof(state));
	for (size_t i = 0; i < N_ROWS(names); i++) {
		struct mo_holder holder = { .evidence = MO_HOLDER_BY_POINTER, .bytes = 10, .pieces = 1 };

		expect_success(keep_name(&state.names, names[i], &holder.name));
		expect_success(add_holder(&state.holders, &holder));
	}
	/* An empty slab cache has memory and no objects: it stays. */
	expect_success(add_holder(&state.holders, &(const struct mo_holder){ .name = "empty", .bytes = 5 }));
	expect_success(join_arrays(&state));
	sort_holders(&state.holders);
	assert_int_equal(state.holders.n, 6);
	assert_string_equal(state.holders.holders[0].name, "kmalloc-64 (arrays)");
	assert_int_equal(state.holders.holders[0].bytes, 40);
	assert_int_equal(state.holders.holders[0].pieces, 4);
	assert_string_equal(state.holders.holders[5].name, "empty");
	holders_deinit(&state.holders);
	names_deinit(&state.names);
}

static uint64_t object_kva(uint32_t object)
{
	return DIRECT_KVA + SLAB_PFN * 4096 + object * OBJECT_BYTES;
}

static void point_from_object(struct toy *toy, uint32_t object, uint64_t offset, uint64_t to)
{
	point(toy, SLAB_PFN, object * OBJECT_BYTES + offset, to);
}

/* Of objects of kmalloc() it is told who points at them, over two of them and no more; circles end. */
static void check_objects_that_lead_on(bool is_step_by_step)
{
	struct toy toy;

	toy_init(&toy);
	toy.is_step_by_step = is_step_by_step;
	point_from_object(&toy, 0, 8, block_kva(0));
	point_from_object(&toy, 1, 16, object_kva(0) + 4);   /* anywhere inside of it */
	point(&toy, DATA_PFN, 32, object_kva(1));
	point_from_object(&toy, 2, 24, block_kva(1));        /* nobody points at object 2 but itself */
	point_from_object(&toy, 2, 32, object_kva(2));
	point_from_object(&toy, 3, 40, block_kva(2));
	point_from_object(&toy, 3, 48, object_kva(4));
	point_from_object(&toy, 4, 48, object_kva(3));
	point_from_object(&toy, 5, 56, block_kva(3));        /* by three objects */
	point_from_object(&toy, 6, 0, object_kva(5));
	point_from_object(&toy, 7, 0, object_kva(6));
	point(&toy, DATA_PFN, 40, object_kva(7));
	toy_name(&toy);
	assert_string_equal(holder_named(&toy, "toy_variable -> kmalloc-64", MO_HOLDER_BY_POINTER)->detail,
			    "leads to it through an object");
	assert_int_equal(holder_named(&toy, "toy_variable -> kmalloc-64", MO_HOLDER_BY_POINTER)->pieces, 1);
	assert_non_null(holder_named(&toy, "kmalloc-64+24", MO_HOLDER_BY_POINTER));
	assert_non_null(holder_named(&toy, "kmalloc-64+40", MO_HOLDER_BY_POINTER));
	assert_non_null(holder_named(&toy, "kmalloc-64+56", MO_HOLDER_BY_POINTER));
	toy_destroy(&toy);
}

static void test_objects_that_lead_on(void **unused)
{
	(void)unused;
	check_objects_that_lead_on(false);
	check_objects_that_lead_on(true);
}

/* A freed object points at nothing any more; what lies around an object is nobody's. */
static void test_best_pointers_to_objects(void **unused)
{
	uint64_t best = 0;
	struct toy toy;

	(void)unused;
	toy_init(&toy);
	toy.cache.object_bytes = OBJECT_BYTES - 8;
	toy.states[0] = MO_OBJECT_ALLOCATED << 4 | MO_OBJECT_FREE; /* object 0 */
	point_from_object(&toy, 0, 8, object_kva(1));
	point_from_object(&toy, 3, 8, object_kva(2));
	point(&toy, STACK_PFN, 8, object_kva(4));
	point(&toy, DATA_PFN, 8, object_kva(5) + 8);
	point_from_object(&toy, 3, 16, object_kva(5));
	point(&toy, DATA_PFN, 16, object_kva(6) + OBJECT_BYTES - 8);
	toy_name(&toy);
	assert_true(best_pointer_to_object(&toy.state, object_kva(1), &best));
	assert_true(best == NO_POINTER);
	assert_true(best_pointer_to_object(&toy.state, object_kva(2), &best));
	assert_int_equal(best & POINTER_PA_MASK, object_kva(3) + 8 - DIRECT_KVA);
	assert_true(best_pointer_to_object(&toy.state, object_kva(4), &best));
	assert_true(best == NO_POINTER);
	assert_true(best_pointer_to_object(&toy.state, object_kva(5) + 24, &best));
	assert_int_equal(best & POINTER_PA_MASK, DATA_PFN * 4096 + 8);
	assert_true(best_pointer_to_object(&toy.state, object_kva(6), &best));
	assert_true(best == NO_POINTER);
	assert_false(best_pointer_to_object(&toy.state, block_kva(0), &best));
	toy_destroy(&toy);
}

/* Only who keeps the very pointer that alloc_percpu() gave counts; what chunks say beyond their memory does not. */
static void test_percpu_allocations(void **unused)
{
	static const struct mo_percpu_chunk chunks[] = { { .kind = MO_PERCPU_FIRST }, { .kind = MO_PERCPU_RESERVED } };
	static const struct mo_percpu_allocation allocations[] = {
		{ .percpu_kva = 0x30000, .bytes = 8 },
		{ .percpu_kva = 0x30010, .bytes = 16 },
		{ .percpu_kva = 0x30100, .bytes = 32, .chunk = 1 },
		{ .percpu_kva = 0x31000, .bytes = 1u << 20 },
	};
	const struct mo_percpu_model percpu = { .chunks = chunks, .n_chunks = 2, .allocations = allocations, .n_allocations = 4,
						.n_units = 2 };
	struct toy toy;

	(void)unused;
	toy_init(&toy);
	toy.state.percpu = &percpu;
	toy.state.percpu_bytes = 8192;
	point_from_object(&toy, 0, 8, 0x30000);
	point(&toy, DATA_PFN, 8, object_kva(0));
	point(&toy, DATA_PFN, 16, 0x30018);
	point(&toy, DATA_PFN, 24, 0x30100);
	point(&toy, DATA_PFN, 32, 0x31000);
	toy_name(&toy);
	expect_success(gather_percpu_accounting(&toy.state));
	assert_int_equal(holder_named(&toy, "toy_variable", MO_HOLDER_BY_POINTER)->bytes, 2 * 8);
	assert_string_equal(holder_named(&toy, "toy_variable", MO_HOLDER_BY_POINTER)->detail,
			    "points at an object that points at it");
	assert_int_equal(holder_named(&toy, "per-CPU allocations", MO_HOLDER_BY_NOBODY)->bytes, 2 * 16);
	assert_int_equal(holder_named(&toy, "per-CPU memory that is not handed out", MO_HOLDER_BY_ALLOCATOR)->bytes,
			 8192 - 2 * 8 - 2 * 16);
	toy_destroy(&toy);
}

/* Ranges that overlap, are empty, or larger than anything that is looked for. */
static void test_targets(void **unused)
{
	struct target_table table = { .best = NULL };
	struct toy toy;

	(void)unused;
	toy_init(&toy);
	toy.state.run = fake_run(toy.state.kernel, &no_plugin);
	expect_success(add_target(&table, object_kva(2), object_kva(3)));
	expect_success(add_target(&table, object_kva(0), object_kva(1)));
	expect_success(add_target(&table, object_kva(0), object_kva(1)));
	expect_success(add_target(&table, object_kva(0) + 8, object_kva(1)));
	expect_success(add_target(&table, 5, 5));
	expect_success(add_target(&table, 6, 5));
	expect_success(add_target(&table, 0x1000, UINT64_MAX));
	assert_int_equal(table.ranges.n, 4);
	point(&toy, STACK_PFN, 8, object_kva(0)); /* left over from a call, perhaps */
	point(&toy, DATA_PFN, 8, object_kva(2) + 63);
	expect_success(find_target_pointers(&toy.state, &table, "toys"));
	assert_int_equal(table.ranges.n, 2);
	assert_true(best_pointer(&table, object_kva(0) + 63) == NO_POINTER);
	assert_int_equal(best_pointer(&table, object_kva(2)) & POINTER_PA_MASK, DATA_PFN * 4096 + 8);
	assert_true(best_pointer(&table, object_kva(1)) == NO_POINTER);
	assert_true(best_pointer(&table, object_kva(3)) == NO_POINTER);
	targets_deinit(&table);
	toy_destroy(&toy);
}

/* A plugin whose model is made by hand, and whose findings are those of owners: 1,000 pages of 10,000 were taken directly. */
static struct mo_error *gather_direct(struct mo_run *run, void **model_ret)
{
	static const struct mo_mem_map_model mem_map = { .n_pages = 100000 };
	static const struct mo_holder holders[] = {
		{ .kind = MO_HOLDER_DIRECT, .evidence = MO_HOLDER_BY_NOBODY, .bytes = 20 << 20 },
		{ .kind = MO_HOLDER_CACHE, .name = "kmalloc-64", .module = "pinner", .bytes = 90 << 20 },
		{ .kind = MO_HOLDER_DIRECT, .evidence = MO_HOLDER_BY_POINTER, .name = "table", .module = "pinner", .bytes = 15 << 20 },
		{ .kind = MO_HOLDER_DIRECT, .evidence = MO_HOLDER_BY_POINTER, .name = "ring", .module = "pinner", .bytes = 10 << 20 },
	};
	struct owners_state *state = calloc(1, sizeof(*state));

	(void)run;
	assert_non_null(state);
	state->mem_map = &mem_map;
	state->page_shift = 12;
	state->model = (struct mo_owners_model){ .holders = holders, .n_holders = sizeof(holders) / sizeof(holders[0]),
						 .direct_pages = (45 << 20) >> 12 };
	*model_ret = state;
	return NULL;
}

static struct mo_error *show_findings(struct mo_run *run, struct mo_report *report)
{
	mo_run_show_findings(run, report);
	return NULL;
}

/* Memory in no counter is told with its owner; the pieces of one module count together, and nobody is no owner. */
static void test_direct_pages_held(void **context)
{
	static const struct mo_view views[] = { { .name = "owners", .title = "Owners", .summary = "owners", .show = show_findings } };
	static const struct mo_plugin plugin = { MO_PLUGIN_HEADER, .name = "owners", .version = "1", .summary = "owners",
						 .gather = gather_direct, .judge = judge_owners, .release = free,
						 .views = views, .n_views = 1 };
	struct mo_kernel *kernel = mo_fake_kernel(&(const struct mo_fake){ .end_pfn = TOY_PAGES });
	struct mo_run *run = fake_run(kernel, &plugin);
	char *text;

	(void)context;
	text = fake_run_flagged(run, "owners", NULL);
	assert_non_null(strstr(text, "WARNING: 11.5 % of memory (45.0 MiB) was allocated directly from the buddy"));
	assert_non_null(strstr(text, "module pinner"));
	assert_non_null(strstr(text, "of these held:       25.0 MiB"));
	assert_non_null(strstr(text, "Confidence: likely"));
	assert_non_null(strstr(text, "Look at module pinner"));
	free(text);
	fake_run_destroy(run);
	mo_fake_destroy(kernel);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_pointers), cmocka_unit_test(test_chain_and_circle), cmocka_unit_test(test_rest_of_a_block),
		cmocka_unit_test(test_guess), cmocka_unit_test(test_names_and_holders), cmocka_unit_test(test_pageblocks), cmocka_unit_test(test_blocks),
		cmocka_unit_test(test_broken_struct_pages), cmocka_unit_test(test_arrays),
		cmocka_unit_test(test_objects_that_lead_on), cmocka_unit_test(test_percpu_allocations),
		cmocka_unit_test(test_targets), cmocka_unit_test(test_best_pointers_to_objects),
		cmocka_unit_test(test_direct_pages_held),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
