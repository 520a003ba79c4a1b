/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef MO_TEXT_STORE_H
#define MO_TEXT_STORE_H

/*
 * Strings that live and die together: copied into blocks that never move, freed all at once. Starts zeroed.
 */

#include <stddef.h>

#include <memopsy/containers.h>

#include "text.h"

struct mo_text_store {
	MO_VECTOR(char *) blocks;
	size_t block_bytes; /* size of the last block */
	size_t used_bytes;  /* of the last block */
	size_t total_bytes; /* of all strings since the last clear */
};

void mo_text_store_deinit(struct mo_text_store *store);

/* Forgets all strings; memory for a few stays. */
void mo_text_store_clear(struct mo_text_store *store);

/* A terminated copy of n characters, or NULL: no memory. */
char *mo_text_store_add(struct mo_text_store *store, const char *chars, size_t n);

/* The same of bytes of any origin, made visible UTF-8; *n_chars is the copy's length. */
char *mo_text_store_add_visible(struct mo_text_store *store, const char *bytes, size_t n_bytes, enum mo_visible how,
				size_t *n_chars);

/* The same of a terminated string. NULL gives NULL, and *failed is set only when memory was short. */
const char *mo_text_store_add_line(struct mo_text_store *store, const char *terminated, bool *failed);

#endif
