/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * "Mem-Info:" and what follows it but for zones: show_free_areas(), show_mem() (mm/show_mem.c; before,
 * mm/page_alloc.c).
 */
#include "events.h"

#include <string.h>

const char *const counter_names[N_COUNTERS] = {
	[C_ACTIVE_ANON] = "active_anon", [C_INACTIVE_ANON] = "inactive_anon", [C_ISOLATED_ANON] = "isolated_anon",
	[C_ACTIVE_FILE] = "active_file", [C_INACTIVE_FILE] = "inactive_file", [C_ISOLATED_FILE] = "isolated_file",
	[C_UNEVICTABLE] = "unevictable", [C_DIRTY] = "dirty", [C_WRITEBACK] = "writeback",
	[C_SLAB_RECLAIMABLE] = "slab_reclaimable", [C_SLAB_UNRECLAIMABLE] = "slab_unreclaimable", [C_SHMEM] = "shmem",
	[C_PAGE_TABLES] = "pagetables", [C_SEC_PAGE_TABLES] = "sec_pagetables", [C_BOUNCE] = "bounce",
	[C_KERNEL_MISC] = "kernel_misc_reclaimable", [C_FREE] = "free", [C_FREE_PCP] = "free_pcp", [C_FREE_CMA] = "free_cma",
};

bool is_counters_line(struct span line)
{
	static const char *const firsts[] = { "active_anon:", "active_file:", "unevictable:", "slab_reclaimable:", "mapped:",
					      "sec_pagetables:", "kernel_misc_reclaimable:", "free:" };

	span_blanks(&line);
	for (size_t i = 0; i < sizeof(firsts) / sizeof(firsts[0]); i++) {
		struct span rest = line;

		if (span_skip(&rest, firsts[i]))
			return !span_has(line, "kB");
	}
	return false;
}

bool take_counters(struct log_scan *scan, struct stream *stream, struct span line)
{
	struct draft *draft;

	if (!is_counters_line(line))
		return false;
	draft = draft_for_numbers(scan, stream);
	if (!draft)
		return true;
	draft->parts |= PART_MEMINFO;
	for (unsigned i = 0; i < N_COUNTERS; i++) {
		uint64_t value;

		if (!span_value_of(line, counter_names[i], &value))
			continue;
		if (draft->counters[i].certainty == MO_UNKNOWN)
			draft->counters[i] = mo_exact(value);
		else
			draft->is_interleaved |= draft->counters[i].value != value;
	}
	return true;
}

/* "Node 0 hugepages_total=0 hugepages_free=0 hugepages_surp=0 hugepages_size=2048kB" (3.10 on) */
static bool take_huge_pages(struct draft *draft, struct span line)
{
	struct huge_pool pool = { 0 };
	struct span at;

	if (!span_find(line, "hugepages_total=", NULL, &at) || !span_number(&at, &pool.total) ||
	    !span_find(line, "hugepages_free=", NULL, &at) || !span_number(&at, &pool.free) ||
	    !span_find(line, "hugepages_size=", NULL, &at) || !span_number(&at, &pool.page_kib))
		return false;
	if (pool.total >> 32 || pool.free > pool.total || pool.page_kib >> 28 || !pool.page_kib)
		return true;
	for (size_t i = 0; i < draft->n_huge_pools; i++) {
		if (draft->huge_pools[i].page_kib != pool.page_kib)
			continue;
		draft->huge_pools[i].total += pool.total;
		draft->huge_pools[i].free += pool.free;
		return true;
	}
	if (draft->n_huge_pools < MAX_HUGE_POOLS)
		draft->huge_pools[draft->n_huge_pools++] = pool;
	return true;
}

/* A number in front of words, as "130939 pages RAM". */
static bool take_number_of(struct span line, const char *words, struct mo_count *into)
{
	uint64_t value;

	span_blanks(&line);
	if (!span_number(&line, &value) || !span_skip(&line, words) || value >> 50)
		return false;
	*into = mo_exact(value);
	return true;
}

/* "Free swap  = 0kB" */
static bool take_swap(struct draft *draft, struct span line)
{
	bool is_free = span_skip(&line, "Free swap");
	uint64_t kib;

	if (!is_free && !span_skip(&line, "Total swap"))
		return false;
	span_blanks(&line);
	if (!span_skip(&line, "="))
		return false;
	span_blanks(&line);
	if (!span_number(&line, &kib) || kib >> 50)
		return false;
	draft->parts |= PART_SWAP;
	*(is_free ? &draft->event.swap_free_bytes : &draft->event.swap_total_bytes) = mo_exact(kib * 1024);
	return true;
}

/*
 * "CPU    0: hi:  186, btch:  31 usd:  12": what lies on the lists of each CPU of each zone (until 4.1; then free_pcp)
 */
static bool take_per_cpu(struct draft *draft, struct span line)
{
	uint64_t pages;

	span_blanks(&line);
	if (!span_skip(&line, "CPU ") || !span_find(line, "btch:", NULL, &line) || !span_value_of(line, "usd", &pages))
		return false;
	add_to(&draft->counters[C_FREE_PCP], mo_exact(pages));
	return true;
}

bool take_memory_facts(struct log_scan *scan, struct stream *stream, struct span line)
{
	struct draft *draft = stream->draft;

	(void)scan;
	if (!draft || draft->is_closed)
		return false;
	return take_huge_pages(draft, line) || take_swap(draft, line) ||
	       take_number_of(line, " pages RAM", &draft->ram_pages) ||
	       take_number_of(line, " pages reserved", &draft->reserved_pages) ||
	       /* arm and others, before 3.11 */
	       take_number_of(line, " pages of RAM", &draft->ram_pages) ||
	       take_number_of(line, " reserved pages", &draft->reserved_pages) || take_per_cpu(draft, line);
}
