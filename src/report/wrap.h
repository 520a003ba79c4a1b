/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef MO_WRAP_H
#define MO_WRAP_H

/*
 * Text measured in columns of a terminal. The text is valid UTF-8 without control characters. Widths of characters
 * come from the thread's locale, so the caller has made that a UTF-8 one.
 */

#include "text.h"

/* Columns that the characters take. */
size_t mo_display_width(const char *chars, size_t n);

/* How many of the n bytes fit into `width` columns, ending between characters. */
size_t mo_display_fit(const char *chars, size_t n, size_t width);

/* Appends the characters, and spaces up to `width` columns. */
void mo_append_padded(struct mo_text *out, const char *chars, size_t width);

/* Appends the characters, cut to `width` columns; "..." ends what was cut, where there is room for it. */
void mo_append_cut(struct mo_text *out, const char *chars, size_t n, size_t width);

/*
 * Appends words, filled into lines of at most `width` columns; width 0: one line. The first line goes on at column
 * `column`, later ones are indented by `indent`. A word longer than a line stays whole. No newline at the end.
 */
void mo_append_wrapped(struct mo_text *out, const char *chars, size_t width, size_t column, size_t indent);

#endif
