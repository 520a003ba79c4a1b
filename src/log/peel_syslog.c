/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What syslog daemons and journalctl put before a message: RFC 3164 and RFC 5424, rsyslog's and systemd's forms of date
 * and time, host, tag and process id.
 */
#include "peel.h"

bool take_tag(struct cursor *cursor, struct cursor *tag)
{
	struct cursor at = *cursor;
	struct cursor token;
	struct cursor name;

	/* "kernel:[   12.345678]" has no space behind the colon. */
	if (take_word(&at, "kernel:")) {
		*tag = (struct cursor){ cursor->at, at.at - 1 };
		take_char(&at, ' ');
		*cursor = at;
		return true;
	}
	token = take_token(&at);
	if (cursor_left(&token) < 2 || token.end[-1] != ':' || *token.at == '[')
		return false;
	name = (struct cursor){ token.at, token.end - 1 };
	if (name.end[-1] == ']') {
		const char *bracket = memchr(name.at, '[', cursor_left(&name));

		if (!bracket || bracket == name.at)
			return false;
		name.end = bracket;
	}
	take_char(&at, ' ');
	*tag = name;
	*cursor = at;
	return true;
}

void set_tag(struct peeled *line, struct cursor tag)
{
	line->tag = tag;
	line->origin = is_text(tag, "kernel") ? LINE_KERNEL : LINE_PROGRAM;
	line->is_syslog = true;
}

/* busybox and OpenWrt's logread: "kern.warn" */
static bool take_dotted_level(struct cursor *cursor, struct peeled *line)
{
	struct cursor at = *cursor;
	struct cursor token = take_token(&at);
	const char *dot = memchr(token.at, '.', cursor_left(&token));
	unsigned facility, level;

	if (!dot || !take_char(&at, ' ') || !facility_by_name((struct cursor){ token.at, dot }, &facility) ||
	    !level_by_name((struct cursor){ dot + 1, token.end }, &level))
		return false;
	line->facility = facility;
	line->level = level;
	line->has_facility = true;
	*cursor = at;
	return true;
}

static bool is_stamp_at(struct cursor at)
{
	uint64_t time_ns;

	return take_printk_stamp(&at, &time_ns);
}

/* Host and tag, or one of them; else the line stays as it is, and may be anybody's. */
static void take_host_and_tag(const struct peel_context *context, struct peeled *line, struct cursor at)
{
	struct cursor tag, host, after;

	take_dotted_level(&at, line);
	line->text = at;
	if (is_stamp_at(at))
		return;
	if (take_tag(&at, &tag)) {
		line->text = at;
		set_tag(line, tag);
		return;
	}
	after = at;
	host = take_token(&after);
	if (!cursor_left(&host) || !take_char(&after, ' ')) {
		line->origin = context->has_syslog ? LINE_PROGRAM : LINE_BARE;
		return;
	}
	take_spaces(&after);
	take_dotted_level(&after, line);
	if (take_tag(&after, &tag)) {
		line->host = host;
		line->text = after;
		set_tag(line, tag);
	} else if (is_stamp_at(after)) {
		line->host = host;
		line->text = after;
	} else if (context->has_syslog) {
		line->origin = LINE_PROGRAM;
	}
}

/* [ID key="value" ...]... or -: structured data of RFC 5424. */
static bool take_structured_data(struct cursor *cursor)
{
	struct cursor at = *cursor;

	if (take_char(&at, '-')) {
		*cursor = at;
		return true;
	}
	if (cursor_peek(&at, 0) != '[')
		return false;
	while (take_char(&at, '[')) {
		bool is_quoted = false;

		for (; at.at < at.end && (is_quoted || *at.at != ']'); at.at++) {
			if (*at.at == '\\' && is_quoted && at.at + 1 < at.end)
				at.at++;
			else if (*at.at == '"')
				is_quoted = !is_quoted;
		}
		if (!take_char(&at, ']'))
			return false;
	}
	*cursor = at;
	return true;
}

/* <4>1 2026-12-01T08:49:04.123Z host kernel - - - text */
static bool peel_rfc5424(struct peeled *line, struct cursor at)
{
	struct cursor host, name;
	struct wall_clock wall = { .is_known = false };
	bool is_comma;

	if (!take_word(&at, "1 ") || !(take_iso_time(&at, &wall, &is_comma) || take_char(&at, '-')) || !take_char(&at, ' '))
		return false;
	host = take_token(&at);
	if (!take_char(&at, ' '))
		return false;
	name = take_token(&at);
	for (unsigned i = 0; i < 2; i++) {
		if (!take_char(&at, ' '))
			return false;
		take_token(&at);
	}
	if (!take_char(&at, ' ') || !take_structured_data(&at))
		return false;
	take_char(&at, ' ');
	take_word(&at, "\xef\xbb\xbf");
	line->wall = wall;
	line->host = is_text(host, "-") ? (struct cursor){ NULL, NULL } : host;
	line->text = at;
	set_tag(line, name);
	return true;
}

