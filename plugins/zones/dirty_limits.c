/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * global_dirty_limits() (mm/page-writeback.c): /proc/vmstat computes the two thresholds anew for each reading, so they
 * are computed here in the same arithmetic. The quarter that real-time tasks get on top is not for a reader of /proc.
 * Kernels with high memory subtract that; none of 64 bits has it.
 */
#include "gathering.h"

/* global_dirtyable_memory() */
static struct mo_count dirtyable_pages(const struct zones_state *state)
{
	struct mo_count free = zone_counter(state, AT_NR_FREE_PAGES);
	struct mo_count reserve = read_long(state, &state->layout->totalreserve_pages);
	struct mo_count cache = mo_count_add(node_counter(state, AT_NR_INACTIVE_FILE), node_counter(state, AT_NR_ACTIVE_FILE));

	if (mo_has(&state->layout->totalhigh_pages) || free.certainty != MO_EXACT || reserve.certainty != MO_EXACT ||
	    cache.certainty != MO_EXACT)
		return mo_unknown();
	return mo_exact(free.value - (free.value < reserve.value ? free.value : reserve.value) + cache.value + 1);
}

static uint64_t in_pages(uint64_t bytes, uint64_t page_bytes)
{
	return bytes / page_bytes + (bytes % page_bytes != 0);
}

static struct mo_count limit_pages(const struct zones_state *state, const struct mo_address *ratio_symbol,
				   const struct mo_address *bytes_symbol)
{
	uint64_t page_bytes = mo_kernel_facts(mo_run_kernel(state->run))->page_bytes;
	struct mo_count available = dirtyable_pages(state);
	struct mo_count percent = read_int(state, ratio_symbol);
	struct mo_count bytes = read_long(state, bytes_symbol);

	if (bytes.certainty != MO_EXACT)
		return mo_unknown();
	if (bytes.value)
		return mo_exact(in_pages(bytes.value, page_bytes));
	if (available.certainty != MO_EXACT || percent.certainty != MO_EXACT)
		return mo_unknown();
	return mo_exact(percent.value * page_bytes / 100 * available.value / page_bytes);
}

/* domain_dirty_limits() */
struct dirty_limits dirty_limits(const struct zones_state *state)
{
	const struct zones_layout *layout = state->layout;
	struct dirty_limits limits = {
		.threshold_pages = limit_pages(state, &layout->dirty_ratio, &layout->dirty_bytes),
		.background_pages = limit_pages(state, &layout->dirty_background_ratio, &layout->dirty_background_bytes),
	};

	if (limits.threshold_pages.value > UINT32_MAX)
		limits.threshold_pages.value = UINT32_MAX;
	if (limits.threshold_pages.certainty != MO_EXACT)
		limits.background_pages = mo_unknown();
	else if (limits.background_pages.value >= limits.threshold_pages.value)
		limits.background_pages.value = limits.threshold_pages.value / 2;
	return limits;
}
