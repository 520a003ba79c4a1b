/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Findings: an event's verdict with the numbers that it rests on, and what follows from just these. */
#include "gathering.h"

#include <stdio.h>
#include <string.h>

#include "sentence.h"

static void advise_cause(const struct mo_oom_event *event, const struct mo_oom_share *share, char *text, size_t room);

/* The limit, after what its cause says by itself. */
static void advise_memcg(const struct draft *draft, const struct mo_oom_share *share, char *text, size_t room)
{
	const char *path = draft->event.memcg[0] ? draft->event.memcg : draft->memcg.path;
	char limit[32] = "";

	if (draft->memcg.limit_bytes.certainty == MO_EXACT && draft->memcg.limit_bytes.value != UINT64_MAX) {
		snprintf(limit, sizeof(limit), " above ");
		describe_bytes(draft->memcg.limit_bytes.value, limit + strlen(limit), sizeof(limit) - strlen(limit));
	}
	if (share && share->cause != MO_OOM_ANON)
		advise_cause(&draft->event, share, text, room);
	if (text[0])
		snprintf(text + strlen(text), room - strlen(text), " Else raise memory.max of %.200s%s.", path, limit);
	else
		snprintf(text, room,
			 "Raise memory.max of %.200s%s if %.64s needs more than that, or find why it grew; adding RAM will not "
			 "help.",
			 path[0] ? path : "the group", limit, share && share->holder[0] ? share->holder : "what runs there");
}

static void advise_anon(const struct mo_oom_event *event, const struct mo_oom_share *share, char *text, size_t room)
{
	enum swap_state swap = swap_of(event);
	char bytes[24];

	describe_bytes(share->holder_bytes.value, bytes, sizeof(bytes));
	if (share->holder[0])
		snprintf(text, room, "Find why %s grew to %s, or bound it with memory.max of a cgroup of its own%s.",
			 share->holder, bytes,
			 swap == SWAP_STATE_ABSENT ? "; swap would have taken what it does not touch" :
			 swap == SWAP_STATE_FULL   ? "; what fills swap is in the column SWAP below" :
							   "");
	else
		snprintf(text, room, "`memopsy procrank` shows who uses memory in the dump.");
}

static void advise_hugetlb(const struct mo_oom_share *share, char *text, size_t room)
{
	char bytes[24];

	describe_bytes(share->unused_bytes.value, bytes, sizeof(bytes));
	snprintf(text, room, share->unused_bytes.value ?
			 "Shrink the pool (vm.nr_hugepages, or hugepages= at boot): %s of it are unused." :
			 "The pool is in use: shrink what maps it, or size the machine beyond %s of huge pages.", bytes);
}

static void advise_cause(const struct mo_oom_event *event, const struct mo_oom_share *share, char *text, size_t room)
{
	const char *holder = share->holder[0] ? share->holder : "the holder";

	switch (share->cause) {
	case MO_OOM_ANON: advise_anon(event, share, text, room); break;
	case MO_OOM_HUGETLB: advise_hugetlb(share, text, room); break;
	case MO_OOM_SHMEM:
		snprintf(text, room, "Files of tmpfs live until they are deleted: remove or truncate %s, and bound its mount "
			 "(size=).", holder);
		break;
	case MO_OOM_MLOCKED:
		snprintf(text, room, "Locked memory cannot be swapped or dropped: bound RLIMIT_MEMLOCK of %s.", holder);
		break;
	case MO_OOM_SLAB:
		if (share->module[0])
			snprintf(text, room, "Likely a leak of module %s: report it with the output of `memopsy leaks`.",
				 share->module);
		else if (event->function_module[0])
			snprintf(text, room, "`memopsy leaks` of a dump says whether objects of %s are lost, and whose; look at module "
				 "%s first.", share->holder[0] ? share->holder : "the largest cache", event->function_module);
		else
			snprintf(text, room, "`memopsy leaks` of a dump says whether objects of %s are lost, and whose; "
				 "`memopsy slab` what they are.", share->holder[0] ? share->holder : "the largest cache");
		break;
	case MO_OOM_PAGE_TABLES:
		snprintf(text, room,
			 "%s maps far more address space than it fills: fewer or denser mappings, or huge pages, need "
			 "fewer page tables.",
			 share->holder[0] ? share->holder : "Some process");
		break;
	case MO_OOM_KERNEL_STACKS:
		snprintf(text, room, "Bound the number of threads of %s (pids.max, ulimit -u).", holder);
		break;
	case MO_OOM_VMALLOC:
		snprintf(text, room, "`memopsy vmallocinfo` lists the areas; %s allocated most of them.", holder);
		break;
	case MO_OOM_UNACCOUNTED:
		snprintf(text, room, "`memopsy owners` shows who allocated pages directly; page_owner=on at boot records every one.%s%s%s",
			 event->function_module[0] ? " Look at module " : "", event->function_module,
			 event->function_module[0] ? " first." : "");
		break;
	case MO_OOM_ZSWAPPED:
		snprintf(text, room,
			 "Compressed swap (zram, zswap) itself uses RAM: add a swap device, or bound what %s keeps in swap.",
			 holder);
		break;
	case MO_OOM_DIRTY:
		snprintf(text, room, "Writeback to %s is slower than pages get dirty: see vm.dirty_bytes and the device.", holder);
		break;
	default: break;
	}
}

