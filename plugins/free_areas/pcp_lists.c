/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The pages that every CPU keeps for itself: struct per_cpu_pages (include/linux/mmzone.h). */
#include "gathering.h"

#include <stdio.h>
#include <stdlib.h>

#include <memopsy/walk.h>

#define ORDERS_OF_PCP 4 /* 0 to PAGE_ALLOC_COSTLY_ORDER, since 5.14 */
#define MAX_PCP_LISTS 64

/*
 * Lists are in the order of order_to_pindex() (mm/page_alloc.c): all types of order 0, then of order 1 and so on; then
 * with CONFIG_TRANSPARENT_HUGEPAGE those of huge pages: one for all types, or one of movable pages after one of the rest.
 */
static struct list_place place_of(const struct free_areas_state *state, size_t zone, int cpu, uint64_t index,
				  uint64_t pcp_kva)
{
	const struct mo_field *lists = &state->layout->pcp_lists;
	unsigned n_types = state->model.n_pcp_migratetypes;
	struct list_place place = { .zone = zone, .cpu = cpu, .head_kva = mo_element_kva(lists, pcp_kva, index) };
	uint64_t n_small = lists->n_elements <= n_types ? n_types : (uint64_t)n_types * ORDERS_OF_PCP;

	if (index < n_small) {
		place.order = (unsigned)(index / n_types);
		place.migratetype = (unsigned)(index % n_types);
		return place;
	}
	/* What a PMD maps: a page table has page_bytes / 8 entries. */
	place.order = mo_kernel_facts(mo_run_kernel(state->run))->page_shift - 3;
	place.migratetype = index == n_small + 1 && mo_has(&state->layout->movable) ? (unsigned)state->layout->movable.value :
										      MO_MIGRATETYPE_UNKNOWN;
	return place;
}

struct mo_error *for_each_pcp_list(const struct free_areas_state *state, size_t zone, pcp_list_function function,
				   void *context)
{
	const struct free_areas_layout *layout = state->layout;
	const struct mo_zone *of_zone = &state->zones_model->zones[zone];
	uint64_t n_lists = layout->pcp_lists.n_elements;
	uint64_t pagesets_kva = 0;
	struct mo_set cpus;
	struct mo_error *error;

	if (!mo_has(&layout->zone.pagesets) || !mo_has(&layout->pcp_lists) || !state->model.n_pcp_migratetypes)
		return mo_error_create(MO_E_ABSENT, "where struct zone keeps its per-CPU lists is unknown");
	if (!n_lists || n_lists > MAX_PCP_LISTS ||
	    (n_lists > state->model.n_pcp_migratetypes && n_lists > state->model.n_pcp_migratetypes * ORDERS_OF_PCP + 2))
		return mo_error_create(MO_E_UNSUPPORTED, "struct per_cpu_pages has %llu lists, which is implausible",
				       (unsigned long long)n_lists);
	/* A panic marks the stopped CPUs offline and leaves their lists as they were; proper offlining empties them. */
	error = mo_cpus(state->reader, MO_CPUS_POSSIBLE, &cpus);
	if (!error)
		error = mo_read_field(state->reader, &layout->zone.pagesets, of_zone->zone_kva, &pagesets_kva);
	for (int cpu = error ? -1 : mo_set_next(&cpus, 0); cpu >= 0 && !error; cpu = mo_set_next(&cpus, (unsigned)cpu + 1)) {
		uint64_t pcp_kva = 0;

		error = mo_percpu(state->reader, pagesets_kva, (unsigned)cpu, &pcp_kva);
		for (uint64_t i = 0; i < n_lists && !error; i++) {
			struct list_place place = place_of(state, zone, cpu, i, pcp_kva);

			error = function(context, &place);
		}
	}
	return error;
}

struct pcp_pages {
	struct free_areas_state *state;
	struct mo_count of_zone;
	struct mo_count of_cpu;
	int cpu;
};

static struct mo_error *add_block(void *context, const struct list_place *place, const struct list_block *block)
{
	struct free_areas_state *state = context;

	if (state->model.n_pcp_blocks == state->pcp_room) {
		size_t room = state->pcp_room ? 2 * state->pcp_room : 1024;
		struct mo_pcp_block *blocks = realloc(state->pcp_blocks, room * sizeof(*blocks));

		if (!blocks)
			return mo_error_no_memory();
		state->pcp_blocks = blocks;
		state->pcp_room = room;
	}
	state->pcp_blocks[state->model.n_pcp_blocks++] = (struct mo_pcp_block){
		.pfn = block->pfn,
		.cpu = (uint16_t)place->cpu,
		.order = (uint8_t)place->order,
		.migratetype = (uint8_t)place->migratetype,
	};
	return NULL;
}

