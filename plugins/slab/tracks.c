/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Objects grouped by who allocated or freed them. */
#include "tracks.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define MAX_GROUPS (1u << 22)

void track_groups_deinit(struct track_groups *groups)
{
	free(groups->groups);
	free(groups->table);
	*groups = (struct track_groups){ .n = 0 };
}

static uint64_t hash_of(uint64_t caller, uint64_t stack)
{
	uint64_t hash = (caller ^ stack << 32 ^ stack >> 32) * 0x9e3779b97f4a7c15;

	return hash ^ hash >> 29;
}

static void enter(struct track_groups *groups, uint32_t index)
{
	size_t mask = groups->n_slots * 2 - 1;
	size_t at = hash_of(groups->groups[index].caller, groups->groups[index].stack) & mask;

	while (groups->table[at])
		at = (at + 1) & mask;
	groups->table[at] = index + 1;
}

static struct mo_error *grow(struct track_groups *groups)
{
	size_t n_slots = groups->n_slots ? groups->n_slots * 2 : 64;
	struct track_group *grown;
	uint32_t *table;

	if (groups->n < groups->n_slots)
		return NULL;
	if (n_slots > MAX_GROUPS)
		return mo_error_create(MO_E_LIMIT, "more than %u different stacks", MAX_GROUPS / 2);
	grown = realloc(groups->groups, n_slots * sizeof(*grown));
	if (!grown)
		return mo_error_no_memory();
	groups->groups = grown;
	table = calloc(n_slots * 2, sizeof(*table));
	if (!table)
		return mo_error_no_memory();
	free(groups->table);
	groups->table = table;
	groups->n_slots = n_slots;
	for (size_t i = 0; i < groups->n; i++)
		enter(groups, (uint32_t)i);
	return NULL;
}

static struct mo_error *find_group(struct track_groups *groups, uint64_t caller, uint64_t stack, uint64_t track_kva,
				   struct track_group **ret)
{
	struct mo_error *error = grow(groups);
	size_t mask = groups->n_slots * 2 - 1;

	if (error)
		return error;
	for (size_t at = hash_of(caller, stack) & mask; groups->table[at]; at = (at + 1) & mask) {
		*ret = &groups->groups[groups->table[at] - 1];
		if ((*ret)->caller == caller && (*ret)->stack == stack)
			return NULL;
	}
	*ret = &groups->groups[groups->n];
	**ret = (struct track_group){ .caller = caller, .stack = stack, .track_kva = track_kva, .min_age = UINT64_MAX,
				      .min_pid = INT64_MAX, .max_pid = INT64_MIN };
	enter(groups, (uint32_t)groups->n++);
	return NULL;
}

/* The stack's handle; of a stack that stands in the track itself, a hash of its addresses (FNV-1a). */
static uint64_t stack_of(const struct slab_layout *layout, const uint8_t *track)
{
	uint64_t hash = 0xcbf29ce484222325;

	if (mo_has(&layout->track.handle))
		return mo_get(&layout->track.handle, track);
	if (!mo_has(&layout->track.addrs))
		return 0;
	for (uint64_t i = 0; i < layout->track.addrs.n_elements; i++) {
		uint64_t address = mo_get_element(&layout->track.addrs, track, i);

		if (!address)
			break;
		hash = (hash ^ address) * 0x100000001b3;
	}
	return hash;
}

static struct mo_error *add_track(const struct slab_layout *layout, const uint8_t *track, uint64_t track_kva, uint64_t jiffies,
				  struct track_groups *groups)
{
	uint64_t age = jiffies - mo_get(&layout->track.when, track);
	int64_t pid = mo_get_signed(&layout->track.pid, track);
	struct track_group *group;
	struct mo_error *error = find_group(groups, mo_get(&layout->track.addr, track), stack_of(layout, track), track_kva, &group);

