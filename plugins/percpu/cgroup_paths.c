/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The path of a memory cgroup: the names of its kernfs_node and of those above it (kernfs_path()). */
#include "percpu_layout.h"
#include "views.h"

#include <string.h>

#define MOST_LEVELS 128
#define MOST_NAME_BYTES 256

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

static struct mo_error *read_path(struct mo_reader *reader, const struct percpu_layout *layout, uint64_t node_kva,
				  char path[CGROUP_PATH_BYTES])
{
	char *at = path + CGROUP_PATH_BYTES - 1;

	*at = '\0';
	for (unsigned level = 0;; level++) {
		char name[MOST_NAME_BYTES];
		uint64_t parent_kva = 0;
		struct mo_error *error = mo_read_field(reader, &layout->kn_parent, node_kva, &parent_kva);

		if (!error && parent_kva)
			error = mo_read_field_string(reader, &layout->kn_name, node_kva, name, sizeof(name));
		if (error)
			return error;
		if (!parent_kva)
			break;
		if (level >= MOST_LEVELS || !prepend_name(path, &at, name))
			return mo_error_create(MO_E_LIMIT, "the path of a cgroup has no end");
		node_kva = parent_kva;
	}
	if (*at)
		memmove(path, at, strlen(at) + 1);
	else
		memcpy(path, "/", 2);
	return NULL;
}

bool percpu_cgroup_path(struct mo_run *run, uint64_t memcg_kva, char path[CGROUP_PATH_BYTES])
{
	const struct percpu_layout *layout = mo_run_layout(run);
	struct mo_reader *reader = mo_run_reader(run);
	uint64_t at_kva = 0;
	struct mo_error *error;
	bool is_read;

	if (!mo_has(&layout->memcg_cgroup) || !mo_has(&layout->cgroup_kn) || !mo_has(&layout->kn_parent) ||
	    !mo_has(&layout->kn_name))
		return false;
	error = mo_read_field(reader, &layout->memcg_cgroup, memcg_kva, &at_kva);
	if (!error)
		error = mo_read_field(reader, &layout->cgroup_kn, at_kva, &at_kva);
	if (!error)
		error = read_path(reader, layout, at_kva, path);
	is_read = !error;
	mo_error_destroy(error); /* a path that cannot be read is shown as unknown */
	return is_read;
}
