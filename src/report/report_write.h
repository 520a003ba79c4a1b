/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef MO_REPORT_WRITE_H
#define MO_REPORT_WRITE_H

/* How a report comes to be written: for the host and the command line. Plugins see include/memopsy/report.h only. */

#include <stdio.h>

#include <memopsy/error.h>
#include <memopsy/report.h>

enum mo_report_format {
	MO_FORMAT_TEXT = 0,
	MO_FORMAT_JSON = 1,
	MO_FORMAT_CSV = 2,   /* the tables alone */
};

struct mo_report_options {
	enum mo_report_format format;
	/*
	 * --columns: "name,size_bytes" (these, in this order; tables that have none of them are left out), "+hidden_one"
	 * (added to the default). Keys, or headings in any case. NULL: the default. For text only.
	 */
	const char *columns;
	/*
	 * --sort: "size_bytes", "-name" (descending), comma separated; unknown values stand last. Applies to each table
	 * that has the column; its rows are then held in memory until its end. NULL: as written. For text and JSON.
	 */
	const char *sort;
	bool no_headings;
	bool plain_bytes;        /* --bytes: sizes as plain numbers */
	unsigned width;          /* columns of the terminal; 0: not a terminal, nothing is cut */
	bool use_colour;
};

/* What stands at the head of every report. NULL strings are left out of text and null in JSON. */
struct mo_report_head {
	const char *tool_version;
	const char *command;     /* "meminfo" */
	const char *dump_path;
	const char *dump_format;
	const char *banner;      /* linux_banner */
	const char *build_id;
	const char *release;
	const char *arch;
	const char *types_from;  /* "BTF of the dump" */
	const char *symbols_from;
};

/*
 * A report that writes to `out` (not closed). The head is always in JSON; in text it is shown only if show_head (the
 * report command), since `memopsy meminfo` prints what /proc/meminfo printed and nothing else.
 */
struct mo_error *mo_report_create(FILE *out, const struct mo_report_options *options,
				  const struct mo_report_head *head, bool show_head, struct mo_report **ret) MO_MUST_USE;

/*
 * Says, before any work is done, whether the tables that a command may write have the columns that the user named:
 * MO_E_INVALID with the names that there are. Optional: finish says the same, after the work.
 */
struct mo_error *mo_report_check_columns(const struct mo_report_options *options,
					 const struct mo_table_spec *const *specs, size_t n_specs) MO_MUST_USE;

/*
 * From here on text is brief: of each section so many tables (records, which have one row, not among them), of each table so
 * many rows and how many more there are, of each section one note, and no findings (they count as written). A section of which
 * only a note is left is one paragraph that begins with its title. NULL: all of it again, but from the first call on headings
 * are one line, without blank lines below them. JSON has everything in any case.
 */
struct mo_report_brief {
	size_t max_tables;
	size_t max_rows;
};
void mo_report_set_brief(struct mo_report *report, const struct mo_report_brief *brief);

/*
 * Ends the table and the section that are open, if any, keeping the rows so far. For the host, after a plugin gave up
 * in the middle: the report then goes on with the next plugin.
 */
void mo_report_close_open(struct mo_report *report);

/*
 * The report ends here, because of an error: what is open is ended, calls that follow write nothing, and JSON will be
 * complete as a document, with status "partial" and this text as "error". mo_report_finish() is still to be called.
 */
void mo_report_abort(struct mo_report *report, const char *error_text);

/*
 * Ends all output and says how writing went: MO_E_IO with the reason, MO_E_NO_MEMORY, or MO_E_INVALID for names in
 * --columns and --sort that none of the report's tables has. To be called once, before destroy.
 */
struct mo_error *mo_report_finish(struct mo_report *report) MO_MUST_USE;
void mo_report_destroy(struct mo_report *report);

/* Something that was asked for is not in the report, in one sentence; a finding with is_about_reading says so by itself. */
void mo_report_missing(struct mo_report *report, const char *what);
/* The first of them, as it is shown (NULL: none), and how many there are. */
const char *mo_report_first_missing(const struct mo_report *report, size_t *n_ret);
/* Whether there is one, or the report was aborted. */
bool mo_report_is_partial(const struct mo_report *report);

/* Lists a table's columns (key, heading, help) for --help. */
void mo_report_describe_columns(FILE *out, const struct mo_table_spec *spec);

#endif
