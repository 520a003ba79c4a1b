/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The types, members, enumerators and symbols of the kernel that the mem_map plugin binds. */
#include "mem_map_layout.h"

#define L struct mem_map_layout
#define OPTIONAL .is_optional = true

#define NODE_ITEM(name) MO_CONSTANT(L, node_items[NODE_##name], "enum node_stat_item", #name, OPTIONAL),
#define ZONE_ITEM(name) MO_CONSTANT(L, zone_items[ZONE_##name], "enum zone_stat_item", #name, OPTIONAL),


static const struct mo_need rows[] = {
	MO_PAGE(L, page),
	MO_PAGE_NAMES(L, page_names),

	MO_FIELD(L, zone_stat, "struct zone", "vm_stat", OPTIONAL),
	MO_FIELD(L, zone_percpu, "struct zone", "per_cpu_zonestats", .or_names = { "struct zone.pageset" }, OPTIONAL,
		 .why = "include/linux/mmzone.h: split in 5.14"),
	MO_FIELD(L, zone_diff, "struct per_cpu_zonestat", "vm_stat_diff",
		 .or_names = { "struct per_cpu_pageset.vm_stat_diff" }, OPTIONAL, .why = "CONFIG_SMP"),
	MO_FIELD(L, node_stat, "struct pglist_data", "vm_stat", OPTIONAL),
	MO_FIELD(L, node_percpu, "struct pglist_data", "per_cpu_nodestats", OPTIONAL),
	MO_FIELD(L, node_diff, "struct per_cpu_nodestat", "vm_node_stat_diff", OPTIONAL, .why = "CONFIG_SMP"),
	CHECKED_NODE_ITEMS(NODE_ITEM)
	CHECKED_ZONE_ITEMS(ZONE_ITEM)
	MO_CONSTANT(L, zone_items[ZONE_NR_PAGETABLE], "enum zone_stat_item", "NR_PAGETABLE", OPTIONAL,
		    .why = "include/linux/mmzone.h: a zone counter before 5.11 (f0c0c115fb81)"),

	MO_ADDRESS(L, text_start, "_text", .or_names = { "_stext" }, OPTIONAL),
	MO_ADDRESS(L, text_end, "_etext", OPTIONAL),
	MO_ADDRESS(L, rodata_start, "__start_rodata", OPTIONAL),
	MO_ADDRESS(L, rodata_end, "__end_rodata", OPTIONAL),
	MO_ADDRESS(L, data_start, "_sdata", OPTIONAL),
	MO_ADDRESS(L, data_end, "_edata", OPTIONAL),
	MO_ADDRESS(L, bss_start, "__bss_start", OPTIONAL),
	MO_ADDRESS(L, bss_end, "__bss_stop", OPTIONAL),
	MO_ADDRESS(L, init_start, "__init_begin", OPTIONAL),
	MO_ADDRESS(L, init_end, "__init_end", OPTIONAL),
	MO_ADDRESS(L, brk_start, "__brk_base", OPTIONAL, .why = "arch/x86/kernel/vmlinux.lds.S"),
	MO_ADDRESS(L, brk_end, "__brk_limit", OPTIONAL),
	MO_ADDRESS(L, image_start, "_text", OPTIONAL),
	MO_ADDRESS(L, image_end, "_end", OPTIONAL),
	MO_ADDRESS(L, zero_page_pfn, "zero_page_pfn", .or_names = { "zero_pfn" }, OPTIONAL,
		   .why = "mm/memory.c: zero_pfn until 6.19"),
	MO_ADDRESS(L, huge_zero_pfn, "huge_zero_pfn", OPTIONAL, .why = "mm/huge_memory.c: since 5.8"),

	MO_ADDRESS(L, hugetlb.states, "hstates", OPTIONAL, .why = "CONFIG_HUGETLB_PAGE"),
	MO_ADDRESS(L, hugetlb.count, "hugetlb_max_hstate", OPTIONAL),
	MO_SIZE(L, hugetlb.size, "struct hstate", OPTIONAL),
	MO_FIELD(L, hugetlb.order, "struct hstate", "order", OPTIONAL),
	MO_FIELD(L, hugetlb.nr, "struct hstate", "nr_huge_pages", OPTIONAL),
	MO_FIELD(L, hugetlb.free, "struct hstate", "free_huge_pages", OPTIONAL),
};

const struct mo_need_table mem_map_needs = { .needs = rows, .n_needs = sizeof(rows) / sizeof(rows[0]) };
