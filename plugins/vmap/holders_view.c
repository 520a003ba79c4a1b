/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* `memopsy vmallocinfo --by`, and the section of the report: who holds how much of vmalloc, largest first. */
#include "gathering.h"

#include <stdlib.h>
#include <string.h>

enum { COLUMN_HOLDER, COLUMN_MODULE, COLUMN_AREAS, COLUMN_PAGES, COLUMN_MAPPED, COLUMN_SIZE, COLUMN_IOREMAP, N_COLUMNS };

static const struct mo_column columns[N_COLUMNS] = {
	[COLUMN_HOLDER] = { .key = "holder", .heading = "HOLDER", .kind = MO_CELL_TEXT,
			    .help = "the calling function, or its module" },
	[COLUMN_MODULE] = { .key = "module", .heading = "MODULE", .kind = MO_CELL_TEXT, .flags = MO_COLUMN_HIDDEN,
			    .help = "the module; empty: the kernel itself" },
	[COLUMN_AREAS] = { .key = "areas", .heading = "AREAS", .kind = MO_CELL_COUNT, .help = "number of areas" },
	[COLUMN_PAGES] = { .key = "owned_bytes", .heading = "OWNED", .kind = MO_CELL_BYTES,
			   .help = "memory they own (vm_struct.nr_pages)" },
	[COLUMN_MAPPED] = { .key = "mapped_bytes", .heading = "MAPPED", .kind = MO_CELL_BYTES,
			    .help = "memory owned elsewhere that they map (vmap, vm_map_ram, ioremap), by page tables" },
	[COLUMN_SIZE] = { .key = "address_bytes", .heading = "ADDRESSES", .kind = MO_CELL_BYTES,
			  .help = "address space they take, guard pages included" },
	[COLUMN_IOREMAP] = { .key = "ioremap_bytes", .heading = "IOREMAP", .kind = MO_CELL_BYTES,
			     .help = "of this, address space that maps devices" },
};

const struct mo_table_spec vmalloc_holders_table = {
	.name = "vmalloc_holders",
	.title = "vmalloc by caller",
	.help = "Areas by calling function or module, largest first.",
	.columns = columns,
	.n_columns = N_COLUMNS,
	.flags = MO_TABLE_NO_TITLE,
};

enum { OWNED_VMALLOC, OWNED_STACK, OWNED_IDLE, OWNED_PERCPU, N_OWNED_COLUMNS };

static const struct mo_column owned_columns[N_OWNED_COLUMNS] = {
	[OWNED_VMALLOC] = { .key = "vmalloc_bytes", .heading = "vmalloc memory", .kind = MO_CELL_BYTES,
			    .help = "without kernel stacks; VmallocUsed of /proc/meminfo is both, where stacks are in vmalloc" },
	[OWNED_STACK] = { .key = "kernel_stack_bytes", .heading = "Kernel stacks", .kind = MO_CELL_BYTES,
			  .help = "stacks of tasks; KernelStack of /proc/meminfo excludes those without a task" },
	[OWNED_IDLE] = { .key = "idle_stack_bytes", .heading = "Stacks without a task", .kind = MO_CELL_BYTES,
			   .help = "of these: cached for new tasks (cached_stacks), or about to be freed" },
	[OWNED_PERCPU] = { .key = "percpu_bytes", .heading = "Per-CPU chunks", .kind = MO_CELL_BYTES,
			   .help = "memory of the per-CPU allocator (Percpu)" },
};

const struct mo_table_spec vmalloc_owned_table = {
	.name = "vmalloc_owned",
	.title = "Memory behind kernel addresses",
	.help = "Page frames of vmalloc, kernel stacks and the per-CPU allocator, counted one by one.",
	.columns = owned_columns,
	.n_columns = N_OWNED_COLUMNS,
	.flags = MO_TABLE_RECORD,
};

#define REPORT_ROWS 10

struct holder {
	const char *name;   /* NULL: not known */
	const char *module; /* "": the kernel itself */
	uint64_t n_areas, n_pages, n_mapped, n_bytes, ioremap_bytes;
};

static struct holder holder_of(const struct mo_vmap_area *area, bool by_module)
{
	struct holder holder = {
		.name = area->caller_name ? area->caller_name : area->caller,
		.module = area->caller_module ? area->caller_module : "",
		.n_areas = 1,
		.n_pages = area->n_pages,
		.n_mapped = area->n_mapped_memory_pages,
		.n_bytes = area->end_kva - area->first_kva,
		.ioremap_bytes = area->flags & MO_VM_IOREMAP ? area->end_kva - area->first_kva : 0,
	};

	if (area->state == MO_VMAP_RAM)
		holder.name = "(vm_map_ram)";
	else if (area->state == MO_VMAP_LAZY)
		holder.name = "(freed, not purged)";
	else if (by_module)
		holder.name = area->caller_module ? area->caller_module : area->caller_name ? "(kernel)" : NULL;
	if (area->state != MO_VMAP_BUSY)
		holder.module = "";
	return holder;
}

