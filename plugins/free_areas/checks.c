/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The kernel's counters beside what the lists hold: nr_free of every order, and NR_FREE_PAGES of every zone. */
#include "gathering.h"

#include <stdio.h>

/* Sum over the types of an order. */
static struct mo_count blocks_of_order(const struct free_areas_state *state, const struct mo_free_area *area)
{
	struct mo_count sum = mo_exact(0);

	for (unsigned type = 0; type < state->model.n_migratetypes; type++)
		sum = mo_count_add(sum, area->lists[type].blocks);
	return sum;
}

static bool differs(struct mo_count found, struct mo_count counted)
{
	return found.certainty == MO_EXACT && counted.certainty == MO_EXACT && found.value != counted.value;
}

static void check_orders(struct free_areas_state *state, size_t index)
{
	const struct mo_zone *zone = &state->zones_model->zones[index];
	struct mo_evidence evidence[4];
	char labels[2][64];
	char verdict[256];
	unsigned n_differing = 0;

	for (unsigned order = 0; order < state->model.n_orders; order++) {
		const struct mo_free_area *area = &state->zones[index].orders[order];
		struct mo_count found = blocks_of_order(state, area);

		if (!differs(found, area->nr_free) || n_differing++)
			continue;
		snprintf(labels[0], sizeof(labels[0]), "blocks of order %u found", order);
		snprintf(labels[1], sizeof(labels[1]), "nr_free of order %u", order);
		evidence[0] = (struct mo_evidence){ labels[0], MO_CELL_COUNT, mo_cell_number(found) };
		evidence[1] = (struct mo_evidence){ labels[1], MO_CELL_COUNT, mo_cell_number(area->nr_free) };
	}
	if (!n_differing)
		return;
	evidence[2] = (struct mo_evidence){ "orders that differ", MO_CELL_COUNT, mo_cell_number(mo_exact(n_differing)) };
	evidence[3] = (struct mo_evidence){ "zone lock", MO_CELL_FLAGS, mo_cell_number(zone_lock(state, zone)) };
	snprintf(verdict, sizeof(verdict), "Node %u, zone %s: nr_free disagrees with the free lists.", zone->node_id,
		 zone->name);
	mo_run_finding(state->run, &(struct mo_finding){
		.id = "free-blocks-differ",
		.needs_one_moment = true,
		.severity = MO_WARNING,
		.verdict = verdict,
		.evidence = evidence,
		.n_evidence = 4,
		.advice = "If the zone lock is held, a CPU was updating the lists when the dump was taken, and nothing "
			  "is wrong. Otherwise struct zone or struct pages were overwritten.",
	});
}

/* Free pages of isolated pageblocks are on lists and in no counter. */
static struct mo_count counted_pages_found(const struct free_areas_state *state, size_t index)
{
	struct mo_count found = state->zones[index].found_pages;

	for (unsigned order = 0; order < state->model.n_orders && state->model.migrate_isolate >= 0; order++) {
		struct mo_count blocks = state->zones[index].orders[order].lists[state->model.migrate_isolate].blocks;

		if (blocks.certainty != MO_EXACT)
			return mo_unknown();
		found.value -= blocks.value << order;
	}
	return found;
}

static void check_pages(struct free_areas_state *state, size_t index)
{
	const struct mo_zone *zone = &state->zones_model->zones[index];
	const struct mo_vm_counter *counter = mo_zone_counter_find(state->zones_model, zone, "nr_free_pages");
	struct mo_count found = counted_pages_found(state, index);
	char verdict[256];

	if (!counter || !differs(found, counter->exact))
		return;
	snprintf(verdict, sizeof(verdict), "Node %u, zone %s: NR_FREE_PAGES disagrees with the free lists.", zone->node_id,
		 zone->name);
	mo_run_finding(state->run, &(struct mo_finding){
		.id = "free-pages-differ",
		.needs_one_moment = true,
		.severity = MO_WARNING,
		.verdict = verdict,
		.evidence = (const struct mo_evidence[]){
			{ "free pages found", MO_CELL_COUNT, mo_cell_number(found) },
			{ "NR_FREE_PAGES with per-CPU deltas", MO_CELL_COUNT, mo_cell_number(counter->exact) },
			{ "NR_FREE_PAGES as printed", MO_CELL_COUNT, mo_cell_number(counter->printed) },
			{ "zone lock", MO_CELL_FLAGS, mo_cell_number(zone_lock(state, zone)) },
		},
		.n_evidence = 4,
		.advice = "If the zone lock is held, a CPU was updating the lists when the dump was taken, and nothing "
			  "is wrong. Otherwise struct zone or struct pages were overwritten.",
	});
}

void check_counters(struct free_areas_state *state)
{
	for (size_t i = 0; i < state->zones_model->n_zones; i++) {
		if (!is_populated(&state->zones_model->zones[i]))
			continue;
		check_orders(state, i);
		check_pages(state, i);
	}
}
