/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef ZONES_GATHERING_H
#define ZONES_GATHERING_H

/*
 * The model while it is being built. Every step fills its part; what cannot be read becomes unknown values and a
 * finding, so that one unreadable page costs one line.
 */

#include <memopsy/plugin.h>
#include <memopsy/walk.h>
#include <memopsy/zones.h>

#include "zones_layout.h"

#define MAX_NODES 1024          /* CONFIG_NODES_SHIFT is at most 10 */
#define MAX_ZONES_PER_NODE 16
#define MAX_MEMINFO_LINES 96
#define MAX_STAT_ITEMS 512
#define MAX_ITEM_NAME_BYTES 48
#define MAX_PAGESETS (1u << 20)

/* A global counter array: vm_node_stat, vm_zone_stat. */
struct counters {
	int64_t values[MAX_STAT_ITEMS];
	size_t n_values;             /* 0: unreadable */
};

struct zones_state {
	struct mo_zones_model model; /* first, so that the model's address is the state's */
	struct mo_node *nodes;
	struct mo_zone *zones;
	char (*zone_names)[24];      /* one per zone */
	struct mo_meminfo_line meminfo[MAX_MEMINFO_LINES];
	char (*item_names)[MAX_ITEM_NAME_BYTES]; /* zone items, numa items, node items, as in vmstat_text[] */
	const char **item_name_pointers;
	struct mo_vm_counter *vm_counters; /* of all zones, all nodes and the machine */
	struct mo_pageset *pagesets;

	/* Only while gathering, or while a view is shown. */
	struct mo_run *run;
	struct mo_reader *reader;
	const struct zones_layout *layout;
	struct counters node_counters;
	struct counters zone_counters;
};

/* nodes.c: node_data[] and every zone in it. */
struct mo_error *gather_nodes(struct zones_state *state) MO_MUST_USE;

/* zone_details.c: reserves, free blocks and the like, out of the bytes of a struct zone. */
void decode_zone_details(const struct zones_layout *layout, const uint8_t *bytes, struct mo_zone *zone);
unsigned zone_order_count(const struct zones_layout *layout); /* 0: not known */

/* item_names.c: the counters' names, from the kernel's own vmstat_text[]. */
struct item_counts {
	size_t n_zone_items, n_numa_items, n_node_items;
};
struct item_counts count_items(const struct zones_layout *layout);
bool read_item_name(const struct zones_state *state, size_t index, char *name); /* MAX_ITEM_NAME_BYTES */
struct mo_error *gather_item_names(struct zones_state *state) MO_MUST_USE;

/* vm_counters.c: the counters of every zone, node and the machine, with what the CPUs have pending. */
struct mo_error *gather_vm_counters(struct zones_state *state) MO_MUST_USE;

/*
 * cpus.c: Which CPUs count. A CPU that goes offline hands over what it has counted. One that a panic has stopped is
 * marked offline as well and keeps its parts, so these are taken of all possible CPUs; the others' are 0.
 */
struct zone_cpus {
	struct mo_set possible;
	struct mo_set running;       /* online, or so until a panic stopped them: whose page sets are shown */
};
struct mo_error *read_zone_cpus(const struct zones_state *state, struct zone_cpus *ret) MO_MUST_USE;

/* pagesets.c: what the CPUs keep of a zone or node. */
struct pending {
	int64_t items[MAX_STAT_ITEMS];
	int64_t numa[MAX_STAT_ITEMS];
	bool is_known;
};
struct mo_error *add_zone_pending(struct zones_state *state, struct mo_zone *zone, const struct zone_cpus *cpus,
				  struct pending *sum) MO_MUST_USE;
struct mo_error *add_node_pending(const struct zones_state *state, uint64_t pgdat_kva, const struct mo_set *cpus,
				  struct pending *sum) MO_MUST_USE;

/* counters.c */
void gather_counters(struct zones_state *state);
struct mo_count node_counter(const struct zones_state *state, enum node_item item); /* pages; clamped at 0 as printed */
struct mo_count zone_counter(const struct zones_state *state, enum zone_item item);
struct mo_count counter_value(const struct counters *counters, const struct mo_constant *item);

/* Variables of the kernel: unknown if absent or unreadable. */
struct mo_count read_long(const struct zones_state *state, const struct mo_address *symbol); /* a long; below 0 is 0 */
struct mo_count read_int(const struct zones_state *state, const struct mo_address *symbol); /* an int; below 0 is 0 */

/* A finding that something could not be read. */
void zones_unreadable(const struct zones_state *state, const char *what, struct mo_error *why);

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

/* The kernel's own numbers for a view: its state again, with this run's reader. */
void zones_view_state(struct mo_run *run, struct zones_state *ret);

/* kernel_words.c: the format strings that the kernel prints with, as they stand in its read-only data. */
#define MAX_WORDS 4
#define MAX_WORDS_BYTES 512
struct kernel_words {
	const char *beginnings[MAX_WORDS]; /* what is looked for; at most 64 bytes each */
	char found[MAX_WORDS][MAX_WORDS_BYTES]; /* the whole strings; empty: not found */
};
void find_kernel_words(const struct zones_state *state, struct kernel_words *words);

/* vm_events.c: sums over the CPUs; how many items, 0 if this kernel counts none or they cannot be read. */
size_t sum_vm_events(const struct zones_state *state, uint64_t *sums, size_t most);

/* dirty_limits.c */
struct dirty_limits {
	struct mo_count threshold_pages;
	struct mo_count background_pages;
};
struct dirty_limits dirty_limits(const struct zones_state *state);

/* Whether the counters of huge pages count those, not base pages (until 5.10); whether an item is one of them. */
bool counts_huge_pages(const struct zones_layout *layout);
bool is_huge_page_item(const struct zones_layout *layout, size_t node_item);
unsigned huge_page_shift(const struct zones_state *state); /* HPAGE_PMD_ORDER */

/* absent_types.c: a finding that names what this kernel's types lack; none if all is there. */
struct mo_error *judge_zones(struct mo_run *run) MO_MUST_USE;

/* The views. */
extern const struct mo_table_spec meminfo_table;
extern const struct mo_table_spec buddyinfo_table;
extern const struct mo_table_spec zoneinfo_table;
extern const struct mo_table_spec vmstat_table;
extern const struct mo_table_spec numa_table;
struct mo_error *show_meminfo(struct mo_run *run, struct mo_report *report) MO_MUST_USE;
struct mo_error *show_buddyinfo(struct mo_run *run, struct mo_report *report) MO_MUST_USE;
struct mo_error *show_zoneinfo(struct mo_run *run, struct mo_report *report) MO_MUST_USE;
struct mo_error *show_vmstat(struct mo_run *run, struct mo_report *report) MO_MUST_USE;
struct mo_error *show_numa(struct mo_run *run, struct mo_report *report) MO_MUST_USE;

/* A number as the views print it: "?" if unknown, ">=N" for a lower bound. */
struct digits {
	char text[32];
};
struct digits digits_of(const struct mo_cell *cell);

#endif
