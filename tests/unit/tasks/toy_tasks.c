/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "toy_tasks.h"

#include <string.h>

#define VARIABLES (BASE_KVA + 0x1000)
#define OFFSETS (BASE_KVA + 0x1200)

#define T "struct task_struct"
#define M "struct mm_struct"
#define MEMBER(t, name, at, n) { .type = t, .member = name, .offset_bytes = at, .bytes = n }

#define V "struct vm_area_struct"
#define D "struct dentry"
/* The VMA's members stand one after the other, 8 bytes each (toy_tasks.h). */
#define VMA_ROWS \
	MEMBER(M, "arg_start", MM_ARGS, 8), MEMBER(M, "arg_end", MM_ARGS + 8, 8), MEMBER(M, "brk", MM_BRK, 8), MEMBER(M, "start_brk", MM_BRK + 8, 8), MEMBER(M, "start_stack", MM_BRK + 16, 8), \
	MEMBER(V, "vm_start", VMA_START, 8), MEMBER(V, "vm_end", VMA_END, 8), MEMBER(V, "vm_flags", VMA_FLAGS, 8), \
	MEMBER(V, "vm_pgoff", VMA_PGOFF, 8), MEMBER(V, "vm_file", VMA_FILE, 8), MEMBER(V, "vm_ops", VMA_OPS, 8), \
	MEMBER(V, "vm_private_data", VMA_PRIVATE, 8), MEMBER(V, "anon_name", VMA_ANON_NAME, 8), \
	MEMBER("struct anon_vma_name", "name", 4, 1), MEMBER("struct vm_operations_struct", "name", 0, 8), \
	MEMBER("struct vm_special_mapping", "name", 0, 8), \
	MEMBER("struct path", "mnt", 0, 8), MEMBER("struct path", "dentry", 8, 8), MEMBER("struct file", "f_path", 0, 16), \
	MEMBER("struct file", "f_inode", 16, 8), MEMBER("struct inode", "i_sb", 0, 8), MEMBER("struct inode", "i_ino", 8, 8), \
	MEMBER("struct super_block", "s_dev", 0, 4), MEMBER(T, "fs", TASK_FS, 8), MEMBER("struct fs_struct", "root", 0, 16), \
	MEMBER(D, "d_parent", 0, 8), MEMBER(D, "d_name.len", 8, 4), MEMBER(D, "d_name.name", 16, 8), MEMBER(D, "d_op", 24, 8), \
	MEMBER(D, "d_hash.pprev", 32, 8), MEMBER(D, "d_inode", 40, 8), MEMBER("struct dentry_operations", "d_dname", 0, 8), \
	MEMBER("struct mount", "mnt_parent", 0, 8), MEMBER("struct mount", "mnt_mountpoint", 8, 8), \
	MEMBER("struct mount", "mnt", 16, 8), MEMBER("struct vfsmount", "mnt_root", 0, 8)

#define P "struct page"
#define PAGE_ROWS \
	MO_PAGE_ROWS, MEMBER(P, "compound_head", 8, 8), \
	MEMBER("struct swap_info_struct", "swap_map", 0, 8), MEMBER("struct swap_info_struct", "max", 8, 4)

/* How pages lead to the VMAs that map them. */
#define RMAP_ROWS \
	MEMBER(P, "index", PAGE_INDEX, 8), MEMBER(V, "vm_mm", VMA_MM, 8), MEMBER(V, "shared.rb", VMA_RB, 24), \
	MEMBER("struct address_space", "i_mmap", 8, 16), MEMBER("struct anon_vma", "rb_root", 8, 16), \
	MEMBER("struct anon_vma_chain", "vma", 0, 8), MEMBER("struct anon_vma_chain", "rb", 8, 24), \
	MEMBER("struct stable_node", "hlist", 0, 8), MEMBER("struct rmap_item", "hlist", 0, 16), \
	MEMBER("struct rmap_item", "anon_vma", 16, 8), MEMBER("struct rmap_item", "address", 24, 8)

