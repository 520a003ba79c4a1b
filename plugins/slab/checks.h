/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef SLAB_CHECKS_H
#define SLAB_CHECKS_H

/*
 * The bytes that a debugged cache keeps around and in its objects (check_object() in mm/slub.c; slub_debug=Z and =P):
 * red zones before and behind, poison in free objects. Padding behind the tracks, and the rest of a kmalloc object beyond
 * what was asked for, are not looked at.
 */

#include "gathering.h"

enum zone_kind { ZONE_LEFT, ZONE_RIGHT, ZONE_POISON, ZONE_POISON_END, N_ZONE_KINDS };
extern const char *const zone_names[N_ZONE_KINDS];

struct damage {
	const struct mo_slab *slab;
	uint32_t index;
	enum zone_kind zone;
	uint8_t expected;
	uint64_t first_kva;          /* of the first byte that is wrong */
	uint32_t n_wrong;            /* bytes that are wrong in this zone */
	uint8_t found[16];           /* bytes from there on, as far as the zone goes */
	uint32_t n_found;
};

typedef void (*damage_function)(void *context, const struct damage *damage);

/* Whether a cache has anything to be checked. */
bool is_checkable(const struct slab_state *state, const struct mo_slab_cache *cache);

/* Calls function for all damage of a cache; *n_unread is how many of its slabs could not be read. */
struct mo_error *check_cache_bytes(const struct slab_state *state, const struct mo_slab_cache *cache, damage_function function,
				   void *context, uint64_t *n_unread) MO_MUST_USE;

extern const struct mo_table_spec slabcheck_table;
struct mo_error *show_slabcheck(struct mo_run *run, struct mo_report *report) MO_MUST_USE;

#endif
