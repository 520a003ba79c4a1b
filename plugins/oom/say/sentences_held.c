/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Who held the memory, and who died: the second and the third of an event's three sentences. */
#include "gathering.h"

#include <ctype.h>
#include <memopsy/share.h>
#include <string.h>

#include "sentence.h"

static void say_holder_name(struct sentence *sentence, const struct mo_oom_share *share)
{
	if (share->holder_kind == MO_OOM_PROCESSES)
		say(sentence, "%u processes %s", share->n_holders, share->holder);
	else if (share->holder_kind == MO_OOM_PROCESS && share->holder_pid)
		say(sentence, "%s (PID %d)", share->holder, share->holder_pid);
	else if (share->holder_kind == MO_OOM_CACHE)
		say(sentence, "the slab cache %s", share->holder);
	else if (share->holder_kind == MO_OOM_OWNER || share->holder_kind == MO_OOM_PROCESS)
		say(sentence, "%s", share->holder);
	else if (share->holder_kind == MO_OOM_MOUNT)
		say(sentence, "the files on %s", share->holder);
	else if (share->holder_kind == MO_OOM_CALLER)
		say(sentence, "areas that %s() made", share->holder);
	else
		say(sentence, "the %s %s", holder_kind_words[share->holder_kind], share->holder);
}

/* Huge pages are taken from everybody else whether they are used or not. */
static void say_pool(struct sentence *sentence, const struct mo_oom_share *share)
{
	say(sentence, " Of its pages (%s) ", share->holder);
	if (share->unused_bytes.certainty == MO_EXACT && share->unused_bytes.value) {
		say_bytes(sentence, share->unused_bytes.value);
		say(sentence, " are unused: reserved, not available to others.");
	} else {
		say(sentence, "all are in use.");
	}
}

/* The words say that it is the largest, and not how much. */
static bool is_less_than_half(struct mo_share share)
{
	return share.part_bytes < share.whole_bytes - share.whole_bytes / 2;
}

static struct mo_share part_of(const struct mo_oom_share *share)
{
	return (struct mo_share){ .part_bytes = share->holder_bytes.value, .whole_bytes = share->bytes.value };
}

/*
 * How much of the kind the holder has: below a half with the number. What is before compression may exceed what was
 * resident: then it is no part of that, and the sentence does not say so.
 */
static void say_part(struct sentence *sentence, const struct mo_oom_share *share)
{
	const char *words = share->cause == MO_OOM_ZSWAPPED ? NULL : mo_share_words(part_of(share));
	uint64_t percent = 0;

	if (!words) {
		say(sentence, " The largest holder was ");
		return;
	}
	say(sentence, " %c%s of that ", toupper((unsigned char)words[0]), words + 1);
	if (is_less_than_half(part_of(share)) && mo_share_percent(part_of(share), &percent))
		say(sentence, "(%.0f %%) ", (double)percent / 1000.0);
	say(sentence, "belonged to ");
}

static void say_amount(struct sentence *sentence, const struct mo_oom_share *share)
{
	say_bytes(sentence, share->holder_bytes.value);
	if (share->cause == MO_OOM_ZSWAPPED)
		say(sentence, " before compression");
	else if (share->holder_swap_bytes.certainty == MO_EXACT)
		say(sentence, " resident, and ");
	if (share->holder_swap_bytes.certainty == MO_EXACT) {
		say_bytes(sentence, share->holder_swap_bytes.value);
		say(sentence, " in swap");
	}
	if (share->is_sum_of_rss)
		say(sentence, " (a sum of RSS: shared pages count more than once)");
	if (share->holder_source == MO_OOM_OF_DUMP)
		say(sentence, share->is_more_now ? ", and more in the dump" : " in the dump");
}

static void say_second(struct sentence *sentence, const struct mo_oom_share *share)
{
	if (!share->second[0] || share->second_bytes.certainty != MO_EXACT)
		return;
	say(sentence, " ");
	say_who(sentence, share->second, share->second_pid != 0, share->second_pid);
	say(sentence, " had ");
	say_bytes(sentence, share->second_bytes.value);
	say(sentence, " (%.0f %%).", 100.0 * (double)share->second_bytes.value / (double)share->bytes.value);
}

/* A sentence of its own, behind how much it is in all. */
static void say_holder(struct sentence *sentence, const struct mo_oom_share *share)
{
	if (!share->holder[0]) {
		say(sentence, " The holder is unknown.");
		return;
	}
	if (share->holder_kind == MO_OOM_POOL) {
		say_pool(sentence, share);
		return;
	}
	say_part(sentence, share);
	say_holder_name(sentence, share);
	say(sentence, ": ");
	say_amount(sentence, share);
	say(sentence, ".");
	say_second(sentence, share);
	if (share->module[0] && strcmp(share->module, share->holder) != 0)
		say(sentence, " Its objects point into module %s.", share->module);
}

static const char *kind_in_sentence(enum mo_oom_cause cause)
{
	return cause == MO_OOM_UNACCOUNTED ? "memory in no counter" : cause_kinds[cause];
}

