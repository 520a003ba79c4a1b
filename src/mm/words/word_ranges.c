/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Ranges of words, sorted, and a bit for each page of addresses that one may lie in. */
#include <memopsy/word_ranges.h>

#include <memopsy/containers.h>
#include <stdlib.h>
#include <string.h>

#define PAGE_BITS_MIN 15
#define PAGE_BITS_MAX 24
#define BITS_OF_PAGE 5          /* so many bits (as a power of 2) for each page, that few others share one */
#define RANGE_PAGES_MAX (1u << 20)

struct mo_error *mo_word_ranges_add(struct mo_word_ranges *set, struct mo_word_range range)
{
	if (range.end <= range.first)
		return NULL;
	if (set->n == set->n_slots) {
		size_t n_slots = set->n_slots ? set->n_slots * 2 : 64;
		struct mo_word_range *ranges = reallocarray(set->ranges, n_slots, sizeof(*ranges));

		if (!ranges)
			return mo_error_no_memory();
		set->ranges = ranges;
		set->n_slots = n_slots;
	}
	set->ranges[set->n++] = range;
	return NULL;
}

static int compare_ranges(const void *left, const void *right)
{
	const struct mo_word_range *a = left;
	const struct mo_word_range *b = right;

	return (a->first > b->first) - (a->first < b->first);
}

/* Of two that overlap the first keeps its words. */
static void sort_word_ranges(struct mo_word_ranges *set)
{
	size_t n = 0;

	if (set->n)
		qsort(set->ranges, set->n, sizeof(*set->ranges), compare_ranges);
	for (size_t i = 0; i < set->n; i++) {
		struct mo_word_range range = set->ranges[i];

		if (n && range.first < set->ranges[n - 1].end)
			range.first = set->ranges[n - 1].end;
		if (range.first < range.end)
			set->ranges[n++] = range;
	}
	set->n = n;
}

static struct mo_error *mark_pages(struct mo_word_ranges *set)
{
	unsigned bits = PAGE_BITS_MIN;
	uint64_t n_pages = 0;

	for (size_t i = 0; i < set->n; i++)
		n_pages += ((set->ranges[i].end - 1) >> 12) - (set->ranges[i].first >> 12) + 1;
	while (bits < PAGE_BITS_MAX && 1ull << bits < n_pages << BITS_OF_PAGE)
		bits++;
	set->page_mask = (1ull << bits) - 1;
	set->pages = calloc((1ull << bits) / 64, sizeof(*set->pages));
	if (!set->pages)
		return mo_error_no_memory();
	for (size_t i = 0; i < set->n; i++) {
		uint64_t first = set->ranges[i].first >> 12;
		uint64_t last = (set->ranges[i].end - 1) >> 12;

		if (last - first >= RANGE_PAGES_MAX)
			memset(set->pages, 0xff, (1ull << bits) / 8);
		for (uint64_t page = first; page <= last && last - first < RANGE_PAGES_MAX; page++)
			set->pages[(page & set->page_mask) / 64] |= 1ull << (page & set->page_mask) % 64;
	}
	return NULL;
}

struct mo_error *mo_word_ranges_prepare(struct mo_word_ranges *set)
{
	sort_word_ranges(set);
	if (!set->n)
		return NULL;
	set->first = set->ranges[0].first;
	set->n_bytes = set->ranges[set->n - 1].end - set->first;
	return mark_pages(set);
}

void mo_word_ranges_deinit(struct mo_word_ranges *set)
{
	free(set->ranges);
	free(set->pages);
	*set = (struct mo_word_ranges){ .n = 0 };
}

const struct mo_word_range *mo_word_range_of(const struct mo_word_ranges *set, uint64_t word)
{
	size_t low = mo_lower_bound(set->n, at, set->ranges[at].end <= word);

	return low < set->n && set->ranges[low].first <= word ? &set->ranges[low] : NULL;
}
