/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What stacks mean: who panicked, who waits for memory and why, which lock holds others up. */
#include <stdio.h>
#include <string.h>

#include "gathering.h"

#define SECOND_NS 1000000000ull
#define LONG_WAIT_NS (30 * SECOND_NS)   /* nobody waits that long for a lock or for a page on a machine that is well */
#define NOTABLE_WAIT_NS (2 * SECOND_NS)
#define PANIC_FRAMES 8

static enum mo_severity severity_of(uint64_t rest_ns)
{
	return rest_ns >= LONG_WAIT_NS ? MO_WARNING : rest_ns >= NOTABLE_WAIT_NS ? MO_NOTICE : MO_INFO;
}

/* ", held by mutex-holder (PID 120), which is in stay [blocker]" */
static void put_holder(const struct stacks_state *state, const struct mo_task_stack *stack, char *text, size_t n_bytes)
{
	const struct mo_task *holder = task_of(state->tasks, stack->holder);
	char path[FUNCTION_BYTES] = "";
	const char *how = stack->is_held_by_readers ? "held by readers, last taken by" : "held by";

	for (size_t i = 0; holder && i < state->model.n_stacks; i++)
		if (state->model.stacks[i].task == stack->holder)
			put_path(state, &state->model.stacks[i], 1, path, sizeof(path));
	if (!holder)
		snprintf(text, n_bytes, ", whose holder is not known");
	else
		snprintf(text, n_bytes, ", %s %s (PID %d)%s%s", how, holder->comm, (int)holder->pid, *path ? ", which is in " : "", path);
}

struct waits {
	size_t n;
	const struct mo_task_stack *longest;
	bool has_lock;
};

static void count_wait(struct waits *waits, const struct mo_task_stack *stack)
{
	waits->n++;
	waits->has_lock |= stack->lock_kind != MO_LOCK_NONE;
	if (!waits->longest || stack->rest_ns > waits->longest->rest_ns)
		waits->longest = stack;
}

static void tell(const struct stacks_state *state, struct mo_run *run, const char *id, const struct waits *waits, const char *verdict,
		 enum mo_severity severity)
{
	char path[1024] = "";
	struct mo_evidence evidence[] = {
		{ .label = "tasks", .kind = MO_CELL_COUNT, .cell = mo_cell_number(mo_exact(waits->n)) },
		{ .label = "longest off CPU", .kind = MO_CELL_SECONDS,
		  .cell = mo_cell_number(waits->longest->has_rest_ns ? mo_exact(waits->longest->rest_ns) : mo_unknown()) },
		{ .label = "its stack", .kind = MO_CELL_TEXT },
	};

	put_path(state, waits->longest, PANIC_FRAMES, path, sizeof(path));
	evidence[2].cell = mo_cell_text(path);
	mo_run_judge(run, "waits", &(const struct mo_finding){
		.id = id,
		.severity = severity,
		.verdict = verdict,
		.evidence = evidence,
		.n_evidence = sizeof(evidence) / sizeof(evidence[0]),
		.advice = "`memopsy bt --all` shows all stacks, `memopsy bt PID` those of a process.",
	});
}

static void judge_reclaim(const struct stacks_state *state, struct mo_run *run)
{
	struct waits waits = { .n = 0 };
	char verdict[1024];
	char task[MO_TASK_COMM_BYTES + 32];
	char since[32];
	char lock[FUNCTION_BYTES];
	char holder[2 * FUNCTION_BYTES] = "";
	size_t n;

	for (size_t i = 0; i < state->model.n_stacks; i++)
		if (state->model.stacks[i].cpu < 0 && state->model.stacks[i].activity != MO_ACTIVITY_OTHER)
			count_wait(&waits, &state->model.stacks[i]);
	if (!waits.n || !waits.longest->has_rest_ns || severity_of(waits.longest->rest_ns) == MO_INFO)
		return;
	put_task(state->tasks, waits.longest, task, sizeof(task));
	put_duration(waits.longest->rest_ns, since, sizeof(since));
	n = waits.n > 1 ? (size_t)snprintf(verdict, sizeof(verdict), "%zu tasks wait for memory; the longest, ", waits.n) : 0;
	n += (size_t)snprintf(verdict + n, sizeof(verdict) - n, "%s%s is in %s and has not run for %s", task, n ? "," : "",
			      activity_words(waits.longest->activity), since);
	if (waits.longest->lock_kind != MO_LOCK_NONE) {
		put_lock(mo_run_kernel(run), waits.longest, lock, sizeof(lock));
		put_holder(state, waits.longest, holder, sizeof(holder));
		n += (size_t)snprintf(verdict + n, sizeof(verdict) - n, ": it waits for %s%s", lock, holder);
	}
	snprintf(verdict + n, sizeof(verdict) - n, ".");
	/* Who reclaims and waits for a lock frees nothing until somebody else lets go. */
	tell(state, run, "reclaim-waits", &waits, verdict, waits.longest->lock_kind != MO_LOCK_NONE ? MO_WARNING :
	     severity_of(waits.longest->rest_ns));
}

