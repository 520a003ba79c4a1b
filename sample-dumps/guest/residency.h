/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef RESIDENCY_H
#define RESIDENCY_H

/* Part of record-truth: how many pages of files are in memory, as lines of text. */

#include <stddef.h>

/* A text that is made line by line. */
struct lines {
	char *bytes;
	size_t used, room;
};

void add_line(struct lines *lines, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Of all regular files in a directory, and in those below it; links are followed. */
void add_residency_below(struct lines *lines, const char *directory, int depth);

#endif
