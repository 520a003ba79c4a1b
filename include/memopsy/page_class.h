/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef MEMOPSY_PAGE_CLASS_H
#define MEMOPSY_PAGE_CLASS_H

/*
 * One struct page, from its bytes to its class. Everything is inlined into the caller's loop, which may be compiled twice:
 * with is_usual true for 64-bit little-endian kernels, where every load is one instruction, and once for the rest.
 */

#include <memopsy/mem_map.h>
#include <memopsy/page.h>

MO_API_BEGIN

/* A page with a type in place of a map count. MO_N_PAGE_CLASSES: the type is none that is known. */
static inline enum mo_page_class mo_page_typed_class_(const struct mo_page_shape *shape, const uint8_t *page,
						      uint32_t page_type, uint64_t flags, bool is_usual)
{
	uint64_t mapping;

	if (mo_page_has_type(shape->types[MO_PAGE_TYPE_SLAB], page_type))
		return MO_PAGE_SLAB;
	if (mo_page_has_type(shape->types[MO_PAGE_TYPE_TABLE], page_type))
		return MO_PAGE_PAGE_TABLE;
	if (mo_page_has_type(shape->types[MO_PAGE_TYPE_HUGETLB], page_type))
		return mo_page_half(shape, page, shape->at.refcount, is_usual) ? MO_PAGE_HUGETLB_USED : MO_PAGE_HUGETLB_FREE;
	if (mo_page_has_type(shape->types[MO_PAGE_TYPE_OFFLINE], page_type)) {
		/* Only balloons that can be compacted say so: include/linux/balloon_compaction.h. */
		mapping = mo_page_word(shape, page, shape->at.mapping, is_usual);
		if ((mapping & MO_MAPPING_FLAGS) == MO_MAPPING_MOVABLE || flags & shape->flag.movable_ops)
			return MO_PAGE_BALLOON;
		return MO_PAGE_OFFLINE;
	}
	if (mo_page_has_type(shape->types[MO_PAGE_TYPE_LARGE_KMALLOC], page_type))
		return MO_PAGE_LARGE_KMALLOC;
	if (mo_page_has_type(shape->types[MO_PAGE_TYPE_ZSMALLOC], page_type))
		return MO_PAGE_ZSMALLOC;
	if (mo_page_has_type(shape->types[MO_PAGE_TYPE_UNACCEPTED], page_type))
		return MO_PAGE_UNACCEPTED;
	if (mo_page_has_type(shape->types[MO_PAGE_TYPE_GUARD], page_type))
		return MO_PAGE_GUARD;
	return MO_N_PAGE_CLASSES;
}

/* A page of the page cache or of a process; large ones that a PMD can map have the class behind. */
MO_ALWAYS_INLINE_ enum mo_page_class mo_page_with_thp_(const struct mo_page_shape *shape, enum mo_page_class small,
						       unsigned order)
{
	return order >= shape->pmd_order ? (enum mo_page_class)(small + 1) : small;
}

/*
 * A page that is neither tail nor free nor typed. Shared memory is known by PG_swapbacked on a page with an
 * address_space, as the kernel itself counts NR_SHMEM (mm/filemap.c): no address_space needs to be read.
 */
MO_ALWAYS_INLINE_ enum mo_page_class mo_page_plain_class_(const struct mo_page_shape *shape, const uint8_t *page, uint64_t flags,
							  unsigned order, bool is_usual)
{
	uint64_t mapping = mo_page_word(shape, page, shape->at.mapping, is_usual);
	uint64_t swap_flags = shape->flag.swapcache | shape->flag.swapbacked;
	bool in_swap_cache = shape->flag.swapcache && (flags & swap_flags) == swap_flags;

	if (flags & shape->flag.reserved)
		return MO_PAGE_RESERVED;
	if (mapping & MO_MAPPING_ANON) {
		if (in_swap_cache && !order && (int32_t)mo_page_half(shape, page, shape->at.mapcount, is_usual) < 0)
			return MO_PAGE_SWAP_CACHE;
		return mo_page_with_thp_(shape, MO_PAGE_ANON, order);
	}
	if (in_swap_cache)
		return MO_PAGE_SWAP_CACHE;
	if (mapping & MO_MAPPING_MOVABLE)
		return MO_PAGE_ZSMALLOC;
	if (mapping >= shape->kernel_half_kva && !(mapping & (shape->word_bytes - 1)))
		return mo_page_with_thp_(shape, flags & shape->flag.swapbacked ? MO_PAGE_SHMEM : MO_PAGE_FILE, order);
	if (flags & shape->flag.lru)
		return MO_PAGE_ISOLATED;
	if (shape->pp_mask && (mo_page_word(shape, page, shape->at.pp_magic, is_usual) & shape->pp_mask) == shape->pp_value)
		return MO_PAGE_PAGE_POOL;
	return MO_PAGE_DIRECT;
}

/* The class of a page that is no tail and not in the buddy lists. */
MO_ALWAYS_INLINE_ enum mo_page_class mo_page_head_class(const struct mo_page_shape *shape, const uint8_t *page, uint64_t flags,
							struct mo_compound_facts facts, bool is_usual)
{
	uint32_t page_type = mo_page_half(shape, page, shape->at.page_type, is_usual);
	enum mo_page_class typed;

	if (flags & shape->flag.hwpoison)
		return MO_PAGE_HWPOISON;
	/* First, as SLAB counted its objects where the type is. */
	if (flags & shape->flag.slab)
		return MO_PAGE_SLAB;
	if (facts.is_hugetlb)
		return mo_page_half(shape, page, shape->at.refcount, is_usual) ? MO_PAGE_HUGETLB_USED : MO_PAGE_HUGETLB_FREE;
	/* A map count is -1 or more: what is below is a type, or a count that underflowed. */
	if ((int32_t)page_type < -1) {
		typed = mo_page_typed_class_(shape, page, page_type, flags, is_usual);
		if (typed != MO_N_PAGE_CLASSES)
			return typed;
	}
	return mo_page_plain_class_(shape, page, flags, facts.order, is_usual);
}

MO_API_END

#endif
