/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "report_fixture.h"

/*
 * Prints a JSON report for check_report_json.py: "everything", "aborted", or "large", whose numbers are the largest
 * that there are.
 */

static void write_large(struct mo_report *report)
{
	struct mo_cell cells[KIND_COLUMNS];

	for (size_t i = 0; i < KIND_COLUMNS; i++)
		cells[i] = mo_cell_number(mo_exact(UINT64_MAX));
	cells[MO_CELL_TEXT] = mo_cell_bytes_of_text("\xff\0\x1b\"\\", 5);
	cells[MO_CELL_SIGNED] = mo_cell_signed(INT64_MIN);
	cells[MO_CELL_TIME] = mo_cell_signed(INT64_MAX);
	mo_report_record(report, &kinds_record_spec, cells);
}

int main(int argc, char **argv)
{
	const struct mo_report_options options = { .format = MO_FORMAT_JSON };
	const char *what = argc > 1 ? argv[1] : "everything";
	struct mo_report *report;
	struct mo_error *error = mo_report_create(stdout, &options, &full_head, false, &report);

	if (error) {
		fprintf(stderr, "%s\n", mo_error_text(error));
		return 2;
	}
	if (!strcmp(what, "large"))
		write_large(report);
	else
		write_everything(report);
	if (!strcmp(what, "aborted")) {
		mo_report_section_begin(report, "late", "Late");
		mo_report_table_begin(report, &(struct mo_table_spec){
						      .name = "late",
						      .columns = zones_spec.columns,
						      .n_columns = zones_spec.n_columns,
					      });
		mo_report_abort(report, "interrupted while reading mem_map");
	}
	error = mo_report_finish(report);
	if (error)
		fprintf(stderr, "%s\n", mo_error_text(error));
	mo_report_destroy(report);
	return error ? 2 : 0;
}
