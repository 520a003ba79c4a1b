/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * All that the threads found, in the order of page frames; what was found more than once, weighed: huge pages of
 * hugetlbfs share PMD tables between address spaces, and the kernel maps some of its tables many times over.
 */
#include "gathering.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

static int compare_tables(const void *a, const void *b)
{
	const struct mo_page_table *first = a;
	const struct mo_page_table *second = b;

	return first->pfn < second->pfn ? -1 : first->pfn > second->pfn;
}

static bool is_of_kernel(const struct page_tables_state *state, uint32_t owner)
{
	return is_kernels_own(&state->owners[owner]);
}

static bool may_be_shared(const struct page_tables_state *state, const struct mo_page_table *table,
			  const struct repeat *repeat)
{
	bool is_kernels = is_of_kernel(state, table->owner);

	if (table->height != repeat->height || table->is_deposited || is_kernels != is_of_kernel(state, repeat->owner))
		return false;
	return is_kernels || (table->height == 1 && table->owner != repeat->owner);
}

static void weigh_repeat(struct page_tables_state *state, const struct repeat *repeat)
{
	struct mo_page_table wanted = { .pfn = repeat->pfn };
	struct mo_page_table *table = bsearch(&wanted, state->tables, state->model.n_tables, sizeof(wanted), compare_tables);

	if (!table)
		return;
	if (may_be_shared(state, table, repeat)) {
		table->is_shared = true;
		/* Which thread came first is chance: the first owner has it. */
		if (repeat->owner < table->owner)
			table->owner = repeat->owner;
		return;
	}
	mo_trouble_note(&state->repeated,
		     mo_error_create(MO_E_CORRUPT, "the entry at physical 0x%" PRIx64 " of the tables of %s points at page frame "
				     "0x%" PRIx64 " as a %s table, which is a %s table of %s", repeat->entry_pa,
				     state->owners[repeat->owner].comm, repeat->pfn, state->model.level_names[repeat->height],
				     state->model.level_names[table->height], state->owners[table->owner].comm));
}

static void sum_up(struct page_tables_state *state)
{
	for (size_t i = 0; i < state->model.n_tables; i++)
		state->model.counts[state->tables[i].height][is_of_kernel(state, state->tables[i].owner)]++;
	for (size_t i = 0; i < state->n_owners; i++) {
		const struct mo_table_owner *owner = &state->owners[i];
		uint64_t found = owner->tables[0] + owner->deposited + owner->tables[1] + owner->tables[2];

		if (!owner->is_complete)
			state->model.is_complete = false;
		/* The kernel's own mm counts nothing that it made at boot. */
		if (owner->kind != MO_TABLES_OF_TASKS || owner->counted_pages.certainty != MO_EXACT || !owner->is_complete ||
		    owner->counted_pages.value == found)
			continue;
		mo_trouble_note(&state->miscounted,
			     mo_error_create(MO_E_CORRUPT, "the mm_struct at 0x%" PRIx64 " of %s counts %" PRIu64
					     ", and %" PRIu64 " were found", owner->mm_kva, owner->comm,
					     owner->counted_pages.value, found));
	}
}

struct mo_error *merge_tables(struct page_tables_state *state)
{
	size_t n = 0;

	for (size_t i = 0; i < state->n_threads; i++)
		n += state->threads[i].n_tables;
	state->tables = calloc(n + 1, sizeof(*state->tables));
	if (!state->tables)
		return mo_error_no_memory();
	n = 0;
	for (size_t i = 0; i < state->n_threads; i++) {
		if (state->threads[i].n_tables)
			memcpy(state->tables + n, state->threads[i].tables, state->threads[i].n_tables * sizeof(*state->tables));
		n += state->threads[i].n_tables;
	}
	if (n)
		qsort(state->tables, n, sizeof(*state->tables), compare_tables);
	state->model.tables = state->tables;
	state->model.n_tables = n;
	for (size_t i = 0; i < state->n_threads; i++)
		for (size_t k = 0; k < state->threads[i].n_repeats; k++)
			weigh_repeat(state, &state->threads[i].repeats[k]);
	sum_up(state);
	return NULL;
}
