/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Counting by order and stack. */
#include "gathering.h"

#include <stdlib.h>

void group_table_deinit(struct group_table *table)
{
	free(table->groups);
	free(table->table);
	*table = (struct group_table){ .n = 0 };
}

static size_t hash_of(uint32_t handle, uint16_t order)
{
	uint64_t hash = (handle ^ (uint64_t)order << 32) * 0x9e3779b97f4a7c15;

	return (size_t)(hash ^ hash >> 29);
}

static void enter(struct group_table *table, uint32_t index)
{
	size_t mask = table->n_slots * 2 - 1;
	size_t at = hash_of(table->groups[index].handle, table->groups[index].order) & mask;

	while (table->table[at])
		at = (at + 1) & mask;
	table->table[at] = index + 1;
}

static struct mo_error *grow(struct group_table *table)
{
	size_t n_slots = table->n_slots ? table->n_slots * 2 : 256;
	struct group *groups;
	uint32_t *slots;

	if (table->n < table->n_slots)
		return NULL;
	if (n_slots > MOST_GROUPS)
		return mo_error_create(MO_E_LIMIT, "pages of more than %u different stacks", MOST_GROUPS / 2);
	groups = realloc(table->groups, n_slots * sizeof(*groups));
	if (!groups)
		return mo_error_no_memory();
	table->groups = groups;
	slots = calloc(n_slots * 2, sizeof(*slots));
	if (!slots)
		return mo_error_no_memory();
	free(table->table);
	table->table = slots;
	table->n_slots = n_slots;
	for (size_t i = 0; i < table->n; i++)
		enter(table, (uint32_t)i);
	return NULL;
}

static void merge(struct group *into, const struct group *group)
{
	into->has_one_gfp &= group->has_one_gfp && into->gfp_mask == group->gfp_mask;
	if (group->example_pfn < into->example_pfn) {
		into->example_pfn = group->example_pfn;
		into->gfp_mask = group->gfp_mask;
	}
	into->blocks += group->blocks;
	into->pages += group->pages;
	into->oldest_ns = group->oldest_ns < into->oldest_ns ? group->oldest_ns : into->oldest_ns;
	into->newest_ns = group->newest_ns > into->newest_ns ? group->newest_ns : into->newest_ns;
}

struct mo_error *add_group(struct group_table *table, const struct group *group)
{
	struct mo_error *error = grow(table);
	size_t mask = table->n_slots * 2 - 1;

	if (error)
		return error;
	for (size_t at = hash_of(group->handle, group->order) & mask; table->table[at]; at = (at + 1) & mask) {
		struct group *found = &table->groups[table->table[at] - 1];

		if (found->handle == group->handle && found->order == group->order) {
			merge(found, group);
			return NULL;
		}
	}
	table->groups[table->n] = *group;
	enter(table, (uint32_t)table->n++);
	return NULL;
}
