/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* `memopsy iomem`: r_show() (kernel/resource.c) as root sees it, byte for byte. */
#include "iomem.h"

enum { COLUMN_FIRST, COLUMN_LAST, COLUMN_NAME, COLUMN_DEPTH, COLUMN_INDENT, N_COLUMNS };

static const struct mo_column columns[N_COLUMNS] = {
	[COLUMN_FIRST] = { .key = "first_pa", .heading = "START", .kind = MO_CELL_ADDRESS,
			   .help = "the first byte's physical address (resource.start)" },
	[COLUMN_LAST] = { .key = "last_pa", .heading = "END", .kind = MO_CELL_ADDRESS,
			  .help = "the last byte's, inclusive (resource.end)" },
	[COLUMN_NAME] = { .key = "name", .heading = "NAME", .kind = MO_CELL_TEXT, .help = "who claimed it (resource.name)" },
	[COLUMN_DEPTH] = { .key = "depth", .heading = "DEPTH", .kind = MO_CELL_COUNT,
			   .help = "0 at the top level, 1 for children of depth 0, ..." },
	[COLUMN_INDENT] = { .key = "indent", .heading = "INDENT", .kind = MO_CELL_COUNT, .flags = MO_COLUMN_HIDDEN,
			    .help = "blanks by which /proc/iomem indents it" },
};

static void put_line(const struct mo_cell *cells, int n_digits, struct mo_line *line)
{
	const char *name = cells[COLUMN_NAME].as.text.bytes;

	mo_line_printf(line, "%*s%0*llx-%0*llx : %s\n", (int)cells[COLUMN_INDENT].as.number.value, "", n_digits,
		       (unsigned long long)cells[COLUMN_FIRST].as.number.value, n_digits,
		       (unsigned long long)cells[COLUMN_LAST].as.number.value, name ? name : "?");
}

static void ordinary_line(const struct mo_cell *cells, struct mo_line *line)
{
	put_line(cells, 8, line);
}

/* Of a machine whose addresses all have 16 bits. */
static void short_line(const struct mo_cell *cells, struct mo_line *line)
{
	put_line(cells, 4, line);
}

const struct mo_table_spec iomem_table = {
	.name = "iomem",
	.title = "Physical addresses, as /proc/iomem printed them",
	.help = "What /proc/iomem would have printed to root at the moment of the dump.",
	.columns = columns,
	.n_columns = N_COLUMNS,
	.flags = MO_TABLE_NO_TITLE,
	.line = ordinary_line,
};

struct mo_error *show_iomem(struct mo_run *run, struct mo_report *report)
{
	const struct mo_iomem_model *iomem = mo_run_model(run);
	const struct iomem_layout *layout = mo_run_layout(run);
	struct mo_table_spec table = iomem_table;
	unsigned most_levels = 8;

	if (mo_has(&layout->most_levels) && layout->most_levels.value > 0 && layout->most_levels.value < 64)
		most_levels = (unsigned)layout->most_levels.value;
	if (iomem->last_pa < 0x10000)
		table.line = short_line;
	mo_report_table_begin(report, &table);
	for (size_t i = 0; i < iomem->n_ranges; i++) {
		const struct mo_io_range *range = &iomem->ranges[i];
		unsigned levels = range->depth < most_levels ? range->depth : most_levels;
		const struct mo_cell cells[N_COLUMNS] = {
			[COLUMN_FIRST] = mo_cell_number(mo_exact(range->first_pa)),
			[COLUMN_LAST] = mo_cell_number(mo_exact(range->last_pa)),
			[COLUMN_NAME] = mo_cell_text(range->has_name ? range->name : "<BAD>"),
			[COLUMN_DEPTH] = mo_cell_number(mo_exact(range->depth)),
			[COLUMN_INDENT] = mo_cell_number(mo_exact(levels * 2u)),
		};

		mo_report_row(report, cells);
	}
	mo_report_table_end(report);
	return NULL;
}
