/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Page counts by address_space: a hash table over rows that stay side by side. */
#include "mapping_table.h"

#include <stdlib.h>

#define FIRST_ROWS 512u
#define MAX_ROWS (1u << 31)

static bool grow(struct mapping_table *table)
{
	size_t n = table->n_allocated ? table->n_allocated * 2 : FIRST_ROWS;
	struct mapping_counts *rows = n <= MAX_ROWS ? realloc(table->rows, n * sizeof(*rows)) : NULL;

	if (!rows)
		return false;
	table->rows = rows;
	table->n_allocated = n;
	return true;
}

struct mapping_counts *mapping_table_get(struct mapping_table *table, uint64_t mapping_kva)
{
	const uint64_t *row;
	bool is_new;

	if (table->n_used == table->n_allocated && !grow(table))
		return NULL;
	row = mo_int_table_enter(&table->index, mapping_kva, table->n_used, &is_new);
	if (row && is_new)
		table->rows[table->n_used++] = (struct mapping_counts){ .mapping_kva = mapping_kva };
	return row ? &table->rows[*row] : NULL;
}

struct mapping_counts *mapping_table_find(const struct mapping_table *table, uint64_t mapping_kva)
{
	const uint64_t *row = mo_int_table_find(&table->index, mapping_kva);

	return row ? &table->rows[*row] : NULL;
}

struct mo_error *mapping_table_merge(struct mapping_table *into, struct mapping_table *from)
{
	if (!into->n_used) {
		mapping_table_deinit(into);
		*into = *from;
		*from = (struct mapping_table){ 0 };
		return NULL;
	}
	for (size_t i = 0; i < from->n_used; i++) {
		const struct mapping_counts *counts = &from->rows[i];
		struct mapping_counts *sum = mapping_table_get(into, counts->mapping_kva);

		if (!sum)
			return mo_error_no_memory();
		sum->pages += counts->pages;
		sum->dirty += counts->dirty;
		sum->writeback += counts->writeback;
		sum->mapped += counts->mapped;
		sum->unevictable += counts->unevictable;
		sum->is_hugetlb |= counts->is_hugetlb;
	}
	mapping_table_deinit(from);
	return NULL;
}

static int compare_rows(const void *left, const void *right)
{
	const struct mapping_counts *a = left;
	const struct mapping_counts *b = right;

	return a->mapping_kva < b->mapping_kva ? -1 : a->mapping_kva > b->mapping_kva;
}

struct mo_error *mapping_table_sort(struct mapping_table *table)
{
	if (!table->n_used)
		return NULL;
	qsort(table->rows, table->n_used, sizeof(*table->rows), compare_rows);
	for (size_t i = 0; i < table->n_used; i++) {
		uint64_t *row = mo_int_table_enter(&table->index, table->rows[i].mapping_kva, i, NULL);

		if (!row)
			return mo_error_no_memory();
		*row = i;
	}
	return NULL;
}

void mapping_table_deinit(struct mapping_table *table)
{
	free(table->rows);
	mo_int_table_deinit(&table->index);
	*table = (struct mapping_table){ 0 };
}
