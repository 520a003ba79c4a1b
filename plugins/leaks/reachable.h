/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef LEAKS_REACHABLE_H
#define LEAKS_REACHABLE_H

/*
 * `leaks --reachable`: not lost, but many, and all on one anchor. Objects of one cache that point at each other at one and
 * the same byte are links of a list, chain or tree (reachable_links.c finds such bytes by counting); what points at that
 * byte from elsewhere is their anchor (reachable_holders.c); nodes of xarrays and maple trees only hand on
 * (reachable_groups.c).
 */

#include <memopsy/plugin.h>
#include <memopsy/references.h>

#define MAX_LINK_KINDS 96u
#define MAX_KINDS_OF_CACHE 4u

/* A byte of a cache's objects at which others point. */
struct link_kind {
	uint32_t cache;
	uint32_t offset_bytes;   /* from the start of an object's room */
	bool is_linked;          /* objects of the cache point at each other there */
	bool is_tree;            /* by three words: parent, right, left */
	bool is_node;            /* of a container: what it holds hangs on what holds it */
	uint32_t n_objects;      /* places for objects in all slabs of the cache */
	uint32_t *parents;       /* of each object: one of the same component; of one of them itself */
	uint64_t *holders;       /* of each: the best reference from elsewhere; see holder_of() */
	/* While groups are made: */
	uint32_t *counts;        /* of the one that stands for its component: allocated objects in it */
	uint64_t *best;          /* ...: the best holder of them all */
};

struct reachable {
	struct mo_references refs;
	uint32_t *slab_numbers;  /* of each slab: how many objects its cache has in slabs before it */
	uint32_t *cache_objects; /* of each cache: places for objects */
	bool *is_node_cache;
	uint64_t *first_words;   /* of each cache: where its words begin in the tables below */
	uint64_t n_words;
	uint32_t n_caches;
	uint8_t *kind_of_word;   /* index of a kind + 1; 0: none */
	struct link_kind kinds[MAX_LINK_KINDS];
	uint32_t n_kinds;
	uint64_t n_missing_pages;
};

/* An object by its number in its cache, and the byte in its room. */
struct place_in_cache {
	uint32_t cache;
	uint32_t number;
	uint32_t offset_bytes;
};

/* The allocated object that a word points into; false: none. */
bool locate(const struct reachable *reachable, uint64_t word, struct place_in_cache *ret);
bool is_link(const struct reachable *reachable, const struct link_kind *kind, const struct place_in_cache *from,
	     const struct place_in_cache *to);
struct link_kind *kind_at(struct reachable *reachable, const struct place_in_cache *place);
uint32_t component_of(const struct link_kind *kind, uint32_t number);

/* reachable_links.c: tables, and which bytes are linked by. */
struct mo_error *find_links(struct reachable *reachable) MO_MUST_USE;
void free_links(struct reachable *reachable);

/* reachable_holders.c: joins what is linked, and keeps the best holder of each object. */
struct mo_error *find_holders(struct reachable *reachable) MO_MUST_USE;
/* A holder is where a reference lies, with how likely it is to be an anchor in its upper bits; 0: none. */
#define HOLDER_PA_BITS 56
static inline uint64_t holder_pa(uint64_t holder)
{
	return (holder & ((1ull << HOLDER_PA_BITS) - 1)) << 3;
}
#define HOLDER_LINKS_BACK (1ull << 63) /* what it points at points back, as a list's first entry does */

/* Many objects on one anchor, or each on one of many of the same kind. */
struct held_group {
	uint32_t kind;           /* index into kinds */
	uint64_t objects, bytes;
	uint64_t anchors;        /* 1, or how many objects hold them, each a few */
	uint64_t anchor_pa;      /* of one reference in the anchor */
	uint64_t anchor_kva;     /* of the anchor's first byte */
	uint32_t anchor_cache;   /* of objects; else MO_SLAB_NO_CACHE */
	bool links_back;
	bool has_one_byte;       /* all references lie at the same byte of it, or in the two words of a list head */
};
struct held_groups {
	struct held_group *groups; /* the largest first */
	size_t n, n_slots;
};
/* reachable_groups.c */
struct mo_error *group_held(struct reachable *reachable, struct held_groups *ret) MO_MUST_USE;

#endif
