/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "finding_queue.h"

static void a_finding_outlives_what_it_was_made_of(void **state)
{
	struct mo_finding_queue queue = { .items = NULL };
	char verdict[] = "The list is broken.";
	char bytes[] = { 'a', '\0', 'b' };
	struct mo_evidence evidence[] = {
		{ .label = "name", .kind = MO_CELL_TEXT, .cell = mo_cell_bytes_of_text(bytes, sizeof(bytes)) },
		{ .label = "address", .kind = MO_CELL_ADDRESS, .cell = mo_cell_number(mo_exact(0xffff888000001000)) },
	};
	char id[] = "list-odd";
	const char *const ids[] = { id };
	const struct mo_finding finding = {
		.id = "list-broken", .severity = MO_WARNING, .verdict = verdict, .evidence = evidence, .n_evidence = 2,
		.supersedes = ids, .n_supersedes = 1,
	};

	(void)state;
	mo_finding_queue_add(&queue, NULL, &finding);
	verdict[0] = '?';
	bytes[0] = '?';
	id[0] = '?';
	evidence[1].cell = mo_cell_unknown();
	assert_false(queue.failed);
	assert_int_equal(queue.count, 1);
	assert_string_equal(queue.items[0].finding.verdict, "The list is broken.");
	assert_memory_equal(queue.items[0].finding.evidence[0].cell.as.text.bytes, "a\0b", 3);
	assert_int_equal(queue.items[0].finding.evidence[1].cell.as.number.value, 0xffff888000001000);
	assert_null(queue.items[0].finding.advice);
	assert_int_equal(queue.items[0].finding.n_supersedes, 1);
	assert_string_equal(queue.items[0].finding.supersedes[0], "list-odd");
	mo_finding_queue_deinit(&queue);
}

static void worse_is_graver_then_surer(void **state)
{
	const struct mo_finding sure_notice = { .severity = MO_NOTICE };
	const struct mo_finding guessed_warning = { .severity = MO_WARNING, .basis = MO_BASIS_FIT };
	const struct mo_finding info = { .severity = MO_INFO };
	const struct mo_finding unread_warning = { .severity = MO_WARNING, .is_about_reading = true };
	const struct mo_finding ranked_guess = { .severity = MO_WARNING, .basis = MO_BASIS_FIT, .rank = 1 };
	const struct mo_finding likely_warning = { .severity = MO_WARNING, .basis = MO_BASIS_INFERENCE };

	(void)state;
	assert_false(mo_finding_is_worse(&unread_warning, &info));
	assert_true(mo_finding_is_worse(&ranked_guess, &likely_warning));
	assert_true(mo_finding_is_worse(&guessed_warning, &sure_notice));
	assert_true(mo_finding_is_worse(&likely_warning, &guessed_warning));
	assert_false(mo_finding_is_worse(&likely_warning, &likely_warning));
	assert_false(mo_finding_is_worse(&sure_notice, &guessed_warning));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_finding_outlives_what_it_was_made_of),
		cmocka_unit_test(worse_is_graver_then_surer),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
