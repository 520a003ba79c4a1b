/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* `memopsy oom`: the verdict, the timeline, and the evidence of one event. */
#include "gathering.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

/* The help text comes last, with flags behind it where there are some. */
#define TEXT(key_, heading_, ...) { .key = key_, .heading = heading_, .kind = MO_CELL_TEXT, .help = __VA_ARGS__ }
#define OF(key_, heading_, kind_, ...) { .key = key_, .heading = heading_, .kind = kind_, .help = __VA_ARGS__ }
#define HIDDEN .flags = MO_COLUMN_HIDDEN

enum { V_EVENT, V_KIND, V_TIME, V_CLOCK, V_HOST, V_CONSTRAINT, V_MEMCG, V_CAUSE, V_HOLDER, V_HOLDER_KIND, V_HOLDER_PID,
       V_HOLDER_BYTES, V_MODULE,
       V_SWAP, V_VICTIM, V_VICTIM_PID, V_ROLE, V_FREED, V_SOURCE, V_PARTIAL, V_KILLS, V_WHAT, V_HELD, V_DIED, N_V };

static const struct mo_column verdict_columns[N_V] = {
	[V_EVENT] = OF("event", "event", MO_CELL_COUNT, "its number in the timeline; unknown: nothing ran out", HIDDEN),
	[V_KIND] = TEXT("kind", "what happened",
			"none, oom-kill, oom-panic, oom-no-victim, allocation-failure, vmalloc-failure, "
			"slab-failure, refusal, stall, swiotlb-failure, cma-failure, hugetlb-shortage, reclaim-lockup, reclaim-hang, "
			"userspace-kill, eviction, container-oom, unknown"),
	[V_TIME] = OF("time_seconds", "when", MO_CELL_SECONDS, "since boot, as printk stamped it", HIDDEN),
	[V_CLOCK] = TEXT("clock", "clock", "of a text: its own time, as far as it says", HIDDEN),
	[V_HOST] = TEXT("host", "host", "of a text: the machine, if it names it", HIDDEN),
	[V_CONSTRAINT] = TEXT("constraint", "what was short",
			      "global, memcg, cpuset, mempolicy, node, zone, order, reserve, limit; none: called by hand", HIDDEN),
	[V_MEMCG] = TEXT("memcg", "memory cgroup", "the group that ran into its limit", HIDDEN),
	[V_CAUSE] = TEXT("cause", "what held it", "the kind of memory that exceeds an ordinary machine's by most", HIDDEN),
	[V_HOLDER] = TEXT("holder", "held by", "process, cache, file, mount, pool, module", HIDDEN),
	[V_HOLDER_KIND] = TEXT("holder_kind", "holder is a",
			       "process, processes, cache, file, mount, pool, module, caller, owner", HIDDEN),
	[V_HOLDER_PID] = OF("holder_pid", "holder's PID", MO_CELL_SIGNED, "of a process", HIDDEN),
	[V_HOLDER_BYTES] = OF("holder_bytes", "holds", MO_CELL_BYTES, "how much of it", HIDDEN),
	[V_MODULE] =
		TEXT("holder_module", "module", "the module that the holder's memory points into, in a sample of it", HIDDEN),
	[V_SWAP] = TEXT("swap", "swap", "absent, full, free", HIDDEN),
	[V_VICTIM] = TEXT("victim", "killed", "the process that the OOM killer took", HIDDEN),
	[V_VICTIM_PID] = OF("victim_pid", "PID", MO_CELL_SIGNED, "its PID", HIDDEN),
	[V_ROLE] = TEXT("victim_role", "which was a", "consumer: it held a good part of what was short; bystander: it did not",
			HIDDEN),
	[V_FREED] = OF("freed_bytes", "freed", MO_CELL_BYTES, "anonymous memory and page tables of those killed", HIDDEN),
	[V_SOURCE] = TEXT("source", "source", "where the numbers come from: log, dump", HIDDEN),
	[V_PARTIAL] = OF("is_partial", "partial", MO_CELL_BOOL, "lines are missing", HIDDEN),
	[V_KILLS] = OF("kills_since_boot", "kills since boot", MO_CELL_COUNT,
		       "the kernel's own counter (oom_kill of /proc/vmstat)"),
	[V_WHAT] = TEXT("what", "what", "what ran out", HIDDEN),
	[V_HELD] = TEXT("held_by", "held by", "what held it", HIDDEN),
	[V_DIED] = TEXT("who_died", "who died", "the victim", HIDDEN),
};

