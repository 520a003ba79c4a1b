/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef MEMOPSY_DENTRY_PATH_H
#define MEMOPSY_DENTRY_PATH_H

/*
 * Paths of files: up the dentries (struct dentry in include/linux/dcache.h), over the mounts (struct mount in fs/mount.h),
 * as d_path() and dentry_path_raw() of fs/d_path.c make them.
 *
 * A plugin has a struct mo_dentry_layout in its layout and MO_DENTRY_NEEDS among its rows, or, for paths within a file
 * system alone, a struct mo_dentry_names and MO_DENTRY_NAMES_NEEDS; where it begins with inodes, a struct mo_inode_dentries
 * and MO_INODE_DENTRIES_NEEDS, too.
 *
 * Paths are raw bytes of the dump, without a NUL. A path longer than MO_PATH_BYTES_MAX is MO_E_LIMIT, one that goes in a
 * circle MO_E_CYCLE. What is read is bounded by the same number: each name and each mount costs a byte at least.
 */

#include <memopsy/kernel.h>
#include <memopsy/layout.h>

MO_API_BEGIN

#define MO_PATH_BYTES_MAX 4096 /* PATH_MAX (include/uapi/linux/limits.h), and a page, which bounds what /proc can print */

/* What names a dentry. */
struct mo_dentry_names {
	struct mo_field parent, name, name_bytes;
};

/* L is the plugin's layout, `into` its struct mo_dentry_names; more arguments go to every row: `.is_optional = true`. */
#define MO_DENTRY_NAMES_NEEDS(L, into, ...) \
	MO_FIELD(L, into.parent, "struct dentry", "d_parent", __VA_ARGS__), \
	MO_FIELD(L, into.name, "struct dentry", "d_name.name", __VA_ARGS__), \
	MO_FIELD(L, into.name_bytes, "struct dentry", "d_name.len", __VA_ARGS__)

/* What leads from an inode to its first dentry. */
struct mo_inode_dentries {
	struct mo_field first, alias;
};

#define MO_INODE_DENTRIES_NEEDS(L, into, ...) \
	MO_FIELD(L, into.first, "struct inode", "i_dentry.first", __VA_ARGS__), \
	MO_FIELD(L, into.alias, "struct dentry", "d_alias", .or_names = { "struct dentry.d_u.d_alias" }, \
		 .why = "include/linux/dcache.h: in a union named d_u from 3.19 on, in one without a name in 7.x", __VA_ARGS__)

struct mo_dentry_layout {
	struct mo_dentry_names names;
	struct mo_field path_mnt, path_dentry, fs, root, i_ino;
	struct mo_field d_op, d_hash_pprev, d_inode, d_dname;
	struct mo_field mnt, mnt_parent, mnt_mountpoint, mnt_root;
	struct mo_address simple_dname, anon_inodefs_dname, sockfs_dname, pipefs_dname;
};

#define MO_DENTRY_NEEDS(L, into) \
	MO_DENTRY_NAMES_NEEDS(L, into.names, .is_optional = false), \
	MO_FIELD(L, into.path_mnt, "struct path", "mnt"), \
	MO_FIELD(L, into.path_dentry, "struct path", "dentry"), \
	MO_FIELD(L, into.fs, "struct task_struct", "fs", .is_optional = true), \
	MO_FIELD(L, into.root, "struct fs_struct", "root", .is_optional = true), \
	MO_FIELD(L, into.i_ino, "struct inode", "i_ino"), \
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

/* A struct path of the kernel. */
struct mo_path {
	uint64_t mnt_kva;        /* its struct vfsmount */
	uint64_t dentry_kva;
};

/* How paths are read; for one thread at a time. Reader and layout must outlive it. */
struct mo_path_reading {
	struct mo_reader *reader;
	const struct mo_dentry_layout *layout;
	struct mo_path root;     /* all 0 if it could not be read: paths then go up to the root of all mounts */
	bool escapes_newlines;   /* as \012, as seq_path() does for maps; other bytes are as they are */
};

/* The root is that of the task at first_task_kva; 0: not known. */
void mo_path_reading_begin(struct mo_path_reading *reading, struct mo_reader *reader, const struct mo_dentry_layout *layout,
			   uint64_t first_task_kva);

/* A struct path, out of the kernel's memory. */
struct mo_error *mo_path_read(const struct mo_path_reading *reading, uint64_t path_kva, struct mo_path *ret) MO_MUST_USE;

/*
 * d_path(): the path as the first task sees it, " (deleted)" behind one that was removed; or what its file system makes up
 * ("socket:[12345]"). MO_E_UNSUPPORTED: by a function that is not known.
 */
struct mo_error *mo_path_print(const struct mo_path_reading *reading, struct mo_path at, char bytes[MO_PATH_BYTES_MAX],
			       size_t *n_bytes_ret) MO_MUST_USE;

/* The first dentry of an inode; 0: it has none. MO_E_ABSENT: this kernel's rows are not bound. */
struct mo_error *mo_inode_dentry(struct mo_reader *reader, const struct mo_inode_dentries *layout, uint64_t inode_kva,
				 uint64_t *dentry_kva_ret) MO_MUST_USE;

/* dentry_path_raw(): the path within the dentry's own file system; "/" of its root. MO_E_ABSENT as above. */
struct mo_error *mo_dentry_path(struct mo_reader *reader, const struct mo_dentry_names *names, uint64_t dentry_kva,
				char bytes[MO_PATH_BYTES_MAX], size_t *n_bytes_ret) MO_MUST_USE;

MO_API_END

#endif
