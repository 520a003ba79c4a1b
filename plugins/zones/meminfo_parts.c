/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The lines of /proc/meminfo that take more than one counter. */
#include "gathering.h"

#include <memopsy/architecture.h>
#include <memopsy/walk.h>

#define MAX_BLOCK_DEVICES 1000000

static struct mo_count low_watermarks(const struct zones_state *state)
{
	struct mo_count sum = mo_exact(0);

	for (size_t i = 0; i < state->model.n_zones; i++) {
		const struct mo_zone *zone = &state->zones[i];

		sum = mo_count_add(sum, mo_count_add(zone->watermark_pages[MO_WMARK_LOW], zone->watermark_boost_pages));
	}
	return state->model.n_zones ? sum : mo_unknown();
}

/* What of `pages` counts as available: all but the half, or but the low watermarks, whichever is less. */
static int64_t takeable(uint64_t pages, uint64_t low_pages)
{
	uint64_t kept = pages / 2 < low_pages ? pages / 2 : low_pages;

	return (int64_t)(pages - kept);
}

/* si_mem_available() (mm/page_alloc.c, since 6.6 mm/show_mem.c). */
struct mo_count available_pages(const struct zones_state *state)
{
	struct mo_count low = low_watermarks(state);
	struct mo_count free = zone_counter(state, AT_NR_FREE_PAGES);
	struct mo_count reserve = read_long(state, &state->layout->totalreserve_pages);
	struct mo_count cache = mo_count_add(node_counter(state, AT_NR_ACTIVE_FILE), node_counter(state, AT_NR_INACTIVE_FILE));
	struct mo_count reclaimable = node_counter(state, AT_NR_SLAB_RECLAIMABLE_B);
	int64_t available;

	if (mo_has(&state->layout->node_items[AT_NR_KERNEL_MISC_RECLAIMABLE]))
		reclaimable = mo_count_add(reclaimable, node_counter(state, AT_NR_KERNEL_MISC_RECLAIMABLE));
	if (low.certainty != MO_EXACT || free.certainty != MO_EXACT || reserve.certainty != MO_EXACT ||
	    cache.certainty != MO_EXACT || reclaimable.certainty != MO_EXACT)
		return mo_unknown();
	available = (int64_t)free.value - (int64_t)reserve.value + takeable(cache.value, low.value) +
		    takeable(reclaimable.value, low.value);
	return mo_exact(available < 0 ? 0 : (uint64_t)available);
}

/* nr_blockdev_pages() (block/bdev.c, before 5.12 fs/block_dev.c): the page cache of every block device's inode. */
struct mo_count blockdev_pages(const struct zones_state *state)
{
	const struct zones_layout *layout = state->layout;
	struct mo_list_walk walk;
	struct mo_error *error = NULL;
	struct mo_error *walk_error;
	uint64_t superblock_kva;
	uint64_t node_kva;
	uint64_t sum = 0;

	if (!mo_has(&layout->bdev.superblock) || !mo_has(&layout->bdev.s_inodes) || !mo_has(&layout->bdev.i_sb_list) ||
	    !mo_has(&layout->bdev.i_mapping) || !mo_has(&layout->bdev.nrpages))
		return mo_unknown();
	error = mo_read_pointer(state->reader, layout->bdev.superblock.kva, &superblock_kva);
	if (error) {
		zones_unreadable(state, "The superblock of block devices", error);
		return mo_unknown();
	}
	mo_list_begin(&walk, state->reader, mo_field_kva(&layout->bdev.s_inodes, superblock_kva), MAX_BLOCK_DEVICES);
	while (!error && mo_list_next(&walk, &node_kva)) {
		uint64_t mapping_kva = 0;
		uint64_t pages = 0;

		error = mo_read_field(state->reader, &layout->bdev.i_mapping,
				      node_kva - layout->bdev.i_sb_list.offset_bytes, &mapping_kva);
		if (!error)
			error = mo_read_field(state->reader, &layout->bdev.nrpages, mapping_kva, &pages);
		sum += pages;
	}
	walk_error = mo_list_end(&walk);
	if (error)
		mo_error_destroy(walk_error);
	else
		error = walk_error;
	if (error) {
		zones_unreadable(state, "The block devices' page cache (Buffers)", error);
		return mo_at_least(sum);
	}
	return mo_exact(sum);
}

/* vm_memory_committed(): the one counter that /proc/meminfo sums over the CPUs. */
struct mo_count committed_pages(const struct zones_state *state)
{
	const struct zones_layout *layout = state->layout;
	int64_t sum;
	struct mo_error *error;

	if (!mo_has(&layout->committed_as))
		return mo_unknown();
	error = mo_percpu_counter_sum(state->reader, layout->committed_as.kva, &sum);
	if (error) {
		zones_unreadable(state, "vm_committed_as", error);
		return mo_unknown();
	}
	return mo_exact(sum < 0 ? 0 : (uint64_t)sum);
}

/* pcpu_nr_pages() (mm/percpu.c). */
struct mo_count percpu_pages(const struct zones_state *state)
{
	struct mo_count populated = read_long(state, &state->layout->pcpu_populated);
	struct mo_count units = read_int(state, &state->layout->pcpu_units);

	if (populated.certainty != MO_EXACT || units.certainty != MO_EXACT)
		return mo_unknown();
	return mo_exact(populated.value * units.value);
}

struct mo_count vmalloc_total_bytes(const struct zones_state *state)
{
	uint64_t bytes = mo_vmalloc_total_bytes(mo_run_kernel(state->run));

	return bytes ? mo_exact(bytes) : mo_unknown();
}
