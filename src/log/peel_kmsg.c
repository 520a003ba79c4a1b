/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * /dev/kmsg and netconsole's extended form (Documentation/ABI/testing/dev-kmsg, drivers/net/netconsole.c):
 * "LEVEL,SEQUENCE,MICROSECONDS,FLAGS[,KEY=VALUE...];text"; netconsole may put its release before it, and cuts long
 * records into fragments. Control characters, and backslashes, are \xNN. Lines that begin with a space are key=value of
 * the record before.
 */
#include "peel.h"

bool take_caller_name(struct cursor value, struct peeled *line)
{
	bool is_cpu = cursor_peek(&value, 0) == 'C';
	uint64_t number;

	if (!(take_char(&value, 'C') || take_char(&value, 'T')) || !take_number(&value, 1, 9, &number))
		return false;
	line->has_caller = true;
	line->caller = (uint32_t)number | (is_cpu ? 0x80000000u : 0);
	return true;
}

static void take_fragment_value(struct cursor value, struct peeled *line)
{
	uint64_t at, n_bytes;

	if (!take_number(&value, 1, 9, &at) || !take_char(&value, '/') || !take_number(&value, 1, 9, &n_bytes))
		return;
	line->is_fragment = true;
	line->fragment_at = at;
	line->fragment_bytes = n_bytes;
}

static int hex_value(char c)
{
	if (is_digit(c))
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

static void decode_escapes(struct cursor *text)
{
	char *first = (char *)(uintptr_t)text->at; /* a line's bytes may be written to (peel.h) */
	char *to = memchr(first, '\\', cursor_left(text));
	const char *at = to;

	if (!to)
		return;
	while (at < text->end) {
		if (text->end - at >= 4 && at[0] == '\\' && at[1] == 'x' && hex_value(at[2]) >= 0 && hex_value(at[3]) >= 0) {
			*to++ = (char)(hex_value(at[2]) << 4 | hex_value(at[3]));
			at += 4;
		} else {
			*to++ = *at++;
		}
	}
	text->end = to;
}

static bool is_flag(char c)
{
	return c == '-' || c == 'c' || c == '+';
}

bool peel_kmsg(struct peeled *line)
{
	struct cursor at = line->text;
	uint64_t priority, sequence, microseconds;

	/* "6.1.0-28-amd64,": the release that netconsole may put first. */
	if (is_digit(cursor_peek(&at, 0)) && (cursor_peek(&at, 1) == '.' || cursor_peek(&at, 2) == '.')) {
		const char *comma = memchr(at.at, ',', cursor_left(&at) < 64 ? cursor_left(&at) : 64);

		if (!comma)
			return false;
		at.at = comma + 1;
	}
	if (!take_number(&at, 1, 4, &priority) || !take_char(&at, ',') || !take_number(&at, 1, 18, &sequence) ||
	    !take_char(&at, ',') || !take_number(&at, 1, 16, &microseconds) || !take_char(&at, ',') ||
	    !is_flag(cursor_peek(&at, 0)))
		return false;
	at.at++;
	while (take_char(&at, ',')) {
		struct cursor value = at;

		while (at.at < at.end && *at.at != ',' && *at.at != ';')
			at.at++;
		value.end = at.at;
		if (take_word(&value, "caller="))
			take_caller_name(value, line);
		else if (take_word(&value, "ncfrag="))
			take_fragment_value(value, line);
	}
	if (!take_char(&at, ';'))
		return false;
	set_priority(line, priority);
	line->has_time = true;
	line->time_ns = microseconds * 1000;
	line->has_sequence = true;
	line->sequence = sequence;
	decode_escapes(&at);
	line->text = at;
	line->origin = LINE_KERNEL;
	return true;
}
