/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Strings copied into blocks, freed all at once. */
#include "text_store.h"

#include <string.h>

#include "text.h"

#define BLOCK_BYTES ((size_t)32 * 1024)

void mo_text_store_deinit(struct mo_text_store *store)
{
	for (size_t i = 0; i < store->blocks.count; i++)
		free(store->blocks.items[i]);
	mo_vector_deinit(&store->blocks);
	*store = (struct mo_text_store){ .block_bytes = 0 };
}

void mo_text_store_clear(struct mo_text_store *store)
{
	if (store->blocks.count != 1 || store->block_bytes > BLOCK_BYTES) {
		mo_text_store_deinit(store);
		return;
	}
	store->used_bytes = 0;
	store->total_bytes = 0;
}

char *mo_text_store_add(struct mo_text_store *store, const char *chars, size_t n)
{
	char *copy;

	if (!store->blocks.count || n >= store->block_bytes - store->used_bytes) {
		size_t wanted = n < BLOCK_BYTES ? BLOCK_BYTES : n + 1;
		char *block = malloc(wanted);

		if (!block || !mo_vector_append(&store->blocks, block)) {
			free(block);
			return NULL;
		}
		store->block_bytes = wanted;
		store->used_bytes = 0;
	}
	copy = store->blocks.items[store->blocks.count - 1] + store->used_bytes;
	if (n)
		memcpy(copy, chars, n);
	copy[n] = '\0';
	store->used_bytes += n + 1;
	store->total_bytes += n + 1;
	return copy;
}

/* Most text is plain: then it is copied as it is. */
static bool is_plain(const char *bytes, size_t n_bytes)
{
	for (size_t i = 0; i < n_bytes; i++) {
		uint8_t byte = (uint8_t)bytes[i];

		if (byte < 0x20 || byte >= 0x7f)
			return false;
	}
	return true;
}

char *mo_text_store_add_visible(struct mo_text_store *store, const char *bytes, size_t n_bytes, enum mo_visible how,
				size_t *n_chars)
{
	struct mo_text visible = MO_TEXT_EMPTY;
	char *copy = NULL;

	if (is_plain(bytes, n_bytes)) {
		*n_chars = n_bytes;
		return mo_text_store_add(store, bytes, n_bytes);
	}
	mo_text_append_visible(&visible, bytes, n_bytes, how);
	if (!mo_text_failed(&visible)) {
		*n_chars = visible.length;
		copy = mo_text_store_add(store, mo_text_chars(&visible), visible.length);
	}
	mo_text_deinit(&visible);
	return copy;
}

const char *mo_text_store_add_line(struct mo_text_store *store, const char *terminated, bool *failed)
{
	size_t n_chars;
	char *copy;

	if (!terminated)
		return NULL;
	copy = mo_text_store_add_visible(store, terminated, strlen(terminated), MO_ONE_LINE, &n_chars);
	if (!copy)
		*failed = true;
	return copy;
}
