/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Page frames whose owner is known: collected in any order, then sorted and joined to runs of one kind. */
#include "gathering.h"

#include <stdlib.h>

struct mo_error *add_owned(struct vmap_state *state, uint64_t first_pfn, uint64_t n_pages, enum mo_owned_kind kind)
{
	struct mo_owned_pages *last = state->n_owned ? &state->owned[state->n_owned - 1] : NULL;

	if (last && last->kind == kind && last->first_pfn + last->n_pages == first_pfn) {
		last->n_pages += n_pages;
		return NULL;
	}
	if (state->n_owned == state->n_owned_allocated) {
		size_t n = state->n_owned ? state->n_owned * 2 : 1024;
		struct mo_owned_pages *grown = reallocarray(state->owned, n, sizeof(*grown));

		if (!grown)
			return mo_error_no_memory();
		state->owned = grown;
		state->n_owned_allocated = n;
	}
	state->owned[state->n_owned++] = (struct mo_owned_pages){ .first_pfn = first_pfn, .n_pages = n_pages, .kind = kind };
	return NULL;
}

static int compare_owned(const void *a, const void *b)
{
	const struct mo_owned_pages *first = a;
	const struct mo_owned_pages *second = b;

	if (first->first_pfn != second->first_pfn)
		return first->first_pfn < second->first_pfn ? -1 : 1;
	return first->n_pages < second->n_pages ? -1 : first->n_pages > second->n_pages;
}

void finish_owned(struct vmap_state *state)
{
	size_t n = 0;

	if (state->n_owned)
		qsort(state->owned, state->n_owned, sizeof(*state->owned), compare_owned);
	for (size_t i = 0; i < state->n_owned; i++) {
		const struct mo_owned_pages run = state->owned[i];

		state->model.owned_pages[run.kind] += run.n_pages;
		if (n && state->owned[n - 1].kind == run.kind &&
		    state->owned[n - 1].first_pfn + state->owned[n - 1].n_pages == run.first_pfn)
			state->owned[n - 1].n_pages += run.n_pages;
		else
			state->owned[n++] = run;
	}
	state->n_owned = n;
	state->model.owned = state->owned;
	state->model.n_owned = n;
}
