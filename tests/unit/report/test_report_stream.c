/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "report_fixture.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#if defined(__SANITIZE_ADDRESS__)
#define IS_INSTRUMENTED true
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(memory_sanitizer)
#define IS_INSTRUMENTED true
#endif
#endif
#ifndef IS_INSTRUMENTED
#define IS_INSTRUMENTED false
#endif

#define MAX_KEPT 10000 /* findings, notes: as docs/report-schema.md says */

static const struct mo_report_options text = { .format = MO_FORMAT_TEXT };

static void assert_error(struct mo_error *error, enum mo_error_code code, const char *expected)
{
	assert_non_null(error);
	assert_int_equal(mo_error_code(error), code);
	assert_string_equal(mo_error_text(error), expected);
	mo_error_destroy(error);
}

static void test_empty_column_names_are_refused(void **state)
{
	const struct mo_report_options columns = { .columns = "name,,node" };
	const struct mo_report_options sort = { .sort = "-" };
	const struct mo_report_options added = { .columns = "+" };
	struct mo_report *report = NULL;

	(void)state;
	assert_error(mo_report_create(stdout, &columns, NULL, false, &report), MO_E_INVALID,
		     "--columns: an empty column name in \"name,,node\"");
	assert_error(mo_report_create(stdout, &sort, NULL, false, &report), MO_E_INVALID,
		     "--sort: an empty column name in \"-\"");
	assert_error(mo_report_create(stdout, &added, NULL, false, &report), MO_E_INVALID,
		     "--columns: an empty column name in \"+\"");
	assert_null(report);
}

static void test_unknown_column_names_are_said(void **state)
{
	const struct mo_report_options columns = { .columns = "nmae" };
	const struct mo_report_options sort = { .format = MO_FORMAT_JSON, .sort = "node,-nmae" };
	const struct mo_table_spec *const specs[] = { &lines_spec, &zones_spec };
	struct caught caught;

	(void)state;
	catch_begin(&caught, &columns, NULL, false);
	write_zones(caught.report);
	assert_error(mo_report_finish(caught.report), MO_E_INVALID,
		     "--columns: no column \"nmae\"; zones has node, name, size_bytes, free_pages, used_percent, broken, "
		     "comment");
	assert_int_equal(caught.n_chars, 0);
	catch_free(&caught);
	catch_begin(&caught, &sort, NULL, false);
	write_zones(caught.report);
	assert_error(mo_report_finish(caught.report), MO_E_INVALID,
		     "--sort: no column \"nmae\"; zones has node, name, size_bytes, free_pages, used_percent, broken, "
		     "comment");
	catch_free(&caught);
	assert_error(mo_report_check_columns(&columns, specs, 2), MO_E_INVALID,
		     "--columns: no column \"nmae\"; lines has name, value_kib; zones has node, name, size_bytes, "
		     "free_pages, used_percent, broken, comment");
	assert_null(mo_report_check_columns(&text, specs, 2));
}

static void test_a_name_known_to_one_table_is_enough(void **state)
{
	const struct mo_report_options options = { .columns = "value_kib", .no_headings = true };
	const struct mo_cell line[] = { mo_cell_text("MemTotal:"), mo_cell_number(mo_exact(12)) };
	struct caught caught;

	(void)state;
	catch_begin(&caught, &options, NULL, false);
	write_zones(caught.report);
	mo_report_table_begin(caught.report, &lines_spec);
	mo_report_row(caught.report, line);
	mo_report_table_end(caught.report);
	assert_string_equal(catch_end(&caught), "12 kB\n");
	catch_free(&caught);
}

static void test_added_columns(void **state)
{
	const struct mo_report_options options = { .columns = "+broken,node", .no_headings = true };
	struct caught caught;

	(void)state;
	catch_begin(&caught, &options, NULL, false);
	mo_report_table_begin(caught.report, &zones_spec);
	zone_row(caught.report, 1, "DMA", mo_exact(1), "c");
	mo_report_table_end(caught.report);
	assert_string_equal(catch_end(&caught), "1  DMA  1 B  34  12.4 %  c  yes\n");
	catch_free(&caught);
}

