/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Frames of x86_64: what each kind of ORC rule means, in both ways of numbering registers, and frame pointers. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "arch.h"

#define STACK 0xffffc90000010000ull
#define N_WORDS 64
#define TEXT 0xffffffff81000000ull

enum { SP_FIRST = 5, SP_ANEW = 3, BP = 4, PREVIOUS_FIRST = 1, PREVIOUS_ANEW = 8 };

struct fake {
	uint64_t words[N_WORDS];
};

static bool read_word(void *context, uint64_t kva, uint64_t *ret)
{
	const struct fake *fake = context;

	if (kva < STACK || kva % 8 || (kva - STACK) / 8 >= N_WORDS)
		return false;
	*ret = fake->words[(kva - STACK) / 8];
	return true;
}

static enum mo_arch_unwound unwind(struct fake *fake, const struct mo_arch_rule *rule, struct mo_arch_frame *frame)
{
	return mo_arch_x86_64_unwinding.by_rule(&(struct mo_arch_memory){ .read_word = read_word, .context = fake }, rule, frame);
}

static void test_call(void **unused)
{
	struct fake fake = { .words = { [3] = TEXT + 0x100, [2] = 0x1234 } };
	struct mo_arch_frame frame = { .instruction = TEXT, .stack = STACK, .frame_pointer = 7, .is_interrupted = true };
	struct mo_arch_rule rule = { .kind = MO_RULE_CALL, .stack_register = SP_FIRST, .stack_offset_bytes = 32,
				     .frame_register = PREVIOUS_FIRST, .frame_offset_bytes = -16 };

	(void)unused;
	assert_int_equal(unwind(&fake, &rule, &frame), MO_UNWOUND_CALLER);
	assert_int_equal(frame.instruction, TEXT + 0x100);
	assert_int_equal(frame.stack, STACK + 32);
	assert_int_equal(frame.frame_pointer, 0x1234);
	assert_false(frame.is_interrupted);

	/* The same in the other numbering; a register that it does not have. */
	frame = (struct mo_arch_frame){ .instruction = TEXT, .stack = STACK };
	rule = (struct mo_arch_rule){ .kind = MO_RULE_CALL, .numbering = 1, .stack_register = SP_ANEW, .stack_offset_bytes = 32,
				      .frame_register = PREVIOUS_ANEW, .frame_offset_bytes = -16 };
	assert_int_equal(unwind(&fake, &rule, &frame), MO_UNWOUND_CALLER);
	assert_int_equal(frame.stack, STACK + 32);
	assert_int_equal(frame.frame_pointer, 0x1234);
	rule.stack_register = 15;
	assert_int_equal(unwind(&fake, &rule, &frame), MO_UNWOUND_FAILED);
}

static void test_other_bases(void **unused)
{
	struct fake fake = { .words = { [0] = STACK + 80, [5] = STACK + 64, [7] = TEXT + 8, [9] = TEXT + 9 } };
	struct mo_arch_frame frame = { .stack = STACK, .frame_pointer = STACK + 56 };
	struct mo_arch_rule rule = { .kind = MO_RULE_CALL, .stack_register = BP, .stack_offset_bytes = 8 };

	(void)unused;
	assert_int_equal(unwind(&fake, &rule, &frame), MO_UNWOUND_CALLER);
	assert_int_equal(frame.instruction, TEXT + 8);
	assert_int_equal(frame.frame_pointer, STACK + 56); /* nothing said of it: it is the same */

	/* What the stack pointer leads to holds the stack. */
	frame = (struct mo_arch_frame){ .stack = STACK };
	rule.stack_register = 9;
	rule.stack_offset_bytes = 0;
	assert_int_equal(unwind(&fake, &rule, &frame), MO_UNWOUND_CALLER);
	assert_int_equal(frame.instruction, TEXT + 9);

	/* A register that only interrupts save. */
	frame = (struct mo_arch_frame){ .stack = STACK };
	rule.stack_register = 6;
	assert_int_equal(unwind(&fake, &rule, &frame), MO_UNWOUND_FAILED);
	frame = (struct mo_arch_frame){ .stack = STACK, .others = { STACK + 80 }, .has_others = true };
	assert_int_equal(unwind(&fake, &rule, &frame), MO_UNWOUND_CALLER);
	assert_int_equal(frame.instruction, TEXT + 9);
}

static void test_registers(void **unused)
{
	/* struct pt_regs at word 4. */
	struct fake fake = { .words = { [4 + 4] = 0xb, [4 + 7] = 0x10, [4 + 16] = TEXT + 0x40, [4 + 17] = 0x10,
					[4 + 19] = STACK + 400 } };
	struct mo_arch_frame frame = { .stack = STACK };
	struct mo_arch_rule rule = { .kind = MO_RULE_REGISTERS, .stack_register = SP_FIRST, .stack_offset_bytes = 32,
				     .is_interrupted = true };

	(void)unused;
	assert_int_equal(unwind(&fake, &rule, &frame), MO_UNWOUND_CALLER);
	assert_int_equal(frame.instruction, TEXT + 0x40);
	assert_int_equal(frame.stack, STACK + 400);
	assert_int_equal(frame.frame_pointer, 0xb);
	assert_true(frame.is_interrupted && frame.has_others);
	assert_int_equal(frame.others[0], 0x10);

	/* From user mode. */
	fake.words[4 + 17] = 0x33;
	frame = (struct mo_arch_frame){ .stack = STACK };
	assert_int_equal(unwind(&fake, &rule, &frame), MO_UNWOUND_USER);

	/* What the CPU saves: ip, cs, flags, sp. */
	rule.kind = MO_RULE_REGISTERS_IN_PART;
	frame = (struct mo_arch_frame){ .stack = STACK + 16 * 8, .frame_pointer = 5 };
	rule.stack_offset_bytes = 32;
	fake.words[4 + 17] = 0x10;
	assert_int_equal(unwind(&fake, &rule, &frame), MO_UNWOUND_CALLER);
	assert_int_equal(frame.instruction, TEXT + 0x40);
	assert_int_equal(frame.stack, STACK + 400);
	assert_int_equal(frame.frame_pointer, 5);
}

