/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Tables as comma-separated values (RFC 4180), for spreadsheets and databases: a line of keys, then the rows; an empty line before
 * each further table. Numbers are those of JSON; unknown is an empty field, a lower bound ">=N". Findings and notes are left out:
 * the exit status says whether something is missing.
 */
#include "report_stream.h"

#include <string.h>

#include "cell.h"

struct csv_rendering {
	struct mo_text line;
	bool has_table;
};

static struct mo_error *csv_start(struct mo_report *report)
{
	report->rendering = calloc(1, sizeof(struct csv_rendering));
	return report->rendering ? NULL : mo_error_no_memory();
}

/* Quoted where it has to be. Spreadsheets take what begins with one of these for a formula, and names come from the dump: '. */
static void append_text(struct mo_text *line, const char *chars, size_t n)
{
	bool is_formula = n && strchr("=+-@\t\r", *chars);
	bool is_quoted = !n || is_formula;

	for (size_t i = 0; i < n && !is_quoted; i++)
		is_quoted = strchr(",\"\r\n ", chars[i]) != NULL;
	if (!is_quoted) {
		mo_text_append_n(line, chars, n);
		return;
	}
	mo_text_append(line, is_formula ? "\"'" : "\"");
	for (size_t i = 0; i < n; i++) {
		if (chars[i] == '"')
			mo_text_append_char(line, '"');
		mo_text_append_char(line, chars[i]);
	}
	mo_text_append_char(line, '"');
}

static void append_cell(struct mo_text *line, enum mo_cell_kind kind, const struct mo_cell *cell)
{
	enum mo_certainty certainty = mo_cell_certainty(kind, cell);

	if (certainty == MO_UNKNOWN)
		return;
	if (kind == MO_CELL_TEXT) {
		append_text(line, cell->as.text.bytes, cell->as.text.n_bytes);
		return;
	}
	if (certainty == MO_AT_LEAST)
		mo_text_append(line, ">=");
	mo_cell_to_literal(line, kind, cell);
}

/* All columns, unless the user named some. */
static size_t column_at(const struct mo_report *report, size_t i)
{
	return report->columns.list.count ? report->table.shown[i] : i;
}

static size_t n_columns(const struct mo_report *report)
{
	return report->columns.list.count ? report->table.n_shown : report->table.spec->n_columns;
}

static void write_line(struct mo_report *report, struct mo_text *line)
{
	mo_text_append(line, "\r\n");
	mo_report_write_text(report, line);
	mo_text_clear(line);
}

static void csv_table_begin(struct mo_report *report)
{
	struct csv_rendering *rendering = report->rendering;

	if (report->table.is_left_out)
		return;
	if (rendering->has_table)
		write_line(report, &rendering->line);
	rendering->has_table = true;
	for (size_t i = 0; i < n_columns(report); i++) {
		if (i)
			mo_text_append_char(&rendering->line, ',');
		mo_text_append(&rendering->line, report->table.spec->columns[column_at(report, i)].key);
	}
	if (report->options.no_headings)
		mo_text_clear(&rendering->line);
	else
		write_line(report, &rendering->line);
}

static void csv_rows(struct mo_report *report, size_t first, size_t n_rows)
{
	struct csv_rendering *rendering = report->rendering;

	for (size_t i = 0; i < n_rows; i++) {
		const struct mo_cell *cells = mo_row_store_row(&report->rows, first + i);

		for (size_t k = 0; k < n_columns(report); k++) {
			size_t column = column_at(report, k);

			if (k)
				mo_text_append_char(&rendering->line, ',');
			append_cell(&rendering->line, report->table.spec->columns[column].kind, &cells[column]);
		}
		write_line(report, &rendering->line);
	}
}

static void nothing(struct mo_report *report)
{
	(void)report;
}

static void no_text(struct mo_report *report, const char *text)
{
	(void)report;
	(void)text;
}

static void no_finding(struct mo_report *report, const struct mo_finding *finding)
{
	(void)report;
	(void)finding;
}

static void csv_destroy(struct mo_report *report)
{
	struct csv_rendering *rendering = report->rendering;

	mo_text_deinit(&rendering->line);
	free(rendering);
	report->rendering = NULL;
}

const struct mo_renderer mo_csv_renderer = {
	.start = csv_start,
	.section_begin = no_text,
	.table_begin = csv_table_begin,
	.rows = csv_rows,
	.table_end = nothing,
	.note = no_text,
	.finding = no_finding,
	.end = nothing,
	.destroy = csv_destroy,
};
