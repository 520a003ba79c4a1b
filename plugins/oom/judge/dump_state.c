/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the dump itself says: kills counted since boot, tasks marked as victims, the reaper's list, swap and memory now. */
#include "gathering.h"

#include <memopsy/walk.h>

#include <string.h>

#define MAX_REAPING 1000

/* The kernel counts kills by CPU; those of CPUs that went away were added to others. */
static struct mo_count count_kills(struct oom_state *state)
{
	const struct oom_layout *layout = state->layout;
	struct mo_set cpus;
	struct mo_error *error;
	uint64_t sum = 0;

	if (!mo_has(&layout->vm_event_states) || !mo_has(&layout->vm_events) || !mo_has(&layout->oom_kill_event) ||
	    layout->oom_kill_event.value < 0 || (uint64_t)layout->oom_kill_event.value >= layout->vm_events.n_elements)
		return mo_unknown();
	error = mo_cpus(state->reader, MO_CPUS_POSSIBLE, &cpus);
	for (int cpu = error ? -1 : mo_set_next(&cpus, 0); cpu >= 0 && !error; cpu = mo_set_next(&cpus, (unsigned)cpu + 1)) {
		uint64_t kva = 0;
		uint64_t value = 0;

		error = mo_percpu(state->reader, layout->vm_event_states.kva, (unsigned)cpu, &kva);
		if (!error)
			error = mo_read_element(state->reader, &layout->vm_events, kva,
						(uint64_t)layout->oom_kill_event.value, &value);
		sum += value;
	}
	if (error) {
		mo_error_destroy(error);
		return mo_unknown();
	}
	/* A part may be negative where CPUs went away; the sum of a machine that lives is small. */
	return sum >> 40 ? mo_unknown() : mo_exact(sum);
}

static void mark(struct oom_state *state, size_t task, const char *what)
{
	for (size_t i = 0; i < state->n_marked; i++)
		if (state->marked[i].task == task && state->marked[i].mark == what)
			return;
	if (state->n_marked < MAX_MARKED)
		state->marked[state->n_marked++] = (struct marked_task){ .task = (uint32_t)task, .mark = what };
}

static size_t task_at(const struct oom_state *state, uint64_t task_kva)
{
	size_t i = 0;

	while (i < state->tasks->n_tasks && state->tasks->tasks[i].kva != task_kva)
		i++;
	return i;
}

static uint64_t read_or_zero(const struct oom_state *state, const struct mo_field *field, uint64_t kva)
{
	uint64_t value = 0;

	if (mo_has(field) && kva)
		mo_error_destroy(mo_read_field(state->reader, field, kva, &value));
	return value;
}

static void mark_victims(struct oom_state *state)
{
	for (size_t i = 0; i < state->tasks->n_tasks; i++) {
		const struct mo_task *task = &state->tasks->tasks[i];

		if (task->leader != i || task->is_kernel_thread || !task->is_readable)
			continue;
		if (read_or_zero(state, &state->layout->oom_mm, read_or_zero(state, &state->layout->signal, task->kva)))
			mark(state, i, "killed by the OOM killer, not gone yet");
	}
}

static void mark_reaped(struct oom_state *state)
{
	const struct oom_layout *layout = state->layout;
	struct mo_chain_walk walk;
	uint64_t node_kva = 0;

	if (!mo_has(&layout->oom_reaper_list) || !mo_has(&layout->reaper_next))
		return;
	mo_error_destroy(mo_read_pointer(state->reader, layout->oom_reaper_list.kva, &node_kva));
	if (!node_kva)
		return;
	mo_chain_begin(&walk, state->reader, node_kva, layout->reaper_next.offset_bytes, MAX_REAPING);
	while (mo_chain_next(&walk, &node_kva)) {
		size_t task = task_at(state, node_kva);

		if (task < state->tasks->n_tasks)
			mark(state, task, "waits for the OOM reaper");
	}
	mo_error_destroy(mo_chain_end(&walk));
}

/* Who holds oom_lock is in the OOM killer, or about to be: the lowest three bits are the mutex's own. */
static void find_killer(struct oom_state *state)
{
	uint64_t owner = 0;
	size_t task;

	if (!mo_has(&state->layout->oom_lock) || !mo_has(&state->layout->mutex_owner))
		return;
	owner = read_or_zero(state, &state->layout->mutex_owner, state->layout->oom_lock.kva) & ~7ull;
	task = task_at(state, owner);
	if (!owner || task == state->tasks->n_tasks)
		return;
	state->in_oom_task_kva = owner;
	mark(state, task, "in the OOM killer (holds oom_lock)");
}

static struct mo_count meminfo_bytes(const struct oom_state *state, const char *label)
{
	const struct mo_meminfo_line *line = mo_meminfo_find(state->zones, label);
	struct mo_count value = line ? line->value : mo_unknown();

	value.value *= 1024;
	return value;
}

static int small_number(const struct oom_state *state, const struct mo_address *symbol)
{
	uint32_t value = 0;
	struct mo_error *error;

	if (!mo_has(symbol))
		return -1;
	error = mo_read_u32(state->reader, symbol->kva, &value);
	return mo_error_destroy(error) || value > 100 ? -1 : (int)value;
}

void gather_dump_state(struct oom_state *state)
{
	int victims = small_number(state, &state->layout->oom_victims);

	state->model.kills_counted = count_kills(state);
	state->victims_in_flight = victims >= 0 ? mo_exact((uint64_t)victims) : mo_unknown();
	state->panic_on_oom = small_number(state, &state->layout->panic_on_oom);
	state->swap_total_bytes = meminfo_bytes(state, "SwapTotal");
	state->swap_free_bytes = meminfo_bytes(state, "SwapFree");
	state->available_bytes = meminfo_bytes(state, "MemAvailable");
	state->total_bytes = meminfo_bytes(state, "MemTotal");
	mark_victims(state);
	mark_reaped(state);
	find_killer(state);
}
