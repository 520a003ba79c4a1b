/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef PERCPU_LAYOUT_H
#define PERCPU_LAYOUT_H

/* What the percpu plugin needs of a kernel. */

#include <memopsy/cgroup_path.h>
#include <memopsy/layout.h>

struct percpu_layout {
	struct mo_address lists, n_slots, first_chunk, reserved_chunk, base_addr, n_units, n_populated, per_cpu_start;
	struct mo_constant n_chunk_types;
	struct mo_size list_head, chunk_size;
	struct {
		struct mo_field list, free_bytes, base_addr, alloc_map, bound_map, start_offset, end_offset, obj_cgroups,
			obj_exts, n_pages, n_populated, n_empty, populated, n_alloc;
	} chunk;
	struct mo_size obj_ext_size;
	struct mo_field obj_ext_cgroup, obj_ext_tag;
	struct mo_field objcg_memcg;
	struct mo_cgroup_path_layout cgroup_path;
};

extern const struct mo_need_table percpu_needs;

#endif
