/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The stream: what may follow what, rows on their way to the renderer, errors of writing.
 *
 * Calls in an impossible order are bugs of the caller and assert. After a failure, and after the report is over, calls
 * are ignored without looking at their order, since whoever made the failure may be on its way out.
 */
#include "report_stream.h"

#include <errno.h>
#include <string.h>

/* Rows that wait for their chunk to fill take at most about this much memory. */
#define CHUNK_BYTES ((size_t)8 * 1024 * 1024)

static bool is_live(const struct mo_report *report)
{
	return !report->failure && !report->is_over;
}

void mo_report_fail(struct mo_report *report, struct mo_error *error)
{
	if (report->failure)
		mo_error_destroy(error);
	else
		report->failure = error;
}

static void fail_write(struct mo_report *report, int errno_value)
{
	report->is_broken = true;
	mo_report_fail(report, mo_error_from_errno(errno_value ? errno_value : EIO, "cannot write the report"));
}

void mo_report_write(struct mo_report *report, const char *chars, size_t n)
{
	if (report->is_broken || !n)
		return;
	errno = 0;
	if (fwrite(chars, 1, n, report->out) != n)
		fail_write(report, errno);
}

void mo_report_write_text(struct mo_report *report, const struct mo_text *text)
{
	if (mo_text_failed(text))
		mo_report_fail(report, mo_error_no_memory());
	else
		mo_report_write(report, mo_text_chars(text), text->length);
}

static bool keep_head(struct mo_report *report, const struct mo_report_head *head)
{
	const char *const from[] = { head->tool_version, head->command, head->dump_path, head->dump_format,
				     head->banner, head->build_id, head->release, head->arch, head->types_from,
				     head->symbols_from };
	const char **const to[] = { &report->head.tool_version, &report->head.command, &report->head.dump_path,
				    &report->head.dump_format, &report->head.banner, &report->head.build_id,
				    &report->head.release, &report->head.arch, &report->head.types_from,
				    &report->head.symbols_from };
	bool failed = false;

	for (size_t i = 0; i < sizeof(from) / sizeof(from[0]); i++)
		*to[i] = mo_text_store_add_line(&report->texts, from[i], &failed);
	return !failed;
}

static struct mo_error *start(struct mo_report *report, const struct mo_report_options *options,
			      const struct mo_report_head *head)
{
	struct mo_error *error = mo_column_requests_parse_columns(options->columns, &report->columns);

	if (error)
		return error;
	error = mo_column_requests_parse_sort(options->sort, &report->sort);
	if (error)
		return error;
	if (head && !keep_head(report, head))
		return mo_error_no_memory();
	return report->renderer->start(report);
}

struct mo_error *mo_report_create(FILE *out, const struct mo_report_options *options,
				  const struct mo_report_head *head, bool show_head, struct mo_report **ret)
{
	struct mo_report *report = calloc(1, sizeof(*report));
	struct mo_error *error;

	if (!report)
		return mo_error_no_memory();
	report->out = out;
	report->options = *options;
	report->show_head = show_head;
	report->open_section = MO_NO_SECTION;
	report->utf8 = newlocale(LC_ALL_MASK, "C.UTF-8", (locale_t)0);
	report->renderer = options->format == MO_FORMAT_JSON ? &mo_json_renderer :
			   options->format == MO_FORMAT_CSV  ? &mo_csv_renderer :
							       &mo_text_renderer;
	error = start(report, options, head);
	if (error) {
		mo_report_destroy(report);
		return error;
	}
	*ret = report;
	return NULL;
}

void mo_report_destroy(struct mo_report *report)
{
	if (!report)
		return;
	if (report->rendering)
		report->renderer->destroy(report);
	if (report->utf8)
		freelocale(report->utf8);
	mo_report_keep_deinit(report);
	mo_row_store_deinit(&report->rows);
	mo_column_requests_deinit(&report->columns);
	mo_column_requests_deinit(&report->sort);
	mo_text_deinit(&report->names_there_are);
	free(report->table.shown);
	free(report->table.keys);
	mo_error_destroy(report->failure);
	free(report);
}

void mo_report_set_brief(struct mo_report *report, const struct mo_report_brief *brief)
{
	report->is_brief = brief && report->options.format == MO_FORMAT_TEXT;
	if (brief)
		report->brief = *brief;
	report->is_page |= report->is_brief;
}

