/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Scans the members of a JSON object on one line. */
#include "json_line.h"

static void skip_blank(struct cursor *at)
{
	while (at->at < at->end && (*at->at == ' ' || *at->at == '\t'))
		at->at++;
}

/* The cursor stands behind the opening quote, and afterwards behind the closing one. */
static bool take_string(struct cursor *at, struct cursor *ret)
{
	const char *first = at->at;

	while (at->at < at->end && *at->at != '"') {
		const char *quote = memchr(at->at, '"', cursor_left(at));
		const char *backslash = quote ? memchr(at->at, '\\', (size_t)(quote - at->at)) : NULL;

		if (!quote)
			return false;
		if (backslash && at->end - backslash < 2)
			return false;
		at->at = backslash ? backslash + 2 : quote;
	}
	if (at->at >= at->end)
		return false;
	*ret = (struct cursor){ first, at->at };
	at->at++;
	return true;
}

/* Passes over an array or object, strings in it included. */
static bool skip_nested(struct cursor *at)
{
	unsigned depth = 0;

	while (at->at < at->end) {
		char c = *at->at++;
		struct cursor ignored;

		if (c == '"' && !take_string(at, &ignored))
			return false;
		depth += c == '[' || c == '{';
		if ((c == ']' || c == '}') && !--depth)
			return true;
	}
	return false;
}

static bool take_value(struct cursor *at, struct json_member *ret)
{
	const char *first = at->at;

	switch (cursor_peek(at, 0)) {
	case '"':
		at->at++;
		ret->kind = JSON_STRING;
		return take_string(at, &ret->value);
	case '[':
	case '{':
		ret->kind = *first == '[' ? JSON_ARRAY : JSON_OTHER;
		if (!skip_nested(at))
			return false;
		ret->value = (struct cursor){ first + 1, at->at - 1 };
		return true;
	default:
		while (at->at < at->end && *at->at != ',' && *at->at != '}' && *at->at != ' ')
			at->at++;
		ret->kind = is_digit(cursor_peek(&(struct cursor){ first, at->end }, 0)) ? JSON_NUMBER : JSON_OTHER;
		ret->value = (struct cursor){ first, at->at };
		return at->at > first;
	}
}

bool json_begin(struct cursor *object)
{
	return take_char(object, '{');
}

bool json_next(struct cursor *object, struct json_member *ret)
{
	skip_blank(object);
	if (take_char(object, ','))
		skip_blank(object);
	if (!take_char(object, '"') || !take_string(object, &ret->key))
		return false;
	skip_blank(object);
	if (!take_char(object, ':'))
		return false;
	skip_blank(object);
	return take_value(object, ret);
}

static bool take_hex4(struct cursor *at, unsigned *ret)
{
	unsigned value = 0;

	for (unsigned i = 0; i < 4; i++) {
		char c = cursor_peek(at, i);
		unsigned digit = is_digit(c) ? (unsigned)(c - '0') :
				 c >= 'a' && c <= 'f' ? (unsigned)(c - 'a') + 10 :
				 c >= 'A' && c <= 'F' ? (unsigned)(c - 'A') + 10 : 16;

		if (digit == 16)
			return false;
		value = value << 4 | digit;
	}
	at->at += 4;
	*ret = value;
	return true;
}

static size_t put_utf8(unsigned code, char *to, size_t room)
{
	if (code < 0x80 && room >= 1) {
		to[0] = (char)code;
		return 1;
	}
	if (code < 0x800 && room >= 2) {
		to[0] = (char)(0xc0 | code >> 6);
		to[1] = (char)(0x80 | (code & 0x3f));
		return 2;
	}
	if (code < 0x10000 && room >= 3) {
		to[0] = (char)(0xe0 | code >> 12);
		to[1] = (char)(0x80 | (code >> 6 & 0x3f));
		to[2] = (char)(0x80 | (code & 0x3f));
		return 3;
	}
	if (code >= 0x10000 && room >= 4) {
		to[0] = (char)(0xf0 | code >> 18);
		to[1] = (char)(0x80 | (code >> 12 & 0x3f));
		to[2] = (char)(0x80 | (code >> 6 & 0x3f));
		to[3] = (char)(0x80 | (code & 0x3f));
		return 4;
	}
	return 0;
}

/* Behind "\u": one code, or two halves of one. */
static size_t put_escaped_code(struct cursor *at, char *to, size_t room)
{
	struct cursor second;
	unsigned code, low;

	if (!take_hex4(at, &code))
		return 0;
	second = *at;
	if (code >= 0xd800 && code < 0xdc00 && take_word(&second, "\\u") && take_hex4(&second, &low) && low >= 0xdc00 &&
	    low < 0xe000) {
		*at = second;
		code = 0x10000 + ((code - 0xd800) << 10 | (low - 0xdc00));
	}
	return put_utf8(code, to, room);
}

static size_t string_text(struct cursor at, char *to, size_t room)
{
	static const char escapes[] = "nrtbf";
	static const char values[] = "\n\r\t\b\f";
	size_t n = 0;

	while (at.at < at.end && n < room) {
		const char *backslash = memchr(at.at, '\\', cursor_left(&at));
		size_t plain = (size_t)((backslash ? backslash : at.end) - at.at);
		const char *escape;

		if (plain > room - n)
			plain = room - n;
		memcpy(to + n, at.at, plain);
		n += plain;
		at.at += plain;
		if (!backslash || at.at != backslash || n == room || at.end - at.at < 2)
			break;
		at.at += 2;
		escape = strchr(escapes, at.at[-1]);
		if (at.at[-1] == 'u')
			n += put_escaped_code(&at, to + n, room - n);
		else
			to[n++] = escape && *escape ? values[escape - escapes] : at.at[-1];
	}
	return n;
}

static size_t array_text(struct cursor at, char *to, size_t room)
{
	size_t n = 0;
	uint64_t byte;

	while (n < room) {
		skip_blank(&at);
		if (take_char(&at, ','))
			skip_blank(&at);
		if (!take_number(&at, 1, 3, &byte))
			break;
		to[n++] = (char)byte;
	}
	return n;
}

size_t json_text(const struct json_member *member, char *to, size_t room)
{
	if (member->kind == JSON_STRING)
		return string_text(member->value, to, room);
	return member->kind == JSON_ARRAY ? array_text(member->value, to, room) : 0;
}

bool json_number(const struct json_member *member, uint64_t *ret)
{
	struct cursor value = member->value;

	return (member->kind == JSON_STRING || member->kind == JSON_NUMBER) && take_number(&value, 1, 19, ret) &&
	       (value.at == value.end || *value.at == '.');
}
