/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Which words refer to a target: its addresses, those of its struct pages, its per-CPU pointer. */
#include <memopsy/memmap.h>

#include "reference_scan.h"

/* Struct pages of a target that is pages of the direct map. */
static struct mo_error *add_struct_pages(const struct mo_references *state, struct mo_word_ranges *set,
					 const struct mo_word_target *target, uint32_t number)
{
	const struct mo_memmap *memmap;
	uint64_t page_kva = 0;
	uint64_t n_pages = (target->end_kva - target->kva) >> state->index.page_shift;
	struct mo_error *error = mo_memmap(state->reader, &memmap);

	if (!error)
		error = mo_pfn_to_page(memmap, target->first_pa >> state->index.page_shift, &page_kva);
	if (error) {
		mo_error_destroy(error);
		return NULL;
	}
	return mo_word_ranges_add(set, (struct mo_word_range){ .first = page_kva, .target = number, .way = MO_BY_STRUCT_PAGE,
							.end = page_kva + (state->is_exact ? 1 : n_pages * memmap->page_struct_bytes) });
}

static struct mo_error *add_ranges(const struct mo_references *state, struct mo_word_ranges *set,
				   const struct mo_word_target *target, uint32_t number)
{
	uint64_t direct_kva = state->index.slabs->direct_map_kva + target->first_pa;
	uint64_t n_bytes = state->is_exact && target->depth == 1 ? 1 : target->end_kva - target->kva;
	struct mo_place place;
	struct mo_word_range range = { .first = target->kva, .end = target->kva + n_bytes, .target = number };
	struct mo_error *error = mo_word_ranges_add(set, range);

	/* What the image has, users of the direct map may mean as well. */
	range = (struct mo_word_range){ .first = direct_kva, .end = direct_kva + n_bytes, .target = number };
	if (!error && direct_kva != target->kva && target->first_pa != UINT64_MAX)
		error = mo_word_ranges_add(set, range);
	if (!error && target->is_page)
		error = add_struct_pages(state, set, target, number);
	if (error || target->depth != 1)
		return error;
	error = state->places->find(state->places, state->reader, target->kva, &place);
	if (error || !place.percpu_kva || place.percpu_kva < place.offset_bytes)
		return error;
	range = (struct mo_word_range){ .first = place.percpu_kva - place.offset_bytes, .way = MO_BY_PERCPU, .target = number };
	range.end = range.first + 1;
	return mo_word_ranges_add(set, range);
}

struct mo_error *make_ranges(const struct mo_references *state, const struct mo_word_target *targets, uint32_t first, uint32_t n,
			     struct mo_word_ranges *ret)
{
	struct mo_word_ranges set = { .n = 0 };
	struct mo_error *error = NULL;

	for (uint32_t i = first; i < first + n && !error; i++)
		error = add_ranges(state, &set, &targets[i], i);
	if (!error)
		error = mo_word_ranges_prepare(&set);
	if (error)
		mo_word_ranges_deinit(&set);
	else
		*ret = set;
	return error;
}
