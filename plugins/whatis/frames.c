/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Page frames that the kernel uses by an address outside of the direct map: its image, the struct pages, and what areas
 * of vmalloc map. So an address of the direct map leads to what the memory behind it is.
 */
#include <memopsy/containers.h>
#include <memopsy/table_walk.h>
#include <stdlib.h>

#include "gathering.h"

static struct mo_error *add_span(struct whatis_state *state, uint64_t first_pfn, uint64_t n_pages, uint64_t kva)
{
	struct frame_span *last = state->n_frames ? &state->frames[state->n_frames - 1] : NULL;

	if (last && last->first_pfn + last->n_pages == first_pfn && last->kva + (last->n_pages << state->page_shift) == kva) {
		last->n_pages += n_pages;
		return NULL;
	}
	if (state->n_frames == state->n_frame_slots) {
		size_t n_slots = state->n_frame_slots ? state->n_frame_slots * 2 : 1024;
		struct frame_span *grown = reallocarray(state->frames, n_slots, sizeof(*grown));

		if (!grown)
			return mo_error_no_memory();
		state->frames = grown;
		state->n_frame_slots = n_slots;
	}
	state->frames[state->n_frames++] = (struct frame_span){ .first_pfn = first_pfn, .n_pages = n_pages, .kva = kva };
	return NULL;
}

enum frame_walk_kind { WALK_IMAGE, WALK_STRUCT_PAGES, WALK_AREAS };

struct frame_walk {
	struct whatis_state *state;
	size_t area;        /* the next one that may hold what is mapped, of WALK_AREAS */
	enum frame_walk_kind kind;
};

/* What the image does not need after boot was given back, and belongs to others, mapped as it may be. */
static struct mo_error *add_image_pages(struct whatis_state *state, uint64_t first_pfn, uint64_t n_pages, uint64_t kva)
{
	struct mo_error *error = NULL;

	for (uint64_t i = 0; i < n_pages && !error; i++) {
		enum mo_page_class class = state->mem_map ? mo_page_class_of(state->mem_map, first_pfn + i) : MO_PAGE_UNKNOWN;

		if (class == MO_PAGE_KERNEL_TEXT || class == MO_PAGE_KERNEL_DATA || class == MO_PAGE_KERNEL_INIT ||
		    class == MO_PAGE_RESERVED || class == MO_PAGE_ZERO || class == MO_PAGE_UNKNOWN)
			error = add_span(state, first_pfn + i, 1, kva + (i << state->page_shift));
	}
	return error;
}

/* Whether memory that is mapped here belongs to an area that is in use. Areas and mappings come in ascending order. */
static bool is_in_area(struct frame_walk *walk, uint64_t kva)
{
	const struct mo_vmap_model *vmap = walk->state->vmap;
	const struct mo_vmap_area *area;

	while (walk->area < vmap->n_areas && vmap->areas[walk->area].end_kva <= kva)
		walk->area++;
	if (walk->area == vmap->n_areas)
		return false;
	area = &vmap->areas[walk->area];
	return area->first_kva <= kva && area->state != MO_VMAP_LAZY && !(area->has_vm && area->flags & MO_VM_IOREMAP);
}

static struct mo_error *add_leaf(void *context, const struct mo_table_entry *entry)
{
	struct frame_walk *walk = context;
	const struct whatis_state *state = walk->state;
	uint64_t n_pages = (entry->n_bytes + state->page_bytes - 1) >> state->page_shift;
	uint64_t kva = entry->va & ~(state->page_bytes - 1);

	if (walk->kind == WALK_AREAS && !is_in_area(walk, entry->va))
		return NULL;
	if (walk->kind == WALK_IMAGE)
		return add_image_pages(walk->state, entry->pa >> state->page_shift, n_pages, kva);
	return add_span(walk->state, entry->pa >> state->page_shift, n_pages, kva);
}

static void skip_broken(void *context, const struct mo_table_entry *entry, struct mo_error *error)
{
	(void)context;
	(void)entry;
	mo_error_destroy(error); /* what lies behind a table that cannot be read is not known */
}

/* What lies behind a range. */
static struct mo_error *add_mapped(struct whatis_state *state, uint64_t first_kva, uint64_t end_kva,
				   enum frame_walk_kind kind)
{
	struct frame_walk context = { .state = state, .kind = kind };
	struct mo_table_walk walk = { .first_va = first_kva, .last_va = end_kva - 1, .leaf = add_leaf, .broken = skip_broken,
				      .tables_left = state->tables_left, .context = &context };
	struct mo_error *error;

	if (first_kva >= end_kva)
		return NULL;
	error = mo_walk_tables(mo_run_reader(state->run), &walk);
	state->tables_left = walk.tables_left;
	return only_fatal(error);
}

/* Spans that overlap, as those of memory that is mapped twice, keep what the first one has. */
static int compare_spans(const void *left, const void *right)
{
	const struct frame_span *a = left;
	const struct frame_span *b = right;

	if (a->first_pfn != b->first_pfn)
		return a->first_pfn < b->first_pfn ? -1 : 1;
	return (a->kva > b->kva) - (a->kva < b->kva);
}

static void sort_frames(struct whatis_state *state)
{
	size_t n = 0;

	if (state->n_frames)
		qsort(state->frames, state->n_frames, sizeof(*state->frames), compare_spans);
	for (size_t i = 0; i < state->n_frames; i++) {
		struct frame_span span = state->frames[i];
		uint64_t end_pfn = n ? state->frames[n - 1].first_pfn + state->frames[n - 1].n_pages : 0;
		uint64_t cut = n && span.first_pfn < end_pfn ? end_pfn - span.first_pfn : 0;

		if (cut >= span.n_pages)
			continue;
		span.first_pfn += cut;
		span.n_pages -= cut;
		span.kva += cut << state->page_shift;
		state->frames[n++] = span;
	}
	state->n_frames = n;
}

const struct frame_span *frame_span_of(const struct whatis_state *state, uint64_t pfn)
{
	size_t low = mo_lower_bound(state->n_frames, at, state->frames[at].first_pfn + state->frames[at].n_pages <= pfn);

	return low < state->n_frames && state->frames[low].first_pfn <= pfn ? &state->frames[low] : NULL;
}

struct mo_error *gather_frames(struct whatis_state *state)
{
	const struct mo_memmap *memmap = state->memmap;
	const struct mo_vmap_model *vmap = state->vmap;
	struct mo_error *error = NULL;

	/* A table holds hundreds of entries: so many tables map all memory several times. */
	state->tables_left = 4096 + (memmap ? memmap->n_pages / 16 : 0);
	for (size_t i = 0; i < state->images.n && !error; i++)
		if (state->images.ranges[i].index == PLACES_KERNEL_IMAGE)
			error = add_mapped(state, state->images.ranges[i].first_kva, state->images.ranges[i].end_kva,
					   WALK_IMAGE);
	for (size_t i = 0; memmap && i < memmap->n_runs && !error; i++)
		error = add_mapped(state, memmap->runs[i].first_page_kva,
				   memmap->runs[i].first_page_kva + memmap->runs[i].n_pages * memmap->page_struct_bytes,
				   WALK_STRUCT_PAGES);
	if (!error && vmap && vmap->n_areas)
		error = add_mapped(state, vmap->areas[0].first_kva, vmap->areas[vmap->n_areas - 1].end_kva, WALK_AREAS);
	sort_frames(state);
	return error;
}
