/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Which zone a page frame lies in, by what the zones span. */
#include "gathering.h"

#include <stdlib.h>

static int compare_zones(const void *a, const void *b, void *context)
{
	const struct mo_zones_model *zones = context;
	uint64_t first = zones->zones[*(const size_t *)a].start_pfn;
	uint64_t second = zones->zones[*(const size_t *)b].start_pfn;

	return first < second ? -1 : first > second;
}

struct mo_error *sort_zones(struct mem_map_state *state)
{
	const struct mo_zones_model *zones = state->zones;
	size_t n_zones = zones ? zones->n_zones : 0;

	state->n_zone_pages = n_zones + 1;
	state->zone_pages = calloc(state->n_zone_pages, sizeof(*state->zone_pages));
	state->zones_by_pfn = calloc(n_zones + 1, sizeof(*state->zones_by_pfn));
	if (!state->zone_pages || !state->zones_by_pfn)
		return mo_error_no_memory();
	for (size_t i = 0; i < state->n_zone_pages; i++)
		state->zone_pages[i].zone = i < n_zones ? (uint32_t)i : MO_ZONE_NONE;
	state->model.zones = state->zone_pages;
	state->model.n_zones = state->n_zone_pages;
	for (size_t i = 0; i < n_zones; i++)
		if (zones->zones[i].spanned_pages.certainty == MO_EXACT && zones->zones[i].spanned_pages.value)
			state->zones_by_pfn[state->n_zones_by_pfn++] = i;
	if (n_zones)
		qsort_r(state->zones_by_pfn, state->n_zones_by_pfn, sizeof(*state->zones_by_pfn), compare_zones,
			(void *)zones);
	return NULL;
}

static bool spans(const struct mo_zone *zone, uint64_t pfn)
{
	return pfn >= zone->start_pfn && pfn - zone->start_pfn < zone->spanned_pages.value;
}

/*
 * The zone that spans a page frame, and until where that answer holds. Spans of two nodes may overlap where their
 * memory is interleaved: then the zone that begins last is the one that lies inside of the other.
 */
uint32_t zone_at(const struct mem_map_state *state, uint64_t pfn, uint64_t *end_pfn)
{
	uint32_t found = MO_ZONE_NONE;

	*end_pfn = UINT64_MAX;
	for (size_t i = 0; i < state->n_zones_by_pfn; i++) {
		const struct mo_zone *zone = &state->zones->zones[state->zones_by_pfn[i]];

		if (spans(zone, pfn)) {
			found = (uint32_t)state->zones_by_pfn[i];
			if (zone->spanned_pages.value <= UINT64_MAX - zone->start_pfn &&
			    zone->start_pfn + zone->spanned_pages.value < *end_pfn)
				*end_pfn = zone->start_pfn + zone->spanned_pages.value;
		} else if (zone->start_pfn > pfn && zone->start_pfn < *end_pfn) {
			*end_pfn = zone->start_pfn;
		}
	}
	return found;
}

uint32_t zone_of_pfn(const struct mem_map_state *state, uint64_t pfn)
{
	uint64_t end_pfn;

	return zone_at(state, pfn, &end_pfn);
}

size_t zone_row(const struct mem_map_state *state, uint32_t zone)
{
	return zone == MO_ZONE_NONE ? state->n_zone_pages - 1 : zone;
}
