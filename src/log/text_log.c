/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A text as a kernel log: prefixes removed, records put together. */
#include "text_log.h"

#include <stdlib.h>

#include "cleanup.h"
#include "copy_marks.h"
#include "journal_export.h"
#include "json_object.h"
#include "log_hosts.h"
#include "mail_wrap.h"
#include "peel.h"
#include "program_names.h"
#include "text.h"
#include "text_lines.h"

#define MAX_RECORD_BYTES (256u << 10)
#define HEAD_BYTES (64u << 10)

struct mo_text_log {
	struct mo_text_pass *pass;
	struct mo_text_lines *lines;
	struct peel_context context;
	struct log_hosts hosts;
	struct journal_export *journal;
	enum { JOURNAL_NONE, JOURNAL_EXPORT, JOURNAL_VERBOSE } journal_form; /* that the lines are of */
	struct json_object *object;  /* of JSON in several lines */
	struct copy_marks marks;
	struct wrapped_lines *wrapped; /* NULL: lines stand as they were */
	/* What the last line with a prefix said: lines without one belong to it. */
	enum line_origin last_origin;
	const char *last_program;
	struct wall_clock last_wall;
	struct cursor rest;          /* of a line that holds two: valid until the next one is read */
	struct mo_text part;         /* of a record in several lines of a container's log, or fragments */
	bool has_part;
	uint64_t part_sequence;
	uint64_t line_number;
	size_t raw_bytes;
	bool is_line_cut;
	uint64_t n_records;
	uint64_t n_lost;
	const char *why_lost;
	bool has_prefix;             /* some line had one */
	bool failed;
};

/* The text's beginning is looked at in a pass of its own. */
static struct mo_error *find_marks(const struct mo_text_file *file, struct copy_marks *marks, struct line_wrap *wrap)
{
	MO_FREE char *head = malloc(HEAD_BYTES);
	struct mo_text_pass *pass;
	size_t n = 0, n_more = 1;

	if (!head)
		return mo_error_no_memory();
	MO_TRY(mo_text_pass_create(file, &pass));
	while (n < HEAD_BYTES && n_more) {
		n_more = mo_text_pass_read(pass, head + n, HEAD_BYTES - n);
		n += n_more;
	}
	mo_text_pass_destroy(pass);
	copy_marks_find(marks, head, n);
	line_wrap_find(wrap, head, n);
	return NULL;
}

struct mo_error *mo_text_log_open(const struct mo_text_file *file, struct mo_text_log **ret)
{
	struct mo_text_log *log = calloc(1, sizeof(*log));
	struct line_wrap wrap = { .width = 0 };
	struct mo_error *error;

	if (!log)
		return mo_error_no_memory();
	error = find_marks(file, &log->marks, &wrap);
	if (!error)
		error = mo_text_pass_create(file, &log->pass);
	if (!error) {
		log->lines = mo_text_lines_create(log->pass);
		if (log->lines && (wrap.width || wrap.is_flowed || wrap.is_quoted_printable))
			log->wrapped = wrapped_lines_create(log->lines, &wrap);
		log->journal = journal_export_create();
		log->object = json_object_create();
		log->context.json_text = malloc(MO_JSON_TEXT_BYTES);
		if (!log->lines || !log->journal || !log->object || !log->context.json_text)
			error = mo_error_no_memory();
	}
	if (error) {
		mo_text_log_close(log);
		return error;
	}
	*ret = log;
	return NULL;
}

void mo_text_log_close(struct mo_text_log *log)
{
	if (!log)
		return;
	wrapped_lines_destroy(log->wrapped);
	mo_text_lines_destroy(log->lines);
	mo_text_pass_destroy(log->pass);
	journal_export_destroy(log->journal);
	json_object_destroy(log->object);
	log_hosts_deinit(&log->hosts);
	mo_text_deinit(&log->part);
	free(log->context.json_text);
	free(log);
}

