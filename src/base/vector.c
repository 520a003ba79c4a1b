/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The typed array of containers.h. */
#include <memopsy/containers.h>

bool mo_vector_grow(void **items, size_t *capacity, size_t item_bytes, size_t wanted)
{
	size_t roomy = *capacity + *capacity / 2 + 8;
	void *moved;

	if (roomy < wanted)
		roomy = wanted;
	moved = reallocarray(*items, roomy, item_bytes);
	if (!moved)
		return false;
	*items = moved;
	*capacity = roomy;
	return true;
}
