/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef MO_WRAP_TEXT_H
#define MO_WRAP_TEXT_H

/* Paragraphs of help text, wrapped at a width. */

#include <stdio.h>

/*
 * Writes a paragraph of ASCII text, broken between words so that no line is wider than `width`, a newline at its end.
 * The first line is taken to begin in column `indent` already; the others are indented to it.
 */
void mo_wrap_text(FILE *out, const char *text, unsigned width, unsigned indent);

#endif
