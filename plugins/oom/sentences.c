/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* An event in three sentences: what ran out, what held it, who died. */
#include "gathering.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

struct sentence {
	char *text;
	size_t room;
	size_t length;
};

static void say(struct sentence *sentence, const char *format, ...) MO_PRINTF(2, 3);

static void say(struct sentence *sentence, const char *format, ...)
{
	va_list arguments;
	int n;

	va_start(arguments, format);
	n = vsnprintf(sentence->text + sentence->length, sentence->room - sentence->length, format, arguments);
	va_end(arguments);
	if (n > 0)
		sentence->length = sentence->length + (size_t)n < sentence->room ? sentence->length + (size_t)n : sentence->room - 1;
}

void describe_bytes(uint64_t bytes, char *text, size_t text_bytes)
{
	static const char *const units[] = { "B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB" };
	double value = (double)bytes;
	unsigned unit = 0;

	while (value >= 1024 && unit < 6) {
		value /= 1024;
		unit++;
	}
	snprintf(text, text_bytes, unit ? "%.1f %s" : "%.0f %s", value, units[unit]);
}


static void say_bytes(struct sentence *sentence, uint64_t bytes)
{
	char text[24];

	describe_bytes(bytes, text, sizeof(text));
	say(sentence, "%s", text);
}

static void say_when(struct sentence *sentence, const struct mo_oom_event *event)
{
	if (event->has_time)
		say(sentence, " at %" PRIu64 ".%03u s", event->time_ns / 1000000000, (unsigned)(event->time_ns % 1000000000 / 1000000));
}

static void say_who(struct sentence *sentence, const char *comm, bool has_pid, int32_t pid)
{
	say(sentence, "%s", comm[0] ? comm : "a process");
	if (has_pid)
		say(sentence, " (PID %d)", pid);
}

static void say_request(struct sentence *sentence, const struct oom_state *state, const struct mo_oom_event *event)
{
	say_who(sentence, event->comm, event->has_pid, event->pid);
	if (event->has_order && event->order == -1) {
		say(sentence, " asked for it by SysRq-f");
		return;
	}
	say(sentence, " asked for ");
	if (!event->has_order || event->order == 0)
		say(sentence, "one page");
	else
		say_bytes(sentence, state->page_bytes << event->order);
	if (event->has_order && event->order > 0)
		say(sentence, " in one piece (order %d)", event->order);
	if (event->gfp_text[0])
		say(sentence, " [%s]", event->gfp_text);
	else if (event->has_gfp)
		say(sentence, " [gfp 0x%" PRIx64 "]", event->gfp);
}

static void say_swap(struct sentence *sentence, const struct mo_oom_event *event)
{
	const char *swap = swap_word(event);

	if (!swap)
		return;
	if (!strcmp(swap, "absent"))
		say(sentence, "; there is no swap");
	else if (!strcmp(swap, "full"))
		say(sentence, "; swap is full (");
	else
		say(sentence, "; swap has room (");
	if (strcmp(swap, "absent") != 0) {
		say_bytes(sentence, event->swap_total_bytes.value - event->swap_free_bytes.value);
		say(sentence, " of ");
		say_bytes(sentence, event->swap_total_bytes.value);
		say(sentence, " used)");
	}
}

/* The largest zone with that verdict. */
static const struct mo_oom_zone *zone_with(const struct draft *draft, const char *verdict)
{
	const struct mo_oom_zone *largest = NULL;

	for (size_t i = 0; i < draft->n_zones; i++)
		if (draft->zones[i].verdict && !strcmp(draft->zones[i].verdict, verdict) &&
		    (!largest || draft->zones[i].managed_pages.value > largest->managed_pages.value))
			largest = &draft->zones[i];
	return largest;
}

static void say_kib(struct sentence *sentence, const struct oom_state *state, uint64_t pages)
{
	say(sentence, "%" PRIu64 " KiB", pages * (state->page_bytes / 1024));
}

