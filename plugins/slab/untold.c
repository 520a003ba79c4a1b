/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What a broken list of free objects leaves untold. Objects beyond the fault may be free or allocated. Where free pointers
 * themselves were not overwritten, an object can only be free if the word at the place of its free pointer is one: none, or
 * an object of the same slab. All others are allocated.
 */
#include "gathering.h"

static bool is_allocated(const struct slab_state *state, const struct mo_slab *slab, uint32_t index)
{
	return mo_object_state_at(&state->model, slab->first_object + index) == MO_OBJECT_ALLOCATED;
}

void forget_rest(const struct slab_state *state, const struct mo_slab *slab)
{
	for (uint32_t i = 0; i < slab->objects; i++)
		if (is_allocated(state, slab, i))
			set_object_state(state, slab, i, MO_OBJECT_UNKNOWN);
}

/* Whether an object's word at the place of the free pointer may be one; true: it could not be read. */
static bool may_be_free(struct freelist_walk *walk, uint32_t index)
{
	const struct slab_state *state = walk->state;
	const struct mo_slab_cache *cache = walk->cache;
	uint64_t link_offset = (uint64_t)index * cache->size_bytes + cache->red_left_bytes + cache->freelist_offset_bytes;
	uint64_t raw = 0;
	uint64_t pointer;
	uint32_t next;
	struct mo_error *error = read_slab_word(walk, link_offset, &raw);

	if (error) {
		mo_error_destroy(error);
		return true;
	}
	pointer = decode_freelist_pointer(&state->shape, state->shape.form, cache->random, raw,
					  mo_slab_kva(&state->model, walk->slab) + link_offset);
	return !pointer || object_of_pointer(state, walk->slab, pointer, &next);
}

void forget_untold(struct slab_state *state, struct mo_reader *reader, const struct mo_slab *slab, enum mo_slab_fault fault)
{
	struct freelist_walk walk = { .state = state, .reader = reader, .slab = slab, .cache = &state->caches[slab->cache] };

	/* Whoever overwrote one free pointer may have overwritten others; and indexes (SLAB) stand in no object. */
	if (state->shape.is_slab || fault == MO_SLAB_LEAVES || fault == MO_SLAB_UNREADABLE) {
		forget_rest(state, slab);
		return;
	}
	for (uint32_t i = 0; i < slab->objects; i++)
		if (is_allocated(state, slab, i) && may_be_free(&walk, i))
			set_object_state(state, slab, i, MO_OBJECT_UNKNOWN);
}
