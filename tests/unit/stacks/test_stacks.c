/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Who waits for which lock and in what, by toy stacks: locks with a list of waiters, with a ring, and as the task says it. */
#include "fake_run.h"

#include <stdlib.h>
#include <string.h>

#include <memopsy/stacks.h>
#include <memopsy/tasks.h>

#include "arch.h"
#include "kernel_private.h"

extern const struct mo_plugin *memopsy_plugin_entry_stacks(void);

#define CPUS (BASE_KVA + 0x1000)
#define RUNQUEUES (BASE_KVA + 0x2000)
#define PANIC_CPU (BASE_KVA + 0x3000)
#define LOCK (BASE_KVA + 0x3100)
#define SEMAPHORE (BASE_KVA + 0x3200)
#define TASK(i) (BASE_KVA + 0x10000 + (i) * 0x1000ull)
#define STACK(i) (BASE_KVA + 0x20000 + (i) * 0x1000ull)
#define STACK_BYTES 0x1000
#define TEXT (BASE_KVA + 0x100000)
#define FUNCTION(i) (TEXT + (i) * 0x100ull)
#define WAITER(i) (STACK(i) + 0x800)
#define SECOND_NS 1000000000ull

enum { T_STACK = 0, T_SP = 8, T_EXEC = 16, T_BLOCKED = 24, T_BLOCKER = 32, RQ_CURR = 0, RQ_CLOCK = 8,
       OWNER = 0, WAIT_LIST = 16, W_LIST = 0, W_TASK = 16, W_TYPE = 24, F_BP = 40, F_RETURN = 48, F_BYTES = 56 };
enum { SCHEDULE, MUTEX_LOCK, DOWN_READ, RECLAIM, ALLOCATE, ENTRY, HOLDING, N_FUNCTIONS };

#define MEMBER(t, m, at, n) { .type = t, .member = m, .offset_bytes = at, .bytes = n }
#define ROWS \
	{ .type = "struct cpumask", .member = "bits", .bytes = 8, .n_elements = 1 }, { .type = "union thread_union", .bytes = STACK_BYTES }, \
		MEMBER("struct task_struct", "stack", T_STACK, 8), MEMBER("struct task_struct", "thread.sp", T_SP, 8), \
		MEMBER("struct task_struct", "se.exec_start", T_EXEC, 8), MEMBER("struct rq", "curr", RQ_CURR, 8), \
		MEMBER("struct rq", "clock_task", RQ_CLOCK, 8), MEMBER("struct rq", "clock", RQ_CLOCK, 8), \
		MEMBER("struct mutex", "owner.counter", OWNER, 8), MEMBER("struct rw_semaphore", "owner.counter", OWNER, 8), \
		MEMBER("struct mutex_waiter", "list", W_LIST, 16), MEMBER("struct mutex_waiter", "task", W_TASK, 8), \
		MEMBER("struct rwsem_waiter", "list", W_LIST, 16), MEMBER("struct rwsem_waiter", "task", W_TASK, 8), \
		MEMBER("struct rwsem_waiter", "type", W_TYPE, 4), \
		{ .type = "struct inactive_task_frame", .bytes = F_BYTES }, MEMBER("struct inactive_task_frame", "bp", F_BP, 8), \
		MEMBER("struct inactive_task_frame", "ret_addr", F_RETURN, 8)

static const struct mo_fake_row list_rows[] = { ROWS, MEMBER("struct mutex", "wait_list", WAIT_LIST, 16),
						MEMBER("struct rw_semaphore", "wait_list", WAIT_LIST, 16) };
static const struct mo_fake_row ring_rows[] = { ROWS, MEMBER("struct mutex", "first_waiter", WAIT_LIST, 8),
						MEMBER("struct rw_semaphore", "first_waiter", WAIT_LIST, 8) };
static const struct mo_fake_row task_rows[] = { ROWS, MEMBER("struct mutex", "first_waiter", WAIT_LIST, 8),
						MEMBER("struct task_struct", "blocked_on", T_BLOCKED, 8),
						MEMBER("struct task_struct", "blocker", T_BLOCKER, 8) };

static const struct mo_fake_enumerator enumerators[] = {
	{ .enum_name = "enum rwsem_waiter_type", .name = "RWSEM_WAITING_FOR_WRITE", .value = 0 },
	{ .enum_name = "enum rwsem_waiter_type", .name = "RWSEM_WAITING_FOR_READ", .value = 1 },
};

