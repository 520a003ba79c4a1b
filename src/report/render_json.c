/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * One JSON document (docs/report-schema.md). It is written as it comes: a table's rows are never held, so the
 * punctuation of objects and arrays is written here. Strings, the one part with rules of their own, are jansson's;
 * its integers are signed and its reals have binary digits, so numbers are written here, exactly.
 *
 * What is short and is known in full only later (columns, findings, sections, notes) stands behind the data.
 *
 * A row is one line, so that line-oriented tools can see it.
 */
#include "report_stream.h"

#include <jansson.h>
#include <string.h>

#include "cell.h"

#define SCHEMA_VERSION 1

struct json_rendering {
	struct mo_text columns; /* what "columns" will hold */
	struct mo_text scratch; /* a row */
	bool has_table;         /* a table stands in "data" */
	bool has_row;           /* the open table has one */
	bool is_begun;          /* the open table's beginning was written: it needs an end */
};

static int append_chunk(const char *chars, size_t n, void *out)
{
	mo_text_append_n(out, chars, n);
	return 0;
}

static void append_string_n(struct mo_text *out, const char *chars, size_t n)
{
	json_t *string = json_stringn(chars, n);

	if (!string || json_dump_callback(string, append_chunk, out, JSON_ENCODE_ANY))
		out->failed = true;
	json_decref(string);
}

static void append_string(struct mo_text *out, const char *chars)
{
	if (chars)
		append_string_n(out, chars, strlen(chars));
	else
		mo_text_append(out, "null");
}

/* `"key":"value"` with what stands before it. */
static void append_member(struct mo_text *out, const char *before, const char *key, const char *value)
{
	mo_text_printf(out, "%s\"%s\":", before, key);
	append_string(out, value);
}

static void append_cell(struct mo_text *out, enum mo_cell_kind kind, const struct mo_cell *cell)
{
	enum mo_certainty certainty = mo_cell_certainty(kind, cell);
	bool is_quoted = kind == MO_CELL_ADDRESS || kind == MO_CELL_FLAGS || kind == MO_CELL_TIME;

	if (certainty == MO_UNKNOWN) {
		mo_text_append(out, "null");
		return;
	}
	if (kind == MO_CELL_TEXT) {
		append_string_n(out, cell->as.text.bytes, cell->as.text.n_bytes);
		return;
	}
	if (certainty == MO_AT_LEAST)
		mo_text_append(out, "{\"at_least\":");
	if (is_quoted)
		mo_text_append_char(out, '"');
	mo_cell_to_literal(out, kind, cell);
	if (is_quoted)
		mo_text_append_char(out, '"');
	if (certainty == MO_AT_LEAST)
		mo_text_append_char(out, '}');
}

static struct mo_error *json_start(struct mo_report *report)
{
	const struct mo_report_head *head = &report->head;
	struct mo_text out = MO_TEXT_EMPTY;

	report->rendering = calloc(1, sizeof(struct json_rendering));
	if (!report->rendering)
		return mo_error_no_memory();
	mo_text_printf(&out, "{\"schema\":\"memopsy-report\",\"schema_version\":%d,\n", SCHEMA_VERSION);
	append_member(&out, "\"tool\":{\"name\":\"memopsy\",", "version", head->tool_version);
	append_member(&out, "},\n", "command", head->command);
	append_member(&out, ",\n\"dump\":{", "path", head->dump_path);
	append_member(&out, ",", "format", head->dump_format);
	append_member(&out, ",", "release", head->release);
	append_member(&out, ",", "banner", head->banner);
	append_member(&out, ",", "build_id", head->build_id);
	append_member(&out, ",", "arch", head->arch);
	append_member(&out, "},\n\"sources\":{", "types", head->types_from);
	append_member(&out, ",", "symbols", head->symbols_from);
	mo_text_append(&out, "},\n\"data\":{");
	if (mo_text_failed(&out)) {
		mo_text_deinit(&out);
		return mo_error_no_memory(); /* no document without its beginning */
	}
	mo_report_write_text(report, &out);
	mo_text_deinit(&out);
	return NULL;
}

static void json_section_begin(struct mo_report *report, const char *title)
{
	/* Sections are listed at the end. */
	(void)report;
	(void)title;
}

