/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * One parallel pass over the kernel's memory for words that point at blocks of pages: by the address of their memory in
 * the direct map, by that of their struct page, or as an entry of a user's page table. Of all pointers to a block the best
 * is kept: the one in the place that is most likely to own it.
 */
#include <memopsy/parallel.h>

#include "gathering.h"

#define SCAN_GRAIN_PAGES 4096
#define VIEW_PAGES 256
#define X86_PTE_PRESENT_USER 0x5u
#define X86_PTE_PFN_MASK 0x000ffffffffff000ull

struct pass {
	struct owners_state *state;
	uint64_t direct_kva, direct_bytes;   /* of the blocks in the direct map, from the first to the last */
	uint64_t page_kva, page_bytes;       /* their struct pages, if these lie in one stretch */
	uint64_t page_struct_bytes;
	uint64_t least_word;                 /* words below are no addresses of these */
	bool has_user_entries;               /* what entries of page tables look like is known */
	uint64_t missing_pages;              /* added to by all threads */
};

static enum pointer_rank rank_of(enum mo_page_class class)
{
	switch (class) {
	case MO_PAGE_KERNEL_DATA:
	case MO_PAGE_KERNEL_INIT:
	case MO_PAGE_PERCPU:
		return RANK_VARIABLE;
	case MO_PAGE_SLAB:
		return RANK_SLAB;
	case MO_PAGE_VMALLOC:
		return RANK_VMALLOC;
	case MO_PAGE_LARGE_KMALLOC:
		return RANK_LARGE_KMALLOC;
	case MO_PAGE_DIRECT:
		return RANK_DIRECT;
	case MO_PAGE_MEM_MAP:
		return RANK_STRUCT_PAGE;
	case MO_PAGE_PAGE_TABLE:
		return RANK_PAGE_TABLE;
	case MO_PAGE_KERNEL_STACK:
		return RANK_STACK;
	case MO_PAGE_UNKNOWN:
	case MO_PAGE_PAGE_EXT:
	case MO_PAGE_RESERVED:
	case MO_PAGE_PAGE_POOL:
	case MO_PAGE_ISOLATED:
		return RANK_REST;
	default:
		return N_RANKS;
	}
}

/* Whether a word that lies here counts: in slabs only objects in use do, and a block is no user of itself. */
static bool counts(const struct pass *pass, uint64_t pa, enum pointer_rank rank, uint32_t block)
{
	const struct owners_state *state = pass->state;
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
	struct block_index *index = &pass->state->blocks;
	uint32_t block = block_at(index, pfn);
	bool is_begin;

	if (block == NO_BLOCK || !counts(pass, pa, rank, block))
		return;
	is_begin = is_exact && pfn == index->blocks[block].pfn;
	keep_best(&index->blocks[block], (uint64_t)rank << POINTER_RANK_SHIFT | (uint64_t)!is_begin << POINTER_INSIDE_BIT |
						 (uint64_t)is_page << POINTER_PAGE_BIT | (pa & POINTER_PA_MASK));
}

static inline uint64_t word_at(const uint8_t *at, bool is_swapped)
{
	uint64_t word;

	memcpy(&word, at, sizeof(word));
	return is_swapped ? __builtin_bswap64(word) : word;
}