static void advise_order(const struct mo_oom_event *event, char *text, size_t room)
{
	snprintf(text, room, "%s%s should use smaller allocations (kvmalloc, scatter-gather) than order %d; a larger "
		 "vm.min_free_kbytes keeps more large blocks free. `memopsy fragmentation` shows what lies between.",
		 event->function[0] ? event->function : "The caller", event->function[0] ? "()" : "", event->order);
}

/* The kernel's own zones were full while Movable was not: what fills them, and then how memory is divided. */
static void advise_movable(const struct mo_oom_event *event, const struct mo_oom_share *share, char *text, size_t room)
{
	advise_cause(event, share, text, room);
	snprintf(text + strlen(text), room - strlen(text),
		 "%sA smaller zone Movable (movablecore=, kernelcore=, less memory onlined as movable) leaves more to the kernel.",
		 text[0] ? " " : "");
}

static void advise_reserve(const struct draft *draft, char *text, size_t room)
{
	const struct mo_oom_zone *zone = zone_with(draft, MO_OOM_ZONE_RESERVED);

	if (zone && zone->lists == MO_OOM_LIST_CMA) {
		snprintf(text, room, "The CMA area (cma= at boot) takes memory that only movable pages may use: make it smaller.");
		return;
	}
	snprintf(text, room,
		 "Callers of atomic allocations must tolerate failure: the network drops a packet, a driver retries. If it is "
		 "frequent, a larger vm.min_free_kbytes makes kswapd start earlier.");
}

static void advise_refusal(const struct mo_oom_event *event, char *text, size_t room)
{
	if (event->is_task_limit)
		snprintf(text, room, "Raise pids.max of %.200s if that many tasks are expected, or find what starts them.",
			 event->memcg);
	else if (event->cache[0])
		snprintf(text, room, "Raise %.63s of %.63s if it needs that much.", event->cache, event->comm);
	else
		snprintf(text, room,
			 "vm.overcommit_memory and the commit limit decide this (see the limits below), not free memory.");
}

/* Who holds most and may not be killed leaves the killing to others. */
static void advise_exempt(const struct draft *draft, const struct mo_oom_share *share, char *text, size_t room)
{
	size_t length = strlen(text);

	for (size_t i = 0; share && share->holder_pid && draft->n_kills && i < draft->n_candidates; i++)
		if (draft->candidates[i].pid == share->holder_pid && draft->candidates[i].oom_score_adj == -1000)
			snprintf(text + length, room - length, "%sWith its oom_score_adj of -1000 others are killed in its place: raise it, "
				 "or bound its memory.", length ? " " : "");
}

/* What to do follows from what was short first, and from what held it then; empty: nothing follows. */
static void advise(const struct draft *draft, char *text, size_t room)
{
	const struct mo_oom_event *event = &draft->event;
	const struct mo_oom_share *share = share_of(draft, event->cause);

	text[0] = '\0';
	if (draft->is_of_dying || is_harmless(draft) || event->constraint == MO_OOM_NOTHING_SHORT)
		return;
	if (advice_of_other(event))
		snprintf(text, room, "%s", advice_of_other(event));
	else if (event->constraint == MO_OOM_MEMCG)
		advise_memcg(draft, share, text, room);
	else if (event->constraint == MO_OOM_ORDER)
		advise_order(event, text, room);
	else if (event->constraint == MO_OOM_CPUSET)
		snprintf(text, room, "Give cpuset %s more nodes than %s (cpuset.mems), or move work out of it.", event->cpuset,
			 event->mems_allowed);
	else if (event->constraint == MO_OOM_MEMPOLICY)
		snprintf(text, room,
			 "%s is bound by a memory policy (numactl, mbind): give it more nodes than %s, or prefer them "
			 "instead of binding.",
			 event->comm, event->nodemask);
	else if (event->constraint == MO_OOM_ZONE && share && has_all_of_kernel(draft, SCOPE_ZONES))
		advise_movable(event, share, text, room);
	else if (event->constraint == MO_OOM_ZONE)
		snprintf(text, room, "%s%s should not need a low zone (GFP_DMA, GFP_DMA32), or %s should not fill it.",
			 event->function[0] ? event->function : event->comm, event->function[0] ? "()" : "",
			 share && share->holder[0] ? share->holder : "others");
	else if (event->constraint == MO_OOM_RESERVE)
		advise_reserve(draft, text, room);
	else if (draft->is_too_large)
		snprintf(text, room, "Fix the size computation in %s%s.", event->function[0] ? event->function : "the caller",
			 event->function[0] ? "()" : "");
	else if (event->kind == MO_OOM_REFUSAL)
		advise_refusal(event, text, room);
	else if (share)
		advise_cause(event, share, text, room);
	advise_exempt(draft, share, text, room);
}

