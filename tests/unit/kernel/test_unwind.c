/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Stacks by a kernel's table of rules, as 6.1 and 7.2 have it, and without one. */
#include "kernel_rows.h"

#include <memopsy/unwind.h>

#include "arch.h"
#include "kernel_private.h"

#define IPS (BASE_KVA + 0x1000)
#define RULES (BASE_KVA + 0x2000)
#define TEXT (BASE_KVA + 0x10000)
#define FUNCTION(i) (TEXT + (i) * 0x100ull)
#define N_FUNCTIONS 4
#define END_TEXT FUNCTION(N_FUNCTIONS)
#define TASK (BASE_KVA + 0x20000)
#define STACK (BASE_KVA + 0x30000)
#define STACK_BYTES 0x1000
#define THREAD_SP 0x100

#define MEMBER(t, m, at, n) { .type = t, .member = m, .offset_bytes = at, .bytes = n }
#define BITS(m, first, n) { .type = "struct orc_entry", .member = m, .offset_bytes = 4, .bytes = 2, .first_bit = first, .n_bits = n }
#define SIGNED(m, at) { .type = "struct orc_entry", .member = m, .offset_bytes = at, .bytes = 2, .is_signed = true }

#define COMMON_ROWS \
	{ .type = "struct orc_entry", .bytes = 6 }, SIGNED("sp_offset", 0), SIGNED("bp_offset", 2), BITS("sp_reg", 0, 4), \
		BITS("bp_reg", 4, 4), MEMBER("struct task_struct", "thread.sp", THREAD_SP, 8), \
		{ .type = "struct inactive_task_frame", .bytes = 56 }, MEMBER("struct inactive_task_frame", "bp", 40, 8), \
		MEMBER("struct inactive_task_frame", "ret_addr", 48, 8)

static const struct mo_fake_row narrow_rows[] = { COMMON_ROWS, BITS("type", 8, 2), BITS("end", 10, 1) };
static const struct mo_fake_row wide_rows[] = { COMMON_ROWS, BITS("type", 8, 3), BITS("signal", 11, 1) };

static const struct mo_fake_symbol symbols[] = {
	{ .name = "__start_orc_unwind_ip", .kva = IPS, .bytes = 16 }, { .name = "__stop_orc_unwind_ip", .kva = IPS + 16 },
	{ .name = "__start_orc_unwind", .kva = RULES, .bytes = 24 },  { .name = "f0", .kva = FUNCTION(0), .bytes = 0x100 },
	{ .name = "f1", .kva = FUNCTION(1), .bytes = 0x100 },         { .name = "f2", .kva = FUNCTION(2), .bytes = 0x100 },
	{ .name = "f3", .kva = FUNCTION(3), .bytes = 0x100 },         { .name = "_etext", .kva = END_TEXT },
};

static bool has_registers;
static struct mo_arch_registers registers;

bool mo_kernel_arch_registers(const struct mo_kernel *kernel, size_t index, struct mo_arch_registers *ret)
{
	(void)kernel;
	*ret = registers;
	return has_registers && !index;
}

static void put_rule(struct mo_kernel *kernel, unsigned index, int16_t stack_offset, unsigned bits)
{
	mo_fake_put_u32(kernel, IPS + index * 4, (uint32_t)(FUNCTION(index) - (IPS + index * 4)));
	mo_fake_put_u16(kernel, RULES + index * 6, (uint16_t)stack_offset);
	mo_fake_put_u16(kernel, RULES + index * 6 + 2, 0);
	mo_fake_put_u16(kernel, RULES + index * 6 + 4, (uint16_t)bits);
}

static struct mo_kernel *start(const struct mo_fake_row *rows, size_t n_rows, bool has_table)
{
	static struct mo_fake fake;
	struct mo_kernel *kernel;

	fake = (struct mo_fake){ .rows = mo_container_rows, .n_rows = mo_n_container_rows, .more_rows = rows, .n_more_rows = n_rows,
				 .symbols = has_table ? symbols : symbols + 3, .n_symbols = N_ROWS(symbols) - (has_table ? 0 : 3),
				 .end_pfn = 64, .first_text_kva = TEXT, .end_text_kva = END_TEXT };
	kernel = mo_fake_kernel(&fake);
	mo_fake_map(kernel, IPS, 0x2000);
	mo_fake_map(kernel, TASK, 0x1000);
	mo_fake_map(kernel, STACK, STACK_BYTES);
	/* Asleep in f0, which f1 called with 16 bytes of its own; f2 called that, and f3 that. */
	mo_fake_put_u64(kernel, TASK + THREAD_SP, STACK);
	mo_fake_put_u64(kernel, STACK + 48, FUNCTION(0) + 0x20);
	mo_fake_put_u64(kernel, STACK + 56 + 8, FUNCTION(1) + 0x30);
	mo_fake_put_u64(kernel, STACK + 56 + 16 + 16, FUNCTION(2) + 0x40);
	mo_fake_put_u64(kernel, STACK + 56 + 16 + 24 + 0, FUNCTION(3) + 0x50);
	has_registers = false;
	return kernel;
}

