/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What the memory was used for when it ran out, from the numbers that the log gives, beside what an ordinary machine shows.
 * The cause is what exceeds the ordinary by most, not what is largest: a third of the memory in huge pages that nobody uses
 * explains more than a half that processes use.
 */
#include "gathering.h"

#include <stdlib.h>
#include <string.h>

/* Per cent of memory that such a kind has on machines that are well; with the words for it. */
static const struct {
	uint8_t percent;
	const char *words;
} ordinary[MO_OOM_N_CAUSES] = {
	[MO_OOM_ANON] = { 50, "20-70 %" },
	[MO_OOM_SHMEM] = { 5, "< 5 %" },
	[MO_OOM_FILE] = { 40, "20-60 %" },
	[MO_OOM_DIRTY] = { 5, "< 5 %" },
	[MO_OOM_MLOCKED] = { 1, "< 1 %" },
	[MO_OOM_HUGETLB] = { 0, "none" },
	[MO_OOM_SLAB] = { 5, "1-5 %" },
	[MO_OOM_SLAB_RECLAIMABLE] = { 10, "2-10 %" },
	[MO_OOM_PAGE_TABLES] = { 2, "< 2 %" },
	[MO_OOM_KERNEL_STACKS] = { 1, "< 1 %" },
	[MO_OOM_VMALLOC] = { 3, "< 3 %" },
	[MO_OOM_PERCPU] = { 1, "< 1 %" },
	[MO_OOM_ZSWAPPED] = { 5, "none" },
	[MO_OOM_BALLOON] = { 0, "none" },
	[MO_OOM_SOCKETS] = { 2, "< 2 %" },
	[MO_OOM_KERNEL] = { 5, "< 5 %" },
	[MO_OOM_UNACCOUNTED] = { 5, "< 5 %" },
	[MO_OOM_PCP] = { 1, "< 1 %" },
	[MO_OOM_FREE] = { 100, "> 1 %" },
};

struct mo_oom_share *share_of(const struct draft *draft, enum mo_oom_cause cause)
{
	for (size_t i = 0; i < draft->n_shares; i++)
		if (draft->shares[i].cause == cause)
			return &draft->shares[i];
	return NULL;
}

const struct mo_oom_share *told_share(const struct draft *draft)
{
	if (draft->event.cause != MO_OOM_FRAGMENTATION)
		return share_of(draft, draft->event.cause);
	/* Largest first. */
	for (size_t i = 0; i < draft->n_shares; i++)
		switch (draft->shares[i].cause) {
		case MO_OOM_SLAB:
		case MO_OOM_SLAB_RECLAIMABLE:
		case MO_OOM_PAGE_TABLES:
		case MO_OOM_UNACCOUNTED:
		case MO_OOM_MLOCKED:
		case MO_OOM_VMALLOC:
			return &draft->shares[i];
		default:
			break;
		}
	return NULL;
}

static void add_share(struct draft *draft, enum mo_oom_cause cause, struct mo_count bytes, enum mo_oom_source source)
{
	if (bytes.certainty != MO_EXACT || draft->n_shares == MO_OOM_N_CAUSES)
		return;
	draft->shares[draft->n_shares++] = (struct mo_oom_share){
		.cause = cause, .bytes = bytes, .ordinary = ordinary[cause].words, .source = source,
	};
}

static struct mo_count times(struct mo_count pages, uint64_t unit_bytes)
{
	pages.value *= unit_bytes;
	return pages;
}

/* A counter in bytes: of the nodes or zones that the report shows, where the request was bound to some. */
static struct mo_count counter_bytes(const struct oom_state *state, const struct draft *draft, enum counter which,
				     enum scope scope)
{
	struct mo_count sum = mo_unknown();

	if (scope == SCOPE_NODES)
		return times(draft->node_kib[which], 1024);
	for (size_t i = 0; scope == SCOPE_ZONES && i < draft->n_zones; i++)
		if (is_in_scope(scope, &draft->zones[i]))
			add_to(&sum, draft->zones[i].counters_kib[which]);
	if (scope == SCOPE_ZONES)
		return times(sum, 1024);
	return times(draft->counters[which], state->page_bytes);
}

static struct mo_count smaller(struct mo_count a, struct mo_count b)
{
	if (a.certainty != MO_EXACT || b.certainty != MO_EXACT)
		return mo_unknown();
	return a.value < b.value ? a : b;
}

