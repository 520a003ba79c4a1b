/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* `memopsy pagetables`: page tables by level, against what the kernel counts and marks, and whose they are. */
#include "views.h"

#include <stdlib.h>
#include <string.h>

enum { LEVEL_NAME, LEVEL_PROCESSES, LEVEL_KERNEL, LEVEL_MARKED, LEVEL_DIRECT, LEVEL_RESERVED, LEVEL_IMAGE, LEVEL_OTHER,
       N_LEVEL_COLUMNS };

static const struct mo_column level_columns[N_LEVEL_COLUMNS] = {
	[LEVEL_NAME] = { .key = "level", .heading = "LEVEL", .kind = MO_CELL_TEXT,
			 .help = "of the tables, top level first; all other columns are numbers of pages" },
	[LEVEL_PROCESSES] = { .key = "processes_pages", .heading = "PROCESSES", .kind = MO_CELL_COUNT,
			      .help = "page tables of processes" },
	[LEVEL_KERNEL] = { .key = "kernel_pages", .heading = "KERNEL", .kind = MO_CELL_COUNT,
			   .help = "page tables of the kernel's own address space" },
	[LEVEL_MARKED] = { .key = "marked_pages", .heading = "MARKED", .kind = MO_CELL_COUNT,
			   .help = "of both: pages that struct page marks as page tables (PageTable)" },
	[LEVEL_DIRECT] = { .key = "direct_pages", .heading = "UNMARKED", .kind = MO_CELL_COUNT,
			   .help = "of both: allocated pages that struct page does not mark" },
	[LEVEL_RESERVED] = { .key = "reserved_pages", .heading = "BOOT", .kind = MO_CELL_COUNT,
			     .help = "of both: reserved pages, allocated at boot by memblock" },
	[LEVEL_IMAGE] = { .key = "image_pages", .heading = "KERNEL IMAGE", .kind = MO_CELL_COUNT,
			  .help = "of both: pages within the kernel image" },
	[LEVEL_OTHER] = { .key = "other_pages", .heading = "OTHER CLASS", .kind = MO_CELL_COUNT,
			  .help = "of both: pages that usage counts in another class" },
};

const struct mo_table_spec table_levels_table = {
	.name = "page_table_levels",
	.title = "Page tables by level (pages)",
	.help = "Pages found by walking all page tables, and how the memory map classifies them.",
	.columns = level_columns,
	.n_columns = N_LEVEL_COLUMNS,
	.flags = MO_TABLE_NO_TITLE,
};

enum { SUM_PROCESSES, SUM_KERNEL, SUM_DEPOSITED, SUM_MARKED, SUM_UNMARKED, SUM_STRAY, SUM_COUNTED, N_SUMS };

static const struct mo_column sum_columns[N_SUMS] = {
	[SUM_PROCESSES] = { .key = "processes_bytes", .heading = "Process page tables", .kind = MO_CELL_BYTES,
			    .help = "all levels" },
	[SUM_KERNEL] = { .key = "kernel_bytes", .heading = "Kernel page tables", .kind = MO_CELL_BYTES, .help = "all levels" },
	[SUM_DEPOSITED] = { .key = "deposited_bytes", .heading = "Deposited behind huge pages", .kind = MO_CELL_BYTES,
			    .help = "of these: PTE tables for the split of huge pages" },
	[SUM_MARKED] = { .key = "marked_bytes", .heading = "Found and marked", .kind = MO_CELL_BYTES,
			 .help = "found by walking, and marked in the memory map" },
	[SUM_UNMARKED] = { .key = "unmarked_bytes", .heading = "Found, not marked", .kind = MO_CELL_BYTES,
			   .help = "the kernel does not mark its own lower tables, nor top tables, before 6.16" },
	[SUM_STRAY] = { .key = "stray_bytes", .heading = "Marked, not found", .kind = MO_CELL_BYTES,
			.help = "not reached by any walk: being freed, or leaked" },
	[SUM_COUNTED] = { .key = "counted_bytes", .heading = "Kernel counter", .kind = MO_CELL_BYTES,
			  .help = "PageTables of /proc/meminfo (NR_PAGETABLE)" },
};

const struct mo_table_spec table_sums_table = {
	.name = "page_table_sums",
	.title = "Found, marked, counted",
	.help = "Page tables found by walking, marked in struct page, and counted by the kernel.",
	.columns = sum_columns,
	.n_columns = N_SUMS,
	.flags = MO_TABLE_RECORD,
};

enum { OWNER_PID, OWNER_NAME, OWNER_PTE, OWNER_PMD, OWNER_PUD, OWNER_UPPER, OWNER_DEPOSITED, OWNER_SIZE, OWNER_COUNTED, OWNER_SHARED,
       OWNER_MM, N_OWNER_COLUMNS };

