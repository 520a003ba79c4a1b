/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* `memopsy pagetables --differences`: page tables that were found and are not marked, and marked ones that no walk found. */
#include "views.h"

enum { COLUMN_PFN, COLUMN_LEVEL, COLUMN_PID, COLUMN_OWNER, COLUMN_CLASS, N_COLUMNS };

static const struct mo_column columns[N_COLUMNS] = {
	[COLUMN_PFN] = { .key = "pfn", .heading = "PFN", .kind = MO_CELL_PFN, .help = "page frame" },
	[COLUMN_LEVEL] = { .key = "level", .heading = "LEVEL", .kind = MO_CELL_TEXT,
			   .help = "of the table; unknown: not reached by any walk" },
	[COLUMN_PID] = { .key = "pid", .heading = "PID", .kind = MO_CELL_SIGNED, .help = "whose it is" },
	[COLUMN_OWNER] = { .key = "comm", .heading = "COMMAND", .kind = MO_CELL_TEXT, .help = "its name" },
	[COLUMN_CLASS] = { .key = "class", .heading = "CLASS", .kind = MO_CELL_TEXT, .help = "class, as in usage" },
};

const struct mo_table_spec table_differences_table = {
	.name = "page_table_differences",
	.title = "Page tables found or marked, but not both",
	.help = "Found by walking but not marked, then marked but not found.",
	.columns = columns,
	.n_columns = N_COLUMNS,
	.flags = MO_TABLE_NO_TITLE,
};

uint64_t for_each_stray(const struct mo_page_tables_model *model, const struct mo_mem_map_model *mem_map,
			void (*take)(void *context, uint64_t pfn), void *context)
{
	uint64_t n = 0;

	for (size_t run = 0; run < mem_map->n_runs; run++) {
		const struct mo_page_run *pages = &mem_map->runs[run];

		for (uint64_t i = 0; i < pages->n_pages; i++) {
			if (pages->classes[i] != MO_PAGE_PAGE_TABLE || mo_page_table_at(model, pages->first_pfn + i))
				continue;
			n++;
			if (take)
				take(context, pages->first_pfn + i);
		}
	}
	return n;
}

static void write_stray(void *context, uint64_t pfn)
{
	const struct mo_cell cells[N_COLUMNS] = {
		[COLUMN_PFN] = mo_cell_number(mo_exact(pfn)),
		[COLUMN_LEVEL] = mo_cell_unknown(),
		[COLUMN_PID] = mo_cell_unknown(),
		[COLUMN_OWNER] = mo_cell_unknown(),
		[COLUMN_CLASS] = mo_cell_text("page-table"),
	};

	mo_report_row(context, cells);
}

struct mo_error *show_differences(struct mo_run *run, struct mo_report *report)
{
	const struct mo_page_tables_model *model = mo_run_model(run);
	const struct mo_mem_map_model *mem_map = mo_run_model_of(run, MO_MEM_MAP_MODEL);

	if (!mem_map)
		return mo_error_create(MO_E_ABSENT, "the memory map could not be read: which pages are marked is unknown");
	mo_report_table_begin(report, &table_differences_table);
	for (size_t i = 0; i < model->n_tables; i++) {
		const struct mo_page_table *table = &model->tables[i];
		const struct mo_table_owner *owner = &model->owners[table->owner];
		enum mo_page_class page_class = mo_page_class_of(mem_map, table->pfn);
		const struct mo_cell cells[N_COLUMNS] = {
			[COLUMN_PFN] = mo_cell_number(mo_exact(table->pfn)),
			[COLUMN_LEVEL] = mo_cell_text(model->level_names[table->height]),
			[COLUMN_PID] = owner->pid ? mo_cell_signed(owner->pid) : mo_cell_unknown(),
			[COLUMN_OWNER] = mo_cell_text(owner->comm),
			[COLUMN_CLASS] = mo_cell_text(mem_map->classes[page_class].name),
		};

		if (page_class != MO_PAGE_PAGE_TABLE)
			mo_report_row(report, cells);
	}
	for_each_stray(model, mem_map, write_stray, report);
	mo_report_table_end(report);
	return NULL;
}
