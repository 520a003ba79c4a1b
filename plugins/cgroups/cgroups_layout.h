/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef CGROUPS_LAYOUT_H
#define CGROUPS_LAYOUT_H

/* What the cgroups plugin needs of a kernel. */

#include <memopsy/cgroup_path.h>
#include <memopsy/cgroups.h>
#include <memopsy/page.h>
#include <memopsy/object_charges.h>

struct cgroups_layout {
	struct mo_address root_mem_cgroup, memory_subsys, default_root;
	struct mo_field subsys_root, root_flags;
	struct mo_constant hugetlb_accounting;
	struct {
		struct mo_field css, id, memory, swap, kmem, high, swap_high, oom_group, events, events_local;
		struct mo_field vmstats, vmevents, vmstats_percpu, vmstats_local;
	} memcg;
	struct {
		struct mo_field usage, watermark, min, low, max, failcnt;
	} counter;
	struct {
		struct mo_field cgroup, parent, children, sibling, flags, ref_pointer, ref_data, ref_count;
	} css;
	struct mo_constant css_online;
	struct mo_cgroup_path_layout path;
	struct mo_field kernfs_id;
	struct mo_constant events[MO_N_CGROUP_EVENTS];

	struct {
		struct mo_address table, index, vm_events;
		struct mo_size entry;
		struct mo_field name, idx, ratio;
		struct mo_constant n_items;
		struct mo_field state, events, state_pending, events_pending;
		struct mo_size percpu;
		struct mo_field cpu_state, cpu_events, cpu_state_prev, cpu_events_prev;
	} stat;

	const struct mo_page_shape *page;
	struct {
		struct mo_address offline;
		struct mo_field node, memcg_css;
		struct mo_field inodes[5]; /* lists: an inode is on one of them */
	} writeback;
	struct mo_charge_layout charge;
};

extern const struct mo_need_table cgroups_needs;

#endif
