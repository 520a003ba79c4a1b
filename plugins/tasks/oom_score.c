/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * /proc/PID/oom_score: oom_badness() (mm/oom_kill.c) and proc_oom_score() (fs/proc/base.c) as they are since 5.9
 * (9066e5cfb73c). For older kernels, whose formula differed, it is not known.
 */
#include "gathering.h"

/* The task of this thread group that has an mm (find_lock_task_mm()); MO_TASK_NONE: none has. */
static uint32_t task_with_mm(const struct tasks_state *state, uint32_t index)
{
	uint32_t leader = state->tasks[index].leader;

	if (state->tasks[index].mm_kva)
		return index;
	for (uint32_t i = leader; i < leader + state->tasks[leader].n_threads && i < state->n_tasks; i++)
		if (state->tasks[i].mm_kva)
			return i;
	return MO_TASK_NONE;
}

/* in_vfork(): its parent waits until it lets go of the mm that both use. */
static bool in_vfork(const struct tasks_state *state, const struct mo_task *task)
{
	const struct tasks_layout *layout = state->layout;
	uint64_t vfork_done = 0;
	uint64_t parent_kva = 0;
	uint64_t parent_mm_kva = 0;
	struct mo_error *error;

	if (!mo_has(&layout->task.vfork_done))
		return false;
	error = mo_read_field(state->reader, &layout->task.vfork_done, task->kva, &vfork_done);
	if (!error && !vfork_done)
		return false;
	if (!error)
		error = mo_read_field(state->reader, &layout->task.real_parent, task->kva, &parent_kva);
	if (!error)
		error = mo_read_field(state->reader, &layout->task.mm, parent_kva, &parent_mm_kva);
	if (error) {
		mo_error_destroy(error);
		return false;
	}
	return parent_mm_kva == task->mm_kva;
}

/* totalram_pages() + total_swap_pages; 0: not known. */
static int64_t total_pages(const struct tasks_state *state)
{
	const struct tasks_layout *layout = state->layout;
	uint64_t ram = 0;
	uint64_t swap = 0;
	struct mo_error *error;

	if (!mo_has(&layout->totalram_pages))
		return 0;
	error = mo_read_pointer(state->reader, layout->totalram_pages.kva, &ram);
	if (!error && mo_has(&layout->total_swap_pages))
		error = mo_read_pointer(state->reader, layout->total_swap_pages.kva, &swap);
	if (error) {
		mo_error_destroy(error);
		return 0;
	}
	/* No machine has more; beyond, the sums below would not fit. */
	return ram && ram <= INT64_MAX / 4000 && swap <= INT64_MAX / 4000 - ram ? (int64_t)(ram + swap) : 0;
}

static struct mo_count score_of(const struct tasks_state *state, uint32_t index, int64_t total)
{
	uint32_t holder = task_with_mm(state, index);
	const struct mo_task *task;
	const struct mo_mm *mm;
	int64_t points;

	if (state->tasks[index].is_kernel_thread || state->tasks[index].tgid == 1 || holder == MO_TASK_NONE)
		return mo_exact(0);
	task = &state->tasks[holder];
	mm = &state->mms[task->mm];
	if (!task->has_oom_score_adj || task->oom_score_adj < OOM_SCORE_ADJ_MIN || task->oom_score_adj > -OOM_SCORE_ADJ_MIN ||
	    !mm->is_readable)
		return mo_unknown();
	if (task->oom_score_adj == OOM_SCORE_ADJ_MIN || mm->flags >> MMF_OOM_SKIP & 1 || in_vfork(state, task))
		return mo_exact(0);
	if (mm->oom_pages.certainty != MO_EXACT || mm->oom_pages.value > INT64_MAX / 4000)
		return mo_unknown();
	points = (int64_t)mm->oom_pages.value + task->oom_score_adj * (total / 1000);
	/* The kernel computes with unsigned longs from here on; a negative sum wraps, and so it does here. */
	return mo_exact((uint64_t)((1000 + points * 1000 / total) * 2 / 3));
}

void gather_oom_scores(struct tasks_state *state)
{
	int64_t total = mo_has(&state->layout->since_5_9) ? total_pages(state) : 0;

	for (uint32_t i = 0; i < state->n_tasks; i++)
		state->tasks[i].oom_score = total ? score_of(state, i, total) : mo_unknown();
}
