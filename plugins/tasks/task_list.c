/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The list of all processes from init_task on, and of each the list of its threads (for_each_process_thread()). */
#include "gathering.h"

#include <inttypes.h>
#include <stdlib.h>

static struct mo_error *add_task(struct tasks_state *state, uint64_t task_kva, uint32_t leader)
{
	if (state->n_tasks == state->n_allocated) {
		size_t n = state->n_allocated ? state->n_allocated * 2 : 256;
		struct mo_task *tasks = reallocarray(state->tasks, n, sizeof(*tasks));
		uint64_t *css_sets;
		int64_t (*pending)[MO_N_MM_COUNTERS];

		if (!tasks)
			return mo_error_no_memory();
		state->tasks = tasks;
		css_sets = reallocarray(state->css_sets, n, sizeof(*css_sets));
		if (!css_sets)
			return mo_error_no_memory();
		state->css_sets = css_sets;
		pending = reallocarray(state->pending, n, sizeof(*pending));
		if (!pending)
			return mo_error_no_memory();
		state->pending = pending;
		state->n_allocated = n;
	}
	read_task(state, task_kva, state->n_tasks);
	state->tasks[state->n_tasks].leader = leader;
	state->n_tasks++;
	return NULL;
}

/* Where the leader's list of threads begins, and which member its nodes are. */
static struct mo_error *thread_list_head(const struct tasks_state *state, uint64_t leader_kva, uint64_t *head_kva,
					 const struct mo_field **node)
{
	const struct tasks_layout *layout = state->layout;
	uint64_t signal_kva = 0;
	struct mo_error *error;

	if (mo_has(&layout->task.thread_node) && mo_has(&layout->signal.thread_head)) {
		error = mo_read_field(state->reader, &layout->task.signal, leader_kva, &signal_kva);
		if (error)
			return error;
		*head_kva = mo_field_kva(&layout->signal.thread_head, signal_kva);
		*node = &layout->task.thread_node;
		return NULL;
	}
	if (!mo_has(&layout->task.thread_group))
		return mo_error_create(MO_E_ABSENT, "how this kernel lists threads is unknown");
	*head_kva = mo_field_kva(&layout->task.thread_group, leader_kva);
	*node = &layout->task.thread_group;
	return NULL;
}

/* The other threads of a process. One that belongs to another process ends the list: it leads where it must not. */
static struct mo_error *add_threads(struct tasks_state *state, uint32_t leader)
{
	uint64_t leader_kva = state->tasks[leader].kva;
	const struct mo_field *node = NULL;
	struct mo_list_walk walk;
	uint64_t head_kva = 0;
	uint64_t node_kva;
	struct mo_error *memory = NULL;
	struct mo_error *error = thread_list_head(state, leader_kva, &head_kva, &node);

	state->tasks[leader].n_threads = 1;
	if (error) {
		mo_trouble_note(&state->broken_lists, mo_error_prepend(error, "threads of the task at 0x%" PRIx64, leader_kva));
		return NULL;
	}
	mo_list_begin(&walk, state->reader, head_kva, MAX_TASKS);
	while (!memory && mo_list_next(&walk, &node_kva)) {
		uint64_t task_kva = node_kva - node->offset_bytes;

		if (task_kva == leader_kva)
			continue;
		if (state->n_tasks >= MAX_TASKS)
			break;
		memory = add_task(state, task_kva, leader);
		if (memory)
			break;
		if (state->tasks[state->n_tasks - 1].tgid != state->tasks[leader].tgid) {
			state->n_tasks--;
			mo_trouble_note(&state->broken_lists,
				     mo_error_create(MO_E_CORRUPT, "the task at 0x%" PRIx64 " is in the list of threads of "
						     "the process at 0x%" PRIx64 " and belongs to another", task_kva,
						     leader_kva));
			break;
		}
		state->tasks[leader].n_threads++;
	}
	mo_trouble_note(&state->broken_lists,
		     mo_error_prepend(mo_list_end(&walk), "threads of the task at 0x%" PRIx64, leader_kva));
	return memory;
}

struct mo_error *gather_task_list(struct tasks_state *state)
{
	const struct tasks_layout *layout = state->layout;
	struct mo_list_walk walk;
	struct mo_error *memory = NULL;
	struct mo_error *error;
	uint64_t node_kva;

	mo_list_begin(&walk, state->reader, mo_field_kva(&layout->task.tasks, layout->init_task.kva), MAX_TASKS);
	while (!memory && state->n_tasks < MAX_TASKS && mo_list_next(&walk, &node_kva)) {
		uint32_t leader = (uint32_t)state->n_tasks;

		memory = add_task(state, node_kva - layout->task.tasks.offset_bytes, leader);
		if (!memory) {
			state->model.n_processes++;
			memory = add_threads(state, leader);
		}
	}
	error = mo_error_prepend(mo_list_end(&walk), "the list of all tasks");
	if (memory) {
		mo_error_destroy(error);
		return memory;
	}
	if (error && !state->n_tasks)
		return error;
	mo_trouble_note(&state->broken_lists, error);
	if (state->n_tasks >= MAX_TASKS)
		mo_trouble_note(&state->broken_lists, mo_error_create(MO_E_LIMIT, "more than %u tasks", MAX_TASKS));
	state->model.is_complete = !state->broken_lists.n;
	return NULL;
}
