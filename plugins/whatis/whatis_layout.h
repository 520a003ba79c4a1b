/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef WHATIS_LAYOUT_H
#define WHATIS_LAYOUT_H

/* What the whatis plugin needs of a kernel. */

#include <memopsy/page_facts.h>

struct whatis_layout {
	const struct mo_page_shape *page;       /* NULL: not to be had; so is the next one */
	const struct mo_page_names *page_names;

	struct mo_address image_start, image_end;

	struct mo_address percpu_start, percpu_end, pcpu_unit_size;

	struct mo_size stack;
	struct mo_field task_stack, task_comm;
	struct mo_address init_task, idle_threads;
	struct mo_address hardirq_stack, pcpu_hot;
	struct mo_field pcpu_hot_hardirq_stack;
};

extern const struct mo_need_table whatis_needs;

#endif
