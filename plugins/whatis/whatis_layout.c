/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The types, members, enumerators and symbols of the kernel that the whatis plugin binds. */
#include "whatis_layout.h"

#define L struct whatis_layout
#define OPTIONAL .is_optional = true

#define WHY_PCPU_HOT "arch/x86/include/asm/current.h: hot per-CPU variables were one struct from 6.2 to 6.14"

static const struct mo_need rows[] = {
	MO_OPTIONAL_PAGE(L, page),
	MO_PAGE_NAMES(L, page_names),

	MO_ADDRESS(L, image_start, "_text", OPTIONAL),
	MO_ADDRESS(L, image_end, "_end", OPTIONAL),

	MO_ADDRESS(L, percpu_start, "__per_cpu_start", OPTIONAL, .why = "CONFIG_SMP"),
	MO_ADDRESS(L, percpu_end, "__per_cpu_end", OPTIONAL, .why = "CONFIG_SMP"),
	MO_ADDRESS(L, pcpu_unit_size, "pcpu_unit_size", OPTIONAL),

	MO_SIZE(L, stack, "union thread_union", OPTIONAL),
	MO_FIELD(L, task_stack, "struct task_struct", "stack", OPTIONAL),
	MO_FIELD(L, task_comm, "struct task_struct", "comm", OPTIONAL),
	MO_ADDRESS(L, init_task, "init_task", OPTIONAL),
	MO_ADDRESS(L, idle_threads, "idle_threads", OPTIONAL, .why = "kernel/smpboot.c: CONFIG_SMP"),
	MO_ADDRESS(L, hardirq_stack, "hardirq_stack_ptr", OPTIONAL, .why = WHY_PCPU_HOT),
	MO_ADDRESS(L, pcpu_hot, "pcpu_hot", OPTIONAL, .why = WHY_PCPU_HOT),
	MO_FIELD(L, pcpu_hot_hardirq_stack, "struct pcpu_hot", "hardirq_stack_ptr", OPTIONAL, .why = WHY_PCPU_HOT),
};

const struct mo_need_table whatis_needs = { .needs = rows, .n_needs = sizeof(rows) / sizeof(rows[0]) };