static int compare_names(const void *a, const void *b)
{
	const struct holder *first = a;
	const struct holder *second = b;
	int order;

	if (!first->name || !second->name)
		return !second->name - !first->name;
	order = strcmp(first->name, second->name);
	return order ? order : strcmp(first->module, second->module);
}

static int compare_sizes(const void *a, const void *b)
{
	const struct holder *first = a;
	const struct holder *second = b;

	if (first->n_pages != second->n_pages)
		return first->n_pages > second->n_pages ? -1 : 1;
	if (first->n_mapped != second->n_mapped)
		return first->n_mapped > second->n_mapped ? -1 : 1;
	if (first->n_bytes != second->n_bytes)
		return first->n_bytes > second->n_bytes ? -1 : 1;
	return compare_names(a, b);
}

static uint64_t add(uint64_t a, uint64_t b)
{
	return a + b < a ? UINT64_MAX : a + b;
}

/* Joins neighbours of one name; returns how many remain. */
static size_t join(struct holder *holders, size_t n_holders)
{
	size_t n = 0;

	for (size_t i = 0; i < n_holders; i++) {
		if (!n || compare_names(&holders[n - 1], &holders[i])) {
			holders[n++] = holders[i];
			continue;
		}
		holders[n - 1].n_areas++;
		holders[n - 1].n_pages = add(holders[n - 1].n_pages, holders[i].n_pages);
		holders[n - 1].n_mapped = add(holders[n - 1].n_mapped, holders[i].n_mapped);
		holders[n - 1].n_bytes = add(holders[n - 1].n_bytes, holders[i].n_bytes);
		holders[n - 1].ioremap_bytes = add(holders[n - 1].ioremap_bytes, holders[i].ioremap_bytes);
	}
	return n;
}

static void write_row(struct mo_report *report, const struct holder *holder, uint64_t page_bytes)
{
	struct mo_count owned = holder->n_pages <= UINT64_MAX / page_bytes ? mo_exact(holder->n_pages * page_bytes) :
									     mo_unknown();
	const struct mo_cell cells[N_COLUMNS] = {
		[COLUMN_HOLDER] = mo_cell_text(holder->name),
		[COLUMN_MODULE] = mo_cell_text(holder->module),
		[COLUMN_AREAS] = mo_cell_number(mo_exact(holder->n_areas)),
		[COLUMN_PAGES] = mo_cell_number(owned),
		[COLUMN_MAPPED] = mo_cell_number(mo_exact(holder->n_mapped * page_bytes)),
		[COLUMN_SIZE] = mo_cell_number(mo_exact(holder->n_bytes)),
		[COLUMN_IOREMAP] = mo_cell_number(mo_exact(holder->ioremap_bytes)),
	};

	mo_report_row(report, cells);
}

static struct mo_cell bytes_cell(const struct mo_vmap_model *vmap, uint64_t n_pages, uint64_t page_bytes)
{
	return mo_cell_number(vmap->is_complete ? mo_exact(n_pages * page_bytes) : mo_at_least(n_pages * page_bytes));
}

static void write_owned(struct mo_report *report, const struct mo_vmap_model *vmap, uint64_t page_bytes)
{
	const struct mo_cell cells[N_OWNED_COLUMNS] = {
		[OWNED_VMALLOC] = bytes_cell(vmap, vmap->owned_pages[MO_OWNED_VMALLOC], page_bytes),
		[OWNED_STACK] = bytes_cell(vmap, vmap->owned_pages[MO_OWNED_KERNEL_STACK], page_bytes),
		[OWNED_IDLE] = bytes_cell(vmap, vmap->idle_stack_pages, page_bytes),
		[OWNED_PERCPU] = bytes_cell(vmap, vmap->owned_pages[MO_OWNED_PERCPU], page_bytes),
	};

	mo_report_record(report, &vmalloc_owned_table, cells);
}

struct mo_error *show_holders(struct mo_run *run, struct mo_report *report, bool by_module)
{
	const struct mo_vmap_model *vmap = mo_run_model(run);
	uint64_t page_bytes = mo_kernel_facts(mo_run_kernel(run))->page_bytes;
	struct holder *holders = calloc(vmap->n_areas + 1, sizeof(*holders));
	size_t n_holders;
	size_t n_shown;
	size_t most;

	if (!holders)
		return mo_error_no_memory();
	for (size_t i = 0; i < vmap->n_areas; i++)
		holders[i] = holder_of(&vmap->areas[i], by_module);
	qsort(holders, vmap->n_areas, sizeof(*holders), compare_names);
	n_holders = join(holders, vmap->n_areas);
	qsort(holders, n_holders, sizeof(*holders), compare_sizes);
	most = mo_run_is_report(run) ? mo_run_report_rows(run, REPORT_ROWS) : n_holders;
	n_shown = n_holders > most ? most : n_holders;
	mo_report_table_begin(report, &vmalloc_holders_table);
	for (size_t i = 0; i < n_shown; i++)
		write_row(report, &holders[i], page_bytes);
	mo_report_table_end(report);
	if (mo_run_is_report(run))
		mo_report_note(report, "The %zu largest of %zu callers; %zu areas in all.", n_shown, n_holders, vmap->n_areas);
	write_owned(report, vmap, page_bytes);
	free(holders);
	return NULL;
}