/* All namespaces have their inode number at 0. */
#define NAMESPACE_ROWS \
	MEMBER(T, "nsproxy", TASK_NSPROXY, 8), MEMBER(T, "thread_pid", TASK_THREAD_PID, 8), \
	MEMBER("struct cred", "user_ns", 8, 8), MEMBER("struct nsproxy", "mnt_ns", 0, 8), \
	MEMBER("struct nsproxy", "net_ns", 8, 8), MEMBER("struct mnt_namespace", "ns.inum", 0, 4), \
	MEMBER("struct net", "ns.inum", 0, 4), MEMBER("struct pid_namespace", "ns.inum", 0, 4), \
	MEMBER("struct user_namespace", "ns.inum", 0, 4), MEMBER("struct pid", "level", 0, 4), \
	MEMBER("struct pid", "numbers", 8, 16), { .type = "struct upid", .bytes = 16 }, MEMBER("struct upid", "nr", 0, 4), \
	MEMBER("struct upid", "ns", 8, 8)

#define COMMON_ROWS \
	PAGE_ROWS, RMAP_ROWS, \
	{ .type = "struct cpumask", .member = "bits", .bytes = 8, .n_elements = 1 }, \
	{ .type = "struct percpu_counter", .member = "count", .offset_bytes = 8, .bytes = 8, .is_signed = true }, \
	MEMBER("struct percpu_counter", "counters", 0x20, 8), \
	MEMBER(T, "tasks", TASK_TASKS, 16), MEMBER(T, "signal", TASK_SIGNAL, 8), MEMBER(T, "real_parent", TASK_PARENT, 8), \
	MEMBER(T, "real_cred", TASK_CRED, 8), MEMBER(T, "cgroups", TASK_CGROUPS, 8), \
	MEMBER(T, "vfork_done", TASK_VFORK_DONE, 8), MEMBER(T, "pid", TASK_PID, 4), MEMBER(T, "tgid", TASK_TGID, 4), \
	{ .type = T, .member = "comm", .offset_bytes = TASK_COMM, .bytes = 1, .n_elements = 16 }, \
	MEMBER(T, "__state", TASK_STATE, 4), MEMBER(T, "exit_state", TASK_EXIT_STATE, 4), MEMBER(T, "flags", TASK_FLAGS, 4), \
	MEMBER(T, "start_boottime", TASK_START, 8), MEMBER(T, "mm", TASK_MM, 8), \
	{ .type = "struct signal_struct", .member = "oom_score_adj", .offset_bytes = SIGNAL_ADJ, .bytes = 2, .is_signed = true }, \
	MEMBER("struct cred", "euid", 0, 4), MEMBER("struct css_set", "dfl_cgrp", 0, 8), MEMBER("struct cgroup", "kn", 0, 8), \
	NAMESPACE_ROWS, \
	MEMBER("struct kernfs_node", "__parent", 0, 8), MEMBER("struct kernfs_node", "name", 8, 8), \
	MEMBER(M, "pgd", MM_PGD, 8), MEMBER(M, "mm_users", MM_USERS, 4), MEMBER(M, "total_vm", MM_TOTAL, 8), \
	VMA_ROWS, MEMBER(M, "locked_vm", MM_LOCKED, 8), MEMBER(M, "pgtables_bytes", MM_PGTABLES, 8), MEMBER(M, "flags", MM_FLAGS, 8)

#define LISTED_THREADS \
	MEMBER(T, "thread_node", TASK_THREAD_NODE, 16), MEMBER("struct signal_struct", "thread_head", SIGNAL_THREADS, 16)
