/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef LEAKS_SHEAVES_H
#define LEAKS_SHEAVES_H

/*
 * Sheaves (struct slab_sheaf, mm/slub.c since 6.18): arrays of free objects that the allocator keeps. They lead nowhere,
 * but they still have the addresses of objects that were taken out of them.
 */

#include "gathering.h"

struct sheaf_shape {
	bool is_known;
	uint64_t cache_bytes;    /* where the cache's address stands */
	uint64_t objects_bytes;  /* where the objects' begin */
	bool has_waiting;        /* full ones that wait for RCU can be told: their function says so */
	uint64_t size_bytes;     /* where the number of objects stands, 4 bytes */
	uint64_t function_bytes;
	uint64_t function_kva;
	uint32_t *capacities;    /* of each cache, in objects; 0: it has no sheaves, or that is not known */
};

struct mo_error *read_sheaf_shape(struct leaks_state *state, struct sheaf_shape *ret) MO_MUST_USE;

/*
 * Whether these bytes of an object are a sheaf: its cache's address, and as many words as that cache's sheaves have, each
 * of them 0 or the start of an object of that cache. Then its words are of no interest up to *end_ret.
 */
bool is_sheaf(const struct leaks_state *state, const struct sheaf_shape *shape, const uint8_t *bytes, size_t n_bytes,
	      uint64_t *end_ret);

/*
 * How many objects of a sheaf were given to kfree_rcu() and wait with it for a grace period: 0 if it waits for none. Such
 * a sheaf hangs on RCU's lists alone.
 */
uint64_t waiting_objects(const struct leaks_state *state, const struct sheaf_shape *shape, const uint8_t *bytes, uint64_t end);

#endif
