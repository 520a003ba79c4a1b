/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What was short: the kernel's own word where it says one, and what the zones show beside it. */
#include "gathering.h"

#include <string.h>

static bool has_verdict(const struct draft *draft, enum mo_oom_zone_verdict verdict)
{
	for (size_t i = 0; i < draft->n_zones; i++)
		if (draft->zones[i].verdict == verdict)
			return true;
	return false;
}

/* Whether a zone that the request may not use has more free than its high watermark. */
static bool is_elsewhere(const struct draft *draft, enum mo_oom_zone_verdict verdict)
{
	for (size_t i = 0; i < draft->n_zones; i++) {
		const struct mo_oom_zone *zone = &draft->zones[i];

		if (zone->verdict == verdict && zone->free_pages.certainty == MO_EXACT &&
		    zone->high_pages.certainty == MO_EXACT && zone->free_pages.value > zone->high_pages.value * 2)
			return true;
	}
	return false;
}

/*
 * Enough is free, and no block of that order. A zone that only keeps its lowmem reserve back is not short of blocks, and one
 * whose pages for one are enough although blocks of that order are there fails for the pages that the order adds.
 */
static bool is_fragmented(const struct draft *draft)
{
	return draft->event.has_order && draft->event.order > 0 && has_verdict(draft, MO_OOM_ZONE_NO_BLOCK);
}

static enum mo_oom_constraint by_word(const char *word)
{
	return !strcmp(word, "CONSTRAINT_MEMCG")	 ? MO_OOM_MEMCG :
	       !strcmp(word, "CONSTRAINT_CPUSET")	 ? MO_OOM_CPUSET :
	       !strcmp(word, "CONSTRAINT_MEMORY_POLICY") ? MO_OOM_MEMPOLICY :
							   MO_OOM_CONSTRAINT_UNKNOWN;
}

/* Pages of the zones that the report shows are clearly fewer than the machine has. */
static bool shows_some(const struct draft *draft)
{
	uint64_t managed = 0;

	for (size_t i = 0; i < draft->n_zones; i++)
		managed += draft->zones[i].managed_pages.value;
	return managed && draft->ram_pages.certainty == MO_EXACT && draft->reserved_pages.certainty == MO_EXACT &&
	       draft->ram_pages.value > draft->reserved_pages.value &&
	       managed < (draft->ram_pages.value - draft->reserved_pages.value) / 10 * 9;
}

static size_t count_shown_nodes(const struct draft *draft)
{
	size_t n = 0;

	for (size_t i = 0; i < draft->n_zones; i++) {
		bool is_new = true;

		for (size_t k = 0; k < i; k++)
			is_new &= draft->zones[k].node_id != draft->zones[i].node_id;
		n += is_new;
	}
	return n;
}

static size_t count_nodes(const struct mo_zones_model *zones)
{
	size_t n = 0;

	for (size_t i = 0; i < zones->n_nodes; i++)
		n += zones->nodes[i].present_pages.value != 0;
	return n;
}

/*
 * Nodes that the request may not use are left out of its report (SHOW_MEM_FILTER_NODES), and since 6.2 so are zones above
 * the highest that it may use: which of these it is, the number of nodes tells.
 */
static bool shows_some_nodes(const struct oom_state *state, const struct draft *draft)
{
	return shows_some(draft) && count_shown_nodes(draft) < count_nodes(state->zones);
}

static bool shows_some_zones(const struct oom_state *state, const struct draft *draft)
{
	return shows_some(draft) && count_shown_nodes(draft) >= count_nodes(state->zones);
}

enum scope scope_of(const struct oom_state *state, const struct draft *draft)
{
	switch (draft->event.constraint) {
	case MO_OOM_CPUSET:
	case MO_OOM_MEMPOLICY:
	case MO_OOM_NODE:
		return SCOPE_NODES;
	case MO_OOM_ZONE:
		return SCOPE_ZONES;
	default:
		return shows_some_nodes(state, draft) ? SCOPE_NODES :
		       shows_some_zones(state, draft) ? SCOPE_ZONES :
							SCOPE_MACHINE;
	}
}

bool is_in_scope(enum scope scope, const struct mo_oom_zone *zone)
{
	bool is_other_node = zone->verdict == MO_OOM_ZONE_OTHER_NODE;
	bool is_other_zone = zone->verdict == MO_OOM_ZONE_OTHER_ZONE;

	return scope == SCOPE_MACHINE || !(is_other_node || (scope == SCOPE_ZONES && is_other_zone));
}

