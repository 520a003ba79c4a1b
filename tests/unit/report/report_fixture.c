/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "report_fixture.h"

#include <inttypes.h>

static const struct mo_column zone_columns[ZONE_COLUMNS] = {
	{ .key = "node", .heading = "NODE", .kind = MO_CELL_COUNT, .help = "number of the memory node" },
	{ .key = "name", .heading = "NAME", .kind = MO_CELL_TEXT, .flags = MO_COLUMN_TRUNCATE, .help = "zone.name" },
	{ .key = "size_bytes", .heading = "SIZE", .kind = MO_CELL_BYTES, .help = "zone.present_pages" },
	{ .key = "free_pages", .heading = "FREE", .kind = MO_CELL_COUNT, .help = "NR_FREE_PAGES" },
	{ .key = "used_percent", .heading = "USED", .kind = MO_CELL_PERCENT, .help = "share in use" },
	{ .key = "broken", .heading = "BROKEN", .kind = MO_CELL_BOOL, .flags = MO_COLUMN_HIDDEN, .help = "lists end" },
	{ .key = "comment", .heading = "COMMENT", .kind = MO_CELL_TEXT, .flags = MO_COLUMN_WRAP, .help = "in words" },
};

const struct mo_table_spec zones_spec = {
	.name = "zones",
	.title = "Zones",
	.help = "one row a zone",
	.columns = zone_columns,
	.n_columns = ZONE_COLUMNS,
};

static const struct mo_column kind_columns[KIND_COLUMNS] = {
	{ .key = "text", .heading = "TEXT", .kind = MO_CELL_TEXT },
	{ .key = "count", .heading = "COUNT", .kind = MO_CELL_COUNT },
	{ .key = "signed", .heading = "SIGNED", .kind = MO_CELL_SIGNED },
	{ .key = "bytes", .heading = "BYTES", .kind = MO_CELL_BYTES },
	{ .key = "address", .heading = "ADDRESS", .kind = MO_CELL_ADDRESS },
	{ .key = "pfn", .heading = "PFN", .kind = MO_CELL_PFN },
	{ .key = "percent", .heading = "PERCENT", .kind = MO_CELL_PERCENT },
	{ .key = "bool", .heading = "BOOL", .kind = MO_CELL_BOOL },
	{ .key = "seconds", .heading = "SECONDS", .kind = MO_CELL_SECONDS },
	{ .key = "time", .heading = "TIME", .kind = MO_CELL_TIME },
	{ .key = "size_kib", .heading = "KIB", .kind = MO_CELL_KIB },
	{ .key = "flags", .heading = "FLAGS", .kind = MO_CELL_FLAGS },
};

const struct mo_table_spec kinds_spec = {
	.name = "kinds",
	.title = "Kinds",
	.columns = kind_columns,
	.n_columns = KIND_COLUMNS,
	.flags = MO_TABLE_NO_TITLE,
};

const struct mo_table_spec kinds_record_spec = {
	.name = "kinds_record",
	.title = "Kinds",
	.columns = kind_columns,
	.n_columns = KIND_COLUMNS,
	.flags = MO_TABLE_RECORD | MO_TABLE_NO_TITLE,
};

static void print_line(const struct mo_cell *cells, struct mo_line *line)
{
	mo_line_printf(line, "%-16.*s", (int)cells[0].as.text.n_bytes, cells[0].as.text.bytes);
	mo_line_printf(line, "%8" PRIu64 " kB\n", cells[1].as.number.value);
}

static const struct mo_column line_columns[] = {
	{ .key = "name", .heading = "NAME", .kind = MO_CELL_TEXT, .help = "the name that the kernel prints" },
	{ .key = "value_kib", .heading = "VALUE", .kind = MO_CELL_KIB, .help = "its value" },
};

const struct mo_table_spec lines_spec = {
	.name = "lines",
	.title = "Lines",
	.columns = line_columns,
	.n_columns = 2,
	.line = print_line,
	.line_head = "lines - version: 2.1\n",
};

const struct mo_report_head full_head = {
	.tool_version = "1.2.3",
	.command = "report",
	.dump_path = "/var/crash/vm\033core",
	.dump_format = "kdump-compressed, zstd",
	.banner = "Linux version 6.1.0-30-amd64 (debian-kernel@lists.debian.org)",
	.build_id = "0123456789abcdef0123456789abcdef01234567",
	.release = "6.1.0-30-amd64",
	.types_from = "BTF of the dump",
	.symbols_from = "kallsyms of the dump",
};

void catch_begin(struct caught *caught, const struct mo_report_options *options, const struct mo_report_head *head,
		 bool show_head)
{
	*caught = (struct caught){ .report = NULL };
	caught->stream = open_memstream(&caught->chars, &caught->n_chars);
	assert_non_null(caught->stream);
	assert_null(mo_report_create(caught->stream, options, head, show_head, &caught->report));
}

const char *catch_end(struct caught *caught)
{
	assert_null(mo_report_finish(caught->report));
	return caught->chars;
}

