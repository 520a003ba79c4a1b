/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Blocks of pages that were taken from the page allocator directly, large kmalloc() among them. A compound page says its
 * order. Of a block that is none, only the first page has a reference count (mm/page_alloc.c, prep_new_page()): pages
 * without one belong to the block before them, as far as alignment lets them.
 */
#include <inttypes.h>
#include <stdlib.h>

#include "gathering.h"

#define VIEW_PAGES 1024u

static bool is_looked_for(uint8_t class)
{
	return class == MO_PAGE_DIRECT || class == MO_PAGE_LARGE_KMALLOC;
}

static struct mo_error *add_block(struct block_index *index, uint64_t pfn, unsigned order, uint64_t n_pages, uint8_t class)
{
	if (index->n_blocks >= NO_BLOCK - 1)
		return mo_error_create(MO_E_LIMIT, "more blocks of pages than can be told apart");
	if (index->n_blocks == index->n_slots) {
		size_t n_slots = index->n_slots ? index->n_slots * 2 : 4096;
		struct block *blocks = reallocarray(index->blocks, n_slots, sizeof(*blocks));

		if (!blocks)
			return mo_error_no_memory();
		index->blocks = blocks;
		index->n_slots = n_slots;
	}
	index->blocks[index->n_blocks++] =
		(struct block){ .pfn = pfn, .best = NO_POINTER, .n_pages = (uint32_t)n_pages, .order = (uint8_t)order,
				.class = class };
	return NULL;
}

/* What one struct page says of the block that it may begin. */
struct page_word_facts {
	bool is_head;
	unsigned order;         /* of a compound page */
	bool is_counted;        /* has a reference count */
};

static void read_facts(const struct mo_page_shape *shape, const uint8_t *page, const uint8_t *second, struct page_word_facts *ret)
{
	bool is_tail = mo_page_word(shape, page, shape->at.compound, false) & 1;

	ret->is_head = !is_tail && mo_page_word(shape, page, shape->at.flags, false) & shape->flag.head && second && shape->order_offset;
	ret->order = ret->is_head ? mo_compound_facts_of(shape, second).order : 0;
	ret->is_counted = mo_page_half(shape, page, shape->at.refcount, false) != 0;
	if (ret->order > shape->max_order)
		ret->is_head = false;
}

/* Facts of a stretch of page frames; what cannot be read counts as blocks of one page. */
static void read_stretch(struct owners_state *state, uint64_t pfn, uint64_t n_pages, struct page_word_facts *facts)
{
	const struct mo_page_shape *shape = state->page_shape;
	uint8_t pair[1024];
	uint64_t page_kva;

	for (uint64_t i = 0; i < n_pages; i++) {
		struct mo_reader *reader = mo_run_reader(state->run);
		struct mo_error *error = mo_pfn_to_page(state->memmap, pfn + i, &page_kva);

		facts[i] = (struct page_word_facts){ .is_counted = true };
		if (!error)
			error = mo_read(reader, page_kva, pair, 2 * (size_t)shape->struct_bytes);
		if (!error)
			read_facts(shape, pair, pair + shape->struct_bytes, &facts[i]);
		mo_error_destroy(error);
	}
}

/* The largest aligned block that begins here and whose other pages are n_more pages without a reference count. */
static unsigned order_of_uncounted(uint64_t pfn, uint64_t n_more, unsigned most_order)
{
	unsigned order = 0;

	while (order < most_order && (2ull << order) - 1 <= n_more && !(pfn & ((2ull << order) - 1)))
		order++;
	return order;
}

