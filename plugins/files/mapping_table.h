/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef MAPPING_TABLE_H
#define MAPPING_TABLE_H

/* Pages counted by address_space: a hash table that grows, one a thread while scanning, merged afterwards. */

#include <memopsy/error.h>

#include <stddef.h>

struct mapping_counts {
	uint64_t mapping_kva;        /* 0: an empty slot */
	uint64_t pages, dirty, writeback, mapped, unevictable;
	uint32_t file;               /* index, once there are files */
	bool is_hugetlb;
};

struct mapping_table {
	struct mapping_counts *slots;
	size_t n_slots;              /* a power of two, or 0 */
	size_t n_used;
};

/* The counts of a mapping, made if there are none. NULL: no memory. Valid until the next call. */
struct mapping_counts *mapping_table_get(struct mapping_table *table, uint64_t mapping_kva);
/* NULL: none. */
const struct mapping_counts *mapping_table_find(const struct mapping_table *table, uint64_t mapping_kva);
/* Adds the counts of another one. */
struct mo_error *mapping_table_merge(struct mapping_table *into, const struct mapping_table *from) MO_MUST_USE;
void mapping_table_deinit(struct mapping_table *table);

#endif
