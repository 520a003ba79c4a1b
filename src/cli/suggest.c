/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* "Did you mean": the known word nearest to a mistyped one. */
#include "suggest.h"

#include <string.h>

/* Levenshtein distance with one row; words are short. */
static unsigned distance(const char *a, size_t a_length, const char *b, size_t b_length)
{
	unsigned row[MO_SUGGEST_LENGTH + 1];

	for (size_t j = 0; j <= b_length; j++)
		row[j] = (unsigned)j;
	for (size_t i = 0; i < a_length; i++) {
		unsigned diagonal = row[0];

		row[0] = (unsigned)i + 1;
		for (size_t j = 0; j < b_length; j++) {
			unsigned replaced = diagonal + (a[i] != b[j]);
			unsigned shorter = row[j] < row[j + 1] ? row[j] : row[j + 1];

			diagonal = row[j + 1];
			row[j + 1] = replaced <= shorter ? replaced : shorter + 1;
		}
	}
	return row[b_length];
}

void mo_suggest_begin(struct mo_suggestion *suggestion, const char *typed, size_t length)
{
	*suggestion = (struct mo_suggestion){ .typed = typed, .length = length };
	/* More than a third of it wrong is another word. */
	suggestion->best_distance = (unsigned)(length / 3) + 1;
}

void mo_suggest_try(struct mo_suggestion *suggestion, const char *word)
{
	size_t length = strlen(word);
	unsigned d;

	if (length > MO_SUGGEST_LENGTH || suggestion->length > MO_SUGGEST_LENGTH)
		return;
	d = distance(suggestion->typed, suggestion->length, word, length);
	if (d < suggestion->best_distance || (d == suggestion->best_distance && !suggestion->best)) {
		suggestion->best = word;
		suggestion->best_distance = d;
	}
}
