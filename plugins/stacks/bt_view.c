/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* `memopsy bt [PID]...`: kernel stacks. */
#include <memopsy/numbers.h>

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gathering.h"

#define MAX_NAMED_TASKS 8

enum { COLUMN_STACK, COLUMN_TASKS, COLUMN_PID, COLUMN_COMM, COLUMN_STATE, COLUMN_CPU, COLUMN_REST, COLUMN_ACTIVITY, COLUMN_LOCK,
       COLUMN_HOLDER, COLUMN_FRAME, COLUMN_FUNCTION, COLUMN_FOUND, COLUMN_INTERRUPTED, COLUMN_ADDRESS, COLUMN_AT, COLUMN_END,
       COLUMN_TASK, N_COLUMNS };

static const struct mo_column columns[N_COLUMNS] = {
	[COLUMN_STACK] = { .key = "stack", .heading = "STACK", .kind = MO_CELL_COUNT, .flags = MO_COLUMN_HIDDEN,
			   .help = "number of the stack in this output, from 0" },
	[COLUMN_TASKS] = { .key = "tasks", .heading = "TASKS", .kind = MO_CELL_COUNT, .help = "tasks with this very stack" },
	[COLUMN_PID] = { .key = "pid", .heading = "PID", .kind = MO_CELL_SIGNED, .help = "of the task, or of the first of them" },
	[COLUMN_COMM] = { .key = "comm", .heading = "COMMAND", .kind = MO_CELL_TEXT, .help = "its name; of several, those of the first few" },
	[COLUMN_STATE] = { .key = "state", .heading = "STATE", .kind = MO_CELL_TEXT, .help = "as in /proc/PID/status" },
	[COLUMN_CPU] = { .key = "cpu", .heading = "CPU", .kind = MO_CELL_SIGNED, .help = "on which it ran; unknown: on none" },
	[COLUMN_REST] = { .key = "off_cpu_seconds", .heading = "OFF CPU", .kind = MO_CELL_SECONDS,
			  .help = "time since it last ran (se.exec_start); of several, the longest" },
	[COLUMN_ACTIVITY] = { .key = "activity", .heading = "IN", .kind = MO_CELL_TEXT,
			      .help = "direct reclaim, compaction and the like, by the functions on the stack" },
	[COLUMN_LOCK] = { .key = "lock", .heading = "LOCK", .kind = MO_CELL_TEXT, .help = "mutex or semaphore that it waits for" },
	[COLUMN_HOLDER] = { .key = "holder", .heading = "HELD BY", .kind = MO_CELL_TEXT, .help = "its owner" },
	[COLUMN_FRAME] = { .key = "frame", .heading = "FRAME", .kind = MO_CELL_COUNT, .help = "from the innermost, 0" },
	[COLUMN_FUNCTION] = { .key = "function", .heading = "FUNCTION", .kind = MO_CELL_TEXT,
			      .help = "with offset, size and module, as the kernel prints it" },
	[COLUMN_FOUND] = { .key = "found_by", .heading = "FOUND BY", .kind = MO_CELL_TEXT, .flags = MO_COLUMN_HIDDEN,
			   .help = "start, orc, frame_pointer, or search: a word of the stack that may be a return address" },
	[COLUMN_INTERRUPTED] = { .key = "interrupted", .heading = "INTERRUPTED", .kind = MO_CELL_BOOL, .flags = MO_COLUMN_HIDDEN,
				 .help = "by an interrupt or exception; else it called the function before" },
	[COLUMN_ADDRESS] = { .key = "address", .heading = "ADDRESS", .kind = MO_CELL_ADDRESS, .flags = MO_COLUMN_HIDDEN,
			     .help = "of the next instruction in the frame" },
	[COLUMN_AT] = { .key = "stack_pointer", .heading = "STACK POINTER", .kind = MO_CELL_ADDRESS, .flags = MO_COLUMN_HIDDEN,
			.help = "in the frame" },
	[COLUMN_END] = { .key = "end", .heading = "END", .kind = MO_CELL_TEXT, .flags = MO_COLUMN_HIDDEN,
			 .help = "of the last frame: whole, user (mode), lost, unreadable, long (there are more), unknown" },
	[COLUMN_TASK] = { .key = "task", .heading = "STRUCT TASK_STRUCT", .kind = MO_CELL_ADDRESS, .flags = MO_COLUMN_HIDDEN,
			  .help = "where it is" },
};

