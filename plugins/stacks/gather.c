/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The stacks plugin: kernel stacks of all tasks, and what follows from them. */
#include "gathering.h"

#include <stdlib.h>

/* The kernel's clocks begin with the boot: no task rests for a century. */
#define MAX_REST_NS (100ull * 365 * 86400 * 1000000000)

static void find_rest(const struct stacks_state *state, struct mo_task_stack *stack)
{
	const struct stacks_layout *layout = state->layout;
	bool by_start = mo_has(&layout->exec_start) && mo_has(&layout->rq_clock_task);
	const struct mo_field *field = by_start ? &layout->exec_start : &layout->last_arrival;
	uint64_t since_ns = 0;

	if (stack->cpu >= 0 || !state->has_now || !mo_has(field) ||
	    mo_error_destroy(mo_read_field(state->reader, field, stack->task_kva, &since_ns)) || !since_ns)
		return;
	/* A CPU's clock that is a little ahead of all others. */
	stack->rest_ns = state->now_ns > since_ns ? state->now_ns - since_ns : 0;
	stack->has_rest_ns = stack->rest_ns < MAX_REST_NS;
}

static struct mo_error *add_stack(struct stacks_state *state, uint64_t task_kva, uint32_t task, struct mo_stack *room)
{
	const struct cpu_state *cpu = cpu_of_task(state, task_kva);
	struct mo_task_stack stack = { .task = task, .task_kva = task_kva, .cpu = cpu ? (int32_t)cpu->cpu : -1,
				       .first_frame = state->frames.count, .holder = MO_STACK_NO_TASK };
	uint64_t first_kva = 0;
	struct mo_error *error = mo_read_field(state->reader, &state->layout->task_stack, task_kva, &first_kva);

	if (error)
		return mo_trouble_or_end(&state->unreadable, error);
	room->n_frames = 0;
	room->end = MO_STACK_UNKNOWN;
	if (!cpu)
		error = mo_unwind_task(state->unwinder, task_kva, first_kva, first_kva + state->stack_bytes, room);
	else if (cpu->has_registers)
		error = mo_unwind_cpu(state->unwinder, cpu->note, first_kva, first_kva + state->stack_bytes, room);
	if (error)
		return error;
	for (size_t i = 0; i < room->n_frames; i++)
		if (!mo_vector_append(&state->frames, room->frames[i]))
			return mo_error_no_memory();
	stack.n_frames = room->n_frames;
	stack.end = room->end;
	stack.activity = find_activity(state, state->frames.items + stack.first_frame, stack.n_frames);
	find_rest(state, &stack);
	find_lock(state, &stack);
	return mo_vector_append(&state->stacks, stack) ? NULL : mo_error_no_memory();
}

static struct mo_error *index_tasks(struct stacks_state *state)
{
	for (size_t i = 0; i < state->tasks->n_tasks; i++)
		if (!mo_int_table_enter(&state->task_index, state->tasks->tasks[i].kva, i, NULL))
			return mo_error_no_memory();
	return NULL;
}

/* atomic_t panic_cpu: -1 until a CPU panics. */
static void find_panicked(struct stacks_state *state)
{
	uint32_t cpu = UINT32_MAX;

	state->model.panicked = SIZE_MAX;
	if (!mo_has(&state->layout->panic_cpu) ||
	    mo_error_destroy(mo_read_u32(state->reader, state->layout->panic_cpu.kva, &cpu)) || cpu >= MAX_CPUS)
		return;
	for (size_t i = 0; i < state->stacks.count; i++)
		if (state->stacks.items[i].cpu == (int32_t)cpu)
			state->model.panicked = i;
}

static struct mo_error *gather_all(struct stacks_state *state)
{
	struct mo_stack *room = malloc(sizeof(*room));
	struct mo_error *error = room ? index_tasks(state) : mo_error_no_memory();

	if (!error)
		error = gather_cpus(state);
	for (size_t i = 0; i < state->tasks->n_tasks && !error; i++)
		error = add_stack(state, state->tasks->tasks[i].kva, (uint32_t)i, room);
	/* Idle tasks are on no list. */
	for (size_t i = 0; i < state->cpus.count && !error; i++)
		if (!mo_int_table_find(&state->task_index, state->cpus.items[i].task_kva))
			error = add_stack(state, state->cpus.items[i].task_kva, MO_STACK_NO_TASK, room);
	free(room);
	return error;
}

void release_stacks(void *model)
{
	struct stacks_state *state = model;

	if (!state)
		return;
	mo_unwinder_destroy(state->unwinder);
	mo_vector_deinit(&state->stacks);
	mo_vector_deinit(&state->frames);
	mo_vector_deinit(&state->cpus);
	mo_int_table_deinit(&state->task_index);
	mo_trouble_forget(&state->unreadable);
	free(state);
}

/* THREAD_SIZE; 0: not known */
static uint64_t stack_size(const struct stacks_layout *layout)
{
	uint64_t n_bytes = 0;

	if (mo_has(&layout->stack))
		n_bytes = layout->stack.bytes;
	else if (mo_has(&layout->init_stack) && mo_has(&layout->end_init_stack))
		n_bytes = layout->end_init_stack.kva - layout->init_stack.kva;
	return n_bytes <= MAX_STACK_BYTES ? n_bytes : 0;
}

struct mo_error *gather_stacks(struct mo_run *run, void **model_ret)
{
	struct stacks_state *state = calloc(1, sizeof(*state));
	struct mo_error *error;

	if (!state)
		return mo_error_no_memory();
	state->run = run;
	state->reader = mo_run_reader(run);
	state->layout = mo_run_layout(run);
	state->tasks = mo_run_model_of(run, MO_TASKS_MODEL);
	state->stack_bytes = stack_size(state->layout);
	error = mo_unwinder_create(state->reader, &state->unwinder);
	if (!error)
		error = gather_all(state);
	if (error) {
		release_stacks(state);
		return error;
	}
	mo_trouble_tell(run, &state->unreadable, "stacks-unreadable", "Some kernel stacks could not be found.", NULL);
	find_panicked(state);
	state->model.stacks = state->stacks.items;
	state->model.n_stacks = state->stacks.count;
	state->model.frames = state->frames.items;
	state->model.method = mo_unwinder_method(state->unwinder);
	*model_ret = &state->model;
	return NULL;
}
