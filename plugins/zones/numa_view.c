/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * `memopsy numa`: node_read_meminfo() (drivers/base/node.c) for every node, byte for byte: what
 * /sys/devices/system/node/nodeN/meminfo printed.
 */
#include "gathering.h"

#include <string.h>

enum { COLUMN_NODE, COLUMN_FIELD, COLUMN_VALUE, COLUMN_UNIT, N_COLUMNS };

static const struct mo_column columns[N_COLUMNS] = {
	[COLUMN_NODE] = { .key = "node", .heading = "NODE", .kind = MO_CELL_COUNT, .help = "the NUMA node" },
	[COLUMN_FIELD] = { .key = "field", .heading = "FIELD", .kind = MO_CELL_TEXT, .help = "the field's name" },
	[COLUMN_VALUE] = { .key = "value", .heading = "VALUE", .kind = MO_CELL_COUNT,
			   .help = "its value, in the unit beside it" },
	[COLUMN_UNIT] = { .key = "unit", .heading = "UNIT", .kind = MO_CELL_TEXT,
			  .help = "kB (1,024 bytes), or nothing for a number of huge pages" },
};

/* Labels are padded to 16, those of huge pages to 17. */
static void put_line(const struct mo_cell *cells, bool is_narrow, struct mo_line *line)
{
	const char *field = cells[COLUMN_FIELD].as.text.bytes;
	const char *unit = cells[COLUMN_UNIT].as.text.bytes;
	char label[64];
	int width = *unit ? 16 : 17;

	/* Two labels lacked a blank until 6.5 or so: the kernel's own words tell. */
	if (is_narrow && (!strcmp(field, "FileHugePages") || !strcmp(field, "FilePmdMapped")))
		width = 15;
	snprintf(label, sizeof(label), "%s:", field);
	mo_line_printf(line, "Node %s %-*s%*s%s%s\n", digits_of(&cells[COLUMN_NODE]).text, width, label, *unit ? 8 : 5,
		       digits_of(&cells[COLUMN_VALUE]).text, *unit ? " " : "", unit);
}

static void even_line(const struct mo_cell *cells, struct mo_line *line)
{
	put_line(cells, false, line);
}

static void uneven_line(const struct mo_cell *cells, struct mo_line *line)
{
	put_line(cells, true, line);
}

const struct mo_table_spec numa_table = {
	.name = "numa",
	.title = "Memory of each node, as its meminfo in /sys printed it",
	.help = "What /sys/devices/system/node/node*/meminfo would have printed at the moment of the dump.",
	.columns = columns,
	.n_columns = N_COLUMNS,
	.flags = MO_TABLE_NO_TITLE,
	.line = even_line,
};

struct rows {
	struct mo_report *report;
	const struct zones_state *state;
	const struct mo_node *node;
	bool is_exact;
};

static void put(const struct rows *rows, const char *field, struct mo_count value, const char *unit)
{
	const struct mo_cell cells[N_COLUMNS] = {
		[COLUMN_NODE] = mo_cell_number(mo_exact(rows->node->node_id)),
		[COLUMN_FIELD] = mo_cell_text(field),
		[COLUMN_VALUE] = mo_cell_number(value),
		[COLUMN_UNIT] = mo_cell_text(unit),
	};

	mo_report_row(rows->report, cells);
}

static void put_pages(const struct rows *rows, const char *field, struct mo_count pages)
{
	pages.value <<= mo_kernel_facts(mo_run_kernel(rows->state->run))->page_shift - 10;
	put(rows, field, pages, "kB");
}

static struct mo_count pick(const struct rows *rows, const struct mo_vm_counter *counters, size_t n_items,
			    const struct mo_constant *item)
{
	if (!mo_has(item) || item->value < 0 || (uint64_t)item->value >= n_items)
		return mo_unknown();
	return rows->is_exact ? counters[item->value].exact : counters[item->value].printed;
}

static struct mo_count node_item(const struct rows *rows, enum node_item item)
{
	return pick(rows, rows->node->counters, rows->state->model.n_node_items, &rows->state->layout->node_items[item]);
}

/* sum_zone_node_page_state() */
static struct mo_count zone_sum(const struct rows *rows, const struct mo_constant *item)
{
	const struct mo_zone *zones = rows->state->model.zones + rows->node->first_zone;
	struct mo_count sum = mo_exact(0);

