/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef MEMOPSY_PAGE_OVERLAYS_H
#define MEMOPSY_PAGE_OVERLAYS_H

/*
 * What lies over struct page: the descriptors of slabs and of page tables. They are types of their own since 5.17
 * (mm/slab.h) and 6.6 (include/linux/mm_types.h); before, their members are those of struct page, in its unions. So
 * offsets count from the struct page either way. Rows of needs, for the layouts of plugins and of src/mm/page; nobody
 * else names a member of struct page (tests/abi/check_rooms.py).
 */

#include <memopsy/layout.h>

struct mo_slab_descriptor {
	struct mo_field cache, freelist, list;
	struct mo_field inuse, objects;    /* SLUB */
	struct mo_field s_mem, active;     /* SLAB */
	struct mo_field frozen, next;      /* of SLUB, in some kernels */
};

#define MO_SLAB_WHY_ "mm/slab.h: struct slab since 5.17, before it a union in struct page"
#define MO_SLAB_FIELD_(L, into, member, ...) \
	MO_FIELD(L, into, "struct slab", member, .or_names = { "struct page." member }, __VA_ARGS__)
#define MO_SLUB_FIELD_(L, into, member) \
	MO_SLAB_FIELD_(L, into, member, .is_optional = true, .why = "mm/slub.c: SLUB alone has it")
#define MO_OLD_SLAB_FIELD_(L, into, member) \
	MO_SLAB_FIELD_(L, into, member, .is_optional = true, .why = "mm/slab.c: SLAB alone, until 6.7")

#define MO_SLAB_CACHE_NEED(L, into, ...) \
	MO_SLAB_FIELD_(L, into, "slab_cache", .why = MO_SLAB_WHY_, __VA_ARGS__)

#define MO_SLAB_DESCRIPTOR_NEEDS(L, into) \
	MO_SLAB_CACHE_NEED(L, into.cache, .is_optional = false), \
	MO_SLAB_FIELD_(L, into.freelist, "freelist", .why = MO_SLAB_WHY_), \
	MO_FIELD(L, into.list, "struct slab", "slab_list", .or_names = { "struct page.slab_list", "struct page.lru" }, \
		 .why = "include/linux/mm_types.h: slab_list since 5.2"), \
	MO_SLUB_FIELD_(L, into.inuse, "inuse"), \
	MO_SLUB_FIELD_(L, into.objects, "objects"), \
	MO_SLUB_FIELD_(L, into.frozen, "frozen"), \
	MO_OLD_SLAB_FIELD_(L, into.s_mem, "s_mem"), \
	MO_OLD_SLAB_FIELD_(L, into.active, "active"), \
	MO_SLAB_FIELD_(L, into.next, "next", .is_optional = true, \
		       .why = "CONFIG_SLUB_CPU_PARTIAL; gone with the CPUs' partial lists in 7.0")

struct mo_ptdesc {
	struct mo_field list;      /* of all top tables (pgd_list) */
	struct mo_field mm;
	struct mo_field deposited; /* the ring of tables kept for a huge page's split */
	struct mo_field ring;      /* by what they are chained: their pgtable_t is a struct page in all kernels */
};

#define MO_PTDESC_WHY_ "include/linux/mm_types.h: page tables have a struct ptdesc of their own since 6.6"

#define MO_PTDESC_NEEDS(L, into) \
	MO_FIELD(L, into.list, "struct ptdesc", "pt_list", .or_names = { "struct page.lru" }, .is_optional = true, \
		 .why = MO_PTDESC_WHY_), \
	MO_FIELD(L, into.mm, "struct ptdesc", "pt_mm", .or_names = { "struct page.pt_mm" }, .is_optional = true, \
		 .why = MO_PTDESC_WHY_), \
	MO_FIELD(L, into.deposited, "struct ptdesc", "pmd_huge_pte", .or_names = { "struct page.pmd_huge_pte" }, \
		 .is_optional = true, .why = MO_PTDESC_WHY_), \
	MO_FIELD(L, into.ring, "struct page", "lru", .is_optional = true)

#endif
