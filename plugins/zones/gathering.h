/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef ZONES_GATHERING_H
#define ZONES_GATHERING_H

/*
 * The model while it is being built. Every step fills its part; what cannot be read becomes unknown values and a
 * finding, so that one unreadable page costs one line.
 */

#include <memopsy/plugin.h>
#include <memopsy/zones.h>

#include "zones_layout.h"

#define MOST_NODES 1024          /* CONFIG_NODES_SHIFT is at most 10 */
#define MOST_ZONES_PER_NODE 16
#define MOST_MEMINFO_LINES 96
#define MOST_STAT_ITEMS 512

/* A global counter array: vm_node_stat, vm_zone_stat. */
struct counters {
	int64_t values[MOST_STAT_ITEMS];
	size_t n_values;             /* 0: unreadable */
};

struct zones_state {
	struct mo_zones_model model; /* first, so that the model's address is the state's */
	struct mo_node *nodes;
	struct mo_zone *zones;
	char (*zone_names)[24];      /* one per zone */
	struct mo_meminfo_line meminfo[MOST_MEMINFO_LINES];

	/* Only while gathering. */
	struct mo_run *run;
	struct mo_reader *reader;
	const struct zones_layout *layout;
	struct counters node_counters;
	struct counters zone_counters;
};

/* nodes.c: node_data[] and every zone in it. */
struct mo_error *gather_nodes(struct zones_state *state) MO_MUST_USE;

/* counters.c */
void gather_counters(struct zones_state *state);
struct mo_count node_counter(const struct zones_state *state, enum node_item item); /* pages; clamped at 0 as printed */
struct mo_count zone_counter(const struct zones_state *state, enum zone_item item);
struct mo_count counter_value(const struct counters *counters, const struct mo_constant *item);

/* Variables of the kernel: unknown if absent or unreadable. */
struct mo_count read_long(const struct zones_state *state, const struct mo_address *symbol);  /* 8 bytes; negative is 0 */
struct mo_count read_int(const struct zones_state *state, const struct mo_address *symbol);   /* 4 bytes; negative is 0 */

/* A finding that something could not be read. */
void report_unreadable(const struct zones_state *state, const char *what, struct mo_error *why);

/* meminfo_swap.c */
struct swap_pages {
	struct mo_count total;       /* as SwapTotal counts it */
	struct mo_count free;
	struct mo_count cached;
	struct mo_count usable;      /* total_swap_pages: what the commit limit counts */
};
struct swap_pages gather_swap(const struct zones_state *state);
struct mo_count zswap_pool_bytes(const struct zones_state *state);
struct mo_count zswap_stored_pages(const struct zones_state *state);

/* meminfo_parts.c */
struct mo_count available_pages(const struct zones_state *state);
struct mo_count blockdev_pages(const struct zones_state *state);
struct mo_count committed_pages(const struct zones_state *state);
struct mo_count percpu_pages(const struct zones_state *state);
struct mo_count vmalloc_total_bytes(const struct zones_state *state);

/* hugetlb.c */
struct hugetlb_pool {
	uint64_t order;
	struct mo_count total, free, reserved, surplus;
};
struct hugetlb_pools {
	struct hugetlb_pool pools[16];
	size_t n_pools;
	size_t default_pool;         /* n_pools: none */
	struct mo_count total_pages; /* in base pages */
	bool exists;                 /* the kernel has hugetlb at all */
};
void gather_hugetlb(const struct zones_state *state, struct hugetlb_pools *ret);

/* meminfo.c: all lines, in the kernel's order. */
void gather_meminfo(struct zones_state *state);

/* meminfo_view.c */
extern const struct mo_table_spec meminfo_table;
struct mo_error *show_meminfo(struct mo_run *run, struct mo_report *report) MO_MUST_USE;

#endif
