/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Who held the memory, and who died: the second and the third of an event's three sentences. */
#include "gathering.h"

#include <ctype.h>
#include <memopsy/share.h>
#include <string.h>

#include "sentence.h"

static bool is_kind(const struct mo_oom_share *share, const char *kind)
{
	return share->holder_kind && !strcmp(share->holder_kind, kind);
}

static void say_holder_name(struct sentence *sentence, const struct mo_oom_share *share)
{
	if (is_kind(share, "processes"))
		say(sentence, "%u processes %s", share->n_holders, share->holder);
	else if (is_kind(share, "process") && share->holder_pid)
		say(sentence, "%s (PID %d)", share->holder, share->holder_pid);
	else if (is_kind(share, "cache"))
		say(sentence, "the slab cache %s", share->holder);
	else if (is_kind(share, "owner") || is_kind(share, "process"))
		say(sentence, "%s", share->holder);
	else if (is_kind(share, "mount"))
		say(sentence, "the files on %s", share->holder);
	else if (is_kind(share, "caller"))
		say(sentence, "areas that %s() made", share->holder);
	else
		say(sentence, "the %s %s", share->holder_kind, share->holder);
}

/* Huge pages are taken from everybody else whether they are used or not. */
static void say_pool(struct sentence *sentence, const struct mo_oom_share *share)
{
	say(sentence, " Of its pages (%s) ", share->holder);
	if (share->unused_bytes.certainty == MO_EXACT && share->unused_bytes.value) {
		say_bytes(sentence, share->unused_bytes.value);
		say(sentence, " are unused, and nobody else may have them.");
	} else {
		say(sentence, "all are in use.");
	}
}

/*
 * How much of the kind the holder has. What it has in swap, before compression, or in the dump may exceed what was resident
 * at the event: then it is no part of that, and the sentence does not say so.
 */
static void say_part(struct sentence *sentence, const struct mo_oom_share *share)
{
	const char *words = mo_share_words((struct mo_share){ .part_bytes = share->holder_bytes.value,
							      .whole_bytes = share->bytes.value });

	if (words)
		say(sentence, " %c%s of that belonged to ", toupper((unsigned char)words[0]), words + 1);
	else
		say(sentence, " The largest holder was ");
}

/* A sentence of its own, behind how much it is in all. */
static void say_holder(struct sentence *sentence, const struct draft *draft, const struct mo_oom_share *share)
{
	if (!share->holder[0]) {
		say(sentence, " Whose that was is not known.");
		return;
	}
	if (is_kind(share, "pool")) {
		say_pool(sentence, share);
		return;
	}
	say_part(sentence, share);
	say_holder_name(sentence, share);
	say(sentence, ": ");
	say_bytes(sentence, share->holder_bytes.value);
	if (share->cause == MO_OOM_ZSWAPPED)
		say(sentence, " before compression");
	else if (share->cause == MO_OOM_ANON && draft->event.swap_total_bytes.value && is_word(share->holder_source, "log"))
		say(sentence, " with what it has in swap");
	else if (is_word(share->holder_source, "dump"))
		say(sentence, " in the dump");
	say(sentence, ".");
	if (share->module[0] && strcmp(share->module, share->holder) != 0)
		say(sentence, " Its objects point into module %s.", share->module);
}

static void say_fragmentation(struct sentence *sentence, const struct draft *draft)
{
	const struct mo_oom_share *share = told_share(draft);

	say(sentence, "Memory is fragmented: pages that cannot be moved lie between the free ones%s.",
	    draft->is_compaction_off ? ", and this kernel has no compaction" : "");
	if (!share || !share->bytes.value)
		return;
	say(sentence, " Most of these are %s, ", cause_kinds[share->cause]);
	say_bytes(sentence, share->bytes.value);
	say(sentence, ".");
	say_holder(sentence, draft, share);
}

void say_held(struct sentence *sentence, const struct draft *draft)
{
	const struct mo_oom_event *event = &draft->event;
	const struct mo_oom_share *share = share_of(draft, event->cause);
	struct mo_share of_all = { .part_bytes = share ? share->bytes.value : 0, .whole_bytes = event->total_bytes.value };

	if (event->kind == MO_OOM_REFUSAL || is_harmless(draft))
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
	if (mo_share_is_sound(of_all)) {
		say(sentence, " of ");
		say_bytes(sentence, event->total_bytes.value);
		say(sentence, " (%.0f %%)", share->percent_thousandths / 1000.0);
	}
	say(sentence, ".");
	say_holder(sentence, draft, share);
}

/* A holder that the OOM killer may not take explains why others die. */
static void say_exempt_holder(struct sentence *sentence, const struct draft *draft)
{
	const struct mo_oom_share *share = told_share(draft);

	for (size_t i = 0; share && share->holder_pid && i < draft->n_candidates; i++)
		if (draft->candidates[i].pid == share->holder_pid && draft->candidates[i].exempt)
			say(sentence, " %s itself could not be killed (%s).", share->holder, draft->candidates[i].exempt);
}

/* Of the share that is told; a part that exceeds it is a good part in any case. */
static const char *told_words(const struct mo_oom_share *share)
{
	const char *words = mo_share_words((struct mo_share){ .part_bytes = share->holder_bytes.value,
							      .whole_bytes = share->bytes.value });

	return words ? words : "a good part";
}

static void say_role(struct sentence *sentence, const struct draft *draft)
{
	const struct mo_oom_share *share = told_share(draft);

	if (draft->event.role == MO_OOM_BYSTANDER)
		say(sentence, ", a bystander: what was short is held elsewhere");
	else if (draft->event.role == MO_OOM_CONSUMER && share && share->holder_pid == draft->kills[0].pid)
		say(sentence, ", which held %s of it", told_words(share));
	else if (draft->event.role == MO_OOM_CONSUMER)
		say(sentence, ", which held a good part of it");
}

static void say_killed(struct sentence *sentence, const struct draft *draft)
{
	const struct mo_oom_event *event = &draft->event;
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
	if (event->freed_bytes) {
		say(sentence, " That freed ");
		say_bytes(sentence, event->freed_bytes);
		say(sentence, ".");
	}
	if (kill->is_unreapable)
		say(sentence, " The OOM reaper could not take its memory.");
	say_exempt_holder(sentence, draft);
}

static void say_panic(struct sentence *sentence, const struct oom_state *state, const struct draft *draft)
{
	const struct mo_oom_candidate *first = draft->n_candidates && !draft->candidates[0].exempt ? &draft->candidates[0] :
												     NULL;

	if (!first) {
		say(sentence, "Nobody could be killed, and the kernel panicked.");
		return;
	}
	say(sentence, "Nobody was killed: the kernel panicked instead");
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
		say(sentence, "Nobody could be killed: all candidates are exempt.");
	else if (event->kind == MO_OOM_REFUSAL || is_harmless(draft))
		return;
	else if (event->kind >= MO_OOM_ALLOCATION_FAILURE)
		say(sentence, draft->is_of_dying ?
				      "It was dying: the OOM killer had chosen it before, so this failure is a consequence." :
				      "Nobody was killed for it.");
	else if (event->kind == MO_OOM_UNKNOWN && draft->has_summary_pid)
		say(sentence, "PID %d was chosen; whether it was killed is not in the log.", draft->summary_pid);
	else if (event->kind == MO_OOM_UNKNOWN)
		say(sentence, "Whether anybody was killed is not known: %s.",
		    event->why_partial ? event->why_partial : "the log does not say");
}
