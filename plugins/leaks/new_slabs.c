/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Slabs that a running kernel has made since its slabs were listed. Which of their objects are in use is not known, but what is in
 * use is often the newest: the head of a list that leads to all older ones. So a page that was none of the kernel's, and is pointed
 * at and a slab's by now, leads on.
 */
#include "nodes.h"

#include <stdlib.h>

#include "words.h"

struct mo_error *find_strangers(struct leaks_state *state)
{
	const struct mo_object_index *index = &state->index;

	if (!state->is_live || !state->ranges.page_struct_bytes || !state->layout->page || index->first_pfn)
		return NULL;
	state->strangers = calloc(index->n_pages / 64 + 1, sizeof(*state->strangers));
	if (!state->strangers)
		return mo_error_no_memory();
	for (size_t i = 0; i < state->mem_map->n_runs; i++) {
		const struct mo_page_run *run = &state->mem_map->runs[i];

		for (uint64_t k = 0; k < run->n_pages && run->first_pfn + k < index->n_pages; k++) {
			uint64_t pfn = run->first_pfn + k;

			if (!index->slab_of_page[pfn] && !mo_is_root_class((enum mo_page_class)run->classes[k]))
				state->strangers[pfn / 64] |= 1ull << pfn % 64;
		}
	}
	return NULL;
}

void meet_stranger(struct leaks_state *state, struct marking_thread *thread, uint64_t pfn)
{
	uint64_t bit = 1ull << pfn % 64;
	struct mo_object_ref ref = { .slab = STRANGER, .index = (uint32_t)pfn };

	if (!(__atomic_load_n(&state->strangers[pfn / 64], __ATOMIC_RELAXED) & bit) ||
	    !(__atomic_fetch_and(&state->strangers[pfn / 64], ~bit, __ATOMIC_RELAXED) & bit))
		return;
	if (!append_ref(&thread->left, ref))
		thread->is_out_of_memory = true;
}

static bool says_slab(const struct mo_page_shape *shape, const uint8_t *page)
{
	return (shape->flag.slab && mo_page_word(shape, page, shape->at.flags, false) & shape->flag.slab) ||
	       mo_page_has_type(shape->types[MO_PAGE_TYPE_SLAB], mo_page_half(shape, page, shape->at.page_type, false));
}

static bool is_slab_now(const struct leaks_state *state, struct mo_reader *reader, uint64_t pfn)
{
	const struct mo_page_shape *shape = state->layout->page;
	uint64_t page_kva = struct_page_kva(&state->ranges, pfn);
	uint8_t page[MO_PAGE_STRUCT_BYTES_MAX];
	uint64_t head_kva = page_kva;

	if (mo_error_destroy(mo_page_read(reader, shape, page_kva, page, &head_kva)))
		return false;
	if (head_kva != page_kva && mo_error_destroy(mo_read(reader, head_kva, page, shape->struct_bytes)))
		return false;
	return says_slab(shape, page);
}

void scan_stranger(struct leaks_state *state, struct mo_reader *reader, struct marking_thread *thread, uint64_t pfn)
{
	struct word_source source = { .kva = state->index.slabs->direct_map_kva + (pfn << state->index.page_shift), .has_no_frames = true };
	const void *view;
	size_t n_bytes;

	if (is_slab_now(state, reader, pfn) &&
	    !mo_error_destroy(mo_view_pa(reader, pfn << state->index.page_shift, state->index.page_bytes, &view, &n_bytes)))
		scan_words(state, thread, view, n_bytes, source);
}