const struct mo_table_spec oom_verdict_table = {
	.name = "oom",
	.title = "Verdict",
	.help = "The event to tell first: a panic, else the last kill, else the last failure.",
	.columns = verdict_columns,
	.n_columns = N_V,
	.flags = MO_TABLE_RECORD,
};

enum { E_EVENT, E_TIME, E_CLOCK, E_HOST, E_KIND, E_CONSTRAINT, E_ORDER, E_GFP, E_COMM, E_PID, E_VICTIM_PID, E_VICTIM, E_FREED,
       E_CAUSE, E_REPEATS,
       E_FUNCTION, E_FUNCTION_MODULE, E_KILLER, E_SUBJECT, E_REASON, E_BYTES, E_ALLOCATED, E_WAITED, E_PARTIAL, N_E };

/* Of a dump every line has its time since boot; of a text the clock and the machine say more. */
#define EVENT_COLUMNS(flags_of_text) \
	[E_EVENT] = OF("event", "N", MO_CELL_COUNT, "number, for --event"), \
	[E_TIME] = OF("time_seconds", "TIME", MO_CELL_SECONDS, "since boot"), \
	[E_CLOCK] = TEXT("clock", "CLOCK", "a text's own time, as far as it says", flags_of_text), \
	[E_HOST] = TEXT("host", "HOST", "the machine, if a text names it", flags_of_text), \
	[E_KIND] = TEXT("kind", "WHAT", "what happened", .flags = MO_COLUMN_WRAP), \
	[E_CONSTRAINT] = TEXT("constraint", "CONSTRAINT", "what was short"), \
	[E_ORDER] = OF("order", "ORDER", MO_CELL_SIGNED, "2^order pages were asked for; -1: by SysRq-f", HIDDEN), \
	[E_GFP] = TEXT("gfp", "GFP", "the request's flags by the kernel's own names", HIDDEN), \
	[E_COMM] = TEXT("comm", "REQUESTER", "whose allocation it was (comm)", .flags = MO_COLUMN_TRUNCATE), \
	[E_PID] = OF("pid", "PID", MO_CELL_SIGNED, "who asked", HIDDEN), \
	[E_VICTIM_PID] = OF("victim_pid", "KILLED-PID", MO_CELL_SIGNED, "who was killed", HIDDEN), \
	[E_VICTIM] = TEXT("victim", "KILLED", "who was killed (comm)", .flags = MO_COLUMN_TRUNCATE), \
	[E_FREED] = OF("freed_bytes", "FREED", MO_CELL_BYTES, "anonymous memory and page tables of those killed"), \
	[E_CAUSE] = TEXT("cause", "CAUSE", "what held the memory", .flags = MO_COLUMN_WRAP), \
	[E_REPEATS] = OF("repeats", "TIMES", MO_CELL_COUNT, "failures alike, told once", HIDDEN), \
	[E_FUNCTION] = TEXT("function", "FUNCTION", "the first function behind the allocator in the call trace", HIDDEN), \
	[E_FUNCTION_MODULE] = TEXT("function_module", "IN-MODULE", "the innermost module of its stack", HIDDEN), \
	[E_KILLER] = TEXT("killer", "KILLER", "who killed, says so, or had the kernel kill, if not the kernel's OOM killer of itself", HIDDEN), \
	[E_SUBJECT] = TEXT("subject", "SUBJECT", "the group, pod, container, device or area that it is about", HIDDEN), \
	[E_REASON] = TEXT("reason", "REASON", "why, in the words of the killer or the kernel", HIDDEN), \
	[E_BYTES] = OF("request_bytes", "BYTES", MO_CELL_BYTES, "asked for, where it is not 2^order pages; of a userspace kill: " \
		       "what the victim had", HIDDEN), \
	[E_ALLOCATED] = OF("allocated_bytes", "GOT", MO_CELL_BYTES, "what of it there was", HIDDEN), \
	[E_WAITED] = OF("waited_seconds", "WAITED", MO_CELL_SECONDS, "of a stall or a lockup: how long so far", HIDDEN), \
	[E_PARTIAL] = OF("is_partial", "PARTIAL", MO_CELL_BOOL, "lines are missing", HIDDEN),

