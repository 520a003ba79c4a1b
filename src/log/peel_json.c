/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* journalctl -o json, docker's json-file, and what shippers of logs make of them. */
#include "json_line.h"
#include "journal_fields.h"
#include "program_names.h"

/* Under which name others have the line. */
static bool is_line_key(struct cursor key)
{
	return is_text(key, "log") || is_text(key, "message") || is_text(key, "textPayload") || is_text(key, "msg");
}

static bool is_time_key(struct cursor key)
{
	return is_text(key, "time") || is_text(key, "timestamp") || is_text(key, "@timestamp");
}

static void take_time(const struct json_member *member, struct peeled *line)
{
	struct cursor value = member->value;
	struct wall_clock wall;
	bool is_comma;

	if (member->kind == JSON_STRING && take_iso_time(&value, &wall, &is_comma))
		line->wall = wall;
}

/* dmesg --json: seconds since boot, level and facility as number or name, "T12" or "C3". */
static bool take_dmesg_member(const struct json_member *member, struct peeled *line)
{
	struct cursor value = member->value;
	uint64_t seconds, number;
	unsigned code;

	if (is_text(member->key, "time") && member->kind == JSON_NUMBER && take_number(&value, 1, 10, &seconds) &&
	    take_char(&value, '.') && take_fraction(&value, &line->time_ns)) {
		line->time_ns += seconds * 1000000000;
		line->has_time = true;
	} else if (is_text(member->key, "pri") && json_number(member, &number) && number < 192) {
		set_priority(line, number);
	} else if (is_text(member->key, "pri") && member->kind == JSON_STRING && level_by_name(value, &code)) {
		line->level = code;
	} else if (is_text(member->key, "fac") && member->kind == JSON_STRING && facility_by_name(value, &code)) {
		line->facility = code;
		line->has_facility = true;
	} else if (is_text(member->key, "caller") && member->kind == JSON_STRING) {
		take_caller_name(value, line);
	} else {
		return false;
	}
	return true;
}

static struct cursor decode(struct peel_context *context, const struct json_member *member)
{
	size_t n = json_text(member, context->json_text, MO_JSON_TEXT_BYTES);

	while (n && (context->json_text[n - 1] == '\n' || context->json_text[n - 1] == '\r'))
		n--;
	return (struct cursor){ context->json_text, context->json_text + n };
}

static bool ends_with_newline(const struct json_member *member)
{
	return cursor_left(&member->value) >= 2 && !memcmp(member->value.end - 2, "\\n", 2);
}

bool peel_json(struct peel_context *context, struct peeled *line)
{
	struct cursor object = line->text;
	struct journal_entry entry = { .has_message = false };
	struct json_member member, message = { .kind = JSON_OTHER };
	bool is_journal = false, has_line = false, has_stream = false, is_dmesg = false;

	if (!json_begin(&object))
		return false;
	if (!context->json_text) {
		line->origin = LINE_PROGRAM;
		return true;
	}
	take_spaces(&object);
	if (cursor_peek(&object, 0) != '"')
		return false;
	line->is_json = true;
	while (json_next(&object, &member)) {
		if (is_text(member.key, "MESSAGE")) {
			message = member;
			is_journal = true;
		} else if (is_line_key(member.key) && !is_journal && member.kind == JSON_STRING) {
			message = member;
			has_line = true;
		} else if (take_dmesg_member(&member, line)) {
			is_dmesg |= is_text(member.key, "pri");
		} else if (is_time_key(member.key)) {
			take_time(&member, line);
		} else {
			has_stream |= is_text(member.key, "stream");
			journal_field(&entry, member.key, member.value);
		}
	}
	if (is_journal) {
		entry.has_message = message.kind != JSON_OTHER;
		journal_entry_peel(&entry, line);
		/* Most lines will be dropped: what they say need not be decoded. */
		if (line->origin == LINE_KERNEL || program_name(line->tag, message.value))
			line->text = decode(context, &message);
		return true;
	}
	if (!has_line) {
		line->origin = LINE_NOTHING;
		return true;
	}
	if (is_dmesg && line->has_time && !has_stream) {
		line->origin = LINE_KERNEL;
		line->text = decode(context, &message);
		return true;
	}
	/* Docker cuts long lines into entries; the last one alone ends with a newline. */
	line->is_part = has_stream && !ends_with_newline(&message);
	line->text = decode(context, &message);
	line->is_contained = true;
	return true;
}