static const char *const end_words[] = { [MO_STACK_UNKNOWN] = "unknown", [MO_STACK_WHOLE] = "whole", [MO_STACK_USER] = "user",
					 [MO_STACK_LOST] = "lost", [MO_STACK_UNREADABLE] = "unreadable", [MO_STACK_LONG] = "long" };
static const char *const found_words[] = { [MO_FRAME_START] = "start", [MO_FRAME_BY_RULE] = "orc",
					   [MO_FRAME_BY_POINTER] = "frame_pointer", [MO_FRAME_BY_SEARCH] = "search" };

static const char *text_of(const struct mo_cell *cell)
{
	return cell->as.text.bytes ? cell->as.text.bytes : "?";
}

static bool has_text(const struct mo_cell *cell)
{
	return cell->as.text.bytes && cell->as.text.n_bytes;
}

/* What stands above the frames: the task, and what it does. */
static void write_head(const struct mo_cell *cells, struct mo_line *line)
{
	uint64_t n_tasks = cells[COLUMN_TASKS].as.number.value;

	if (cells[COLUMN_STACK].as.number.value)
		mo_line_printf(line, "\n");
	if (n_tasks > 1)
		mo_line_printf(line, "%" PRIu64 " tasks: %s", n_tasks, text_of(&cells[COLUMN_COMM]));
	else
		mo_line_printf(line, "PID %" PRId64 "  %s", cells[COLUMN_PID].as.signed_number.value, text_of(&cells[COLUMN_COMM]));
	if (cells[COLUMN_CPU].as.signed_number.certainty == MO_EXACT)
		mo_line_printf(line, "  on CPU %" PRId64, cells[COLUMN_CPU].as.signed_number.value);
	else
		mo_line_printf(line, "  state %s", text_of(&cells[COLUMN_STATE]));
	if (cells[COLUMN_REST].as.number.certainty == MO_EXACT) {
		char text[32];

		put_duration(cells[COLUMN_REST].as.number.value, text, sizeof(text));
		mo_line_printf(line, "  off CPU for %s", text);
	}
	mo_line_printf(line, "\n");
	if (has_text(&cells[COLUMN_ACTIVITY]))
		mo_line_printf(line, "  in %s\n", text_of(&cells[COLUMN_ACTIVITY]));
	if (has_text(&cells[COLUMN_LOCK]))
		mo_line_printf(line, "  waits for %s, held by %s\n", text_of(&cells[COLUMN_LOCK]), text_of(&cells[COLUMN_HOLDER]));
}

static void write_end(const struct mo_cell *cells, struct mo_line *line)
{
	const char *end = text_of(&cells[COLUMN_END]);

	if (!strcmp(end, "user") && !has_text(&cells[COLUMN_FUNCTION]))
		mo_line_printf(line, "    (in user mode)\n");
	else if (!strcmp(end, "unknown"))
		mo_line_printf(line, "    (its registers are not in the dump)\n");
	else if (!strcmp(end, "lost"))
		mo_line_printf(line, "    (the stack could not be followed further)\n");
	else if (!strcmp(end, "unreadable"))
		mo_line_printf(line, "    (the rest is not in the dump)\n");
	else if (!strcmp(end, "long"))
		mo_line_printf(line, "    (there are more frames)\n");
}

static void bt_line(const struct mo_cell *cells, struct mo_line *line)
{
	bool is_searched = !strcmp(text_of(&cells[COLUMN_FOUND]), "search");

	if (!cells[COLUMN_FRAME].as.number.value)
		write_head(cells, line);
	if (has_text(&cells[COLUMN_FUNCTION]))
		mo_line_printf(line, "    %s%s%s\n", is_searched ? "? " : "", text_of(&cells[COLUMN_FUNCTION]),
			       cells[COLUMN_FRAME].as.number.value && cells[COLUMN_INTERRUPTED].as.number.value ? "  (interrupted)" : "");
	if (has_text(&cells[COLUMN_END]))
		write_end(cells, line);
}

