/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Holders by the allocators' own accounting: slab caches, and classes of pages that have one holder each. */
#include "gathering.h"

/* What a class is held by, as a whole; kinds MO_N_HOLDER_KINDS: by somebody who is told otherwise, or by no kernel code. */
static enum mo_holder_kind kind_of_class(enum mo_page_class class)
{
	switch (class) {
	case MO_PAGE_MEM_MAP:
	case MO_PAGE_PAGE_EXT:
	case MO_PAGE_KERNEL_TEXT:
	case MO_PAGE_KERNEL_DATA:
	case MO_PAGE_KERNEL_INIT:
	case MO_PAGE_RESERVED:
	case MO_PAGE_ZERO:
		return MO_HOLDER_KERNEL_IMAGE;
	case MO_PAGE_HUGETLB_FREE:
	case MO_PAGE_OFFLINE:
	case MO_PAGE_BALLOON:
	case MO_PAGE_ZSMALLOC:
	case MO_PAGE_PAGE_POOL:
	case MO_PAGE_GUARD:
		return MO_HOLDER_DIRECT;
	default:
		return MO_N_HOLDER_KINDS;
	}
}

bool is_kernel_class(enum mo_page_class class)
{
	switch (class) {
	case MO_PAGE_SLAB:
	case MO_PAGE_LARGE_KMALLOC:
	case MO_PAGE_KERNEL_STACK:
	case MO_PAGE_VMALLOC:
	case MO_PAGE_PERCPU:
	case MO_PAGE_PAGE_TABLE:
	case MO_PAGE_DIRECT:
		return true;
	default:
		return kind_of_class(class) != MO_N_HOLDER_KINDS;
	}
}

static struct mo_error *add_classes(struct owners_state *state)
{
	uint64_t zram_pages = 0;
	struct mo_error *error = gather_zram_accounting(state, &zram_pages);

	for (unsigned class = 0; class < MO_N_PAGE_CLASSES && !error; class++) {
		enum mo_holder_kind kind = kind_of_class((enum mo_page_class)class);
		uint64_t n_pages = state->mem_map->pages[class] - (class == MO_PAGE_ZSMALLOC ? zram_pages : 0);
		struct mo_holder holder = {
			.kind = kind,
			.evidence = kind == MO_HOLDER_DIRECT ? MO_HOLDER_BY_STRUCTURE : MO_HOLDER_BY_ALLOCATOR,
			.name = state->mem_map->classes[class].title,
			.bytes = n_pages << state->page_shift,
			.pieces = n_pages,
			.page_class = (uint8_t)class,
		};

		if (kind != MO_N_HOLDER_KINDS && holder.bytes)
			error = add_holder(&state->holders, &holder);
	}
	return error;
}

/* The module that a cache belongs to: that of its constructor, else the one that its objects point into. */
static struct mo_error *find_cache_module(struct owners_state *state, const struct mo_slab_cache *cache, const char **ret,
					  bool *is_guess)
{
	struct mo_symbol symbol = { .module = NULL };
	const char *module = NULL;
	struct mo_error *error;

	*ret = NULL;
	*is_guess = false;
	if (cache->constructor_kva) {
		error = mo_symbols_at(mo_kernel_symbols(state->kernel), cache->constructor_kva, &symbol);
		if (!mo_error_destroy(error))
			return keep_name(&state->names, symbol.module, ret);
	}
	error = mo_module_of_cache(&state->modules, mo_run_reader(state->run), state->slabs, cache, &module);
	*is_guess = module != NULL;
	return error ? error : keep_name(&state->names, module, ret);
}

/* Slab caches, and pages of slabs that belong to none that is known. */
static struct mo_error *add_caches(struct owners_state *state)
{
	const struct mo_slab_model *slabs = state->slabs;
	uint64_t pages_left = state->mem_map->pages[MO_PAGE_SLAB];
	struct mo_holder rest = { .kind = MO_HOLDER_CACHE, .evidence = MO_HOLDER_BY_NOBODY, .page_class = MO_PAGE_SLAB,
				  .name = "slabs of no cache that is known" };
	struct mo_error *error = NULL;

	for (size_t i = 0; i < slabs->n_caches && !error; i++) {
		const struct mo_slab_cache *cache = &slabs->caches[i];
		/* What slabs say of themselves may be more than there is. */
		uint64_t pages = cache->pages < pages_left ? cache->pages : pages_left;
		struct mo_holder holder = {
			.kind = MO_HOLDER_CACHE,
			.page_class = MO_PAGE_SLAB,
			.bytes = pages << state->page_shift,
			.pieces = cache->states[MO_OBJECT_ALLOCATED] + cache->states[MO_OBJECT_UNKNOWN],
			.is_reclaimable = cache->is_reclaimable,
			.example_kva = cache->cache_kva,
		};

		if (!pages)
			continue;
		pages_left -= pages;
		error = keep_name(&state->names, cache->name ? cache->name : "?", &holder.name);
		if (!error)
			error = find_cache_module(state, cache, &holder.module, &holder.is_module_guessed);
		if (!error)
			error = add_holder(&state->holders, &holder);
	}
	rest.bytes = pages_left << state->page_shift;
	rest.pieces = pages_left;
	return error || !pages_left ? error : add_holder(&state->holders, &rest);
}

/* Page tables by whose they are. What no walk has found may be on its way in or out. */
static struct mo_error *add_page_tables(struct owners_state *state)
{
	static const char *const names[] = { "page tables of the kernel", "page tables of processes",
					     "page tables that no walk has found" };
	const struct mo_page_tables_model *model = state->page_tables;
	uint64_t pages[3] = { 0, 0, state->mem_map->pages[MO_PAGE_PAGE_TABLE] };
	struct mo_error *error = NULL;

	for (size_t i = 0; model && i < model->n_tables; i++) {
		const struct mo_page_table *table = &model->tables[i];

		if (mo_page_class_of(state->mem_map, table->pfn) != MO_PAGE_PAGE_TABLE || !pages[2])
			continue;
		pages[table->owner < model->n_owners && model->owners[table->owner].kind == MO_TABLES_OF_TASKS]++;
		pages[2]--;
	}
	for (unsigned i = 0; i < 3 && !error; i++)
		if (pages[i])
			error = add_holder(&state->holders, &(const struct mo_holder){
				.kind = MO_HOLDER_PAGE_TABLES, .evidence = MO_HOLDER_BY_ALLOCATOR,
				.name = i == 2 && !model ? "page tables" : names[i], .bytes = pages[i] << state->page_shift,
				.pieces = pages[i], .page_class = MO_PAGE_PAGE_TABLE });
	return error;
}

struct mo_error *gather_accounting(struct owners_state *state)
{
	struct mo_error *error = add_caches(state);

	if (!error)
		error = gather_vmap_accounting(state);
	if (!error)
		error = add_page_tables(state);
	return error ? error : add_classes(state);
}