/* What the CPU counts on all its lists of the zone. */
static void check_cpu(struct pcp_pages *pages, size_t zone_index)
{
	const struct mo_zone *zone = &pages->state->zones_model->zones[zone_index];
	struct mo_count counted = mo_unknown();
	struct mo_count lock = zone_lock(pages->state, zone);
	char verdict[160];

	for (size_t i = 0; i < zone->n_pagesets; i++)
		if (pages->cpu >= 0 && zone->pagesets[i].cpu == (unsigned)pages->cpu)
			counted = zone->pagesets[i].count_pages;
	if (pages->cpu < 0 || pages->of_cpu.certainty != MO_EXACT || counted.certainty != MO_EXACT ||
	    counted.value == pages->of_cpu.value)
		return;
	snprintf(verdict, sizeof(verdict), "CPU %d: pcp->count disagrees with its lists of node %u, zone %s.", pages->cpu,
		 zone->node_id, zone->name);
	mo_run_finding(pages->state->run, &(struct mo_finding){
		.id = "pcp-count-differs",
		.needs_one_moment = true,
		.severity = MO_NOTICE,
		.verdict = verdict,
		.evidence = (const struct mo_evidence[]){
			{ "pages found", MO_CELL_COUNT, mo_cell_number(pages->of_cpu) },
			{ "pages counted", MO_CELL_COUNT, mo_cell_number(counted) },
			{ "zone lock", MO_CELL_FLAGS, mo_cell_number(lock) },
		},
		.n_evidence = 3,
		.advice = "A CPU that was moving pages when the dump was taken looks the same; then nothing is wrong.",
	});
}

static struct mo_error *gather_list(void *context, const struct list_place *place)
{
	struct pcp_pages *pages = context;
	struct list_result result = { .n_blocks = 0 };
	struct mo_error *error;
	struct mo_count found;

	if (place->cpu != pages->cpu) {
		check_cpu(pages, place->zone);
		pages->cpu = place->cpu;
		pages->of_cpu = mo_exact(0);
	}
	error = walk_list(pages->state, pages->state->reader, &pages->state->frames, place, add_block, pages->state, &result);
	if (!error) {
		found = mo_exact(result.n_blocks << place->order);
		if (result.is_broken)
			found.certainty = MO_AT_LEAST;
		pages->of_cpu = mo_count_add(pages->of_cpu, found);
		pages->of_zone = mo_count_add(pages->of_zone, found);
		report_troubles(pages->state, &result);
	}
	list_result_deinit(&result);
	return error;
}

static int compare_blocks(const void *a, const void *b)
{
	const struct mo_pcp_block *left = a;
	const struct mo_pcp_block *right = b;

	return (left->pfn > right->pfn) - (left->pfn < right->pfn);
}

struct mo_error *gather_pcp_lists(struct free_areas_state *state)
{
	const struct mo_zones_model *zones = state->zones_model;

	for (size_t i = 0; i < zones->n_zones; i++) {
		struct pcp_pages pages = { .state = state, .of_zone = mo_exact(0), .of_cpu = mo_exact(0), .cpu = -1 };
		struct mo_error *error;
		char what[96];

		if (!is_populated(&zones->zones[i]))
			continue;
		error = for_each_pcp_list(state, i, gather_list, &pages);
		if (mo_error_ends_run(error))
			return error;
		if (error) {
			snprintf(what, sizeof(what), "The per-CPU lists of node %u, zone %s", zones->zones[i].node_id,
				 zones->zones[i].name);
			report_unreadable(state, what, error);
			state->zones[i].pcp_pages = pages.of_zone.value ? mo_at_least(pages.of_zone.value) : mo_unknown();
			continue;
		}
		check_cpu(&pages, i);
		state->zones[i].pcp_pages = pages.of_zone;
	}
	if (state->model.n_pcp_blocks)
		qsort(state->pcp_blocks, state->model.n_pcp_blocks, sizeof(*state->pcp_blocks), compare_blocks);
	state->model.pcp_blocks = state->pcp_blocks;
	return NULL;
}
