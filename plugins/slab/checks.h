/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef SLAB_CHECKS_H
#define SLAB_CHECKS_H

/*
 * The bytes that a debugged cache keeps around and in its objects (check_object() and slab_pad_check() in mm/slub.c;
 * slub_debug=Z and =P): red zones before and behind, of kmalloc's caches also behind what was asked for; poison in free
 * objects; padding behind the tracks, and behind a slab's last object.
 */

#include "gathering.h"

enum zone_kind { ZONE_LEFT, ZONE_RIGHT, ZONE_ASKED, ZONE_POISON, ZONE_POISON_END, ZONE_ALIGNMENT, ZONE_PADDING,
		 ZONE_SLAB_PADDING, N_ZONE_KINDS };
extern const char *const zone_names[N_ZONE_KINDS];

struct damage {
	const struct mo_slab *slab;
	uint32_t index;              /* of the object; of a slab's own padding the last one */
	enum zone_kind zone;
	uint8_t expected;
	uint64_t first_kva;          /* of the first byte that is wrong */
	uint32_t n_wrong;            /* bytes that are wrong in this zone */
	uint8_t found[16];           /* bytes from there on, as far as the zone goes */
	uint32_t n_found;
};

typedef void (*damage_function)(void *context, const struct damage *damage);

/* debug_layout.c */
struct debug_layout {
	bool has_red_zones, has_poison, has_padding;
	uint32_t asked_at;           /* byte of an object where the size is that kmalloc was asked for; 0: no red zone from there on */
	uint32_t padding_at;         /* byte of an object where its padding begins */
};

/* Whether a cache has anything to be checked. */
bool is_checkable(const struct slab_state *state, const struct mo_slab_cache *cache);
void find_debug_layout(const struct slab_state *state, const struct mo_slab_cache *cache, struct debug_layout *ret);

/* Calls function for all damage of a cache; *n_unread is how many of its slabs could not be read. */
struct mo_error *check_cache_bytes(const struct slab_state *state, const struct mo_slab_cache *cache, damage_function function,
				   void *context, uint64_t *n_unread) MO_MUST_USE;

/* standing_damage.c: of a kernel that runs. What is beyond the list is not told. */
#define MAX_STANDING_DAMAGES 4096
struct damage_list {
	struct damage *damages;      /* freed by who has the list */
	size_t n;
	bool is_out_of_memory;
};
void collect_damage(void *context, const struct damage *damage); /* context: a list */
/* Keeps what is the same in later looks; returns how much was not. */
size_t keep_standing_damage(const struct slab_state *state, struct damage_list *list);

/*
 * overwriting.c: what the n bytes at an address may be: "text "abcd"", "pointer to SYMBOL", "pointer to an object of CACHE",
 * "zeros"; empty if nothing is known of them.
 */
void describe_overwriting(const struct slab_state *state, uint64_t kva, uint32_t n_bytes, char *text, size_t n_text_bytes);

extern const struct mo_table_spec slabcheck_table;
struct mo_error *show_slabcheck(struct mo_run *run, struct mo_report *report) MO_MUST_USE;

#endif
