/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Whose an area is when the code that asked for it is gone, as a module's init function is once it has run: the module that
 * keeps its address in a variable.
 */
#include <memopsy/containers.h>
#include <memopsy/module_list.h>

#include <stdlib.h>
#include <string.h>

#include <memopsy/architecture.h>

#include "gathering.h"

#define DATA_BYTES_MAX (64ull << 20) /* of one part of a module */
#define VIEW_BYTES (1u << 20)

/* Areas without a name for their caller, ascending by address. */
struct nameless {
	struct mo_vmap_area **areas;
	size_t n;
};

static struct mo_vmap_area *area_that_begins_at(const struct nameless *nameless, uint64_t kva)
{
	size_t i = mo_lower_bound(nameless->n, at, nameless->areas[at]->vm_first_kva < kva);

	return i < nameless->n && nameless->areas[i]->vm_first_kva == kva ? nameless->areas[i] : NULL;
}

static void look_at_words(const struct vmap_state *state, const struct nameless *nameless, const uint8_t *bytes, size_t n_bytes,
			  const char *module)
{
	const struct mo_kernel_facts *facts = mo_kernel_facts(mo_run_kernel(state->run));

	for (size_t at = 0; at + facts->pointer_bytes <= n_bytes; at += facts->pointer_bytes) {
		struct mo_vmap_area *area = area_that_begins_at(nameless, mo_word_at(facts, bytes + at));

		if (area && !area->caller_module)
			area->caller_module = module;
	}
}

/* What cannot be read is left out. */
static struct mo_error *look_at_range(const struct vmap_state *state, const struct nameless *nameless,
				      const struct mo_module_range *range, const char *module)
{
	const struct mo_kernel_facts *facts = mo_kernel_facts(mo_run_kernel(state->run));
	uint64_t word_bytes = facts->pointer_bytes;
	uint64_t kva = (range->first_kva + word_bytes - 1) & ~(word_bytes - 1);
	uint64_t end_kva = range->first_kva + range->n_bytes;

	if (range->n_bytes > DATA_BYTES_MAX || end_kva < range->first_kva)
		return NULL;
	while (kva < end_kva) {
		const void *view;
		size_t n_bytes = 0;
		struct mo_error *error = mo_view(state->reader, kva, end_kva - kva < VIEW_BYTES ? end_kva - kva : VIEW_BYTES, &view,
						 &n_bytes);

		if (mo_error_ends_run(error))
			return error;
		if (error) {
			mo_error_destroy(error);
			kva += facts->page_bytes - kva % facts->page_bytes;
			continue;
		}
		look_at_words(state, nameless, view, n_bytes, module);
		kva += n_bytes < word_bytes ? word_bytes : n_bytes & ~(word_bytes - 1);
	}
	return NULL;
}

static struct mo_error *find_nameless(struct vmap_state *state, struct nameless *ret)
{
	ret->n = 0;
	ret->areas = calloc(state->n_areas + 1, sizeof(struct mo_vmap_area *));
	if (!ret->areas)
		return mo_error_no_memory();
	/* Where a struct vm_struct says another address than its area, the order may be another, and some are not found. */
	for (size_t i = 0; i < state->n_areas; i++)
		if (state->areas[i].has_vm && state->areas[i].caller_kva && !state->areas[i].caller_name)
			ret->areas[ret->n++] = &state->areas[i];
	return NULL;
}

struct mo_error *find_modules_by_data(struct vmap_state *state)
{
	struct nameless nameless;
	struct mo_error *error = find_nameless(state, &nameless);

	if (!error && nameless.n)
		error = gather_modules(state); /* without the list the areas stay as they are */
	for (size_t i = 0; !error && nameless.n && state->modules && i < state->modules->count; i++) {
		const struct mo_module *module = &state->modules->items[i];

		for (size_t k = 0; k < module->n_ranges && !error; k++)
			if (module->ranges[k].part == MO_MODULE_DATA || module->ranges[k].part == MO_MODULE_RO_AFTER_INIT)
				error = look_at_range(state, &nameless, &module->ranges[k], module->name);
	}
	free(nameless.areas);
	return error;
}
