/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The kernel's own page tables are pages that only physical addresses lead to. A walk over the kernel's half names them;
 * of the tables of the lowest level the entries that point at them do.
 */
#include <memopsy/page_entry.h>
#include <memopsy/table_walk.h>

#include "nodes.h"

#include <stdlib.h>

/* Whether it was not yet known: what is mapped twice (espfix maps one table again and again) is gone into once. */
static bool mark_table(struct leaks_state *state, uint64_t pa)
{
	uint64_t at = (pa >> state->index.page_shift) - state->index.first_pfn;
	uint32_t node = at < state->index.n_pages ? state->index.slab_of_page[at] : 0;

	if (at >= state->index.n_pages || state->kernel_tables[at / 64] >> at % 64 & 1)
		return false;
	state->kernel_tables[at / 64] |= 1ull << at % 64;
	if (node && mo_is_block_node(&state->index, node - 1))
		state->marked[state->index.indexed[node - 1].first_object / 64] |=
			1ull << state->index.indexed[node - 1].first_object % 64;
	return true;
}

static bool note_table(void *context, const struct mo_table_entry *entry)
{
	return mark_table(context, entry->pa);
}

static void skip_broken(void *context, const struct mo_table_entry *entry, struct mo_error *error)
{
	(void)context;
	(void)entry;
	mo_error_destroy(error); /* what lies behind a table that cannot be read is not known */
}

/* Tables of addresses that were freed stay: so all of the kernel's half is walked. What cannot be is not known. */
static void walk_kernel_half(struct leaks_state *state, struct mo_reader *reader, uint64_t root_pa, uint64_t first_va)
{
	struct mo_table_walk walk = { .root_pa = root_pa, .has_kernels_half = root_pa, .first_va = first_va,
				      .last_va = UINT64_MAX, .tables_left = state->index.n_pages + 1,
				      .lowest_height = 1, .table = note_table, .broken = skip_broken, .context = state };
	struct mo_error *error = mo_walk_tables(reader, &walk);

	mo_error_destroy(error);
}

struct mo_error *mark_kernel_tables(struct leaks_state *state)
{
	uint64_t last_user_va;
	uint64_t first_kernel_va;
	uint64_t others_pa[MO_MAX_OTHER_ROOTS];
	struct mo_kernel *kernel = mo_run_kernel(state->run);

	state->has_root_tables_in_slabs = (uint64_t)mo_root_table_entries(kernel) * mo_entry_bytes(kernel) < state->index.page_bytes;
	if (!state->index.n_blocks)
		return NULL;
	state->kernel_tables = calloc(state->index.n_pages / 64 + 1, sizeof(*state->kernel_tables));
	if (!state->kernel_tables)
		return mo_error_no_memory();
	mo_address_halves(kernel, &last_user_va, &first_kernel_va);
	mark_table(state, mo_kernel_root_table_pa(kernel));
	walk_kernel_half(state, mo_run_reader(state->run), 0, first_kernel_va);
	for (size_t n = mo_other_root_tables(mo_run_reader(state->run), others_pa, MO_MAX_OTHER_ROOTS); n--;)
		walk_kernel_half(state, mo_run_reader(state->run), others_pa[n], first_kernel_va);
	return NULL;
}
