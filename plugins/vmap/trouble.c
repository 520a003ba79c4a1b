/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What could not be read of the areas, or contradicts itself: counted, and told in one finding a kind. */
#include "gathering.h"

void report_trouble(struct vmap_state *state)
{
	mo_trouble_tell(state->run, &state->broken_trees, "vmap-tree-broken",
			"A tree or list of vmalloc areas is corrupt or unreadable.",
			"Areas may be missing: all sums over them are lower bounds.");
	mo_trouble_tell(state->run, &state->unreadable_areas, "vmap-areas-unreadable", "Some vmap_areas could not be read.",
			"They are not listed.");
	mo_trouble_tell(state->run, &state->overlaps, "vmap-areas-overlap", "vmalloc areas overlap.",
			"One of them was overwritten, or is no vmap_area.");
	mo_trouble_tell(state->run, &state->unreadable_vms, "vm-structs-unreadable", "Some vm_structs could not be read.",
			"The use of their areas is unknown.");
	mo_trouble_tell(state->run, &state->broken_pages, "vmap-pages-broken",
			"The page arrays of some areas could not be read, or hold invalid entries.",
			"The pages of these areas are lower bounds.");
	mo_trouble_tell(state->run, &state->broken_tables, "vmap-tables-broken",
			"Page tables of some areas could not be read, or map more than there is.",
			"Their mapped memory is a lower bound.");
	mo_trouble_tell(state->run, &state->unreadable_tasks, "stacks-unreadable",
			"The stacks of some tasks could not be found.", "Kernel stacks are a lower bound.");
	mo_trouble_tell(state->run, &state->broken_chunks, "percpu-chunks-broken",
			"Some memory of the per-CPU allocator could not be found.",
			"Its pages are counted as unclaimed.");
}
