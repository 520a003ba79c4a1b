/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef MO_CURSOR_H
#define MO_CURSOR_H

/* A place in a line that moves forward by what was recognised there, and stays where it is by what was not. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct cursor {
	const char *at, *end;
};

static inline size_t cursor_left(const struct cursor *cursor)
{
	return (size_t)(cursor->end - cursor->at);
}

/* The character `ahead` places on; NUL behind the end. */
static inline char cursor_peek(const struct cursor *cursor, size_t ahead)
{
	return ahead < cursor_left(cursor) ? cursor->at[ahead] : '\0';
}

static inline bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static inline bool is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static inline bool take_char(struct cursor *cursor, char c)
{
	if (cursor->at == cursor->end || *cursor->at != c)
		return false;
	cursor->at++;
	return true;
}

static inline bool take_word(struct cursor *cursor, const char *word)
{
	size_t n = strlen(word);

	if (cursor_left(cursor) < n || memcmp(cursor->at, word, n))
		return false;
	cursor->at += n;
	return true;
}

static inline size_t take_spaces(struct cursor *cursor)
{
	const char *first = cursor->at;

	while (cursor->at < cursor->end && *cursor->at == ' ')
		cursor->at++;
	return (size_t)(cursor->at - first);
}

/* Decimal, of min to max digits; what follows the last of them is not looked at. */
static inline bool take_number(struct cursor *cursor, unsigned min_digits, unsigned max_digits, uint64_t *ret)
{
	uint64_t value = 0;
	unsigned n = 0;

	while (n < max_digits && is_digit(cursor_peek(cursor, n)))
		value = value * 10 + (uint64_t)(cursor->at[n++] - '0');
	if (n < min_digits)
		return false;
	cursor->at += n;
	*ret = value;
	return true;
}

/* Digits behind a point as nanoseconds; at least one. What is finer is dropped. */
static inline bool take_fraction(struct cursor *cursor, uint64_t *ns_ret)
{
	uint64_t ns = 0;
	uint64_t unit = 100000000;

	if (!is_digit(cursor_peek(cursor, 0)))
		return false;
	while (is_digit(cursor_peek(cursor, 0))) {
		ns += (uint64_t)(*cursor->at++ - '0') * unit;
		unit /= 10;
	}
	*ns_ret = ns;
	return true;
}

/* What there is up to a space or the end. */
static inline struct cursor take_token(struct cursor *cursor)
{
	const char *space = memchr(cursor->at, ' ', cursor_left(cursor));
	struct cursor token = { cursor->at, space ? space : cursor->end };

	cursor->at = token.end;
	return token;
}

static inline bool is_text(struct cursor text, const char *what)
{
	return cursor_left(&text) == strlen(what) && !memcmp(text.at, what, cursor_left(&text));
}

#endif
