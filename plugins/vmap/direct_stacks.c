/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Without CONFIG_VMAP_STACK, stacks are pages of the page allocator in the direct map (alloc_thread_stack_node(),
 * kernel/fork.c), and only the tasks know them: all threads of all processes, and each CPU's idle task. The stack of
 * init_task is part of the kernel's image.
 */
#include "gathering.h"

#include <inttypes.h>

#define MAX_TASKS (1u << 22)

#define MAX_STACK_BYTES (1u << 20)

struct stack_walk {
	struct vmap_state *state;
	uint64_t stack_pages;
	struct mo_error *memory;     /* there is none left */
};

/* The linker made room for init_task's between two symbols. */
uint64_t stack_bytes(const struct vmap_state *state)
{
	const struct mo_address *first = &state->layout->first_stack;
	const struct mo_address *end = &state->layout->first_stack_end;
	uint64_t n_bytes = mo_has(first) && mo_has(end) ? end->kva - first->kva : 0;

	return n_bytes <= MAX_STACK_BYTES && !(n_bytes & (n_bytes - 1)) ? n_bytes : 0;
}

/* A stack that lies elsewhere than in the direct map is the business of vmalloc. */
static void add_stack(struct stack_walk *walk, uint64_t task_kva)
{
	struct vmap_state *state = walk->state;
	struct mo_kernel *kernel = mo_run_kernel(state->run);
	uint64_t stack_kva = 0;
	uint64_t pa = 0;
	struct mo_error *error = mo_read_field(state->reader, &state->layout->task.stack, task_kva, &stack_kva);
	struct mo_error *elsewhere = NULL;

	if (error) {
		mo_trouble_note(&state->unreadable_tasks, mo_error_prepend(error, "the stack of the task at 0x%" PRIx64, task_kva));
		return;
	}
	elsewhere = mo_direct_map_to_pa(kernel, stack_kva, &pa);
	if (!elsewhere && walk->stack_pages <= state->mapped_left) {
		state->mapped_left -= walk->stack_pages;
		state->model.direct_stack_pages += walk->stack_pages;
		walk->memory = add_owned(state, pa >> mo_kernel_facts(kernel)->page_shift, walk->stack_pages,
					 MO_OWNED_KERNEL_STACK);
	}
	mo_error_destroy(elsewhere);
}

static void add_threads(struct stack_walk *walk, uint64_t leader_kva)
{
	struct vmap_state *state = walk->state;
	const struct vmap_layout *layout = state->layout;
	struct mo_list_walk list;
	uint64_t signal_kva = 0;
	uint64_t node_kva;
	struct mo_error *error = mo_read_field(state->reader, &layout->task.signal, leader_kva, &signal_kva);

	if (error) {
		mo_trouble_note(&state->unreadable_tasks,
			     mo_error_prepend(error, "the threads of the task at 0x%" PRIx64, leader_kva));
		return;
	}
	mo_list_begin(&list, state->reader, mo_field_kva(&layout->task.thread_head, signal_kva), MAX_TASKS);
	while (!walk->memory && mo_list_next(&list, &node_kva))
		add_stack(walk, node_kva - layout->task.thread_node.offset_bytes);
	mo_trouble_note(&state->unreadable_tasks,
		     mo_error_prepend(mo_list_end(&list), "the threads of the task at 0x%" PRIx64, leader_kva));
}

static void add_idle_tasks(struct stack_walk *walk)
{
	struct vmap_state *state = walk->state;
	const struct vmap_layout *layout = state->layout;
	struct mo_set cpus = { .n_bits = 0 };
	struct mo_error *error = mo_has(&layout->idle_threads) ? mo_cpus(state->reader, MO_CPUS_POSSIBLE, &cpus) : NULL;

	for (int cpu = mo_set_next(&cpus, 0); !error && !walk->memory && cpu >= 0; cpu = mo_set_next(&cpus, (unsigned)cpu + 1)) {
		uint64_t kva = 0;
		uint64_t task_kva = 0;

		error = mo_percpu(state->reader, layout->idle_threads.kva, (unsigned)cpu, &kva);
		if (!error)
			error = mo_read_pointer(state->reader, kva, &task_kva);
		if (!error && task_kva && task_kva != layout->init_task.kva)
			add_stack(walk, task_kva);
	}
	mo_trouble_note(&state->unreadable_tasks, mo_error_prepend(error, "the idle tasks"));
}

struct mo_error *gather_direct_stacks(struct vmap_state *state)
{
	const struct vmap_layout *layout = state->layout;
	uint64_t page_bytes = mo_kernel_facts(mo_run_kernel(state->run))->page_bytes;
	struct stack_walk walk = { .state = state };
	struct mo_list_walk list;
	uint64_t node_kva;

	/* Stacks smaller than a page are slab objects. */
	if (mo_has(&layout->cached_stacks) || !mo_has(&layout->init_task) || !mo_has(&layout->task.tasks) ||
	    !mo_has(&layout->task.stack) || !mo_has(&layout->task.signal) || !mo_has(&layout->task.thread_head) ||
	    !mo_has(&layout->task.thread_node) || stack_bytes(state) < page_bytes)
		return NULL;
	walk.stack_pages = stack_bytes(state) / page_bytes;
	mo_list_begin(&list, state->reader, mo_field_kva(&layout->task.tasks, layout->init_task.kva), MAX_TASKS);
	while (!walk.memory && mo_list_next(&list, &node_kva))
		add_threads(&walk, node_kva - layout->task.tasks.offset_bytes);
	mo_trouble_note(&state->unreadable_tasks, mo_error_prepend(mo_list_end(&list), "the list of tasks"));
	add_idle_tasks(&walk);
	return walk.memory;
}
