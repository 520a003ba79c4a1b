/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The dump's own moment: how close it is to running out, tasks that the OOM killer has to do with. */
#include "gathering.h"

#include <inttypes.h>

#include "sentence.h"

/* The help text comes last, with flags behind it where there are some. */
#define TEXT(key_, heading_, ...) { .key = key_, .heading = heading_, .kind = MO_CELL_TEXT, .help = __VA_ARGS__ }
#define OF(key_, heading_, kind_, ...) { .key = key_, .heading = heading_, .kind = kind_, .help = __VA_ARGS__ }
#define HIDDEN .flags = MO_COLUMN_HIDDEN

enum { N_NODE, N_ZONE, N_MANAGED, N_FREE, N_MIN, N_LOW, N_ABOVE, N_N };

static const struct mo_column now_columns[N_N] = {
	[N_NODE] = OF("node", "NODE", MO_CELL_COUNT, "the NUMA node"),
	[N_ZONE] = TEXT("zone", "ZONE", "the zone's name"),
	[N_MANAGED] = OF("managed_bytes", "MEMORY", MO_CELL_BYTES, "managed_pages"),
	[N_FREE] = OF("free_bytes", "FREE", MO_CELL_BYTES, "NR_FREE_PAGES"),
	[N_MIN] = OF("min_bytes", "MIN", MO_CELL_BYTES, "the min watermark with its boost: below it requests wait for reclaim"),
	[N_LOW] = OF("low_bytes", "LOW", MO_CELL_BYTES, "the low watermark with its boost: below it kswapd works"),
	[N_ABOVE] =
		OF("above_min_bytes", "ABOVE-MIN", MO_CELL_BYTES, "what may still be taken before requests wait; 0: nothing"),
};

const struct mo_table_spec oom_now_table = {
	.name = "oom_now", .title = "Free memory in the dump", .help = "At the moment of the dump, not of an event.",
	.columns = now_columns, .n_columns = N_N,
};

enum { T_PID, T_COMM, T_MARK, N_T };

static const struct mo_column marked_columns[N_T] = {
	[T_PID] = OF("pid", "PID", MO_CELL_SIGNED, "process id"),
	[T_COMM] = TEXT("comm", "COMMAND", "the task's name"),
	[T_MARK] = TEXT("mark", "MARK", "what the dump says of it"),
};

const struct mo_table_spec oom_marked_table = {
	.name = "oom_marked", .title = "Marked by the OOM killer", .columns = marked_columns, .n_columns = N_T,
};

static struct mo_count in_bytes(const struct oom_state *state, struct mo_count pages)
{
	pages.value *= state->page_bytes;
	return pages;
}

static struct mo_count above(struct mo_count value, struct mo_count mark)
{
	if (value.certainty != MO_EXACT || mark.certainty != MO_EXACT)
		return mo_unknown();
	return mo_exact(value.value > mark.value ? value.value - mark.value : 0);
}

static struct mo_count min_of(const struct mo_zone *zone)
{
	struct mo_count boost = zone->watermark_boost_pages.certainty == MO_EXACT ? zone->watermark_boost_pages : mo_exact(0);

	return mo_count_add(zone->watermark_pages[MO_WMARK_MIN], boost);
}

static void put_zones(const struct oom_state *state, struct mo_report *report)
{
	mo_report_table_begin(report, &oom_now_table);
	for (size_t i = 0; i < state->zones->n_zones; i++) {
		const struct mo_zone *zone = &state->zones->zones[i];
		struct mo_count min = min_of(zone);

		if (zone->managed_pages.certainty == MO_EXACT && !zone->managed_pages.value)
			continue;
		mo_report_row(report, (const struct mo_cell[N_N]){
			[N_NODE] = mo_cell_number(mo_exact(zone->node_id)),
			[N_ZONE] = mo_cell_text(zone->name),
			[N_MANAGED] = mo_cell_number(in_bytes(state, zone->managed_pages)),
			[N_FREE] = mo_cell_number(in_bytes(state, zone->free_pages)),
			[N_MIN] = mo_cell_number(in_bytes(state, min)),
			[N_LOW] = mo_cell_number(in_bytes(state, mo_count_add(zone->watermark_pages[MO_WMARK_LOW],
											zone->watermark_boost_pages))),
			[N_ABOVE] = mo_cell_number(in_bytes(state, above(zone->free_pages, min))),
		});
	}
	mo_report_table_end(report);
}

static void put_marked(const struct oom_state *state, struct mo_report *report)
{
	if (state->victims_in_flight.value)
		mo_report_note(report, "%" PRIu64 " killed tasks have not given back their memory yet (oom_victims).",
			       state->victims_in_flight.value);
	if (!state->n_marked)
		return;
	mo_report_table_begin(report, &oom_marked_table);
	for (size_t i = 0; i < state->n_marked; i++) {
		const struct mo_task *task = &state->tasks->tasks[state->marked[i].task];

		mo_report_row(report, (const struct mo_cell[N_T]){
			[T_PID] = mo_cell_signed(task->pid),
			[T_COMM] = mo_cell_text(task->comm),
			[T_MARK] = mo_cell_text(state->marked[i].mark),
		});
	}
	mo_report_table_end(report);
}

/* The zone that is nearest to its min watermark, in thousandths of its memory; NULL: not known. */
static const struct mo_zone *tightest_zone(const struct oom_state *state, uint64_t *above_pages)
{
	const struct mo_zone *tightest = NULL;
	double least = 2;

	for (size_t i = 0; i < state->zones->n_zones; i++) {
		const struct mo_zone *zone = &state->zones->zones[i];
		struct mo_count left = above(zone->free_pages, min_of(zone));

		if (left.certainty != MO_EXACT || !zone->managed_pages.value ||
		    (double)left.value / (double)zone->managed_pages.value >= least)
			continue;
		least = (double)left.value / (double)zone->managed_pages.value;
		tightest = zone;
		*above_pages = left.value;
	}
	return tightest;
}

static void note_closeness(const struct oom_state *state, struct mo_report *report)
{
	char texts[4][24];
	bool has_swap = state->swap_total_bytes.value != 0;
	uint64_t above_pages = 0;
	const struct mo_zone *zone = tightest_zone(state, &above_pages);

	if (state->available_bytes.certainty == MO_UNKNOWN || state->total_bytes.certainty == MO_UNKNOWN ||
	    !state->total_bytes.value)
		return;
	describe_bytes(state->available_bytes.value, texts[0], sizeof(texts[0]));
	describe_bytes(state->total_bytes.value, texts[1], sizeof(texts[1]));
	describe_bytes(state->swap_free_bytes.value, texts[2], sizeof(texts[2]));
	describe_bytes(above_pages * state->page_bytes, texts[3], sizeof(texts[3]));
	mo_report_note(report,
		       "%s%s of %s (%.0f %%) are available in the dump, free or soon to be had (MemAvailable); %s%s.%s%s%s%s%s",
		       state->scan.n_drafts ? "" :
		       state->model.has_log ? "No OOM in the log. " :
					      "",
		       texts[0], texts[1], (double)state->available_bytes.value * 100 / (double)state->total_bytes.value,
		       has_swap ? "free swap: " : "there is no swap", has_swap ? texts[2] : "", zone ? " Zone " : "",
		       zone ? zone->name : "", zone ? " is nearest to its min watermark: " : "", zone ? texts[3] : "",
		       zone ? " above it." : "");
}

void put_now(const struct oom_state *state, bool is_brief, struct mo_report *report)
{
	note_closeness(state, report);
	put_marked(state, report);
	if (is_brief)
		return;
	put_zones(state, report);
	put_limits(state, report);
}
