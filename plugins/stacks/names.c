/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Functions of frames, and locks, in the words in which the kernel prints them. */
#include "gathering.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

bool function_at(const struct stacks_state *state, const struct mo_stack_frame *frame, struct mo_symbol *ret)
{
	return !mo_error_destroy(mo_symbols_at(mo_kernel_symbols(mo_run_kernel(state->run)), mo_frame_lookup_kva(frame), ret));
}

/* The compiler appends ".constprop.0", ".isra.0", ".part.0", ".cold" */
bool is_function(const struct mo_symbol *symbol, const char *name)
{
	size_t n = strlen(name);

	return !strncmp(symbol->name, name, n) && (!symbol->name[n] || symbol->name[n] == '.');
}

void put_function(const struct mo_kernel *kernel, const struct mo_stack_frame *frame, char *text, size_t n_bytes)
{
	struct mo_symbol symbol;
	int n;

	if (mo_error_destroy(mo_symbols_at(mo_kernel_symbols(kernel), mo_frame_lookup_kva(frame), &symbol))) {
		snprintf(text, n_bytes, "0x%" PRIx64, frame->instruction_kva);
		return;
	}
	n = snprintf(text, n_bytes, "%s+0x%" PRIx64, symbol.name, frame->instruction_kva - symbol.value_kva);
	if (symbol.size_bytes && n > 0 && (size_t)n < n_bytes)
		n += snprintf(text + n, n_bytes - (size_t)n, "/0x%" PRIx64, symbol.size_bytes);
	if (symbol.module && n > 0 && (size_t)n < n_bytes)
		snprintf(text + n, n_bytes - (size_t)n, " [%s]", symbol.module);
}

void put_lock(const struct mo_kernel *kernel, const struct mo_task_stack *stack, char *text, size_t n_bytes)
{
	const char *kind = stack->lock_kind == MO_LOCK_MUTEX ? "mutex" : "semaphore";
	struct mo_symbol symbol;

	if (!stack->lock_kva)
		snprintf(text, n_bytes, "a %s", kind);
	else if (mo_error_destroy(mo_symbols_at(mo_kernel_symbols(kernel), stack->lock_kva, &symbol)))
		snprintf(text, n_bytes, "%s at 0x%" PRIx64, kind, stack->lock_kva);
	else if (symbol.value_kva == stack->lock_kva)
		snprintf(text, n_bytes, "%s %s%s%s%s", kind, symbol.name, symbol.module ? " [" : "",
			 symbol.module ? symbol.module : "", symbol.module ? "]" : "");
	else
		snprintf(text, n_bytes, "%s %s+0x%" PRIx64 "%s%s%s", kind, symbol.name, stack->lock_kva - symbol.value_kva,
			 symbol.module ? " [" : "", symbol.module ? symbol.module : "", symbol.module ? "]" : "");
}

void put_duration(uint64_t ns, char *text, size_t n_bytes)
{
	double seconds = (double)ns / 1e9;

	if (seconds < 600)
		snprintf(text, n_bytes, "%.1f s", seconds);
	else if (seconds < 7200)
		snprintf(text, n_bytes, "%.0f min", seconds / 60);
	else
		snprintf(text, n_bytes, "%.1f h", seconds / 3600);
}

/* Where every task is that waits: kernel/sched/, kernel/locking/, kernel/time/. */
static bool is_waiting_function(const char *name)
{
	static const char *const prefixes[] = { "schedule", "__schedule", "io_schedule", "preempt_schedule", "__cond_resched",
						"mutex_lock", "__mutex_lock", "__ww_mutex_lock", "down_read", "down_write",
						"rwsem_down_", "__down_", "down_", "rt_mutex_", "__rt_mutex_", "wait_for_",
						"__wait_for_common", "do_wait_for_common", "do_nanosleep", "msleep",
						"prepare_to_", "__switch_to", "context_switch", "do_task_dead", "__wait_on_",
						"out_of_line_wait_on", "bit_wait" };

	for (size_t i = 0; i < sizeof(prefixes) / sizeof(prefixes[0]); i++)
		if (!strncmp(name, prefixes[i], strlen(prefixes[i])))
			return true;
	return false;
}

const struct mo_stack_frame *telling_frame(const struct stacks_state *state, const struct mo_task_stack *stack)
{
	for (size_t i = 0; i < stack->n_frames; i++) {
		const struct mo_stack_frame *frame = &state->model.frames[stack->first_frame + i];
		struct mo_symbol symbol;

		if (frame->found != MO_FRAME_BY_SEARCH && function_at(state, frame, &symbol) && !is_waiting_function(symbol.name))
			return frame;
	}
	return NULL;
}

void put_path(const struct stacks_state *state, const struct mo_task_stack *stack, size_t n_most, char *text, size_t n_bytes)
{
	const struct mo_stack_frame *frame = telling_frame(state, stack);
	const struct mo_stack_frame *end = state->model.frames + stack->first_frame + stack->n_frames;
	size_t n_done = 0;

	*text = '\0';
	for (size_t i = 0; frame && frame < end && i < n_most && n_done < n_bytes; frame++) {
		struct mo_symbol symbol;

		if (frame->found == MO_FRAME_BY_SEARCH || !function_at(state, frame, &symbol))
			continue;
		n_done += (size_t)snprintf(text + n_done, n_bytes - n_done, "%s%s%s%s%s", i++ ? " < " : "", symbol.name,
					   symbol.module ? " [" : "", symbol.module ? symbol.module : "", symbol.module ? "]" : "");
	}
}

void put_task(const struct mo_tasks_model *tasks, const struct mo_task_stack *stack, char *text, size_t n_bytes)
{
	const struct mo_task *task = task_of(tasks, stack->task);

	if (task)
		snprintf(text, n_bytes, "%s (PID %d)", task->comm, (int)task->pid);
	else
		snprintf(text, n_bytes, "swapper/%d", (int)stack->cpu);
}