	for (size_t i = 0; i < rows->node->n_zones; i++)
		sum = mo_count_add(sum, pick(rows, zones[i].counters, rows->state->model.n_zone_items, item));
	return sum;
}

static struct mo_count managed_pages(const struct rows *rows)
{
	const struct mo_zone *zones = rows->state->model.zones + rows->node->first_zone;
	struct mo_count sum = mo_exact(0);

	for (size_t i = 0; i < rows->node->n_zones; i++)
		sum = mo_count_add(sum, zones[i].managed_pages);
	return sum;
}

static struct mo_count difference(struct mo_count a, struct mo_count b)
{
	if (a.certainty != MO_EXACT || b.certainty != MO_EXACT)
		return mo_unknown();
	return mo_exact(a.value - b.value);
}

static void put_item(const struct rows *rows, const char *field, enum node_item item)
{
	put_pages(rows, field, node_item(rows, item));
}

/* A line that only kernels with the counter print. */
static void put_optional(const struct rows *rows, const char *field, enum node_item item)
{
	if (mo_has(&rows->state->layout->node_items[item]))
		put_item(rows, field, item);
}

static void put_sum(const struct rows *rows, const char *field, enum node_item a, enum node_item b)
{
	put_pages(rows, field, mo_count_add(node_item(rows, a), node_item(rows, b)));
}

static void put_lists(const struct rows *rows)
{
	struct mo_count total = managed_pages(rows);
	struct mo_count free = zone_sum(rows, &rows->state->layout->zone_items[AT_NR_FREE_PAGES]);

	put_pages(rows, "MemTotal", total);
	put_pages(rows, "MemFree", free);
	put_pages(rows, "MemUsed", difference(total, free));
	put_optional(rows, "SwapCached", AT_NR_SWAPCACHE);
	put_sum(rows, "Active", AT_NR_ACTIVE_ANON, AT_NR_ACTIVE_FILE);
	put_sum(rows, "Inactive", AT_NR_INACTIVE_ANON, AT_NR_INACTIVE_FILE);
	put_item(rows, "Active(anon)", AT_NR_ACTIVE_ANON);
	put_item(rows, "Inactive(anon)", AT_NR_INACTIVE_ANON);
	put_item(rows, "Active(file)", AT_NR_ACTIVE_FILE);
	put_item(rows, "Inactive(file)", AT_NR_INACTIVE_FILE);
	put_item(rows, "Unevictable", AT_NR_UNEVICTABLE);
	put_pages(rows, "Mlocked", zone_sum(rows, &rows->state->layout->zone_items[AT_NR_MLOCK]));
}

static void put_use(const struct rows *rows)
{
	const struct zones_layout *layout = rows->state->layout;
	const struct mo_constant *bounce = &layout->zone_items[AT_NR_BOUNCE];
	const struct mo_constant *temporary = &layout->node_items[AT_NR_WRITEBACK_TEMP];

	put_item(rows, "Dirty", AT_NR_FILE_DIRTY);
	put_item(rows, "Writeback", AT_NR_WRITEBACK);
	put_item(rows, "FilePages", AT_NR_FILE_PAGES);
	put_item(rows, "Mapped", AT_NR_FILE_MAPPED);
	put_item(rows, "AnonPages", AT_NR_ANON_MAPPED);
	put_item(rows, "Shmem", AT_NR_SHMEM);
	put(rows, "KernelStack", node_item(rows, AT_NR_KERNEL_STACK_KB), "kB");
	if (mo_has(&layout->node_items[AT_NR_KERNEL_SCS_KB]))
		put(rows, "ShadowCallStack", node_item(rows, AT_NR_KERNEL_SCS_KB), "kB");
	put_pages(rows, "PageTables",
		  mo_has(&layout->pagetable_of_node) ?
			  pick(rows, rows->node->counters, rows->state->model.n_node_items, &layout->pagetable_of_node) :
			  zone_sum(rows, &layout->pagetable_of_zone));
	put_optional(rows, "SecPageTables", AT_NR_SECONDARY_PAGETABLE);
	/* 0 where the counter is gone: the kernel still prints the line. */
	put_pages(rows, "NFS_Unstable", mo_exact(0));
	put_pages(rows, "Bounce", mo_has(bounce) ? zone_sum(rows, bounce) : mo_exact(0));
	put_pages(rows, "WritebackTmp", mo_has(temporary) ? node_item(rows, AT_NR_WRITEBACK_TEMP) : mo_exact(0));
	put_sum(rows, "KReclaimable", AT_NR_SLAB_RECLAIMABLE_B, AT_NR_KERNEL_MISC_RECLAIMABLE);
	put_sum(rows, "Slab", AT_NR_SLAB_RECLAIMABLE_B, AT_NR_SLAB_UNRECLAIMABLE_B);
	put_item(rows, "SReclaimable", AT_NR_SLAB_RECLAIMABLE_B);
	put_item(rows, "SUnreclaim", AT_NR_SLAB_UNRECLAIMABLE_B);
}

