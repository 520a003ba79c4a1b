/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "mapping_table.h"

#include <stdlib.h>

#define FIRST_SLOTS 1024u

static struct mapping_counts *slot_of(const struct mapping_table *table, uint64_t mapping_kva)
{
	size_t mask = table->n_slots - 1;
	size_t at = (size_t)((mapping_kva >> 3) * 0x9e3779b97f4a7c15ull >> 20) & mask;

	while (table->slots[at].mapping_kva && table->slots[at].mapping_kva != mapping_kva)
		at = (at + 1) & mask;
	return &table->slots[at];
}

static bool grow(struct mapping_table *table)
{
	struct mapping_table larger = { .n_slots = table->n_slots ? table->n_slots * 2 : FIRST_SLOTS, .n_used = table->n_used };

	larger.slots = calloc(larger.n_slots, sizeof(*larger.slots));
	if (!larger.slots)
		return false;
	for (size_t i = 0; i < table->n_slots; i++)
		if (table->slots[i].mapping_kva)
			*slot_of(&larger, table->slots[i].mapping_kva) = table->slots[i];
	free(table->slots);
	*table = larger;
	return true;
}

struct mapping_counts *mapping_table_get(struct mapping_table *table, uint64_t mapping_kva)
{
	struct mapping_counts *slot;

	if (table->n_used >= table->n_slots / 2 && !grow(table))
		return NULL;
	slot = slot_of(table, mapping_kva);
	if (!slot->mapping_kva) {
		slot->mapping_kva = mapping_kva;
		table->n_used++;
	}
	return slot;
}

const struct mapping_counts *mapping_table_find(const struct mapping_table *table, uint64_t mapping_kva)
{
	const struct mapping_counts *slot = table->n_slots && mapping_kva ? slot_of(table, mapping_kva) : NULL;

	return slot && slot->mapping_kva ? slot : NULL;
}

struct mo_error *mapping_table_merge(struct mapping_table *into, const struct mapping_table *from)
{
	for (size_t i = 0; i < from->n_slots; i++) {
		const struct mapping_counts *counts = &from->slots[i];
		struct mapping_counts *sum;

		if (!counts->mapping_kva)
			continue;
		sum = mapping_table_get(into, counts->mapping_kva);
		if (!sum)
			return mo_error_no_memory();
		sum->pages += counts->pages;
		sum->dirty += counts->dirty;
		sum->writeback += counts->writeback;
		sum->mapped += counts->mapped;
		sum->unevictable += counts->unevictable;
		sum->is_hugetlb |= counts->is_hugetlb;
	}
	return NULL;
}

void mapping_table_deinit(struct mapping_table *table)
{
	free(table->slots);
	*table = (struct mapping_table){ 0 };
}
