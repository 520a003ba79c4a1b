/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The tables of the dump itself: its format, and what it leaves out. */
#include "cleanup.h"
#include "dump.h"
#include "identity.h"
#include "session.h"
#include "text.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

enum dump_column {
	DUMP_PATH,
	DUMP_FORMAT,
	DUMP_COMPRESSION,
	DUMP_READER,
	DUMP_FILE_BYTES,
	DUMP_PRESENT_PAGES,
	DUMP_PRESENT_BYTES,
	DUMP_END_PFN,
	DUMP_LEVEL,
	DUMP_EXCLUDED,
	DUMP_WRITTEN,
	DUMP_VMCOREINFO,
	DUMP_WHOLE,
	DUMP_COLUMNS,
};

static const struct mo_column dump_columns[DUMP_COLUMNS] = {
	[DUMP_PATH] = { .key = "path", .heading = "Path", .help = "what was opened" },
	[DUMP_FORMAT] = { .key = "format", .heading = "Format", .help = "of the file" },
	[DUMP_COMPRESSION] = { .key = "compression", .heading = "Compression", .help = "of its pages" },
	[DUMP_READER] = { .key = "reader", .heading = "Reader", .flags = MO_COLUMN_HIDDEN,
			  .help = "code that reads its pages" },
	[DUMP_FILE_BYTES] = { .key = "file_bytes", .heading = "File size", .kind = MO_CELL_BYTES,
			      .help = "sum over the files of a split dump" },
	[DUMP_PRESENT_PAGES] = { .key = "present_pages", .heading = "Pages", .kind = MO_CELL_COUNT,
				 .flags = MO_COLUMN_HIDDEN, .help = "page frames in the dump" },
	[DUMP_PRESENT_BYTES] = { .key = "present_bytes", .heading = "Memory held", .kind = MO_CELL_BYTES,
				 .help = "memory of the machine that is in the dump" },
	[DUMP_END_PFN] = { .key = "end_pfn", .heading = "End of memory", .kind = MO_CELL_PFN,
			   .flags = MO_COLUMN_HIDDEN, .help = "one past the highest page frame" },
	[DUMP_LEVEL] = { .key = "dump_level", .heading = "Dump level", .kind = MO_CELL_COUNT,
			 .help = "makedumpfile's -d; ?: the file does not say" },
	[DUMP_EXCLUDED] = { .key = "excluded", .heading = "Excluded", .flags = MO_COLUMN_HIDDEN,
			    .help = "kinds of pages that the dump level excludes" },
	[DUMP_WRITTEN] = { .key = "written", .heading = "Dumped at", .kind = MO_CELL_TIME,
			   .help = "when the dump was written, as its header says" },
	[DUMP_VMCOREINFO] = { .key = "has_vmcoreinfo", .heading = "VMCOREINFO", .kind = MO_CELL_BOOL,
			      .help = "whether VMCOREINFO was found" },
	[DUMP_WHOLE] = { .key = "is_whole", .heading = "Complete", .kind = MO_CELL_BOOL,
			 .help = "neither cut short nor marked as incomplete" },
};

const struct mo_table_spec mo_identity_dump_table = {
	.name = "dump",
	.title = "Dump",
	.columns = dump_columns,
	.n_columns = COUNT(dump_columns),
	.flags = MO_TABLE_RECORD,
};

/* makedumpfile's dump level (its man page, -d): each bit leaves out one kind of page. */
struct excluded_pages {
	unsigned bit;
	const char *what;
	const char *hides;
};

static const struct excluded_pages excluded_pages[] = {
	{ .bit = 1, .what = "pages filled with zeros", .hides = "zero pages cannot be told from missing ones" },
	{ .bit = 2, .what = "page cache without private data", .hides = "the contents of cached files" },
	{ .bit = 4, .what = "page cache with private data", .hides = "the contents of cached files and file-system metadata" },
	{ .bit = 8, .what = "user pages", .hides = "the memory of processes: stacks, heaps, command lines" },
	{ .bit = 16, .what = "free pages", .hides = "what was in memory before it was freed" },
};

enum excluded_column { EXCLUDED_PAGES, EXCLUDED_HIDES, EXCLUDED_COLUMNS };

static const struct mo_column excluded_columns[EXCLUDED_COLUMNS] = {
	[EXCLUDED_PAGES] = { .key = "pages", .heading = "EXCLUDED", .help = "kind of pages that the dump level excludes" },
	[EXCLUDED_HIDES] = { .key = "hides", .heading = "MISSING AS A RESULT", .flags = MO_COLUMN_WRAP,
			     .help = "what cannot be analysed as a result" },
};

const struct mo_table_spec mo_identity_excluded_table = {
	.name = "left_out",
	.title = "Excluded by the dump level",
	.columns = excluded_columns,
	.n_columns = COUNT(excluded_columns),
};

static void append_excluded(struct mo_text *text, unsigned level)
{
	for (size_t i = 0; i < COUNT(excluded_pages); i++)
		if (level & excluded_pages[i].bit)
			mo_text_printf(text, "%s%s", text->length ? ", " : "", excluded_pages[i].what);
	if (!text->length)
		mo_text_append(text, "nothing");
}

