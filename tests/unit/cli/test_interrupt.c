/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The limit on CPU time: the first signal asks the work to stop, and work that does not look is ended with a message. */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "interrupt.h"
#include "progress_line.h"

/* Long enough for the thread that waits to see a signal before the next one. */
#define PAUSE_US 20000

static void send(unsigned n_signals)
{
	for (unsigned i = 0; i < n_signals; i++) {
		kill(getpid(), SIGXCPU);
		usleep(PAUSE_US);
	}
}

/* The child's: 0 if the work was asked to stop with the reason. */
static int receive(unsigned n_signals)
{
	struct mo_progress *progress = NULL;
	struct mo_interrupt *interrupt = NULL;
	bool is_asked;

	if (mo_progress_create(NULL, NULL, &progress) || mo_interrupt_create(progress, &interrupt))
		return 9;
	send(n_signals);
	is_asked = !mo_progress_add(progress, 1) && mo_interrupt_reason(interrupt) == MO_STOP_CPU_TIME;
	(void)mo_interrupt_destroy(interrupt);
	mo_progress_destroy(progress);
	return is_asked ? 0 : 8;
}

/* Exit status, and what stood on standard error. */
static int run_child(unsigned n_signals, char *text, size_t text_bytes)
{
	int ends[2], status;
	ssize_t n;
	pid_t child;

	assert_int_equal(pipe(ends), 0);
	child = fork();
	if (!child) {
		dup2(ends[1], STDERR_FILENO);
		_exit(receive(n_signals));
	}
	close(ends[1]);
	n = read(ends[0], text, text_bytes - 1);
	text[n > 0 ? n : 0] = '\0';
	close(ends[0]);
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

static void work_that_looks(void **state)
{
	char text[300];

	(void)state;
	assert_int_equal(run_child(1, text, sizeof(text)), 0);
	assert_string_equal(text, "");
}

static void work_that_does_not_look(void **state)
{
	char text[300];

	(void)state;
	assert_int_equal(run_child(50, text, sizeof(text)), 1);
	assert_string_equal(text, "memopsy: " MO_CPU_TIME_TEXT "\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(work_that_looks),
		cmocka_unit_test(work_that_does_not_look),
	};

	return cmocka_run_group_tests_name("CPU time", tests, NULL, NULL);
}
