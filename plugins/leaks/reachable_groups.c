/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* From components of linked objects to their anchors, and from anchors to groups. */
#include <stdlib.h>

#include "reachable.h"

#define MAX_CLIMBS 8
#define MIN_GROUP 100u
#define MIN_GROUP_SHARE 20u    /* one of so many objects of the cache */

/* A component, or an object that is linked with no other, and what it hangs on. */
struct hanging {
	uint64_t anchor_kva;
	uint64_t pa;
	uint32_t objects;
	uint32_t anchor_cache;
	bool links_back;
};

struct hanging_list {
	struct hanging *items;
	size_t n, n_slots;
};

static bool read_word(const struct reachable *reachable, uint64_t pa, uint64_t *ret)
{
	uint8_t bytes[8];
	struct mo_error *error = mo_read_pa(reachable->refs.reader, pa, bytes, reachable->refs.index.word_bytes);

	if (error) {
		mo_error_destroy(error);
		return false;
	}
	*ret = mo_index_word(&reachable->refs.index, bytes);
	return true;
}

/*
 * Whether a link points back at its anchor: prev of a list's first entry and next of its last one at the list head, pprev
 * of a chain's first at what points at it. The root of a tree points nowhere (its parent is 0).
 */
static bool links_back(const struct reachable *reachable, const struct link_kind *kind, uint64_t holder)
{
	const struct mo_object_index *index = &reachable->refs.index;
	uint64_t pa = holder_pa(holder);
	uint64_t word;
	uint64_t first;
	uint64_t second;
	uint64_t place_kva;
	struct mo_place place;

	if (!read_word(reachable, pa, &word) || kind->is_node)
		return false;
	word &= ~7ull;
	if (!read_word(reachable, mo_index_pa(index, word), &first) ||
	    !read_word(reachable, mo_index_pa(index, word) + index->word_bytes, &second))
		return false;
	if (!(first & ~3ull) && kind->is_linked)
		return true;
	place = mo_reference_place(&reachable->refs, &(const struct mo_reference){ .pa = pa });
	place_kva = place.kva + place.offset_bytes;
	for (unsigned i = 0; i < 2; i++) {
		uint64_t kva = i ? index->slabs->direct_map_kva + pa : place_kva;

		if (second == kva || first == kva - index->word_bytes)
			return true;
	}
	return false;
}

static struct mo_error *find_components(const struct reachable *reachable, struct link_kind *kind)
{
	const struct mo_slab_cache *cache = &reachable->refs.index.slabs->caches[kind->cache];

	kind->counts = calloc((size_t)kind->n_objects + 1, sizeof(*kind->counts));
	kind->best = calloc((size_t)kind->n_objects + 1, sizeof(*kind->best));
	if (!kind->counts || !kind->best)
		return mo_error_no_memory();
	for (size_t i = 0; i < cache->n_slabs; i++) {
		uint32_t slab = cache->slabs[i];

		for (uint32_t k = 0; k < reachable->refs.index.indexed[slab].objects; k++) {
			uint32_t number = reachable->slab_numbers[slab] + k;
			uint32_t component;
			uint64_t holder;

			if (number >= kind->n_objects ||
			    mo_index_state(&reachable->refs.index, (struct mo_object_ref){ .slab = slab, .index = k }) != MO_OBJECT_ALLOCATED)
				continue;
			component = component_of(kind, number);
			holder = kind->holders[number];
			kind->counts[component]++;
			if (holder && kind->is_linked && links_back(reachable, kind, holder))
				holder |= HOLDER_LINKS_BACK;
			if (holder > kind->best[component])
				kind->best[component] = holder;
		}
	}
	return NULL;
}

static void forget_components(struct link_kind *kind)
{
	free(kind->counts);
	free(kind->best);
	kind->counts = NULL;
	kind->best = NULL;
}

/* What holds the node of a container holds what is in it. 0: nothing is known to. */
static uint64_t climb(struct reachable *reachable, uint64_t holder)
{
	for (unsigned i = 0; i < MAX_CLIMBS && holder; i++) {
		uint64_t kva = reachable->refs.index.slabs->direct_map_kva + holder_pa(holder);
		struct place_in_cache place;
		const struct link_kind *kind;
		uint64_t next;

		if (!locate(reachable, kva, &place) || !reachable->is_node_cache[place.cache])
			break;
		kind = kind_at(reachable, &place);
		next = kind && kind->best ? kind->best[component_of(kind, place.number)] : 0;
		if (!next)
			break;
		holder = next | (holder & HOLDER_LINKS_BACK);
	}
	return holder;
}

static struct mo_error *append_hanging(struct hanging_list *list, struct hanging hanging)
{
	if (list->n == list->n_slots) {
		size_t n_slots = list->n_slots ? list->n_slots * 2 : 1024;
		struct hanging *items = reallocarray(list->items, n_slots, sizeof(*items));

		if (!items)
			return mo_error_no_memory();
		list->items = items;
		list->n_slots = n_slots;
	}
	list->items[list->n++] = hanging;
	return NULL;
}

static struct mo_error *list_hanging(struct reachable *reachable, const struct link_kind *kind, struct hanging_list *list)
{
	struct mo_error *error = NULL;

