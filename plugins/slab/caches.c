/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The caches: slab_caches (mm/slab_common.c) and what each struct kmem_cache says of itself. */
#include "gathering.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MAX_OBJECT_BYTES (1u << 24)
#define OO_SHIFT 16 /* struct kmem_cache_order_objects (mm/slub.c): the order above, the objects below */
#define OO_MASK 0xffff

/* How many bytes from a cache's start hold all that is asked for; the arrays of nodes are read on their own. */
static uint64_t bytes_wanted(const struct slab_layout *layout)
{
	const struct mo_field *const fields[] = {
		&layout->cache.cpu_slab, &layout->cache.cpu_sheaves, &layout->cache.flags, &layout->cache.size,
		&layout->cache.object_size, &layout->cache.offset, &layout->cache.oo, &layout->cache.min,
		&layout->cache.refcount, &layout->cache.ctor, &layout->cache.inuse, &layout->cache.align,
		&layout->cache.red_left_pad, &layout->cache.name, &layout->cache.random, &layout->cache.num,
		&layout->cache.gfporder, &layout->cache.freelist_size, &layout->cache.limit, &layout->cache.batchcount,
		&layout->cache.shared, &layout->cache.obj_offset, &layout->cache.root_cache, &layout->cache.memcg,
	};
	uint64_t end = 0;

	for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++)
		if (mo_has(fields[i]) && fields[i]->offset_bytes + fields[i]->size_bytes > end)
			end = fields[i]->offset_bytes + fields[i]->size_bytes;
	return end;
}

/* What SLUB keeps of its slabs and free lists. */
static void decode_slub(const struct slab_layout *layout, const uint8_t *bytes, struct mo_slab_cache *cache)
{
	uint64_t oo = mo_get(&layout->cache.oo, bytes);
	uint64_t min = mo_get(&layout->cache.min, bytes);

	cache->inuse_bytes = (uint32_t)mo_get(&layout->cache.inuse, bytes);
	if (mo_has(&layout->cache.red_left_pad))
		cache->red_left_bytes = (uint32_t)mo_get(&layout->cache.red_left_pad, bytes);
	cache->freelist_offset_bytes = (uint32_t)mo_get(&layout->cache.offset, bytes);
	cache->objects_per_slab = (uint32_t)(oo & OO_MASK);
	cache->order = (uint32_t)(oo >> OO_SHIFT);
	cache->min_objects_per_slab = (uint32_t)(min & OO_MASK);
	cache->min_order = (uint32_t)(min >> OO_SHIFT);
	if (mo_has(&layout->cache.random))
		cache->random = mo_get(&layout->cache.random, bytes);
}

/* All slabs of a cache of SLAB are of one size. */
static void decode_slab_cache(const struct slab_layout *layout, const uint8_t *bytes, struct mo_slab_cache *cache)
{
	cache->inuse_bytes = cache->object_bytes;
	if (mo_has(&layout->cache.obj_offset))
		cache->red_left_bytes = (uint32_t)mo_get(&layout->cache.obj_offset, bytes);
	cache->objects_per_slab = cache->min_objects_per_slab = (uint32_t)mo_get(&layout->cache.num, bytes);
	cache->order = cache->min_order = (uint32_t)mo_get(&layout->cache.gfporder, bytes);
	cache->limit = (uint32_t)mo_get(&layout->cache.limit, bytes);
	cache->batchcount = (uint32_t)mo_get(&layout->cache.batchcount, bytes);
	cache->shared_factor = (uint32_t)mo_get(&layout->cache.shared, bytes);
}

/* The two members of a union mean what they say only in a child. */
static void decode_child(const struct slab_layout *layout, const uint8_t *bytes, struct mo_slab_cache *cache)
{
	cache->root = MO_SLAB_NO_CACHE;
	if (!mo_has(&layout->cache.root_cache))
		return;
	cache->root_kva = mo_get(&layout->cache.root_cache, bytes);
	if (cache->root_kva && mo_has(&layout->cache.memcg))
		cache->memcg_kva = mo_get(&layout->cache.memcg, bytes);
}

