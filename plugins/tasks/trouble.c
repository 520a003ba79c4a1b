/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What could not be read of tasks: counted, and told in one finding a kind. */
#include "gathering.h"

void report_trouble(struct tasks_state *state)
{
	mo_trouble_tell(state->run, &state->broken_lists, "task-list-broken", "A list of tasks is corrupt or unreadable.",
			"Tasks and threads may be missing: all sums over them are lower bounds.");
	mo_trouble_tell(state->run, &state->unreadable_tasks, "tasks-unreadable", "Some task_structs could not be read.",
			"Their rows show what was readable.");
	mo_trouble_tell(state->run, &state->unreadable_mms, "mms-unreadable", "Some mm_structs could not be read.",
			"The memory use of their processes is unknown.");
	mo_trouble_tell(state->run, &state->unreadable_cgroups, "task-cgroups-unreadable",
			"The cgroups of some tasks could not be read.", NULL);
	mo_trouble_tell(state->run, &state->broken_vmas, "vmas-broken", "Some VMAs, or the files that they map, could not be read.",
			"Mappings, or their names, may be missing.");
}
