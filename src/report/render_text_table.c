/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Tables through libsmartcols, whose header no other file includes.
 *
 * The library sizes columns by all of a table's lines, which it holds in memory. So that a table of millions of rows
 * is printed as it comes, the widths are fixed here by the first chunk of rows, and each chunk is a table of its own
 * with these widths as the least. (A later cell that is wider widens its column for that chunk.)
 *
 * Cells that give way to a narrow terminal are fitted here too: what is cut ends in "...", what is wrapped breaks
 * between words. The library would cut without a mark, so that two names may look like one.
 */
#include "text_rendering.h"

#include <string.h>

#include <libsmartcols/libsmartcols.h>

#include "cell.h"
#include "wrap.h"

#define SEPARATOR "  " /* two: values have single spaces inside ("4.0 KiB") */

/* Columns that give way keep this many characters, or their heading's. */
#define NARROWEST 8

/* A longer cell is cut even where nothing else is: one hostile name would otherwise pad every row to its length. */
#define CELL_WIDTH_MAXIMUM 1000

struct mo_text_table {
	size_t *widths; /* of the columns shown */
	bool has_widths;
	struct mo_text cell; /* scratch */
	struct mo_text fitted;
};

struct mo_text_table *mo_text_table_create(struct mo_report *report)
{
	struct mo_text_table *table = calloc(1, sizeof(*table));

	if (!table)
		return NULL;
	table->widths = calloc(report->table.n_shown + 1, sizeof(*table->widths));
	if (!table->widths) {
		free(table);
		return NULL;
	}
	return table;
}

void mo_text_table_destroy(struct mo_text_table *table)
{
	if (!table)
		return;
	free(table->widths);
	mo_text_deinit(&table->cell);
	mo_text_deinit(&table->fitted);
	free(table);
}

static const struct mo_column *shown_column(const struct mo_report *report, size_t i)
{
	return &report->table.spec->columns[report->table.shown[i]];
}

static bool is_wrapped(const struct mo_report *report, size_t i)
{
	return report->options.width && shown_column(report, i)->flags & MO_COLUMN_WRAP;
}

static bool is_cut(const struct mo_report *report, size_t i)
{
	return report->options.width && shown_column(report, i)->flags & MO_COLUMN_TRUNCATE;
}

/* The cell's form for people, in table->cell. */
static void format_cell(struct mo_report *report, struct mo_text_table *table, size_t i, const struct mo_cell *cells)
{
	size_t column = report->table.shown[i];

	mo_text_clear(&table->cell);
	mo_text_append_cell(report, &table->cell, column, &cells[column]);
}

/* Cuts the cell's text into lines of the column's width, between words where there are any. */
static void wrap_cell(const struct mo_text *cell, size_t width, struct mo_text *fitted)
{
	const char *at = mo_text_chars(cell);
	size_t left = cell->length;

	while (left) {
		size_t fits = mo_display_fit(at, left, width);
		size_t skipped = 0;

		/* A character wider than the column goes in whole. */
		for (size_t n = 1; !fits; n++) {
			if (n == left || (at[n] & 0xc0) != 0x80)
				fits = n;
		}
		if (fits < left) {
			const char *space = memrchr(at, ' ', fits + 1);

			if (space && space > at) {
				fits = (size_t)(space - at);
				skipped = 1;
			}
		}
		mo_text_append_n(fitted, at, fits);
		at += fits + skipped;
		left -= fits + skipped;
		if (left)
			mo_text_append_char(fitted, '\n');
	}
}

/* What of the cell's text is printed. */
static const struct mo_text *fit_cell(struct mo_report *report, struct mo_text_table *table, size_t i)
{
	size_t width = is_cut(report, i) ? table->widths[i] : CELL_WIDTH_MAXIMUM;

	mo_text_clear(&table->fitted);
	if (is_wrapped(report, i))
		wrap_cell(&table->cell, table->widths[i], &table->fitted);
	else
		mo_append_cut(&table->fitted, mo_text_chars(&table->cell), table->cell.length, width);
	return &table->fitted;
}

static bool add_column(struct mo_report *report, struct libscols_table *smart, size_t i, size_t width)
{
	const struct mo_column *column = shown_column(report, i);
	/* The library sizes a column by its heading even where headings are not printed. */
	const char *heading = report->options.no_headings ? "" : column->heading;
	int flags = mo_cell_is_right_aligned(column->kind) ? SCOLS_FL_RIGHT : 0;
	struct libscols_column *added;

	if (is_wrapped(report, i))
		flags |= SCOLS_FL_WRAP;
	added = scols_table_new_column(smart, heading, (double)width, flags);
	if (!added)
		return false;
	/* Lines end where wrap_cell() put a newline. */
	return !(flags & SCOLS_FL_WRAP) ||
	       !scols_column_set_wrapfunc(added, scols_wrapnl_chunksize, scols_wrapnl_nextchunk, NULL);
}

