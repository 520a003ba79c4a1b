/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What every look for references needs to know beforehand. */
#include <memopsy/memmap.h>

#include "reference_scan.h"

/* Addresses begin with the direct map or the memory map or the first symbol, whichever is lowest. */
static void set_floor(struct mo_references *state)
{
	const struct mo_symbols *symbols = mo_kernel_symbols(state->kernel);
	const struct mo_memmap *memmap;
	struct mo_error *error = mo_memmap(state->reader, &memmap);

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

struct mo_error *mo_references_init(struct mo_reader *reader, const struct mo_slab_model *slabs,
				    const struct mo_mem_map_model *mem_map, struct mo_references *ret)
{
	struct mo_references state = { .kernel = mo_reader_kernel(reader), .reader = reader, .mem_map = mem_map };
	struct mo_error *error = mo_object_index_build(state.kernel, slabs, &state.index);

	if (error)
		return error;
	set_floor(&state);
	*ret = state;
	return NULL;
}

struct mo_word_pass mo_kernel_words_pass(const struct mo_references *state, mo_word_function look, void *context)
{
	struct mo_word_pass pass = { .kernel = state->kernel, .progress = state->progress, .runs = state->mem_map->runs,
				     .n_runs = state->mem_map->n_runs,
				     .phase = "looking for references", .look = look, .context = context };

	for (unsigned class = 0; class < MO_N_PAGE_CLASSES; class++)
		if (mo_is_root_class((enum mo_page_class)class))
			pass.kinds[class] = MO_ROOT_WORDS;
	pass.kinds[MO_PAGE_SLAB] = MO_SLAB_WORDS;
	return pass;
}

bool mo_live_object_at(const struct mo_object_index *index, uint64_t pa, struct mo_object_ref *ret)
{
	uint64_t kva = index->slabs->direct_map_kva + pa;
	uint32_t slab = mo_pointed_slab(index, kva);
	enum mo_object_state state;

	if (!slab)
		return false;
	ret->slab = slab - 1;
	if (!mo_pointed_object(index, slab - 1, kva, &ret->index))
		return false;
	state = mo_index_state(index, *ret);
	return state == MO_OBJECT_ALLOCATED || state == MO_OBJECT_UNKNOWN;
}

bool mo_counts_in_slab(const struct mo_object_index *index, uint64_t pa)
{
	struct mo_object_ref ref;

	return !mo_pointed_slab(index, index->slabs->direct_map_kva + pa) || mo_live_object_at(index, pa, &ref);
}
