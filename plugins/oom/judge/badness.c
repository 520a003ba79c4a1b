/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The victim: oom_badness() (mm/oom_kill.c) of every process of the report's table, from the table's own numbers. The sum of
 * resident, swapped and page-table pages, and oom_score_adj thousandths of all that could be used. Until 4.16 root had a
 * bonus, whose form changed: where that may be so (the log then has nr_ptes, or a score), root's badness is not known.
 */
#include "gathering.h"

#include <stdlib.h>
#include <string.h>

#define ADJ_MIN (-1000)
#define MAX_PAGES (1ull << 50)

/* oc->totalpages; 0: not known */
static uint64_t total_pages(const struct oom_state *state, const struct draft *draft)
{
	const struct mo_oom_event *event = &draft->event;
	uint64_t swap = event->swap_total_bytes.certainty == MO_EXACT ? event->swap_total_bytes.value :
			state->swap_total_bytes.certainty == MO_EXACT ? state->swap_total_bytes.value :
									0;
	uint64_t pages = 0;

	if (event->total_bytes.certainty != MO_EXACT)
		return 0;
	if (event->constraint == MO_OOM_MEMCG) {
		/* mem_cgroup_get_max(): the limit, and what swap the group may use. */
		uint64_t own = draft->memcg.swap_limit_bytes.certainty == MO_EXACT &&
					       draft->memcg.swap_limit_bytes.value < swap ?
				       draft->memcg.swap_limit_bytes.value :
				       swap;

		return (event->total_bytes.value + own) / state->page_bytes;
	}
	/* Of some nodes: their present pages; else what the allocator manages. */
	for (size_t i = 0; i < draft->n_zones; i++)
		pages += event->constraint == MO_OOM_CPUSET || event->constraint == MO_OOM_MEMPOLICY ?
				 (is_node_allowed(event, draft->zones[i].node_id) ? draft->zones[i].present_pages.value : 0) :
				 draft->zones[i].managed_pages.value;
	if (!pages)
		pages = event->total_bytes.value / state->page_bytes;
	return pages + swap / state->page_bytes;
}

static bool may_have_bonus(const struct draft *draft)
{
	return draft->has_pte_columns || (draft->n_kills && draft->kills[0].score.certainty == MO_EXACT);
}

/* proc_oom_score() (fs/proc/base.c, 5.9 on): always against the whole machine, which is the dump's where 0 is given. */
static struct mo_count score_of(const struct oom_state *state, uint64_t pages, int32_t adj, uint64_t total)
{
	int64_t points;

	if (!total && state->total_bytes.certainty == MO_EXACT && state->swap_total_bytes.certainty == MO_EXACT)
		total = (state->total_bytes.value + state->swap_total_bytes.value) / state->page_bytes;
	if (!total || total >= MAX_PAGES || !mo_has(&state->layout->since_5_9))
		return mo_unknown();
	points = (int64_t)pages + adj * (int64_t)(total / 1000);
	return mo_exact((uint64_t)((1000 + points * 1000 / (int64_t)total) * 2 / 3));
}

static void compute(const struct oom_state *state, const struct draft *draft, struct mo_oom_candidate *candidate,
		    uint64_t total)
{
	struct mo_count pages = mo_count_add(candidate->rss_pages, candidate->swap_pages);
	struct mo_count tables = candidate->pgtables_bytes;

	tables.value /= state->page_bytes;
	pages = mo_count_add(pages, tables);
	if (draft->is_old_badness || !total || total >= MAX_PAGES || pages.certainty != MO_EXACT || pages.value >= MAX_PAGES ||
	    (may_have_bonus(draft) && !candidate->uid))
		return;
	candidate->has_badness = true;
	candidate->badness_pages = (int64_t)pages.value + candidate->oom_score_adj * (int64_t)(total / 1000);
	if (candidate->exempt)
		return;
	candidate->oom_score =
		score_of(state, pages.value, candidate->oom_score_adj,
			 scope_of(state, draft) == SCOPE_MACHINE && draft->event.constraint != MO_OOM_MEMCG ? total : 0);
}

/* Killed before, and still there. */
static bool is_dying(const struct draft *earlier, int32_t pid)
{
	for (size_t i = 0; earlier && i < earlier->n_kills; i++)
		if (earlier->kills[i].pid == pid)
			return true;
	return false;
}

