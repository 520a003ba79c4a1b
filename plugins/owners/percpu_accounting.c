/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Memory of the per-CPU allocator by who keeps the pointer to it: each allocation is there once a unit. */
#include <inttypes.h>
#include <stdio.h>

#include "gathering.h"

#define MAX_TEXT_BYTES 240

/* Module's own variables are told as such, page by page. */
static bool is_told(const struct owners_state *state, const struct mo_percpu_allocation *allocation)
{
	return state->percpu->chunks[allocation->chunk].kind == MO_PERCPU_RESERVED;
}

struct mo_error *add_percpu_targets(struct owners_state *state)
{
	struct target_table *table = &state->percpu_targets;
	struct mo_error *error = NULL;

	table->is_exact = true;
	for (size_t i = 0; state->percpu && i < state->percpu->n_allocations && !error; i++) {
		const struct mo_percpu_allocation *allocation = &state->percpu->allocations[i];

		if (!is_told(state, allocation))
			error = add_target(table, allocation->percpu_kva, allocation->percpu_kva + allocation->bytes);
	}
	return error;
}

/* Who recorded it: memory allocation profiling keeps a tag with each allocation. */
static bool name_by_tag(const struct owners_state *state, const struct mo_percpu_allocation *allocation, struct mo_holder *holder)
{
	const struct mo_page_owner_model *sites = state->page_owner;

	for (size_t i = 0; allocation->tag_kva && sites && i < sites->n_sites; i++) {
		const struct mo_alloc_site *site = &sites->sites[i];

		if (site->tag_kva != allocation->tag_kva || !site->function)
			continue;
		holder->evidence = MO_HOLDER_BY_RECORD;
		holder->detail = "allocation profiling";
		holder->name = site->function;
		holder->module = site->module;
		return true;
	}
	return false;
}

static struct mo_error *name_by_pointer(struct owners_state *state, const struct mo_percpu_allocation *allocation,
					struct mo_holder *holder)
{
	uint64_t best = best_pointer(&state->percpu_targets, allocation->percpu_kva);
	struct mo_place place, end;
	char text[MAX_TEXT_BYTES];
	bool is_chained = false;
	struct mo_error *error;

	if (best == NO_POINTER || !state->places)
		return NULL;
	error = state->places->find_pa(state->places, mo_run_reader(state->run), best & POINTER_PA_MASK, &place);
	if (!error && place.kind == MO_PLACE_NONE)
		return NULL;
	if (!error)
		error = follow_chain(state, &place, &end, &is_chained);
	if (error)
		return error;
	describe_pointer_place(state, is_chained ? &end : &place, text, sizeof(text));
	holder->evidence = MO_HOLDER_BY_POINTER;
	holder->detail = is_chained ? "points at an object that points at it" : "points at it";
	error = keep_name(&state->names, is_chained ? end.module : place.module, &holder->module);
	return error ? error : keep_name(&state->names, text, &holder->name);
}

static struct mo_error *add_allocation(struct owners_state *state, const struct mo_percpu_allocation *allocation)
{
	struct mo_holder holder = {
		.kind = MO_HOLDER_PERCPU,
		.evidence = MO_HOLDER_BY_NOBODY,
		.name = "per-CPU allocations",
		.detail = "nothing that is known points at it",
		.bytes = (uint64_t)allocation->bytes * state->percpu->n_units,
		.pieces = 1,
		.page_class = MO_PAGE_PERCPU,
	};
	struct mo_error *error = NULL;

	/* Maps that say more than there is. */
	if (is_told(state, allocation) || holder.bytes > state->percpu_bytes)
		return NULL;
	if (name_by_tag(state, allocation, &holder)) {
		error = keep_name(&state->names, holder.name, &holder.name);
		if (!error)
			error = keep_name(&state->names, holder.module, &holder.module);
	} else {
		error = name_by_pointer(state, allocation, &holder);
	}
	state->percpu_bytes -= holder.bytes;
	return error ? error : add_holder(&state->holders, &holder);
}

struct mo_error *gather_percpu_accounting(struct owners_state *state)
{
	struct mo_error *error = NULL;

	for (size_t i = 0; state->percpu && i < state->percpu->n_allocations && !error; i++)
		error = add_allocation(state, &state->percpu->allocations[i]);
	if (error || !state->percpu_bytes)
		return error;
	return add_holder(&state->holders, &(const struct mo_holder){
		.kind = MO_HOLDER_PERCPU, .evidence = MO_HOLDER_BY_ALLOCATOR, .bytes = state->percpu_bytes,
		.name = state->percpu ? "per-CPU memory that is not handed out" : "per-CPU allocations",
		.pieces = state->percpu_bytes >> state->page_shift, .page_class = MO_PAGE_PERCPU });
}