static void count_waits_for(const struct stacks_state *state, uint64_t lock_kva, struct waits *ret)
{
	*ret = (struct waits){ .n = 0 };
	for (size_t i = 0; i < state->model.n_stacks; i++)
		if (state->model.stacks[i].lock_kind != MO_LOCK_NONE && state->model.stacks[i].lock_kva == lock_kva)
			count_wait(ret, &state->model.stacks[i]);
}

/* The lock that most tasks wait for; of those with as many, the one that is waited for longest. */
static void judge_locks(const struct stacks_state *state, struct mo_run *run)
{
	struct waits worst = { .n = 0 };
	size_t n_locks = 0;
	char verdict[1024];
	char task[MO_TASK_COMM_BYTES + 32];
	char since[32];
	char lock[FUNCTION_BYTES];
	char holder[2 * FUNCTION_BYTES];
	size_t n;

	for (size_t i = 0; i < state->model.n_stacks; i++) {
		const struct mo_task_stack *stack = &state->model.stacks[i];
		struct waits waits;

		if (stack->lock_kind == MO_LOCK_NONE || !stack->lock_kva || !stack->has_rest_ns)
			continue;
		count_waits_for(state, stack->lock_kva, &waits);
		/* Each lock once: at the one that waits longest. */
		n_locks += waits.longest == stack;
		if (!worst.n || waits.n > worst.n || (waits.n == worst.n && waits.longest->rest_ns > worst.longest->rest_ns))
			worst = waits;
	}
	if (!worst.n || severity_of(worst.longest->rest_ns) == MO_INFO)
		return;
	put_task(state->tasks, worst.longest, task, sizeof(task));
	put_duration(worst.longest->rest_ns, since, sizeof(since));
	put_lock(mo_run_kernel(run), worst.longest, lock, sizeof(lock));
	put_holder(state, worst.longest, holder, sizeof(holder));
	if (worst.n > 1)
		n = (size_t)snprintf(verdict, sizeof(verdict), "%zu tasks wait for %s%s; the longest, %s, for %s.", worst.n, lock, holder,
				     task, since);
	else
		n = (size_t)snprintf(verdict, sizeof(verdict), "%s has waited for %s for %s%s.", task, lock, since, holder);
	if (n_locks > 1 && n < sizeof(verdict))
		snprintf(verdict + n, sizeof(verdict) - n, " %zu other lock%s waited for.", n_locks - 1,
			 n_locks == 2 ? " is" : "s are");
	tell(state, run, "lock-waits", &worst, verdict, severity_of(worst.longest->rest_ns));
}

static void judge_panic(const struct stacks_state *state, struct mo_run *run)
{
	const struct mo_task_stack *stack = &state->model.stacks[state->model.panicked];
	char verdict[256];
	char task[MO_TASK_COMM_BYTES + 32];
	char path[1024];
	struct mo_evidence evidence[] = {
		{ .label = "CPU", .kind = MO_CELL_COUNT, .cell = mo_cell_number(mo_exact((uint64_t)stack->cpu)) },
		{ .label = "stack", .kind = MO_CELL_TEXT },
	};

	put_task(state->tasks, stack, task, sizeof(task));
	put_path(state, stack, PANIC_FRAMES, path, sizeof(path));
	evidence[1].cell = mo_cell_text(*path ? path : NULL);
	snprintf(verdict, sizeof(verdict), "CPU %d panicked, running %s.", (int)stack->cpu, task);
	mo_run_judge(run, "waits", &(const struct mo_finding){ .id = "panicked-task", .severity = MO_INFO,
							       .verdict = verdict, .evidence = evidence, .n_evidence = 2 });
}

struct mo_error *judge_stacks(struct mo_run *run)
{
	const struct stacks_state *state = mo_run_model(run);

	if (state->model.panicked != SIZE_MAX)
		judge_panic(state, run);
	judge_reclaim(state, run);
	judge_locks(state, run);
	return NULL;
}
