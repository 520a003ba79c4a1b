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
#define MO_ZONES_MODEL_VERSION 1

/* One line of /proc/meminfo. */
struct mo_meminfo_line {
	const char *label;        /* "MemTotal", without the colon */
	struct mo_count value;    /* in `unit` */
	const char *unit;         /* "kB", or "" for numbers of huge pages */
	const char *why_unknown;  /* NULL: known */
};

/* enum zone_watermarks; promo (5.18 on) is not there in older kernels. */
enum mo_watermark { MO_WMARK_MIN = 0, MO_WMARK_LOW = 1, MO_WMARK_HIGH = 2, MO_WMARK_PROMO = 3, MO_N_WMARKS = 4 };

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
};

struct mo_node {
	unsigned node_id;
	uint64_t pgdat_kva;
	uint64_t start_pfn;
	struct mo_count spanned_pages;
	struct mo_count present_pages;
	size_t first_zone;        /* its zones in mo_zones_model.zones */
	size_t n_zones;
};

struct mo_zones_model {
	const struct mo_node *nodes;
	size_t n_nodes;
	const struct mo_zone *zones; /* node by node, lowest zone first; zones without pages too */
	size_t n_zones;
	const struct mo_meminfo_line *meminfo; /* in the order of /proc/meminfo */
	size_t n_meminfo;
};

/* A line by its label; NULL: this kernel does not print it. */
static inline const struct mo_meminfo_line *mo_meminfo_find(const struct mo_zones_model *zones, const char *label)
{
	for (size_t i = 0; i < zones->n_meminfo; i++)
		if (!__builtin_strcmp(zones->meminfo[i].label, label))
			return &zones->meminfo[i];
	return 0;
}

#ifdef __cplusplus
}
#endif

#endif
