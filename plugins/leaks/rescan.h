/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef LEAKS_RESCAN_H
#define LEAKS_RESCAN_H

/*
 * Of a kernel that runs, words, free lists and classes of pages are of different moments: what is between two hands seems
 * lost, and so does what was freed since its slab was looked at. What stays lost over several looks is.
 */

#include "gathering.h"

#define RESCANS 2

/* After list_lost(): takes from the list what a later look finds reached or free. */
struct mo_error *rescan(struct leaks_state *state) MO_MUST_USE;

#endif
