/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Where a debugged cache keeps what, behind the object (calculate_sizes() in mm/slub.c): the right red zone, the pointer to
 * the next free object, two tracks, of kmalloc's caches the size that was asked for (6.1 on), and padding.
 */
#include "checks.h"

#include <string.h>

#define SLUB_RED_ACTIVE 0xcc
#define ASKED_BYTES 4u           /* an unsigned int, later an unsigned long: of a little-endian one the lower half */
#define MAX_ASKED_BYTES 8u
#define MAX_TRIED_OBJECTS 256u
#define MAX_TRIED_BYTES 512u

/* The size that was asked for; false: what stands there is none. */
static bool asked_of(const struct slab_state *state, const struct mo_slab_cache *cache, const struct debug_layout *debug,
		     uint64_t object_kva, uint32_t *ret)
{
	uint32_t asked = 0;
	struct mo_error *error = mo_read_u32(state->reader, object_kva + debug->asked_at, &asked);

	*ret = asked;
	return !mo_error_destroy(error) && asked && asked < cache->object_bytes;
}

/* Whether all bytes from what was asked for to the object's end are a red zone. */
static bool is_zone_whole(const struct slab_state *state, const struct mo_slab_cache *cache, uint64_t object_kva, uint32_t asked)
{
	uint8_t bytes[MAX_TRIED_BYTES];
	size_t n = cache->object_bytes - asked < sizeof(bytes) ? cache->object_bytes - asked : sizeof(bytes);
	struct mo_error *error = mo_read(state->reader, object_kva + asked, bytes, n);
	size_t n_red = 0;

	while (!error && n_red < n && bytes[n_red] == SLUB_RED_ACTIVE)
		n_red++;
	mo_error_destroy(error);
	return n_red == n;
}

/*
 * 6.1 keeps the size that was asked for, and only 6.2 has a red zone from there on (946fa0dbf2d8); no type tells. So it is
 * tried: most objects must have one.
 */
static bool has_asked_zones(const struct slab_state *state, const struct mo_slab_cache *cache, const struct debug_layout *debug)
{
	uint32_t n_tried = 0;
	uint32_t n_whole = 0;

	for (size_t i = 0; i < cache->n_slabs && n_tried < MAX_TRIED_OBJECTS; i++) {
		const struct mo_slab *slab = &state->model.slabs[cache->slabs[i]];

		for (uint32_t k = 0; k < slab->objects && slab->has_states && n_tried < MAX_TRIED_OBJECTS; k++) {
			uint64_t kva = mo_object_kva(&state->model, slab, k);
			uint32_t asked;

			if (mo_object_state_of(&state->model, slab, k) != MO_OBJECT_ALLOCATED ||
			    !asked_of(state, cache, debug, kva, &asked))
				continue;
			n_tried++;
			n_whole += is_zone_whole(state, cache, kva, asked);
		}
	}
	return n_tried && n_whole * 2 > n_tried;
}

/* Whether a cache's own numbers leave its zones within its objects. */
static bool is_sane(const struct mo_slab_cache *cache)
{
	return cache->size_bytes && cache->inuse_bytes >= cache->object_bytes &&
	       cache->inuse_bytes <= cache->size_bytes - cache->red_left_bytes;
}

bool is_checkable(const struct slab_state *state, const struct mo_slab_cache *cache)
{
	uint32_t red_zone = slab_flag(state->layout, FLAG_RED_ZONE);
	uint32_t poison = slab_flag(state->layout, FLAG_POISON) | slab_flag(state->layout, FLAG_OBJECT_POISON);

	/* KASAN keeps its own data in free objects and in padding. SLAB's debugging is another one. */
	return !state->shape.is_slab && is_sane(cache) &&
	       cache->flags & (red_zone | (mo_has(&state->layout->cache.kasan_info) ? 0 : poison));
}

void find_debug_layout(const struct slab_state *state, const struct mo_slab_cache *cache, struct debug_layout *ret)
{
	const struct slab_layout *layout = state->layout;
	bool may_be_poisoned = !mo_has(&layout->cache.kasan_info);
	bool has_tracks = cache->flags & slab_flag(layout, FLAG_STORE_USER);
	bool is_kmalloc = cache->flags & slab_flag(layout, FLAG_KMALLOC);
	uint32_t room = cache->size_bytes - cache->red_left_bytes;
	uint64_t at = cache->inuse_bytes + (cache->freelist_offset_bytes >= cache->inuse_bytes ? state->shape.word_bytes : 0u);
	struct debug_layout debug = {
		.has_red_zones = cache->flags & slab_flag(layout, FLAG_RED_ZONE),
		.has_poison = may_be_poisoned && cache->flags & slab_flag(layout, FLAG_OBJECT_POISON),
		.has_padding = may_be_poisoned && cache->flags & slab_flag(layout, FLAG_POISON),
	};

	/* Without struct track nobody knows where padding begins. */
	if (has_tracks && !mo_has(&layout->track.size))
		at = room;
	else if (has_tracks)
		at += 2 * layout->track.size.bytes;
	if (has_tracks && is_kmalloc && at + ASKED_BYTES <= room && !state->shape.is_big_endian) {
		debug.asked_at = (uint32_t)at;
		if (!debug.has_red_zones || !may_be_poisoned || !has_asked_zones(state, cache, &debug))
			debug.asked_at = 0;
	}
	/* At most four bytes of padding are not looked at where the size has four bytes. */
	if (has_tracks && is_kmalloc)
		at += MAX_ASKED_BYTES;
	debug.padding_at = at < room ? (uint32_t)at : room;
	*ret = debug;
}
