/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * /proc/meminfo, line by line in the order of meminfo_proc_show() (fs/proc/meminfo.c). Which lines there are depends
 * on the kernel's configuration; each test for that stands beside its line.
 */
#include "gathering.h"

static void add_line(struct zones_state *state, const char *label, struct mo_count value, const char *unit)
{
	if (state->model.n_meminfo >= MAX_MEMINFO_LINES)
		return;
	state->meminfo[state->model.n_meminfo++] = (struct mo_meminfo_line){
		.label = label,
		.value = value,
		.unit = unit,
		.why_unknown = value.certainty == MO_UNKNOWN ? "its counter is absent or unreadable" : NULL,
	};
}

static unsigned page_shift(const struct zones_state *state)
{
	return mo_kernel_facts(mo_run_kernel(state->run))->page_shift;
}

static void add_kib(struct zones_state *state, const char *label, struct mo_count kib)
{
	add_line(state, label, kib, "kB");
}

static void add_pages(struct zones_state *state, const char *label, struct mo_count pages)
{
	pages.value <<= page_shift(state) - 10;
	add_kib(state, label, pages);
}

static void add_node_item(struct zones_state *state, const char *label, enum node_item item)
{
	add_pages(state, label, node_counter(state, item));
}

/* A line that only kernels with the counter print. */
static void add_optional_node_item(struct zones_state *state, const char *label, enum node_item item)
{
	if (mo_has(&state->layout->node_items[item]))
		add_node_item(state, label, item);
}

static struct mo_count sum_of(const struct zones_state *state, enum node_item a, enum node_item b)
{
	return mo_count_add(node_counter(state, a), node_counter(state, b));
}

/* a - b - c, never below 0. */
static struct mo_count difference(struct mo_count a, struct mo_count b, struct mo_count c)
{
	if (a.certainty != MO_EXACT || b.certainty != MO_EXACT || c.certainty != MO_EXACT)
		return mo_unknown();
	return mo_exact(a.value < b.value + c.value ? 0 : a.value - b.value - c.value);
}

static void add_totals(struct zones_state *state, struct mo_count swap_cached)
{
	struct mo_count buffers = blockdev_pages(state);

	add_pages(state, "MemTotal", read_long(state, &state->layout->totalram_pages));
	add_pages(state, "MemFree", zone_counter(state, AT_NR_FREE_PAGES));
	add_pages(state, "MemAvailable", available_pages(state));
	add_pages(state, "Buffers", buffers);
	add_pages(state, "Cached", difference(node_counter(state, AT_NR_FILE_PAGES), swap_cached, buffers));
	add_pages(state, "SwapCached", swap_cached);
}

static void add_lru(struct zones_state *state)
{
	add_pages(state, "Active", sum_of(state, AT_NR_ACTIVE_ANON, AT_NR_ACTIVE_FILE));
	add_pages(state, "Inactive", sum_of(state, AT_NR_INACTIVE_ANON, AT_NR_INACTIVE_FILE));
	add_node_item(state, "Active(anon)", AT_NR_ACTIVE_ANON);
	add_node_item(state, "Inactive(anon)", AT_NR_INACTIVE_ANON);
	add_node_item(state, "Active(file)", AT_NR_ACTIVE_FILE);
	add_node_item(state, "Inactive(file)", AT_NR_INACTIVE_FILE);
	add_node_item(state, "Unevictable", AT_NR_UNEVICTABLE);
	add_pages(state, "Mlocked", zone_counter(state, AT_NR_MLOCK));
}

static void add_swap(struct zones_state *state, const struct swap_pages *swap)
{
	add_pages(state, "SwapTotal", swap->total);
	add_pages(state, "SwapFree", swap->free);
	if (mo_has(&state->layout->zswap.event)) {
		struct mo_count bytes = zswap_pool_bytes(state);

		bytes.value >>= 10;
		add_kib(state, "Zswap", bytes);
		add_pages(state, "Zswapped", zswap_stored_pages(state));
	}
}

