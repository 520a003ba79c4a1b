/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The lock that a task waits for, and who holds it. A task that waits for a mutex or a semaphore has a struct mutex_waiter
 * or rwsem_waiter on its stack, which is linked to the lock's other waiters, and until 7.0 to the lock. Since 6.16 a
 * task_struct may say it itself.
 */
#include "gathering.h"

#define OWNER_FLAGS 7u             /* MUTEX_FLAGS, RWSEM_OWNER_FLAGS_MASK: task_structs are aligned to more */
#define READER_OWNED 1u            /* RWSEM_READER_OWNED */
#define MAX_WAITERS 10000u

/* include/linux/hung_task.h: BLOCKER_TYPE_MASK; 1 is a counting semaphore, which has no owner here */
#define BLOCKER_KIND 3u
enum { BLOCKER_MUTEX = 0, BLOCKER_RWSEM_READER = 2, BLOCKER_RWSEM_WRITER = 3 };

static bool read_word(const struct stacks_state *state, uint64_t kva, uint64_t *ret)
{
	return !mo_error_destroy(mo_read_pointer(state->reader, kva, ret));
}

static bool read_member(const struct stacks_state *state, const struct mo_field *field, uint64_t kva, uint64_t *ret)
{
	return mo_has(field) && field->width_bytes && !mo_error_destroy(mo_read_field(state->reader, field, kva, ret));
}

/* Who waits for the lock, by the functions on the stack. */
static enum mo_lock_kind kind_by_functions(const struct stacks_state *state, const struct mo_task_stack *stack)
{
	static const struct {
		const char *function;
		enum mo_lock_kind kind;
	} known[] = {
		{ "__mutex_lock", MO_LOCK_MUTEX },
		{ "mutex_lock", MO_LOCK_MUTEX },
		{ "mutex_lock_killable", MO_LOCK_MUTEX },
		{ "mutex_lock_interruptible", MO_LOCK_MUTEX },
		{ "__mutex_lock_slowpath", MO_LOCK_MUTEX },
		{ "__ww_mutex_lock", MO_LOCK_MUTEX },
		{ "rwsem_down_read_slowpath", MO_LOCK_RWSEM_READ },
		{ "rwsem_down_write_slowpath", MO_LOCK_RWSEM_WRITE },
		{ "rwsem_down_read_failed", MO_LOCK_RWSEM_READ },
		{ "rwsem_down_write_failed", MO_LOCK_RWSEM_WRITE },
		{ "down_read", MO_LOCK_RWSEM_READ },
		{ "down_write", MO_LOCK_RWSEM_WRITE },
	};

	for (size_t i = 0; i < stack->n_frames && i < 8; i++) {
		const struct mo_stack_frame *frame = &state->frames.items[stack->first_frame + i];
		struct mo_symbol symbol;

		if (frame->found == MO_FRAME_BY_SEARCH || !function_at(state, frame, &symbol))
			continue;
		for (size_t j = 0; j < sizeof(known) / sizeof(known[0]); j++)
			if (is_function(&symbol, known[j].function))
				return known[j].kind;
	}
	return MO_LOCK_NONE;
}

/* Takes the lock for the one that is waited for, if its owner is a task or nobody. */
static bool take_lock(const struct stacks_state *state, const struct lock_layout *lock, uint64_t lock_kva,
		      struct mo_task_stack *stack)
{
	uint64_t owner = 0;
	const uint64_t *index;

	if (!read_member(state, &lock->owner, lock_kva, &owner))
		return false;
	index = mo_int_table_find(&state->task_index, owner & ~(uint64_t)OWNER_FLAGS);
	if (owner & ~(uint64_t)OWNER_FLAGS && !index)
		return false;
	stack->lock_kva = lock_kva;
	stack->holder = index ? (uint32_t)*index : MO_STACK_NO_TASK;
	stack->is_held_by_readers = stack->lock_kind != MO_LOCK_MUTEX && owner & READER_OWNED;
	return true;
}

/* As the task says it. */
static bool find_by_task(const struct stacks_state *state, struct mo_task_stack *stack)
{
	const struct stacks_layout *layout = state->layout;
	uint64_t blocker = 0;

	if (stack->lock_kind == MO_LOCK_MUTEX && read_member(state, &layout->blocked_on, stack->task_kva, &blocker) && blocker &&
	    take_lock(state, &layout->mutex, blocker, stack))
		return true;
	if (!read_member(state, &layout->blocker, stack->task_kva, &blocker) || !blocker)
		return false;
	switch (blocker & BLOCKER_KIND) {
	case BLOCKER_MUTEX:
		return stack->lock_kind == MO_LOCK_MUTEX && take_lock(state, &layout->mutex, blocker, stack);
	case BLOCKER_RWSEM_READER:
	case BLOCKER_RWSEM_WRITER:
		return stack->lock_kind != MO_LOCK_MUTEX &&
		       take_lock(state, &layout->rwsem, blocker & ~(uint64_t)BLOCKER_KIND, stack);
	}
	return false;
}

/* Whether a waiter lies here: it names a task, and lies on that task's stack. */
static bool is_waiter(const struct stacks_state *state, const struct lock_layout *lock, uint64_t waiter_kva)
{
	uint64_t task_kva = 0;
	uint64_t stack_kva = 0;

	return read_member(state, &lock->waiter_task, waiter_kva, &task_kva) &&
	       mo_int_table_find(&state->task_index, task_kva) &&
	       read_member(state, &state->layout->task_stack, task_kva, &stack_kva) && waiter_kva >= stack_kva &&
	       waiter_kva - stack_kva < state->stack_bytes;
}

