/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What could not be read of the chunks, or contradicts itself: counted, and told in one finding a kind. */
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

static void report_one(struct percpu_state *state, struct trouble *trouble, const char *id, const char *verdict,
		       const char *advice)
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

void report_trouble(struct percpu_state *state)
{
	report_one(state, &state->broken_lists, "percpu-lists-broken",
		   "A list of the per-CPU allocator's chunks could not be followed to its end.",
		   "Chunks may be missing: all sums over them are lower bounds.");
	report_one(state, &state->unreadable, "percpu-chunks-unreadable",
		   "Some chunks of the per-CPU allocator could not be read.", "Their allocations are not known.");
	report_one(state, &state->contradicting, "percpu-chunks-contradict",
		   "Some chunks of the per-CPU allocator contradict themselves.",
		   "Their bitmaps or counters were written over, or the dump was taken while they changed.");
}
