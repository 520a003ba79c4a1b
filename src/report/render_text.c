/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Text for people: blocks (titles, tables, paragraphs, findings) with one blank line between them. */
#include "text_rendering.h"

#include <string.h>

#include "cell.h"
#include "wrap.h"

#define PARAGRAPH_WIDTH 78         /* where the terminal's width is not known */
#define PARAGRAPH_WIDTH_MAXIMUM 100
#define FIRST_CHUNK_ROWS 10000     /* rows looked at to size a table's columns */
#define CHUNK_ROWS 1000

struct mo_line {
	struct mo_text text;
};

void mo_line_printf(struct mo_line *line, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	mo_text_vprintf(&line->text, format, arguments);
	va_end(arguments);
}

size_t mo_text_paragraph_width(const struct mo_report *report)
{
	unsigned width = report->options.width;

	if (!width)
		return PARAGRAPH_WIDTH;
	return width > PARAGRAPH_WIDTH_MAXIMUM ? PARAGRAPH_WIDTH_MAXIMUM : width;
}

/* Widths of characters are asked of a UTF-8 locale, this thread's only for as long as text is being made. */
static locale_t enter_utf8(const struct mo_report *report)
{
	return report->utf8 ? uselocale(report->utf8) : (locale_t)0;
}

static void leave_utf8(locale_t previous)
{
	if (previous)
		uselocale(previous);
}

/* The heading of a section is written with what first stands below it: a section without contents has none. */
static void put_heading(struct mo_report *report)
{
	struct mo_text_rendering *rendering = report->rendering;

	if (rendering->heading.length && report->open_section != MO_NO_SECTION) {
		if (rendering->has_output)
			mo_report_write(report, "\n", 1);
		mo_report_write_text(report, &rendering->heading);
		rendering->has_output = true;
	}
	rendering->is_below_heading = report->is_page && rendering->heading.length;
	mo_text_clear(&rendering->heading);
}

/* The blank line that sets off what comes from what was before. */
static bool needs_blank(struct mo_text_rendering *rendering)
{
	bool is_needed = rendering->has_output && !rendering->is_below_heading;

	rendering->is_below_heading = false;
	return is_needed;
}

/* Writes a block of whole lines; while a table is open it waits. */
static void put_block(struct mo_report *report, const struct mo_text *block)
{
	struct mo_text_rendering *rendering = report->rendering;

	if (report->table.spec) {
		mo_text_append_char(&rendering->pending, '\n');
		mo_text_append_n(&rendering->pending, mo_text_chars(block), block->length);
		return;
	}
	put_heading(report);
	if (needs_blank(rendering))
		mo_report_write(report, "\n", 1);
	mo_report_write_text(report, block);
	rendering->has_output = true;
}

static void append_head_line(struct mo_text *out, const char *label, const char *value, size_t width)
{
	if (!value)
		return;
	mo_text_printf(out, "%-10s", label);
	mo_append_wrapped(out, value, width, 10, 10);
	mo_text_append_char(out, '\n');
}

static void put_head(struct mo_report *report)
{
	const struct mo_report_head *head = &report->head;
	size_t width = mo_text_paragraph_width(report);
	struct mo_text block = MO_TEXT_EMPTY;
	struct mo_text dump = MO_TEXT_EMPTY;

	mo_text_printf(&block, "memopsy%s%s%s%s\n", head->tool_version ? " " : "",
		       head->tool_version ? head->tool_version : "", head->command ? ": " : "",
		       head->command ? head->command : "");
	if (head->dump_path)
		mo_text_printf(&dump, "%s%s%s%s", head->dump_path, head->dump_format ? " (" : "",
			       head->dump_format ? head->dump_format : "", head->dump_format ? ")" : "");
	append_head_line(&block, "Dump:", head->dump_path ? mo_text_chars(&dump) : NULL, width);
	append_head_line(&block, "Release:", head->release, width);
	append_head_line(&block, "Kernel:", head->banner, width);
	append_head_line(&block, "Build ID:", head->build_id, width);
	append_head_line(&block, "Machine:", head->arch, width);
	append_head_line(&block, "Types:", head->types_from, width);
	append_head_line(&block, "Symbols:", head->symbols_from, width);
	put_block(report, &block);
	mo_text_deinit(&block);
	mo_text_deinit(&dump);
}

static struct mo_error *text_start(struct mo_report *report)
{
	locale_t previous;

	report->rendering = calloc(1, sizeof(struct mo_text_rendering));
	if (!report->rendering)
		return mo_error_no_memory();
	if (report->show_head) {
		previous = enter_utf8(report);
		put_head(report);
		leave_utf8(previous);
	}
	return NULL;
}

