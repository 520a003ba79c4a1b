/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "checks.h"

#include <stdlib.h>
#include <string.h>

/* include/linux/poison.h */
#define SLUB_RED_INACTIVE 0xbb
#define SLUB_RED_ACTIVE 0xcc
#define POISON_INUSE 0x5a
#define POISON_FREE 0x6b
#define POISON_END 0xa5

#define MAX_CHECKED_BYTES (1u << 22) /* a slab of 1,024 pages of 4 KiB */

const char *const zone_names[N_ZONE_KINDS] = {
	[ZONE_LEFT] = "red zone before it overwritten",
	[ZONE_RIGHT] = "red zone behind it overwritten",
	[ZONE_ASKED] = "written beyond the size asked for",
	[ZONE_POISON] = "written after it was freed",
	[ZONE_POISON_END] = "last byte written after it was freed",
	[ZONE_ALIGNMENT] = "padding behind it overwritten",
	[ZONE_PADDING] = "padding behind its tracks overwritten",
	[ZONE_SLAB_PADDING] = "padding at the slab's end overwritten",
};

struct check {
	const struct slab_state *state;
	const struct mo_slab_cache *cache;
	const struct mo_slab *slab;
	const uint8_t *bytes;       /* of the whole slab */
	damage_function function;
	void *context;
	struct debug_layout debug;
	bool has_padding;           /* of this slab: 7.0 may keep the vector of charges there */
};

/* n bytes from `offset` of the slab on must all be `expected`. */
static void check_zone(const struct check *check, uint32_t index, enum zone_kind zone, uint64_t offset, uint32_t n,
		       uint8_t expected)
{
	const uint8_t *bytes = check->bytes + offset;
	struct damage damage = { .slab = check->slab, .index = index, .zone = zone, .expected = expected };
	uint32_t first = n;

	for (uint32_t i = 0; i < n; i++) {
		if (bytes[i] == expected)
			continue;
		first = first == n ? i : first;
		damage.n_wrong++;
	}
	if (!damage.n_wrong)
		return;
	damage.first_kva = mo_slab_kva(&check->state->model, check->slab) + offset + first;
	damage.n_found = n - first < sizeof(damage.found) ? n - first : (uint32_t)sizeof(damage.found);
	memcpy(damage.found, bytes + first, damage.n_found);
	check->function(check->context, &damage);
}

/* From what kmalloc was asked for to the end of what it gave. */
static void check_asked(const struct check *check, uint32_t index, uint64_t object)
{
	const struct mo_field size = { .width_bytes = 4, .is_big_endian = check->state->shape.is_big_endian };
	uint64_t asked = mo_decode_(&size, check->bytes + object + check->debug.asked_at);

	if (asked && asked < check->cache->object_bytes)
		check_zone(check, index, ZONE_ASKED, object + asked, check->cache->object_bytes - (uint32_t)asked,
			   SLUB_RED_ACTIVE);
}

static void check_red_zones(const struct check *check, uint32_t index, uint64_t room, bool is_allocated)
{
	const struct mo_slab_cache *cache = check->cache;
	uint64_t object = room + cache->red_left_bytes;
	uint8_t red = is_allocated ? SLUB_RED_ACTIVE : SLUB_RED_INACTIVE;

	check_zone(check, index, ZONE_LEFT, room, cache->red_left_bytes, red);
	check_zone(check, index, ZONE_RIGHT, object + cache->object_bytes, cache->inuse_bytes - cache->object_bytes, red);
	if (is_allocated && check->debug.asked_at)
		check_asked(check, index, object);
}

