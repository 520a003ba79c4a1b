/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * `info` of a dump in which no kernel could be identified: its page tables are not in what is left of it, or it is of an
 * architecture that is not known. What the file's headers and its VMCOREINFO say is said all the same.
 */
#include "info_unidentified.h"

#include <stdlib.h>
#include <string.h>

#include "cleanup.h"
#include "dump.h"
#include "identity.h"
#include "report_write.h"
#include "text.h"

/* VMCOREINFO's line KEY=..., as visible text; NULL: there is none, or no memory. */
static char *line_of(const struct mo_dump_info *info, const char *key)
{
	size_t key_bytes = strlen(key);

	for (const char *line = info->vmcoreinfo; line && *line;) {
		const char *end = strchrnul(line, '\n');

		if ((size_t)(end - line) > key_bytes && !strncmp(line, key, key_bytes) && line[key_bytes] == '=')
			return mo_text_from_bytes(line + key_bytes + 1, (size_t)(end - line) - key_bytes - 1);
		line = *end ? end + 1 : end;
	}
	return NULL;
}

enum vmcoreinfo_column { COLUMN_RELEASE, COLUMN_BUILD_ID, COLUMN_VERSION, COLUMN_NODENAME, COLUMN_ARCHITECTURE, COLUMN_PAGE_BYTES,
			 COLUMN_KASLR, COLUMN_CRASHED, COLUMNS };

static const struct mo_column columns[COLUMNS] = {
	[COLUMN_RELEASE] = { .key = "release", .heading = "Release", .help = "OSRELEASE of VMCOREINFO, or the header's" },
	[COLUMN_BUILD_ID] = { .key = "build_id", .heading = "Build-id", .help = "BUILD-ID of VMCOREINFO" },
	[COLUMN_VERSION] = { .key = "version", .heading = "Version", .help = "the header's, as uname -v printed it" },
	[COLUMN_NODENAME] = { .key = "nodename", .heading = "Host name", .help = "the header's, as uname -n printed it" },
	[COLUMN_ARCHITECTURE] = { .key = "architecture", .heading = "Architecture", .help = "the header's" },
	[COLUMN_PAGE_BYTES] = { .key = "page_bytes", .heading = "Page size", .kind = MO_CELL_BYTES,
				.help = "size of a page frame" },
	[COLUMN_KASLR] = { .key = "kaslr_offset", .heading = "KASLR offset", .kind = MO_CELL_ADDRESS, .help = "KERNELOFFSET of VMCOREINFO" },
	[COLUMN_CRASHED] = { .key = "crashed", .heading = "Crashed", .kind = MO_CELL_TIME,
			     .help = "CRASHTIME of VMCOREINFO" },
};

const struct mo_table_spec mo_unidentified_table = {
	.name = "headers",
	.title = "Said by the file's headers and VMCOREINFO",
	.help = "Only where no kernel could be identified in the dump.",
	.columns = columns,
	.n_columns = COLUMNS,
	.flags = MO_TABLE_RECORD,
};

static void write_headers(struct mo_report *report, const struct mo_dump_info *info)
{
	MO_FREE char *release = line_of(info, "OSRELEASE");
	MO_FREE char *build_id = line_of(info, "BUILD-ID");
	MO_FREE char *kaslr_offset = line_of(info, "KERNELOFFSET");
	MO_FREE char *crashed = line_of(info, "CRASHTIME");
	struct mo_cell cells[COLUMNS];

	cells[COLUMN_RELEASE] = mo_cell_text(release ? release : info->os_release);
	cells[COLUMN_BUILD_ID] = mo_cell_text(build_id);
	cells[COLUMN_VERSION] = mo_cell_text(info->os_version);
	cells[COLUMN_NODENAME] = mo_cell_text(info->os_nodename);
	cells[COLUMN_ARCHITECTURE] = mo_cell_text(info->arch);
	cells[COLUMN_PAGE_BYTES] = mo_cell_number(mo_exact(info->page_bytes));
	cells[COLUMN_KASLR] = kaslr_offset ? mo_cell_number(mo_exact(strtoull(kaslr_offset, NULL, 16))) : mo_cell_unknown();
	cells[COLUMN_CRASHED] = crashed ? mo_cell_signed(strtoll(crashed, NULL, 10)) : mo_cell_unknown();
	mo_report_record(report, &mo_unidentified_table, cells);
}

struct mo_error *mo_info_unidentified(struct mo_cli *cli, const struct mo_dump *dump, const char *path, const char *why)
{
	const struct mo_dump_info *info = mo_dump_info(dump);
	const struct mo_finding finding = {
		.id = "not-identified",
		.severity = MO_WARNING,
		.verdict = "No kernel could be identified in the dump: nothing of its memory can be told, nor its log.",
		.evidence = &(const struct mo_evidence){ .label = "why", .kind = MO_CELL_TEXT, .cell = mo_cell_text(why) },
		.n_evidence = 1,
		.is_about_reading = true,
	};

	mo_identity_write_cut(cli->report, info);
	mo_report_finding(cli->report, &finding);
	write_headers(cli->report, info);
	mo_identity_write_file(cli->report, info, path, info->vmcoreinfo != NULL);
	mo_identity_write_left_out(cli->report, info, false);
	return NULL;
}
