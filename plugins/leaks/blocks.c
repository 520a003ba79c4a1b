/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Blocks of the page allocator that nobody else has claimed. Of a compound block the tail pages say so; of another one
 * only the first page is counted (set_page_refcounted() in mm/page_alloc.c), so that pages without a count behind it are
 * its own, as far as its alignment allows.
 */
#include <stdlib.h>

#include "nodes.h"

struct listing {
	struct leaks_state *state;
	struct block_list *list;
	bool is_open;           /* the last block may go on */
	bool is_live;
};

/*
 * Of a kernel that runs the CPUs' lists of free pages are those of another moment: a page that nobody counts on may be on one
 * by now. What says itself that it is kmalloc's is not counted either since 6.15, and is not free.
 */
static bool may_be_free(const struct listing *listing, const uint8_t *page, uint8_t class, bool is_tail)
{
	const struct mo_page_shape *shape = listing->state->layout->page;

	return listing->is_live && class == MO_PAGE_DIRECT && !is_tail && !mo_page_half(shape, page, shape->at.refcount, false);
}

static struct mo_error *append_block(struct block_list *list, uint64_t pfn, bool is_compound, bool is_free)
{
	if (list->n == list->n_slots) {
		size_t n_slots = list->n_slots ? list->n_slots * 2 : 1024;
		struct block *blocks = realloc(list->blocks, n_slots * sizeof(*blocks));

		if (!blocks)
			return mo_error_no_memory();
		list->blocks = blocks;
		list->n_slots = n_slots;
	}
	list->blocks[list->n++] = (struct block){ .pfn = pfn, .n_pages = 1, .is_compound = is_compound, .is_free = is_free };
	return NULL;
}

/* Whether a page without a count of its own may belong to the block before it: blocks are aligned to their size. */
static bool fits_alignment(const struct block *block)
{
	uint64_t alignment = block->pfn & -block->pfn;

	return !block->pfn || block->n_pages < alignment;
}

static struct mo_error *add_page(struct listing *listing, const uint8_t *page, uint64_t pfn, uint8_t class)
{
	const struct mo_page_shape *shape = listing->state->layout->page;
	struct block *last = listing->list->n ? &listing->list->blocks[listing->list->n - 1] : NULL;
	bool is_tail = mo_page_is_tail(shape, page, false);
	bool is_next = listing->is_open && last && last->pfn + last->n_pages == pfn && last->n_pages < UINT32_MAX / 2;

	if (is_next && is_tail) {
		last->is_compound = true;
		last->n_pages++;
		return NULL;
	}
	if (is_next && !last->is_compound && !mo_page_half(shape, page, shape->at.refcount, false) && fits_alignment(last)) {
		last->n_pages++;
		return NULL;
	}
	listing->is_open = true;
	return append_block(listing->list, pfn, is_tail, may_be_free(listing, page, class, is_tail));
}

static bool is_block_class(uint8_t class)
{
	return class == MO_PAGE_DIRECT || class == MO_PAGE_LARGE_KMALLOC;
}

/* The struct pages of some page frames, the same ones that the classes are of. */
static struct mo_error *list_some(struct listing *listing, struct mo_reader *reader, const struct mo_page_run *run,
				  uint64_t pfn, uint64_t n_pages)
{
	const struct leaks_state *state = listing->state;
	uint8_t copy[MO_PAGE_STRUCT_BYTES_MAX];
	struct mo_error *error = NULL;

	for (uint64_t i = 0; i < n_pages && !error; i++) {
		if (!is_block_class(run->classes[pfn + i - run->first_pfn])) {
			listing->is_open = false;
			continue;
		}
		error = mo_read(reader, struct_page_kva(&state->ranges, pfn + i), copy, state->layout->page->struct_bytes);
		if (error) {
			/* A page that cannot be told stays a root. */
			mo_error_destroy(error);
			error = NULL;
			listing->is_open = false;
			continue;
		}
		error = add_page(listing, copy, pfn + i, run->classes[pfn + i - run->first_pfn]);
	}
	return error;
}

struct mo_error *list_blocks(struct leaks_state *state, struct block_list *list)
{
	struct listing listing = { .state = state, .list = list,
				   .is_live = state->is_live };
	struct mo_reader *reader = mo_run_reader(state->run);
	struct mo_error *error = NULL;

	if (!state->ranges.page_struct_bytes || !state->layout->page)
		return NULL;
	for (size_t i = 0; i < state->mem_map->n_runs && !error; i++) {
		const struct mo_page_run *run = &state->mem_map->runs[i];

		listing.is_open = false;
		error = list_some(&listing, reader, run, run->first_pfn, run->n_pages);
	}
	return error;
}

bool is_compound_block(const struct leaks_state *state, struct mo_reader *reader, const struct mo_lost_object *lost)
{
	uint64_t pfn = mo_index_pa(&state->index, lost->kva) >> state->index.page_shift;
	uint64_t word = 0;
	struct mo_error *error;

	if (lost_bytes(state, lost) <= state->index.page_bytes || !state->ranges.page_struct_bytes || !state->layout->page)
		return false;
	error = mo_read_field(reader, &state->layout->page->field.compound, struct_page_kva(&state->ranges, pfn + 1), &word);
	mo_error_destroy(error);
	return word & 1;
}

#define MAX_SPLIT_PAGES 1024
#define REACHED_SHARE 2

static bool is_single_page(const struct mo_object_index *index, uint64_t pfn)
{
	uint32_t node = pfn < index->n_pages ? index->slab_of_page[pfn] : 0;

	return node && mo_is_block_node(index, node - 1) &&
	       index->indexed[node - 1].size_bytes == index->page_bytes;
}

static bool is_reached_page(const struct leaks_state *state, uint64_t pfn)
{
	return is_marked(state, state->index.indexed[state->index.slab_of_page[pfn] - 1].first_object);
}

bool follows_reached(const struct leaks_state *state, uint64_t pfn)
{
	const struct mo_object_index *index = &state->index;
	uint64_t n_reached = 0; /* between: of a tail few are, by accident; of pages that somebody keeps one by one all */
	uint64_t at = pfn;

	if (!is_single_page(index, pfn))
		return false;
	/* The pages whose own alignment spans this one: its number without some of its last bits. */
	for (uint64_t size = 2; size <= MAX_SPLIT_PAGES; size *= 2) {
		uint64_t first = pfn & ~(size - 1);

		if (!first || !is_single_page(index, first))
			return false;
		/* Who takes exact sizes gets, and frees by, the address. */
		if (first == at || !is_reached_page(state, first) || !(state->pointed[first / 64] >> first % 64 & 1))
			continue;
		while (--at > first) {
			if (!is_single_page(index, at))
				return false;
			n_reached += is_reached_page(state, at);
		}
		if (n_reached <= 1 + (pfn - first) / REACHED_SHARE)
			return true;
		n_reached++;
	}
	return false;
}
