/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The path of each css_set's cgroup in the unified hierarchy, once however many tasks are in it (kernfs_path()). */
#include "gathering.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define MOST_LEVELS 128
#define MOST_PATH_BYTES 4096
#define MOST_NAME_BYTES 256

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

/* Writes "/name" before what stands at *at; false: it does not fit. */
static bool prepend_name(const char *buffer, char **at, const char *name)
{
	size_t n_bytes = strlen(name);

	if (n_bytes + 1 > (size_t)(*at - buffer))
		return false;
	*at -= n_bytes + 1;
	**at = '/';
	memcpy(*at + 1, name, n_bytes);
	return true;
}

/* From a kernfs_node up to the root of its tree. */
static struct mo_error *read_node_path(const struct tasks_state *state, uint64_t node_kva, char **ret)
{
	const struct tasks_layout *layout = state->layout;
	char buffer[MOST_PATH_BYTES];
	char *at = buffer + sizeof(buffer) - 1;

	*at = '\0';
	for (unsigned level = 0;; level++) {
		char name[MOST_NAME_BYTES];
		uint64_t parent_kva = 0;
		struct mo_error *error = mo_read_field(state->reader, &layout->cgroup.parent, node_kva, &parent_kva);

		if (error)
			return error;
		if (!parent_kva)
			break;
		error = mo_read_field_string(state->reader, &layout->cgroup.name, node_kva, name, sizeof(name));
		if (error)
			return error;
		if (level >= MOST_LEVELS || !prepend_name(buffer, &at, name))
			return mo_error_create(MO_E_LIMIT, "the path of the kernfs_node at 0x%" PRIx64 " has no end", node_kva);
		node_kva = parent_kva;
	}
	*ret = strdup(*at ? at : "/");
	return *ret ? NULL : mo_error_no_memory();
}

static struct mo_error *read_css_path(const struct tasks_state *state, uint64_t css_set_kva, char **ret)
{
	const struct tasks_layout *layout = state->layout;
	uint64_t at_kva = css_set_kva;
	struct mo_error *error = mo_read_field(state->reader, &layout->cgroup.cgroup, at_kva, &at_kva);

	if (!error)
		error = mo_read_field(state->reader, &layout->cgroup.kn, at_kva, &at_kva);
	if (!error)
		error = read_node_path(state, at_kva, ret);
	return mo_error_prepend(error, "cgroup of the css_set at 0x%" PRIx64, css_set_kva);
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

	if (!mo_has(&layout->cgroup.cgroup) || !mo_has(&layout->cgroup.kn) || !mo_has(&layout->cgroup.parent) ||
	    !mo_has(&layout->cgroup.name))
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
