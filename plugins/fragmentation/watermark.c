/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Whether an allocation would succeed from a zone now: __zone_watermark_ok() (mm/page_alloc.c) for requests that have no
 * right to reserves.
 */
#include "fragmentation.h"

bool is_populated(const struct mo_zone *zone)
{
	return zone->present_pages.certainty != MO_UNKNOWN && zone->present_pages.value;
}

const char *chance_text(enum chance chance)
{
	switch (chance) {
	case CHANCE_YES:
		return "yes";
	case CHANCE_BELOW_LOW:
		return "below low";
	case CHANCE_WATERMARK:
		return "no: watermark";
	case CHANCE_NO_BLOCK:
		return "no: no block";
	case CHANCE_OTHER_ZONE:
		return "not from here";
	case CHANCE_UNKNOWN:
		break;
	}
	return NULL;
}

bool is_had(enum chance chance)
{
	return chance == CHANCE_YES || chance == CHANCE_BELOW_LOW;
}

/* The highest zone that a request may take pages from (gfp_zone()); -1: not known. */
static int64_t highest_zone(const struct models *models, enum request request)
{
	const struct mo_constant *zone = request == REQUEST_KERNEL ? &models->layout->zone_normal :
								     &models->layout->zone_movable;

	return mo_has(zone) ? zone->value : -1;
}

/* __zone_watermark_unusable_free() without what the order adds. */
static struct mo_count reserved_pages(const struct models *models, const struct mo_zone *zone, enum request request)
{
	const struct mo_vm_counter *cma = mo_zone_counter_find(models->zones, zone, "nr_free_cma");
	struct mo_count reserved = zone->free_highatomic_pages.certainty != MO_UNKNOWN ? zone->free_highatomic_pages :
											 zone->reserved_highatomic_pages;

	/* Who may have CMA pages: requests for movable memory. */
	return request == REQUEST_KERNEL && cma ? mo_count_add(reserved, cma->printed) : reserved;
}

/* Whether free pages lie above a watermark and the reserve; false in *is_known: that cannot be told. */
static bool passes(const struct models *models, const struct mo_zone *zone, unsigned order, enum request request,
		   enum mo_watermark which, bool *is_known)
{
	int64_t highest = highest_zone(models, request);
	struct mo_count reserved = reserved_pages(models, zone, request);
	struct mo_count mark = mo_count_add(zone->watermark_pages[which], zone->watermark_boost_pages);

	if (highest < 0 || (uint64_t)highest >= zone->n_lowmem_reserve || reserved.certainty != MO_EXACT ||
	    zone->free_pages.certainty != MO_EXACT)
		*is_known = false;
	else
		mark = mo_count_add(mark, zone->lowmem_reserve_pages[highest]);
	if (mark.certainty != MO_EXACT)
		*is_known = false;
	if (!*is_known)
		return false;
	mark = mo_count_add(mark, mo_count_add(reserved, mo_exact((1ull << order) - 1)));
	return mark.certainty == MO_EXACT && zone->free_pages.value > mark.value;
}

/* Whether a list that the request may take from has a block of at least that order. */
static bool has_block(const struct models *models, size_t zone, unsigned order, enum request request, bool *is_known)
{
	const struct mo_free_areas_model *model = models->free_areas;

	for (unsigned at = order; at < model->n_orders; at++) {
		for (unsigned type = 0; type < model->n_migratetypes; type++) {
			struct mo_count blocks = model->zones[zone].orders[at].lists[type].blocks;

			if (type >= model->n_pcp_migratetypes &&
			    (request != REQUEST_MOVABLE || (int)type != model->migrate_cma))
				continue;
			if (blocks.value)
				return true;
			if (blocks.certainty != MO_EXACT)
				*is_known = false;
		}
	}
	return false;
}

enum chance chance_of(const struct models *models, size_t zone_index, unsigned order, enum request request)
{
	const struct mo_zone *zone = &models->zones->zones[zone_index];
	bool is_known = true;
	bool low;
	bool min;

	if (highest_zone(models, request) >= 0 && (int64_t)zone->index > highest_zone(models, request))
		return CHANCE_OTHER_ZONE;
	low = passes(models, zone, order, request, MO_WMARK_LOW, &is_known);
	min = passes(models, zone, order, request, MO_WMARK_MIN, &is_known);
	if (!is_known)
		return CHANCE_UNKNOWN;
	if (!min)
		return CHANCE_WATERMARK;
	if (order && !has_block(models, zone_index, order, request, &is_known))
		return is_known ? CHANCE_NO_BLOCK : CHANCE_UNKNOWN;
	return low ? CHANCE_YES : CHANCE_BELOW_LOW;
}
