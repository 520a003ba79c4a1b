/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef SLAB_TRACKS_H
#define SLAB_TRACKS_H

/*
 * Who allocated or freed objects, of caches that keep tracks (SLAB_STORE_USER: slub_debug=U): struct track behind each
 * object (mm/slub.c), with its stack inside until 5.17 and in stackdepot (lib/stackdepot.c) since 5.18.
 */

#include <memopsy/stack_depot.h>

#include "gathering.h"

#define MAX_TRACK_BYTES 512
#define MAX_FRAMES MO_STACK_DEPOT_FRAMES

enum track_item { TRACK_ALLOC = 0, TRACK_FREE = 1 };

/* Objects with one caller and one stack. */
struct track_group {
	uint64_t caller;
	uint64_t stack;             /* the handle; of a stack in the track itself a hash of it */
	uint64_t track_kva;         /* of one of them */
	uint64_t n_objects;
	uint64_t min_age, max_age, sum_age; /* in jiffies */
	int64_t min_pid, max_pid;
};

struct track_groups {
	struct track_group *groups; /* sorted, most objects first */
	size_t n, n_slots;
	uint32_t *table;            /* index + 1 by hash; twice as large as n_slots */
	uint64_t unreadable;
};

/* Groups the tracks of all allocated objects, as /sys/kernel/debug/slab/CACHE/alloc_traces does. */
struct mo_error *gather_tracks(const struct slab_state *state, const struct mo_slab_cache *cache, enum track_item item,
			       struct track_groups *ret) MO_MUST_USE;
void track_groups_deinit(struct track_groups *groups);

/* The frames of a group; at most MAX_FRAMES of them. */
struct mo_error *read_track_stack(const struct slab_state *state, const struct track_group *group, uint64_t *frames,
				  size_t *n_ret) MO_MUST_USE;

extern const struct mo_table_spec slab_tracks_table;
struct mo_error *put_tracks(struct mo_run *run, struct mo_report *report, const struct mo_slab_cache *cache,
			    enum track_item item) MO_MUST_USE;

#endif
