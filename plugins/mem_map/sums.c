/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Sums of the class bytes: by class, by zone, and of those whose contents the dump left out. */
#include "gathering.h"

#include <memopsy/parallel.h>
#include <stdlib.h>
#include <string.h>

#define SUM_GRAIN_PAGES (1u << 20)

/* One thread's sums: a row of classes for each zone and for page frames of none, and one of excluded ones. */
struct summing {
	struct mem_map_state *state;
	uint64_t (*rows)[MO_N_PAGE_CLASSES];
	size_t rows_per_thread;
};

/* Page frames that are not in the dump: excluded ones are counted, reserved ones that it does not know are holes. */
static void note_absent(struct mem_map_state *state, uint8_t *classes, uint64_t first_pfn, uint64_t n_pages,
			uint64_t *excluded)
{
	struct mo_kernel *kernel = mo_run_kernel(state->run);

	for (uint64_t i = 0; i < n_pages; i++) {
		enum mo_frame_presence presence = mo_kernel_frame_presence(kernel, first_pfn + i);

		if (presence == MO_FRAME_EXCLUDED)
			excluded[classes[i]]++;
		else if (presence == MO_FRAME_HOLE && classes[i] == MO_PAGE_RESERVED)
			classes[i] = MO_PAGE_HOLE;
	}
}

static void visit_absent(struct mem_map_state *state, uint8_t *classes, uint64_t first_pfn, uint64_t n_pages,
			 uint64_t *excluded)
{
	struct mo_kernel *kernel = mo_run_kernel(state->run);
	uint64_t end_pfn = first_pfn + n_pages;

	for (uint64_t pfn = first_pfn; pfn < end_pfn;) {
		uint64_t present_pfn = end_pfn;
		uint64_t n_present = 0;

		if (!mo_kernel_next_frames(kernel, pfn, &present_pfn, &n_present) || present_pfn > end_pfn)
			present_pfn = end_pfn;
		note_absent(state, classes + (pfn - first_pfn), pfn, present_pfn - pfn, excluded);
		if (present_pfn == end_pfn || n_present >= end_pfn - present_pfn)
			return;
		pfn = present_pfn + n_present;
	}
}

static void add_up(const uint8_t *classes, uint64_t n_pages, uint64_t *row)
{
	/* Four tables, so that equal neighbours do not wait for each other. */
	uint32_t counts[4][256] = { { 0 } };
	uint64_t i = 0;

	for (; i + 4 <= n_pages; i += 4)
		for (unsigned k = 0; k < 4; k++)
			counts[k][classes[i + k]]++;
	for (; i < n_pages; i++)
		counts[0][classes[i]]++;
	for (unsigned class = 0; class < MO_N_PAGE_CLASSES; class++)
		for (unsigned k = 0; k < 4; k++)
			row[class] += counts[k][class];
}

static void sum_run(struct summing *summing, uint64_t (*rows)[MO_N_PAGE_CLASSES], uint8_t *classes, uint64_t first_pfn,
		    uint64_t n_pages)
{
	struct mem_map_state *state = summing->state;

	visit_absent(state, classes, first_pfn, n_pages, rows[state->n_zone_pages]);
	for (uint64_t done = 0; done < n_pages;) {
		uint64_t end_pfn;
		uint32_t zone = zone_at(state, first_pfn + done, &end_pfn);
		uint64_t n = n_pages - done;

		if (end_pfn - (first_pfn + done) < n)
			n = end_pfn - (first_pfn + done);
		add_up(classes + done, n, rows[zone_row(state, zone)]);
		done += n;
	}
}

static struct mo_error *sum_chunk(void *context, struct mo_reader *reader, unsigned thread_index, uint64_t first,
				  uint64_t n_items)
{
	struct summing *summing = context;
	struct mem_map_state *state = summing->state;

	(void)reader;
	for (size_t i = 0; i < state->model.n_runs && state->runs[i].first_pfn < first + n_items; i++) {
		const struct mo_page_run *run = &state->runs[i];
		uint64_t begin = run->first_pfn > first ? run->first_pfn : first;
		uint64_t end = run->first_pfn + run->n_pages;

		if (end > first + n_items)
			end = first + n_items;
		if (begin < end)
			sum_run(summing, summing->rows + thread_index * summing->rows_per_thread,
				state->classes + (run->classes - state->classes) + (begin - run->first_pfn), begin,
				end - begin);
	}
	return NULL;
}

static void publish(struct summing *summing, unsigned n_threads)
{
	struct mem_map_state *state = summing->state;

	for (unsigned thread = 0; thread < n_threads; thread++)
		for (unsigned class = 0; class < MO_N_PAGE_CLASSES; class++) {
			uint64_t (*rows)[MO_N_PAGE_CLASSES] = summing->rows + thread * summing->rows_per_thread;

			for (size_t zone = 0; zone < state->n_zone_pages; zone++) {
				state->zone_pages[zone].pages[class] += rows[zone][class];
				state->model.pages[class] += rows[zone][class];
				state->model.n_pages += rows[zone][class];
			}
			state->model.excluded[class] += rows[state->n_zone_pages][class];
			state->model.excluded_pages += rows[state->n_zone_pages][class];
		}
}

struct mo_error *sum_up(struct mem_map_state *state)
{
	struct mo_kernel *kernel = mo_run_kernel(state->run);
	unsigned n_threads = mo_kernel_thread_count(kernel);
	struct summing summing = { .state = state, .rows_per_thread = state->n_zone_pages + 1 };
	struct mo_error *error = NULL;

	summing.rows = calloc(n_threads * summing.rows_per_thread, sizeof(*summing.rows));
	if (!summing.rows)
		return mo_error_no_memory();
	error = mo_parallel_scan_frames(kernel, mo_run_progress(state->run), "adding up page frames", state->runs,
					state->model.n_runs, sizeof(*state->runs), SUM_GRAIN_PAGES, sum_chunk, &summing);
	if (!error)
		publish(&summing, n_threads);
	free(summing.rows);
	return error;
}
