/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Kernel stacks: of the tasks of the list, of the idle tasks, which are on none, and of each CPU's interrupts. */
#include <memopsy/walk.h>
#include <stdlib.h>

#include "gathering.h"

static struct mo_error *add_stack(struct whatis_state *state, uint64_t first_kva, uint64_t n_bytes, const struct stack *stack)
{
	struct stack *grown;

	if (!first_kva || !n_bytes || first_kva > UINT64_MAX - n_bytes)
		return NULL;
	if (!(state->n_stacks & (state->n_stacks - 1))) {
		grown = reallocarray(state->stack_infos, state->n_stacks ? state->n_stacks * 2 : 1, sizeof(*grown));
		if (!grown)
			return mo_error_no_memory();
		state->stack_infos = grown;
	}
	state->stack_infos[state->n_stacks] = *stack;
	return add_range(&state->stacks, first_kva, first_kva + n_bytes, (uint32_t)state->n_stacks++);
}

static uint64_t stack_bytes_at(const struct whatis_state *state, uint64_t kva)
{
	const struct mo_vmap_area *area = state->vmap ? mo_vmap_area_at(state->vmap, kva) : NULL;

	if (mo_has(&state->layout->stack) && state->layout->stack.bytes <= MAX_STACK_BYTES)
		return state->layout->stack.bytes;
	/* The last page of the area guards it. */
	if (area && area->first_kva == kva && area->end_kva - kva > state->page_bytes && area->end_kva - kva <= MAX_STACK_BYTES)
		return area->end_kva - kva - state->page_bytes;
	return 0;
}

bool is_stack_caller(const struct whatis_state *state, uint64_t caller_kva)
{
	for (size_t i = 0; i < state->n_stack_callers; i++)
		if (state->stack_callers[i] == caller_kva)
			return caller_kva != 0;
	return false;
}

static void note_stack_caller(struct whatis_state *state, uint64_t stack_kva)
{
	const struct mo_vmap_area *area = state->vmap ? mo_vmap_area_at(state->vmap, stack_kva) : NULL;

	if (area && area->has_vm && area->first_kva == stack_kva && !is_stack_caller(state, area->caller_kva) &&
	    state->n_stack_callers < MAX_STACK_CALLERS)
		state->stack_callers[state->n_stack_callers++] = area->caller_kva;
}

static struct mo_error *add_stack_of(struct whatis_state *state, uint64_t task_kva, struct stack *stack)
{
	uint64_t stack_kva = 0;
	struct mo_error *error = mo_read_field(mo_run_reader(state->run), &state->layout->task_stack, task_kva, &stack_kva);

	if (error)
		return only_fatal(error);
	stack->task_kva = task_kva;
	note_stack_caller(state, stack_kva);
	return add_stack(state, stack_kva, stack_bytes_at(state, stack_kva), stack);
}

static struct mo_error *add_task_stacks(struct whatis_state *state)
{
	struct mo_error *error = NULL;

	for (size_t i = 0; state->tasks && i < state->tasks->n_tasks && !error; i++) {
		const struct mo_task *task = &state->tasks->tasks[i];
		struct stack stack = { .pid = task->pid, .cpu = -1 };

		memcpy(stack.comm, task->comm, sizeof(stack.comm) - 1);
		error = add_stack_of(state, task->kva, &stack);
	}
	return error;
}

/* The idle task of a CPU, as the kernel keeps it for when the CPU comes up (kernel/smpboot.c). */
static struct mo_error *add_idle_stack(struct whatis_state *state, unsigned cpu)
{
	struct mo_reader *reader = mo_run_reader(state->run);
	struct stack stack = { .cpu = (int32_t)cpu };
	uint64_t at_kva = 0;
	uint64_t task_kva = 0;
	struct mo_error *error;

	if (!mo_has(&state->layout->idle_threads))
		return NULL;
	error = mo_percpu(reader, state->layout->idle_threads.kva, cpu, &at_kva);
	if (!error)
		error = mo_read_pointer(reader, at_kva, &task_kva);
	if (error || !task_kva)
		return only_fatal(error);
	if (mo_has(&state->layout->task_comm))
		error = only_fatal(mo_read_field_string(reader, &state->layout->task_comm, task_kva, stack.comm,
							sizeof(stack.comm)));
	return error ? error : add_stack_of(state, task_kva, &stack);
}

/* The per-CPU pointer holds where the stack begins to grow down: at its end, or one word below it. */
static struct mo_error *add_irq_stack(struct whatis_state *state, unsigned cpu)
{
	const struct whatis_layout *layout = state->layout;
	struct mo_reader *reader = mo_run_reader(state->run);
	uint64_t pointer_kva = layout->hardirq_stack.kva;
	const struct mo_vmap_area *area;
	uint64_t at_kva = 0;
	uint64_t top_kva = 0;
	struct mo_error *error;

	if (!state->vmap)
		return NULL;
	if (mo_has(&layout->pcpu_hot) && mo_has(&layout->pcpu_hot_hardirq_stack))
		pointer_kva = layout->pcpu_hot.kva + layout->pcpu_hot_hardirq_stack.offset_bytes;
	else if (!mo_has(&layout->hardirq_stack))
		return NULL;
	error = mo_percpu(reader, pointer_kva, cpu, &at_kva);
	if (!error)
		error = mo_read_pointer(reader, at_kva, &top_kva);
	if (error || !top_kva)
		return only_fatal(error);
	area = mo_vmap_area_at(state->vmap, top_kva - 1);
	if (!area || area->end_kva - area->first_kva <= state->page_bytes)
		return NULL;
	return add_stack(state, area->first_kva, area->end_kva - area->first_kva - state->page_bytes,
			 &(const struct stack){ .cpu = (int32_t)cpu, .is_irq = true });
}

static struct mo_error *add_cpu_stacks(struct whatis_state *state)
{
	struct mo_set cpus = { .n_bits = 0 };
	struct mo_error *error = mo_cpus(mo_run_reader(state->run), MO_CPUS_POSSIBLE, &cpus);

	for (int cpu = error ? -1 : mo_set_next(&cpus, 0); cpu >= 0 && !error; cpu = mo_set_next(&cpus, (unsigned)cpu + 1)) {
		error = add_idle_stack(state, (unsigned)cpu);
		if (!error)
			error = add_irq_stack(state, (unsigned)cpu);
	}
	return only_fatal(error);
}

struct mo_error *gather_stacks(struct whatis_state *state)
{
	struct mo_error *error;

	if (!mo_has(&state->layout->task_stack))
		return NULL;
	error = add_task_stacks(state);
	if (!error && mo_has(&state->layout->init_task))
		error = add_stack_of(state, state->layout->init_task.kva,
				     &(struct stack){ .cpu = 0, .comm = "swapper/0" });
	if (!error)
		error = add_cpu_stacks(state);
	sort_ranges(&state->stacks);
	return error;
}