const struct mo_table_spec stacks_table = {
	.name = "stacks",
	.title = "Kernel stacks",
	.help = "One row a frame, the innermost first. \"?\": a word of the stack that may be a return address, where nothing leads on.",
	.columns = columns,
	.n_columns = N_COLUMNS,
	.flags = MO_TABLE_NO_TITLE,
	.line = bt_line,
};

const struct mo_option bt_options[N_BT_OPTIONS] = {
	{ .name = "all", .letter = 'a', .help = "all tasks, equal stacks once" },
};

/* "kworker/0:1 (PID 12), kworker/1:0 (PID 17) and 5 more" */
static void put_members(const struct stacks_state *state, const struct stack_groups *groups, const struct stack_group *group,
			char *text, size_t n_bytes)
{
	size_t n_done = 0;

	for (size_t i = 0; i < group->n_members && i < MAX_NAMED_TASKS && n_done < n_bytes; i++) {
		const struct mo_task_stack *stack = &state->model.stacks[groups->members.items[group->first_member + i]];
		char task[MO_TASK_COMM_BYTES + 24];

		put_task(state->tasks, stack, task, sizeof(task));
		n_done += (size_t)snprintf(text + n_done, n_bytes - n_done, "%s%s", i ? ", " : "", task);
	}
	if (group->n_members > MAX_NAMED_TASKS && n_done < n_bytes)
		snprintf(text + n_done, n_bytes - n_done, " and %zu more", group->n_members - MAX_NAMED_TASKS);
}

static struct mo_count longest_rest(const struct stacks_state *state, const struct stack_groups *groups,
				    const struct stack_group *group)
{
	struct mo_count longest = mo_unknown();

	for (size_t i = 0; i < group->n_members; i++) {
		const struct mo_task_stack *stack = &state->model.stacks[groups->members.items[group->first_member + i]];

		if (stack->has_rest_ns && (longest.certainty != MO_EXACT || stack->rest_ns > longest.value))
			longest = mo_exact(stack->rest_ns);
	}
	return longest;
}

static void write_frames(const struct stacks_state *state, struct mo_report *report, const struct mo_task_stack *stack,
			 struct mo_cell cells[N_COLUMNS])
{
	for (size_t i = 0; i < stack->n_frames || !i; i++) {
		const struct mo_stack_frame *frame = stack->n_frames ? &state->model.frames[stack->first_frame + i] : NULL;
		char function[FUNCTION_BYTES];

		cells[COLUMN_FRAME] = mo_cell_number(mo_exact(i));
		cells[COLUMN_FUNCTION] = mo_cell_unknown();
		if (frame) {
			put_function(mo_run_kernel(state->run), frame, function, sizeof(function));
			cells[COLUMN_FUNCTION] = mo_cell_text(function);
			cells[COLUMN_FOUND] = mo_cell_text(found_words[frame->found]);
			cells[COLUMN_INTERRUPTED] = mo_cell_number(mo_exact(frame->is_interrupted));
			cells[COLUMN_ADDRESS] = mo_cell_number(mo_exact(frame->instruction_kva));
			cells[COLUMN_AT] = mo_cell_number(mo_exact(frame->stack_kva));
		}
		cells[COLUMN_END] = i + 1 >= stack->n_frames ? mo_cell_text(end_words[stack->end]) : mo_cell_text("");
		mo_report_row(report, cells);
	}
}

