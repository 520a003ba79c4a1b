/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* In the sandbox: what must not be possible is not, and what a run needs is. Each case in a process of its own. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "limits.h"
#include "sandbox.h"
#include "sanitizers.h"

/* What the child found, as its exit status: bits of what was possible. */
enum { SOCKET = 2, MADE_ELSEWHERE = 4, MADE_INSIDE = 8, READ = 16 };

static bool makes(const char *directory)
{
	char path[200];
	int fd;

	snprintf(path, sizeof(path), "%s/made", directory);
	fd = open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
	if (fd < 0)
		return false;
	close(fd);
	return !unlink(path);
}

static int found_in_sandbox(const char *inside, const char *elsewhere, bool may_use_network)
{
	char *const words[] = { (char *)"/bin/true", NULL };
	int found = 0, fd;

	mo_sandbox_enter(inside, NULL, may_use_network);
	fd = socket(AF_INET, SOCK_STREAM, 0);
	if (fd >= 0)
		found |= SOCKET;
	if (makes(elsewhere))
		found |= MADE_ELSEWHERE;
	if (makes(inside))
		found |= MADE_INSIDE;
	fd = open("/proc/self/status", O_RDONLY | O_CLOEXEC);
	if (fd >= 0)
		found |= READ;
	execv("/bin/true", words); /* exits with 0, and so with nothing found, if it can */
	return found;
}

static int run(bool may_use_network)
{
	char inside[] = "/tmp/memopsy-sandbox-XXXXXX", elsewhere[] = "/tmp/memopsy-outside-XXXXXX";
	int status = 0;
	pid_t child;

	assert_non_null(mkdtemp(inside));
	assert_non_null(mkdtemp(elsewhere));
	child = fork();
	assert_true(child >= 0);
	if (!child)
		_exit(found_in_sandbox(inside, elsewhere, may_use_network));
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status));
	assert_int_equal(rmdir(inside), 0);
	assert_int_equal(rmdir(elsewhere), 0);
	return WEXITSTATUS(status);
}

static bool has_landlock(void)
{
	return syscall(444, NULL, 0, 1) > 0; /* landlock_create_ruleset(LANDLOCK_CREATE_RULESET_VERSION) */
}

static void test_sandbox(void **state)
{
	int found;

	(void)state;
#ifdef __SANITIZE_ADDRESS__
	skip();
#endif
	found = run(false);
	assert_true(found & READ);
	assert_true(found & MADE_INSIDE);
	assert_false(found & SOCKET);
	if (has_landlock())
		assert_false(found & MADE_ELSEWHERE);
	assert_true(run(true) & SOCKET);
}

static void test_limits(void **state)
{
	(void)state;
	assert_int_equal(mo_limit_cpu_seconds(4096, false), 10);
	assert_int_equal(mo_limit_cpu_seconds(1000000000, false), 110);
	assert_true(mo_limit_cpu_seconds(4096, true) > 10);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_sandbox), cmocka_unit_test(test_limits) };

	if (MO_COUNTS_COVERAGE) {
		puts("skipped: no sandbox where lines are counted");
		return 77;
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}
