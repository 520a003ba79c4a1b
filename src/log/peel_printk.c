/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the kernel itself and dmesg put before a line: kernel/printk/printk.c, sys-utils/dmesg.c of util-linux. */
#include "peel.h"

#define NS 1000000000ull

static const char *const level_names[] = { "emerg", "alert", "crit", "err", "warn", "notice", "info", "debug" };
static const char *const facility_names[] = { "kern", "user", "mail", "daemon", "auth", "syslog", "lpr", "news",
					      "uucp", "cron", "authpriv", "ftp" };

bool level_by_name(struct cursor name, unsigned *ret)
{
	for (unsigned i = 0; i < sizeof(level_names) / sizeof(level_names[0]); i++) {
		if (!is_text(name, level_names[i]))
			continue;
		*ret = i;
		return true;
	}
	return false;
}

bool facility_by_name(struct cursor name, unsigned *ret)
{
	for (unsigned i = 0; i < sizeof(facility_names) / sizeof(facility_names[0]); i++) {
		if (!is_text(name, facility_names[i]))
			continue;
		*ret = i;
		return true;
	}
	return false;
}

bool take_priority(struct cursor *cursor, uint64_t *ret)
{
	struct cursor at = *cursor;

	if (!take_char(&at, '<') || !take_number(&at, 1, 3, ret) || !take_char(&at, '>') || *ret > 191)
		return false;
	*cursor = at;
	return true;
}

void set_priority(struct peeled *line, uint64_t priority)
{
	line->level = (unsigned)(priority & 7);
	line->facility = (unsigned)(priority >> 3);
	line->has_facility = true;
}

/* Samsung's kernels put the CPU first: [2-3219.187012], [c2  3219.187012]. */
static void take_vendor_cpu(struct cursor *cursor)
{
	struct cursor at = *cursor;
	bool is_named = take_char(&at, 'c');
	uint64_t cpu;

	if (take_number(&at, 1, 2, &cpu) && (is_named ? take_char(&at, ' ') : take_char(&at, '-')))
		*cursor = at;
}

/* What dmesg -d and journalctl -o short-delta put behind the time: " <    0.000012>", " <    0.000012 >", or blanks. */
static void take_difference(struct cursor *cursor)
{
	struct cursor at = *cursor;
	uint64_t seconds, ns;

	if (!take_spaces(&at))
		return;
	if (take_char(&at, '<')) {
		take_spaces(&at);
		if (!take_number(&at, 1, 10, &seconds) || !take_char(&at, '.') || !take_fraction(&at, &ns))
			return;
		take_spaces(&at);
		take_char(&at, '*'); /* of another boot */
		if (!take_char(&at, '>'))
			return;
	}
	if (cursor_peek(&at, 0) == ']')
		*cursor = at;
}

bool take_printk_stamp(struct cursor *cursor, uint64_t *time_ns)
{
	struct cursor at = *cursor;
	uint64_t seconds, ns;
	const char *point;

	if (!take_char(&at, '['))
		return false;
	take_vendor_cpu(&at);
	take_spaces(&at);
	if (!take_number(&at, 1, 10, &seconds) || !take_char(&at, '.'))
		return false;
	point = at.at;
	if (!take_fraction(&at, &ns) || at.at - point < 3)
		return false;
	take_difference(&at);
	/* Qualcomm's kernels add the time of day: [  12.345678 / 06-01 12:00:00.123] */
	if (take_word(&at, " / "))
		while (at.at < at.end && *at.at != ']')
			at.at++;
	if (!take_char(&at, ']'))
		return false;
	*time_ns = seconds * NS + ns;
	*cursor = at;
	return true;
}

/* [  T123] and [    C0] (CONFIG_PRINTK_CALLER, 5.1 on; commit 15ff2069cb7f); dmesg puts a space before it. */
static bool take_caller_id(struct cursor *cursor, struct peeled *line)
{
	struct cursor at = *cursor;
	uint64_t number;
	bool is_cpu;

	take_spaces(&at);
	if (!take_char(&at, '['))
		return false;
	take_spaces(&at);
	is_cpu = cursor_peek(&at, 0) == 'C';
	if (!(take_char(&at, 'C') || take_char(&at, 'T')) || !take_number(&at, 1, 9, &number) || !take_char(&at, ']'))
		return false;
	line->has_caller = true;
	line->caller = (uint32_t)number | (is_cpu ? 0x80000000u : 0);
	*cursor = at;
	return true;
}

