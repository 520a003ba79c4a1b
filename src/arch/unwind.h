/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef MO_ARCH_UNWIND_H
#define MO_ARCH_UNWIND_H

/*
 * From a frame to its caller's, by what an architecture knows of its stacks. Who asks (src/kernel/unwind.c) finds the
 * rules and checks that stacks go on upwards and lead to code; here is what a rule or a frame pointer means.
 *
 * An architecture answers with its `struct mo_arch_unwinding`; all of it is optional. One without it is unwound by
 * frame pointers, as mo_arch_by_frame_pointer() has them: a pair of the caller's frame pointer and the return address.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define MO_ARCH_FRAME_OTHERS 5
#define MO_ARCH_RULE_REGISTERS 16 /* that a rule can name */

/* Where code is, or goes on when what it called returns. */
struct mo_arch_frame {
	uint64_t instruction;
	uint64_t stack;
	uint64_t frame_pointer;
	uint64_t others[MO_ARCH_FRAME_OTHERS]; /* that the architecture's rules may name, in an order of its own */
	bool has_others;
	bool is_interrupted;     /* instruction is the next to be executed; else what follows a call */
};

/* What an unwind table of the kernel (ORC: arch/x86/include/asm/orc_types.h) says of an instruction. */
enum mo_arch_rule_kind {
	MO_RULE_UNDEFINED = 0,
	MO_RULE_END = 1,               /* nothing called this */
	MO_RULE_CALL = 2,              /* a return address lies below the caller's stack */
	MO_RULE_REGISTERS = 3,         /* struct pt_regs lies there */
	MO_RULE_REGISTERS_IN_PART = 4, /* ... of which only what the CPU itself saved is there */
};

struct mo_arch_rule {
	enum mo_arch_rule_kind kind;
	int16_t stack_offset_bytes;
	int16_t frame_offset_bytes;
	uint8_t numbering;             /* as numbering() gave it */
	uint8_t stack_register;        /* as the table numbers them */
	uint8_t frame_register;
	bool is_interrupted;           /* the caller's instruction was not executed yet */
};

enum mo_arch_unwound {
	MO_UNWOUND_FAILED = 0,
	MO_UNWOUND_CALLER = 1,         /* the frame is the caller's now */
	MO_UNWOUND_END = 2,
	MO_UNWOUND_USER = 3,           /* the kernel was entered from user mode */
};

/* Kernel memory; false: it cannot be read. */
struct mo_arch_memory {
	bool (*read_word)(void *context, uint64_t kva, uint64_t *ret);
	void *context;
	uint64_t signed_mask;    /* struct mo_paging's */
};

/* A return address without its signature: of the kernel's half all those bits are set. */
static inline uint64_t mo_arch_plain_code(uint64_t signed_mask, uint64_t word)
{
	return word >> 55 & 1 ? word | signed_mask : word;
}

struct mo_arch_registers;

struct mo_arch_unwinding {
	/* The frame in which a CPU was, of its registers as registers() gives them; false: it ran in user mode. */
	bool (*of_registers)(const struct mo_arch_registers *registers, struct mo_arch_frame *ret);
	/*
	 * How the table numbers registers, which no type tells: by how many of its rules for calls begin with each. NULL: there
	 * is one way only.
	 */
	uint8_t (*numbering)(const uint32_t n_rules[MO_ARCH_RULE_REGISTERS]);
	/* The kernel's table of rules; NULL: it has none. */
	enum mo_arch_unwound (*by_rule)(const struct mo_arch_memory *memory, const struct mo_arch_rule *rule,
					struct mo_arch_frame *frame);
	/* NULL: mo_arch_by_frame_pointer() */
	enum mo_arch_unwound (*by_frame_pointer)(const struct mo_arch_memory *memory, struct mo_arch_frame *frame);
	/* Whether code that ends right before an address ends with a call. NULL: not known. */
	bool (*ends_with_call)(const uint8_t *code, size_t n_bytes);
};

/* The frame pointer leads to the caller's and, behind it, the return address; one of 0 ends a stack. */
enum mo_arch_unwound mo_arch_by_frame_pointer(const struct mo_arch_memory *memory, struct mo_arch_frame *frame);

extern const struct mo_arch_unwinding mo_arch_arm64_unwinding;
extern const struct mo_arch_unwinding mo_arch_x86_64_unwinding;

#endif
