/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Several files: a row for each event, and for kills in series one. */
#include "gathering.h"

#include <string.h>

#define TEXT(key_, heading_, ...) { .key = key_, .heading = heading_, .kind = MO_CELL_TEXT, .help = __VA_ARGS__ }
#define OF(key_, heading_, kind_, ...) { .key = key_, .heading = heading_, .kind = kind_, .help = __VA_ARGS__ }
#define HIDDEN .flags = MO_COLUMN_HIDDEN

enum { M_FILE, M_EVENT, M_CLOCK, M_TIME, M_HOST, M_KIND, M_SCOPE, M_COMM, M_VICTIM, M_KILLS, M_HOLDER, M_CAUSE, M_SIZE, M_FREED,
       M_LAST_CLOCK, M_PARTIAL, N_M };

static const struct mo_column columns[N_M] = {
	[M_FILE] = TEXT("file", "FILE", "where the event is told", .flags = MO_COLUMN_TRUNCATE),
	[M_EVENT] = OF("event", "N", MO_CELL_COUNT, "its number in that file, for --event", HIDDEN),
	[M_CLOCK] = TEXT("clock", "CLOCK", "the log's own time, as far as it says (without a year, without a zone)"),
	[M_TIME] = OF("time_seconds", "TIME", MO_CELL_SECONDS, "since boot"),
	[M_HOST] = TEXT("host", "HOST", "the machine, if the log names it"),
	[M_KIND] = TEXT("kind", "WHAT", "what happened", HIDDEN),
	[M_SCOPE] = TEXT("scope", "SCOPE", "the memory cgroup that ran into its limit, or what was short",
			 .flags = MO_COLUMN_TRUNCATE),
	[M_COMM] = TEXT("comm", "REQUESTER", "whose allocation it was (comm)", .flags = MO_COLUMN_TRUNCATE),
	[M_VICTIM] = TEXT("victim", "KILLED", "who was killed (comm)", .flags = MO_COLUMN_TRUNCATE),
	[M_KILLS] = OF("kills", "KILLS", MO_CELL_COUNT, "kills of the same program in the same scope, one after the other"),
	[M_HOLDER] = TEXT("holder", "HOLDER", "who held the memory", .flags = MO_COLUMN_TRUNCATE),
	[M_CAUSE] = TEXT("cause", "CAUSE", "the kind of memory"),
	[M_SIZE] = OF("held_bytes", "SIZE", MO_CELL_BYTES, "how much the holder held, or all of that kind"),
	[M_FREED] = OF("freed_bytes", "FREED", MO_CELL_BYTES, "anonymous memory and page tables of those killed", HIDDEN),
	[M_LAST_CLOCK] = TEXT("last_clock", "LAST", "of a series: the log's time of its last kill", HIDDEN),
	[M_PARTIAL] = OF("is_partial", "PARTIAL", MO_CELL_BOOL, "lines are missing", HIDDEN),
};

const struct mo_table_spec oom_many_table = {
	.name = "oom_many",
	.title = "Out of memory",
	.help = "Of several files, one of them a log: every time that memory ran out or was refused.",
	.columns = columns,
	.n_columns = N_M,
};

/* Kills of one program in one scope. */
static bool is_same_series(const struct draft *a, const struct draft *b)
{
	return a->event.kind == MO_OOM_KILL && b->event.kind == MO_OOM_KILL && a->n_kills && b->n_kills &&
	       a->event.constraint == b->event.constraint && !strcmp(a->event.memcg, b->event.memcg) &&
	       !strcmp(a->event.host, b->event.host) && !strcmp(a->kills[0].comm, b->kills[0].comm);
}

static struct mo_cell text_or_unknown(const char *text)
{
	return text && text[0] ? mo_cell_text(text) : mo_cell_unknown();
}

/* One event, or a series of kills. */
struct series {
	const struct draft *first, *last;
	size_t number, n_kills;
	struct mo_count freed_bytes;
};

static void put_series(const char *file, const struct series *series, struct mo_report *report)
{
	const struct draft *first = series->first;
	const struct mo_oom_event *event = &first->event;
	const struct mo_oom_share *share = told_share(first);
	bool has_holder = share && share->holder[0];
	struct mo_cell cells[N_M] = {
		[M_FILE] = mo_cell_text(file),
		[M_EVENT] = mo_cell_number(mo_exact(series->number)),
		[M_CLOCK] = text_or_unknown(event->clock),
		[M_TIME] = mo_cell_number(event->has_time ? mo_exact(event->time_ns) : mo_unknown()),
		[M_HOST] = text_or_unknown(event->host),
		[M_KIND] = mo_cell_text(kind_words[event->kind]),
		[M_SCOPE] = mo_cell_text(event->memcg[0] ? event->memcg : constraint_words[event->constraint]),
		[M_COMM] = text_or_unknown(event->comm),
		[M_VICTIM] = text_or_unknown(first->n_kills ? first->kills[0].comm : NULL),
		[M_KILLS] = mo_cell_number(mo_exact(series->n_kills)),
		[M_HOLDER] = text_or_unknown(has_holder ? share->holder : NULL),
		[M_CAUSE] = mo_cell_text(cause_word(event)),
		[M_SIZE] = mo_cell_number(!share ? mo_unknown() : has_holder ? share->holder_bytes : share->bytes),
		[M_FREED] = mo_cell_number(series->freed_bytes),
		[M_LAST_CLOCK] = text_or_unknown(series->last->event.clock),
		[M_PARTIAL] = mo_cell_number(mo_exact(event->gap != MO_OOM_NO_GAP)),
	};

	mo_report_row(report, cells);
}

struct mo_error *show_many(struct mo_run *run, struct mo_report *report)
{
	const struct oom_state *state = mo_run_model(run);
	const char *file = mo_kernel_facts(mo_run_kernel(run))->dump_path;
	struct draft *const *drafts = state->scan.drafts;

	for (size_t i = 0, next; i < state->scan.n_drafts; i = next) {
		struct series series = { .first = drafts[i], .number = i + 1 };

		for (next = i; next < state->scan.n_drafts && (next == i || is_same_series(drafts[i], drafts[next])); next++) {
			series.n_kills += drafts[next]->n_kills;
			add_to(&series.freed_bytes, freed_of(drafts[next]));
		}
		series.last = drafts[next - 1];
		put_series(file, &series, report);
	}
	return NULL;
}
