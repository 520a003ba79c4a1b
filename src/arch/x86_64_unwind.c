/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* x86_64: stacks by the ORC table (arch/x86/kernel/unwind_orc.c) and by frame pointers (unwind_frame.c). */
#include "arch.h"

/*
 * ORC_REG_* (arch/x86/include/asm/orc_types.h), by the table's own numbers: those from 4.14 on, and others that are seen in
 * 7.2.
 */
enum orc_register { ORC_UNDEFINED, ORC_PREVIOUS_SP, ORC_AX, ORC_DX, ORC_DI, ORC_BP, ORC_SP, ORC_R10, ORC_R13, ORC_BP_INDIRECT,
		    ORC_SP_INDIRECT };
enum { NUMBERED_FIRST, NUMBERED_ANEW, N_NUMBERINGS };

static const uint8_t numberings[N_NUMBERINGS][MO_ARCH_RULE_REGISTERS] = {
	[NUMBERED_FIRST] = { ORC_UNDEFINED, ORC_PREVIOUS_SP, ORC_DX, ORC_DI, ORC_BP, ORC_SP, ORC_R10, ORC_R13, ORC_BP_INDIRECT,
			     ORC_SP_INDIRECT },
	[NUMBERED_ANEW] = { ORC_UNDEFINED, ORC_AX, ORC_DX, ORC_SP, ORC_BP, ORC_DI, ORC_R10, ORC_R13, ORC_PREVIOUS_SP,
			    ORC_SP_INDIRECT, ORC_BP_INDIRECT },
};

/* The order of mo_arch_frame.others. */
enum { OTHER_R10, OTHER_R13, OTHER_DI, OTHER_DX, OTHER_AX };

/* Words of struct pt_regs, whose order is that of struct user_regs_struct in PRSTATUS as well. */
enum { REGS_R13 = 2, REGS_BP = 4, REGS_R10 = 7, REGS_AX = 10, REGS_DX = 12, REGS_DI = 14, REGS_IP = 16, REGS_CS = 17, REGS_SP = 19 };

/* QEMU's order. */
enum { QEMU_AX = 0, QEMU_DX = 3, QEMU_DI = 5, QEMU_BP = 7, QEMU_R10 = 10, QEMU_R13 = 13, QEMU_REGISTERS = 18 };

#define PRIVILEGE_MASK 3u   /* of CS: 0 is the kernel */
#define REGS_ENCODED 1u     /* ENCODE_FRAME_POINTER: the frame pointer is the address of a pt_regs, plus 1 */
#define FIRST_KERNEL_VA (1ull << 63)

static bool of_registers(const struct mo_arch_registers *registers, struct mo_arch_frame *ret)
{
	bool is_qemu = registers->n_words == QEMU_REGISTERS;
	const uint64_t *words = registers->words;

	*ret = (struct mo_arch_frame){
		.instruction = registers->instruction,
		.stack = registers->stack,
		.frame_pointer = words[is_qemu ? QEMU_BP : REGS_BP],
		.others = { [OTHER_R10] = words[is_qemu ? QEMU_R10 : REGS_R10],
			    [OTHER_R13] = words[is_qemu ? QEMU_R13 : REGS_R13],
			    [OTHER_DI] = words[is_qemu ? QEMU_DI : REGS_DI],
			    [OTHER_DX] = words[is_qemu ? QEMU_DX : REGS_DX],
			    [OTHER_AX] = words[is_qemu ? QEMU_AX : REGS_AX] },
		.has_others = true,
		.is_interrupted = true,
	};
	return registers->instruction >= FIRST_KERNEL_VA;
}

static bool word_at(const struct mo_arch_memory *memory, uint64_t kva, uint64_t *ret)
{
	return memory->read_word(memory->context, kva, ret);
}

/* All of struct pt_regs. */
static enum mo_arch_unwound take_registers(const struct mo_arch_memory *memory, uint64_t regs_kva, struct mo_arch_frame *frame)
{
	static const uint8_t others[MO_ARCH_FRAME_OTHERS] = { [OTHER_R10] = REGS_R10, [OTHER_R13] = REGS_R13,
							      [OTHER_DI] = REGS_DI, [OTHER_DX] = REGS_DX,
							      [OTHER_AX] = REGS_AX };
	struct mo_arch_frame caller = { .has_others = true, .is_interrupted = true };
	uint64_t code_segment;

	if (!word_at(memory, regs_kva + REGS_CS * 8, &code_segment) || !word_at(memory, regs_kva + REGS_IP * 8, &caller.instruction) ||
	    !word_at(memory, regs_kva + REGS_SP * 8, &caller.stack) ||
	    !word_at(memory, regs_kva + REGS_BP * 8, &caller.frame_pointer))
		return MO_UNWOUND_FAILED;
	for (unsigned i = 0; i < MO_ARCH_FRAME_OTHERS; i++)
		if (!word_at(memory, regs_kva + others[i] * 8, &caller.others[i]))
			return MO_UNWOUND_FAILED;
	if (code_segment & PRIVILEGE_MASK)
		return MO_UNWOUND_USER;
	*frame = caller;
	return MO_UNWOUND_CALLER;
}

/* What the CPU saves when it is interrupted: ip, cs, flags, sp, ss. The other registers are still those of the frame. */
static enum mo_arch_unwound take_interrupt_frame(const struct mo_arch_memory *memory, uint64_t kva, struct mo_arch_frame *frame)
{
	struct mo_arch_frame caller = *frame;
	uint64_t code_segment;

