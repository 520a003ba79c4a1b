/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef MO_PROGRESS_DRAW_H
#define MO_PROGRESS_DRAW_H

/* The progress line on standard error: "reading mem_map  42 %  31.2 M/s  0:03 left". */

#include "progress_line.h"
#include "text.h"

/* A mo_progress_draw; context is not used. Only for a terminal. */
void mo_progress_draw_line(void *context, const struct mo_progress_state *state);

/* The line's text, for the tests. */
void mo_progress_format(const struct mo_progress_state *state, struct mo_text *text);

#endif
