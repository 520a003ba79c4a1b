/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * An object of kmalloc() that points at pages says little: whose it is does. So who points at that object is looked for,
 * and, if that is an object of kmalloc() again, who points at that one. So it is with memory of the per-CPU allocator. Where
 * the best pointers to all objects are known (generic_objects.c), that takes no passes of its own.
 */
#include <inttypes.h>
#include <stdio.h>

#include "gathering.h"

bool is_generic_object(const struct owners_state *state, const struct mo_place *place)
{
	return place->kind == MO_PLACE_SLAB_OBJECT && is_generic_cache(state, place->cache);
}

#define MAX_STEPS 4u

bool leads_on(const struct owners_state *state, const struct mo_place *place)
{
	return is_generic_object(state, place) || (place->kind == MO_PLACE_PERCPU && place->percpu_kva);
}

static struct mo_error *find_holder(struct owners_state *state, uint64_t best, struct mo_place *ret)
{
	return state->places->find_pa(state->places, mo_run_reader(state->run), best & POINTER_PA_MASK, ret);
}

/* The object that a pointer lies in becomes a target of the next step, if it is one of kmalloc(). */
static struct mo_error *add_object_of(struct owners_state *state, struct target_table *table, uint64_t best)
{
	struct mo_place place;
	struct mo_error *error;
	enum pointer_rank rank = best == NO_POINTER ? N_RANKS : (enum pointer_rank)(best >> POINTER_RANK_SHIFT);

	/* Ranks of blocks and of targets say the same of objects of kmalloc() in two ways. */
	if (rank != RANK_SLAB && rank != RANK_LARGE_KMALLOC)
		return NULL;
	error = find_holder(state, best, &place);
	if (error || !is_generic_object(state, &place) || place.is_padding)
		return error;
	return add_target(table, place.kva, place.kva + place.bytes);
}

struct mo_error *find_chains(struct owners_state *state)
{
	struct target_table *first = &state->steps[0];
	struct mo_error *error = NULL;

	if (!state->places || state->objects.best)
		return NULL;
	for (size_t i = 0; i < state->blocks.n_blocks && !error; i++)
		if (state->blocks.blocks[i].structure == STRUCTURE_NONE)
			error = add_object_of(state, first, state->blocks.blocks[i].best);
	for (size_t i = 0; i < state->percpu_targets.ranges.n && !error; i++)
		error = add_object_of(state, first, state->percpu_targets.best[i]);
	if (!error)
		error = find_target_pointers(state, first, "looking for owners of objects");
	for (unsigned step = 1; step < MAX_CHAIN_STEPS && !error; step++) {
		const struct target_table *before = &state->steps[step - 1];

		for (size_t i = 0; i < before->ranges.n && !error; i++)
			error = add_object_of(state, &state->steps[step], before->best[i]);
		if (!error)
			error = find_target_pointers(state, &state->steps[step], "looking for owners of their owners");
	}
	return error;
}

/* Of what was found step by step, the step says little: per-CPU memory may lie between two objects. */
static uint64_t pointer_to_object(const struct owners_state *state, uint64_t kva)
{
	uint64_t best = NO_POINTER;

	if (best_pointer_to_object(state, kva, &best))
		return best;
	for (unsigned step = 0; step < MAX_CHAIN_STEPS && best == NO_POINTER; step++)
		best = best_pointer(&state->steps[step], kva);
	return best;
}

struct mo_error *follow_chain(struct owners_state *state, const struct mo_place *place, struct mo_place *ret, bool *is_found)
{
	struct mo_place at = *place;
	unsigned n_objects = 0;

	*is_found = false;
	for (unsigned step = 0; step < MAX_STEPS && leads_on(state, &at); step++) {
		uint64_t best = NO_POINTER;
		struct mo_error *error;

		if (at.kind == MO_PLACE_PERCPU)
			best = best_pointer(&state->percpu_targets, at.percpu_kva);
		else if (n_objects++ < MAX_CHAIN_STEPS)
			best = pointer_to_object(state, at.kva);
		if (best == NO_POINTER)
			return NULL;
		error = find_holder(state, best, &at);
		if (error)
			return error;
	}
	*is_found = !leads_on(state, &at) && at.kind != MO_PLACE_NONE && at.kind != MO_PLACE_PAGE_BLOCK &&
		    at.kind != MO_PLACE_LARGE_KMALLOC;
	*ret = at;
	return NULL;
}

static void describe_object(struct owners_state *state, const struct mo_place *place, char *text, size_t n_bytes)
{
	const struct mo_type *type = place->is_padding ? NULL : mo_type_of_cache(&state->types, place->cache);
	char member[120];

	if (type && place->offset_bytes < type->size_bytes) {
		mo_describe_member(state->kernel, type, place->offset_bytes, member, sizeof(member));
		snprintf(text, n_bytes, "%s%s", place->name, member);
	} else {
		snprintf(text, n_bytes, "%s+%" PRIu64, place->name, place->offset_bytes);
	}
}

void describe_pointer_place(struct owners_state *state, const struct mo_place *place, char *text, size_t n_bytes)
{
	switch (place->kind) {
	case MO_PLACE_SLAB_OBJECT:
		describe_object(state, place, text, n_bytes);
		break;
	case MO_PLACE_STACK:
	case MO_PLACE_IRQ_STACK:
		snprintf(text, n_bytes, "stacks");
		break;
	case MO_PLACE_PAGE_TABLE:
		snprintf(text, n_bytes, "page tables of processes");
		break;
	case MO_PLACE_NONE:
		snprintf(text, n_bytes, "memory that is not known");
		break;
	default:
		snprintf(text, n_bytes, "%s", place->name);
		break;
	}
}