void mo_report_section_begin(struct mo_report *report, const char *name, const char *title)
{
	struct mo_kept_section section = { .name = name, .title = title };

	if (!is_live(report))
		return;
	assert(report->open_section == MO_NO_SECTION && "sections do not nest");
	assert(!report->table.spec && "a section may not begin inside of a table");
	if (!mo_vector_append(&report->sections, section)) {
		mo_report_fail(report, mo_error_no_memory());
		return;
	}
	report->open_section = report->sections.count - 1;
	report->n_section_tables = report->n_section_notes = 0;
	report->renderer->section_begin(report, title);
}

void mo_report_section_end(struct mo_report *report)
{
	if (!is_live(report))
		return;
	assert(report->open_section != MO_NO_SECTION && "no section is open");
	assert(!report->table.spec && "a section may not end inside of a table");
	report->open_section = MO_NO_SECTION;
}

static void assert_new_name(const struct mo_report *report, const char *name)
{
	for (size_t i = 0; i < report->tables.count; i++)
		assert(strcmp(report->tables.items[i].name, name) && "two tables of one name");
	(void)name;
}

/* Finds out which columns the table shows and by which it is sorted. false: no memory. */
static bool choose_columns(struct mo_report *report, const struct mo_table_spec *spec)
{
	struct mo_open_table *table = &report->table;
	size_t n_met;

	table->shown = reallocarray(NULL, spec->n_columns + 1, sizeof(*table->shown));
	table->keys = reallocarray(NULL, report->sort.list.count + 1, sizeof(*table->keys));
	if (!table->shown || !table->keys)
		return false;
	n_met = mo_column_requests_meet(&report->columns, spec);
	table->n_shown = mo_column_requests_shown(&report->columns, spec, table->shown);
	mo_column_requests_meet(&report->sort, spec);
	table->n_keys = mo_column_requests_keys(&report->sort, spec, table->keys);
	table->is_left_out = report->columns.list.count && !report->columns.is_added && !n_met;
	if (report->columns.list.count || report->sort.list.count)
		mo_column_append_names(&report->names_there_are, spec);
	return true;
}

static void close_table(struct mo_open_table *table)
{
	free(table->shown);
	free(table->keys);
	*table = (struct mo_open_table){ .spec = NULL };
}

void mo_report_table_begin(struct mo_report *report, const struct mo_table_spec *spec)
{
	struct mo_kept_table kept = { .name = spec->name, .section = report->open_section };

	if (!is_live(report))
		return;
	assert(!report->table.spec && "a table is open already");
	assert(spec->n_columns > 0);
	assert_new_name(report, spec->name);
	report->table = (struct mo_open_table){ .spec = spec, .chunk_rows = 1 };
	if (!choose_columns(report, spec) || !mo_vector_append(&report->tables, kept)) {
		mo_report_fail(report, mo_error_no_memory());
		close_table(&report->table);
		return;
	}
	if (report->is_brief && (spec->flags & MO_TABLE_RECORD || report->n_section_tables >= report->brief.max_tables))
		report->table.is_left_out = true;
	else if (report->is_brief)
		report->n_section_tables++;
	report->renderer->table_begin(report);
}

static void flush_rows(struct mo_report *report)
{
	size_t step = report->table.chunk_rows;

	for (size_t first = 0; first < report->rows.n_rows && !report->failure; first += step) {
		size_t left = report->rows.n_rows - first;

		report->renderer->rows(report, first, left < step ? left : step);
	}
	mo_row_store_clear(&report->rows);
}

void mo_report_row(struct mo_report *report, const struct mo_cell *cells)
{
	struct mo_open_table *table = &report->table;

	if (!is_live(report))
		return;
	assert(table->spec && "a row outside of a table");
	assert((!(table->spec->flags & MO_TABLE_RECORD) || !table->n_rows) && "a record has one row");
	table->n_rows++;
	if (table->is_left_out || (report->is_brief && !table->n_keys && table->n_rows > report->brief.max_rows))
		return;
	if (!mo_row_store_add(&report->rows, table->spec, cells)) {
		mo_report_fail(report, mo_error_no_memory());
		return;
	}
	if (table->n_keys)
		return;
	if (report->rows.n_rows >= table->chunk_rows || mo_row_store_bytes(&report->rows) >= CHUNK_BYTES)
		flush_rows(report);
}

