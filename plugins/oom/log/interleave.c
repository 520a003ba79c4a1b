/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Two CPUs that print reports at the same moment into a log that does not say whose a line is. Only one of them can be
 * in the OOM killer (oom_lock), but a request may fail anywhere: its report comes in between, whole or line by line.
 * The parts of a report have an order, and each is printed once: a line that the newer report has already, or can no
 * longer have, is of the older one. Numbers that either may have printed make both doubtful, which is told.
 */
#include "events.h"

#include <string.h>

#define SAME_MOMENT_NS 1000000000ull

/* The kernel's clock, else that of who wrote the log; false: the text has neither, and lines may be hours apart. */
static bool moment_of(const struct log_scan *scan, uint64_t *ret)
{
	const struct mo_log_record *record = scan->record;

	*ret = scan->time_ns;
	if (!record || !record->is_time_unknown)
		return true;
	*ret = (uint64_t)record->wall_clock_ns;
	return record->has_wall_clock && record->wall_clock_ns > 0;
}

static bool is_of_killer(const struct draft *draft)
{
	return draft->event.kind < MO_OOM_ALLOCATION_FAILURE;
}

/*
 * Whether more lines of it may come: a failure's report ends with the pages of the machine, the OOM killer's with a
 * kill.
 */
static bool is_unfinished(const struct draft *draft)
{
	return draft && !draft->is_closed && !draft->is_ignored && draft->event.kind <= MO_OOM_STALL &&
	       draft->event.kind != MO_OOM_REFUSAL && draft->parts & PART_HEADER &&
	       (is_of_killer(draft) || draft->reserved_pages.certainty == MO_UNKNOWN);
}

static struct suspended state_of(const struct stream *stream, uint64_t now)
{
	return (struct suspended){
		.draft = stream->draft, .zone = stream->zone, .tasks = stream->tasks, .is_slab_table = stream->is_slab_table,
		.is_memcg_stats = stream->is_memcg_stats, .is_trace = stream->is_trace,
		.is_foreign_trace = stream->is_foreign_trace, .moment_ns = now,
	};
}

void suspend_report(const struct log_scan *scan, struct stream *stream)
{
	uint64_t now;

	if (stream->has_caller || stream->program || !is_unfinished(stream->draft) || !moment_of(scan, &now))
		return;
	memmove(&stream->suspended[1], &stream->suspended[0], (MAX_SUSPENDED - 1) * sizeof(stream->suspended[0]));
	stream->suspended[0] = state_of(stream, now);
}

static bool fits_counters(const struct draft *draft, struct span line)
{
	for (unsigned i = 0; i < N_COUNTERS; i++) {
		uint64_t value;

		if (span_value_of(line, counter_names[i], &value))
			return draft->counters[i].certainty == MO_UNKNOWN;
	}
	return true;
}

enum fit { FIT_ANY, FIT_NO, FIT_YES }; /* any: the line says nothing of which report it is */

static enum fit yes_if(bool fits)
{
	return fits ? FIT_YES : FIT_NO;
}

/* Lines of nodes and zones: "Node 0 active_anon:..", "Node 0 DMA free:..", "Node 0 DMA: 1*4kB ..". */
static enum fit fit_of_zones(struct draft *draft, struct span line)
{
	struct span rest = line;
	const struct mo_oom_zone *zone;
	uint32_t node_id;
	char name[16];

	if (!take_node(&rest, &node_id))
		return FIT_ANY;
	if (rest.n != line.n && span_skip(&rest, "active_anon:"))
		return yes_if(draft->parts & PART_MEMINFO && !(draft->parts & (PART_ZONES | PART_ORDERS)) &&
			      (node_id >= 64 || !(draft->nodes_seen >> node_id & 1)));
	if (!take_zone_name(&rest, name, sizeof(name)))
		return FIT_ANY;
	zone = zone_of(draft, node_id, name);
	if (span_skip(&rest, " free:"))
		return yes_if(draft->parts & PART_MEMINFO && !zone && !(draft->parts & PART_ORDERS));
	return span_skip(&rest, ": ") ? yes_if(zone && !zone->n_orders) : FIT_ANY;
}

static enum fit fit_of_totals(const struct draft *draft, struct span line)
{
	span_blanks(&line);
	if (span_has(line, " hugepages_total="))
		return yes_if(draft->parts & PART_ORDERS && draft->event.swap_total_bytes.certainty == MO_UNKNOWN &&
			      draft->ram_pages.certainty == MO_UNKNOWN);
	if (span_skip(&line, "Free swap "))
		return yes_if(draft->parts & PART_MEMINFO && draft->event.swap_free_bytes.certainty == MO_UNKNOWN);
	if (span_skip(&line, "Total swap "))
		return yes_if(draft->parts & PART_MEMINFO && draft->event.swap_total_bytes.certainty == MO_UNKNOWN);
	if (span_has(line, " pages RAM") || span_has(line, " pages of RAM"))
		return yes_if(draft->parts & PART_MEMINFO && draft->ram_pages.certainty == MO_UNKNOWN);
	if (span_has(line, " pages reserved") || span_has(line, " reserved pages"))
		return yes_if(draft->parts & PART_MEMINFO && draft->reserved_pages.certainty == MO_UNKNOWN);
	return FIT_ANY;
}

static bool has_candidate(const struct draft *draft, int32_t pid)
{
	for (size_t i = 0; i < draft->n_candidates; i++)
		if (draft->candidates[i].pid == pid)
			return true;
	return false;
}

