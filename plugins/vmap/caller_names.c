/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The callers' names as the kernel's %pS prints them (__sprint_symbol(), kernel/kallsyms.c): once a caller. */
#include "gathering.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

static int compare_callers(const void *a, const void *b)
{
	uint64_t first = ((const struct named_caller *)a)->kva;
	uint64_t second = ((const struct named_caller *)b)->kva;

	return first < second ? -1 : first > second;
}

/* All callers, each once. */
static struct mo_error *collect_callers(struct vmap_state *state)
{
	size_t n = 0;

	state->callers = calloc(state->n_areas + 1, sizeof(*state->callers));
	if (!state->callers)
		return mo_error_no_memory();
	for (size_t i = 0; i < state->n_areas; i++)
		if (state->areas[i].caller_kva)
			state->callers[n++].kva = state->areas[i].caller_kva;
	if (n)
		qsort(state->callers, n, sizeof(*state->callers), compare_callers);
	for (size_t i = 0; i < n; i++)
		if (!i || state->callers[i].kva != state->callers[state->n_callers - 1].kva)
			state->callers[state->n_callers++] = state->callers[i];
	return NULL;
}

static struct mo_error *name_caller(const struct vmap_state *state, const struct caller_index *index,
				    struct named_caller *caller)
{
	struct mo_symbol symbol = { .name = NULL };
	uint64_t n_bytes = 0;
	int n;

	if (!find_caller(state, index, caller->kva, &symbol, &n_bytes)) {
		n = asprintf(&caller->text, "0x%" PRIx64, caller->kva);
	} else {
		n = asprintf(&caller->text, "%s+0x%" PRIx64 "/0x%" PRIx64 "%s%s%s", symbol.name,
			     caller->kva - symbol.value_kva, n_bytes, symbol.module ? " [" : "",
			     symbol.module ? symbol.module : "", symbol.module ? "]" : "");
		caller->name = symbol.name;
		caller->module = symbol.module;
	}
	if (n >= 0)
		return NULL;
	caller->text = NULL;
	return mo_error_no_memory();
}

struct mo_error *name_callers(struct vmap_state *state)
{
	struct caller_index index = { .values = NULL };
	struct mo_error *error = collect_callers(state);

	if (!error && state->n_callers)
		error = make_caller_index(state, &index);
	for (size_t i = 0; i < state->n_callers && !error; i++)
		error = name_caller(state, &index, &state->callers[i]);
	free_caller_index(&index);
	for (size_t i = 0; i < state->n_areas && !error; i++) {
		const struct named_caller key = { .kva = state->areas[i].caller_kva };
		const struct named_caller *found;

		if (!key.kva)
			continue;
		found = bsearch(&key, state->callers, state->n_callers, sizeof(key), compare_callers);
		state->areas[i].caller = found->text;
		state->areas[i].caller_name = found->name;
		state->areas[i].caller_module = found->module;
	}
	return error;
}
