/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef MO_TOY_FILES_H
#define MO_TOY_FILES_H

/* A kernel with page frames, inodes, dentries, superblocks and one process, for tests, which fill it in and break it. */

#include <memopsy/mem_map.h>
#include <memopsy/tasks.h>

#include "fake_run.h"

extern const struct mo_plugin *memopsy_plugin_entry_files(void);

#define TOY_PAGES 64ull
#define PAGE(pfn) (BASE_KVA + 0x10000 + (pfn) * 64ull)
#define INODE(i) (BASE_KVA + 0x20000 + (i) * 0x100ull)
#define MAPPING(i) (INODE(i) + INODE_DATA)
#define DENTRY(i) (BASE_KVA + 0x30000 + (i) * 0x100ull)
#define SB(i) (BASE_KVA + 0x40000 + (i) * 0x100ull)
#define MOUNT(i) (BASE_KVA + 0x50000 + (i) * 0x100ull)
#define TASK(i) (BASE_KVA + 0x60000 + (i) * 0x100ull)
#define MM(i) (BASE_KVA + 0x70000 + (i) * 0x100ull)
#define VMA(i) (BASE_KVA + 0x80000 + (i) * 0x100ull)
#define FILE_AT(i) (BASE_KVA + 0x90000 + (i) * 0x100ull)
#define TEXT(i) (BASE_KVA + 0xa0000 + (i) * 0x40ull)
#define SPARE(i) (BASE_KVA + 0xb0000 + (i) * 0x1000ull)
#define SUPER_BLOCKS (BASE_KVA + 0x1100)
#define SHMEM_AOPS (BASE_KVA + 0x1200)
#define SHMEM_OPS (BASE_KVA + 0x1300)
#define NOOP_BDI (BASE_KVA + 0x1400)

enum {
	INODE_SB = 0, INODE_NUMBER = 8, INODE_SIZE = 16, INODE_NLINK = 24, INODE_MAPPING = 32, INODE_DENTRY = 40, INODE_DATA = 0x40,
	MAPPING_HOST = 0, MAPPING_NRPAGES = 8, MAPPING_AOPS = 16, MAPPING_TREE = 24,
	DENTRY_PARENT = 0, DENTRY_LENGTH = 8, DENTRY_NAME = 16, DENTRY_PPREV = 32, DENTRY_INODE = 40, DENTRY_ALIAS = 48,
	DENTRY_CHILD = 64, DENTRY_SUBDIRS = 80, DENTRY_COUNT = 96,
	SB_LIST = 0, SB_TYPE = 16, SB_ID = 24, SB_BDI = 56, SB_INFO = 64, SB_OPS = 72, SB_DEV = 80, SB_ROOT = 88, SB_MOUNTS = 96,
	MOUNT_PARENT = 0, MOUNT_POINT = 8, MOUNT_MNT = 16, MOUNT_INSTANCE = 32, MOUNT_NS = 48, MOUNT_DEVICE = 56,
	PG_HEAD = 6, PG_DIRTY = 4, PG_WRITEBACK = 5, PG_UNEVICTABLE = 7,
};

/* What the models say; a test may change it before it runs the plugin. */
struct toy_models {
	uint8_t classes[TOY_PAGES];
	struct mo_page_run run;
	struct mo_mem_map_model mem_map;
	struct mo_task task;
	struct mo_mm mm;
	struct mo_tasks_model tasks;
};
struct toy_models *toy_models(void);

/* An ext4 (superblock 0, mounted at /) and a tmpfs (1, mounted at /tmp); a process "user", 7. */
struct mo_kernel *toy_files(void);
/* A file of a superblock, in a directory (a dentry), with a link. */
void toy_inode(struct mo_kernel *kernel, unsigned i, unsigned sb, unsigned dentry);
void toy_dentry(struct mo_kernel *kernel, unsigned i, unsigned parent, const char *name);
/* A page of a class, of an address_space. */
void toy_page(struct mo_kernel *kernel, uint64_t pfn, enum mo_page_class class, uint64_t mapping, uint64_t flags, int mapcount);
/* Puts a node at the end of a list. */
void toy_link(struct mo_kernel *kernel, uint64_t node, uint64_t head);

#endif
