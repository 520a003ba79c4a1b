/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "log_check.h"

uint64_t check_log(struct mo_kernel *kernel, const char *const *texts, const char *why_part)
{
	struct mo_log *log = NULL;
	struct mo_log_record record;
	const char *why = NULL;
	uint64_t n_skipped;

	expect_success(mo_log_open(mo_fake_reader(kernel), &log));
	for (; *texts; texts++) {
		assert_true(mo_log_next(log, &record));
		assert_int_equal(record.text_bytes, strlen(*texts));
		assert_memory_equal(record.text, *texts, record.text_bytes);
	}
	assert_false(mo_log_next(log, &record));
	n_skipped = mo_log_skipped(log, &why);
	if (why_part) {
		assert_non_null(why);
		if (!strstr(why, why_part))
			fail_msg("skipped because \"%s\", but \"%s\" was expected", why, why_part);
	} else {
		assert_null(why);
	}
	mo_log_close(log);
	return n_skipped;
}
