/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Kernel stacks, from the frame where a task or a CPU is to the first one. */
#include <memopsy/unwind.h>

#include <memopsy/architecture.h>
#include <stdlib.h>
#include <string.h>

#include "cleanup.h"
#include "kernel_private.h"
#include "unwind_table.h"

#define SAME_STACK_BYTES (64u << 10) /* a frame that is nearer than this is on the same stack, and lies above the last one */
#define MAX_STACK_CHANGES 8          /* task, interrupts, exceptions: a few */
#define MAX_SEARCH_BYTES (64u << 10)
#define MAX_CALL_BYTES 7
#define MAX_RESUME_WORDS 128

/* Of an architecture that says nothing. */
static const struct mo_arch_unwinding by_frame_pointers = { .by_rule = NULL };

struct mo_unwinder {
	struct mo_reader *reader;
	const struct mo_arch *arch;
	const struct mo_arch_unwinding *unwinding;
	const struct mo_unwind_layout *layout;
	struct unwind_tables tables;
};

static bool read_word(void *context, uint64_t kva, uint64_t *ret)
{
	struct mo_unwinder *unwinder = context;

	return !mo_error_destroy(mo_read_pointer(unwinder->reader, kva, ret));
}

struct mo_error *mo_unwinder_create(struct mo_reader *reader, struct mo_unwinder **ret)
{
	struct mo_kernel *kernel = mo_reader_kernel(reader);
	struct mo_unwinder *unwinder = calloc(1, sizeof(*unwinder));
	const void *layout = NULL;
	struct mo_error *error;

	if (!unwinder)
		return mo_error_no_memory();
	unwinder->reader = reader;
	unwinder->arch = mo_kernel_facts(kernel)->arch ? mo_arch_by_name(mo_kernel_facts(kernel)->arch) : NULL;
	unwinder->unwinding = unwinder->arch && unwinder->arch->unwinding ? unwinder->arch->unwinding : &by_frame_pointers;
	error = mo_kernel_layout(kernel, MO_LAYOUT_UNWIND, &layout);
	unwinder->layout = layout;
	if (!error && (!unwinder->arch ||
		       (!(mo_has(&unwinder->layout->thread_sp) && mo_has(&unwinder->layout->frame_return)) &&
			!mo_has(&unwinder->layout->context_pc))))
		error = mo_error_create(MO_E_ABSENT, "it is not known where the stack of a sleeping task begins in this kernel");
	if (!error) {
		/* What of the modules cannot be read has no names and no rules. */
		mo_error_destroy(mo_kernel_load_modules(kernel));
		if (unwinder->unwinding->by_rule)
			error = mo_unwind_tables_gather(reader, unwinder->layout, unwinder->unwinding, &unwinder->tables);
	}
	if (error) {
		mo_unwinder_destroy(unwinder);
		return error;
	}
	*ret = unwinder;
	return NULL;
}

void mo_unwinder_destroy(struct mo_unwinder *unwinder)
{
	if (!unwinder)
		return;
	mo_unwind_tables_deinit(&unwinder->tables);
	free(unwinder);
}

/* A kernel with a table has no frame pointers (CONFIG_UNWINDER_ORC), whether or not the table is in the dump. */
static bool has_table(const struct mo_unwinder *unwinder)
{
	return unwinder->unwinding->by_rule && mo_has(&unwinder->layout->first_ip);
}

const char *mo_unwinder_method(const struct mo_unwinder *unwinder)
{
	return unwinder->tables.parts.count ? "ORC" : has_table(unwinder) ? "none" : "frame pointers";
}

static bool is_code(const struct mo_unwinder *unwinder, uint64_t kva)
{
	struct mo_symbol symbol;
	struct mo_error *error = mo_symbols_at(mo_kernel_symbols(mo_reader_kernel(unwinder->reader)), kva, &symbol);

	return !mo_error_destroy(error) && strchr("tTwW?", symbol.type);
}

static bool add_frame(struct mo_stack *stack, const struct mo_arch_frame *frame, enum mo_frame_found found)
{
	if (stack->n_frames == MO_STACK_FRAMES)
		return false;
	stack->frames[stack->n_frames++] = (struct mo_stack_frame){
		.instruction_kva = frame->instruction,
		.stack_kva = frame->stack,
		.found = (uint8_t)found,
		.is_interrupted = frame->is_interrupted,
	};
	return true;
}

