/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Builds the tables that lead from a word to a slab object. */
#include <memopsy/object_index.h>

#include <memopsy/layout.h>
#include <stdlib.h>

/* Whether words can be told to point at its objects. Slabs of other forms are scanned whole, as if they were no slabs. */
static bool is_usable(const struct mo_slab_model *slabs, const struct mo_slab *slab)
{
	uint64_t slab_bytes = 1ull << slabs->page_shift;
	const struct mo_slab_cache *cache;

	if (!slab->has_states || slab->cache == MO_SLAB_NO_CACHE || slab->fault == MO_SLAB_OVERLAPPED || slab->order > 20)
		return false;
	cache = &slabs->caches[slab->cache];
	slab_bytes <<= slab->order;
	return cache->size_bytes && slab_bytes <= MO_INDEX_SLAB_BYTES_MAX &&
	       slab->first_words * 8ull + (uint64_t)slab->objects * cache->size_bytes <= slab_bytes &&
	       slab->first_object + slab->objects <= slabs->n_objects;
}

static void enter_slab(struct mo_object_index *index, uint32_t number)
{
	const struct mo_slab *slab = &index->slabs->slabs[number];
	struct mo_indexed_slab *indexed = &index->indexed[number];
	uint64_t at = slab->pfn - index->first_pfn;

	if (!is_usable(index->slabs, slab))
		return;
	indexed->first_kva = mo_slab_objects_kva(index->slabs, slab);
	indexed->first_object = slab->first_object;
	indexed->size_bytes = index->slabs->caches[slab->cache].size_bytes;
	indexed->reciprocal = ((1ull << MO_INDEX_RECIPROCAL_SHIFT) + indexed->size_bytes - 1) / indexed->size_bytes;
	indexed->objects = slab->objects;
	for (uint64_t i = 0; i < 1ull << slab->order && at + i < index->n_pages; i++)
		if (!index->slab_of_page[at + i])
			index->slab_of_page[at + i] = number + 1;
}

struct mo_error *mo_object_index_build(struct mo_kernel *kernel, const struct mo_slab_model *slabs, struct mo_object_index *ret)
{
	const struct mo_kernel_facts *facts = mo_kernel_facts(kernel);
	struct mo_object_index index = {
		.slabs = slabs,
		.n_slabs = (uint32_t)slabs->n_slabs,
		.n_objects = slabs->n_objects,
		.page_shift = slabs->page_shift,
		.page_bytes = 1ull << slabs->page_shift,
		.word_bytes = facts->pointer_bytes,
		.is_swapped = mo_is_swapped_(facts->is_big_endian),
	};
	uint64_t end_pfn = 0;

	if (slabs->n_slabs >= UINT32_MAX)
		return mo_error_create(MO_E_CORRUPT, "%zu slabs are more than memory can hold", slabs->n_slabs);
	index.first_pfn = slabs->n_slabs ? slabs->slabs[0].pfn : 0;
	for (size_t i = 0; i < slabs->n_slabs; i++)
		if (is_usable(slabs, &slabs->slabs[i]) && slabs->slabs[i].pfn + (1ull << slabs->slabs[i].order) > end_pfn)
			end_pfn = slabs->slabs[i].pfn + (1ull << slabs->slabs[i].order);
	index.n_pages = end_pfn > index.first_pfn ? end_pfn - index.first_pfn : 0;
	index.first_kva = slabs->direct_map_kva + (index.first_pfn << index.page_shift);
	index.indexed = calloc(slabs->n_slabs + 1, sizeof(*index.indexed));
	index.slab_of_page = calloc(index.n_pages + 1, sizeof(*index.slab_of_page));
	if (!index.indexed || !index.slab_of_page) {
		mo_object_index_deinit(&index);
		return mo_error_no_memory();
	}
	for (size_t i = 0; i < slabs->n_slabs; i++)
		enter_slab(&index, (uint32_t)i);
	*ret = index;
	return NULL;
}

void mo_object_index_deinit(struct mo_object_index *index)
{
	free(index->indexed);
	free(index->slab_of_page);
	index->indexed = NULL;
	index->slab_of_page = NULL;
}

void mo_object_span(const struct mo_object_index *index, struct mo_object_ref ref, uint64_t *kva_ret, uint64_t *n_bytes_ret)
{
	const struct mo_indexed_slab *indexed = &index->indexed[ref.slab];
	const struct mo_indexed_area *area = mo_area_of_node(index, ref.slab);
	const struct mo_slab_cache *cache;
	uint64_t red;
	uint64_t room;

	if (!mo_is_slab_node(index, ref.slab)) {
		*kva_ret = indexed->first_kva;
		*n_bytes_ret = area ? area->n_pages << index->page_shift : indexed->size_bytes;
		return;
	}
	cache = &index->slabs->caches[index->slabs->slabs[ref.slab].cache];
	red = cache->red_left_bytes < cache->size_bytes ? cache->red_left_bytes : 0;
	room = cache->size_bytes - red;
	*kva_ret = indexed->first_kva + (uint64_t)ref.index * indexed->size_bytes + red;
	/*
	 * Behind the object an allocated one may still have the pointer that chained it when it was free, which would keep
	 * its neighbour alive.
	 */
	*n_bytes_ret = cache->object_bytes && cache->object_bytes < room ? cache->object_bytes : room;
}