static void unwind(struct mo_kernel *kernel, const char *method, struct mo_stack *stack)
{
	struct mo_unwinder *unwinder = NULL;

	expect_success(mo_unwinder_create(mo_fake_reader(kernel), &unwinder));
	assert_string_equal(mo_unwinder_method(unwinder), method);
	expect_success(mo_unwind_task(unwinder, TASK, STACK, STACK + STACK_BYTES, stack));
	mo_unwinder_destroy(unwinder);
}

static void expect_whole(const struct mo_stack *stack)
{
	assert_int_equal(stack->n_frames, 4);
	assert_int_equal(stack->end, MO_STACK_WHOLE);
	for (unsigned i = 0; i < 4; i++) {
		assert_int_equal(stack->frames[i].instruction_kva, FUNCTION(i) + 0x20 + i * 0x10);
		assert_int_equal(stack->frames[i].found, i ? MO_FRAME_BY_RULE : MO_FRAME_START);
	}
	assert_int_equal(mo_frame_lookup_kva(&stack->frames[1]), FUNCTION(1) + 0x2f);
}

/* Types of two bits, an end of its own, the stack pointer is register 5. */
static void test_narrow(void **unused)
{
	struct mo_kernel *kernel = start(narrow_rows, N_ROWS(narrow_rows), true);
	struct mo_stack stack;

	(void)unused;
	put_rule(kernel, 0, 16, 5);
	put_rule(kernel, 1, 24, 5);
	put_rule(kernel, 2, 8, 5);
	put_rule(kernel, 3, 0, 1 << 10);
	unwind(kernel, "ORC", &stack);
	expect_whole(&stack);
	mo_fake_destroy(kernel);
}

/* Types of three bits; the stack pointer is register 3, which only a count tells. */
static void test_wide(void **unused)
{
	struct mo_kernel *kernel = start(wide_rows, N_ROWS(wide_rows), true);
	struct mo_stack stack;

	(void)unused;
	put_rule(kernel, 0, 16, 3 | 2 << 8);
	put_rule(kernel, 1, 24, 3 | 2 << 8);
	put_rule(kernel, 2, 8, 3 | 2 << 8);
	put_rule(kernel, 3, 0, 1 << 8);
	unwind(kernel, "ORC", &stack);
	expect_whole(&stack);
	mo_fake_destroy(kernel);
}

/* A rule that leads nowhere: the rest is searched for, and marked as that. */
static void test_lost(void **unused)
{
	struct mo_kernel *kernel = start(narrow_rows, N_ROWS(narrow_rows), true);
	struct mo_stack stack;

	(void)unused;
	put_rule(kernel, 0, 16, 5);
	put_rule(kernel, 1, 0, 0); /* undefined */
	put_rule(kernel, 2, 8, 5);
	put_rule(kernel, 3, 0, 1 << 10);
	unwind(kernel, "ORC", &stack);
	/* What the search finds leads to the end by rules. */
	assert_int_equal(stack.end, MO_STACK_WHOLE);
	assert_int_equal(stack.n_frames, 4);
	assert_int_equal(stack.frames[1].found, MO_FRAME_BY_RULE);
	assert_int_equal(stack.frames[2].found, MO_FRAME_BY_SEARCH);
	assert_int_equal(stack.frames[3].found, MO_FRAME_BY_RULE);
	assert_int_equal(stack.frames[3].instruction_kva, FUNCTION(3) + 0x50);
	/* Without an end that rules lead to, all is search. */
	mo_fake_destroy(kernel);
	kernel = start(narrow_rows, N_ROWS(narrow_rows), true);
	put_rule(kernel, 0, 16, 5);
	for (unsigned i = 1; i < 4; i++)
		put_rule(kernel, i, 0, 0);
	unwind(kernel, "ORC", &stack);
	assert_int_equal(stack.end, MO_STACK_LOST);
	assert_int_equal(stack.n_frames, 4);
	assert_int_equal(stack.frames[2].found, MO_FRAME_BY_SEARCH);
	assert_int_equal(stack.frames[3].found, MO_FRAME_BY_SEARCH);
	mo_fake_destroy(kernel);
}

