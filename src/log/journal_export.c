/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Reads entries of journalctl -o export. */
#include "journal_export.h"

#include <stdlib.h>

#include "bytes.h"
#include "journal_fields.h"

#define STORE_BYTES (MO_JSON_TEXT_BYTES + 4096)

struct journal_export {
	struct journal_entry entry;
	bool has_entry;
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
	journal->has_entry = false;
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