static const struct mo_column event_columns[N_E] = { EVENT_COLUMNS(HIDDEN) };
static const struct mo_column event_columns_of_text[N_E] = { EVENT_COLUMNS(.flags = MO_COLUMN_TRUNCATE) };

const struct mo_table_spec oom_events_table = {
	.name = "oom_events", .title = "Timeline", .help = "Every time that memory ran out or was refused, oldest first.",
	.columns = event_columns, .n_columns = N_E,
};

static const struct mo_table_spec events_of_text_table = {
	.name = "oom_events", .title = "Timeline", .help = "Every time that memory ran out or was refused, oldest first.",
	.columns = event_columns_of_text, .n_columns = N_E,
};

const struct mo_option oom_options[N_OOM_OPTIONS] = {
	{ .name = "event", .kind = MO_OPTION_NUMBER, .value = "N", .help = "the evidence of event N of the timeline" },
	{ .name = "all", .kind = MO_OPTION_FLAG, .help = "the evidence of all events" },
};

static struct mo_cell text_or_unknown(const char *text)
{
	return text && text[0] ? mo_cell_text(text) : mo_cell_unknown();
}

static void put_no_verdict(const struct oom_state *state, struct mo_report *report)
{
	struct mo_cell cells[N_V];

	for (size_t i = 0; i < N_V; i++)
		cells[i] = mo_cell_unknown();
	cells[V_KIND] = mo_cell_text(state->model.has_log ? "none" : NULL);
	cells[V_KILLS] = mo_cell_number(state->model.kills_counted);
	cells[V_PARTIAL] = mo_cell_number(mo_exact(!state->model.is_log_whole));
	mo_report_record(report, &oom_verdict_table, cells);
}

static void put_holder(const struct mo_oom_share *share, struct mo_cell *cells)
{
	if (!share || !share->holder[0])
		return;
	cells[V_HOLDER] = mo_cell_text(share->holder);
	cells[V_HOLDER_KIND] = mo_cell_text(holder_kind_words[share->holder_kind]);
	cells[V_HOLDER_BYTES] = mo_cell_number(share->holder_bytes);
	if (share->holder_pid)
		cells[V_HOLDER_PID] = mo_cell_signed(share->holder_pid);
	cells[V_MODULE] = text_or_unknown(share->module);
}

