/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef SLAB_CHARGES_H
#define SLAB_CHARGES_H

/* Which memory cgroup pays for the objects of a cache (include/linux/memcontrol.h, mm/slab.h; objects of their own since 5.9). */

#include "gathering.h"

#define MAX_CHARGES 4096

/* Objects of one memory cgroup. */
struct charge {
	uint64_t memcg_kva;          /* struct mem_cgroup; 0: charged to nobody */
	uint64_t n_objects;
};

struct charges {
	struct charge charges[MAX_CHARGES];
	size_t n;
	uint64_t n_unreadable;       /* objects of slabs whose vector could not be read */
	uint64_t n_others;           /* of further cgroups */
};

/* *ret is zeroed by the caller, who also frees what it lies in: it is too large for a stack. */
struct mo_error *gather_charges(const struct slab_state *state, const struct mo_slab_cache *cache,
				struct charges *ret) MO_MUST_USE;

extern const struct mo_table_spec slab_charges_table;
struct mo_error *put_charges(struct mo_run *run, struct mo_report *report, const struct mo_slab_cache *cache) MO_MUST_USE;

/* slabtop --charged: all caches' objects by cgroup. */
extern const struct mo_table_spec slab_cgroups_table;
struct mo_error *put_cgroups(struct mo_run *run, struct mo_report *report) MO_MUST_USE;

#endif
