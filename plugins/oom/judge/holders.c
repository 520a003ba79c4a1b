/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Who held each kind of memory, from the report's own tables; where those do not say, the dump may (dump_holders.c), as far
 * as it still shows as much of that kind as the report did.
 */
#include "gathering.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static uint64_t resident_anon(const struct mo_oom_candidate *candidate)
{
	return candidate->anon_pages.certainty == MO_EXACT ? candidate->anon_pages.value : candidate->rss_pages.value;
}

/*
 * What of a kind of memory a process has, in bytes; 0: none, or the table does not say. Memory in swap is the process's, too:
 * it is why swap is full.
 */
static uint64_t part_of(const struct mo_oom_candidate *candidate, enum mo_oom_cause cause, uint64_t page_bytes)
{
	switch (cause) {
	case MO_OOM_ANON:
		return (resident_anon(candidate) + candidate->swap_pages.value) * page_bytes;
	case MO_OOM_SHMEM:
		return candidate->shmem_pages.value * page_bytes;
	case MO_OOM_PAGE_TABLES:
		return candidate->pgtables_bytes.value;
	case MO_OOM_ZSWAPPED:
		return candidate->swap_pages.value * page_bytes;
	default:
		return 0;
	}
}

/* Tables before 6.9 have no anonymous part of what is resident; the line of the kill does. */
static uint64_t anon_by_kill(const struct draft *draft, const struct mo_oom_candidate *candidate, uint64_t page_bytes)
{
	if (candidate->anon_pages.certainty == MO_EXACT)
		return 0;
	for (size_t i = 0; i < draft->n_kills; i++)
		if (draft->kills[i].pid == candidate->pid && draft->kills[i].anon_bytes.certainty == MO_EXACT)
			return draft->kills[i].anon_bytes.value + candidate->swap_pages.value * page_bytes;
	return 0;
}

static int compare_comm(const void *a, const void *b)
{
	const struct mo_oom_candidate *const *left = a;
	const struct mo_oom_candidate *const *right = b;

	return strcmp((*left)->comm, (*right)->comm);
}

/* Processes of one name; `single` is the one process of all names that has most. */
struct group {
	const struct mo_oom_candidate *largest;
	uint64_t largest_bytes;
	uint64_t bytes;
	size_t n;
};

/* The processes of one name that have most of it. */
static struct group largest_group(const struct mo_oom_candidate **by_comm, size_t n, enum mo_oom_cause cause,
				  uint64_t page_bytes)
{
	struct group best = { .n = 0 };
	size_t i = 0;

	while (i < n) {
		struct group group = { .largest = by_comm[i] };

		for (; i < n && !strcmp(by_comm[i]->comm, group.largest->comm); i++) {
			uint64_t bytes = part_of(by_comm[i], cause, page_bytes);

			if (bytes > group.largest_bytes) {
				group.largest = by_comm[i];
				group.largest_bytes = bytes;
			}
			group.bytes += bytes;
			group.n += bytes != 0;
		}
		if (group.bytes > best.bytes)
			best = group;
	}
	return best;
}

/* A process with more resident memory than there is of that kind has its memory among another: locked, or shared. */
static bool is_elsewhere(const struct mo_oom_candidate *candidate, const struct mo_oom_share *share, uint64_t page_bytes)
{
	return share->cause == MO_OOM_ANON && resident_anon(candidate) * page_bytes > share->bytes.value / 20 * 21 + (1u << 20);
}

/*
 * One process with a third of all is the one to name: sums over processes that were forked from each other count what they
 * share more than once.
 */
static void prefer_single(const struct mo_oom_candidate **candidates, size_t n, const struct mo_oom_share *share,
			  uint64_t page_bytes, struct group *best)
{
	for (size_t i = 0; i < n; i++) {
		uint64_t bytes = part_of(candidates[i], share->cause, page_bytes);

		if (bytes < share->bytes.value / 3 || bytes <= best->largest_bytes)
			continue;
		*best = (struct group){ .largest = candidates[i], .largest_bytes = bytes, .bytes = bytes, .n = 1 };
	}
}

