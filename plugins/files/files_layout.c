/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The types, members, enumerators and symbols of the kernel that the files plugin binds. */
#include "files_layout.h"

#define L struct files_layout
#define OPTIONAL .is_optional = true

static const struct mo_need rows[] = {
	MO_DENTRY_NEEDS(L, dentry),

	MO_PAGE(L, page),

	MO_FIELD(L, mapping.host, "struct address_space", "host"),
	MO_FIELD(L, mapping.nrpages, "struct address_space", "nrpages", OPTIONAL),
	MO_FIELD(L, mapping.a_ops, "struct address_space", "a_ops", OPTIONAL),
	MO_FIELD(L, mapping.i_mmap, "struct address_space", "i_mmap", OPTIONAL),
	MO_FIELD(L, mapping.vma_rb, "struct vm_area_struct", "shared.rb", OPTIONAL),
	MO_FIELD(L, mapping.vm_mm, "struct vm_area_struct", "vm_mm", OPTIONAL),
	MO_ADDRESS(L, mapping.shmem_aops, "shmem_aops", OPTIONAL),

	MO_SIZE(L, inode.size, "struct inode"),
	MO_FIELD(L, inode.sb, "struct inode", "i_sb"),
	MO_FIELD(L, inode.nlink, "struct inode", "i_nlink"),
	MO_FIELD(L, inode.i_size, "struct inode", "i_size"),
	MO_FIELD(L, inode.i_data, "struct inode", "i_data"),
	MO_FIELD(L, inode.i_mapping, "struct inode", "i_mapping"),
	MO_INODE_DENTRIES_NEEDS(L, inode.dentries, .is_optional = false),
	MO_FIELD(L, inode.flags, "struct inode", "i_flags", OPTIONAL),
	MO_FIELD(L, inode.shmem_inode, "struct shmem_inode_info", "vfs_inode", OPTIONAL),
	MO_FIELD(L, inode.swapped, "struct shmem_inode_info", "swapped", OPTIONAL),
	MO_FIELD(L, inode.swaplist, "struct shmem_inode_info", "swaplist", OPTIONAL),
	MO_ADDRESS(L, inode.shmem_swaplist, "shmem_swaplist", OPTIONAL),

	MO_FIELD(L, bdev.inode, "struct bdev_inode", "vfs_inode", OPTIONAL),
	MO_FIELD(L, bdev.bdev, "struct bdev_inode", "bdev", OPTIONAL),
	MO_FIELD(L, bdev.disk, "struct block_device", "bd_disk", OPTIONAL),
	MO_FIELD(L, bdev.partno, "struct block_device", "bd_partno", OPTIONAL,
		 .why = "include/linux/blk_types.h: the low byte of __bd_flags since 6.10"),
	MO_FIELD(L, bdev.flags, "struct block_device", "__bd_flags", OPTIONAL),
	MO_FIELD(L, bdev.disk_name, "struct gendisk", "disk_name", OPTIONAL),

	MO_ADDRESS(L, sb.super_blocks, "super_blocks", OPTIONAL, .why = "fs/super.c"),
	MO_ADDRESS(L, sb.noop_bdi, "noop_backing_dev_info", OPTIONAL,
		   .why = "mm/backing-dev.c: of file systems whose pages are written nowhere"),
	MO_ADDRESS(L, sb.shmem_ops, "shmem_ops", OPTIONAL, .why = "mm/shmem.c: devtmpfs and rootfs may be tmpfs too"),
	MO_FIELD(L, sb.ops, "struct super_block", "s_op"),
	MO_FIELD(L, sb.dev, "struct super_block", "s_dev"),
	MO_FIELD(L, sb.list, "struct super_block", "s_list"),
	MO_FIELD(L, sb.type, "struct super_block", "s_type"),
	MO_FIELD(L, sb.type_name, "struct file_system_type", "name"),
	MO_FIELD(L, sb.id, "struct super_block", "s_id"),
	MO_FIELD(L, sb.bdi, "struct super_block", "s_bdi"),
	MO_FIELD(L, sb.fs_info, "struct super_block", "s_fs_info"),
	MO_FIELD(L, sb.root, "struct super_block", "s_root"),
	MO_FIELD(L, sb.mounts, "struct super_block", "s_mounts"),
	MO_FIELD(L, sb.dentry_lru, "struct super_block", "s_dentry_lru", OPTIONAL),
	MO_FIELD(L, sb.inode_lru, "struct super_block", "s_inode_lru", OPTIONAL),
	MO_FIELD(L, sb.mnt_instance, "struct mount", "mnt_instance", OPTIONAL,
		 .why = "fs/mount.h: a list until 6.17; later a chain of struct mount"),
	MO_FIELD(L, sb.mnt_next_for_sb, "struct mount", "mnt_next_for_sb", OPTIONAL),
	MO_FIELD(L, sb.mnt_ns, "struct mount", "mnt_ns"),
	MO_FIELD(L, sb.mnt_devname, "struct mount", "mnt_devname", OPTIONAL),
	MO_FIELD(L, sb.nsproxy, "struct task_struct", "nsproxy", OPTIONAL),
	MO_FIELD(L, sb.task_mnt_ns, "struct nsproxy", "mnt_ns", OPTIONAL),
	MO_FIELD(L, sb.lru_node, "struct list_lru", "node", OPTIONAL),
	MO_FIELD(L, sb.lru_items, "struct list_lru_node", "nr_items.counter", .or_names = { "struct list_lru_node.nr_items" },
		 OPTIONAL, .why = "include/linux/list_lru.h: atomic in newer kernels"),
	MO_SIZE(L, sb.lru_node_size, "struct list_lru_node", OPTIONAL),
	MO_FIELD(L, sb.max_blocks, "struct shmem_sb_info", "max_blocks", OPTIONAL),
	MO_FIELD(L, sb.used_blocks, "struct shmem_sb_info", "used_blocks", OPTIONAL),

	MO_FIELD(L, open.files, "struct task_struct", "files", OPTIONAL),
	MO_FIELD(L, open.fdt, "struct files_struct", "fdt", OPTIONAL),
	MO_FIELD(L, open.max_fds, "struct fdtable", "max_fds", OPTIONAL),
	MO_FIELD(L, open.fds, "struct fdtable", "fd", OPTIONAL),
	MO_FIELD(L, open.f_mapping, "struct file", "f_mapping", OPTIONAL),

	MO_ADDRESS(L, counts.n_dentries, "nr_dentry", OPTIONAL, .why = "fs/dcache.c: one for each CPU"),
	MO_ADDRESS(L, counts.n_unused_dentries, "nr_dentry_unused", OPTIONAL),
	MO_ADDRESS(L, counts.n_negative_dentries, "nr_dentry_negative", OPTIONAL, .why = "fs/dcache.c: 5.0"),
	MO_ADDRESS(L, counts.n_inodes, "nr_inodes", OPTIONAL, .why = "fs/inode.c: one for each CPU"),
	MO_ADDRESS(L, counts.n_unused_inodes, "nr_unused", OPTIONAL),
	MO_SIZE(L, counts.size, "struct dentry"),
	MO_FIELD(L, counts.count, "struct dentry", "d_lockref.count", OPTIONAL),
	MO_FIELD(L, counts.child, "struct dentry", "d_child", OPTIONAL,
		 .why = "include/linux/dcache.h: a list until 6.7, a chain (d_sib) since 6.8 (da549bdd15c2)"),
	MO_FIELD(L, counts.subdirs, "struct dentry", "d_subdirs", OPTIONAL),
	MO_FIELD(L, counts.sib, "struct dentry", "d_sib", OPTIONAL),
	MO_FIELD(L, counts.children, "struct dentry", "d_children", OPTIONAL),
};

const struct mo_need_table files_needs = { rows, sizeof(rows) / sizeof(rows[0]) };