/* Both neighbours of a list's node lead back to it. */
static bool is_linked(const struct stacks_state *state, uint64_t node_kva)
{
	const struct stacks_layout *layout = state->layout;
	uint64_t next = 0;
	uint64_t prev = 0;
	uint64_t back = 0;
	uint64_t forth = 0;

	return read_member(state, &layout->list_next, node_kva, &next) && read_member(state, &layout->list_prev, node_kva, &prev) &&
	       read_member(state, &layout->list_prev, next, &back) && read_member(state, &layout->list_next, prev, &forth) &&
	       back == node_kva && forth == node_kva;
}

/* The waiter on the stack of the task itself; 0: none. */
static uint64_t find_waiter(const struct stacks_state *state, const struct lock_layout *lock, const struct mo_task_stack *stack,
			    uint64_t first_kva, uint64_t end_kva)
{
	uint64_t word_bytes = mo_kernel_facts(mo_run_kernel(state->run))->pointer_bytes;
	uint64_t offset = lock->waiter_task.offset_bytes;

	for (uint64_t at_kva = first_kva; at_kva + word_bytes <= end_kva; at_kva += word_bytes) {
		uint64_t word = 0;

		if (!read_word(state, at_kva, &word))
			return 0;
		if (word == stack->task_kva && at_kva >= first_kva + offset &&
		    is_linked(state, at_kva - offset + lock->waiter_list.offset_bytes))
			return at_kva - offset;
	}
	return 0;
}

/* The node of the ring that is no waiter is the list's head, in the lock. */
static bool find_by_head(const struct stacks_state *state, const struct lock_layout *lock, uint64_t waiter_kva,
			 struct mo_task_stack *stack)
{
	uint64_t at_kva = waiter_kva;

	for (unsigned i = 0; i < MAX_WAITERS; i++) {
		uint64_t next = 0;

		if (!read_member(state, &state->layout->list_next, at_kva + lock->waiter_list.offset_bytes, &next))
			return false;
		at_kva = next - lock->waiter_list.offset_bytes;
		if (at_kva == waiter_kva)
			return false;
		if (!is_waiter(state, lock, at_kva))
			return take_lock(state, lock, next - lock->wait_list.offset_bytes, stack);
	}
	return false;
}

/* Without a head in the ring: a word of the stack that is the address of a lock whose first waiter is in the ring. */
static bool find_by_stack(const struct stacks_state *state, const struct lock_layout *lock, uint64_t first_kva, uint64_t end_kva,
			  struct mo_task_stack *stack)
{
	uint64_t word_bytes = mo_kernel_facts(mo_run_kernel(state->run))->pointer_bytes;

	for (uint64_t at_kva = first_kva; at_kva + word_bytes <= end_kva; at_kva += word_bytes) {
		uint64_t word = 0;
		uint64_t waiter_kva = 0;

		if (!read_word(state, at_kva, &word))
			return false;
		if (word && !(word % word_bytes) && read_member(state, &lock->first, word, &waiter_kva) && waiter_kva &&
		    is_waiter(state, lock, waiter_kva) && take_lock(state, lock, word, stack))
			return true;
	}
	return false;
}

static void find_by_waiter(const struct stacks_state *state, struct mo_task_stack *stack)
{
	const struct lock_layout *lock = stack->lock_kind == MO_LOCK_MUTEX ? &state->layout->mutex : &state->layout->rwsem;
	uint64_t stack_kva = 0;
	uint64_t first_kva = state->frames.items[stack->first_frame].stack_kva;
	uint64_t waiter_kva;
	uint64_t type = 0;

	if (!mo_has(&lock->waiter_list) || !mo_has(&lock->waiter_task) ||
	    !read_member(state, &state->layout->task_stack, stack->task_kva, &stack_kva) || first_kva < stack_kva ||
	    first_kva - stack_kva > state->stack_bytes)
		return;
	waiter_kva = find_waiter(state, lock, stack, first_kva, stack_kva + state->stack_bytes);
	if (!waiter_kva)
		return;
	if (stack->lock_kind != MO_LOCK_MUTEX && mo_has(&state->layout->wants_read) &&
	    read_member(state, &state->layout->rwsem_type, waiter_kva, &type))
		stack->lock_kind = type == (uint64_t)state->layout->wants_read.value ? MO_LOCK_RWSEM_READ : MO_LOCK_RWSEM_WRITE;
	if (mo_has(&lock->wait_list))
		(void)find_by_head(state, lock, waiter_kva, stack);
	else if (mo_has(&lock->first))
		(void)find_by_stack(state, lock, first_kva, stack_kva + state->stack_bytes, stack);
}

void find_lock(const struct stacks_state *state, struct mo_task_stack *stack)
{
	stack->holder = MO_STACK_NO_TASK;
	stack->lock_kind = stack->cpu < 0 && stack->n_frames ? kind_by_functions(state, stack) : MO_LOCK_NONE;
	if (stack->lock_kind != MO_LOCK_NONE && !find_by_task(state, stack))
		find_by_waiter(state, stack);
}