#define SPLIT_COUNTERS \
	{ .type = T, .member = "rss_stat.count", .offset_bytes = TASK_RSS, .bytes = 4, .n_elements = 4, .is_signed = true }, \
	{ .type = M, .member = "rss_stat", .offset_bytes = MM_RSS, .bytes = 32 }, \
	{ .type = "struct mm_rss_stat", .member = "count", .bytes = 8, .n_elements = 4, .is_signed = true }, \
	MEMBER(M, "mmap", MM_MMAP, 8), MEMBER(V, "vm_next", VMA_NEXT, 8), \
	{ .type = P, .member = "compound_mapcount", .offset_bytes = 16, .bytes = 4, .is_signed = true }

static const struct mo_fake_row split_rows[] = { COMMON_ROWS, LISTED_THREADS, SPLIT_COUNTERS };
static const struct mo_fake_row old_rows[] = {
	COMMON_ROWS, SPLIT_COUNTERS,
	MEMBER(T, "thread_group", TASK_THREAD_NODE, 16),
};
static const struct mo_fake_row percpu_rows[] = {
	COMMON_ROWS, LISTED_THREADS,
	{ .type = M, .member = "rss_stat", .offset_bytes = MM_RSS, .bytes = MM_RSS_STEP, .n_elements = 4 },
	MEMBER(M, "mm_mt", MM_MMAP, 16), MEMBER(V, "vm_lock_seq", VMA_NEXT, 4),
	MEMBER("struct folio", "_flags_1", 64, 8), MEMBER("struct folio", "_large_mapcount", 80, 4),
	MEMBER("struct folio", "_entire_mapcount", 84, 4), MEMBER("struct folio", "_mm_ids", 88, 8),
	MEMBER("struct mem_size_stats", "pss_dirty", 0, 8), MEMBER("struct mem_size_stats", "ksm", 8, 8),
};

#define PG(flag, bit) { .enum_name = "enum pageflags", .name = "PG_" #flag, .value = bit }

/* The last is not of TOY_OLD, and percpu counters came after PG_double_map had gone. */
static const struct mo_fake_enumerator enumerators[] = {
	PG(referenced, TOY_REFERENCED), PG(dirty, TOY_DIRTY), PG(head, TOY_HEAD), PG(swapbacked, TOY_SWAPBACKED),
	{ .enum_name = "enum maple_type", .name = "maple_dense", .value = 0 },
	{ .enum_name = "enum maple_type", .name = "maple_leaf_64", .value = 1 },
	{ .enum_name = "enum maple_type", .name = "maple_range_64", .value = 2 },
	{ .enum_name = "enum maple_type", .name = "maple_arange_64", .value = 3 },
	{ .enum_name = "enum mm_counters", .name = "MM_FILEPAGES", .value = 0 },
	{ .enum_name = "enum mm_counters", .name = "MM_ANONPAGES", .value = 1 },
	{ .enum_name = "enum mm_counters", .name = "MM_SWAPENTS", .value = 2 },
	{ .enum_name = "enum mm_counters", .name = "MM_SHMEMPAGES", .value = 3 },
	PG(double_map, TOY_DOUBLE_MAP),
	{ .enum_name = "enum node_stat_item", .name = "NR_SLAB_RECLAIMABLE_B", .value = 5 },
};

static const struct mo_fake_enumerator newer_enumerators[] = {
	PG(referenced, TOY_REFERENCED), PG(dirty, TOY_DIRTY), PG(head, TOY_HEAD), PG(swapbacked, TOY_SWAPBACKED),
	{ .enum_name = "enum maple_type", .name = "maple_dense", .value = 0 },
	{ .enum_name = "enum maple_type", .name = "maple_leaf_64", .value = 1 },
	{ .enum_name = "enum maple_type", .name = "maple_range_64", .value = 2 },
	{ .enum_name = "enum maple_type", .name = "maple_arange_64", .value = 3 },
	{ .enum_name = "enum mm_counters", .name = "MM_FILEPAGES", .value = 0 },
	{ .enum_name = "enum mm_counters", .name = "MM_ANONPAGES", .value = 1 },
	{ .enum_name = "enum mm_counters", .name = "MM_SWAPENTS", .value = 2 },
	{ .enum_name = "enum mm_counters", .name = "MM_SHMEMPAGES", .value = 3 },
	{ .enum_name = "enum node_stat_item", .name = "NR_SLAB_RECLAIMABLE_B", .value = 5 },
};

