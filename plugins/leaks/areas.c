/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Areas of vmalloc() and vmap() that are nodes: busy ones, but for stacks and chunks of the per-CPU allocator, whose
 * words are roots. Of an area of vmap() the pages may be others' blocks, which it holds: whoever has its address has them.
 */
#include <stdlib.h>

#include "nodes.h"

#define NOT_MAPPINGS (MO_VM_IOREMAP | MO_VM_UNINITIALIZED | MO_VM_SPARSE)
#define NOT_NODES (NOT_MAPPINGS | MO_VM_DMA_COHERENT)

static enum mo_page_class first_class(const struct leaks_state *state, struct mo_reader *reader, const struct mo_vmap_area *area)
{
	uint64_t pa;
	struct mo_error *error = mo_translate(reader, area->first_kva, &pa, NULL);

	return mo_error_destroy(error) ? MO_PAGE_UNKNOWN : mo_page_class_of(state->mem_map, pa >> state->index.page_shift);
}

/*
 * vmap() without VM_MAP_PUT_PAGES: pages of the caller, of which the area keeps no array. dma_common_contiguous_remap() is
 * one of the callers, with a flag of its own, where devices do not see the CPU's caches.
 */
static bool is_mapping(const struct leaks_state *state, struct mo_reader *reader, const struct mo_vmap_area *area)
{
	enum mo_page_class class;

	if (area->state != MO_VMAP_BUSY || !area->has_vm || !(area->flags & (MO_VM_MAP | MO_VM_DMA_COHERENT)) ||
	    area->flags & (NOT_MAPPINGS | MO_VM_ALLOC) ||
	    area->pages_kva || !area->n_mapped_memory_pages)
		return false;
	class = first_class(state, reader, area);
	return class == MO_PAGE_DIRECT || class == MO_PAGE_LARGE_KMALLOC;
}

/* Whether the pages behind an area are what mem_map calls vmalloc's. Areas that map pages of others have none. */
static bool is_node(const struct leaks_state *state, struct mo_reader *reader, const struct mo_vmap_area *area)
{
	if (area->state != MO_VMAP_BUSY || !area->has_vm || !(area->flags & (MO_VM_ALLOC | MO_VM_MAP)) ||
	    area->flags & NOT_NODES || area->end_kva - area->first_kva <= state->index.page_bytes)
		return false;
	if (!area->pages_kva || !area->n_pages)
		return false;
	return first_class(state, reader, area) == MO_PAGE_VMALLOC;
}

struct mo_error *list_areas(struct leaks_state *state)
{
	const struct mo_vmap_model *vmap = state->vmap;
	struct mo_reader *reader = mo_run_reader(state->run);
	uint64_t page_bytes = state->index.page_bytes;

	/* Without struct vm_struct's size its own reference to the area cannot be told from others. */
	if (!vmap || !vmap->is_complete || !mo_has(&state->layout->vm_size))
		return NULL;
	state->areas = calloc(vmap->n_areas + 1, sizeof(*state->areas));
	if (!state->areas)
		return mo_error_no_memory();
	for (size_t i = 0; i < vmap->n_areas && state->index.n_areas < UINT32_MAX / 4; i++) {
		const struct mo_vmap_area *area = &vmap->areas[i];
		uint64_t most = (area->end_kva - area->first_kva) / page_bytes;

		bool maps_others = is_mapping(state, reader, area);

		if (!maps_others && (!is_node(state, reader, area) || area->n_pages > most))
			continue;
		state->areas[state->index.n_areas++] = (struct mo_indexed_area){
			.first_kva = area->first_kva, .end_kva = area->end_kva, .vm_kva = area->vm_kva,
			.n_pages = maps_others ? 0 : area->n_pages, .is_mapping = maps_others };
	}
	state->index.areas = state->areas;
	return NULL;
}

void for_each_mapped_block(const struct leaks_state *state, struct mo_reader *reader, const struct mo_indexed_area *area,
			   mapped_block_function function, void *context)
{
	const struct mo_object_index *index = &state->index;

	for (uint64_t kva = area->first_kva; kva < area->end_kva; kva += index->page_bytes) {
		uint64_t pa;
		uint32_t node;

		if (mo_error_destroy(mo_translate(reader, kva, &pa, NULL)))
			continue; /* the guard page, or what was unmapped */
		node = pa >> index->page_shift < index->n_pages ? index->slab_of_page[pa >> index->page_shift] : 0;
		if (node && mo_is_block_node(index, node - 1))
			function(context, node - 1);
	}
}
