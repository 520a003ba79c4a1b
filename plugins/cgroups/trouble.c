/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What could not be read of groups: counted, and told in one finding a kind. */
#include "gathering.h"

#include <inttypes.h>

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

void trouble_merge(struct trouble *into, struct trouble *from)
{
	uint64_t n = from->n;

	if (!n)
		return;
	trouble_note(into, from->first);
	into->n += n - 1;
	*from = (struct trouble){ 0 };
}

static void report_one(struct cgroups_state *state, struct trouble *trouble, const char *id, const char *verdict,
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

void report_trouble(struct cgroups_state *state)
{
	report_one(state, &state->broken_lists, "cgroup-tree-broken",
		   "The tree of memory cgroups could not be followed to its end.", "Groups may be missing.");
	report_one(state, &state->unreadable_groups, "cgroups-unreadable", "Some memory cgroups could not be read.",
		   "Their rows show what could be read.");
	report_one(state, &state->unreadable_stats, "cgroup-stats-unreadable",
		   "The statistics of some memory cgroups could not be read.", NULL);
	report_one(state, &state->unreadable_charges, "charges-unreadable",
		   "Of some pages or objects it could not be read which memory cgroup is charged.",
		   "What is said to be charged is a lower bound.");
}