/* a - b, at least 0 */
static struct mo_count less(struct mo_count a, struct mo_count b)
{
	if (a.certainty != MO_EXACT)
		return a;
	return mo_exact(b.certainty == MO_EXACT ? (a.value > b.value ? a.value - b.value : 0) : a.value);
}

/* Shared memory stands on the lists of anonymous pages; what of it is locked, on the unevictable one. */
static void add_lru_shares(const struct oom_state *state, struct draft *draft, enum scope scope)
{
	struct mo_count anon = mo_count_add(counter_bytes(state, draft, C_ACTIVE_ANON, scope),
					    counter_bytes(state, draft, C_INACTIVE_ANON, scope));
	struct mo_count file = mo_count_add(counter_bytes(state, draft, C_ACTIVE_FILE, scope),
					    counter_bytes(state, draft, C_INACTIVE_FILE, scope));
	struct mo_count shmem = counter_bytes(state, draft, C_SHMEM, scope);
	struct mo_count dirty = mo_count_add(counter_bytes(state, draft, C_DIRTY, scope),
					     counter_bytes(state, draft, C_WRITEBACK, scope));

	add_share(draft, MO_OOM_ANON, less(anon, shmem), MO_OOM_OF_LOG);
	if (scope != SCOPE_ZONES)
		add_share(draft, MO_OOM_SHMEM, smaller(shmem, anon), MO_OOM_OF_LOG);
	add_share(draft, MO_OOM_FILE, less(file, dirty), MO_OOM_OF_LOG);
	add_share(draft, MO_OOM_DIRTY, smaller(dirty, file), MO_OOM_OF_LOG);
	add_share(draft, MO_OOM_MLOCKED, counter_bytes(state, draft, C_UNEVICTABLE, scope), MO_OOM_OF_LOG);
}

static struct mo_count huge_bytes(const struct draft *draft)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < draft->n_huge_pools; i++)
		sum += draft->huge_pools[i].total * draft->huge_pools[i].page_kib * 1024;
	return draft->n_huge_pools ? mo_exact(sum) : mo_unknown();
}

static void add_free_shares(const struct oom_state *state, struct draft *draft, enum scope scope)
{
	struct mo_count free_pages = mo_unknown();
	struct mo_count pcp = mo_unknown();

	for (size_t i = 0; i < draft->n_zones; i++) {
		if (!is_in_scope(scope, &draft->zones[i]))
			continue;
		add_to(&free_pages, draft->zones[i].free_pages);
		add_to(&pcp, draft->zones[i].free_pcp_pages);
	}
	if (free_pages.certainty != MO_EXACT && scope == SCOPE_MACHINE)
		free_pages = draft->counters[C_FREE];
	draft->event.free_bytes = times(free_pages, state->page_bytes);
	add_share(draft, MO_OOM_FREE, draft->event.free_bytes, MO_OOM_OF_LOG);
	add_share(draft, MO_OOM_PCP, times(pcp, state->page_bytes), MO_OOM_OF_LOG);
}

/* Pages of zsmalloc, which not all kernels mark or count: zram and zswap keep compressed pages there. */
static uint64_t zsmalloc_bytes(const struct oom_state *state)
{
	const struct mo_mem_map_model *mem_map = mem_map_of(state);
	uint64_t bytes = mem_map ? mem_map->pages[MO_PAGE_ZSMALLOC] * state->page_bytes : 0;
	const struct mo_owners_model *owners = bytes ? NULL : owners_of(state);

	for (size_t i = 0; owners && i < owners->n_holders; i++)
		if (owners->holders[i].name && !strcmp(owners->holders[i].name, "zsmalloc"))
			bytes = owners->holders[i].bytes;
	return bytes;
}

/* What the dump tells of memory that no counter of the log has; it holds if that memory has not grown since. */
static void split_unaccounted(const struct oom_state *state, struct draft *draft, uint64_t *left)
{
	const struct mo_mem_map_model *mem_map = mem_map_of(state);
	uint64_t compressed;
	static const struct {
		enum mo_oom_cause cause;
		enum mo_page_class class;
	} parts[] = { { MO_OOM_VMALLOC, MO_PAGE_VMALLOC },
		      { MO_OOM_PERCPU, MO_PAGE_PERCPU },
		      { MO_OOM_BALLOON, MO_PAGE_BALLOON } };

	for (size_t i = 0; mem_map && i < sizeof(parts) / sizeof(parts[0]); i++) {
		uint64_t bytes = mem_map->pages[parts[i].class] * state->page_bytes;

		if (!bytes || bytes > *left)
			continue;
		add_share(draft, parts[i].cause, mo_exact(bytes), MO_OOM_OF_DUMP);
		*left -= bytes;
	}
	/* Only what was swapped is compressed. */
	if (draft->zspages_kib.value || !draft->event.swap_total_bytes.value)
		return;
	compressed = zsmalloc_bytes(state);
	if (compressed && compressed <= *left) {
		add_share(draft, MO_OOM_ZSWAPPED, mo_exact(compressed), MO_OOM_OF_DUMP);
		*left -= compressed;
	}
}

