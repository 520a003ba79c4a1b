/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef MEMOPSY_CONTAINERS_H
#define MEMOPSY_CONTAINERS_H

/*
 * What plugins and program keep things in: a typed array that grows, the search in a sorted one, and a table from integers
 * to integers. None of them aborts without memory: whoever adds asks whether it went well. None locks: one thread writes, or
 * many read.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <memopsy/error.h>

MO_API_BEGIN

/*
 * A typed array that grows: `MO_VECTOR(struct mo_range) ranges = { 0 };`. Appending may move the items, so no
 * pointer to an item outlives an append. Freed by mo_vector_deinit().
 */
#define MO_VECTOR(item_type) \
	struct { \
		item_type *items; \
		size_t count; \
		size_t capacity; \
	}

/* Makes room for `wanted` items in all. false: no memory, or too many; nothing changed. */
bool mo_vector_grow(void **items, size_t *capacity, size_t item_bytes, size_t wanted);

#define mo_vector_reserve(vector, wanted) \
	((wanted) <= (vector)->capacity || \
	 mo_vector_grow((void **)&(vector)->items, &(vector)->capacity, sizeof(*(vector)->items), (wanted)))

/* Appends a value; false: no memory. The value is made when the items have moved: it may not be made from an item by pointer. */
#define mo_vector_append(vector, ...) \
	(mo_vector_reserve((vector), (vector)->count + 1) ? \
		 ((vector)->items[(vector)->count++] = (__VA_ARGS__), true) : \
		 false)

#define mo_vector_deinit(vector) \
	do { \
		free((vector)->items); \
		(vector)->items = NULL; \
		(vector)->count = (vector)->capacity = 0; \
	} while (0)

/*
 * The first index of [0, n) for which is_before does not hold, n if it holds for all: of what is sorted so that it holds for
 * the first ones only. `at` is the name under which is_before has the index
 * (another one for a search within a search):
 *	size_t i = mo_lower_bound(table->n, at, table->items[at].kva < kva);
 */
#define mo_lower_bound(n, at, is_before) \
	__extension__({ \
		size_t mo_low_##at = 0; \
		size_t mo_high_##at = (n); \
		while (mo_low_##at < mo_high_##at) { \
			const size_t at = mo_low_##at + (mo_high_##at - mo_low_##at) / 2; \
			if (is_before) \
				mo_low_##at = at + 1; \
			else \
				mo_high_##at = at; \
		} \
		mo_low_##at; \
	})

/*
 * From an integer to an integer, by open addressing in one array that is at most two thirds full: `struct mo_int_table t =
 * { 0 };`. Any key may be stored, 0 too. Freed by mo_int_table_deinit().
 */
struct mo_int_slot {
	uint64_t key;
	uint64_t value;
};

struct mo_int_table {
	struct mo_int_slot *slots;
	uint8_t *used;       /* one a slot */
	size_t n_slots;      /* a power of two, or 0 */
	size_t count;
};

/*
 * The value of a key, to be read or written: entered as `initial` if the key is new, which *is_new (may be NULL) tells. NULL:
 * no memory, and nothing changed. The pointer is good until the next key is entered.
 */
uint64_t *mo_int_table_enter(struct mo_int_table *table, uint64_t key, uint64_t initial, bool *is_new) MO_MUST_USE;

/* NULL: the key is not there. */
const uint64_t *mo_int_table_find(const struct mo_int_table *table, uint64_t key);

void mo_int_table_deinit(struct mo_int_table *table);

MO_API_END

#endif
