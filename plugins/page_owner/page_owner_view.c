/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* `memopsy page_owner`: who took pages, by stack and order; or block by block. */
#include "gathering.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { COLUMN_BYTES, COLUMN_BLOCKS, COLUMN_ORDER, COLUMN_CALLER, COLUMN_MODULE, COLUMN_EXAMPLE, COLUMN_PAGES, COLUMN_GFP,
       COLUMN_OLDEST, COLUMN_NEWEST, COLUMN_HANDLE, COLUMN_STACK, N_COLUMNS };

#define HIDDEN .flags = MO_COLUMN_HIDDEN

static const struct mo_column columns[N_COLUMNS] = {
	[COLUMN_BYTES] = { .key = "bytes", .heading = "MEMORY", .kind = MO_CELL_BYTES, .help = "size of these pages" },
	[COLUMN_BLOCKS] = { .key = "blocks", .heading = "BLOCKS", .kind = MO_CELL_COUNT,
			    .help = "allocations not freed; of those freed in part, the first block" },
	[COLUMN_ORDER] = { .key = "order", .heading = "ORDER", .kind = MO_CELL_COUNT, .help = "of each (page_owner.order)" },
	[COLUMN_CALLER] = { .key = "caller", .heading = "CALLER", .kind = MO_CELL_TEXT, .flags = MO_COLUMN_TRUNCATE,
			    .help = "the first function of the stack outside the allocators" },
	[COLUMN_MODULE] = { .key = "module", .heading = "MODULE", .kind = MO_CELL_TEXT,
			    .help = "its module; empty: the kernel itself" },
	[COLUMN_EXAMPLE] = { .key = "example_pfn", .heading = "EXAMPLE", .kind = MO_CELL_PFN, .help = "the lowest of the page frames" },
	[COLUMN_PAGES] = { .key = "pages", .heading = "PAGES", .kind = MO_CELL_COUNT, HIDDEN, .help = "page frames" },
	[COLUMN_GFP] = { .key = "gfp_mask", .heading = "GFP", .kind = MO_CELL_FLAGS, HIDDEN,
			 .help = "page_owner.gfp_mask; ?: not the same for all" },
	[COLUMN_OLDEST] = { .key = "oldest", .heading = "OLDEST", .kind = MO_CELL_SECONDS, HIDDEN,
			    .help = "time of the first allocation, since boot (page_owner.ts_nsec)" },
	[COLUMN_NEWEST] = { .key = "newest", .heading = "NEWEST", .kind = MO_CELL_SECONDS, HIDDEN,
			    .help = "time of the last allocation" },
	[COLUMN_HANDLE] = { .key = "handle", .heading = "HANDLE", .kind = MO_CELL_FLAGS, HIDDEN,
			    .help = "of the stack (page_owner.handle)" },
	[COLUMN_STACK] = { .key = "stack", .heading = "STACK", .kind = MO_CELL_TEXT, .flags = MO_COLUMN_HIDDEN | MO_COLUMN_WRAP,
			   .help = "innermost frame first, with \" < \" between" },
};

const struct mo_table_spec page_owner_table = {
	.name = "page_owner",
	.title = "Pages by allocation stack",
	.help = "Allocated pages by the order and stack that page_owner recorded.",
	.columns = columns,
	.n_columns = N_COLUMNS,
};

enum { BLOCK_PFN, BLOCK_ORDER, BLOCK_CALLER, BLOCK_MODULE, BLOCK_PID, BLOCK_COMM, BLOCK_TIME, BLOCK_TGID, BLOCK_GFP,
       BLOCK_HANDLE, N_BLOCK_COLUMNS };

static const struct mo_column block_columns[N_BLOCK_COLUMNS] = {
	[BLOCK_PFN] = { .key = "pfn", .heading = "PFN", .kind = MO_CELL_PFN, .help = "the first page frame" },
	[BLOCK_ORDER] = { .key = "order", .heading = "ORDER", .kind = MO_CELL_COUNT, .help = "page_owner.order" },
	[BLOCK_CALLER] = { .key = "caller", .heading = "CALLER", .kind = MO_CELL_TEXT, .flags = MO_COLUMN_TRUNCATE,
			   .help = "the first function of the stack outside the allocators" },
	[BLOCK_MODULE] = { .key = "module", .heading = "MODULE", .kind = MO_CELL_TEXT, .help = "its module; empty: the kernel itself" },
	[BLOCK_PID] = { .key = "pid", .heading = "PID", .kind = MO_CELL_SIGNED, .help = "of the allocating task" },
	[BLOCK_COMM] = { .key = "comm", .heading = "COMMAND", .kind = MO_CELL_TEXT, .help = "its name at that time" },
	[BLOCK_TIME] = { .key = "allocated", .heading = "ALLOCATED", .kind = MO_CELL_SECONDS, .help = "since boot (page_owner.ts_nsec)" },
	[BLOCK_TGID] = { .key = "tgid", .heading = "TGID", .kind = MO_CELL_SIGNED, HIDDEN, .help = "process of that task" },
	[BLOCK_GFP] = { .key = "gfp_mask", .heading = "GFP", .kind = MO_CELL_FLAGS, HIDDEN, .help = "page_owner.gfp_mask" },
	[BLOCK_HANDLE] = { .key = "handle", .heading = "HANDLE", .kind = MO_CELL_FLAGS, HIDDEN, .help = "of the stack" },
};

