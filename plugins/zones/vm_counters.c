/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The counters of every zone and node, and of the machine (mm/vmstat.c): as printed, and exact. What a CPU has counted
 * and not yet added to the common counter is pending; zone_page_state_snapshot() adds it in the same way.
 */
#include "gathering.h"

#include <stdlib.h>

/* A counter array of longs within an object; false: unreadable. */
static bool read_values(struct zones_state *state, const struct mo_field *field, uint64_t object_kva, size_t n_items,
			const char *what, int64_t *values)
{
	uint64_t raw[MAX_STAT_ITEMS];
	struct mo_field items = *field;
	struct mo_error *error = mo_read(state->reader, mo_field_kva(field, object_kva), raw, n_items * sizeof(raw[0]));

	if (error) {
		zones_unreadable(state, what, error);
		return false;
	}
	items.offset_bytes = 0;
	for (size_t i = 0; i < n_items; i++)
		values[i] = (int64_t)mo_get_element(&items, raw, i);
	return true;
}

static struct mo_count not_negative(uint64_t value)
{
	return mo_exact((int64_t)value < 0 ? 0 : value);
}

/* pending NULL: it could not be read. */
static void set_counters(struct mo_vm_counter *counters, const int64_t *values, const int64_t *pending, size_t n_items)
{
	for (size_t i = 0; i < n_items; i++)
		counters[i] = (struct mo_vm_counter){
			.printed = not_negative((uint64_t)values[i]),
			.exact = pending ? not_negative((uint64_t)values[i] + (uint64_t)pending[i]) : mo_unknown(),
		};
}

/* All of the array as the machine counts it is what the kernel prints of NUMA events: it adds the parts beforehand. */
static void print_exact(struct mo_vm_counter *counters, size_t n_items)
{
	for (size_t i = 0; i < n_items; i++)
		counters[i].printed = counters[i].exact;
}

static void add_pending(struct pending *total, const struct pending *part)
{
	for (size_t i = 0; i < MAX_STAT_ITEMS; i++) {
		total->items[i] = (int64_t)((uint64_t)total->items[i] + (uint64_t)part->items[i]);
		total->numa[i] = (int64_t)((uint64_t)total->numa[i] + (uint64_t)part->numa[i]);
	}
	total->is_known &= part->is_known;
}

/* What this kernel's types lack is said once, by the views that show it (absent_types.c). */
static void report_pending(const struct zones_state *state, const char *what, struct mo_error *error)
{
	if (mo_error_catch(&error, MO_E_ABSENT))
		return;
	zones_unreadable(state, what, error);
}

static void gather_zone(struct zones_state *state, struct mo_zone *zone, const struct zone_cpus *cpus,
			struct mo_vm_counter *counters, struct mo_vm_counter *numa_counters, struct pending *total)
{
	const struct zones_layout *layout = state->layout;
	size_t n_numa_items = state->model.n_numa_items;
	struct pending pending = { .is_known = cpus };
	int64_t values[MAX_STAT_ITEMS];
	struct mo_error *error = NULL;
	char what[64];

	snprintf(what, sizeof(what), "The per-CPU counters of zone %s, node %u,", zone->name, zone->node_id);
	/* A zone without pages has the page sets that every zone booted with. */
	if (cpus && zone->present_pages.value)
		error = add_zone_pending(state, zone, cpus, &pending);
	if (error) {
		pending.is_known = false;
		report_pending(state, what, error);
	}
	if (read_values(state, &layout->zone.vm_stat, zone->zone_kva, state->model.n_zone_items, "The counters of a zone",
			values))
		set_counters(counters, values, pending.is_known ? pending.items : NULL, state->model.n_zone_items);
	zone->counters = counters;
	if (n_numa_items &&
	    read_values(state, &layout->zone.vm_numa, zone->zone_kva, n_numa_items, "The NUMA counters of a zone", values)) {
		set_counters(numa_counters, values, pending.is_known ? pending.numa : NULL, n_numa_items);
		print_exact(numa_counters, n_numa_items);
		zone->numa_counters = numa_counters;
	}
	add_pending(total, &pending);
}

static void gather_node(struct zones_state *state, struct mo_node *node, const struct zone_cpus *cpus,
			struct mo_vm_counter *counters, struct pending *total)
{
	const struct zones_layout *layout = state->layout;
	struct pending pending = { .is_known = cpus };
	int64_t values[MAX_STAT_ITEMS];
	struct mo_error *error = NULL;
	char what[64];

	snprintf(what, sizeof(what), "The per-CPU counters of node %u", node->node_id);
	if (cpus)
		error = add_node_pending(state, node->pgdat_kva, &cpus->possible, &pending);
	if (error) {
		pending.is_known = false;
		report_pending(state, what, error);
	}
	node->counters = counters;
	if (state->model.n_node_items && read_values(state, &layout->pgdat.vm_stat, node->pgdat_kva,
						      state->model.n_node_items, "The counters of a node", values))
		set_counters(counters, values, pending.is_known ? pending.items : NULL, state->model.n_node_items);
	if (mo_has(&layout->pgdat.kswapd_failures) && layout->pgdat.kswapd_failures.width_bytes == 4) {
		struct mo_address failures = { .name = "kswapd_failures", .is_bound = true,
					       .kva = mo_field_kva(&layout->pgdat.kswapd_failures, node->pgdat_kva) };

		node->kswapd_failures = read_int(state, &failures);
	}
	add_pending(total, &pending);
}

