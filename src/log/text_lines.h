/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef MO_TEXT_LINES_H
#define MO_TEXT_LINES_H

/*
 * The lines of a text, in a window of bounded size. A line ends at a newline or a carriage return (serial consoles
 * write both, in any order and number); empty ones are passed over. NULs, backspaces and escape sequences of terminals
 * are taken out. Of a line that is longer than MO_TEXT_MAX_LINE_BYTES the beginning is given, and the rest is passed
 * over.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "text_file.h"

#define MO_TEXT_MAX_LINE_BYTES (256u << 10)

struct mo_text_lines;

struct mo_text_line {
	char *chars;          /* valid until the next call; may be written to */
	size_t n;             /* not terminated */
	size_t raw_bytes;     /* of the whole line as it stands in the file, without its end */
	uint64_t number;      /* from 1, by newlines */
	bool is_cut;          /* it was too long */
};

/* The pass must outlive the lines. NULL: no memory. */
struct mo_text_lines *mo_text_lines_create(struct mo_text_pass *pass);
void mo_text_lines_destroy(struct mo_text_lines *lines);

/* false: no more. */
bool mo_text_lines_next(struct mo_text_lines *lines, struct mo_text_line *ret);

/*
 * The next n_bytes as they are, whatever they hold (journalctl's export form has such fields): NULL if the text ends
 * before, or if they are more than MO_TEXT_MAX_LINE_BYTES, which are passed over. Valid until the next call.
 */
const char *mo_text_lines_block(struct mo_text_lines *lines, uint64_t n_bytes);

#endif
