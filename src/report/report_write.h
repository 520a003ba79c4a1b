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
};

struct mo_report_options {
	enum mo_report_format format;
	const char *columns;     /* --columns: "name,size_bytes", "+hidden_one" adds to the default; NULL: the default */
	const char *sort;        /* --sort: "size_bytes", "-name" (descending), comma separated; NULL: as written */
	bool no_headings;
	bool plain_bytes;        /* --bytes: sizes as plain numbers */
	unsigned width;          /* columns of the terminal; 0: not a terminal, nothing is cut */
	bool use_colour;
};

/* What stands at the head of every report. NULL strings and unknown counts are left out of text, null in JSON. */
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

/* Ends all output and says how writing went: MO_E_IO with the reason. Also MO_E_INVALID for unknown column names. */
struct mo_error *mo_report_finish(struct mo_report *report) MO_MUST_USE;
void mo_report_destroy(struct mo_report *report);

/* Whether a finding with is_about_reading was written. */
bool mo_report_is_partial(const struct mo_report *report);

/* The worst finding so far, for the verdict line; NULL: none. Lives as long as the report. */
const struct mo_finding *mo_report_worst(const struct mo_report *report);

/* Lists a table's columns (key, heading, help) for --help. */
void mo_report_describe_columns(FILE *out, const struct mo_table_spec *spec);

#endif
