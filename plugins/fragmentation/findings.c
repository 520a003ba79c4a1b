/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Zones with plenty of free memory and no block that a usual allocation needs. */
#include "fragmentation.h"

#include <stdio.h>

#define USUAL_ORDER 3 /* PAGE_ALLOC_COSTLY_ORDER: up to here the kernel retries for ever (mm/page_alloc.c) */
#define A_LOT_PERCENT 25

static int largest_free_order(const struct models *models, size_t zone)
{
	for (int order = (int)models->free_areas->n_orders - 1; order >= 0; order--)
		if (models->free_areas->zones[zone].orders[order].nr_free.value)
			return order;
	return -1;
}

/* How much of the machine's memory lies in zones that still have it, for kernel allocations, in per cent. */
static unsigned percent_that_has_it(const struct models *models, unsigned order)
{
	uint64_t all = 0;
	uint64_t having = 0;

	for (size_t i = 0; i < models->zones->n_zones; i++) {
		uint64_t pages = models->zones->zones[i].managed_pages.value;

		if (!is_populated(&models->zones->zones[i]) || pages >> 50)
			continue;
		all += pages;
		having += is_had(chance_of(models, i, order, REQUEST_KERNEL)) ? pages : 0;
	}
	return all ? (unsigned)(having * 100 / all) : 0;
}

/* The class of pages that most pageblocks hold and that cannot be moved. */
static unsigned first_in_the_way(const struct zone_pageblocks *zone)
{
	unsigned most = MO_N_PAGE_CLASSES;

	for (unsigned class = 0; class < MO_N_PAGE_CLASSES; class++)
		if (class_is_stuck(class) && zone->classes[class].pages &&
		    (most == MO_N_PAGE_CLASSES || zone->classes[class].blocks > zone->classes[most].blocks))
			most = class;
	return most;
}

static void judge_zone(struct mo_run *run, const struct models *models, size_t i, const struct zone_pageblocks *sums,
		       unsigned order)
{
	const struct mo_zone *zone = &models->zones->zones[i];
	struct mo_evidence evidence[7];
	size_t n = 0;
	unsigned class = sums ? first_in_the_way(&sums[i]) : MO_N_PAGE_CLASSES;
	uint64_t movable_blocks = 0;
	uint64_t all_blocks = 0;
	unsigned has_it = percent_that_has_it(models, order);
	char verdict[320];
	char advice[320];

	for (unsigned type = 0; sums && type <= MO_MOST_MIGRATETYPES; type++) {
		movable_blocks += sums[i].types[type].movable_blocks;
		all_blocks += sums[i].types[type].blocks;
	}
	evidence[n++] = (struct mo_evidence){ "free", MO_CELL_BYTES,
					      mo_cell_number(mo_exact(zone->free_pages.value * models->page_bytes)) };
	evidence[n++] = (struct mo_evidence){ "low watermark", MO_CELL_BYTES,
					      mo_cell_number(mo_exact(zone->watermark_pages[MO_WMARK_LOW].value *
								      models->page_bytes)) };
	if (sums)
		evidence[n++] = (struct mo_evidence){ "pageblocks", MO_CELL_COUNT, mo_cell_number(mo_exact(all_blocks)) };
	if (sums)
		evidence[n++] = (struct mo_evidence){ "pageblocks that compaction could empty", MO_CELL_COUNT,
						      mo_cell_number(mo_exact(movable_blocks)) };
	if (class != MO_N_PAGE_CLASSES) {
		evidence[n++] = (struct mo_evidence){ "most in the way", MO_CELL_TEXT,
						      mo_cell_text(models->mem_map->classes[class].title) };
		evidence[n++] = (struct mo_evidence){ "in pageblocks", MO_CELL_COUNT,
						      mo_cell_number(mo_exact(sums[i].classes[class].blocks)) };
		evidence[n++] = (struct mo_evidence){ "pages", MO_CELL_COUNT,
						      mo_cell_number(mo_exact(sums[i].classes[class].pages)) };
	}
	snprintf(verdict, sizeof(verdict), "Node %u, zone %s is fragmented: much of it is free, and a kernel allocation of order "
		 "%u (%llu KiB) finds no block; the largest free one is of order %d.%s", zone->node_id, zone->name, order,
		 (unsigned long long)((models->page_bytes << order) / 1024), largest_free_order(models, i),
		 has_it >= A_LOT_PERCENT ? " Other zones still have one." :
		 has_it			 ? " Only zones with little of the memory still have one." :
					   "");
	snprintf(advice, sizeof(advice), "%s `memopsy fragmentation` shows orders and pageblocks.",
		 class == MO_N_PAGE_CLASSES ? "See who holds the pages between the free ones." :
		 movable_blocks > all_blocks / 4 ?
			 "Compaction could help (echo 1 > /proc/sys/vm/compact_memory), and keeping more memory free "
			 "(vm.min_free_kbytes)." :
			 "Compaction can help little: most pageblocks hold pages that cannot be moved. Find who allocated them "
			 "(page_owner).");
	mo_run_judge(run, "fragmentation", &(struct mo_finding){
		.id = "zone-fragmented",
		.severity = has_it >= A_LOT_PERCENT ? MO_NOTICE : MO_WARNING,
		.confidence = MO_CERTAIN,
		.verdict = verdict,
		.evidence = evidence,
		.n_evidence = n,
		.advice = advice,
	});
}

/* Plenty: an allocation of one page passes the low watermark, so that nothing is reclaimed on its behalf. */
struct mo_error *judge_fragmentation(struct mo_run *run)
{
	const struct fragmentation_state *state = mo_run_model(run);
	const struct models *models = &state->models;

	for (size_t i = 0; i < models->zones->n_zones; i++) {
		if (!is_populated(&models->zones->zones[i]) || chance_of(models, i, 0, REQUEST_KERNEL) != CHANCE_YES)
			continue;
		for (unsigned order = 1; order <= USUAL_ORDER && order < models->free_areas->n_orders; order++) {
			if (chance_of(models, i, order, REQUEST_KERNEL) != CHANCE_NO_BLOCK)
				continue;
			judge_zone(run, models, i, state->sums, order);
			break;
		}
	}
	return NULL;
}
