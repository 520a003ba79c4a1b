/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "mapping_table.h"

#include <stdlib.h>

#define FIRST_ROWS 512u
#define MOST_ROWS (1u << 31)

static uint32_t *slot_of(const struct mapping_table *table, uint64_t mapping_kva)
{
	size_t mask = table->n_slots - 1;
	size_t at = (size_t)((mapping_kva >> 3) * 0x9e3779b97f4a7c15ull >> 20) & mask;

	while (table->slots[at] && table->rows[table->slots[at] - 1].mapping_kva != mapping_kva)
		at = (at + 1) & mask;
	return &table->slots[at];
}

/* Twice as many slots as rows, at least. */
static bool index_rows(struct mapping_table *table, size_t n_slots)
{
	uint32_t *slots = calloc(n_slots, sizeof(*slots));

	if (!slots)
		return false;
	free(table->slots);
	table->slots = slots;
	table->n_slots = n_slots;
	for (size_t i = 0; i < table->n_used; i++)
		*slot_of(table, table->rows[i].mapping_kva) = (uint32_t)i + 1;
	return true;
}

static bool grow(struct mapping_table *table)
{
	size_t n = table->n_allocated ? table->n_allocated * 2 : FIRST_ROWS;
	struct mapping_counts *rows = n <= MOST_ROWS ? realloc(table->rows, n * sizeof(*rows)) : NULL;

	if (!rows)
		return false;
	table->rows = rows;
	if (!index_rows(table, n * 2))
		return false;
	table->n_allocated = n;
	return true;
}

struct mapping_counts *mapping_table_get(struct mapping_table *table, uint64_t mapping_kva)
{
	uint32_t *slot;

	if (table->n_used == table->n_allocated && !grow(table))
		return NULL;
	slot = slot_of(table, mapping_kva);
	if (!*slot) {
		table->rows[table->n_used] = (struct mapping_counts){ .mapping_kva = mapping_kva };
		*slot = (uint32_t)++table->n_used;
	}
	return &table->rows[*slot - 1];
}

struct mapping_counts *mapping_table_find(const struct mapping_table *table, uint64_t mapping_kva)
{
	const uint32_t *slot = table->n_slots && mapping_kva ? slot_of(table, mapping_kva) : NULL;

	return slot && *slot ? &table->rows[*slot - 1] : NULL;
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
	return index_rows(table, table->n_slots) ? NULL : mo_error_no_memory();
}

void mapping_table_deinit(struct mapping_table *table)
{
	free(table->rows);
	free(table->slots);
	*table = (struct mapping_table){ 0 };
}
