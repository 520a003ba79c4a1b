/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A bit for each page frame; its size comes from the memory map. */
#include "gathering.h"

#include <stdlib.h>

struct mo_error *frame_set_init(struct frame_set *set, const struct mo_memmap *memmap)
{
	uint64_t n_bits = 0;

	*set = (struct frame_set){ .memmap = memmap };
	set->first_bits = calloc(memmap->n_runs + 1, sizeof(*set->first_bits));
	if (!set->first_bits)
		return mo_error_no_memory();
	for (size_t i = 0; i < memmap->n_runs; i++) {
		set->first_bits[i] = n_bits;
		/* A word of its own, so that the bits of a run begin at one. */
		n_bits += (memmap->runs[i].n_pages + 63) / 64 * 64;
	}
	set->words = calloc((size_t)(n_bits / 64 + 1), sizeof(*set->words));
	if (!set->words) {
		frame_set_deinit(set);
		return mo_error_no_memory();
	}
	return NULL;
}

void frame_set_deinit(struct frame_set *set)
{
	free(set->first_bits);
	free(set->words);
	*set = (struct frame_set){ .memmap = NULL };
}

/* The bit of a page frame, and how many follow in its run; false: it is none of the page allocator's. */
static bool find_bit(const struct frame_set *set, uint64_t pfn, uint64_t *bit, uint64_t *n_bits)
{
	size_t low = 0;
	size_t high = set->memmap->n_runs;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		const struct mo_memmap_run *run = &set->memmap->runs[middle];

		if (pfn < run->first_pfn) {
			high = middle;
		} else if (pfn - run->first_pfn >= run->n_pages) {
			low = middle + 1;
		} else {
			*bit = set->first_bits[middle] + (pfn - run->first_pfn);
			*n_bits = run->n_pages - (pfn - run->first_pfn);
			return true;
		}
	}
	return false;
}

enum frame_mark frame_set_mark(struct frame_set *set, uint64_t pfn, uint64_t n_pages)
{
	uint64_t before = 0;
	uint64_t bit;
	uint64_t n_bits;

	if (!find_bit(set, pfn, &bit, &n_bits))
		return FRAME_OUTSIDE;
	if (n_pages > n_bits)
		n_pages = n_bits;
	while (n_pages) {
		uint64_t part = 64 - bit % 64 < n_pages ? 64 - bit % 64 : n_pages;
		uint64_t mask = ~0ull >> (64 - part) << bit % 64;

		before |= __atomic_fetch_or(&set->words[bit / 64], mask, __ATOMIC_RELAXED) & mask;
		bit += part;
		n_pages -= part;
	}
	return before ? FRAME_WAS_MARKED : FRAME_MARKED;
}

bool frame_set_has(const struct frame_set *set, uint64_t pfn)
{
	uint64_t bit;
	uint64_t n_bits;

	return find_bit(set, pfn, &bit, &n_bits) && __atomic_load_n(&set->words[bit / 64], __ATOMIC_RELAXED) >> bit % 64 & 1;
}
