/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef MO_TOY_TASKS_H
#define MO_TOY_TASKS_H

/* A kernel with a list of tasks, for tests: small structs at fixed places, which a test fills in and breaks. */

#include "fake_run.h"

extern const struct mo_plugin *memopsy_plugin_entry_tasks(void);

#define TASK(i) (BASE_KVA + 0x100000 + (i) * 0x100ull) /* 0 is init_task */
#define SIGNAL(i) (BASE_KVA + 0x40000 + (i) * 0x40ull)
#define MM(i) (BASE_KVA + 0x60000 + (i) * 0x200ull)
#define CRED(i) (BASE_KVA + 0x70000 + (i) * 0x40ull)
#define CSS_SET(i) (BASE_KVA + 0x80000 + (i) * 0x40ull)
#define CGROUP(i) (BASE_KVA + 0x84000 + (i) * 0x40ull)
#define NODE(i) (BASE_KVA + 0x88000 + (i) * 0x40ull)
#define NAME(i) (BASE_KVA + 0x8c000 + (i) * 0x40ull)
#define CODE(i) (BASE_KVA + 0x90000 + (i) * 0x100ull)

#define VMA(i) (BASE_KVA + 0xa0000 + (i) * 0x100ull)
#define DENTRY(i) (BASE_KVA + 0xb0000 + (i) * 0x100ull)
#define MOUNT(i) (BASE_KVA + 0xc0000 + (i) * 0x40ull)
#define SPARE(i) (BASE_KVA + 0xd0000 + (i) * 0x100ull)

/* Struct pages of all 2048 page frames, and page tables of 4 levels: the first of each. */
#define TOY_PAGES 2048ull
#define PAGE(pfn) (BASE_KVA + 0x180000 + (pfn) * 64ull)
#define TABLE(level) (BASE_KVA + 0x1b0000 + (level) * 0x1000ull)
/* What every mm has until toy_tables(): the first 64 KiB are the memory of SPARE(). */
#define USER_TABLE(level) (BASE_KVA + 0x1f0000 + (level) * 0x1000ull)
enum { TOY_REFERENCED = 2, TOY_DIRTY = 4, TOY_HEAD = 6, TOY_SWAPBACKED = 18, TOY_DOUBLE_MAP = 9 };

/* Members of the toy's task_struct, signal_struct and mm_struct. */
enum {
	TASK_TASKS = 0x00, TASK_THREAD_NODE = 0x10, TASK_SIGNAL = 0x20, TASK_PARENT = 0x28, TASK_CRED = 0x30,
	TASK_CGROUPS = 0x38, TASK_VFORK_DONE = 0x40, TASK_PID = 0x48, TASK_TGID = 0x4c, TASK_COMM = 0x50, TASK_STATE = 0x60,
	TASK_EXIT_STATE = 0x64, TASK_FLAGS = 0x68, TASK_START = 0x70, TASK_MM = 0x78, TASK_RSS = 0x80,
	SIGNAL_THREADS = 0x00, SIGNAL_ADJ = 0x10,
	MM_PGD = 0x00, MM_USERS = 0x08, MM_TOTAL = 0x10, MM_LOCKED = 0x18, MM_PGTABLES = 0x38, MM_FLAGS = 0x48, MM_RSS = 0x50,
	MM_RSS_STEP = 0x28, /* from one percpu_counter to the next */
	TASK_FS = 0xa0, TASK_NSPROXY = 0xa8, TASK_THREAD_PID = 0xb0, MM_BRK = 0x100, MM_MMAP = 0x120, MM_ARGS = 0x140,
	VMA_START = 0, VMA_END = 8, VMA_FLAGS = 16, VMA_PGOFF = 24, VMA_FILE = 32, VMA_OPS = 40, VMA_PRIVATE = 48,
	VMA_ANON_NAME = 56, VMA_NEXT = 64, VMA_MM = 72, VMA_RB = 0x60, PAGE_INDEX = 32,
};

enum toy_shape {
	TOY_SPLIT_RSS,     /* counters in the mm, and what each thread keeps: until 6.1 */
	TOY_PERCPU_RSS,    /* percpu_counters: since 6.2 */
	TOY_OLD,           /* before 5.9: no scaled OOM score; threads in a ring */
};

/* init_task alone, its list empty; two CPUs; 1,000,000 pages of memory. To be destroyed with mo_fake_destroy(). */
struct mo_kernel *toy_tasks(enum toy_shape shape);

/* A process with this number as its pid, after the last one of the list; its own signal_struct, no mm. */
void toy_process(struct mo_kernel *kernel, unsigned i, unsigned parent, const char *comm);
/* A further thread of a process. */
void toy_thread(struct mo_kernel *kernel, unsigned i, unsigned leader);
/* Gives it an mm with so many pages of each kind. */
void toy_mm(struct mo_kernel *kernel, unsigned task, unsigned mm, int64_t file, int64_t anon, int64_t swap, int64_t shmem);

/* A VMA after the one before it, of the list of this mm. */
void toy_vma(struct mo_kernel *kernel, unsigned mm, unsigned vma, uint64_t start, uint64_t end, uint64_t flags);
/* A hashed dentry; its own parent: a root. */
void toy_dentry(struct mo_kernel *kernel, unsigned i, unsigned parent, const char *name);
/* A mount of a tree (by its root) on a dentry of another; its own parent: the first of all. */
void toy_mount(struct mo_kernel *kernel, unsigned i, unsigned root, unsigned parent, unsigned mountpoint);
/* The VMA maps a file, of device 08:03 and with the inode number 4711. */
void toy_file(struct mo_kernel *kernel, unsigned vma, unsigned mount, unsigned dentry);

/* The struct page of a page frame. */
void toy_page(struct mo_kernel *kernel, uint64_t pfn, uint64_t flags, uint64_t mapping, int mapcount, int refcount);
/* Page tables that map the first GiB; and an entry of one of them: level 0 is that of pages. */
void toy_tables(struct mo_kernel *kernel, unsigned mm);
void toy_map(struct mo_kernel *kernel, unsigned level, unsigned slot, uint64_t entry);

#endif
