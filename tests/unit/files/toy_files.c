/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "toy_files.h"

#include <string.h>

#define VARIABLES (BASE_KVA + 0x1000)
#define MEMBER(t, name, at, n) { .type = t, .member = name, .offset_bytes = at, .bytes = n }
#define P "struct page"
#define I "struct inode"
#define D "struct dentry"
#define S "struct super_block"

static const struct mo_fake_row rows[] = {
	MO_PAGE_ROWS, MEMBER(P, "compound_head", 8, 8),
	{ .type = "struct folio", .member = "_entire_mapcount", .offset_bytes = 64 + 16, .bytes = 4, .is_signed = true },
	{ .type = I, .bytes = 0x100 }, MEMBER(I, "i_sb", INODE_SB, 8), MEMBER(I, "i_ino", INODE_NUMBER, 8),
	MEMBER(I, "i_size", INODE_SIZE, 8), MEMBER(I, "i_nlink", INODE_NLINK, 4), MEMBER(I, "i_mapping", INODE_MAPPING, 8),
	MEMBER(I, "i_dentry.first", INODE_DENTRY, 8), MEMBER(I, "i_data", INODE_DATA, 0x80),
	MEMBER("struct address_space", "host", MAPPING_HOST, 8), MEMBER("struct address_space", "nrpages", MAPPING_NRPAGES, 8),
	MEMBER("struct address_space", "a_ops", MAPPING_AOPS, 8), MEMBER("struct address_space", "i_mmap", MAPPING_TREE, 16),
	{ .type = D, .bytes = 0x80 }, MEMBER(D, "d_parent", DENTRY_PARENT, 8), MEMBER(D, "d_name.len", DENTRY_LENGTH, 4),
	MEMBER(D, "d_name.name", DENTRY_NAME, 8), MEMBER(D, "d_op", 24, 8), MEMBER(D, "d_hash.pprev", DENTRY_PPREV, 8),
	MEMBER(D, "d_inode", DENTRY_INODE, 8), MEMBER(D, "d_u.d_alias", DENTRY_ALIAS, 16), MEMBER(D, "d_child", DENTRY_CHILD, 16),
	MEMBER(D, "d_subdirs", DENTRY_SUBDIRS, 16), MEMBER(D, "d_lockref.count", DENTRY_COUNT, 4),
	MEMBER("struct dentry_operations", "d_dname", 0, 8),
	MEMBER(S, "s_list", SB_LIST, 16), MEMBER(S, "s_type", SB_TYPE, 8), MEMBER("struct file_system_type", "name", 0, 8),
	{ .type = S, .member = "s_id", .offset_bytes = SB_ID, .bytes = 1, .n_elements = 32 }, MEMBER(S, "s_bdi", SB_BDI, 8),
	MEMBER(S, "s_fs_info", SB_INFO, 8), MEMBER(S, "s_op", SB_OPS, 8), MEMBER(S, "s_dev", SB_DEV, 4),
	MEMBER(S, "s_root", SB_ROOT, 8), MEMBER(S, "s_mounts", SB_MOUNTS, 16),
	MEMBER("struct mount", "mnt_parent", MOUNT_PARENT, 8), MEMBER("struct mount", "mnt_mountpoint", MOUNT_POINT, 8),
	MEMBER("struct mount", "mnt", MOUNT_MNT, 16), MEMBER("struct vfsmount", "mnt_root", 0, 8),
	MEMBER("struct mount", "mnt_instance", MOUNT_INSTANCE, 16), MEMBER("struct mount", "mnt_ns", MOUNT_NS, 8),
	MEMBER("struct mount", "mnt_devname", MOUNT_DEVICE, 8),
	MEMBER("struct path", "mnt", 0, 8), MEMBER("struct path", "dentry", 8, 8),
	MEMBER("struct task_struct", "files", 0, 8), MEMBER("struct files_struct", "fdt", 0, 8),
	MEMBER("struct fdtable", "max_fds", 0, 4), MEMBER("struct fdtable", "fd", 8, 8), MEMBER("struct file", "f_mapping", 0, 8),
	MEMBER("struct vm_area_struct", "shared.rb", 0, 24), MEMBER("struct vm_area_struct", "vm_mm", 24, 8),
	MEMBER("struct shmem_sb_info", "max_blocks", 0, 8), MEMBER("struct shmem_sb_info", "used_blocks", 8, 40),
	MEMBER("struct cpumask", "bits", 0, 8),
	{ .type = "struct percpu_counter", .member = "count", .offset_bytes = 8, .bytes = 8, .is_signed = true },
	MEMBER("struct percpu_counter", "counters", 0x20, 8),
};

