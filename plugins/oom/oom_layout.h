/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef OOM_LAYOUT_H
#define OOM_LAYOUT_H

#include <memopsy/layout.h>

/* enum zone_type, as far as this kernel has them. */
enum zone_kind { ZONE_KIND_DMA, ZONE_KIND_DMA32, ZONE_KIND_NORMAL, ZONE_KIND_HIGHMEM, ZONE_KIND_MOVABLE, N_ZONE_KINDS };

struct oom_layout {
	struct mo_constant zones[N_ZONE_KINDS];
	struct mo_address gfpflag_names;       /* array of struct trace_print_flags, ended by a NULL name */
	struct mo_size flag_name_size;
	struct mo_field flag_mask, flag_name;
	struct mo_constant since_5_9;

	struct mo_address vm_event_states;
	struct mo_field vm_events;
	struct mo_constant oom_kill_event;

	struct mo_address oom_lock;
	struct mo_field mutex_owner;
	struct mo_address oom_victims, oom_reaper_list;
	struct mo_field reaper_next;           /* task_struct.oom_reaper_list */
	struct mo_field signal, oom_mm, rlim;
	struct mo_field rlim_cur;
	struct mo_field cred, cap_effective;
	struct mo_field stack;                 /* task_struct.stack */

	struct mo_size control_size;           /* struct oom_control */
	struct mo_field zonelist, nodemask, memcg, gfp_mask, order, totalpages, chosen, chosen_points, constraint;
	struct mo_size pgdat_size;
	struct mo_address out_of_memory, oom_kill_process, mem_cgroup_out_of_memory, alloc_may_oom;

	struct mo_address overcommit_memory, admin_reserve, max_map_count, panic_on_oom;
};
extern const struct mo_need_table oom_needs;

#endif
