/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * One parallel pass over the kernel's memory for words that point at blocks of pages: by the address of their memory in
 * the direct map, by that of their struct page, or as an entry of a user's page table. Of all pointers to a block the best
 * is kept: the one in the place that is most likely to own it.
 */
#include <memopsy/page_entry.h>

#include "gathering.h"

#define ENTRIES_AT_ONCE 128u

struct pass {
	struct word_scan scan;               /* first: the pass is given as that */
	uint64_t direct_kva, direct_bytes;   /* of the blocks in the direct map, from the first to the last */
	uint64_t page_kva, page_bytes;       /* their struct pages, if these lie in one stretch */
	uint64_t page_struct_bytes;
	uint64_t least_word;                 /* words below are no addresses of these */
};

/* Whether a word that lies here counts: in slabs only objects in use do, and a block is no user of itself. */
static bool counts(const struct pass *pass, uint64_t pa, enum pointer_rank rank, uint32_t block)
{
	const struct owners_state *state = pass->scan.state;
	const struct mo_slab *slab;
	uint32_t index;

	if (rank == RANK_DIRECT || rank == RANK_LARGE_KMALLOC)
		return block_at(&state->blocks, pa >> state->page_shift) != block;
	if (rank != RANK_SLAB || !mo_object_at(state->slabs, state->slabs->direct_map_kva + pa, &slab, &index))
		return true;
	return !mo_object_is_free(mo_object_state_of(state->slabs, slab, index));
}

static void keep_best(struct block *block, uint64_t pointer)
{
	uint64_t best = __atomic_load_n(&block->best, __ATOMIC_RELAXED);

	while (pointer < best &&
	       !__atomic_compare_exchange_n(&block->best, &best, pointer, true, __ATOMIC_RELAXED, __ATOMIC_RELAXED))
		continue;
}

static void meet(const struct pass *pass, uint64_t pa, enum pointer_rank rank, uint64_t pfn, bool is_page, bool is_exact)
{
	struct block_index *index = &pass->scan.state->blocks;
	uint32_t block = block_at(index, pfn);
	bool is_begin;

	if (block == NO_BLOCK || !counts(pass, pa, rank, block))
		return;
	is_begin = is_exact && pfn == index->blocks[block].pfn;
	keep_best(&index->blocks[block], (uint64_t)rank << POINTER_RANK_SHIFT | (uint64_t)!is_begin << POINTER_INSIDE_BIT |
						 (uint64_t)is_page << POINTER_PAGE_BIT | (pa & POINTER_PA_MASK));
}

static void look_at_words(const struct pass *pass, const uint8_t *bytes, size_t n_bytes, uint64_t pa, enum pointer_rank rank)
{
	const struct owners_state *state = pass->scan.state;

	for (size_t at = 0; at + 8 <= n_bytes; at += 8) {
		uint64_t word = word_at(bytes + at, pass->scan.is_swapped);

		if (word < pass->least_word)
			continue;
		if (word - pass->direct_kva < pass->direct_bytes) {
			uint64_t offset = word - state->direct_map_kva;

			meet(pass, pa + at, rank, offset >> state->page_shift, false, !(offset & (state->page_bytes - 1)));
		} else if (word - pass->page_kva < pass->page_bytes && rank != RANK_STRUCT_PAGE) {
			uint64_t offset = word - pass->page_kva;

			meet(pass, pa + at, rank, state->blocks.first_pfn + offset / pass->page_struct_bytes, true,
			     !(offset % pass->page_struct_bytes));
		}
	}
}

/*
 * Entries of users' page tables. The kernel's own map all memory, whoever has it. Which level's a table is nobody says: so all
 * are read as those of pages. What no user may access, PROT_NONE, is a user's.
 */
static void look_at_entries(const struct pass *pass, const uint8_t *bytes, size_t n_bytes, uint64_t pa)
{
	const struct mo_kernel *kernel = pass->scan.state->kernel;
	unsigned entry_bytes = mo_entry_bytes(kernel);

	while (n_bytes >= entry_bytes) {
		struct mo_page_entry entries[ENTRIES_AT_ONCE];
		unsigned n = n_bytes / entry_bytes < ENTRIES_AT_ONCE ? (unsigned)(n_bytes / entry_bytes) : ENTRIES_AT_ONCE;
		unsigned n_found = mo_decode_entries(kernel, 0, bytes, n, entries);

		for (unsigned i = 0; i < n_found; i++) {
			const struct mo_page_entry *entry = &entries[i];

			if (entry->kind == MO_ENTRY_NO_ACCESS || (entry->kind == MO_ENTRY_LEAF && entry->flags & MO_ENTRY_USER))
				meet(pass, pa + entry->index * entry_bytes, RANK_PAGE_TABLE,
				     entry->pa >> pass->scan.state->page_shift, false, true);
		}
		bytes += (size_t)n * entry_bytes;
		pa += (uint64_t)n * entry_bytes;
		n_bytes -= (size_t)n * entry_bytes;
	}
}

static void look_for_blocks(const struct word_scan *scan, const uint8_t *bytes, size_t n_bytes, uint64_t pa,
			    enum pointer_rank rank)
{
	const struct pass *pass = (const struct pass *)scan;

	if (rank == RANK_PAGE_TABLE)
		look_at_entries(pass, bytes, n_bytes, pa);
	else
		look_at_words(pass, bytes, n_bytes, pa, rank);
}

/* The struct pages of the blocks, if one formula gives them all (SPARSEMEM_VMEMMAP, FLATMEM). */
static void find_struct_pages(struct pass *pass)
{
	const struct owners_state *state = pass->scan.state;
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
		.scan = { .state = state, .what = "looking for owners of pages", .look = look_for_blocks, .wants_entries = true },
		.direct_kva = state->direct_map_kva + (state->blocks.first_pfn << state->page_shift),
		.direct_bytes = state->blocks.n_pages << state->page_shift,
	};
	struct mo_error *error;

	if (!state->blocks.n_blocks)
		return NULL;
	find_struct_pages(&pass);
	pass.least_word = pass.page_bytes && pass.page_kva < pass.direct_kva ? pass.page_kva : pass.direct_kva;
	error = scan_kernel_words(&pass.scan);
	state->missing_pages = pass.scan.missing_pages;
	return error;
}
