/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Who had a lost object: a module's text or data that it points at (its table of operations, its owner field), else the
 * module whose constructor made it, else the kernel's own symbol that it points at.
 */
#include <stdlib.h>

#include "words.h"

#define MEMO_SLOTS 1024           /* lost objects of a kind point at the same few symbols */
#define MAX_OBJECT_BYTES 8192    /* as far as objects are searched */

struct memo {
	uint64_t word;
	struct owner owner;
	bool is_filled;
};

struct owner_finder {
	const struct leaks_state *state;
	struct mo_reader *reader;
	const struct mo_symbols *symbols;
	uint64_t first_kva;       /* below the lowest symbol that is no per-CPU offset */
	struct memo memos[MEMO_SLOTS];
};

/* Addresses below the kernel's and modules' symbols need no look-up. */
static uint64_t lowest_symbol(const struct mo_symbols *symbols)
{
	uint64_t lowest = UINT64_MAX;

	for (size_t i = 0; i < mo_symbols_count(symbols); i++) {
		struct mo_symbol symbol;

		mo_symbols_get(symbols, i, &symbol);
		/* Offsets of per-CPU variables begin at 0. */
		if (symbol.value_kva >> 31 && symbol.value_kva < lowest)
			lowest = symbol.value_kva;
	}
	return lowest;
}

struct mo_error *create_owner_finder(struct leaks_state *state, struct owner_finder **ret)
{
	struct owner_finder *finder = calloc(1, sizeof(*finder));
	struct mo_error *error;

	if (!finder)
		return mo_error_no_memory();
	/* Without modules' symbols only the kernel's own are known, and no module is named. */
	mo_error_destroy(mo_kernel_load_modules(mo_run_kernel(state->run)));
	finder->state = state;
	finder->reader = mo_run_reader(state->run);
	finder->symbols = mo_kernel_symbols(mo_run_kernel(state->run));
	finder->first_kva = lowest_symbol(finder->symbols);
	error = mo_module_index_init(&state->modules, finder->reader);
	if (mo_error_ends_run(error)) {
		destroy_owner_finder(finder);
		return error;
	}
	mo_error_destroy(error);
	*ret = finder;
	return NULL;
}

void destroy_owner_finder(struct owner_finder *finder)
{
	free(finder);
}

static struct owner owner_at(struct owner_finder *finder, uint64_t word)
{
	struct memo *memo = &finder->memos[(word >> 3 ^ word >> 13) % MEMO_SLOTS];
	struct mo_symbol symbol;
	struct mo_error *error;

	if (memo->is_filled && memo->word == word)
		return memo->owner;
	*memo = (struct memo){ .word = word, .is_filled = true };
	error = mo_symbols_at(finder->symbols, word, &symbol);
	if (!error)
		memo->owner = (struct owner){ .module = symbol.module, .symbol = symbol.name,
					      .offset_bytes = word - symbol.value_kva,
					      .source = MO_OWNER_POINTERS };
	mo_error_destroy(error);
	if (!memo->owner.module) {
		memo->owner.module = mo_module_at(&finder->state->modules, word);
		memo->owner.source = MO_OWNER_POINTERS;
	}
	return memo->owner;
}

/* The best owner among the words of some bytes: the first module, else the first symbol. */
static bool look_through(struct owner_finder *finder, const uint8_t *bytes, size_t n_bytes, struct owner *best)
{
	const struct mo_object_index *index = &finder->state->index;

	for (size_t at = 0; at + index->word_bytes <= n_bytes; at += index->word_bytes) {
		uint64_t word = mo_index_word(index, bytes + at);
		struct owner owner;

		/* Small negative numbers are no addresses. */
		if (word < finder->first_kva || word > UINT64_MAX - 0x100000)
			continue;
		owner = owner_at(finder, word);
		if (owner.module || (owner.symbol && !best->symbol))
			*best = owner;
		if (owner.module)
			return true;
	}
	return false;
}

/* Areas know who asked for them. */
static struct owner owner_of_area(const struct leaks_state *state, uint64_t kva)
{
	const struct mo_vmap_area *area = mo_vmap_area_at(state->vmap, kva);

	return area ? (struct owner){ .module = area->caller_module, .symbol = area->caller_name, .source = MO_OWNER_AREA } :
		      (struct owner){ .module = NULL };
}

struct owner find_owner(struct owner_finder *finder, uint32_t lost)
{
	const struct mo_object_index *index = &finder->state->index;
	const struct mo_lost_object *object = &finder->state->lost[lost];
	uint64_t constructor_kva = object->kind == MO_LOST_OBJECT ?
					   index->slabs->caches[index->slabs->slabs[object->slab].cache].constructor_kva :
					   0;
	struct owner best = { .module = NULL };
	uint64_t kva;
	uint64_t n_bytes;

	if (object->kind == MO_LOST_AREA)
		best = owner_of_area(finder->state, object->kva);
	if (best.module)
		return best;
	mo_object_span(index, ref_of(finder->state, object), &kva, &n_bytes);
	if (n_bytes > MAX_OBJECT_BYTES)
		n_bytes = MAX_OBJECT_BYTES;
	while (n_bytes) {
		const void *view;
		size_t n_viewed;
		struct mo_error *error = view_node(finder->state, finder->reader, ref_of(finder->state, object), kva, n_bytes, &view,
						   &n_viewed);

		if (mo_error_destroy(error) || look_through(finder, view, n_viewed, &best))
			break;
		kva += n_viewed;
		n_bytes -= n_viewed;
	}
	if (!best.module && constructor_kva) {
		struct owner constructor = owner_at(finder, constructor_kva);

		constructor.source = MO_OWNER_CONSTRUCTOR;
		if (constructor.module)
			return constructor;
	}
	return best;
}
