/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * How free-list pointers are kept. That CONFIG_SLAB_FREELIST_HARDENED is on shows in struct kmem_cache; whether the
 * pointer's address is byte-swapped (5.7, 1ad53d9fa3f6, and in many older kernels) shows nowhere: it is tried on free
 * lists of this dump, and what makes sense more often is it.
 */
#include "gathering.h"

#define MAX_TRIALS 512

static void try_forms(const struct slab_state *state, const struct mo_slab *slab, uint64_t first_kva, unsigned *scores)
{
	const struct mo_slab_cache *cache = &state->caches[slab->cache];
	struct freelist_walk walk = { .state = state, .reader = state->reader, .slab = slab, .cache = cache };
	uint64_t link_offset;
	uint64_t raw = 0;
	struct mo_error *error;
	uint32_t index;

	if (!object_of_pointer(state, slab, first_kva, &index))
		return;
	link_offset = (uint64_t)index * cache->size_bytes + cache->red_left_bytes + cache->freelist_offset_bytes;
	error = read_slab_word(&walk, link_offset, &raw);
	if (error) {
		mo_error_destroy(error);
		return;
	}
	for (enum freelist_form form = 0; form < N_FREELIST_FORMS; form++) {
		uint64_t pointer = decode_freelist_pointer(&state->shape, form, cache->random, raw,
							   mo_slab_kva(&state->model, slab) + link_offset);
		uint32_t next;

		scores[form] += !pointer || (object_of_pointer(state, slab, pointer, &next) && next != index);
	}
}

void choose_freelist_form(struct slab_state *state)
{
	unsigned scores[N_FREELIST_FORMS] = { 0 };
	unsigned n_trials = 0;

	state->shape.form = FREELIST_PLAIN;
	if (!mo_has(&state->layout->cache.random))
		return;
	for (size_t i = 0; i < state->model.n_slabs && n_trials < MAX_TRIALS; i++) {
		const struct mo_slab *slab = &state->slabs[i];

		if (!slab->has_states || !state->records[i].freelist_kva)
			continue;
		try_forms(state, slab, state->records[i].freelist_kva, scores);
		n_trials++;
	}
	/* Without any free object to try, the form matters to nobody. */
	state->shape.form = scores[FREELIST_HARDENED] > scores[FREELIST_SWAPPED] ? FREELIST_HARDENED : FREELIST_SWAPPED;
	if (scores[FREELIST_PLAIN] > scores[state->shape.form])
		state->shape.form = FREELIST_PLAIN;
}
