/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The test that every zone of a report failed: __zone_watermark_ok() (mm/page_alloc.c) with the numbers that the log gives.
 * Free pages must exceed what of the min watermark the request has to leave, what lower zones keep from requests that
 * could have used a higher one (lowmem_reserve), and what it may not use: pages kept for atomic requests, CMA.
 */
#include "gathering.h"

#include <string.h>

static const char *const zone_names[N_ZONE_KINDS] = { "DMA", "DMA32", "Normal", "HighMem", "Movable" };

/* Where a zone stands in this kernel's enum zone_type; -1: not known. */
static int64_t index_of_name(const struct oom_layout *layout, const char *name)
{
	for (unsigned i = 0; i < N_ZONE_KINDS; i++)
		if (!strcmp(name, zone_names[i]) && mo_has(&layout->zones[i]))
			return layout->zones[i].value;
	return -1;
}

/* The highest zone of a request: without high memory, what asks for it gets normal memory. */
static int64_t highest_of(const struct oom_layout *layout, const struct request *request)
{
	const struct mo_constant *zone = &layout->zones[request->zone];

	if (!request->has_zone)
		return -1;
	if (!mo_has(zone))
		zone = &layout->zones[ZONE_KIND_NORMAL];
	return mo_has(zone) ? zone->value : -1;
}

/* What of min has to stay: half of it for __GFP_HIGH, and of that a quarter less for those that cannot wait. */
static struct mo_count mark_of(const struct mo_oom_zone *zone, const struct request *request)
{
	struct mo_count mark = zone->min_pages;

	if (request->is_known && request->is_high)
		mark.value -= mark.value / 2;
	if (request->is_known && request->is_high && !request->may_block)
		mark.value -= mark.value / 4;
	return mark;
}

static struct mo_count unusable_of(const struct mo_oom_zone *zone, const struct request *request, unsigned order)
{
	struct mo_count highatomic = zone->free_highatomic_pages.certainty == MO_EXACT ? zone->free_highatomic_pages :
											  zone->reserved_highatomic_pages;
	uint64_t pages = (1ull << order) - 1;

	if (highatomic.certainty == MO_EXACT && !(request->is_known && request->is_high && !request->may_block))
		pages += highatomic.value;
	if (zone->free_cma_pages.certainty == MO_EXACT && !request->is_movable)
		pages += zone->free_cma_pages.value;
	return mo_exact(pages);
}

static bool is_enough(const struct mo_oom_zone *zone, struct mo_count unusable)
{
	return zone->free_pages.value > zone->mark_pages.value + zone->reserve_pages.value + unusable.value;
}

bool passes_for_one_page(const struct mo_oom_zone *zone, const struct request *request)
{
	return zone->free_pages.certainty == MO_EXACT && zone->mark_pages.certainty == MO_EXACT &&
	       zone->reserve_pages.certainty == MO_EXACT && is_enough(zone, unusable_of(zone, request, 0));
}

static bool has_block(const struct mo_oom_zone *zone, unsigned order)
{
	for (unsigned at = order; at < zone->n_orders; at++)
		if (zone->has_usable[at])
			return true;
	return false;
}

/*
 * The OOM killer is called when reclaim brought no zone above its min watermark; before it kills, one more attempt is made
 * against the high one (__alloc_pages_may_oom()). So a zone may stand between the two when the report is printed.
 */
static bool is_below_high(const struct mo_oom_zone *zone)
{
	return zone->high_pages.certainty == MO_EXACT &&
	       zone->free_pages.value <= zone->high_pages.value + zone->reserve_pages.value + zone->unusable_pages.value;
}

/* Enough is free, and every free block is on a list that is kept for others. */
static bool is_reserved(const struct mo_oom_zone *zone, const struct request *request)
{
	unsigned usable = MO_OOM_LIST_ORDINARY | (request->is_movable ? MO_OOM_LIST_CMA : 0);

	return zone->n_orders && zone->lists && !(zone->lists & usable) &&
	       zone->free_pages.value > zone->mark_pages.value + zone->reserve_pages.value;
}

static enum mo_oom_zone_verdict verdict_of(const struct mo_oom_zone *zone, const struct request *request, unsigned order, bool is_oom)
{
	if (zone->free_pages.certainty != MO_EXACT || zone->mark_pages.certainty != MO_EXACT ||
	    zone->reserve_pages.certainty != MO_EXACT)
		return MO_OOM_ZONE_UNKNOWN;
	if (is_reserved(zone, request))
		return MO_OOM_ZONE_RESERVED;
	if (order && passes_for_one_page(zone, request) && zone->n_orders && !has_block(zone, order))
		return MO_OOM_ZONE_NO_BLOCK;
	if (!is_enough(zone, zone->unusable_pages))
		return MO_OOM_ZONE_WATERMARK;
	if (order && !zone->n_orders)
		return MO_OOM_ZONE_UNKNOWN;
	return is_oom && is_below_high(zone) ? MO_OOM_ZONE_BELOW_HIGH : MO_OOM_ZONE_PASSES;
}

void test_zones(const struct oom_state *state, struct draft *draft)
{
	struct request request = request_of(&draft->event);
	int64_t highest = highest_of(state->layout, &request);
	unsigned order = draft->event.has_order && draft->event.order > 0 ? (unsigned)draft->event.order : 0;

	for (size_t i = 0; i < draft->n_zones; i++) {
		struct mo_oom_zone *zone = &draft->zones[i];
		int64_t index = index_of_name(state->layout, zone->name);

		zone->mark_pages = mark_of(zone, &request);
		zone->unusable_pages = unusable_of(zone, &request, order);
		zone->reserve_pages = highest >= 0 && (uint64_t)highest < zone->n_lowmem_reserve ?
					      mo_exact(zone->lowmem_reserve_pages[highest]) :
					      mo_unknown();
		if (zone->managed_pages.certainty == MO_EXACT && !zone->managed_pages.value)
			zone->verdict = MO_OOM_ZONE_UNKNOWN;
		else if (index >= 0 && highest >= 0 && index > highest)
			zone->verdict = MO_OOM_ZONE_OTHER_ZONE;
		else if (!is_node_allowed(&draft->event, zone->node_id))
			zone->verdict = MO_OOM_ZONE_OTHER_NODE;
		else
			zone->verdict = verdict_of(zone, &request, order, draft->event.kind < MO_OOM_ALLOCATION_FAILURE);
	}
}

bool has_reserved_zone(const struct draft *draft)
{
	for (size_t i = 0; i < draft->n_zones; i++)
		if (draft->zones[i].verdict == MO_OOM_ZONE_RESERVED)
			return true;
	return false;
}

bool has_passing_zone(const struct draft *draft)
{
	for (size_t i = 0; i < draft->n_zones; i++)
		if (draft->zones[i].verdict == MO_OOM_ZONE_PASSES)
			return true;
	return false;
}
