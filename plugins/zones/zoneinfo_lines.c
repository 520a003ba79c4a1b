/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The lines of /proc/zoneinfo: zoneinfo_show_print() (mm/vmstat.c), byte for byte. */
#include "zoneinfo.h"

#include <string.h>

static const struct mo_column columns[N_ZONEINFO_COLUMNS] = {
	[ZONEINFO_NODE] = { .key = "node", .heading = "NODE", .kind = MO_CELL_COUNT, .help = "the NUMA node" },
	[ZONEINFO_ZONE] = { .key = "zone", .heading = "ZONE", .kind = MO_CELL_TEXT, .help = "the zone's name" },
	[ZONEINFO_PART] = { .key = "part", .heading = "PART", .kind = MO_CELL_TEXT,
			    .help = "what the row describes: zone, node, pages, protection, counter, numa, cpu, pageset, "
				    "threshold, end" },
	[ZONEINFO_CPU] = { .key = "cpu", .heading = "CPU", .kind = MO_CELL_COUNT,
			   .help = "the CPU, of page sets; else unknown" },
	[ZONEINFO_FIELD] = { .key = "field", .heading = "FIELD", .kind = MO_CELL_TEXT,
			     .help = "the field's name; of protection, the zone" },
	[ZONEINFO_VALUE] = { .key = "value", .heading = "VALUE", .kind = MO_CELL_COUNT,
			     .help = "as /proc/zoneinfo prints it" },
	[ZONEINFO_EXACT] = { .key = "exact", .heading = "EXACT", .kind = MO_CELL_COUNT,
			     .help = "with the per-CPU deltas not yet folded in" },
	[ZONEINFO_INDEX] = { .key = "index", .heading = "INDEX", .kind = MO_CELL_COUNT, .flags = MO_COLUMN_HIDDEN,
			     .help = "position in its part" },
	[ZONEINFO_LAST] = { .key = "last", .heading = "LAST", .kind = MO_CELL_BOOL, .flags = MO_COLUMN_HIDDEN,
			    .help = "whether it is the last of its part" },
};

const char *const zoneinfo_parts[N_PARTS] = {
	[PART_ZONE] = "zone",
	[PART_NODE] = "node",
	[PART_PAGES] = "pages",
	[PART_PROTECTION] = "protection",
	[PART_COUNTER] = "counter",
	[PART_NUMA] = "numa",
	[PART_CPU] = "cpu",
	[PART_PAGESET] = "pageset",
	[PART_THRESHOLD] = "threshold",
	[PART_END] = "end",
};

static enum zoneinfo_part part_of(const struct mo_cell *cells)
{
	const char *name = cells[ZONEINFO_PART].as.text.bytes;

	for (unsigned part = 0; part < N_PARTS; part++)
		if (!strcmp(zoneinfo_parts[part], name))
			return (enum zoneinfo_part)part;
	return PART_END;
}

static void put_protection(const struct mo_cell *cells, bool is_first, const char *value, struct mo_line *line)
{
	mo_line_printf(line, "%s%s%s", is_first ? "        protection: (" : ", ", value,
		       cells[ZONEINFO_LAST].as.number.value ? ")\n" : "");
}

/* A name with its colon, so wide together. */
static void put_labelled(struct mo_line *line, const char *indent, const char *field, int width, const char *value)
{
	char label[64];

	snprintf(label, sizeof(label), "%s:", field);
	mo_line_printf(line, "%s%-*s %s\n", indent, width, label, value);
}

static void put_line(const struct mo_cell *cells, unsigned value_column, bool is_wide, struct mo_line *line)
{
	const char *field = cells[ZONEINFO_FIELD].as.text.bytes ? cells[ZONEINFO_FIELD].as.text.bytes : "?";
	bool is_first = !cells[ZONEINFO_INDEX].as.number.value;
	struct digits digits = digits_of(&cells[value_column]);

	switch (part_of(cells)) {
	case PART_ZONE:
		mo_line_printf(line, "Node %s, zone %8s\n", digits_of(&cells[ZONEINFO_NODE]).text,
			       cells[ZONEINFO_ZONE].as.text.bytes);
		return;
	case PART_NODE:
		mo_line_printf(line, "%s      %-12s %s\n", is_first ? "  per-node stats\n" : "", field, digits.text);
		return;
	case PART_PAGES:
		mo_line_printf(line, "  %s %-8s %s\n", is_first ? "pages" : "     ", field, digits.text);
		return;
	case PART_PROTECTION:
		put_protection(cells, is_first, digits.text, line);
		return;
	case PART_COUNTER:
	case PART_NUMA:
		mo_line_printf(line, "      %-12s %s\n", field, digits.text);
		return;
	case PART_CPU:
		mo_line_printf(line, "%s    cpu: %s\n", is_first ? "  pagesets\n" : "", digits.text);
		return;
	case PART_PAGESET:
		put_labelled(line, "              ", field, is_wide ? 9 : 6, digits.text);
		return;
	case PART_THRESHOLD:
		mo_line_printf(line, "  vm stats threshold: %s\n", digits.text);
		return;
	case PART_END:
	case N_PARTS:
		break;
	}
	put_labelled(line, "  ", field, 20, digits.text);
}

static void narrow_line(const struct mo_cell *cells, struct mo_line *line)
{
	put_line(cells, ZONEINFO_VALUE, false, line);
}

static void wide_line(const struct mo_cell *cells, struct mo_line *line)
{
	put_line(cells, ZONEINFO_VALUE, true, line);
}

static void narrow_exact_line(const struct mo_cell *cells, struct mo_line *line)
{
	put_line(cells, ZONEINFO_EXACT, false, line);
}

static void wide_exact_line(const struct mo_cell *cells, struct mo_line *line)
{
	put_line(cells, ZONEINFO_EXACT, true, line);
}

void (*zoneinfo_line(bool is_wide, bool is_exact))(const struct mo_cell *cells, struct mo_line *line)
{
	if (is_exact)
		return is_wide ? wide_exact_line : narrow_exact_line;
	return is_wide ? wide_line : narrow_line;
}

const struct mo_table_spec zoneinfo_table = {
	.name = "zoneinfo",
	.title = "Zones, as /proc/zoneinfo printed them",
	.help = "What /proc/zoneinfo would have printed at the moment of the dump.",
	.columns = columns,
	.n_columns = N_ZONEINFO_COLUMNS,
	.flags = MO_TABLE_NO_TITLE,
	.line = narrow_line,
};
