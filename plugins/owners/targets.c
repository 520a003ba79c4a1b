/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Pointers into any of many ranges of addresses, and which places' words count for what. */
#include <stdlib.h>

#include "gathering.h"

#define WORD_MIN 4096u /* what is lower is a count, not an address, nor memory of the per-CPU allocator */
#define TARGET_BYTES_MAX (1ull << 20)

static enum pointer_rank rank_of(enum mo_page_class class)
{
	switch (class) {
	case MO_PAGE_KERNEL_DATA:
	case MO_PAGE_KERNEL_INIT:
	case MO_PAGE_PERCPU:
		return RANK_VARIABLE;
	case MO_PAGE_SLAB:
		return RANK_SLAB;
	case MO_PAGE_VMALLOC:
		return RANK_VMALLOC;
	case MO_PAGE_LARGE_KMALLOC:
		return RANK_LARGE_KMALLOC;
	case MO_PAGE_DIRECT:
		return RANK_DIRECT;
	case MO_PAGE_MEM_MAP:
		return RANK_STRUCT_PAGE;
	case MO_PAGE_PAGE_TABLE:
		return RANK_PAGE_TABLE;
	case MO_PAGE_KERNEL_STACK:
		return RANK_STACK;
	case MO_PAGE_UNKNOWN:
	case MO_PAGE_PAGE_EXT:
	case MO_PAGE_RESERVED:
	case MO_PAGE_PAGE_POOL:
	case MO_PAGE_ISOLATED:
		return RANK_REST;
	default:
		return N_RANKS;
	}
}

struct mo_error *scan_ranks(struct owners_state *state, const char *what, enum pointer_rank end_rank, mo_word_function look,
			    void *context, uint64_t *n_missing_pages)
{
	struct mo_word_pass pass = { .kernel = state->kernel, .progress = mo_run_progress(state->run), .runs = state->mem_map->runs, .n_runs = state->mem_map->n_runs,
				     .phase = what, .look = look, .context = context };

	/* Words of 32-bit kernels, whose direct map is at most a gigabyte, are not looked at. */
	if (state->index.word_bytes != 8)
		return NULL;
	for (unsigned class = 0; class < MO_N_PAGE_CLASSES; class++) {
		enum pointer_rank rank = rank_of((enum mo_page_class)class);

		pass.kinds[class] = rank < end_rank ? (uint8_t)rank + 1 : 0;
	}
	return mo_scan_words(&pass, n_missing_pages);
}

bool slab_object_at(const struct owners_state *state, uint64_t pa, uint32_t *cache_ret, bool *is_free_ret)
{
	const struct mo_object_index *index = &state->index;
	uint64_t kva = state->slabs->direct_map_kva + pa;
	uint32_t number = mo_pointed_slab(index, kva);
	struct mo_object_ref ref = { .slab = number - 1 };
	const struct mo_slab *slab;

	if (number) {
		if (!mo_pointed_object(index, ref.slab, kva, &ref.index))
			return false;
		*cache_ret = state->slabs->slabs[ref.slab].cache;
		*is_free_ret = mo_object_is_free(mo_index_state(index, ref));
		return true;
	}
	/* Slabs of forms that the index leaves out are few. */
	if (!mo_object_at(state->slabs, kva, &slab, &ref.index))
		return false;
	*cache_ret = slab->cache;
	*is_free_ret = mo_object_is_free(mo_object_state_of(state->slabs, slab, ref.index));
	return true;
}

void keep_best(uint64_t *best, uint64_t pointer)
{
	uint64_t known = __atomic_load_n(best, __ATOMIC_RELAXED);

	while (pointer < known && !__atomic_compare_exchange_n(best, &known, pointer, true, __ATOMIC_RELAXED, __ATOMIC_RELAXED))
		continue;
}

struct mo_error *add_target(struct target_table *table, uint64_t first_kva, uint64_t end_kva)
{
	if (first_kva >= end_kva || end_kva - first_kva > TARGET_BYTES_MAX)
		return NULL;
	return mo_word_ranges_add(&table->ranges, (struct mo_word_range){ .first = first_kva, .end = end_kva });
}

