/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Which place of the source the first page of a block was taken at: a pointer to its struct alloc_tag behind the struct
 * page_ext, or with compressed tags an index in the high bits of page->flags (include/linux/pgalloc_tag.h).
 */
#include "gathering.h"

#include <inttypes.h>
#include <string.h>

#define FIRST_INDEX 2u /* CODETAG_ID_FIRST; 0 is none, 1 is empty */

/* A page's reference is a pointer that lies behind struct page_ext without a type of its own. */
static struct mo_error *find_refs(struct page_owner_state *state)
{
	struct mo_error *error = mo_read_field(state->reader, &state->layout->ops_offset, state->layout->tag_ops.kva,
					       &state->tag_offset);

	if (error)
		return mo_error_prepend(error, "page_alloc_tagging_ops");
	if (state->tag_offset > state->ext_bytes || state->word_bytes > state->ext_bytes - state->tag_offset)
		return mo_error_create(MO_E_CORRUPT, "page_alloc_tagging_ops.offset is %" PRIu64 " of page_ext_size %" PRIu64,
				       state->tag_offset, state->ext_bytes);
	state->has_tag_refs = true;
	return NULL;
}

static struct mo_error *find_indexes(struct page_owner_state *state)
{
	const struct page_owner_layout *layout = state->layout;
	uint32_t shift = 0;
	struct mo_error *error;

	if (!mo_has(&layout->ref_shift) || !mo_has(&layout->ref_mask) || !mo_has(&layout->kernel_tags) ||
	    !mo_has(&layout->kernel_first) || !mo_has(&layout->kernel_count) || !layout->page)
		return mo_error_create(MO_E_ABSENT, "how page->flags holds tags is unknown");
	error = mo_read_u32(state->reader, layout->ref_shift.kva, &shift);
	if (!error)
		error = mo_read_pointer(state->reader, layout->ref_mask.kva, &state->tag_mask);
	if (!error)
		error = mo_read_field(state->reader, &layout->kernel_first, layout->kernel_tags.kva, &state->kernel_tags_kva);
	if (!error)
		error = mo_read_field(state->reader, &layout->kernel_count, layout->kernel_tags.kva, &state->n_kernel_tags);
	if (!error && mo_has(&layout->module_tags) && mo_has(&layout->module_first))
		error = mo_read_field(state->reader, &layout->module_first, layout->module_tags.kva, &state->module_tags_kva);
	if (error)
		return error;
	if (shift >= 64 || state->tag_mask > UINT16_MAX)
		return mo_error_create(MO_E_CORRUPT, "alloc_tag_ref_offs is %" PRIu32 ", alloc_tag_ref_mask 0x%" PRIx64, shift,
				       state->tag_mask);
	state->tag_shift = shift;
	state->has_tag_indexes = true;
	return NULL;
}

struct mo_error *find_page_tags(struct page_owner_state *state)
{
	bool is_on = false;
	bool is_compressed = false;
	struct mo_error *error;

	if (!state->n_sites)
		return NULL;
	error = read_key(state, &state->layout->profiling_key, &is_on);
	if (!error)
		error = read_key(state, &state->layout->compressed_key, &is_compressed);
	if (error || !is_on)
		return error;
	if (is_compressed)
		return find_indexes(state);
	if (!state->ext_bytes || !mo_has(&state->layout->tag_ops) || !mo_has(&state->layout->ops_offset))
		return NULL;
	return find_refs(state);
}

size_t site_of_tag(const struct page_owner_state *state, uint64_t tag_kva)
{
	size_t low = 0;
	size_t high = state->n_ranges;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		const struct tag_range *range = &state->ranges[middle];
		uint64_t offset = tag_kva - range->start_kva;

		if (tag_kva < range->start_kva)
			high = middle;
		else if (offset / state->layout->tag.size.bytes >= range->n_tags)
			low = middle + 1;
		else
			return offset % state->layout->tag.size.bytes ?
				       state->n_sites :
				       range->first_site + (size_t)(offset / state->layout->tag.size.bytes);
	}
	return state->n_sites;
}

size_t site_of_ext(const struct page_owner_state *state, const void *ext)
{
	const uint8_t *at = (const uint8_t *)ext + state->tag_offset;
	uint64_t tag_kva = 0;

	for (unsigned i = 0; i < state->word_bytes; i++)
		tag_kva |= (uint64_t)at[state->is_big_endian ? state->word_bytes - 1 - i : i] << 8 * i;
	return tag_kva ? site_of_tag(state, tag_kva) : state->n_sites;
}

size_t site_of_page_flags(const struct page_owner_state *state, uint64_t flags)
{
	uint64_t index = flags >> state->tag_shift & state->tag_mask;
	uint64_t bytes = state->layout->tag.size.bytes;

	if (index < FIRST_INDEX)
		return state->n_sites;
	index -= FIRST_INDEX;
	if (index < state->n_kernel_tags)
		return site_of_tag(state, state->kernel_tags_kva + index * bytes);
	return site_of_tag(state, state->module_tags_kva + (index - state->n_kernel_tags) * bytes);
}