/* The columns of a table, for the end of the document. */
static void append_columns(struct mo_text *out, const struct mo_table_spec *spec)
{
	mo_text_append(out, out->length ? ",\n" : "\n");
	append_string(out, spec->name);
	mo_text_append(out, ":[");
	for (size_t i = 0; i < spec->n_columns; i++) {
		const struct mo_column *column = &spec->columns[i];

		append_member(out, i ? ",\n{" : "\n{", "key", column->key);
		append_member(out, ",", "heading", column->heading);
		append_member(out, ",", "kind", mo_cell_kind_name(column->kind));
		append_member(out, ",", "unit", mo_cell_kind_unit(column->kind));
		append_member(out, ",", "help", column->help);
		mo_text_append_char(out, '}');
	}
	mo_text_append_char(out, ']');
}

static void json_table_begin(struct mo_report *report)
{
	struct json_rendering *rendering = report->rendering;
	const struct mo_table_spec *spec = report->table.spec;

	/* --columns is for text: what JSON holds does not depend on it. */
	report->table.is_left_out = false;
	mo_text_clear(&rendering->scratch);
	mo_text_append(&rendering->scratch, rendering->has_table ? ",\n" : "\n");
	append_string(&rendering->scratch, spec->name);
	mo_text_append(&rendering->scratch, spec->flags & MO_TABLE_RECORD ? ":" : ":[");
	append_columns(&rendering->columns, spec);
	rendering->is_begun = !mo_text_failed(&rendering->scratch);
	mo_report_write_text(report, &rendering->scratch);
	rendering->has_table |= rendering->is_begun;
	rendering->has_row = false;
}

static void json_rows(struct mo_report *report, size_t first, size_t n_rows)
{
	struct json_rendering *rendering = report->rendering;
	const struct mo_table_spec *spec = report->table.spec;
	bool is_record = spec->flags & MO_TABLE_RECORD;

	for (size_t i = 0; i < n_rows; i++) {
		const struct mo_cell *cells = mo_row_store_row(&report->rows, first + i);
		struct mo_text *out = &rendering->scratch;

		mo_text_clear(out);
		mo_text_append(out, is_record ? "{" : rendering->has_row ? ",\n{" : "\n{");
		for (size_t column = 0; column < spec->n_columns; column++) {
			mo_text_printf(out, "%s\"%s\":", column ? "," : "", spec->columns[column].key);
			append_cell(out, spec->columns[column].kind, &cells[column]);
		}
		mo_text_append_char(out, '}');
		mo_report_write_text(report, out);
		rendering->has_row = true;
	}
}

static void json_table_end(struct mo_report *report)
{
	struct json_rendering *rendering = report->rendering;

	if (!rendering->is_begun)
		return;
	if (!(report->table.spec->flags & MO_TABLE_RECORD))
		mo_report_write(report, "]", 1);
	else if (!rendering->has_row)
		mo_report_write(report, "null", 4);
}

static void json_note(struct mo_report *report, const char *text)
{
	/* Kept by the stream, written at the end. */
	(void)report;
	(void)text;
}

static void json_finding(struct mo_report *report, const struct mo_finding *finding)
{
	/* Likewise. */
	(void)report;
	(void)finding;
}

static void write_finding(struct mo_report *report, struct mo_text *out, const struct mo_kept_finding *kept)
{
	const struct mo_finding *finding = &kept->finding;
	const char *section = kept->section == MO_NO_SECTION ? NULL : report->sections.items[kept->section].name;

	append_member(out, "{", "id", finding->id);
	append_member(out, ",", "severity", mo_severity_word(finding->severity));
	append_member(out, ",", "confidence", mo_confidence_word(mo_finding_confidence(finding)));
	append_member(out, ",", "verdict", finding->verdict);
	mo_text_append(out, ",\"evidence\":[");
	for (size_t i = 0; i < finding->n_evidence; i++) {
		const struct mo_evidence *evidence = &finding->evidence[i];

		append_member(out, i ? ",{" : "{", "label", evidence->label);
		append_member(out, ",", "kind", mo_cell_kind_name(evidence->kind));
		append_member(out, ",", "unit", mo_cell_kind_unit(evidence->kind));
		mo_text_append(out, ",\"value\":");
		append_cell(out, evidence->kind, &evidence->cell);
		mo_text_append_char(out, '}');
	}
	append_member(out, "],", "advice", finding->advice);
	append_member(out, ",", "section", section);
	mo_text_printf(out, ",\"is_about_reading\":%s}", finding->is_about_reading ? "true" : "false");
}

