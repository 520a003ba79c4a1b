/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What happened, in words for somebody who does not know the kernel: the first of an event's three sentences. Numbers that
 * only prove it (flags, watermarks) are evidence (evidence_list.c).
 */
#include "gathering.h"

#include <string.h>

#include "sentence.h"

static void say_swap(struct sentence *sentence, const struct mo_oom_event *event)
{
	const char *swap = swap_word(event);

	if (!swap)
		return;
	if (!strcmp(swap, "absent")) {
		say(sentence, " There is no swap.");
		return;
	}
	if (!strcmp(swap, "full")) {
		say(sentence, " Swap was full: ");
	} else {
		say(sentence, " Swap had room: ");
		say_bytes(sentence, event->swap_free_bytes.value);
		say(sentence, " free of ");
	}
	say_bytes(sentence, event->swap_total_bytes.value);
	say(sentence, ".");
}

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

static void say_memcg(struct sentence *sentence, const struct oom_state *state, const struct draft *draft)
{
	const struct mo_oom_event *event = &draft->event;

	if (event->memcg[0] || draft->memcg.path[0])
		say(sentence, "The memory cgroup %s reached its limit", event->memcg[0] ? event->memcg : draft->memcg.path);
	else
		say(sentence, "A memory cgroup, whose name is not in the log, reached its limit");
	if (draft->memcg.limit_bytes.certainty == MO_EXACT && draft->memcg.limit_bytes.value != UINT64_MAX) {
		say(sentence, " of ");
		say_bytes(sentence, draft->memcg.limit_bytes.value);
	}
	say_when(sentence, event);
	say(sentence, ".");
	if (is_group_gone(state, draft))
		say(sentence, " The group no longer exists in the dump.");
}

/* What is free in the machine beyond the zones that were short. */
static void say_free_elsewhere(struct sentence *sentence, const struct oom_state *state, const struct draft *draft,
			       const char *where)
{
	uint64_t all = draft->counters[C_FREE].value * state->page_bytes;

	if (draft->counters[C_FREE].certainty != MO_EXACT || all <= draft->event.free_bytes.value)
		return;
	say(sentence, ", while ");
	say_bytes(sentence, all - draft->event.free_bytes.value);
	say(sentence, " were free %s", where);
}

static void say_order(struct sentence *sentence, const struct oom_state *state, const struct draft *draft)
{
	const struct mo_oom_event *event = &draft->event;

	if (event->kind < MO_OOM_ALLOCATION_FAILURE)
		say(sentence, "The OOM killer was called because ");
	say(sentence, "%s got no block of ", event->comm[0] ? event->comm : "a process");
	say_bytes(sentence, state->page_bytes << event->order);
	say(sentence, " (order %d)", event->order);
	say_when(sentence, event);
	say(sentence, ": ");
	say_bytes(sentence, event->free_bytes.value);
	say(sentence, " were free, but only in smaller pieces.");
}

static void say_short(struct sentence *sentence, const struct oom_state *state, const struct draft *draft)
{
	const struct mo_oom_event *event = &draft->event;
	const char *where = "on other nodes";

	switch (event->constraint) {
	case MO_OOM_CPUSET:
		say(sentence, "The memory nodes of cpuset %s (%s) were full", event->cpuset[0] ? event->cpuset : "?",
		    event->mems_allowed[0] ? event->mems_allowed : "?");
		break;
	case MO_OOM_MEMPOLICY:
		say(sentence, "The memory nodes that the memory policy of %s allows (%s) were full",
		    event->comm[0] ? event->comm : "a process", event->nodemask[0] ? event->nodemask : "?");
		break;
	case MO_OOM_NODE:
		say(sentence, "One memory node was full");
		break;
	case MO_OOM_ZONE:
		say(sentence, "The low memory that %s needs ran out", event->comm[0] ? event->comm : "a process");
		where = "in zones that it may not use";
		break;
	default:
		say(sentence, "The machine ran out of memory");
		where = NULL;
		break;
	}
	say_when(sentence, event);
	if (where)
		say_free_elsewhere(sentence, state, draft, where);
	say(sentence, ".");
	say_swap(sentence, event);
}

