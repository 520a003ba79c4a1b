/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * How many processes each group has: by the paths that the model "tasks" gives. A process in a cgroup without the memory
 * controller counts for the group above that it is charged to.
 */
#include "gathering.h"

#include <stdlib.h>
#include <string.h>

#define MAX_PATH_BYTES 4096

struct path_key {
	const char *path;
	uint32_t group;
};

static int compare_paths(const void *left, const void *right)
{
	return strcmp(((const struct path_key *)left)->path, ((const struct path_key *)right)->path);
}

/* The group with this path or else that of the closest part of it. */
static uint32_t group_of_path(const struct path_key *keys, size_t n_keys, const char *path)
{
	char part[MAX_PATH_BYTES];
	size_t n = strlen(path);

	if (n >= sizeof(part))
		return MO_CGROUP_NONE;
	memcpy(part, path, n + 1);
	while (n) {
		struct path_key wanted = { .path = part };
		const struct path_key *found = bsearch(&wanted, keys, n_keys, sizeof(*keys), compare_paths);

		if (found)
			return found->group;
		while (n && part[n - 1] != '/')
			n--;
		if (n > 1)
			n--;
		else if (n && part[1] == '\0')
			break;
		part[n] = '\0';
	}
	return MO_CGROUP_NONE;
}

void count_processes(struct cgroups_state *state)
{
	struct path_key *keys = state->tasks && state->model.is_v2 ? calloc(state->n_groups + 1, sizeof(*keys)) : NULL;
	size_t n_keys = 0;

	if (!keys)
		return;
	for (uint32_t i = 0; i < state->n_groups; i++)
		if (state->groups[i].path && state->groups[i].is_online) /* a removed one may have a successor of its name */
			keys[n_keys++] = (struct path_key){ state->groups[i].path, i };
	qsort(keys, n_keys, sizeof(*keys), compare_paths);
	for (uint32_t i = 0; i < state->tasks->n_tasks; i++) {
		const struct mo_task *task = &state->tasks->tasks[i];
		uint32_t group = task->leader == i && task->cgroup ? group_of_path(keys, n_keys, task->cgroup) :
								     MO_CGROUP_NONE;

		if (group != MO_CGROUP_NONE)
			state->groups[group].n_tasks++;
	}
	free(keys);
}