	for (uint32_t i = 0; i < kind->n_objects && !error; i++) {
		uint64_t holder = kind->counts[i] && kind->best[i] ? climb(reachable, kind->best[i]) : 0;
		struct hanging hanging = { .pa = holder_pa(holder), .objects = kind->counts[i], .anchor_cache = MO_SLAB_NO_CACHE,
					   .links_back = holder & HOLDER_LINKS_BACK };
		struct place_in_cache in;
		struct mo_place place;

		if (!holder)
			continue;
		hanging.anchor_kva = reachable->refs.index.slabs->direct_map_kva + hanging.pa;
		if (locate(reachable, hanging.anchor_kva, &in)) {
			hanging.anchor_cache = in.cache;
			hanging.anchor_kva -= in.offset_bytes;
		} else {
			place = mo_reference_place(&reachable->refs, &(const struct mo_reference){ .pa = hanging.pa });
			if (place.kind != MO_PLACE_NONE)
				hanging.anchor_kva = place.kva;
		}
		error = append_hanging(list, hanging);
	}
	return error;
}

static int compare_hanging(const void *left, const void *right)
{
	const struct hanging *a = left;
	const struct hanging *b = right;

	if (a->anchor_cache != b->anchor_cache)
		return a->anchor_cache < b->anchor_cache ? -1 : 1;
	if (a->anchor_kva != b->anchor_kva)
		return a->anchor_kva < b->anchor_kva ? -1 : 1;
	return (a->pa > b->pa) - (a->pa < b->pa);
}

static struct mo_error *append_group(struct held_groups *groups, struct held_group group)
{
	if (groups->n == groups->n_slots) {
		size_t n_slots = groups->n_slots ? groups->n_slots * 2 : 64;
		struct held_group *grown = reallocarray(groups->groups, n_slots, sizeof(*grown));

		if (!grown)
			return mo_error_no_memory();
		groups->groups = grown;
		groups->n_slots = n_slots;
	}
	groups->groups[groups->n++] = group;
	return NULL;
}

/* Those of one anchor: [first, end) of a sorted list. */
static struct held_group group_of(const struct hanging_list *list, size_t first, size_t end)
{
	struct held_group group = { .anchors = 1, .anchor_pa = list->items[first].pa, .anchor_kva = list->items[first].anchor_kva,
				    .anchor_cache = list->items[first].anchor_cache,
				    .has_one_byte = list->items[end - 1].pa - list->items[first].pa <= 8 };

	for (size_t i = first; i < end; i++) {
		group.objects += list->items[i].objects;
		group.links_back |= list->items[i].links_back;
	}
	return group;
}

/* Anchors with many objects are groups of their own; small ones in objects of one cache are one group together. */
static struct mo_error *group_kind(const struct reachable *reachable, uint32_t number, const struct hanging_list *list,
				   struct held_groups *groups)
{
	const struct mo_slab_cache *cache = &reachable->refs.index.slabs->caches[reachable->kinds[number].cache];
	uint64_t least = cache->states[MO_OBJECT_ALLOCATED] / MIN_GROUP_SHARE;
	struct held_group spread = { .anchors = 0 };
	struct mo_error *error = NULL;

	least = least < MIN_GROUP ? MIN_GROUP : least;
	for (size_t first = 0, end; first < list->n && !error; first = end) {
		struct held_group group;

		for (end = first + 1; end < list->n && list->items[end].anchor_cache == list->items[first].anchor_cache &&
				      list->items[end].anchor_kva == list->items[first].anchor_kva;)
			end++;
		group = group_of(list, first, end);
		group.kind = number;
		group.bytes = group.objects * cache->size_bytes;
		if (group.objects >= least)
			error = append_group(groups, group);
		if (group.objects < least && group.anchor_cache != MO_SLAB_NO_CACHE) {
			if (spread.anchors && spread.anchor_cache == group.anchor_cache) {
				spread.objects += group.objects;
				spread.bytes += group.bytes;
				spread.anchors++;
			} else {
				if (spread.anchors && spread.objects >= least && !error)
					error = append_group(groups, spread);
				spread = group;
			}
		}
	}
	if (spread.anchors && spread.objects >= least && !error)
		error = append_group(groups, spread);
	return error;
}

static int compare_groups(const void *left, const void *right)
{
	const struct held_group *a = left;
	const struct held_group *b = right;

	return (a->bytes < b->bytes) - (a->bytes > b->bytes);
}

struct mo_error *group_held(struct reachable *reachable, struct held_groups *ret)
{
	struct held_groups groups = { .n = 0 };
	struct mo_error *error = NULL;

	/* Components of containers are looked up for all others. */
	for (uint32_t i = 0; i < reachable->n_kinds && !error; i++)
		if (reachable->kinds[i].is_node)
			error = find_components(reachable, &reachable->kinds[i]);
	for (uint32_t i = 0; i < reachable->n_kinds && !error; i++) {
		struct link_kind *kind = &reachable->kinds[i];
		struct hanging_list list = { .n = 0 };

		if (kind->is_node)
			continue;
		error = find_components(reachable, kind);
		if (!error)
			error = list_hanging(reachable, kind, &list);
		forget_components(kind);
		if (list.n)
			qsort(list.items, list.n, sizeof(*list.items), compare_hanging);
		if (!error)
			error = group_kind(reachable, i, &list, &groups);
		free(list.items);
	}
	if (groups.n)
		qsort(groups.groups, groups.n, sizeof(*groups.groups), compare_groups);
	if (error)
		free(groups.groups);
	else
		*ret = groups;
	return error;
}