struct mo_error *prepare_targets(struct target_table *table)
{
	struct mo_error *error = mo_word_ranges_prepare(&table->ranges);

	if (error)
		return error;
	table->best = malloc((table->ranges.n + 1) * sizeof(*table->best));
	if (!table->best)
		return mo_error_no_memory();
	for (size_t i = 0; i < table->ranges.n; i++)
		table->best[i] = NO_POINTER;
	return NULL;
}

uint64_t best_pointer(const struct target_table *table, uint64_t kva)
{
	const struct mo_word_range *range = table->best ? mo_word_range_of(&table->ranges, kva) : NULL;

	return range ? table->best[range - table->ranges.ranges] : NO_POINTER;
}

/* Of objects of kmalloc() less is known than of those of a cache with a name: they rank behind these. */
static enum pointer_rank rank_here(const struct owners_state *state, uint64_t pa, enum pointer_rank rank)
{
	uint32_t cache;
	bool is_free;

	if (rank != RANK_SLAB || !slab_object_at(state, pa, &cache, &is_free))
		return rank;
	if (is_free)
		return N_RANKS;
	return is_generic_cache(state, cache) ? RANK_LARGE_KMALLOC : RANK_SLAB;
}

void keep_best_target(const struct owners_state *state, uint64_t *best, uint64_t pa, enum pointer_rank rank, bool is_begin)
{
	rank = rank_here(state, pa, rank);
	if (rank < END_OF_TARGET_RANKS)
		keep_best(best, (uint64_t)rank << POINTER_RANK_SHIFT | (uint64_t)!is_begin << POINTER_INSIDE_BIT | (pa & POINTER_PA_MASK));
}

void note_target(const struct owners_state *state, const struct target_table *table, uint64_t pa, enum pointer_rank rank,
		 uint64_t word)
{
	const struct mo_word_range *found = word < WORD_MIN ? NULL : mo_word_range_of(&table->ranges, word);
	uint64_t at_kva = state->slabs->direct_map_kva + pa;

	/* What points at itself is the head of an empty list. */
	if (!found || (table->is_exact && word != found->first) || at_kva - found->first < found->end - found->first)
		return;
	keep_best_target(state, &table->best[found - table->ranges.ranges], pa, rank, word == found->first);
}

struct target_pass {
	const struct owners_state *state;
	const struct target_table *table;
};

static bool look_for_targets(void *context, unsigned thread_index, const struct mo_word_view *view)
{
	const struct target_pass *pass = context;
	const struct mo_word_ranges ranges = pass->table->ranges;
	const struct mo_object_index index = pass->state->index;
	const uint8_t *bytes = view->bytes;
	size_t n_bytes = view->n_bytes;

	(void)thread_index;
	for (size_t at = 0; at + sizeof(uint64_t) <= n_bytes; at += sizeof(uint64_t)) {
		uint64_t word;

		if (at % 64 == 0)
			at = mo_skip_zero_words(bytes, at, n_bytes);
		word = mo_index_word(&index, bytes + at);
		if (mo_may_refer(&ranges, word))
			note_target(pass->state, pass->table, view->pa + at, (enum pointer_rank)(view->kind - 1), word);
	}
	return true;
}

struct mo_error *find_target_pointers(struct owners_state *state, struct target_table *table, const char *what)
{
	struct target_pass pass = { .state = state, .table = table };
	uint64_t n_missing_pages = 0; /* told by the first pass */
	struct mo_error *error = prepare_targets(table);

	if (error || !table->ranges.n)
		return error;
	return scan_ranks(state, what, END_OF_TARGET_RANKS, look_for_targets, &pass, &n_missing_pages);
}

void targets_deinit(struct target_table *table)
{
	mo_word_ranges_deinit(&table->ranges);
	free(table->best);
	table->best = NULL;
}
