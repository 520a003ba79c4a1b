/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The path of each css_set's cgroup in the unified hierarchy, once however many tasks are in it (kernfs_path()). */
#include "gathering.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

static int compare_addresses(const void *left, const void *right)
{
	uint64_t a = *(const uint64_t *)left;
	uint64_t b = *(const uint64_t *)right;

	return a < b ? -1 : a > b;
}

static int compare_paths(const void *left, const void *right)
{
	return compare_addresses(&((const struct css_path *)left)->css_set_kva,
				 &((const struct css_path *)right)->css_set_kva);
}

static struct mo_error *read_css_path(const struct tasks_state *state, uint64_t css_set_kva, char **ret)
{
	const struct tasks_layout *layout = state->layout;
	char path[MO_CGROUP_PATH_BYTES_MAX];
	uint64_t cgroup_kva = 0;
	struct mo_error *error = mo_read_field(state->reader, &layout->cgroup.dfl_cgrp, css_set_kva, &cgroup_kva);

	if (!error)
		error = mo_cgroup_path(state->reader, &layout->cgroup.path, cgroup_kva, path);
	if (error)
		return mo_error_prepend(error, "cgroup of the css_set at 0x%" PRIx64, css_set_kva);
	*ret = strdup(path);
	return *ret ? NULL : mo_error_no_memory();
}

static void assign_paths(struct tasks_state *state)
{
	for (size_t i = 0; i < state->n_tasks; i++) {
		struct css_path wanted = { .css_set_kva = state->css_sets[i] };
		const struct css_path *found = bsearch(&wanted, state->paths, state->n_paths, sizeof(*state->paths),
						       compare_paths);

		state->tasks[i].cgroup = found ? found->path : NULL;
	}
}

struct mo_error *gather_cgroups(struct tasks_state *state)
{
	const struct tasks_layout *layout = state->layout;
	uint64_t *sets;

	if (!mo_has(&layout->cgroup.dfl_cgrp) || !mo_cgroup_paths_are_known(&layout->cgroup.path))
		return NULL;
	sets = calloc(state->n_tasks + 1, sizeof(*sets));
	state->paths = calloc(state->n_tasks + 1, sizeof(*state->paths));
	if (!sets || !state->paths) {
		free(sets);
		return mo_error_no_memory();
	}
	if (state->n_tasks) /* a NULL css_sets must not be handed to memcpy */
		memcpy(sets, state->css_sets, state->n_tasks * sizeof(*sets));
	qsort(sets, state->n_tasks, sizeof(*sets), compare_addresses);
	for (size_t i = 0; i < state->n_tasks; i++) {
		struct css_path *path = &state->paths[state->n_paths];

		if (!sets[i] || (i && sets[i] == sets[i - 1]))
			continue;
		path->css_set_kva = sets[i];
		mo_trouble_note(&state->unreadable_cgroups, read_css_path(state, sets[i], &path->path));
		state->n_paths++;
	}
	free(sets);
	assign_paths(state);
	return NULL;
}
