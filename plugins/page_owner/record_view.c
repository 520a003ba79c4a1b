/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* `memopsy page_owner PFN`: what is recorded of one page frame, and the stacks that took and freed it. */
#include "gathering.h"

#include <memopsy/numbers.h>
#include <memopsy/stack_depot.h>

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { COLUMN_PFN, COLUMN_STATE, COLUMN_ORDER, COLUMN_HEAD, COLUMN_GFP, COLUMN_PID, COLUMN_TGID, COLUMN_COMM,
       COLUMN_ALLOCATED, COLUMN_FREED, COLUMN_MIGRATED, COLUMN_HANDLE, COLUMN_FREE_HANDLE, COLUMN_SITE, N_COLUMNS };

static const struct mo_column columns[N_COLUMNS] = {
	[COLUMN_PFN] = { .key = "pfn", .heading = "Page frame", .kind = MO_CELL_PFN, .help = "page frame number" },
	[COLUMN_STATE] = { .key = "state", .heading = "State", .kind = MO_CELL_TEXT,
			   .help = "allocated, or freed: then the record describes the last user" },
	[COLUMN_ORDER] = { .key = "order", .heading = "Order", .kind = MO_CELL_COUNT, .help = "of its block" },
	[COLUMN_HEAD] = { .key = "head_pfn", .heading = "Head", .kind = MO_CELL_PFN, .help = "where its block begins" },
	[COLUMN_GFP] = { .key = "gfp_mask", .heading = "GFP flags", .kind = MO_CELL_FLAGS, .help = "page_owner.gfp_mask" },
	[COLUMN_PID] = { .key = "pid", .heading = "PID", .kind = MO_CELL_SIGNED, .help = "task that allocated it" },
	[COLUMN_TGID] = { .key = "tgid", .heading = "TGID", .kind = MO_CELL_SIGNED, .help = "that task's process" },
	[COLUMN_COMM] = { .key = "comm", .heading = "Command", .kind = MO_CELL_TEXT, .help = "that task's name at that time" },
	[COLUMN_ALLOCATED] = { .key = "allocated", .heading = "Allocated", .kind = MO_CELL_SECONDS, .help = "since boot" },
	[COLUMN_FREED] = { .key = "freed", .heading = "Freed", .kind = MO_CELL_SECONDS,
			   .help = "since boot, when it was last freed; 0: never" },
	[COLUMN_MIGRATED] = { .key = "migrate_reason", .heading = "Migrate reason", .kind = MO_CELL_SIGNED,
			      .help = "enum migrate_reason; -1: never" },
	[COLUMN_HANDLE] = { .key = "handle", .heading = "Handle", .kind = MO_CELL_FLAGS, .help = "of the allocation stack" },
	[COLUMN_FREE_HANDLE] = { .key = "free_handle", .heading = "Free handle", .kind = MO_CELL_FLAGS,
				 .help = "of the last free stack" },
	[COLUMN_SITE] = { .key = "site", .heading = "Allocation site", .kind = MO_CELL_TEXT,
			  .help = "source location by memory allocation profiling, kept for the first page of a block" },
};

const struct mo_table_spec page_owner_record_table = {
	.name = "page_owner_record",
	.title = "Record of a page frame",
	.help = "What page_owner and memory allocation profiling recorded of a page frame (with PFN).",
	.columns = columns,
	.n_columns = N_COLUMNS,
	.flags = MO_TABLE_RECORD,
};

enum { FRAME_WHICH, FRAME_INDEX, FRAME_KVA, FRAME_FUNCTION, N_FRAME_COLUMNS };

static const struct mo_column frame_columns[N_FRAME_COLUMNS] = {
	[FRAME_WHICH] = { .key = "stack", .heading = "STACK", .kind = MO_CELL_TEXT, .help = "allocation or free stack" },
	[FRAME_INDEX] = { .key = "frame", .heading = "FRAME", .kind = MO_CELL_COUNT, .help = "0 is the innermost" },
	[FRAME_KVA] = { .key = "kva", .heading = "ADDRESS", .kind = MO_CELL_ADDRESS, .help = "where it returns to" },
	[FRAME_FUNCTION] = { .key = "function", .heading = "FUNCTION", .kind = MO_CELL_TEXT, .help = "function and offset in it" },
};

