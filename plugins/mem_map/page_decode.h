/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef PAGE_DECODE_H
#define PAGE_DECODE_H

/*
 * One struct page, from its bytes to its class. Everything is inlined into the scan's loop, which is compiled twice:
 * with is_usual true for 64-bit little-endian kernels, where every load is one instruction, and once for the rest.
 */

#include <endian.h>
#include <string.h>

#include <memopsy/mem_map.h>

#include "page_shape.h"

#define ALWAYS_INLINE static inline __attribute__((always_inline))

ALWAYS_INLINE uint32_t page_half(const struct page_shape *shape, const uint8_t *page, uint32_t offset, bool is_usual)
{
	uint32_t value;

	memcpy(&value, page + offset, sizeof(value));
	return is_usual || !shape->is_big_endian ? le32toh(value) : be32toh(value);
}

ALWAYS_INLINE uint64_t page_word(const struct page_shape *shape, const uint8_t *page, uint32_t offset, bool is_usual)
{
	uint64_t value;

	if (!is_usual && shape->word_bytes == 4)
		return page_half(shape, page, offset, false);
	memcpy(&value, page + offset, sizeof(value));
	return is_usual || !shape->is_big_endian ? le64toh(value) : be64toh(value);
}

ALWAYS_INLINE bool page_has_type(const struct page_shape *shape, uint32_t page_type, enum page_type type)
{
	return mo_page_has_type(shape->types[type], page_type);
}

/* A map count is -1 or more; what is below is a type (or a count that underflowed). */
ALWAYS_INLINE bool page_type_may_be_set(uint32_t page_type)
{
	return (int32_t)page_type < -1;
}

/* The compound word of a tail page of the block that begins with the struct page at head_kva. */
ALWAYS_INLINE uint64_t tail_word(const struct page_shape *shape, uint64_t head_kva, unsigned order)
{
	uint64_t all = shape->word_bytes == 8 ? UINT64_MAX : UINT32_MAX;

	if (shape->compound_is_mask)
		return (all << (order + shape->page_struct_shift) & all) | 1;
	return head_kva | 1;
}

/* The head that a tail page names. */
ALWAYS_INLINE uint64_t tail_head_kva(const struct page_shape *shape, uint64_t page_kva, uint64_t word)
{
	return shape->compound_is_mask ? page_kva & word & ~1ull : word & ~1ull;
}

/* The pages of page->mapping's low bits (include/linux/page-flags.h): 1 anon, 2 movable (until 6.17), 3 KSM. */
#define MAPPING_ANON 1u
#define MAPPING_MOVABLE 2u
#define MAPPING_FLAGS 3u

/* A page with a type in place of a map count. MO_N_PAGE_CLASSES: the type is none that is known. */
static inline enum mo_page_class class_of_typed(const struct page_shape *shape, const uint8_t *page, uint32_t page_type,
						uint64_t flags, bool is_usual)
{
	uint64_t mapping;

	if (page_has_type(shape, page_type, TYPE_SLAB))
		return MO_PAGE_SLAB;
	if (page_has_type(shape, page_type, TYPE_TABLE))
		return MO_PAGE_PAGE_TABLE;
	if (page_has_type(shape, page_type, TYPE_HUGETLB))
		return page_half(shape, page, shape->refcount, is_usual) ? MO_PAGE_HUGETLB_USED : MO_PAGE_HUGETLB_FREE;
	if (page_has_type(shape, page_type, TYPE_OFFLINE)) {
		/* Only balloons that can be compacted say so: include/linux/balloon_compaction.h. */
		mapping = page_word(shape, page, shape->mapping, is_usual);
		return (mapping & MAPPING_FLAGS) == MAPPING_MOVABLE || flags & shape->movable_ops ? MO_PAGE_BALLOON :
												     MO_PAGE_OFFLINE;
	}
	if (page_has_type(shape, page_type, TYPE_LARGE_KMALLOC))
		return MO_PAGE_LARGE_KMALLOC;
	if (page_has_type(shape, page_type, TYPE_ZSMALLOC))
		return MO_PAGE_ZSMALLOC;
	if (page_has_type(shape, page_type, TYPE_UNACCEPTED))
		return MO_PAGE_UNACCEPTED;
	if (page_has_type(shape, page_type, TYPE_GUARD))
		return MO_PAGE_GUARD;
	return MO_N_PAGE_CLASSES;
}

