/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A hash index from names to item numbers, by open addressing. */
#include "name_index.h"

#include "bytes.h"

/* A slot holds the upper half of the hash above and the item's number + 1 below. */
#define HASH_MASK 0xffffffff00000000ull
#define ITEM_MASK 0x00000000ffffffffull

void mo_name_index_deinit(struct mo_name_index *index)
{
	free(index->slots);
	*index = (struct mo_name_index){ .slots = NULL };
}

/* Eight bytes at a step: multiply and fold, which is plenty for identifiers. */
uint64_t mo_name_hash(const char *name, size_t length)
{
	uint64_t hash = 0x9e3779b97f4a7c15ull ^ (length * 0xff51afd7ed558ccdull);

	for (; length >= 8; name += 8, length -= 8) {
		hash = (hash ^ mo_load_u64(name, false)) * 0xff51afd7ed558ccdull;
		hash ^= hash >> 32;
	}
	for (; length; name++, length--)
		hash = (hash ^ (uint8_t)*name) * 0x100000001b3ull;
	hash = (hash ^ hash >> 29) * 0xc4ceb9fe1a85ec53ull;
	return hash ^ hash >> 32;
}

static void insert(uint64_t *slots, size_t n_slots, uint64_t slot)
{
	size_t at = (size_t)(slot >> 32) & (n_slots - 1);

	while (slots[at])
		at = (at + 1) & (n_slots - 1);
	slots[at] = slot;
}

/*
 * Re-inserting in slot order keeps items of one name in order: they lie in one probe run, so starting behind a free
 * slot visits every run from its beginning.
 */
static struct mo_error *grow(struct mo_name_index *index, size_t n_slots)
{
	uint64_t *slots = calloc(n_slots, sizeof(*slots));
	size_t first_free = 0;

	if (!slots)
		return mo_error_no_memory();
	while (first_free < index->n_slots && index->slots[first_free])
		first_free++;
	for (size_t i = 0; i < index->n_slots; i++) {
		uint64_t slot = index->slots[(first_free + i) & (index->n_slots - 1)];

		if (slot)
			insert(slots, n_slots, slot);
	}
	free(index->slots);
	index->slots = slots;
	index->n_slots = n_slots;
	return NULL;
}

struct mo_error *mo_name_index_reserve(struct mo_name_index *index, size_t n_items)
{
	size_t n_slots = index->n_slots ? index->n_slots : 64;

	if (n_items > (size_t)1 << 31)
		return mo_error_create(MO_E_LIMIT, "too many names (%zu)", n_items);
	while (n_slots < n_items * 2)
		n_slots *= 2;
	return n_slots == index->n_slots ? NULL : grow(index, n_slots);
}

struct mo_error *mo_name_index_add(struct mo_name_index *index, uint64_t hash, uint32_t item)
{
	struct mo_error *error = mo_name_index_reserve(index, index->n_items + 1);

	if (error)
		return error;
	insert(index->slots, index->n_slots, (hash << 32 & HASH_MASK) | ((uint64_t)item + 1));
	index->n_items++;
	return NULL;
}

bool mo_name_index_next(const struct mo_name_index *index, uint64_t hash, size_t *cursor, uint32_t *item)
{
	uint64_t wanted = hash << 32 & HASH_MASK;

	while (*cursor < index->n_slots) {
		uint64_t slot = index->slots[((size_t)(wanted >> 32) + *cursor) & (index->n_slots - 1)];

		if (!slot)
			return false;
		++*cursor;
		if ((slot & HASH_MASK) == wanted) {
			*item = (uint32_t)((slot & ITEM_MASK) - 1);
			return true;
		}
	}
	return false;
}
