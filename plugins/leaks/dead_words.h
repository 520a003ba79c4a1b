/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef LEAKS_DEAD_WORDS_H
#define LEAKS_DEAD_WORDS_H

/*
 * Words of memory that is in use, which nobody will read before they are written again: stacks below the stack pointer of
 * a task that does not run, stacks that no task has, what a CPU's cache of socket buffers or SLAB's arrays of free objects
 * have given away, and pages that kfree_rcu() keeps empty.
 */

#include "gathering.h"

struct dead_range {
	uint64_t pa, end_pa;
};

struct dead_words {
	struct dead_range *ranges; /* ascending, not overlapping */
	size_t n, n_slots;
	bool has_objects;          /* some lie in slab objects */
};

struct mo_error *find_dead_words(struct leaks_state *state, struct dead_words *ret) MO_MUST_USE;

/* Adds virtual memory, page by page; what cannot be translated stays alive. */
struct mo_error *add_dead_words(const struct leaks_state *state, struct dead_words *dead, uint64_t kva,
				uint64_t end_kva) MO_MUST_USE;

/* free_arrays.c */
struct mo_error *add_free_arrays(const struct leaks_state *state, struct dead_words *dead) MO_MUST_USE;

/* The first range that ends behind pa; NULL: none. */
const struct dead_range *next_dead(const struct dead_words *dead, uint64_t pa);

#endif
