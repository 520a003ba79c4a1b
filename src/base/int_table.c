/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The table from integers to integers of containers.h. */
#include <memopsy/containers.h>

#define MIN_SLOTS 64

/* Addresses differ in their middle bits: the multiplication carries those to the top, which is folded down (Fibonacci hashing). */
static size_t slot_of(const struct mo_int_table *table, uint64_t key)
{
	uint64_t hash = key * 0x9e3779b97f4a7c15;
	size_t slot = (size_t)(hash ^ hash >> 32) & (table->n_slots - 1);

	while (table->used[slot] && table->slots[slot].key != key)
		slot = (slot + 1) & (table->n_slots - 1);
	return slot;
}

static bool grow(struct mo_int_table *table)
{
	struct mo_int_table grown = { .n_slots = table->n_slots ? table->n_slots * 2 : MIN_SLOTS, .count = table->count };

	if (grown.n_slots < table->n_slots)
		return false;
	grown.slots = calloc(grown.n_slots, sizeof(*grown.slots));
	grown.used = calloc(grown.n_slots, sizeof(*grown.used));
	if (!grown.slots || !grown.used) {
		mo_int_table_deinit(&grown);
		return false;
	}
	for (size_t i = 0; i < table->n_slots; i++) {
		size_t slot;

		if (!table->used[i])
			continue;
		slot = slot_of(&grown, table->slots[i].key);
		grown.slots[slot] = table->slots[i];
		grown.used[slot] = 1;
	}
	mo_int_table_deinit(table);
	*table = grown;
	return true;
}

uint64_t *mo_int_table_enter(struct mo_int_table *table, uint64_t key, uint64_t initial, bool *is_new)
{
	size_t slot;
	bool is_entered;

	if (table->count >= table->n_slots - table->n_slots / 3 && !grow(table))
		return NULL;
	slot = slot_of(table, key);
	is_entered = !table->used[slot];
	if (is_entered) {
		table->slots[slot] = (struct mo_int_slot){ .key = key, .value = initial };
		table->used[slot] = 1;
		table->count++;
	}
	if (is_new)
		*is_new = is_entered;
	return &table->slots[slot].value;
}

const uint64_t *mo_int_table_find(const struct mo_int_table *table, uint64_t key)
{
	size_t slot;

	if (!table->n_slots)
		return NULL;
	slot = slot_of(table, key);
	return table->used[slot] ? &table->slots[slot].value : NULL;
}

void mo_int_table_deinit(struct mo_int_table *table)
{
	free(table->slots);
	free(table->used);
	*table = (struct mo_int_table){ .n_slots = 0 };
}
