/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the oom plugin needs of the kernel; all of it is optional, since a log alone has none. */
#include "oom_layout.h"

#define L struct oom_layout
#define OPTIONAL .is_optional = true

static const struct mo_need rows[] = {
	MO_CONSTANT(L, zones[ZONE_KIND_DMA], "enum zone_type", "ZONE_DMA", OPTIONAL, .why = "CONFIG_ZONE_DMA"),
	MO_CONSTANT(L, zones[ZONE_KIND_DMA32], "enum zone_type", "ZONE_DMA32", OPTIONAL, .why = "CONFIG_ZONE_DMA32"),
	MO_CONSTANT(L, zones[ZONE_KIND_NORMAL], "enum zone_type", "ZONE_NORMAL", OPTIONAL),
	MO_CONSTANT(L, zones[ZONE_KIND_HIGHMEM], "enum zone_type", "ZONE_HIGHMEM", OPTIONAL, .why = "CONFIG_HIGHMEM"),
	MO_CONSTANT(L, zones[ZONE_KIND_MOVABLE], "enum zone_type", "ZONE_MOVABLE", OPTIONAL),
	MO_ADDRESS(L, gfpflag_names, "gfpflag_names", OPTIONAL, .why = "mm/debug.c: what %pGg prints, 4.6 (edf14cdbf9a0)"),
	MO_SIZE(L, flag_name_size, "struct trace_print_flags", OPTIONAL),
	MO_FIELD(L, flag_mask, "struct trace_print_flags", "mask", OPTIONAL),
	MO_FIELD(L, flag_name, "struct trace_print_flags", "name", OPTIONAL),
	MO_CONSTANT(
		L, since_5_9, "enum node_stat_item", "NR_SLAB_RECLAIMABLE_B", OPTIONAL,
		.why = "fs/proc/base.c: how oom_score is scaled since 5.9 (9066e5cfb73c), which no type shows; this enumerator "
		       "came with the same release"),

	MO_ADDRESS(L, vm_event_states, "vm_event_states", OPTIONAL, .why = "CONFIG_VM_EVENT_COUNTERS"),
	MO_FIELD(L, vm_events, "struct vm_event_state", "event", OPTIONAL),
	MO_CONSTANT(L, oom_kill_event, "enum vm_event_item", "OOM_KILL", OPTIONAL,
		    .why = "include/linux/vm_event_item.h: counted since 4.13 (8e675f7af507)"),

	MO_ADDRESS(L, oom_lock, "oom_lock", OPTIONAL, .why = "mm/oom_kill.c: a mutex since 4.2 (dc56401fc9f2)"),
	MO_FIELD(
		L, mutex_owner, "struct mutex", "owner", OPTIONAL,
		.why = "include/linux/mutex_types.h: the owner and three flags in one word since 4.10 (3ca0ff571b09); empty with "
		       "PREEMPT_RT"),
	MO_ADDRESS(L, oom_victims, "oom_victims", OPTIONAL),
	MO_ADDRESS(L, oom_reaper_list, "oom_reaper_list", OPTIONAL, .why = "mm/oom_kill.c: 4.6 (03049269de43)"),
	MO_FIELD(L, reaper_next, "struct task_struct", "oom_reaper_list", OPTIONAL),
	MO_FIELD(L, signal, "struct task_struct", "signal", OPTIONAL),
	MO_FIELD(L, oom_mm, "struct signal_struct", "oom_mm", OPTIONAL,
		 .why = "include/linux/sched/signal.h: 4.9 (26db62f179d1)"),
	MO_FIELD(L, rlim, "struct signal_struct", "rlim", OPTIONAL),
	MO_FIELD(L, rlim_cur, "struct rlimit", "rlim_cur", OPTIONAL),
	MO_FIELD(L, cred, "struct task_struct", "cred", OPTIONAL),
	MO_FIELD(L, cap_effective, "struct cred", "cap_effective", OPTIONAL,
		 .why = "include/linux/cred.h: two words until 6.2, one of 64 bits since (f122a08b197d)"),
	MO_FIELD(L, stack, "struct task_struct", "stack", OPTIONAL),

	MO_SIZE(L, control_size, "struct oom_control", OPTIONAL, .why = "include/linux/oom.h: 4.2 (6e0fc46dc215)"),
	MO_FIELD(L, zonelist, "struct oom_control", "zonelist", OPTIONAL),
	MO_FIELD(L, nodemask, "struct oom_control", "nodemask", OPTIONAL),
	MO_FIELD(L, memcg, "struct oom_control", "memcg", OPTIONAL, .why = "include/linux/oom.h: 4.7"),
	MO_FIELD(L, gfp_mask, "struct oom_control", "gfp_mask", OPTIONAL),
	MO_FIELD(L, order, "struct oom_control", "order", OPTIONAL),
	MO_FIELD(L, totalpages, "struct oom_control", "totalpages", OPTIONAL, .why = "include/linux/oom.h: 4.9"),
	MO_FIELD(L, chosen, "struct oom_control", "chosen", OPTIONAL, .why = "include/linux/oom.h: 4.9"),
	MO_FIELD(L, chosen_points, "struct oom_control", "chosen_points", OPTIONAL),
	MO_FIELD(L, constraint, "struct oom_control", "constraint", OPTIONAL, .why = "include/linux/oom.h: 5.0 (ef8444ea01d7)"),
	MO_SIZE(L, pgdat_size, "struct pglist_data", OPTIONAL),
	MO_ADDRESS(L, out_of_memory, "out_of_memory", OPTIONAL),
	MO_ADDRESS(L, oom_kill_process, "oom_kill_process", OPTIONAL),
	MO_ADDRESS(L, mem_cgroup_out_of_memory, "mem_cgroup_out_of_memory", OPTIONAL, .why = "CONFIG_MEMCG; may be inlined"),
	MO_ADDRESS(L, alloc_may_oom, "__alloc_pages_slowpath.constprop.0",
		   .or_names = { "__alloc_pages_slowpath", "__alloc_pages_may_oom" }, OPTIONAL),

	MO_ADDRESS(L, overcommit_memory, "sysctl_overcommit_memory", OPTIONAL),
	MO_ADDRESS(L, admin_reserve, "sysctl_admin_reserve_kbytes", OPTIONAL),
	MO_ADDRESS(L, max_map_count, "sysctl_max_map_count", OPTIONAL),
	MO_ADDRESS(L, panic_on_oom, "sysctl_panic_on_oom", OPTIONAL),
};

const struct mo_need_table oom_needs = { .needs = rows, .n_needs = sizeof(rows) / sizeof(rows[0]) };