void catch_free(struct caught *caught)
{
	mo_report_destroy(caught->report);
	fclose(caught->stream);
	free(caught->chars);
}

void zone_row(struct mo_report *report, uint64_t node, const char *name, struct mo_count size_bytes,
	      const char *comment)
{
	struct mo_cell cells[ZONE_COLUMNS] = {
		mo_cell_number(mo_exact(node)), mo_cell_text(name), mo_cell_number(size_bytes),
		mo_cell_number(mo_exact(17 * (node + 1))), mo_cell_number(mo_exact(12350)),
		mo_cell_number(mo_exact(node & 1)), mo_cell_text(comment),
	};

	mo_report_row(report, cells);
}

void write_zones(struct mo_report *report)
{
	mo_report_table_begin(report, &zones_spec);
	zone_row(report, 0, "DMA32", mo_exact(3 * UINT64_C(1073741824)), "the first 4 GiB");
	zone_row(report, 1, "No\033[31mr\xffmal\n", mo_unknown(), NULL);
	zone_row(report, 2, "a-zone-whose-name-is-longer-than-any-zone-of-the-kernel-has",
		 mo_exact(4096), "a comment of many words, of which one terminal line of eighty columns has no room");
	zone_row(report, 3, "\xc3\xbcml\xc3\xa4ut \xe4\xb8\xad", mo_at_least(1048575), "");
	mo_report_table_end(report);
}

void kinds_row(struct mo_cell *cells, enum mo_certainty certainty)
{
	const struct mo_count number = { .value = 1234567, .certainty = certainty };

	for (size_t i = 0; i < KIND_COLUMNS; i++)
		cells[i] = mo_cell_number(number);
	cells[MO_CELL_TEXT] = certainty == MO_UNKNOWN ? mo_cell_unknown() : mo_cell_text("text");
	cells[MO_CELL_SIGNED].as.signed_number.value = -1234567;
	cells[MO_CELL_SIGNED].as.signed_number.certainty = certainty;
	cells[MO_CELL_TIME].as.signed_number.value = 1732257000;
	cells[MO_CELL_TIME].as.signed_number.certainty = certainty;
	cells[MO_CELL_ADDRESS].as.number.value = 0xffff888000001000;
}

void write_critical(struct mo_report *report)
{
	const struct mo_evidence evidence[] = {
		{ .label = "list head", .kind = MO_CELL_ADDRESS, .cell = mo_cell_number(mo_exact(0xffff888000001000)) },
		{ .label = "pages", .kind = MO_CELL_COUNT, .cell = mo_cell_number(mo_at_least(17)) },
		{ .label = "zone", .kind = MO_CELL_TEXT, .cell = mo_cell_text("No\nrmal") },
		{ .label = "owner", .kind = MO_CELL_TEXT, .cell = mo_cell_unknown() },
	};
	const struct mo_finding finding = {
		.id = "free-list-broken",
		.severity = MO_CRITICAL,
		.basis = MO_BASIS_INFERENCE,
		.verdict = "The free list of zone Normal, order 0, is broken after 17 of 341 pages: its next page is "
			   "not a page.",
		.evidence = evidence,
		.n_evidence = sizeof(evidence) / sizeof(evidence[0]),
		.advice = "Look for what wrote to the page after it was freed; its last owner is the first suspect.",
		.is_about_reading = true,
	};

	mo_report_finding(report, &finding);
}

void write_plain_finding(struct mo_report *report, enum mo_severity severity, enum mo_basis basis,
			 const char *verdict)
{
	const struct mo_finding finding = {
		.id = "plain",
		.severity = severity,
		.basis = basis,
		.verdict = verdict,
	};

	mo_report_finding(report, &finding);
}

void write_everything(struct mo_report *report)
{
	struct mo_cell cells[KIND_COLUMNS];
	const struct mo_cell line[] = { mo_cell_text("MemTotal:"), mo_cell_number(mo_exact(1009876)) };

	mo_report_note(report, "Outside of sections: %d.", 1);
	mo_report_section_begin(report, "memory", "Memory");
	write_zones(report);
	mo_report_note(report, "A \"note\" with \\ and \x01 in it.");
	write_critical(report);
	mo_report_section_end(report);
	mo_report_section_begin(report, "kinds", "Kinds");
	mo_report_table_begin(report, &kinds_spec);
	kinds_row(cells, MO_EXACT);
	mo_report_row(report, cells);
	kinds_row(cells, MO_AT_LEAST);
	mo_report_row(report, cells);
	kinds_row(cells, MO_UNKNOWN);
	mo_report_row(report, cells);
	mo_report_table_end(report);
	kinds_row(cells, MO_UNKNOWN);
	mo_report_record(report, &kinds_record_spec, cells);
	mo_report_section_end(report);
	mo_report_table_begin(report, &lines_spec);
	mo_report_row(report, line);
	mo_report_table_end(report);
	write_plain_finding(report, MO_INFO, MO_BASIS_FACTS, "Nothing else is wrong.");
}
