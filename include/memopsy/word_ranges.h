/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef MEMOPSY_WORD_RANGES_H
#define MEMOPSY_WORD_RANGES_H

/*
 * Which words refer to one of many targets: ranges of words, with a test of a few instructions that nearly all other words
 * fail. Read-only once prepared, for all threads.
 */

#include <memopsy/kernel.h>

MO_API_BEGIN

/* Words [first, end) refer to a target. */
struct mo_word_range {
	uint64_t first, end;
	uint32_t target;             /* what it is, the caller says; so with the way */
	uint8_t way;
};

struct mo_word_ranges {
	struct mo_word_range *ranges; /* once prepared: ascending, each word at most once */
	size_t n, n_slots;
	uint64_t first, n_bytes;     /* from the first range to the end of the last one */
	uint64_t *pages;             /* a bit for some pages of addresses: whether a range may lie there */
	uint64_t page_mask;
};

/* A range without words is left out. */
struct mo_error *mo_word_ranges_add(struct mo_word_ranges *set, struct mo_word_range range) MO_MUST_USE;
/* Sorts them; of two that overlap the first keeps its words. Nothing is added afterwards. */
struct mo_error *mo_word_ranges_prepare(struct mo_word_ranges *set) MO_MUST_USE;
void mo_word_ranges_deinit(struct mo_word_ranges *set);

/* The range that a word lies in; NULL: none. */
const struct mo_word_range *mo_word_range_of(const struct mo_word_ranges *set, uint64_t word);

/* Of a prepared set: whether to look the word up is worth while. */
static inline bool mo_may_refer(const struct mo_word_ranges *set, uint64_t word)
{
	uint64_t page = word >> 12 & set->page_mask;

	return word - set->first < set->n_bytes && set->pages[page / 64] >> page % 64 & 1;
}

MO_API_END

#endif