bool mo_text_log_failed(const struct mo_text_log *log)
{
	return log->failed;
}

uint64_t mo_text_log_lost(const struct mo_text_log *log, const char **why)
{
	if (why)
		*why = log->why_lost;
	return log->n_lost;
}

static void lose(struct mo_text_log *log, uint64_t n, const char *why)
{
	log->n_lost += n;
	log->why_lost = why;
}

/* "** 12 printk messages dropped **" (kernel/printk/printk.c), in front of a line or as one. */
static void note_dropped(struct mo_text_log *log, struct cursor text)
{
	uint64_t n;

	if (take_word(&text, "** ") && take_number(&text, 1, 9, &n) && take_word(&text, " printk messages dropped"))
		lose(log, n, "printk says that messages were dropped");
}

/* systemd-journald: "Missed 12 kernel messages" */
static void note_missed(struct mo_text_log *log, struct cursor text)
{
	uint64_t n;

	if (take_word(&text, "Missed ") && take_number(&text, 1, 9, &n) && take_word(&text, " kernel message"))
		lose(log, n, "journald says that it missed messages of the kernel");
}

static bool is_octal(char c)
{
	return c >= '0' && c <= '7';
}

/* Of "#012"; -1: it is none. */
static int octal_code(const char *at, size_t left)
{
	if (left < 4 || at[0] != '#' || !is_octal(at[1]) || !is_octal(at[2]) || !is_octal(at[3]))
		return -1;
	return (at[1] - '0') * 64 + (at[2] - '0') * 8 + (at[3] - '0');
}

/* rsyslog writes control characters as # and three octal digits. */
static void decode_octal(struct cursor *text)
{
	char *to = (char *)(uintptr_t)memchr(text->at, '#', cursor_left(text)); /* a line may be written to (peel.h) */
	const char *at = to;

	if (!to)
		return;
	while (at < text->end) {
		int code = octal_code(at, (size_t)(text->end - at));

		if (code > 0 && (code < 32 || code == 127)) {
			*to++ = (char)code;
			at += 4;
		} else {
			*to++ = *at++;
		}
	}
	text->end = to;
}

static void remember_host(struct mo_text_log *log, const struct peeled *line)
{
	size_t n = cursor_left(&line->host);

	log->context.has_syslog |= line->is_syslog;
	if (line->origin == LINE_KERNEL && n && n < sizeof(log->context.host)) {
		memcpy(log->context.host, line->host.at, n);
		log->context.host[n] = '\0';
	}
}

/*
 * Whether the line is one to give: the kernel's or a known program's. Lines without any prefix go with the one before
 * them in logs of several programs, and are the kernel's elsewhere.
 */
static bool is_wanted(struct mo_text_log *log, struct peeled *line, const char **program)
{
	*program = NULL;
	if (line->origin == LINE_NOTHING || (line->is_contained && line->origin == LINE_BARE))
		return false;
	if (line->origin == LINE_BARE && !line->has_prefix && log->context.has_syslog) {
		*program = log->last_program;
		line->wall = log->last_wall;
		return log->last_origin == LINE_KERNEL || log->last_program;
	}
	remember_host(log, line);
	log->last_origin = line->origin;
	log->last_program = NULL;
	log->last_wall = line->wall;
	log->has_prefix |= line->has_prefix;
	if (line->origin != LINE_PROGRAM)
		return true;
	if (says_what_was_lost(line->tag))
		note_missed(log, line->text);
	*program = log->last_program = program_name(line->tag, line->text);
	return *program != NULL;
}

static bool fill_record(struct mo_text_log *log, const struct peeled *line, const char *program,
			struct mo_log_record *ret)
{
	struct log_host *host = log_host_of(&log->hosts, line->host);
	uint64_t n_lost;

