/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What a part of the machine holds of kinds that the log has of the whole machine alone (slab, page tables, stacks): the
 * dump says it of each zone, at its own moment. What the log had of the machine is the most that it can have been.
 */
#include "gathering.h"

#include <string.h>

/* The zone of the dump that a zone of the log is; NULL: there is none. */
static const struct mo_zone *zone_in_dump(const struct oom_state *state, const struct mo_oom_zone *zone, size_t *index_ret)
{
	for (size_t i = 0; i < state->zones->n_zones; i++) {
		const struct mo_zone *at = &state->zones->zones[i];

		if (at->node_id != zone->node_id || !at->name || strcmp(at->name, zone->name) != 0)
			continue;
		*index_ret = i;
		return at;
	}
	return NULL;
}

static uint64_t pages_of_class(const struct oom_state *state, const struct draft *draft, enum scope scope,
			       enum mo_page_class class, bool *is_known)
{
	const struct mo_mem_map_model *mem_map = mem_map_of(state);
	uint64_t pages = 0;
	size_t index;

	for (size_t i = 0; mem_map && i < draft->n_zones; i++) {
		if (!is_in_scope(scope, &draft->zones[i]) || !draft->zones[i].managed_pages.value)
			continue;
		if (!zone_in_dump(state, &draft->zones[i], &index))
			return 0;
		for (size_t k = 0; k < mem_map->n_zones; k++)
			pages += mem_map->zones[k].zone == index ? mem_map->zones[k].pages[class] : 0;
	}
	*is_known = mem_map != NULL;
	return pages;
}

static bool is_pfn_in_scope(const struct oom_state *state, const struct draft *draft, enum scope scope, uint64_t pfn)
{
	size_t index;

	for (size_t i = 0; i < draft->n_zones; i++) {
		const struct mo_zone *zone = is_in_scope(scope, &draft->zones[i]) ?
						     zone_in_dump(state, &draft->zones[i], &index) :
						     NULL;

		if (zone && pfn >= zone->start_pfn && pfn - zone->start_pfn < zone->spanned_pages.value)
			return true;
	}
	return false;
}

static uint64_t slab_pages(const struct oom_state *state, const struct draft *draft, enum scope scope, bool is_reclaimable,
			   bool *is_known)
{
	const struct mo_slab_model *slab = slab_of(state);
	uint64_t pages = 0;

	*is_known = slab != NULL;
	for (size_t i = 0; slab && i < slab->n_slabs; i++) {
		const struct mo_slab *at = &slab->slabs[i];

		if (at->cache < slab->n_caches && slab->caches[at->cache].is_reclaimable == is_reclaimable &&
		    is_pfn_in_scope(state, draft, scope, at->pfn))
			pages += 1ull << at->order;
	}
	return pages;
}

struct mo_count scope_bytes_in_dump(const struct oom_state *state, const struct draft *draft, enum scope scope,
				    enum mo_oom_cause cause)
{
	bool is_known = false;
	uint64_t pages = 0;

	if (!state->has_memory || draft->is_of_dump)
		return mo_unknown();
	switch (cause) {
	case MO_OOM_SLAB:
	case MO_OOM_SLAB_RECLAIMABLE:
		pages = slab_pages(state, draft, scope, cause == MO_OOM_SLAB_RECLAIMABLE, &is_known);
		break;
	case MO_OOM_PAGE_TABLES: pages = pages_of_class(state, draft, scope, MO_PAGE_PAGE_TABLE, &is_known); break;
	case MO_OOM_KERNEL_STACKS: pages = pages_of_class(state, draft, scope, MO_PAGE_KERNEL_STACK, &is_known); break;
	default: break;
	}
	return is_known ? mo_exact(pages * state->page_bytes) : mo_unknown();
}
