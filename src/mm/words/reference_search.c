/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* From targets to what points at them, to what points at that, ...: one look for all targets of a depth. */
#include <stdlib.h>

#include "reference_scan.h"

#define TARGETS_MAX (1u << 20)
#define DEPTHS_BEHIND_PERCPU 3
#define SCANS_BEFORE_EDGES 2  /* who goes deeper is better off with all pointers sorted */

struct mo_error *mo_search_add(struct mo_search *search, const struct mo_word_target *target)
{
	if (search->n_targets == search->n_slots) {
		size_t n_slots = search->n_slots ? search->n_slots * 2 : 64;
		struct mo_word_target *targets = reallocarray(search->targets, n_slots, sizeof(*targets));

		if (!targets)
			return mo_error_no_memory();
		search->targets = targets;
		search->n_slots = n_slots;
	}
	search->targets[search->n_targets++] = *target;
	return NULL;
}

bool mo_is_root_place(const struct mo_place *place)
{
	switch (place->kind) {
	case MO_PLACE_SYMBOL:
	case MO_PLACE_PERCPU_SYMBOL:
	case MO_PLACE_PERCPU:
	case MO_PLACE_MODULE:
	case MO_PLACE_STACK:
	case MO_PLACE_IRQ_STACK:
		return true;
	default:
		return false;
	}
}

static bool is_variable_place(const struct mo_place *place)
{
	return place->kind == MO_PLACE_SYMBOL || place->kind == MO_PLACE_MODULE;
}

static bool is_percpu_place(const struct mo_place *place)
{
	return place->kind == MO_PLACE_PERCPU_SYMBOL || place->kind == MO_PLACE_PERCPU;
}

/* Memory that somebody took and that others lead to. What the memory map or page tables say of it is no holder of its own. */
static bool is_held_place(const struct mo_place *place)
{
	switch (place->kind) {
	case MO_PLACE_SLAB_OBJECT:
	case MO_PLACE_LARGE_KMALLOC:
	case MO_PLACE_VMAP_AREA:
		return true;
	case MO_PLACE_PAGE_BLOCK:
		return place->page_class == MO_PAGE_DIRECT;
	default:
		return false;
	}
}

struct mo_place mo_reference_place(const struct mo_references *state, const struct mo_reference *reference)
{
	struct mo_place place = { .kind = MO_PLACE_NONE, .cpu = -1, .cache = MO_SLAB_NO_CACHE };

	mo_error_destroy(state->places->find_pa(state->places, state->reader, reference->pa, &place));
	return place;
}

static bool object_target(const struct mo_references *state, uint64_t pa, struct mo_word_target *target)
{
	struct mo_object_ref ref;
	const struct mo_indexed_slab *slab;

	if (!mo_live_object_at(&state->index, pa, &ref))
		return false;
	slab = &state->index.indexed[ref.slab];
	target->kva = slab->first_kva + (uint64_t)ref.index * slab->size_bytes;
	target->end_kva = target->kva + slab->size_bytes;
	target->first_pa = mo_index_pa(&state->index, target->kva);
	return true;
}

struct mo_word_target mo_target_of_place(const struct mo_references *state, const struct mo_place *place, uint64_t pa)
{
	struct mo_word_target target = { .kva = place->kva, .end_kva = place->kva + place->bytes, .first_pa = pa - place->offset_bytes,
				 .via = MO_NO_REFERENCE };

	if (object_target(state, pa, &target))
		return target;
	/* Pages of an area lie anywhere: that its words are its own is told by their place. */
	if (place->kind == MO_PLACE_VMAP_AREA)
		target.first_pa = UINT64_MAX;
	target.is_page = place->kind == MO_PLACE_LARGE_KMALLOC || place->kind == MO_PLACE_PAGE_BLOCK ||
			 place->kind == MO_PLACE_PAGE_TABLE;
	return target;
}

static int compare_kvas(const void *left, const void *right)
{
	uint64_t a = *(const uint64_t *)left;
	uint64_t b = *(const uint64_t *)right;

	return (a > b) - (a < b);
}

static int compare_targets(const void *left, const void *right)
{
	const struct mo_word_target *a = left;
	const struct mo_word_target *b = right;

	if (a->kva != b->kva)
		return a->kva < b->kva ? -1 : 1;
	return (a->via > b->via) - (a->via < b->via);
}

static struct mo_error *remember(struct mo_search *search, size_t n_before)
{
	uint64_t *kvas = reallocarray(search->known_kvas, search->n_targets + 1, sizeof(*kvas));

	if (!kvas)
		return mo_error_no_memory();
	search->known_kvas = kvas;
	for (size_t i = n_before; i < search->n_targets; i++)
		kvas[i] = search->targets[i].kva;
	if (search->n_targets)
		qsort(kvas, search->n_targets, sizeof(*kvas), compare_kvas);
	return NULL;
}

/* Of the references [first_new, ...) the holders, each once, unless they were looked for before. */
static struct mo_error *choose_next(struct mo_search *search, size_t first_new, uint32_t depth)
{
	size_t n_before = search->n_targets;
	size_t n_kept = n_before;
	struct mo_error *error = NULL;