static const char *id_of(enum mo_oom_kind kind)
{
	switch (kind) {
	case MO_OOM_PANIC: return "oom-panic";
	case MO_OOM_ALLOCATION_FAILURE:
	case MO_OOM_VMALLOC_FAILURE:
	case MO_OOM_SLAB_FAILURE: return "allocation-failed";
	case MO_OOM_REFUSAL: return "allocation-refused";
	default: return id_of_other(kind) ? id_of_other(kind) : "out-of-memory";
	}
}

static enum mo_severity severity_of(const struct draft *draft)
{
	if (draft->event.kind == MO_OOM_PANIC)
		return MO_CRITICAL;
	if (draft->event.constraint == MO_OOM_NOTHING_SHORT)
		return MO_NOTICE;
	if (is_harmless(draft))
		return MO_INFO;
	if (draft->event.kind == MO_OOM_USERSPACE_KILL || draft->event.kind == MO_OOM_CONTAINER_OOM ||
	    draft->event.kind == MO_OOM_EVICTION)
		return MO_WARNING;
	return draft->event.kind >= MO_OOM_ALLOCATION_FAILURE ? MO_NOTICE : MO_WARNING;
}

/* Whether the event's own verdict rests on all that it should: its whole report, numbers of its moment, a cause. */
static bool is_incomplete(const struct draft *draft)
{
	const struct mo_oom_event *event = &draft->event;
	const struct mo_oom_share *share = told_share(draft);
	bool is_without_cause = event->constraint == MO_OOM_NOTHING_SHORT || event->constraint == MO_OOM_LIMIT ||
				event->constraint == MO_OOM_RESERVE || event->kind == MO_OOM_REFUSAL ||
				event->kind > MO_OOM_STALL;

	if (event->gap || (share && share->source == MO_OOM_OF_DUMP && !draft->is_of_dump))
		return true;
	return event->cause == MO_OOM_CAUSE_UNKNOWN && !is_without_cause;
}

void say_finding(const struct finding_sink *sink, const struct mo_finding *finding)
{
	if (sink->report)
		mo_report_finding(sink->report, finding);
	else
		mo_run_judge(sink->run, "oom", finding);
}

void report_event(const struct oom_state *state, const struct draft *draft, bool is_told_first, const struct finding_sink *sink)
{
	const struct mo_oom_event *event = &draft->event;
	struct event_sentences sentences;
	char text[sizeof(sentences) + 1024];
	struct sentence verdict = begin_sentence(text, sizeof(text));
	struct evidence_list list;
	char advice[512];
	/* That a group had an OOM is in here, and what the log says of it. */
	static const char *const superseded[] = { "cgroup-oom", "log-out-of-memory" };
	bool is_oom = event->kind < MO_OOM_ALLOCATION_FAILURE;

	write_sentences(state, draft, &sentences);
	for (size_t i = 0; i < sizeof(sentences.text) / sizeof(sentences.text[0]); i++)
		if (sentences.text[i][0])
			say(&verdict, "%s%s", verdict.length ? " " : "", sentences.text[i]);
	if (is_told_first)
		say_series(&verdict, state, draft);
	if (event->kind == MO_OOM_REFUSAL)
		say_limits(&verdict, state, event);
	list_evidence(state, draft, &list);
	advise(draft, advice, sizeof(advice));
	say_finding(sink, &(struct mo_finding){
		.id = id_of(event->kind),
		.severity = severity_of(draft),
		.is_incomplete = is_incomplete(draft),
		.verdict = text,
		.evidence = list.items,
		.n_evidence = list.n,
		.advice = advice[0] ? advice : NULL,
		.supersedes = superseded,
		.n_supersedes = is_oom ? sizeof(superseded) / sizeof(superseded[0]) : 0,
	});
}