const struct mo_table_spec page_owner_blocks_table = {
	.name = "page_owner_blocks",
	.title = "Allocated blocks of pages",
	.help = "Every allocated block, as /sys/kernel/debug/page_owner lists them (with --blocks).",
	.columns = block_columns,
	.n_columns = N_BLOCK_COLUMNS,
};

size_t describe_frame(const struct mo_kernel *kernel, uint64_t kva, char *text, size_t n_bytes)
{
	struct mo_symbol symbol;
	struct mo_error *error = symbol_of_frame(mo_kernel_symbols(kernel), kva, &symbol);
	int n;

	if (error)
		n = snprintf(text, n_bytes, "0x%" PRIx64, kva);
	else
		n = snprintf(text, n_bytes, "%s+0x%" PRIx64 "%s%s%s", symbol.name, kva - symbol.value_kva,
			     symbol.module ? " [" : "", symbol.module ? symbol.module : "", symbol.module ? "]" : "");
	mo_error_destroy(error);
	return n < 0 ? 0 : (size_t)n < n_bytes ? (size_t)n : n_bytes - 1;
}

/* Cut at a whole frame where there is no room. */
static const char *describe_stack(const struct mo_kernel *kernel, const struct mo_page_owner_stack *stack, char *text,
				  size_t n_bytes)
{
	size_t used = 0;

	*text = '\0';
	for (size_t i = 0; i < stack->n_frames && used + 256 < n_bytes; i++) {
		if (i)
			used += (size_t)snprintf(text + used, n_bytes - used, " < ");
		used += describe_frame(kernel, stack->frames_kva[i], text + used, n_bytes - used);
	}
	return stack->n_frames ? text : NULL;
}

/* A function's name, an address, or NULL: no stack is known, or only allocators are in it. */
static const char *describe_caller(const struct mo_page_owner_stack *stack, char *text, size_t n_bytes)
{
	if (!stack || stack->caller >= stack->n_frames)
		return NULL;
	if (stack->caller_name)
		return stack->caller_name;
	snprintf(text, n_bytes, "0x%" PRIx64, stack->frames_kva[stack->caller]);
	return text;
}

static struct mo_cell module_cell(const struct mo_page_owner_stack *stack)
{
	if (!stack || stack->caller >= stack->n_frames || !stack->caller_name)
		return mo_cell_unknown();
	return mo_cell_text(stack->caller_module ? stack->caller_module : "");
}

static void put_group(struct mo_run *run, struct mo_report *report, const struct mo_page_owner_group *group)
{
	const struct mo_page_owner_model *model = mo_run_model(run);
	const struct page_owner_layout *layout = mo_run_layout(run);
	const struct mo_page_owner_stack *stack = &model->stacks[group->stack];
	bool has_times = mo_has(&layout->owner.ns);
	char caller[32];
	char text[8192];

	mo_report_row(report, (const struct mo_cell[N_COLUMNS]){
		[COLUMN_BYTES] = mo_cell_number(mo_exact(group->bytes)),
		[COLUMN_BLOCKS] = mo_cell_number(mo_exact(group->blocks)),
		[COLUMN_ORDER] = mo_cell_number(mo_exact(group->order)),
		[COLUMN_CALLER] = mo_cell_text(describe_caller(stack, caller, sizeof(caller))),
		[COLUMN_MODULE] = module_cell(stack),
		[COLUMN_EXAMPLE] = mo_cell_number(mo_exact(group->example_pfn)),
		[COLUMN_PAGES] = mo_cell_number(mo_exact(group->pages)),
		[COLUMN_GFP] = group->has_one_gfp ? mo_cell_number(mo_exact(group->gfp_mask)) : mo_cell_unknown(),
		[COLUMN_OLDEST] = has_times ? mo_cell_number(mo_exact(group->oldest_ns)) : mo_cell_unknown(),
		[COLUMN_NEWEST] = has_times ? mo_cell_number(mo_exact(group->newest_ns)) : mo_cell_unknown(),
		[COLUMN_HANDLE] = mo_cell_number(mo_exact(stack->handle)),
		[COLUMN_STACK] = mo_cell_text(describe_stack(mo_run_kernel(run), stack, text, sizeof(text))),
	});
}

