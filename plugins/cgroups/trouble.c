/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What could not be read of groups: counted, and told in one finding a kind. */
#include "gathering.h"

void report_trouble(struct cgroups_state *state)
{
	mo_trouble_tell(state->run, &state->broken_lists, "cgroup-tree-broken",
			"The tree of memory cgroups could not be followed to its end.", "Groups may be missing.");
	mo_trouble_tell(state->run, &state->unreadable_groups, "cgroups-unreadable", "Some memory cgroups could not be read.",
			"Their rows show what could be read.");
	mo_trouble_tell(state->run, &state->unreadable_stats, "cgroup-stats-unreadable",
			"The statistics of some memory cgroups could not be read.", NULL);
	mo_trouble_tell(state->run, &state->unreadable_charges, "charges-unreadable",
			"Of some pages or objects it could not be read which memory cgroup is charged.",
			"What is said to be charged is a lower bound.");
}