static const struct mo_fake_symbol symbols[] = {
	{ .name = "mem_map", .kva = VARIABLES + 0x20, .bytes = 8 },
	{ .name = "max_mapnr", .kva = VARIABLES + 0x28, .bytes = 8 },
	{ .name = "nr_swapfiles", .kva = VARIABLES + 0x30, .bytes = 4 },
	{ .name = "swap_info", .kva = VARIABLES + 0x38, .bytes = 8 },
	{ .name = "transparent_hugepage_flags", .kva = VARIABLES + 0x40, .bytes = 8 },
	{ .name = "init_task", .kva = TASK(0) },
	{ .name = "__cpu_possible_mask", .kva = VARIABLES, .bytes = 8 },
	{ .name = "__cpu_online_mask", .kva = VARIABLES, .bytes = 8 },
	{ .name = "__cpu_present_mask", .kva = VARIABLES, .bytes = 8 },
	{ .name = "nr_cpu_ids", .kva = VARIABLES + 8, .bytes = 4 },
	{ .name = "_totalram_pages", .kva = VARIABLES + 0x10, .bytes = 8 },
	{ .name = "total_swap_pages", .kva = VARIABLES + 0x18, .bytes = 8 },
	{ .name = "__per_cpu_offset", .kva = OFFSETS, .bytes = 16 },
	{ .name = "task_mem", .kva = CODE(0), .bytes = 0x100 },
	{ .name = "oom_badness", .kva = CODE(1), .bytes = 0x100 },
	{ .name = "special_mapping_name", .kva = CODE(3), .bytes = 0x100 },
	{ .name = "simple_dname", .kva = CODE(4), .bytes = 0x100 },
	{ .name = "__percpu_counter_sum", .kva = CODE(2), .bytes = 0x100 },
};

static void link_after(struct mo_kernel *kernel, uint64_t last, uint64_t node, uint64_t head)
{
	mo_fake_put_u64(kernel, last, node);
	mo_fake_put_u64(kernel, node + 8, last);
	mo_fake_put_u64(kernel, node, head);
	mo_fake_put_u64(kernel, head + 8, node);
}

struct mo_kernel *toy_tasks(enum toy_shape shape)
{
	struct mo_fake fake = {
		.rows = mo_container_rows, .n_rows = mo_n_container_rows,
		.more_rows = shape == TOY_SPLIT_RSS ? split_rows : shape == TOY_OLD ? old_rows : percpu_rows,
		.n_more_rows = shape == TOY_SPLIT_RSS ? N_ROWS(split_rows) : shape == TOY_OLD ? N_ROWS(old_rows) : N_ROWS(percpu_rows),
		.enumerators = shape == TOY_PERCPU_RSS ? newer_enumerators : enumerators,
		.n_enumerators = shape == TOY_PERCPU_RSS ? N_ROWS(newer_enumerators) : N_ROWS(enumerators) - (shape == TOY_OLD),
		.end_pfn = TOY_PAGES,
		.symbols = symbols, .n_symbols = N_ROWS(symbols),
	};
	struct mo_kernel *kernel = mo_fake_kernel(&fake);

