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
	enum swap_state swap = swap_of(event);

	if (swap == SWAP_STATE_UNKNOWN)
		return;
	if (swap == SWAP_STATE_ABSENT) {
		say(sentence, " There is no swap.");
		return;
	}
	if (swap == SWAP_STATE_FULL) {
		say(sentence, " Swap was full: ");
	} else {
		say(sentence, " Swap had room: ");
		say_bytes(sentence, event->swap_free_bytes.value);
		say(sentence, " free of ");
	}
	say_bytes(sentence, event->swap_total_bytes.value);
	say(sentence, ".");
}

/* A limit of 0 allows none: it cannot be reached. */
static bool is_at_limit(struct mo_count usage, struct mo_count limit)
{
	return usage.certainty == MO_EXACT && limit.certainty == MO_EXACT && limit.value && limit.value != UINT64_MAX &&
	       usage.value >= limit.value - limit.value / 50;
}

/* v2 has a limit of swap of its own, v1 one of memory and swap together. */
static void say_swap_limit(struct sentence *sentence, const struct mo_oom_memcg *memcg)
{
	if (is_at_limit(memcg->swap_usage_bytes, memcg->swap_limit_bytes)) {
		say(sentence, " and its swap limit of ");
		say_bytes(sentence, memcg->swap_limit_bytes.value);
	} else if (is_at_limit(memcg->memsw_usage_bytes, memcg->memsw_limit_bytes)) {
		say(sentence, " and its limit of memory and swap together, ");
		say_bytes(sentence, memcg->memsw_limit_bytes.value);
	}
}

static void say_memcg(struct sentence *sentence, const struct draft *draft)
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
	say_swap_limit(sentence, &draft->memcg);
	say_when(sentence, event);
	say(sentence, ".");
	if (draft->is_group_gone)
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
	say(sentence, "%s could not allocate ", event->comm[0] ? event->comm : "a process");
	say_bytes(sentence, state->page_bytes << event->order);
	say(sentence, " in one piece (order %d)", event->order);
	say_when(sentence, event);
	say(sentence, ": ");
	say_bytes(sentence, event->free_bytes.value);
	say(sentence, " were free, but only in smaller blocks.");
}

/* Of the largest zone with that verdict: what is free there, and what has to stay. */
static void say_zone_numbers(struct sentence *sentence, const struct oom_state *state, const struct draft *draft,
			     enum mo_oom_zone_verdict verdict)
{
	const struct mo_oom_zone *zone = zone_with(draft, verdict);

	if (!zone)
		return;
	say_kib(sentence, zone->free_pages.value * state->page_bytes);
	say(sentence, " free in zone %s", zone->name);
	if (verdict == MO_OOM_ZONE_RESERVED) {
		say(sentence, ", all of it on the free lists %s",
		    zone->lists == MO_OOM_LIST_HIGHATOMIC ? "kept for high-order atomic allocations (H, highatomic)" :
		    zone->lists == MO_OOM_LIST_CMA	  ? "of CMA (C), for movable pages only" :
							    "of highatomic (H), CMA (C) or isolated (I) blocks");
		return;
	}
	say(sentence, ", more than ");
	say_kib(sentence, (zone->mark_pages.value + zone->reserve_pages.value + zone->unusable_pages.value) * state->page_bytes);
	say(sentence, " required");
}

/* What is free and kept for others: of an OOM or of a failure. */
static void say_reserved(struct sentence *sentence, const struct oom_state *state, const struct draft *draft)
{
	if (!has_reserved_zone(draft))
		return;
	say(sentence, " Free memory was not available to it: ");
	say_zone_numbers(sentence, state, draft, MO_OOM_ZONE_RESERVED);
	say(sentence, ".");
}

static bool has_other_zone(const struct draft *draft, const char *name)
{
	for (size_t i = 0; i < draft->n_zones; i++)
		if (draft->zones[i].verdict == MO_OOM_ZONE_OTHER_ZONE && !strcmp(draft->zones[i].name, name))
			return true;
	return false;
}

/* "DMA, DMA32": those that the request may use */
static void say_own_zones(struct sentence *sentence, const struct draft *draft)
{
	size_t n = 0;

	for (size_t i = 0; i < draft->n_zones; i++) {
		bool is_new = is_in_scope(SCOPE_ZONES, &draft->zones[i]) && draft->zones[i].managed_pages.value;

		for (size_t k = 0; k < i; k++)
			is_new &= strcmp(draft->zones[k].name, draft->zones[i].name) != 0;
		if (is_new)
			say(sentence, "%s%s", n++ ? ", " : "", draft->zones[i].name);
	}
}

/* Which zones were full, and where others are free. */
static const char *say_zones(struct sentence *sentence, const struct draft *draft)
{
	struct request request = request_of(&draft->event);
	bool is_of_kernel = request.has_zone && request.zone == ZONE_KIND_NORMAL;

	say(sentence, is_of_kernel ? "The memory that kernel allocations may use (zone " : "The low memory that %s needs (zone ",
	    draft->event.comm[0] ? draft->event.comm : "a process");
	say_own_zones(sentence, draft);
	say(sentence, ") ran out");
	return is_of_kernel && has_other_zone(draft, "Movable") ? "in zone Movable, which they may not use" :
								   "in zones that it may not use";
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
		where = say_zones(sentence, draft);
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
	say_reserved(sentence, state, draft);
	say_swap(sentence, event);
}

