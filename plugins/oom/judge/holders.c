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

/* The same without what is in swap: a part of the memory that was short. */
static uint64_t resident_part_of(const struct mo_oom_candidate *candidate, enum mo_oom_cause cause, uint64_t page_bytes)
{
	return cause == MO_OOM_ANON ? resident_anon(candidate) * page_bytes : part_of(candidate, cause, page_bytes);
}

/* Tables before 6.9 have no anonymous part of what is resident; the line of the kill does. */
static uint64_t anon_by_kill(const struct draft *draft, const struct mo_oom_candidate *candidate)
{
	if (candidate->anon_pages.certainty == MO_EXACT)
		return 0;
	for (size_t i = 0; i < draft->n_kills; i++)
		if (draft->kills[i].pid == candidate->pid && draft->kills[i].anon_bytes.certainty == MO_EXACT)
			return draft->kills[i].anon_bytes.value;
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
	uint64_t bytes;          /* with what is in swap */
	uint64_t resident_bytes;
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
			group.resident_bytes += resident_part_of(by_comm[i], cause, page_bytes);
			group.n += bytes != 0;
		}
		/* What is said to be held is what is resident: who has more in swap alone does not hold more of it. */
		if (group.resident_bytes > best.resident_bytes ||
		    (group.resident_bytes == best.resident_bytes && group.bytes > best.bytes))
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

		if (bytes < share->bytes.value / 3 || bytes <= best->largest_bytes ||
		    resident_part_of(candidates[i], share->cause, page_bytes) <
			    resident_part_of(best->largest, share->cause, page_bytes))
			continue;
		*best = (struct group){ .largest = candidates[i], .largest_bytes = bytes, .bytes = bytes, .n = 1 };
		best->resident_bytes = resident_part_of(candidates[i], share->cause, page_bytes);
	}
}

/* At a group's limit all that is resident is charged; of the machine's anonymous memory the kill says what of it is anonymous. */
static uint64_t resident_bytes_of(const struct oom_state *state, const struct draft *draft, const struct mo_oom_share *share,
				  const struct mo_oom_candidate *candidate)
{
	uint64_t bytes = resident_part_of(candidate, share->cause, state->page_bytes);
	uint64_t by_kill = share->cause == MO_OOM_ANON ? anon_by_kill(draft, candidate) : 0;

	if (!by_kill || (draft->event.constraint == MO_OOM_MEMCG && bytes <= share->bytes.value))
		return bytes;
	return by_kill;
}

static void set_best(const struct oom_state *state, const struct draft *draft, const struct group *best,
		     struct mo_oom_share *share)
{
	uint64_t swap_bytes = best->bytes - best->resident_bytes;

	if (best->n == 1 || best->largest_bytes >= best->bytes / 4 * 3) {
		share->holder_kind = MO_OOM_PROCESS;
		share->holder_bytes = mo_exact(resident_bytes_of(state, draft, share, best->largest));
		share->holder_pid = best->largest->pid;
		swap_bytes = best->largest->swap_pages.value * state->page_bytes;
	} else {
		share->holder_kind = MO_OOM_PROCESSES;
		share->holder_bytes = mo_exact(best->resident_bytes);
		share->n_holders = (uint32_t)best->n;
		share->is_sum_of_rss = share->cause == MO_OOM_SHMEM ||
				       (share->cause == MO_OOM_ANON && best->largest->anon_pages.certainty != MO_EXACT);
	}
	if (swap_bytes && share->cause == MO_OOM_ANON)
		share->holder_swap_bytes = mo_exact(swap_bytes);
	snprintf(share->holder, sizeof(share->holder), "%s", best->largest->comm);
	share->holder_source = MO_OOM_OF_LOG;
}

/* Who has at least half as much as the holder explains as much of it, and is named as well. */
static void find_second(const struct mo_oom_candidate **candidates, size_t n, uint64_t page_bytes, const struct group *best,
			struct mo_oom_share *share)
{
	const struct mo_oom_candidate *second = NULL;
	uint64_t second_bytes = best->bytes / 2;

	for (size_t i = 0; i < n; i++) {
		uint64_t bytes = part_of(candidates[i], share->cause, page_bytes);
		bool is_best = share->holder_pid ? candidates[i] == best->largest : !strcmp(candidates[i]->comm, share->holder);

		if (is_best || !bytes || bytes < second_bytes)
			continue;
		second = candidates[i];
		second_bytes = bytes;
	}
	if (!second)
		return;
	snprintf(share->second, sizeof(share->second), "%s", second->comm);
	share->second_bytes = mo_exact(resident_part_of(second, share->cause, page_bytes));
	share->second_pid = second->pid;
}

#define A_PART 20 /* who has less than a twentieth of a kind is not its holder */

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
	if (!best.n || best.bytes < share->bytes.value / (share->cause == MO_OOM_SHMEM ? 3 : A_PART)) {
		free(by_comm);
		return;
	}
	prefer_single(by_comm, n, share, state->page_bytes, &best);
	set_best(state, draft, &best, share);
	find_second(by_comm, n, state->page_bytes, &best, share);
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
	share->holder_kind = MO_OOM_PROCESS;
	share->holder_bytes = bytes;
	share->holder_pid = kill->pid;
	share->holder_source = MO_OOM_OF_LOG;
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
	share->holder_kind = MO_OOM_POOL;
	share->holder_bytes = mo_exact(largest->total * largest->page_kib * 1024);
	share->unused_bytes = mo_exact(largest->free * largest->page_kib * 1024);
	share->holder_source = MO_OOM_OF_LOG;
	snprintf(share->holder, sizeof(share->holder), "hugepages-%llukB", (unsigned long long)largest->page_kib);
}

static void find_cache(const struct oom_state *state, const struct draft *draft, struct mo_oom_share *share)
{
	const struct slab_row *row = draft->n_slabs ? &draft->slabs[0] : NULL;

	if (!row || !row->total_kib)
		return;
	share->holder_kind = MO_OOM_CACHE;
	share->holder_bytes = mo_exact(row->total_kib * 1024);
	share->holder_source = MO_OOM_OF_LOG;
	snprintf(share->holder, sizeof(share->holder), "%s", row->name);
	if (draft->n_slabs > 1 && row[1].total_kib >= row->total_kib / 2) {
		snprintf(share->second, sizeof(share->second), "%s", row[1].name);
		share->second_bytes = mo_exact(row[1].total_kib * 1024);
	}
	find_module_of_cache(state, share);
}

static bool is_of_dump(const struct mo_oom_share *share)
{
	return share->holder_source == MO_OOM_OF_DUMP;
}

/*
 * A part is never more than its whole. What a process has by its own counters may be (pages of children, counters that lag),
 * and what the dump shows of a later moment: then it is all of it, and the sentence says the rest.
 */
static void keep_below_whole(struct mo_oom_share *share)
{
	/* What is in swap was larger before it was compressed. */
	if (share->cause == MO_OOM_ZSWAPPED || !share->holder[0])
		return;
	if (share->holder_bytes.value > share->bytes.value) {
		share->is_more_now = is_of_dump(share);
		share->holder_bytes = share->bytes;
	}
	if (share->holder_bytes.value + share->second_bytes.value <= share->bytes.value)
		return;
	share->second_bytes = mo_unknown();
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
		keep_below_whole(share);
	}
}