/* A table with these columns and no lines. NULL: no memory. */
static struct libscols_table *new_smart_table(struct mo_report *report, const struct mo_text_table *table)
{
	struct libscols_table *smart = scols_new_table();
	bool is_good = smart;

	if (smart) {
		/* Cells have been made visible; the library would escape the escapes again. */
		scols_table_enable_noencoding(smart, 1);
		scols_table_set_termforce(smart, SCOLS_TERMFORCE_NEVER);
		is_good = !scols_table_set_column_separator(smart, SEPARATOR);
	}
	for (size_t i = 0; i < report->table.n_shown && is_good; i++)
		is_good = add_column(report, smart, i, table->widths[i]);
	if (is_good)
		return smart;
	scols_unref_table(smart);
	return NULL;
}

/* Takes columns from the widest of those that may be narrowed, one by one, until the table fits or none is left. */
static void narrow(struct mo_report *report, struct mo_text_table *table, size_t total)
{
	while (total > report->options.width) {
		size_t widest = SIZE_MAX;

		for (size_t i = 0; i < report->table.n_shown; i++) {
			if (!is_cut(report, i) && !is_wrapped(report, i))
				continue;
			if (table->widths[i] <= NARROWEST || table->widths[i] <= strlen(shown_column(report, i)->heading))
				continue;
			if (widest == SIZE_MAX || table->widths[i] > table->widths[widest])
				widest = i;
		}
		if (widest == SIZE_MAX)
			return;
		table->widths[widest]--;
		total--;
	}
}

/* Sizes the columns by the rows of the first chunk. */
static void measure(struct mo_report *report, struct mo_text_table *table, size_t first, size_t n_rows)
{
	size_t total = 0;

	for (size_t i = 0; i < report->table.n_shown; i++) {
		const char *heading = shown_column(report, i)->heading;
		size_t widest = report->options.no_headings ? 0 : mo_display_width(heading, strlen(heading));

		for (size_t row = 0; row < n_rows; row++) {
			size_t width;

			format_cell(report, table, i, mo_row_store_row(&report->rows, first + row));
			width = mo_display_width(mo_text_chars(&table->cell), table->cell.length);
			widest = width > widest ? width : widest;
		}
		table->widths[i] = widest < CELL_WIDTH_MAXIMUM ? widest : CELL_WIDTH_MAXIMUM;
		total += table->widths[i] + (i ? strlen(SEPARATOR) : 0);
	}
	if (report->options.width)
		narrow(report, table, total);
}

static bool add_line(struct mo_report *report, struct mo_text_table *table, struct libscols_table *smart, size_t row)
{
	const struct mo_cell *cells = mo_row_store_row(&report->rows, row);
	struct libscols_line *line = scols_table_new_line(smart, NULL);

	if (!line)
		return false;
	for (size_t i = 0; i < report->table.n_shown; i++) {
		const struct mo_text *fitted;

		format_cell(report, table, i, cells);
		fitted = fit_cell(report, table, i);
		if (mo_text_failed(&table->cell) || mo_text_failed(fitted) ||
		    scols_line_set_data(line, i, mo_text_chars(fitted)))
			return false;
	}
	return true;
}

/* Writes what was printed, without the spaces that the library leaves behind empty last cells. */
static void write_lines(struct mo_report *report, const char *printed)
{
	struct mo_text out = MO_TEXT_EMPTY;

	while (*printed) {
		size_t length = strcspn(printed, "\n");
		size_t kept = length;

		while (kept && printed[kept - 1] == ' ')
			kept--;
		mo_text_append_n(&out, printed, kept);
		mo_text_append_char(&out, '\n');
		printed += length + (printed[length] == '\n');
	}
	mo_report_write_text(report, &out);
	mo_text_deinit(&out);
}

void mo_text_table_rows(struct mo_report *report, size_t first, size_t n_rows)
{
	struct mo_text_table *table = ((struct mo_text_rendering *)report->rendering)->table;
	struct libscols_table *smart;
	char *printed = NULL;
	bool is_good;

	if (!table->has_widths)
		measure(report, table, first, n_rows);
	smart = new_smart_table(report, table);
	is_good = smart;
	if (smart)
		scols_table_enable_noheadings(smart, table->has_widths || report->options.no_headings);
	table->has_widths = true;
	for (size_t i = 0; i < n_rows && is_good; i++)
		is_good = add_line(report, table, smart, first + i);
	if (is_good && !scols_print_table_to_string(smart, &printed) && printed)
		write_lines(report, printed);
	else
		mo_report_fail(report, mo_error_no_memory());
	free(printed);
	scols_unref_table(smart);
}