/* [   12.345678] host kernel: text (journalctl -o short-monotonic): only for a host that is known, or a process id. */
static bool peel_monotonic(const struct peel_context *context, struct peeled *line)
{
	struct cursor at = line->text;
	struct cursor host, tag;
	uint64_t time_ns;
	size_t n_host;

	if (!take_printk_stamp(&at, &time_ns) || !take_char(&at, ' '))
		return false;
	host = take_token(&at);
	n_host = cursor_left(&host);
	if (!n_host || host.end[-1] == ':' || !take_char(&at, ' ') || !take_tag(&at, &tag))
		return false;
	if (!is_text(tag, "kernel") && !(context->host[0] && is_text(host, context->host)))
		return false;
	line->has_time = true;
	line->time_ns = time_ns;
	line->host = host;
	line->text = at;
	set_tag(line, tag);
	return true;
}

/* kernel: text, <4>kernel: text: a wall message, or what is left where somebody cut the time and the host off. */
static bool peel_tag_alone(struct peeled *line, struct cursor at, bool has_priority, uint64_t priority)
{
	struct cursor tag = { at.at, at.at + 6 };

	if (!take_word(&at, "kernel:"))
		return false;
	if (has_priority)
		set_priority(line, priority);
	take_char(&at, ' ');
	line->text = at;
	set_tag(line, tag);
	return true;
}

bool peel_syslog(const struct peel_context *context, struct peeled *line)
{
	struct cursor at = line->text;
	uint64_t priority;
	bool has_priority = take_priority(&at, &priority);
	bool is_comma = false;
	struct wall_clock wall = { .is_known = false };

	if (has_priority && peel_rfc5424(line, at)) {
		set_priority(line, priority);
		return true;
	}
	if (!take_bsd_time(&at, &wall) && !take_iso_time(&at, &wall, &is_comma) && !take_day_time(&at, &wall) &&
	    !take_unix_time(&at, &wall)) {
		return peel_tag_alone(line, at, has_priority, priority) || (!has_priority && peel_monotonic(context, line));
	}
	if (is_comma || !take_char(&at, ' '))
		return false;
	if (has_priority)
		set_priority(line, priority);
	line->wall = wall;
	take_host_and_tag(context, line, at);
	return true;
}

/* logcat's letters as levels: crit, err, warn, info, debug, debug. */
static bool logcat_level(char letter, unsigned *ret)
{
	static const char priorities[] = "FEWIDV";
	static const unsigned char levels[] = { 2, 3, 4, 6, 7, 7 };
	const char *priority = letter ? strchr(priorities, letter) : NULL;

	if (priority)
		*ret = levels[priority - priorities];
	return priority;
}

/* I/lowmemorykiller(  398): text (logcat -v brief, and -v time with the time before it) */
static bool peel_logcat_brief(struct peeled *line, struct cursor at)
{
	struct cursor tag;
	unsigned level;
	uint64_t pid;

	if (cursor_peek(&at, 1) != '/' || !logcat_level(cursor_peek(&at, 0), &level))
		return false;
	at.at += 2;
	tag = (struct cursor){ at.at, memchr(at.at, '(', cursor_left(&at)) };
	if (!tag.end)
		return false;
	at.at = tag.end + 1;
	take_spaces(&at);
	if (!take_number(&at, 1, 9, &pid) || !take_word(&at, "): "))
		return false;
	while (tag.end > tag.at && tag.end[-1] == ' ')
		tag.end--;
	line->level = level;
	line->text = at;
	set_tag(line, tag);
	return true;
}

/* 12-01 08:49:04.123  398  398 I lowmemorykiller: text (logcat -v threadtime), with or without the user's name. */
bool peel_logcat(struct peeled *line)
{
	struct cursor at = line->text;
	struct wall_clock wall;
	const char *colon;
	unsigned level = 0;

	if (!take_logcat_time(&at, &wall))
		return peel_logcat_brief(line, at);
	line->wall = wall;
	take_spaces(&at);
	if (peel_logcat_brief(line, at))
		return true;
	for (unsigned n_tokens = 0;; n_tokens++) {
		struct cursor token;

		take_spaces(&at);
		token = take_token(&at);
		if (!cursor_left(&token) || n_tokens > 4)
			return false;
		if (cursor_left(&token) == 1 && logcat_level(*token.at, &level))
			break;
	}
	take_spaces(&at);
	colon = memchr(at.at, ':', cursor_left(&at));
	if (!colon)
		return false;
	line->tag = (struct cursor){ at.at, colon };
	while (line->tag.end > line->tag.at && line->tag.end[-1] == ' ')
		line->tag.end--;
	at.at = colon + 1;
	take_char(&at, ' ');
	line->level = level;
	line->text = at;
	set_tag(line, line->tag);
	return true;
}
