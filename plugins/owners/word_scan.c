/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A parallel pass over the kernel's own memory, in stretches of pages of one kind: pages of processes and files, free ones
 * and code are left out.
 */
#include <memopsy/parallel.h>

#include "gathering.h"

#define SCAN_GRAIN_PAGES 4096
#define VIEW_PAGES 256

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

static void scan_pages(struct word_scan *scan, struct mo_reader *reader, uint64_t pfn, uint64_t n_pages, enum pointer_rank rank)
{
	const struct owners_state *state = scan->state;
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
				__atomic_fetch_add(&scan->missing_pages, 1, __ATOMIC_RELAXED);
			pa += state->page_bytes - pa % state->page_bytes;
			continue;
		}
		scan->look(scan, view, n_bytes, pa, rank);
		mo_view_done(reader, view, n_bytes);
		pa += n_bytes;
	}
}

static enum pointer_rank way_of(const struct word_scan *scan, uint8_t class)
{
	enum pointer_rank rank = rank_of((enum mo_page_class)class);

	return rank == RANK_PAGE_TABLE && !scan->wants_entries ? N_RANKS : rank;
}

static struct mo_error *scan_chunk(void *context, struct mo_reader *reader, unsigned thread_index, uint64_t first,
				   uint64_t n_items)
{
	struct word_scan *scan = context;
	const struct mo_mem_map_model *mem_map = scan->state->mem_map;

	(void)thread_index;
	for (size_t i = 0; i < mem_map->n_runs && mem_map->runs[i].first_pfn < first + n_items; i++) {
		const struct mo_page_run *run = &mem_map->runs[i];
		uint64_t pfn = run->first_pfn > first ? run->first_pfn : first;
		uint64_t end = run->first_pfn + run->n_pages < first + n_items ? run->first_pfn + run->n_pages : first + n_items;

		while (pfn < end) {
			uint64_t start = pfn;
			enum pointer_rank rank = way_of(scan, run->classes[pfn - run->first_pfn]);

			while (pfn < end && way_of(scan, run->classes[pfn - run->first_pfn]) == rank)
				pfn++;
			if (rank != N_RANKS)
				scan_pages(scan, reader, start, pfn - start, rank);
		}
	}
	return NULL;
}


struct mo_error *scan_kernel_words(struct word_scan *scan)
{
	struct owners_state *state = scan->state;
	const struct mo_mem_map_model *mem_map = state->mem_map;
	const struct mo_page_run *last = mem_map->n_runs ? &mem_map->runs[mem_map->n_runs - 1] : NULL;
	const struct mo_kernel_facts *facts = mo_kernel_facts(state->kernel);

	/* Words of 32-bit kernels, whose direct map is at most a gigabyte, are not looked at. */
	if (!last || facts->pointer_bytes != 8)
		return NULL;
	scan->is_swapped = state->page_shape->is_big_endian != (__BYTE_ORDER__ == __ORDER_BIG_ENDIAN__);
	return mo_parallel_scan(state->kernel, mo_run_progress(state->run), scan->what, mem_map->runs[0].first_pfn,
				last->first_pfn + last->n_pages, SCAN_GRAIN_PAGES, scan_chunk, scan);
}