static void say_zone(struct sentence *sentence, const struct oom_state *state, const struct draft *draft, const char *verdict)
{
	const struct mo_oom_zone *zone = zone_with(draft, verdict);

	if (!zone)
		return;
	say(sentence, " (node %u, zone %s: ", zone->node_id, zone->name);
	say_kib(sentence, state, zone->free_pages.value);
	say(sentence, " free, more than ");
	say_kib(sentence, state,
		(!strcmp(verdict, "below high") ? zone->high_pages.value : zone->mark_pages.value) + zone->reserve_pages.value +
			zone->unusable_pages.value);
	say(sentence, " needed)");
}

static bool is_group_gone(const struct oom_state *state, const struct draft *draft)
{
	const char *path = draft->event.memcg[0] ? draft->event.memcg : draft->memcg.path;

	if (!state->cgroups || !state->cgroups->is_complete || !path[0])
		return false;
	for (size_t i = 0; i < state->cgroups->n_cgroups; i++)
		if (state->cgroups->cgroups[i].path && !strcmp(state->cgroups->cgroups[i].path, path))
			return !state->cgroups->cgroups[i].is_online;
	return true;
}

static void say_memcg(struct sentence *sentence, const struct oom_state *state, const struct draft *draft)
{
	const struct mo_oom_event *event = &draft->event;

	say(sentence, "The memory cgroup %s ran into its limit",
	    event->memcg[0] ? event->memcg : draft->memcg.path[0] ? draft->memcg.path : "(name not logged)");
	if (draft->memcg.limit_bytes.certainty == MO_EXACT && draft->memcg.limit_bytes.value != UINT64_MAX) {
		say(sentence, " of ");
		say_bytes(sentence, draft->memcg.limit_bytes.value);
	}
	say_when(sentence, event);
	say(sentence, ": ");
	say_request(sentence, state, event);
	if (draft->memcg.usage_bytes.certainty == MO_EXACT) {
		say(sentence, " with ");
		say_bytes(sentence, draft->memcg.usage_bytes.value);
		say(sentence, " in use");
	}
	if (draft->memcg.failcnt.certainty == MO_EXACT)
		say(sentence, ", after %" PRIu64 " times at the limit", draft->memcg.failcnt.value);
	if (event->task_memcg[0] && event->memcg[0] && strcmp(event->task_memcg, event->memcg) != 0)
		say(sentence, "; the victim is in %s below it", event->task_memcg);
	if (is_group_gone(state, draft))
		say(sentence, "; the group is gone in the dump");
	say(sentence, ".");
}

static const char *short_of(const struct mo_oom_event *event)
{
	switch (event->constraint) {
	case MO_OOM_CPUSET: return "The nodes that a cpuset allows ran out of memory";
	case MO_OOM_MEMPOLICY: return "The nodes that a memory policy allows ran out of memory";
	case MO_OOM_NODE: return "A node ran out of memory";
	case MO_OOM_ZONE: return "The zones that a request may use ran out of memory, and others did not";
	case MO_OOM_ORDER: return "Memory was too fragmented for a large block";
	default: return "The machine ran out of memory";
	}
}

static void say_free_elsewhere(struct sentence *sentence, const struct oom_state *state, const struct draft *draft)
{
	uint64_t all = draft->counters[C_FREE].value * state->page_bytes;

	if (draft->counters[C_FREE].certainty != MO_EXACT || all <= draft->event.free_bytes.value)
		return;
	say(sentence, "; ");
	say_bytes(sentence, all - draft->event.free_bytes.value);
	say(sentence, " were free on other nodes");
}