	if (!word_at(memory, kva, &caller.instruction) || !word_at(memory, kva + 8, &code_segment) ||
	    !word_at(memory, kva + 24, &caller.stack))
		return MO_UNWOUND_FAILED;
	if (code_segment & PRIVILEGE_MASK)
		return MO_UNWOUND_USER;
	caller.is_interrupted = true;
	*frame = caller;
	return MO_UNWOUND_CALLER;
}

static enum orc_register register_of(const struct mo_arch_rule *rule, uint8_t number)
{
	return rule->numbering < N_NUMBERINGS && number < MO_ARCH_RULE_REGISTERS ?
		       (enum orc_register)numberings[rule->numbering][number] : ORC_UNDEFINED;
}

static bool other_register(const struct mo_arch_frame *frame, unsigned which, uint64_t *ret)
{
	*ret = frame->others[which];
	return frame->has_others;
}

/* The value that the stack pointer had before the call, or where registers were saved. */
static bool find_stack(const struct mo_arch_memory *memory, const struct mo_arch_rule *rule, const struct mo_arch_frame *frame,
		       uint64_t *ret)
{
	uint64_t offset = (uint64_t)(int64_t)rule->stack_offset_bytes;

	switch (register_of(rule, rule->stack_register)) {
	case ORC_SP:
		*ret = frame->stack + offset;
		return true;
	case ORC_BP:
		*ret = frame->frame_pointer + offset;
		return true;
	case ORC_BP_INDIRECT:
		return word_at(memory, frame->frame_pointer + offset, ret);
	case ORC_SP_INDIRECT:
		if (!word_at(memory, frame->stack, ret))
			return false;
		*ret += offset;
		return true;
	case ORC_R10:
		return other_register(frame, OTHER_R10, ret);
	case ORC_R13:
		return other_register(frame, OTHER_R13, ret);
	case ORC_DI:
		return other_register(frame, OTHER_DI, ret);
	case ORC_DX:
		return other_register(frame, OTHER_DX, ret);
	case ORC_AX:
		return other_register(frame, OTHER_AX, ret);
	default:
		return false;
	}
}

static enum mo_arch_unwound by_rule(const struct mo_arch_memory *memory, const struct mo_arch_rule *rule,
				    struct mo_arch_frame *frame)
{
	uint64_t offset = (uint64_t)(int64_t)rule->frame_offset_bytes;
	struct mo_arch_frame caller = { .frame_pointer = frame->frame_pointer };
	enum mo_arch_unwound unwound = MO_UNWOUND_CALLER;
	uint64_t stack;

	if (rule->kind == MO_RULE_END)
		return MO_UNWOUND_END;
	if (!find_stack(memory, rule, frame, &stack))
		return MO_UNWOUND_FAILED;
	switch (rule->kind) {
	case MO_RULE_CALL:
		if (!word_at(memory, stack - 8, &caller.instruction))
			return MO_UNWOUND_FAILED;
		caller.stack = stack;
		break;
	case MO_RULE_REGISTERS:
		unwound = take_registers(memory, stack, &caller);
		break;
	case MO_RULE_REGISTERS_IN_PART:
		caller = *frame;
		unwound = take_interrupt_frame(memory, stack, &caller);
		break;
	default:
		return MO_UNWOUND_FAILED;
	}
	if (unwound != MO_UNWOUND_CALLER)
		return unwound;
	caller.is_interrupted = rule->is_interrupted;
	if (register_of(rule, rule->frame_register) == ORC_PREVIOUS_SP && !word_at(memory, stack + offset, &caller.frame_pointer))
		return MO_UNWOUND_FAILED;
	if (register_of(rule, rule->frame_register) == ORC_BP && !word_at(memory, frame->frame_pointer + offset, &caller.frame_pointer))
		return MO_UNWOUND_FAILED;
	*frame = caller;
	return MO_UNWOUND_CALLER;
}

/* Nearly all functions are unwound by the stack pointer. */
static uint8_t numbering(const uint32_t n_rules[MO_ARCH_RULE_REGISTERS])
{
	uint8_t best = NUMBERED_FIRST;
	uint32_t n_best = 0;

	for (unsigned i = 0; i < N_NUMBERINGS; i++)
		for (unsigned number = 0; number < MO_ARCH_RULE_REGISTERS; number++)
			if (numberings[i][number] == ORC_SP && n_rules[number] > n_best) {
				best = (uint8_t)i;
				n_best = n_rules[number];
			}
	return best;
}

static enum mo_arch_unwound by_frame_pointer(const struct mo_arch_memory *memory, struct mo_arch_frame *frame)
{
	if (frame->frame_pointer & REGS_ENCODED)
		return take_registers(memory, frame->frame_pointer - REGS_ENCODED, frame);
	return mo_arch_by_frame_pointer(memory, frame);
}

/* call rel32; call *%reg, call *mem of every length. Code of all kinds ends like some of these: it is a hint. */
static bool ends_with_call(const uint8_t *code, size_t n_bytes)
{
	if (n_bytes >= 5 && code[n_bytes - 5] == 0xe8)
		return true;
	for (size_t length = 2; length <= 7 && length <= n_bytes; length++) {
		const uint8_t *at = code + n_bytes - length;

		if (at[0] == 0xff && (at[1] >> 3 & 7) == 2)
			return true;
	}
	return false;
}

const struct mo_arch_unwinding mo_arch_x86_64_unwinding = {
	.of_registers = of_registers,
	.numbering = numbering,
	.by_rule = by_rule,
	.by_frame_pointer = by_frame_pointer,
	.ends_with_call = ends_with_call,
};
