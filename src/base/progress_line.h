/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef MO_PROGRESS_LINE_H
#define MO_PROGRESS_LINE_H

/*
 * The owner's side of include/memopsy/progress.h: the command line creates a progress, gives a function that draws a
 * line, and asks it to stop from a signal handler.
 */

#include <stdint.h>

#include <memopsy/progress.h>

/*
 * What is to be drawn. seconds: since the phase began. Called at most five times a second and once (is_end) at the
 * end of a phase that was drawn before; a phase shorter than half a second is never drawn.
 */
struct mo_progress_state {
	const char *phase;
	uint64_t done;
	uint64_t total;   /* 0: not known */
	double seconds;
	bool is_end;
};

typedef void (*mo_progress_draw)(void *context, const struct mo_progress_state *state);

/* draw NULL: nothing is shown, but stopping works. */
struct mo_error *mo_progress_create(mo_progress_draw draw, void *context, struct mo_progress **ret) MO_MUST_USE;
void mo_progress_destroy(struct mo_progress *progress);

/* Safe in a signal handler. */
void mo_progress_request_stop(struct mo_progress *progress);

/* Whether a stop was asked for. */
bool mo_progress_is_stopped(const struct mo_progress *progress);

#endif
