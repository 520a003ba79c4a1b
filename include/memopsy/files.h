/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef MEMOPSY_FILES_H
#define MEMOPSY_FILES_H

/*
 * The model "files": every inode with pages in the page cache (tmpfs, shmem and memfd among them) or in swap, every
 * superblock, and the dentries that nobody uses. From one pass over the struct pages, by page->mapping.
 *
 * Immutable once published; lives until the run ends. Kept is a row per inode that has pages. Paths are found for the
 * first MO_FILES_NAMED files, and for all those that are deleted up to that number again; users for all.
 */

#include <memopsy/report.h>

#ifdef __cplusplus
extern "C" {
#endif

#define MO_FILES_MODEL "files"
#define MO_FILES_MODEL_VERSION 1

#define MO_FILES_NO_MOUNT UINT32_MAX
#define MO_FILES_NAMED 4096

enum mo_file_kind {
	MO_FILE_REGULAR = 0,
	MO_FILE_SHMEM,               /* of a tmpfs that is mounted */
	MO_FILE_SHMEM_INTERNAL,      /* of the kernel's own mount: SysV, memfd, shared anonymous memory, GEM objects */
	MO_FILE_BLOCK_DEVICE,        /* the cache of a block device: metadata of file systems, buffers */
	MO_FILE_HUGETLB,
	MO_FILE_SWAP,                /* the swap cache: one row for all of it, without inode and mapping */
	MO_FILE_ANOTHER,             /* a mapping without an inode that makes sense */
};

/* A process that keeps a file: its memory is not freed before that lets go. */
struct mo_file_user {
	uint32_t task;               /* index into the tasks of the model "tasks" */
	bool has_open;               /* in its table of open files */
	bool has_mapped;             /* by a VMA */
};

struct mo_file {
	uint64_t mapping_kva;        /* struct address_space */
	uint64_t inode_kva;
	uint64_t inode_number;
	uint32_t mount;              /* index into mounts: the superblock it is of; MO_FILES_NO_MOUNT */
	enum mo_file_kind kind;
	const char *path;            /* as the first process sees it, with the kernel's " (deleted)"; raw bytes; NULL: no
					dentry is left, or not looked for (has_path) */
	const struct mo_file_user *users; /* ascending by task; none if the model "tasks" could not be had */
	uint32_t n_users;
	bool has_path;               /* the path was looked for */
	bool is_deleted;             /* no link is left (i_nlink 0): its memory is freed when the last user lets go */
	bool is_memfd;
	bool is_dax;
	struct mo_count size_bytes;  /* i_size */
	uint64_t pages;              /* in the page cache; of 4 KiB (the kernel's page size) each */
	uint64_t dirty_pages;        /* that are to be written to a device, as NR_FILE_DIRTY counts: none of shmem */
	uint64_t writeback_pages;
	uint64_t mapped_pages;       /* mapped by at least one page table */
	uint64_t unevictable_pages;
	struct mo_count swapped_pages; /* of shmem: shmem_inode_info.swapped */
	struct mo_count nrpages;     /* as address_space.nrpages counts */
};

struct mo_mount {
	uint64_t sb_kva;             /* struct super_block */
	const char *type;            /* "tmpfs" */
	uint32_t dev;                /* s_dev: major << 20 | minor */
	bool is_mounted;             /* in some namespace; false: the kernel's own, or detached */
	bool is_tmpfs;               /* its files are shared memory: tmpfs, devtmpfs, rootfs, the kernel's own */
	const char *device;          /* s_id, or the mount's source; raw bytes */
	const char *path;            /* where it is mounted first; raw bytes; NULL: nowhere (the kernel's own) */
	uint64_t files;              /* inodes with pages */
	uint64_t pages;
	uint64_t dirty_pages;
	struct mo_count swapped_pages;
	struct mo_count limit_bytes; /* of tmpfs: its size=; unknown: no limit or not tmpfs */
	struct mo_count used_blocks_bytes; /* of tmpfs: what counts against that limit */
	struct mo_count dentries;    /* on its list of unused dentries (s_dentry_lru) */
	struct mo_count inodes;      /* on its list of unused inodes (s_inode_lru) */
};

struct mo_files_model {
	const struct mo_file *files; /* most pages first */
	size_t n_files;
	const struct mo_mount *mounts; /* most pages first */
	size_t n_mounts;
	struct mo_count dentries;          /* /proc/sys/fs/dentry-state: nr_dentry, */
	struct mo_count unused_dentries;   /* nr_unused, */
	struct mo_count negative_dentries; /* nr_negative (5.0 on) */
	struct mo_count inodes;            /* /proc/sys/fs/inode-state */
	struct mo_count unused_inodes;
	bool is_complete;
};

#ifdef __cplusplus
}
#endif

#endif
