/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef MEMOPSY_CGROUP_PATH_H
#define MEMOPSY_CGROUP_PATH_H

/*
 * Paths of control groups: the names of the kernfs_node (include/linux/kernfs.h) that stands for a struct cgroup, and of
 * those above it, as kernfs_path() makes them. Groups that were removed keep their names and their parents until the last
 * reference is gone.
 *
 * A plugin has a struct mo_cgroup_path_layout in its layout, and MO_CGROUP_PATH_NEEDS among its rows.
 */

#include <memopsy/kernel.h>
#include <memopsy/layout.h>

MO_API_BEGIN

struct mo_cgroup_path_layout {
	struct mo_field memcg_cgroup, cgroup_kn, kn_parent, kn_name;
};

#define MO_CGROUP_PATH_NEEDS(L, into) \
	MO_FIELD(L, into.memcg_cgroup, "struct mem_cgroup", "css.cgroup", .is_optional = true, .why = "CONFIG_MEMCG"), \
	MO_FIELD(L, into.cgroup_kn, "struct cgroup", "kn", .is_optional = true, .why = "CONFIG_CGROUPS"), \
	MO_FIELD(L, into.kn_parent, "struct kernfs_node", "__parent", .or_names = { "struct kernfs_node.parent" }, \
		 .is_optional = true, .why = "include/linux/kernfs.h: renamed when it came under RCU, 6.15"), \
	MO_FIELD(L, into.kn_name, "struct kernfs_node", "name", .is_optional = true)

/* Whether this kernel has control groups whose names can be read: else paths are MO_E_ABSENT. */
static inline bool mo_cgroup_paths_are_known(const struct mo_cgroup_path_layout *layout)
{
	return mo_has(&layout->cgroup_kn) && mo_has(&layout->kn_parent) && mo_has(&layout->kn_name);
}

/*
 * With its NUL. PATH_MAX, which is what /proc/PID/cgroup can print (proc_cgroup_show(), kernel/cgroup/cgroup.c); a longer path
 * is MO_E_LIMIT, and so is one that goes in a circle: each level costs two bytes at least, so that nothing else is counted.
 */
#define MO_CGROUP_PATH_BYTES_MAX 4096

/*
 * The path of a kernfs_node, a struct cgroup, a struct mem_cgroup: "/" of the root, else "/a/b"; raw bytes with a NUL.
 * MO_E_ABSENT: this kernel has no control groups, or their types are not known. MO_E_CORRUPT: a name is empty, or longer
 * than NAME_MAX. On errors the buffer's content is undefined.
 */
struct mo_error *mo_kernfs_path(struct mo_reader *reader, const struct mo_cgroup_path_layout *layout, uint64_t node_kva,
				char path[MO_CGROUP_PATH_BYTES_MAX]) MO_MUST_USE;
struct mo_error *mo_cgroup_path(struct mo_reader *reader, const struct mo_cgroup_path_layout *layout, uint64_t cgroup_kva,
				char path[MO_CGROUP_PATH_BYTES_MAX]) MO_MUST_USE;
struct mo_error *mo_memcg_path(struct mo_reader *reader, const struct mo_cgroup_path_layout *layout, uint64_t memcg_kva,
			       char path[MO_CGROUP_PATH_BYTES_MAX]) MO_MUST_USE;

MO_API_END

#endif