static void test_sort_is_stable_and_signed(void **state)
{
	const struct mo_report_options options = { .sort = "signed", .columns = "signed,text", .no_headings = true };
	const int64_t values[] = { 5, -3, 5, INT64_MIN, -3, INT64_MAX };
	const char *const names[] = { "a", "b", "c", "d", "e", "f" };
	struct mo_cell cells[KIND_COLUMNS];
	struct caught caught;

	(void)state;
	kinds_row(cells, MO_UNKNOWN);
	catch_begin(&caught, &options, NULL, false);
	mo_report_table_begin(caught.report, &kinds_spec);
	mo_report_row(caught.report, cells);
	for (size_t i = 0; i < 6; i++) {
		cells[MO_CELL_SIGNED] = mo_cell_signed(values[i]);
		cells[MO_CELL_TEXT] = mo_cell_text(names[i]);
		mo_report_row(caught.report, cells);
	}
	mo_report_table_end(caught.report);
	assert_string_equal(catch_end(&caught), "-9223372036854775808  d\n"
						"                  -3  b\n"
						"                  -3  e\n"
						"                   5  a\n"
						"                   5  c\n"
						" 9223372036854775807  f\n"
						"                   ?  ?\n");
	catch_free(&caught);
}

static void write_many_rows(struct mo_report *report, uint64_t n_rows)
{
	mo_report_table_begin(report, &zones_spec);
	for (uint64_t i = 0; i < n_rows; i++)
		zone_row(report, i, "a zone", mo_exact(i), "a comment");
	mo_report_table_end(report);
}

static void assert_full_disk(enum mo_report_format format)
{
	const struct mo_report_options options = { .format = format };
	FILE *full = fopen("/dev/full", "w");
	struct mo_report *report;

	assert_non_null(full);
	assert_null(mo_report_create(full, &options, &full_head, true, &report));
	assert_false(mo_report_failed(report));
	write_many_rows(report, 30000);
	assert_true(mo_report_failed(report));
	mo_report_note(report, "still going");
	assert_error(mo_report_finish(report), MO_E_IO, "cannot write the report: No space left on device");
	mo_report_destroy(report);
	fclose(full);
}

static void test_full_disk(void **state)
{
	(void)state;
	if (access("/dev/full", W_OK)) {
		print_message("skipped: there is no /dev/full\n");
		skip();
	}
	assert_full_disk(MO_FORMAT_TEXT);
	assert_full_disk(MO_FORMAT_JSON);
}

/* A report so small that it fits into the stream's buffer fails no earlier than at its end. */
static void test_full_disk_at_the_end(void **state)
{
	FILE *full = fopen("/dev/full", "w");
	struct mo_report *report;

	(void)state;
	if (!full) {
		print_message("skipped: there is no /dev/full\n");
		skip();
	}
	assert_null(mo_report_create(full, &text, NULL, false, &report));
	mo_report_note(report, "short");
	assert_false(mo_report_failed(report));
	assert_error(mo_report_finish(report), MO_E_IO, "cannot write the report: No space left on device");
	mo_report_destroy(report);
	fclose(full);
}

static void test_closed_pipe(void **state)
{
	struct mo_report *report;
	int ends[2];
	FILE *out;

	(void)state;
	signal(SIGPIPE, SIG_IGN);
	assert_int_equal(pipe(ends), 0);
	close(ends[0]);
	out = fdopen(ends[1], "w");
	assert_non_null(out);
	assert_null(mo_report_create(out, &text, NULL, false, &report));
	write_many_rows(report, 30000);
	assert_true(mo_report_failed(report));
	assert_error(mo_report_finish(report), MO_E_IO, "cannot write the report: Broken pipe");
	mo_report_destroy(report);
	fclose(out);
	signal(SIGPIPE, SIG_DFL);
}

static long peak_kib(void)
{
	struct rusage usage;

	getrusage(RUSAGE_SELF, &usage);
	return usage.ru_maxrss;
}