/* MediaTek's (0)[123:comm] and Samsung's [0: comm: 123]: CPU, thread, name. */
static bool take_vendor_caller(struct cursor *cursor, struct peeled *line)
{
	struct cursor at = *cursor;
	bool is_mediatek = false;
	uint64_t cpu, pid = 0;

	take_spaces(&at);
	if (take_char(&at, '(')) {
		is_mediatek = take_number(&at, 1, 2, &cpu) && take_char(&at, ')');
		if (!is_mediatek)
			return false;
	}
	if (!take_char(&at, '['))
		return false;
	if (!take_number(&at, 1, is_mediatek ? 9 : 2, &pid) || !take_char(&at, ':'))
		return false;
	if (!is_mediatek) {
		struct cursor inside = { at.at, memchr(at.at, ']', cursor_left(&at)) };
		const char *colon;

		if (!inside.end)
			return false;
		colon = memrchr(inside.at, ':', cursor_left(&inside));
		if (!colon)
			return false;
		inside.at = colon + 1;
		take_spaces(&inside);
		if (!take_number(&inside, 1, 9, &pid) || inside.at != inside.end)
			return false;
	}
	while (at.at < at.end && *at.at != ']')
		at.at++;
	if (!take_char(&at, ']'))
		return false;
	line->has_caller = true;
	line->caller = (uint32_t)pid;
	*cursor = at;
	return true;
}

void take_printk_caller(struct cursor *cursor, struct peeled *line)
{
	if (!take_caller_id(cursor, line))
		take_vendor_caller(cursor, line);
}

/* dmesg -x: "kern  :warn  : " */
static bool take_decoded_level(struct cursor *cursor, struct peeled *line)
{
	struct cursor at = *cursor;
	struct cursor facility = at, level;
	unsigned facility_number, level_number;

	while (is_letter(cursor_peek(&at, 0)))
		at.at++;
	facility.end = at.at;
	take_spaces(&at);
	if (!take_char(&at, ':'))
		return false;
	level = at;
	while (is_letter(cursor_peek(&at, 0)))
		at.at++;
	level.end = at.at;
	take_spaces(&at);
	if (!take_char(&at, ':') || !facility_by_name(facility, &facility_number) || !level_by_name(level, &level_number))
		return false;
	take_char(&at, ' ');
	line->facility = facility_number;
	line->level = level_number;
	line->has_facility = true;
	*cursor = at;
	return true;
}

/* dmesg -e: [Dec 1 08:49] or [Dec  1 08:49], in front of the first line of each minute */
static bool take_short_clock(struct cursor *cursor)
{
	struct cursor at = *cursor;
	uint64_t number;

	at.at++;
	for (unsigned i = 0; i < 3; i++)
		if (!is_letter(cursor_peek(&at, i)))
			return false;
	at.at += 3;
	if (!take_spaces(&at) || !take_number(&at, 1, 2, &number) || !take_char(&at, ' ') ||
	    !take_number(&at, 2, 2, &number) || !take_char(&at, ':') || !take_number(&at, 2, 2, &number) || !take_char(&at, ']'))
		return false;
	*cursor = at;
	return true;
}

/* dmesg -T: [Tue Dec  1 08:49:04 2026]; its -e and -d: [Dec 1 08:49], [  +0.000012] */
static bool take_dmesg_clock(struct cursor *cursor, struct peeled *line)
{
	struct cursor at = *cursor;
	struct wall_clock wall = { .is_known = false };
	uint64_t number, ns;
	bool is_comma;

	if (take_iso_time(&at, &wall, &is_comma) && is_comma) {
		line->wall = wall;
		*cursor = at;
		return true;
	}
	at = *cursor;
	if (!take_char(&at, '['))
		return false;
	if ((take_day_time(&at, &wall) || take_local_day_time(&at, &wall)) && take_char(&at, ']')) {
		line->wall = wall;
		*cursor = at;
		return true;
	}
	at = *cursor;
	at.at++;
	take_spaces(&at);
	take_char(&at, '<');
	take_spaces(&at);
	if (take_char(&at, '+') && take_number(&at, 1, 9, &number) && take_char(&at, '.') && take_fraction(&at, &ns)) {
		take_char(&at, '>');
		if (take_char(&at, ']')) {
			*cursor = at;
			return true;
		}
	}
	return take_short_clock(cursor);
}

bool peel_printk(struct peeled *line)
{
	struct cursor at = line->text;
	uint64_t priority;
	bool has_level = take_priority(&at, &priority);
	bool has_stamp;

	if (has_level)
		set_priority(line, priority);
	else
		has_level = take_decoded_level(&at, line);
	has_stamp = take_printk_stamp(&at, &line->time_ns);
	if (has_stamp)
		line->has_time = true;
	else
		has_stamp = take_dmesg_clock(&at, line);
	if (!has_level && !has_stamp)
		return false;
	if (has_stamp)
		take_printk_caller(&at, line);
	take_char(&at, ' ');
	line->text = at;
	line->origin = LINE_KERNEL;
	return true;
}

const char *find_printk_stamp(struct cursor text)
{
	while (text.at < text.end) {
		const char *bracket = memchr(text.at, '[', cursor_left(&text));
		struct cursor at = { bracket, text.end };
		uint64_t time_ns;

		if (!bracket)
			return NULL;
		/*
		 * Six digits behind the point and a space or a caller behind the bracket: a stamp, not a number in
		 * brackets.
		 */
		if (take_printk_stamp(&at, &time_ns) && at.at - bracket >= 14 && at.at[-8] == '.' &&
		    (cursor_peek(&at, 0) == ' ' || cursor_peek(&at, 0) == '['))
			return bracket;
		text.at = bracket + 1;
	}
	return NULL;
}