static void check_one(const struct check *check, uint32_t index)
{
	const struct mo_slab_cache *cache = check->cache;
	const struct debug_layout *debug = &check->debug;
	enum mo_object_state state = mo_object_state_of(&check->state->model, check->slab, index);
	uint64_t room = (uint64_t)index * cache->size_bytes;
	uint64_t object = room + cache->red_left_bytes;

	if (check->has_padding)
		check_zone(check, index, ZONE_PADDING, object + debug->padding_at,
			   cache->size_bytes - cache->red_left_bytes - debug->padding_at, POISON_INUSE);
	if (check->has_padding && !debug->has_red_zones)
		check_zone(check, index, ZONE_ALIGNMENT, object + cache->object_bytes, cache->inuse_bytes - cache->object_bytes,
			   POISON_INUSE);
	/* Of a slab whose list is broken nobody knows which bytes must stand in the others. */
	if (state == MO_OBJECT_UNKNOWN)
		return;
	if (debug->has_red_zones)
		check_red_zones(check, index, room, state == MO_OBJECT_ALLOCATED);
	if (debug->has_poison && state != MO_OBJECT_ALLOCATED && cache->object_bytes) {
		check_zone(check, index, ZONE_POISON, object, cache->object_bytes - 1, POISON_FREE);
		check_zone(check, index, ZONE_POISON_END, object + cache->object_bytes - 1, 1, POISON_END);
	}
}

/* Whether the vector of charges lies in the slab itself (7.0 on), where padding would be. */
static bool has_charges_inside(const struct slab_state *state, const struct mo_slab *slab)
{
	struct mo_charge_vector vector = { .first_kva = 0 };
	uint64_t page_kva = 0;
	struct mo_error *error;

	if (!mo_has(&state->layout->charge.vector))
		return false;
	error = mo_pfn_to_page(state->memmap, slab->pfn, &page_kva);
	if (!error)
		error = mo_charge_vector_read(state->reader, &state->layout->charge, page_kva, state->shape.word_bytes, &vector);
	if (error) {
		mo_error_destroy(error);
		return true;
	}
	return vector.first_kva - mo_slab_kva(&state->model, slab) < state->shape.page_bytes << slab->order;
}

static void check_slab(struct check *check)
{
	uint64_t used = (uint64_t)check->slab->objects * check->cache->size_bytes;
	uint64_t slab_bytes = check->state->shape.page_bytes << check->slab->order;

	check->has_padding = check->debug.has_padding && !has_charges_inside(check->state, check->slab);
	for (uint32_t i = 0; i < check->slab->objects; i++)
		check_one(check, i);
	if (check->has_padding && check->slab->objects && used < slab_bytes)
		check_zone(check, check->slab->objects - 1u, ZONE_SLAB_PADDING, used, (uint32_t)(slab_bytes - used), POISON_INUSE);
}

struct mo_error *check_cache_bytes(const struct slab_state *state, const struct mo_slab_cache *cache, damage_function function,
				   void *context, uint64_t *n_unread)
{
	struct check check = { .state = state, .cache = cache, .function = function, .context = context };
	uint64_t most_bytes = state->shape.page_bytes << cache->order;
	uint8_t *bytes;

	*n_unread = 0;
	if (!is_checkable(state, cache))
		return NULL;
	if (most_bytes > MAX_CHECKED_BYTES)
		return mo_error_create(MO_E_LIMIT, "slabs of %llu bytes are not checked", (unsigned long long)most_bytes);
	bytes = malloc((size_t)most_bytes);
	if (!bytes)
		return mo_error_no_memory();
	check.bytes = bytes;
	find_debug_layout(state, cache, &check.debug);
	for (size_t i = 0; i < cache->n_slabs; i++) {
		struct mo_error *error;

		check.slab = &state->model.slabs[cache->slabs[i]];
		if (!check.slab->has_states)
			continue;
		error = mo_read_pa(state->reader, check.slab->pfn << state->model.page_shift, bytes,
				   (size_t)(state->shape.page_bytes << check.slab->order));
		if (!error)
			check_slab(&check);
		*n_unread += error != NULL;
		mo_error_destroy(error);
	}
	free(bytes);
	return NULL;
}