	mo_fake_map(kernel, BASE_KVA, 0x200000);
	mo_fake_physical(kernel, BASE_KVA, 0x200000, USER_TABLE(3) - BASE_KVA);
	for (unsigned level = 3; level > 0; level--)
		mo_fake_put_u64(kernel, USER_TABLE(level), (USER_TABLE(level - 1) - BASE_KVA) | 7);
	for (unsigned i = 0; i < 16; i++)
		mo_fake_put_u64(kernel, USER_TABLE(0) + i * 8, (0xd0000 + i * 0x1000) | 7);
	link_after(kernel, TASK(0), TASK(0), TASK(0));
	mo_fake_put_u64(kernel, VARIABLES, 3);
	mo_fake_put_u32(kernel, VARIABLES + 8, 2);
	mo_fake_put_u64(kernel, VARIABLES + 0x10, 900000);
	mo_fake_put_u64(kernel, VARIABLES + 0x18, 100000);
	mo_fake_put_u64(kernel, VARIABLES + 0x20, PAGE(0));
	mo_fake_put_u64(kernel, VARIABLES + 0x28, TOY_PAGES);
	mo_fake_put_u32(kernel, VARIABLES + 0x30, 1);
	mo_fake_put_u64(kernel, VARIABLES + 0x38, SPARE(8));
	mo_fake_put_u64(kernel, SPARE(8), SPARE(9));
	mo_fake_put_u32(kernel, SPARE(8) + 8, 0x100);
	mo_fake_put_u64(kernel, OFFSETS, BASE_KVA + 0x10000);
	mo_fake_put_u64(kernel, OFFSETS + 8, BASE_KVA + 0x20000);
	mo_fake_put_u32(kernel, TASK(0) + TASK_TGID, 0);
	return kernel;
}

static uint64_t last_of(struct mo_kernel *kernel, uint64_t head)
{
	uint64_t last = 0;

	expect_success(mo_read_u64(mo_fake_reader(kernel), head + 8, &last));
	return last;
}

static void fill_task(struct mo_kernel *kernel, unsigned i, unsigned leader)
{
	mo_fake_put_u32(kernel, TASK(i) + TASK_PID, i);
	mo_fake_put_u32(kernel, TASK(i) + TASK_TGID, leader);
	mo_fake_put_u64(kernel, TASK(i) + TASK_SIGNAL, SIGNAL(leader));
	mo_fake_put_u64(kernel, TASK(i) + TASK_CRED, CRED(leader));
}

void toy_process(struct mo_kernel *kernel, unsigned i, unsigned parent, const char *comm)
{
	fill_task(kernel, i, i);
	mo_fake_put_u64(kernel, TASK(i) + TASK_PARENT, TASK(parent));
	mo_fake_put(kernel, TASK(i) + TASK_COMM, comm, strlen(comm));
	link_after(kernel, last_of(kernel, TASK(0)), TASK(i) + TASK_TASKS, TASK(0));
	link_after(kernel, SIGNAL(i), TASK(i) + TASK_THREAD_NODE, SIGNAL(i));
}

void toy_thread(struct mo_kernel *kernel, unsigned i, unsigned leader)
{
	uint64_t mm_kva = 0;

	fill_task(kernel, i, leader);
	expect_success(mo_read_u64(mo_fake_reader(kernel), TASK(leader) + TASK_MM, &mm_kva));
	mo_fake_put_u64(kernel, TASK(i) + TASK_MM, mm_kva);
	mo_fake_put_u64(kernel, TASK(i) + TASK_PARENT, TASK(0));
	mo_fake_put(kernel, TASK(i) + TASK_COMM, "thread", 6);
	link_after(kernel, last_of(kernel, SIGNAL(leader)), TASK(i) + TASK_THREAD_NODE, SIGNAL(leader));
}

