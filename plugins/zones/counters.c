/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * vm_node_stat[] and vm_zone_stat[] (mm/vmstat.c), as /proc prints them: the global arrays alone, negative values as
 * 0, the CPUs' pending deltas not folded in.
 */
#include <memopsy/architecture.h>

#include "gathering.h"

#include <stdlib.h>

void zones_unreadable(const struct zones_state *state, const char *what, struct mo_error *why)
{
	struct mo_evidence evidence = { .label = "why", .kind = MO_CELL_TEXT, .cell = mo_cell_text(mo_error_text(why)) };
	char verdict[160];
	struct mo_finding finding = {
		.id = "zones-unreadable",
		.severity = MO_WARNING,
		.verdict = verdict,
		.evidence = &evidence,
		.n_evidence = 1,
		.is_about_reading = true,
	};

	snprintf(verdict, sizeof(verdict), "%s could not be read.", what);
	mo_run_finding(state->run, &finding);
	mo_error_destroy(why);
}

static void read_counters(struct zones_state *state, const struct mo_address *symbol, const struct mo_constant *n_items,
			  const char *what, struct counters *ret)
{
	uint64_t raw[MAX_STAT_ITEMS];
	struct mo_field item = { .name = what, .width_bytes = 8, .element_bytes = 8, .n_elements = MAX_STAT_ITEMS,
				 .is_big_endian = mo_kernel_facts(mo_run_kernel(state->run))->is_big_endian,
				 .is_bound = true };
	struct mo_error *error;

	if (!mo_has(n_items) || n_items->value <= 0 || n_items->value > MAX_STAT_ITEMS)
		return;
	error = mo_read(state->reader, symbol->kva, raw, (size_t)n_items->value * sizeof(raw[0]));
	if (error) {
		zones_unreadable(state, what, error);
		return;
	}
	ret->n_values = (size_t)n_items->value;
	for (size_t i = 0; i < ret->n_values; i++)
		ret->values[i] = (int64_t)mo_get_element(&item, raw, i);
}

void gather_counters(struct zones_state *state)
{
	const struct zones_layout *layout = state->layout;

	read_counters(state, &layout->vm_node_stat, &layout->node_items[AT_NR_VM_NODE_STAT_ITEMS],
		      "The node counters (vm_node_stat)", &state->node_counters);
	read_counters(state, &layout->vm_zone_stat, &layout->zone_items[AT_NR_VM_ZONE_STAT_ITEMS],
		      "The zone counters (vm_zone_stat)", &state->zone_counters);
}

struct mo_count counter_value(const struct counters *counters, const struct mo_constant *item)
{
	if (!mo_has(item) || item->value < 0 || (uint64_t)item->value >= counters->n_values)
		return mo_unknown();
	return mo_exact(counters->values[item->value] < 0 ? 0 : (uint64_t)counters->values[item->value]);
}

struct mo_count node_counter(const struct zones_state *state, enum node_item item)
{
	return counter_value(&state->node_counters, &state->layout->node_items[item]);
}

struct mo_count zone_counter(const struct zones_state *state, enum zone_item item)
{
	return counter_value(&state->zone_counters, &state->layout->zone_items[item]);
}

struct mo_count read_long(const struct zones_state *state, const struct mo_address *symbol)
{
	int64_t value;
	struct mo_error *error;

	if (!mo_has(symbol))
		return mo_unknown();
	error = mo_read_long(state->reader, symbol->kva, &value);
	if (error) {
		zones_unreadable(state, symbol->name, error);
		return mo_unknown();
	}
	return mo_exact(value < 0 ? 0 : (uint64_t)value);
}

struct mo_count read_int(const struct zones_state *state, const struct mo_address *symbol)
{
	uint32_t value;
	struct mo_error *error;

	if (!mo_has(symbol))
		return mo_unknown();
	error = mo_read_u32(state->reader, symbol->kva, &value);
	if (error) {
		zones_unreadable(state, symbol->name, error);
		return mo_unknown();
	}
	return mo_exact((int32_t)value < 0 ? 0 : value);
}
