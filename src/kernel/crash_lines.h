/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef MO_CRASH_LINES_H
#define MO_CRASH_LINES_H

/*
 * What the kernel log says about how it ended: the last "Kernel panic" line, and the last line by which an oops, a
 * BUG, a lockup or a sysrq announced itself. Either may be there without the other.
 */

#include <memopsy/kernel.h>

struct mo_crash_line {
	char *text;          /* visible; NULL: there is none */
	uint64_t time_ns;    /* as the log stamps it */
	uint64_t index;      /* which record of the log, from 0; of trouble in several lines the first */
	const char *id;      /* of what a finding would be that says no more than this line: "log-out-of-memory" */
};

/* Who was running when such a line was printed: of the first "CPU: ... PID: ... Comm: ..." behind it, and of "RIP: ". */
struct mo_crash_place {
	char *task;          /* "CPU 3, PID 1234 (x)", visible; NULL: the log does not say */
	char *code;          /* "do_eat+0x2d/0xa0 [leaker]", visible; NULL: the log does not say */
};

struct mo_crash_lines {
	struct mo_crash_line panic;
	struct mo_crash_line trouble;
	struct mo_crash_place place; /* of the later of the two that has one */
	uint64_t last_time_ns;   /* of the log's last record */
	uint64_t n_records;
};

/* The error is that of opening the log. */
struct mo_error *mo_crash_lines_gather(struct mo_reader *reader, struct mo_crash_lines *ret) MO_MUST_USE;
void mo_crash_lines_deinit(struct mo_crash_lines *lines);

#endif