void toy_mm(struct mo_kernel *kernel, unsigned task, unsigned mm, int64_t file, int64_t anon, int64_t swap, int64_t shmem)
{
	mo_fake_put_u64(kernel, TASK(task) + TASK_MM, MM(mm));
	mo_fake_put_u64(kernel, MM(mm) + MM_PGD, USER_TABLE(3));
	mo_fake_put_u64(kernel, MM(mm) + MM_TOTAL, 1000);
	mo_fake_put_u64(kernel, MM(mm) + MM_PGTABLES, 40960);
	mo_fake_put_u64(kernel, MM(mm) + MM_RSS, (uint64_t)file);
	mo_fake_put_u64(kernel, MM(mm) + MM_RSS + 8, (uint64_t)anon);
	mo_fake_put_u64(kernel, MM(mm) + MM_RSS + 16, (uint64_t)swap);
	mo_fake_put_u64(kernel, MM(mm) + MM_RSS + 24, (uint64_t)shmem);
}

void toy_vma(struct mo_kernel *kernel, unsigned mm, unsigned vma, uint64_t start, uint64_t end, uint64_t flags)
{
	mo_fake_put_u64(kernel, VMA(vma) + VMA_START, start);
	mo_fake_put_u64(kernel, VMA(vma) + VMA_END, end);
	mo_fake_put_u64(kernel, VMA(vma) + VMA_FLAGS, flags);
	mo_fake_put_u64(kernel, vma ? VMA(vma - 1) + VMA_NEXT : MM(mm) + MM_MMAP, VMA(vma));
}

void toy_dentry(struct mo_kernel *kernel, unsigned i, unsigned parent, const char *name)
{
	mo_fake_put_u64(kernel, DENTRY(i), DENTRY(parent));
	mo_fake_put_u32(kernel, DENTRY(i) + 8, (uint32_t)strlen(name));
	mo_fake_put_u64(kernel, DENTRY(i) + 16, DENTRY(i) + 0x40);
	mo_fake_put_u64(kernel, DENTRY(i) + 32, 1); /* hashed */
	mo_fake_put(kernel, DENTRY(i) + 0x40, name, strlen(name));
}

void toy_file(struct mo_kernel *kernel, unsigned vma, unsigned mount, unsigned dentry)
{
	uint64_t file = VMA(vma) + 0x80;

	mo_fake_put_u64(kernel, VMA(vma) + VMA_FILE, file);
	mo_fake_put_u64(kernel, file, MOUNT(mount) + 16);
	mo_fake_put_u64(kernel, file + 8, DENTRY(dentry));
	mo_fake_put_u64(kernel, file + 16, file + 0x20);
	mo_fake_put_u64(kernel, file + 0x20, file + 0x30);
	mo_fake_put_u64(kernel, file + 0x28, 4711);
	mo_fake_put_u32(kernel, file + 0x30, 8u << 20 | 3);
}

void toy_mount(struct mo_kernel *kernel, unsigned i, unsigned root, unsigned parent, unsigned mountpoint)
{
	mo_fake_put_u64(kernel, MOUNT(i), MOUNT(parent));
	mo_fake_put_u64(kernel, MOUNT(i) + 8, DENTRY(mountpoint));
	mo_fake_put_u64(kernel, MOUNT(i) + 16, DENTRY(root));
}

void toy_page(struct mo_kernel *kernel, uint64_t pfn, uint64_t flags, uint64_t mapping, int mapcount, int refcount)
{
	mo_fake_put_u64(kernel, PAGE(pfn), flags);
	mo_fake_put_u64(kernel, PAGE(pfn) + 24, mapping);
	mo_fake_put_u32(kernel, PAGE(pfn) + 48, (uint32_t)(mapcount - 1));
	mo_fake_put_u32(kernel, PAGE(pfn) + 52, (uint32_t)refcount);
}

void toy_map(struct mo_kernel *kernel, unsigned level, unsigned slot, uint64_t entry)
{
	mo_fake_put_u64(kernel, TABLE(level) + slot * 8, entry);
}

void toy_tables(struct mo_kernel *kernel, unsigned mm)
{
	mo_fake_put_u64(kernel, MM(mm) + MM_PGD, TABLE(3));
	for (unsigned level = 3; level > 0; level--)
		toy_map(kernel, level, 0, (TABLE(level - 1) - BASE_KVA) | 7);
}