static void write_group(const struct stacks_state *state, struct mo_report *report, const struct stack_groups *groups, size_t index)
{
	const struct stack_group *group = &groups->groups.items[index];
	const struct mo_task_stack *stack = &state->model.stacks[groups->members.items[group->first_member]];
	const struct mo_task *task = task_of(state->tasks, stack->task);
	const struct mo_task *holder = task_of(state->tasks, stack->holder);
	char members[MAX_NAMED_TASKS * (MO_TASK_COMM_BYTES + 24)];
	char lock[FUNCTION_BYTES];
	char owner[MO_TASK_COMM_BYTES + 24];
	const char letter[2] = { task ? task->state : 'I', '\0' };
	const char *activity = activity_words(stack->activity);
	struct mo_cell cells[N_COLUMNS] = {
		[COLUMN_STACK] = mo_cell_number(mo_exact(index)),
		[COLUMN_TASKS] = mo_cell_number(mo_exact(group->n_members)),
		[COLUMN_PID] = mo_cell_signed(task ? task->pid : 0),
		[COLUMN_STATE] = mo_cell_text(task ? letter : "R"),
		[COLUMN_CPU] = stack->cpu >= 0 ? mo_cell_signed(stack->cpu) : mo_cell_unknown(),
		[COLUMN_REST] = mo_cell_number(longest_rest(state, groups, group)),
		[COLUMN_ACTIVITY] = mo_cell_text(activity ? activity : ""),
		[COLUMN_LOCK] = mo_cell_text(""),
		[COLUMN_HOLDER] = mo_cell_text(""),
		[COLUMN_TASK] = mo_cell_number(mo_exact(stack->task_kva)),
	};

	if (group->n_members > 1)
		put_members(state, groups, group, members, sizeof(members));
	else if (task)
		snprintf(members, sizeof(members), "%s", task->comm);
	else
		snprintf(members, sizeof(members), "swapper/%d", (int)stack->cpu);
	cells[COLUMN_COMM] = mo_cell_text(members);
	if (stack->lock_kind != MO_LOCK_NONE && group->n_members == 1) {
		put_lock(mo_run_kernel(state->run), stack, lock, sizeof(lock));
		cells[COLUMN_LOCK] = mo_cell_text(lock);
		snprintf(owner, sizeof(owner), "%s (PID %d)", holder ? holder->comm : "", holder ? (int)holder->pid : 0);
		cells[COLUMN_HOLDER] = mo_cell_text(holder ? owner : NULL);
	}
	write_frames(state, report, stack, cells);
}

/* Of the arguments: tasks of that PID, and the threads of a process of that PID. */
static struct mo_error *want_arguments(const struct stacks_state *state, bool *wanted)
{
	for (size_t i = 0; i < mo_run_argument_count(state->run); i++) {
		const char *text = mo_run_argument(state->run, i);
		uint64_t pid = 0;
		bool is_found = false;

		if (!mo_parse_number(text, &pid) || pid > INT32_MAX)
			return mo_error_create(MO_E_INVALID, "'%s' is no PID", text);
		for (size_t j = 0; j < state->model.n_stacks; j++) {
			const struct mo_task *task = task_of(state->tasks, state->model.stacks[j].task);

			if (task ? task->pid != (int32_t)pid && task->tgid != (int32_t)pid : pid != 0)
				continue;
			wanted[j] = is_found = true;
		}
		if (!is_found)
			return mo_error_create(MO_E_ABSENT, "no task has the PID %" PRIu64, pid);
	}
	return NULL;
}

static struct mo_error *write_bt(struct mo_run *run, struct mo_report *report, bool *wanted)
{
	const struct stacks_state *state = mo_run_model(run);
	bool is_all = mo_run_flag(run, "all");
	bool has_arguments = mo_run_argument_count(run);
	struct stack_groups groups = { .members = { 0 } };
	struct mo_error *error = has_arguments ? want_arguments(state, wanted) : NULL;

	for (size_t i = 0; i < state->model.n_stacks && !has_arguments; i++)
		wanted[i] = is_all || state->model.stacks[i].cpu >= 0;
	if (!error)
		error = group_stacks(&state->model, wanted, is_all && !has_arguments, &groups);
	if (!error) {
		mo_report_table_begin(report, &stacks_table);
		for (size_t i = 0; i < groups.groups.count; i++)
			write_group(state, report, &groups, i);
		mo_report_table_end(report);
		if (is_all && !has_arguments)
			(void)write_waits(run, report, wanted);
	}
	stack_groups_deinit(&groups);
	return error;
}

struct mo_error *show_bt(struct mo_run *run, struct mo_report *report)
{
	const struct stacks_state *state = mo_run_model(run);
	bool *wanted = calloc(state->model.n_stacks + 1, sizeof(*wanted));
	struct mo_error *error = wanted ? write_bt(run, report, wanted) : mo_error_no_memory();

	free(wanted);
	return error;
}
