/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef MO_INTERRUPT_H
#define MO_INTERRUPT_H

/*
 * What ends a run early. Ctrl-C (and SIGTERM, SIGHUP) asks the work to stop at its next step, so that files are complete or
 * not there; a second one, or a second without an end, ends the process at once. A page of a mapped file that is gone
 * (SIGBUS) and a limit on CPU time (SIGXCPU) ask in the same way. A thread waits for the signals, so no state is shared
 * with a handler.
 */

#include <stdbool.h>
#include <stdint.h>

#include <memopsy/error.h>

struct mo_interrupt;
struct mo_progress;
struct mo_output;

/* Before any other thread is started: they inherit the signal mask. */
struct mo_error *mo_interrupt_create(struct mo_progress *progress, struct mo_interrupt **ret) MO_MUST_USE;

/* What to throw away if the process is ended at once; NULL: nothing any more. */
void mo_interrupt_watch(struct mo_interrupt *interrupt, struct mo_output *output);

/* What is said of a run that took too long, whoever ends it. */
#define MO_CPU_TIME_TEXT "took more CPU time than a dump of its size can need (or than ulimit -t allows): it is damaged in a way " \
	"that was not foreseen (--no-sandbox lifts the limit)"

/* What the user grants the run; 0: without limit. */
struct mo_run_limits {
	uint64_t max_seconds;    /* of the clock on the wall */
	uint64_t max_rss_bytes;  /* resident memory of this process, as /proc/self/statm has it, looked at ten times a second */
};
void mo_interrupt_limit(struct mo_interrupt *interrupt, const struct mo_run_limits *limits);

/* Why the work was asked to stop, if it was not the user. */
enum mo_stop_reason { MO_STOP_NONE = 0, MO_STOP_BUS_ERROR = 1, MO_STOP_CPU_TIME = 2, MO_STOP_SECONDS = 3, MO_STOP_RSS = 4 };
enum mo_stop_reason mo_interrupt_reason(const struct mo_interrupt *interrupt);

/* Puts things back as they were. NULL is fine. Returns the signal that came, 0 if none did. */
int mo_interrupt_destroy(struct mo_interrupt *interrupt);

#endif
