/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Frame records of arm64: signed return addresses, and the empty records where exceptions came in. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "arch.h"

#define STACK 0xffff800080010000ull
#define TEXT 0xffffacc388400000ull
#define N_WORDS 128
#define AT(i) (STACK + 8ull * (i))

struct fake {
	uint64_t words[N_WORDS];
};

static bool read_word(void *context, uint64_t kva, uint64_t *ret)
{
	const struct fake *fake = context;

	if (kva < STACK || kva >= AT(N_WORDS) || kva % 8)
		return false;
	*ret = fake->words[(kva - STACK) / 8];
	return true;
}

static enum mo_arch_unwound step(struct fake *fake, struct mo_arch_frame *frame)
{
	const struct mo_arch_memory memory = { .read_word = read_word, .context = fake, .signed_mask = UINT64_MAX << 48 };

	return mo_arch_arm64_unwinding.by_frame_pointer(&memory, frame);
}

static void a_signed_return_address_is_told_without_its_signature(void **state)
{
	struct fake fake = { .words = { [4] = AT(8), [5] = 0x12b5acc388401234 | 1ull << 55 } };
	struct mo_arch_frame frame = { .frame_pointer = AT(4) };

	(void)state;
	assert_int_equal(step(&fake, &frame), MO_UNWOUND_CALLER);
	assert_int_equal(frame.instruction, TEXT + 0x1234);
	assert_int_equal(frame.frame_pointer, AT(8));
	assert_int_equal(frame.stack, AT(6));
	assert_false(frame.is_interrupted);
	/* Users' addresses are not made the kernel's. */
	assert_int_equal(mo_arch_plain_code(UINT64_MAX << 48, 0x0000aaaabbbbccccull), 0x0000aaaabbbbccccull);
}

static void an_empty_record_ends_a_stack_or_tells_of_an_exception(void **state)
{
	/* The record is word 60; x29, sp, pc and pstate of struct pt_regs before it, the kind behind it. */
	struct fake fake = { .words = { [62] = 2, [52] = AT(80), [54] = AT(70), [55] = TEXT + 0x500, [56] = 0x60400005 } };
	struct mo_arch_frame frame = { .frame_pointer = AT(60) };

	(void)state;
	assert_int_equal(step(&fake, &frame), MO_UNWOUND_CALLER);
	assert_int_equal(frame.instruction, TEXT + 0x500);
	assert_int_equal(frame.stack, AT(70));
	assert_int_equal(frame.frame_pointer, AT(80));
	assert_true(frame.is_interrupted);
	fake.words[56] = 0x80001000;
	frame = (struct mo_arch_frame){ .frame_pointer = AT(60) };
	assert_int_equal(step(&fake, &frame), MO_UNWOUND_USER);
	fake.words[62] = 1;
	assert_int_equal(step(&fake, &frame), MO_UNWOUND_END);
	frame.frame_pointer = 0;
	assert_int_equal(step(&fake, &frame), MO_UNWOUND_END);
}

static void what_cannot_be_read_leads_nowhere(void **state)
{
	struct fake fake = { .words = { 0 } };
	struct mo_arch_frame frame = { .frame_pointer = STACK - 16 };

	(void)state;
	assert_int_equal(step(&fake, &frame), MO_UNWOUND_FAILED);
	frame.frame_pointer = AT(3) + 4;
	assert_int_equal(step(&fake, &frame), MO_UNWOUND_FAILED);
}

static void a_cpu_in_user_mode_has_no_frame(void **state)
{
	struct mo_arch_registers registers = { .n_words = 34 };
	struct mo_arch_frame frame;

	(void)state;
	registers.words[29] = AT(4);
	registers.words[31] = AT(2);
	registers.words[32] = TEXT;
	assert_false(mo_arch_arm64_unwinding.of_registers(&registers, &frame));
	registers.words[33] = 0x600000c5;
	assert_true(mo_arch_arm64_unwinding.of_registers(&registers, &frame));
	assert_int_equal(frame.frame_pointer, AT(4));
	assert_int_equal(frame.stack, AT(2));
	assert_int_equal(frame.instruction, TEXT);
	assert_true(frame.is_interrupted);
}

static void calls_are_told_from_other_code(void **state)
{
	static const struct {
		uint8_t code[7];
		bool is_call;
	} cases[] = {
		{ { 0, 0, 0, 0x10, 0, 0, 0x94 }, true },          /* bl */
		{ { 0, 0, 0, 0x60, 0, 0x3f, 0xd6 }, true },       /* blr x3 */
		{ { 0, 0, 0, 0x2a, 0x0a, 0x3f, 0xd7 }, true },    /* blraa x17, x10 */
		{ { 0, 0, 0, 0x1f, 0x20, 0x03, 0xd5 }, false },   /* nop */
		{ { 0, 0, 0, 0x60, 0, 0x1f, 0xd6 }, false },      /* br x3 */
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_int_equal(mo_arch_arm64_unwinding.ends_with_call(cases[i].code, 7), cases[i].is_call);
	assert_false(mo_arch_arm64_unwinding.ends_with_call(cases[0].code, 3));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_signed_return_address_is_told_without_its_signature),
		cmocka_unit_test(an_empty_record_ends_a_stack_or_tells_of_an_exception),
		cmocka_unit_test(what_cannot_be_read_leads_nowhere),
		cmocka_unit_test(a_cpu_in_user_mode_has_no_frame),
		cmocka_unit_test(calls_are_told_from_other_code),
	};

	return cmocka_run_group_tests_name("arm64 unwinding", tests, NULL, NULL);
}
