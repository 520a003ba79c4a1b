/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The best pointer to every object of kmalloc(), so that the pass that looks for owners of pages knows as well who points at
 * the objects that it finds to be owners. Machines with more such objects than are kept look for theirs step by step.
 */
#include <stdlib.h>

#include "gathering.h"

#define GENERIC_OBJECTS_MAX (1ull << 23) /* 64 MiB of pointers */

bool is_generic_cache(const struct owners_state *state, uint32_t cache)
{
	const char *name = cache < state->slabs->n_caches ? state->slabs->caches[cache].name : NULL;

	return name && strstr(name, "kmalloc-");
}

/* Numbers the objects; how many there are. */
static uint64_t number_objects(const struct owners_state *state, uint64_t *first, const bool *is_generic)
{
	uint64_t n = 0;

	for (size_t i = 0; i < state->slabs->n_slabs; i++) {
		uint32_t objects = state->index.indexed[i].objects;

		if (!objects || !is_generic[state->slabs->slabs[i].cache])
			continue;
		first[i] = n + 1;
		n += objects;
	}
	return n;
}

struct mo_error *prepare_generic_objects(struct owners_state *state)
{
	struct generic_objects objects = { .n = 0 };
	bool *is_generic = calloc(state->slabs->n_caches + 1, sizeof(*is_generic));
	struct mo_error *error = NULL;

	objects.first = calloc(state->slabs->n_slabs + 1, sizeof(*objects.first));
	if (!is_generic || !objects.first)
		error = mo_error_no_memory();
	for (uint32_t i = 0; !error && i < state->slabs->n_caches; i++)
		is_generic[i] = is_generic_cache(state, i);
	if (!error)
		objects.n = number_objects(state, objects.first, is_generic);
	free(is_generic);
	if (!error && objects.n && objects.n <= GENERIC_OBJECTS_MAX) {
		objects.best = malloc(objects.n * sizeof(*objects.best));
		if (!objects.best)
			error = mo_error_no_memory();
	}
	if (error || !objects.best) {
		free(objects.first);
		return error;
	}
	for (uint64_t i = 0; i < objects.n; i++)
		objects.best[i] = NO_POINTER;
	state->objects = objects;
	return NULL;
}

void generic_objects_deinit(struct generic_objects *objects)
{
	free(objects->best);
	free(objects->first);
	*objects = (struct generic_objects){ .n = 0 };
}

/* Where the best pointer to the object is kept that a word points into; NULL: it points beside what the object's user has. */
static uint64_t *best_of(const struct owners_state *state, uint32_t slab, uint64_t word, uint64_t *kva_ret, uint64_t *n_bytes_ret)
{
	const struct mo_slab_cache *cache = &state->slabs->caches[state->slabs->slabs[slab].cache];
	const struct mo_indexed_slab *indexed = &state->index.indexed[slab];
	uint32_t number;

	if (!mo_pointed_object(&state->index, slab, word, &number))
		return NULL;
	*kva_ret = indexed->first_kva + (uint64_t)number * indexed->size_bytes + cache->red_left_bytes;
	*n_bytes_ret = cache->object_bytes;
	return word - *kva_ret < *n_bytes_ret ? &state->objects.best[state->objects.first[slab] - 1 + number] : NULL;
}

void note_generic_object(const struct owners_state *state, uint32_t slab, uint64_t pa, enum pointer_rank rank, uint64_t word)
{
	uint64_t kva;
	uint64_t n_bytes;
	uint64_t *best = best_of(state, slab, word, &kva, &n_bytes);

	if (best && state->slabs->direct_map_kva + pa - kva >= n_bytes)
		keep_best_target(state, best, pa, rank, word == kva);
}

bool best_pointer_to_object(const struct owners_state *state, uint64_t kva, uint64_t *ret)
{
	uint32_t number = mo_pointed_slab(&state->index, kva);
	uint64_t object_kva;
	uint64_t n_bytes;
	const uint64_t *best;

	if (!state->objects.best || !number || !state->objects.first[number - 1])
		return false;
	best = best_of(state, number - 1, kva, &object_kva, &n_bytes);
	*ret = best ? *best : NO_POINTER;
	return true;
}
