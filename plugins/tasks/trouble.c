/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What could not be read of tasks: counted, and told in one finding a kind. */
#include "gathering.h"

#include <inttypes.h>
#include <stdio.h>

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

static void report_one(struct tasks_state *state, struct trouble *trouble, const char *id, const char *verdict,
		       const char *advice)
{
	struct mo_evidence evidence[] = {
		{ .label = "times", .kind = MO_CELL_COUNT, .cell = mo_cell_number(mo_exact(trouble->n)) },
		{ .label = "first", .kind = MO_CELL_TEXT },
	};
	struct mo_finding finding = {
		.id = id,
		.severity = MO_WARNING,
		.confidence = MO_CERTAIN,
		.verdict = verdict,
		.evidence = evidence,
		.n_evidence = sizeof(evidence) / sizeof(evidence[0]),
		.advice = advice,
		.is_about_reading = true,
	};

	if (!trouble->n)
		return;
	evidence[1].cell = mo_cell_text(mo_error_text(trouble->first));
	mo_run_finding(state->run, &finding);
	mo_error_destroy(trouble->first);
	*trouble = (struct trouble){ 0 };
}

void report_trouble(struct tasks_state *state)
{
	report_one(state, &state->broken_lists, "task-list-broken", "A list of tasks could not be followed to its end.",
		   "Tasks and threads may be missing: all sums over them are lower bounds.");
	report_one(state, &state->unreadable_tasks, "tasks-unreadable", "Some task_structs could not be read.",
		   "Their rows show what could be read.");
	report_one(state, &state->unreadable_mms, "mms-unreadable", "Some mm_structs could not be read.",
		   "What their processes use is not known.");
	report_one(state, &state->unreadable_cgroups, "task-cgroups-unreadable", "The cgroups of some tasks could not be read.",
		   NULL);
	report_one(state, &state->broken_vmas, "vmas-broken", "Some VMAs, or the files that they map, could not be read.",
		   "Mappings may be missing, and their names.");
}
