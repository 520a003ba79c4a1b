/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* `memopsy vmstat`: vmstat_start() and vmstat_show() (mm/vmstat.c), byte for byte. */
#include "gathering.h"

enum { COLUMN_FIELD, COLUMN_VALUE, COLUMN_EXACT, COLUMN_KIND, N_COLUMNS };

static const struct mo_column columns[N_COLUMNS] = {
	[COLUMN_FIELD] = { .key = "field", .heading = "FIELD", .kind = MO_CELL_TEXT,
			   .help = "the counter's name (vmstat_text[])" },
	[COLUMN_VALUE] = { .key = "value", .heading = "VALUE", .kind = MO_CELL_COUNT,
			   .help = "as /proc/vmstat prints it" },
	[COLUMN_EXACT] = { .key = "exact", .heading = "EXACT", .kind = MO_CELL_COUNT,
			   .help = "with the per-CPU deltas not yet folded in" },
	[COLUMN_KIND] = { .key = "kind", .heading = "KIND", .kind = MO_CELL_TEXT, .flags = MO_COLUMN_HIDDEN,
			  .help = "whose counter it is: zone, numa, node, system, event" },
};

static void put_line(const struct mo_cell *cells, size_t value, struct mo_line *line)
{
	const char *name = cells[COLUMN_FIELD].as.text.bytes;

	mo_line_printf(line, "%s %s\n", name ? name : "?", digits_of(&cells[value]).text);
}

static void printed_line(const struct mo_cell *cells, struct mo_line *line)
{
	put_line(cells, COLUMN_VALUE, line);
}

static void exact_line(const struct mo_cell *cells, struct mo_line *line)
{
	put_line(cells, COLUMN_EXACT, line);
}

const struct mo_table_spec vmstat_table = {
	.name = "vmstat",
	.title = "Counters, as /proc/vmstat printed them",
	.help = "What /proc/vmstat would have printed at the moment of the dump.",
	.columns = columns,
	.n_columns = N_COLUMNS,
	.flags = MO_TABLE_NO_TITLE,
	.line = printed_line,
};

static void put_row(struct mo_report *report, const char *name, struct mo_count value, struct mo_count exact,
		    const char *kind)
{
	const struct mo_cell cells[N_COLUMNS] = {
		[COLUMN_FIELD] = mo_cell_text(name),
		[COLUMN_VALUE] = mo_cell_number(value),
		[COLUMN_EXACT] = mo_cell_number(exact),
		[COLUMN_KIND] = mo_cell_text(kind),
	};

	mo_report_row(report, cells);
}

static void put_counters(struct mo_report *report, const char *const *names, const struct mo_vm_counter *counters,
			 size_t n_items, const char *kind)
{
	for (size_t i = 0; counters && i < n_items; i++)
		put_row(report, names[i], counters[i].printed, counters[i].exact, kind);
}

/* vmstat_item_print_in_thp() (5.11 on): huge pages are counted in base pages, and printed as huge ones. */
static void put_node_counters(const struct zones_state *state, struct mo_report *report)
{
	const struct mo_zones_model *zones = &state->model;

	for (size_t i = 0; i < zones->n_node_items; i++) {
		struct mo_vm_counter counter = zones->node_counters[i];
		unsigned shift = is_huge_page_item(state->layout, i) ? huge_page_shift(state) : 0;

		counter.printed.value >>= shift;
		counter.exact.value >>= shift;
		put_row(report, zones->node_item_names[i], counter.printed, counter.exact, "node");
	}
}

static bool is_item(const struct mo_constant *item, size_t index)
{
	return mo_has(item) && item->value >= 0 && (uint64_t)item->value == index;
}

/* enum vm_stat_item, before 6.12 enum writeback_stat_item: what is no counter of pages in a zone or node. */
static struct mo_count system_value(const struct zones_state *state, const struct dirty_limits *limits, size_t index)
{
	const struct zones_layout *layout = state->layout;

	if (is_item(&layout->dirty_threshold, index))
		return limits->threshold_pages;
	if (is_item(&layout->dirty_background_threshold, index))
		return limits->background_pages;
	if (is_item(&layout->memmap_pages_item, index))
		return read_long(state, &layout->memmap_pages);
	if (is_item(&layout->memmap_boot_pages_item, index))
		return read_long(state, &layout->memmap_boot_pages);
	return mo_unknown();
}

static void put_named(const struct zones_state *state, struct mo_report *report, size_t index, struct mo_count value,
		      const char *kind)
{
	char name[MAX_ITEM_NAME_BYTES];

	put_row(report, read_item_name(state, index, name) ? name : NULL, value, value, kind);
}

static size_t put_system_items(const struct zones_state *state, struct mo_report *report, size_t first)
{
	const struct mo_constant *n_items = &state->layout->n_system_items;
	struct dirty_limits limits = dirty_limits(state);

	if (!mo_has(n_items) || n_items->value <= 0 || n_items->value > MAX_STAT_ITEMS)
		return 0;
	for (size_t i = 0; i < (size_t)n_items->value; i++)
		put_named(state, report, first + i, system_value(state, &limits, i), "system");
	return (size_t)n_items->value;
}

static void put_events(const struct zones_state *state, struct mo_report *report, size_t first)
{
	uint64_t sums[MAX_STAT_ITEMS];
	size_t n_items = sum_vm_events(state, sums, MAX_STAT_ITEMS);

	for (size_t i = 0; i < n_items; i++) {
		/* Sectors become KiB. */
		bool is_sectors = is_item(&state->layout->pgpgin, i) || is_item(&state->layout->pgpgout, i);

		put_named(state, report, first + i, mo_exact(is_sectors ? sums[i] / 2 : sums[i]), "event");
	}
}

struct mo_error *show_vmstat(struct mo_run *run, struct mo_report *report)
{
	const struct mo_zones_model *zones = mo_run_model(run);
	struct mo_table_spec table = vmstat_table;
	struct zones_state state;
	size_t first_other;

	zones_view_state(run, &state);
	if (mo_run_flag(run, "exact"))
		table.line = exact_line;
	mo_report_table_begin(report, &table);
	put_counters(report, zones->zone_item_names, zones->zone_counters, zones->n_zone_items, "zone");
	put_counters(report, zones->numa_item_names, zones->numa_counters, zones->n_numa_items, "numa");
	put_node_counters(&state, report);
	first_other = zones->n_zone_items + zones->n_numa_items + zones->n_node_items;
	first_other += put_system_items(&state, report, first_other);
	put_events(&state, report, first_other);
	/* The kernel keeps this name for who may read it. */
	put_row(report, "nr_unstable", mo_exact(0), mo_exact(0), "system");
	mo_report_table_end(report);
	mo_run_show_findings(run, report);
	return NULL;
}