static void add_use(struct zones_state *state)
{
	add_node_item(state, "Dirty", AT_NR_FILE_DIRTY);
	add_node_item(state, "Writeback", AT_NR_WRITEBACK);
	add_node_item(state, "AnonPages", AT_NR_ANON_MAPPED);
	add_node_item(state, "Mapped", AT_NR_FILE_MAPPED);
	add_node_item(state, "Shmem", AT_NR_SHMEM);
	/* 4.20 on (commit b29940c1abd7, then 61f94e18de94). */
	if (mo_has(&state->layout->node_items[AT_NR_KERNEL_MISC_RECLAIMABLE]))
		add_pages(state, "KReclaimable", sum_of(state, AT_NR_SLAB_RECLAIMABLE_B, AT_NR_KERNEL_MISC_RECLAIMABLE));
	add_pages(state, "Slab", sum_of(state, AT_NR_SLAB_RECLAIMABLE_B, AT_NR_SLAB_UNRECLAIMABLE_B));
	add_node_item(state, "SReclaimable", AT_NR_SLAB_RECLAIMABLE_B);
	add_node_item(state, "SUnreclaim", AT_NR_SLAB_UNRECLAIMABLE_B);
	add_kib(state, "KernelStack", node_counter(state, AT_NR_KERNEL_STACK_KB)); /* counted in KiB already */
	if (mo_has(&state->layout->node_items[AT_NR_KERNEL_SCS_KB]))
		add_kib(state, "ShadowCallStack", node_counter(state, AT_NR_KERNEL_SCS_KB));
}

static void add_tables(struct zones_state *state)
{
	const struct zones_layout *layout = state->layout;
	const struct mo_constant *bounce = &layout->zone_items[AT_NR_BOUNCE];
	const struct mo_constant *temporary = &layout->node_items[AT_NR_WRITEBACK_TEMP];

	if (mo_has(&layout->pagetable_of_node))
		add_pages(state, "PageTables", counter_value(&state->node_counters, &layout->pagetable_of_node));
	else
		add_pages(state, "PageTables", counter_value(&state->zone_counters, &layout->pagetable_of_zone));
	add_optional_node_item(state, "SecPageTables", AT_NR_SECONDARY_PAGETABLE);
	/* 0 where the counter is gone: the kernel still prints the line. */
	add_pages(state, "NFS_Unstable", mo_exact(0));
	add_pages(state, "Bounce", mo_has(bounce) ? zone_counter(state, AT_NR_BOUNCE) : mo_exact(0));
	add_pages(state, "WritebackTmp", mo_has(temporary) ? node_counter(state, AT_NR_WRITEBACK_TEMP) : mo_exact(0));
}

/* vm_commit_limit() (mm/util.c). */
static struct mo_count commit_limit(const struct zones_state *state, const struct hugetlb_pools *hugetlb,
				    const struct swap_pages *swap)
{
	const struct zones_layout *layout = state->layout;
	struct mo_count kib = read_long(state, &layout->overcommit_kbytes);
	struct mo_count ratio = read_int(state, &layout->overcommit_ratio);
	struct mo_count ram = read_long(state, &layout->totalram_pages);

	if (kib.certainty != MO_EXACT || ratio.certainty != MO_EXACT || ram.certainty != MO_EXACT ||
	    hugetlb->total_pages.certainty != MO_EXACT)
		return mo_unknown();
	if (kib.value)
		return mo_count_add(mo_exact(kib.value >> (page_shift(state) - 10)), swap->usable);
	return mo_count_add(mo_exact((ram.value - hugetlb->total_pages.value) * ratio.value / 100), swap->usable);
}

static void add_vmalloc(struct zones_state *state)
{
	const struct zones_layout *layout = state->layout;
	struct mo_count total = vmalloc_total_bytes(state);

	total.value >>= 10;
	add_kib(state, "VmallocTotal", total);
	if (mo_has(&layout->node_items[AT_NR_VMALLOC]))
		add_node_item(state, "VmallocUsed", AT_NR_VMALLOC);
	else
		add_pages(state, "VmallocUsed", read_long(state, &layout->vmalloc_pages));
	add_pages(state, "VmallocChunk", mo_exact(0));
	add_pages(state, "Percpu", percpu_pages(state));
}

/* mm/memtest.c: only after a boot with memtest=. */
static void add_memtest(struct zones_state *state)
{
	const struct zones_layout *layout = state->layout;
	struct mo_count bad;
	uint8_t done = 0;
	struct mo_error *error;

	if (!mo_has(&layout->memtest_done) || !mo_has(&layout->memtest_bad_bytes))
		return;
	error = mo_read_u8(state->reader, layout->memtest_done.kva, &done);
	mo_error_destroy(error);
	if (!done)
		return;
	bad = read_long(state, &layout->memtest_bad_bytes);
	bad.value = bad.value && bad.value < 1024 ? 1 : bad.value >> 10;
	add_kib(state, "EarlyMemtestBad", bad);
}

