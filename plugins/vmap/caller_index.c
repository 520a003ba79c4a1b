/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The symbol of an address as the kernel's own kallsyms finds it (get_symbol_pos(), kernel/kallsyms.c): the first of
 * those at the nearest address below, and its size is the distance to the next address that has a symbol.
 */
#include "gathering.h"

#include <stdlib.h>
#include <string.h>

#include <memopsy/containers.h>

static bool is_in_image(const struct vmap_layout *layout, uint64_t kva)
{
	return mo_has(&layout->text_start) && mo_has(&layout->image_end) && kva >= layout->text_start.kva &&
	       kva < layout->image_end.kva;
}

/* Whether some caller is not in the kernel's image, so that the modules' symbols are worth their loading. */
static bool wants_modules(const struct vmap_state *state)
{
	for (size_t i = 0; i < state->n_callers; i++)
		if (!is_in_image(state->layout, state->callers[i].kva))
			return true;
	return false;
}

struct mo_error *gather_modules(struct vmap_state *state)
{
	struct mo_error *error = state->modules ? NULL : mo_modules_gather(state->reader, &state->modules);

	if (mo_error_ends_run(error))
		return error;
	/* A broken list of modules is the core's to tell, which walked it for their symbols. */
	mo_error_destroy(error);
	return NULL;
}

struct mo_error *make_caller_index(struct vmap_state *state, struct caller_index *index)
{
	struct mo_kernel *kernel = mo_run_kernel(state->run);
	const struct mo_symbols *symbols = mo_kernel_symbols(kernel);
	bool is_ascending = true;
	struct mo_error *error = NULL;

	if (wants_modules(state)) {
		/* Without them, callers in modules stay addresses: the core has said why. */
		mo_error_destroy(mo_kernel_load_modules(kernel));
		error = gather_modules(state);
	}
	if (error)
		return error;
	index->n_symbols = mo_symbols_count(symbols);
	index->values = calloc(index->n_symbols + 1, sizeof(*index->values));
	if (!index->values)
		return mo_error_no_memory();
	for (size_t i = 0; i < index->n_symbols; i++) {
		struct mo_symbol symbol;

		mo_symbols_get(symbols, i, &symbol);
		index->values[i] = symbol.value_kva;
		/* Absolute symbols of the kernel may follow its addresses: they are no code. */
		is_ascending = is_ascending && !symbol.module && (!i || index->values[i - 1] <= symbol.value_kva);
		if (is_ascending)
			index->n_kernel = i + 1;
	}
	return NULL;
}

void free_caller_index(struct caller_index *index)
{
	free(index->values);
}

static bool find_in_kernel(const struct vmap_state *state, const struct caller_index *index, uint64_t kva,
			   struct mo_symbol *symbol, uint64_t *n_bytes)
{
	uint64_t end_kva = state->layout->image_end.kva;
	size_t low = mo_lower_bound(index->n_kernel, at, index->values[at] <= kva);

	if (!low)
		return false;
	if (low < index->n_kernel)
		end_kva = index->values[low];
	low--;
	while (low && index->values[low - 1] == index->values[low])
		low--;
	mo_symbols_get(mo_kernel_symbols(mo_run_kernel(state->run)), low, symbol);
	*n_bytes = end_kva - symbol->value_kva;
	return true;
}

/*
 * The module whose code holds an address, and where that code ends: kallsyms lets the last symbol end there
 * (find_kallsyms_symbol(), kernel/module/kallsyms.c).
 */
static const struct mo_module *module_at(const struct vmap_state *state, uint64_t kva, uint64_t *end_kva)
{
	for (size_t i = 0; state->modules && i < state->modules->count; i++) {
		const struct mo_module *module = &state->modules->items[i];

		for (size_t k = 0; k < module->n_ranges; k++) {
			const struct mo_module_range *range = &module->ranges[k];

			if ((range->part != MO_MODULE_TEXT && range->part != MO_MODULE_INIT_TEXT) ||
			    kva - range->first_kva >= range->n_bytes)
				continue;
			*end_kva = range->first_kva + range->n_bytes;
			return module;
		}
	}
	return NULL;
}

static bool find_in_module(const struct vmap_state *state, const struct caller_index *index, uint64_t kva,
			   struct mo_symbol *ret, uint64_t *n_bytes)
{
	const struct mo_symbols *symbols = mo_kernel_symbols(mo_run_kernel(state->run));
	uint64_t next_kva = 0;
	const struct mo_module *module = module_at(state, kva, &next_kva);
	uint64_t best_kva = 0;

	for (size_t i = index->n_kernel; module && i < index->n_symbols; i++) {
		uint64_t value = index->values[i];
		struct mo_symbol symbol;
		bool is_before = value <= kva && value > best_kva;
		bool is_after = value > kva && value < next_kva;

		if (!is_before && !is_after)
			continue;
		mo_symbols_get(symbols, i, &symbol);
		if (!symbol.module || strcmp(symbol.module, module->name))
			continue;
		if (is_before) {
			best_kva = value;
			*ret = symbol;
		} else {
			next_kva = value;
		}
	}
	*n_bytes = next_kva - best_kva;
	return best_kva;
}

bool find_caller(const struct vmap_state *state, const struct caller_index *index, uint64_t kva, struct mo_symbol *symbol,
		 uint64_t *n_bytes)
{
	if (is_in_image(state->layout, kva))
		return find_in_kernel(state, index, kva, symbol, n_bytes);
	return find_in_module(state, index, kva, symbol, n_bytes);
}
