/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One pass that joins objects which are linked with each other, and keeps for each the best reference from elsewhere. */
#include "reachable.h"

uint32_t component_of(const struct link_kind *kind, uint32_t number)
{
	for (;;) {
		uint32_t parent = __atomic_load_n(&kind->parents[number], __ATOMIC_RELAXED);
		uint32_t next;

		if (parent == number)
			return number;
		/* Halves the way for who comes later. */
		next = __atomic_load_n(&kind->parents[parent], __ATOMIC_RELAXED);
		__atomic_store_n(&kind->parents[number], next, __ATOMIC_RELAXED);
		number = next;
	}
}

/* The smaller number stands for both; threads may join at the same time. */
static void join(struct link_kind *kind, uint32_t a, uint32_t b)
{
	for (;;) {
		uint32_t small;
		uint32_t large;
		uint32_t expected;

		a = component_of(kind, a);
		b = component_of(kind, b);
		if (a == b)
			return;
		small = a < b ? a : b;
		large = a < b ? b : a;
		expected = large;
		if (__atomic_compare_exchange_n(&kind->parents[large], &expected, small, false, __ATOMIC_RELAXED, __ATOMIC_RELAXED))
			return;
	}
}

/* How likely memory is to have an anchor: containers, variables, objects; stacks are full of old pointers. */
static uint64_t rank_of_page(const struct mo_references *refs, uint64_t pa)
{
	switch (mo_page_class_of(refs->mem_map, pa >> refs->index.page_shift)) {
	case MO_PAGE_KERNEL_DATA:
		return 5;
	case MO_PAGE_VMALLOC:
	case MO_PAGE_LARGE_KMALLOC:
	case MO_PAGE_DIRECT:
	case MO_PAGE_SLAB:
		return 4;
	case MO_PAGE_PERCPU:
		return 3;
	case MO_PAGE_KERNEL_STACK:
		return 0;
	default:
		return 1;
	}
}

static void keep_best(uint64_t *best, uint64_t holder)
{
	uint64_t known = __atomic_load_n(best, __ATOMIC_RELAXED);

	while (known < holder && !__atomic_compare_exchange_n(best, &known, holder, true, __ATOMIC_RELAXED, __ATOMIC_RELAXED))
		;
}

static void hold(const struct reachable *reachable, struct link_kind *kind, const struct place_in_cache *from,
		 const struct place_in_cache *to, uint64_t pa)
{
	uint64_t rank = rank_of_page(&reachable->refs, pa);

	if (from)
		rank = reachable->is_node_cache[from->cache] ? 6 : from->cache == to->cache ? 2 : rank;
	keep_best(&kind->holders[to->number], rank << HOLDER_PA_BITS | (pa >> 3 & ((1ull << HOLDER_PA_BITS) - 1)));
}

static bool note_words(void *context, unsigned thread_index, const struct mo_word_view *view)
{
	struct reachable *reachable = context;
	const struct mo_object_index index = reachable->refs.index;

	(void)thread_index;
	for (size_t at = 0; at + index.word_bytes <= view->n_bytes; at += index.word_bytes) {
		uint64_t word = mo_index_word(&index, view->bytes + at);
		struct place_in_cache to;
		struct place_in_cache from;
		struct link_kind *kind;
		uint64_t from_kva;
		bool is_slab;

		if (word - index.first_kva >= index.n_pages << index.page_shift || !locate(reachable, word, &to))
			continue;
		kind = kind_at(reachable, &to);
		from_kva = index.slabs->direct_map_kva + view->pa + at;
		is_slab = view->kind == MO_SLAB_WORDS && mo_pointed_slab(&index, from_kva);
		if (!kind || (is_slab && !locate(reachable, from_kva, &from)))
			continue;
		if (is_slab && from.cache == to.cache && from.number == to.number)
			continue;
		if (is_slab && is_link(reachable, kind, &from, &to))
			join(kind, from.number, to.number);
		else
			hold(reachable, kind, is_slab ? &from : NULL, &to, view->pa + at);
	}
	return true;
}

struct mo_error *find_holders(struct reachable *reachable)
{
	struct mo_word_pass pass = mo_kernel_words_pass(&reachable->refs, note_words, reachable);
	uint64_t n_missing_pages = 0; /* told already: by the pass before */

	return mo_scan_words(&pass, &n_missing_pages);
}