/* What a scope has beyond the kinds that are known of it; the kinds that are known of the machine alone may be in there. */
static struct mo_count left_of(const struct draft *draft)
{
	uint64_t known = 0;

	for (size_t i = 0; i < draft->n_shares; i++)
		known += draft->shares[i].is_of_machine ? 0 : draft->shares[i].bytes.value;
	if (draft->event.total_bytes.certainty != MO_EXACT || known > draft->event.total_bytes.value)
		return mo_unknown();
	return mo_exact(draft->event.total_bytes.value - known);
}

static void add_unaccounted(const struct oom_state *state, struct draft *draft, bool can_split)
{
	struct mo_count left = left_of(draft);
	uint64_t elsewhere = 0;

	if (left.certainty != MO_EXACT)
		return;
	for (size_t i = 0; i < draft->n_shares; i++)
		elsewhere += draft->shares[i].is_of_machine ? draft->shares[i].bytes.value : 0;
	if (can_split)
		split_unaccounted(state, draft, &left.value);
	/* In no counter is what is left when every counter has had its most. */
	add_share(draft, MO_OOM_UNACCOUNTED, less(left, mo_exact(elsewhere)), MO_OOM_OF_LOG);
}

/* Kinds that the report has of the whole machine: of a part of it they may hold as much as is left there, at most. */
static void add_machine_share(const struct oom_state *state, struct draft *draft, enum scope scope, enum mo_oom_cause cause,
			      struct mo_count bytes, bool is_all_here)
{
	struct mo_count left = left_of(draft);
	size_t n = draft->n_shares;
	struct mo_count in_dump = is_all_here ? mo_unknown() : scope_bytes_in_dump(state, draft, scope, cause);

	if (is_all_here) {
		add_share(draft, cause, bytes, MO_OOM_OF_LOG);
		return;
	}
	if (in_dump.certainty == MO_EXACT && bytes.certainty == MO_EXACT) {
		add_share(draft, cause, smaller(in_dump, smaller(bytes, left)), MO_OOM_OF_DUMP);
		return;
	}
	add_share(draft, cause, smaller(bytes, left), MO_OOM_OF_LOG);
	if (draft->n_shares > n)
		draft->shares[n].is_of_machine = true;
}

/* Zones had slab of their own until 4.7, page tables until 5.10; since then the log has them of the machine or of nodes. */
static void add_kernel_counter(const struct oom_state *state, struct draft *draft, enum scope scope, enum mo_oom_cause cause,
			       enum counter which)
{
	struct mo_count bytes = counter_bytes(state, draft, which, scope);
	bool is_here = bytes.certainty == MO_EXACT || has_all_of_kernel(draft, scope);

	if (bytes.certainty != MO_EXACT)
		bytes = counter_bytes(state, draft, which, SCOPE_MACHINE);
	if (which == C_PAGE_TABLES)
		add_to(&bytes, counter_bytes(state, draft, C_SEC_PAGE_TABLES, scope));
	add_machine_share(state, draft, scope, cause, bytes, is_here);
}

static void add_kernel_shares(const struct oom_state *state, struct draft *draft, enum scope scope)
{
	add_kernel_counter(state, draft, scope, MO_OOM_SLAB, C_SLAB_UNRECLAIMABLE);
	add_kernel_counter(state, draft, scope, MO_OOM_SLAB_RECLAIMABLE, C_SLAB_RECLAIMABLE);
	add_kernel_counter(state, draft, scope, MO_OOM_PAGE_TABLES, C_PAGE_TABLES);
	add_machine_share(state, draft, scope, MO_OOM_KERNEL_STACKS, times(draft->kernel_stack_kib, 1024),
			  scope == SCOPE_NODES || has_all_of_kernel(draft, scope));
}

