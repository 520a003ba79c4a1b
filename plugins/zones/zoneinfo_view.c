/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* `memopsy zoneinfo`: its rows, in the order of zoneinfo_show_print() (mm/vmstat.c). */
#include "zoneinfo.h"

#include <string.h>

#define MAX_RECLAIM_RETRIES 16 /* mm/internal.h */

/* Where rows go: a zone at a time. */
struct rows {
	struct mo_report *report;
	const struct zones_state *state;
	const struct zoneinfo_form *form;
	const struct mo_node *node;
	const struct mo_zone *zone;
};

/* A row's place in its part. */
struct place {
	enum zoneinfo_part part;
	size_t index;
	size_t n;
	struct mo_count cpu;
};

static void put_counter(const struct rows *rows, struct place place, const char *field, struct mo_count value,
			struct mo_count exact)
{
	const struct mo_cell cells[N_ZONEINFO_COLUMNS] = {
		[ZONEINFO_NODE] = mo_cell_number(mo_exact(rows->zone->node_id)),
		[ZONEINFO_ZONE] = mo_cell_text(rows->zone->name),
		[ZONEINFO_PART] = mo_cell_text(zoneinfo_parts[place.part]),
		[ZONEINFO_CPU] = mo_cell_number(place.cpu),
		[ZONEINFO_FIELD] = mo_cell_text(field),
		[ZONEINFO_VALUE] = mo_cell_number(value),
		[ZONEINFO_EXACT] = mo_cell_number(exact),
		[ZONEINFO_INDEX] = mo_cell_number(mo_exact(place.index)),
		[ZONEINFO_LAST] = mo_cell_number(mo_exact(place.index + 1 == place.n)),
	};

	mo_report_row(rows->report, cells);
}

static void put(const struct rows *rows, struct place place, const char *field, struct mo_count value)
{
	put_counter(rows, place, field, value, value);
}

static bool has_words(const struct kernel_words *words, unsigned which, const char *part, bool otherwise)
{
	return *words->found[which] ? strstr(words->found[which], part) != NULL : otherwise;
}

static struct zoneinfo_form zoneinfo_form(const struct zones_state *state)
{
	enum { PAGES, PAGESETS, END };
	const struct zones_layout *layout = state->layout;
	struct kernel_words words = { .beginnings = { [PAGES] = "\n  pages free     %lu", [PAGESETS] = "\n    cpu: %i\n",
						      [END] = "\n  node_unreclaimable:  %u" } };
	struct zoneinfo_form form;
	bool is_new = mo_has(&layout->zone.free_highatomic);

	find_kernel_words(state, &words);
	form = (struct zoneinfo_form){
		.has_boost = has_words(&words, PAGES, " boost ", mo_has(&layout->throttled_written)),
		.has_promo = has_words(&words, PAGES, " promo ", mo_has(&layout->underused_split)),
		/* 5.12, as the counter of the swap cache (b6038942480e). */
		.has_cma = has_words(&words, PAGES, " cma ", mo_has(&layout->node_items[AT_NR_SWAPCACHE])),
		.has_pageset_limits = has_words(&words, PAGESETS, " high_min:", is_new),
		.is_wide = has_words(&words, PAGESETS, " count:    ", is_new),
		.has_highatomic = has_words(&words, END, " reserved_highatomic:", is_new),
		.has_free_highatomic = has_words(&words, END, " free_highatomic:", is_new),
	};
	return form;
}

static bool is_populated(const struct mo_zone *zone)
{
	return zone->present_pages.value;
}

static bool is_first_populated(const struct rows *rows)
{
	const struct mo_zone *zones = rows->state->model.zones + rows->node->first_zone;

	for (size_t i = 0; i < rows->node->n_zones; i++)
		if (is_populated(&zones[i]))
			return &zones[i] == rows->zone;
	return false;
}

static void put_node_counters(const struct rows *rows)
{
	const struct mo_zones_model *zones = &rows->state->model;

	for (size_t i = 0; i < zones->n_node_items; i++) {
		struct mo_vm_counter counter = rows->node->counters[i];
		unsigned shift = is_huge_page_item(rows->state->layout, i) ? huge_page_shift(rows->state) : 0;

		counter.printed.value >>= shift;
		counter.exact.value >>= shift;
		put_counter(rows, (struct place){ .part = PART_NODE, .index = i, .n = zones->n_node_items },
			    zones->node_item_names[i], counter.printed, counter.exact);
	}
}

/* The watermarks stand with their boost: min_wmark_pages() and its like add it. */
static struct mo_count boosted(const struct mo_zone *zone, enum mo_watermark which)
{
	return mo_count_add(zone->watermark_pages[which], zone->watermark_boost_pages);
}

static void put_pages(const struct rows *rows)
{
	const struct mo_zone *zone = rows->zone;
	const struct mo_constant *free_item = &rows->state->layout->zone_items[AT_NR_FREE_PAGES];
	struct mo_count exact = mo_unknown();
	struct place place = { .part = PART_PAGES };

	if (mo_has(free_item) && (uint64_t)free_item->value < rows->state->model.n_zone_items)
		exact = zone->counters[free_item->value].exact;
	put_counter(rows, place, "free", zone->free_pages, exact);
	place.index = 1;
	if (rows->form->has_boost)
		put(rows, place, "boost", zone->watermark_boost_pages);
	put(rows, place, "min", boosted(zone, MO_WMARK_MIN));
	put(rows, place, "low", boosted(zone, MO_WMARK_LOW));
	put(rows, place, "high", boosted(zone, MO_WMARK_HIGH));
	if (rows->form->has_promo)
		put(rows, place, "promo", boosted(zone, MO_WMARK_PROMO));
	put(rows, place, "spanned", zone->spanned_pages);
	put(rows, place, "present", zone->present_pages);
	put(rows, place, "managed", zone->managed_pages);
	if (rows->form->has_cma)
		put(rows, place, "cma", zone->cma_pages);
}

