/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Sorted tables of address ranges. */
#include <stdlib.h>

#include <memopsy/containers.h>

#include "gathering.h"

struct mo_error *add_range(struct range_table *table, uint64_t first_kva, uint64_t end_kva, uint32_t index)
{
	if (first_kva >= end_kva)
		return NULL;
	if (table->n == table->n_slots) {
		size_t n_slots = table->n_slots ? table->n_slots * 2 : 256;
		struct kva_range *ranges = reallocarray(table->ranges, n_slots, sizeof(*ranges));

		if (!ranges)
			return mo_error_no_memory();
		table->ranges = ranges;
		table->n_slots = n_slots;
	}
	table->ranges[table->n++] = (struct kva_range){ .first_kva = first_kva, .end_kva = end_kva, .index = index };
	return NULL;
}

static int compare_ranges(const void *left, const void *right)
{
	const struct kva_range *a = left;
	const struct kva_range *b = right;

	if (a->first_kva != b->first_kva)
		return a->first_kva < b->first_kva ? -1 : 1;
	return (a->index > b->index) - (a->index < b->index);
}

void sort_ranges(struct range_table *table)
{
	size_t n = 0;

	if (table->n)
		qsort(table->ranges, table->n, sizeof(*table->ranges), compare_ranges);
	for (size_t i = 0; i < table->n; i++) {
		struct kva_range range = table->ranges[i];

		if (n && range.first_kva < table->ranges[n - 1].end_kva)
			range.first_kva = table->ranges[n - 1].end_kva;
		if (range.first_kva < range.end_kva)
			table->ranges[n++] = range;
	}
	table->n = n;
}

const struct kva_range *range_at(const struct range_table *table, uint64_t kva)
{
	size_t low = mo_lower_bound(table->n, at, table->ranges[at].end_kva <= kva);

	return low < table->n && table->ranges[low].first_kva <= kva ? &table->ranges[low] : NULL;
}

struct mo_error *only_fatal(struct mo_error *error)
{
	if (!error || mo_error_ends_run(error))
		return error;
	mo_error_destroy(error);
	return NULL;
}
