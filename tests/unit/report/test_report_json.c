/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "report_fixture.h"

#include <jansson.h>

/* JSON, read back by jansson; check_report_json.py reads the same report with Python. */

static json_t *parse(const char *chars)
{
	json_error_t error;
	json_t *document = json_loads(chars, JSON_REJECT_DUPLICATES, &error);

	if (!document)
		fail_msg("not JSON at line %d: %s\n%s", error.line, error.text, chars);
	return document;
}

static json_t *finish_and_parse(struct caught *caught)
{
	json_t *document = parse(catch_end(caught));

	assert_string_equal(json_string_value(json_object_get(document, "schema")), "memopsy-report");
	assert_int_equal(json_integer_value(json_object_get(document, "schema_version")), 1);
	return document;
}

static const struct mo_report_options json = { .format = MO_FORMAT_JSON };

static json_t *row_of(json_t *document, const char *table, size_t row)
{
	return json_array_get(json_object_get(json_object_get(document, "data"), table), row);
}

static void assert_text(json_t *object, const char *key, const char *expected)
{
	json_t *value = json_object_get(object, key);

	assert_non_null(value);
	if (expected)
		assert_string_equal(json_string_value(value), expected);
	else
		assert_true(json_is_null(value));
}

static void test_head(void **state)
{
	struct caught caught;
	json_t *document;
	json_t *dump;

	(void)state;
	catch_begin(&caught, &json, &full_head, false);
	document = finish_and_parse(&caught);
	dump = json_object_get(document, "dump");
	assert_text(json_object_get(document, "tool"), "name", "memopsy");
	assert_text(json_object_get(document, "tool"), "version", "1.2.3");
	assert_text(document, "command", "report");
	assert_text(dump, "path", "/var/crash/vm\\x1bcore");
	assert_text(dump, "format", "kdump-compressed, zstd");
	assert_text(dump, "release", "6.1.0-30-amd64");
	assert_text(dump, "banner", full_head.banner);
	assert_text(dump, "build_id", full_head.build_id);
	assert_text(dump, "arch", NULL);
	assert_text(json_object_get(document, "sources"), "types", "BTF of the dump");
	assert_text(json_object_get(document, "sources"), "symbols", "kallsyms of the dump");
	assert_text(document, "status", "complete");
	assert_text(document, "error", NULL);
	json_decref(document);
	catch_free(&caught);
}

static void test_exact_values(void **state)
{
	struct mo_cell cells[KIND_COLUMNS];
	struct caught caught;
	json_t *document;
	json_t *row;

	(void)state;
	kinds_row(cells, MO_EXACT);
	catch_begin(&caught, &json, NULL, false);
	mo_report_record(caught.report, &kinds_record_spec, cells);
	document = finish_and_parse(&caught);
	row = json_object_get(json_object_get(document, "data"), "kinds_record");
	assert_int_equal(json_object_size(row), KIND_COLUMNS);
	assert_text(row, "text", "text");
	assert_int_equal(json_integer_value(json_object_get(row, "count")), 1234567);
	assert_int_equal(json_integer_value(json_object_get(row, "signed")), -1234567);
	assert_int_equal(json_integer_value(json_object_get(row, "bytes")), 1234567);
	assert_text(row, "address", "0xffff888000001000");
	assert_int_equal(json_integer_value(json_object_get(row, "pfn")), 1234567);
	assert_true(json_real_value(json_object_get(row, "percent")) == 1234.567);
	assert_true(json_is_true(json_object_get(row, "bool")));
	assert_true(json_real_value(json_object_get(row, "seconds")) == 0.001234567);
	assert_text(row, "time", "2024-11-22T06:30:00Z");
	assert_int_equal(json_integer_value(json_object_get(row, "size_kib")), 1234567);
	assert_text(row, "flags", "0x12d687");
	json_decref(document);
	catch_free(&caught);
}

static void test_bounds_and_unknowns(void **state)
{
	static const bool has_bound[KIND_COLUMNS] = {
		[MO_CELL_COUNT] = true, [MO_CELL_SIGNED] = true, [MO_CELL_BYTES] = true,
		[MO_CELL_PERCENT] = true, [MO_CELL_SECONDS] = true, [MO_CELL_KIB] = true,
	};
	struct caught caught;
	json_t *document;

	(void)state;
	catch_begin(&caught, &json, NULL, false);
	write_everything(caught.report);
	document = finish_and_parse(&caught);
	for (size_t i = 0; i < KIND_COLUMNS; i++) {
		const char *key = kinds_spec.columns[i].key;
		json_t *exact = json_object_get(row_of(document, "kinds", 0), key);
		json_t *bound = json_object_get(row_of(document, "kinds", 1), key);
		json_t *unknown = json_object_get(row_of(document, "kinds", 2), key);

		assert_true(json_is_null(unknown));
		if (has_bound[i])
			assert_true(json_equal(json_object_get(bound, "at_least"), exact));
		else if (i != MO_CELL_TEXT)
			assert_true(json_is_null(bound));
	}
	json_decref(document);
	catch_free(&caught);
}