static void put_protection(const struct rows *rows)
{
	const struct mo_zone *zone = rows->zone;
	const struct mo_zone *zones = rows->state->model.zones + rows->node->first_zone;

	for (size_t i = 0; i < zone->n_lowmem_reserve; i++)
		put(rows, (struct place){ .part = PART_PROTECTION, .index = i, .n = zone->n_lowmem_reserve },
		    i < rows->node->n_zones ? zones[i].name : "?", zone->lowmem_reserve_pages[i]);
	if (!zone->n_lowmem_reserve)
		put(rows, (struct place){ .part = PART_PROTECTION, .n = 1 }, NULL, mo_unknown());
}

static void put_counters(const struct rows *rows)
{
	const struct mo_zones_model *zones = &rows->state->model;
	const struct mo_zone *zone = rows->zone;

	for (size_t i = 0; i < zones->n_zone_items; i++)
		put_counter(rows, (struct place){ .part = PART_COUNTER, .index = i, .n = zones->n_zone_items },
			    zones->zone_item_names[i], zone->counters[i].printed, zone->counters[i].exact);
	for (size_t i = 0; zone->numa_counters && i < zones->n_numa_items; i++)
		put_counter(rows, (struct place){ .part = PART_NUMA, .index = i, .n = zones->n_numa_items },
			    zones->numa_item_names[i], zone->numa_counters[i].printed, zone->numa_counters[i].exact);
}

static void put_pageset(const struct rows *rows, size_t index)
{
	const struct mo_pageset *pageset = &rows->zone->pagesets[index];
	struct place place = { .part = PART_CPU, .index = index, .n = rows->zone->n_pagesets,
			       .cpu = mo_exact(pageset->cpu) };

	put(rows, place, "cpu", mo_exact(pageset->cpu));
	place = (struct place){ .part = PART_PAGESET, .cpu = mo_exact(pageset->cpu) };
	put(rows, place, "count", pageset->count_pages);
	put(rows, place, "high", pageset->high_pages);
	put(rows, place, "batch", pageset->batch_pages);
	if (rows->form->has_pageset_limits) {
		put(rows, place, "high_min", pageset->high_min_pages);
		put(rows, place, "high_max", pageset->high_max_pages);
	}
	/* CONFIG_SMP */
	if (mo_has(&rows->state->layout->zonestat.stat_threshold))
		put(rows, (struct place){ .part = PART_THRESHOLD, .cpu = mo_exact(pageset->cpu) }, "vm stats threshold",
		    pageset->stat_threshold);
}

static void put_end(const struct rows *rows)
{
	const struct mo_zone *zone = rows->zone;
	struct mo_count failures = rows->node->kswapd_failures;
	struct place place = { .part = PART_END };

	failures.value = failures.value >= MAX_RECLAIM_RETRIES; /* kswapd has given up on the node */
	put(rows, place, "node_unreclaimable", failures);
	put(rows, place, "start_pfn", mo_exact(zone->start_pfn));
	if (rows->form->has_highatomic)
		put(rows, place, "reserved_highatomic", zone->reserved_highatomic_pages);
	if (rows->form->has_free_highatomic)
		put(rows, place, "free_highatomic", zone->free_highatomic_pages);
}

static void put_zone(const struct rows *rows)
{
	put(rows, (struct place){ .part = PART_ZONE, .n = 1 }, "index", mo_exact(rows->zone->index));
	if (is_first_populated(rows))
		put_node_counters(rows);
	put_pages(rows);
	put_protection(rows);
	if (!is_populated(rows->zone))
		return;
	put_counters(rows);
	for (size_t i = 0; i < rows->zone->n_pagesets; i++)
		put_pageset(rows, i);
	if (!rows->zone->n_pagesets)
		put(rows, (struct place){ .part = PART_CPU, .n = 1 }, "cpu", mo_unknown());
	put_end(rows);
}

struct mo_error *show_zoneinfo(struct mo_run *run, struct mo_report *report)
{
	const struct mo_zones_model *zones = mo_run_model(run);
	struct mo_table_spec table = zoneinfo_table;
	struct zoneinfo_form form;
	struct zones_state state;

	zones_view_state(run, &state);
	form = zoneinfo_form(&state);
	table.line = zoneinfo_line(form.is_wide, mo_run_flag(run, "exact"));
	mo_report_table_begin(report, &table);
	for (size_t i = 0; i < zones->n_nodes; i++) {
		const struct mo_node *node = &zones->nodes[i];

		for (size_t j = 0; j < node->n_zones; j++) {
			const struct mo_zone *zone = &zones->zones[node->first_zone + j];

			put_zone(&(const struct rows){ .report = report, .state = &state, .form = &form, .node = node,
						       .zone = zone });
		}
	}
	mo_report_table_end(report);
	mo_run_show_findings(run, report);
	return NULL;
}
