/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* `memopsy pagetypeinfo`: pagetypeinfo_show() (mm/vmstat.c), byte for byte. */
#include "gathering.h"

#include <inttypes.h>
#include <stdio.h>

enum {
	COLUMN_NODE,
	COLUMN_PART,
	COLUMN_ZONE,
	COLUMN_TYPE,
	COLUMN_ORDER,
	COLUMN_VALUE,
	COLUMN_INDEX,
	COLUMN_LAST,
	N_COLUMNS,
};

static const struct mo_column columns[N_COLUMNS] = {
	[COLUMN_NODE] = { .key = "node", .heading = "NODE", .kind = MO_CELL_COUNT, .help = "the NUMA node" },
	[COLUMN_PART] = { .key = "part", .heading = "PART", .kind = MO_CELL_TEXT,
			  .help = "what the value is: pageblock_order, pageblock_pages, order or type (headings), free, "
				  "pageblocks" },
	[COLUMN_ZONE] = { .key = "zone", .heading = "ZONE", .kind = MO_CELL_TEXT, .help = "the zone's name" },
	[COLUMN_TYPE] = { .key = "migratetype", .heading = "MIGRATETYPE", .kind = MO_CELL_TEXT,
			  .help = "enum migratetype" },
	[COLUMN_ORDER] = { .key = "order", .heading = "ORDER", .kind = MO_CELL_COUNT, .help = "of free blocks" },
	[COLUMN_VALUE] = { .key = "value", .heading = "VALUE", .kind = MO_CELL_COUNT,
			   .help = "how many; the kernel stops counting a list at 100000 blocks, and its text says so" },
	[COLUMN_INDEX] = { .key = "index", .heading = "INDEX", .kind = MO_CELL_COUNT, .flags = MO_COLUMN_HIDDEN,
			   .help = "position in the line" },
	[COLUMN_LAST] = { .key = "last", .heading = "LAST", .kind = MO_CELL_BOOL, .flags = MO_COLUMN_HIDDEN,
			  .help = "whether it ends the line" },
};

enum part { PART_ORDER_OF_BLOCK, PART_PAGES_OF_BLOCK, PART_ORDER, PART_FREE, PART_TYPE, PART_BLOCKS, N_PARTS };

static const char *const parts[N_PARTS] = {
	[PART_ORDER_OF_BLOCK] = "pageblock_order", [PART_PAGES_OF_BLOCK] = "pageblock_pages", [PART_ORDER] = "order",
	[PART_FREE] = "free", [PART_TYPE] = "type", [PART_BLOCKS] = "pageblocks",
};

#define KERNEL_COUNTS_TO 100000u /* pagetypeinfo_showfree_print(): since 5.5 (93b3a674485f) */

struct number {
	char text[32];
};

static struct number number_of(const struct mo_cell *cell)
{
	struct mo_count count = cell->as.number;
	struct number number = { "?" };

	if (count.certainty != MO_UNKNOWN)
		snprintf(number.text, sizeof(number.text), "%s%" PRIu64, count.certainty == MO_AT_LEAST ? ">=" : "",
			 count.value);
	return number;
}

static void put_free(const struct mo_cell *cells, struct mo_line *line)
{
	struct mo_count value = cells[COLUMN_VALUE].as.number;

	if (!cells[COLUMN_INDEX].as.number.value)
		mo_line_printf(line, "Node %4" PRIu64 ", zone %8s, type %12s ", cells[COLUMN_NODE].as.number.value,
			       cells[COLUMN_ZONE].as.text.bytes, cells[COLUMN_TYPE].as.text.bytes);
	if (value.certainty != MO_UNKNOWN && value.value >= KERNEL_COUNTS_TO)
		mo_line_printf(line, ">%6u ", KERNEL_COUNTS_TO);
	else
		mo_line_printf(line, "%6s ", number_of(&cells[COLUMN_VALUE]).text);
}

static void put_blocks(const struct mo_cell *cells, struct mo_line *line)
{
	if (!cells[COLUMN_INDEX].as.number.value)
		mo_line_printf(line, "Node %" PRIu64 ", zone %8s ", cells[COLUMN_NODE].as.number.value,
			       cells[COLUMN_ZONE].as.text.bytes);
	mo_line_printf(line, "%12s ", number_of(&cells[COLUMN_VALUE]).text);
}

static void pagetypeinfo_line(const struct mo_cell *cells, struct mo_line *line)
{
	const char *name = cells[COLUMN_PART].as.text.bytes;
	bool is_first = !cells[COLUMN_INDEX].as.number.value;
	unsigned part = 0;

	while (part < N_PARTS - 1 && strcmp(parts[part], name) != 0)
		part++;
	switch ((enum part)part) {
	case PART_ORDER_OF_BLOCK:
		mo_line_printf(line, "Page block order: %s", number_of(&cells[COLUMN_VALUE]).text);
		break;
	case PART_PAGES_OF_BLOCK:
		mo_line_printf(line, "Pages per block:  %s\n", number_of(&cells[COLUMN_VALUE]).text);
		break;
	case PART_ORDER:
		if (is_first)
			mo_line_printf(line, "%-43s ", "Free pages count per migrate type at order");
		mo_line_printf(line, "%6" PRIu64 " ", cells[COLUMN_ORDER].as.number.value);
		break;
	case PART_FREE:
		put_free(cells, line);
		break;
	case PART_TYPE:
		if (is_first)
			mo_line_printf(line, "\n%-23s", "Number of blocks type ");
		mo_line_printf(line, "%12s ", cells[COLUMN_TYPE].as.text.bytes);
		break;
	case PART_BLOCKS:
	case N_PARTS:
		put_blocks(cells, line);
		break;
	}
	if (cells[COLUMN_LAST].as.number.value)
		mo_line_printf(line, "\n");
}

