/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Findings: much memory in no counter, and whose it is; much memory that nobody holds. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include <memopsy/share.h>

#include "gathering.h"

#define MIN_LOST_PERCENT 1u            /* of all pages */
#define MIN_LOST_BYTES (8ull << 20)

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
		.basis = MO_BASIS_ABSENCE,
		.is_incomplete = state->missing_pages != 0,
		.verdict = "Pages were allocated directly from the buddy allocator, and nothing in the kernel's memory points at them: "
			   "they were leaked, or only hardware has their addresses.",
		.evidence = evidence,
		.n_evidence = sizeof(evidence) / sizeof(evidence[0]),
		.advice = "`memopsy leaks` lists them by order; boot with page_owner=on to learn who allocates them.",
	};

	if (bytes >= MIN_LOST_BYTES && state->model.direct_unowned_pages * 100 >= state->mem_map->n_pages * MIN_LOST_PERCENT)
		mo_run_judge(run, "owners", &finding);
}

static bool is_same_owner(const struct mo_holder *a, const struct mo_holder *b)
{
	return a->module && b->module ? !strcmp(a->module, b->module) : a == b;
}

/* Of pages that were allocated directly; those of one module count together. */
static uint64_t direct_bytes_of(const struct mo_owners_model *model, const struct mo_holder *of)
{
	uint64_t bytes = 0;

	for (size_t i = 0; i < model->n_holders; i++)
		if (model->holders[i].kind == MO_HOLDER_DIRECT && is_same_owner(&model->holders[i], of))
			bytes += model->holders[i].bytes;
	return bytes;
}

static bool has_owner(const struct mo_holder *holder)
{
	return holder->kind == MO_HOLDER_DIRECT && holder->evidence != MO_HOLDER_BY_NOBODY && (holder->name || holder->module);
}

static const struct mo_holder *largest_direct(const struct mo_owners_model *model, uint64_t *bytes_ret)
{
	const struct mo_holder *largest = NULL;

	*bytes_ret = 0;
	for (size_t i = 0; i < model->n_holders; i++) {
		uint64_t bytes = has_owner(&model->holders[i]) ? direct_bytes_of(model, &model->holders[i]) : 0;

		if (bytes <= *bytes_ret)
			continue;
		largest = &model->holders[i];
		*bytes_ret = bytes;
	}
	return largest;
}

/* A pointer may be one of several, of which a better one may be missing. */
static enum mo_basis basis_of(const struct mo_holder *holder)
{
	return holder->evidence == MO_HOLDER_BY_GUESS	? MO_BASIS_FIT :
	       holder->evidence == MO_HOLDER_BY_POINTER ? MO_BASIS_INFERENCE :
							  MO_BASIS_FACTS;
}

#define MIN_DIRECT_THOUSANDTHS 50
#define MANY_DIRECT_THOUSANDTHS 100
#define MIN_DIRECT_BYTES (16ull << 20)

/* What no counter has is told with its holder, where one has the most of it: that there is so much says the balance sheet, too. */
static void judge_direct_pages(const struct owners_state *state, struct mo_run *run)
{
	static const char *const superseded[] = { "usage-direct-users" };
	uint64_t held_bytes;
	const struct mo_holder *holder = largest_direct(&state->model, &held_bytes);
	struct mo_share held = { .part_bytes = held_bytes, .whole_bytes = state->model.direct_pages << state->page_shift };
	uint64_t thousandths = state->mem_map->n_pages ? state->model.direct_pages * 1000 / state->mem_map->n_pages : 0;
	char verdict[400];
	char advice[160];

	if (!holder || !mo_share_is_sound(held) || held_bytes < held.whole_bytes / 2 || thousandths < MIN_DIRECT_THOUSANDTHS ||
	    held.whole_bytes < MIN_DIRECT_BYTES)
		return;
	snprintf(verdict, sizeof(verdict),
		 "%" PRIu64 ".%" PRIu64 " %% of memory (%.1f MiB) was allocated directly from the buddy allocator. "
		 "%s of that belongs to %s%.63s%s%.63s: %.1f MiB.",
		 thousandths / 10, thousandths % 10, (double)held.whole_bytes / (1 << 20),
		 strcmp(mo_share_words(held), "most") ? "Nearly all" : "Most", holder->module ? "module " : "",
		 holder->module ? holder->module : holder->name, holder->module && holder->name ? ", " : "",
		 holder->module && holder->name ? holder->name : "", (double)held_bytes / (1 << 20));
	snprintf(advice, sizeof(advice), "Look at %s%.63s; `memopsy owners` lists all holders.", holder->module ? "module " : "",
		 holder->module ? holder->module : holder->name);
	mo_run_judge(run, "owners", &(struct mo_finding){
		.id = "direct-pages-held",
		.severity = thousandths >= MANY_DIRECT_THOUSANDTHS ? MO_WARNING : MO_NOTICE,
		.basis = basis_of(holder),
		.is_incomplete = holder->evidence == MO_HOLDER_BY_POINTER && state->missing_pages,
		.verdict = verdict,
		.evidence = (const struct mo_evidence[]){
			{ .label = "allocated directly", .kind = MO_CELL_BYTES, .cell = mo_cell_number(mo_exact(held.whole_bytes)) },
			{ .label = "of these held", .kind = MO_CELL_BYTES, .cell = mo_cell_number(mo_exact(held_bytes)) },
			{ .label = "one of them", .kind = MO_CELL_ADDRESS,
			  .cell = holder->example_kva ? mo_cell_number(mo_exact(holder->example_kva)) : mo_cell_unknown() },
		},
		.n_evidence = 3,
		.advice = advice,
		.supersedes = superseded,
		.n_supersedes = 1,
	});
}

struct mo_error *judge_owners(struct mo_run *run)
{
	judge_direct_pages(mo_run_model(run), run);
	judge_lost_pages(mo_run_model(run), run);
	return NULL;
}