/* A rule that does not lead upwards would go round for ever. */
static void test_no_way_up(void **unused)
{
	struct mo_kernel *kernel = start(narrow_rows, N_ROWS(narrow_rows), true);
	struct mo_stack stack;

	(void)unused;
	for (unsigned i = 0; i < 4; i++)
		put_rule(kernel, i, -16, 5);
	unwind(kernel, "ORC", &stack);
	assert_int_equal(stack.end, MO_STACK_LOST);
	assert_in_range(stack.n_frames, 1, MO_STACK_FRAMES);
	mo_fake_destroy(kernel);
}

static void test_frame_pointers(void **unused)
{
	struct mo_kernel *kernel = start(narrow_rows, N_ROWS(narrow_rows), false);
	struct mo_stack stack;

	(void)unused;
	mo_fake_put_u64(kernel, STACK + 40, STACK + 0x100); /* bp */
	mo_fake_put_u64(kernel, STACK + 0x100, STACK + 0x200);
	mo_fake_put_u64(kernel, STACK + 0x108, FUNCTION(1) + 0x30);
	mo_fake_put_u64(kernel, STACK + 0x208, FUNCTION(2) + 0x30);
	unwind(kernel, "frame pointers", &stack);
	assert_int_equal(stack.n_frames, 3);
	assert_int_equal(stack.end, MO_STACK_WHOLE);
	assert_int_equal(stack.frames[2].instruction_kva, FUNCTION(2) + 0x30);
	assert_int_equal(stack.frames[2].found, MO_FRAME_BY_POINTER);
	mo_fake_destroy(kernel);
}

/* The table's pages are not in the dump: such a kernel has no frame pointers either. */
static void test_table_missing(void **unused)
{
	struct mo_kernel *kernel = start(narrow_rows, N_ROWS(narrow_rows), true);
	struct mo_stack stack;

	(void)unused;
	mo_fake_break(kernel, IPS, 16, MO_E_NOT_IN_DUMP);
	unwind(kernel, "none", &stack);
	assert_int_equal(stack.end, MO_STACK_LOST);
	assert_int_equal(stack.n_frames, 4);
	assert_int_equal(stack.frames[0].found, MO_FRAME_START);
	assert_int_equal(stack.frames[1].found, MO_FRAME_BY_SEARCH);
	mo_fake_destroy(kernel);
}

static void test_cpu(void **unused)
{
	struct mo_kernel *kernel = start(narrow_rows, N_ROWS(narrow_rows), true);
	struct mo_unwinder *unwinder = NULL;
	struct mo_stack stack;

	(void)unused;
	put_rule(kernel, 0, 16, 5);
	put_rule(kernel, 1, 24, 5);
	put_rule(kernel, 2, 8, 5);
	put_rule(kernel, 3, 0, 1 << 10);
	registers = (struct mo_arch_registers){ .n_words = 27, .instruction = FUNCTION(1), .stack = STACK + 56 + 16 };
	has_registers = true;
	expect_success(mo_unwinder_create(mo_fake_reader(kernel), &unwinder));
	expect_success(mo_unwind_cpu(unwinder, 0, 0, 0, &stack));
	assert_int_equal(stack.n_frames, 3);
	assert_int_equal(stack.end, MO_STACK_WHOLE);
	assert_true(stack.frames[0].is_interrupted);
	registers.instruction = 0x401000;
	expect_success(mo_unwind_cpu(unwinder, 0, 0, 0, &stack));
	assert_int_equal(stack.end, MO_STACK_USER);
	assert_int_equal(stack.n_frames, 0);
	expect_success(mo_unwind_cpu(unwinder, 1, 0, 0, &stack));
	assert_int_equal(stack.end, MO_STACK_UNKNOWN);
	mo_unwinder_destroy(unwinder);
	mo_fake_destroy(kernel);
}

static void test_unknown_start(void **unused)
{
	static const struct mo_fake_row none[] = { MEMBER("struct task_struct", "pid", 0, 4) };
	struct mo_kernel *kernel = start(none, 1, true);
	struct mo_unwinder *unwinder = NULL;

	(void)unused;
	expect_error(mo_unwinder_create(mo_fake_reader(kernel), &unwinder), MO_E_ABSENT, "where the stack of a sleeping task begins");
	mo_fake_destroy(kernel);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_narrow), cmocka_unit_test(test_wide), cmocka_unit_test(test_lost),
		cmocka_unit_test(test_no_way_up), cmocka_unit_test(test_frame_pointers), cmocka_unit_test(test_table_missing),
		cmocka_unit_test(test_cpu), cmocka_unit_test(test_unknown_start),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