	if (error)
		return error;
	/* Of a kernel that runs: allocated after jiffies was read. */
	if (age > INT64_MAX)
		age = 0;
	group->n_objects++;
	group->sum_age += age;
	group->min_age = age < group->min_age ? age : group->min_age;
	group->max_age = age > group->max_age ? age : group->max_age;
	group->min_pid = pid < group->min_pid ? pid : group->min_pid;
	group->max_pid = pid > group->max_pid ? pid : group->max_pid;
	return NULL;
}

static struct mo_error *add_slab(const struct slab_state *state, const struct mo_slab *slab,
				 uint64_t track_offset, uint64_t jiffies, struct track_groups *groups)
{
	const struct slab_layout *layout = state->layout;
	struct mo_error *error = NULL;

	for (uint32_t i = 0; i < slab->objects && slab->has_states && !error; i++) {
		uint8_t track[MAX_TRACK_BYTES];
		uint64_t kva = mo_object_kva(&state->model, slab, i) + track_offset;

		if (mo_object_state_of(&state->model, slab, i) != MO_OBJECT_ALLOCATED)
			continue;
		error = mo_read(state->reader, kva, track, (size_t)layout->track.size.bytes);
		if (error) {
			mo_error_destroy(error);
			error = NULL;
			groups->unreadable++;
			continue;
		}
		error = add_track(layout, track, kva, jiffies, groups);
	}
	return error;
}

static int compare_groups(const void *a, const void *b)
{
	const struct track_group *left = a;
	const struct track_group *right = b;

	if (left->n_objects != right->n_objects)
		return left->n_objects < right->n_objects ? 1 : -1;
	if (left->caller != right->caller)
		return left->caller > right->caller ? 1 : -1;
	return (left->stack > right->stack) - (left->stack < right->stack);
}

static bool lies_within(const struct slab_layout *layout, const struct mo_field *field)
{
	return mo_has(field) && field->width_bytes && field->offset_bytes <= layout->track.size.bytes &&
	       field->size_bytes <= layout->track.size.bytes - field->offset_bytes;
}

static struct mo_error *check(const struct slab_state *state, const struct mo_slab_cache *cache)
{
	const struct slab_layout *layout = state->layout;

	if (!mo_has(&layout->track.size) || layout->track.size.bytes > MAX_TRACK_BYTES ||
	    !lies_within(layout, &layout->track.addr) || !lies_within(layout, &layout->track.when) ||
	    !lies_within(layout, &layout->track.pid) ||
	    (mo_has(&layout->track.handle) && !lies_within(layout, &layout->track.handle)) ||
	    (mo_has(&layout->track.addrs) && !lies_within(layout, &layout->track.addrs)))
		return mo_error_create(MO_E_ABSENT, "struct track is not known for this kernel (CONFIG_SLUB_DEBUG)");
	if (!(cache->flags & slab_flag(layout, FLAG_STORE_USER)))
		return mo_error_create(MO_E_ABSENT, "cache %s keeps no tracks: the kernel must be booted with slub_debug=U, or "
				       "slub_debug=U,%s", cache->name ? cache->name : "?", cache->name ? cache->name : "NAME");
	return NULL;
}

/* get_info_end() (mm/slub.c): behind the object, and behind the free-list pointer where that is outside. */
static struct mo_error *find_track(const struct slab_state *state, const struct mo_slab_cache *cache, enum track_item item,
				   uint64_t *offset_ret)
{
	uint64_t track_bytes = state->layout->track.size.bytes;
	uint64_t offset = cache->inuse_bytes +
			  (cache->freelist_offset_bytes >= cache->inuse_bytes ? state->shape.word_bytes : 0u);
	struct mo_error *error = check(state, cache);

	if (error)
		return error;
	offset += (uint64_t)item * track_bytes;
	if (offset + track_bytes > cache->size_bytes)
		return mo_error_create(MO_E_CORRUPT, "the tracks of cache %s would lie outside of its objects",
				       cache->name ? cache->name : "?");
	*offset_ret = offset;
	return NULL;
}

