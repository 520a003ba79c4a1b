/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What `whatis` says of a slab object: which one, in which state, which member of which struct, in which slab. */
#include <inttypes.h>
#include <stdio.h>

#include "whatis.h"

static const char *const state_names[MO_N_OBJECT_STATES] = {
	[MO_OBJECT_ALLOCATED] = "allocated",
	[MO_OBJECT_FREE] = "free",
	[MO_OBJECT_FREE_CPU] = "free, CPU's list",
	[MO_OBJECT_FREE_CPU_PARTIAL] = "free, CPU's partial list",
	[MO_OBJECT_FREE_SHEAF] = "free, CPU's sheaf",
	[MO_OBJECT_FREE_BARN] = "free, barn",
	[MO_OBJECT_FREE_RCU] = "free, waiting for RCU",
	[MO_OBJECT_UNKNOWN] = "unknown (allocated or free)",
	[MO_OBJECT_FREE_NODE] = "free, node's shared array",
};

static const char *const slab_place_names[] = {
	[MO_SLAB_FULL] = "full",
	[MO_SLAB_NODE_PARTIAL] = "on its node's partial list",
	[MO_SLAB_CPU] = "of a CPU",
	[MO_SLAB_CPU_PARTIAL] = "on a CPU's partial list",
};

/* "byte 24 of 192" or what else an object's room holds. */
static void describe_byte(const struct mo_slab_cache *cache, const struct mo_place *place, char *text, size_t n_bytes)
{
	if (!place->is_padding)
		snprintf(text, n_bytes, "byte %" PRIu64 " of %" PRIu32, place->offset_bytes, cache->object_bytes);
	else if (place->offset_bytes < cache->red_left_bytes && place->bytes == cache->size_bytes)
		snprintf(text, n_bytes, "byte %" PRIu64 " of the red zone before it", place->offset_bytes);
	else
		snprintf(text, n_bytes, "%" PRIu64 " bytes behind its %" PRIu32 ": padding, red zone or tracks",
			 place->offset_bytes - cache->object_bytes, cache->object_bytes);
}

static void put_type(struct whatis_run *whatis, const struct mo_slab_cache *cache, const struct mo_place *place)
{
	const struct mo_type *type = place->is_padding ? NULL : mo_type_of_cache(&whatis->types, place->cache);
	char member[200];
	char name[120];

	if (!type)
		return;
	mo_type_declare(type, NULL, name, sizeof(name));
	if (place->offset_bytes >= type->size_bytes)
		snprintf(member, sizeof(member), ", byte %" PRIu64 " behind it", place->offset_bytes - type->size_bytes);
	else
		mo_describe_member(whatis->state->kernel, type, place->offset_bytes, member, sizeof(member));
	put_fact(whatis, "type", "%s%s, as the name of its cache says%s", name, member,
		 cache->refcount > 1 ? " (or one of a cache that was merged into it)" : "");
}

static void put_slab(const struct whatis_run *whatis, const struct mo_slab *slab)
{
	const struct mo_slab_cache *cache = &whatis->state->slabs->caches[slab->cache];

	put_fact(whatis, "slab", "page frame 0x%" PRIx64 ", order %u, %u of %u objects in use, %s%s", slab->pfn, slab->order,
		 slab->inuse, slab->objects, slab->place <= MO_SLAB_CPU_PARTIAL ? slab_place_names[slab->place] : "?",
		 slab->fault && slab->fault != MO_SLAB_MOVED ? "; at fault (see slabcheck)" : "");
	put_fact(whatis, "cache", "struct kmem_cache at 0x%" PRIx64 "%s", cache->cache_kva,
		 cache->refcount > 1 ? "; other caches are merged into it" : "");
}

/* Memory of a slab that is no object's. */
static void put_rest_of_slab(const struct whatis_run *whatis, const struct mo_place *place)
{
	const struct mo_slab_model *slabs = whatis->state->slabs;
	const struct mo_slab *slab = slabs && place->has_pfn ? mo_slab_at(slabs, place->pfn) : NULL;

	if (!slab)
		return;
	if (slab->cache == MO_SLAB_NO_CACHE) {
		put_fact(whatis, "slab", "of no known cache; %u objects by its own counter", slab->objects);
		return;
	}
	put_fact(whatis, "object", "none: past the last object of a slab of %s",
		 slabs->caches[slab->cache].name ? slabs->caches[slab->cache].name : "?");
	put_slab(whatis, slab);
}

void put_object(struct whatis_run *whatis, const struct mo_place *place)
{
	const struct mo_slab_model *slabs = whatis->state->slabs;
	const struct mo_slab_cache *cache;
	const struct mo_slab *slab;
	char byte[120];
	uint32_t index;

	if (place->kind != MO_PLACE_SLAB_OBJECT ||
	    !mo_object_at(slabs, place->kva + (place->is_padding ? 0 : place->offset_bytes), &slab, &index)) {
		put_rest_of_slab(whatis, place);
		return;
	}
	cache = &slabs->caches[slab->cache];
	describe_byte(cache, place, byte, sizeof(byte));
	put_fact(whatis, "object", "0x%" PRIx64 " of %s, %s; %s", mo_object_kva(slabs, slab, index), place->name,
		 state_names[mo_object_state_of(slabs, slab, index)], byte);
	put_type(whatis, cache, place);
	put_fact(whatis, "place", "object %" PRIu32 " of %u in its slab", index, slab->objects);
	put_slab(whatis, slab);
}