static void decode_cache(const struct slab_state *state, const uint8_t *bytes, struct mo_slab_cache *cache)
{
	const struct slab_layout *layout = state->layout;

	cache->size_bytes = (uint32_t)mo_get(&layout->cache.size, bytes);
	cache->object_bytes = (uint32_t)mo_get(&layout->cache.object_size, bytes);
	cache->align_bytes = (uint32_t)mo_get(&layout->cache.align, bytes);
	cache->flags = (uint32_t)mo_get(&layout->cache.flags, bytes);
	cache->refcount = (int32_t)mo_get_signed(&layout->cache.refcount, bytes);
	cache->constructor_kva = mo_get(&layout->cache.ctor, bytes);
	cache->is_reclaimable = cache->flags & slab_flag(layout, FLAG_RECLAIM_ACCOUNT);
	decode_child(layout, bytes, cache);
	if (state->shape.is_slab)
		decode_slab_cache(layout, bytes, cache);
	else
		decode_slub(layout, bytes, cache);
}

/* Whether these numbers can be those of a cache: what everything after this relies on. */
static struct mo_error *check_cache(const struct slab_state *state, const struct mo_slab_cache *cache)
{
	uint64_t slab_bytes;

	if (cache->order > MAX_SLAB_ORDER || cache->min_order > cache->order)
		return mo_error_create(MO_E_CORRUPT, "slabs of order %" PRIu32 " (at least %" PRIu32 ")", cache->order,
				       cache->min_order);
	if (cache->size_bytes < state->shape.word_bytes || cache->size_bytes > MAX_OBJECT_BYTES ||
	    cache->object_bytes > cache->size_bytes)
		return mo_error_create(MO_E_CORRUPT, "objects of %" PRIu32 " bytes in %" PRIu32, cache->object_bytes,
				       cache->size_bytes);
	slab_bytes = state->shape.page_bytes << cache->order;
	if (!cache->objects_per_slab || cache->objects_per_slab > UINT16_MAX / 2 ||
	    (uint64_t)cache->objects_per_slab * cache->size_bytes > slab_bytes)
		return mo_error_create(MO_E_CORRUPT, "%" PRIu32 " objects of %" PRIu32 " bytes in a slab of %" PRIu64,
				       cache->objects_per_slab, cache->size_bytes, slab_bytes);
	if (cache->red_left_bytes >= cache->size_bytes ||
	    cache->freelist_offset_bytes > cache->size_bytes - cache->red_left_bytes - state->shape.word_bytes)
		return mo_error_create(MO_E_CORRUPT, "free-list pointers at byte %" PRIu32 " of %" PRIu32,
				       cache->freelist_offset_bytes, cache->size_bytes);
	return NULL;
}

static struct mo_error *read_cache(const struct slab_state *state, uint64_t cache_kva, struct mo_slab_cache *cache,
				   char *name)
{
	uint8_t bytes[MAX_CACHE_BYTES];
	uint64_t n_bytes = bytes_wanted(state->layout);
	struct mo_error *error;

	if (n_bytes > sizeof(bytes))
		return mo_error_create(MO_E_UNSUPPORTED, "struct kmem_cache has what is wanted %" PRIu64 " bytes from its start",
				       n_bytes);
	*cache = (struct mo_slab_cache){ .cache_kva = cache_kva };
	error = mo_read(state->reader, cache_kva, bytes, (size_t)n_bytes);
	if (error)
		return error;
	decode_cache(state, bytes, cache);
	error = check_cache(state, cache);
	if (error)
		return error;
	error = mo_read_string(state->reader, mo_get(&state->layout->cache.name, bytes), name, MAX_CACHE_NAME_BYTES, NULL);
	if (!error)
		cache->name = name;
	/* A cache without a name is a cache all the same. */
	mo_error_destroy(error);
	return NULL;
}