static const struct mo_column owner_columns[N_OWNER_COLUMNS] = {
	[OWNER_PID] = { .key = "pid", .heading = "PID", .kind = MO_CELL_SIGNED, .help = "the first task of the address space" },
	[OWNER_NAME] = { .key = "comm", .heading = "COMMAND", .kind = MO_CELL_TEXT, .help = "its name" },
	[OWNER_PTE] = { .key = "pte_pages", .heading = "PTE", .kind = MO_CELL_COUNT, .help = "PTE tables" },
	[OWNER_PMD] = { .key = "pmd_pages", .heading = "PMD", .kind = MO_CELL_COUNT, .help = "PMD tables" },
	[OWNER_PUD] = { .key = "pud_pages", .heading = "PUD", .kind = MO_CELL_COUNT, .help = "PUD tables" },
	[OWNER_UPPER] = { .key = "upper_pages", .heading = "UPPER", .kind = MO_CELL_COUNT,
			  .help = "tables of the levels above, which no mm counts" },
	[OWNER_DEPOSITED] = { .key = "deposited_pages", .heading = "DEPOSITED", .kind = MO_CELL_COUNT,
			 .help = "PTE tables deposited for the split of huge pages" },
	[OWNER_SIZE] = { .key = "size_bytes", .heading = "SIZE", .kind = MO_CELL_BYTES, .help = "of all these" },
	[OWNER_COUNTED] = { .key = "counted_bytes", .heading = "COUNTED", .kind = MO_CELL_BYTES,
			 .help = "what the mm counts (pgtables_bytes; VmPTE): all but the levels above" },
	[OWNER_SHARED] = { .key = "shared_pages", .heading = "SHARED", .kind = MO_CELL_COUNT, .flags = MO_COLUMN_HIDDEN,
			   .help = "of these, tables shared with another address space" },
	[OWNER_MM] = { .key = "mm_kva", .heading = "MM", .kind = MO_CELL_ADDRESS, .flags = MO_COLUMN_HIDDEN,
		       .help = "struct mm_struct" },
};

const struct mo_table_spec table_owners_table = {
	.name = "page_table_owners",
	.title = "Page tables by address space",
	.help = "Address spaces by the size of their page tables, largest first.",
	.columns = owner_columns,
	.n_columns = N_OWNER_COLUMNS,
};

const struct mo_option pagetables_options[N_PAGETABLES_OPTIONS] = {
	{ .name = "differences", .kind = MO_OPTION_FLAG, .help = "pages found but not marked, and marked but not found" },
};

#define REPORT_OWNERS 10

static unsigned class_column(enum mo_page_class page_class)
{
	switch (page_class) {
	case MO_PAGE_PAGE_TABLE:
		return LEVEL_MARKED;
	case MO_PAGE_DIRECT:
		return LEVEL_DIRECT;
	case MO_PAGE_RESERVED:
		return LEVEL_RESERVED;
	case MO_PAGE_KERNEL_TEXT:
	case MO_PAGE_KERNEL_DATA:
	case MO_PAGE_KERNEL_INIT:
		return LEVEL_IMAGE;
	default:
		return LEVEL_OTHER;
	}
}

static void write_levels(struct mo_report *report, const struct mo_page_tables_model *model,
			 const struct mo_mem_map_model *mem_map)
{
	uint64_t counts[MO_MAX_TABLE_LEVELS][N_LEVEL_COLUMNS] = { { 0 } };

	for (size_t i = 0; mem_map && i < model->n_tables; i++)
		counts[model->tables[i].height][class_column(mo_page_class_of(mem_map, model->tables[i].pfn))]++;
	mo_report_table_begin(report, &table_levels_table);
	for (unsigned height = model->n_levels; height-- > 0;) {
		struct mo_cell cells[N_LEVEL_COLUMNS];

		for (unsigned i = LEVEL_MARKED; i < N_LEVEL_COLUMNS; i++)
			cells[i] = mem_map ? mo_cell_number(mo_exact(counts[height][i])) : mo_cell_unknown();
		cells[LEVEL_NAME] = mo_cell_text(model->level_names[height]);
		cells[LEVEL_PROCESSES] = mo_cell_number(mo_exact(model->counts[height][0]));
		cells[LEVEL_KERNEL] = mo_cell_number(mo_exact(model->counts[height][1]));
		mo_report_row(report, cells);
	}
	mo_report_table_end(report);
}

static struct mo_cell pages_cell(const struct mo_page_tables_model *model, uint64_t n_pages, uint64_t page_bytes)
{
	return mo_cell_number(model->is_complete ? mo_exact(n_pages * page_bytes) : mo_at_least(n_pages * page_bytes));
}