/* "kmalloc-8k               123KB        456KB" */
static bool is_slab_row(struct span line)
{
	struct span before;

	return line.n > 2 && !memcmp(line.at + line.n - 2, "KB", 2) && span_find(line, "KB ", &before, NULL) && before.n;
}

/* "[  123]  0 ..." below its heading, the summary line, the kill: of the OOM killer alone. */
static enum fit fit_of_ending(const struct suspended *state, struct span line)
{
	const struct draft *draft = state->draft;
	struct span rest = line;
	int32_t pid;

	if (span_has(line, "oom-kill:constraint="))
		return yes_if(is_of_killer(draft) && !(draft->parts & PART_SUMMARY));
	if (span_has(line, "Unreclaimable slab info:") || span_has(line, "Tasks state ("))
		return yes_if(is_of_killer(draft) && !(draft->parts & PART_TASKS));
	if (is_slab_row(line))
		return yes_if(state->is_slab_table);
	if (span_find(line, "ill process ", NULL, &rest) || span_find(line, "Killed process ", NULL, &rest))
		/* Behind the plan to kill one a child of it may be named. */
		return yes_if(is_of_killer(draft) && (draft->n_kills || !draft->n_candidates || !span_int(&rest, &pid) ||
						      has_candidate(draft, pid)));
	if (!span_skip(&rest, "["))
		return FIT_ANY;
	span_blanks(&rest);
	if (span_skip(&rest, "pid"))
		return yes_if(is_of_killer(draft) && !(draft->parts & PART_TASKS));
	if (!span_int(&rest, &pid) || !span_skip(&rest, "] "))
		return FIT_ANY;
	return yes_if(state->tasks.n_columns && !has_candidate(draft, pid));
}

/* "CPU: 1 PID: 77 Comm: eater ..." says whose it is; "Pid: 77, comm: eater ..." before 3.11. */
static enum fit fit_of_process(const struct draft *draft, struct span line)
{
	struct span comm;
	size_t n = strlen(draft->event.comm);

	if (!(span_skip(&line, "CPU: ") && span_find(line, " Comm: ", NULL, &comm)) &&
	    !(span_skip(&line, "Pid: ") && span_find(line, ", comm: ", NULL, &comm)))
		return FIT_ANY;
	return yes_if(!draft->event.has_pid && n && comm.n > n && !memcmp(comm.at, draft->event.comm, n) && comm.at[n] == ' ');
}

static enum fit fit_of(const struct suspended *state, struct span line)
{
	struct draft *draft = state->draft;
	struct span rest = line;
	enum fit fit = fit_of_process(draft, line);

	if (fit != FIT_ANY)
		return fit;
	if (span_is(line, "Mem-Info:"))
		return yes_if(!(draft->parts & (PART_MEMINFO | PART_ZONES)));
	if (span_skip(&rest, "lowmem_reserve[]:"))
		return yes_if(state->zone != NULL);
	if (is_counters_line(line))
		return yes_if(!(draft->parts & PART_ZONES) && fits_counters(draft, line));
	fit = fit_of_zones(draft, line);
	if (fit == FIT_ANY)
		fit = fit_of_totals(draft, line);
	return fit == FIT_ANY ? fit_of_ending(state, line) : fit;
}

/* The stream goes on in that report, and the one that it was in waits in its place. */
static void resume(struct stream *stream, struct suspended *with, uint64_t now)
{
	struct suspended older = *with;

	*with = state_of(stream, now);
	stream->draft = older.draft;
	stream->zone = older.zone;
	stream->tasks = older.tasks;
	stream->is_slab_table = older.is_slab_table;
	stream->is_memcg_stats = older.is_memcg_stats;
	stream->is_trace = older.is_trace;
	stream->is_foreign_trace = older.is_foreign_trace;
	if (!with->draft || !is_unfinished(with->draft))
		with->draft = NULL;
}

/*
 * Whether numbers may be in the wrong one of the two: unless the newer report came whole, and the older one had begun
 * with its own numbers.
 */
static bool are_mixed(const struct draft *newer, const struct draft *older)
{
	return newer && newer->is_doubtful && !(older->parts & PART_SUMMARY) &&
	       (is_unfinished(newer) || !(older->parts & PART_MEMINFO));
}

void choose_report(const struct log_scan *scan, struct stream *stream, struct span line)
{
	enum fit here = FIT_NO;
	struct suspended current;
	uint64_t now;

	if (!stream->suspended[0].draft && !stream->suspended[1].draft && !stream->suspended[2].draft)
		return;
	if (!moment_of(scan, &now))
		return;
	current = state_of(stream, now);
	if (stream->draft && !stream->draft->is_closed)
		here = fit_of(&current, line);
	for (size_t i = 0; i < MAX_SUSPENDED; i++) {
		struct suspended *older = &stream->suspended[i];
		bool is_number = stream->draft && stream->draft->parts & PART_MEMINFO;

		if (!older->draft)
			continue;
		if (now < older->moment_ns || now - older->moment_ns > SAME_MOMENT_NS) {
			older->draft = NULL;
			continue;
		}
		if (here == FIT_ANY || fit_of(older, line) != FIT_YES)
			continue;
		if (here == FIT_YES) {
			/* Either may have printed it: told if the older one goes on to have such lines. */
			stream->draft->is_doubtful |= is_number || span_is(line, "Mem-Info:");
			continue;
		}
		if (are_mixed(stream->draft, older->draft))
			older->draft->is_interleaved = stream->draft->is_interleaved = true;
		resume(stream, older, now);
		return;
	}
}