static const struct mo_fake_enumerator enumerators[] = {
	{ .enum_name = "enum pageflags", .name = "PG_head", .value = PG_HEAD },
	{ .enum_name = "enum pageflags", .name = "PG_dirty", .value = PG_DIRTY },
	{ .enum_name = "enum pageflags", .name = "PG_writeback", .value = PG_WRITEBACK },
	{ .enum_name = "enum pageflags", .name = "PG_unevictable", .value = PG_UNEVICTABLE },
};

static const struct mo_fake_symbol symbols[] = {
	{ .name = "mem_map", .kva = VARIABLES, .bytes = 8 },
	{ .name = "max_mapnr", .kva = VARIABLES + 8, .bytes = 8 },
	{ .name = "super_blocks", .kva = SUPER_BLOCKS, .bytes = 16 },
	{ .name = "shmem_aops", .kva = SHMEM_AOPS, .bytes = 8 },
	{ .name = "shmem_ops", .kva = SHMEM_OPS, .bytes = 8 },
	{ .name = "noop_backing_dev_info", .kva = NOOP_BDI, .bytes = 8 },
	{ .name = "nr_dentry", .kva = 0x100, .bytes = 8 },
	{ .name = "__cpu_possible_mask", .kva = VARIABLES + 0x10, .bytes = 8 },
	{ .name = "__cpu_online_mask", .kva = VARIABLES + 0x10, .bytes = 8 },
	{ .name = "__cpu_present_mask", .kva = VARIABLES + 0x10, .bytes = 8 },
	{ .name = "nr_cpu_ids", .kva = VARIABLES + 0x18, .bytes = 4 },
	{ .name = "__per_cpu_offset", .kva = VARIABLES + 0x20, .bytes = 16 },
};

struct toy_models *toy_models(void)
{
	static struct toy_models models;

	return &models;
}

const void *mo_run_model_of(const struct mo_run *run, const char *name)
{
	(void)run;
	return !strcmp(name, MO_MEM_MAP_MODEL) ? (const void *)&toy_models()->mem_map : (const void *)&toy_models()->tasks;
}

void toy_link(struct mo_kernel *kernel, uint64_t node, uint64_t head)
{
	uint64_t last = 0;

	expect_success(mo_read_u64(mo_fake_reader(kernel), head + 8, &last));
	mo_fake_put_u64(kernel, last, node);
	mo_fake_put_u64(kernel, node + 8, last);
	mo_fake_put_u64(kernel, node, head);
	mo_fake_put_u64(kernel, head + 8, node);
}

static void empty_list(struct mo_kernel *kernel, uint64_t head)
{
	mo_fake_put_u64(kernel, head, head);
	mo_fake_put_u64(kernel, head + 8, head);
}

static void put_text(struct mo_kernel *kernel, unsigned i, const char *text)
{
	mo_fake_put(kernel, TEXT(i), text, strlen(text) + 1);
}

static void put_superblock(struct mo_kernel *kernel, unsigned i, const char *type, unsigned root, unsigned mountpoint)
{
	put_text(kernel, i, type);
	mo_fake_put_u64(kernel, TEXT(i) + 0x30, TEXT(i));
	toy_link(kernel, SB(i) + SB_LIST, SUPER_BLOCKS);
	mo_fake_put_u64(kernel, SB(i) + SB_TYPE, TEXT(i) + 0x30);
	mo_fake_put(kernel, SB(i) + SB_ID, type, strlen(type) + 1);
	mo_fake_put_u32(kernel, SB(i) + SB_DEV, 8u << 20 | i);
	mo_fake_put_u64(kernel, SB(i) + SB_ROOT, DENTRY(root));
	empty_list(kernel, SB(i) + SB_MOUNTS);
	toy_link(kernel, MOUNT(i) + MOUNT_INSTANCE, SB(i) + SB_MOUNTS);
	mo_fake_put_u64(kernel, MOUNT(i) + MOUNT_PARENT, MOUNT(0));
	mo_fake_put_u64(kernel, MOUNT(i) + MOUNT_POINT, DENTRY(mountpoint));
	mo_fake_put_u64(kernel, MOUNT(i) + MOUNT_MNT, DENTRY(root));
	mo_fake_put_u64(kernel, MOUNT(i) + MOUNT_NS, SPARE(0));
	mo_fake_put_u64(kernel, MOUNT(i) + MOUNT_DEVICE, TEXT(i));
}

