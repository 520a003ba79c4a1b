/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef MO_VECTOR_H
#define MO_VECTOR_H

/*
 * A typed array that grows: `MO_VECTOR(struct mo_range) ranges = { 0 };`. Appending may move the items, so no
 * pointer to an item outlives an append. Freed by mo_vector_deinit().
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

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

/* Appends a value; false: no memory. */
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

#endif
