/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The types, members, enumerators and symbols of the kernel that the free_areas plugin binds. */
#include "free_areas_layout.h"

#define L struct free_areas_layout
#define OPTIONAL .is_optional = true

static const struct mo_need rows[] = {
	MO_PAGE(L, page),
	MO_SIZE(L, list_head.size, "struct list_head"),
	MO_FIELD(L, list_head.next, "struct list_head", "next"),
	MO_FIELD(L, list_head.prev, "struct list_head", "prev"),

	MO_FIELD(L, zone.free_area, "struct zone", "free_area"),
	MO_FIELD(L, zone.lock, "struct zone", "lock.rlock.raw_lock.val.counter", OPTIONAL,
		 .why = "include/asm-generic/qspinlock_types.h: where spinlocks are queued"),
	MO_FIELD(L, zone.pageblock_flags, "struct zone", "pageblock_flags", OPTIONAL,
		 .why = "include/linux/mmzone.h: without SPARSEMEM; else they belong to the sections"),
	MO_FIELD(L, zone.pagesets, "struct zone", "per_cpu_pageset", .or_names = { "struct zone.pageset" }, OPTIONAL,
		 .why = "include/linux/mmzone.h: counters parted from the lists of pages in 5.14 (28f836b6777b)"),
	MO_FIELD(L, free_list, "struct free_area", "free_list"),
	/* Before 5.14 struct per_cpu_pages was the first member of struct per_cpu_pageset. */
	MO_FIELD(L, pcp_lists, "struct per_cpu_pages", "lists", OPTIONAL,
		 .why = "include/linux/mmzone.h: a list per type, since 5.14 per type and order (44042b449872)"),
	MO_FIELD(L, usage_flags, "struct mem_section_usage", "pageblock_flags", OPTIONAL,
		 .why = "include/linux/mmzone.h: struct mem_section.pageblock_flags before 5.3 (f1eca35a0dc7)"),
	MO_FIELD(L, node_zones, "struct pglist_data", "node_zones"),
	MO_FIELD(L, zonerefs, "struct zonelist", "_zonerefs", OPTIONAL),
	MO_CONSTANT(L, n_pageblock_bits, "enum pageblock_bits", "__NR_PAGEBLOCK_BITS",
		    .or_names = { "NR_PAGEBLOCK_BITS" }, OPTIONAL,
		    .why = "include/linux/pageblock-flags.h: rounded up to a power of two in 7.2; 4 before"),
	MO_CONSTANT(L, isolate_bit, "enum pageblock_bits", "PB_migrate_isolate", OPTIONAL,
		    .why = "include/linux/pageblock-flags.h: isolation has a bit of its own in 7.2, not in 6.12"),
	MO_CONSTANT(L, pcptypes, "enum migratetype", "MIGRATE_PCPTYPES"),
	MO_CONSTANT(L, unmovable, "enum migratetype", "MIGRATE_UNMOVABLE", OPTIONAL),
	MO_CONSTANT(L, movable, "enum migratetype", "MIGRATE_MOVABLE", OPTIONAL),
	MO_CONSTANT(L, reclaimable, "enum migratetype", "MIGRATE_RECLAIMABLE", OPTIONAL),
	MO_CONSTANT(L, highatomic, "enum migratetype", "MIGRATE_HIGHATOMIC", OPTIONAL),
	MO_CONSTANT(L, cma, "enum migratetype", "MIGRATE_CMA", OPTIONAL, .why = "CONFIG_CMA"),
	MO_CONSTANT(L, isolate, "enum migratetype", "MIGRATE_ISOLATE", OPTIONAL, .why = "CONFIG_MEMORY_ISOLATION"),
	MO_ADDRESS(L, migratetype_names, "migratetype_names", OPTIONAL),
	MO_ADDRESS(L, pageblock_order, "pageblock_order", OPTIONAL,
		   .why = "mm/page_alloc.c: a variable where the size of huge pages is (CONFIG_HUGETLB_PAGE_SIZE_VARIABLE)"),
	MO_ADDRESS(L, hugetlb_states, "hstates", OPTIONAL, .why = "CONFIG_HUGETLB_PAGE"),
	MO_ADDRESS(L, huge_zero, "huge_zero_pfn", OPTIONAL, .why = "CONFIG_TRANSPARENT_HUGEPAGE"),
	MO_ADDRESS(L, page_owner_inited, "page_owner_inited", OPTIONAL, .why = "CONFIG_PAGE_OWNER"),
};

const struct mo_need_table free_areas_needs = { .needs = rows, .n_needs = sizeof(rows) / sizeof(rows[0]) };