void mo_identity_write_file(struct mo_report *report, const struct mo_dump_info *info, const char *path, bool has_vmcoreinfo)
{
	MO_CLEANUP(mo_cleanup_text) struct mo_text excluded = MO_TEXT_EMPTY;
	bool is_log = !info->end_pfn; /* it has no memory */
	struct mo_cell cells[DUMP_COLUMNS];

	append_excluded(&excluded, info->dump_level);
	cells[DUMP_PATH] = mo_cell_text(path);
	cells[DUMP_FORMAT] = mo_cell_text(info->format);
	cells[DUMP_COMPRESSION] = mo_cell_text(info->compression);
	cells[DUMP_READER] = mo_cell_text(info->reader);
	cells[DUMP_FILE_BYTES] = info->is_live ? mo_cell_unknown() : mo_cell_number(mo_exact(info->file_bytes));
	cells[DUMP_PRESENT_PAGES] = is_log ? mo_cell_unknown() : mo_cell_number(mo_exact(info->present_pages));
	cells[DUMP_PRESENT_BYTES] = !is_log && info->present_pages <= UINT64_MAX / info->page_bytes ?
					    mo_cell_number(mo_exact(info->present_pages * info->page_bytes)) :
					    mo_cell_unknown();
	cells[DUMP_END_PFN] = is_log ? mo_cell_unknown() : mo_cell_number(mo_exact(info->end_pfn));
	cells[DUMP_LEVEL] = info->has_dump_level ? mo_cell_number(mo_exact(info->dump_level)) : mo_cell_unknown();
	cells[DUMP_EXCLUDED] = mo_cell_text(info->has_dump_level ? mo_text_chars(&excluded) : NULL);
	cells[DUMP_WRITTEN] = info->has_dump_time ? mo_cell_signed(info->dump_time) : mo_cell_unknown();
	cells[DUMP_VMCOREINFO] = mo_cell_number(mo_exact(has_vmcoreinfo));
	cells[DUMP_WHOLE] = mo_cell_number(mo_exact(!info->is_truncated && !info->is_incomplete));
	mo_report_record(report, &mo_identity_dump_table, cells);
}

void mo_identity_write_dump(struct mo_cli *cli)
{
	mo_identity_write_file(cli->report, mo_kernel_dump_info(cli->kernel), mo_kernel_facts(cli->kernel)->dump_path,
			       mo_kernel_vmcoreinfo_text(cli->kernel) != NULL);
}

static void write_damage(struct mo_report *report, const char *id, const char *verdict, const char *advice)
{
	const struct mo_finding finding = {
		.id = id,
		.severity = MO_WARNING,
		.verdict = verdict,
		.advice = advice,
		.is_about_reading = true,
	};

	mo_report_finding(report, &finding);
}

static void write_excluded(struct mo_report *report, unsigned level)
{
	mo_report_table_begin(report, &mo_identity_excluded_table);
	for (size_t i = 0; i < COUNT(excluded_pages); i++) {
		struct mo_cell cells[EXCLUDED_COLUMNS];

		if (!(level & excluded_pages[i].bit))
			continue;
		cells[EXCLUDED_PAGES] = mo_cell_text(excluded_pages[i].what);
		cells[EXCLUDED_HIDES] = mo_cell_text(excluded_pages[i].hides);
		mo_report_row(report, cells);
	}
	mo_report_table_end(report);
}

void mo_identity_write_log_only(struct mo_cli *cli)
{
	const struct mo_kernel_facts *facts = mo_kernel_facts(cli->kernel);

	if (facts->is_log)
		mo_report_note(cli->report, "A log contains no memory: only what its text says is known.");
	else if (facts->lacks_types && !facts->paging_levels)
		write_damage(cli->report, "page-tables-unknown",
			     "The dump's memory cannot be read, because the kernel's page tables were not found in it: this is what its "
			     "kernel log says.",
			     "What was tried stands among the remarks; a complete copy of the dump may have them.");
	else if (facts->lacks_types)
		write_damage(cli->report, "types-unknown",
			     "The dump's memory cannot be read, because its types are unknown: this is what its kernel log says.",
			     "Give the kernel's vmlinux with debug information (--vmlinux).");
}

void mo_identity_write_cut(struct mo_report *report, const struct mo_dump_info *info)
{
	MO_CLEANUP(mo_cleanup_text) struct mo_text verdict = MO_TEXT_EMPTY;

	if (!info->is_truncated)
		return;
	mo_text_append(&verdict, "The dump is ");
	mo_dump_append_cut(info, &verdict);
	mo_text_append(&verdict, ": what is not in the rest of it is unknown.");
	write_damage(report, "dump-truncated", mo_text_chars(&verdict),
		     "Compare its size with the original: the copy may have been interrupted, or the disk full.");
}

/* The same in a sentence. */
static void note_excluded(struct mo_report *report, unsigned level)
{
	MO_CLEANUP(mo_cleanup_text) struct mo_text text = MO_TEXT_EMPTY;

	for (size_t i = 0; i < COUNT(excluded_pages); i++)
		if (level & excluded_pages[i].bit)
			mo_text_printf(&text, "%s%s", text.length ? ", " : "", excluded_pages[i].what);
	mo_report_note(report, "Excluded by the dump level: %s.", mo_text_chars(&text));
}

void mo_identity_write_left_out(struct mo_report *report, const struct mo_dump_info *info, bool is_page)
{
	if (info->is_incomplete)
		write_damage(report, "dump-incomplete", "The program that wrote the dump marked it as incomplete.",
			     "See the log of the dump program: the target disk was probably full.");
	if (info->is_live)
		mo_report_note(report, "This is the running kernel: what was read at different moments need not fit together.");
	if (info->has_dump_level && info->dump_level && is_page)
		note_excluded(report, info->dump_level);
	else if (info->has_dump_level && info->dump_level)
		write_excluded(report, info->dump_level);
}

void mo_identity_write_completeness(struct mo_cli *cli, bool is_page)
{
	mo_identity_write_left_out(cli->report, mo_kernel_dump_info(cli->kernel), is_page);
}

void mo_identity_write_remarks(struct mo_cli *cli)
{
	for (size_t i = 0; i < mo_kernel_remark_count(cli->kernel); i++)
		mo_report_note(cli->report, "%s", mo_kernel_remark(cli->kernel, i));
}
