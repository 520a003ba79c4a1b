/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Findings: an event's verdict with the numbers that it rests on, and what follows from just these. */
#include "gathering.h"

#include <stdio.h>
#include <string.h>

static void advise_cause(const struct mo_oom_event *event, const struct mo_oom_share *share, char *text, size_t room);

/* The limit, after what its cause says by itself. */
static void advise_memcg(const struct draft *draft, const struct mo_oom_share *share, char *text, size_t room)
{
	const char *path = draft->event.memcg[0] ? draft->event.memcg : draft->memcg.path;
	char limit[24];

	describe_bytes(draft->memcg.limit_bytes.value, limit, sizeof(limit));
	if (share && share->cause != MO_OOM_ANON)
		advise_cause(&draft->event, share, text, room);
	if (text[0])
		snprintf(text + strlen(text), room - strlen(text), " Else raise memory.max of %.200s above %s.", path, limit);
	else
		snprintf(text, room, "Raise memory.max of %.200s above %s if %.64s needs more than that, or find why it grew; more "
			 "memory in the machine changes nothing.", path, limit,
			 share && share->holder[0] ? share->holder : "what runs there");
}

static void advise_anon(const struct mo_oom_event *event, const struct mo_oom_share *share, char *text, size_t room)
{
	const char *swap = swap_word(event);
	char bytes[24];

	describe_bytes(share->holder_bytes.value, bytes, sizeof(bytes));
	if (share->holder[0])
		snprintf(text, room, "Find why %s grew to %s, or bound it with memory.max of a cgroup of its own%s.", share->holder,
			 bytes,
			 swap && !strcmp(swap, "absent") ? "; swap would have taken what it does not touch" :
			 swap && !strcmp(swap, "full")	 ? "; what fills swap is in the SWAP column below" :
							   "");
	else
		snprintf(text, room, "`memopsy procrank` shows who uses memory in the dump.");
}

static void advise_hugetlb(const struct mo_oom_share *share, char *text, size_t room)
{
	char bytes[24];

	describe_bytes(share->unused_bytes.value, bytes, sizeof(bytes));
	snprintf(text, room, share->unused_bytes.value ?
			 "Shrink the pool (vm.nr_hugepages, or hugepages= at boot): %s of it are not in use." :
			 "The pool is in use: who maps it needs less of it, or the machine more memory than %s.", bytes);
}

static void advise_cause(const struct mo_oom_event *event, const struct mo_oom_share *share, char *text, size_t room)
{
	const char *holder = share->holder[0] ? share->holder : "its holder";

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
		else
			snprintf(text, room, "`memopsy leaks` says whether objects of %s are lost, and whose; `memopsy slab` what "
				 "they are.", holder);
		break;
	case MO_OOM_PAGE_TABLES:
		snprintf(text, room, "%s maps far more address space than it fills: fewer or denser mappings, or huge pages, need "
			 "fewer page tables.", share->holder[0] ? share->holder : "Some process");
		break;
	case MO_OOM_KERNEL_STACKS:
		snprintf(text, room, "Bound the number of threads of %s (pids.max, ulimit -u).", holder);
		break;
	case MO_OOM_VMALLOC:
		snprintf(text, room, "`memopsy vmallocinfo` lists the areas; %s asked for most of them.", holder);
		break;
	case MO_OOM_UNACCOUNTED:
		snprintf(text, room, "`memopsy owners` shows who took pages directly; page_owner=on at boot would record it.");
		break;
	case MO_OOM_ZSWAPPED:
		snprintf(text, room, "Swap in memory (zram, zswap) takes of what it is to save: a swap device, or less of what %s has "
			 "put there, is what helps.", holder);
		break;
	case MO_OOM_DIRTY:
		snprintf(text, room, "Writing to %s is slower than the pages come: see vm.dirty_bytes and the device.", holder);
		break;
	default: break;
	}
}

static void advise_order(const struct mo_oom_event *event, char *text, size_t room)
{
	snprintf(text, room, "%s%s should do with smaller pieces (vmalloc, scatter-gather) than order %d; a larger "
		 "vm.min_free_kbytes keeps more large blocks. `memopsy fragmentation` shows what lies between.",
		 event->function[0] ? event->function : "Who asked", event->function[0] ? "()" : "", event->order);
}

/* Who holds most and may not be killed leaves the killing to others. */
static void advise_exempt(const struct draft *draft, const struct mo_oom_share *share, char *text, size_t room)
{
	size_t length = strlen(text);

	for (size_t i = 0; share && share->holder_pid && draft->n_kills && i < draft->n_candidates; i++)
		if (draft->candidates[i].pid == share->holder_pid && draft->candidates[i].oom_score_adj == -1000)
			snprintf(text + length, room - length, "%sIts oom_score_adj of -1000 makes others die for it: lift it, "
				 "or bound what it may use.", length ? " " : "");
}

