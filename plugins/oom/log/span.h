/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef SPAN_H
#define SPAN_H

/* A stretch of a log line, and what is taken off its front. Nothing here reads beyond its end. */

#include <memopsy/report.h>

#include <stddef.h>

struct span {
	const char *at;
	size_t n;
};

bool span_skip(struct span *span, const char *literal);      /* takes it off the front, if it stands there */
void span_blanks(struct span *span);
bool span_number(struct span *span, uint64_t *ret);          /* decimal, or hexadecimal with 0x */
bool span_signed(struct span *span, int64_t *ret);
bool span_int(struct span *span, int32_t *ret);
struct span span_word(struct span *span);                    /* up to the next blank; takes it and the blanks before it */

/* What stands behind the first (last) such literal; *before_ret (may be NULL) is what stands before it. */
bool span_find(struct span span, const char *literal, struct span *before_ret, struct span *after_ret);
bool span_find_last(struct span span, const char *literal, struct span *before_ret, struct span *after_ret);

bool span_has(struct span span, const char *literal);
bool span_is(struct span span, const char *text);
struct span span_until(struct span span, char end);          /* up to that byte, or the whole */
void span_copy(struct span span, char *buffer, size_t buffer_bytes);

/*
 * The number behind "KEY:" in a list of such, with or without a blank between; false: no such key, or a number that no
 * machine can have. Of names that end alike ("free:", "free_cma:") only the one that begins there is taken.
 */
bool span_value_of(struct span line, const char *key, uint64_t *ret);

/* The same as a count; unknown if it is not there. */
struct mo_count span_count_of(struct span line, const char *key);

#endif
