/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef TASKS_LAYOUT_H
#define TASKS_LAYOUT_H

/* What the tasks plugin needs of a kernel. */

#include <memopsy/cgroup_path.h>
#include <memopsy/dentry_path.h>
#include <memopsy/page.h>
#include <memopsy/tasks.h>

struct tasks_layout {
	struct mo_address init_task;
	struct {
		struct mo_field tasks, thread_node, thread_group, signal, real_parent, cred, cgroups, vfork_done;
		struct mo_field pid, tgid, comm, state, exit_state, flags, start_ns, mm;
		struct mo_field rss_cache; /* SPLIT_RSS_COUNTING */
	} task;
	struct {
		struct mo_field thread_head, oom_score_adj;
	} signal;
	struct mo_field euid;
	struct {
		struct mo_field nsproxy, thread_pid, user_ns;
		struct mo_field mnt, net, cgroup, ipc, uts;      /* of struct nsproxy */
		struct mo_field mnt_inode, net_inode, cgroup_inode, ipc_inode, uts_inode, pid_inode, user_inode;
		struct mo_field level, numbers, nr, ns;          /* of struct pid, struct upid */
		struct mo_size upid;
	} ns;
	struct {
		struct mo_field dfl_cgrp;
		struct mo_cgroup_path_layout path;
	} cgroup;
	struct {
		struct mo_field arg_start, arg_end, env_start, env_end;
		struct mo_field pgd, users, total_vm, locked_vm, pinned_vm, data_vm, stack_vm, pgtables_bytes, map_count, flags;
		struct mo_field counters;        /* rss_stat: struct mm_rss_stat until 6.1, since 6.2 struct percpu_counter[] */
	} mm;
	struct mo_field counts;                  /* of struct mm_rss_stat */
	struct mo_field percpu_count;            /* of struct percpu_counter */
	struct mo_constant counters[MO_N_MM_COUNTERS];
	struct {
		struct mo_field mmap, tree;      /* of struct mm_struct: a list until 6.0, a maple tree since 6.1 */
		struct mo_field brk, start_brk, start_stack, context_flags, ia32_compat;
		struct mo_field next, start, end, flags, pgoff, file, ops, private_data, anon_name, shared, anon_vma;
		struct mo_field lock_seq;
		struct mo_field ops_name, special_name, anon_name_text;
		struct mo_address special_mapping_name, gate_vma, vsyscall_mode;
	} vma;
	struct {
		struct mo_field f_path, f_inode, f_mode, f_owner, user_path;
		struct mo_field i_sb, s_dev;
	} file;
	struct mo_dentry_layout dentry;
	const struct mo_page_shape *page;
	struct mo_address huge_zero_pfn;
	struct {
		struct mo_address info, n_files;
		struct mo_field map, max, cluster_info, table;
		struct mo_size cluster;
		struct mo_address shmem_aops;
		struct mo_field a_ops, f_mapping, i_pages, shmem_inode, swapped, i_size;
	} swap;
	struct {
		struct mo_field pss_dirty, ksm;                  /* struct mem_size_stats: which lines there are */
		struct mo_field cpu_capability, s_fs_info, hstate, hstate_order, shmem_sb_huge;
		struct mo_address set_user_key, boot_cpu_data, thp_flags, orders_always, orders_madvise, orders_inherit, shmem_huge,
			shmem_anon_ops;
		struct mo_constant thp_unsupported, thp_always, thp_madvise;
		struct mo_field huge_fault, nr_thps, mapping_flags;
		struct mo_constant guard_bit, minor_bit, shadow_stack_bit, droppable_bit, sealed_bit;
	} smaps;
	struct {
		struct mo_field vm_mm, tree_of_file, vma_in_file_tree, tree_of_anon, chain_vma, chain_node;
		struct mo_field stable_items, item_link, item_anon_vma, item_address;
	} rmap;
	struct mo_address totalram_pages, total_swap_pages;
	struct mo_constant since_5_9;
	struct mo_address task_mem, oom_badness, percpu_counter_sum;
};

extern const struct mo_need_table tasks_needs;

#endif
