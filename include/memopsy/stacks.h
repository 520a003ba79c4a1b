/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef MEMOPSY_STACKS_H
#define MEMOPSY_STACKS_H

/*
 * The model "stacks": the kernel stack of every task, what the task does there (reclaim, compaction), and for which lock
 * it waits.
 *
 * Immutable once published; lives until the run ends. Decodes struct mutex (include/linux/mutex.h), struct rw_semaphore
 * (include/linux/rwsem.h), their waiters (kernel/locking/), struct rq (kernel/sched/sched.h), struct sched_entity and
 * sched_info (include/linux/sched.h).
 */

#include <memopsy/report.h>
#include <memopsy/unwind.h>

#ifdef __cplusplus
extern "C" {
#endif

#define MO_STACKS_MODEL "stacks"
#define MO_STACKS_MODEL_VERSION 1

#define MO_STACK_NO_TASK UINT32_MAX

/* What a task is in the middle of, by the functions on its stack. */
enum mo_stack_activity {
	MO_ACTIVITY_OTHER = 0,
	MO_ACTIVITY_DIRECT_RECLAIM = 1,  /* try_to_free_pages(), node_reclaim(): for an allocation of its own */
	MO_ACTIVITY_MEMCG_RECLAIM = 2,   /* try_to_free_mem_cgroup_pages(): its memory cgroup is at a limit */
	MO_ACTIVITY_COMPACTION = 3,      /* direct compaction */
	MO_ACTIVITY_THROTTLED = 4,       /* slowed down, for its memory cgroup is above memory.high */
	MO_ACTIVITY_ALLOCATION = 5,      /* in the slow path of an allocation: waits, or calls the OOM killer */
};

enum mo_lock_kind {
	MO_LOCK_NONE = 0,
	MO_LOCK_MUTEX = 1,
	MO_LOCK_RWSEM_READ = 2,          /* wants a semaphore for reading */
	MO_LOCK_RWSEM_WRITE = 3,
};

struct mo_task_stack {
	uint32_t task;               /* index into the model "tasks"; MO_STACK_NO_TASK: a CPU's idle task */
	uint64_t task_kva;
	int32_t cpu;                 /* on which it ran; -1: on none */
	size_t first_frame;          /* of the model's frames */
	size_t n_frames;
	enum mo_stack_end end;
	enum mo_stack_activity activity;
	bool has_rest_ns;            /* it is on no CPU, and when it was last is known */
	uint64_t rest_ns;            /* since then, by the clock of the CPU that is most ahead */
	enum mo_lock_kind lock_kind; /* that it waits for; the rest of these only if there is one */
	uint64_t lock_kva;           /* 0: which one is not known */
	uint32_t holder;             /* index into the model "tasks"; MO_STACK_NO_TASK: not known */
	bool is_held_by_readers;     /* holder is the last that read-locked the semaphore, and perhaps not the only one */
};

struct mo_stacks_model {
	const struct mo_task_stack *stacks; /* in the order of the model "tasks", then idle tasks that were on a CPU */
	size_t n_stacks;
	const struct mo_stack_frame *frames;
	const char *method;          /* mo_unwinder_method() */
	size_t panicked;             /* index of the stack of the CPU that panicked; SIZE_MAX: none did, or not known */
};

#ifdef __cplusplus
}
#endif

#endif
