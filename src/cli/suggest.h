/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef MO_SUGGEST_H
#define MO_SUGGEST_H

/* The known word that a mistyped one comes closest to. */

#include <stddef.h>

#define MO_SUGGEST_LENGTH 32

struct mo_suggestion {
	const char *typed;
	size_t length;
	const char *best;       /* NULL: nothing is close */
	unsigned best_distance;
};

void mo_suggest_begin(struct mo_suggestion *suggestion, const char *typed, size_t length);
void mo_suggest_try(struct mo_suggestion *suggestion, const char *word);

#endif
