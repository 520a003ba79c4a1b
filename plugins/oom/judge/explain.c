/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The order in which an event is explained: each step rests on those before it. */
#include "gathering.h"

#include <string.h>

#define DYING_NS 60000000000ull

/* A process that was killed shortly before fails allocations while it dies: it may not wait for memory any more. */
static bool is_dying(const struct oom_state *state, size_t index)
{
	const struct mo_oom_event *event = &state->scan.drafts[index]->event;

	for (size_t i = 0; event->has_pid && i < index; i++) {
		const struct draft *earlier = state->scan.drafts[i];

		for (size_t k = 0; k < earlier->n_kills; k++)
			if (earlier->kills[k].pid == event->pid && event->time_ns - earlier->event.time_ns < DYING_NS)
				return true;
	}
	return false;
}

bool is_harmless(const struct draft *draft)
{
	return draft->event.kind == MO_OOM_ALLOCATION_FAILURE && draft->event.has_order && draft->event.order > 0 &&
	       request_of(&draft->event).is_a_try;
}

/* By the log's own names, by those of the dump's memory, by the table of releases. */
static void name_flags(const struct oom_state *state, struct draft *draft)
{
	struct mo_oom_event *event = &draft->event;

	if (!event->has_gfp || event->gfp_text[0])
		return;
	name_gfp(state, event->gfp, event->gfp_text, sizeof(event->gfp_text));
	if (!event->gfp_text[0])
		name_gfp_by_release(draft->release[0] ? draft->release : state->release, event->gfp, event->gfp_text,
				    sizeof(event->gfp_text));
}

/* The group that ran into its limit is not in the dump, or about to go. */
static bool is_group_gone(const struct oom_state *state, const struct draft *draft)
{
	const char *path = draft->event.memcg[0] ? draft->event.memcg : draft->memcg.path;
	const struct mo_cgroups_model *cgroups = path[0] ? cgroups_of(state) : NULL;

	if (!cgroups || !cgroups->is_complete)
		return false;
	for (size_t i = 0; i < cgroups->n_cgroups; i++)
		if (cgroups->cgroups[i].path && !strcmp(cgroups->cgroups[i].path, path))
			return !cgroups->cgroups[i].is_online;
	return true;
}

struct mo_error *explain_event(const struct oom_state *state, size_t index)
{
	struct draft *draft = state->scan.drafts[index];
	struct mo_error *error;

	name_flags(state, draft);
	/* The first test tells what was short, and which nodes count; the zones' verdicts stay as they are. */
	test_zones(state, draft);
	find_constraint(state, draft);
	error = balance(state, draft);
	if (error)
		return error;
	find_holders(state, draft);
	judge_candidates(state, draft, index ? state->scan.drafts[index - 1] : NULL);
	judge_victim(draft);
	draft->event.zones = draft->zones;
	draft->event.n_zones = draft->n_zones;
	draft->is_of_dying = draft->event.kind >= MO_OOM_ALLOCATION_FAILURE && is_dying(state, index);
	draft->is_group_gone = draft->event.constraint == MO_OOM_MEMCG && is_group_gone(state, draft);
	return late_error_of(state);
}
