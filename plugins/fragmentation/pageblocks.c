/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What pageblocks hold: one pass over the classes of all page frames. */
#include "fragmentation.h"

#include <stdlib.h>

/* mm/compaction.c isolates pages on the LRU lists and those of drivers that say how to move them; hugetlb it passes by. */
bool class_is_stuck(unsigned class)
{
	return !mo_class_is_free(class) && !mo_class_is_user(class) && class != MO_PAGE_SWAP_CACHE && class != MO_PAGE_ZSMALLOC &&
	       class != MO_PAGE_BALLOON && class != MO_PAGE_ISOLATED;
}

static size_t zone_of(const struct mo_zones_model *zones, uint64_t pfn)
{
	for (size_t i = 0; i < zones->n_zones; i++)
		if (is_populated(&zones->zones[i]) && pfn >= zones->zones[i].start_pfn &&
		    pfn - zones->zones[i].start_pfn < zones->zones[i].spanned_pages.value)
			return i;
	return zones->n_zones;
}

/* The first zone begins behind page frame 0, within its pageblock. */
static size_t zone_of_block(const struct mo_zones_model *zones, uint64_t pfn, uint64_t n_pages)
{
	size_t zone = zone_of(zones, pfn);

	return zone < zones->n_zones ? zone : zone_of(zones, pfn + n_pages - 1);
}

/* A stretch of page frames of one pageblock. */
static void add_block(const struct models *models, struct zone_pageblocks *zone, uint64_t pfn, const uint8_t *classes,
		      uint64_t n_pages)
{
	unsigned type = mo_pageblock_type_of(models->free_areas, pfn);
	struct pageblock_sums *sums;
	uint64_t counts[256] = { 0 };
	uint64_t n_free = 0;
	uint64_t n_stuck = 0;

	if (type >= models->free_areas->n_migratetypes)
		type = MO_MAX_MIGRATETYPES;
	sums = &zone->types[type];
	for (uint64_t i = 0; i < n_pages; i++)
		counts[classes[i]]++;
	for (unsigned class = 0; class < MO_N_PAGE_CLASSES; class++) {
		if (!counts[class])
			continue;
		n_free += mo_class_is_free(class) ? counts[class] : 0;
		n_stuck += class_is_stuck(class) ? counts[class] : 0;
		zone->classes[class].pages += counts[class];
		zone->classes[class].blocks++;
		/* MIGRATE_MOVABLE is 1 in all kernels that have migrate types. */
		if (type == 1)
			zone->classes[class].pages_in_movable += counts[class];
	}
	sums->blocks++;
	sums->free_pages += n_free;
	sums->stuck_pages += n_stuck;
	sums->free_blocks += n_free == n_pages;
	sums->stuck_blocks += n_stuck != 0;
	sums->movable_blocks += !n_stuck && n_free != n_pages;
}

struct mo_error *sum_pageblocks(const struct models *models, struct zone_pageblocks **ret)
{
	uint64_t block_pages = 1ull << models->free_areas->pageblock_order;
	struct zone_pageblocks *sums;

	*ret = NULL;
	if (!models->mem_map)
		return NULL;
	/* The last is for page frames of no zone. */
	sums = calloc(models->zones->n_zones + 1, sizeof(*sums));
	if (!sums)
		return mo_error_no_memory();
	for (size_t i = 0; i < models->mem_map->n_runs; i++) {
		const struct mo_page_run *run = &models->mem_map->runs[i];
		uint64_t done = 0;

		while (done < run->n_pages) {
			uint64_t pfn = run->first_pfn + done;
			uint64_t part = block_pages - pfn % block_pages;

			if (part > run->n_pages - done)
				part = run->n_pages - done;
			add_block(models, &sums[zone_of_block(models->zones, pfn, part)], pfn, run->classes + done, part);
			done += part;
		}
	}
	*ret = sums;
	return NULL;
}
