/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef MO_MAIL_WRAP_H
#define MO_MAIL_WRAP_H

/*
 * Lines that mail programs and terminals broke at their right margin. A line that was broken goes on in one that has no
 * prefix, while those around it have; that alone is no proof (programs print bare lines, too), but where nearly all
 * such lines follow one that had no room for their first word, the text was broken at that margin.
 */

#include "peel.h"
#include "text_lines.h"

struct line_wrap {
	size_t width;          /* of the text, without marks of quoting; 0: it was not broken */
	bool is_hard;          /* at the margin, within words: nothing stood where the break is */
	bool is_flowed;        /* format=flowed (RFC 3676): a line that goes on ends in a blank */
	bool is_quoted_printable; /* a line that goes on ends in =, and bytes are =XX */
};

/* The text's first bytes. */
void line_wrap_find(struct line_wrap *wrap, const char *head, size_t n_bytes);

struct wrapped_lines;

/* The lines must outlive it. NULL: no memory. */
struct wrapped_lines *wrapped_lines_create(struct mo_text_lines *lines, const struct line_wrap *wrap);
void wrapped_lines_destroy(struct wrapped_lines *wrapped);

/* The next line as it was before it was broken; its bytes may be written to, and live until the next call. */
bool wrapped_lines_next(struct wrapped_lines *wrapped, struct mo_text_line *ret);

#endif
