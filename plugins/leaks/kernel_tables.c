/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The kernel's own page tables are pages that only physical addresses lead to. Walks over the addresses that the kernel
 * maps name them: of each part that one entry of the lowest level but one covers, one walk.
 */
#include "nodes.h"

#include <stdlib.h>

#define TABLE_COVERS (2ull << 20) /* what one table of the lowest level maps on the architectures that are known */
#define MOST_WALKS (8u << 20)
#define ENTRY_BITS 9 /* of a table of any level */
#define MOST_LEVELS_UP 3

static void mark_table(struct leaks_state *state, uint64_t pa)
{
	uint64_t at = (pa >> state->index.page_shift) - state->index.first_pfn;
	uint32_t node = at < state->index.n_pages ? state->index.slab_of_page[at] : 0;

	if (at < state->index.n_pages)
		state->kernel_tables[at / 64] |= 1ull << at % 64;
	if (node && is_block(&state->index, node - 1))
		state->marked[state->index.indexed[node - 1].first_object / 64] |=
			1ull << state->index.indexed[node - 1].first_object % 64;
}

/*
 * How far to go on where tables are unreadable: by what one of the lowest level but one covers, and when as many walks in a
 * row failed as it has entries, by what one of the next level covers. A range that a broken variable says is huge would
 * take hours else.
 */
static uint64_t step_behind_failures(unsigned n_failed)
{
	unsigned n_up = n_failed >> ENTRY_BITS;

	return TABLE_COVERS << ENTRY_BITS * (n_up < MOST_LEVELS_UP ? n_up : MOST_LEVELS_UP);
}

static void walk_range(struct leaks_state *state, struct mo_reader *reader, uint64_t first, uint64_t end)
{
	uint64_t kva = first & ~(TABLE_COVERS - 1);
	unsigned n_failed = 0; /* walks in a row */

	for (unsigned i = 0; i < MOST_WALKS && kva < end; i++) {
		struct mo_translation walk;
		struct mo_error *error = mo_walk_page_table(reader, 0, kva, &walk);
		uint64_t covers;
		uint64_t next;

		n_failed = error ? n_failed + 1 : 0;
		covers = step_behind_failures(n_failed);
		if (!error && walk.n_steps) {
			for (unsigned step = 0; step < walk.n_steps; step++)
				mark_table(state, walk.steps[step].entry_pa);
			if (walk.steps[walk.n_steps - 1].covers_bytes > covers)
				covers = walk.steps[walk.n_steps - 1].covers_bytes;
		}
		mo_error_destroy(error);
		next = (kva & ~(covers - 1)) + covers;
		if (next <= kva)
			return;
		kva = next;
	}
}

struct mo_error *mark_kernel_tables(struct leaks_state *state)
{
	struct mo_reader *reader = mo_run_reader(state->run);
	const struct mo_kernel_facts *facts = mo_kernel_facts(mo_run_kernel(state->run));
	const struct reference_ranges *ranges = &state->ranges;
	uint64_t direct_kva = state->index.slabs->direct_map_kva;

	if (!state->index.n_blocks)
		return NULL;
	state->kernel_tables = calloc(state->index.n_pages / 64 + 1, sizeof(*state->kernel_tables));
	if (!state->kernel_tables)
		return mo_error_no_memory();
	walk_range(state, reader, direct_kva, direct_kva + (facts->end_pfn << facts->page_shift));
	walk_range(state, reader, ranges->first_page_kva, ranges->first_page_kva + ranges->page_bytes);
	if (state->vmap && state->vmap->n_areas)
		walk_range(state, reader, state->vmap->areas[0].first_kva, state->vmap->areas[state->vmap->n_areas - 1].end_kva);
	/* The stacks of espfix_64.c, where CPUs that return to 16-bit code pass by (ESPFIX_BASE_ADDR). */
	walk_range(state, reader, 0xffffff0000000000ull, 0xffffff8000000000ull);
	/* The kernel's image, its modules, and the addresses that are fixed when it is built. */
	walk_range(state, reader, 0xffffffff80000000ull, UINT64_MAX - TABLE_COVERS);
	return NULL;
}
