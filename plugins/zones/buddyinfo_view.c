/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* `memopsy buddyinfo`: frag_show_print() (mm/vmstat.c), byte for byte. */
#include "gathering.h"

enum { COLUMN_NODE, COLUMN_ZONE, COLUMN_ORDERS, COLUMN_ORDER_0, N_COLUMNS = COLUMN_ORDER_0 + MO_MAX_ZONE_ORDERS };

#define ORDER(n) \
	[COLUMN_ORDER_0 + (n)] = { .key = "order_" #n, .heading = #n, .kind = MO_CELL_COUNT, \
				   .help = "free blocks of 2^" #n " pages (free_area[" #n "].nr_free)" }

static const struct mo_column columns[N_COLUMNS] = {
	[COLUMN_NODE] = { .key = "node", .heading = "NODE", .kind = MO_CELL_COUNT, .help = "the NUMA node" },
	[COLUMN_ZONE] = { .key = "zone", .heading = "ZONE", .kind = MO_CELL_TEXT, .help = "the zone's name" },
	[COLUMN_ORDERS] = { .key = "orders", .heading = "ORDERS", .kind = MO_CELL_COUNT, .flags = MO_COLUMN_HIDDEN,
			    .help = "how many orders this kernel has (NR_PAGE_ORDERS)" },
	ORDER(0), ORDER(1), ORDER(2), ORDER(3), ORDER(4), ORDER(5), ORDER(6), ORDER(7), ORDER(8), ORDER(9), ORDER(10),
	ORDER(11), ORDER(12), ORDER(13), ORDER(14), ORDER(15), ORDER(16), ORDER(17), ORDER(18), ORDER(19), ORDER(20),
	ORDER(21), ORDER(22), ORDER(23), ORDER(24), ORDER(25), ORDER(26), ORDER(27), ORDER(28), ORDER(29), ORDER(30),
	ORDER(31),
};

static void buddyinfo_line(const struct mo_cell *cells, struct mo_line *line)
{
	uint64_t n_orders = cells[COLUMN_ORDERS].as.number.value;

	mo_line_printf(line, "Node %s, zone %8s ", digits_of(&cells[COLUMN_NODE]).text, cells[COLUMN_ZONE].as.text.bytes);
	for (uint64_t order = 0; order < n_orders; order++)
		mo_line_printf(line, "%6s ", digits_of(&cells[COLUMN_ORDER_0 + order]).text);
	mo_line_printf(line, "\n");
}

const struct mo_table_spec buddyinfo_table = {
	.name = "buddyinfo",
	.title = "Free blocks, as /proc/buddyinfo printed them",
	.help = "Free blocks of each order, by zone.",
	.columns = columns,
	.n_columns = N_COLUMNS,
	.flags = MO_TABLE_NO_TITLE,
	.line = buddyinfo_line,
};

struct mo_error *show_buddyinfo(struct mo_run *run, struct mo_report *report)
{
	const struct mo_zones_model *zones = mo_run_model(run);
	struct mo_table_spec table = buddyinfo_table;

	if (!zones->n_orders)
		return mo_error_create(MO_E_ABSENT, "where struct zone keeps its free areas is unknown");
	/* Only the orders that this kernel has. */
	table.n_columns = COLUMN_ORDER_0 + zones->n_orders;
	mo_report_table_begin(report, &table);
	for (size_t i = 0; i < zones->n_zones; i++) {
		const struct mo_zone *zone = &zones->zones[i];
		struct mo_cell cells[N_COLUMNS] = {
			[COLUMN_NODE] = mo_cell_number(mo_exact(zone->node_id)),
			[COLUMN_ZONE] = mo_cell_text(zone->name),
			[COLUMN_ORDERS] = mo_cell_number(mo_exact(zones->n_orders)),
		};

		if (!zone->present_pages.value) /* not populated_zone() */
			continue;
		for (unsigned order = 0; order < zones->n_orders; order++)
			cells[COLUMN_ORDER_0 + order] = mo_cell_number(zone->free_blocks[order]);
		mo_report_row(report, cells);
	}
	mo_report_table_end(report);
	return NULL;
}