static void say_fragmentation(struct sentence *sentence, const struct draft *draft)
{
	const struct mo_oom_share *share = told_share(draft);

	say(sentence, "Memory is fragmented: unmovable pages lie between the free ones%s.",
	    draft->is_compaction_off ? ", and this kernel has no compaction" : "");
	if (!share || !share->bytes.value)
		return;
	say(sentence, " The largest unmovable kind is %s, ", kind_in_sentence(share->cause));
	say_bytes(sentence, share->bytes.value);
	say(sentence, ".");
	say_holder(sentence, share);
}

/* Nothing stands out: the largest kind is said, so that nobody has to look for it. */
static void say_no_cause(struct sentence *sentence, const struct draft *draft)
{
	const struct mo_oom_event *event = &draft->event;
	const struct mo_oom_share *largest = NULL;

	for (size_t i = 0; i < draft->n_shares && !largest; i++)
		if (draft->shares[i].cause != MO_OOM_FREE && draft->shares[i].cause != MO_OOM_PCP)
			largest = &draft->shares[i];
	if (event->gap) {
		say(sentence, "What held the memory is unknown: %s.", gap_words[event->gap]);
	} else if (!largest || !largest->bytes.value || event->total_bytes.certainty != MO_EXACT) {
		say(sentence, "What held the memory is unknown: its numbers are not in the log.");
	} else if (largest->is_of_machine) {
		say(sentence, "What held the memory there is unknown: the log has slab, stacks and page tables of the whole machine "
			      "alone.");
	} else {
		say(sentence, "No kind of memory exceeds its usual share; the largest is %s, ", kind_in_sentence(largest->cause));
		say_bytes(sentence, largest->bytes.value);
		say(sentence, " (%.0f %%).", largest->percent_thousandths / 1000.0);
	}
}

/* Memory that the kernel or its modules allocate for themselves. */
static bool is_of_kernel(enum mo_oom_cause cause)
{
	return cause == MO_OOM_SLAB || cause == MO_OOM_SLAB_RECLAIMABLE || cause == MO_OOM_VMALLOC || cause == MO_OOM_PERCPU ||
	       cause == MO_OOM_UNACCOUNTED || cause == MO_OOM_KERNEL;
}

bool is_hinted(const struct draft *draft)
{
	const struct mo_oom_share *share = told_share(draft);

	return share && is_of_kernel(share->cause) && !share->module[0] && draft->event.function_module[0] &&
	       draft->event.constraint != MO_OOM_MEMCG;
}

/* Who allocates when memory runs out is often who fills it: not known, and worth a look where nothing names an owner. */
static void say_hint(struct sentence *sentence, const struct draft *draft, const struct mo_oom_share *share)
{
	const struct mo_oom_event *event = &draft->event;

	if (!is_hinted(draft) || !strcmp(share->holder, event->function_module))
		return;
	say(sentence, " A hint: the allocation that failed came from module %s", event->function_module);
	if (event->function[0])
		say(sentence, " (%s())", event->function);
	say(sentence, ".");
}

/* Of a part of the machine the report may have a kind only as the whole machine's. */
static void say_share(struct sentence *sentence, const struct mo_oom_event *event, const struct mo_oom_share *share)
{
	struct mo_share of_all = { .part_bytes = share->bytes.value, .whole_bytes = event->total_bytes.value };
	uint64_t percent = 0;

	say(sentence, "%s held ", cause_titles[share->cause]);
	say_bytes(sentence, share->bytes.value);
	if (mo_share_percent(of_all, &percent)) {
		say(sentence, " of ");
		say_bytes(sentence, event->total_bytes.value);
		say(sentence, " (%.0f %%)", (double)percent / 1000.0);
	}
	say(sentence, ".");
}

void say_held(struct sentence *sentence, const struct draft *draft)
{
	const struct mo_oom_event *event = &draft->event;
	const struct mo_oom_share *share = share_of(draft, event->cause);

	if (event->kind == MO_OOM_REFUSAL || is_harmless(draft) || event->constraint == MO_OOM_NOTHING_SHORT ||
	    event->constraint == MO_OOM_LIMIT || has_reserved_zone(draft))
		return;
	if (event->constraint == MO_OOM_ORDER) {
		say_fragmentation(sentence, draft);
		return;
	}
	if (!share || event->total_bytes.certainty != MO_EXACT) {
		say_no_cause(sentence, draft);
		return;
	}
	say_share(sentence, event, share);
	say_holder(sentence, share);
	say_hint(sentence, draft, share);
}

/* A holder that the OOM killer may not take explains why others die. */
static void say_exempt_holder(struct sentence *sentence, const struct draft *draft)
{
	const struct mo_oom_share *share = told_share(draft);

	for (size_t i = 0; share && share->holder_pid && i < draft->n_candidates; i++)
		if (draft->candidates[i].pid == share->holder_pid && draft->candidates[i].exempt)
			say(sentence, " %s itself could not be killed (%s).", share->holder, exempt_words[draft->candidates[i].exempt]);
}