static void scan_words(const struct pass *pass, const uint8_t *bytes, size_t n_bytes, uint64_t pa, enum pointer_rank rank,
		       bool is_swapped)
{
	const struct owners_state *state = pass->state;

	for (size_t at = 0; at + 8 <= n_bytes; at += 8) {
		uint64_t word = word_at(bytes + at, is_swapped);

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

/* Entries of users' page tables. The kernel's own map all memory, whoever has it. */
static void scan_entries(const struct pass *pass, const uint8_t *bytes, size_t n_bytes, uint64_t pa)
{
	for (size_t at = 0; at + 8 <= n_bytes; at += 8) {
		uint64_t entry = word_at(bytes + at, false);

		if ((entry & X86_PTE_PRESENT_USER) == X86_PTE_PRESENT_USER)
			meet(pass, pa + at, RANK_PAGE_TABLE, (entry & X86_PTE_PFN_MASK) >> pass->state->page_shift, false, true);
	}
}

static void scan_pages(struct pass *pass, struct mo_reader *reader, uint64_t pfn, uint64_t n_pages, enum pointer_rank rank)
{
	const struct owners_state *state = pass->state;
	uint64_t pa = pfn << state->page_shift;
	uint64_t end_pa = pa + (n_pages << state->page_shift);
	uint64_t most_bytes = (uint64_t)VIEW_PAGES << state->page_shift;

	while (pa < end_pa) {
		const void *view;
		size_t n_bytes = 0;
		struct mo_error *error = mo_view_pa(reader, pa, end_pa - pa < most_bytes ? end_pa - pa : most_bytes, &view, &n_bytes);

		if (error) {
			mo_error_destroy(error);
			if (mo_kernel_frame_presence(state->kernel, pa >> state->page_shift) != MO_FRAME_HOLE)
				__atomic_fetch_add(&pass->missing_pages, 1, __ATOMIC_RELAXED);
			pa += state->page_bytes - pa % state->page_bytes;
			continue;
		}
		if (rank == RANK_PAGE_TABLE)
			scan_entries(pass, view, n_bytes, pa);
		else
			scan_words(pass, view, n_bytes, pa, rank, state->page_shape.is_big_endian != (__BYTE_ORDER__ == __ORDER_BIG_ENDIAN__));
		mo_view_done(reader, view, n_bytes);
		pa += n_bytes;
	}
}

static enum pointer_rank way_of(const struct pass *pass, uint8_t class)
{
	enum pointer_rank rank = rank_of((enum mo_page_class)class);

	return rank == RANK_PAGE_TABLE && !pass->has_user_entries ? N_RANKS : rank;
}

static struct mo_error *scan_chunk(void *context, struct mo_reader *reader, unsigned thread_index, uint64_t first,
				   uint64_t n_items)
{
	struct pass *pass = context;
	const struct mo_mem_map_model *mem_map = pass->state->mem_map;

	(void)thread_index;
	for (size_t i = 0; i < mem_map->n_runs && mem_map->runs[i].first_pfn < first + n_items; i++) {
		const struct mo_page_run *run = &mem_map->runs[i];
		uint64_t pfn = run->first_pfn > first ? run->first_pfn : first;
		uint64_t end = run->first_pfn + run->n_pages < first + n_items ? run->first_pfn + run->n_pages : first + n_items;

		while (pfn < end) {
			uint64_t start = pfn;
			enum pointer_rank rank = way_of(pass, run->classes[pfn - run->first_pfn]);

			while (pfn < end && way_of(pass, run->classes[pfn - run->first_pfn]) == rank)
				pfn++;
			if (rank != N_RANKS)
				scan_pages(pass, reader, start, pfn - start, rank);
		}
	}
	return NULL;
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
	const struct mo_mem_map_model *mem_map = state->mem_map;
	const struct mo_page_run *last = mem_map->n_runs ? &mem_map->runs[mem_map->n_runs - 1] : NULL;
	const struct mo_kernel_facts *facts = mo_kernel_facts(state->kernel);
	struct pass pass = {
		.state = state,
		.direct_kva = state->direct_map_kva + (state->blocks.first_pfn << state->page_shift),
		.direct_bytes = state->blocks.n_pages << state->page_shift,
		.has_user_entries = facts->arch && !strcmp(facts->arch, "x86_64"),
	};
	struct mo_error *error;

	/* Words of 32-bit kernels, whose direct map is at most a gigabyte, are not looked at. */
	if (!last || !state->blocks.n_blocks || facts->pointer_bytes != 8)
		return NULL;
	find_struct_pages(&pass);
	pass.least_word = pass.page_bytes && pass.page_kva < pass.direct_kva ? pass.page_kva : pass.direct_kva;
	error = mo_parallel_scan(state->kernel, mo_run_progress(state->run), "looking for owners of pages",
				 mem_map->runs[0].first_pfn, last->first_pfn + last->n_pages, SCAN_GRAIN_PAGES, scan_chunk, &pass);
	state->missing_pages = pass.missing_pages;
	return error;
}
