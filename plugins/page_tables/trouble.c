/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What is wrong with page tables: counted, and told in one finding a kind. */
#include "gathering.h"

void trouble_note(struct trouble *trouble, struct mo_error *error)
{
	if (!error)
		return;
	trouble->n++;
	if (trouble->first)
		mo_error_destroy(error);
	else
		trouble->first = error;
}

static void report_one(struct page_tables_state *state, struct trouble *trouble, const char *id, bool is_about_reading,
		       const char *verdict, const char *advice)
{
	struct mo_evidence evidence[] = {
		{ .label = "times", .kind = MO_CELL_COUNT, .cell = mo_cell_number(mo_exact(trouble->n)) },
		{ .label = "first", .kind = MO_CELL_TEXT },
	};

	if (!trouble->n)
		return;
	evidence[1].cell = mo_cell_text(mo_error_text(trouble->first));
	mo_run_finding(state->run, &(const struct mo_finding){
		.id = id,
		.severity = is_about_reading ? MO_WARNING : MO_NOTICE,
		.confidence = MO_CERTAIN,
		.verdict = verdict,
		.evidence = evidence,
		.n_evidence = sizeof(evidence) / sizeof(evidence[0]),
		.advice = advice,
		.is_about_reading = is_about_reading,
	});
	mo_error_destroy(trouble->first);
	*trouble = (struct trouble){ 0 };
}

static void move_trouble(struct trouble *from, struct trouble *to)
{
	to->n += from->n;
	if (to->first)
		mo_error_destroy(from->first);
	else
		to->first = from->first;
	*from = (struct trouble){ 0 };
}

void report_trouble(struct page_tables_state *state)
{
	struct thread_tables sum = { .tables = NULL };

	for (size_t i = 0; i < state->n_threads; i++) {
		move_trouble(&state->threads[i].outside, &sum.outside);
		move_trouble(&state->threads[i].unreadable, &sum.unreadable);
		move_trouble(&state->threads[i].deposits, &sum.deposits);
	}
	report_one(state, &state->unreadable_owners, "page-table-owners-unreadable", true,
		   "Whose page tables there are could not be read completely.", "Their page tables are missing.");
	report_one(state, &sum.outside, "page-tables-outside", true,
		   "Entries of page tables point at tables where no memory is.", "Somebody wrote over these page tables.");
	report_one(state, &sum.unreadable, "page-tables-unreadable", true, "Some page tables could not be read.",
		   "What hangs below them is missing from all counts.");
	report_one(state, &state->repeated, "page-tables-repeated", true,
		   "Entries of page tables point at tables that are in use elsewhere, or further up.",
		   "Somebody wrote over these page tables, or they share a table by mistake.");
	report_one(state, &sum.deposits, "page-tables-deposits-broken", true,
		   "Lists of page tables that are kept behind huge pages could not be followed.",
		   "Some PTE tables are missing from the counts.");
	report_one(state, &state->miscounted, "page-tables-miscounted", false,
		   "Address spaces count more or fewer page tables than were found.",
		   "They changed while the dump was taken, or page tables are lost.");
}