/* What to do follows from what was short first, and from what held it then; empty: nothing follows. */
static void advise(const struct draft *draft, char *text, size_t room)
{
	const struct mo_oom_event *event = &draft->event;
	const struct mo_oom_share *share = share_of(draft, event->cause);

	text[0] = '\0';
	if (draft->is_of_dying)
		return;
	if (event->constraint == MO_OOM_MEMCG)
		advise_memcg(draft, share, text, room);
	else if (event->constraint == MO_OOM_ORDER)
		advise_order(event, text, room);
	else if (event->constraint == MO_OOM_CPUSET)
		snprintf(text, room, "Give cpuset %s more nodes than %s (cpuset.mems), or less to do.", event->cpuset,
			 event->mems_allowed);
	else if (event->constraint == MO_OOM_MEMPOLICY)
		snprintf(text, room, "%s is bound by a memory policy (numactl, mbind): give it more nodes than %s, or prefer them "
			 "instead of binding.", event->comm, event->nodemask);
	else if (event->constraint == MO_OOM_ZONE)
		snprintf(text, room, "%s%s should not need a low zone (GFP_DMA, GFP_DMA32), or %s should not fill it.",
			 event->function[0] ? event->function : event->comm, event->function[0] ? "()" : "",
			 share && share->holder[0] ? share->holder : "others");
	else if (event->constraint == MO_OOM_RESERVE)
		snprintf(text, room, "Requests that may not wait live on the reserve: raise vm.min_free_kbytes if these are frequent.");
	else if (event->kind == MO_OOM_REFUSAL && !event->cache[0])
		snprintf(text, room, "vm.overcommit_memory and the commit limit decide this (see the limits below), not free memory.");
	else if (event->kind == MO_OOM_REFUSAL)
		snprintf(text, room, "Raise RLIMIT_DATA of %s if it needs that much.", event->comm);
	else if (share)
		advise_cause(event, share, text, room);
	advise_exempt(draft, share, text, room);
}

#define MOST_EVIDENCE 12

static size_t put_evidence(const struct draft *draft, struct mo_evidence *evidence)
{
	const struct mo_oom_event *event = &draft->event;
	const struct mo_oom_share *share = told_share(draft);
	bool is_limit = event->constraint == MO_OOM_MEMCG || event->constraint == MO_OOM_LIMIT;
	size_t n = 0;

	if (event->total_bytes.certainty == MO_EXACT)
		evidence[n++] = (struct mo_evidence){ is_limit ? "limit" : "memory", MO_CELL_BYTES,
						      mo_cell_number(event->total_bytes) };
	if (event->free_bytes.certainty == MO_EXACT)
		evidence[n++] = (struct mo_evidence){ "free", MO_CELL_BYTES, mo_cell_number(event->free_bytes) };
	if (share)
		evidence[n++] = (struct mo_evidence){ cause_words[share->cause], MO_CELL_BYTES, mo_cell_number(share->bytes) };
	if (share && share->holder[0]) {
		evidence[n++] = (struct mo_evidence){ "holder", MO_CELL_TEXT, mo_cell_text(share->holder) };
		evidence[n++] = (struct mo_evidence){ "holds", MO_CELL_BYTES, mo_cell_number(share->holder_bytes) };
	}
	if (draft->n_kills) {
		evidence[n++] = (struct mo_evidence){ "killed", MO_CELL_TEXT, mo_cell_text(draft->kills[0].comm) };
		evidence[n++] = (struct mo_evidence){ "freed", MO_CELL_BYTES, mo_cell_number(mo_exact(event->freed_bytes)) };
	}
	evidence[n++] = (struct mo_evidence){ "source of the numbers", MO_CELL_TEXT, mo_cell_text(event->source) };
	if (event->is_partial)
		evidence[n++] = (struct mo_evidence){ "partial", MO_CELL_TEXT, mo_cell_text(event->why_partial) };
	return n;
}

static const char *id_of(enum mo_oom_kind kind)
{
	switch (kind) {
	case MO_OOM_PANIC: return "oom-panic";
	case MO_OOM_ALLOCATION_FAILURE:
	case MO_OOM_VMALLOC_FAILURE:
	case MO_OOM_SLAB_FAILURE: return "allocation-failed";
	case MO_OOM_REFUSAL: return "allocation-refused";
	default: return "out-of-memory";
	}
}

void report_event(const struct oom_state *state, const struct draft *draft, bool is_told_first, struct mo_report *report)
{
	const struct mo_oom_event *event = &draft->event;
	struct mo_evidence evidence[MOST_EVIDENCE];
	char verdict[sizeof(event->sentences) + 64];
	char more[64] = "";
	char advice[512];
	size_t n_kills = (size_t)state->model.kills_logged;
	size_t n = put_evidence(draft, evidence);

	advise(draft, advice, sizeof(advice));
	if (is_told_first && event->kind == MO_OOM_KILL && n_kills > draft->n_kill_lines)
		snprintf(more, sizeof(more), " The log has %zu kills in all.", n_kills);
	snprintf(verdict, sizeof(verdict), "%s%s%s%s%s%s", event->sentences[0], event->sentences[1][0] ? " " : "",
		 event->sentences[1], event->sentences[2][0] ? " " : "", event->sentences[2], more);
	mo_report_finding(report, &(struct mo_finding){
		.id = id_of(event->kind),
		.severity = event->kind == MO_OOM_PANIC			? MO_CRITICAL :
			    event->kind >= MO_OOM_ALLOCATION_FAILURE ? MO_NOTICE :
								       MO_WARNING,
		.confidence = event->is_partial ? MO_LIKELY : event->cause == MO_OOM_CAUSE_UNKNOWN ? MO_LIKELY : MO_CERTAIN,
		.verdict = verdict,
		.evidence = evidence,
		.n_evidence = n,
		.advice = advice[0] ? advice : NULL,
	});
}