static void put_huge_item(const struct rows *rows, const char *field, enum node_item item)
{
	struct mo_count pages = node_item(rows, item);

	if (counts_huge_pages(rows->state->layout))
		pages.value <<= huge_page_shift(rows->state);
	put_pages(rows, field, pages);
}

static void put_special(const struct rows *rows)
{
	const struct zones_layout *layout = rows->state->layout;

	if (mo_has(&layout->thp_flags)) {
		put_huge_item(rows, "AnonHugePages", AT_NR_ANON_THPS);
		put_huge_item(rows, "ShmemHugePages", AT_NR_SHMEM_THPS);
		put_huge_item(rows, "ShmemPmdMapped", AT_NR_SHMEM_PMDMAPPED);
		put_huge_item(rows, "FileHugePages", AT_NR_FILE_THPS);
		put_huge_item(rows, "FilePmdMapped", AT_NR_FILE_PMDMAPPED);
	}
	if (mo_has(&layout->zone_items[AT_NR_UNACCEPTED]))
		put_pages(rows, "Unaccepted", zone_sum(rows, &layout->zone_items[AT_NR_UNACCEPTED]));
	put_optional(rows, "Balloon", AT_NR_BALLOON_PAGES);
	put_optional(rows, "GPUActive", AT_NR_GPU_ACTIVE);
	put_optional(rows, "GPUReclaim", AT_NR_GPU_RECLAIM);
}

/* hugetlb_report_node_meminfo() (mm/hugetlb.c): of the default size alone. */
static void put_hugetlb(const struct rows *rows)
{
	const struct zones_layout *layout = rows->state->layout;
	const struct {
		const char *label;
		const struct mo_field *field;
	} lines[] = {
		{ "HugePages_Total", &layout->hugetlb.nr_of_node },
		{ "HugePages_Free", &layout->hugetlb.free_of_node },
		{ "HugePages_Surp", &layout->hugetlb.surplus_of_node },
	};
	struct mo_count index = read_int(rows->state, &layout->hugetlb.default_index);

	if (!mo_has(&layout->hugetlb.states) || !mo_has(&layout->hugetlb.size))
		return;
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		const struct mo_field *field = lines[i].field;
		struct mo_error *error = NULL;
		uint64_t value = 0;
		bool is_there = index.certainty == MO_EXACT && index.value < 16 && mo_has(field) && field->width_bytes &&
				rows->node->node_id < field->n_elements;

		if (is_there)
			error = mo_read_element(rows->state->reader, field,
						layout->hugetlb.states.kva + index.value * layout->hugetlb.size.bytes,
						rows->node->node_id, &value);
		put(rows, lines[i].label, is_there && !error ? mo_exact(value) : mo_unknown(), "");
		if (error)
			zones_unreadable(rows->state, field->name, error);
	}
}

struct mo_error *show_numa(struct mo_run *run, struct mo_report *report)
{
	const struct mo_zones_model *zones = mo_run_model(run);
	struct mo_table_spec table = numa_table;
	struct kernel_words words = { .beginnings = { "Node %d FileHugePages:" } };
	struct zones_state state;

	zones_view_state(run, &state);
	find_kernel_words(&state, &words);
	if (*words.found[0] ? strstr(words.found[0], " FileHugePages: %8lu") != NULL :
			      !mo_has(&state.layout->zone_items[AT_NR_UNACCEPTED]))
		table.line = uneven_line;
	mo_report_table_begin(report, &table);
	for (size_t i = 0; i < zones->n_nodes; i++) {
		const struct rows rows = { .report = report, .state = &state, .node = &zones->nodes[i],
					   .is_exact = mo_run_flag(run, "exact") };

		put_lists(&rows);
		put_use(&rows);
		put_special(&rows);
		put_hugetlb(&rows);
	}
	mo_report_table_end(report);
	mo_run_show_findings(run, report);
	return NULL;
}