const struct mo_table_spec pagetypeinfo_table = {
	.name = "pagetypeinfo",
	.title = "Free blocks by migratetype, as /proc/pagetypeinfo printed them",
	.help = "How many free blocks of each order and migrate type every zone has, and how many pageblocks of each type.",
	.columns = columns,
	.n_columns = N_COLUMNS,
	.flags = MO_TABLE_NO_TITLE,
	.line = pagetypeinfo_line,
};

/* What the rows of a part have in common. */
struct place {
	struct mo_report *report;
	const struct mo_free_areas_model *model;
	unsigned node_id;
	const char *zone;             /* NULL: of the node */
};

static void put_row(const struct place *place, enum part part, const char *type, struct mo_count order,
		    struct mo_count value, unsigned index, bool is_last)
{
	mo_report_row(place->report, (const struct mo_cell[N_COLUMNS]){
		[COLUMN_NODE] = mo_cell_number(mo_exact(place->node_id)),
		[COLUMN_PART] = mo_cell_text(parts[part]),
		[COLUMN_ZONE] = mo_cell_text(place->zone),
		[COLUMN_TYPE] = mo_cell_text(type),
		[COLUMN_ORDER] = mo_cell_number(order),
		[COLUMN_VALUE] = mo_cell_number(value),
		[COLUMN_INDEX] = mo_cell_number(mo_exact(index)),
		[COLUMN_LAST] = mo_cell_number(mo_exact(is_last)),
	});
}

static void put_zone_free(const struct place *place, const struct mo_zone_free_areas *zone)
{
	const struct mo_free_areas_model *model = place->model;

	for (unsigned type = 0; type < model->n_migratetypes; type++)
		for (unsigned order = 0; order < model->n_orders; order++)
			put_row(place, PART_FREE, model->migratetype_names[type], mo_exact(order),
				zone->orders[order].lists[type].blocks, order, order + 1 == model->n_orders);
}

static void put_zone_blocks(const struct place *place, const struct mo_zone_free_areas *zone)
{
	const struct mo_free_areas_model *model = place->model;

	for (unsigned type = 0; type < model->n_migratetypes; type++)
		put_row(place, PART_BLOCKS, model->migratetype_names[type], mo_unknown(), zone->pageblocks[type], type,
			type + 1 == model->n_migratetypes);
}

static void put_node(struct place *place, const struct free_areas_state *state, const struct mo_node *node)
{
	const struct mo_free_areas_model *model = place->model;
	const struct mo_zone *zones = state->zones_model->zones;

	place->zone = NULL;
	put_row(place, PART_ORDER_OF_BLOCK, NULL, mo_unknown(), mo_exact(model->pageblock_order), 0, true);
	put_row(place, PART_PAGES_OF_BLOCK, NULL, mo_unknown(), mo_exact(1ull << model->pageblock_order), 0, true);
	for (unsigned order = 0; order < model->n_orders; order++)
		put_row(place, PART_ORDER, NULL, mo_exact(order), mo_unknown(), order, order + 1 == model->n_orders);
	for (size_t i = node->first_zone; i < node->first_zone + node->n_zones; i++) {
		place->zone = zones[i].name;
		if (is_populated(&zones[i]))
			put_zone_free(place, &model->zones[i]);
	}
	place->zone = NULL;
	for (unsigned type = 0; type < model->n_migratetypes; type++)
		put_row(place, PART_TYPE, model->migratetype_names[type], mo_unknown(), mo_unknown(), type,
			type + 1 == model->n_migratetypes);
	for (size_t i = node->first_zone; i < node->first_zone + node->n_zones; i++) {
		place->zone = zones[i].name;
		if (is_populated(&zones[i]))
			put_zone_blocks(place, &model->zones[i]);
	}
}

/* Whether the kernel would have gone on with blocks that hold pages of another type; static_key.enabled is first. */
static bool has_page_owner(const struct free_areas_state *state)
{
	uint32_t enabled = 0;
	struct mo_error *error;

	if (!mo_has(&state->layout->page_owner_inited))
		return false;
	error = mo_read_u32(state->reader, state->layout->page_owner_inited.kva, &enabled);
	return !mo_error_destroy(error) && enabled;
}

struct mo_error *show_pagetypeinfo(struct mo_run *run, struct mo_report *report)
{
	struct free_areas_state state;
	struct place place = { .report = report };

	view_state(run, &state);
	place.model = &state.model;
	mo_report_table_begin(report, &pagetypeinfo_table);
	for (size_t i = 0; i < state.zones_model->n_nodes; i++) {
		const struct mo_node *node = &state.zones_model->nodes[i];

		/* A node without memory prints nothing. */
		if (!node->present_pages.value)
			continue;
		place.node_id = node->node_id;
		put_node(&place, &state, node);
	}
	mo_report_table_end(report);
	if (has_page_owner(&state))
		mo_report_note(report, "page_owner is on: the kernel also prints the number of mixed blocks, which is "
				       "not counted here.");
	return NULL;
}
