/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef MEMOPSY_ZONES_H
#define MEMOPSY_ZONES_H

/*
 * The model "zones": nodes, zones, the kernel's global counters and /proc/meminfo, as the zones plugin found them.
 *
 * Immutable once published; lives until the run ends. Counts are in pages (`_pages`) unless their name says
 * otherwise; what could not be read is unknown, never 0.
 * Decodes struct pglist_data and struct zone (include/linux/mmzone.h) and what fs/proc/meminfo.c prints.
 */

#include <memopsy/report.h>

#ifdef __cplusplus
extern "C" {
#endif

#define MO_ZONES_MODEL "zones"
#define MO_ZONES_MODEL_VERSION 2

#define MO_MAX_ZONES_PER_NODE 16 /* MAX_NR_ZONES is at most 6 */
#define MO_MAX_ZONE_ORDERS 32    /* NR_PAGE_ORDERS is 11 by default, and at most 17 or so */

/* One line of /proc/meminfo. */
struct mo_meminfo_line {
	const char *label;        /* "MemTotal", without the colon */
	struct mo_count value;    /* in `unit` */
	const char *unit;         /* "kB", or "" for numbers of huge pages */
	const char *why_unknown;  /* NULL: known */
};

/* enum zone_watermarks; promo (5.18 on) is not there in older kernels. */
enum mo_watermark { MO_WMARK_MIN = 0, MO_WMARK_LOW = 1, MO_WMARK_HIGH = 2, MO_WMARK_PROMO = 3, MO_N_WMARKS = 4 };

/*
 * A counter of the kernel's, in pages (or in what its name says). Every CPU keeps a part of its own until that is large
 * enough (stat_threshold) to be added to the common counter, so what /proc prints is off by what is pending.
 */
struct mo_vm_counter {
	struct mo_count printed;  /* as /proc prints it: nothing pending is in it, and never below 0 */
	struct mo_count exact;    /* with what every CPU has pending; never below 0 */
};

/* A CPU's own lists of free pages of a zone (struct per_cpu_pages). */
struct mo_pageset {
	unsigned cpu;
	struct mo_count count_pages;    /* on its lists */
	struct mo_count high_pages;
	struct mo_count batch_pages;
	struct mo_count high_min_pages; /* 6.7 on; unknown before */
	struct mo_count high_max_pages;
	struct mo_count stat_threshold; /* how far a counter's part may grow */
};

struct mo_zone {
	unsigned node_id;
	unsigned index;           /* in the node's node_zones[] (enum zone_type) */
	const char *name;         /* "DMA32" */
	uint64_t zone_kva;
	uint64_t start_pfn;
	struct mo_count spanned_pages;
	struct mo_count present_pages;
	struct mo_count managed_pages;
	struct mo_count watermark_pages[MO_N_WMARKS]; /* without the boost */
	struct mo_count watermark_boost_pages;
	struct mo_count free_pages; /* the zone's NR_FREE_PAGES, as printed: never below 0, per-CPU deltas not folded in */
	struct mo_count lowmem_reserve_pages[MO_MAX_ZONES_PER_NODE]; /* kept from allocations that could use that zone */
	size_t n_lowmem_reserve;
	struct mo_count cma_pages;
	struct mo_count reserved_highatomic_pages;
	struct mo_count free_highatomic_pages;  /* unknown before 6.13 */
	struct mo_count free_blocks[MO_MAX_ZONE_ORDERS]; /* free_area[order].nr_free; mo_zones_model.n_orders of them */
	const struct mo_vm_counter *counters;      /* mo_zones_model.n_zone_items of them */
	const struct mo_vm_counter *numa_counters; /* mo_zones_model.n_numa_items of them; NULL: none */
	const struct mo_pageset *pagesets;         /* of the CPUs that run, or did until a panic; none without pages */
	size_t n_pagesets;
};

struct mo_node {
	unsigned node_id;
	uint64_t pgdat_kva;
	uint64_t start_pfn;
	struct mo_count spanned_pages;
	struct mo_count present_pages;
	size_t first_zone;        /* its zones in mo_zones_model.zones */
	size_t n_zones;
	const struct mo_vm_counter *counters; /* mo_zones_model.n_node_items of them */
	struct mo_count kswapd_failures;      /* in a row */
};

struct mo_zones_model {
	const struct mo_node *nodes;
	size_t n_nodes;
	const struct mo_zone *zones; /* node by node, lowest zone first; zones without pages too */
	size_t n_zones;
	const struct mo_meminfo_line *meminfo; /* in the order of /proc/meminfo */
	size_t n_meminfo;
	unsigned n_orders;           /* NR_PAGE_ORDERS; 0: not known */
	/* The counters by their indices (enum zone_stat_item, ...) under the names that /proc/vmstat gives them. */
	const char *const *zone_item_names; /* "nr_free_pages"; NULL: its name could not be read */
	const char *const *node_item_names; /* "nr_anon_pages" */
	const char *const *numa_item_names; /* "numa_hit" */
	size_t n_zone_items;
	size_t n_node_items;
	size_t n_numa_items;
	const struct mo_vm_counter *zone_counters; /* of the whole machine */
	const struct mo_vm_counter *node_counters;
	const struct mo_vm_counter *numa_counters;
};

/* A line by its label; NULL: this kernel does not print it. */
static inline const struct mo_meminfo_line *mo_meminfo_find(const struct mo_zones_model *zones, const char *label)
{
	for (size_t i = 0; i < zones->n_meminfo; i++)
		if (!__builtin_strcmp(zones->meminfo[i].label, label))
			return &zones->meminfo[i];
	return 0;
}

static inline const struct mo_vm_counter *mo_vm_counter_find_(const struct mo_vm_counter *counters,
							       const char *const *names, size_t n_items, const char *name)
{
	for (size_t i = 0; counters && i < n_items; i++)
		if (names[i] && !__builtin_strcmp(names[i], name))
			return &counters[i];
	return 0;
}

/* A counter of a zone, of a node, or of the whole machine, by its name in /proc/vmstat; NULL: there is none. */
static inline const struct mo_vm_counter *mo_zone_counter_find(const struct mo_zones_model *zones,
							       const struct mo_zone *zone, const char *name)
{
	return mo_vm_counter_find_(zone->counters, zones->zone_item_names, zones->n_zone_items, name);
}

static inline const struct mo_vm_counter *mo_node_counter_find(const struct mo_zones_model *zones,
							       const struct mo_node *node, const char *name)
{
	return mo_vm_counter_find_(node->counters, zones->node_item_names, zones->n_node_items, name);
}

static inline const struct mo_vm_counter *mo_vm_counter_find(const struct mo_zones_model *zones, const char *name)
{
	const struct mo_vm_counter *found =
		mo_vm_counter_find_(zones->zone_counters, zones->zone_item_names, zones->n_zone_items, name);

	return found ? found :
		       mo_vm_counter_find_(zones->node_counters, zones->node_item_names, zones->n_node_items, name);
}

#ifdef __cplusplus
}
#endif

#endif
