/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The arrays of struct page_ext, one for each section of memory. What the section keeps is the address less that of its
 * first page frame (mm/page_ext.c): to words this is an address elsewhere. They hold numbers, and lead nowhere.
 */
#include "nodes.h"
#include "words.h"

static void mark_array(struct leaks_state *state, uint64_t kva, uint64_t end_kva)
{
	for (kva &= ~(state->index.page_bytes - 1); kva < end_kva; kva += state->index.page_bytes) {
		struct mo_object_ref ref;
		uint64_t object;

		if (!node_at(state, kva, &ref) || mo_is_slab_node(&state->index, ref.slab))
			continue;
		object = state->index.indexed[ref.slab].first_object;
		state->marked[object / 64] |= 1ull << object % 64;
	}
}

void mark_page_ext(struct leaks_state *state)
{
	const struct mo_memmap *memmap = state->ranges.memmap;
	uint64_t ext_bytes = 0;
	struct mo_error *error;

	if (!memmap)
		return;
	error = mo_page_ext_bytes(mo_run_reader(state->run), &ext_bytes);
	if (mo_error_destroy(error) || !ext_bytes || memmap->section_pages > UINT32_MAX)
		return;
	for (size_t i = 0; i < memmap->n_sections; i++) {
		const struct mo_memmap_section *section = &memmap->sections[i];
		uint64_t kva = section->page_ext_kva + ext_bytes * section->first_pfn;
		uint64_t end_kva = kva + ext_bytes * memmap->section_pages;

		if (section->page_ext_kva && !(section->page_ext_kva & 1) && end_kva > kva)
			mark_array(state, kva, end_kva);
	}
}
