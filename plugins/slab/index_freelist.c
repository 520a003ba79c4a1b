/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The free objects of a slab of SLAB (mm/slab.c): an array of object indexes, of which those from slab.active on are free.
 * The array lies at the end of the slab, in another slab, or in one of the free objects.
 */
#include "gathering.h"

#define INDEXES_AT_A_TIME 1024

/* How wide an index is: two bytes where pages are large (FREELIST_BYTE_INDEX), unless a cache says otherwise. */
void choose_index_bytes(struct slab_state *state)
{
	state->shape.index_bytes = state->shape.page_bytes >> 8 <= 16 ? 1 : 2;
	for (size_t i = 0; i < state->model.n_caches; i++) {
		const struct mo_slab_cache *cache = &state->caches[i];
		uint64_t n_bytes = 0;
		struct mo_error *error;

		if (!cache->objects_per_slab)
			continue;
		error = mo_read_field(state->reader, &state->layout->cache.freelist_size, cache->cache_kva, &n_bytes);
		if (!error && (n_bytes == cache->objects_per_slab || n_bytes == 2 * (uint64_t)cache->objects_per_slab)) {
			state->shape.index_bytes = (unsigned)(n_bytes / cache->objects_per_slab);
			return;
		}
		mo_error_destroy(error);
	}
}

static enum mo_slab_fault take_index(struct slab_state *state, const struct mo_slab *slab, uint32_t index)
{
	if (index >= slab->objects)
		return MO_SLAB_LEAVES;
	if (mo_object_state_at(&state->model, slab->first_object + index) != MO_OBJECT_ALLOCATED)
		return MO_SLAB_TWICE;
	set_object_state(state, slab, index, MO_OBJECT_FREE);
	return MO_SLAB_SOUND;
}

uint32_t walk_index_freelist(struct slab_state *state, struct mo_reader *reader, const struct mo_slab *slab,
			     uint64_t indexes_kva, struct slab_wrong *wrong)
{
	unsigned width = state->shape.index_bytes;
	const struct mo_field entry = { .name = "freelist_idx_t", .is_bound = true, .width_bytes = (uint8_t)width,
					.element_bytes = width, .is_big_endian = state->shape.is_big_endian };
	uint8_t bytes[INDEXES_AT_A_TIME * 2];
	uint32_t n_free = 0;

	for (uint32_t at = slab->inuse; at < slab->objects;) {
		uint32_t n = slab->objects - at < INDEXES_AT_A_TIME ? slab->objects - at : INDEXES_AT_A_TIME;
		struct mo_error *error = mo_read(reader, indexes_kva + (uint64_t)at * width, bytes, (size_t)n * width);

		*wrong = (struct slab_wrong){ .object_kva = indexes_kva, .value = indexes_kva, .cache = slab->cache };
		if (error) {
			mo_error_destroy(error);
			wrong->fault = MO_SLAB_UNREADABLE;
			return n_free;
		}
		for (uint32_t i = 0; i < n; i++) {
			wrong->value = mo_get_element(&entry, bytes, i);
			wrong->object_kva = indexes_kva + (uint64_t)(at + i) * width;
			wrong->fault = take_index(state, slab, (uint32_t)wrong->value);
			if (wrong->fault != MO_SLAB_SOUND)
				return n_free;
			n_free++;
		}
		at += n;
	}
	*wrong = (struct slab_wrong){ .fault = MO_SLAB_SOUND };
	return n_free;
}
