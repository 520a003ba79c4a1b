/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What could not be read of files: counted, and told in one finding a kind. */
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

void trouble_merge(struct trouble *into, struct trouble *from)
{
	into->n += from->n;
	if (into->first)
		mo_error_destroy(from->first);
	else
		into->first = from->first;
	*from = (struct trouble){ 0 };
}

static void report_one(struct files_state *state, struct trouble *trouble, const char *id, const char *verdict,
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

void report_trouble(struct files_state *state)
{
	report_one(state, &state->unreadable_pages, "file-pages-unreadable",
		   "Some struct pages of the page cache could not be read.", "Their pages are missing from their files.");
	report_one(state, &state->bad_mappings, "file-mappings-broken",
		   "Pages of the page cache name address_spaces that make no sense.",
		   "They are counted as files without a name; page shows such a page.");
	report_one(state, &state->bad_superblocks, "superblocks-broken",
		   "Superblocks or their mounts could not be read.", "Files may lack their path and type.");
	report_one(state, &state->bad_paths, "file-paths-broken", "The paths of some files could not be read.", NULL);
	report_one(state, &state->bad_users, "file-users-broken",
		   "Tables of open files, or trees of mappings, could not be followed to their end.",
		   "Files may be used by more processes than are shown.");
	report_one(state, &state->unreadable_counts, "file-counts-unreadable",
		   "Counters of dentries, inodes or tmpfs could not be read.", NULL);
}