	if (!host) {
		log->failed = true;
		return false;
	}
	n_lost = program ? 0 : log_host_line(host, line);
	if (n_lost)
		lose(log, n_lost, "netconsole's numbers have gaps");
	*ret = (struct mo_log_record){
		.sequence = log->n_records++,
		.time_ns = line->has_time ? line->time_ns : host->last_ns,
		.is_time_unknown = !line->has_time,
		.level = line->level,
		.facility = program ? line->has_facility ? line->facility : 3 : line->has_facility ? line->facility : 0,
		.text = line->text.at,
		.text_bytes = cursor_left(&line->text),
		.caller_id = line->caller,
		.has_caller_id = line->has_caller,
		.has_wall_clock = line->wall.is_known,
		.has_wall_year = line->wall.has_year,
		.has_wall_zone = line->wall.has_zone,
		.wall_clock_ns = line->wall.ns,
		.host = host->name[0] ? host->name : NULL,
		.program = program,
		.boot = host->boot,
		.line = log->line_number,
		.is_cut = log->is_line_cut || log->raw_bytes == 1023 || log->raw_bytes == 1024,
	};
	return true;
}

/* A record in several lines: kept until its last one comes. true: the line is complete now. */
static bool assemble(struct mo_text_log *log, struct peeled *line)
{
	bool is_first = line->is_fragment ? !line->fragment_at : !log->has_part;
	bool is_last = line->is_fragment ? line->fragment_at + cursor_left(&line->text) >= line->fragment_bytes :
					   !line->is_part;

	if (!line->is_fragment && !line->is_part && !log->has_part)
		return true;
	if (line->is_fragment && log->has_part && log->part_sequence != line->sequence)
		is_first = true; /* the end of the one before was lost */
	if (!line->is_fragment && !line->is_contained)
		return true;     /* a line of somebody else's in between */
	if (is_first)
		mo_text_clear(&log->part);
	log->has_part = true;
	log->part_sequence = line->sequence;
	if (log->part.length + cursor_left(&line->text) <= MAX_RECORD_BYTES)
		mo_text_append_n(&log->part, line->text.at, cursor_left(&line->text));
	if (!is_last)
		return false;
	log->has_part = false;
	log->failed |= mo_text_failed(&log->part);
	if (log->part.chars)
		line->text = (struct cursor){ log->part.chars, log->part.chars + log->part.length };
	line->is_part = line->is_fragment = false;
	return true;
}

/* The container's layer is off and its parts are joined: what it printed may have layers of its own. */
static void peel_again(struct mo_text_log *log, struct peeled *line)
{
	struct peeled inner;

	/* One layer of JSON: a second would be decoded over itself. */
	if (!line->is_contained || line->origin != LINE_BARE || (line->is_json && cursor_peek(&line->text, 0) == '{'))
		return;
	peel_line(&log->context, line->text, &inner);
	if (inner.origin != LINE_KERNEL && inner.origin != LINE_PROGRAM)
		return;
	if (!inner.wall.is_known)
		inner.wall = line->wall;
	*line = inner;
}

/*
 * Of two stamps on one line the second begins a line of its own: a console that several CPUs, or a program, write to.
 */
static void split_at_stamp(struct mo_text_log *log, struct peeled *line)
{
	const char *stamp;

	if (line->is_syslog || line->has_sequence || !line->has_time)
		return;
	stamp = find_printk_stamp(line->text);
	if (!stamp || stamp == line->text.at)
		return;
	log->rest = (struct cursor){ stamp, line->text.end };
	line->text.end = stamp;
}

/* "-- Boot 0123... --", "-- Reboot --", "-- Logs begin at ... --", "-- No entries --" */
static bool take_journal_mark(struct mo_text_log *log, struct cursor text)
{
	if (!take_word(&text, "-- ") || cursor_left(&text) < 3 || memcmp(text.end - 3, " --", 3))
		return false;
	if (take_word(&text, "Boot ") || take_word(&text, "Reboot "))
		log_hosts_reboot(&log->hosts);
	return true;
}

