/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Looks for pointers into any of many ranges of addresses, in one pass. */
#include <stdlib.h>

#include <memopsy/containers.h>

#include "gathering.h"

#define FILTER_BITS 20u
#define FILTER_BYTES ((1u << FILTER_BITS) / 8u)
#define FILTER_PAGE_SHIFT 12u
#define LEAST_WORD 4096u /* what is lower is a count, not an address, nor memory of the per-CPU allocator */
#define MOST_TARGET_BYTES (1ull << 20)

static size_t filter_bit(uint64_t kva)
{
	return (size_t)((kva >> FILTER_PAGE_SHIFT) * 0x9e3779b97f4a7c15ull >> (64 - FILTER_BITS));
}

struct mo_error *add_target(struct target_table *table, uint64_t first_kva, uint64_t end_kva)
{
	if (first_kva >= end_kva || end_kva - first_kva > MOST_TARGET_BYTES)
		return NULL;
	if (table->n == table->n_slots) {
		size_t n_slots = table->n_slots ? table->n_slots * 2 : 1024;
		struct target *grown = reallocarray(table->targets, n_slots, sizeof(*grown));

		if (!grown)
			return mo_error_no_memory();
		table->targets = grown;
		table->n_slots = n_slots;
	}
	table->targets[table->n++] = (struct target){ .first_kva = first_kva, .end_kva = end_kva, .best = NO_POINTER };
	return NULL;
}

static int compare_targets(const void *left, const void *right)
{
	uint64_t a = ((const struct target *)left)->first_kva;
	uint64_t b = ((const struct target *)right)->first_kva;

	return a < b ? -1 : a > b;
}

const struct target *target_at(const struct target_table *table, uint64_t kva)
{
	size_t low = mo_lower_bound(table->n, at, table->targets[at].end_kva <= kva);

	return low < table->n && table->targets[low].first_kva <= kva ? &table->targets[low] : NULL;
}

/* Sorted, each once, and entered into the filter. */
static struct mo_error *prepare(struct target_table *table)
{
	size_t n = 0;

	table->filter = calloc(1, FILTER_BYTES);
	if (!table->filter)
		return mo_error_no_memory();
	qsort(table->targets, table->n, sizeof(*table->targets), compare_targets);
	for (size_t i = 0; i < table->n; i++)
		if (!n || table->targets[i].first_kva >= table->targets[n - 1].end_kva)
			table->targets[n++] = table->targets[i];
	table->n = n;
	for (size_t i = 0; i < n; i++)
		for (uint64_t page = table->targets[i].first_kva >> FILTER_PAGE_SHIFT;
		     page <= (table->targets[i].end_kva - 1) >> FILTER_PAGE_SHIFT; page++) {
			size_t bit = filter_bit(page << FILTER_PAGE_SHIFT);

			table->filter[bit / 8] |= (uint8_t)(1u << bit % 8);
		}
	return NULL;
}

struct target_pass {
	struct word_scan scan; /* first: the pass is given as that */
	struct target_table *table;
};

/* Of objects of kmalloc() less is known than of those of a cache with a name: they rank behind these. */
static enum pointer_rank rank_here(const struct owners_state *state, uint64_t kva, enum pointer_rank rank)
{
	const struct mo_slab *slab;
	const char *name;
	uint32_t index;

	if (rank != RANK_SLAB || !mo_object_at(state->slabs, kva, &slab, &index))
		return rank;
	if (mo_object_is_free(mo_object_state_of(state->slabs, slab, index)))
		return N_RANKS;
	name = state->slabs->caches[slab->cache].name;
	return name && strstr(name, "kmalloc-") ? RANK_LARGE_KMALLOC : RANK_SLAB;
}

static void meet(const struct target_pass *pass, uint64_t pa, enum pointer_rank rank, uint64_t word)
{
	const struct owners_state *state = pass->scan.state;
	const struct target *found = target_at(pass->table, word);
	uint64_t at_kva = state->slabs->direct_map_kva + pa;
	struct target *target;
	uint64_t pointer;
	uint64_t best;

	/* What points at itself is the head of an empty list. */
	if (!found || (pass->table->is_exact && word != found->first_kva) || at_kva - found->first_kva < found->end_kva - found->first_kva)
		return;
	rank = rank_here(state, at_kva, rank);
	if (rank >= RANK_STRUCT_PAGE)
		return;
	target = &pass->table->targets[found - pass->table->targets];
	pointer = (uint64_t)rank << POINTER_RANK_SHIFT | (uint64_t)(word != found->first_kva) << POINTER_INSIDE_BIT |
		  (pa & POINTER_PA_MASK);
	best = __atomic_load_n(&target->best, __ATOMIC_RELAXED);
	while (pointer < best &&
	       !__atomic_compare_exchange_n(&target->best, &best, pointer, true, __ATOMIC_RELAXED, __ATOMIC_RELAXED))
		continue;
}

static void look_for_targets(const struct word_scan *scan, const uint8_t *bytes, size_t n_bytes, uint64_t pa,
			     enum pointer_rank rank)
{
	const struct target_pass *pass = (const struct target_pass *)scan;
	const uint8_t *filter = pass->table->filter;

	/* Nothing that is better than these ranks is looked for: what they say is left over, or about other things. */
	if (rank >= RANK_STRUCT_PAGE)
		return;
	for (size_t at = 0; at + 8 <= n_bytes; at += 8) {
		uint64_t word = word_at(bytes + at, scan->is_swapped);
		size_t bit;

		if (word < LEAST_WORD)
			continue;
		bit = filter_bit(word);
		if (filter[bit / 8] >> bit % 8 & 1)
			meet(pass, pa + at, rank, word);
	}
}

struct mo_error *find_target_pointers(struct owners_state *state, struct target_table *table, const char *what)
{
	struct target_pass pass = { .scan = { .state = state, .what = what, .look = look_for_targets }, .table = table };
	struct mo_error *error;

	if (!table->n)
		return NULL;
	error = prepare(table);
	return error ? error : scan_kernel_words(&pass.scan);
}

void targets_deinit(struct target_table *table)
{
	free(table->targets);
	free(table->filter);
	*table = (struct target_table){ .n = 0 };
}
