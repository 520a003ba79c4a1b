/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* `memopsy allocinfo`: allocinfo_show() (lib/alloc_tag.c), byte for byte. */
#include "gathering.h"

enum { COLUMN_BYTES, COLUMN_CALLS, COLUMN_FILE, COLUMN_LINE, COLUMN_MODULE, COLUMN_FUNCTION, COLUMN_ACCURATE, COLUMN_BLOCKS,
       COLUMN_TAG, N_COLUMNS };

static const struct mo_column columns[N_COLUMNS] = {
	[COLUMN_BYTES] = { .key = "bytes", .heading = "BYTES", .kind = MO_CELL_SIGNED,
			   .help = "allocated here and not freed (alloc_tag_counters.bytes)" },
	[COLUMN_CALLS] = { .key = "calls", .heading = "CALLS", .kind = MO_CELL_COUNT, .help = "allocations not freed" },
	[COLUMN_FILE] = { .key = "file", .heading = "FILE", .kind = MO_CELL_TEXT, .help = "source file" },
	[COLUMN_LINE] = { .key = "line", .heading = "LINE", .kind = MO_CELL_COUNT, .help = "line in it" },
	[COLUMN_MODULE] = { .key = "module", .heading = "MODULE", .kind = MO_CELL_TEXT,
			    .help = "module; empty: the kernel itself" },
	[COLUMN_FUNCTION] = { .key = "function", .heading = "FUNCTION", .kind = MO_CELL_TEXT, .help = "function" },
	[COLUMN_ACCURATE] = { .key = "is_accurate", .heading = "ACCURATE", .kind = MO_CELL_BOOL,
			      .help = "whether the kernel counted all of it" },
	[COLUMN_BLOCKS] = { .key = "page_blocks", .heading = "BLOCKS", .kind = MO_CELL_COUNT,
			    .help = "blocks of pages recorded as allocated here; slab pages count where the slab was "
				    "allocated" },
	[COLUMN_TAG] = { .key = "alloc_tag", .heading = "STRUCT ALLOC_TAG", .kind = MO_CELL_ADDRESS, .help = "where it is" },
};

static const char *text(const struct mo_cell *cells, unsigned column)
{
	return cells[column].as.text.bytes ? cells[column].as.text.bytes : "?";
}

static void put_line(const struct mo_cell *cells, struct mo_line *line)
{
	if (cells[COLUMN_BYTES].as.signed_number.certainty == MO_UNKNOWN)
		mo_line_printf(line, "%12s %8s ", "?", "?");
	else
		mo_line_printf(line, "%12lld %8llu ", (long long)cells[COLUMN_BYTES].as.signed_number.value,
			       (unsigned long long)cells[COLUMN_CALLS].as.number.value);
	mo_line_printf(line, "%s:%llu ", text(cells, COLUMN_FILE), (unsigned long long)cells[COLUMN_LINE].as.number.value);
	if (*text(cells, COLUMN_MODULE))
		mo_line_printf(line, "[%s] ", text(cells, COLUMN_MODULE));
	mo_line_printf(line, "func:%s%s \n", text(cells, COLUMN_FUNCTION),
		       cells[COLUMN_ACCURATE].as.number.value ? "" : " accurate:no");
}

#define HEAD(version) "allocinfo - version: " version "\n#     <size>  <calls> <tag info>\n"

const struct mo_table_spec allocinfo_table = {
	.name = "allocinfo",
	.title = "Memory by allocation site, as /proc/allocinfo printed it",
	.help = "What /proc/allocinfo would have printed to root at the moment of the dump.",
	.columns = columns,
	.n_columns = N_COLUMNS,
	.flags = MO_TABLE_NO_TITLE,
	.line = put_line,
	.line_head = HEAD("1.0"),
};

static void put_site(struct mo_report *report, const struct mo_page_owner_model *model, const struct mo_alloc_site *site)
{
	bool has_blocks = model->sites_state == MO_PAGE_OWNER_ON && !model->unreadable_pages;
	bool is_unknown = site->is_unreadable && !site->file;
	struct mo_count calls = { site->calls, site->is_unreadable ? MO_AT_LEAST : MO_EXACT };

	mo_report_row(report, (const struct mo_cell[N_COLUMNS]){
		[COLUMN_BYTES] = site->is_unreadable ? mo_cell_unknown() : mo_cell_signed(site->bytes),
		[COLUMN_CALLS] = is_unknown ? mo_cell_unknown() : mo_cell_number(calls),
		[COLUMN_FILE] = mo_cell_text(site->file),
		[COLUMN_LINE] = is_unknown ? mo_cell_unknown() : mo_cell_number(mo_exact(site->line)),
		[COLUMN_MODULE] = is_unknown ? mo_cell_unknown() : mo_cell_text(site->module ? site->module : ""),
		[COLUMN_FUNCTION] = mo_cell_text(site->function),
		[COLUMN_ACCURATE] = is_unknown ? mo_cell_unknown() : mo_cell_number(mo_exact(!site->is_inaccurate)),
		[COLUMN_BLOCKS] = has_blocks ? mo_cell_number(mo_exact(site->page_blocks)) : mo_cell_unknown(),
		[COLUMN_TAG] = mo_cell_number(mo_exact(site->tag_kva)),
	});
}

static const char *why_no_sites(enum mo_page_owner_state state)
{
	switch (state) {
	case MO_PAGE_OWNER_NOT_BUILT:
		return "This kernel was built without memory allocation profiling (CONFIG_MEM_ALLOC_PROFILING, since 6.10).";
	case MO_PAGE_OWNER_OFF:
		return "This kernel does not profile allocations: it must be booted with sysctl.vm.mem_profiling=1.";
	default:
		return "The counters of memory allocation profiling could not be read.";
	}
}

struct mo_error *show_allocinfo(struct mo_run *run, struct mo_report *report)
{
	const struct mo_page_owner_model *model = mo_run_model(run);
	const struct page_owner_layout *layout = mo_run_layout(run);
	struct mo_table_spec table = allocinfo_table;

	if (!model->n_sites) {
		mo_report_note(report, "%s", why_no_sites(model->sites_state));
		return NULL;
	}
	if (mo_has(&layout->profiling_handler))
		table.line_head = HEAD("2.0");
	mo_report_table_begin(report, &table);
	for (size_t i = 0; i < model->n_sites && !mo_report_failed(report); i++)
		put_site(report, model, &model->sites[i]);
	mo_report_table_end(report);
	if (model->sites_state == MO_PAGE_OWNER_OFF)
		mo_report_note(report, "Profiling was off (vm.mem_profiling) when the dump was taken: recent "
				       "allocations are not counted.");
	return NULL;
}
