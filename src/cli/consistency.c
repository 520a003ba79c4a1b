/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* How much of a running kernel moved while it was looked at, by its own counters before and after. */
#include <inttypes.h>

#include "live.h"

enum { SCORE, SECONDS, TOTAL, FREES, ALLOCATIONS, FORKS, N_SCORE_COLUMNS };

static const struct mo_column score_columns[N_SCORE_COLUMNS] = {
	[SCORE] = { .key = "score_percent", .heading = "SAME AT LEAST", .kind = MO_CELL_PERCENT,
		    .help = "of memory, what was in the same hands all the time: all but the pages freed meanwhile, each counted "
			    "every time" },
	[SECONDS] = { .key = "reading_seconds", .heading = "SECONDS", .kind = MO_CELL_SECONDS, .help = "how long reading took" },
	[TOTAL] = { .key = "total_pages", .heading = "PAGES", .kind = MO_CELL_COUNT, .help = "of the machine (MemTotal)" },
	[FREES] = { .key = "freed_pages", .heading = "FREED", .kind = MO_CELL_COUNT,
		    .help = "pages freed meanwhile (pgfree), memopsy's own too" },
	[ALLOCATIONS] = { .key = "allocated_pages", .heading = "TAKEN", .kind = MO_CELL_COUNT,
			  .help = "pages taken meanwhile (pgalloc_*), memopsy's own too" },
	[FORKS] = { .key = "forks", .heading = "FORKS", .kind = MO_CELL_COUNT, .help = "tasks started meanwhile" },
};

static const struct mo_table_spec score_table = {
	.name = "consistency",
	.title = "Consistency",
	.help = "How much of the running kernel's memory stayed as it was while it was read.",
	.columns = score_columns,
	.n_columns = N_SCORE_COLUMNS,
};

enum { COUNTER, BEFORE, AFTER, CHANGE, N_COUNTER_COLUMNS };

static const struct mo_column counter_columns[N_COUNTER_COLUMNS] = {
	[COUNTER] = { .key = "counter", .heading = "COUNTER", .kind = MO_CELL_TEXT, .help = "of /proc/vmstat; pages, stacks in KiB" },
	[BEFORE] = { .key = "before", .heading = "BEFORE", .kind = MO_CELL_COUNT, .help = "when reading began" },
	[AFTER] = { .key = "after", .heading = "AFTER", .kind = MO_CELL_COUNT, .help = "when it was over" },
	[CHANGE] = { .key = "change", .heading = "CHANGE", .kind = MO_CELL_SIGNED, .help = "after less before" },
};

static const struct mo_table_spec counters_table = {
	.name = "consistency_counters",
	.title = "What moved",
	.help = "Counters of the kernel before and after.",
	.columns = counter_columns,
	.n_columns = N_COUNTER_COLUMNS,
};

static const char *const names[MO_N_LIVE_COUNTERS] = {
	[MO_LIVE_FREE] = "nr_free_pages", [MO_LIVE_ANON] = "nr_anon_pages", [MO_LIVE_FILE] = "nr_file_pages",
	[MO_LIVE_SHMEM] = "nr_shmem", [MO_LIVE_SLAB_RECLAIMABLE] = "nr_slab_reclaimable",
	[MO_LIVE_SLAB_UNRECLAIMABLE] = "nr_slab_unreclaimable", [MO_LIVE_PAGE_TABLES] = "nr_page_table_pages",
	[MO_LIVE_KERNEL_STACK] = "nr_kernel_stack",
};

/* Of a counter that only grows. */
static struct mo_count grown(const struct mo_live_counters *before, const struct mo_live_counters *after, enum mo_live_counter which)
{
	struct mo_count a = before->counts[which];
	struct mo_count b = after->counts[which];

	return a.certainty == MO_EXACT && b.certainty == MO_EXACT && b.value >= a.value ? mo_exact(b.value - a.value) : mo_unknown();
}

bool mo_live_score(const struct mo_live_counters *before, const struct mo_live_counters *after, unsigned *ret)
{
	struct mo_count freed = grown(before, after, MO_LIVE_FREES);
	uint64_t total = before->total_pages.value;

	if (freed.certainty != MO_EXACT || before->total_pages.certainty != MO_EXACT || !total)
		return false;
	*ret = freed.value >= total ? 0 : (unsigned)((total - freed.value) * 100000 / total);
	return true;
}

static void write_score(struct mo_report *report, const struct mo_live_counters *before, const struct mo_live_counters *after,
			bool has_score, unsigned score)
{
	const struct mo_cell cells[N_SCORE_COLUMNS] = {
		[SCORE] = mo_cell_number(has_score ? mo_exact(score) : mo_unknown()),
		[SECONDS] = mo_cell_number(mo_exact(after->taken_ns - before->taken_ns)),
		[TOTAL] = mo_cell_number(before->total_pages),
		[FREES] = mo_cell_number(grown(before, after, MO_LIVE_FREES)),
		[ALLOCATIONS] = mo_cell_number(grown(before, after, MO_LIVE_ALLOCATIONS)),
		[FORKS] = mo_cell_number(grown(before, after, MO_LIVE_FORKS)),
	};

	mo_report_table_begin(report, &score_table);
	mo_report_row(report, cells);
	mo_report_table_end(report);
}

static void write_counters(struct mo_report *report, const struct mo_live_counters *before, const struct mo_live_counters *after)
{
	mo_report_table_begin(report, &counters_table);
	for (unsigned i = 0; i < MO_N_LIVE_COUNTERS; i++) {
		struct mo_count a = before->counts[i];
		struct mo_count b = after->counts[i];
		bool is_known = a.certainty == MO_EXACT && b.certainty == MO_EXACT;

		if (!names[i] || !is_known || a.value == b.value)
			continue;
		mo_report_row(report, (const struct mo_cell[N_COUNTER_COLUMNS]){
			[COUNTER] = mo_cell_text(names[i]),
			[BEFORE] = mo_cell_number(a),
			[AFTER] = mo_cell_number(b),
			[CHANGE] = mo_cell_signed((int64_t)(b.value - a.value)) });
	}
	mo_report_table_end(report);
}

void mo_live_write_consistency(struct mo_report *report, const struct mo_live_counters *before,
			       const struct mo_live_counters *after)
{
	unsigned score = 0;
	bool has_score = mo_live_score(before, after, &score);
	struct mo_count freed = grown(before, after, MO_LIVE_FREES);
	double seconds = (double)(after->taken_ns - before->taken_ns) / 1e9;

	write_score(report, before, after, has_score, score);
	write_counters(report, before, after);
	if (has_score)
		mo_report_note(report, "Reading took %.1f s; %" PRIu64 " pages were freed meanwhile, so at least %u.%u %% of memory was in the "
				       "same hands all the time.",
			       seconds, freed.value, score / 1000, score % 1000 / 100);
	else
		mo_report_note(report, "Reading took %.1f s; how much moved meanwhile is not known (/proc/vmstat).", seconds);
}
