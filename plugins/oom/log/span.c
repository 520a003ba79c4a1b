/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Taking apart lines of the log. */
#include "span.h"

#include <string.h>

/* No counter of a log is larger: what is, was damaged, and sums of smaller ones cannot overflow. */
#define MAX_NUMBER (1ull << 50)

bool span_skip(struct span *span, const char *literal)
{
	size_t n = strlen(literal);

	if (span->n < n || memcmp(span->at, literal, n) != 0)
		return false;
	span->at += n;
	span->n -= n;
	return true;
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

void span_blanks(struct span *span)
{
	while (span->n && is_blank(*span->at)) {
		span->at++;
		span->n--;
	}
}

static int digit_of(char c, unsigned base)
{
	int digit = c >= '0' && c <= '9' ? c - '0' :
		    c >= 'a' && c <= 'f' ? c - 'a' + 10 :
		    c >= 'A' && c <= 'F' ? c - 'A' + 10 :
					   -1;

	return digit >= 0 && (unsigned)digit < base ? digit : -1;
}

bool span_number(struct span *span, uint64_t *ret)
{
	struct span at = *span;
	unsigned base = span_skip(&at, "0x") ? 16 : 10;
	uint64_t value = 0;
	size_t n = 0;

	for (; n < at.n && digit_of(at.at[n], base) >= 0; n++)
		if (__builtin_mul_overflow(value, base, &value) ||
		    __builtin_add_overflow(value, (uint64_t)digit_of(at.at[n], base), &value))
			return false;
	if (!n)
		return false;
	*ret = value;
	*span = (struct span){ at.at + n, at.n - n };
	return true;
}

bool span_signed(struct span *span, int64_t *ret)
{
	struct span at = *span;
	bool is_negative = span_skip(&at, "-");
	uint64_t value;

	if (!span_number(&at, &value) || value > INT64_MAX)
		return false;
	*ret = is_negative ? -(int64_t)value : (int64_t)value;
	*span = at;
	return true;
}

bool span_int(struct span *span, int32_t *ret)
{
	struct span at = *span;
	int64_t value;

	if (!span_signed(&at, &value) || value > INT32_MAX || value < INT32_MIN)
		return false;
	*ret = (int32_t)value;
	*span = at;
	return true;
}

struct span span_word(struct span *span)
{
	struct span word;

	span_blanks(span);
	word = (struct span){ span->at, 0 };
	while (word.n < span->n && !is_blank(span->at[word.n]))
		word.n++;
	span->at += word.n;
	span->n -= word.n;
	return word;
}

static void split(struct span span, size_t offset, size_t length, struct span *before_ret, struct span *after_ret)
{
	if (before_ret)
		*before_ret = (struct span){ span.at, offset };
	if (after_ret)
		*after_ret = (struct span){ span.at + offset + length, span.n - offset - length };
}

/* Lines are short: memmem() would spend more on its tables than on the line. */
static const char *find_bytes(struct span span, const char *literal, size_t n)
{
	const char *at = span.at;
	const char *end = span.at + span.n;

	if (!n || span.n < n)
		return NULL;
	while ((at = memchr(at, literal[0], (size_t)(end - at) - n + 1)) != NULL) {
		if (!memcmp(at, literal, n))
			return at;
		if ((size_t)(end - ++at) < n)
			return NULL;
	}
	return NULL;
}

bool span_find(struct span span, const char *literal, struct span *before_ret, struct span *after_ret)
{
	size_t n = strlen(literal);
	const char *found = find_bytes(span, literal, n);

	if (!found)
		return false;
	split(span, (size_t)(found - span.at), n, before_ret, after_ret);
	return true;
}

bool span_find_last(struct span span, const char *literal, struct span *before_ret, struct span *after_ret)
{
	size_t n = strlen(literal);

	if (span.n < n)
		return false;
	for (size_t offset = span.n - n + 1; offset-- > 0;) {
		if (memcmp(span.at + offset, literal, n) != 0)
			continue;
		split(span, offset, n, before_ret, after_ret);
		return true;
	}
	return false;
}

bool span_has(struct span span, const char *literal)
{
	return span_find(span, literal, NULL, NULL);
}

bool span_is(struct span span, const char *text)
{
	return span.n == strlen(text) && !memcmp(span.at, text, span.n);
}

struct span span_until(struct span span, char end)
{
	const char *found = span.n ? memchr(span.at, end, span.n) : NULL;

	return (struct span){ span.at, found ? (size_t)(found - span.at) : span.n };
}

void span_copy(struct span span, char *buffer, size_t buffer_bytes)
{
	size_t n = span.n < buffer_bytes - 1 ? span.n : buffer_bytes - 1;

	memcpy(buffer, span.at, n);
	buffer[n] = '\0';
}

/* Whether a key may begin here: not in the middle of a longer one. */
static bool is_start(const char *line, const char *at)
{
	return at == line || is_blank(at[-1]) || at[-1] == ',';
}

bool span_value_of(struct span line, const char *key, uint64_t *ret)
{
	struct span rest = line;
	struct span before;

	while (span_find(rest, key, &before, &rest)) {
		struct span value = rest;

		if (!is_start(line.at, before.at + before.n) || !span_skip(&value, ":"))
			continue;
		span_blanks(&value);
		return span_number(&value, ret) && *ret < MAX_NUMBER;
	}
	return false;
}

struct mo_count span_count_of(struct span line, const char *key)
{
	uint64_t value = 0;

	return span_value_of(line, key, &value) ? mo_exact(value) : mo_unknown();
}
