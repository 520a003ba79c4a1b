/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Findings: much memory that nobody holds. */
#include <inttypes.h>
#include <stdio.h>

#include "gathering.h"

#define LEAST_LOST_PERCENT 1u            /* of all pages */
#define LEAST_LOST_BYTES (8ull << 20)

/* The largest holder that is a guess, and a module's: whose the pages without an owner may be, too. */
static const struct mo_holder *suspect_of(const struct owners_state *state)
{
	for (size_t i = 0; i < state->model.n_holders; i++)
		if (state->model.holders[i].evidence == MO_HOLDER_BY_GUESS && state->model.holders[i].module)
			return &state->model.holders[i];
	return NULL;
}

static const struct mo_holder *largest_nobody(const struct owners_state *state)
{
	for (size_t i = 0; i < state->model.n_holders; i++)
		if (state->model.holders[i].evidence == MO_HOLDER_BY_NOBODY && state->model.holders[i].kind == MO_HOLDER_DIRECT)
			return &state->model.holders[i];
	return NULL;
}

static void judge_lost_pages(const struct owners_state *state, struct mo_run *run)
{
	const struct mo_holder *suspect = suspect_of(state);
	const struct mo_holder *largest = largest_nobody(state);
	uint64_t bytes = state->model.direct_unowned_pages << state->page_shift;
	struct mo_evidence evidence[] = {
		{ .label = "pages without an owner", .kind = MO_CELL_COUNT,
		  .cell = mo_cell_number(mo_exact(state->model.direct_unowned_pages)) },
		{ .label = "memory", .kind = MO_CELL_BYTES, .cell = mo_cell_number(mo_exact(bytes)) },
		{ .label = "one of them", .kind = MO_CELL_ADDRESS,
		  .cell = largest ? mo_cell_number(mo_exact(largest->example_kva)) : mo_cell_unknown() },
		{ .label = "module that like pages point into", .kind = MO_CELL_TEXT,
		  .cell = mo_cell_text(suspect ? suspect->module : "none") },
	};
	struct mo_finding finding = {
		.id = "pages-without-owner",
		/* The warning is that of `leaks`, which names each group of lost pages. */
		.severity = MO_NOTICE,
		.confidence = state->missing_pages ? MO_GUESS : MO_LIKELY,
		.verdict = "Pages were taken from the page allocator, and nothing in the kernel's memory points at them: they are "
			   "lost, or only hardware knows them.",
		.evidence = evidence,
		.n_evidence = sizeof(evidence) / sizeof(evidence[0]),
		.advice = "Look at their contents (memopsy read), and boot with page_owner=on to learn who takes them; `memopsy leaks` "
			  "has them by order.",
	};

	if (bytes >= LEAST_LOST_BYTES && state->model.direct_unowned_pages * 100 >= state->mem_map->n_pages * LEAST_LOST_PERCENT)
		mo_run_judge(run, "owners", &finding);
}

struct mo_error *judge_owners(struct mo_run *run)
{
	judge_lost_pages(mo_run_model(run), run);
	return NULL;
}
