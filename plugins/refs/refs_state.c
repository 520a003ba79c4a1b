/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What every look for references needs to know beforehand. */
#include <memopsy/memmap.h>

#include "refs.h"

/* Addresses begin with the direct map or the memory map or the first symbol, whichever is lowest. */
static void set_floor(struct mo_run *run, struct refs_state *state)
{
	const struct mo_symbols *symbols = mo_kernel_symbols(mo_run_kernel(run));
	const struct mo_memmap *memmap;
	struct mo_error *error = mo_memmap(mo_run_reader(run), &memmap);

	state->floor_kva = state->index.slabs->direct_map_kva;
	for (size_t i = 0; !error && i < memmap->n_runs; i++)
		if (memmap->runs[i].first_page_kva < state->floor_kva)
			state->floor_kva = memmap->runs[i].first_page_kva;
	mo_error_destroy(error);
	for (size_t i = 0; i < mo_symbols_count(symbols); i++) {
		struct mo_symbol symbol;

		mo_symbols_get(symbols, i, &symbol);
		/* Offsets of per-CPU variables begin at 0. */
		if (symbol.value_kva >> 31 && symbol.type != 'A' && symbol.type != 'a' && symbol.value_kva < state->floor_kva)
			state->floor_kva = symbol.value_kva;
	}
}

struct mo_error *prepare_refs(struct mo_run *run, const struct mo_slab_model *slabs, const struct mo_mem_map_model *mem_map,
			      struct refs_state *ret)
{
	struct refs_state state = { .run = run, .mem_map = mem_map };
	struct mo_error *error = mo_object_index_build(mo_run_kernel(run), slabs, &state.index);

	if (error)
		return error;
	set_floor(run, &state);
	*ret = state;
	return NULL;
}
