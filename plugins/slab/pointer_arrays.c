/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Arrays of pointers to free objects: sheaves of SLUB, array caches of SLAB. To its slab such an object is in use. */
#include "gathering.h"

#include <inttypes.h>

#define POINTERS_AT_A_TIME 512

/* One object that an array says is free. False: it is none of this cache's. */
static bool mark_object(struct slab_state *state, uint32_t cache, uint64_t kva, enum mo_object_state object_state)
{
	const struct mo_slab *found;
	struct mo_slab *slab;
	enum mo_object_state before;
	uint32_t index;

	if (state->counted_kva) {
		state->n_counted += kva == state->counted_kva;
		return true;
	}
	if (!mo_object_at(&state->model, kva, &found, &index) || found->cache != cache || !found->has_states ||
	    mo_object_kva(&state->model, found, index) != kva)
		return false;
	slab = &state->slabs[found - state->slabs];
	before = mo_object_state_at(&state->model, slab->first_object + index);
	if (before != MO_OBJECT_ALLOCATED && before != MO_OBJECT_UNKNOWN) {
		const struct slab_wrong wrong = { .fault = MO_SLAB_TWICE, .object_kva = kva, .value = kva, .cache = cache };

		note_wrong(state, slab, &wrong);
		state->caches[cache].untold_objects++; /* that this entry ought to name */
		return true;
	}
	set_object_state(state, slab, index, object_state);
	return true;
}

struct mo_error *mark_pointed_objects(struct slab_state *state, uint32_t cache, uint64_t pointers_kva, uint64_t n_pointers,
				      uint64_t first_byte, enum mo_object_state object_state)
{
	const struct mo_field pointer = { .name = "pointer", .is_bound = true,
					  .width_bytes = (uint8_t)state->shape.word_bytes,
					  .element_bytes = state->shape.word_bytes,
					  .is_big_endian = state->shape.is_big_endian };
	uint8_t bytes[POINTERS_AT_A_TIME * 8];
	uint64_t n_strange = 0;
	struct mo_error *error = NULL;

	for (uint64_t first = 0; first < n_pointers && !error; first += POINTERS_AT_A_TIME) {
		uint64_t n = n_pointers - first < POINTERS_AT_A_TIME ? n_pointers - first : POINTERS_AT_A_TIME;

		error = mo_read(state->reader, pointers_kva + first * pointer.element_bytes, bytes,
				(size_t)(n * pointer.element_bytes));
		for (uint64_t i = 0; i < n && !error; i++)
			if (!mark_object(state, cache, mo_get_element(&pointer, bytes, i) - first_byte, object_state))
				n_strange++;
	}
	/* Any of the cache's objects may be in it: so many that look allocated may be free. */
	if (error)
		state->caches[cache].untold_objects += n_pointers;
	state->caches[cache].untold_objects += error ? 0 : n_strange;
	if (!error && n_strange)
		error = mo_error_create(MO_E_CORRUPT, "%" PRIu64 " of %" PRIu64 " are no objects of this cache", n_strange,
					n_pointers);
	return error;
}
