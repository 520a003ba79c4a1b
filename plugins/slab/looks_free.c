/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Whether an object of a kernel that runs is free now, by the one word that free objects have and others do not. */
#include "gathering.h"

bool object_looks_free(const struct mo_slab_model *model, struct mo_reader *reader, const struct mo_slab *slab, uint32_t index)
{
	/* The model is the first member of its state. */
	const struct slab_state *state = (const struct slab_state *)model;
	const struct mo_slab_cache *cache = &state->caches[slab->cache];
	uint64_t at_kva = mo_object_kva(model, slab, index) + cache->freelist_offset_bytes;
	uint64_t raw = 0;
	uint64_t pointer;
	uint32_t next;

	if (mo_error_destroy(mo_read_pointer(reader, at_kva, &raw)))
		return false;
	pointer = decode_freelist_pointer(&state->shape, state->shape.form, cache->random, raw, at_kva);
	return !pointer || object_of_pointer(state, slab, pointer, &next);
}