/* Of the whole machine: vm_zone_stat[], vm_node_stat[], vm_numa_event[] and what is pending in all zones and nodes. */
static void gather_totals(struct zones_state *state, struct mo_vm_counter *counters, const struct pending *of_zones,
			  const struct pending *of_nodes)
{
	const struct zones_layout *layout = state->layout;
	struct mo_zones_model *model = &state->model;
	struct mo_vm_counter *node_counters = counters + model->n_zone_items;
	struct mo_vm_counter *numa_counters = node_counters + model->n_node_items;
	int64_t values[MAX_STAT_ITEMS];

	if (state->zone_counters.n_values >= model->n_zone_items)
		set_counters(counters, state->zone_counters.values, of_zones->is_known ? of_zones->items : NULL,
			     model->n_zone_items);
	if (state->node_counters.n_values >= model->n_node_items)
		set_counters(node_counters, state->node_counters.values, of_nodes->is_known ? of_nodes->items : NULL,
			     model->n_node_items);
	model->zone_counters = counters;
	model->node_counters = node_counters;
	if (!model->n_numa_items || !mo_has(&layout->vm_numa))
		return;
	if (read_values(state, &(const struct mo_field){ .name = "vm_numa", .width_bytes = 8, .element_bytes = 8,
							 .n_elements = MAX_STAT_ITEMS, .is_bound = true,
							 .is_big_endian = layout->zone.vm_stat.is_big_endian },
			layout->vm_numa.kva, model->n_numa_items, "The NUMA counters", values)) {
		set_counters(numa_counters, values, of_zones->is_known ? of_zones->numa : NULL, model->n_numa_items);
		/* Before 5.14 /proc/vmstat printed them without the CPUs' parts (/proc/zoneinfo with them). */
		if (mo_has(&layout->zonestat.numa_event))
			print_exact(numa_counters, model->n_numa_items);
		model->numa_counters = numa_counters;
	}
}

static size_t populated_zones(const struct zones_state *state)
{
	size_t n = 0;

	for (size_t i = 0; i < state->model.n_zones; i++)
		n += state->zones[i].present_pages.value != 0;
	return n;
}

/* The CPUs and room for their page sets. */
static struct mo_error *prepare_cpus(struct zones_state *state, struct zone_cpus *cpus, bool *is_known)
{
	struct mo_error *error = read_zone_cpus(state, cpus);
	size_t n_pagesets;

	*is_known = false;
	if (error) {
		zones_unreadable(state, "The set of possible CPUs", error);
		return NULL;
	}
	n_pagesets = populated_zones(state) * mo_set_count(&cpus->running);
	if (n_pagesets > MAX_PAGESETS) {
		zones_unreadable(state, "The per-CPU counters of the zones",
				  mo_error_create(MO_E_LIMIT, "%zu zones and %u CPUs are too many", populated_zones(state),
						  mo_set_count(&cpus->running)));
		return NULL;
	}
	state->pagesets = calloc(n_pagesets + 1, sizeof(*state->pagesets));
	if (!state->pagesets)
		return mo_error_no_memory();
	*is_known = true;
	return NULL;
}

struct mo_error *gather_vm_counters(struct zones_state *state)
{
	struct mo_zones_model *model = &state->model;
	size_t per_zone = model->n_zone_items + model->n_numa_items;
	struct pending of_zones = { .is_known = true };
	struct pending of_nodes = { .is_known = true };
	struct mo_vm_counter *counters;
	struct mo_pageset *pagesets;
	struct zone_cpus cpus;
	bool has_cpus;
	struct mo_error *error = prepare_cpus(state, &cpus, &has_cpus);

	if (error)
		return error;
	counters = calloc((model->n_zones + 1) * per_zone + (model->n_nodes + 1) * model->n_node_items + 1,
			  sizeof(*counters));
	if (!counters)
		return mo_error_no_memory();
	state->vm_counters = counters;
	pagesets = state->pagesets;
	for (size_t i = 0; i < model->n_zones; i++) {
		struct mo_zone *zone = &state->zones[i];

		zone->pagesets = pagesets;
		gather_zone(state, zone, has_cpus ? &cpus : NULL, counters, counters + model->n_zone_items, &of_zones);
		counters += per_zone;
		pagesets += zone->n_pagesets;
	}
	for (size_t i = 0; i < model->n_nodes; i++) {
		gather_node(state, &state->nodes[i], has_cpus ? &cpus : NULL, counters, &of_nodes);
		counters += model->n_node_items;
	}
	gather_totals(state, counters, &of_zones, &of_nodes);
	return NULL;
}