#define CODE(name_, i) { .name = name_, .kva = FUNCTION(i), .bytes = 0x100 }
static const struct mo_fake_symbol symbols[] = {
	{ .name = "runqueues", .kva = RUNQUEUES, .bytes = 64 },
	{ .name = "panic_cpu", .kva = PANIC_CPU, .bytes = 4 },
	{ .name = "__cpu_online_mask", .kva = CPUS, .bytes = 8 },
	{ .name = "__cpu_present_mask", .kva = CPUS, .bytes = 8 },
	{ .name = "__cpu_possible_mask", .kva = CPUS, .bytes = 8 },
	{ .name = "the_lock", .kva = LOCK, .bytes = 32 },
	CODE("__schedule", SCHEDULE), CODE("__mutex_lock.constprop.0", MUTEX_LOCK), CODE("rwsem_down_read_slowpath", DOWN_READ),
	CODE("try_to_free_pages", RECLAIM), CODE("__alloc_pages_slowpath.constprop.0", ALLOCATE), CODE("do_entry", ENTRY),
	CODE("hold_it", HOLDING),
};

static struct mo_task tasks[] = {
	{ .kva = TASK(0), .pid = 10, .tgid = 10, .comm = "holder", .state = 'D' },
	{ .kva = TASK(1), .pid = 11, .tgid = 11, .comm = "waiter", .state = 'D' },
	{ .kva = TASK(2), .pid = 12, .tgid = 11, .comm = "reclaimer", .state = 'D' },
	{ .kva = TASK(3), .pid = 13, .tgid = 13, .comm = "runner", .state = 'R' },
};
static struct mo_tasks_model tasks_model = { .tasks = tasks, .n_tasks = N_ROWS(tasks), .is_complete = true };
static struct mo_arch_registers registers;

bool mo_kernel_arch_registers(const struct mo_kernel *kernel, size_t index, struct mo_arch_registers *ret)
{
	(void)kernel;
	*ret = registers;
	return !index;
}

bool mo_kernel_registers(const struct mo_kernel *kernel, size_t index, struct mo_cpu_registers *ret)
{
	(void)kernel;
	*ret = (struct mo_cpu_registers){ .instruction_kva = registers.instruction, .stack_kva = registers.stack };
	return !index;
}

/* A stack of frame pointers: where the task sleeps, and who called that. */
static void put_stack(struct mo_kernel *kernel, unsigned task, const unsigned *functions, size_t n)
{
	uint64_t at_kva = STACK(task) + 0x400;

	mo_fake_put_u64(kernel, TASK(task) + T_STACK, STACK(task));
	mo_fake_put_u64(kernel, TASK(task) + T_SP, STACK(task) + 0x300);
	mo_fake_put_u64(kernel, STACK(task) + 0x300 + F_RETURN, FUNCTION(functions[0]) + 8);
	mo_fake_put_u64(kernel, STACK(task) + 0x300 + F_BP, n > 1 ? at_kva : 0);
	for (size_t i = 1; i < n; i++, at_kva += 0x20) {
		mo_fake_put_u64(kernel, at_kva, i + 1 < n ? at_kva + 0x20 : 0);
		mo_fake_put_u64(kernel, at_kva + 8, FUNCTION(functions[i]) + 8);
	}
}

static void put_waiter(struct mo_kernel *kernel, unsigned task, uint64_t next, uint64_t prev)
{
	mo_fake_put_u64(kernel, WAITER(task) + W_LIST, next);
	mo_fake_put_u64(kernel, WAITER(task) + W_LIST + 8, prev);
	mo_fake_put_u64(kernel, WAITER(task) + W_TASK, TASK(task));
}

static struct mo_kernel *start(const struct mo_fake_row *rows, size_t n_rows)
{
	static const unsigned holds[] = { SCHEDULE, HOLDING, ENTRY };
	static const unsigned waits[] = { SCHEDULE, MUTEX_LOCK, ENTRY };
	static const unsigned reclaims[] = { SCHEDULE, MUTEX_LOCK, RECLAIM, ALLOCATE, ENTRY };
	static struct mo_fake fake;
	struct mo_kernel *kernel;

	fake = (struct mo_fake){ .rows = mo_container_rows, .n_rows = mo_n_container_rows, .more_rows = rows, .n_more_rows = n_rows,
				 .enumerators = enumerators, .n_enumerators = N_ROWS(enumerators), .symbols = symbols,
				 .n_symbols = N_ROWS(symbols), .end_pfn = 64, .first_text_kva = TEXT,
				 .end_text_kva = FUNCTION(N_FUNCTIONS) };
	kernel = mo_fake_kernel(&fake);
	mo_fake_map(kernel, BASE_KVA, 0x40000);
	mo_fake_put_u64(kernel, CPUS, 1);
	mo_fake_put_u32(kernel, PANIC_CPU, UINT32_MAX);
	mo_fake_put_u64(kernel, RUNQUEUES + RQ_CURR, TASK(3));
	mo_fake_put_u64(kernel, RUNQUEUES + RQ_CLOCK, 100 * SECOND_NS);
	put_stack(kernel, 0, holds, N_ROWS(holds));
	put_stack(kernel, 1, waits, N_ROWS(waits));
	put_stack(kernel, 2, reclaims, N_ROWS(reclaims));
	mo_fake_put_u64(kernel, TASK(3) + T_STACK, STACK(3));
	mo_fake_put_u64(kernel, TASK(1) + T_EXEC, 60 * SECOND_NS);
	mo_fake_put_u64(kernel, TASK(2) + T_EXEC, 90 * SECOND_NS);
	mo_fake_put_u64(kernel, LOCK + OWNER, TASK(0) | 1);
	registers = (struct mo_arch_registers){ .n_words = 27, .instruction = FUNCTION(ENTRY) + 4, .stack = STACK(3) + 0x800 };
	return kernel;
}

