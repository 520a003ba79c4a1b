/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef MO_INTERRUPT_H
#define MO_INTERRUPT_H

/*
 * Ctrl-C (and SIGTERM, SIGHUP): the first asks the work to stop at its next step, so that files are complete or not
 * there; the second ends the process at once. A thread waits for the signals, so no state is shared with a handler.
 */

#include <memopsy/error.h>

struct mo_interrupt;
struct mo_progress;

/* Before any other thread is started: they inherit the signal mask. */
struct mo_error *mo_interrupt_create(struct mo_progress *progress, struct mo_interrupt **ret) MO_MUST_USE;

/* Puts things back as they were. NULL is fine. Returns the signal that came, 0 if none did. */
int mo_interrupt_destroy(struct mo_interrupt *interrupt);

#endif
