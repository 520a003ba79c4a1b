/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef MO_TEXT_H
#define MO_TEXT_H

/*
 * Text that grows, and the one place where bytes of a dump become text.
 *
 * A `struct mo_text` starts as MO_TEXT_EMPTY, is always terminated and is freed by mo_text_deinit(). Running out of
 * memory is sticky: later appends do nothing and mo_text_failed() says so, so that a builder checks once, at its end.
 */

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <memopsy/error.h>

struct mo_text {
	char *chars;        /* NULL while empty; use mo_text_chars() */
	size_t length;      /* without the terminator */
	size_t capacity;
	bool failed;
};

#define MO_TEXT_EMPTY ((struct mo_text){ .chars = NULL })

void mo_text_deinit(struct mo_text *text);
void mo_text_clear(struct mo_text *text); /* empty, memory kept */
void mo_text_append(struct mo_text *text, const char *chars);
void mo_text_append_n(struct mo_text *text, const char *chars, size_t n);
void mo_text_append_char(struct mo_text *text, char c);
void mo_text_printf(struct mo_text *text, const char *format, ...) MO_PRINTF(2, 3);
void mo_text_vprintf(struct mo_text *text, const char *format, va_list arguments) MO_PRINTF(2, 0);
bool mo_text_failed(const struct mo_text *text);
const char *mo_text_chars(const struct mo_text *text); /* never NULL */

/* Hands over the characters (free() them) and leaves the text empty; NULL if it failed. */
char *mo_text_take(struct mo_text *text);

/*
 * Appends bytes of unknown origin as visible UTF-8: valid sequences stay; control characters (C0, DEL, C1, line and
 * paragraph separators, bidirectional marks, all that is zero-width or invisible) and invalid bytes become \xNN, one escape a byte; a backslash stays
 * as it is. Newlines and tabs pass with MO_KEEP_LINES, tabs alone with MO_KEEP_TABS.
 */
enum mo_visible { MO_ONE_LINE = 0, MO_KEEP_LINES = 1, MO_KEEP_TABS = 2 };
void mo_text_append_visible(struct mo_text *text, const void *bytes, size_t n_bytes, enum mo_visible how);

/* Bytes as one visible line, up to a NUL or n_bytes; free() it. NULL if memory is short. */
char *mo_text_from_bytes(const void *bytes, size_t n_bytes);

static inline void mo_cleanup_text(struct mo_text *text)
{
	mo_text_deinit(text);
}

#endif