/* Room for one more cache; what points into the table is set anew. */
static struct mo_error *make_room(struct slab_state *state)
{
	size_t n_slots = state->n_cache_slots ? state->n_cache_slots * 2 : 256;
	struct mo_slab_cache *caches;
	char (*names)[MAX_CACHE_NAME_BYTES];

	if (state->model.n_caches < state->n_cache_slots)
		return NULL;
	caches = realloc(state->caches, n_slots * sizeof(*caches));
	if (!caches)
		return mo_error_no_memory();
	state->caches = caches;
	names = realloc(state->names, n_slots * sizeof(*names));
	if (!names)
		return mo_error_no_memory();
	state->names = names;
	state->n_cache_slots = n_slots;
	for (size_t i = 0; i < state->model.n_caches; i++)
		if (caches[i].name)
			caches[i].name = names[i];
	state->model.caches = caches;
	return NULL;
}

/* A cache that slab_caches lists but that makes no sense costs its own row only. */
static struct mo_error *add_listed_cache(struct slab_state *state, uint64_t cache_kva)
{
	struct mo_error *error = make_room(state);
	struct mo_slab_cache cache;

	if (error)
		return error;
	error = read_cache(state, cache_kva, &cache, state->names[state->model.n_caches]);
	if (error) {
		note_trouble(state, mo_error_prepend(error, "struct kmem_cache at 0x%" PRIx64, cache_kva));
		return NULL;
	}
	cache.is_listed = true;
	state->caches[state->model.n_caches++] = cache;
	return NULL;
}

/*
 * A cache that slabs name and no list has: one behind a break of the list, or one that is being made or destroyed. Its
 * pages may be missing: then what its slabs say is all that is known. Only what the slab itself confirms is believed.
 */
struct mo_error *add_unlisted_cache(struct slab_state *state, uint64_t cache_kva, uint16_t objects)
{
	struct mo_slab_cache cache;
	struct mo_error *error;
	uint8_t order;

	if (state->model.n_caches >= MAX_CACHES)
		return NULL;
	error = make_room(state);
	if (error)
		return error;
	error = read_cache(state, cache_kva, &cache, state->names[state->model.n_caches]);
	if (!error && !order_of_slab(state, &cache, objects, &order))
		error = mo_error_create(MO_E_CORRUPT, "a slab of it has %u objects", objects);
	if (error && mo_error_code(error) != MO_E_NOT_IN_DUMP) {
		mo_error_destroy(error);
		return NULL;
	}
	if (error)
		cache = (struct mo_slab_cache){ .cache_kva = cache_kva, .root = MO_SLAB_NO_CACHE };
	mo_error_destroy(error);
	state->caches[state->model.n_caches++] = cache;
	return NULL;
}

/* A slab has as many objects as fit into it, whatever its order; most have the cache's own. */
bool order_of_slab(const struct slab_state *state, const struct mo_slab_cache *cache, uint16_t objects, uint8_t *ret)
{
	if (objects == cache->objects_per_slab || state->shape.is_slab) {
		*ret = (uint8_t)cache->order;
		return true;
	}
	for (uint32_t order = 0; order <= cache->order && objects; order++)
		if ((state->shape.page_bytes << order) / cache->size_bytes == objects) {
			*ret = (uint8_t)order;
			return true;
		}
	return false;
}

struct mo_error *gather_caches(struct slab_state *state)
{
	const struct slab_layout *layout = state->layout;
	struct mo_error *error = NULL;
	struct mo_error *end;
	struct mo_list_walk walk;
	uint64_t node_kva;

	mo_list_begin(&walk, state->reader, layout->slab_caches.kva, MAX_CACHES);
	while (!error && mo_list_next(&walk, &node_kva))
		error = add_listed_cache(state, node_kva - layout->cache.list.offset_bytes);
	end = mo_list_end(&walk);
	state->model.is_list_whole = !end;
	if (error) {
		mo_error_destroy(end);
		return error;
	}
	note_trouble(state, mo_error_prepend(end, "the list of caches (slab_caches)"));
	return NULL;
}
