/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Pointers at many bytes of kmalloc objects of one size are those of arrays: where in them a pointer stands tells nothing,
 * and the rows become one.
 */
#include <stdio.h>
#include <stdlib.h>

#include "gathering.h"

#define MAX_FIELDS 3u /* so many bytes of an object may be members of a struct */
#define MAX_TEXT_BYTES 100

static bool is_in_kmalloc(const struct mo_holder *holder)
{
	return holder->evidence == MO_HOLDER_BY_POINTER && holder->name && !strncmp(holder->name, "kmalloc-", 8) &&
	       strchr(holder->name, '+');
}

static int compare_cache_names(const char *a, const char *b)
{
	size_t n_a = strcspn(a, "+");
	size_t n_b = strcspn(b, "+");
	int order = memcmp(a, b, n_a < n_b ? n_a : n_b);

	return order ? order : (n_a > n_b) - (n_a < n_b);
}

/* Holders in kmalloc objects first, those that differ in the byte only side by side. */
static int compare_for_arrays(const void *left, const void *right)
{
	const struct mo_holder *a = left;
	const struct mo_holder *b = right;
	int order = (int)is_in_kmalloc(b) - (int)is_in_kmalloc(a);

	if (order || !is_in_kmalloc(a))
		return order;
	order = compare_cache_names(a->name, b->name);
	if (!order)
		order = (int)a->page_class - (int)b->page_class;
	if (!order)
		order = (a->order > b->order) - (a->order < b->order);
	return order ? order : strcmp(a->detail ? a->detail : "", b->detail ? b->detail : "");
}

static struct mo_error *join(struct owners_state *state, size_t first, size_t end)
{
	struct mo_holder *holders = state->holders.holders;
	char text[MAX_TEXT_BYTES];

	snprintf(text, sizeof(text), "%.*s (arrays)", (int)strcspn(holders[first].name, "+"), holders[first].name);
	for (size_t i = first + 1; i < end; i++) {
		holders[first].bytes += holders[i].bytes;
		holders[first].pieces += holders[i].pieces;
		holders[i].bytes = 0; /* gone: no holder has none */
	}
	return keep_name(&state->names, text, &holders[first].name);
}

/* The last thing that is done to the table: its index is of no use afterwards. */
struct mo_error *join_arrays(struct owners_state *state)
{
	struct holder_table *table = &state->holders;
	struct mo_error *error = NULL;
	size_t n = 0;

	if (table->n)
		qsort(table->holders, table->n, sizeof(*table->holders), compare_for_arrays);
	for (size_t i = 0, end; i < table->n && !error && is_in_kmalloc(&table->holders[i]); i = end) {
		for (end = i + 1; end < table->n && !compare_for_arrays(&table->holders[i], &table->holders[end]); end++)
			continue;
		if (end - i > MAX_FIELDS)
			error = join(state, i, end);
	}
	for (size_t i = 0; i < table->n; i++)
		if (table->holders[i].bytes)
			table->holders[n++] = table->holders[i];
	table->n = n;
	return error;
}
