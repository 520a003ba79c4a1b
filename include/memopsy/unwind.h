/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef MEMOPSY_UNWIND_H
#define MEMOPSY_UNWIND_H

/*
 * Kernel stacks, frame by frame: by the kernel's own unwind table (ORC, which lies in the memory of kernel and modules), else
 * by frame pointers, else, where neither leads on, by what on the stack looks like a return address.
 *
 * Decodes arch/x86/include/asm/orc_types.h (4.14 on), struct inactive_task_frame (arch/x86/include/asm/switch_to.h, 4.9) and
 * thread.cpu_context (arch/arm64/include/asm/processor.h). What the architecture adds is in src/arch/unwind.h.
 *
 * An unwinder outlives the stacks that it fills, and belongs to the thread of its reader: it remembers rules.
 */

#include <memopsy/kernel.h>
#include <memopsy/layout.h>

MO_API_BEGIN

#define MO_STACK_FRAMES 96

/* How a frame was found. */
enum mo_frame_found {
	MO_FRAME_START = 0,      /* where the CPU was, or where the task was switched out */
	MO_FRAME_BY_RULE = 1,    /* by the kernel's unwind table */
	MO_FRAME_BY_POINTER = 2, /* by a frame pointer */
	MO_FRAME_BY_SEARCH = 3,  /* a word of the stack that may be a return address: the function may have returned already */
};

struct mo_stack_frame {
	uint64_t instruction_kva; /* to be executed next, in this frame */
	uint64_t stack_kva;       /* the stack pointer there; of a search, where the word lies */
	uint8_t found;            /* enum mo_frame_found */
	bool is_interrupted;      /* by an interrupt or exception; else instruction_kva stands behind a call */
};

enum mo_stack_end {
	MO_STACK_UNKNOWN = 0,     /* there is no frame to begin with */
	MO_STACK_WHOLE = 1,       /* down to what nothing called */
	MO_STACK_USER = 2,        /* down to user mode */
	MO_STACK_LOST = 3,        /* no rule leads on, or a wrong one */
	MO_STACK_UNREADABLE = 4,  /* the next word is not in the dump */
	MO_STACK_LONG = 5,        /* there are more frames */
};

struct mo_stack {
	struct mo_stack_frame frames[MO_STACK_FRAMES];
	size_t n_frames;
	enum mo_stack_end end;
};

struct mo_unwinder;

/* What it needs of the kernel: a row of needs, so that the types are found in one pass with the plugin's own. */
const struct mo_layout_table *mo_unwind_table(void);
#define MO_UNWIND(layout, into) MO_SHARED(layout, into, mo_unwind_table, "stack frames", .is_optional = true)

/*
 * Loads the modules, and finds the unwind tables. No table is no error. MO_E_ABSENT: of this architecture, or of this
 * kernel's types, it is not known where the stack of a task that sleeps begins.
 */
struct mo_error *mo_unwinder_create(struct mo_reader *reader, struct mo_unwinder **ret) MO_MUST_USE;
void mo_unwinder_destroy(struct mo_unwinder *unwinder);

/* "ORC", "frame pointers" or "none": what leads from frame to frame in this kernel. */
const char *mo_unwinder_method(const struct mo_unwinder *unwinder);

/*
 * The stack of a task that is on no CPU. [first_kva, end_kva) is where its stack lies, for the search; 0: not known. What cannot
 * be read is in `end`; errors are memory and interruption.
 */
struct mo_error *mo_unwind_task(struct mo_unwinder *unwinder, uint64_t task_kva, uint64_t first_kva, uint64_t end_kva,
				struct mo_stack *ret) MO_MUST_USE;

/* The stack of the CPU that is noted in place `index` (mo_kernel_registers()); in user mode it has no frame. */
struct mo_error *mo_unwind_cpu(struct mo_unwinder *unwinder, size_t index, uint64_t first_kva, uint64_t end_kva,
			       struct mo_stack *ret) MO_MUST_USE;

/* Whose symbol a frame is in: what follows a call may be the next function's first byte. */
static inline uint64_t mo_frame_lookup_kva(const struct mo_stack_frame *frame)
{
	return frame->is_interrupted || !frame->instruction_kva ? frame->instruction_kva : frame->instruction_kva - 1;
}

MO_API_END

#endif
