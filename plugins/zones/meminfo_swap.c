/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Swap as si_swapinfo() and total_swapcache_pages() count it (mm/swapfile.c, mm/swap_state.c), and zswap's two lines
 * (fs/proc/meminfo.c, mm/zswap.c).
 */
#include "gathering.h"

#include <string.h>

#include <memopsy/walk.h>

#define MAX_SWAP_AREAS 128      /* MAX_SWAPFILES is at most 32 */
#define MAX_SWAP_SPACES (1u << 20)
#define MAX_ZSWAP_POOLS 4096

/* SWAP_USAGE_OFFLIST_BIT (mm/swapfile.c, 6.13 on): a flag in what became an atomic_long_t. */
#define INUSE_FLAGS (3ull << 62)

static uint64_t number_of_areas(const struct zones_state *state)
{
	struct mo_count count = read_int(state, &state->layout->swap.count);

	return count.certainty != MO_EXACT ? 0 : count.value > MAX_SWAP_AREAS ? MAX_SWAP_AREAS : count.value;
}

/* The address of swap area i; 0: none. */
static struct mo_error *area_address(const struct zones_state *state, uint64_t index, uint64_t *ret)
{
	unsigned pointer_bytes = mo_kernel_facts(mo_run_kernel(state->run))->pointer_bytes;

	return mo_read_pointer(state->reader, state->layout->swap.info.kva + index * pointer_bytes, ret);
}

/* Pages of an area that is being switched off: they count in both totals until it is done. */
static struct mo_error *leaving_pages(const struct zones_state *state, uint64_t area_kva, uint64_t *ret)
{
	const struct zones_layout *layout = state->layout;
	uint64_t flags;
	uint64_t inuse_pages;
	struct mo_error *error = mo_read_field(state->reader, &layout->swap.flags, area_kva, &flags);

	if (error)
		return error;
	*ret = 0;
	if (!(flags & (uint64_t)layout->swap.used.value) || flags & (uint64_t)layout->swap.writeok.value)
		return NULL;
	error = mo_read_field(state->reader, &layout->swap.inuse_pages, area_kva, &inuse_pages);
	if (!error)
		*ret = inuse_pages & ~INUSE_FLAGS;
	return error;
}

static struct mo_count all_leaving_pages(const struct zones_state *state)
{
	const struct zones_layout *layout = state->layout;
	uint64_t sum = 0;

	if (!mo_has(&layout->swap.info) || !mo_has(&layout->swap.flags) || !mo_has(&layout->swap.inuse_pages) ||
	    !mo_has(&layout->swap.used) || !mo_has(&layout->swap.writeok))
		return mo_unknown();
	for (uint64_t i = 0; i < number_of_areas(state); i++) {
		uint64_t area_kva = 0;
		uint64_t pages = 0;
		struct mo_error *error = area_address(state, i, &area_kva);

		if (!error && area_kva)
			error = leaving_pages(state, area_kva, &pages);
		if (error) {
			zones_unreadable(state, "A swap area", error);
			return mo_unknown();
		}
		sum += pages;
	}
	return mo_exact(sum);
}

/* One area's swap cache, in the address spaces of before 5.12. */
static struct mo_error *cached_of_area(const struct zones_state *state, uint64_t index, uint64_t *ret)
{
	const struct zones_layout *layout = state->layout;
	unsigned pointer_bytes = mo_kernel_facts(mo_run_kernel(state->run))->pointer_bytes;
	uint64_t spaces_kva;
	uint32_t n_spaces;
	struct mo_error *error = mo_read_u32(state->reader, layout->swap.n_spaces.kva + index * 4, &n_spaces);

	if (!error)
		error = mo_read_pointer(state->reader, layout->swap.spaces.kva + index * pointer_bytes, &spaces_kva);
	if (error)
		return error;
	if (n_spaces > MAX_SWAP_SPACES)
		return mo_error_create(MO_E_CORRUPT, "swap area %u has %u address spaces", (unsigned)index, n_spaces);
	for (uint32_t i = 0; i < n_spaces && spaces_kva; i++) {
		uint64_t pages;

		error = mo_read_field(state->reader, &layout->bdev.nrpages, spaces_kva + i * layout->swap.space.bytes,
				      &pages);
		if (error)
			return error;
		*ret += pages;
	}
	return NULL;
}

static struct mo_count cached_pages(const struct zones_state *state)
{
	const struct zones_layout *layout = state->layout;
	uint64_t sum = 0;

	/* NR_SWAPCACHE since 5.12 (commit b6038942480e). */
	if (mo_has(&layout->node_items[AT_NR_SWAPCACHE]))
		return node_counter(state, AT_NR_SWAPCACHE);
	if (!mo_has(&layout->swap.spaces))
		return mo_exact(0); /* built without swap */
	if (!mo_has(&layout->swap.n_spaces) || !mo_has(&layout->swap.space) || !mo_has(&layout->bdev.nrpages) ||
	    !mo_has(&layout->swap.flags) || !mo_has(&layout->swap.info))
		return mo_unknown();
	for (uint64_t i = 0; i < number_of_areas(state); i++) {
		uint64_t area_kva = 0;
		uint64_t flags = 0;
		uint64_t max = 2;
		struct mo_error *error = area_address(state, i, &area_kva);

		if (!error && area_kva)
			error = mo_read_field(state->reader, &layout->swap.flags, area_kva, &flags);
		if (!error && area_kva && mo_has(&layout->swap.max))
			error = mo_read_field(state->reader, &layout->swap.max, area_kva, &max);
		if (!error && area_kva && max > 1 &&
		    (!mo_has(&layout->swap.valid) || flags & (uint64_t)layout->swap.valid.value))
			error = cached_of_area(state, i, &sum);
		if (error) {
			zones_unreadable(state, "The swap cache", error);
			return mo_unknown();
		}
	}
	return mo_exact(sum);
}