static void say_machine(struct sentence *sentence, const struct oom_state *state, const struct draft *draft)
{
	const struct mo_oom_event *event = &draft->event;
	bool is_failure = event->kind == MO_OOM_ALLOCATION_FAILURE || event->kind == MO_OOM_SLAB_FAILURE;

	if (is_failure)
		say(sentence, event->constraint == MO_OOM_ZONE ? "A page allocation from a low zone failed" : "A page allocation failed");
	else
		say(sentence, "%s", short_of(event));
	say_when(sentence, event);
	say(sentence, ": ");
	if (event->constraint == MO_OOM_CPUSET && event->cpuset[0])
		say(sentence, "in cpuset %s (memory nodes %s) ", event->cpuset, event->mems_allowed[0] ? event->mems_allowed : "?");
	say_request(sentence, state, event);
	if (is_failure && event->cache[0])
		say(sentence, " for the slab cache %s", event->cache);
	if (event->constraint == MO_OOM_ORDER) {
		say(sentence, "; ");
		say_bytes(sentence, event->free_bytes.value);
		say(sentence, " were free, and no block of that size");
		say_zone(sentence, state, draft, "no block");
	} else if (has_passing_zone(draft)) {
		say(sentence, ", and when the report was printed a zone had enough again");
		say_zone(sentence, state, draft, "passes");
	} else if (zone_with(draft, "below high")) {
		say(sentence, ", and no zone that it may use was above the high watermark that the last attempt needs");
		say_zone(sentence, state, draft, "below high");
	} else if (zone_with(draft, "watermark")) {
		say(sentence, ", and every zone that it may use was");
		say(sentence, " below what must stay free");
		say_zone(sentence, state, draft, "watermark");
	}
	if (event->constraint == MO_OOM_RESERVE)
		say(sentence, "; it may not wait for reclaim, so nothing could be freed for it");
	else if (!is_failure)
		say_swap(sentence, event);
	if (event->constraint == MO_OOM_CPUSET || event->constraint == MO_OOM_MEMPOLICY || event->constraint == MO_OOM_NODE)
		say_free_elsewhere(sentence, state, draft);
	if (event->constraint == MO_OOM_ZONE) {
		say(sentence, "; zones that it may not use had room (");
		say_kib(sentence, state, draft->counters[C_FREE].value);
		say(sentence, " were free in the machine)");
	}
	say(sentence, ".");
}

static void say_refusal(struct sentence *sentence, const struct mo_oom_event *event)
{
	if (event->cache[0]) {
		say_who(sentence, event->comm, event->has_pid, event->pid);
		say(sentence, " asked for more than its %s of ", event->cache);
		say_bytes(sentence, event->total_bytes.value);
		say_when(sentence, event);
		say(sentence, ": it would have had ");
		say_bytes(sentence, event->bytes.value);
		say(sentence, ".");
		return;
	}
	say(sentence, "The kernel refused ");
	if (event->bytes.certainty == MO_EXACT) {
		say_bytes(sentence, event->bytes.value);
		say(sentence, " of address space to ");
	} else {
		say(sentence, "address space to ");
	}
	say_who(sentence, event->comm, event->has_pid, event->pid);
	say_when(sentence, event);
	say(sentence, ": that would be more than the kernel may promise in all.");
}

static void say_vmalloc(struct sentence *sentence, const struct mo_oom_event *event)
{
	say(sentence, "vmalloc could not give ");
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
	else if (!event->has_request && event->source && !strcmp(event->source, "log") && !draft->n_zones)
		say(sentence, "The OOM killer killed, and %s.", event->why_partial ? event->why_partial : "its report is not in the log");
	else
		say_machine(sentence, state, draft);
}

