/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The parts of struct zone that /proc/zoneinfo and /proc/buddyinfo print (include/linux/mmzone.h). */
#include "gathering.h"

unsigned zone_order_count(const struct zones_layout *layout)
{
	if (!mo_has(&layout->zone.free_area) || !mo_has(&layout->nr_free) || !layout->nr_free.width_bytes ||
	    !layout->zone.free_area.n_elements || layout->zone.free_area.n_elements > MO_MAX_ZONE_ORDERS ||
	    layout->nr_free.offset_bytes + layout->nr_free.width_bytes > layout->zone.free_area.element_bytes)
		return 0;
	return (unsigned)layout->zone.free_area.n_elements;
}

/* A member that is a number and lies within the struct as it was read; unknown: this kernel has none. */
static struct mo_count member(const struct zones_layout *layout, const struct mo_field *field, const uint8_t *bytes)
{
	if (!mo_has(field) || !field->width_bytes || field->offset_bytes + field->width_bytes > layout->zone.size.bytes)
		return mo_unknown();
	return mo_exact(mo_get(field, bytes));
}

static void decode_reserves(const struct zones_layout *layout, const uint8_t *bytes, struct mo_zone *zone)
{
	const struct mo_field *reserve = &layout->zone.lowmem_reserve;

	if (!mo_has(reserve) || reserve->width_bytes != 8 || reserve->n_elements > MO_MAX_ZONES_PER_NODE ||
	    reserve->offset_bytes + reserve->size_bytes > layout->zone.size.bytes)
		return;
	zone->n_lowmem_reserve = (size_t)reserve->n_elements;
	for (size_t i = 0; i < zone->n_lowmem_reserve; i++) {
		uint64_t pages = mo_get_element(reserve, bytes, i);

		/* A long that the kernel never makes negative. */
		zone->lowmem_reserve_pages[i] = (int64_t)pages < 0 ? mo_unknown() : mo_exact(pages);
	}
}

void decode_zone_details(const struct zones_layout *layout, const uint8_t *bytes, struct mo_zone *zone)
{
	const struct mo_field *area = &layout->zone.free_area;
	unsigned n_orders = zone_order_count(layout);

	decode_reserves(layout, bytes, zone);
	/* zone_cma_pages() is 0 where CMA is not built in. */
	zone->cma_pages = mo_has(&layout->zone.cma_pages) ? member(layout, &layout->zone.cma_pages, bytes) : mo_exact(0);
	zone->reserved_highatomic_pages = member(layout, &layout->zone.reserved_highatomic, bytes);
	zone->free_highatomic_pages = member(layout, &layout->zone.free_highatomic, bytes);
	if (!n_orders || area->offset_bytes + area->size_bytes > layout->zone.size.bytes)
		return;
	for (unsigned order = 0; order < n_orders; order++)
		zone->free_blocks[order] =
			mo_exact(mo_get(&layout->nr_free, bytes + area->offset_bytes + order * area->element_bytes));
}
