/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef MO_PROGRAM_NAMES_H
#define MO_PROGRAM_NAMES_H

/* Programs, other than the kernel, that kill for want of memory or tell of it: their lines are kept. */

#include "cursor.h"

/* A constant of its own for each of them; NULL: another program. */
const char *program_name(struct cursor tag, struct cursor text);

/* The program that says how much of the log was lost: journald. */
bool says_what_was_lost(struct cursor tag);

#endif
