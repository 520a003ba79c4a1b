/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The kernel's node and zone counters as they really stand: each CPU keeps a pending delta of up to 125 for each of
 * them (mm/vmstat.c), which /proc does not show.
 */
#include "gathering.h"

#include <memopsy/walk.h>
#include <stdlib.h>

/* One array of counters and the CPUs' deltas to it, in one kernel object. */
struct counter_array {
	const struct mo_field *totals;  /* atomic_long_t[] of the object */
	const struct mo_field *percpu;  /* its pointer to the per-CPU part */
	const struct mo_field *deltas;  /* s8[] of that part */
};

static bool has_item(const struct mo_constant *item, const struct mo_field *array)
{
	return mo_has(item) && mo_has(array) && item->value >= 0 && (uint64_t)item->value < array->n_elements;
}

/* The pending delta of one CPU. s8 whatever the type information calls it. */
static struct mo_error *read_delta(struct mo_reader *reader, const struct counter_array *array, uint64_t percpu_kva,
				   unsigned cpu, uint64_t item, int64_t *ret)
{
	uint64_t kva;
	uint8_t delta;
	struct mo_error *error = mo_percpu(reader, percpu_kva, cpu, &kva);

	if (!error)
		error = mo_read_u8(reader, mo_element_kva(array->deltas, kva, item), &delta);
	if (!error)
		*ret = (int8_t)delta;
	return error;
}

/* One counter of one object, deltas folded in. */
static struct mo_error *read_counter(struct mo_reader *reader, const struct counter_array *array, uint64_t object_kva,
				     const struct mo_constant *item, const struct mo_set *cpus, int64_t *ret)
{
	uint64_t percpu_kva;
	uint64_t raw;
	int64_t sum;
	struct mo_error *error = mo_read_element(reader, array->totals, object_kva, (uint64_t)item->value, &raw);

	sum = (int64_t)raw;
	if (!error && has_item(item, array->deltas) && mo_has(array->percpu)) {
		error = mo_read_field(reader, array->percpu, object_kva, &percpu_kva);
		for (int cpu = mo_set_next(cpus, 0); cpu >= 0 && !error; cpu = mo_set_next(cpus, (unsigned)cpu + 1)) {
			int64_t delta = 0;

			error = read_delta(reader, array, percpu_kva, (unsigned)cpu, (uint64_t)item->value, &delta);
			sum += delta;
		}
	}
	if (!error)
		*ret = sum;
	return error;
}

static void add_counters(struct mo_reader *reader, const struct counter_array *array, uint64_t object_kva,
			 const struct mo_constant *items, size_t n_items, const struct mo_set *cpus, int64_t *sums,
			 bool *is_known)
{
	for (size_t i = 0; i < n_items; i++) {
		int64_t value;
		struct mo_error *error;

		if (!has_item(&items[i], array->totals)) {
			is_known[i] = false;
			continue;
		}
		error = read_counter(reader, array, object_kva, &items[i], cpus, &value);
		if (error)
			is_known[i] = false;
		else
			sums[i] += value;
		mo_error_destroy(error);
	}
}

static void publish(const int64_t *sums, const bool *is_known, size_t n_items, struct mo_count *ret)
{
	for (size_t i = 0; i < n_items; i++)
		ret[i] = is_known[i] ? mo_exact(sums[i] < 0 ? 0 : (uint64_t)sums[i]) : mo_unknown();
}

static void fold_node(struct mo_reader *reader, const struct mem_map_layout *layout, const struct mo_zones_model *zones,
		      const struct mo_node *node, const struct mo_set *cpus, struct node_counters *ret)
{
	const struct counter_array node_array = { &layout->node_stat, &layout->node_percpu, &layout->node_diff };
	const struct counter_array zone_array = { &layout->zone_stat, &layout->zone_percpu, &layout->zone_diff };
	int64_t node_sums[N_NODE_ITEMS] = { 0 };
	int64_t zone_sums[N_ZONE_ITEMS] = { 0 };
	bool node_known[N_NODE_ITEMS];
	bool zone_known[N_ZONE_ITEMS];

	memset(node_known, true, sizeof(node_known));
	memset(zone_known, true, sizeof(zone_known));
	add_counters(reader, &node_array, node->pgdat_kva, layout->node_items, N_NODE_ITEMS, cpus, node_sums,
		     node_known);
	for (size_t i = node->first_zone; i < node->first_zone + node->n_zones; i++)
		add_counters(reader, &zone_array, zones->zones[i].zone_kva, layout->zone_items, N_ZONE_ITEMS, cpus,
			     zone_sums, zone_known);
	ret->node_id = node->node_id;
	publish(node_sums, node_known, N_NODE_ITEMS, ret->node_items);
	publish(zone_sums, zone_known, N_ZONE_ITEMS, ret->zone_items);
}

struct mo_error *fold_counters(struct mo_reader *reader, const struct mem_map_layout *layout,
			       const struct mo_zones_model *zones, struct folded_counters *ret)
{
	struct folded_counters counters = { .n_nodes = zones->n_nodes };
	struct mo_set cpus;
	/* A panic marks stopped CPUs offline without folding in what they had counted; proper offlining leaves 0. */
	struct mo_error *error = mo_cpus(reader, MO_CPUS_POSSIBLE, &cpus);

	if (error)
		return mo_error_prepend(error, "the set of possible CPUs is unknown");
	counters.nodes = calloc(zones->n_nodes + 1, sizeof(*counters.nodes));
	if (!counters.nodes)
		return mo_error_no_memory();
	for (size_t i = 0; i < zones->n_nodes; i++)
		fold_node(reader, layout, zones, &zones->nodes[i], &cpus, &counters.nodes[i]);
	*ret = counters;
	return NULL;
}

void folded_counters_deinit(struct folded_counters *counters)
{
	free(counters->nodes);
	*counters = (struct folded_counters){ .nodes = NULL };
}
