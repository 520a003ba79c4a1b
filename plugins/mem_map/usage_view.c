/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* `memopsy usage`: the balance sheet. Its classes add up to all page frames, to the page. */
#include "gathering.h"

#include <stdlib.h>

enum { COLUMN_NODE, COLUMN_ZONE, COLUMN_CLASS, COLUMN_PAGES, COLUMN_BYTES, COLUMN_PERCENT, COLUMN_EXCLUDED, COLUMN_WHAT,
       N_COLUMNS };

#define NODE_COLUMN \
	{ .key = "node", .heading = "NODE", .kind = MO_CELL_COUNT, .help = "NUMA node; unknown: page frames of none" }
#define ZONE_COLUMN { .key = "zone", .heading = "ZONE", .kind = MO_CELL_TEXT, .help = "zone" }
#define CLASS_COLUMNS \
	{ .key = "class", .heading = "CLASS", .kind = MO_CELL_TEXT, .help = "class; each page frame is in exactly one" }, \
	{ .key = "pages", .heading = "PAGES", .kind = MO_CELL_COUNT, .help = "page frames" }, \
	{ .key = "size_bytes", .heading = "SIZE", .kind = MO_CELL_BYTES, .help = "the same in bytes" }, \
	{ .key = "percent", .heading = "PERCENT", .kind = MO_CELL_PERCENT, .help = "of this balance's page frames" }

static const struct mo_column columns[] = {
	CLASS_COLUMNS,
	{ .key = "excluded_pages", .heading = "EXCLUDED", .kind = MO_CELL_COUNT, .flags = MO_COLUMN_HIDDEN,
	  .help = "of these, page frames excluded from the dump" },
	{ .key = "what", .heading = "WHAT", .kind = MO_CELL_TEXT, .flags = MO_COLUMN_TRUNCATE, .help = "what it is" },
};

static const struct mo_column columns_by_node[] = { NODE_COLUMN, CLASS_COLUMNS };
static const struct mo_column columns_by_zone[] = { NODE_COLUMN, ZONE_COLUMN, CLASS_COLUMNS };

const struct mo_table_spec usage_table = {
	.name = "usage",
	.title = "Page frames by class",
	.help = "Every page frame that has a struct page, in exactly one class; the last row is their sum.",
	.columns = columns,
	.n_columns = sizeof(columns) / sizeof(columns[0]),
};

const struct mo_table_spec usage_by_node_table = {
	.name = "usage_by_node",
	.title = "Page frames by node and class",
	.columns = columns_by_node,
	.n_columns = sizeof(columns_by_node) / sizeof(columns_by_node[0]),
};

const struct mo_table_spec usage_by_zone_table = {
	.name = "usage_by_zone",
	.title = "Page frames by zone and class",
	.columns = columns_by_zone,
	.n_columns = sizeof(columns_by_zone) / sizeof(columns_by_zone[0]),
};

/* One balance: of all, of a node or of a zone. */
struct balance {
	const uint64_t *pages;          /* by class */
	const uint64_t *excluded;       /* NULL: not asked */
	bool has_node;                  /* the table has a column for it */
	struct mo_count node_id;
	const char *zone;               /* NULL: the table has no column for it */
};

static struct mo_cell bytes_cell(const struct mo_run *run, uint64_t pages)
{
	return mo_cell_number(mo_exact(pages * mo_kernel_facts(mo_run_kernel(run))->page_bytes));
}

static struct mo_cell percent_cell(uint64_t pages, uint64_t total)
{
	return total ? mo_cell_number(mo_exact(pages * 100000 / total)) : mo_cell_unknown();
}

static void write_row(struct mo_run *run, struct mo_report *report, const struct balance *balance, const char *name,
		      uint64_t pages, uint64_t total, struct mo_cell excluded, const char *what)
{
	struct mo_cell cells[N_COLUMNS];
	size_t n = 0;

	if (balance->has_node)
		cells[n++] = mo_cell_number(balance->node_id);
	if (balance->zone)
		cells[n++] = mo_cell_text(balance->zone);
	cells[n++] = mo_cell_text(name);
	cells[n++] = mo_cell_number(mo_exact(pages));
	cells[n++] = bytes_cell(run, pages);
	cells[n++] = percent_cell(pages, total);
	if (balance->excluded) {
		cells[n++] = excluded;
		cells[n++] = mo_cell_text(what);
	}
	mo_report_row(report, cells);
}

static int compare_classes(const void *a, const void *b, void *context)
{
	const uint64_t *pages = context;
	unsigned first = *(const unsigned *)a;
	unsigned second = *(const unsigned *)b;

	if (pages[first] != pages[second])
		return pages[first] > pages[second] ? -1 : 1;
	return first < second ? -1 : first > second;
}

