/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Pages of vmalloc by who asked for them, of stacks, and of the per-CPU allocator. */
#include "gathering.h"

/* Whoever asked for the area that a page of it lies in. */
static struct mo_error *describe_vmalloc(struct owners_state *state, const struct mo_place *place, struct mo_holder *holder)
{
	const struct mo_vmap_area *area = state->vmap ? mo_vmap_area_at(state->vmap, place->kva + place->offset_bytes) : NULL;
	struct mo_error *error;

	holder->kind = MO_HOLDER_VMAP_CALLER;
	holder->evidence = MO_HOLDER_BY_ALLOCATOR;
	if (place->kind == MO_PLACE_MODULE || (place->kind == MO_PLACE_SYMBOL && place->module)) {
		error = keep_name(&state->names, place->module, &holder->module);
		holder->name = "code and data of a module";
		return error;
	}
	if (!area || !area->has_vm || !area->caller) {
		holder->evidence = MO_HOLDER_BY_NOBODY;
		holder->name = "areas without a caller";
		return NULL;
	}
	error = keep_name(&state->names, area->caller_module, &holder->module);
	return error ? error : keep_name(&state->names, area->caller_name ? area->caller_name : area->caller, &holder->name);
}

static void describe_stack(const struct mo_place *place, struct mo_holder *holder)
{
	holder->kind = MO_HOLDER_STACKS;
	holder->evidence = MO_HOLDER_BY_ALLOCATOR;
	if (place->kind == MO_PLACE_STACK && place->task_kva)
		holder->name = "stacks of tasks";
	else
		holder->name = "stacks without a task";
}

static struct mo_error *describe_percpu(struct owners_state *state, const struct mo_place *place, struct mo_holder *holder)
{
	holder->kind = MO_HOLDER_PERCPU;
	holder->evidence = MO_HOLDER_BY_ALLOCATOR;
	if (place->module)
		holder->name = "per-CPU variables of modules";
	else if (place->kind == MO_PLACE_PERCPU_SYMBOL)
		holder->name = "the kernel's per-CPU variables";
	return keep_name(&state->names, place->module, &holder->module);
}

static struct mo_error *add_page(struct owners_state *state, enum mo_page_class class, uint64_t pfn)
{
	struct mo_place place = { .kind = MO_PLACE_NONE };
	struct mo_holder holder = { .page_class = (uint8_t)class, .bytes = state->page_bytes, .pieces = 1,
				    .example_kva = state->direct_map_kva + (pfn << state->page_shift) };
	struct mo_error *error = NULL;

	if (state->places)
		error = state->places->find_pa(state->places, mo_run_reader(state->run), pfn << state->page_shift, &place);
	if (error)
		return error;
	if (class == MO_PAGE_VMALLOC)
		error = describe_vmalloc(state, &place, &holder);
	else if (class == MO_PAGE_KERNEL_STACK)
		describe_stack(&place, &holder);
	else
		error = describe_percpu(state, &place, &holder);
	if (!error && !holder.name) { /* told by allocation: percpu_accounting.c */
		state->percpu_bytes += holder.bytes;
		return NULL;
	}
	return error ? error : add_holder(&state->holders, &holder);
}

struct mo_error *gather_vmap_accounting(struct owners_state *state)
{
	struct mo_error *error = NULL;

	for (size_t i = 0; i < state->mem_map->n_runs && !error; i++) {
		const struct mo_page_run *run = &state->mem_map->runs[i];

		for (uint64_t at = 0; at < run->n_pages && !error; at++)
			if (run->classes[at] == MO_PAGE_VMALLOC || run->classes[at] == MO_PAGE_KERNEL_STACK ||
			    run->classes[at] == MO_PAGE_PERCPU)
				error = add_page(state, (enum mo_page_class)run->classes[at], run->first_pfn + at);
	}
	return error;
}
