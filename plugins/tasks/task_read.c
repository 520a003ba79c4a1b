/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One task: what its task_struct, signal_struct and cred say. */
#include "gathering.h"

#include <inttypes.h>
#include <string.h>

/* include/linux/sched.h */
#define TASK_REPORT 0x7fu
#define TASK_IDLE 0x402u
#define TASK_RTLOCK_WAIT 0x1000u /* 5.16 */
#define TASK_FROZEN 0x8000u      /* 6.1 */

/* task_state_index(), task_index_to_char() */
char task_state_letter(uint64_t state, uint64_t exit_state)
{
	static const char letters[] = "RSDTtXZPI";
	uint64_t shown = (state | exit_state) & TASK_REPORT;
	unsigned index = 0;

	if ((state & TASK_IDLE) == TASK_IDLE)
		shown = TASK_REPORT + 1;
	if (state & (TASK_RTLOCK_WAIT | TASK_FROZEN))
		shown = 2;
	while (shown) {
		index++;
		shown >>= 1;
	}
	return letters[index];
}

struct reading {
	struct tasks_state *state;
	struct mo_task *task;
	bool failed;
};

/* A number; false if it could not be read (which is noted) or this kernel has no such member. */
static bool take(struct reading *reading, const struct mo_field *field, uint64_t object_kva, uint64_t *ret)
{
	struct mo_error *error;

	if (!mo_has(field) || !object_kva || !field->width_bytes)
		return false;
	error = mo_read_field(reading->state->reader, field, object_kva, ret);
	if (!error)
		return true;
	if (reading->failed)
		mo_error_destroy(error);
	else
		mo_trouble_note(&reading->state->unreadable_tasks,
			     mo_error_prepend(error, "task at 0x%" PRIx64, reading->task->kva));
	reading->failed = true;
	return false;
}

static int32_t take_pid(struct reading *reading, const struct mo_field *field, uint64_t object_kva)
{
	uint64_t value = 0;

	return take(reading, field, object_kva, &value) ? (int32_t)value : -1;
}

static void take_comm(struct reading *reading)
{
	struct mo_task *task = reading->task;
	struct mo_error *error = mo_read_field_string(reading->state->reader, &reading->state->layout->task.comm, task->kva,
						      task->comm, sizeof(task->comm));

	if (!error)
		return;
	snprintf(task->comm, sizeof(task->comm), "?");
	if (!reading->failed)
		mo_trouble_note(&reading->state->unreadable_tasks, error);
	else
		mo_error_destroy(error);
	reading->failed = true;
}

static void take_relations(struct reading *reading)
{
	const struct tasks_layout *layout = reading->state->layout;
	struct mo_task *task = reading->task;
	uint64_t value = 0;
	uint64_t at_kva = 0;

	if (take(reading, &layout->task.real_parent, task->kva, &at_kva))
		task->ppid = take_pid(reading, &layout->task.tgid, at_kva);
	if (take(reading, &layout->task.cred, task->kva, &at_kva))
		task->has_uid = take(reading, &layout->euid, at_kva, &value);
	task->uid = (uint32_t)value;
	if (take(reading, &layout->task.signal, task->kva, &at_kva) &&
	    take(reading, &layout->signal.oom_score_adj, at_kva, &value)) {
		task->oom_score_adj = (int16_t)value;
		task->has_oom_score_adj = true;
	}
}

/* What the thread has counted and not yet added to its mm: pages by kind. */
static void take_pending(struct reading *reading, int64_t pending[MO_N_MM_COUNTERS])
{
	const struct tasks_layout *layout = reading->state->layout;
	const struct mo_field *cache = &layout->task.rss_cache;

	memset(pending, 0, MO_N_MM_COUNTERS * sizeof(pending[0]));
	if (!mo_has(cache) || cache->width_bytes != 4)
		return;
	for (unsigned i = 0; i < MO_N_MM_COUNTERS; i++) {
		uint32_t value = 0;
		struct mo_error *error;

		if (!mo_has(&layout->counters[i]) || layout->counters[i].value < 0 ||
		    (uint64_t)layout->counters[i].value >= cache->n_elements)
			continue;
		error = mo_read_u32(reading->state->reader,
				    mo_element_kva(cache, reading->task->kva, (uint64_t)layout->counters[i].value), &value);
		mo_error_destroy(error);
		pending[i] = (int32_t)value;
	}
}

void read_task(struct tasks_state *state, uint64_t task_kva, size_t index)
{
	const struct tasks_layout *layout = state->layout;
	struct mo_task *task = &state->tasks[index];
	struct reading reading = { .state = state, .task = task };
	uint64_t flags = 0;
	uint64_t run_state = 0;
	uint64_t exit_state = 0;
	bool has_state;

	*task = (struct mo_task){ .kva = task_kva, .mm = MO_TASK_NONE, .ppid = -1, .state = '?' };
	state->css_sets[index] = 0;
	task->pid = take_pid(&reading, &layout->task.pid, task_kva);
	task->tgid = take_pid(&reading, &layout->task.tgid, task_kva);
	take_comm(&reading);
	if (take(&reading, &layout->task.flags, task_kva, &flags)) {
		task->flags = (uint32_t)flags;
		task->is_kernel_thread = flags & PF_KTHREAD;
	}
	has_state = take(&reading, &layout->task.state, task_kva, &run_state);
	if (take(&reading, &layout->task.exit_state, task_kva, &exit_state) && has_state)
		task->state = task_state_letter(run_state, exit_state);
	if (!take(&reading, &layout->task.start_ns, task_kva, &task->start_ns))
		task->start_ns = 0;
	if (!take(&reading, &layout->task.mm, task_kva, &task->mm_kva))
		task->mm_kva = 0;
	if (!take(&reading, &layout->task.cgroups, task_kva, &state->css_sets[index]))
		state->css_sets[index] = 0;
	take_relations(&reading);
	take_pending(&reading, state->pending[index]);
	task->is_readable = !reading.failed;
}
