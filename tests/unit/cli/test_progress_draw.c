/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "progress_draw.h"

static void assert_line(const struct mo_progress_state *state, const char *wanted)
{
	struct mo_text text = MO_TEXT_EMPTY;

	mo_progress_format(state, &text);
	assert_string_equal(mo_text_chars(&text), wanted);
	mo_text_deinit(&text);
}

static void the_line_says_phase_percent_rate_and_time_left(void **state)
{
	(void)state;
	assert_line(&(struct mo_progress_state){ .phase = "reading", .done = 50000000, .total = 200000000, .seconds = 2 },
		    "reading  25 %  25.0 M/s  0:06 left");
	assert_line(&(struct mo_progress_state){ .phase = "reading", .done = 300, .total = 30000, .seconds = 3 },
		    "reading  1 %  100/s  4:57 left");
}

static void what_is_not_known_is_not_said(void **state)
{
	(void)state;
	assert_line(&(struct mo_progress_state){ .phase = "searching", .done = 12, .seconds = 1 }, "searching  12/s");
	assert_line(&(struct mo_progress_state){ .phase = "searching", .done = 0, .total = 10 }, "searching  0 %  0/s");
	assert_line(&(struct mo_progress_state){ .phase = "more than said", .done = 11, .total = 10, .seconds = 1 },
		    "more than said  11/s");
	/* Days are as good as unknown. */
	assert_line(&(struct mo_progress_state){ .phase = "slow", .done = 1, .total = 1000000, .seconds = 10 },
		    "slow  0 %  0/s");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_line_says_phase_percent_rate_and_time_left),
		cmocka_unit_test(what_is_not_known_is_not_said),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
