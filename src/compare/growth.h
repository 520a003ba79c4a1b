/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef MO_COMPARE_GROWTH_H
#define MO_COMPARE_GROWTH_H

/* What two reports mean together: who grew, what is lost in the second that the first does not have, how long memory lasts. */

#include "changes.h"

/* Growth below this is what machines do anyway: a five hundredth of the memory, at least 1 MiB. */
uint64_t mo_growth_min_bytes(const struct mo_comparison *comparison);

/* Those that grew by so much, each memory under one name only; the largest first. At most n_max go into ret; how many. */
size_t mo_growers(const struct mo_comparison *comparison, const struct mo_change **ret, size_t n_max);

/* Writes what is found, as findings: the verdict of the comparison. */
void mo_growth_judge(const struct mo_comparison *comparison, struct mo_report *report);

struct mo_text;

/* "slab cache kmalloc-192 by 1.2 MiB (4,000 more objects, module leaker)". */
void mo_append_grower(struct mo_text *text, const struct mo_change *change);

/* "2 h 10 min". */
void mo_append_elapsed(struct mo_text *text, double seconds);

#endif