static void set_models(void)
{
	struct toy_models *models = toy_models();

	*models = (struct toy_models){
		.task = { .kva = TASK(0), .pid = 7, .tgid = 7, .mm = 0, .mm_kva = MM(0), .comm = "user" },
		.mm = { .kva = MM(0), .is_readable = true },
	};
	models->run = (struct mo_page_run){ .n_pages = TOY_PAGES, .classes = models->classes };
	models->mem_map.runs = &models->run;
	models->mem_map.n_runs = 1;
	models->tasks = (struct mo_tasks_model){ .tasks = &models->task, .n_tasks = 1, .mms = &models->mm, .n_mms = 1 };
}

struct mo_kernel *toy_files(void)
{
	struct mo_kernel *kernel = mo_fake_kernel(&(struct mo_fake){
		.rows = mo_container_rows, .n_rows = mo_n_container_rows, .more_rows = rows, .n_more_rows = N_ROWS(rows),
		.enumerators = enumerators, .n_enumerators = N_ROWS(enumerators), .symbols = symbols, .n_symbols = N_ROWS(symbols),
		.end_pfn = TOY_PAGES });

	mo_fake_map(kernel, BASE_KVA, 0x100000);
	mo_fake_put_u64(kernel, VARIABLES, PAGE(0));
	mo_fake_put_u64(kernel, VARIABLES + 8, TOY_PAGES);
	mo_fake_put_u64(kernel, VARIABLES + 0x10, 1);
	mo_fake_put_u32(kernel, VARIABLES + 0x18, 1);
	mo_fake_put_u64(kernel, VARIABLES + 0x20, BASE_KVA + 0x2000);
	empty_list(kernel, SUPER_BLOCKS);
	toy_dentry(kernel, 0, 0, "/");
	toy_dentry(kernel, 1, 0, "tmp");
	toy_dentry(kernel, 2, 2, "/");
	put_superblock(kernel, 0, "ext4", 0, 0);
	put_superblock(kernel, 1, "tmpfs", 2, 1);
	mo_fake_put_u64(kernel, SB(1) + SB_OPS, SHMEM_OPS);
	mo_fake_put_u64(kernel, SB(1) + SB_BDI, NOOP_BDI);
	mo_fake_put_u64(kernel, SB(1) + SB_INFO, SPARE(1));
	set_models();
	return kernel;
}

void toy_dentry(struct mo_kernel *kernel, unsigned i, unsigned parent, const char *name)
{
	mo_fake_put_u64(kernel, DENTRY(i) + DENTRY_PARENT, DENTRY(parent));
	mo_fake_put_u32(kernel, DENTRY(i) + DENTRY_LENGTH, (uint32_t)strlen(name));
	mo_fake_put_u64(kernel, DENTRY(i) + DENTRY_NAME, DENTRY(i) + 0x80);
	mo_fake_put_u64(kernel, DENTRY(i) + DENTRY_PPREV, 1); /* hashed */
	mo_fake_put(kernel, DENTRY(i) + 0x80, name, strlen(name));
	empty_list(kernel, DENTRY(i) + DENTRY_SUBDIRS);
	if (i != parent)
		toy_link(kernel, DENTRY(i) + DENTRY_CHILD, DENTRY(parent) + DENTRY_SUBDIRS);
}

void toy_inode(struct mo_kernel *kernel, unsigned i, unsigned sb, unsigned dentry)
{
	mo_fake_put_u64(kernel, INODE(i) + INODE_SB, SB(sb));
	mo_fake_put_u64(kernel, INODE(i) + INODE_NUMBER, 100 + i);
	mo_fake_put_u64(kernel, INODE(i) + INODE_SIZE, 5000);
	mo_fake_put_u32(kernel, INODE(i) + INODE_NLINK, 1);
	mo_fake_put_u64(kernel, INODE(i) + INODE_MAPPING, MAPPING(i));
	mo_fake_put_u64(kernel, INODE(i) + INODE_DENTRY, DENTRY(dentry) + DENTRY_ALIAS);
	mo_fake_put_u64(kernel, MAPPING(i) + MAPPING_HOST, INODE(i));
	mo_fake_put_u64(kernel, MAPPING(i) + MAPPING_AOPS, sb == 1 ? SHMEM_AOPS : SPARE(2));
	mo_fake_put_u64(kernel, DENTRY(dentry) + DENTRY_INODE, INODE(i));
}

void toy_page(struct mo_kernel *kernel, uint64_t pfn, enum mo_page_class class, uint64_t mapping, uint64_t flags, int mapcount)
{
	toy_models()->classes[pfn] = (uint8_t)class;
	mo_fake_put_u64(kernel, PAGE(pfn), flags);
	mo_fake_put_u64(kernel, PAGE(pfn) + 24, mapping);
	mo_fake_put_u32(kernel, PAGE(pfn) + 48, (uint32_t)(mapcount - 1));
}
