/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef MO_NAME_INDEX_H
#define MO_NAME_INDEX_H

/*
 * From a name to the number of an item: an open-addressing hash that stores hashes and item numbers, no strings. The
 * owner of the items keeps the names and answers whether item i has a given name. Several items may share a name;
 * they are visited in the order of insertion.
 */

#include <stddef.h>
#include <stdint.h>

#include <memopsy/error.h>

struct mo_name_index {
	uint64_t *slots;   /* hash bits above, item number + 1 below; 0: free */
	size_t n_slots;    /* a power of two */
	size_t n_items;
};

void mo_name_index_deinit(struct mo_name_index *index);

/* Room for n_items without growing. */
struct mo_error *mo_name_index_reserve(struct mo_name_index *index, size_t n_items) MO_MUST_USE;

uint64_t mo_name_hash(const char *name, size_t length);

struct mo_error *mo_name_index_add(struct mo_name_index *index, uint64_t hash, uint32_t item) MO_MUST_USE;

/*
 * Visits the items whose hash may be `hash`: start with cursor 0, until false. The caller compares the name.
 */
bool mo_name_index_next(const struct mo_name_index *index, uint64_t hash, size_t *cursor, uint32_t *item);

#endif
