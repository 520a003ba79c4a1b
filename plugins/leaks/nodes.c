/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "nodes.h"

#include <stdlib.h>

#define MIN_NUMBER 0x1000 /* page frames and addresses below it are as rare as such numbers are frequent */

/* Where struct pages lie, if all lie in one array (SPARSEMEM_VMEMMAP, FLATMEM). */
static void find_struct_pages(struct leaks_state *state)
{
	const struct mo_memmap *memmap;
	struct reference_ranges *ranges = &state->ranges;
	struct mo_error *error = mo_memmap(mo_run_reader(state->run), &memmap);
	uint64_t zero_kva;

	if (error || !memmap->n_runs) {
		mo_error_destroy(error);
		return;
	}
	zero_kva = memmap->runs[0].first_page_kva - memmap->runs[0].first_pfn * memmap->page_struct_bytes;
	for (size_t i = 0; i < memmap->n_runs; i++) {
		const struct mo_memmap_run *run = &memmap->runs[i];

		if (run->first_page_kva - run->first_pfn * memmap->page_struct_bytes != zero_kva)
			return;
		ranges->page_bytes = (run->first_pfn + run->n_pages) * memmap->page_struct_bytes;
	}
	ranges->first_page_kva = zero_kva;
	ranges->page_struct_bytes = memmap->page_struct_bytes;
	ranges->memmap = memmap;
}

/* Makes room behind the slabs, and one table of all page frames. */
static struct mo_error *widen_index(struct leaks_state *state, const struct block_list *blocks)
{
	struct mo_object_index *index = &state->index;
	const struct mo_mem_map_model *mem_map = state->mem_map;
	const struct mo_page_run *last = &mem_map->runs[mem_map->n_runs - 1];
	uint64_t end_pfn = last->first_pfn + last->n_pages;
	size_t n_nodes = index->n_slabs + blocks->n + index->n_areas;
	struct mo_indexed_slab *indexed;
	uint32_t *of_page;

	if (end_pfn < index->first_pfn + index->n_pages)
		end_pfn = index->first_pfn + index->n_pages;
	if (n_nodes >= UINT32_MAX)
		return mo_error_create(MO_E_CORRUPT, "%zu slabs, blocks and areas are more than memory can hold", n_nodes);
	indexed = realloc(index->indexed, (n_nodes + 1) * sizeof(*indexed));
	if (!indexed)
		return mo_error_no_memory();
	index->indexed = indexed;
	of_page = calloc(end_pfn + 1, sizeof(*of_page));
	if (!of_page)
		return mo_error_no_memory();
	memcpy(of_page + index->first_pfn, index->slab_of_page, index->n_pages * sizeof(*of_page));
	free(index->slab_of_page);
	index->slab_of_page = of_page;
	index->first_pfn = 0;
	index->n_pages = end_pfn;
	index->first_kva = index->slabs->direct_map_kva;
	return NULL;
}

static void enter_blocks(struct leaks_state *state, const struct block_list *blocks)
{
	struct mo_object_index *index = &state->index;

	for (size_t i = 0; i < blocks->n; i++) {
		const struct block *block = &blocks->blocks[i];
		uint32_t number = index->n_slabs + index->n_blocks;

		if (index->slab_of_page[block->pfn] || (uint64_t)block->n_pages << index->page_shift > UINT32_MAX)
			continue; /* a slab says that it has it: then it is no block */
		index->indexed[number] = (struct mo_indexed_slab){
			.first_kva = index->first_kva + (block->pfn << index->page_shift),
			.first_object = index->n_objects++,
			.objects = 1,
			.size_bytes = (uint32_t)((uint64_t)block->n_pages << index->page_shift),
		};
		index->n_blocks++;
		if (block->is_free)
			state->uncounted[state->n_uncounted++] = number;
		for (uint64_t k = 0; k < block->n_pages && block->pfn + k < index->n_pages; k++)
			if (!index->slab_of_page[block->pfn + k])
				index->slab_of_page[block->pfn + k] = number + 1;
	}
}