/* Huge pages were counted as such until 5.10, as base pages since (commit 69473e5de873 and its series). */
static void add_huge_item(struct zones_state *state, const char *label, enum node_item item)
{
	struct mo_count pages = node_counter(state, item);

	if (mo_has(&state->layout->memory_stat_ratio))
		pages.value <<= huge_page_shift(state);
	add_pages(state, label, pages);
}

static void add_huge_and_special(struct zones_state *state)
{
	const struct zones_layout *layout = state->layout;

	add_memtest(state);
	if (mo_has(&layout->poisoned_pages))
		add_pages(state, "HardwareCorrupted", read_long(state, &layout->poisoned_pages));
	if (mo_has(&layout->thp_flags)) {
		add_huge_item(state, "AnonHugePages", AT_NR_ANON_THPS);
		add_huge_item(state, "ShmemHugePages", AT_NR_SHMEM_THPS);
		add_huge_item(state, "ShmemPmdMapped", AT_NR_SHMEM_PMDMAPPED);
		add_huge_item(state, "FileHugePages", AT_NR_FILE_THPS);
		add_huge_item(state, "FilePmdMapped", AT_NR_FILE_PMDMAPPED);
	}
	if (mo_has(&layout->cma_areas)) {
		add_pages(state, "CmaTotal", read_long(state, &layout->totalcma_pages));
		add_pages(state, "CmaFree", zone_counter(state, AT_NR_FREE_CMA_PAGES));
	}
	if (mo_has(&layout->zone_items[AT_NR_UNACCEPTED]))
		add_pages(state, "Unaccepted", zone_counter(state, AT_NR_UNACCEPTED));
	add_optional_node_item(state, "Balloon", AT_NR_BALLOON_PAGES);
	add_optional_node_item(state, "GPUActive", AT_NR_GPU_ACTIVE);
	add_optional_node_item(state, "GPUReclaim", AT_NR_GPU_RECLAIM);
}

/* hugetlb_report_meminfo() (mm/hugetlb.c). */
static void add_hugetlb(struct zones_state *state, const struct hugetlb_pools *hugetlb)
{
	if (!hugetlb->exists)
		return;
	if (hugetlb->default_pool < hugetlb->n_pools) {
		const struct hugetlb_pool *pool = &hugetlb->pools[hugetlb->default_pool];

		add_line(state, "HugePages_Total", pool->total, "");
		add_line(state, "HugePages_Free", pool->free, "");
		add_line(state, "HugePages_Rsvd", pool->reserved, "");
		add_line(state, "HugePages_Surp", pool->surplus, "");
		add_pages(state, "Hugepagesize", mo_exact(1ull << pool->order));
	}
	add_pages(state, "Hugetlb", hugetlb->total_pages);
}

static struct mo_count direct_mapped(const struct zones_state *state, const struct mo_constant *level)
{
	struct mo_address at_level = state->layout->direct_pages_count;

	if (!mo_has(level) || level->value < 0 || level->value > 8)
		return mo_unknown();
	at_level.kva += (uint64_t)level->value * mo_kernel_facts(mo_run_kernel(state->run))->pointer_bytes;
	return read_long(state, &at_level);
}

/* arch_report_meminfo() of x86_64 (arch/x86/mm/pat/set_memory.c). */
static void add_direct_map(struct zones_state *state)
{
	const struct zones_layout *layout = state->layout;
	struct mo_count count;

	if (!mo_has(&layout->direct_pages_count))
		return;
	count = direct_mapped(state, &layout->level_4k);
	count.value <<= 2;
	add_kib(state, "DirectMap4k", count);
	count = direct_mapped(state, &layout->level_2m);
	count.value <<= 11;
	add_kib(state, "DirectMap2M", count);
	if (!read_int(state, &layout->direct_gbpages).value)
		return;
	count = direct_mapped(state, &layout->level_1g);
	count.value <<= 20;
	add_kib(state, "DirectMap1G", count);
}

/* CONFIG_HIGHMEM, which x86_64 has not: its four lines stand before the swap ones. */
void gather_meminfo(struct zones_state *state)
{
	struct swap_pages swap = gather_swap(state);
	struct hugetlb_pools hugetlb;

	gather_hugetlb(state, &hugetlb);
	add_totals(state, swap.cached);
	add_lru(state);
	add_swap(state, &swap);
	add_use(state);
	add_tables(state);
	add_pages(state, "CommitLimit", commit_limit(state, &hugetlb, &swap));
	add_pages(state, "Committed_AS", committed_pages(state));
	add_vmalloc(state);
	add_huge_and_special(state);
	add_hugetlb(state, &hugetlb);
	add_direct_map(state);
	state->model.meminfo = state->meminfo;
}