/* The reserve is said to be exhausted only with the numbers that show it. */
static void say_atomic(struct sentence *sentence, const struct oom_state *state, const struct draft *draft)
{
	struct request request = request_of(&draft->event);

	if (!request.is_known || request.may_block) {
		say_reserved(sentence, state, draft);
		return;
	}
	say(sentence, " It was an atomic allocation (may not sleep)");
	if (has_reserved_zone(draft)) {
		say(sentence, ".");
		say_reserved(sentence, state, draft);
	} else if (!(draft->parts & PART_ZONES)) {
		say(sentence, "; the log has no Mem-Info of it, so how much was free is unknown.");
	} else if (zone_with(draft, MO_OOM_ZONE_WATERMARK)) {
		say(sentence, ", and the reserve for such requests was exhausted: ");
		say_zone_numbers(sentence, state, draft, MO_OOM_ZONE_WATERMARK);
		say(sentence, ".");
	} else {
		say(sentence, "; enough was free again when the report was printed.");
	}
}

/* A request that failed, and no process was killed for it. */
static void say_failure(struct sentence *sentence, const struct oom_state *state, const struct draft *draft)
{
	const struct mo_oom_event *event = &draft->event;

	if (event->cache[0])
		say(sentence, "The slab cache %s could not grow: %s asked for ", event->cache,
		    event->comm[0] ? event->comm : "a process");
	else
		say(sentence, "%s asked for ", event->comm[0] ? event->comm : "A process");
	say_piece(sentence, state->page_bytes, event);
	say(sentence, event->constraint == MO_OOM_ZONE ? " of low memory, and the allocation failed" : ", and the allocation failed");
	say_when(sentence, event);
	if (event->constraint == MO_OOM_ZONE)
		say_free_elsewhere(sentence, state, draft, "in zones that it may not use");
	else if (event->constraint == MO_OOM_NODE)
		say_free_elsewhere(sentence, state, draft, "on other nodes");
	say(sentence, ".");
	say_atomic(sentence, state, draft);
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
	say(sentence, " more it would exceed the commit limit (vm.overcommit_memory).");
}

#define IMPOSSIBLE_BITS 47 /* the vmalloc area of 4-level x86_64 has 32 TiB, of arm64 up to 128 TiB */

static void say_vmalloc(struct sentence *sentence, const struct draft *draft)
{
	const struct mo_oom_event *event = &draft->event;

	say(sentence, "vmalloc() could not allocate ");
	say_bytes(sentence, event->bytes.value);
	say(sentence, " for ");
	say_who(sentence, event->comm, event->has_pid, event->pid);
	say_when(sentence, event);
	if (draft->is_too_large)
		say(sentence, event->bytes.value >> IMPOSSIBLE_BITS ?
				      ": an impossible size. Its caller computed it wrongly (an integer overflow or a negative length)." :
				      ": more than the machine has (\"exceeds total pages\"). The size is wrong, or must be bounded by its caller.");
	else
		say(sentence, event->constraint == MO_OOM_LIMIT ? ": no free range that large in its address space." : ".");
	if (event->function[0])
		say(sentence, " The caller is %s()", event->function);
	if (event->function[0])
		say(sentence, event->function_module[0] ? " of module %s." : ".", event->function_module);
}

static void say_by_hand(struct sentence *sentence, const struct draft *draft)
{
	const struct mo_oom_event *event = &draft->event;

	if (event->killer[0])
		say(sentence, "%s had the OOM killer invoked (SysRq-f)", event->killer);
	else
		say(sentence, "The OOM killer was invoked manually (SysRq-f)");
	say_when(sentence, event);
	if (event->free_bytes.certainty == MO_EXACT && event->total_bytes.value) {
		say(sentence, ", with ");
		say_bytes(sentence, event->free_bytes.value);
		say(sentence, " of ");
		say_bytes(sentence, event->total_bytes.value);
		say(sentence, " free (%.0f %%)", 100.0 * (double)event->free_bytes.value / (double)event->total_bytes.value);
	}
	say(sentence, event->constraint == MO_OOM_NOTHING_SHORT && event->n_zones + draft->n_zones ? ": memory was not short." :
												       ".");
}

static void say_what(struct sentence *sentence, const struct oom_state *state, const struct draft *draft)
{
	const struct mo_oom_event *event = &draft->event;

	if (event->kind == MO_OOM_REFUSAL)
		say_refusal(sentence, event);
	else if (event->kind == MO_OOM_VMALLOC_FAILURE)
		say_vmalloc(sentence, draft);
	else if (event->constraint == MO_OOM_MEMCG)
		say_memcg(sentence, draft);
	else if (!event->has_request && !draft->n_zones && event->source == MO_OOM_OF_LOG)
		say(sentence, "The OOM killer killed a process, but %s.",
		    event->gap ? gap_words[event->gap] : "its report is not in the log");
	else if (event->has_order && event->order == -1)
		say_by_hand(sentence, draft);
	else if (event->constraint == MO_OOM_ORDER)
		say_order(sentence, state, draft);
	else if (event->kind == MO_OOM_ALLOCATION_FAILURE || event->kind == MO_OOM_SLAB_FAILURE)
		say_failure(sentence, state, draft);
	else
		say_short(sentence, state, draft);
}

void write_sentences(const struct oom_state *state, const struct draft *draft, struct event_sentences *ret)
{
	const struct mo_oom_event *event = &draft->event;
	struct sentence sentences[3];

	for (size_t i = 0; i < 3; i++)
		sentences[i] = begin_sentence(ret->text[i], sizeof(ret->text[i]));
	if (!write_other_sentences(state, draft, sentences)) {
		say_what(&sentences[0], state, draft);
		say_held(&sentences[1], draft);
		say_died(&sentences[2], state, draft);
	}
	if (is_harmless(draft))
		say(&sentences[0],
		    " That is harmless: the request was made not to try hard (__GFP_NORETRY), the caller is expected to fall back.");
	if (event->n_repeats > 1)
		say(&sentences[0], " The log has it %u times.", event->n_repeats);
}
