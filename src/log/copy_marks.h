/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef MO_COPY_MARKS_H
#define MO_COPY_MARKS_H

/*
 * What copying put before every line of a text: the file's name and the line's number (grep -n, cat -n, nl, less -N,
 * pasting from a page that numbers its lines), and the entities of HTML. A number in front of one line says nothing;
 * it is a line's number where those of nearly all lines count up. Hence the text's first lines are looked at together.
 */

#include "cursor.h"

struct copy_marks {
	bool has_name;      /* "kern.log.1:" */
	bool has_number;
	char behind;        /* the number: ':', '.', '|', a tab, or a blank */
	bool is_grep;       /* with context: "-" in place of ":" on lines that did not match */
	bool is_html;
};

/* The text's first bytes, whole lines or not. */
void copy_marks_find(struct copy_marks *marks, const char *head, size_t n_bytes);

/* The line without them; its bytes may be written to. */
void copy_marks_take_off(const struct copy_marks *marks, struct cursor *line);

#endif
