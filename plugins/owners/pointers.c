/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * One parallel pass over the kernel's memory for words that point at blocks of pages: by the address of their memory in
 * the direct map, by that of their struct page, or as an entry of a user's page table. Of all pointers to a block the best
 * is kept: the one in the place that is most likely to own it. So it is with memory of the per-CPU allocator, whose pointers
 * the same pass looks for.
 */
#include <memopsy/page_entry.h>

#include "gathering.h"

#define ENTRIES_AT_ONCE 128u

struct pass {
	struct owners_state *state;
	uint64_t direct_kva, direct_bytes;   /* of the blocks in the direct map, from the first to the last */
	uint64_t page_kva, page_bytes;       /* their struct pages, if these lie in one stretch */
	uint64_t page_struct_bytes;
	uint64_t word_min;                   /* words below are no addresses of these */
};

/* Whether a word that lies here counts: in slabs only objects in use do, and a block is no user of itself. */
static bool counts(const struct pass *pass, uint64_t pa, enum pointer_rank rank, uint32_t block)
{
	uint32_t cache;
	bool is_free;

	if (rank == RANK_DIRECT || rank == RANK_LARGE_KMALLOC)
		return block_at(&pass->state->blocks, pa >> pass->state->page_shift) != block;
	return rank != RANK_SLAB || !slab_object_at(pass->state, pa, &cache, &is_free) || !is_free;
}

static void meet(const struct pass *pass, uint64_t pa, enum pointer_rank rank, uint64_t pfn, bool is_page, bool is_exact)
{
	struct block_index *index = &pass->state->blocks;
	uint32_t block = block_at(index, pfn);
	bool is_begin;

	if (block == NO_BLOCK || !counts(pass, pa, rank, block))
		return;
	is_begin = is_exact && pfn == index->blocks[block].pfn;
	keep_best(&index->blocks[block].best, (uint64_t)rank << POINTER_RANK_SHIFT | (uint64_t)!is_begin << POINTER_INSIDE_BIT |
						 (uint64_t)is_page << POINTER_PAGE_BIT | (pa & POINTER_PA_MASK));
}

static void look_at_words(const struct pass *pass, const struct mo_word_view *view, enum pointer_rank rank)
{
	const struct owners_state *state = pass->state;
	const struct mo_word_ranges none = { .n = 0 };
	const struct mo_word_ranges percpu = rank < END_OF_TARGET_RANKS ? state->percpu_targets.ranges : none;
	const struct mo_object_index index = state->index;
	const struct pass of = *pass;
	const uint8_t *bytes = view->bytes;
	size_t n_bytes = view->n_bytes;
	bool has_objects = rank < END_OF_TARGET_RANKS && state->objects.best;

	for (size_t at = 0; at + sizeof(uint64_t) <= n_bytes; at += sizeof(uint64_t)) {
		uint64_t word;
		uint32_t slab;

		if (at % 64 == 0)
			at = mo_skip_zero_words(bytes, at, n_bytes);
		word = mo_index_word(&index, bytes + at);
		if (mo_may_refer(&percpu, word))
			note_target(state, &state->percpu_targets, view->pa + at, rank, word);
		if (word < of.word_min)
			continue;
		slab = has_objects ? mo_pointed_slab(&index, word) : 0;
		if (slab) {
			if (state->objects.first[slab - 1])
				note_generic_object(state, slab - 1, view->pa + at, rank, word);
		} else if (word - of.direct_kva < of.direct_bytes) {
			uint64_t offset = word - state->direct_map_kva;

			meet(pass, view->pa + at, rank, offset >> state->page_shift, false, !(offset & (state->page_bytes - 1)));
		} else if (word - of.page_kva < of.page_bytes && rank != RANK_STRUCT_PAGE) {
			uint64_t offset = word - of.page_kva;

			meet(pass, view->pa + at, rank, state->blocks.first_pfn + offset / of.page_struct_bytes, true,
			     !(offset % of.page_struct_bytes));
		}
	}
}

/*
 * Entries of users' page tables. The kernel's own map all memory, whoever has it. Which level's a table is nobody says: so all
 * are read as those of pages. What no user may access, PROT_NONE, is a user's.
 */
static void look_at_entries(const struct pass *pass, const uint8_t *bytes, size_t n_bytes, uint64_t pa)
{
	const struct mo_kernel *kernel = pass->state->kernel;
	unsigned entry_bytes = mo_entry_bytes(kernel);

	while (n_bytes >= entry_bytes) {
		struct mo_page_entry entries[ENTRIES_AT_ONCE];
		unsigned n = n_bytes / entry_bytes < ENTRIES_AT_ONCE ? (unsigned)(n_bytes / entry_bytes) : ENTRIES_AT_ONCE;
		unsigned n_found = mo_decode_entries(kernel, 0, bytes, n, entries);

		for (unsigned i = 0; i < n_found; i++) {
			const struct mo_page_entry *entry = &entries[i];

			if (entry->kind == MO_ENTRY_NO_ACCESS || (entry->kind == MO_ENTRY_LEAF && entry->flags & MO_ENTRY_USER))
				meet(pass, pa + entry->index * entry_bytes, RANK_PAGE_TABLE,
				     entry->pa >> pass->state->page_shift, false, true);
		}
		bytes += (size_t)n * entry_bytes;
		pa += (uint64_t)n * entry_bytes;
		n_bytes -= (size_t)n * entry_bytes;
	}
}

static bool look_for_pointers(void *context, unsigned thread_index, const struct mo_word_view *view)
{
	const struct pass *pass = context;
	enum pointer_rank rank = (enum pointer_rank)(view->kind - 1);

	(void)thread_index;
	if (rank == RANK_PAGE_TABLE)
		look_at_entries(pass, view->bytes, view->n_bytes, view->pa);
	else
		look_at_words(pass, view, rank);
	return true;
}

/* The struct pages of the blocks, if one formula gives them all (SPARSEMEM_VMEMMAP, FLATMEM). */
static void find_struct_pages(struct pass *pass)
{
	const struct owners_state *state = pass->state;
	const struct mo_memmap *memmap = state->memmap;
	uint64_t base_kva = 0;

	for (size_t i = 0; i < memmap->n_runs; i++) {
		const struct mo_memmap_run *run = &memmap->runs[i];
		uint64_t of_pfn_0 = run->first_page_kva - run->first_pfn * memmap->page_struct_bytes;

		if (i && of_pfn_0 != base_kva)
			return;
		base_kva = of_pfn_0;
	}
	pass->page_struct_bytes = memmap->page_struct_bytes;
	pass->page_kva = base_kva + state->blocks.first_pfn * memmap->page_struct_bytes;
	pass->page_bytes = memmap->n_runs ? state->blocks.n_pages * memmap->page_struct_bytes : 0;
}

struct mo_error *find_pointers(struct owners_state *state)
{
	struct pass pass = {
		.state = state,
		.direct_kva = state->direct_map_kva + (state->blocks.first_pfn << state->page_shift),
		.direct_bytes = state->blocks.n_pages << state->page_shift,
	};
	struct mo_error *error = prepare_targets(&state->percpu_targets);

	if (error || (!state->blocks.n_blocks && !state->percpu_targets.ranges.n))
		return error;
	find_struct_pages(&pass);
	pass.word_min = pass.page_bytes && pass.page_kva < pass.direct_kva ? pass.page_kva : pass.direct_kva;
	if (state->objects.best && state->index.first_kva < pass.word_min)
		pass.word_min = state->index.first_kva;
	return scan_ranks(state, "looking for owners of pages", N_RANKS, look_for_pointers, &pass, &state->missing_pages);
}