/*
 * Zones above the normal ones (Movable, HighMem) hold no memory of the kernel's own: where only these are left out, all slab
 * of the machine lies in the scope.
 */
bool has_all_of_kernel(const struct draft *draft, enum scope scope)
{
	struct request request = request_of(&draft->event);

	if (scope == SCOPE_MACHINE)
		return true;
	if (scope != SCOPE_ZONES || !request.has_zone || request.zone == ZONE_KIND_DMA || request.zone == ZONE_KIND_DMA32)
		return false;
	for (size_t i = 0; i < draft->n_zones; i++)
		if (draft->zones[i].verdict == MO_OOM_ZONE_OTHER_NODE)
			return false;
	return true;
}

/* Much more is free in the machine than in the zones that the report shows. */
static bool is_free_elsewhere(const struct draft *draft)
{
	uint64_t shown = 0;

	for (size_t i = 0; i < draft->n_zones; i++)
		shown += draft->zones[i].free_pages.value;
	return draft->counters[C_FREE].certainty == MO_EXACT && draft->counters[C_FREE].value / 2 > shown;
}

/*
 * What a failed request found short. One that may not wait is bound by its reserve; how much was free only zones tell, so
 * without them nothing is known but that it failed.
 */
static enum mo_oom_constraint of_atomic(const struct draft *draft)
{
	return draft->parts & PART_ZONES ? MO_OOM_RESERVE : MO_OOM_CONSTRAINT_UNKNOWN;
}

static enum mo_oom_constraint by_zones(const struct oom_state *state, const struct draft *draft, const struct request *request)
{
	bool is_known;

	if (has_verdict(draft, MO_OOM_ZONE_RESERVED))
		return MO_OOM_RESERVE;
	if (is_fragmented(draft))
		return MO_OOM_ORDER;
	if (request->is_this_node)
		return MO_OOM_NODE;
	if (is_elsewhere(draft, MO_OOM_ZONE_OTHER_NODE) || (shows_some_nodes(state, draft) && is_free_elsewhere(draft))) {
		node_list_has(draft->event.nodemask, 0, &is_known);
		return is_known ? MO_OOM_MEMPOLICY : draft->event.mems_allowed[0] ? MO_OOM_CPUSET : MO_OOM_NODE;
	}
	if (is_elsewhere(draft, MO_OOM_ZONE_OTHER_ZONE) || (shows_some_zones(state, draft) && is_free_elsewhere(draft)))
		return MO_OOM_ZONE;
	if ((draft->event.kind == MO_OOM_ALLOCATION_FAILURE || draft->event.kind == MO_OOM_SLAB_FAILURE) && request->is_known &&
	    !request->may_block)
		return of_atomic(draft);
	return draft->parts & (PART_ZONES | PART_SUMMARY) ? MO_OOM_GLOBAL : MO_OOM_CONSTRAINT_UNKNOWN;
}

void find_constraint(const struct oom_state *state, struct draft *draft)
{
	struct mo_oom_event *event = &draft->event;
	struct request request = request_of(event);

	if (event->constraint != MO_OOM_CONSTRAINT_UNKNOWN)
		return;
	/* Called by hand, whatever is free; of memory that is short all the same, the zones tell. */
	if (event->has_order && event->order == -1 && (has_passing_zone(draft) || !(draft->parts & PART_ZONES))) {
		event->constraint = MO_OOM_NOTHING_SHORT;
		return;
	}
	event->constraint = by_word(draft->constraint_text);
	if (event->constraint == MO_OOM_CONSTRAINT_UNKNOWN && event->memcg[0])
		event->constraint = MO_OOM_MEMCG;
	/* Before 4.20, and where the killer panics instead, there is no word; a group's numbers are only with its own OOM. */
	if (event->constraint == MO_OOM_CONSTRAINT_UNKNOWN && draft->memcg.usage_bytes.certainty == MO_EXACT)
		event->constraint = MO_OOM_MEMCG;
	if (event->constraint == MO_OOM_CONSTRAINT_UNKNOWN)
		event->constraint = by_zones(state, draft, &request);
	if (event->constraint == MO_OOM_CONSTRAINT_UNKNOWN && !strcmp(draft->constraint_text, "CONSTRAINT_NONE"))
		event->constraint = MO_OOM_GLOBAL;
	/* "Out of memory: Killed process" alone: not of a memory cgroup, and more is not said. */
	if (event->constraint == MO_OOM_CONSTRAINT_UNKNOWN && event->kind == MO_OOM_KILL)
		event->constraint = MO_OOM_GLOBAL;
}
