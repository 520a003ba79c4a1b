/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef VMAP_LAYOUT_H
#define VMAP_LAYOUT_H

/* What the vmap plugin needs of a kernel. */

#include <memopsy/layout.h>

struct vmap_layout {
	struct {
		struct mo_size size;
		struct mo_field start, end, rb_node, list, purge_list, vm, flags;
	} area;
	struct {
		struct mo_size size;
		struct mo_field addr, bytes, flags, pages, nr_pages, page_order, phys_addr, caller;
	} vm;
	/* Before 6.9: one tree, and one list of what waits for a purge. */
	struct mo_address area_root, purge_llist, purge_list;
	/* Since 6.9: nodes with a tree and a list each. */
	struct mo_address nodes, n_nodes;
	struct mo_size node;
	struct mo_field node_busy, node_lazy;

	struct mo_address pcpu_get_vm_areas, pcpu_first_chunk, pcpu_base_addr, per_cpu_start;
	struct mo_field chunk_base, chunk_pages;
	struct mo_address cached_stacks;
	struct mo_address first_stack, first_stack_end; /* init_task's, of THREAD_SIZE bytes */
	/* Where stacks are not in vmalloc, the tasks know them. */
	struct mo_address init_task, idle_threads;
	struct {
		struct mo_field tasks, thread_node, thread_head, signal, stack;
	} task;

	struct mo_address text_start, image_end;
};

extern const struct mo_need_table vmap_needs;

#endif
