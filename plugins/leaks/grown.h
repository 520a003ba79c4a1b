/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef LEAKS_GROWN_H
#define LEAKS_GROWN_H

/* Caches that look as if they had leaked: what their objects are reached from. */

#include "words.h"

/* Before marking: which caches these are. */
struct mo_error *find_grown(struct leaks_state *state) MO_MUST_USE;

/* Counters for each thread; and afterwards the sums of all threads' into the model. */
struct mo_error *begin_grown(const struct leaks_state *state, struct marking_thread *threads, unsigned n_threads) MO_MUST_USE;
void end_grown(struct leaks_state *state, struct marking_thread *threads, unsigned n_threads);

/* An object was marked, from an object of a cache (n_caches: from something else). */
static inline void count_grown(const struct leaks_state *state, struct marking_thread *thread, uint32_t slab)
{
	uint32_t grown = state->grown_of_cache[state->index.slabs->slabs[slab].cache];

	if (grown)
		thread->reached_from[(grown - 1) * (state->index.slabs->n_caches + 1) + thread->source_cache]++;
}

#endif
