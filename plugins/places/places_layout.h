/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef PLACES_LAYOUT_H
#define PLACES_LAYOUT_H

/* What the places plugin needs of a kernel beside what struct page is, which it takes from mem_map's needs. */

#include <memopsy/layout.h>

#define N_MODULE_PARTS 7u /* enum mod_mem_type: text, data, rodata, ro_after_init, init_text, init_data, init_rodata */

struct places_layout {
	struct mo_address image_start, image_end;

	struct mo_address modules;
	struct {
		struct mo_size size;
		struct mo_field list, name, mem, core_base, core_bytes, init_base, init_bytes, percpu, percpu_bytes;
	} module;
	struct mo_field memory_base, memory_bytes; /* of struct module_memory */
	struct mo_constant parts[N_MODULE_PARTS];

	struct mo_address percpu_start, percpu_end, pcpu_unit_size;

	struct mo_size stack;
	struct mo_field task_stack, task_pid, task_comm;
	struct mo_address init_task, idle_threads;
	struct mo_address hardirq_stack, pcpu_hot;
	struct mo_field pcpu_hot_hardirq_stack;
};

extern const struct mo_need_table places_needs;

#endif
