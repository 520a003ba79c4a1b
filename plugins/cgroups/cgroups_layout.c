/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The types, members, enumerators and symbols of the kernel that the cgroups plugin binds. */
#include "cgroups_layout.h"

#define L struct cgroups_layout
#define OPTIONAL .is_optional = true
#define M "struct mem_cgroup"
#define C "struct page_counter"
#define S "struct cgroup_subsys_state"
#define EVENT(name) \
	MO_CONSTANT(L, events[MO_CGROUP_EVENT_##name], "enum memcg_memory_event", "MEMCG_" #name, OPTIONAL)

static const struct mo_need rows[] = {
	MO_ADDRESS(L, root_mem_cgroup, "root_mem_cgroup"),
	MO_ADDRESS(L, memory_subsys, "memory_cgrp_subsys", OPTIONAL),
	MO_ADDRESS(L, default_root, "cgrp_dfl_root", OPTIONAL),
	MO_FIELD(L, subsys_root, "struct cgroup_subsys", "root", OPTIONAL),
	MO_FIELD(L, root_flags, "struct cgroup_root", "flags", OPTIONAL),
	MO_CONSTANT(L, hugetlb_accounting, NULL, "CGRP_ROOT_MEMORY_HUGETLB_ACCOUNTING", OPTIONAL,
		    .why = "include/linux/cgroup-defs.h: whether memory.stat has a line hugetlb"),

	MO_FIELD(L, memcg.css, M, "css"),
	MO_FIELD(L, memcg.id, M, "id.id", OPTIONAL),
	MO_FIELD(L, memcg.memory, M, "memory"),
	MO_FIELD(L, memcg.swap, M, "swap", .or_names = { "struct mem_cgroup.memsw" }, OPTIONAL),
	MO_FIELD(L, memcg.kmem, M, "kmem", OPTIONAL, .why = "include/linux/memcontrol.h: only with CONFIG_MEMCG_V1 in 6.12"),
	MO_FIELD(L, memcg.high, M, "memory.high", .or_names = { "struct mem_cgroup.high" }, OPTIONAL,
		 .why = "include/linux/page_counter.h: a member of the counter, before that of struct mem_cgroup"),
	MO_FIELD(L, memcg.swap_high, M, "swap.high", OPTIONAL),
	MO_FIELD(L, memcg.oom_group, M, "oom_group", OPTIONAL),
	MO_FIELD(L, memcg.events, M, "memory_events", OPTIONAL),
	MO_FIELD(L, memcg.events_local, M, "memory_events_local", OPTIONAL),
	MO_FIELD(L, memcg.vmstats, M, "vmstats", OPTIONAL,
		 .why = "include/linux/memcontrol.h: an array of atomic_long_t in 5.10, a pointer to struct memcg_vmstats in 6.1"),
	MO_FIELD(L, memcg.vmevents, M, "vmevents", OPTIONAL,
		 .why = "include/linux/memcontrol.h: beside vmstats in 5.10, within struct memcg_vmstats in 6.1"),
	MO_FIELD(L, memcg.vmstats_percpu, M, "vmstats_percpu", OPTIONAL),
	MO_FIELD(L, memcg.vmstats_local, M, "vmstats_local", OPTIONAL,
		 .why = "include/linux/memcontrol.h: in 5.10 what CPUs have handed over stands here, what they have not in vmstats_percpu"),

	MO_FIELD(L, counter.usage, C, "usage"),
	MO_FIELD(L, counter.watermark, C, "watermark", OPTIONAL),
	MO_FIELD(L, counter.min, C, "min", OPTIONAL),
	MO_FIELD(L, counter.low, C, "low", OPTIONAL),
	MO_FIELD(L, counter.max, C, "max", .or_names = { "struct page_counter.limit" }, OPTIONAL),
	MO_FIELD(L, counter.failcnt, C, "failcnt", OPTIONAL),

	MO_FIELD(L, css.cgroup, S, "cgroup"),
	MO_FIELD(L, css.parent, S, "parent"),
	MO_FIELD(L, css.children, S, "children"),
	MO_FIELD(L, css.sibling, S, "sibling"),
	MO_FIELD(L, css.flags, S, "flags"),
	MO_FIELD(L, css.ref_pointer, S, "refcnt.percpu_count_ptr", OPTIONAL),
	MO_FIELD(L, css.ref_data, S, "refcnt.data", OPTIONAL),
	MO_FIELD(L, css.ref_count, "struct percpu_ref_data", "count", OPTIONAL,
		 .why = "include/linux/percpu-refcount.h: what is rarely used is in a struct of its own in 5.10"),
	MO_CONSTANT(L, css_online, NULL, "CSS_ONLINE"),
	MO_CGROUP_PATH_NEEDS(L, path),
	MO_FIELD(L, kernfs_id, "struct kernfs_node", "id", .or_names = { "struct kernfs_node.id.id" }, OPTIONAL),
	EVENT(LOW), EVENT(HIGH), EVENT(MAX), EVENT(OOM), EVENT(OOM_KILL), EVENT(OOM_GROUP_KILL), EVENT(SWAP_HIGH),
	EVENT(SWAP_MAX), EVENT(SWAP_FAIL), EVENT(SOCK_THROTTLED),

	MO_ADDRESS(L, stat.table, "memory_stats", OPTIONAL,
		   .why = "mm/memcontrol.c: the lines of memory.stat are read from the kernel's own table"),
	MO_ADDRESS(L, stat.index, "mem_cgroup_stats_index", OPTIONAL,
		   .why = "mm/memcontrol.c: where an item is counted; in 6.12 not all items are, in 6.1 each at its number"),
	MO_CONSTANT(L, stat.n_items, "enum memcg_stat_item", "MEMCG_NR_STAT", OPTIONAL),
	MO_ADDRESS(L, stat.vm_events, "memcg_vm_event_stat", OPTIONAL,
		   .why = "mm/memcontrol.c: in 6.1 only the events of this table are counted, in its order"),
	MO_SIZE(L, stat.entry, "struct memory_stat", OPTIONAL),
	MO_FIELD(L, stat.name, "struct memory_stat", "name", OPTIONAL),
	MO_FIELD(L, stat.idx, "struct memory_stat", "idx", OPTIONAL),
	MO_FIELD(L, stat.ratio, "struct memory_stat", "ratio", OPTIONAL,
		 .why = "mm/memcontrol.c: the unit of each line in 5.10; a function in 6.1"),
	MO_FIELD(L, stat.state, "struct memcg_vmstats", "state", OPTIONAL),
	MO_FIELD(L, stat.events, "struct memcg_vmstats", "events", OPTIONAL),
	MO_FIELD(L, stat.state_pending, "struct memcg_vmstats", "state_pending", OPTIONAL),
	MO_FIELD(L, stat.events_pending, "struct memcg_vmstats", "events_pending", OPTIONAL),
	MO_SIZE(L, stat.percpu, "struct memcg_vmstats_percpu", OPTIONAL),
	MO_FIELD(L, stat.cpu_state, "struct memcg_vmstats_percpu", "state", .or_names = { "struct memcg_vmstats_percpu.stat" },
		 OPTIONAL, .why = "include/linux/memcontrol.h: stat in 5.10, state in 6.1"),
	MO_FIELD(L, stat.cpu_events, "struct memcg_vmstats_percpu", "events", OPTIONAL),
	MO_FIELD(L, stat.cpu_state_prev, "struct memcg_vmstats_percpu", "state_prev", OPTIONAL),
	MO_FIELD(L, stat.cpu_events_prev, "struct memcg_vmstats_percpu", "events_prev", OPTIONAL),

	MO_PAGE(L, page),
	MO_ADDRESS(L, writeback.offline, "offline_cgwbs", OPTIONAL,
		   .why = "mm/backing-dev.c: writeback contexts of removed groups, in 6.1 and later, not in 5.10"),
	MO_FIELD(L, writeback.node, "struct bdi_writeback", "offline_node", OPTIONAL),
	MO_FIELD(L, writeback.memcg_css, "struct bdi_writeback", "memcg_css", OPTIONAL),
	MO_FIELD(L, writeback.inodes[0], "struct bdi_writeback", "b_attached", OPTIONAL),
	MO_FIELD(L, writeback.inodes[1], "struct bdi_writeback", "b_dirty", OPTIONAL),
	MO_FIELD(L, writeback.inodes[2], "struct bdi_writeback", "b_io", OPTIONAL),
	MO_FIELD(L, writeback.inodes[3], "struct bdi_writeback", "b_more_io", OPTIONAL),
	MO_FIELD(L, writeback.inodes[4], "struct bdi_writeback", "b_dirty_time", OPTIONAL),
	MO_CHARGE_NEEDS(L, charge),
};

const struct mo_need_table cgroups_needs = { rows, sizeof(rows) / sizeof(rows[0]) };
