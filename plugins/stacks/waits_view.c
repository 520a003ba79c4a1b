/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The report's section: who panicked, who waits for memory, and who waits for whose lock. */
#include <stdio.h>
#include <stdlib.h>

#include "gathering.h"

#define PATH_FRAMES 10

enum { COLUMN_PID, COLUMN_COMM, COLUMN_REST, COLUMN_IN, COLUMN_LOCK, COLUMN_HOLDER, COLUMN_HOLDER_IN, COLUMN_STATE, COLUMN_ADDRESS,
       N_COLUMNS };

static const struct mo_column columns[N_COLUMNS] = {
	[COLUMN_PID] = { .key = "pid", .heading = "PID", .kind = MO_CELL_SIGNED, .help = "task that waits" },
	[COLUMN_COMM] = { .key = "comm", .heading = "COMMAND", .kind = MO_CELL_TEXT, .flags = MO_COLUMN_TRUNCATE, .help = "its name" },
	[COLUMN_REST] = { .key = "off_cpu_seconds", .heading = "OFF CPU", .kind = MO_CELL_SECONDS,
			  .help = "time since it last ran (se.exec_start)" },
	[COLUMN_IN] = { .key = "activity", .heading = "IN", .kind = MO_CELL_TEXT, .flags = MO_COLUMN_WRAP,
			.help = "direct reclaim, compaction and the like; empty: none of them" },
	[COLUMN_LOCK] = { .key = "lock", .heading = "WAITS FOR", .kind = MO_CELL_TEXT, .flags = MO_COLUMN_WRAP,
			  .help = "mutex or semaphore; empty: none" },
	[COLUMN_HOLDER] = { .key = "holder", .heading = "HELD BY", .kind = MO_CELL_TEXT, .flags = MO_COLUMN_WRAP,
			    .help = "the lock's owner; of a semaphore that readers hold, the last that took it" },
	[COLUMN_HOLDER_IN] = { .key = "holder_in", .heading = "WHICH IS IN", .kind = MO_CELL_TEXT, .flags = MO_COLUMN_WRAP,
			       .help = "the first function on the owner's stack that is no waiting as such" },
	[COLUMN_STATE] = { .key = "state", .heading = "STATE", .kind = MO_CELL_TEXT, .flags = MO_COLUMN_HIDDEN,
			   .help = "of the task, as in /proc/PID/status" },
	[COLUMN_ADDRESS] = { .key = "lock_address", .heading = "LOCK", .kind = MO_CELL_ADDRESS, .flags = MO_COLUMN_HIDDEN,
			     .help = "where the lock is" },
};

const struct mo_table_spec stack_waits_table = {
	.name = "waits",
	.title = "Tasks that wait for memory or for a lock",
	.help = "Tasks on no CPU that are in the middle of getting memory, or sleep on a mutex or a read-write semaphore.",
	.columns = columns,
	.n_columns = N_COLUMNS,
};

static const struct mo_task_stack *stack_of(const struct stacks_state *state, uint32_t task)
{
	/* In the order of the tasks, with those missing whose stack could not be found. */
	size_t i = mo_lower_bound(state->model.n_stacks, at, state->model.stacks[at].task < task);

	return i < state->model.n_stacks && state->model.stacks[i].task == task && task != MO_STACK_NO_TASK ?
		       &state->model.stacks[i] : NULL;
}

static bool is_wait(const struct mo_task_stack *stack)
{
	return stack->cpu < 0 && (stack->activity != MO_ACTIVITY_OTHER || stack->lock_kind != MO_LOCK_NONE);
}

static int compare_rest(const void *left, const void *right)
{
	const struct mo_task_stack *a = *(const struct mo_task_stack *const *)left;
	const struct mo_task_stack *b = *(const struct mo_task_stack *const *)right;

	/* Who waits for memory first. */
	if ((a->activity != MO_ACTIVITY_OTHER) != (b->activity != MO_ACTIVITY_OTHER))
		return a->activity != MO_ACTIVITY_OTHER ? -1 : 1;
	if (a->rest_ns != b->rest_ns)
		return a->rest_ns > b->rest_ns ? -1 : 1;
	return a < b ? -1 : a > b;
}

