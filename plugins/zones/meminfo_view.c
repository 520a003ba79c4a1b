/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* `memopsy meminfo`: the text of /proc/meminfo, byte for byte. */
#include "gathering.h"

#include <string.h>

enum { COLUMN_FIELD, COLUMN_VALUE, COLUMN_UNIT, N_COLUMNS };

static const struct mo_column columns[N_COLUMNS] = {
	[COLUMN_FIELD] = { .key = "field", .heading = "FIELD", .kind = MO_CELL_TEXT,
			   .help = "the field's name, as in /proc/meminfo" },
	[COLUMN_VALUE] = { .key = "value", .heading = "VALUE", .kind = MO_CELL_COUNT,
			   .help = "its value, in the unit beside it" },
	[COLUMN_UNIT] = { .key = "unit", .heading = "UNIT", .kind = MO_CELL_TEXT,
			  .help = "kB (1,024 bytes), or nothing for a number of huge pages" },
};

/* fs/proc/meminfo.c and mm/hugetlb.c pad these few to another width. */
static bool is_narrow(const char *label, const char *unit)
{
	return (!*unit && !strncmp(label, "HugePages_", 10)) || !strcmp(label, "HardwareCorrupted") ||
	       !strcmp(label, "EarlyMemtestBad");
}

static void meminfo_line(const struct mo_cell *cells, struct mo_line *line)
{
	const char *label = cells[COLUMN_FIELD].as.text.bytes;
	const char *unit = cells[COLUMN_UNIT].as.text.bytes;
	struct mo_count value = cells[COLUMN_VALUE].as.number;
	bool narrow = is_narrow(label, unit);
	char digits[32] = "?";
	char with_colon[64];

	if (value.certainty != MO_UNKNOWN)
		snprintf(digits, sizeof(digits), "%s%llu", value.certainty == MO_AT_LEAST ? ">=" : "",
			 (unsigned long long)value.value);
	snprintf(with_colon, sizeof(with_colon), "%s:", label);
	mo_line_printf(line, "%-*s%*s%s%s\n", narrow ? 19 : 16, with_colon, narrow ? 5 : 8, digits, *unit ? " " : "", unit);
}

const struct mo_table_spec meminfo_table = {
	.name = "meminfo",
	.title = "Memory, as /proc/meminfo printed it",
	.help = "What /proc/meminfo would have printed at the moment of the dump.",
	.columns = columns,
	.n_columns = N_COLUMNS,
	.flags = MO_TABLE_NO_TITLE,
	.line = meminfo_line,
};

struct mo_error *show_meminfo(struct mo_run *run, struct mo_report *report)
{
	const struct mo_zones_model *zones = mo_run_model(run);

	mo_report_table_begin(report, &meminfo_table);
	for (size_t i = 0; i < zones->n_meminfo; i++) {
		const struct mo_meminfo_line *line = &zones->meminfo[i];
		struct mo_cell cells[N_COLUMNS] = {
			[COLUMN_FIELD] = mo_cell_text(line->label),
			[COLUMN_VALUE] = mo_cell_number(line->value),
			[COLUMN_UNIT] = mo_cell_text(line->unit),
		};

		mo_report_row(report, cells);
	}
	mo_report_table_end(report);
	return NULL;
}
