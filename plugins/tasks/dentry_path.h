/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef DENTRY_PATH_H
#define DENTRY_PATH_H

/*
 * A file's path as d_path() (fs/d_path.c) makes it: up the dentries, over the mounts, to the root of the first process.
 * Plugins that print paths build this file, and put its rows among their own.
 */

#include <memopsy/kernel.h>
#include <memopsy/layout.h>

struct dentry_layout {
	struct mo_field path_mnt, path_dentry, fs, root, i_ino;
	struct mo_field d_parent, d_name_len, d_name, d_op, d_hash_pprev, d_inode, d_dname;
	struct mo_field mnt, mnt_parent, mnt_mountpoint, mnt_root;
	struct mo_address simple_dname, anon_inodefs_dname, sockfs_dname, pipefs_dname;
};

/* Rows for a table of needs: L is the plugin's layout, `into` its struct dentry_layout. */
#define DENTRY_NEEDS(L, into) \
	MO_FIELD(L, into.path_mnt, "struct path", "mnt"), \
	MO_FIELD(L, into.path_dentry, "struct path", "dentry"), \
	MO_FIELD(L, into.fs, "struct task_struct", "fs", .is_optional = true), \
	MO_FIELD(L, into.root, "struct fs_struct", "root", .is_optional = true), \
	MO_FIELD(L, into.i_ino, "struct inode", "i_ino"), \
	MO_FIELD(L, into.d_parent, "struct dentry", "d_parent"), \
	MO_FIELD(L, into.d_name_len, "struct dentry", "d_name.len"), \
	MO_FIELD(L, into.d_name, "struct dentry", "d_name.name"), \
	MO_FIELD(L, into.d_op, "struct dentry", "d_op"), \
	MO_FIELD(L, into.d_hash_pprev, "struct dentry", "d_hash.pprev"), \
	MO_FIELD(L, into.d_inode, "struct dentry", "d_inode"), \
	MO_FIELD(L, into.d_dname, "struct dentry_operations", "d_dname"), \
	MO_FIELD(L, into.mnt, "struct mount", "mnt"), \
	MO_FIELD(L, into.mnt_parent, "struct mount", "mnt_parent"), \
	MO_FIELD(L, into.mnt_mountpoint, "struct mount", "mnt_mountpoint"), \
	MO_FIELD(L, into.mnt_root, "struct vfsmount", "mnt_root"), \
	MO_ADDRESS(L, into.simple_dname, "simple_dname", .is_optional = true), \
	MO_ADDRESS(L, into.anon_inodefs_dname, "anon_inodefs_dname", .is_optional = true), \
	MO_ADDRESS(L, into.sockfs_dname, "sockfs_dname", .is_optional = true), \
	MO_ADDRESS(L, into.pipefs_dname, "pipefs_dname", .is_optional = true)

/* A struct path in the kernel. */
struct path_place {
	uint64_t mnt_kva;        /* struct vfsmount */
	uint64_t dentry_kva;
};

struct path_reading {
	struct mo_reader *reader;
	const struct dentry_layout *layout;
	struct path_place root;  /* all 0 if it could not be read: paths then go up to the root of all mounts */
	bool escapes_newlines;   /* as \\012, as seq_path() does for maps; other bytes are as they are */
};

#define MOST_PATH_BYTES 4096 /* PATH_MAX, and a page, which bounds what /proc can print */

/* The root is that of the first process; first_task_kva 0: not known. */
void begin_path_reading(struct path_reading *reading, struct mo_reader *reader, const struct dentry_layout *layout,
			uint64_t first_task_kva);
struct mo_error *read_path_place(const struct path_reading *reading, uint64_t path_kva, struct path_place *ret) MO_MUST_USE;

/* d_path(): bytes without a terminator; *n_bytes of them. */
struct mo_error *print_path(const struct path_reading *reading, struct path_place at, char bytes[MOST_PATH_BYTES],
			    size_t *n_bytes) MO_MUST_USE;

#endif
