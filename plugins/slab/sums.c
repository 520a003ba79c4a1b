/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The sums of every cache, from its slabs and the states of their objects. */
#include "gathering.h"

#include <stdlib.h>
#include <string.h>

/* Sixteen objects at a time, as nearly all are allocated. */
static void count_states(const struct slab_state *state, const struct mo_slab *slab, uint64_t *counts)
{
	uint32_t i = 0;

	while (i < slab->objects) {
		uint64_t word;

		if (slab->objects - i >= 16) {
			memcpy(&word, &state->states[(slab->first_object + i) / 2], sizeof(word));
			if (!word) {
				counts[MO_OBJECT_ALLOCATED] += 16;
				i += 16;
				continue;
			}
		}
		counts[mo_object_state_at(&state->model, slab->first_object + i)]++;
		i++;
	}
}

static void add_slab(struct slab_state *state, const struct mo_slab *slab)
{
	struct mo_slab_cache *cache = &state->caches[slab->cache];
	uint64_t counts[16] = { 0 };

	cache->n_slabs++;
	cache->faulty_slabs += slab->fault != MO_SLAB_SOUND && slab->fault != MO_SLAB_MOVED;
	cache->pages += slab->fault == MO_SLAB_OVERLAPPED ? 0 : 1ull << slab->order;
	if (!slab->has_states) {
		cache->hidden_objects += slab->objects;
		return;
	}
	count_states(state, slab, counts);
	for (unsigned i = 0; i < MO_N_OBJECT_STATES; i++)
		cache->states[i] += counts[i];
	cache->objects += slab->objects;
	cache->partial_slabs += counts[MO_OBJECT_ALLOCATED] + counts[MO_OBJECT_UNKNOWN] < slab->objects;
}

struct mo_error *sum_up_slabs(struct slab_state *state)
{
	size_t first = 0;

	state->slabs_by_cache = calloc(state->model.n_slabs + 1, sizeof(*state->slabs_by_cache));
	if (!state->slabs_by_cache)
		return mo_error_no_memory();
	for (size_t i = 0; i < state->model.n_slabs; i++) {
		state->model.faults[state->slabs[i].fault]++;
		if (state->slabs[i].cache != MO_SLAB_NO_CACHE)
			add_slab(state, &state->slabs[i]);
	}
	for (size_t i = 0; i < state->model.n_caches; i++) {
		state->caches[i].slabs = state->slabs_by_cache + first;
		first += state->caches[i].n_slabs;
		state->caches[i].n_slabs = 0;
	}
	for (size_t i = 0; i < state->model.n_slabs; i++) {
		struct mo_slab_cache *cache;

		if (state->slabs[i].cache == MO_SLAB_NO_CACHE)
			continue;
		cache = &state->caches[state->slabs[i].cache];
		state->slabs_by_cache[(size_t)(cache->slabs - state->slabs_by_cache) + cache->n_slabs++] = (uint32_t)i;
	}
	return NULL;
}