static void test_largest_numbers_are_exact(void **state)
{
	const struct mo_count most = mo_exact(UINT64_MAX);
	struct mo_cell cells[KIND_COLUMNS];
	struct caught caught;

	(void)state;
	for (size_t i = 0; i < KIND_COLUMNS; i++)
		cells[i] = mo_cell_number(most);
	cells[MO_CELL_TEXT] = mo_cell_text("");
	cells[MO_CELL_SIGNED] = mo_cell_signed(INT64_MIN);
	cells[MO_CELL_TIME] = mo_cell_signed(INT64_MAX);
	catch_begin(&caught, &json, NULL, false);
	mo_report_record(caught.report, &kinds_record_spec, cells);
	catch_end(&caught);
	/* Beyond what jansson's integers hold: compared as text, read back by Python elsewhere. */
	assert_non_null(strstr(caught.chars,
			       "{\"text\":\"\",\"count\":18446744073709551615,\"signed\":-9223372036854775808,"
			       "\"bytes\":18446744073709551615,\"address\":\"0xffffffffffffffff\","
			       "\"pfn\":18446744073709551615,\"percent\":18446744073709551.615,\"bool\":true,"
			       "\"seconds\":18446744073.709551615,\"time\":\"@9223372036854775807\","
			       "\"size_kib\":18446744073709551615,\"flags\":\"0xffffffffffffffff\"}"));
	catch_free(&caught);
}

static void test_hostile_text(void **state)
{
	static const char hostile[] = "\033]0;owned\007 \xff\xfe \xe2\x80\xae \xc0\xaf \xed\xa0\x80 \n\t \"quoted\\\" "
				      "</script> \xf0\x9f\x98\x80 \0 end";
	struct mo_cell cells[ZONE_COLUMNS];
	struct caught caught;
	json_t *document;

	(void)state;
	for (size_t i = 0; i < ZONE_COLUMNS; i++)
		cells[i] = mo_cell_unknown();
	cells[1] = mo_cell_bytes_of_text(hostile, sizeof(hostile) - 1);
	catch_begin(&caught, &json, NULL, false);
	mo_report_table_begin(caught.report, &zones_spec);
	mo_report_row(caught.report, cells);
	mo_report_table_end(caught.report);
	document = finish_and_parse(&caught);
	assert_text(row_of(document, "zones", 0), "name",
		    "\\x1b]0;owned\\x07 \\xff\\xfe \\xe2\\x80\\xae \\xc0\\xaf \\xed\\xa0\\x80 \\x0a\\x09 \"quoted\\\" "
		    "</script> \xf0\x9f\x98\x80 \\x00 end");
	json_decref(document);
	catch_free(&caught);
}

static void test_display_options_do_not_matter(void **state)
{
	const struct mo_report_options decorated = {
		.format = MO_FORMAT_JSON,
		.columns = "name",
		.no_headings = true,
		.plain_bytes = true,
		.width = 20,
		.use_colour = true,
	};
	struct caught plain;
	struct caught other;

	(void)state;
	catch_begin(&plain, &json, &full_head, true);
	write_zones(plain.report);
	catch_begin(&other, &decorated, &full_head, false);
	write_zones(other.report);
	assert_string_equal(catch_end(&plain), catch_end(&other));
	catch_free(&plain);
	catch_free(&other);
}

static void test_sort_orders_rows(void **state)
{
	const struct mo_report_options sorted = { .format = MO_FORMAT_JSON, .sort = "broken,-node" };
	const int64_t nodes[] = { 2, 0, 3, 1 };
	struct caught caught;
	json_t *document;

	(void)state;
	catch_begin(&caught, &sorted, NULL, false);
	write_zones(caught.report);
	document = finish_and_parse(&caught);
	for (size_t i = 0; i < 4; i++)
		assert_int_equal(json_integer_value(json_object_get(row_of(document, "zones", i), "node")), nodes[i]);
	json_decref(document);
	catch_free(&caught);
}

