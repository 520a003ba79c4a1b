/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef PAGE_SHAPE_H
#define PAGE_SHAPE_H

/*
 * How this kernel's struct page is encoded, chosen once: offsets, masks and values in plain numbers, so that the loop
 * over millions of them asks nothing else.
 */

#include <memopsy/kernel.h>
#include <memopsy/page_type.h>

#include "mem_map_layout.h"

/* Where the order of a compound page is, and how its hugetlb pages are known: bytes of its second struct page. */
enum hugetlb_mark {
	HUGETLB_BY_TYPE = 0,  /* page type of the head: 6.9 on */
	HUGETLB_BY_DTOR = 1,  /* compound_dtor, _folio_dtor: until 6.5 */
	HUGETLB_BY_FLAG = 2,  /* PG_hugetlb in _flags_1: 6.6 to 6.8 */
};

struct page_shape {
	uint32_t page_struct_bytes;
	uint32_t word_bytes;            /* of an unsigned long */
	bool is_big_endian;

	/* Offsets in bytes. */
	uint32_t flags, compound, mapping, private_, page_type, mapcount, refcount, pp_magic;

	/* Flags as masks; 0: this kernel has none. */
	uint64_t head, slab, reserved, lru, swapbacked, swapcache, unevictable, mlocked, dirty, writeback, hwpoison,
		movable_ops;
	uint64_t all_flags;             /* the flag bits of page->flags; the rest is zone, node, section */

	struct mo_page_type_test types[N_PAGE_TYPES];

	uint64_t pp_mask, pp_value;     /* page_pool: (pp_magic & mask) == value; mask 0: none */

	uint32_t order_offset;          /* from the head's struct page; 0: compound orders are not known */
	enum hugetlb_mark hugetlb_mark;
	uint32_t hugetlb_offset;        /* HUGETLB_BY_DTOR, _BY_FLAG */
	uint64_t hugetlb_value;         /* HUGETLB_BY_DTOR: the id; _BY_FLAG: the mask; 0: no hugetlb */
	bool compound_is_mask;          /* compound_info masks the page's address, and is no pointer */
	unsigned page_struct_shift;     /* log2 of page_struct_bytes, if compound_is_mask */

	unsigned n_buddy_orders;        /* NR_PAGE_ORDERS */
	unsigned most_order;            /* of a compound page */
	unsigned pmd_order;             /* of what a PMD maps */
	uint64_t page_table_bytes;      /* struct pages of this many bytes may share a fate: the page size */
	uint64_t kernel_half;           /* addresses from here on are the kernel's */
};

struct mo_error *choose_page_shape(struct mo_kernel *kernel, const struct mem_map_layout *layout,
				   struct page_shape *ret) MO_MUST_USE;

#endif