/* The blocks of a stretch of one class that goes on to end_pfn. *n_done: page frames that are done with. */
static struct mo_error *add_stretch(struct owners_state *state, uint64_t pfn, uint64_t end_pfn, uint64_t n_pages, uint8_t class,
				    const struct page_word_facts *facts, uint64_t *n_done)
{
	struct mo_error *error = NULL;
	uint64_t i = 0;

	while (i < n_pages && !error) {
		unsigned order = facts[i].order;
		uint64_t n_of_block = 1;

		if (!facts[i].is_head) {
			uint64_t n_more = 0;

			while (i + n_more + 1 < n_pages && !facts[i + n_more + 1].is_counted && !facts[i + n_more + 1].is_head)
				n_more++;
			/* The block may go on behind this stretch. */
			if (i + n_more + 1 == n_pages && i && pfn + n_pages < end_pfn)
				break;
			order = facts[i].is_counted ? order_of_uncounted(pfn + i, n_more, state->page_shape->n_buddy_orders - 1) : 0;
		}
		n_of_block = 1ull << order < end_pfn - pfn - i ? 1ull << order : end_pfn - pfn - i;
		error = add_block(&state->blocks, pfn + i, order, n_of_block, class);
		i += n_of_block;
	}
	*n_done = i;
	return error;
}

static struct mo_error *add_class_run(struct owners_state *state, uint64_t pfn, uint64_t end_pfn, uint8_t class,
				      struct page_word_facts *facts)
{
	struct mo_error *error = NULL;

	while (pfn < end_pfn && !error) {
		uint64_t n_pages = end_pfn - pfn < VIEW_PAGES ? end_pfn - pfn : VIEW_PAGES;
		uint64_t n_done = 0;

		read_stretch(state, pfn, n_pages, facts);
		error = add_stretch(state, pfn, end_pfn, n_pages, class, facts, &n_done);
		pfn += n_done;
	}
	return error;
}

static struct mo_error *find_blocks(struct owners_state *state)
{
	struct page_word_facts *facts = calloc(VIEW_PAGES, sizeof(*facts));
	struct mo_error *error = facts ? NULL : mo_error_no_memory();

	for (size_t i = 0; i < state->mem_map->n_runs && !error; i++) {
		const struct mo_page_run *run = &state->mem_map->runs[i];
		uint64_t at = 0;

		while (at < run->n_pages && !error) {
			uint8_t class = run->classes[at];
			uint64_t start = at;

			while (at < run->n_pages && run->classes[at] == class)
				at++;
			if (is_looked_for(class))
				error = add_class_run(state, run->first_pfn + start, run->first_pfn + at, class, facts);
		}
	}
	free(facts);
	return error;
}

static struct mo_error *index_blocks(struct owners_state *state)
{
	struct block_index *index = &state->blocks;
	const struct block *last = index->n_blocks ? &index->blocks[index->n_blocks - 1] : NULL;
	uint64_t n_direct = 0;

	if (!last)
		return NULL;
	index->first_pfn = index->blocks[0].pfn & ~63ull;
	index->n_pages = last->pfn + last->n_pages - index->first_pfn;
	for (size_t i = 0; i < index->n_blocks; i++)
		n_direct += index->blocks[i].n_pages;
	if (n_direct > UINT32_MAX)
		return mo_error_create(MO_E_LIMIT, "%" PRIu64 " pages are more than can be told apart", n_direct);
	index->bits = calloc(index->n_pages / 64 + 1, sizeof(*index->bits));
	index->ranks = calloc(index->n_pages / 64 + 1, sizeof(*index->ranks));
	index->block_of = calloc(n_direct + 1, sizeof(*index->block_of));
	if (!index->bits || !index->ranks || !index->block_of)
		return mo_error_no_memory();
	n_direct = 0;
	for (size_t i = 0; i < index->n_blocks; i++) {
		for (uint64_t page = 0; page < index->blocks[i].n_pages; page++) {
			uint64_t at = index->blocks[i].pfn - index->first_pfn + page;

			index->bits[at / 64] |= 1ull << at % 64;
			index->block_of[n_direct++] = (uint32_t)i;
		}
	}
	for (uint64_t word = 1; word <= index->n_pages / 64; word++)
		index->ranks[word] = index->ranks[word - 1] + (uint32_t)__builtin_popcountll(index->bits[word - 1]);
	return NULL;
}

struct mo_error *gather_blocks(struct owners_state *state)
{
	struct mo_error *error = find_blocks(state);

	return error ? error : index_blocks(state);
}

void blocks_deinit(struct block_index *index)
{
	free(index->blocks);
	free(index->bits);
	free(index->ranks);
	free(index->block_of);
}