static void say_role(struct sentence *sentence, const struct draft *draft)
{
	const struct mo_oom_share *told = told_share(draft);
	struct mo_share share = { .whole_bytes = told ? told->bytes.value : 0 };
	const char *words;
	uint64_t percent = 0;

	if (draft->event.role == MO_OOM_BYSTANDER)
		say(sentence, ", a bystander: what was short is held elsewhere");
	if (draft->event.role != MO_OOM_CONSUMER || !told)
		return;
	share.part_bytes = told->holder_pid == draft->kills[0].pid ? told->holder_bytes.value : victims_part(draft);
	words = mo_share_words(share);
	if (words && is_less_than_half(share) && mo_share_percent(share, &percent))
		say(sentence, ", which held %.0f %% of it", (double)percent / 1000.0);
	else if (words)
		say(sentence, ", which held %s of it", words);
}

/* What was freed helps only if it was in the zones that were short: where pages lay the log does not say. */
static void say_freed(struct sentence *sentence, const struct draft *draft)
{
	uint64_t anon_bytes = 0;

	if (!draft->event.freed_bytes)
		return;
	for (size_t i = 0; i < draft->n_kills; i++)
		anon_bytes += draft->kills[i].anon_bytes.value;
	say(sentence, " That freed ");
	say_bytes(sentence, draft->event.freed_bytes);
	if (draft->event.constraint == MO_OOM_ZONE && anon_bytes) {
		say(sentence, ", of which ");
		say_bytes(sentence, anon_bytes);
		say(sentence, " may lie in zones that the request cannot use");
	}
	say(sentence, ".");
}

static void say_killed(struct sentence *sentence, const struct draft *draft)
{
	const struct mo_oom_kill *kill = &draft->kills[0];

	say(sentence, "The kernel killed ");
	say_who(sentence, kill->comm, true, kill->pid);
	if (draft->n_kills > 1)
		say(sentence, " and %zu more%s", draft->n_kills - 1,
		    draft->memcg.is_group_kill ? " of its group (memory.oom.group)" : "");
	if (draft->is_allocating_task)
		say(sentence, ", because it asked (vm.oom_kill_allocating_task)");
	else if (kill->was_exiting)
		say(sentence, ", which was exiting already");
	else
		say_role(sentence, draft);
	say(sentence, ".");
	say_freed(sentence, draft);
	if (kill->is_unreapable)
		say(sentence, " The OOM reaper could not free its memory.");
	say_exempt_holder(sentence, draft);
}

/* Why, as far as the table of tasks says. */
static void say_nobody(struct sentence *sentence, const struct draft *draft)
{
	size_t n_by_adj = 0;

	for (size_t i = 0; i < draft->n_candidates; i++)
		n_by_adj += draft->candidates[i].oom_score_adj == -1000;
	say(sentence, "No process could be killed");
	if (!draft->n_candidates)
		return;
	say(sentence, " (of %zu in the table %zu exempt by oom_score_adj -1000", draft->n_candidates, n_by_adj);
	if (draft->n_candidates > n_by_adj)
		say(sentence, ", %zu with nothing left to free or already dying", draft->n_candidates - n_by_adj);
	say(sentence, ")");
}

static void say_panic(struct sentence *sentence, const struct oom_state *state, const struct draft *draft)
{
	const struct mo_oom_candidate *first = draft->n_candidates && !draft->candidates[0].exempt ? &draft->candidates[0] :
												     NULL;

	if (!first || draft->had_nobody) {
		say_nobody(sentence, draft);
		say(sentence, ", and the kernel panicked.");
		return;
	}
	say(sentence, "No process was killed: the kernel panicked instead");
	if (state->panic_on_oom > 0)
		say(sentence, " (vm.panic_on_oom is %d)", state->panic_on_oom);
	say(sentence, ". ");
	say_who(sentence, first->comm, true, first->pid);
	say(sentence, " would have been its choice.");
}

void say_died(struct sentence *sentence, const struct oom_state *state, const struct draft *draft)
{
	const struct mo_oom_event *event = &draft->event;

	if (draft->n_kills)
		say_killed(sentence, draft);
	else if (event->kind == MO_OOM_PANIC)
		say_panic(sentence, state, draft);
	else if (event->kind == MO_OOM_NO_VICTIM)
		{
		say_nobody(sentence, draft);
		say(sentence, ".");
	}
	else if (event->kind == MO_OOM_REFUSAL || is_harmless(draft))
		return;
	else if (event->kind >= MO_OOM_ALLOCATION_FAILURE)
		say(sentence, draft->is_of_dying ?
				      "It was dying: the OOM killer had chosen it before, so this failure is a consequence of that." :
				      "No process was killed for it.");
	else if (event->kind == MO_OOM_UNKNOWN && draft->has_summary_pid)
		say(sentence, "PID %d was chosen; whether it was killed is not in the log.", draft->summary_pid);
	else if (event->kind == MO_OOM_UNKNOWN)
		say(sentence, "Whether a process was killed is unknown: %s.",
		    event->gap ? gap_words[event->gap] : "the log does not say");
}
