/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef MEMOPSY_PROGRESS_H
#define MEMOPSY_PROGRESS_H

/*
 * Long work shows itself, and can be stopped.
 *
 * Whoever starts long work names a phase and its total; the threads that do it add what they have done, in steps
 * large enough to cost nothing (every few thousand items). Whether and where a line is drawn is not their business.
 * A NULL progress is valid everywhere: nothing is shown, nothing is cancelled.
 */

#include <memopsy/error.h>

MO_API_BEGIN

struct mo_progress;

/* One thread, no phase under way on another. phase is a literal ("reading mem_map"); total 0: not known. */
void mo_progress_begin(struct mo_progress *progress, const char *phase, uint64_t total);

/* Any thread. Returns false if the work should stop because the user said so (Ctrl-C). */
bool mo_progress_add(struct mo_progress *progress, uint64_t done);

/* The error that a function gives back after mo_progress_add() said false. */
struct mo_error *mo_progress_cancelled(struct mo_progress *progress) MO_MUST_USE;

/* Ends the phase. */
void mo_progress_end(struct mo_progress *progress);

MO_API_END

#endif
