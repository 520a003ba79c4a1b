/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Events from lines: whose line it is (the thread or CPU that printed it, where printk kept that), which event that
 * thread is in, and which part of the event the line is.
 */
#include "events.h"

#include <stdlib.h>
#include <string.h>

#define MAX_DRAFTS 2000
#define SAME_MOMENT_NS 1000000000ull
#define LOST_BEGINNING_NS 10000000000ull /* numbers of an event whose beginning is lost are its own for so long */

void *grow(struct log_scan *scan, void *array, size_t n, size_t *room, size_t element_bytes)
{
	size_t wanted = *room ? *room * 2 : 8;
	void *larger;

	if (n < *room)
		return array;
	larger = reallocarray(array, wanted, element_bytes);
	if (!larger) {
		scan->is_out_of_memory = true;
		return NULL;
	}
	*room = wanted;
	return larger;
}

/* What a text says beside the kernel's stamp. */
static void note_source(struct mo_oom_event *event, const struct mo_log_record *record)
{
	if (!record)
		return;
	event->has_time = !record->is_time_unknown;
	mo_log_clock_text(record, event->clock, sizeof(event->clock));
	if (record->host)
		snprintf(event->host, sizeof(event->host), "%s", record->host);
}

struct draft *open_draft(struct log_scan *scan, struct stream *stream, enum mo_oom_kind kind)
{
	struct draft **drafts;
	struct draft *draft;

	stream->is_before_trace = stream->draft && stream->draft->event.has_pid && !stream->draft->is_past_entry &&
				  !stream->draft->is_closed && stream->draft->parts == PART_HEADER &&
				  scan->time_ns - stream->draft->last_time_ns < SAME_MOMENT_NS;
	suspend_report(scan, stream);
	stream->is_foreign_trace = false;
	stream->draft = NULL;
	stream->zone = NULL;
	stream->tasks.n_columns = 0;
	stream->is_slab_table = stream->is_memcg_stats = stream->is_trace = false;
	if (scan->n_drafts >= MAX_DRAFTS) {
		scan->n_untold++;
		return NULL;
	}
	drafts = grow(scan, scan->drafts, scan->n_drafts, &scan->drafts_room, sizeof(struct draft *));
	if (!drafts)
		return NULL;
	scan->drafts = drafts;
	draft = calloc(1, sizeof(*draft));
	if (!draft) {
		scan->is_out_of_memory = true;
		return NULL;
	}
	draft->event.kind = kind;
	draft->event.time_ns = scan->time_ns;
	draft->event.has_time = true;
	note_source(&draft->event, scan->record);
	draft->event.source = MO_OOM_OF_LOG;
	draft->event.n_repeats = 1;
	draft->last_time_ns = scan->time_ns;
	scan->drafts[scan->n_drafts++] = draft;
	stream->draft = draft;
	return draft;
}

struct draft *draft_for_numbers(struct log_scan *scan, struct stream *stream)
{
	if (!stream->draft || stream->draft->is_closed)
		open_draft(scan, stream, MO_OOM_UNKNOWN);
	return stream->draft;
}

static bool is_of(const struct stream *stream, const struct log_line *line)
{
	return stream->has_caller == line->has_caller && stream->caller == line->caller && stream->program == line->program &&
	       (!line->record || (stream->host == line->record->host && stream->boot == line->record->boot));
}

/* Which of two is given up for a new one: one that is free, that is in no event, that was silent for longer. */
static bool is_older(const struct stream *a, const struct stream *b)
{
	if (!a->is_used || !b->is_used)
		return !a->is_used && b->is_used;
	if (!a->draft != !b->draft)
		return !a->draft;
	return a->last_used < b->last_used;
}

static struct stream *stream_of(struct log_scan *scan, const struct log_line *line)
{
	struct stream *oldest = &scan->streams[0];

	for (size_t i = 0; i < N_STREAMS; i++) {
		struct stream *stream = &scan->streams[i];

		if (stream->is_used && is_of(stream, line))
			return stream;
		if (is_older(stream, oldest))
			oldest = stream;
	}
	*oldest = (struct stream){ .is_used = true, .has_caller = line->has_caller, .caller = line->caller,
				    .program = line->program };
	if (line->record) {
		oldest->host = line->record->host;
		oldest->boot = line->record->boot;
	}
	return oldest;
}

/* The numbers that SysRq-m asks for belong to no event. */
static bool take_show_memory(struct log_scan *scan, struct stream *stream, struct span line)
{
	if (!span_has(line, "Show Memory") || !(span_has(line, "sysrq") || span_has(line, "SysRq")))
		return false;
	if (open_draft(scan, stream, MO_OOM_UNKNOWN))
		stream->draft->is_ignored = true;
	return true;
}

/* As much as the report's first line had; the kernel's own lines begin with a blank or two, too. */
static void skip_indent(const struct stream *stream, struct span *text)
{
	for (size_t n = stream->indent; n > 0 && text->n && *text->at == ' '; n--) {
		text->at++;
		text->n--;
	}
}

/* Of a line that was cut the last word, or number, may be half of one. */
static struct span without_last_word(struct span text)
{
	while (text.n && text.at[text.n - 1] != ' ' && text.at[text.n - 1] != ',')
		text.n--;
	return text;
}

typedef bool (*line_taker)(struct log_scan *, struct stream *, struct span);

