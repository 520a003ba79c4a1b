/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Stacks of arm64 (arch/arm64/kernel/stacktrace.c): frame records, a pair of the caller's record and the return address, which
 * may be signed. Where an exception came in, an empty record stands in struct pt_regs: since 6.13 with its kind behind it
 * (asm/stacktrace/frame.h).
 */
#include "arch.h"

#include "bytes.h"

#define FRAME_POINTER 29
#define STACK 31
#define INSTRUCTION 32
#define STATE 33
#define STATE_MODE 0xfull                 /* PSR_MODE_MASK; EL0: 0 */

#define RECORD_BYTES 16
#define KIND_REGISTERS 2                  /* FRAME_META_TYPE_PT_REGS */
/* In struct pt_regs, from its record: x29, sp, pc, pstate. */
#define SAVED_FRAME_POINTER 64
#define SAVED_STACK 48
#define SAVED_INSTRUCTION 40
#define SAVED_STATE 32

static bool of_registers(const struct mo_arch_registers *registers, struct mo_arch_frame *ret)
{
	if (!(registers->words[STATE] & STATE_MODE))
		return false;
	*ret = (struct mo_arch_frame){
		.instruction = registers->words[INSTRUCTION],
		.stack = registers->words[STACK],
		.frame_pointer = registers->words[FRAME_POINTER],
		.is_interrupted = true,
	};
	return true;
}

/* An empty record: the end, or, where its kind says so, what an exception interrupted. */
static enum mo_arch_unwound behind_exception(const struct mo_arch_memory *memory, struct mo_arch_frame *frame)
{
	uint64_t record = frame->frame_pointer, kind = 0, state = 0;
	struct mo_arch_frame caller = { .is_interrupted = true };

	if (!memory->read_word(memory->context, record + RECORD_BYTES, &kind) || kind != KIND_REGISTERS)
		return MO_UNWOUND_END;
	if (!memory->read_word(memory->context, record - SAVED_STATE, &state) ||
	    !memory->read_word(memory->context, record - SAVED_INSTRUCTION, &caller.instruction) ||
	    !memory->read_word(memory->context, record - SAVED_STACK, &caller.stack) ||
	    !memory->read_word(memory->context, record - SAVED_FRAME_POINTER, &caller.frame_pointer))
		return MO_UNWOUND_FAILED;
	if (!(state & STATE_MODE))
		return MO_UNWOUND_USER;
	*frame = caller;
	return MO_UNWOUND_CALLER;
}

static enum mo_arch_unwound by_frame_pointer(const struct mo_arch_memory *memory, struct mo_arch_frame *frame)
{
	struct mo_arch_frame caller = { .stack = frame->frame_pointer + RECORD_BYTES };

	if (!frame->frame_pointer)
		return MO_UNWOUND_END;
	if (frame->frame_pointer % 8 || !memory->read_word(memory->context, frame->frame_pointer, &caller.frame_pointer) ||
	    !memory->read_word(memory->context, frame->frame_pointer + 8, &caller.instruction))
		return MO_UNWOUND_FAILED;
	if (!caller.frame_pointer && !caller.instruction)
		return behind_exception(memory, frame);
	caller.instruction = mo_arch_plain_code(memory->signed_mask, caller.instruction);
	*frame = caller;
	return MO_UNWOUND_CALLER;
}

/* BL, BLR and BLRAA with its kin. */
static bool ends_with_call(const uint8_t *code, size_t n_bytes)
{
	uint32_t instruction = n_bytes < 4 ? 0 : mo_load_u32(code + n_bytes - 4, false);

	return instruction >> 26 == 0x25 || (instruction & 0xfefff000) == 0xd63f0000;
}

const struct mo_arch_unwinding mo_arch_arm64_unwinding = {
	.of_registers = of_registers,
	.by_frame_pointer = by_frame_pointer,
	.ends_with_call = ends_with_call,
};
