/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef MO_JOURNAL_EXPORT_H
#define MO_JOURNAL_EXPORT_H

/*
 * journalctl -o export (systemd's JOURNAL_EXPORT_FORMATS): an entry is FIELD=value lines up to an empty one; a field
 * that holds newlines or is not text is its name, a line end, its length in eight bytes and its bytes.
 *
 * Empty lines are passed over by those who read lines, so that an entry ends where the next begins, at __CURSOR.
 */

#include "peel.h"
#include "text_lines.h"

struct journal_export;

struct journal_export *journal_export_create(void); /* NULL: no memory */
void journal_export_destroy(struct journal_export *journal);

/* Whether a line begins an entry. */
bool is_journal_export(struct cursor line);

/*
 * Takes a line of the export form, and what belongs to it of the lines that follow. true: *ret is the entry before it,
 * which is now complete; valid until the next but one entry is. false in *is_ours: the line is of no such form.
 */
bool journal_export_line(struct journal_export *journal, struct mo_text_lines *lines, struct cursor line, bool *is_ours,
			 struct peeled *ret);

/*
 * journalctl -o verbose: a heading with the time and, in brackets, where in the journal the entry stands; then fields,
 * one a line, four blanks before each.
 */
bool is_journal_verbose(struct cursor line);
bool journal_verbose_line(struct journal_export *journal, struct cursor line, bool *is_ours, struct peeled *ret);

/* At the end of the text, or of the form: the last entry, if there is one. */
bool journal_export_finish(struct journal_export *journal, struct peeled *ret);

#endif