const struct mo_table_spec page_owner_stack_table = {
	.name = "page_owner_stacks",
	.title = "Stacks",
	.help = "The stacks that allocated and last freed the page frame (with PFN).",
	.columns = frame_columns,
	.n_columns = N_FRAME_COLUMNS,
};

struct mo_error *parse_pfn(const char *word, uint64_t *ret)
{
	if (mo_parse_pfn(word, ret))
		return NULL;
	return mo_error_create(MO_E_INVALID, "\"%s\" is not a page frame number", word);
}

static const char *describe_site(const struct mo_alloc_site *site, char *text, size_t n_bytes)
{
	if (!site)
		return NULL;
	snprintf(text, n_bytes, "%s:%" PRIu32 "%s%s%s func:%s", site->file ? site->file : "?", site->line,
		 site->module ? " [" : "", site->module ? site->module : "", site->module ? "]" : "",
		 site->function ? site->function : "?");
	return text;
}

static void put_record(struct mo_report *report, const struct mo_page_owner_record *record)
{
	char site[640];
	struct mo_cell cells[N_COLUMNS] = {
		[COLUMN_PFN] = mo_cell_number(mo_exact(record->pfn)),
		[COLUMN_SITE] = mo_cell_text(describe_site(record->site, site, sizeof(site))),
	};

	if (record->is_recorded) {
		cells[COLUMN_STATE] = mo_cell_text(record->is_allocated ? "allocated" : "freed");
		cells[COLUMN_ORDER] = mo_cell_number(mo_exact(record->order));
		cells[COLUMN_HEAD] = mo_cell_number(mo_exact(record->head_pfn));
		cells[COLUMN_GFP] = mo_cell_number(mo_exact(record->gfp_mask));
		cells[COLUMN_MIGRATED] = mo_cell_signed(record->migrate_reason);
		cells[COLUMN_HANDLE] = mo_cell_number(mo_exact(record->handle));
		cells[COLUMN_FREE_HANDLE] = mo_cell_number(mo_exact(record->free_handle));
	}
	if (record->has_process) {
		cells[COLUMN_PID] = mo_cell_signed(record->pid);
		cells[COLUMN_TGID] = mo_cell_signed(record->tgid);
		cells[COLUMN_COMM] = mo_cell_text(record->comm);
		cells[COLUMN_ALLOCATED] = mo_cell_number(mo_exact(record->allocated_ns));
		cells[COLUMN_FREED] = mo_cell_number(mo_exact(record->freed_ns));
	}
	mo_report_record(report, &page_owner_record_table, cells);
}

static void put_stack(struct mo_run *run, struct mo_report *report, const char *which, uint32_t handle,
		      struct mo_error **first_error)
{
	uint64_t frames[MO_STACK_DEPOT_FRAMES];
	struct mo_error *error = NULL;
	char text[256];
	size_t n = 0;

	if (handle)
		error = mo_stack_depot_read(mo_run_reader(run), handle, frames, &n);
	if (*first_error)
		mo_error_destroy(error);
	else
		*first_error = error;
	for (size_t i = 0; i < n; i++) {
		describe_frame(mo_run_kernel(run), frames[i], text, sizeof(text));
		mo_report_row(report, (const struct mo_cell[N_FRAME_COLUMNS]){
			[FRAME_WHICH] = mo_cell_text(which),
			[FRAME_INDEX] = mo_cell_number(mo_exact(i)),
			[FRAME_KVA] = mo_cell_number(mo_exact(frames[i])),
			[FRAME_FUNCTION] = mo_cell_text(text),
		});
	}
}

struct mo_error *show_record(struct mo_run *run, struct mo_report *report, const char *word)
{
	const struct mo_page_owner_model *model = mo_run_model(run);
	struct mo_page_owner_record record;
	uint64_t pfn = 0;
	struct mo_error *error = parse_pfn(word, &pfn);

	if (!error)
		error = model->find(model, mo_run_reader(run), pfn, &record);
	if (error)
		return error;
	put_record(report, &record);
	if (!record.is_recorded)
		return NULL;
	mo_report_table_begin(report, &page_owner_stack_table);
	put_stack(run, report, "allocated", record.handle, &error);
	put_stack(run, report, "freed", record.free_handle, &error);
	mo_report_table_end(report);
	return error;
}
