/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The tables of `memopsy diff`. */
#include "diff_tables.h"

#include <string.h>

enum { SIDE, SIDE_PATH, SIDE_HOST, SIDE_RELEASE, SIDE_CLOCK, SIDE_UPTIME, SIDE_MEMORY, SIDE_AVAILABLE, N_SIDE_COLUMNS };

static const struct mo_column side_columns[N_SIDE_COLUMNS] = {
	[SIDE] = { .key = "side", .heading = "SIDE", .kind = MO_CELL_TEXT, .help = "A: before; B: after" },
	[SIDE_PATH] = { .key = "path", .heading = "FILE", .kind = MO_CELL_TEXT, .flags = MO_COLUMN_WRAP,
			.help = "the dump, log or report" },
	[SIDE_HOST] = { .key = "host", .heading = "HOST", .kind = MO_CELL_TEXT, .help = "nodename" },
	[SIDE_RELEASE] = { .key = "release", .heading = "RELEASE", .kind = MO_CELL_TEXT, .help = "of the kernel" },
	[SIDE_CLOCK] = { .key = "clock", .heading = "CLOCK", .kind = MO_CELL_TEXT, .flags = MO_COLUMN_HIDDEN,
			 .help = "the machine's clock, UTC" },
	[SIDE_UPTIME] = { .key = "uptime_seconds", .heading = "UPTIME", .kind = MO_CELL_SECONDS, .help = "since it was booted" },
	[SIDE_MEMORY] = { .key = "memory_bytes", .heading = "MEMORY", .kind = MO_CELL_BYTES, .help = "MemTotal" },
	[SIDE_AVAILABLE] = { .key = "available_bytes", .heading = "AVAILABLE", .kind = MO_CELL_BYTES, .help = "MemAvailable" },
};

const struct mo_table_spec mo_diff_sides_table = {
	.name = "sides",
	.title = "Compared",
	.help = "The two that are compared.",
	.columns = side_columns,
	.n_columns = N_SIDE_COLUMNS,
};

enum { KIND, NAME, MODULE, BEFORE, AFTER, CHANGE, PIECES, BEFORE_PIECES, AFTER_PIECES, N_CHANGE_COLUMNS };

static const struct mo_column change_columns[N_CHANGE_COLUMNS] = {
	[KIND] = { .key = "kind", .heading = "WHAT", .kind = MO_CELL_TEXT,
		   .help = "class of pages (these sum to the memory), lost, slab cache, owner, process, cgroup, file, mount, module, "
			   "counter (of /proc/meminfo)" },
	[NAME] = { .key = "name", .heading = "NAME", .kind = MO_CELL_TEXT, .flags = MO_COLUMN_TRUNCATE, .help = "which of them" },
	[MODULE] = { .key = "module", .heading = "MODULE", .kind = MO_CELL_TEXT, .help = "whose" },
	[BEFORE] = { .key = "before_bytes", .heading = "A", .kind = MO_CELL_BYTES, .help = "its size in the first" },
	[AFTER] = { .key = "after_bytes", .heading = "B", .kind = MO_CELL_BYTES, .help = "its size in the second" },
	[CHANGE] = { .key = "change_bytes", .heading = "CHANGE", .kind = MO_CELL_BYTES_CHANGE, .help = "B less A" },
	[PIECES] = { .key = "change_pieces", .heading = "PIECES", .kind = MO_CELL_SIGNED,
		     .help = "how many more objects, pages, processes or files" },
	[BEFORE_PIECES] = { .key = "before_pieces", .heading = "PIECES A", .kind = MO_CELL_COUNT, .flags = MO_COLUMN_HIDDEN,
			    .help = "objects, pages, processes or files in the first" },
	[AFTER_PIECES] = { .key = "after_pieces", .heading = "PIECES B", .kind = MO_CELL_COUNT, .flags = MO_COLUMN_HIDDEN,
			   .help = "the same in the second" },
};

const struct mo_table_spec mo_diff_changes_table = {
	.name = "changes",
	.title = "What grew, and what shrank",
	.help = "Of each kind of holders those that changed most.",
	.columns = change_columns,
	.n_columns = N_CHANGE_COLUMNS,
};

enum { FINDING_SIDE, FINDING_SEVERITY, FINDING_ID, FINDING_VERDICT, N_FINDING_COLUMNS };

static const struct mo_column finding_columns[N_FINDING_COLUMNS] = {
	[FINDING_SIDE] = { .key = "side", .heading = "ONLY IN", .kind = MO_CELL_TEXT, .help = "A or B" },
	[FINDING_SEVERITY] = { .key = "severity", .heading = "SEVERITY", .kind = MO_CELL_TEXT, .help = "notice, warning, critical" },
	[FINDING_ID] = { .key = "id", .heading = "ID", .kind = MO_CELL_TEXT, .flags = MO_COLUMN_HIDDEN,
			 .help = "the word for this kind of finding" },
	[FINDING_VERDICT] = { .key = "verdict", .heading = "FINDING", .kind = MO_CELL_TEXT, .flags = MO_COLUMN_WRAP,
			      .help = "what that report says" },
};

const struct mo_table_spec mo_diff_findings_table = {
	.name = "findings_of_one_side",
	.title = "Findings of one side only",
	.help = "What only one of the two reports found.",
	.columns = finding_columns,
	.n_columns = N_FINDING_COLUMNS,
};