static void text_section_begin(struct mo_report *report, const char *title)
{
	struct mo_text *heading = &((struct mo_text_rendering *)report->rendering)->heading;
	locale_t previous;
	size_t width;

	mo_text_clear(heading);
	if (!title || report->options.no_headings)
		return;
	if (report->is_page) {
		mo_text_printf(heading, "== %s\n", title);
		return;
	}
	previous = enter_utf8(report);
	width = mo_display_width(title, strlen(title));
	leave_utf8(previous);
	mo_text_printf(heading, "%s\n", title);
	for (size_t i = 0; i < width; i++)
		mo_text_append_char(heading, '=');
	mo_text_append_char(heading, '\n');
}

/* Whether the kernel's own form is to be printed, row by row. */
static bool is_line_table(const struct mo_report *report)
{
	return report->table.spec->line && !report->columns.list.count;
}

/* Whether the heading right above says the same: a section's first table often has the section's title. */
static bool is_printed_by_heading(const struct mo_report *report, const char *title)
{
	const struct mo_text_rendering *rendering = report->rendering;
	const char *heading;

	if (!rendering->heading.length || report->open_section == MO_NO_SECTION)
		return false;
	heading = report->sections.items[report->open_section].title;
	return heading && !strcmp(heading, title);
}

/* Of a section on a page that has one table: its heading is the table's as well. */
static bool is_only_table(const struct mo_report *report)
{
	return report->is_brief && report->brief.max_tables == 1;
}

/* What stands above the rows, and the blank line that sets it off from what was before. */
static void put_table_title(struct mo_report *report)
{
	const struct mo_table_spec *spec = report->table.spec;
	struct mo_text_rendering *rendering = report->rendering;
	struct mo_text title = MO_TEXT_EMPTY;
	bool is_printed = spec->title && is_printed_by_heading(report, spec->title);

	put_heading(report);
	if (needs_blank(rendering))
		mo_text_append_char(&title, '\n');
	rendering->has_output = true;
	if (!report->options.no_headings) {
		if (is_line_table(report))
			mo_text_append(&title, spec->line_head ? spec->line_head : "");
		else if (spec->title && !is_printed && !is_only_table(report) && !(spec->flags & MO_TABLE_NO_TITLE))
			mo_text_printf(&title, "%s\n", spec->title);
	}
	mo_report_write_text(report, &title);
	mo_text_deinit(&title);
}

static void text_table_begin(struct mo_report *report)
{
	struct mo_text_rendering *rendering = report->rendering;
	struct mo_open_table *table = &report->table;

	rendering->has_rows = false;
	if (table->is_left_out || is_line_table(report) || table->spec->flags & MO_TABLE_RECORD)
		return;
	table->chunk_rows = FIRST_CHUNK_ROWS;
	rendering->table = mo_text_table_create(report);
	if (!rendering->table)
		mo_report_fail(report, mo_error_no_memory());
}

void mo_text_append_cell(struct mo_report *report, struct mo_text *out, size_t column, const struct mo_cell *cell)
{
	struct mo_text_rendering *rendering = report->rendering;
	enum mo_cell_kind kind = report->table.spec->columns[column].kind;
	enum mo_certainty certainty = mo_cell_certainty(kind, cell);

	rendering->showed_unknown |= certainty == MO_UNKNOWN;
	rendering->showed_bound |= certainty == MO_AT_LEAST;
	mo_cell_to_text(out, kind, cell, report->options.plain_bytes);
}

static void put_lines(struct mo_report *report, size_t first, size_t n_rows)
{
	struct mo_line line = { .text = MO_TEXT_EMPTY };

	for (size_t i = 0; i < n_rows; i++) {
		mo_text_clear(&line.text);
		report->table.spec->line(mo_row_store_row(&report->rows, first + i), &line);
		mo_report_write_text(report, &line.text);
	}
	mo_text_deinit(&line.text);
}

/* "Heading:  value" lines. Values that may be cut or wrapped in a table are wrapped here: there is room below. */
static void put_record(struct mo_report *report, const struct mo_cell *cells)
{
	const struct mo_open_table *table = &report->table;
	struct mo_text block = MO_TEXT_EMPTY;
	struct mo_text value = MO_TEXT_EMPTY;
	size_t indent = 0;

	for (size_t i = 0; i < table->n_shown && !report->options.no_headings; i++) {
		const char *heading = table->spec->columns[table->shown[i]].heading;
		size_t width = mo_display_width(heading, strlen(heading)) + 3;

		indent = width > indent ? width : indent;
	}
	for (size_t i = 0; i < table->n_shown; i++) {
		const struct mo_column *column = &table->spec->columns[table->shown[i]];
		bool is_wrapped = report->options.width && column->flags & (MO_COLUMN_TRUNCATE | MO_COLUMN_WRAP);

		mo_text_clear(&value);
		if (!report->options.no_headings) {
			mo_text_printf(&value, "%s:", column->heading);
			mo_append_padded(&block, mo_text_chars(&value), indent);
			mo_text_clear(&value);
		}
		mo_text_append_cell(report, &value, table->shown[i], &cells[table->shown[i]]);
		if (is_wrapped)
			mo_append_wrapped(&block, mo_text_chars(&value), report->options.width, indent, indent);
		else
			mo_text_append_n(&block, mo_text_chars(&value), value.length);
		mo_text_append_char(&block, '\n');
	}
	mo_report_write_text(report, &block);
	mo_text_deinit(&block);
	mo_text_deinit(&value);
}