static void find_in_table(const struct oom_state *state, const struct draft *draft, struct mo_oom_share *share)
{
	const struct mo_oom_candidate **by_comm;
	struct group best;
	size_t n = 0;

	if (share->cause != MO_OOM_ANON && share->cause != MO_OOM_SHMEM && share->cause != MO_OOM_PAGE_TABLES &&
	    share->cause != MO_OOM_ZSWAPPED)
		return;
	by_comm = draft->n_candidates ? calloc(draft->n_candidates, sizeof(*by_comm)) : NULL;
	if (!by_comm)
		return;
	for (size_t i = 0; i < draft->n_candidates; i++)
		if (!is_elsewhere(&draft->candidates[i], share, state->page_bytes))
			by_comm[n++] = &draft->candidates[i];
	qsort(by_comm, n, sizeof(*by_comm), compare_comm);
	best = largest_group(by_comm, n, share->cause, state->page_bytes);
	/* Of shared memory the table has what is mapped, and who maps a little of it does not hold it. */
	if (!best.n || (share->cause == MO_OOM_SHMEM && best.bytes < share->bytes.value / 3)) {
		free(by_comm);
		return;
	}
	prefer_single(by_comm, n, share, state->page_bytes, &best);
	if (best.n == 1 || best.largest_bytes >= best.bytes / 4 * 3) {
		share->holder_kind = "process";
		share->holder_bytes = mo_exact(best.largest_bytes);
		share->holder_pid = best.largest->pid;
		if (share->cause == MO_OOM_ANON && anon_by_kill(draft, best.largest, state->page_bytes))
			share->holder_bytes = mo_exact(anon_by_kill(draft, best.largest, state->page_bytes));
	} else {
		share->holder_kind = "processes";
		share->holder_bytes = mo_exact(best.bytes);
		share->n_holders = (uint32_t)best.n;
	}
	snprintf(share->holder, sizeof(share->holder), "%s", best.largest->comm);
	share->holder_source = "log";
	free(by_comm);
}

/* Without a table: the victim, if it had a good part. */
static void find_in_kill(const struct draft *draft, struct mo_oom_share *share)
{
	const struct mo_oom_kill *kill = draft->n_kills ? &draft->kills[0] : NULL;
	struct mo_count bytes;

	if (!kill)
		return;
	bytes = share->cause == MO_OOM_ANON || share->cause == MO_OOM_MLOCKED ? kill->anon_bytes :
		share->cause == MO_OOM_SHMEM				       ? kill->shmem_bytes :
		share->cause == MO_OOM_PAGE_TABLES			       ? kill->pgtables_bytes :
										 mo_unknown();
	if (bytes.certainty != MO_EXACT || bytes.value < share->bytes.value / 2 || !bytes.value)
		return;
	share->holder_kind = "process";
	share->holder_bytes = bytes;
	share->holder_pid = kill->pid;
	share->holder_source = "log";
	snprintf(share->holder, sizeof(share->holder), "%s", kill->comm);
}

static void find_pool(const struct draft *draft, struct mo_oom_share *share)
{
	const struct huge_pool *largest = NULL;

	for (size_t i = 0; i < draft->n_huge_pools; i++)
		if (!largest || draft->huge_pools[i].total * draft->huge_pools[i].page_kib > largest->total * largest->page_kib)
			largest = &draft->huge_pools[i];
	if (!largest || !largest->total)
		return;
	share->holder_kind = "pool";
	share->holder_bytes = mo_exact(largest->total * largest->page_kib * 1024);
	share->unused_bytes = mo_exact(largest->free * largest->page_kib * 1024);
	share->holder_source = "log";
	snprintf(share->holder, sizeof(share->holder), "hugepages-%llukB", (unsigned long long)largest->page_kib);
}

static void find_cache(const struct oom_state *state, const struct draft *draft, struct mo_oom_share *share)
{
	const struct slab_row *row = draft->n_slabs ? &draft->slabs[0] : NULL;

	if (!row || !row->total_kib)
		return;
	share->holder_kind = "cache";
	share->holder_bytes = mo_exact(row->total_kib * 1024);
	share->holder_source = "log";
	snprintf(share->holder, sizeof(share->holder), "%s", row->name);
	find_module_of_cache(state, share);
}

void find_holders(const struct oom_state *state, struct draft *draft)
{
	for (size_t i = 0; i < draft->n_shares; i++) {
		struct mo_oom_share *share = &draft->shares[i];

		/* Who has a part of what is little explains nothing. */
		if (!share->bytes.value || share->percent_thousandths < 1000 || share->cause == MO_OOM_FREE ||
		    share->cause == MO_OOM_PCP)
			continue;
		if (share->cause == MO_OOM_HUGETLB)
			find_pool(draft, share);
		else if (share->cause == MO_OOM_SLAB && draft->event.constraint != MO_OOM_MEMCG)
			find_cache(state, draft, share);
		else
			find_in_table(state, draft, share);
		if (!share->holder[0])
			find_holder_in_dump(state, draft, share);
		if (!share->holder[0])
			find_in_kill(draft, share);
	}
}