struct swap_pages gather_swap(const struct zones_state *state)
{
	const struct zones_layout *layout = state->layout;
	struct swap_pages swap = { .cached = cached_pages(state) };
	struct mo_count leaving;

	if (!mo_has(&layout->swap.total_pages)) { /* built without swap: the kernel prints zeros */
		swap.total = swap.free = swap.usable = mo_exact(0);
		return swap;
	}
	leaving = all_leaving_pages(state);
	swap.usable = read_long(state, &layout->swap.total_pages);
	swap.total = mo_count_add(swap.usable, leaving);
	swap.free = mo_count_add(read_long(state, &layout->swap.free_pages), leaving);
	return swap;
}

/* Pages of a zpool (before 6.18), by its driver's own pool. */
static struct mo_error *zpool_pages(const struct zones_state *state, uint64_t zpool_kva, uint64_t *ret)
{
	const struct zones_layout *layout = state->layout;
	const struct mo_field *pages = NULL;
	uint64_t driver_kva;
	uint64_t pool_kva;
	char type[16];
	struct mo_error *error = mo_read_field(state->reader, &layout->zswap.driver, zpool_kva, &driver_kva);

	if (!error)
		error = mo_read_field_string(state->reader, &layout->zswap.driver_type, driver_kva, type, sizeof(type));
	if (!error)
		error = mo_read_field(state->reader, &layout->zswap.zpool_pool, zpool_kva, &pool_kva);
	if (error)
		return error;
	if (!strcmp(type, "zsmalloc"))
		pages = &layout->zswap.zsmalloc_pages;
	else if (!strcmp(type, "zbud"))
		pages = &layout->zswap.zbud_pages;
	else if (!strcmp(type, "z3fold"))
		pages = &layout->zswap.z3fold_pages;
	if (!pages || !mo_has(pages))
		return mo_error_create(MO_E_UNSUPPORTED, "a zswap pool of kind \"%s\"", type);
	return mo_read_field(state->reader, pages, pool_kva, ret);
}

static struct mo_error *pool_pages(const struct zones_state *state, uint64_t pool_kva, uint64_t *ret)
{
	const struct zones_layout *layout = state->layout;
	uint64_t inner_kva;
	struct mo_error *error;

	if (mo_has(&layout->zswap.zs_pool)) {
		error = mo_read_field(state->reader, &layout->zswap.zs_pool, pool_kva, &inner_kva);
		return error ? error : mo_read_field(state->reader, &layout->zswap.zsmalloc_pages, inner_kva, ret);
	}
	error = mo_read_field(state->reader, &layout->zswap.zpool, pool_kva, &inner_kva);
	return error ? error : zpool_pages(state, inner_kva, ret);
}

static bool can_sum_pools(const struct zones_layout *layout)
{
	if (!mo_has(&layout->zswap.pools) || !mo_has(&layout->zswap.list))
		return false;
	if (mo_has(&layout->zswap.zs_pool))
		return mo_has(&layout->zswap.zsmalloc_pages);
	return mo_has(&layout->zswap.zpool) && mo_has(&layout->zswap.driver) && mo_has(&layout->zswap.driver_type) &&
	       mo_has(&layout->zswap.zpool_pool);
}

struct mo_count zswap_pool_bytes(const struct zones_state *state)
{
	const struct zones_layout *layout = state->layout;
	struct mo_list_walk walk;
	struct mo_error *error = NULL;
	struct mo_error *walk_error;
	uint64_t node_kva;
	uint64_t sum_pages = 0;

	if (mo_has(&layout->zswap.total_bytes)) /* until 6.9: one total, in bytes */
		return read_long(state, &layout->zswap.total_bytes);
	if (!can_sum_pools(layout))
		return mo_unknown();
	mo_list_begin(&walk, state->reader, layout->zswap.pools.kva, MAX_ZSWAP_POOLS);
	while (!error && mo_list_next(&walk, &node_kva)) {
		uint64_t pages = 0;

		error = pool_pages(state, node_kva - layout->zswap.list.offset_bytes, &pages);
		sum_pages += pages;
	}
	walk_error = mo_list_end(&walk);
	if (!error) {
		error = walk_error;
		walk_error = NULL;
	}
	mo_error_destroy(walk_error);
	if (error) {
		zones_unreadable(state, "The zswap pools", error);
		return mo_unknown();
	}
	return mo_exact(sum_pages << mo_kernel_facts(mo_run_kernel(state->run))->page_shift);
}

/* atomic_t until zpool went, atomic_long_t since (mm/zswap.c). */
struct mo_count zswap_stored_pages(const struct zones_state *state)
{
	const struct zones_layout *layout = state->layout;

	if (mo_has(&layout->zswap.zs_pool))
		return read_long(state, &layout->zswap.stored_pages);
	return read_int(state, &layout->zswap.stored_pages);
}