static int compare_badness(const void *a, const void *b)
{
	const struct mo_oom_candidate *left = a;
	const struct mo_oom_candidate *right = b;

	if (!left->exempt != !right->exempt)
		return left->exempt ? 1 : -1;
	if (left->has_badness != right->has_badness)
		return left->has_badness ? -1 : 1;
	if (left->badness_pages != right->badness_pages)
		return left->badness_pages < right->badness_pages ? 1 : -1;
	return left->pid < right->pid ? -1 : left->pid > right->pid;
}

static bool has_nothing(const struct mo_oom_candidate *candidate)
{
	return !candidate->rss_pages.value && !candidate->swap_pages.value;
}

void judge_candidates(const struct oom_state *state, struct draft *draft, const struct draft *earlier)
{
	uint64_t total = total_pages(state, draft);

	for (size_t i = 0; i < draft->n_candidates; i++) {
		struct mo_oom_candidate *candidate = &draft->candidates[i];

		for (size_t k = 0; k < draft->n_kills; k++)
			candidate->is_victim |= draft->kills[k].pid == candidate->pid;
		if (candidate->is_victim)
			candidate->exempt = MO_OOM_NOT_EXEMPT;
		else if (candidate->oom_score_adj == ADJ_MIN)
			candidate->exempt = MO_OOM_EXEMPT_BY_ADJ;
		else if (is_dying(earlier, candidate->pid))
			candidate->exempt = MO_OOM_EXEMPT_DYING;
		else if (draft->had_nobody)
			candidate->exempt = has_nothing(candidate) ? MO_OOM_EXEMPT_EMPTY : MO_OOM_EXEMPT_BY_KERNEL;
		compute(state, draft, candidate, total);
	}
	if (draft->n_candidates)
		qsort(draft->candidates, draft->n_candidates, sizeof(*draft->candidates), compare_badness);
	draft->event.candidates = draft->candidates;
	draft->event.n_candidates = draft->n_candidates;
}

/* What of the cause the killed processes had. */
uint64_t victims_part(const struct draft *draft)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < draft->n_kills; i++) {
		const struct mo_oom_kill *kill = &draft->kills[i];

		switch (draft->event.cause) {
		case MO_OOM_SHMEM: sum += kill->shmem_bytes.value; break;
		case MO_OOM_PAGE_TABLES: sum += kill->pgtables_bytes.value; break;
		case MO_OOM_FILE:
		case MO_OOM_DIRTY: sum += kill->file_bytes.value; break;
		case MO_OOM_ANON:
		case MO_OOM_MLOCKED: sum += kill->anon_bytes.value; break;
		default: break;
		}
	}
	return sum;
}

static bool is_holder(const struct draft *draft, const struct mo_oom_share *share)
{
	bool is_process = share->holder_kind == MO_OOM_PROCESS || share->holder_kind == MO_OOM_PROCESSES;

	for (size_t i = 0; is_process && i < draft->n_kills; i++)
		if (share->holder_pid ? share->holder_pid == draft->kills[i].pid : !strcmp(share->holder, draft->kills[i].comm))
			return true;
	return false;
}

/* As much as the holder has, or, where that is not known, a third of all. Locked memory is told by its holder alone. */
static bool is_as_large(const struct mo_oom_share *share, uint64_t part)
{
	if (!part || (share->cause == MO_OOM_MLOCKED && share->holder[0]))
		return false;
	return part >= share->bytes.value / 3 || (share->holder[0] && part >= share->holder_bytes.value / 10 * 9);
}

/*
 * A consumer is a victim that held a good part of what was short, or as much as whoever held most. Who was killed for what
 * kernel, huge pages or files hold is a bystander.
 */
void judge_victim(struct draft *draft)
{
	struct mo_oom_event *event = &draft->event;
	const struct mo_oom_share *share = share_of(draft, event->cause);
	uint64_t part = victims_part(draft);

	event->freed_bytes = 0;
	for (size_t i = 0; i < draft->n_kills; i++)
		event->freed_bytes += draft->kills[i].anon_bytes.value + draft->kills[i].pgtables_bytes.value;
	event->role = MO_OOM_ROLE_UNKNOWN;
	/* No process makes memory fragmented by being large. */
	if (draft->n_kills && event->cause == MO_OOM_FRAGMENTATION)
		event->role = MO_OOM_BYSTANDER;
	if (!draft->n_kills || event->cause == MO_OOM_CAUSE_UNKNOWN || !share)
		return;
	event->role = is_holder(draft, share) || is_as_large(share, part) ? MO_OOM_CONSUMER : MO_OOM_BYSTANDER;
}
