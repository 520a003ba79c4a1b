/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Tables as comma-separated values. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "report_fixture.h"

static const struct mo_column columns[] = {
	{ .key = "name", .heading = "NAME", .kind = MO_CELL_TEXT },
	{ .key = "size_bytes", .heading = "SIZE", .kind = MO_CELL_BYTES },
	{ .key = "change_bytes", .heading = "CHANGE", .kind = MO_CELL_BYTES_CHANGE, .flags = MO_COLUMN_HIDDEN },
};
static const struct mo_table_spec table = { .name = "caches", .title = "Caches", .columns = columns, .n_columns = 3 };
static const struct mo_table_spec record = { .name = "sums", .title = "Sums", .columns = columns, .n_columns = 2,
					     .flags = MO_TABLE_RECORD };

static void write_row(struct mo_report *report, const char *name, struct mo_count bytes, int64_t change_bytes)
{
	mo_report_row(report, (const struct mo_cell[]){ mo_cell_text(name), mo_cell_number(bytes), mo_cell_signed(change_bytes) });
}

static void assert_csv(const char *columns_wanted, bool no_headings, const char *expected)
{
	const struct mo_report_options csv = { .format = MO_FORMAT_CSV, .columns = columns_wanted, .no_headings = no_headings };
	struct caught caught;

	catch_begin(&caught, &csv, &full_head, false);
	mo_report_section_begin(caught.report, "slabs", "Slabs");
	mo_report_note(caught.report, "A note.");
	mo_report_table_begin(caught.report, &table);
	write_row(caught.report, "dentry", mo_exact(4096), -512);
	write_row(caught.report, NULL, mo_unknown(), 0);
	write_row(caught.report, "", mo_at_least(7), INT64_MIN);
	write_row(caught.report, "a \"b\", c", mo_exact(UINT64_MAX), 1);
	write_row(caught.report, "=cmd|' /C calc'!A0", mo_exact(0), 0);
	mo_report_table_end(caught.report);
	mo_report_record(caught.report, &record, (const struct mo_cell[]){ mo_cell_text("all"), mo_cell_number(mo_exact(1)) });
	mo_report_finding(caught.report, &(const struct mo_finding){ .id = "x", .verdict = "Not a table." });
	mo_report_section_end(caught.report);
	assert_string_equal(catch_end(&caught), expected);
	catch_free(&caught);
}

static void all_columns(void **state)
{
	(void)state;
	assert_csv(NULL, false,
		   "name,size_bytes,change_bytes\r\ndentry,4096,-512\r\n,,0\r\n\"\",>=7,-9223372036854775808\r\n"
		   "\"a \"\"b\"\", c\",18446744073709551615,1\r\n\"'=cmd|' /C calc'!A0\",0,0\r\n\r\nname,size_bytes\r\nall,1\r\n");
}

static void named_columns(void **state)
{
	(void)state;
	assert_csv("size_bytes", true, "4096\r\n\r\n>=7\r\n18446744073709551615\r\n0\r\n\r\n1\r\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_columns),
		cmocka_unit_test(named_columns),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