static void say_holder(struct sentence *sentence, const struct draft *draft, const struct mo_oom_share *share)
{
	if (!share->holder[0]) {
		say(sentence, "; who holds it is not known");
		return;
	}
	say(sentence, "; %s ", share->holder_bytes.value >= share->bytes.value / 10 * 9 ? "nearly all of it is of" : "most is of");
	if (!strcmp(share->holder_kind, "pool"))
		say(sentence, "the pool %s (", share->holder);
	else if (!strcmp(share->holder_kind, "processes"))
		say(sentence, "%u processes %s (", share->n_holders, share->holder);
	else if (!strcmp(share->holder_kind, "process") && share->holder_pid)
		say(sentence, "%s, PID %d (", share->holder, share->holder_pid);
	else if (!strcmp(share->holder_kind, "owner"))
		say(sentence, "%s (", share->holder);
	else
		say(sentence, "the %s %s (", share->holder_kind, share->holder);
	say_bytes(sentence, share->holder_bytes.value);
	if (share->unused_bytes.certainty == MO_EXACT && share->unused_bytes.value) {
		say(sentence, ", ");
		say_bytes(sentence, share->unused_bytes.value);
		say(sentence, " of it unused");
	}
	if (share->cause == MO_OOM_ANON && draft->event.swap_total_bytes.value && !strcmp(share->holder_source, "log"))
		say(sentence, " with what is in swap");
	if (share->cause == MO_OOM_ZSWAPPED)
		say(sentence, " in swap, before compression");
	say(sentence, "%s)", !strcmp(share->holder_source, "dump") ? " in the dump" : "");
	if (share->module[0] && strcmp(share->module, share->holder) != 0)
		say(sentence, ", whose objects point into module %s", share->module);
}

static void say_fragmentation(struct sentence *sentence, const struct draft *draft)
{
	const struct mo_oom_share *share = told_share(draft);

	say(sentence, "The cause is fragmentation: pages in use lie between the free ones%s",
	    draft->is_compaction_off ? ", and this kernel has no compaction" : "");
	if (share && share->bytes.value) {
		say(sentence, ". Of what cannot be moved most is %s with ", cause_words[share->cause]);
		say_bytes(sentence, share->bytes.value);
		say_holder(sentence, draft, share);
	}
	say(sentence, ".");
}

/* A holder that the OOM killer may not take explains why others die. */
static void say_exempt_holder(struct sentence *sentence, const struct draft *draft)
{
	const struct mo_oom_share *share = told_share(draft);

	for (size_t i = 0; share && share->holder_pid && i < draft->n_candidates; i++)
		if (draft->candidates[i].pid == share->holder_pid && draft->candidates[i].exempt && draft->n_kills)
			say(sentence, " %s itself could not be killed: %s.", share->holder, draft->candidates[i].exempt);
}

static void say_held(struct sentence *sentence, const struct draft *draft)
{
	const struct mo_oom_event *event = &draft->event;
	const struct mo_oom_share *share = share_of(draft, event->cause);

	if (event->cause == MO_OOM_COMMITMENT)
		return;
	if (event->constraint == MO_OOM_ORDER) {
		say_fragmentation(sentence, draft);
		return;
	}
	if (!share || event->total_bytes.certainty != MO_EXACT) {
		say(sentence, "What held the memory is not known: %s.",
		    event->is_partial && event->why_partial ? event->why_partial : "nothing stands out in its numbers");
		return;
	}
	say(sentence, "%s held ", cause_titles[share->cause]);
	say_bytes(sentence, share->bytes.value);
	say(sentence, " of ");
	say_bytes(sentence, event->total_bytes.value);
	say(sentence, " (%.1f %%; ordinary: %s)", share->percent_thousandths / 1000.0, share->ordinary);
	say_holder(sentence, draft, share);
	say(sentence, ".");
}

static void say_candidates(struct sentence *sentence, const struct draft *draft)
{
	const struct mo_oom_candidate *victim = NULL;
	size_t n_exempt = 0;

	for (size_t i = 0; i < draft->n_candidates; i++) {
		if (draft->candidates[i].is_victim && !victim)
			victim = &draft->candidates[i];
		n_exempt += draft->candidates[i].exempt != NULL;
	}
	if (!victim)
		return;
	if (victim->has_badness && victim->oom_score_adj)
		say(sentence, ", badness %" PRId64 " pages with its oom_score_adj of %d,", victim->badness_pages,
		    victim->oom_score_adj);
	else if (victim->has_badness)
		say(sentence, ", badness %" PRId64 " pages,", victim->badness_pages);
	say(sentence, " %s %zu candidates", victim == &draft->candidates[0] ? "the highest of" : "one of",
	    draft->n_candidates - n_exempt);
	if (n_exempt)
		say(sentence, " (%zu exempt)", n_exempt);
}

