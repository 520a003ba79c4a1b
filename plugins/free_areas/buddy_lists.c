/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Every free list of every populated zone: several at a time, and one after the other again if two share a page. */
#include "gathering.h"

#include <stdlib.h>

#include <memopsy/parallel.h>

bool is_populated(const struct mo_zone *zone)
{
	return zone->present_pages.certainty != MO_UNKNOWN && zone->present_pages.value;
}

size_t buddy_list_count(const struct free_areas_state *state)
{
	return state->zones_model->n_zones * state->model.n_orders * state->model.n_migratetypes;
}

/* By zone, then order, then type. */
struct list_place buddy_list_place(const struct free_areas_state *state, size_t index)
{
	const struct free_areas_layout *layout = state->layout;
	size_t per_zone = (size_t)state->model.n_orders * state->model.n_migratetypes;
	struct list_place place = {
		.zone = index / per_zone,
		.order = (unsigned)(index % per_zone / state->model.n_migratetypes),
		.migratetype = (unsigned)(index % state->model.n_migratetypes),
		.cpu = -1,
	};
	uint64_t area_kva = mo_element_kva(&layout->zone.free_area, state->zones_model->zones[place.zone].zone_kva, place.order);

	place.head_kva = mo_element_kva(&layout->free_list, area_kva, place.migratetype);
	return place;
}

struct lists {
	struct free_areas_state *state;
	struct list_result *results;
};

static struct mo_error *walk_lists(void *context, struct mo_reader *reader, unsigned thread_index, uint64_t first,
				   uint64_t n_items)
{
	struct lists *lists = context;
	struct mo_error *error = NULL;

	(void)thread_index;
	for (uint64_t i = first; i < first + n_items && !error; i++) {
		struct list_place place = buddy_list_place(lists->state, (size_t)i);

		if (is_populated(&lists->state->zones_model->zones[place.zone]))
			error = walk_list(lists->state, reader, &lists->state->frames, &place, NULL, NULL, &lists->results[i]);
	}
	return error;
}

/* Which of two lists met a page first must not depend on which thread was faster. */
static struct mo_error *walk_again_in_order(struct lists *lists, size_t n_lists)
{
	struct free_areas_state *state = lists->state;
	struct mo_error *error;

	for (size_t i = 0; i < n_lists; i++) {
		list_result_deinit(&lists->results[i]);
		lists->results[i] = (struct list_result){ .n_blocks = 0 };
	}
	frame_set_deinit(&state->frames);
	error = frame_set_init(&state->frames, state->memmap);
	return error ? error : walk_lists(lists, state->reader, 0, 0, n_lists);
}

static void sum_up(struct free_areas_state *state, const struct list_result *results)
{
	size_t n_lists = buddy_list_count(state);

	for (size_t i = 0; i < n_lists; i++) {
		struct list_place place = buddy_list_place(state, i);
		struct mo_zone_free_areas *zone = &state->zones[place.zone];
		const struct list_result *result = &results[i];
		struct mo_count pages = mo_exact(result->n_blocks << place.order);

		zone->orders[place.order].lists[place.migratetype].blocks =
			result->is_broken ? mo_at_least(result->n_blocks) : mo_exact(result->n_blocks);
		if (result->is_broken)
			pages.certainty = MO_AT_LEAST;
		zone->found_pages = mo_count_add(zone->found_pages, pages);
		zone->blocks_of_other_type += result->n_other_type;
		zone->n_broken_lists += result->is_broken;
	}
}

struct mo_error *gather_buddy_lists(struct free_areas_state *state)
{
	size_t n_lists = buddy_list_count(state);
	struct lists lists = { .state = state, .results = calloc(n_lists + 1, sizeof(*lists.results)) };
	bool seen_marked = false;
	struct mo_error *error;

	if (!lists.results)
		return mo_error_no_memory();
	error = mo_parallel_scan(mo_run_kernel(state->run), mo_run_progress(state->run), "walking free lists", 0, n_lists,
				 state->model.n_migratetypes, walk_lists, &lists);
	for (size_t i = 0; i < n_lists && !error; i++)
		seen_marked |= lists.results[i].seen_marked;
	if (!error && seen_marked)
		error = walk_again_in_order(&lists, n_lists);
	if (!error)
		sum_up(state, lists.results);
	for (size_t i = 0; i < n_lists; i++) {
		if (!error)
			report_troubles(state, &lists.results[i]);
		list_result_deinit(&lists.results[i]);
	}
	free(lists.results);
	return error;
}
