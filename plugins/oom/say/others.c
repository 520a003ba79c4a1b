/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The sentences and the advice of events that are neither the OOM killer's nor a request that failed. */
#include "gathering.h"

#include <stdio.h>
#include <string.h>

#include "sentence.h"

static void say_seconds(struct sentence *sentence, uint64_t ns)
{
	say(sentence, "%.1f s", (double)ns / 1e9);
}

static void say_stall(struct sentence *sentence, const struct oom_state *state, const struct mo_oom_event *event)
{
	say_who(sentence, event->comm, event->has_pid, event->pid);
	say(sentence, " had waited ");
	say_seconds(sentence, event->waited_ns);
	say(sentence, " for ");
	say_piece(sentence, state->page_bytes, event);
	say_when(sentence, event);
	say(sentence, ", and went on waiting: memory was so short that requests took that long, but this one did not fail.");
}

static void say_swiotlb(struct sentence *sentence, const struct mo_oom_event *event)
{
	say(sentence, "%s got no bounce buffer (swiotlb) of ", event->subject[0] ? event->subject : "A device");
	say_bytes(sentence, event->bytes.value);
	say_when(sentence, event);
	if (event->reason[0])
		say(sentence, ": %s", event->reason);
	say(sentence, ". These buffers are kept apart at boot; how much other memory is free does not matter.");
}

static void say_cma(struct sentence *sentence, const struct mo_oom_event *event)
{
	say(sentence, "The area for contiguous memory (CMA%s%s) did not give ", event->subject[0] ? " " : "", event->subject);
	say_bytes(sentence, event->bytes.value);
	say(sentence, " in one piece");
	say_when(sentence, event);
	if (event->reason[0])
		say(sentence, ": %s", event->reason);
	say(sentence, ".");
}

static void say_hugetlb(struct sentence *sentence, const struct mo_oom_event *event)
{
	say(sentence, "Of ");
	say_bytes(sentence, event->bytes.value);
	say(sentence, " in huge pages of %s that were asked for", event->subject);
	say_when(sentence, event);
	say(sentence, ", the pool got ");
	say_bytes(sentence, event->allocated_bytes.value);
	say(sentence, ": there were no more free pieces of that size.");
}

static void say_lockup(struct sentence *sentence, const struct mo_oom_event *event)
{
	say_who(sentence, event->comm, event->has_pid, event->pid);
	say(sentence, " kept a CPU busy for ");
	say_seconds(sentence, event->waited_ns);
	say(sentence, " without a pause");
	say_when(sentence, event);
	say(sentence, ", freeing memory");
	if (event->function[0])
		say(sentence, " (in %s())", event->function);
	say(sentence, ".");
}

static void say_hang(struct sentence *sentence, const struct mo_oom_event *event)
{
	say_who(sentence, event->comm, event->has_pid, event->pid);
	say(sentence, " was found blocked");
	say_when(sentence, event);
	say(sentence, ", for more than ");
	say_seconds(sentence, event->waited_ns);
	say(sentence, ", while it freed memory");
	if (event->function[0])
		say(sentence, " (in %s())", event->function);
	if (event->subject[0])
		say(sentence, ": it waited in %s()", event->subject);
	say(sentence, ". Whoever needs memory waits with it.");
}

static void say_userspace_kill(struct sentence *what, struct sentence *died, const struct draft *draft)
{
	const struct mo_oom_event *event = &draft->event;

	if (draft->is_failed_kill)
		say(what, "%s, not the kernel, tried to kill, and failed", event->killer);
	else if (draft->is_trigger)
		say(what, "%s had the kernel's OOM killer invoked (SysRq-f)", event->killer);
	else
		say(what, "%s, not the kernel, killed", event->killer);
	say_when(what, event);
	if (event->reason[0])
		say(what, ": %s", event->reason);
	say(what, ".");
	if (draft->n_kills) {
		say(died, draft->is_failed_kill ? "It could not kill " : "It killed ");
		say_who(died, draft->kills[0].comm, true, draft->kills[0].pid);
		if (event->bytes.certainty == MO_EXACT) {
			say(died, ", which had ");
			say_bytes(died, event->bytes.value);
		}
		say(died, ".");
	} else if (event->subject[0]) {
		say(died, "It killed the processes of %s.", event->subject);
	}
}

static void say_container(struct sentence *sentence, const struct mo_oom_event *event)
{
	say(sentence, "%s says that the kernel killed for memory", event->killer);
	if (event->subject[0])
		say(sentence, " in %s", event->subject);
	say_when(sentence, event);
	say(sentence, "; the kernel's own report is not in this log.");
}

bool write_other_sentences(const struct oom_state *state, const struct draft *draft, struct sentence *sentences)
{
	const struct mo_oom_event *event = &draft->event;

	switch (event->kind) {
	case MO_OOM_STALL:
		say_stall(&sentences[0], state, event);
		say_held(&sentences[1], draft);
		return true;
	case MO_OOM_SWIOTLB_FAILURE: say_swiotlb(&sentences[0], event); return true;
	case MO_OOM_CMA_FAILURE: say_cma(&sentences[0], event); return true;
	case MO_OOM_HUGETLB_SHORTAGE: say_hugetlb(&sentences[0], event); return true;
	case MO_OOM_RECLAIM_LOCKUP: say_lockup(&sentences[0], event); return true;
	case MO_OOM_RECLAIM_HANG: say_hang(&sentences[0], event); return true;
	case MO_OOM_USERSPACE_KILL: say_userspace_kill(&sentences[0], &sentences[2], draft); return true;
	case MO_OOM_EVICTION:
		say(&sentences[0], "kubelet evicted pod %s", event->subject);
		say_when(&sentences[0], event);
		say(&sentences[0], " to get memory of the node back, before the kernel's OOM killer had to.");
		return true;
	case MO_OOM_CONTAINER_OOM: say_container(&sentences[0], event); return true;
	default: return false;
	}
}

const char *advice_of_other(const struct mo_oom_event *event)
{
	switch (event->kind) {
	case MO_OOM_SWIOTLB_FAILURE:
		return "A larger swiotlb= at boot, or a device or IOMMU that needs no bounce buffers.";
	case MO_OOM_CMA_FAILURE: return "A larger cma= at boot (or its node in the device tree), or fewer users of that area.";
	case MO_OOM_HUGETLB_SHORTAGE:
		return "Ask for huge pages at boot (hugepages=), before memory is fragmented.";
	case MO_OOM_USERSPACE_KILL: return "Its own limits decide when it kills: see its configuration and its log.";
	case MO_OOM_EVICTION:
		return "Requests of memory that fit what the pods use, or less on this node; kubelet's eviction thresholds decide "
		       "when.";
	case MO_OOM_CONTAINER_OOM:
		return "The kernel's log of that time (dmesg, journalctl -k) says what held the memory.";
	default: return NULL;
	}
}

const char *id_of_other(enum mo_oom_kind kind)
{
	switch (kind) {
	case MO_OOM_STALL: return "allocation-stalled";
	case MO_OOM_SWIOTLB_FAILURE:
	case MO_OOM_CMA_FAILURE:
	case MO_OOM_HUGETLB_SHORTAGE: return "allocation-failed";
	case MO_OOM_RECLAIM_LOCKUP: return "reclaim-lockup";
	case MO_OOM_RECLAIM_HANG: return "reclaim-hang";
	case MO_OOM_USERSPACE_KILL: return "userspace-kill";
	case MO_OOM_EVICTION: return "pod-evicted";
	case MO_OOM_CONTAINER_OOM: return "out-of-memory";
	default: return NULL;
	}
}