static void say_killed(struct sentence *sentence, const struct draft *draft)
{
	const struct mo_oom_event *event = &draft->event;
	const struct mo_oom_kill *kill = &draft->kills[0];

	say(sentence, "The kernel killed ");
	say_who(sentence, kill->comm, true, kill->pid);
	if (draft->is_allocating_task)
		say(sentence, " because it asked (vm.oom_kill_allocating_task)");
	else
		say_candidates(sentence, draft);
	if (draft->n_kills > 1)
		say(sentence, ", and %zu more%s", draft->n_kills - 1,
		    draft->memcg.is_group_kill ? " of its group (memory.oom.group)" : "");
	if (kill->was_exiting)
		say(sentence, ", which was exiting already");
	if (event->freed_bytes) {
		say(sentence, "; that freed ");
		say_bytes(sentence, event->freed_bytes);
	}
	if (event->role == MO_OOM_CONSUMER)
		say(sentence, "; it was a consumer of what was short");
	else if (event->role == MO_OOM_BYSTANDER)
		say(sentence, "; it was a bystander, the memory is held elsewhere");
	if (kill->is_unreapable)
		say(sentence, "; the OOM reaper could not take its memory");
	say(sentence, ".");
	say_exempt_holder(sentence, draft);
}

static void say_died(struct sentence *sentence, const struct oom_state *state, const struct draft *draft)
{
	const struct mo_oom_event *event = &draft->event;
	const struct mo_oom_candidate *first = draft->n_candidates && !draft->candidates[0].exempt ? &draft->candidates[0] : NULL;

	if (draft->n_kills) {
		say_killed(sentence, draft);
	} else if (event->kind == MO_OOM_PANIC && first) {
		say(sentence, "Nobody was killed: the kernel panicked");
		if (state->panic_on_oom > 0)
			say(sentence, " (vm.panic_on_oom is %d)", state->panic_on_oom);
		say(sentence, ". It would have been ");
		say_who(sentence, first->comm, true, first->pid);
		if (first->has_badness)
			say(sentence, " with badness %" PRId64 " pages", first->badness_pages);
		say(sentence, ".");
	} else if (event->kind == MO_OOM_PANIC) {
		say(sentence, "Nobody could be killed, and the kernel panicked.");
	} else if (event->kind == MO_OOM_NO_VICTIM) {
		say(sentence, "Nobody could be killed: all candidates are exempt.");
	} else if (event->kind >= MO_OOM_ALLOCATION_FAILURE) {
		say(sentence, draft->is_of_dying ? "It was dying: the OOM killer had chosen it before, so this failure is a consequence." :
						   "No process was killed for it.");
	} else if (event->kind == MO_OOM_UNKNOWN && draft->has_summary_pid) {
		say(sentence, "PID %d was chosen; whether it was killed is not in the log.", draft->summary_pid);
	} else if (event->kind == MO_OOM_UNKNOWN) {
		say(sentence, "Whether anybody was killed is not known: %s.",
		    event->why_partial ? event->why_partial : "the log does not say");
	}
}

void write_sentences(const struct oom_state *state, struct draft *draft)
{
	struct mo_oom_event *event = &draft->event;
	struct sentence sentences[3];

	for (size_t i = 0; i < 3; i++) {
		event->sentences[i][0] = '\0';
		sentences[i] = (struct sentence){ .text = event->sentences[i], .room = sizeof(event->sentences[i]) };
	}
	say_what(&sentences[0], state, draft);
	say_held(&sentences[1], draft);
	say_died(&sentences[2], state, draft);
	if (event->n_repeats > 1)
		say(&sentences[0], " The log has %u of the kind.", event->n_repeats);
}
