/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The kernel's own page tables are pages that only physical addresses lead to. Walks over what the kernel maps name them;
 * of the tables of the lowest level the entries that point at them do.
 */
#include <memopsy/architecture.h>
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

static bool meet_table(void *context, const struct mo_table_entry *entry)
{
	return mark_table(context, entry->pa);
}

static void skip_broken(void *context, const struct mo_table_entry *entry, struct mo_error *error)
{
	(void)context;
	(void)entry;
	mo_error_destroy(error); /* what lies behind a table that cannot be read is not known */
}

/* A range that a variable says, and may say wrongly, costs the tables that are there. */
static void walk_range(struct leaks_state *state, struct mo_reader *reader, uint64_t first, uint64_t last)
{
	struct mo_table_walk walk = { .first_va = first, .last_va = last, .tables_left = state->index.n_pages + 1,
				      .lowest_height = 1, .table = meet_table, .broken = skip_broken, .context = state };
	struct mo_error *error = mo_walk_tables(reader, &walk);

	mo_error_destroy(error);
}

struct mo_error *mark_kernel_tables(struct leaks_state *state)
{
	struct mo_reader *reader = mo_run_reader(state->run);
	const struct mo_kernel_facts *facts = mo_kernel_facts(mo_run_kernel(state->run));
	const struct reference_ranges *ranges = &state->ranges;
	uint64_t direct_kva = state->index.slabs->direct_map_kva;
	struct mo_kva_range mapped[MO_MAX_MAPPED_RANGES];
	size_t n_mapped;

	if (!state->index.n_blocks)
		return NULL;
	state->kernel_tables = calloc(state->index.n_pages / 64 + 1, sizeof(*state->kernel_tables));
	if (!state->kernel_tables)
		return mo_error_no_memory();
	mark_table(state, mo_kernel_root_table_pa(mo_run_kernel(state->run)));
	walk_range(state, reader, direct_kva, direct_kva + (facts->end_pfn << facts->page_shift) - 1);
	walk_range(state, reader, ranges->first_page_kva, ranges->first_page_kva + ranges->page_bytes - 1);
	if (state->vmap && state->vmap->n_areas)
		walk_range(state, reader, state->vmap->areas[0].first_kva,
			   state->vmap->areas[state->vmap->n_areas - 1].end_kva - 1);
	n_mapped = mo_kernel_mapped_ranges(mo_run_kernel(state->run), mapped, MO_MAX_MAPPED_RANGES);
	for (size_t i = 0; i < n_mapped; i++)
		walk_range(state, reader, mapped[i].first_kva, mapped[i].last_kva);
	return NULL;
}