void log_scan_line(struct log_scan *scan, const struct log_line *line)
{
	static const line_taker takers[] = {
		take_kill, take_opening, take_show_memory, take_request_details, take_counters, take_zone, take_memory_facts,
		take_task_row, take_slab_row, take_memcg, take_refusal, take_shortage, take_lockup, take_killer, take_container,
	};
	struct stream *stream = stream_of(scan, line);
	struct span text = line->text;
	bool is_taken = false;

	stream->last_used = ++scan->n_lines;
	scan->time_ns = line->time_ns;
	scan->sequence = line->sequence;
	scan->record = line->record;
	if (stream->draft && !stream->draft->event.has_request && stream->draft->event.has_time &&
	    line->time_ns > stream->draft->last_time_ns &&
	    line->time_ns - stream->draft->last_time_ns > LOST_BEGINNING_NS)
		stream->draft = NULL;
	if (line->program && !take_killer(scan, stream, line->text))
		take_container(scan, stream, line->text);
	skip_indent(stream, &text);
	choose_report(scan, stream, text);
	if (line->is_cut)
		text = without_last_word(text);
	for (size_t i = 0; !line->program && !is_taken && i < sizeof(takers) / sizeof(takers[0]); i++)
		is_taken = takers[i](scan, stream, text);
	if (stream->draft && line->is_cut && is_taken)
		stream->draft->has_cut_line = true;
	if (stream->draft)
		stream->draft->last_time_ns = line->time_ns;
}

static void free_draft(struct draft *draft)
{
	free(draft->zones);
	free(draft->candidates);
	free(draft->kills);
	free(draft->shares);
	free(draft);
}

/* Numbers alone, without a word of what happened, are no event. */
static bool is_event(const struct draft *draft)
{
	return !draft->is_ignored && !draft->is_unproven &&
	       (draft->event.kind != MO_OOM_UNKNOWN || draft->parts & (PART_HEADER | PART_SUMMARY | PART_KILL));
}

static enum mo_oom_gap gap_of(const struct draft *draft)
{
	bool is_oom = draft->event.kind == MO_OOM_KILL || draft->event.kind == MO_OOM_PANIC ||
		      draft->event.kind == MO_OOM_NO_VICTIM || draft->event.kind == MO_OOM_UNKNOWN;

	if (draft->is_interleaved)
		return MO_OOM_GAP_MIXED;
	if (is_oom && !(draft->parts & PART_HEADER))
		return draft->parts & (PART_MEMINFO | PART_ZONES | PART_TASKS) ? MO_OOM_GAP_BEGINNING : MO_OOM_GAP_REPORT;
	if (draft->event.kind == MO_OOM_UNKNOWN || draft->is_cut_at_summary)
		return MO_OOM_GAP_END;
	if (is_oom && !(draft->parts & (PART_MEMINFO | PART_ZONES | PART_MEMCG)))
		return MO_OOM_GAP_NUMBERS;
	if (draft->has_cut_line)
		return MO_OOM_GAP_CUT_LINE;
	return MO_OOM_NO_GAP;
}

static void finish(struct draft *draft)
{
	struct mo_oom_event *event = &draft->event;

	event->gap = gap_of(draft);
	event->zones = draft->zones;
	event->n_zones = draft->n_zones;
	event->kills = draft->kills;
	event->n_kills = draft->n_kills;
	event->candidates = draft->candidates;
	event->n_candidates = draft->n_candidates;
	if (draft->parts & PART_MEMCG)
		event->memcg_numbers = &draft->memcg;
	/* The first group that statistics are printed of is the one at its limit. */
	if (!event->memcg[0])
		snprintf(event->memcg, sizeof(event->memcg), "%s", draft->memcg.path);
}

/* A failure like the one before it, as floods of them are: told once. */
static bool is_repeat(const struct draft *earlier, const struct draft *draft)
{
	const struct mo_oom_event *a = &earlier->event;
	const struct mo_oom_event *b = &draft->event;

	return a->kind == b->kind && a->kind >= MO_OOM_ALLOCATION_FAILURE && !a->n_kills && !strcmp(a->subject, b->subject) &&
	       !strcmp(a->killer, b->killer) && a->order == b->order && a->gfp == b->gfp &&
	       a->bytes.value == b->bytes.value && !strcmp(a->comm, b->comm) && !strcmp(a->cache, b->cache) &&
	       !strcmp(a->memcg, b->memcg);
}

void log_scan_finish(struct log_scan *scan)
{
	size_t n = 0;

	join_triggers(scan);
	for (size_t i = 0; i < scan->n_drafts; i++) {
		struct draft *draft = scan->drafts[i];
		struct draft *before = n ? scan->drafts[n - 1] : NULL;

		if (is_event(draft) && before && is_repeat(before, draft)) {
			before->event.n_repeats++;
			if (draft->event.waited_ns > before->event.waited_ns)
				before->event.waited_ns = draft->event.waited_ns;
		} else if (is_event(draft)) {
			take_victim_of_summary(scan, draft);
			finish(draft);
			scan->drafts[n++] = draft;
			continue;
		}
		free_draft(draft);
	}
	scan->n_drafts = n;
}

void log_scan_free(struct log_scan *scan)
{
	for (size_t i = 0; i < scan->n_drafts; i++)
		free_draft(scan->drafts[i]);
	free(scan->drafts);
	*scan = (struct log_scan){ .n_drafts = 0 };
}
