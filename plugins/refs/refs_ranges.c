/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Which words refer to a target: its addresses, those of its struct pages, its per-CPU pointer. */
#include <memopsy/containers.h>
#include <memopsy/memmap.h>
#include <stdlib.h>

#include "refs.h"

#define LEAST_PAGE_BITS 15
#define MOST_PAGE_BITS 24
#define BITS_OF_PAGE 5          /* so many bits (as a power of 2) for each page, that few others share one */
#define MOST_RANGE_PAGES (1u << 20)

static struct mo_error *add_word_range(struct range_set *set, struct word_range range)
{
	if (range.end <= range.first)
		return NULL;
	if (set->n == set->n_slots) {
		size_t n_slots = set->n_slots ? set->n_slots * 2 : 64;
		struct word_range *ranges = reallocarray(set->ranges, n_slots, sizeof(*ranges));

		if (!ranges)
			return mo_error_no_memory();
		set->ranges = ranges;
		set->n_slots = n_slots;
	}
	set->ranges[set->n++] = range;
	return NULL;
}

/* Struct pages of a target that is pages of the direct map. */
static struct mo_error *add_struct_pages(const struct refs_state *state, struct range_set *set, const struct target *target,
					 uint32_t number)
{
	const struct mo_memmap *memmap;
	uint64_t page_kva = 0;
	uint64_t n_pages = (target->end_kva - target->kva) >> state->index.page_shift;
	struct mo_error *error = mo_memmap(mo_run_reader(state->run), &memmap);

	if (!error)
		error = mo_pfn_to_page(memmap, target->first_pa >> state->index.page_shift, &page_kva);
	if (error) {
		mo_error_destroy(error);
		return NULL;
	}
	return add_word_range(set, (struct word_range){ .first = page_kva, .target = number, .way = BY_STRUCT_PAGE,
							.end = page_kva + (state->is_exact ? 1 : n_pages * memmap->page_struct_bytes) });
}

static struct mo_error *add_ranges(const struct refs_state *state, struct range_set *set, const struct target *target,
				   uint32_t number)
{
	uint64_t direct_kva = state->index.slabs->direct_map_kva + target->first_pa;
	uint64_t n_bytes = state->is_exact && target->depth == 1 ? 1 : target->end_kva - target->kva;
	struct mo_place place;
	struct mo_error *error = add_word_range(set, (struct word_range){ .first = target->kva, .end = target->kva + n_bytes,
									   .target = number });

	/* What the image has, users of the direct map may mean as well. */
	if (!error && direct_kva != target->kva && target->first_pa != UINT64_MAX)
		error = add_word_range(set, (struct word_range){ .first = direct_kva, .end = direct_kva + n_bytes, .target = number });
	if (!error && target->is_page)
		error = add_struct_pages(state, set, target, number);
	if (error || target->depth != 1)
		return error;
	error = state->places->find(state->places, mo_run_reader(state->run), target->kva, &place);
	if (!error && place.percpu_kva && place.percpu_kva >= place.offset_bytes)
		error = add_word_range(set, (struct word_range){ .first = place.percpu_kva - place.offset_bytes, .way = BY_PERCPU,
								 .end = place.percpu_kva - place.offset_bytes + 1, .target = number });
	return error;
}

static int compare_ranges(const void *left, const void *right)
{
	const struct word_range *a = left;
	const struct word_range *b = right;

	return (a->first > b->first) - (a->first < b->first);
}

/* Of two that overlap the first keeps its words. */
static void sort_word_ranges(struct range_set *set)
{
	size_t n = 0;

	if (set->n)
		qsort(set->ranges, set->n, sizeof(*set->ranges), compare_ranges);
	for (size_t i = 0; i < set->n; i++) {
		struct word_range range = set->ranges[i];

		if (n && range.first < set->ranges[n - 1].end)
			range.first = set->ranges[n - 1].end;
		if (range.first < range.end)
			set->ranges[n++] = range;
	}
	set->n = n;
}

static struct mo_error *mark_pages(struct range_set *set)
{
	unsigned bits = LEAST_PAGE_BITS;
	uint64_t n_pages = 0;

	for (size_t i = 0; i < set->n; i++)
		n_pages += ((set->ranges[i].end - 1) >> 12) - (set->ranges[i].first >> 12) + 1;
	while (bits < MOST_PAGE_BITS && 1ull << bits < n_pages << BITS_OF_PAGE)
		bits++;
	set->page_mask = (1ull << bits) - 1;
	set->pages = calloc((1ull << bits) / 64, sizeof(*set->pages));
	if (!set->pages)
		return mo_error_no_memory();
	for (size_t i = 0; i < set->n; i++) {
		uint64_t first = set->ranges[i].first >> 12;
		uint64_t last = (set->ranges[i].end - 1) >> 12;

		if (last - first >= MOST_RANGE_PAGES)
			memset(set->pages, 0xff, (1ull << bits) / 8);
		for (uint64_t page = first; page <= last && last - first < MOST_RANGE_PAGES; page++)
			set->pages[(page & set->page_mask) / 64] |= 1ull << (page & set->page_mask) % 64;
	}
	return NULL;
}

struct mo_error *make_ranges(const struct refs_state *state, const struct target *targets, uint32_t first, uint32_t n,
			     struct range_set *ret)
{
	struct range_set set = { .n = 0 };
	struct mo_error *error = NULL;

	for (uint32_t i = first; i < first + n && !error; i++)
		error = add_ranges(state, &set, &targets[i], i);
	sort_word_ranges(&set);
	if (!error && set.n) {
		set.first = set.ranges[0].first;
		set.n_bytes = set.ranges[set.n - 1].end - set.first;
		set.has_low_words = set.first < state->floor_kva;
		error = mark_pages(&set);
	}
	if (error)
		free_ranges(&set);
	else
		*ret = set;
	return error;
}

void free_ranges(struct range_set *set)
{
	free(set->ranges);
	free(set->pages);
	*set = (struct range_set){ .n = 0 };
}

const struct word_range *range_of(const struct range_set *set, uint64_t word)
{
	size_t low = mo_lower_bound(set->n, at, set->ranges[at].end <= word);

	return low < set->n && set->ranges[low].first <= word ? &set->ranges[low] : NULL;
}
