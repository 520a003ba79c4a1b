/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the leaks plugin needs of the kernel. */
#include "leaks_layout.h"

#define L struct leaks_layout
#define OPTIONAL .is_optional = true

static const struct mo_need rows[] = {
	MO_SIZE(L, sysctl_header.size, "struct ctl_table_header", OPTIONAL, .why = "CONFIG_SYSCTL"),
	MO_FIELD(L, sysctl_header.table, "struct ctl_table_header", "ctl_table", OPTIONAL),
	MO_FIELD(L, sysctl_header.table_arg, "struct ctl_table_header", "ctl_table_arg", OPTIONAL),
	MO_FIELD(L, sysctl_header.root, "struct ctl_table_header", "root", OPTIONAL),
	MO_ADDRESS(L, sysctl_table_root, "sysctl_table_root", OPTIONAL),

	MO_ADDRESS(L, rodata_start, "__start_rodata", OPTIONAL),
	MO_ADDRESS(L, rodata_end, "__end_rodata", OPTIONAL),
	MO_ADDRESS(L, ro_after_init_start, "__start_ro_after_init", OPTIONAL,
		   .why = "include/asm-generic/vmlinux.lds.h: since 4.10 (d7c19b066dcf)"),
	MO_ADDRESS(L, ro_after_init_end, "__end_ro_after_init", OPTIONAL),
	MO_ADDRESS(L, orc_start, "__start_orc_unwind_ip", OPTIONAL, .why = "CONFIG_UNWINDER_ORC"),
	MO_ADDRESS(L, orc_end, "orc_lookup_end", .or_names = { "__stop_orc_unwind" }, OPTIONAL,
		   .why = "include/asm-generic/vmlinux.lds.h: the look-up table of numbers stands behind the unwind tables"),

	MO_OPTIONAL_PAGE(L, page),
	MO_SIZE(L, vm_size, "struct vm_struct", OPTIONAL, .why = "include/linux/vmalloc.h"),

	MO_FIELD(L, task.stack, "struct task_struct", "stack", OPTIONAL),
	MO_FIELD(L, task.stack_pointer, "struct task_struct", "thread.sp", OPTIONAL,
		 .why = "arch/x86/include/asm/processor.h: of a task that does not run"),
	MO_FIELD(L, task.on_cpu, "struct task_struct", "on_cpu", OPTIONAL, .why = "CONFIG_SMP"),
	MO_ADDRESS(L, buffers.cache, "napi_alloc_cache", OPTIONAL, .why = "net/core/skbuff.c"),
	MO_FIELD(L, buffers.count, "struct napi_alloc_cache", "skb_count", OPTIONAL),
	MO_FIELD(L, buffers.slots, "struct napi_alloc_cache", "skb_cache", OPTIONAL),

	MO_CHARGE_NEEDS(L, charges),
	MO_FIELD(L, tag_of_object, "struct slabobj_ext", "ref", OPTIONAL,
		 .why = "include/linux/memcontrol.h: CONFIG_MEM_ALLOC_PROFILING, since 6.10"),

	MO_FIELD(L, free_array.of_cpu, "struct kmem_cache", "cpu_cache", OPTIONAL, .why = "include/linux/slab_def.h: SLAB, until 6.7"),
	MO_FIELD(L, free_array.of_node, "struct kmem_cache_node", "shared", OPTIONAL, .why = "mm/slab.h: SLAB"),
	MO_FIELD(L, free_array.alien, "struct kmem_cache_node", "alien", OPTIONAL, .why = "mm/slab.h: SLAB on machines with nodes"),
	MO_FIELD(L, free_array.alien_array, "struct alien_cache", "ac", OPTIONAL, .why = "mm/slab.c"),
	MO_FIELD(L, free_array.available, "struct array_cache", "avail", OPTIONAL, .why = "mm/slab.c"),
	MO_FIELD(L, free_array.limit, "struct array_cache", "limit", OPTIONAL, .why = "mm/slab.c"),
	MO_FIELD(L, free_array.entries, "struct array_cache", "entry", OPTIONAL, .why = "mm/slab.c"),

	MO_ADDRESS(L, rcu.data, "rcu_data", OPTIONAL, .why = "kernel/rcu/tree.c"),
	MO_FIELD(L, rcu.callbacks, "struct rcu_data", "cblist.head", OPTIONAL, .why = "include/linux/rcu_segcblist.h"),
	MO_ADDRESS(L, rcu.kfree, "krc", OPTIONAL, .why = "kernel/rcu/tree.c, in mm/slab_common.c since 6.14: kfree_rcu()"),
	MO_FIELD(L, rcu.kfree_count, "struct kfree_rcu_cpu", "head_count.counter", .or_names = { "struct kfree_rcu_cpu.count" },
		 OPTIONAL, .why = "kernel/rcu/tree.c: one count of all until 6.3"),
	MO_FIELD(L, rcu.kfree_bulk_count, "struct kfree_rcu_cpu", "bulk_count", OPTIONAL),
	MO_FIELD(L, rcu.kfree_pages, "struct kfree_rcu_cpu", "bkvcache.first", OPTIONAL,
		 .why = "pages for lists of objects that have none now"),

	MO_FIELD(L, rcu.batches, "struct kfree_rcu_cpu", "krw_arr", OPTIONAL, .why = "kernel/rcu/tree.c: waiting for a grace period"),
	MO_FIELD(L, rcu.batch_list, "struct kfree_rcu_cpu_work", "head_free", OPTIONAL),
	MO_FIELD(L, rcu.batch_chains, "struct kfree_rcu_cpu_work", "bkvhead_free", OPTIONAL, .why = "kernel/rcu/tree.c: 5.9 to 6.2"),
	MO_FIELD(L, rcu.batch_lists, "struct kfree_rcu_cpu_work", "bulk_head_free", OPTIONAL, .why = "kernel/rcu/tree.c: since 6.3"),
	MO_FIELD(L, rcu.records, "struct kvfree_rcu_bulk_data", "nr_records", OPTIONAL),
	MO_FIELD(L, rcu.next_page, "struct kvfree_rcu_bulk_data", "next", OPTIONAL, .why = "kernel/rcu/tree.c: until 6.2"),
	MO_FIELD(L, rcu.page_list, "struct kvfree_rcu_bulk_data", "list", OPTIONAL, .why = "kernel/rcu/tree.c: since 6.3"),

	MO_FIELD(L, sheaf.cache, "struct slab_sheaf", "cache", OPTIONAL, .why = "mm/slub.c: sheaves since 6.18"),
	MO_FIELD(L, sheaf.objects, "struct slab_sheaf", "objects", OPTIONAL),
	MO_FIELD(L, sheaf.size, "struct slab_sheaf", "size", OPTIONAL),
	MO_FIELD(L, sheaf.rcu_function, "struct slab_sheaf", "rcu_head.func", .or_names = { "struct slab_sheaf.callback_head.func" },
		 OPTIONAL, .why = "include/linux/types.h: rcu_head is a macro for callback_head"),
	MO_ADDRESS(L, rcu_free_sheaf, "rcu_free_sheaf", OPTIONAL),
	MO_FIELD(L, sheaf.capacity, "struct kmem_cache", "sheaf_capacity", OPTIONAL),
};

const struct mo_need_table leaks_needs = { .needs = rows, .n_needs = sizeof(rows) / sizeof(rows[0]) };