static struct mo_count managed_bytes(const struct oom_state *state, const struct draft *draft, enum scope scope)
{
	struct mo_count pages = mo_unknown();

	for (size_t i = 0; i < draft->n_zones; i++)
		if (is_in_scope(scope, &draft->zones[i]))
			add_to(&pages, draft->zones[i].managed_pages);
	if (pages.certainty != MO_EXACT && draft->ram_pages.certainty == MO_EXACT)
		pages = less(draft->ram_pages, draft->reserved_pages);
	return pages.value ? times(pages, state->page_bytes) : mo_unknown();
}

static void balance_machine(const struct oom_state *state, struct draft *draft)
{
	enum scope scope = scope_of(state, draft);

	draft->event.total_bytes = managed_bytes(state, draft, scope);
	if (!(draft->parts & PART_MEMINFO))
		return;
	add_lru_shares(state, draft, scope);
	add_free_shares(state, draft, scope);
	if (scope == SCOPE_ZONES)
		add_machine_share(state, draft, scope, MO_OOM_HUGETLB, huge_bytes(draft), false);
	else
		add_share(draft, MO_OOM_HUGETLB, huge_bytes(draft), MO_OOM_OF_LOG);
	add_kernel_shares(state, draft, scope);
	if (draft->zspages_kib.value)
		add_share(draft, MO_OOM_ZSWAPPED, times(draft->zspages_kib, 1024), MO_OOM_OF_LOG);
	add_unaccounted(state, draft, scope == SCOPE_MACHINE);
}

/* The statistic "kernel" (5.18 on) holds those of its parts and what has no statistic of its own. */
static void add_rest_of_kernel(struct draft *draft)
{
	static const enum memcg_stat parts[] = { S_KERNEL_STACK, S_PAGE_TABLES, S_SEC_PAGE_TABLES, S_PERCPU, S_VMALLOC,
						 S_SLAB_UNRECLAIMABLE, S_SLAB_RECLAIMABLE };
	struct mo_count rest = draft->memcg_stats[S_KERNEL];

	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
		rest = less(rest, draft->memcg_stats[parts[i]]);
	if (rest.value)
		add_share(draft, MO_OOM_KERNEL, rest, MO_OOM_OF_LOG);
}

static void balance_memcg(const struct oom_state *state, struct draft *draft)
{
	static const struct {
		enum mo_oom_cause cause;
		enum memcg_stat stat;
	} kinds[] = {
		{ MO_OOM_ANON, S_ANON }, { MO_OOM_SHMEM, S_SHMEM }, { MO_OOM_SLAB, S_SLAB_UNRECLAIMABLE },
		{ MO_OOM_SLAB_RECLAIMABLE, S_SLAB_RECLAIMABLE }, { MO_OOM_HUGETLB, S_HUGETLB },
		{ MO_OOM_KERNEL_STACKS, S_KERNEL_STACK }, { MO_OOM_PERCPU, S_PERCPU }, { MO_OOM_SOCKETS, S_SOCK },
		{ MO_OOM_VMALLOC, S_VMALLOC }, { MO_OOM_ZSWAPPED, S_ZSWAP },
	};
	struct mo_count dirty = mo_unknown();
	struct mo_count file = draft->memcg_stats[S_FILE];
	struct mo_count tables = draft->memcg_stats[S_PAGE_TABLES];

	draft->event.total_bytes = draft->memcg.limit_bytes.certainty == MO_EXACT &&
						   draft->memcg.limit_bytes.value != UINT64_MAX ?
					   draft->memcg.limit_bytes :
					   draft->memcg.usage_bytes;
	add_to(&dirty, draft->memcg_stats[S_DIRTY]);
	add_to(&dirty, draft->memcg_stats[S_WRITEBACK]);
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (draft->memcg_stats[kinds[i].stat].value || kinds[i].cause == MO_OOM_ANON)
			add_share(draft, kinds[i].cause, draft->memcg_stats[kinds[i].stat], MO_OOM_OF_LOG);
	add_to(&tables, draft->memcg_stats[S_SEC_PAGE_TABLES]);
	if (tables.value)
		add_share(draft, MO_OOM_PAGE_TABLES, tables, MO_OOM_OF_LOG);
	add_rest_of_kernel(draft);
	file = less(file, draft->memcg_stats[S_SHMEM]);
	add_share(draft, MO_OOM_FILE, less(file, dirty), MO_OOM_OF_LOG);
	if (dirty.value)
		add_share(draft, MO_OOM_DIRTY, smaller(dirty, file), MO_OOM_OF_LOG);
	/* What the limit leaves is free to the group. */
	draft->event.free_bytes = less(draft->event.total_bytes, draft->memcg.usage_bytes);
	if (draft->n_shares && draft->memcg.usage_bytes.certainty == MO_EXACT && draft->event.free_bytes.value)
		add_share(draft, MO_OOM_FREE, draft->event.free_bytes, MO_OOM_OF_LOG);
	if (draft->n_shares && draft->memcg.usage_bytes.certainty == MO_EXACT)
		add_unaccounted(state, draft, false);
}

