/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Memory handed out piece by piece and freed at once. */
#include "type_arena.h"

#include <stdalign.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define BLOCK_BYTES ((size_t)32 << 10)
#define ALIGNMENT alignof(max_align_t)

struct mo_arena_block {
	struct mo_arena_block *next;
	size_t used_bytes;
	size_t capacity_bytes;
	alignas(max_align_t) unsigned char bytes[];
};

static struct mo_arena_block *add_block(struct mo_arena *arena, size_t n_bytes)
{
	size_t capacity_bytes = n_bytes > BLOCK_BYTES ? n_bytes : BLOCK_BYTES;
	struct mo_arena_block *block = calloc(1, sizeof(*block) + capacity_bytes);

	if (!block)
		return NULL;
	block->capacity_bytes = capacity_bytes;
	/* A block of one big piece goes behind the one that still has room. */
	if (n_bytes > BLOCK_BYTES / 4 && arena->blocks) {
		block->next = arena->blocks->next;
		arena->blocks->next = block;
	} else {
		block->next = arena->blocks;
		arena->blocks = block;
	}
	return block;
}

void *mo_arena_allocate(struct mo_arena *arena, size_t n_bytes)
{
	struct mo_arena_block *block = arena->blocks;
	void *piece;

	if (n_bytes > SIZE_MAX / 2)
		return NULL;
	n_bytes = n_bytes ? (n_bytes + ALIGNMENT - 1) & ~(ALIGNMENT - 1) : ALIGNMENT;
	if (!block || n_bytes > block->capacity_bytes - block->used_bytes) {
		block = add_block(arena, n_bytes);
		if (!block)
			return NULL;
	}
	piece = block->bytes + block->used_bytes;
	block->used_bytes += n_bytes;
	return piece;
}

void *mo_arena_allocate_array(struct mo_arena *arena, size_t n_items, size_t item_bytes)
{
	size_t n_bytes;

	if (__builtin_mul_overflow(n_items, item_bytes, &n_bytes))
		return NULL;
	return mo_arena_allocate(arena, n_bytes);
}

char *mo_arena_copy_text(struct mo_arena *arena, const char *chars, size_t length)
{
	char *copy = length < SIZE_MAX ? mo_arena_allocate(arena, length + 1) : NULL;

	if (copy)
		memcpy(copy, chars, length);
	return copy;
}

void mo_arena_deinit(struct mo_arena *arena)
{
	while (arena->blocks) {
		struct mo_arena_block *block = arena->blocks;

		arena->blocks = block->next;
		free(block);
	}
}