static void show_groups(struct mo_run *run, struct mo_report *report)
{
	const struct mo_page_owner_model *model = mo_run_model(run);
	struct mo_table_spec table = page_owner_table;
	struct mo_column with_stacks[N_COLUMNS];

	memcpy(with_stacks, columns, sizeof(columns));
	with_stacks[COLUMN_STACK].flags &= ~(unsigned)MO_COLUMN_HIDDEN;
	if (mo_run_flag(run, "stacks"))
		table.columns = with_stacks;
	mo_report_table_begin(report, &table);
	for (size_t i = 0; i < model->n_groups && !mo_report_failed(report); i++)
		put_group(run, report, &model->groups[i]);
	mo_report_table_end(report);
}

static void put_block(struct mo_report *report, const struct mo_page_owner_record *record)
{
	char caller[32];

	mo_report_row(report, (const struct mo_cell[N_BLOCK_COLUMNS]){
		[BLOCK_PFN] = mo_cell_number(mo_exact(record->pfn)),
		[BLOCK_ORDER] = mo_cell_number(mo_exact(record->order)),
		[BLOCK_CALLER] = mo_cell_text(describe_caller(record->stack, caller, sizeof(caller))),
		[BLOCK_MODULE] = module_cell(record->stack),
		[BLOCK_PID] = record->has_process ? mo_cell_signed(record->pid) : mo_cell_unknown(),
		[BLOCK_COMM] = mo_cell_text(record->has_process ? record->comm : NULL),
		[BLOCK_TIME] = record->has_process ? mo_cell_number(mo_exact(record->allocated_ns)) : mo_cell_unknown(),
		[BLOCK_TGID] = record->has_process ? mo_cell_signed(record->tgid) : mo_cell_unknown(),
		[BLOCK_GFP] = mo_cell_number(mo_exact(record->gfp_mask)),
		[BLOCK_HANDLE] = mo_cell_number(mo_exact(record->handle)),
	});
}

/* The first page of every block, ascending. What could not be read is a finding of the gathering. */
static void show_blocks(struct mo_run *run, struct mo_report *report)
{
	const struct page_owner_state *state = mo_run_model(run);
	const struct mo_memmap *memmap = state->memmap;

	mo_report_table_begin(report, &page_owner_blocks_table);
	for (size_t i = 0; memmap && i < memmap->n_sections && !mo_report_failed(report); i++) {
		uint64_t first_pfn = memmap->sections[i].first_pfn;

		if (!memmap->sections[i].page_ext_kva)
			continue;
		for (uint64_t pfn = first_pfn; pfn < first_pfn + memmap->section_pages; pfn++) {
			struct mo_page_owner_record record;
			struct mo_error *error = find_record(&state->model, mo_run_reader(run), pfn, &record);

			if (!error && record.is_recorded && record.is_allocated && record.head_pfn == pfn)
				put_block(report, &record);
			mo_error_destroy(error);
		}
	}
	mo_report_table_end(report);
}

static const char *why_no_records(enum mo_page_owner_state state)
{
	switch (state) {
	case MO_PAGE_OWNER_NOT_BUILT:
		return "This kernel was built without page_owner (CONFIG_PAGE_OWNER).";
	case MO_PAGE_OWNER_OFF:
		return "This kernel has no page_owner records: it must be booted with page_owner=on.";
	default:
		return "This kernel's page_owner records could not be read.";
	}
}

struct mo_error *show_page_owner(struct mo_run *run, struct mo_report *report)
{
	const struct mo_page_owner_model *model = mo_run_model(run);

	if (mo_run_argument_count(run) > 1)
		return mo_error_create(MO_E_INVALID, "only one page frame at a time");
	if (mo_run_argument_count(run) == 1) {
		uint64_t pfn;
		struct mo_error *error;

		if (model->state == MO_PAGE_OWNER_ON || model->sites_state == MO_PAGE_OWNER_ON)
			return show_record(run, report, mo_run_argument(run, 0));
		error = parse_pfn(mo_run_argument(run, 0), &pfn);
		if (error)
			return error;
	}
	if (model->state != MO_PAGE_OWNER_ON)
		mo_report_note(report, "%s", why_no_records(model->state));
	else if (mo_run_flag(run, "blocks"))
		show_blocks(run, report);
	else
		show_groups(run, report);
	return NULL;
}