static void put_verdict(const struct oom_state *state, const struct draft *draft, size_t number, struct mo_report *report)
{
	const struct mo_oom_event *event = &draft->event;
	struct event_sentences sentences;
	struct mo_cell cells[N_V];

	for (size_t i = 0; i < N_V; i++)
		cells[i] = mo_cell_unknown();
	cells[V_EVENT] = mo_cell_number(mo_exact(number));
	cells[V_KIND] = mo_cell_text(kind_words[event->kind]);
	if (event->has_time)
		cells[V_TIME] = mo_cell_number(mo_exact(event->time_ns));
	cells[V_CLOCK] = text_or_unknown(event->clock);
	cells[V_HOST] = text_or_unknown(event->host);
	cells[V_CONSTRAINT] = mo_cell_text(constraint_words[event->constraint]);
	cells[V_MEMCG] = text_or_unknown(event->memcg);
	cells[V_CAUSE] = mo_cell_text(cause_word(event));
	put_holder(told_share(draft), cells);
	cells[V_SWAP] = mo_cell_text(swap_words[swap_of(event)]);
	if (draft->n_kills) {
		cells[V_VICTIM] = mo_cell_text(draft->kills[0].comm);
		cells[V_VICTIM_PID] = mo_cell_signed(draft->kills[0].pid);
		cells[V_ROLE] = mo_cell_text(role_words[event->role]);
		cells[V_FREED] = mo_cell_number(freed_of(draft));
	}
	cells[V_SOURCE] = mo_cell_text(source_words[event->source]);
	cells[V_PARTIAL] = mo_cell_number(mo_exact(event->gap != MO_OOM_NO_GAP));
	cells[V_KILLS] = mo_cell_number(state->model.kills_counted);
	write_sentences(state, draft, &sentences);
	cells[V_WHAT] = text_or_unknown(sentences.text[0]);
	cells[V_HELD] = text_or_unknown(sentences.text[1]);
	cells[V_DIED] = text_or_unknown(sentences.text[2]);
	mo_report_record(report, &oom_verdict_table, cells);
}

static void put_event_row(const struct draft *draft, size_t number, struct mo_report *report)
{
	const struct mo_oom_event *event = &draft->event;
	const struct mo_oom_kill *kill = draft->n_kills ? &draft->kills[0] : NULL;
	struct mo_cell cells[N_E] = {
		[E_EVENT] = mo_cell_number(mo_exact(number)),
		[E_TIME] = mo_cell_number(event->has_time ? mo_exact(event->time_ns) : mo_unknown()),
		[E_CLOCK] = text_or_unknown(event->clock),
		[E_HOST] = text_or_unknown(event->host),
		[E_KIND] = mo_cell_text(kind_words[event->kind]),
		[E_CONSTRAINT] = mo_cell_text(constraint_words[event->constraint]),
		[E_ORDER] = event->has_order ? mo_cell_signed(event->order) : mo_cell_unknown(),
		[E_GFP] = text_or_unknown(event->gfp_text),
		[E_COMM] = text_or_unknown(event->comm),
		[E_PID] = event->has_pid ? mo_cell_signed(event->pid) : mo_cell_unknown(),
		[E_VICTIM_PID] = kill ? mo_cell_signed(kill->pid) : mo_cell_unknown(),
		[E_VICTIM] = text_or_unknown(kill ? kill->comm : NULL),
		[E_FREED] = mo_cell_number(freed_of(draft)),
		[E_CAUSE] = mo_cell_text(cause_word(event)),
		[E_REPEATS] = mo_cell_number(mo_exact(event->n_repeats)),
		[E_FUNCTION] = text_or_unknown(event->function),
		[E_FUNCTION_MODULE] = text_or_unknown(event->function_module),
		[E_KILLER] = text_or_unknown(event->killer),
		[E_SUBJECT] = text_or_unknown(event->subject),
		[E_REASON] = text_or_unknown(event->reason),
		[E_BYTES] = mo_cell_number(event->bytes),
		[E_ALLOCATED] = mo_cell_number(event->allocated_bytes),
		[E_WAITED] = mo_cell_number(event->waited_ns ? mo_exact(event->waited_ns) : mo_unknown()),
		[E_PARTIAL] = mo_cell_number(mo_exact(event->gap != MO_OOM_NO_GAP)),
	};

	mo_report_row(report, cells);
}

static void put_timeline(const struct oom_state *state, struct mo_report *report)
{
	mo_report_table_begin(report, state->is_text ? &events_of_text_table : &oom_events_table);
	for (size_t i = 0; i < state->scan.n_drafts; i++)
		put_event_row(state->scan.drafts[i], i + 1, report);
	mo_report_table_end(report);
}