static void test_ends(void **unused)
{
	struct fake fake = { .words = { 0 } };
	struct mo_arch_frame frame = { .stack = STACK + N_WORDS * 8 };
	struct mo_arch_rule rule = { .kind = MO_RULE_END };

	(void)unused;
	assert_int_equal(unwind(&fake, &rule, &frame), MO_UNWOUND_END);
	rule = (struct mo_arch_rule){ .kind = MO_RULE_UNDEFINED, .stack_register = SP_FIRST };
	assert_int_equal(unwind(&fake, &rule, &frame), MO_UNWOUND_FAILED);
	rule = (struct mo_arch_rule){ .kind = MO_RULE_CALL, .stack_register = SP_FIRST, .stack_offset_bytes = 16 };
	assert_int_equal(unwind(&fake, &rule, &frame), MO_UNWOUND_FAILED); /* not in the dump */
	assert_int_equal(frame.stack, STACK + N_WORDS * 8);
}

static void test_numbering(void **unused)
{
	uint32_t n_rules[MO_ARCH_RULE_REGISTERS] = { [5] = 4000, [4] = 90, [3] = 2 };

	(void)unused;
	assert_int_equal(mo_arch_x86_64_unwinding.numbering(n_rules), 0);
	n_rules[5] = 1;
	n_rules[3] = 4000;
	assert_int_equal(mo_arch_x86_64_unwinding.numbering(n_rules), 1);
}

static void test_frame_pointers(void **unused)
{
	struct fake fake = { .words = { [2] = STACK + 48, [3] = TEXT + 1, [6] = 0, [7] = TEXT + 2 } };
	const struct mo_arch_memory memory = { .read_word = read_word, .context = &fake };
	struct mo_arch_frame frame = { .frame_pointer = STACK + 16, .is_interrupted = true };

	(void)unused;
	assert_int_equal(mo_arch_x86_64_unwinding.by_frame_pointer(&memory, &frame), MO_UNWOUND_CALLER);
	assert_int_equal(frame.instruction, TEXT + 1);
	assert_int_equal(frame.stack, STACK + 32);
	assert_int_equal(mo_arch_by_frame_pointer(&memory, &frame), MO_UNWOUND_CALLER);
	assert_int_equal(frame.instruction, TEXT + 2);
	assert_int_equal(mo_arch_by_frame_pointer(&memory, &frame), MO_UNWOUND_END);
	frame.frame_pointer = STACK + 4;
	assert_int_equal(mo_arch_by_frame_pointer(&memory, &frame), MO_UNWOUND_FAILED);

	/* One that is odd leads to a struct pt_regs. */
	fake = (struct fake){ .words = { [16] = TEXT + 3, [17] = 0x10, [19] = STACK + 200 } };
	frame.frame_pointer = STACK + 1;
	assert_int_equal(mo_arch_x86_64_unwinding.by_frame_pointer(&memory, &frame), MO_UNWOUND_CALLER);
	assert_int_equal(frame.instruction, TEXT + 3);
	assert_true(frame.is_interrupted);
}

static void test_notes(void **unused)
{
	struct mo_arch_registers registers = { .n_words = 27, .instruction = TEXT, .stack = STACK, .words = { [4] = 44, [7] = 77 } };
	struct mo_arch_frame frame;

	(void)unused;
	assert_true(mo_arch_x86_64_unwinding.of_registers(&registers, &frame));
	assert_int_equal(frame.frame_pointer, 44);
	assert_int_equal(frame.others[0], 77);
	registers = (struct mo_arch_registers){ .n_words = 18, .instruction = 0x401000, .words = { [7] = 77, [10] = 10 } };
	assert_false(mo_arch_x86_64_unwinding.of_registers(&registers, &frame)); /* QEMU's order, in user mode */
	assert_int_equal(frame.frame_pointer, 77);
	assert_int_equal(frame.others[0], 10);
}

static void test_calls(void **unused)
{
	static const uint8_t direct[] = { 0x90, 0x90, 0xe8, 1, 2, 3, 4 };
	static const uint8_t by_register[] = { 0x90, 0x90, 0x90, 0x90, 0x90, 0xff, 0xd0 };
	static const uint8_t none[] = { 0x90, 0x90, 0x90, 0x90, 0x90, 0x90, 0x90 };

	(void)unused;
	assert_true(mo_arch_x86_64_unwinding.ends_with_call(direct, sizeof(direct)));
	assert_true(mo_arch_x86_64_unwinding.ends_with_call(by_register, sizeof(by_register)));
	assert_false(mo_arch_x86_64_unwinding.ends_with_call(none, sizeof(none)));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_call), cmocka_unit_test(test_other_bases), cmocka_unit_test(test_registers),
		cmocka_unit_test(test_ends), cmocka_unit_test(test_numbering), cmocka_unit_test(test_frame_pointers),
		cmocka_unit_test(test_notes), cmocka_unit_test(test_calls),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
