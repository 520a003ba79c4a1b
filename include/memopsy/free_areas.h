/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef MEMOPSY_FREE_AREAS_H
#define MEMOPSY_FREE_AREAS_H

/*
 * The model "free_areas": what the buddy allocator's free lists and the per-CPU page lists really hold, found by
 * walking every list, beside what the counters say; and the migrate type of every pageblock.
 *
 * Immutable once published; lives until the run ends. Zones are those of the model "zones", by index.
 * Decodes struct free_area (include/linux/mmzone.h), struct per_cpu_pages (before 5.14: per_cpu_pageset) and the
 * pageblock flags (include/linux/pageblock-flags.h).
 */

#include <memopsy/report.h>

#ifdef __cplusplus
extern "C" {
#endif

#define MO_FREE_AREAS_MODEL "free_areas"
#define MO_FREE_AREAS_MODEL_VERSION 1

#define MO_MAX_ORDERS 32       /* NR_PAGE_ORDERS is 11 by default, and at most 17 or so */
#define MO_MAX_MIGRATETYPES 12
#define MO_MIGRATETYPE_UNKNOWN 255

struct mo_free_list {
	struct mo_count blocks;       /* found on the list; a lower bound if the list broke */
};

struct mo_free_area {
	struct mo_free_list lists[MO_MAX_MIGRATETYPES]; /* by migratetype */
	struct mo_count nr_free;      /* blocks, as the kernel counts them */
};

struct mo_zone_free_areas {
	struct mo_free_area orders[MO_MAX_ORDERS];
	struct mo_count pageblocks[MO_MAX_MIGRATETYPES]; /* by migratetype, as /proc/pagetypeinfo counts them */
	struct mo_count found_pages;  /* in all lists of the zone */
	struct mo_count pcp_pages;    /* on per-CPU lists */
	/* Blocks on the list of another type than their pageblock's. Fallbacks leave such blocks: nothing is wrong. */
	uint64_t blocks_of_other_type;
	uint64_t n_broken_lists;      /* that could not be followed to their end */
};

/* A block on a per-CPU list: free for whoever asks on that CPU, and counted as used. */
struct mo_pcp_block {
	uint64_t pfn;
	uint16_t cpu;
	uint8_t order;
	uint8_t migratetype;          /* MO_MIGRATETYPE_UNKNOWN: that list is for several */
};

/* Neighbouring pageblocks of 2^pageblock_order page frames. */
struct mo_pageblock_run {
	uint64_t first_pfn;
	uint64_t n_blocks;
	const uint8_t *migratetypes;  /* one per pageblock; MO_MIGRATETYPE_UNKNOWN: could not be read */
};

struct mo_free_areas_model {
	const struct mo_zone_free_areas *zones; /* one per zone of the model "zones", same order */
	size_t n_zones;
	unsigned n_orders;            /* NR_PAGE_ORDERS */
	unsigned n_migratetypes;      /* MIGRATE_TYPES */
	unsigned n_pcp_migratetypes;  /* MIGRATE_PCPTYPES: types below can be had by anybody; the rest is kept for some */
	int migrate_highatomic;       /* values of enum migratetype; -1: this kernel has none */
	int migrate_cma;
	int migrate_isolate;
	const char *migratetype_names[MO_MAX_MIGRATETYPES]; /* migratetype_names[] of mm/page_alloc.c, visible text */
	unsigned pageblock_order;
	const struct mo_pageblock_run *pageblock_runs; /* ascending, not overlapping */
	size_t n_pageblock_runs;
	const struct mo_pcp_block *pcp_blocks; /* ascending by pfn */
	size_t n_pcp_blocks;
};

/* The migrate type of the pageblock that a page frame lies in; MO_MIGRATETYPE_UNKNOWN: not known. */
static inline unsigned mo_pageblock_type_of(const struct mo_free_areas_model *model, uint64_t pfn)
{
	size_t low = 0;
	size_t high = model->n_pageblock_runs;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		const struct mo_pageblock_run *run = &model->pageblock_runs[middle];

		if (pfn < run->first_pfn)
			high = middle;
		else if ((pfn - run->first_pfn) >> model->pageblock_order >= run->n_blocks)
			low = middle + 1;
		else
			return run->migratetypes[(pfn - run->first_pfn) >> model->pageblock_order];
	}
	return MO_MIGRATETYPE_UNKNOWN;
}

/* The name of that migrate type; NULL: not known. model may be NULL. */
static inline const char *mo_pageblock_type_name(const struct mo_free_areas_model *model, uint64_t pfn)
{
	unsigned type = model ? mo_pageblock_type_of(model, pfn) : MO_MIGRATETYPE_UNKNOWN;

	return model && type < MO_MAX_MIGRATETYPES && type < model->n_migratetypes ? model->migratetype_names[type] : NULL;
}

#ifdef __cplusplus
}
#endif

#endif