/* A line of an entry of the journal in several lines. true: *ret is one that is complete. */
static bool take_journal_line(struct mo_text_log *log, struct cursor text, bool *is_ours, struct peeled *ret)
{
	bool is_complete = false;

	*is_ours = false;
	if (is_journal_export(text))
		log->journal_form = JOURNAL_EXPORT;
	else if (is_journal_verbose(text))
		log->journal_form = JOURNAL_VERBOSE;
	if (log->journal_form == JOURNAL_EXPORT)
		is_complete = journal_export_line(log->journal, log->lines, text, is_ours, ret);
	else if (log->journal_form == JOURNAL_VERBOSE)
		is_complete = journal_verbose_line(log->journal, text, is_ours, ret);
	if (!is_complete && !*is_ours)
		log->journal_form = JOURNAL_NONE;
	return is_complete;
}

/* The next line, or the rest of the last one, without its prefixes. false: no more. */
static bool next_peeled(struct mo_text_log *log, struct peeled *ret)
{
	struct mo_text_line line;
	struct cursor text = log->rest;
	bool is_ours;

	if (text.at) {
		log->rest = (struct cursor){ NULL, NULL };
		peel_line(&log->context, text, ret);
		return true;
	}
	while (log->wrapped ? wrapped_lines_next(log->wrapped, &line) : mo_text_lines_next(log->lines, &line)) {
		text = (struct cursor){ line.chars, line.chars + line.n };
		log->line_number = line.number;
		log->raw_bytes = line.raw_bytes;
		log->is_line_cut = line.is_cut;
		copy_marks_take_off(&log->marks, &text);
		if (take_journal_line(log, text, &is_ours, ret))
			return true;
		if (is_ours || take_journal_mark(log, text) || text.at == text.end)
			continue;
		if (json_object_line(log->object, text, &text) == JSON_OBJECT_MORE)
			continue;
		peel_line(&log->context, text, ret);
		return true;
	}
	return journal_export_finish(log->journal, ret);
}

/* key=value lines that belong to a record of /dev/kmsg. */
static bool is_dictionary(const struct mo_text_log *log, const struct peeled *line)
{
	struct cursor at = line->text;

	if (line->has_prefix || !log->last_origin || !take_char(&at, ' '))
		return false;
	return take_word(&at, "SUBSYSTEM=") || take_word(&at, "DEVICE=");
}

bool mo_text_log_next(struct mo_text_log *log, struct mo_log_record *ret)
{
	struct peeled line;
	const char *program;

	while (!log->failed && next_peeled(log, &line)) {
		if (is_dictionary(log, &line) || !assemble(log, &line))
			continue;
		peel_again(log, &line);
		if (!is_wanted(log, &line, &program))
			continue;
		if (line.is_syslog)
			decode_octal(&line.text);
		split_at_stamp(log, &line);
		if (cursor_left(&line.text) > 3 && *line.text.at == '*')
			note_dropped(log, line.text);
		return fill_record(log, &line, program, ret);
	}
	return false;
}

struct mo_error *mo_text_log_describe(const struct mo_text_log *log, struct mo_text_log_facts *ret)
{
	ret->n_lines = log->line_number;
	ret->has_prefix = log->has_prefix;
	ret->remark = mo_text_pass_remark(log->pass);
	for (size_t i = 0; i < log->hosts.n; i++) {
		const struct log_host *host = log->hosts.items[i];

		ret->n_boots += host->boot + 1;
		ret->n_hosts += host->name[0] != '\0';
		if (host->name[0] && ret->n_hosts == 1 && !ret->host) {
			ret->host = mo_text_from_bytes(host->name, strlen(host->name));
			if (!ret->host)
				return mo_error_no_memory();
		}
	}
	if (ret->n_hosts > 1) {
		free(ret->host);
		ret->host = NULL;
	}
	return NULL;
}
