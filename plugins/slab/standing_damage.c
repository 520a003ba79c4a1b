/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Damage of a kernel that runs: which bytes must stand in an object depends on whether it is free, and that was seen at another
 * moment. So it is looked at again: the same bytes are wrong in every look, and the object is free, or allocated, as it was.
 */
#include "checks.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#define LOOKS 3
#define LOOK_PAUSE_NS 30000000

void collect_damage(void *context, const struct damage *damage)
{
	struct damage_list *list = context;

	if (list->n == MAX_STANDING_DAMAGES)
		return;
	if (!list->damages)
		list->damages = calloc(MAX_STANDING_DAMAGES, sizeof(*list->damages));
	if (list->damages)
		list->damages[list->n++] = *damage;
	else
		list->is_out_of_memory = true;
}

static bool is_as_before(const struct slab_state *state, const struct damage *damage)
{
	enum mo_object_state known = mo_object_state_of(&state->model, damage->slab, damage->index);
	struct slab_record before, after;
	uint8_t found[sizeof(damage->found)];
	bool looks_free;

	mo_reader_forget(state->reader);
	if (!read_slab_record(state, state->reader, damage->slab->pfn, &before) ||
	    mo_error_destroy(mo_read(state->reader, damage->first_kva, found, damage->n_found)))
		return false;
	looks_free = object_looks_free(&state->model, state->reader, damage->slab, damage->index);
	mo_reader_forget(state->reader);
	return read_slab_record(state, state->reader, damage->slab->pfn, &after) && before.freelist_kva == after.freelist_kva &&
	       before.inuse == after.inuse && before.cache_kva == state->model.caches[damage->slab->cache].cache_kva &&
	       before.cache_kva == after.cache_kva && !memcmp(found, damage->found, damage->n_found) &&
	       (known == MO_OBJECT_UNKNOWN || looks_free == mo_object_is_free(known));
}

size_t keep_standing_damage(const struct slab_state *state, struct damage_list *list)
{
	const struct timespec pause = { .tv_nsec = LOOK_PAUSE_NS };
	size_t n_found = list->n;

	for (unsigned look = 0; look < LOOKS && list->n; look++) {
		size_t n_kept = 0;

		nanosleep(&pause, NULL);
		for (size_t i = 0; i < list->n; i++)
			if (is_as_before(state, &list->damages[i]))
				list->damages[n_kept++] = list->damages[i];
		list->n = n_kept;
	}
	return n_found - list->n;
}