static void test_findings_sections_and_columns(void **state)
{
	struct caught caught;
	json_t *document;
	json_t *finding;
	json_t *column;
	json_t *section;

	(void)state;
	catch_begin(&caught, &json, &full_head, false);
	write_everything(caught.report);
	document = finish_and_parse(&caught);
	finding = json_array_get(json_object_get(document, "findings"), 0);
	assert_int_equal(json_array_size(json_object_get(document, "findings")), 2);
	assert_text(finding, "id", "free-list-broken");
	assert_text(finding, "severity", "critical");
	assert_text(finding, "confidence", "likely");
	assert_text(finding, "section", "memory");
	assert_true(json_is_true(json_object_get(finding, "is_about_reading")));
	assert_text(json_array_get(json_object_get(finding, "evidence"), 0), "label", "list head");
	assert_text(json_array_get(json_object_get(finding, "evidence"), 0), "value", "0xffff888000001000");
	assert_text(json_array_get(json_object_get(finding, "evidence"), 2), "value", "No\\x0armal");
	assert_text(json_array_get(json_object_get(finding, "evidence"), 3), "value", NULL);
	assert_text(json_array_get(json_object_get(document, "findings"), 1), "confidence", "certain");
	assert_text(json_array_get(json_object_get(document, "findings"), 1), "section", NULL);
	column = json_array_get(json_object_get(json_object_get(document, "columns"), "zones"), 2);
	assert_text(column, "key", "size_bytes");
	assert_text(column, "heading", "SIZE");
	assert_text(column, "kind", "bytes");
	assert_text(column, "unit", "bytes");
	assert_text(column, "help", "zone.present_pages");
	section = json_array_get(json_object_get(document, "sections"), 1);
	assert_text(section, "name", "kinds");
	assert_string_equal(json_string_value(json_array_get(json_object_get(section, "tables"), 1)), "kinds_record");
	section = json_array_get(json_object_get(document, "sections"), 0);
	assert_string_equal(json_string_value(json_array_get(json_object_get(section, "notes"), 0)),
			    "A \"note\" with \\ and \\x01 in it.");
	assert_string_equal(json_string_value(json_array_get(json_object_get(document, "notes"), 0)),
			    "Outside of sections: 1.");
	assert_text(document, "status", "partial");
	json_decref(document);
	catch_free(&caught);
}

static void test_abort_in_a_row_of_tables(void **state)
{
	struct caught caught;
	json_t *document;

	(void)state;
	catch_begin(&caught, &json, NULL, false);
	mo_report_section_begin(caught.report, "memory", "Memory");
	mo_report_table_begin(caught.report, &zones_spec);
	zone_row(caught.report, 7, "DMA", mo_exact(1), NULL);
	mo_report_abort(caught.report, "cannot read \033 page 7");
	/* Whoever is on the way out may still call. */
	zone_row(caught.report, 8, "late", mo_exact(1), NULL);
	mo_report_table_end(caught.report);
	mo_report_section_end(caught.report);
	mo_report_note(caught.report, "late");
	document = finish_and_parse(&caught);
	assert_text(document, "status", "partial");
	assert_text(document, "error", "cannot read \\x1b page 7");
	assert_int_equal(json_array_size(json_object_get(json_object_get(document, "data"), "zones")), 1);
	assert_null(strstr(caught.chars, "late"));
	assert_true(mo_report_is_partial(caught.report));
	json_decref(document);
	catch_free(&caught);
}

static void test_abandoned_record_is_null(void **state)
{
	struct caught caught;
	json_t *document;

	(void)state;
	catch_begin(&caught, &json, NULL, false);
	mo_report_section_begin(caught.report, "a", NULL);
	mo_report_table_begin(caught.report, &kinds_record_spec);
	mo_report_close_open(caught.report);
	mo_report_section_begin(caught.report, "b", "B");
	write_zones(caught.report);
	mo_report_section_end(caught.report);
	document = finish_and_parse(&caught);
	assert_text(json_object_get(document, "data"), "kinds_record", NULL);
	assert_int_equal(json_array_size(json_object_get(json_object_get(document, "data"), "zones")), 4);
	assert_text(document, "status", "complete");
	json_decref(document);
	catch_free(&caught);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_head),
		cmocka_unit_test(test_exact_values),
		cmocka_unit_test(test_bounds_and_unknowns),
		cmocka_unit_test(test_largest_numbers_are_exact),
		cmocka_unit_test(test_hostile_text),
		cmocka_unit_test(test_display_options_do_not_matter),
		cmocka_unit_test(test_sort_orders_rows),
		cmocka_unit_test(test_findings_sections_and_columns),
		cmocka_unit_test(test_abort_in_a_row_of_tables),
		cmocka_unit_test(test_abandoned_record_is_null),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
