/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef LEAKS_DEFERRED_H
#define LEAKS_DEFERRED_H

/* What waits for RCU: not lost, and not anybody's either. */

#include "gathering.h"

/* Objects given to call_rcu() whose callback has not been called (struct rcu_segcblist, kernel/rcu/rcu_segcblist.c). */
struct mo_error *count_callbacks(struct leaks_state *state) MO_MUST_USE;

/*
 * Objects on kfree_rcu()'s own lists that wait for no grace period yet, as the kernel counts them; and those of batches
 * whose grace period is running, by their lists.
 */
void count_kfree_rcu(struct leaks_state *state);

/* Areas of vmalloc that were freed and whose addresses are still kept (vmap_purge_list, mm/vmalloc.c). */
void count_areas_to_purge(struct leaks_state *state);

#endif