static char *bt(struct mo_run *run, const char *word)
{
	return fake_run_text(run, "bt", (const char *const[]){ word, NULL });
}

/* Whether the report's section says this, wherever lines break. */
static bool section_says(struct mo_run *run, const char *part)
{
	char *text = fake_run_section(run, "waits");
	size_t n = 0;
	bool is_printed;

	for (const char *at = text; *at; at++)
		if (*at != '\n' && (*at != ' ' || (n && text[n - 1] != ' ')))
			text[n++] = *at;
		else if (*at == '\n' && n && text[n - 1] != ' ')
			text[n++] = ' ';
	text[n] = '\0';
	is_printed = strstr(text, part);
	free(text);
	return is_printed;
}

static void expect_waits(struct mo_kernel *kernel)
{
	struct mo_run *run = fake_run_with(kernel, memopsy_plugin_entry_stacks(), MO_TASKS_MODEL, &tasks_model);
	char *text = bt(run, "11");

	assert_non_null(strstr(text, "PID 11  waiter  state D  off CPU for 40.0 s\n"
				     "  waits for mutex the_lock, held by holder (PID 10)\n"
				     "    __schedule+0x8/0x100\n"
				     "    __mutex_lock.constprop.0+0x8/0x100\n"
				     "    do_entry+0x8/0x100\n"));
	/* The process's other thread as well. */
	assert_non_null(strstr(text, "PID 12  reclaimer  state D  off CPU for 10.0 s\n"
				     "  in direct reclaim\n"
				     "  waits for mutex the_lock, held by holder (PID 10)\n"));
	free(text);
	assert_true(section_says(run, "reclaimer (PID 12) is in direct reclaim and has not run for 10.0 s: it waits for "
				       "mutex the_lock, held by holder (PID 10), which is in hold_it."));
	assert_true(section_says(run, "2 tasks wait for mutex the_lock, held by holder (PID 10), which is in hold_it; the "
				       "longest, waiter (PID 11), for 40.0 s."));
	fake_run_destroy(run);
}

/* Until 7.0: two waiters and the lock in one ring. */
static void test_list_of_waiters(void **unused)
{
	struct mo_kernel *kernel = start(list_rows, N_ROWS(list_rows));

	(void)unused;
	put_waiter(kernel, 1, WAITER(2), LOCK + WAIT_LIST);
	put_waiter(kernel, 2, LOCK + WAIT_LIST, WAITER(1));
	mo_fake_put_u64(kernel, LOCK + WAIT_LIST, WAITER(1));
	mo_fake_put_u64(kernel, LOCK + WAIT_LIST + 8, WAITER(2));
	expect_waits(kernel);
	mo_fake_destroy(kernel);
}

/* Since 7.1: the lock is not in the ring; a word of the stack is its address. */
static void test_ring_of_waiters(void **unused)
{
	struct mo_kernel *kernel = start(ring_rows, N_ROWS(ring_rows));

	(void)unused;
	put_waiter(kernel, 1, WAITER(2), WAITER(2));
	put_waiter(kernel, 2, WAITER(1), WAITER(1));
	mo_fake_put_u64(kernel, LOCK + WAIT_LIST, WAITER(1));
	mo_fake_put_u64(kernel, STACK(1) + 0x700, LOCK);
	mo_fake_put_u64(kernel, STACK(2) + 0x700, LOCK);
	expect_waits(kernel);
	mo_fake_destroy(kernel);
}

/* As the task says it, in both ways. */
static void test_blocker(void **unused)
{
	struct mo_kernel *kernel = start(task_rows, N_ROWS(task_rows));

	(void)unused;
	mo_fake_put_u64(kernel, TASK(1) + T_BLOCKED, LOCK);
	mo_fake_put_u64(kernel, TASK(2) + T_BLOCKER, LOCK);
	expect_waits(kernel);
	mo_fake_destroy(kernel);
}

