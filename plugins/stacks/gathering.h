/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef STACKS_GATHERING_H
#define STACKS_GATHERING_H

/* Kernel stacks of tasks, what their tasks do there, and the locks that they wait for. */

#include <memopsy/containers.h>
#include <memopsy/layout.h>
#include <memopsy/plugin.h>
#include <memopsy/stacks.h>
#include <memopsy/tasks.h>
#include <memopsy/trouble.h>

#define MAX_STACK_BYTES (64u << 10)
#define MAX_CPUS 16384u
#define FUNCTION_BYTES 200

struct stacks_layout {
	const struct mo_unwind_layout *unwind;
	struct mo_size stack;
	struct mo_address init_stack, end_init_stack;
	struct mo_field task_stack, on_cpu;
	struct mo_address runqueues;
	struct mo_field rq_curr, rq_clock, rq_clock_task;
	struct mo_field exec_start, last_arrival;
	struct mo_address panic_cpu;
	struct mo_field blocker, blocked_on;
	struct mo_size list_head;
	struct mo_field list_next, list_prev;
	struct lock_layout {
		struct mo_field owner;       /* of the lock */
		struct mo_field wait_list;   /* until 7.0: a list with its head in the lock */
		struct mo_field first;       /* since 7.1: a ring of waiters only */
		struct mo_field waiter_list, waiter_task;
	} mutex, rwsem;
	struct mo_field rwsem_type;
	struct mo_constant wants_read;
};

extern const struct mo_need_table stacks_needs;

/* A CPU at the moment of the dump. */
struct cpu_state {
	unsigned cpu;
	uint64_t task_kva;           /* whom it ran */
	uint64_t stack_kva;          /* where that task's stack begins */
	bool has_registers;
	size_t note;                 /* of mo_unwind_cpu() */
};

struct stacks_state {
	struct mo_stacks_model model; /* must be first: the host hands out its address */
	struct mo_run *run;
	struct mo_reader *reader;
	const struct stacks_layout *layout;
	const struct mo_tasks_model *tasks;
	struct mo_unwinder *unwinder;
	MO_VECTOR(struct mo_task_stack) stacks;
	MO_VECTOR(struct mo_stack_frame) frames;
	MO_VECTOR(struct cpu_state) cpus;
	struct mo_int_table task_index; /* from the address of a task_struct */
	uint64_t now_ns;             /* the most advanced clock of a CPU that counts as exec_start does */
	bool has_now;
	uint64_t stack_bytes;
	struct mo_trouble unreadable;
};

/* gather.c */
struct mo_error *gather_stacks(struct mo_run *run, void **model_ret) MO_MUST_USE;
void release_stacks(void *model);

/* cpus.c: whom each CPU ran, where its registers are noted, and the clock. */
struct mo_error *gather_cpus(struct stacks_state *state) MO_MUST_USE;
const struct cpu_state *cpu_of_task(const struct stacks_state *state, uint64_t task_kva);

/* names.c: "mutex_lock", without what the compiler appended; false: no symbol is there. */
bool function_at(const struct stacks_state *state, const struct mo_stack_frame *frame, struct mo_symbol *ret);
bool is_function(const struct mo_symbol *symbol, const char *name);
/* "scan+0x34/0x50 [blocker]", as the kernel prints frames. */
void put_function(const struct mo_kernel *kernel, const struct mo_stack_frame *frame, char *text, size_t n_bytes);
/* "mutex blocker_mutex [blocker]", "semaphore at 0xffff..." */
void put_lock(const struct mo_kernel *kernel, const struct mo_task_stack *stack, char *text, size_t n_bytes);

/* The first function that is not one of those in which every task waits (the scheduler's, a lock's); NULL: none. */
const struct mo_stack_frame *telling_frame(const struct stacks_state *state, const struct mo_task_stack *stack);

/* activity.c */
enum mo_stack_activity find_activity(const struct stacks_state *state, const struct mo_stack_frame *frames, size_t n_frames);
/* "waits in direct reclaim"; NULL: of none of these kinds */
const char *activity_words(enum mo_stack_activity activity);

/* locks.c: for which lock the task waits, if it does. */
void find_lock(const struct stacks_state *state, struct mo_task_stack *stack);

/* groups.c: stacks that are the same, frame by frame, those of the most tasks first. */
struct stack_group {
	size_t first_member;
	size_t n_members;
};
struct stack_groups {
	MO_VECTOR(size_t) members;   /* indexes of stacks, group by group */
	MO_VECTOR(struct stack_group) groups;
};
struct mo_error *group_stacks(const struct mo_stacks_model *model, const bool *wanted, bool joins_equal,
			      struct stack_groups *ret) MO_MUST_USE;
void stack_groups_deinit(struct stack_groups *groups);

/* bt_view.c, waits_view.c, stacks_findings.c */
extern const struct mo_table_spec stacks_table, stack_waits_table;
extern const struct mo_option bt_options[];
#define N_BT_OPTIONS 1
struct mo_error *show_bt(struct mo_run *run, struct mo_report *report) MO_MUST_USE;
struct mo_error *show_waits(struct mo_run *run, struct mo_report *report) MO_MUST_USE;
struct mo_error *judge_stacks(struct mo_run *run) MO_MUST_USE;

/* Of the stacks that are wanted; NULL: of all. Whether there was a row. */
bool write_waits(struct mo_run *run, struct mo_report *report, const bool *wanted);
/* "a < b < c [module]": the functions of a stack that tell something, the first n_most of them. */
void put_path(const struct stacks_state *state, const struct mo_task_stack *stack, size_t n_most, char *text, size_t n_bytes);
/* "mutex-holder (PID 120)", "swapper/1" */
void put_task(const struct mo_tasks_model *tasks, const struct mo_task_stack *stack, char *text, size_t n_bytes);

/* "3.9 s", "12 min" */
void put_duration(uint64_t ns, char *text, size_t n_bytes);

static inline const struct mo_task *task_of(const struct mo_tasks_model *tasks, uint32_t index)
{
	return index < tasks->n_tasks ? &tasks->tasks[index] : NULL;
}

#endif
