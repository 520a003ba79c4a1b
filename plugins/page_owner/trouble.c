/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What could not be read of the records: counted, and told in one finding a kind. */
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

struct mo_error *trouble_or_end(struct trouble *trouble, struct mo_error *error)
{
	if (error && (mo_error_code(error) == MO_E_NO_MEMORY || mo_error_code(error) == MO_E_CANCELLED))
		return error;
	trouble_note(trouble, error);
	return NULL;
}

static void report_one(struct page_owner_state *state, struct trouble *trouble, const char *id, const char *verdict,
		       const char *advice)
{
	const struct mo_evidence evidence[] = {
		{ .label = "times", .kind = MO_CELL_COUNT, .cell = mo_cell_number(mo_exact(trouble->n)) },
		{ .label = "first", .kind = MO_CELL_TEXT,
		  .cell = mo_cell_text(trouble->first ? mo_error_text(trouble->first) : NULL) },
	};

	if (!trouble->n)
		return;
	mo_run_finding(state->run, &(const struct mo_finding){
		.id = id,
		.severity = MO_WARNING,
		.confidence = MO_CERTAIN,
		.verdict = verdict,
		.evidence = evidence,
		.n_evidence = sizeof(evidence) / sizeof(evidence[0]),
		.advice = advice,
		.is_about_reading = true,
	});
	mo_error_destroy(trouble->first);
	*trouble = (struct trouble){ 0 };
}

void report_trouble(struct page_owner_state *state)
{
	report_one(state, &state->broken_setup, "page-owner-unreadable",
		   "The kernel's records of who took its pages could not be found.", "Owners of pages are not told.");
	report_one(state, &state->broken_records, "page-ext-unreadable",
		   "Some records of who took a page (struct page_ext) could not be read.",
		   "These pages are missing in page_owner: all its sums are lower bounds.");
	report_one(state, &state->broken_stacks, "page-owner-stacks-unreadable",
		   "Some stacks that took pages could not be read.", "Their groups are shown without a caller.");
	report_one(state, &state->broken_sites, "alloc-tags-unreadable",
		   "Some places of memory allocation profiling could not be read.",
		   "They are missing in allocinfo, or incomplete there.");
}
