/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef MO_TYPE_ARENA_H
#define MO_TYPE_ARENA_H

/* Memory that is handed out piece by piece and freed all at once. Pieces never move. Not for several threads. */

#include <stddef.h>

struct mo_arena_block;

struct mo_arena {
	struct mo_arena_block *blocks; /* the newest first */
};

/* Zeroed memory, aligned for any type; NULL: no memory. n_bytes 0 gives a valid pointer too. */
void *mo_arena_allocate(struct mo_arena *arena, size_t n_bytes);

/* n_items * item_bytes, checked. */
void *mo_arena_allocate_array(struct mo_arena *arena, size_t n_items, size_t item_bytes);

/* A terminated copy of length characters. */
char *mo_arena_copy_text(struct mo_arena *arena, const char *chars, size_t length);

void mo_arena_deinit(struct mo_arena *arena);

#endif
