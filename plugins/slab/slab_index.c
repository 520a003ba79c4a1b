/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* From what the struct pages say to slabs of caches: which cache, how large, and where its objects' states are. */
#include "gathering.h"

#include <stdlib.h>
#include <string.h>

#include <memopsy/containers.h>

/* Caches by address, sorted, so that every slab finds its own. */
struct cache_key {
	uint64_t kva;
	uint32_t index;
};

static int compare_keys(const void *a, const void *b)
{
	const struct cache_key *left = a;
	const struct cache_key *right = b;

	return (left->kva > right->kva) - (left->kva < right->kva);
}

static struct mo_error *sort_caches(const struct slab_state *state, struct cache_key **ret)
{
	struct cache_key *keys = calloc(state->model.n_caches + 1, sizeof(*keys));

	if (!keys)
		return mo_error_no_memory();
	for (size_t i = 0; i < state->model.n_caches; i++)
		keys[i] = (struct cache_key){ .kva = state->caches[i].cache_kva, .index = (uint32_t)i };
	qsort(keys, state->model.n_caches, sizeof(*keys), compare_keys);
	*ret = keys;
	return NULL;
}

static uint32_t look_up(const struct cache_key *keys, size_t n_keys, uint64_t cache_kva)
{
	size_t low = mo_lower_bound(n_keys, at, keys[at].kva < cache_kva);

	return low < n_keys && keys[low].kva == cache_kva ? keys[low].index : MO_SLAB_NO_CACHE;
}

#define MAX_STRANGERS 1024 /* pointers that lead to no listed cache, and are tried */

/*
 * Caches that only their slabs know. Each pointer is tried once: garbage in a struct page gives one pointer, a break in
 * the list of caches a few hundred.
 */
static struct mo_error *adopt_caches(struct slab_state *state)
{
	uint64_t tried[MAX_STRANGERS];
	size_t n_tried = 0;
	struct cache_key *keys = NULL;
	size_t n_keys = state->model.n_caches;
	struct mo_error *error = sort_caches(state, &keys);

	if (error)
		return error;
	for (size_t i = 0; i < state->model.n_slabs && n_tried < MAX_STRANGERS && !error; i++) {
		const struct slab_record *record = &state->records[i];
		size_t at = 0;

		if (look_up(keys, n_keys, record->cache_kva) != MO_SLAB_NO_CACHE)
			continue;
		while (at < n_tried && tried[at] != record->cache_kva)
			at++;
		if (at < n_tried)
			continue;
		tried[n_tried++] = record->cache_kva;
		error = add_unlisted_cache(state, record->cache_kva, record->objects);
	}
	free(keys);
	return error;
}

/* Where the first object of a slab of SLAB is; false: not where all of them have room. */
static bool place_objects(const struct slab_state *state, const struct mo_slab_cache *cache, const struct slab_record *record,
			  struct mo_slab *slab)
{
	uint64_t first_byte = record->s_mem_kva - mo_slab_kva(&state->model, slab);
	uint64_t slab_bytes = state->shape.page_bytes << slab->order;

	if (first_byte % 8 || first_byte / 8 > UINT16_MAX || first_byte >= slab_bytes ||
	    (uint64_t)cache->objects_per_slab * cache->size_bytes > slab_bytes - first_byte)
		return false;
	slab->first_words = (uint16_t)(first_byte / 8);
	return true;
}

static enum mo_slab_fault make_slab(const struct slab_state *state, const struct cache_key *keys, size_t index,
				    struct mo_slab *slab)
{
	const struct slab_record *record = &state->records[index];
	const struct mo_slab_cache *cache;

	*slab = (struct mo_slab){
		.pfn = record->pfn,
		.cache = look_up(keys, state->model.n_caches, record->cache_kva),
		.objects = record->objects,
		.inuse = record->inuse,
		.is_frozen = record->is_frozen,
	};
	if (slab->cache == MO_SLAB_NO_CACHE)
		return MO_SLAB_NO_KMEM_CACHE;
	cache = &state->caches[slab->cache];
	if (!cache->size_bytes)
		return MO_SLAB_UNREADABLE;
	if (state->shape.is_slab)
		slab->objects = (uint16_t)cache->objects_per_slab;
	if (!order_of_slab(state, cache, slab->objects, &slab->order) || slab->inuse > slab->objects)
		return MO_SLAB_IMPOSSIBLE_COUNT;
	return !state->shape.is_slab || place_objects(state, cache, record, slab) ? MO_SLAB_SOUND : MO_SLAB_IMPOSSIBLE_COUNT;
}

/* A slab that lies within one before it. */
static bool is_overlapped(const struct slab_state *state, size_t index, uint64_t end_pfn)
{
	return index && state->slabs[index].pfn < end_pfn;
}

static void make_slabs(struct slab_state *state, const struct cache_key *keys)
{
	uint64_t end_pfn = 0;

	for (size_t i = 0; i < state->model.n_slabs; i++) {
		struct mo_slab *slab = &state->slabs[i];
		struct slab_wrong wrong = { .fault = make_slab(state, keys, i, slab) };

		if (is_overlapped(state, i, end_pfn)) {
			wrong.fault = MO_SLAB_OVERLAPPED;
		} else if (wrong.fault == MO_SLAB_SOUND) {
			slab->has_states = true;
			slab->first_object = state->model.n_objects;
			state->model.n_objects += slab->objects + slab->objects % 2u;
			end_pfn = slab->pfn + (1ull << slab->order);
		}
		if (wrong.fault == MO_SLAB_SOUND)
			continue;
		wrong.value = wrong.fault == MO_SLAB_IMPOSSIBLE_COUNT ? slab->objects : state->records[i].cache_kva;
		wrong.cache = slab->cache;
		note_wrong(state, slab, &wrong);
	}
}

/* A child of a child there is not: such a root is none. */
static void link_children(struct slab_state *state, const struct cache_key *keys)
{
	for (size_t i = 0; i < state->model.n_caches; i++) {
		struct mo_slab_cache *cache = &state->caches[i];
		uint32_t root = cache->root_kva ? look_up(keys, state->model.n_caches, cache->root_kva) : MO_SLAB_NO_CACHE;

		if (root != MO_SLAB_NO_CACHE && !state->caches[root].root_kva)
			cache->root = root;
	}
}

struct mo_error *index_slabs(struct slab_state *state)
{
	struct mo_error *error = adopt_caches(state);
	struct cache_key *keys = NULL;

	if (!error)
		error = sort_caches(state, &keys);
	if (error)
		return error;
	state->slabs = calloc(state->model.n_slabs + 1, sizeof(*state->slabs));
	if (!state->slabs) {
		free(keys);
		return mo_error_no_memory();
	}
	state->model.slabs = state->slabs;
	link_children(state, keys);
	make_slabs(state, keys);
	free(keys);
	/* Most objects are allocated, which is 0: their part of this memory is never touched. */
	state->states = calloc(state->model.n_objects / 2 + 1, 1);
	if (!state->states)
		return mo_error_no_memory();
	state->model.states = state->states;
	return NULL;
}

struct mo_slab *slab_of_page(const struct slab_state *state, uint64_t page_kva)
{
	const struct mo_slab *slab;
	uint64_t pfn;
	struct mo_error *error = mo_page_to_pfn(state->memmap, page_kva, &pfn);

	if (error) {
		mo_error_destroy(error);
		return NULL;
	}
	slab = mo_slab_at(&state->model, pfn);
	return slab && slab->pfn == pfn ? &state->slabs[slab - state->slabs] : NULL;
}