	for (size_t i = first_new; i < search->found.n_items && search->n_targets < TARGETS_MAX && !error; i++) {
		const struct mo_reference *reference = &search->found.items[i];
		struct mo_word_target target = { .via = i };

		if (!object_target(search->state, reference->pa, &target)) {
			struct mo_place place = mo_reference_place(search->state, reference);

			search->n_variables += is_variable_place(&place);
			if (is_percpu_place(&place) && !search->percpu_depth)
				search->percpu_depth = depth;
			if (!is_held_place(&place) || !place.bytes)
				continue;
			target = mo_target_of_place(search->state, &place, reference->pa);
			target.via = i;
		}
		target.depth = depth;
		if (!bsearch(&target.kva, search->known_kvas, n_before, sizeof(*search->known_kvas), compare_kvas))
			error = mo_search_add(search, &target);
	}
	if (search->n_targets > n_before)
		qsort(search->targets + n_before, search->n_targets - n_before, sizeof(*search->targets), compare_targets);
	for (size_t i = n_before; i < search->n_targets; i++)
		if (i == n_before || search->targets[i].kva != search->targets[n_kept - 1].kva)
			search->targets[n_kept++] = search->targets[i];
	search->n_targets = n_kept;
	return error ? error : remember(search, n_before);
}

static int compare_references(const void *left, const void *right)
{
	const struct mo_reference *a = left;
	const struct mo_reference *b = right;

	if (a->target != b->target)
		return a->target < b->target ? -1 : 1;
	return (a->pa > b->pa) - (a->pa < b->pa);
}

/* An area's own words are found only by where they lie. */
static void drop_own(struct mo_search *search, size_t first_new)
{
	size_t n_kept = first_new;

	for (size_t i = first_new; i < search->found.n_items; i++) {
		const struct mo_reference *reference = &search->found.items[i];
		const struct mo_word_target *target = &search->targets[reference->target];
		struct mo_place place;

		if (target->first_pa == UINT64_MAX) {
			place = mo_reference_place(search->state, reference);
			if (place.kind == MO_PLACE_VMAP_AREA && place.kva == target->kva)
				continue;
		}
		search->found.items[n_kept++] = *reference;
	}
	search->found.n_items = n_kept;
	if (n_kept > first_new)
		qsort(search->found.items + first_new, n_kept - first_new, sizeof(*search->found.items), compare_references);
}

/* Users of the targets [first, n_targets): in the edges, where these can have them, else by a scan. */
static struct mo_error *look(struct mo_search *search, size_t first)
{
	size_t n_before = search->found.n_items;
	struct mo_word_ranges set;
	struct mo_error *error = make_ranges(search->state, search->targets, (uint32_t)first, (uint32_t)(search->n_targets - first),
					     &set);

	if (error)
		return error;
	/* Edges are addresses: they have no lower words. */
	if (search->has_edges && (!set.n || set.first >= search->state->floor_kva))
		error = find_in_edges(search->state, &search->edges, search->targets, &set, &search->found);
	else
		error = scan_for_targets(search->state, search->targets, &set, &search->found);
	mo_word_ranges_deinit(&set);
	if (!error)
		drop_own(search, n_before);
	return error;
}

/* Machines with more pointers than memory should hold are scanned once for each depth. */
static struct mo_error *try_edges(struct mo_search *search)
{
	struct mo_error *error = mo_edges_build(search->state, &search->edges);

	search->has_edges = !error;
	if (error && mo_error_code(error) == MO_E_LIMIT) {
		mo_error_destroy(error);
		return NULL;
	}
	return error;
}

/*
 * A variable is what is looked for. What CPUs keep may be old: they have lists of free objects (sheaves, magazines), so a
 * variable may be a little further.
 */
static bool has_ended(const struct mo_search *search, uint32_t depth)
{
	return search->n_variables || (search->percpu_depth && depth >= search->percpu_depth + DEPTHS_BEHIND_PERCPU);
}

struct mo_error *mo_search_users(struct mo_search *search, uint64_t n_depths)
{
	bool is_deep = n_depths > SCANS_BEFORE_EDGES || search->is_to_root;
	struct mo_error *error = remember(search, 0);
	size_t first = 0;

	for (uint32_t depth = 1; depth <= n_depths && first < search->n_targets && search->n_targets < TARGETS_MAX && !error;
	     depth++) {
		size_t n_targets = search->n_targets;
		size_t n_found = search->found.n_items;

		if (is_deep && depth == 1 && !search->has_edges)
			error = try_edges(search);
		if (!error)
			error = look(search, first);
		if (!error)
			error = choose_next(search, n_found, depth + 1);
		if (search->is_to_root && has_ended(search, depth))
			break;
		first = n_targets;
	}
	return error;
}

void mo_search_deinit(struct mo_search *search)
{
	free(search->targets);
	free(search->known_kvas);
	free(search->found.items);
	if (search->has_edges)
		mo_edges_deinit(&search->edges);
}
