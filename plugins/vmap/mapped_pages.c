/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What the page tables map at addresses of vmalloc: of areas that keep no array of their pages (vmap(), ioremap(),
 * vm_map_ram()), and of the per-CPU allocator. One walk a range; tables of garbage cost that range.
 */
#include "gathering.h"

#include <memopsy/table_walk.h>

#include <inttypes.h>
#include <stdlib.h>

struct mapping_walk {
	struct vmap_state *state;
	struct mo_vmap_area *area;    /* NULL: the pages are owned */
	enum mo_owned_kind kind;      /* if they are */
};

static bool is_memory(const struct mo_memmap *memmap, uint64_t pfn)
{
	for (size_t i = 0; i < memmap->n_runs; i++)
		if (pfn >= memmap->runs[i].first_pfn && pfn - memmap->runs[i].first_pfn < memmap->runs[i].n_pages)
			return true;
	return false;
}

static struct mo_error *add_mapping(struct vmap_state *state, uint64_t pfn, uint64_t n_pages, uint64_t area_kva)
{
	struct mo_vmap_mapping *last = state->n_mappings ? &state->mappings[state->n_mappings - 1] : NULL;

	state->model.mapped_pages += n_pages;
	if (last && last->area_kva == area_kva && last->first_pfn + last->n_pages == pfn) {
		last->n_pages += n_pages;
		return NULL;
	}
	if (state->n_mappings == state->n_mappings_allocated) {
		size_t n = state->n_mappings ? state->n_mappings * 2 : 256;
		struct mo_vmap_mapping *grown = reallocarray(state->mappings, n, sizeof(*grown));

		if (!grown)
			return mo_error_no_memory();
		state->mappings = grown;
		state->n_mappings_allocated = n;
	}
	state->mappings[state->n_mappings++] =
		(struct mo_vmap_mapping){ .first_pfn = pfn, .n_pages = n_pages, .area_kva = area_kva };
	return NULL;
}

static struct mo_error *take_leaf(void *context, const struct mo_table_entry *entry)
{
	const struct mapping_walk *walk = context;
	struct vmap_state *state = walk->state;
	unsigned page_shift = mo_kernel_facts(mo_run_kernel(state->run))->page_shift;
	uint64_t pfn = entry->pa >> page_shift;
	uint64_t n_pages = entry->n_bytes >> page_shift;
	bool is_known = is_memory(state->memmap, pfn);

	if (walk->area)
		walk->area->n_mapped_pages += n_pages;
	if (walk->area && !is_known)
		return NULL;
	if (n_pages > state->mapped_left)
		return mo_error_create(MO_E_LIMIT, "more pages than the machine has are mapped up to 0x%" PRIx64, entry->va);
	state->mapped_left -= n_pages;
	if (!walk->area)
		return add_owned(state, pfn, n_pages, walk->kind);
	walk->area->n_mapped_memory_pages += n_pages;
	return add_mapping(state, pfn, n_pages, walk->area->first_kva);
}

/* Errors that are about the dump are told; that there is no memory left is not the dump's fault. */
static struct mo_error *tell(struct mo_trouble *trouble, struct mo_error *error, uint64_t first_kva)
{
	if (!error || mo_error_ends_run(error))
		return error;
	mo_trouble_note(trouble, mo_error_prepend(error, "what is mapped at 0x%" PRIx64, first_kva));
	return NULL;
}

static void note_broken(void *context, const struct mo_table_entry *entry, struct mo_error *error)
{
	const struct mapping_walk *walk = context;
	struct mo_trouble *trouble = walk->area ? &walk->state->broken_tables : &walk->state->broken_chunks;

	if (entry)
		error = mo_error_prepend(error, "what is mapped at 0x%" PRIx64, entry->va);
	mo_trouble_note(trouble, error);
}

static struct mo_error *walk_range(struct vmap_state *state, struct mapping_walk *context, uint64_t first_kva, uint64_t n_bytes)
{
	struct mo_table_walk walk = {
		.first_va = first_kva,
		.last_va = first_kva + (n_bytes - 1),
		.tables_left = state->tables_left,
		.leaf = take_leaf,
		.broken = note_broken,
		.context = context,
	};
	struct mo_error *error = n_bytes ? mo_walk_tables(state->reader, &walk) : NULL;

	state->tables_left = walk.tables_left;
	return error;
}

struct mo_error *add_mapped_owned(struct vmap_state *state, uint64_t first_kva, uint64_t n_bytes, enum mo_owned_kind kind)
{
	struct mapping_walk context = { .state = state, .kind = kind };

	return walk_range(state, &context, first_kva, n_bytes);
}

/* What is freed is mapped no longer; of what has an array, the array says it; the per-CPU chunks are owned. */
static bool is_by_tables(const struct vmap_state *state, const struct mo_vmap_area *area)
{
	if (area->state == MO_VMAP_LAZY || (area->has_vm && area->pages_kva && area->n_pages))
		return false;
	return !area->has_vm || !mo_has(&state->layout->pcpu_get_vm_areas) ||
	       area->caller_kva != state->layout->pcpu_get_vm_areas.kva;
}

static int compare_mappings(const void *a, const void *b)
{
	const struct mo_vmap_mapping *first = a;
	const struct mo_vmap_mapping *second = b;

	if (first->first_pfn != second->first_pfn)
		return first->first_pfn < second->first_pfn ? -1 : 1;
	return first->area_kva < second->area_kva ? -1 : first->area_kva > second->area_kva;
}

struct mo_error *gather_mapped_pages(struct vmap_state *state)
{
	struct mo_error *error = NULL;

	for (size_t i = 0; state->memmap && i < state->n_areas && !error; i++) {
		struct mo_vmap_area *area = &state->areas[i];
		struct mapping_walk context = { .state = state, .area = area };

		if (is_by_tables(state, area))
			error = tell(&state->broken_tables,
				     walk_range(state, &context, area->first_kva, area->end_kva - area->first_kva),
				     area->first_kva);
	}
	if (state->n_mappings)
		qsort(state->mappings, state->n_mappings, sizeof(*state->mappings), compare_mappings);
	state->model.mappings = state->mappings;
	state->model.n_mappings = state->n_mappings;
	return error;
}
