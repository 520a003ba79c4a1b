/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Limits of address space: where malloc() and mmap() fail although memory is free. */
#include "gathering.h"

#include <inttypes.h>
#include <string.h>

#include "sentence.h"

/* The help text comes last, with flags behind it where there are some. */
#define TEXT(key_, heading_, ...) { .key = key_, .heading = heading_, .kind = MO_CELL_TEXT, .help = __VA_ARGS__ }
#define OF(key_, heading_, kind_, ...) { .key = key_, .heading = heading_, .kind = kind_, .help = __VA_ARGS__ }
#define HIDDEN .flags = MO_COLUMN_HIDDEN

enum { L_LIMIT, L_USED, L_MAX, L_USED_BYTES, L_MAX_BYTES, L_USED_N, L_MAX_N, L_PID, L_COMM, L_VERDICT, N_L };

static const struct mo_column limit_columns[N_L] = {
	[L_LIMIT] = TEXT("limit", "LIMIT", "CommitLimit, vm.max_map_count, or an rlimit"),
	[L_USED] = TEXT("used", "USED", "committed or mapped, or the number of mappings"),
	[L_MAX] = TEXT("max", "MAX", "the limit"),
	[L_USED_BYTES] = OF("used_bytes", "USED-BYTES", MO_CELL_BYTES,
			    "committed or mapped; unknown: it is a number of mappings", HIDDEN),
	[L_MAX_BYTES] = OF("max_bytes", "MAX-BYTES", MO_CELL_BYTES, "the limit; unknown: it is a number of mappings", HIDDEN),
	[L_USED_N] = OF("used_mappings", "MAPPINGS", MO_CELL_COUNT, "of vm.max_map_count", HIDDEN),
	[L_MAX_N] = OF("max_mappings", "MOST", MO_CELL_COUNT, "of vm.max_map_count", HIDDEN),
	[L_PID] = OF("pid", "PID", MO_CELL_SIGNED, "whose; unknown: the machine's"),
	[L_COMM] = TEXT("comm", "COMMAND", "whose; unknown: the machine's"),
	[L_VERDICT] = TEXT("verdict", "VERDICT",
			   "reached, near, kept; but for root: the rest is vm.admin_reserve_kbytes; not enforced: vm.overcommit_memory",
			   .flags = MO_COLUMN_WRAP),
};

const struct mo_table_spec oom_limits_table = {
	.name = "oom_limits", .title = "Limits of address space",
	.help = "Where malloc() and mmap() fail although memory is free; of processes those from nine tenths of a limit on.",
	.columns = limit_columns, .n_columns = N_L,
};

static struct mo_cell amount(const struct limit_row *row, struct mo_count count, char *text, size_t text_bytes)
{
	struct sentence sentence = begin_sentence(text, text_bytes);

	if (count.certainty != MO_EXACT)
		return mo_cell_unknown();
	if (row->is_number)
		say(&sentence, "%" PRIu64, count.value);
	else
		say_bytes(&sentence, count.value);
	return mo_cell_text(text);
}

void put_limits(const struct oom_state *state, struct mo_report *report)
{
	mo_report_table_begin(report, &oom_limits_table);
	for (size_t i = 0; i < state->n_limits; i++) {
		const struct limit_row *row = &state->limits[i];
		char texts[2][32];

		mo_report_row(report, (const struct mo_cell[N_L]){
			[L_LIMIT] = mo_cell_text(row->name),
			[L_USED] = amount(row, row->used_bytes, texts[0], sizeof(texts[0])),
			[L_MAX] = amount(row, row->max_bytes, texts[1], sizeof(texts[1])),
			[L_USED_BYTES] = mo_cell_number(row->is_number ? mo_unknown() : row->used_bytes),
			[L_MAX_BYTES] = mo_cell_number(row->is_number ? mo_unknown() : row->max_bytes),
			[L_USED_N] = mo_cell_number(row->is_number ? row->used_bytes : mo_unknown()),
			[L_MAX_N] = mo_cell_number(row->is_number ? row->max_bytes : mo_unknown()),
			[L_PID] = row->pid ? mo_cell_signed(row->pid) : mo_cell_unknown(),
			[L_COMM] = row->pid ? mo_cell_text(row->comm) : mo_cell_unknown(),
			[L_VERDICT] = row->verdict[0] ? mo_cell_text(row->verdict) : mo_cell_unknown(),
		});
	}
	mo_report_table_end(report);
}

#define MAX_NAMED 6

/* The refusal that is told is of this very limit. */
static bool is_told(const struct limit_row *row, const struct mo_oom_event *told)
{
	return told && told->has_pid && told->pid == row->pid && !strcmp(told->cache, row->name);
}

static size_t count_reached(const struct oom_state *state, const struct mo_oom_event *told)
{
	size_t n = 0;

	for (size_t i = 0; i < state->n_limits; i++)
		n += state->limits[i].is_reached && !is_told(&state->limits[i], told);
	return n;
}

/* "RLIMIT_AS of address-space (PID 112), ..." */
static void say_reached(struct sentence *sentence, const struct oom_state *state, const struct mo_oom_event *told)
{
	size_t n = 0;

	for (size_t i = 0; i < state->n_limits; i++) {
		const struct limit_row *row = &state->limits[i];

		if (!row->is_reached || is_told(row, told))
			continue;
		if (n++ == MAX_NAMED) {
			say(sentence, ", and others");
			return;
		}
		say(sentence, "%s", n > 1 ? ", " : "");
		say(sentence, "%s of ", row->name);
		if (row->pid)
			say_who(sentence, row->comm, true, row->pid);
		else
			say(sentence, "the machine");
	}
}

void say_limits(struct sentence *sentence, const struct oom_state *state, const struct mo_oom_event *told)
{
	size_t n = count_reached(state, told);

	if (!n)
		return;
	if (n == 1)
		say(sentence, " One more limit is reached in the dump: ");
	else
		say(sentence, " %zu more limits are reached in the dump: ", n);
	say_reached(sentence, state, told);
	say(sentence, ".");
}

void report_limits(const struct oom_state *state, const struct finding_sink *sink)
{
	char text[1024];
	struct sentence verdict = begin_sentence(text, sizeof(text));

	if (!count_reached(state, NULL))
		return;
	say(&verdict, "malloc() or mmap() fail in the dump however much memory is free, because a limit is reached: ");
	say_reached(&verdict, state, NULL);
	say(&verdict, ".");
	say_finding(sink, &(struct mo_finding){
		.id = "limit-reached",
		.severity = MO_NOTICE,
		.verdict = text,
		.advice = "Raise the limit if the process needs more, or find why it grew.",
	});
}
