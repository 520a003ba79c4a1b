/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef KILLERS_H
#define KILLERS_H

/* What the killers of user space share. */

#include "events.h"

/*
 * The event of a kill (pid 0: of no single process); a second signal to the same process is the same kill. NULL: no
 * room.
 */
struct draft *killer_event(struct log_scan *scan, struct stream *stream, const char *killer, int32_t pid);
void killer_victim(struct draft *draft, struct span comm);

bool take_lmk(struct log_scan *scan, struct stream *stream, struct span line);

#endif