static void write_sums(struct mo_run *run, struct mo_report *report, const struct mo_page_tables_model *model,
		       const struct mo_mem_map_model *mem_map)
{
	const struct mo_zones_model *zones = mo_run_model_of(run, MO_ZONES_MODEL);
	const struct mo_meminfo_line *line = zones ? mo_meminfo_find(zones, "PageTables") : NULL;
	uint64_t page_bytes = mo_kernel_facts(mo_run_kernel(run))->page_bytes;
	struct mo_cell cells[N_SUMS];
	struct mo_count counted = line ? line->value : mo_unknown();
	uint64_t pages[2] = { 0 };
	uint64_t n_marked = 0;
	uint64_t n_deposited = 0;

	for (unsigned height = 0; height < model->n_levels; height++)
		for (unsigned i = 0; i < 2; i++)
			pages[i] += model->counts[height][i];
	for (size_t i = 0; i < model->n_tables; i++) {
		n_deposited += model->tables[i].is_deposited;
		n_marked += mem_map && mo_page_class_of(mem_map, model->tables[i].pfn) == MO_PAGE_PAGE_TABLE;
	}
	counted.value *= 1024;
	cells[SUM_PROCESSES] = pages_cell(model, pages[0], page_bytes);
	cells[SUM_KERNEL] = pages_cell(model, pages[1], page_bytes);
	cells[SUM_DEPOSITED] = pages_cell(model, n_deposited, page_bytes);
	cells[SUM_MARKED] = mem_map ? pages_cell(model, n_marked, page_bytes) : mo_cell_unknown();
	cells[SUM_UNMARKED] = mem_map ? pages_cell(model, model->n_tables - n_marked, page_bytes) : mo_cell_unknown();
	cells[SUM_STRAY] = mem_map ? mo_cell_number(mo_exact(for_each_stray(model, mem_map, NULL, NULL) * page_bytes)) :
				     mo_cell_unknown();
	cells[SUM_COUNTED] = mo_cell_number(counted);
	mo_report_record(report, &table_sums_table, cells);
}

static uint64_t pages_of(const struct mo_table_owner *owner)
{
	uint64_t n = owner->deposited;

	for (unsigned i = 0; i < MO_MAX_TABLE_LEVELS; i++)
		n += owner->tables[i];
	return n;
}

static int compare_owners(const void *a, const void *b)
{
	const struct mo_table_owner *first = *(const struct mo_table_owner *const *)a;
	const struct mo_table_owner *second = *(const struct mo_table_owner *const *)b;
	uint64_t first_pages = pages_of(first);
	uint64_t second_pages = pages_of(second);

	if (first_pages != second_pages)
		return first_pages > second_pages ? -1 : 1;
	return first < second ? -1 : first > second;
}

static struct mo_count of_owner(const struct mo_table_owner *owner, uint64_t value)
{
	return owner->is_complete ? mo_exact(value) : mo_at_least(value);
}

static void write_owner(struct mo_report *report, const struct mo_table_owner *owner, uint64_t page_bytes)
{
	struct mo_count said = owner->counted_pages;
	struct mo_cell cells[N_OWNER_COLUMNS] = {
		[OWNER_PID] = owner->pid ? mo_cell_signed(owner->pid) : mo_cell_unknown(),
		[OWNER_NAME] = mo_cell_text(owner->comm),
		[OWNER_PTE] = mo_cell_number(of_owner(owner, owner->tables[0])),
		[OWNER_PMD] = mo_cell_number(of_owner(owner, owner->tables[1])),
		[OWNER_PUD] = mo_cell_number(of_owner(owner, owner->tables[2])),
		[OWNER_UPPER] = mo_cell_number(of_owner(owner, owner->tables[3] + owner->tables[4])),
		[OWNER_DEPOSITED] = mo_cell_number(of_owner(owner, owner->deposited)),
		[OWNER_SIZE] = mo_cell_number(of_owner(owner, pages_of(owner) * page_bytes)),
		[OWNER_SHARED] = mo_cell_number(mo_exact(owner->shared)),
		[OWNER_MM] = mo_cell_number(owner->mm_kva ? mo_exact(owner->mm_kva) : mo_unknown()),
	};

	said.value *= page_bytes;
	cells[OWNER_COUNTED] = mo_cell_number(said);
	mo_report_row(report, cells);
}

static struct mo_error *write_owners(struct mo_run *run, struct mo_report *report, const struct mo_page_tables_model *model)
{
	uint64_t page_bytes = mo_kernel_facts(mo_run_kernel(run))->page_bytes;
	const struct mo_table_owner **sorted = calloc(model->n_owners + 1, sizeof(*sorted));
	size_t most = mo_run_is_report(run) ? mo_run_report_rows(run, REPORT_OWNERS) : model->n_owners;
	size_t n = model->n_owners > most ? most : model->n_owners;

	if (!sorted)
		return mo_error_no_memory();
	for (size_t i = 0; i < model->n_owners; i++)
		sorted[i] = &model->owners[i];
	qsort(sorted, model->n_owners, sizeof(*sorted), compare_owners);
	mo_report_table_begin(report, &table_owners_table);
	for (size_t i = 0; i < n; i++)
		write_owner(report, sorted[i], page_bytes);
	mo_report_table_end(report);
	if (n < model->n_owners)
		mo_report_note(report, "The %zu largest of %zu address spaces.", n, model->n_owners);
	free(sorted);
	return NULL;
}

struct mo_error *show_pagetables(struct mo_run *run, struct mo_report *report)
{
	const struct mo_page_tables_model *model = mo_run_model(run);
	const struct mo_mem_map_model *mem_map = mo_run_model_of(run, MO_MEM_MAP_MODEL);

	if (mo_run_flag(run, "differences"))
		return show_differences(run, report);
	write_levels(report, model, mem_map);
	write_sums(run, report, model, mem_map);
	return write_owners(run, report, model);
}