static void note_log(const struct oom_state *state, struct mo_report *report)
{
	const struct mo_oom_model *model = &state->model;

	if (!model->has_log)
		mo_report_note(report, "The kernel log could not be read: events are known from the dump alone.");
	else if (!model->is_log_whole && !state->has_first_log_ns)
		mo_report_note(report, "The log does not begin at boot: earlier events may be lost.");
	else if (!model->is_log_whole)
		mo_report_note(report,
			       "The log does not reach back to boot (it begins at %" PRIu64
			       ".%03u s): earlier events may be lost.",
			       state->first_log_ns / 1000000000, (unsigned)(state->first_log_ns % 1000000000 / 1000000));
	if (state->scan.n_untold)
		mo_report_note(report, "These are the first events of the log: %" PRIu64 " more are not told.",
			       state->scan.n_untold);
	if (model->kills_counted.certainty == MO_EXACT && model->kills_counted.value > model->kills_logged)
		mo_report_note(report,
			       "The kernel counted %" PRIu64 " OOM kills since boot, and the log has %" PRIu64 " of them.",
			       model->kills_counted.value, model->kills_logged);
}

/* Of what a dump's memory says now; a log has none. */
static void put_now_of_memory(const struct oom_state *state, bool is_brief, struct mo_report *report)
{
	if (state->has_memory)
		put_now(state, is_brief, report);
	if (state->is_page_size_assumed && state->scan.n_drafts)
		mo_report_note(report, "The log does not say how large a page is: what it has in pages (the resident memory of "
				       "processes) is reckoned with 4 KiB.");
}

static struct mo_error *find_told(struct mo_run *run, const struct oom_state *state, size_t *ret)
{
	uint64_t number;

	*ret = state->model.worst;
	if (!mo_run_number(run, "event", &number))
		return NULL;
	if (!number || number > state->scan.n_drafts)
		return mo_error_create(MO_E_ABSENT, "--event %" PRIu64 ": the timeline has %zu events, counted from 1", number,
				       state->scan.n_drafts);
	*ret = number - 1;
	return NULL;
}

static void put_evidence_of(struct mo_run *run, const struct oom_state *state, size_t told, struct mo_report *report)
{
	if (mo_run_flag(run, "all"))
		put_event_tables(state, 0, state->scan.n_drafts, report);
	else
		put_event_tables(state, told, told + 1, report);
}

/* Of one event; the limits are in the sentence of a refusal. */
static void say_findings(const struct oom_state *state, size_t told, const struct finding_sink *sink)
{
	report_event(state, state->scan.drafts[told], told == state->model.worst, sink);
	if (state->scan.drafts[told]->event.kind != MO_OOM_REFUSAL)
		report_limits(state, sink);
}

struct mo_error *judge_oom(struct mo_run *run)
{
	const struct oom_state *state = mo_run_model(run);
	const struct finding_sink sink = { .run = run };

	if (state->scan.n_drafts)
		say_findings(state, state->model.worst, &sink);
	else
		report_limits(state, &sink);
	return NULL;
}

struct mo_error *show_oom(struct mo_run *run, struct mo_report *report)
{
	const struct mo_oom_model *model = mo_run_model(run);
	const struct oom_state *state = (const struct oom_state *)model;
	struct mo_error *error;
	size_t told;

	error = find_told(run, state, &told);
	if (error)
		return error;
	if (!state->scan.n_drafts) {
		mo_run_show_findings(run, report);
		put_no_verdict(state, report);
		note_log(state, report);
		put_now_of_memory(state, mo_run_is_report(run), report);
		return NULL;
	}
	if (told == model->worst)
		mo_run_show_findings(run, report);
	else
		say_findings(state, told, &(const struct finding_sink){ .run = run, .report = report });
	put_verdict(state, state->scan.drafts[told], told + 1, report);
	note_log(state, report);
	if (state->scan.n_drafts > 1 || !mo_run_is_report(run))
		put_timeline(state, report);
	if (mo_run_is_report(run)) {
		put_event_tables(state, told, told + 1, report);
		return NULL;
	}
	put_evidence_of(run, state, told, report);
	put_now_of_memory(state, false, report);
	return NULL;
}
