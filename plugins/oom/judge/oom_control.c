/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The request of a task that is in the OOM killer at this moment: struct oom_control lies on its stack (in the page allocator
 * or in mem_cgroup_out_of_memory()). Stacks hold remains of older calls, so a place counts only if everything in it fits:
 * a zonelist inside a node, an order and flags that can be, a known task as the chosen one, the total of the machine.
 */
#include "gathering.h"

#include <inttypes.h>
#include <stdlib.h>
#include <stdio.h>
#include <string.h>

#define MAX_STACK_BYTES 65536
#define MIN_STACK_BYTES 4096
#define MAX_CONTROL_BYTES 256
#define GFP_BITS 32

struct control {
	uint64_t zonelist, nodemask, memcg, totalpages, chosen;
	int64_t chosen_points;
	uint32_t gfp;
	int32_t order;
	uint32_t constraint;
	uint64_t kva;
};

static bool has_layout(const struct oom_layout *layout)
{
	return mo_has(&layout->control_size) && layout->control_size.bytes &&
	       layout->control_size.bytes <= MAX_CONTROL_BYTES && mo_has(&layout->zonelist) && mo_has(&layout->nodemask) &&
	       mo_has(&layout->memcg) && mo_has(&layout->gfp_mask) && mo_has(&layout->order) && mo_has(&layout->totalpages) &&
	       mo_has(&layout->chosen) && mo_has(&layout->chosen_points) && mo_has(&layout->stack) &&
	       mo_has(&layout->pgdat_size);
}

static bool is_in_node(const struct oom_state *state, uint64_t kva)
{
	for (size_t i = 0; i < state->zones->n_nodes; i++)
		if (kva - state->zones->nodes[i].pgdat_kva < state->layout->pgdat_size.bytes)
			return true;
	return false;
}

static const struct mo_task *task_at(const struct oom_state *state, uint64_t kva)
{
	for (size_t i = 0; i < state->tasks->n_tasks; i++)
		if (state->tasks->tasks[i].kva == kva)
			return &state->tasks->tasks[i];
	return NULL;
}

/* totalpages as constrained_alloc() computes it for the whole machine; with hot-plugged memory it may have changed. */
static bool is_total(const struct oom_state *state, uint64_t pages)
{
	uint64_t all = (state->total_bytes.value + state->swap_total_bytes.value) / state->page_bytes;

	return pages && pages <= all + all / 8 + 1;
}

static bool is_plausible(const struct oom_state *state, const struct control *control)
{
	bool is_memcg = control->memcg != 0;

	if (is_memcg ? control->memcg < 1ull << 63 : !is_in_node(state, control->zonelist))
		return false;
	if (is_memcg && control->zonelist && !is_in_node(state, control->zonelist))
		return false;
	if (control->nodemask && control->nodemask < 1ull << 63)
		return false;
	if (!control->gfp || control->gfp >> (GFP_BITS - 3) || control->order < -1 || control->order > 20 ||
	    control->constraint > 3)
		return false;
	if (!is_total(state, control->totalpages))
		return false;
	return !control->chosen || control->chosen == UINT64_MAX || task_at(state, control->chosen);
}

static void decode(const struct oom_layout *layout, const void *bytes, struct control *ret)
{
	ret->zonelist = mo_get(&layout->zonelist, bytes);
	ret->nodemask = mo_get(&layout->nodemask, bytes);
	ret->memcg = mo_get(&layout->memcg, bytes);
	ret->gfp = (uint32_t)mo_get(&layout->gfp_mask, bytes);
	ret->order = (int32_t)mo_get_signed(&layout->order, bytes);
	ret->totalpages = mo_get(&layout->totalpages, bytes);
	ret->chosen = mo_get(&layout->chosen, bytes);
	ret->chosen_points = mo_get_signed(&layout->chosen_points, bytes);
	ret->constraint = mo_has(&layout->constraint) ? (uint32_t)mo_get(&layout->constraint, bytes) : 0;
}

/* As much of the stack as there is: stacks are aligned to their size, and what lies behind is not mapped. */
static size_t read_stack(const struct oom_state *state, uint64_t stack_kva, uint8_t *bytes)
{
	size_t n = 0;

	while (n < MAX_STACK_BYTES) {
		struct mo_error *error = mo_read(state->reader, stack_kva + n, bytes + n, MIN_STACK_BYTES);

		if (error) {
			mo_error_destroy(error);
			break;
		}
		n += MIN_STACK_BYTES;
	}
	return n;
}

