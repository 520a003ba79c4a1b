/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Counting by order and stack. */
#include "gathering.h"

#include <stdlib.h>

void group_table_deinit(struct group_table *table)
{
	free(table->groups);
	mo_int_table_deinit(&table->index);
	*table = (struct group_table){ .n = 0 };
}

static struct mo_error *grow(struct group_table *table)
{
	size_t n_slots = table->n_slots ? table->n_slots * 2 : 256;
	struct group *groups;

	if (table->n < table->n_slots)
		return NULL;
	if (n_slots > MAX_GROUPS)
		return mo_error_create(MO_E_LIMIT, "pages of more than %u different stacks", MAX_GROUPS / 2);
	groups = realloc(table->groups, n_slots * sizeof(*groups));
	if (!groups)
		return mo_error_no_memory();
	table->groups = groups;
	table->n_slots = n_slots;
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
	const uint64_t *index;
	bool is_new;

	if (error)
		return error;
	index = mo_int_table_enter(&table->index, group->handle | (uint64_t)group->order << 32, table->n, &is_new);
	if (!index)
		return mo_error_no_memory();
	if (is_new)
		table->groups[table->n++] = *group;
	else
		merge(&table->groups[*index], group);
	return NULL;
}
