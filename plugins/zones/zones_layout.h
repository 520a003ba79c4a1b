/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef ZONES_LAYOUT_H
#define ZONES_LAYOUT_H

/* What the zones plugin needs of a kernel. Everything that a configuration or a release may lack is optional. */

#include <memopsy/layout.h>

/* Items of enum node_stat_item that /proc/meminfo prints. */
#define NODE_ITEMS(X) \
	X(NR_ACTIVE_ANON) X(NR_INACTIVE_ANON) X(NR_ACTIVE_FILE) X(NR_INACTIVE_FILE) X(NR_UNEVICTABLE) \
	X(NR_FILE_PAGES) X(NR_FILE_DIRTY) X(NR_WRITEBACK) X(NR_WRITEBACK_TEMP) X(NR_ANON_MAPPED) X(NR_FILE_MAPPED) \
	X(NR_SHMEM) X(NR_SLAB_RECLAIMABLE_B) X(NR_SLAB_UNRECLAIMABLE_B) X(NR_KERNEL_MISC_RECLAIMABLE) \
	X(NR_KERNEL_STACK_KB) X(NR_KERNEL_SCS_KB) X(NR_SECONDARY_PAGETABLE) X(NR_SWAPCACHE) X(NR_VMALLOC) \
	X(NR_ANON_THPS) X(NR_SHMEM_THPS) X(NR_SHMEM_PMDMAPPED) X(NR_FILE_THPS) X(NR_FILE_PMDMAPPED) \
	X(NR_BALLOON_PAGES) X(NR_GPU_ACTIVE) X(NR_GPU_RECLAIM) X(NR_VM_NODE_STAT_ITEMS)

/* Items of enum zone_stat_item. */
#define ZONE_ITEMS(X) \
	X(NR_FREE_PAGES) X(NR_MLOCK) X(NR_BOUNCE) X(NR_FREE_CMA_PAGES) X(NR_UNACCEPTED) X(NR_VM_ZONE_STAT_ITEMS)

#define AS_INDEX(name) AT_##name,
enum node_item { NODE_ITEMS(AS_INDEX) N_NODE_ITEMS };
enum zone_item { ZONE_ITEMS(AS_INDEX) N_ZONE_ITEMS };
#undef AS_INDEX

struct zones_layout {
	struct mo_constant node_items[N_NODE_ITEMS];
	struct mo_constant zone_items[N_ZONE_ITEMS];
	/* NR_PAGETABLE moved from zones to nodes in 5.11 (commit f0c0c115fb81). */
	struct mo_constant pagetable_of_node;
	struct mo_constant pagetable_of_zone;

	struct {
		struct mo_field node_zones, start_pfn, spanned_pages, present_pages;
		struct mo_field vm_stat, per_cpu_nodestats, kswapd_failures;
	} pgdat;
	struct {
		struct mo_size size;
		struct mo_field name, start_pfn, spanned_pages, present_pages, managed_pages;
		struct mo_field watermark, watermark_boost, vm_stat;
		struct mo_field lowmem_reserve, free_area, cma_pages, reserved_highatomic, free_highatomic;
		struct mo_field pagesets, zonestats, vm_numa;
	} zone;
	struct mo_field nr_free;             /* of struct free_area */
	/* What a CPU keeps of a zone: its free pages, and its parts of the counters (one struct before 5.14). */
	struct {
		struct mo_size size;
		struct mo_field count, high, batch, high_min, high_max;
	} pageset;
	struct {
		struct mo_size size;
		struct mo_field stat_diff, stat_threshold, numa;
		struct mo_field numa_event;  /* bound: the CPUs' parts are added to the common ones before printing */
	} zonestat;
	struct {
		struct mo_size size;
		struct mo_field stat_diff;
	} nodestat;
	struct mo_address vmstat_text, vm_numa;
	struct mo_constant n_system_items, dirty_threshold, dirty_background_threshold;
	struct mo_constant memmap_pages_item, memmap_boot_pages_item;
	struct mo_address memmap_pages, memmap_boot_pages;
	struct mo_address dirty_ratio, dirty_background_ratio, dirty_bytes, dirty_background_bytes;
	struct mo_address active_cpus, per_cpu_offset;
	struct mo_address event_states;
	struct mo_field events;
	struct mo_constant pgpgin, pgpgout;
	struct mo_address rodata_start, rodata_end;
	/* Only to tell which lines there are, where the kernel's own words are not in the dump. */
	struct mo_constant throttled_written, underused_split;
	struct mo_constant wmark_min, wmark_low, wmark_high, wmark_promo;
	struct mo_address node_data, contig_page_data;

	struct mo_address totalram_pages, totalhigh_pages, totalreserve_pages;
	struct mo_address vm_node_stat, vm_zone_stat;

	struct {
		struct mo_address superblock;
		struct mo_field s_inodes, i_sb_list, i_mapping, nrpages;
	} bdev;

	struct {
		struct mo_address info, count, total_pages, free_pages, spaces, n_spaces;
		struct mo_field flags, inuse_pages, max;
		struct mo_constant used, writeok, valid;
		struct mo_size space;
	} swap;

	struct {
		struct mo_constant event;
		struct mo_address total_bytes, stored_pages, pools;
		struct mo_field list, zs_pool, zpool, driver, driver_type, zpool_pool;
		struct mo_field zsmalloc_pages, zbud_pages, z3fold_pages;
	} zswap;

	struct mo_address overcommit_kbytes, overcommit_ratio, committed_as;
	struct mo_address vmalloc_pages;
	struct mo_address pcpu_populated, pcpu_units;
	struct mo_address memtest_done, memtest_bad_bytes;
	struct mo_address poisoned_pages;
	struct mo_address thp_flags, cma_areas, totalcma_pages;
	struct mo_field memory_stat_ratio;

	struct {
		struct mo_address states, count, default_index;
		struct mo_size size;
		struct mo_field order, nr, free, reserved, surplus;
		struct mo_field nr_of_node, free_of_node, surplus_of_node;
	} hugetlb;

	struct mo_address direct_pages_count, direct_gbpages;
	struct mo_constant level_4k, level_2m, level_1g;
};

extern const struct mo_need_table zones_needs;

#endif
