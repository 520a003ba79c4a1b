/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef MEMOPSY_FREE_AREAS_H
#define MEMOPSY_FREE_AREAS_H

/*
 * The model "free_areas": what the buddy allocator's free lists and the per-CPU page lists really hold, found by
 * walking every list, beside what the counters say.
 *
 * Immutable once published; lives until the run ends. Zones are those of the model "zones", by index.
 * Decodes struct free_area (include/linux/mmzone.h) and struct per_cpu_pages (before 5.14: per_cpu_pageset).
 */

#include <memopsy/report.h>

#ifdef __cplusplus
extern "C" {
#endif

#define MO_FREE_AREAS_MODEL "free_areas"
#define MO_FREE_AREAS_MODEL_VERSION 1

#define MO_MOST_ORDERS 32       /* NR_PAGE_ORDERS is 11 by default, and at most 17 or so */
#define MO_MOST_MIGRATETYPES 12

struct mo_free_list {
	struct mo_count blocks;       /* found on the list; a lower bound if the list broke */
};

struct mo_free_area {
	struct mo_free_list lists[MO_MOST_MIGRATETYPES]; /* by migratetype */
	struct mo_count nr_free;      /* blocks, as the kernel counts them */
};

struct mo_zone_free_areas {
	struct mo_free_area orders[MO_MOST_ORDERS];
	struct mo_count pageblocks[MO_MOST_MIGRATETYPES]; /* by migratetype, as /proc/pagetypeinfo counts them */
	struct mo_count found_pages;  /* in all lists of the zone */
	struct mo_count pcp_pages;    /* on per-CPU lists */
};

/* A block on a per-CPU list: free for whoever asks on that CPU, and counted as used. */
struct mo_pcp_block {
	uint64_t pfn;
	uint16_t cpu;
	uint8_t order;
	uint8_t migratetype;
};

struct mo_free_areas_model {
	const struct mo_zone_free_areas *zones; /* one per zone of the model "zones", same order */
	size_t n_zones;
	unsigned n_orders;            /* NR_PAGE_ORDERS */
	unsigned n_migratetypes;      /* MIGRATE_TYPES */
	const char *migratetype_names[MO_MOST_MIGRATETYPES]; /* migratetype_names[] of mm/vmstat.c, visible text */
	unsigned pageblock_order;
	const struct mo_pcp_block *pcp_blocks; /* ascending by pfn */
	size_t n_pcp_blocks;
};

#ifdef __cplusplus
}
#endif

#endif
