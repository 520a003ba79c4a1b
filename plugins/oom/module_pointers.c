/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Whose an array of pages is when the code that allocated it is gone (a module's init function): the module with a variable
 * that points at it.
 */
#include "gathering.h"

#include <stdio.h>
#include <string.h>

#define MOST_SYMBOLS 200000 /* of modules; what a machine has at most is a tenth of it */

static bool is_variable(const struct mo_symbol *symbol)
{
	return symbol->module && symbol->type && strchr("bBdD", symbol->type);
}

static const char *module_pointing_at(const struct oom_state *state, uint64_t kva)
{
	const struct mo_symbols *symbols = mo_kernel_symbols(mo_run_kernel(state->run));
	size_t n_read = 0;

	for (size_t i = 0; i < mo_symbols_count(symbols) && n_read < MOST_SYMBOLS; i++) {
		struct mo_error *error;
		struct mo_symbol symbol;
		uint64_t value = 0;

		mo_symbols_get(symbols, i, &symbol);
		if (!is_variable(&symbol))
			continue;
		n_read++;
		error = mo_read_pointer(state->reader, symbol.value_kva, &value);
		if (error)
			mo_error_destroy(error);
		else if (value == kva)
			return symbol.module;
	}
	return NULL;
}

const char *module_of_nameless_area(const struct oom_state *state, const char *owner)
{
	const struct mo_vmap_model *vmap = vmap_of(state);
	for (size_t i = 0; vmap && i < vmap->n_areas; i++) {
		const struct mo_vmap_area *area = &vmap->areas[i];

		if (!area->has_vm || area->caller_name || !area->caller || !strstr(owner, area->caller))
			continue;
		mo_error_destroy(mo_kernel_load_modules(mo_run_kernel(state->run)));
		return module_pointing_at(state, area->vm_first_kva);
	}
	return NULL;
}
