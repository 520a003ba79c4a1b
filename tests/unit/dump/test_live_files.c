/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One open file for each thread that reads: an ordinary file stands for /proc/kcore. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "live_files.h"

static void who_reads_has_a_descriptor_alone(void **state)
{
	struct mo_live_files *files = NULL;
	unsigned numbers[3];
	int first_fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
	int fds[3];

	(void)state;
	assert_true(first_fd >= 0);
	assert_null(mo_live_files_create("/dev/null", first_fd, &files));
	for (unsigned i = 0; i < 3; i++)
		fds[i] = mo_live_files_take(files, &numbers[i]);
	assert_int_equal(fds[0], first_fd);
	assert_int_not_equal(fds[1], first_fd);
	assert_int_not_equal(fds[2], fds[1]);
	/* What was given back is taken again, and stays open. */
	mo_live_files_give(files, numbers[1]);
	assert_int_equal(mo_live_files_take(files, &numbers[1]), fds[1]);
	for (unsigned i = 0; i < 3; i++)
		mo_live_files_give(files, numbers[i]);
	mo_live_files_destroy(files);
	assert_int_equal(fcntl(fds[1], F_GETFD), -1);
	/* The first one is the caller's. */
	assert_int_equal(close(first_fd), 0);
}

/* Where no more can be opened, the first one has to do. */
static void one_descriptor_does_where_there_are_no_more(void **state)
{
	struct mo_live_files *files = NULL;
	unsigned number;
	int first_fd = open("/dev/null", O_RDONLY | O_CLOEXEC);

	(void)state;
	assert_null(mo_live_files_create("/proc/there-is-no-such-file", first_fd, &files));
	for (unsigned i = 0; i < 3; i++) {
		assert_int_equal(mo_live_files_take(files, &number), first_fd);
		mo_live_files_give(files, number);
	}
	mo_live_files_destroy(files);
	mo_live_files_destroy(NULL);
	assert_int_equal(close(first_fd), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(who_reads_has_a_descriptor_alone),
		cmocka_unit_test(one_descriptor_does_where_there_are_no_more),
	};

	return cmocka_run_group_tests_name("live_files", tests, NULL, NULL);
}
