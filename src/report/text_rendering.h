/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef MO_TEXT_RENDERING_H
#define MO_TEXT_RENDERING_H

/* What the files that write text share. */

#include "report_stream.h"

struct mo_text_table;

struct mo_text_rendering {
	bool has_output;      /* a blank line is due before the next block ... */
	bool is_below_heading; /* ... but for right below a heading of a page */
	bool has_rows;        /* the open table has printed some */
	bool showed_unknown;
	bool showed_bound;
	struct mo_text heading; /* of the open section, which is printed when something stands below it */
	struct mo_text pending; /* notes and findings that wait for the end of the table */
	struct mo_text_table *table; /* the open table, if it is an ordinary one */
};

/* The form of one cell; remembers whether something unknown was shown. */
void mo_text_append_cell(struct mo_report *report, struct mo_text *out, size_t column, const struct mo_cell *cell);

/*
 * Ordinary tables, printed by libsmartcols (render_text_table.c). The first rows fix the columns' widths; later rows
 * are fitted in, so that a table of millions of rows is printed as it comes. NULL: no memory.
 */
struct mo_text_table *mo_text_table_create(struct mo_report *report);
void mo_text_table_rows(struct mo_report *report, size_t first, size_t n_rows);
void mo_text_table_destroy(struct mo_text_table *table);

/* Findings as a block of lines (render_text_finding.c). */
void mo_text_append_finding(const struct mo_report *report, struct mo_text *out, const struct mo_finding *finding);

/* Columns for paragraphs: lines longer than this are hard to read. */
size_t mo_text_paragraph_width(const struct mo_report *report);

#endif