/* Writes rows in a child, whose peak memory is its own. */
static long peak_of_rows(enum mo_report_format format, const char *sort, uint64_t n_rows)
{
	int ends[2];
	long peak = 0;
	pid_t child;

	assert_int_equal(pipe(ends), 0);
	child = fork();
	assert_true(child >= 0);
	if (!child) {
		const struct mo_report_options options = { .format = format, .width = 80, .sort = sort };
		FILE *out = fopen("/dev/null", "w");
		struct mo_report *report;
		struct mo_error *error = mo_report_create(out, &options, NULL, false, &report);

		if (!error) {
			write_many_rows(report, n_rows);
			error = mo_report_finish(report);
			mo_report_destroy(report);
		}
		peak = error ? -1 : peak_kib();
		_exit(write(ends[1], &peak, sizeof(peak)) != sizeof(peak));
	}
	close(ends[1]);
	assert_int_equal(read(ends[0], &peak, sizeof(peak)), sizeof(peak));
	close(ends[0]);
	waitpid(child, NULL, 0);
	assert_true(peak > 0);
	return peak;
}

static void test_memory_does_not_grow_with_rows(void **state)
{
	long base_kib;
	long text_growth;
	long json_growth;
	long sorted_growth;

	(void)state;
	if (IS_INSTRUMENTED) {
		print_message("skipped: a sanitizer keeps freed memory, so peaks say nothing\n");
		skip();
	}
	base_kib = peak_of_rows(MO_FORMAT_TEXT, NULL, 20000);
	text_growth = peak_of_rows(MO_FORMAT_TEXT, NULL, 1000000) - base_kib;
	json_growth = peak_of_rows(MO_FORMAT_JSON, NULL, 1000000) - base_kib;
	sorted_growth = peak_of_rows(MO_FORMAT_JSON, "-node", 300000) - base_kib;
	print_message("memory beyond that of 20000 rows: text %ld KiB, JSON %ld KiB, sorted %ld KiB\n", text_growth,
		      json_growth, sorted_growth);
	assert_true(text_growth < 8 * 1024);
	assert_true(json_growth < 8 * 1024);
	/* That sorting holds its rows shows that the measure would see it. */
	assert_true(sorted_growth > 16 * 1024);
}

static void test_reading_makes_partial(void **state)
{
	struct caught caught;

	(void)state;
	catch_begin(&caught, &text, NULL, false);
	write_plain_finding(caught.report, MO_WARNING, MO_BASIS_FIT, "first");
	assert_false(mo_report_is_partial(caught.report));
	write_critical(caught.report);
	assert_true(mo_report_is_partial(caught.report));
	catch_end(&caught);
	catch_free(&caught);
}

static void test_findings_beyond_the_most_are_counted(void **state)
{
	struct caught caught;

	(void)state;
	catch_begin(&caught, &text, NULL, false);
	for (size_t i = 0; i < MAX_KEPT + 3; i++) {
		write_plain_finding(caught.report, MO_NOTICE, MO_BASIS_FIT, "one of many");
		mo_report_note(caught.report, "note");
	}
	write_critical(caught.report);
	assert_true(mo_report_is_partial(caught.report));
	catch_end(&caught);
	assert_string_equal(caught.chars + caught.n_chars - strlen("x4 more findings are not shown.\n3 more notes are not shown.\n"),
			    "\n4 more findings are not shown.\n3 more notes are not shown.\n");
	assert_null(strstr(caught.chars, "CRITICAL"));
	catch_free(&caught);
}

static void test_abort_in_text(void **state)
{
	struct caught caught;

	(void)state;
	catch_begin(&caught, &text, &(struct mo_report_head){ .command = "report" }, true);
	mo_report_table_begin(caught.report, &zones_spec);
	zone_row(caught.report, 0, "DMA", mo_exact(1), "c");
	mo_report_abort(caught.report, "interrupted\n");
	zone_row(caught.report, 1, "late", mo_exact(1), "c");
	assert_string_equal(catch_end(&caught), "memopsy: report\n"
						"\n"
						"Zones\n"
						"NODE  NAME  SIZE  FREE    USED  COMMENT\n"
						"   0  DMA    1 B    17  12.4 %  c\n"
						"\n"
						"INCOMPLETE: interrupted\\x0a\n");
	catch_free(&caught);
}

static void test_describe_columns(void **state)
{
	char *chars = NULL;
	size_t n_chars;
	FILE *out = open_memstream(&chars, &n_chars);

	(void)state;
	mo_report_describe_columns(out, &zones_spec);
	fclose(out);
	assert_string_equal(chars, "Columns of zones (one row a zone):\n"
				   "    node          NODE     number of the memory node\n"
				   "    name          NAME     zone.name\n"
				   "    size_bytes    SIZE     zone.present_pages\n"
				   "    free_pages    FREE     NR_FREE_PAGES\n"
				   "    used_percent  USED     share in use\n"
				   "  + broken        BROKEN   lists end\n"
				   "    comment       COMMENT  in words\n"
				   "Columns marked + are shown only if --columns names them.\n");
	free(chars);
}

