/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef FILES_LAYOUT_H
#define FILES_LAYOUT_H

/* What the files plugin needs of a kernel. */

#include <memopsy/dentry_path.h>
#include <memopsy/page.h>

struct files_layout {
	struct mo_dentry_layout dentry;
	const struct mo_page_shape *page;
	struct {
		struct mo_field host, nrpages, a_ops, i_mmap, vma_rb, vm_mm;
		struct mo_address shmem_aops;
	} mapping;
	struct {
		struct mo_size size;
		struct mo_field sb, nlink, i_size, i_data, i_mapping, flags;
		struct mo_inode_dentries dentries;
		struct mo_field shmem_inode, swapped, swaplist;
		struct mo_address shmem_swaplist;
	} inode;
	struct {
		struct mo_field inode, bdev, disk, partno, flags, disk_name;
	} bdev;
	struct {
		struct mo_address super_blocks, noop_bdi, shmem_ops;
		struct mo_field list, type, type_name, id, bdi, fs_info, ops, dev, root, mounts, dentry_lru, inode_lru;
		struct mo_field mnt_instance, mnt_next_for_sb, mnt_ns, mnt_devname;
		struct mo_field nsproxy, task_mnt_ns;
		struct mo_field lru_node, lru_items;
		struct mo_size lru_node_size;
		struct mo_field max_blocks, used_blocks;
	} sb;
	struct {
		struct mo_field files, fdt, max_fds, fds, f_mapping;
	} open;
	struct {
		struct mo_address n_dentries, n_unused_dentries, n_negative_dentries, n_inodes, n_unused_inodes;
		struct mo_field count, child, subdirs, sib, children;
		struct mo_size size;
	} counts;
};

extern const struct mo_need_table files_needs;

#endif