/* Of a table that is cut short: a line right below it. */
static void note_more(struct mo_report *report, uint64_t n_rows)
{
	char text[64];
	int n = snprintf(text, sizeof(text), "(%llu more)\n", (unsigned long long)n_rows);

	mo_report_write(report, text, (size_t)n);
}

/* What table_end does, also for a table that its writer abandoned. */
static void end_table(struct mo_report *report)
{
	struct mo_open_table *table = &report->table;
	uint64_t n_more = 0;

	if (!report->failure && table->n_keys && !mo_row_store_sort(&report->rows, table->keys, table->n_keys))
		mo_report_fail(report, mo_error_no_memory());
	if (!report->failure)
		flush_rows(report);
	if (report->is_brief && !table->is_left_out && !table->n_keys && table->n_rows > report->brief.max_rows)
		n_more = table->n_rows - report->brief.max_rows;
	report->renderer->table_end(report);
	mo_row_store_clear(&report->rows);
	close_table(table);
	if (n_more && !report->failure)
		note_more(report, n_more);
}

void mo_report_table_end(struct mo_report *report)
{
	if (!is_live(report))
		return;
	assert(report->table.spec && "no table is open");
	assert((!(report->table.spec->flags & MO_TABLE_RECORD) || report->table.n_rows) && "a record has one row");
	end_table(report);
}

void mo_report_record(struct mo_report *report, const struct mo_table_spec *spec, const struct mo_cell *cells)
{
	assert(spec->flags & MO_TABLE_RECORD);
	mo_report_table_begin(report, spec);
	mo_report_row(report, cells);
	mo_report_table_end(report);
}

void mo_report_note(struct mo_report *report, const char *format, ...)
{
	struct mo_text raw = MO_TEXT_EMPTY;
	const char *kept;
	va_list arguments;

	if (!is_live(report))
		return;
	va_start(arguments, format);
	mo_text_vprintf(&raw, format, arguments);
	va_end(arguments);
	if (mo_text_failed(&raw)) {
		mo_report_fail(report, mo_error_no_memory());
	} else {
		kept = mo_report_keep_note(report, mo_text_chars(&raw), raw.length);
		if (kept && !(report->is_brief && (report->n_section_notes++ || report->n_section_tables)))
			report->renderer->note(report, kept);
	}
	mo_text_deinit(&raw);
}

void mo_report_finding(struct mo_report *report, const struct mo_finding *finding)
{
	const struct mo_finding *kept;

	if (!is_live(report))
		return;
	assert(finding->id && finding->verdict);
	kept = mo_report_keep_finding(report, finding);
	if (kept && (!report->is_brief || kept->is_about_reading))
		report->renderer->finding(report, kept);
}

bool mo_report_failed(const struct mo_report *report)
{
	return report->failure;
}

bool mo_report_is_partial(const struct mo_report *report)
{
	return report->n_missing || report->abort_text;
}

void mo_report_close_open(struct mo_report *report)
{
	if (report->is_over)
		return;
	if (report->table.spec)
		end_table(report);
	report->open_section = MO_NO_SECTION;
}

void mo_report_abort(struct mo_report *report, const char *error_text)
{
	bool failed = false;

	if (report->is_over)
		return;
	mo_report_close_open(report);
	report->abort_text = mo_text_store_add_line(&report->texts, error_text, &failed);
	if (!report->abort_text)
		report->abort_text = "stopped by an error";
	report->is_over = true;
}

/* Lack of memory stops the report; what is there is still ended as it should be. */
static void end_output(struct mo_report *report)
{
	if (report->failure)
		mo_report_abort(report, mo_error_text(report->failure));
	report->is_over = true;
	report->renderer->end(report);
	if (report->is_broken)
		return;
	errno = 0;
	if (fflush(report->out) || ferror(report->out))
		fail_write(report, errno);
}

struct mo_error *mo_report_finish(struct mo_report *report)
{
	const char *names = mo_text_chars(&report->names_there_are);
	struct mo_error *error = report->failure;

	if (is_live(report)) {
		assert(!report->table.spec && "a table is still open");
		assert(report->open_section == MO_NO_SECTION && "a section is still open");
	}
	if (!report->is_broken)
		end_output(report);
	error = report->failure;
	report->failure = NULL;
	if (error || !report->tables.count)
		return error;
	error = mo_column_requests_check(&report->columns, "--columns", names);
	return error ? error : mo_column_requests_check(&report->sort, "--sort", names);
}