/* Misuse, each of which must stop the program. */
static void row_outside(struct mo_report *report)
{
	zone_row(report, 0, "x", mo_exact(0), NULL);
}

static void table_in_table(struct mo_report *report)
{
	mo_report_table_begin(report, &zones_spec);
	mo_report_table_begin(report, &kinds_spec);
}

static void table_twice(struct mo_report *report)
{
	write_zones(report);
	write_zones(report);
}

static void section_in_section(struct mo_report *report)
{
	mo_report_section_begin(report, "a", "A");
	mo_report_section_begin(report, "b", "B");
}

static void section_across_table(struct mo_report *report)
{
	mo_report_section_begin(report, "a", "A");
	mo_report_table_begin(report, &zones_spec);
	mo_report_section_end(report);
}

static void end_without_table(struct mo_report *report)
{
	mo_report_table_end(report);
}

static void two_rows_of_a_record(struct mo_report *report)
{
	struct mo_cell cells[KIND_COLUMNS];

	kinds_row(cells, MO_EXACT);
	mo_report_table_begin(report, &kinds_record_spec);
	mo_report_row(report, cells);
	mo_report_row(report, cells);
}

static void finish_in_a_table(struct mo_report *report)
{
	mo_report_table_begin(report, &zones_spec);
	mo_error_destroy(mo_report_finish(report));
}

static void assert_stops(void (*misuse)(struct mo_report *report))
{
	struct rlimit no_core = { .rlim_cur = 0 };
	int status;
	pid_t child = fork();

	assert_true(child >= 0);
	if (!child) {
		struct mo_report *report;
		FILE *out = fopen("/dev/null", "w");

		setrlimit(RLIMIT_CORE, &no_core);
		signal(SIGABRT, SIG_DFL);
		if (!freopen("/dev/null", "w", stderr) || mo_report_create(out, &text, NULL, false, &report))
			_exit(2);
		misuse(report);
		_exit(0);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFSIGNALED(status));
	assert_int_equal(WTERMSIG(status), SIGABRT);
}

static void test_misuse_stops(void **state)
{
	(void)state;
	assert_stops(row_outside);
	assert_stops(table_in_table);
	assert_stops(table_twice);
	assert_stops(section_in_section);
	assert_stops(section_across_table);
	assert_stops(end_without_table);
	assert_stops(two_rows_of_a_record);
	assert_stops(finish_in_a_table);
}

static void test_sums(void **state)
{
	(void)state;
	assert_int_equal(mo_count_add(mo_exact(1), mo_exact(2)).value, 3);
	assert_int_equal(mo_count_add(mo_exact(1), mo_exact(2)).certainty, MO_EXACT);
	assert_int_equal(mo_count_add(mo_exact(1), mo_at_least(2)).certainty, MO_AT_LEAST);
	assert_int_equal(mo_count_add(mo_unknown(), mo_at_least(2)).certainty, MO_UNKNOWN);
	assert_true(mo_count_add(mo_exact(UINT64_MAX), mo_exact(1)).value == UINT64_MAX);
	assert_int_equal(mo_count_add(mo_exact(UINT64_MAX), mo_exact(1)).certainty, MO_AT_LEAST);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_empty_column_names_are_refused),
		cmocka_unit_test(test_unknown_column_names_are_said),
		cmocka_unit_test(test_a_name_known_to_one_table_is_enough),
		cmocka_unit_test(test_added_columns),
		cmocka_unit_test(test_sort_is_stable_and_signed),
		cmocka_unit_test(test_full_disk),
		cmocka_unit_test(test_full_disk_at_the_end),
		cmocka_unit_test(test_closed_pipe),
		cmocka_unit_test(test_memory_does_not_grow_with_rows),
		cmocka_unit_test(test_reading_makes_partial),
		cmocka_unit_test(test_findings_beyond_the_most_are_counted),
		cmocka_unit_test(test_abort_in_text),
		cmocka_unit_test(test_describe_columns),
		cmocka_unit_test(test_misuse_stops),
		cmocka_unit_test(test_sums),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