/* A return address into the OOM killer's callers: without one the lock was taken and nothing has happened yet. */
static bool has_return_address(const struct oom_state *state, const uint8_t *bytes, size_t n)
{
	const struct mo_address *const functions[] = { &state->layout->out_of_memory, &state->layout->oom_kill_process,
						       &state->layout->alloc_may_oom,
						       &state->layout->mem_cgroup_out_of_memory };

	for (size_t at = 0; at + 8 <= n; at += 8) {
		uint64_t word;

		memcpy(&word, bytes + at, 8);
		for (size_t i = 0; i < sizeof(functions) / sizeof(functions[0]); i++)
			if (mo_has(functions[i]) && functions[i]->size_bytes && word > functions[i]->kva &&
			    word - functions[i]->kva <= functions[i]->size_bytes)
				return true;
	}
	return false;
}

static bool find_control(const struct oom_state *state, uint64_t stack_kva, struct control *ret)
{
	size_t size = (size_t)state->layout->control_size.bytes;
	uint8_t *bytes = malloc(MAX_STACK_BYTES);
	bool found = false;
	size_t n;

	if (!bytes)
		return false;
	n = read_stack(state, stack_kva, bytes);
	/* The end of the stack is its beginning: what is nearest to it is oldest. The newest that fits lies lowest. */
	for (size_t at = 0; has_return_address(state, bytes, n) && !found && at + size <= n; at += 8) {
		struct control control = { .kva = stack_kva + at };

		decode(state->layout, bytes + at, &control);
		found = is_plausible(state, &control);
		if (found)
			*ret = control;
	}
	free(bytes);
	return found;
}

/* The event that the log has of it: the last one, of the same task's doing. */
static struct draft *logged_event(struct oom_state *state, const struct mo_task *task)
{
	struct draft *last = NULL;

	for (size_t i = 0; i < state->scan.n_drafts; i++)
		if (state->scan.drafts[i]->event.kind < MO_OOM_ALLOCATION_FAILURE)
			last = state->scan.drafts[i];
	if (!last || (last->event.has_pid ? last->event.pid != task->pid : strcmp(last->event.comm, task->comm) != 0))
		return NULL;
	return last->event.kind == MO_OOM_KILL ? NULL : last;
}

static void take_control(const struct oom_state *state, const struct control *control, struct draft *draft)
{
	const struct mo_cgroups_model *cgroups = control->memcg ? cgroups_of(state) : NULL;
	static const char *const words[] = { "CONSTRAINT_NONE", "CONSTRAINT_CPUSET", "CONSTRAINT_MEMORY_POLICY",
					     "CONSTRAINT_MEMCG" };
	struct mo_oom_event *event = &draft->event;

	event->source = event->has_request ? MO_OOM_OF_LOG_AND_DUMP : MO_OOM_OF_DUMP;
	if (!event->has_gfp) {
		event->has_gfp = true;
		event->gfp = control->gfp;
	}
	if (!event->has_order) {
		event->has_order = true;
		event->order = control->order;
	}
	if (!draft->constraint_text[0])
		snprintf(draft->constraint_text, sizeof(draft->constraint_text), "%s",
			 control->memcg ? words[3] : words[control->constraint]);
	for (size_t i = 0; cgroups && i < cgroups->n_cgroups; i++)
		if (cgroups->cgroups[i].memcg_kva == control->memcg && cgroups->cgroups[i].path && !event->memcg[0])
			snprintf(event->memcg, sizeof(event->memcg), "%s", cgroups->cgroups[i].path);
}

struct mo_error *gather_running_oom(struct oom_state *state)
{
	const struct mo_task *task = state->in_oom_task_kva ? task_at(state, state->in_oom_task_kva) : NULL;
	struct stream stream = { .is_used = true };
	struct control control = { .kva = 0 };
	uint64_t stack_kva = 0;
	struct draft *draft;

	if (!task || !has_layout(state->layout))
		return NULL;
	mo_error_destroy(mo_read_field(state->reader, &state->layout->stack, task->kva, &stack_kva));
	if (!stack_kva || !find_control(state, stack_kva, &control))
		return NULL;
	draft = logged_event(state, task);
	if (!draft) {
		draft = open_draft(&state->scan, &stream, MO_OOM_UNKNOWN);
		if (!draft)
			return state->scan.is_out_of_memory ? mo_error_no_memory() : NULL;
		draft->event.has_time = false;
		draft->event.gap = MO_OOM_GAP_RUNNING;
		snprintf(draft->event.comm, sizeof(draft->event.comm), "%s", task->comm);
		draft->event.has_pid = true;
		draft->event.pid = task->pid;
	}
	take_control(state, &control, draft);
	/* The log had a report of it: its numbers are nearer to the moment. */
	if (!(draft->parts & PART_ZONES))
		take_numbers_of_dump(state, draft);
	return state->scan.is_out_of_memory ? mo_error_no_memory() : NULL;
}
