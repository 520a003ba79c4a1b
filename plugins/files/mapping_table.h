/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef MAPPING_TABLE_H
#define MAPPING_TABLE_H

/*
 * Pages counted by address_space: rows side by side in the order in which they were met, and a table of their
 * numbers. One a thread while scanning, merged afterwards.
 */

#include <memopsy/containers.h>
#include <memopsy/error.h>

#include <stddef.h>

struct mapping_counts {
	uint64_t mapping_kva;
	uint64_t pages, dirty, writeback, mapped, unevictable;
	uint32_t file;               /* index, once there are files */
	bool is_hugetlb;
	bool has_vmas;               /* its tree of VMAs is not empty */
};

struct mapping_table {
	struct mapping_counts *rows;
	size_t n_used, n_allocated;
	struct mo_int_table index;   /* of a row, by mapping */
};

/* The counts of a mapping, made if there are none. NULL: no memory. Valid until the next call. */
struct mapping_counts *mapping_table_get(struct mapping_table *table, uint64_t mapping_kva);
/* NULL: none. */
struct mapping_counts *mapping_table_find(const struct mapping_table *table, uint64_t mapping_kva);
/* Adds the counts of another one, which it leaves empty. */
struct mo_error *mapping_table_merge(struct mapping_table *into, struct mapping_table *from) MO_MUST_USE;
/* Sorts the rows by address. */
struct mo_error *mapping_table_sort(struct mapping_table *table) MO_MUST_USE;
void mapping_table_deinit(struct mapping_table *table);

#endif
