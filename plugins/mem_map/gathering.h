/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef MEM_MAP_GATHERING_H
#define MEM_MAP_GATHERING_H

/*
 * The model while it is being built: a class byte per page frame from one parallel pass over the struct pages
 * (scan.c), then what is known by address (places.c), then the sums (sums.c) and what the kernel counted
 * (counters.c).
 */

#include <memopsy/free_areas.h>
#include <memopsy/mem_map.h>
#include <memopsy/memmap.h>
#include <memopsy/plugin.h>
#include <memopsy/vmap.h>
#include <memopsy/zones.h>

#include "mem_map_layout.h"

/* Page frames where something went wrong; the first few ranges, and how many in all. */
#define TROUBLE_RANGES 8
struct trouble {
	struct trouble_range {
		uint64_t first_pfn;
		uint64_t n_pages;
	} ranges[TROUBLE_RANGES];
	unsigned n_ranges;
	uint64_t n_pages;
};

struct mem_map_state {
	struct mo_mem_map_model model;  /* first, so that the model's address is the state's */
	struct mo_page_run *runs;
	uint8_t *classes;               /* all runs' class bytes, one after the other */
	struct mo_zone_pages *zone_pages; /* one per zone of the model "zones", and one for page frames of none */
	size_t n_zone_pages;
	size_t *zones_by_pfn;           /* indexes of the zones that have pages, by their first page frame */
	size_t n_zones_by_pfn;

	const struct mo_page_shape *shape;
	const struct mo_memmap *memmap;
	const struct mem_map_layout *layout;
	const struct mo_zones_model *zones;          /* NULL: could not be had */
	const struct mo_free_areas_model *free_areas; /* the same */
	const struct mo_vmap_model *vmap;             /* the same */

	/* Only while gathering. */
	struct mo_run *run;
	struct trouble unreadable;
	struct trouble contradicting;
};

/* scan.c: the pass over the struct pages. */
struct mo_error *scan_mem_map(struct mem_map_state *state) MO_MUST_USE;

/* For how many bytes from kva on nothing is mapped; at least to the end of its page. */
uint64_t unmapped_bytes(struct mo_reader *reader, uint64_t kva);

/* trouble.c */
void trouble_add(struct trouble *trouble, uint64_t first_pfn, uint64_t n_pages);
void trouble_merge(struct trouble *into, const struct trouble *from);
void report_trouble(struct mem_map_state *state);

/* vmap_places.c: pages of vmalloc, stacks and per-CPU chunks. */
void classify_vmap(struct mem_map_state *state);

/* places.c: kernel image, struct pages, zero pages and per-CPU lists, which are known by address. */
void classify_places(struct mem_map_state *state);
/* Gives page frames of one class, or of either of two, to another; those of any other class keep theirs. */
void claim_pages(struct mem_map_state *state, uint64_t first_pfn, uint64_t n_pages, enum mo_page_class of,
		 enum mo_page_class or_of, enum mo_page_class class);

/* zone_spans.c: which zone page frames lie in. */
struct mo_error *sort_zones(struct mem_map_state *state) MO_MUST_USE;
/* Of those of the model "zones"; MO_ZONE_NONE: none, or zones are not known. *end_pfn: until where that holds. */
uint32_t zone_at(const struct mem_map_state *state, uint64_t pfn, uint64_t *end_pfn);
uint32_t zone_of_pfn(const struct mem_map_state *state, uint64_t pfn);
/* The row of sums that a zone has: one for each, and the last for page frames of none. */
size_t zone_row(const struct mem_map_state *state, uint32_t zone);

/* sums.c: per class and zone; excluded pages and holes. */
struct mo_error *sum_up(struct mem_map_state *state) MO_MUST_USE;

/* The class byte of a page frame; NULL: it has no struct page. */
uint8_t *class_of(const struct mem_map_state *state, uint64_t pfn);

/* class_names.c */
extern const struct mo_page_class_info page_class_infos[MO_N_PAGE_CLASSES];

/* counters.c: the kernel's counters with the CPUs' pending deltas folded in, by node. */
struct folded_counters {
	struct node_counters {
		unsigned node_id;
		struct mo_count node_items[N_NODE_ITEMS];
		struct mo_count zone_items[N_ZONE_ITEMS];
	} *nodes;
	size_t n_nodes;
};
struct mo_error *fold_counters(struct mo_reader *reader, const struct mem_map_layout *layout,
			       const struct mo_zones_model *zones, struct folded_counters *ret) MO_MUST_USE;
void folded_counters_deinit(struct folded_counters *counters);

/* What the views hang on to. */
extern const struct mo_table_spec usage_table, usage_by_node_table, usage_by_zone_table, pages_table;
extern const struct mo_option pages_options[];
#define N_PAGES_OPTIONS 6
struct mo_error *show_usage(struct mo_run *run, struct mo_report *report) MO_MUST_USE;
struct mo_error *show_pages(struct mo_run *run, struct mo_report *report) MO_MUST_USE;

/* usage_checks.c */
extern const struct mo_table_spec usage_checks_table, usage_checks_by_node_table;
struct mo_error *show_checks(struct mo_run *run, struct mo_report *report, bool by_node) MO_MUST_USE;

/* usage_findings.c: what the sums mean. */
struct mo_error *judge_usage(struct mo_run *run) MO_MUST_USE;

#endif
