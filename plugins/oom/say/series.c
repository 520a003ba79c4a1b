/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Several kills in one log: how many, in how long, and whether they are all of one memory cgroup. */
#include "gathering.h"

#include <inttypes.h>
#include <string.h>

#include "sentence.h"

#define AT_ONCE_NS 100000000ull

struct series {
	size_t n_events, n_processes;
	size_t n_memcg;             /* events at the limit of a group */
	size_t n_named;             /* of these: with the group's name */
	const char *group;          /* the first that is named */
	bool has_other_group;
	uint64_t first_ns, last_ns;
	bool has_time;
};

static void add_event(struct series *series, const struct mo_oom_event *event)
{
	if (event->kind != MO_OOM_KILL || !event->n_kills)
		return;
	series->n_events++;
	series->n_processes += event->n_kills;
	if (event->has_time) {
		series->first_ns = series->has_time && series->first_ns < event->time_ns ? series->first_ns : event->time_ns;
		series->last_ns = series->has_time && series->last_ns > event->time_ns ? series->last_ns : event->time_ns;
		series->has_time = true;
	}
	if (event->constraint != MO_OOM_MEMCG)
		return;
	series->n_memcg++;
	if (!event->memcg[0])
		return;
	series->n_named++;
	if (!series->group)
		series->group = event->memcg;
	series->has_other_group |= strcmp(series->group, event->memcg) != 0;
}

static void say_duration(struct sentence *sentence, uint64_t ns)
{
	uint64_t seconds = (ns + 500000000) / 1000000000;

	if (ns < 10000000000ull)
		say(sentence, "%.1f s", (double)ns / 1e9);
	else if (seconds < 120)
		say(sentence, "%" PRIu64 " s", seconds);
	else if (seconds < 7200)
		say(sentence, "%" PRIu64 " minutes", (seconds + 30) / 60);
	else
		say(sentence, "%" PRIu64 " hours", (seconds + 1800) / 3600);
}

static void say_groups(struct sentence *sentence, const struct series *series)
{
	if (!series->n_memcg)
		return;
	if (series->n_memcg < series->n_events)
		say(sentence, ", in %zu of these events at the limit of a memory cgroup", series->n_memcg);
	else if (!series->n_named || series->has_other_group)
		say(sentence, ", all at limits of memory cgroups");
	else if (series->n_named == series->n_memcg)
		say(sentence, ", all at the limit of %s", series->group);
	else if (series->n_named == 1)
		say(sentence, ", all at limits of memory cgroups (once that of %s; the others have no report)", series->group);
	else
		say(sentence, ", all at limits of memory cgroups (%zu times that of %s; the others have no report)",
		    series->n_named, series->group);
}

void say_series(struct sentence *sentence, const struct oom_state *state, const struct draft *told)
{
	struct series series = { .n_events = 0 };

	for (size_t i = 0; i < state->scan.n_drafts; i++)
		add_event(&series, &state->scan.drafts[i]->event);
	if (told->event.kind != MO_OOM_KILL || series.n_events < 2)
		return;
	say(sentence, " In all, the log has %zu processes killed", series.n_processes);
	if (series.n_events != series.n_processes)
		say(sentence, " in %zu events", series.n_events);
	if (series.has_time && series.last_ns - series.first_ns < AT_ONCE_NS) {
		say(sentence, " at nearly the same time");
	} else if (series.has_time) {
		say(sentence, " within ");
		say_duration(sentence, series.last_ns - series.first_ns);
	}
	say_groups(sentence, &series);
	say(sentence, ".");
}
