/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Recognises sheaves among the objects of their cache. */
#include "sheaves.h"

#include <stdlib.h>

struct mo_error *read_sheaf_shape(struct leaks_state *state, struct sheaf_shape *ret)
{
	const struct leaks_layout *layout = state->layout;
	const struct mo_slab_model *slabs = state->index.slabs;
	struct mo_reader *reader = mo_run_reader(state->run);
	struct sheaf_shape shape = { .is_known = mo_has(&layout->sheaf.cache) && mo_has(&layout->sheaf.objects) &&
						 mo_has(&layout->sheaf.capacity) };

	if (!shape.is_known)
		return NULL;
	shape.cache_bytes = layout->sheaf.cache.offset_bytes;
	shape.objects_bytes = layout->sheaf.objects.offset_bytes;
	if (shape.cache_bytes + state->index.word_bytes > shape.objects_bytes)
		return mo_error_create(MO_E_CORRUPT, "struct slab_sheaf has its cache behind its objects");
	shape.has_waiting = mo_has(&layout->sheaf.size) && layout->sheaf.size.width_bytes == 4 &&
			    mo_has(&layout->sheaf.rcu_function) && mo_has(&layout->rcu_free_sheaf) &&
			    layout->sheaf.size.offset_bytes + 4 <= shape.objects_bytes &&
			    layout->sheaf.rcu_function.offset_bytes + state->index.word_bytes <= shape.objects_bytes;
	if (shape.has_waiting) {
		shape.size_bytes = layout->sheaf.size.offset_bytes;
		shape.function_bytes = layout->sheaf.rcu_function.offset_bytes;
		shape.function_kva = layout->rcu_free_sheaf.kva;
	}
	shape.capacities = calloc(slabs->n_caches + 1, sizeof(*shape.capacities));
	if (!shape.capacities)
		return mo_error_no_memory();
	for (size_t i = 0; i < slabs->n_caches; i++) {
		uint64_t capacity = 0;
		struct mo_error *error = mo_read_field(reader, &layout->sheaf.capacity, slabs->caches[i].cache_kva, &capacity);

		if (!mo_error_destroy(error) && capacity < UINT32_MAX)
			shape.capacities[i] = (uint32_t)capacity;
	}
	*ret = shape;
	return NULL;
}

/* The cache whose object begins at a word. */
static uint32_t cache_of(const struct mo_object_index *index, uint64_t word)
{
	uint32_t slab = mo_pointed_slab(index, word);
	uint32_t object;

	if (!slab || !mo_is_slab_node(index, slab - 1) || !mo_pointed_object(index, slab - 1, word, &object))
		return MO_SLAB_NO_CACHE;
	return index->slabs->slabs[slab - 1].cache;
}

bool is_sheaf(const struct leaks_state *state, const struct sheaf_shape *shape, const uint8_t *bytes, size_t n_bytes,
	      uint64_t *end_ret)
{
	const struct mo_object_index *index = &state->index;
	uint32_t cache = MO_SLAB_NO_CACHE;
	uint64_t at = shape->objects_bytes;
	uint64_t end = n_bytes;
	uint64_t cache_kva;

	if (!shape->is_known || n_bytes < shape->objects_bytes + index->word_bytes)
		return false;
	cache_kva = mo_index_word(index, bytes + shape->cache_bytes);
	if (!mo_pointed_slab(index, cache_kva))
		return false;
	for (; at + index->word_bytes <= end; at += index->word_bytes) {
		uint64_t word = mo_index_word(index, bytes + at);

		if (!word)
			continue;
		if (cache == MO_SLAB_NO_CACHE) {
			/* The first one tells which cache that would be. */
			cache = cache_of(index, word);
			if (cache == MO_SLAB_NO_CACHE || index->slabs->caches[cache].cache_kva != cache_kva)
				return false;
			end = shape->objects_bytes + (uint64_t)shape->capacities[cache] * index->word_bytes;
			if (at >= end || end > n_bytes)
				return false;
		} else if (cache_of(index, word) != cache) {
			return false;
		}
	}
	*end_ret = end;
	return cache != MO_SLAB_NO_CACHE;
}

uint64_t waiting_objects(const struct leaks_state *state, const struct sheaf_shape *shape, const uint8_t *bytes, uint64_t end)
{
	const struct mo_object_index *index = &state->index;
	uint64_t most = (end - shape->objects_bytes) / index->word_bytes;
	uint32_t size;

	if (!shape->has_waiting || mo_index_word(index, bytes + shape->function_bytes) != shape->function_kva)
		return 0;
	memcpy(&size, bytes + shape->size_bytes, 4);
	if (index->is_swapped)
		size = __builtin_bswap32(size);
	return size < most ? size : most;
}