static void text_rows(struct mo_report *report, size_t first, size_t n_rows)
{
	struct mo_text_rendering *rendering = report->rendering;
	locale_t previous = enter_utf8(report);

	if (!rendering->has_rows)
		put_table_title(report);
	rendering->has_rows = true;
	if (is_line_table(report)) {
		put_lines(report, first, n_rows);
	} else if (rendering->table) {
		mo_text_table_rows(report, first, n_rows);
		report->table.chunk_rows = CHUNK_ROWS;
	} else {
		put_record(report, mo_row_store_row(&report->rows, first));
	}
	leave_utf8(previous);
}

static void text_table_end(struct mo_report *report)
{
	struct mo_text_rendering *rendering = report->rendering;
	const char *pending = mo_text_chars(&rendering->pending);
	size_t n_pending = rendering->pending.length;

	if (!rendering->has_rows && !report->table.is_left_out && !report->failure) {
		put_table_title(report);
		if (rendering->table && !report->options.no_headings)
			mo_report_write(report, "(none)\n", 7);
	}
	mo_text_table_destroy(rendering->table);
	rendering->table = NULL;
	if (mo_text_failed(&rendering->pending))
		mo_report_fail(report, mo_error_no_memory());
	if (n_pending) {
		bool is_first;

		put_heading(report);
		/* Each of them brings the blank line before it. */
		is_first = !rendering->has_output;
		mo_report_write(report, pending + is_first, n_pending - is_first);
		rendering->has_output = true;
	}
	mo_text_deinit(&rendering->pending);
}

/* The section's title in front of its only paragraph. */
static void append_inline_title(struct mo_report *report, struct mo_text *out)
{
	struct mo_text_rendering *rendering = report->rendering;
	const char *title = report->open_section == MO_NO_SECTION ? NULL : report->sections.items[report->open_section].title;

	if (!report->is_brief || !rendering->heading.length || !title)
		return;
	mo_text_printf(out, "%s: ", title);
	mo_text_clear(&rendering->heading);
}

static void text_note(struct mo_report *report, const char *text)
{
	struct mo_text block = MO_TEXT_EMPTY;
	struct mo_text line = MO_TEXT_EMPTY;
	locale_t previous = enter_utf8(report);

	append_inline_title(report, &line);
	mo_text_append(&line, text);
	mo_append_wrapped(&block, mo_text_chars(&line), mo_text_paragraph_width(report), 0, 0);
	mo_text_deinit(&line);
	mo_text_append_char(&block, '\n');
	leave_utf8(previous);
	put_block(report, &block);
	mo_text_deinit(&block);
}

static void text_finding(struct mo_report *report, const struct mo_finding *finding)
{
	struct mo_text block = MO_TEXT_EMPTY;
	locale_t previous = enter_utf8(report);

	mo_text_append_finding(report, &block, finding);
	leave_utf8(previous);
	put_block(report, &block);
	mo_text_deinit(&block);
}

/* What the reader has to know about all that stands above. */
static void text_end(struct mo_report *report)
{
	const struct mo_text_rendering *rendering = report->rendering;
	struct mo_text block = MO_TEXT_EMPTY;

	if (report->n_findings_left_out)
		mo_text_printf(&block, "%zu more findings are not shown.\n", report->n_findings_left_out);
	if (report->n_notes_left_out)
		mo_text_printf(&block, "%zu more notes are not shown.\n", report->n_notes_left_out);
	if (report->show_head && rendering->showed_unknown)
		mo_text_append(&block, "?    unknown: unreadable, or not recorded by this kernel\n");
	if (report->show_head && rendering->showed_bound)
		mo_text_append(&block, ">=N  at least N: part of it could not be read\n");
	if (report->show_head && report->abort_text)
		mo_text_printf(&block, "INCOMPLETE: %s\n", report->abort_text);
	if (block.length)
		put_block(report, &block);
	mo_text_deinit(&block);
}

static void text_destroy(struct mo_report *report)
{
	struct mo_text_rendering *rendering = report->rendering;

	mo_text_table_destroy(rendering->table);
	mo_text_deinit(&rendering->pending);
	mo_text_deinit(&rendering->heading);
	free(rendering);
	report->rendering = NULL;
}

const struct mo_renderer mo_text_renderer = {
	.start = text_start,
	.section_begin = text_section_begin,
	.table_begin = text_table_begin,
	.rows = text_rows,
	.table_end = text_table_end,
	.note = text_note,
	.finding = text_finding,
	.end = text_end,
	.destroy = text_destroy,
};
