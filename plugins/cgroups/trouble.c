/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What could not be read of groups: counted, and told in one finding a kind. */
#include "gathering.h"

void report_trouble(struct cgroups_state *state)
{
	mo_trouble_tell(state->run, &state->broken_lists, "cgroup-tree-broken",
			"The tree of memory cgroups is corrupt or unreadable in part.", "Groups may be missing.");
	mo_trouble_tell(state->run, &state->unreadable_groups, "cgroups-unreadable", "Some memory cgroups could not be read.",
			"Their rows show what was readable.");
	mo_trouble_tell(state->run, &state->unreadable_stats, "cgroup-stats-unreadable",
			"The statistics of some memory cgroups could not be read.", NULL);
	mo_trouble_tell(state->run, &state->unreadable_charges, "charges-unreadable",
			"The memory cgroup charged for some pages or objects could not be read.",
			"Charges are lower bounds.");
}
