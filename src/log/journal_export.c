/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Reads entries of journalctl -o export and -o verbose. */
#include "journal_export.h"

#include <stdlib.h>

#include "bytes.h"
#include "journal_fields.h"

#define VERBOSE_INDENT 4
#define VERBOSE_MESSAGE_INDENT (VERBOSE_INDENT + 8) /* of its further lines: behind "MESSAGE=" */

#define STORE_BYTES (MO_JSON_TEXT_BYTES + 4096)

struct journal_export {
	struct journal_entry entry;
	bool has_entry;
	bool is_in_message;  /* of the verbose form: further lines of it may come */
	char *stores[2];     /* STORE_BYTES each: of the entry that is read, and of the one before */
	unsigned store;      /* the one that is written to */
	size_t n_stored;
};

struct journal_export *journal_export_create(void)
{
	struct journal_export *journal = calloc(1, sizeof(*journal));

	if (!journal)
		return NULL;
	for (unsigned i = 0; i < 2; i++) {
		journal->stores[i] = malloc(STORE_BYTES);
		if (!journal->stores[i]) {
			journal_export_destroy(journal);
			return NULL;
		}
	}
	return journal;
}

void journal_export_destroy(struct journal_export *journal)
{
	if (!journal)
		return;
	free(journal->stores[0]);
	free(journal->stores[1]);
	free(journal);
}

bool is_journal_export(struct cursor line)
{
	return take_word(&line, "__CURSOR=");
}

static bool is_field_char(char c)
{
	return (c >= 'A' && c <= 'Z') || is_digit(c) || c == '_';
}

static void keep_field(struct journal_export *journal, struct cursor key, struct cursor value)
{
	char *to = journal->stores[journal->store] + journal->n_stored;
	size_t room = STORE_BYTES - journal->n_stored;
	size_t n = cursor_left(&value) < room ? cursor_left(&value) : room;

	memcpy(to, value.at, n);
	journal->n_stored += n;
	journal_field(&journal->entry, key, (struct cursor){ to, to + n });
}

/* The name is copied: reading on moves what the lines point to. */
static void take_binary(struct journal_export *journal, struct mo_text_lines *lines, struct cursor name)
{
	char key[64];
	size_t n_key = cursor_left(&name);
	const char *block;
	uint64_t n_bytes;

	if (n_key > sizeof(key))
		n_key = sizeof(key);
	memcpy(key, name.at, n_key);
	block = mo_text_lines_block(lines, 8);
	if (!block)
		return;
	n_bytes = mo_load_u64(block, false);
	block = mo_text_lines_block(lines, n_bytes);
	if (block)
		keep_field(journal, (struct cursor){ key, key + n_key }, (struct cursor){ block, block + n_bytes });
}

bool journal_export_finish(struct journal_export *journal, struct peeled *ret)
{
	if (!journal->has_entry)
		return false;
	*ret = (struct peeled){ .level = MO_LOG_LEVEL_UNKNOWN };
	journal_entry_peel(&journal->entry, ret);
	journal->entry = (struct journal_entry){ .has_message = false };
	journal->has_entry = journal->is_in_message = false;
	journal->store = !journal->store;
	journal->n_stored = 0;
	return true;
}

bool journal_export_line(struct journal_export *journal, struct mo_text_lines *lines, struct cursor line, bool *is_ours,
			 struct peeled *ret)
{
	struct cursor key = line;
	struct cursor value = line;
	bool is_complete = false;

	while (value.at < value.end && is_field_char(*value.at))
		value.at++;
	key.end = value.at;
	*is_ours = cursor_left(&key) && (value.at == value.end || *value.at == '=');
	if (!*is_ours)
		return false;
	if (is_journal_export(line)) {
		is_complete = journal_export_finish(journal, ret);
		journal->has_entry = true;
	} else if (take_char(&value, '=')) {
		keep_field(journal, key, value);
	} else {
		take_binary(journal, lines, key);
	}
	return is_complete;
}

bool is_journal_verbose(struct cursor line)
{
	struct wall_clock wall;

	return cursor_left(&line) > 5 && line.at[3] == ' ' && is_digit(line.at[4]) &&
	       memmem(line.at, cursor_left(&line), " [s=", 4) && take_day_time(&line, &wall) &&
	       take_word(&line, " [s=");
}

static bool take_hex(struct cursor *at, uint64_t *ret)
{
	uint64_t value = 0;
	unsigned n = 0;

	for (; n < 16; n++) {
		char c = cursor_peek(at, n);
		int digit = is_digit(c) ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;

		if (digit < 0)
			break;
		value = value << 4 | (unsigned)digit;
	}
	at->at += n;
	*ret = value;
	return n > 0;
}

/* "Tue 2026-12-01 08:49:04.123456 UTC [s=...;i=...;b=BOOT;m=US;t=US;x=...]": times are hexadecimal. */
static void take_verbose_heading(struct journal_export *journal, struct cursor line)
{
	const char *bracket = memmem(line.at, cursor_left(&line), " [s=", 4);

	line.at = bracket + 2;
	while (line.at < line.end && *line.at != ']') {
		struct cursor value = { line.at + 2, line.at + 2 };
		char key = *line.at;
		uint64_t number;

		if (cursor_peek(&line, 1) != '=')
			return;
		while (value.end < line.end && *value.end != ';' && *value.end != ']')
			value.end++;
		line.at = value.end;
		take_char(&line, ';');
		if (key == 'b')
			keep_field(journal, (struct cursor){ "_BOOT_ID", &"_BOOT_ID"[8] }, value);
		if (key == 'm')
			journal->entry.has_monotonic = take_hex(&value, &journal->entry.monotonic_us);
		if (key == 't' && take_hex(&value, &number)) {
			journal->entry.has_realtime = true;
			journal->entry.realtime_us = number;
		}
	}
}

/* A message of several lines goes on behind its field's name. */
static void go_on_with_message(struct journal_export *journal, struct cursor line)
{
	struct cursor *message = &journal->entry.message;
	char *to = journal->stores[journal->store] + journal->n_stored;
	size_t n = cursor_left(&line);

	if (!journal->is_in_message || n + 1 > STORE_BYTES - journal->n_stored)
		return;
	*to = '\n';
	memcpy(to + 1, line.at, n);
	journal->n_stored += n + 1;
	message->end = to + 1 + n;
}

bool journal_verbose_line(struct journal_export *journal, struct cursor line, bool *is_ours, struct peeled *ret)
{
	struct cursor key, value = line;
	size_t indent = take_spaces(&value);
	bool is_complete = false;

	*is_ours = true;
	if (!indent && is_journal_verbose(line)) {
		is_complete = journal_export_finish(journal, ret);
		journal->has_entry = true;
		take_verbose_heading(journal, line);
		return is_complete;
	}
	*is_ours = indent >= VERBOSE_INDENT;
	key = value;
	while (value.at < value.end && is_field_char(*value.at))
		value.at++;
	key.end = value.at;
	if (indent == VERBOSE_INDENT && cursor_left(&key) && take_char(&value, '=')) {
		journal->is_in_message = is_text(key, "MESSAGE");
		keep_field(journal, key, value);
	} else if (indent >= VERBOSE_MESSAGE_INDENT) {
		line.at += VERBOSE_MESSAGE_INDENT;
		go_on_with_message(journal, line);
	}
	return false;
}