/* The names of a section's tables, and its notes; MO_NO_SECTION: those that stand in none. */
static void append_section_tables(struct mo_report *report, struct mo_text *out, size_t section)
{
	const char *before = "";

	mo_text_append(out, "\"tables\":[");
	for (size_t i = 0; i < report->tables.count; i++) {
		if (report->tables.items[i].section != section)
			continue;
		mo_text_append(out, before);
		append_string(out, report->tables.items[i].name);
		before = ",";
	}
	mo_text_append_char(out, ']');
}

static void append_section_notes(struct mo_report *report, struct mo_text *out, size_t section)
{
	const char *before = "\n";

	mo_text_append(out, "\"notes\":[");
	for (size_t i = 0; i < report->notes.count; i++) {
		if (report->notes.items[i].section != section)
			continue;
		mo_text_append(out, before);
		append_string(out, report->notes.items[i].text);
		before = ",\n";
	}
	mo_text_append_char(out, ']');
}

/* Writes what was gathered and empties it; a text that ran out of memory is dropped, but not its punctuation. */
static void write_and_clear(struct mo_report *report, struct mo_text *out, const char *instead)
{
	if (mo_text_failed(out))
		mo_report_write(report, instead, strlen(instead));
	else
		mo_report_write_text(report, out);
	mo_text_clear(out);
}

static void write_findings(struct mo_report *report, struct mo_text *out)
{
	mo_report_write(report, "\"findings\":[", 12);
	for (size_t i = 0; i < report->findings.count; i++) {
		mo_report_write(report, i ? ",\n" : "\n", i ? 2 : 1);
		write_finding(report, out, &report->findings.items[i]);
		write_and_clear(report, out, "null");
	}
	mo_report_write(report, "],\n", 3);
}

static void write_sections(struct mo_report *report, struct mo_text *out)
{
	mo_report_write(report, "\"sections\":[", 12);
	for (size_t i = 0; i < report->sections.count; i++) {
		append_member(out, i ? ",\n{" : "\n{", "name", report->sections.items[i].name);
		append_member(out, ",", "title", report->sections.items[i].title);
		mo_text_append_char(out, ',');
		append_section_tables(report, out, i);
		mo_text_append_char(out, ',');
		append_section_notes(report, out, i);
		mo_text_append_char(out, '}');
		write_and_clear(report, out, i ? ",null" : "null");
	}
	mo_report_write(report, "],\n", 3);
}

static void json_end(struct mo_report *report)
{
	struct json_rendering *rendering = report->rendering;
	struct mo_text out = MO_TEXT_EMPTY;

	mo_report_write(report, "},\n\"columns\":{", 14);
	write_and_clear(report, &rendering->columns, "");
	mo_report_write(report, "},\n", 3);
	write_findings(report, &out);
	mo_text_printf(&out, "\"findings_left_out\":%zu,\n", report->n_findings_left_out);
	write_and_clear(report, &out, "");
	write_sections(report, &out);
	append_section_notes(report, &out, MO_NO_SECTION);
	write_and_clear(report, &out, "\"notes\":[]");
	mo_text_printf(&out, ",\n\"notes_left_out\":%zu,\n", report->n_notes_left_out);
	mo_text_append(&out, "\"missing\":[");
	for (size_t i = 0; i < report->missing.count; i++) {
		mo_text_append(&out, i ? "," : "");
		append_string(&out, report->missing.items[i]);
	}
	mo_text_append(&out, "],\n");
	append_member(&out, "", "status", mo_report_is_partial(report) ? "partial" : "complete");
	append_member(&out, ",\n", "error", report->abort_text);
	mo_text_append(&out, "}\n");
	write_and_clear(report, &out, "}\n");
	mo_text_deinit(&out);
}

static void json_destroy(struct mo_report *report)
{
	struct json_rendering *rendering = report->rendering;

	mo_text_deinit(&rendering->columns);
	mo_text_deinit(&rendering->scratch);
	free(rendering);
	report->rendering = NULL;
}

const struct mo_renderer mo_json_renderer = {
	.start = json_start,
	.section_begin = json_section_begin,
	.table_begin = json_table_begin,
	.rows = json_rows,
	.table_end = json_table_end,
	.note = json_note,
	.finding = json_finding,
	.end = json_end,
	.destroy = json_destroy,
};
