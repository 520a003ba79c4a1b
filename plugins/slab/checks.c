/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "checks.h"

#include <stdlib.h>
#include <string.h>

/* include/linux/poison.h */
#define SLUB_RED_INACTIVE 0xbb
#define SLUB_RED_ACTIVE 0xcc
#define POISON_FREE 0x6b
#define POISON_END 0xa5

#define MOST_CHECKED_BYTES (1u << 22) /* a slab of 1,024 pages of 4 KiB */

const char *const zone_names[N_ZONE_KINDS] = {
	[ZONE_LEFT] = "red zone before it overwritten",
	[ZONE_RIGHT] = "red zone behind it overwritten",
	[ZONE_POISON] = "written after it was freed",
	[ZONE_POISON_END] = "last byte written after it was freed",
};

struct check {
	const struct slab_state *state;
	const struct mo_slab_cache *cache;
	const struct mo_slab *slab;
	const uint8_t *bytes;       /* of the whole slab */
	damage_function function;
	void *context;
	bool has_red_zones, has_poison;
};

bool is_checkable(const struct slab_state *state, const struct mo_slab_cache *cache)
{
	uint32_t red_zone = slab_flag(state->layout, FLAG_RED_ZONE);
	uint32_t poison = slab_flag(state->layout, FLAG_OBJECT_POISON);

	/* KASAN keeps its own data in free objects. */
	return cache->size_bytes && cache->inuse_bytes >= cache->object_bytes &&
	       cache->inuse_bytes <= cache->size_bytes - cache->red_left_bytes &&
	       cache->flags & (red_zone | (mo_has(&state->layout->cache.kasan_info) ? 0 : poison));
}

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

static void check_one(const struct check *check, uint32_t index)
{
	const struct mo_slab_cache *cache = check->cache;
	enum mo_object_state state = mo_object_state_of(&check->state->model, check->slab, index);
	uint64_t room = (uint64_t)index * cache->size_bytes;
	uint64_t object = room + cache->red_left_bytes;
	uint8_t red = state == MO_OBJECT_ALLOCATED ? SLUB_RED_ACTIVE : SLUB_RED_INACTIVE;

	/* Of a slab whose list is broken nobody knows which of the two must stand there. */
	if (state == MO_OBJECT_UNKNOWN)
		return;
	if (check->has_red_zones) {
		check_zone(check, index, ZONE_LEFT, room, cache->red_left_bytes, red);
		check_zone(check, index, ZONE_RIGHT, object + cache->object_bytes, cache->inuse_bytes - cache->object_bytes, red);
	}
	if (check->has_poison && state != MO_OBJECT_ALLOCATED && cache->object_bytes) {
		check_zone(check, index, ZONE_POISON, object, cache->object_bytes - 1, POISON_FREE);
		check_zone(check, index, ZONE_POISON_END, object + cache->object_bytes - 1, 1, POISON_END);
	}
}

struct mo_error *check_cache_bytes(const struct slab_state *state, const struct mo_slab_cache *cache, damage_function function,
				   void *context, uint64_t *n_unread)
{
	const struct slab_layout *layout = state->layout;
	struct check check = { .state = state, .cache = cache, .function = function, .context = context };
	uint64_t most_bytes = state->shape.page_bytes << cache->order;
	uint8_t *bytes;

	*n_unread = 0;
	if (!is_checkable(state, cache))
		return NULL;
	if (most_bytes > MOST_CHECKED_BYTES)
		return mo_error_create(MO_E_LIMIT, "slabs of %llu bytes are not checked", (unsigned long long)most_bytes);
	bytes = malloc((size_t)most_bytes);
	if (!bytes)
		return mo_error_no_memory();
	check.bytes = bytes;
	check.has_red_zones = cache->flags & slab_flag(layout, FLAG_RED_ZONE);
	check.has_poison = !mo_has(&layout->cache.kasan_info) && cache->flags & slab_flag(layout, FLAG_OBJECT_POISON);
	for (size_t i = 0; i < cache->n_slabs; i++) {
		struct mo_error *error;

		check.slab = &state->model.slabs[cache->slabs[i]];
		if (!check.slab->has_states)
			continue;
		error = mo_read_pa(state->reader, check.slab->pfn << state->model.page_shift, bytes,
				   (size_t)(state->shape.page_bytes << check.slab->order));
		if (error) {
			mo_error_destroy(error);
			++*n_unread;
			continue;
		}
		for (uint32_t k = 0; k < check.slab->objects; k++)
			check_one(&check, k);
	}
	free(bytes);
	return NULL;
}
