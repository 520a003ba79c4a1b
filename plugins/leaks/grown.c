/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Caches that look as if they had leaked, by size alone: whose objects they are. While objects are marked, it is counted for
 * these caches what each of their objects was first reached from: another one of its cache (a list), an object of another
 * cache, or neither. No pass of its own.
 */
#include "grown.h"

#include <stdlib.h>

struct mo_error *find_grown(struct leaks_state *state)
{
	const struct mo_slab_model *slabs = state->index.slabs;
	uint64_t slab_pages = 0;

	for (size_t i = 0; i < slabs->n_caches; i++)
		slab_pages += slabs->caches[i].pages;
	for (uint32_t i = 0; i < slabs->n_caches && state->model.n_grown < MO_LEAKS_GROWN_MAX; i++)
		if (mo_slab_cache_looks_grown(&slabs->caches[i], state->mem_map->n_pages, slab_pages))
			state->model.grown[state->model.n_grown++].cache = i;
	if (!state->model.n_grown)
		return NULL;
	state->grown_of_cache = calloc(slabs->n_caches + 1, sizeof(*state->grown_of_cache));
	if (!state->grown_of_cache)
		return mo_error_no_memory();
	for (uint32_t i = 0; i < state->model.n_grown; i++)
		state->grown_of_cache[state->model.grown[i].cache] = (uint8_t)(i + 1);
	return NULL;
}

struct mo_error *begin_grown(const struct leaks_state *state, struct marking_thread *threads, unsigned n_threads)
{
	size_t n_caches = state->index.slabs->n_caches;

	for (unsigned i = 0; i < n_threads; i++) {
		threads[i].source_cache = (uint32_t)n_caches;
		if (!state->grown_of_cache)
			continue;
		threads[i].reached_from = calloc(state->model.n_grown * (n_caches + 1), sizeof(*threads[i].reached_from));
		if (!threads[i].reached_from)
			return mo_error_no_memory();
	}
	return NULL;
}

static uint64_t sum_of(const struct marking_thread *threads, unsigned n_threads, size_t at)
{
	uint64_t sum = 0;

	for (unsigned i = 0; i < n_threads; i++)
		sum += threads[i].reached_from ? threads[i].reached_from[at] : 0;
	return sum;
}

void end_grown(struct leaks_state *state, struct marking_thread *threads, unsigned n_threads)
{
	size_t n_caches = state->index.slabs->n_caches;

	for (size_t i = 0; state->grown_of_cache && i < state->model.n_grown; i++) {
		struct mo_grown_cache *grown = &state->model.grown[i];

		grown->holder_cache = MO_SLAB_NO_CACHE;
		for (uint32_t from = 0; from <= n_caches; from++) {
			uint64_t n = sum_of(threads, n_threads, i * (n_caches + 1) + from);

			grown->reached_objects += n;
			if (from == grown->cache)
				grown->by_own = n;
			else if (from == n_caches)
				grown->by_others = n;
			else if (n > grown->by_holder) {
				grown->by_holder = n;
				grown->holder_cache = from;
			}
		}
	}
	for (unsigned i = 0; i < n_threads; i++) {
		free(threads[i].reached_from);
		threads[i].reached_from = NULL;
	}
}
