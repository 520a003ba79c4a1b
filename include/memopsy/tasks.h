/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef MEMOPSY_TASKS_H
#define MEMOPSY_TASKS_H

/*
 * The model "tasks": every task of the kernel's list with its threads, and the address space (struct mm_struct) that
 * each of them uses, once however many share it.
 *
 * Immutable once published; lives until the run ends. Decodes struct task_struct and struct signal_struct
 * (include/linux/sched.h), struct mm_struct (include/linux/mm_types.h) and the counters of resident pages
 * (include/linux/mm.h). Command lines and environments are user memory: they are not part of it.
 */

#include <memopsy/report.h>

#ifdef __cplusplus
extern "C" {
#endif

#define MO_TASKS_MODEL "tasks"
#define MO_TASKS_MODEL_VERSION 1

#define MO_TASK_COMM_BYTES 64
#define MO_TASK_NONE UINT32_MAX

/* Kinds of resident pages, as the kernel counts them for each mm. */
enum mo_mm_counter {
	MO_MM_FILE = 0,
	MO_MM_ANON = 1,
	MO_MM_SWAP = 2,
	MO_MM_SHMEM = 3, /* counted as file before 4.5 */
	MO_N_MM_COUNTERS,
};

struct mo_mm {
	uint64_t kva;
	uint64_t pgd_kva;
	/*
	 * Pages by kind. Exact: with the parts that threads (until 6.1) and CPUs (since 6.2) had not yet added. Printed:
	 * as /proc/PID/status of this kernel shows them, which leaves those parts out in some releases.
	 */
	struct mo_count exact_pages[MO_N_MM_COUNTERS];
	struct mo_count printed_pages[MO_N_MM_COUNTERS];
	struct mo_count oom_pages;       /* what the OOM killer would charge: resident, swapped and page-table pages */
	struct mo_count total_vm_pages;
	struct mo_count locked_pages;
	struct mo_count pinned_pages;
	struct mo_count data_pages;
	struct mo_count stack_pages;
	struct mo_count pgtables_bytes;
	struct mo_count n_vmas;
	struct mo_count users;           /* mm_users */
	uint64_t flags;                  /* MMF_*; 0 if not known */
	uint32_t n_tasks;                /* tasks and threads of this model that use it */
	uint32_t first_task;             /* the first of them */
	bool is_readable;
};

struct mo_task {
	uint64_t kva;
	uint64_t mm_kva;                 /* 0: a kernel thread, or it has given its mm back */
	uint32_t mm;                     /* index into mms; MO_TASK_NONE */
	uint32_t leader;                 /* index of the thread group's leader (its own, if it is one) */
	uint32_t n_threads;              /* of a leader: the whole group, itself included */
	int32_t pid;
	int32_t tgid;
	int32_t ppid;
	uint32_t uid;                    /* effective */
	int32_t oom_score_adj;
	uint64_t flags;                  /* PF_* */
	uint64_t start_ns;               /* after boot; 0: not known */
	struct mo_count oom_score;       /* as /proc/PID/oom_score */
	char state;                      /* as in /proc/PID/status: RSDTtXZPI; '?': not known */
	bool is_kernel_thread;
	bool is_readable;                /* false: its task_struct could be read in part only */
	bool has_uid;
	bool has_oom_score_adj;
	char comm[MO_TASK_COMM_BYTES];   /* raw bytes */
	const char *cgroup;              /* path in the unified hierarchy, raw bytes; NULL: not known */
};

struct mo_tasks_model {
	const struct mo_task *tasks;     /* a leader, then its other threads; in the order of the kernel's list */
	size_t n_tasks;
	size_t n_processes;              /* leaders among them */
	const struct mo_mm *mms;         /* ascending by address */
	size_t n_mms;
	bool is_complete;                /* every list was followed to its end */
};

/* The mm of a task; NULL: it has none, or it could not be read. */
static inline const struct mo_mm *mo_task_mm(const struct mo_tasks_model *model, const struct mo_task *task)
{
	return task->mm == MO_TASK_NONE ? NULL : &model->mms[task->mm];
}

/* Resident pages of all kinds. */
static inline struct mo_count mo_mm_rss_pages(const struct mo_count pages[MO_N_MM_COUNTERS])
{
	return mo_count_add(pages[MO_MM_FILE], mo_count_add(pages[MO_MM_ANON], pages[MO_MM_SHMEM]));
}

#ifdef __cplusplus
}
#endif

#endif
