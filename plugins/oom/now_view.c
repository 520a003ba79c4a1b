/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The dump's own moment: how close it is to running out, limits of address space, tasks that the OOM killer has to do with. */
#include "gathering.h"

#include <inttypes.h>
#include <stdio.h>

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
	[N_ABOVE] = OF("above_min_bytes", "ABOVE-MIN", MO_CELL_BYTES, "what may still be taken before requests wait; 0: nothing"),
};

const struct mo_table_spec oom_now_table = {
	.name = "oom_now", .title = "Free memory in the dump", .help = "At the moment of the dump, not of an event.",
	.columns = now_columns, .n_columns = N_N,
};

enum { L_LIMIT, L_USED, L_MAX, L_USED_N, L_MAX_N, L_PID, L_COMM, L_VERDICT, N_L };

static const struct mo_column limit_columns[N_L] = {
	[L_LIMIT] = TEXT("limit", "LIMIT", "CommitLimit, vm.max_map_count, or an rlimit"),
	[L_USED] = OF("used_bytes", "USED", MO_CELL_BYTES, "promised or mapped"),
	[L_MAX] = OF("max_bytes", "MAX", MO_CELL_BYTES, "the limit"),
	[L_USED_N] = OF("used_mappings", "MAPPINGS", MO_CELL_COUNT, "of vm.max_map_count", HIDDEN),
	[L_MAX_N] = OF("max_mappings", "MOST", MO_CELL_COUNT, "of vm.max_map_count", HIDDEN),
	[L_PID] = OF("pid", "PID", MO_CELL_SIGNED, "whose; unknown: the machine's"),
	[L_COMM] = TEXT("comm", "COMMAND", "whose"),
	[L_VERDICT] = TEXT("verdict", "VERDICT", "reached, near, kept, not enforced"),
};

const struct mo_table_spec oom_limits_table = {
	.name = "oom_limits", .title = "Limits of address space",
	.help = "Where malloc() and mmap() fail although memory is free; of processes those from nine tenths of a limit on.",
	.columns = limit_columns, .n_columns = N_L,
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

static void put_limits(const struct oom_state *state, struct mo_report *report)
{
	mo_report_table_begin(report, &oom_limits_table);
	for (size_t i = 0; i < state->n_limits; i++) {
		const struct limit_row *row = &state->limits[i];

		mo_report_row(report, (const struct mo_cell[N_L]){
			[L_LIMIT] = mo_cell_text(row->name),
			[L_USED] = mo_cell_number(row->is_number ? mo_unknown() : row->used_bytes),
			[L_MAX] = mo_cell_number(row->is_number ? mo_unknown() : row->max_bytes),
			[L_USED_N] = mo_cell_number(row->is_number ? row->used_bytes : mo_unknown()),
			[L_MAX_N] = mo_cell_number(row->is_number ? row->max_bytes : mo_unknown()),
			[L_PID] = row->pid ? mo_cell_signed(row->pid) : mo_cell_unknown(),
			[L_COMM] = row->pid ? mo_cell_text(row->comm) : mo_cell_unknown(),
			[L_VERDICT] = row->verdict[0] ? mo_cell_text(row->verdict) : mo_cell_unknown(),
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

	if (state->available_bytes.certainty == MO_UNKNOWN || state->total_bytes.certainty == MO_UNKNOWN || !state->total_bytes.value)
		return;
	describe_bytes(state->available_bytes.value, texts[0], sizeof(texts[0]));
	describe_bytes(state->total_bytes.value, texts[1], sizeof(texts[1]));
	describe_bytes(state->swap_free_bytes.value, texts[2], sizeof(texts[2]));
	describe_bytes(above_pages * state->page_bytes, texts[3], sizeof(texts[3]));
	mo_report_note(report, "%s%s of %s (%.0f %%) are available in the dump, free or soon to be had (MemAvailable); %s%s.%s%s%s%s%s",
		       state->scan.n_drafts ? "" : state->model.has_log ? "Memory never ran out as far as the log reaches. " : "",
		       texts[0], texts[1], (double)state->available_bytes.value * 100 / (double)state->total_bytes.value,
		       has_swap ? "free swap: " : "there is no swap", has_swap ? texts[2] : "", zone ? " Zone " : "",
		       zone ? zone->name : "", zone ? " is nearest to its min watermark: " : "", zone ? texts[3] : "",
		       zone ? " above it." : "");
}

/* Why malloc() fails in a process while memory is free. */
static void report_limits(const struct oom_state *state, struct mo_report *report)
{
	char verdict[512];
	size_t length = 0;
	size_t n = 0;

	for (size_t i = 0; i < state->n_limits; i++) {
		const struct limit_row *row = &state->limits[i];

		if (!row->is_reached)
			continue;
		n++;
		if (length < sizeof(verdict) - 128)
			length += (size_t)snprintf(verdict + length, sizeof(verdict) - length, "%s%s of %.*s", length ? ", " : "", row->name,
						   63, row->pid ? row->comm : "the machine");
	}
	if (!n)
		return;
	snprintf(verdict + length, sizeof(verdict) - length, "%s: reached. There malloc() or mmap() fail, however much memory is free.",
		 n > 4 ? " and others" : "");
	mo_report_finding(report, &(struct mo_finding){
		.id = "limit-reached",
		.severity = MO_NOTICE,
		.confidence = MO_CERTAIN,
		.verdict = verdict,
		.advice = "Raise the limit if the process needs more, or find why it grew.",
	});
}

void put_now(const struct oom_state *state, bool is_brief, struct mo_report *report)
{
	note_closeness(state, report);
	put_marked(state, report);
	report_limits(state, report);
	if (is_brief)
		return;
	put_zones(state, report);
	put_limits(state, report);
}