/* A page of the page cache or of a process; large ones that a PMD can map are told apart. */
ALWAYS_INLINE enum mo_page_class with_thp(const struct page_shape *shape, enum mo_page_class small, unsigned order)
{
	_Static_assert(MO_PAGE_ANON_THP == MO_PAGE_ANON + 1 && MO_PAGE_FILE_THP == MO_PAGE_FILE + 1 &&
			       MO_PAGE_SHMEM_THP == MO_PAGE_SHMEM + 1,
		       "the huge class follows the small one");
	return order >= shape->pmd_order ? (enum mo_page_class)(small + 1) : small;
}

/*
 * A page that is neither tail nor free nor typed. Shared memory is known by PG_swapbacked on a page with an
 * address_space, as the kernel itself counts NR_SHMEM (mm/filemap.c): no address_space needs to be read.
 */
ALWAYS_INLINE enum mo_page_class class_of_plain(const struct page_shape *shape, const uint8_t *page, uint64_t flags,
						unsigned order, bool is_usual)
{
	uint64_t mapping = page_word(shape, page, shape->mapping, is_usual);
	uint64_t swap_flags = shape->swapcache | shape->swapbacked;
	bool in_swap_cache = shape->swapcache && (flags & swap_flags) == swap_flags;

	if (flags & shape->reserved)
		return MO_PAGE_RESERVED;
	if (mapping & MAPPING_ANON) {
		if (in_swap_cache && !order && (int32_t)page_half(shape, page, shape->mapcount, is_usual) < 0)
			return MO_PAGE_SWAP_CACHE;
		return with_thp(shape, MO_PAGE_ANON, order);
	}
	if (in_swap_cache)
		return MO_PAGE_SWAP_CACHE;
	if (mapping & MAPPING_MOVABLE)
		return MO_PAGE_ZSMALLOC;
	if (mapping >= shape->kernel_half && !(mapping & (shape->word_bytes - 1)))
		return with_thp(shape, flags & shape->swapbacked ? MO_PAGE_SHMEM : MO_PAGE_FILE, order);
	if (flags & shape->lru)
		return MO_PAGE_ISOLATED;
	if (shape->pp_mask && (page_word(shape, page, shape->pp_magic, is_usual) & shape->pp_mask) == shape->pp_value)
		return MO_PAGE_PAGE_POOL;
	return MO_PAGE_DIRECT;
}

/* What the second struct page of a compound page says. */
struct compound_facts {
	unsigned order;
	bool is_hugetlb;
};

ALWAYS_INLINE struct compound_facts compound_facts_of(const struct page_shape *shape, const uint8_t *second)
{
	struct compound_facts facts = { .order = second[shape->order_offset - shape->page_struct_bytes] };

	if (shape->hugetlb_mark == HUGETLB_BY_TYPE || !shape->hugetlb_value)
		return facts;
	if (shape->hugetlb_mark == HUGETLB_BY_DTOR)
		facts.is_hugetlb = second[shape->hugetlb_offset - shape->page_struct_bytes] == shape->hugetlb_value;
	else
		facts.is_hugetlb = page_word(shape, second, shape->hugetlb_offset - shape->page_struct_bytes, false) &
				   shape->hugetlb_value;
	return facts;
}

/* The class of a page that is no tail and not in the buddy lists. */
ALWAYS_INLINE enum mo_page_class class_of_head(const struct page_shape *shape, const uint8_t *page, uint64_t flags,
					       struct compound_facts facts, bool is_usual)
{
	uint32_t page_type = page_half(shape, page, shape->page_type, is_usual);
	enum mo_page_class typed;

	if (flags & shape->hwpoison)
		return MO_PAGE_HWPOISON;
	/* First, as SLAB counted its objects where the type is. */
	if (flags & shape->slab)
		return MO_PAGE_SLAB;
	if (facts.is_hugetlb)
		return page_half(shape, page, shape->refcount, is_usual) ? MO_PAGE_HUGETLB_USED : MO_PAGE_HUGETLB_FREE;
	if (page_type_may_be_set(page_type)) {
		typed = class_of_typed(shape, page, page_type, flags, is_usual);
		if (typed != MO_N_PAGE_CLASSES)
			return typed;
	}
	return class_of_plain(shape, page, flags, facts.order, is_usual);
}

#endif
