/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The types, members and symbols of the kernel that the stacks plugin binds. */
#include "gathering.h"

#define L struct stacks_layout
#define T "struct task_struct"
#define OPTIONAL .is_optional = true
#define WHY_RING "kernel/locking: a pointer to the first waiter in the place of a list_head; seen in 7.2"

static const struct mo_need rows[] = {
	MO_UNWIND(L, unwind),
	MO_SIZE(L, stack, "union thread_union", OPTIONAL),
	MO_ADDRESS(L, init_stack, "__start_init_stack", .or_names = { "__start_init_task" }, OPTIONAL,
		   .why = "include/asm-generic/vmlinux.lds.h: THREAD_SIZE bytes, where types have no union thread_union; renamed in 6.10"),
	MO_ADDRESS(L, end_init_stack, "__end_init_stack", .or_names = { "__end_init_task" }, OPTIONAL),
	MO_FIELD(L, task_stack, T, "stack"),
	MO_FIELD(L, on_cpu, T, "on_cpu", OPTIONAL, .why = "CONFIG_SMP"),
	MO_ADDRESS(L, runqueues, "runqueues", OPTIONAL, .why = "kernel/sched/core.c: a per-CPU struct rq"),
	MO_FIELD(L, rq_curr, "struct rq", "curr", OPTIONAL),
	MO_FIELD(L, rq_clock, "struct rq", "clock", OPTIONAL),
	MO_FIELD(L, rq_clock_task, "struct rq", "clock_task", OPTIONAL),
	MO_FIELD(L, exec_start, T, "se.exec_start", OPTIONAL),
	MO_FIELD(L, last_arrival, T, "sched_info.last_arrival", OPTIONAL, .why = "CONFIG_SCHED_INFO"),
	MO_ADDRESS(L, panic_cpu, "panic_cpu", OPTIONAL, .why = "kernel/panic.c: an atomic_t, -1 until a CPU panics; 4.4 (1717f2096b54)"),
	MO_FIELD(L, blocker, T, "blocker", OPTIONAL,
		 .why = "include/linux/hung_task.h: the lock, its kind in the lowest two bits; CONFIG_DETECT_HUNG_TASK_BLOCKER, 6.16"),
	MO_FIELD(L, blocked_on, T, "blocked_on", OPTIONAL, .why = "include/linux/sched.h: a mutex; with every configuration since 6.17"),
	MO_FIELD(L, list_next, "struct list_head", "next"),
	MO_FIELD(L, list_prev, "struct list_head", "prev"),
	MO_FIELD(L, mutex.owner, "struct mutex", "owner.counter", OPTIONAL,
		 .why = "include/linux/mutex.h: a task_struct with flags in the lowest three bits, 4.10 (3ca0ff571b09)"),
	MO_FIELD(L, mutex.wait_list, "struct mutex", "wait_list", OPTIONAL),
	MO_FIELD(L, mutex.first, "struct mutex", "first_waiter", OPTIONAL, .why = WHY_RING),
	MO_FIELD(L, mutex.waiter_list, "struct mutex_waiter", "list", OPTIONAL),
	MO_FIELD(L, mutex.waiter_task, "struct mutex_waiter", "task", OPTIONAL),
	MO_FIELD(L, rwsem.owner, "struct rw_semaphore", "owner.counter", .or_names = { "struct rw_semaphore.owner" }, OPTIONAL,
		 .why = "include/linux/rwsem.h: an atomic_long_t since 5.3 (94a9717b3c40)"),
	MO_FIELD(L, rwsem.wait_list, "struct rw_semaphore", "wait_list", OPTIONAL),
	MO_FIELD(L, rwsem.first, "struct rw_semaphore", "first_waiter", OPTIONAL, .why = WHY_RING),
	MO_FIELD(L, rwsem.waiter_list, "struct rwsem_waiter", "list", OPTIONAL),
	MO_FIELD(L, rwsem.waiter_task, "struct rwsem_waiter", "task", OPTIONAL),
	MO_FIELD(L, rwsem_type, "struct rwsem_waiter", "type", OPTIONAL),
	MO_CONSTANT(L, wants_read, "enum rwsem_waiter_type", "RWSEM_WAITING_FOR_READ", OPTIONAL),
};

const struct mo_need_table stacks_needs = { .needs = rows, .n_needs = sizeof(rows) / sizeof(rows[0]) };