static void test_semaphore(void **unused)
{
	static const unsigned waits[] = { SCHEDULE, DOWN_READ, ENTRY };
	struct mo_kernel *kernel = start(list_rows, N_ROWS(list_rows));
	struct mo_run *run;
	char *text;

	(void)unused;
	put_stack(kernel, 1, waits, N_ROWS(waits));
	put_waiter(kernel, 1, SEMAPHORE + WAIT_LIST, SEMAPHORE + WAIT_LIST);
	mo_fake_put_u64(kernel, SEMAPHORE + WAIT_LIST, WAITER(1));
	mo_fake_put_u64(kernel, SEMAPHORE + WAIT_LIST + 8, WAITER(1));
	mo_fake_put_u64(kernel, SEMAPHORE + OWNER, TASK(0) | 1);
	run = fake_run_with(kernel, memopsy_plugin_entry_stacks(), MO_TASKS_MODEL, &tasks_model);
	text = fake_run_flagged(run, "bt", "all");
	assert_non_null(strstr(text, "semaphore at 0xffff888000003200"));
	assert_non_null(strstr(text, "reader holder (PID 10)"));
	/* The mutex of the other one has no waiter that leads to it: it is not guessed. */
	assert_non_null(strstr(text, "waits for a mutex, held by ?"));
	free(text);
	fake_run_destroy(run);
	mo_fake_destroy(kernel);
}

/* Neighbours that do not lead back are no list, and an owner that is no task is none. */
static void test_wrong_lists(void **unused)
{
	struct mo_kernel *kernel = start(list_rows, N_ROWS(list_rows));
	struct mo_run *run;
	char *text;

	(void)unused;
	put_waiter(kernel, 1, LOCK + WAIT_LIST, LOCK + WAIT_LIST);
	put_waiter(kernel, 2, SEMAPHORE + WAIT_LIST, SEMAPHORE + WAIT_LIST);
	mo_fake_put_u64(kernel, SEMAPHORE + WAIT_LIST, WAITER(2));
	mo_fake_put_u64(kernel, SEMAPHORE + WAIT_LIST + 8, WAITER(2));
	mo_fake_put_u64(kernel, SEMAPHORE + OWNER, BASE_KVA + 0x5000);
	run = fake_run_with(kernel, memopsy_plugin_entry_stacks(), MO_TASKS_MODEL, &tasks_model);
	text = bt(run, "11");
	assert_null(strstr(text, "holder"));
	assert_non_null(strstr(text, "waits for a mutex, held by ?"));
	free(text);
	fake_run_destroy(run);
	mo_fake_destroy(kernel);
}

static void test_cpus(void **unused)
{
	struct mo_kernel *kernel = start(list_rows, N_ROWS(list_rows));
	struct mo_run *run;
	char *text;

	(void)unused;
	mo_fake_put_u32(kernel, PANIC_CPU, 0);
	run = fake_run_with(kernel, memopsy_plugin_entry_stacks(), MO_TASKS_MODEL, &tasks_model);
	text = fake_run_text(run, "bt", NULL);
	assert_non_null(strstr(text, "PID 13  runner  on CPU 0\n    do_entry+0x4/0x100\n"));
	assert_null(strstr(text, "holder"));
	free(text);
	assert_true(section_says(run, "CPU 0 panicked, running runner (PID 13)."));
	text = fake_run_section(run, "waits");
	assert_non_null(strstr(text, "CPU 0 panicked in runner (PID 13): do_entry."));
	free(text);
	expect_error(fake_run_error(run, "bt", (const char *const[]){ "99", NULL }), MO_E_ABSENT, "no task has the PID 99");
	expect_error(fake_run_error(run, "bt", (const char *const[]){ "init", NULL }), MO_E_INVALID, "'init' is no PID");
	fake_run_destroy(run);
	mo_fake_destroy(kernel);
}

/* All tasks, and those whose stacks are the same once. */
static void test_groups(void **unused)
{
	static const unsigned holds[] = { SCHEDULE, HOLDING, ENTRY };
	struct mo_kernel *kernel = start(list_rows, N_ROWS(list_rows));
	struct mo_run *run;
	char *text;

	(void)unused;
	put_stack(kernel, 1, holds, N_ROWS(holds));
	run = fake_run_with(kernel, memopsy_plugin_entry_stacks(), MO_TASKS_MODEL, &tasks_model);
	text = fake_run_flagged(run, "bt", "all");
	assert_non_null(strstr(text, "2 tasks: holder (PID 10), waiter (PID 11)  state D"));
	assert_non_null(strstr(text, "PID 12  reclaimer"));
	assert_non_null(strstr(text, "PID 13  runner"));
	free(text);
	fake_run_destroy(run);
	mo_fake_destroy(kernel);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_list_of_waiters), cmocka_unit_test(test_ring_of_waiters), cmocka_unit_test(test_blocker),
		cmocka_unit_test(test_semaphore), cmocka_unit_test(test_wrong_lists), cmocka_unit_test(test_cpus),
		cmocka_unit_test(test_groups),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
