/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The path of a control group: the names of its kernfs_node and of those above it (kernfs_path(), fs/kernfs/dir.c). */
#include <memopsy/cgroup_path.h>

#include <inttypes.h>
#include <string.h>

#define NAME_BYTES_MAX 255 /* NAME_MAX */

static struct mo_error *not_known(void)
{
	return mo_error_create(MO_E_ABSENT, "the types of control groups are not known");
}

/* Writes "/name" before what stands at *at. */
static struct mo_error *prepend_name(struct mo_reader *reader, const struct mo_cgroup_path_layout *layout, uint64_t node_kva,
				     const char *path, char **at)
{
	char name[NAME_BYTES_MAX + 2];
	size_t n_bytes;
	struct mo_error *error = mo_read_field_string(reader, &layout->kn_name, node_kva, name, sizeof(name));

	if (error)
		return error;
	n_bytes = strlen(name);
	if (!n_bytes || n_bytes > NAME_BYTES_MAX)
		return mo_error_create(MO_E_CORRUPT, "the kernfs_node at 0x%" PRIx64 " has a name of %zu bytes%s", node_kva, n_bytes,
				       n_bytes ? " or more" : "");
	if (n_bytes + 1 > (size_t)(*at - path))
		return mo_error_create(MO_E_LIMIT, "the path is longer than %d bytes, or has no end", MO_CGROUP_PATH_BYTES_MAX);
	*at -= n_bytes + 1;
	**at = '/';
	memcpy(*at + 1, name, n_bytes);
	return NULL;
}

struct mo_error *mo_kernfs_path(struct mo_reader *reader, const struct mo_cgroup_path_layout *layout, uint64_t node_kva,
				char path[MO_CGROUP_PATH_BYTES_MAX])
{
	char *at = path + MO_CGROUP_PATH_BYTES_MAX - 1;
	uint64_t at_kva = node_kva;

	if (!mo_cgroup_paths_are_known(layout))
		return not_known();
	*at = '\0';
	for (;;) {
		uint64_t parent_kva = 0;
		struct mo_error *error = mo_read_field(reader, &layout->kn_parent, at_kva, &parent_kva);

		if (!error && !parent_kva)
			break;
		if (!error)
			error = prepend_name(reader, layout, at_kva, path, &at);
		if (error)
			return mo_error_prepend(error, "path of the kernfs_node at 0x%" PRIx64, node_kva);
		at_kva = parent_kva;
	}
	if (*at)
		memmove(path, at, strlen(at) + 1);
	else
		memcpy(path, "/", 2);
	return NULL;
}

struct mo_error *mo_cgroup_path(struct mo_reader *reader, const struct mo_cgroup_path_layout *layout, uint64_t cgroup_kva,
				char path[MO_CGROUP_PATH_BYTES_MAX])
{
	uint64_t node_kva = 0;
	struct mo_error *error;

	if (!mo_cgroup_paths_are_known(layout))
		return not_known();
	error = mo_read_field(reader, &layout->cgroup_kn, cgroup_kva, &node_kva);
	return error ? error : mo_kernfs_path(reader, layout, node_kva, path);
}

struct mo_error *mo_memcg_path(struct mo_reader *reader, const struct mo_cgroup_path_layout *layout, uint64_t memcg_kva,
			       char path[MO_CGROUP_PATH_BYTES_MAX])
{
	uint64_t cgroup_kva = 0;
	struct mo_error *error;

	if (!mo_cgroup_paths_are_known(layout) || !mo_has(&layout->memcg_cgroup))
		return not_known();
	error = mo_read_field(reader, &layout->memcg_cgroup, memcg_kva, &cgroup_kva);
	return error ? error : mo_cgroup_path(reader, layout, cgroup_kva, path);
}
