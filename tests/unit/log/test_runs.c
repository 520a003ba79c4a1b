/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What only several lines together say: whose bare lines are, boots, machines, what is lost. */
#include "log_fixture.h"

#include <stdlib.h>
#include <string.h>

static void lines_of_others_are_passed_over(void **state)
{
	(void)state;
	assert_records("Dec  1 08:49:04 node sshd[7]: Out of memory: Killed process 1 (x)\n"
		       "  and its second line\n"
		       "Dec  1 08:49:04 node kernel: a\n"
		       "Dec  1 08:49:05 node my program: b\n"
		       "Dec  1 08:49:06 node earlyoom[8]: sending SIGTERM\n",
		       "{92047744 no year no zone} node a\n{92047746 no year no zone} node earlyoom: sending SIGTERM\n");
}

static void bare_lines_are_the_kernels(void **state)
{
	(void)state;
	assert_records("init invoked oom-killer: order=0\nCall Trace:\n <TASK>\n\n",
		       "init invoked oom-killer: order=0\nCall Trace:\n <TASK>\n");
	/* In a log with hosts and tags a line without them goes on with the one before. */
	assert_records("Dec  1 08:49:04 node kernel: a\nb\n", "{92047744 no year no zone} node a\n{92047744 no year no zone} b\n");
}

static void two_writers_of_a_line(void **state)
{
	(void)state;
	assert_records("[  OK  ] Started thing.[    1.000000] a\n", "[1.000000] a\n");
	assert_records("[    1.000000] a[    1.500000] b\n[    2.000000] c\n", "[1.000000] a\n[1.500000] b\n[2.000000] c\n");
	assert_records("[    1.000000] array[12.5] is no stamp\n", "[1.000000] array[12.5] is no stamp\n");
	assert_records("login: \r[    1.000000] a\r\r\n\n\r[    2.000000] b", "login: \n[1.000000] a\n[2.000000] b\n");
}

static void boots(void **state)
{
	(void)state;
	assert_records("[   90.000000] a\n[   89.500000] b\n[    0.000000] Linux version 6.1\n[    3.000000] c\n",
		       "[90.000000] a\n[89.500000] b\n+1 [0.000000] Linux version 6.1\n+1 [3.000000] c\n");
	assert_records("Dec  1 08:49:04 n kernel: a\n-- Boot 00000000000000000000000000000002 --\n"
		       "Dec  1 08:49:05 n kernel: Linux version 6.1\n",
		       "{92047744 no year no zone} n a\n+1 {92047745 no year no zone} n Linux version 6.1\n");
	assert_records("a\nLinux version 6.1.0 (x)\nb\n", "a\n+1 Linux version 6.1.0 (x)\n+1 b\n");
}

static void machines_have_clocks_of_their_own(void **state)
{
	(void)state;
	assert_records("Dec  1 08:49:04 m kernel: [   90.000000] a\nDec  1 08:49:04 n kernel: [    5.000000] b\n"
		       "Dec  1 08:49:04 m kernel: [   91.000000] c\n",
		       "[90.000000] {92047744 no year no zone} m a\n[5.000000] {92047744 no year no zone} n b\n"
		       "[91.000000] {92047744 no year no zone} m c\n");
}

#define LONG_LINE "[    1.000000] one line that is as long as the margin of the mail"
#define LONG_SECOND "[    2.000000] a second one that reaches to the margin of it all"

/* Three breaks or more, nearly all at one margin: the text was broken there. */
static void broken_lines(void **state)
{
	(void)state;
	assert_records("> " LONG_LINE "\n> program\n> " LONG_SECOND "\n> indeed\n> " LONG_LINE "\n> twice over\n> [    3.000000] c\n",
		       "[1.000000] one line that is as long as the margin of the mail program\n"
		       "[2.000000] a second one that reaches to the margin of it all indeed\n"
		       "[1.000000] one line that is as long as the margin of the mail twice over\n[3.000000] c\n");
	/* Bare lines behind short ones are lines of their own. */
	assert_records("[    1.000000] a\nb\n[    2.000000] c\nd\n[    3.000000] e\nf\n", "[1.000000] a\nb\n[2.000000] c\nd\n[3.000000] e\nf\n");
	assert_records("Content-Transfer-Encoding: quoted-printable\n\n[    1.000000] gfp=3D=\n0x1\n[    2.000000] b\n",
		       "Content-Transfer-Encoding: quoted-printable\n[1.000000] gfp=0x1\n[2.000000] b\n");
}