/* The pages of an area lead to it, too. */
static void enter_areas(struct leaks_state *state)
{
	struct mo_object_index *index = &state->index;
	struct mo_reader *reader = mo_run_reader(state->run);

	for (uint32_t i = 0; i < index->n_areas; i++) {
		const struct mo_indexed_area *area = &index->areas[i];
		uint32_t number = index->n_slabs + index->n_blocks + i;

		index->indexed[number] = (struct mo_indexed_slab){ .first_kva = area->first_kva,
								.first_object = index->n_objects++, .objects = 1 };
		for (uint64_t k = 0; k < area->n_pages; k++) {
			uint64_t pa;
			struct mo_error *error = mo_translate(reader, area->first_kva + (k << index->page_shift), &pa, NULL);

			if (!error && pa >> index->page_shift < index->n_pages && !index->slab_of_page[pa >> index->page_shift])
				index->slab_of_page[pa >> index->page_shift] = number + 1;
			mo_error_destroy(error);
		}
	}
}

/* The cache that struct vmap_area comes from, under whatever name: caches are merged. va_start and va_end stand first. */
static uint32_t find_area_cache(const struct leaks_state *state)
{
	const struct mo_slab_model *slabs = state->index.slabs;
	const struct mo_slab *slab;
	uint32_t index;

	for (size_t i = 0; state->vmap && i < state->vmap->n_areas; i++)
		if (mo_object_at(slabs, state->vmap->areas[i].area_kva, &slab, &index))
			return slab->cache;
	return MO_SLAB_NO_CACHE;
}

static void set_ranges(struct leaks_state *state)
{
	struct reference_ranges *ranges = &state->ranges;
	const struct mo_object_index *index = &state->index;

	ranges->floor_kva = index->first_kva;
	ranges->least_number = MIN_NUMBER;
	mo_entry_words(mo_run_kernel(state->run), &ranges->entries);
	ranges->physical_bytes = index->n_blocks || index->n_areas ? index->n_pages << index->page_shift : 0;
	if (index->n_areas) {
		ranges->first_area_kva = index->areas[0].first_kva;
		ranges->area_bytes = index->areas[index->n_areas - 1].end_kva - ranges->first_area_kva;
		if (ranges->first_area_kva < ranges->floor_kva)
			ranges->floor_kva = ranges->first_area_kva;
	}
	if (index->n_blocks && ranges->first_page_kva < ranges->floor_kva)
		ranges->floor_kva = ranges->first_page_kva;
	ranges->vm_bytes = mo_has(&state->layout->vm_size) ? state->layout->vm_size.bytes : 0;
	ranges->area_cache = find_area_cache(state);
}

void spare_uncounted(struct leaks_state *state)
{
	for (size_t i = 0; i < state->n_uncounted; i++) {
		uint64_t object = state->index.indexed[state->uncounted[i]].first_object;

		state->marked[object / 64] |= 1ull << object % 64;
	}
}

struct mo_error *add_nodes(struct leaks_state *state)
{
	struct block_list blocks = { .n = 0 };
	struct mo_error *error = NULL;

	if (state->mem_map->n_runs) {
		find_struct_pages(state);
		error = list_blocks(state, &blocks);
		if (!error)
			error = list_areas(state);
		if (!error && (blocks.n || state->index.n_areas))
			error = widen_index(state, &blocks);
	}
	if (!error && blocks.n) {
		state->uncounted = calloc(blocks.n, sizeof(*state->uncounted));
		error = state->uncounted ? NULL : mo_error_no_memory();
	}
	if (!error && (blocks.n || state->index.n_areas)) {
		enter_blocks(state, &blocks);
		enter_areas(state);
	}
	if (!error)
		set_ranges(state);
	free(blocks.blocks);
	return error;
}