static void write_wait(const struct stacks_state *state, struct mo_report *report, const struct mo_task_stack *stack)
{
	const struct mo_task *task = task_of(state->tasks, stack->task);
	const struct mo_task *holder = task_of(state->tasks, stack->holder);
	const struct mo_task_stack *holders = holder ? stack_of(state, stack->holder) : NULL;
	const char *activity = activity_words(stack->activity);
	const char letter[2] = { task ? task->state : '?', '\0' };
	char lock[FUNCTION_BYTES] = "";
	char owner[MO_TASK_COMM_BYTES + 32] = "";
	char path[FUNCTION_BYTES] = "";
	struct mo_cell cells[N_COLUMNS] = {
		[COLUMN_PID] = task ? mo_cell_signed(task->pid) : mo_cell_unknown(),
		[COLUMN_COMM] = mo_cell_text(task ? task->comm : NULL),
		[COLUMN_REST] = mo_cell_number(stack->has_rest_ns ? mo_exact(stack->rest_ns) : mo_unknown()),
		[COLUMN_IN] = mo_cell_text(activity ? activity : ""),
		[COLUMN_LOCK] = mo_cell_text(""),
		[COLUMN_HOLDER] = mo_cell_text(""),
		[COLUMN_HOLDER_IN] = mo_cell_text(""),
		[COLUMN_STATE] = mo_cell_text(letter),
		[COLUMN_ADDRESS] = mo_cell_number(stack->lock_kva ? mo_exact(stack->lock_kva) : mo_unknown()),
	};

	if (stack->lock_kind != MO_LOCK_NONE) {
		put_lock(mo_run_kernel(state->run), stack, lock, sizeof(lock));
		cells[COLUMN_LOCK] = mo_cell_text(lock);
		if (holder)
			snprintf(owner, sizeof(owner), "%s%s (PID %d)", stack->is_held_by_readers ? "reader " : "", holder->comm,
				 (int)holder->pid);
		cells[COLUMN_HOLDER] = mo_cell_text(holder ? owner : NULL);
		if (holders)
			put_path(state, holders, 1, path, sizeof(path));
		cells[COLUMN_HOLDER_IN] = mo_cell_text(*path ? path : NULL);
	}
	mo_report_row(report, cells);
}

bool write_waits(struct mo_run *run, struct mo_report *report, const bool *wanted)
{
	const struct stacks_state *state = mo_run_model(run);
	const struct mo_task_stack **waits = calloc(state->model.n_stacks + 1, sizeof(*waits));
	size_t n = 0;

	for (size_t i = 0; waits && i < state->model.n_stacks; i++)
		if ((!wanted || wanted[i]) && is_wait(&state->model.stacks[i]))
			waits[n++] = &state->model.stacks[i];
	if (n) {
		qsort(waits, n, sizeof(*waits), compare_rest);
		mo_report_table_begin(report, &stack_waits_table);
		for (size_t i = 0; i < n; i++)
			write_wait(state, report, waits[i]);
		mo_report_table_end(report);
	}
	free(waits);
	return n;
}

struct mo_error *show_waits(struct mo_run *run, struct mo_report *report)
{
	const struct stacks_state *state = mo_run_model(run);
	char path[1024];
	char task[MO_TASK_COMM_BYTES + 32];

	if (state->model.panicked != SIZE_MAX) {
		const struct mo_task_stack *stack = &state->model.stacks[state->model.panicked];

		put_path(state, stack, PATH_FRAMES, path, sizeof(path));
		put_task(state->tasks, stack, task, sizeof(task));
		mo_report_note(report, "CPU %d panicked in %s%s%s%s", (int)stack->cpu, task, *path ? ": " : ".", path,
			       *path ? "." : "");
	}
	mo_run_show_findings(run, report);
	(void)write_waits(run, report, NULL);
	return NULL;
}
