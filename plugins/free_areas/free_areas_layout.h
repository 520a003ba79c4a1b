/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef FREE_AREAS_LAYOUT_H
#define FREE_AREAS_LAYOUT_H

/* What the free_areas plugin needs of a kernel. */

#include <memopsy/page.h>

struct free_areas_layout {
	const struct mo_page_shape *page;
	struct {
		struct mo_size size;
		struct mo_field next, prev;
	} list_head;
	struct {
		struct mo_field free_area, lock, pageblock_flags, pagesets;
	} zone;
	struct mo_field free_list;       /* of struct free_area */
	struct mo_field pcp_lists;       /* of struct per_cpu_pages */
	struct mo_field usage_flags;     /* struct mem_section_usage.pageblock_flags */
	struct mo_field node_zones, zonerefs;
	struct mo_constant n_pageblock_bits, isolate_bit;
	struct mo_constant pcptypes, unmovable, movable, reclaimable, highatomic, cma, isolate;
	struct mo_address migratetype_names, pageblock_order, hugetlb_states, huge_zero, page_owner_inited;
};

extern const struct mo_need_table free_areas_needs;

#endif
