/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Sums by holder, and the strings that tell holders apart: equal ones are one, so that pointers are compared. */
#include <stdlib.h>

#include "gathering.h"

static uint64_t mix(uint64_t hash, uint64_t value)
{
	hash = (hash ^ value) * 0x9e3779b97f4a7c15ull;
	return hash ^ hash >> 29;
}

static size_t slot_of_name(const struct name_table *names, const char *text)
{
	uint64_t hash = 0;

	for (const char *at = text; *at; at++)
		hash = mix(hash, (unsigned char)*at);
	for (size_t slot = hash & (names->n_slots - 1);; slot = (slot + 1) & (names->n_slots - 1))
		if (!names->names[slot] || !strcmp(names->names[slot], text))
			return slot;
}

static struct mo_error *grow_names(struct name_table *names)
{
	struct name_table grown = { .n = names->n, .n_slots = names->n_slots ? names->n_slots * 2 : 256 };

	grown.names = calloc(grown.n_slots, sizeof(*grown.names));
	if (!grown.names)
		return mo_error_no_memory();
	for (size_t i = 0; i < names->n_slots; i++)
		if (names->names[i])
			grown.names[slot_of_name(&grown, names->names[i])] = names->names[i];
	free(names->names);
	*names = grown;
	return NULL;
}

struct mo_error *keep_name(struct name_table *names, const char *text, const char **ret)
{
	struct mo_error *error = NULL;
	size_t slot;

	*ret = NULL;
	if (!text)
		return NULL;
	if (names->n * 2 >= names->n_slots)
		error = grow_names(names);
	if (error)
		return error;
	slot = slot_of_name(names, text);
	if (!names->names[slot]) {
		names->names[slot] = strdup(text);
		if (!names->names[slot])
			return mo_error_no_memory();
		names->n++;
	}
	*ret = names->names[slot];
	return NULL;
}

void names_deinit(struct name_table *names)
{
	for (size_t i = 0; i < names->n_slots; i++)
		free(names->names[i]);
	free(names->names);
}

static uint64_t hash_holder(const struct mo_holder *holder)
{
	uint64_t hash = mix(0, (uint64_t)holder->kind << 32 | (uint64_t)holder->evidence << 16 | holder->page_class);

	hash = mix(hash, (uintptr_t)holder->name);
	hash = mix(hash, (uintptr_t)holder->module);
	hash = mix(hash, (uintptr_t)holder->detail);
	return mix(hash, holder->order);
}

static bool is_alike(const struct mo_holder *a, const struct mo_holder *b)
{
	return a->kind == b->kind && a->evidence == b->evidence && a->page_class == b->page_class && a->name == b->name &&
	       a->module == b->module && a->detail == b->detail && a->order == b->order &&
	       a->is_module_guessed == b->is_module_guessed;
}

static size_t slot_of_holder(const struct holder_table *table, const struct mo_holder *holder)
{
	size_t mask = table->n_slots * 2 - 1;

	for (size_t slot = hash_holder(holder) & mask;; slot = (slot + 1) & mask)
		if (!table->index[slot] || is_alike(&table->holders[table->index[slot] - 1], holder))
			return slot;
}

static struct mo_error *grow_holders(struct holder_table *table)
{
	size_t n_slots = table->n_slots ? table->n_slots * 2 : 256;
	struct mo_holder *holders = reallocarray(table->holders, n_slots, sizeof(*holders));
	uint32_t *index;

	if (!holders)
		return mo_error_no_memory();
	table->holders = holders;
	index = calloc(n_slots * 2, sizeof(*index));
	if (!index)
		return mo_error_no_memory();
	free(table->index);
	table->index = index;
	table->n_slots = n_slots;
	for (size_t i = 0; i < table->n; i++)
		index[slot_of_holder(table, &holders[i])] = (uint32_t)i + 1;
	return NULL;
}

struct mo_error *add_holder(struct holder_table *table, const struct mo_holder *holder)
{
	struct mo_error *error = NULL;
	size_t slot;

	if (table->n >= UINT32_MAX - 1)
		return mo_error_create(MO_E_LIMIT, "more holders than can be told apart");
	if (table->n == table->n_slots)
		error = grow_holders(table);
	if (error)
		return error;
	slot = slot_of_holder(table, holder);
	if (table->index[slot]) {
		struct mo_holder *known = &table->holders[table->index[slot] - 1];

		known->bytes += holder->bytes;
		known->pieces += holder->pieces;
		/* Blocks come in the order of their page frames. */
		if (holder->pageblocks) {
			known->pageblocks += holder->pageblocks -
					     (known->pageblocks && known->last_pageblock == holder->last_pageblock - holder->pageblocks + 1);
			known->last_pageblock = holder->last_pageblock;
		}
		return NULL;
	}
	table->holders[table->n] = *holder;
	table->index[slot] = (uint32_t)++table->n;
	return NULL;
}

static int compare_text(const char *a, const char *b)
{
	return strcmp(a ? a : "", b ? b : "");
}

static int compare_holders(const void *left, const void *right)
{
	const struct mo_holder *a = left;
	const struct mo_holder *b = right;
	int order;

	if (a->bytes != b->bytes)
		return a->bytes > b->bytes ? -1 : 1;
	order = compare_text(a->name, b->name);
	if (!order)
		order = compare_text(a->module, b->module);
	if (!order)
		order = (int)a->page_class - (int)b->page_class;
	if (!order)
		order = (int)a->evidence - (int)b->evidence;
	if (!order)
		order = (a->order > b->order) - (a->order < b->order);
	return order ? order : compare_text(a->detail, b->detail);
}

void sort_holders(struct holder_table *table)
{
	if (table->n)
		qsort(table->holders, table->n, sizeof(*table->holders), compare_holders);
}

void holders_deinit(struct holder_table *table)
{
	free(table->holders);
	free(table->index);
}