struct mo_error *gather_tracks(const struct slab_state *state, const struct mo_slab_cache *cache, enum track_item item,
			       struct track_groups *ret)
{
	const struct slab_layout *layout = state->layout;
	struct track_groups groups = { .n = 0 };
	uint64_t offset = 0;
	uint64_t jiffies = 0;
	struct mo_error *error = find_track(state, cache, item, &offset);

	if (error)
		return error;
	if (mo_has(&layout->jiffies))
		error = mo_read_pointer(state->reader, layout->jiffies.kva, &jiffies);
	for (size_t i = 0; i < cache->n_slabs && !error; i++)
		error = add_slab(state, &state->model.slabs[cache->slabs[i]], offset, jiffies, &groups);
	if (error) {
		track_groups_deinit(&groups);
		return error;
	}
	if (groups.n)
		qsort(groups.groups, groups.n, sizeof(*groups.groups), compare_groups);
	*ret = groups;
	return NULL;
}

/* The stack of a track, from its bytes. */
static struct mo_error *read_stack(const struct slab_layout *layout, struct mo_reader *reader, const uint8_t *track,
				   uint64_t *frames, size_t *n_ret)
{
	size_t n = 0;

	if (mo_has(&layout->track.handle))
		return mo_stack_depot_read(reader, (uint32_t)mo_get(&layout->track.handle, track), frames, n_ret);
	if (!mo_has(&layout->track.addrs))
		return mo_error_create(MO_E_ABSENT, "this kernel keeps no stacks with its tracks");
	while (n < layout->track.addrs.n_elements && n < MAX_FRAMES && mo_get_element(&layout->track.addrs, track, n)) {
		frames[n] = mo_get_element(&layout->track.addrs, track, n);
		n++;
	}
	*n_ret = n;
	return NULL;
}

struct mo_error *read_track_stack(const struct slab_state *state, const struct track_group *group, uint64_t *frames,
				  size_t *n_ret)
{
	uint8_t track[MAX_TRACK_BYTES];
	struct mo_error *error = mo_read(state->reader, group->track_kva, track, (size_t)state->layout->track.size.bytes);

	return error ? error : read_stack(state->layout, state->reader, track, frames, n_ret);
}

struct mo_error *read_object_track(const struct mo_slab_model *model, struct mo_reader *reader, const struct mo_slab *slab,
				   uint32_t index, bool is_of_free, struct mo_slab_track *ret)
{
	const struct slab_state *state = (const struct slab_state *)model; /* its first member */
	const struct slab_layout *layout = state->layout;
	uint64_t frames[MAX_FRAMES];
	uint8_t track[MAX_TRACK_BYTES];
	uint64_t offset = 0;
	uint64_t jiffies = 0;
	size_t n_frames = 0;
	struct mo_error *error;

	if (slab->cache == MO_SLAB_NO_CACHE)
		return mo_error_create(MO_E_ABSENT, "a slab of no cache that is known has no tracks");
	error = find_track(state, &model->caches[slab->cache], is_of_free ? TRACK_FREE : TRACK_ALLOC, &offset);
	if (!error)
		error = mo_read(reader, mo_object_kva(model, slab, index) + offset, track, (size_t)layout->track.size.bytes);
	if (error)
		return error;
	*ret = (struct mo_slab_track){ .caller_kva = mo_get(&layout->track.addr, track),
				       .pid = mo_get_signed(&layout->track.pid, track) };
	if (mo_has(&layout->jiffies)) {
		error = mo_read_pointer(reader, layout->jiffies.kva, &jiffies);
		ret->has_age = !error;
		ret->age_jiffies = jiffies - mo_get(&layout->track.when, track);
		mo_error_destroy(error);
	}
	/* Without its stack the track still has its caller. */
	error = read_stack(layout, reader, track, frames, &n_frames);
	if (error)
		n_frames = 0;
	mo_error_destroy(error);
	ret->n_frames = n_frames < MO_SLAB_TRACK_FRAMES ? n_frames : MO_SLAB_TRACK_FRAMES;
	memcpy(ret->frames_kva, frames, ret->n_frames * sizeof(frames[0]));
	return NULL;
}
