/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What could not be read of the areas, or contradicts itself: counted, and told in one finding a kind. */
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

static void report_one(struct vmap_state *state, struct trouble *trouble, const char *id, const char *verdict,
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

void report_trouble(struct vmap_state *state)
{
	report_one(state, &state->broken_trees, "vmap-tree-broken",
		   "A tree or list of vmalloc areas could not be followed to its end.",
		   "Areas may be missing: all sums over them are lower bounds.");
	report_one(state, &state->unreadable_areas, "vmap-areas-unreadable", "Some vmap_areas could not be read.",
		   "They are left out.");
	report_one(state, &state->overlaps, "vmap-areas-overlap", "Areas of vmalloc overlap each other.",
		   "One of them was written over, or is not an area.");
	report_one(state, &state->unreadable_vms, "vm-structs-unreadable", "Some vm_structs could not be read.",
		   "What their areas are used for is not known.");
	report_one(state, &state->broken_pages, "vmap-pages-broken",
		   "Some areas' arrays of pages could not be read, or hold what is no struct page.",
		   "The pages of these areas are lower bounds.");
	report_one(state, &state->broken_tables, "vmap-tables-broken",
		   "Page tables of some areas could not be read, or map more than there is.",
		   "What these areas map is a lower bound.");
	report_one(state, &state->unreadable_tasks, "stacks-unreadable",
		   "The stacks of some tasks could not be found.", "Kernel stacks are a lower bound.");
	report_one(state, &state->broken_chunks, "percpu-chunks-broken",
		   "Some memory of the per-CPU allocator could not be found.",
		   "What belongs to it stays with what nobody has claimed.");
}