/* A request that failed, and nobody was killed for it. */
static void say_failure(struct sentence *sentence, const struct oom_state *state, const struct draft *draft)
{
	const struct mo_oom_event *event = &draft->event;

	if (event->cache[0])
		say(sentence, "The slab cache %s could not grow: %s asked for ", event->cache,
		    event->comm[0] ? event->comm : "a process");
	else
		say(sentence, "%s asked for ", event->comm[0] ? event->comm : "A process");
	say_piece(sentence, state->page_bytes, event);
	say(sentence, event->constraint == MO_OOM_ZONE ? " of low memory and got nothing" : " and got nothing");
	say_when(sentence, event);
	if (event->constraint == MO_OOM_ZONE)
		say_free_elsewhere(sentence, state, draft, "in zones that it may not use");
	else if (event->constraint == MO_OOM_NODE)
		say_free_elsewhere(sentence, state, draft, "on other nodes");
	say(sentence, ".");
	if (event->constraint == MO_OOM_RESERVE)
		say(sentence, " It could not wait until memory is freed, and what is kept for such requests was used up.");
}

static void say_refusal(struct sentence *sentence, const struct mo_oom_event *event)
{
	if (event->is_task_limit) {
		say(sentence, "Cgroup %s reached its limit of tasks (pids.max)", event->memcg[0] ? event->memcg : "?");
		say_when(sentence, event);
		say(sentence, ": fork() and new threads fail there, however much memory is free.");
		return;
	}
	say_who(sentence, event->comm, event->has_pid, event->pid);
	say(sentence, " was refused memory");
	say_when(sentence, event);
	say(sentence, ": ");
	if (event->cache[0]) {
		say(sentence, "it asked for more than its %s of ", event->cache);
		say_bytes(sentence, event->total_bytes.value);
		say(sentence, " (it would have had ");
		say_bytes(sentence, event->bytes.value);
		say(sentence, ").");
		return;
	}
	say(sentence, "with ");
	if (event->bytes.certainty == MO_EXACT)
		say_bytes(sentence, event->bytes.value);
	else
		say(sentence, "what it asked for");
	say(sentence, " more, the kernel would promise more than it may (vm.overcommit_memory).");
}

static void say_vmalloc(struct sentence *sentence, const struct mo_oom_event *event)
{
	say(sentence, "vmalloc() could not give ");
	say_bytes(sentence, event->bytes.value);
	say(sentence, " to ");
	say_who(sentence, event->comm, event->has_pid, event->pid);
	say_when(sentence, event);
	say(sentence, event->constraint == MO_OOM_LIMIT ? ": its address space has no such gap." : ".");
}

static void say_what(struct sentence *sentence, const struct oom_state *state, const struct draft *draft)
{
	const struct mo_oom_event *event = &draft->event;

	if (event->kind == MO_OOM_REFUSAL)
		say_refusal(sentence, event);
	else if (event->kind == MO_OOM_VMALLOC_FAILURE)
		say_vmalloc(sentence, event);
	else if (event->constraint == MO_OOM_MEMCG)
		say_memcg(sentence, state, draft);
	else if (!event->has_request && !draft->n_zones && event->source && !strcmp(event->source, "log"))
		say(sentence, "The OOM killer killed, and %s.",
		    event->why_partial ? event->why_partial : "its report is not in the log");
	else if (event->has_order && event->order == -1)
		say(sentence, "Somebody called the OOM killer by hand (SysRq-f).");
	else if (event->constraint == MO_OOM_ORDER)
		say_order(sentence, state, draft);
	else if (event->kind == MO_OOM_ALLOCATION_FAILURE || event->kind == MO_OOM_SLAB_FAILURE)
		say_failure(sentence, state, draft);
	else
		say_short(sentence, state, draft);
}

void write_sentences(const struct oom_state *state, struct draft *draft)
{
	struct mo_oom_event *event = &draft->event;
	struct sentence sentences[3];

	for (size_t i = 0; i < 3; i++)
		sentences[i] = begin_sentence(event->sentences[i], sizeof(event->sentences[i]));
	say_what(&sentences[0], state, draft);
	say_held(&sentences[1], draft);
	say_died(&sentences[2], state, draft);
	if (is_harmless(draft))
		say(&sentences[0],
		    " That is harmless: the request was made not to try hard (__GFP_NORETRY), its maker has another way.");
	if (event->n_repeats > 1)
		say(&sentences[0], " The log has it %u times.", event->n_repeats);
}