static enum mo_arch_unwound step(struct mo_unwinder *unwinder, struct mo_arch_frame *frame, enum mo_frame_found *found)
{
	const struct mo_arch_unwinding *unwinding = unwinder->unwinding;
	const struct mo_arch_memory memory = { .read_word = read_word, .context = unwinder,
					       .signed_mask = mo_reader_kernel(unwinder->reader)->paging.signed_mask };
	uint64_t kva = frame->is_interrupted ? frame->instruction : frame->instruction - 1;
	struct mo_arch_rule rule;

	*found = MO_FRAME_BY_RULE;
	if (unwinder->tables.parts.count && mo_unwind_rule_at(unwinder->reader, unwinder->layout, &unwinder->tables, kva, &rule))
		return unwinding->by_rule(&memory, &rule, frame);
	/* Code that is made at run time (trampolines, BPF) keeps frame pointers in every kernel: orc_fp_entry. */
	*found = MO_FRAME_BY_POINTER;
	if (has_table(unwinder) && (is_code(unwinder, kva) || !unwinder->tables.parts.count))
		return MO_UNWOUND_FAILED;
	return unwinding->by_frame_pointer ? unwinding->by_frame_pointer(&memory, frame) :
					     mo_arch_by_frame_pointer(&memory, frame);
}

/* Upwards on one stack, and from one to another a few times only. */
static bool goes_on(const struct mo_arch_frame *from, const struct mo_arch_frame *to, unsigned *n_changes)
{
	uint64_t distance = to->stack > from->stack ? to->stack - from->stack : from->stack - to->stack;

	if (distance < SAME_STACK_BYTES)
		return to->stack > from->stack || (to->stack == from->stack && to->instruction != from->instruction);
	return ++*n_changes <= MAX_STACK_CHANGES;
}

static bool may_be_return(struct mo_unwinder *unwinder, uint64_t kva)
{
	const struct mo_arch_unwinding *unwinding = unwinder->unwinding;
	uint8_t code[MAX_CALL_BYTES];
	struct mo_error *error;

	if (!kva || !is_code(unwinder, kva - 1))
		return false;
	error = mo_read(unwinder->reader, kva - sizeof(code), code, sizeof(code));
	/* Code that was left out of the dump says nothing against it. */
	return mo_error_destroy(error) || !unwinding->ends_with_call || unwinding->ends_with_call(code, sizeof(code));
}

/* What may be return addresses, from the frame that nothing leads on from to the end of the stack. */
static void search(struct mo_unwinder *unwinder, const struct mo_arch_frame *frame, uint64_t first_kva, uint64_t end_kva,
		   struct mo_stack *stack)
{
	uint64_t word_bytes = unwinder->arch->pointer_bytes;
	uint64_t at_kva = frame->stack & ~(word_bytes - 1);

	if (at_kva < first_kva || at_kva >= end_kva || end_kva - first_kva > MAX_SEARCH_BYTES)
		return;
	for (; at_kva + word_bytes <= end_kva; at_kva += word_bytes) {
		struct mo_arch_frame found = { .stack = at_kva };

		if (!read_word(unwinder, at_kva, &found.instruction))
			return;
		found.instruction = mo_arch_plain_code(mo_reader_kernel(unwinder->reader)->paging.signed_mask, found.instruction);
		if (may_be_return(unwinder, found.instruction) && !add_frame(stack, &found, MO_FRAME_BY_SEARCH))
			return;
	}
}

/* From a frame to the first one; false: not so far, and *frame is the one that nothing leads on from. */
static bool follow(struct mo_unwinder *unwinder, struct mo_arch_frame *frame, enum mo_frame_found found, struct mo_stack *stack)
{
	unsigned n_changes = 0;

	stack->end = MO_STACK_LONG;
	while (add_frame(stack, frame, found)) {
		struct mo_arch_frame caller = *frame;
		enum mo_arch_unwound unwound = step(unwinder, &caller, &found);

		if (unwound == MO_UNWOUND_END || unwound == MO_UNWOUND_USER) {
			stack->end = unwound == MO_UNWOUND_END ? MO_STACK_WHOLE : MO_STACK_USER;
			return true;
		}
		if (unwound != MO_UNWOUND_CALLER || !goes_on(frame, &caller, &n_changes) ||
		    (!is_code(unwinder, caller.instruction) && !is_code(unwinder, frame->instruction))) {
			uint64_t word;

			stack->end = read_word(unwinder, frame->stack, &word) ? MO_STACK_LOST : MO_STACK_UNREADABLE;
			return false;
		}
		*frame = caller;
	}
	return true;
}