/* The largest classes first, and the sum. */
static void write_balance(struct mo_run *run, struct mo_report *report, const struct balance *balance)
{
	unsigned order[MO_N_PAGE_CLASSES];
	uint64_t total = 0;
	uint64_t total_excluded = 0;

	for (unsigned class = 0; class < MO_N_PAGE_CLASSES; class++) {
		order[class] = class;
		total += balance->pages[class];
		total_excluded += balance->excluded ? balance->excluded[class] : 0;
	}
	if (!total && (balance->has_node || balance->zone) && !mo_run_flag(run, "all"))
		return;
	qsort_r(order, MO_N_PAGE_CLASSES, sizeof(order[0]), compare_classes, (void *)balance->pages);
	for (unsigned i = 0; i < MO_N_PAGE_CLASSES; i++) {
		unsigned class = order[i];
		const struct mo_page_class_info *info = &page_class_infos[class];

		if (balance->pages[class] || mo_run_flag(run, "all"))
			write_row(run, report, balance, info->name, balance->pages[class], total,
				  balance->excluded ? mo_cell_number(mo_exact(balance->excluded[class]))
						    : mo_cell_unknown(),
				  info->help);
	}
	write_row(run, report, balance, "total", total, total, mo_cell_number(mo_exact(total_excluded)),
		  "all page frames that have a struct page");
}

static void show_all(struct mo_run *run, struct mo_report *report, const struct mo_mem_map_model *model)
{
	const struct balance balance = { .pages = model->pages, .excluded = model->excluded };

	mo_report_table_begin(report, &usage_table);
	write_balance(run, report, &balance);
	mo_report_table_end(report);
}

/* Page frames of no zone: struct pages of a section that memory fills only in part. They complete the sum. */
static void write_outside(struct mo_run *run, struct mo_report *report, const struct mem_map_state *state,
			  const char *zone)
{
	const struct balance balance = { .pages = state->model.zones[state->model.n_zones - 1].pages, .has_node = true,
					 .node_id = mo_unknown(), .zone = zone };

	write_balance(run, report, &balance);
}

static void show_by_zone(struct mo_run *run, struct mo_report *report, const struct mem_map_state *state)
{
	mo_report_table_begin(report, &usage_by_zone_table);
	for (size_t i = 0; i + 1 < state->model.n_zones; i++) {
		const struct mo_zone *zone = &state->zones->zones[i];
		const struct balance balance = { .pages = state->model.zones[i].pages, .has_node = true,
						 .node_id = mo_exact(zone->node_id), .zone = zone->name };

		write_balance(run, report, &balance);
	}
	write_outside(run, report, state, "(none)");
	mo_report_table_end(report);
}

static void show_by_node(struct mo_run *run, struct mo_report *report, const struct mem_map_state *state)
{
	mo_report_table_begin(report, &usage_by_node_table);
	for (size_t i = 0; state->zones && i < state->zones->n_nodes; i++) {
		const struct mo_node *node = &state->zones->nodes[i];
		uint64_t pages[MO_N_PAGE_CLASSES] = { 0 };
		const struct balance balance = { .pages = pages, .has_node = true, .node_id = mo_exact(node->node_id) };

		for (size_t zone = node->first_zone; zone < node->first_zone + node->n_zones; zone++)
			for (unsigned class = 0; class < MO_N_PAGE_CLASSES; class++)
				pages[class] += state->model.zones[zone].pages[class];
		write_balance(run, report, &balance);
	}
	write_outside(run, report, state, NULL);
	mo_report_table_end(report);
}

static void note_unclaimed(struct mo_report *report, const struct mem_map_state *state)
{
	if (state->model.pages[MO_PAGE_DIRECT])
		mo_report_note(report, "Not distinguished, and therefore counted as \"direct\": %spage_ext%s%s.",
			       state->vmap ? "" : "kernel stacks, vmalloc, per-CPU chunks, ",
			       state->shape->types[MO_PAGE_TYPE_LARGE_KMALLOC].mask ?
				       "" : "; large kmalloc, which this kernel does not mark",
			       state->free_areas ? "" : "; free pages on per-CPU lists");
}

struct mo_error *show_usage(struct mo_run *run, struct mo_report *report)
{
	const struct mem_map_state *state = mo_run_model(run);
	bool by_node = mo_run_flag(run, "by-node");
	bool by_zone = mo_run_flag(run, "by-zone");

	if ((by_node || by_zone) && !state->zones)
		return mo_error_create(MO_E_ABSENT, "nodes and zones are unknown");
	if (by_zone)
		show_by_zone(run, report, state);
	else if (by_node)
		show_by_node(run, report, state);
	else
		show_all(run, report, &state->model);
	note_unclaimed(report, state);
	if (state->zones) {
		struct mo_error *error = show_checks(run, report, by_node);

		if (error)
			return error;
	}
	mo_run_show_findings(run, report);
	return NULL;
}