void mo_diff_write_sides(struct mo_report *report, const struct mo_comparison *comparison, const char *const *paths)
{
	mo_report_table_begin(report, &mo_diff_sides_table);
	for (unsigned i = 0; i < 2; i++) {
		const struct mo_report_facts *facts = &comparison->facts[i];

		mo_report_row(report, (const struct mo_cell[N_SIDE_COLUMNS]){
			[SIDE] = mo_cell_text(i ? "B" : "A"),
			[SIDE_PATH] = mo_cell_text(paths[i]),
			[SIDE_HOST] = mo_cell_text(facts->nodename),
			[SIDE_RELEASE] = mo_cell_text(facts->release),
			[SIDE_CLOCK] = mo_cell_text(facts->clock),
			[SIDE_UPTIME] = mo_cell_number(facts->has_uptime && facts->uptime_seconds >= 0 &&
						       facts->uptime_seconds < 1e9 ?
						       mo_exact((uint64_t)(facts->uptime_seconds * 1e9)) : mo_unknown()),
			[SIDE_MEMORY] = mo_cell_number(facts->memory_bytes),
			[SIDE_AVAILABLE] = mo_cell_number(facts->available_bytes) });
	}
	mo_report_table_end(report);
}

static struct mo_cell pieces_cell(const struct mo_change *change)
{
	if (change->before_pieces.certainty != MO_EXACT || change->after_pieces.certainty != MO_EXACT)
		return mo_cell_unknown();
	return mo_cell_signed((int64_t)(change->after_pieces.value - change->before_pieces.value));
}

static void write_change(struct mo_report *report, const struct mo_change *change)
{
	mo_report_row(report, (const struct mo_cell[N_CHANGE_COLUMNS]){
		[KIND] = mo_cell_text(mo_holding_word(change->kind)),
		[NAME] = mo_cell_text(change->name),
		[MODULE] = mo_cell_text(change->module ? change->module : ""),
		[BEFORE] = mo_cell_number(change->before_bytes),
		[AFTER] = mo_cell_number(change->after_bytes),
		[CHANGE] = mo_cell_signed(change->grew_bytes),
		[PIECES] = pieces_cell(change),
		[BEFORE_PIECES] = mo_cell_number(change->before_pieces),
		[AFTER_PIECES] = mo_cell_number(change->after_pieces) });
}

/* The changes of one kind, [first, end): those that grew come first, those that shrank at the end are the ones that shrank most. */
static size_t write_kind(struct mo_report *report, const struct mo_change *first, const struct mo_change *end, size_t most,
			 uint64_t min_bytes)
{
	size_t n_left_out = 0;
	size_t rank = 0;

	for (const struct mo_change *change = first; change < end; change++) {
		const size_t from_end = (size_t)(end - change) - 1;
		const uint64_t size = (uint64_t)(change->grew_bytes < 0 ? -change->grew_bytes : change->grew_bytes);

		if (!change->grew_bytes)
			continue;
		if (size >= min_bytes && (change->grew_bytes > 0 ? rank++ < most : from_end < most))
			write_change(report, change);
		else
			n_left_out++;
	}
	return n_left_out;
}

void mo_diff_write_changes(struct mo_report *report, const struct mo_comparison *comparison, size_t most, uint64_t min_bytes)
{
	const struct mo_change *items = comparison->changes.items;
	const size_t n = comparison->changes.count;
	size_t n_left_out = 0;
	size_t n_unknown = 0;

	mo_report_table_begin(report, &mo_diff_changes_table);
	for (size_t i = 0; i < n;) {
		size_t end = i;
		size_t known_end;

		while (end < n && items[end].kind == items[i].kind && items[end].is_known)
			end++;
		known_end = end;
		while (end < n && items[end].kind == items[i].kind)
			end++;
		n_left_out += write_kind(report, &items[i], &items[known_end], most, min_bytes);
		n_unknown += end - known_end;
		i = end;
	}
	mo_report_table_end(report);
	if (n_left_out)
		mo_report_note(report, "%zu smaller changes (--all).", n_left_out);
	if (n_unknown)
		mo_report_note(report, "Of %zu more it is unknown how they changed: one of the reports does not have their size.", n_unknown);
	for (unsigned kind = 0; kind < MO_N_HOLDINGS; kind++)
		if (!comparison->is_compared[kind] && (comparison->entries[0][kind].is_there || comparison->entries[1][kind].is_there))
			mo_report_note(report, "Not compared, since %s has none: %s.", comparison->entries[0][kind].is_there ? "B" : "A",
				       mo_holding_word((enum mo_holding)kind));
}

/* One finding of a kind counts, whatever numbers stand in it: those are what the changes tell. */
static bool has_finding(const struct mo_report_file *file, const char *id)
{
	const json_t *finding;
	size_t i;

	json_array_foreach(json_object_get(file->root, "findings"), i, finding) {
		const char *other = mo_json_text(finding, "id");

		if (other && !strcmp(other, id))
			return true;
	}
	return false;
}

static void write_findings_of(struct mo_report *report, const struct mo_report_file *file, const struct mo_report_file *other,
			      const char *side)
{
	const json_t *finding;
	size_t i;

	json_array_foreach(json_object_get(file->root, "findings"), i, finding) {
		const char *id = mo_json_text(finding, "id");
		const char *severity = mo_json_text(finding, "severity");

		if (!id || !severity || !strcmp(severity, "info") || has_finding(other, id))
			continue;
		mo_report_row(report, (const struct mo_cell[N_FINDING_COLUMNS]){
			[FINDING_SIDE] = mo_cell_text(side),
			[FINDING_SEVERITY] = mo_cell_text(severity),
			[FINDING_ID] = mo_cell_text(id),
			[FINDING_VERDICT] = mo_cell_text(mo_json_text(finding, "verdict")) });
	}
}

void mo_diff_write_findings(struct mo_report *report, const struct mo_report_file *files)
{
	mo_report_table_begin(report, &mo_diff_findings_table);
	write_findings_of(report, &files[1], &files[0], "B");
	write_findings_of(report, &files[0], &files[1], "A");
	mo_report_table_end(report);
}