/*
 * Some functions have no rules on purpose (STACK_FRAME_NON_STANDARD: __crash_kexec(), in which a CPU that panicked is found).
 * The first word above that may be a return address, and from which rules lead down to the end, is the caller's.
 */
static bool resume(struct mo_unwinder *unwinder, const struct mo_arch_frame *frame, uint64_t first_kva, uint64_t end_kva,
		   struct mo_stack *stack)
{
	uint64_t word_bytes = unwinder->arch->pointer_bytes;
	uint64_t at_kva = frame->stack & ~(word_bytes - 1);
	size_t n_frames = stack->n_frames;
	enum mo_stack_end end = stack->end;

	if (!unwinder->tables.parts.count || at_kva < first_kva || at_kva >= end_kva)
		return false;
	for (size_t i = 0; i < MAX_RESUME_WORDS && at_kva + word_bytes <= end_kva; i++, at_kva += word_bytes) {
		struct mo_arch_frame caller = { .stack = at_kva + word_bytes, .frame_pointer = frame->frame_pointer };

		if (!read_word(unwinder, at_kva, &caller.instruction) || !may_be_return(unwinder, caller.instruction))
			continue;
		if (follow(unwinder, &caller, MO_FRAME_BY_SEARCH, stack) && stack->end != MO_STACK_LONG)
			return true;
		stack->n_frames = n_frames;
		stack->end = end;
	}
	return false;
}

static void unwind(struct mo_unwinder *unwinder, struct mo_arch_frame frame, uint64_t first_kva, uint64_t end_kva,
		   struct mo_stack *stack)
{
	if (!follow(unwinder, &frame, MO_FRAME_START, stack) && !resume(unwinder, &frame, first_kva, end_kva, stack))
		search(unwinder, &frame, first_kva, end_kva, stack);
}

/* Where __switch_to_asm() or cpu_switch_to() left off. */
static bool start_of_task(struct mo_unwinder *unwinder, uint64_t task_kva, struct mo_arch_frame *ret)
{
	const struct mo_unwind_layout *layout = unwinder->layout;
	struct mo_reader *reader = unwinder->reader;
	uint64_t sp = 0;
	struct mo_error *error;

	if (mo_has(&layout->thread_sp) && mo_has(&layout->frame_return) && mo_has(&layout->frame_bp) &&
	    mo_has(&layout->inactive_frame)) {
		error = mo_read_field(reader, &layout->thread_sp, task_kva, &sp);
		if (!error)
			error = mo_read_field(reader, &layout->frame_return, sp, &ret->instruction);
		if (!error)
			error = mo_read_field(reader, &layout->frame_bp, sp, &ret->frame_pointer);
		ret->stack = sp + layout->inactive_frame.bytes;
		return !mo_error_destroy(error);
	}
	if (!mo_has(&layout->context_fp) || !mo_has(&layout->context_sp))
		return false;
	error = mo_read_field(reader, &layout->context_pc, task_kva, &ret->instruction);
	if (!error)
		error = mo_read_field(reader, &layout->context_fp, task_kva, &ret->frame_pointer);
	if (!error)
		error = mo_read_field(reader, &layout->context_sp, task_kva, &ret->stack);
	return !mo_error_destroy(error);
}

struct mo_error *mo_unwind_task(struct mo_unwinder *unwinder, uint64_t task_kva, uint64_t first_kva, uint64_t end_kva,
				struct mo_stack *ret)
{
	struct mo_arch_frame frame = { .is_interrupted = false };

	ret->n_frames = 0;
	ret->end = MO_STACK_UNKNOWN;
	if (start_of_task(unwinder, task_kva, &frame))
		unwind(unwinder, frame, first_kva, end_kva, ret);
	return NULL;
}

struct mo_error *mo_unwind_cpu(struct mo_unwinder *unwinder, size_t index, uint64_t first_kva, uint64_t end_kva,
			       struct mo_stack *ret)
{
	struct mo_arch_registers registers;
	struct mo_arch_frame frame;

	ret->n_frames = 0;
	ret->end = MO_STACK_UNKNOWN;
	if (!unwinder->unwinding->of_registers || !mo_kernel_arch_registers(mo_reader_kernel(unwinder->reader), index, &registers))
		return NULL;
	if (unwinder->unwinding->of_registers(&registers, &frame))
		unwind(unwinder, frame, first_kva, end_kva, ret);
	else
		ret->end = MO_STACK_USER;
	return NULL;
}
