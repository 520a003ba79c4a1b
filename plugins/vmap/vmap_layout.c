/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The types, members, enumerators and symbols of the kernel that the vmap plugin binds. */
#include "vmap_layout.h"

#define L struct vmap_layout
#define OPTIONAL .is_optional = true

#define WHY_NODES "mm/vmalloc.c: areas are spread over nodes since 6.9 (d093602919ad)"

static const struct mo_need rows[] = {
	MO_SIZE(L, area.size, "struct vmap_area"),
	MO_FIELD(L, area.start, "struct vmap_area", "va_start"),
	MO_FIELD(L, area.end, "struct vmap_area", "va_end"),
	MO_FIELD(L, area.rb_node, "struct vmap_area", "rb_node"),
	MO_FIELD(L, area.list, "struct vmap_area", "list"),
	MO_FIELD(L, area.purge_list, "struct vmap_area", "purge_list", OPTIONAL,
		 .why = "include/linux/vmalloc.h: until 5.10; then purged areas keep using list"),
	MO_FIELD(L, area.vm, "struct vmap_area", "vm"),
	MO_FIELD(L, area.flags, "struct vmap_area", "flags", OPTIONAL,
		 .why = "include/linux/vmalloc.h: says since 6.3 which areas are of vm_map_ram()"),
	MO_SIZE(L, vm.size, "struct vm_struct"),
	MO_FIELD(L, vm.addr, "struct vm_struct", "addr"),
	MO_FIELD(L, vm.bytes, "struct vm_struct", "size"),
	MO_FIELD(L, vm.flags, "struct vm_struct", "flags"),
	MO_FIELD(L, vm.pages, "struct vm_struct", "pages"),
	MO_FIELD(L, vm.nr_pages, "struct vm_struct", "nr_pages"),
	MO_FIELD(L, vm.page_order, "struct vm_struct", "page_order", OPTIONAL,
		 .why = "include/linux/vmalloc.h: huge vmalloc, 5.13 (121e6f3258fe), CONFIG_HAVE_ARCH_HUGE_VMALLOC"),
	MO_FIELD(L, vm.phys_addr, "struct vm_struct", "phys_addr"),
	MO_FIELD(L, vm.caller, "struct vm_struct", "caller"),

	MO_ADDRESS(L, area_root, "vmap_area_root", OPTIONAL, .why = WHY_NODES),
	MO_ADDRESS(L, purge_llist, "vmap_purge_list", OPTIONAL, .why = "mm/vmalloc.c: a struct llist_head until 5.10"),
	MO_ADDRESS(L, purge_list, "purge_vmap_area_list", OPTIONAL, .why = "mm/vmalloc.c: a struct list_head until 6.8"),
	MO_ADDRESS(L, nodes, "vmap_nodes", OPTIONAL, .why = WHY_NODES),
	MO_ADDRESS(L, n_nodes, "nr_vmap_nodes", OPTIONAL, .why = WHY_NODES),
	MO_SIZE(L, node, "struct vmap_node", OPTIONAL, .why = WHY_NODES),
	MO_FIELD(L, node_busy, "struct vmap_node", "busy.root", OPTIONAL, .why = WHY_NODES),
	MO_FIELD(L, node_lazy, "struct vmap_node", "lazy.head", OPTIONAL, .why = WHY_NODES),

	MO_ADDRESS(L, pcpu_get_vm_areas, "pcpu_get_vm_areas", OPTIONAL, .why = "CONFIG_SMP"),
	MO_ADDRESS(L, pcpu_first_chunk, "pcpu_first_chunk", OPTIONAL),
	MO_ADDRESS(L, pcpu_base_addr, "pcpu_base_addr", OPTIONAL),
	MO_ADDRESS(L, per_cpu_start, "__per_cpu_start", OPTIONAL, .why = "CONFIG_SMP"),
	MO_FIELD(L, chunk_base, "struct pcpu_chunk", "base_addr", OPTIONAL),
	MO_FIELD(L, chunk_pages, "struct pcpu_chunk", "nr_pages", OPTIONAL,
		 .why = "mm/percpu-internal.h: since the allocator has bitmaps, 4.14"),
	MO_ADDRESS(L, cached_stacks, "cached_stacks", OPTIONAL, .why = "kernel/fork.c: CONFIG_VMAP_STACK"),

	MO_ADDRESS(L, first_stack, "init_stack", OPTIONAL, .why = "CONFIG_KALLSYMS_ALL"),
	MO_ADDRESS(L, first_stack_end, "__end_init_stack", .or_names = { "__end_init_task" }, OPTIONAL,
		   .why = "include/asm-generic/vmlinux.lds.h: renamed between 6.1 and 6.12"),
	MO_ADDRESS(L, init_task, "init_task", OPTIONAL),
	MO_ADDRESS(L, idle_threads, "idle_threads", OPTIONAL, .why = "kernel/smpboot.c: CONFIG_SMP"),
	MO_FIELD(L, task.tasks, "struct task_struct", "tasks", OPTIONAL),
	MO_FIELD(L, task.thread_node, "struct task_struct", "thread_node", OPTIONAL),
	MO_FIELD(L, task.thread_head, "struct signal_struct", "thread_head", OPTIONAL),
	MO_FIELD(L, task.signal, "struct task_struct", "signal", OPTIONAL),
	MO_FIELD(L, task.stack, "struct task_struct", "stack", OPTIONAL),

	MO_ADDRESS(L, text_start, "_stext", OPTIONAL),
	MO_ADDRESS(L, image_end, "_end", OPTIONAL),
};

const struct mo_need_table vmap_needs = { .needs = rows, .n_needs = sizeof(rows) / sizeof(rows[0]) };
