/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef MO_REPORT_STREAM_H
#define MO_REPORT_STREAM_H

/*
 * The report as its renderers see it: what is open, the rows that are ready, what was kept. report.c changes it;
 * a renderer reads it and writes text through mo_report_write().
 */

#include <assert.h>
#include <locale.h>

#include "columns.h"
#include "report_write.h"
#include "row_store.h"
#include "text.h"
#include "text_store.h"

/* Findings and notes are few. Beyond this many they are counted, not kept, and not shown. */
#define MO_KEPT_MAXIMUM 10000

#define MO_NO_SECTION SIZE_MAX

struct mo_report;

/* How one format is written. All are called between head and end, in the order of the report. */
struct mo_renderer {
	struct mo_error *(*start)(struct mo_report *report) MO_MUST_USE; /* makes report->rendering; writes the head */
	void (*section_begin)(struct mo_report *report, const char *title);
	void (*table_begin)(struct mo_report *report); /* may change report->table.chunk_rows and is_left_out */
	void (*rows)(struct mo_report *report, size_t first, size_t n_rows); /* these positions of report->rows */
	void (*table_end)(struct mo_report *report);
	void (*note)(struct mo_report *report, const char *text);
	void (*finding)(struct mo_report *report, const struct mo_finding *finding);
	void (*end)(struct mo_report *report);
	void (*destroy)(struct mo_report *report); /* frees report->rendering */
};

extern const struct mo_renderer mo_text_renderer;
extern const struct mo_renderer mo_json_renderer;
extern const struct mo_renderer mo_csv_renderer;

struct mo_open_table {
	const struct mo_table_spec *spec; /* NULL: no table is open */
	size_t *shown;        /* numbers of the columns that text shows */
	size_t n_shown;
	struct mo_sort_key *keys;
	size_t n_keys;
	uint64_t n_rows;      /* given so far */
	size_t chunk_rows;    /* so many rows are handed to the renderer at a time */
	bool is_left_out;     /* not to be shown: its rows are dropped */
};

struct mo_kept_section {
	const char *name;
	const char *title;
};

struct mo_kept_table {
	const char *name;
	size_t section;
};

struct mo_kept_note {
	const char *text;
	size_t section;
};

struct mo_kept_finding {
	struct mo_finding finding;
	size_t section;
};

struct mo_report {
	FILE *out;
	const struct mo_renderer *renderer;
	void *rendering; /* the renderer's own */
	struct mo_report_options options; /* its strings are not used: see columns and sort */
	struct mo_report_head head;
	bool show_head;
	struct mo_column_requests columns;
	struct mo_column_requests sort;
	struct mo_text names_there_are; /* columns of the tables seen, if the user named some */
	locale_t utf8; /* text is UTF-8 whatever the terminal's locale; 0: there is no such locale */

	struct mo_open_table table;
	struct mo_row_store rows;

	struct mo_text_store texts; /* of all that is kept */
	MO_VECTOR(struct mo_kept_section) sections;
	MO_VECTOR(struct mo_kept_table) tables;
	MO_VECTOR(struct mo_kept_note) notes;
	MO_VECTOR(struct mo_kept_finding) findings;
	MO_VECTOR(void *) blocks; /* evidence arrays of the findings */
	size_t n_notes_left_out;
	size_t n_findings_left_out;
	size_t open_section; /* MO_NO_SECTION: none */

	bool is_brief;               /* mo_report_set_brief() */
	bool is_page;                /* ... has been called: headings are lines */
	struct mo_report_brief brief;
	size_t n_section_tables, n_section_notes; /* shown of the open section, while it is brief */

	MO_VECTOR(const char *) missing; /* what could not be read or was skipped: kept texts */
	size_t n_missing;            /* of these, with those that are not kept */
	bool is_over;                /* finished or aborted: nothing more is taken */
	const char *abort_text;      /* why it ended early; NULL: it did not */
	struct mo_error *failure;    /* the first; sticky */
	bool is_broken;              /* output cannot be written any more */
};

/* Writes characters; a failure is remembered, and nothing is written after it. */
void mo_report_write(struct mo_report *report, const char *chars, size_t n);

/* Writes a whole text, or remembers that it ran out of memory. */
void mo_report_write_text(struct mo_report *report, const struct mo_text *text);

/* Remembers an error, if it is the first. Takes it. */
void mo_report_fail(struct mo_report *report, struct mo_error *error);

/*
 * Keeping (report_keep.c). They return what was kept, whose text is visible and lives as long as the report; NULL: not
 * kept, because there are too many or (then the report has failed) memory is short.
 */
const char *mo_report_keep_note(struct mo_report *report, const char *text, size_t n_chars);
const struct mo_finding *mo_report_keep_finding(struct mo_report *report, const struct mo_finding *finding);
void mo_report_keep_deinit(struct mo_report *report);

/* "WARNING" and "warning"; "likely", NULL for unstated. */
const char *mo_severity_label(enum mo_severity severity);
const char *mo_severity_word(enum mo_severity severity);
const char *mo_confidence_word(enum mo_confidence confidence);

#endif