static int64_t excess_of(const struct mo_oom_share *share)
{
	return (int64_t)share->percent_thousandths - ordinary[share->cause].percent * 1000;
}

static int compare_excess(const void *a, const void *b)
{
	const struct mo_oom_share *left = a;
	const struct mo_oom_share *right = b;
	int64_t difference = excess_of(right) - excess_of(left);

	return difference ? (difference > 0 ? 1 : -1) : (int)left->cause - (int)right->cause;
}

#define A_CAUSE_THOUSANDTHS 5000 /* less than 5 % of memory explains nothing */

static int compare_bytes(const void *a, const void *b)
{
	const struct mo_oom_share *left = a;
	const struct mo_oom_share *right = b;

	if (left->bytes.value != right->bytes.value)
		return left->bytes.value < right->bytes.value ? 1 : -1;
	return (int)left->cause - (int)right->cause;
}

/* The most that one kind of the whole machine may have in the scope. */
static uint64_t largest_elsewhere(const struct draft *draft)
{
	uint64_t largest = 0;

	for (size_t i = 0; i < draft->n_shares; i++)
		if (draft->shares[i].is_of_machine && draft->shares[i].bytes.value > largest)
			largest = draft->shares[i].bytes.value;
	return largest;
}

static void choose_cause(struct draft *draft)
{
	struct mo_oom_event *event = &draft->event;
	uint64_t elsewhere_bytes = largest_elsewhere(draft);

	if (event->cause != MO_OOM_CAUSE_UNKNOWN)
		return;
	if (event->constraint == MO_OOM_ORDER) {
		event->cause = MO_OOM_FRAGMENTATION;
		return;
	}
	/* Nothing was short, or what is free is kept for others: nobody holds it. */
	if (event->constraint == MO_OOM_NOTHING_SHORT || has_reserved_zone(draft))
		return;
	for (size_t i = 0; i < draft->n_shares; i++) {
		const struct mo_oom_share *share = &draft->shares[i];

		/* What has its usual share, or less, explains nothing; nor does what may lie elsewhere, or be less than that. */
		if (share->bytes.value <= elsewhere_bytes || share->cause == MO_OOM_FREE || share->cause == MO_OOM_PCP ||
		    excess_of(share) <= 0 || share->percent_thousandths < A_CAUSE_THOUSANDTHS)
			continue;
		event->cause = share->cause;
		return;
	}
}

struct mo_error *balance(const struct oom_state *state, struct draft *draft)
{
	struct mo_oom_event *event = &draft->event;

	if (event->kind == MO_OOM_REFUSAL)
		return NULL;
	draft->shares = calloc(MO_OOM_N_CAUSES, sizeof(*draft->shares));
	if (!draft->shares)
		return mo_error_no_memory();
	if (event->constraint == MO_OOM_MEMCG)
		balance_memcg(state, draft);
	else
		balance_machine(state, draft);
	for (size_t i = 0; i < draft->n_shares; i++) {
		struct mo_oom_share *share = &draft->shares[i];
		double total = (double)event->total_bytes.value;

		if (draft->is_of_dump)
			share->source = MO_OOM_OF_DUMP;
		share->percent_thousandths = total > 0 ? (uint32_t)((double)share->bytes.value * 100000 / total + 0.5) : 0;
	}
	qsort(draft->shares, draft->n_shares, sizeof(*draft->shares), compare_excess);
	choose_cause(draft);
	qsort(draft->shares, draft->n_shares, sizeof(*draft->shares), compare_bytes);
	event->shares = draft->shares;
	event->n_shares = draft->n_shares;
	if (draft->parts & PART_MEMCG && !draft->memcg.path[0] && event->memcg[0])
		memcpy(draft->memcg.path, event->memcg, sizeof(draft->memcg.path));
	return NULL;
}
