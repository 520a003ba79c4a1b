/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef PLACES_LAYOUT_H
#define PLACES_LAYOUT_H

/* What the places plugin needs of a kernel beside what struct page is, which it takes from mem_map's needs. */

#include <memopsy/layout.h>

struct places_layout {
	struct mo_address image_start, image_end;

	struct mo_address percpu_start, percpu_end, pcpu_unit_size;

	struct mo_size stack;
	struct mo_field task_stack, task_pid, task_comm;
	struct mo_address init_task, idle_threads;
	struct mo_address hardirq_stack, pcpu_hot;
	struct mo_field pcpu_hot_hardirq_stack;
};

extern const struct mo_need_table places_needs;

#endif
