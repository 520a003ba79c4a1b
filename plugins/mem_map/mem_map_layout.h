/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef MEM_MAP_LAYOUT_H
#define MEM_MAP_LAYOUT_H

/* What the mem_map plugin needs of a kernel. Everything that a configuration or a release may lack is optional. */

#include <memopsy/layout.h>
#include <memopsy/page_facts.h>

/* Counters that the sums are held against. */
#define CHECKED_NODE_ITEMS(X) \
	X(NR_FILE_PAGES) X(NR_SHMEM) X(NR_ANON_MAPPED) X(NR_SLAB_RECLAIMABLE_B) X(NR_SLAB_UNRECLAIMABLE_B) \
	X(NR_PAGETABLE) X(NR_SECONDARY_PAGETABLE) X(NR_WRITEBACK) X(NR_UNEVICTABLE) X(NR_SWAPCACHE) \
	X(NR_INACTIVE_ANON) X(NR_ACTIVE_ANON) X(NR_INACTIVE_FILE) X(NR_ACTIVE_FILE) X(NR_ISOLATED_ANON) \
	X(NR_ISOLATED_FILE) X(NR_BALLOON_PAGES) X(NR_VM_NODE_STAT_ITEMS)
#define CHECKED_ZONE_ITEMS(X) \
	X(NR_FREE_PAGES) X(NR_MLOCK) X(NR_ZSPAGES) X(NR_UNACCEPTED) X(NR_VM_ZONE_STAT_ITEMS)

#define AS_INDEX(name) NODE_##name,
enum node_item { CHECKED_NODE_ITEMS(AS_INDEX) N_NODE_ITEMS };
#undef AS_INDEX
#define AS_INDEX(name) ZONE_##name,
enum zone_item { CHECKED_ZONE_ITEMS(AS_INDEX) ZONE_NR_PAGETABLE, N_ZONE_ITEMS };
#undef AS_INDEX

struct mem_map_layout {
	const struct mo_page_shape *page;
	const struct mo_page_names *page_names;

	struct mo_field zone_stat, zone_percpu, zone_diff, node_stat, node_percpu, node_diff;
	struct mo_constant node_items[N_NODE_ITEMS];
	struct mo_constant zone_items[N_ZONE_ITEMS];

	struct mo_address text_start, text_end, rodata_start, rodata_end, data_start, data_end, bss_start, bss_end,
		init_start, init_end, brk_start, brk_end, image_start, image_end;
	struct mo_address zero_page_pfn, huge_zero_pfn;

	struct {
		struct mo_address states, count;
		struct mo_size size;
		struct mo_field order, nr, free;
	} hugetlb;
};

extern const struct mo_need_table mem_map_needs;

#endif