/* Of more machines than are told apart the others have no name, rather than a wrong one; and each is found at once. */
static void many_machines(void **state)
{
	char *text = malloc(4u << 20);
	struct mo_log_record record;
	struct mo_text_file *file;
	struct mo_text_log *log;
	size_t n = 0;

	(void)state;
	assert_non_null(text);
	for (unsigned i = 0; i < 100000; i++)
		n += (size_t)snprintf(text + n, 64, "Dec  1 08:49:04 h%u kernel: a\n", i % 50000);
	file = file_of(text, n);
	assert_null(mo_text_log_open(file, &log));
	for (unsigned i = 0; i < 100000; i++) {
		char host[16];

		snprintf(host, sizeof(host), "h%u", i % 50000);
		assert_true(mo_text_log_next(log, &record));
		if (i % 50000 < 4096)
			assert_string_equal(record.host, host);
		else
			assert_null(record.host);
	}
	mo_text_log_close(log);
	mo_text_file_close(file);
	free(text);
}

static uint64_t lost_of(const char *text, const char **why)
{
	struct mo_text_file *file = file_of(text, strlen(text));
	struct mo_log_record record;
	struct mo_text_log *log;
	uint64_t n_lost;

	assert_null(mo_text_log_open(file, &log));
	while (mo_text_log_next(log, &record))
		assert_true(record.line);
	n_lost = mo_text_log_lost(log, why);
	mo_text_log_close(log);
	mo_text_file_close(file);
	return n_lost;
}

static void what_is_lost(void **state)
{
	const char *why = NULL;

	(void)state;
	assert_int_equal(lost_of("[    1.000000] a\n", &why), 0);
	assert_null(why);
	assert_int_equal(lost_of("[    1.000000] ** 12 printk messages dropped **\n[    1.000000] a\n", &why), 12);
	assert_int_equal(lost_of("4,10,1000000,-;a\n4,14,1000000,-;b\n4,13,1000000,-;late\n4,15,1000000,-;c\n", &why), 3);
	assert_string_equal(why, "netconsole's numbers have gaps");
	assert_int_equal(lost_of("Dec  1 08:49:04 n systemd-journald[1]: Missed 34 kernel messages\n", &why), 34);
}

static void long_and_odd_lines(void **state)
{
	char *text = malloc(3u << 20);
	char *records;
	size_t n = 0;

	(void)state;
	assert_non_null(text);
	memcpy(text, "[    1.000000] ", 15);
	n = 15;
	memset(text + n, 'x', 2u << 20);
	n += 2u << 20;
	memcpy(text + n, "\n[    2.000000] b\n", 17);
	n += 17;
	records = records_of(text, n);
	assert_true(strlen(records) < (300u << 10));
	assert_non_null(strstr(records, "x!\n[2.000000] b\n"));
	free(records);
	/* A syslog daemon that cuts at 1024 bytes. */
	memset(text, 'x', 1024);
	memcpy(text, "Dec  1 08:49:04 node kernel: ", 29);
	text[1024] = '\n';
	records = records_of(text, 1025);
	assert_non_null(strstr(records, "x!\n"));
	free(records);
	free(text);
	assert_records("[    1.0\0\0" "00000] a\0b\xff\n", "[1.000000] ab\xff\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lines_of_others_are_passed_over), cmocka_unit_test(bare_lines_are_the_kernels),
		cmocka_unit_test(two_writers_of_a_line),           cmocka_unit_test(boots),
		cmocka_unit_test(machines_have_clocks_of_their_own), cmocka_unit_test(what_is_lost),
		cmocka_unit_test(long_and_odd_lines),              cmocka_unit_test(many_machines),
		cmocka_unit_test(broken_lines),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
