/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef MEMOPSY_PAGE_H
#define MEMOPSY_PAGE_H

/*
 * struct page: where its members are in this kernel, how its flags, types and compound pages are encoded, and which page
 * is the head of another (include/linux/mm_types.h, include/linux/page-flags.h).
 *
 * A plugin asks for it with a row of its needs, and has the session's one shape behind a pointer:
 *
 *	struct my_layout { const struct mo_page_shape *page; };
 *	MO_PAGE(struct my_layout, page),
 *
 * The shape is bound once a session and lives as long; it is read-only, for all threads. Loops take the plain numbers
 * of it (`at`, `flag`, `types`) with the inlined functions below; what is read now and then has a handle in `field`. The
 * decoder of classes is in page_class.h.
 */

#include <memopsy/layout.h>
#include <memopsy/report.h>

MO_API_BEGIN

#define MO_PAGE_STRUCT_BYTES_MAX 512u /* sizeof(struct page) */

/* Page types: what stands in page_type in place of a map count. */
enum mo_page_type {
	MO_PAGE_TYPE_BUDDY,
	MO_PAGE_TYPE_OFFLINE,
	MO_PAGE_TYPE_TABLE,
	MO_PAGE_TYPE_GUARD,
	MO_PAGE_TYPE_HUGETLB,
	MO_PAGE_TYPE_SLAB,
	MO_PAGE_TYPE_ZSMALLOC,
	MO_PAGE_TYPE_UNACCEPTED,
	MO_PAGE_TYPE_LARGE_KMALLOC,
	MO_N_PAGE_TYPES,
};

/* A page has the type if (page_type & mask) == value. mask 0: this kernel has no such type. */
struct mo_page_type_test {
	uint32_t mask;
	uint32_t value;
};

/* The flags that somebody asks for, without PG_; all names of enum pageflags are found when they are to be shown. */
#define MO_PAGE_FLAGS(X) \
	X(head) X(slab) X(reserved) X(lru) X(swapbacked) X(swapcache) X(unevictable) X(mlocked) X(dirty) X(writeback) \
	X(hwpoison) X(movable_ops) X(hugetlb) X(referenced) X(young) X(double_map)

#define MO_AS_INDEX_(name) MO_PAGE_FLAG_##name,
enum mo_page_flag { MO_PAGE_FLAGS(MO_AS_INDEX_) MO_N_PAGE_FLAGS };
#undef MO_AS_INDEX_

/* The low bits of page->mapping (include/linux/page-flags.h): 1 anon, 2 movable (until 6.17), 3 KSM. */
#define MO_MAPPING_ANON 1u
#define MO_MAPPING_MOVABLE 2u
#define MO_MAPPING_FLAGS 3u

/* How hugetlb pages are known. */
enum mo_hugetlb_mark {
	MO_HUGETLB_BY_TYPE = 0, /* page type of the head: 6.9 on */
	MO_HUGETLB_BY_DTOR = 1, /* compound_dtor, _folio_dtor: until 6.5 */
	MO_HUGETLB_BY_FLAG = 2, /* PG_hugetlb in _flags_1: 6.6 to 6.8 */
};

struct mo_page_shape {
	uint32_t struct_bytes;          /* sizeof(struct page) */
	uint32_t word_bytes;            /* of an unsigned long */
	bool is_big_endian;

	/* Offsets in struct page, in bytes. */
	struct {
		uint32_t flags, compound, mapping, private_, page_type, mapcount, refcount, pp_magic;
	} at;

	/* Flags as masks of page->flags; 0: this kernel has none. */
	struct {
#define MO_AS_MASK_(name) uint64_t name;
		MO_PAGE_FLAGS(MO_AS_MASK_)
#undef MO_AS_MASK_
	} flag;

	struct mo_page_type_test types[MO_N_PAGE_TYPES];

	uint64_t pp_mask, pp_value;     /* page_pool: (pp_magic & mask) == value; mask 0: none */

	uint32_t order_offset;          /* of a compound page's order, from its head's struct page; 0: not known */
	enum mo_hugetlb_mark hugetlb_mark;
	uint32_t hugetlb_offset;        /* MO_HUGETLB_BY_DTOR, _BY_FLAG: from the head's struct page */
	uint64_t hugetlb_value;         /* MO_HUGETLB_BY_DTOR: the id; _BY_FLAG: the mask; 0: no hugetlb */
	bool compound_is_mask;          /* 7.1: compound_info masks the page's address, and is no pointer */
	unsigned struct_shift;          /* log2 of struct_bytes, if compound_is_mask */

	unsigned n_buddy_orders;        /* NR_PAGE_ORDERS */
	unsigned max_order;             /* of a compound page */
	unsigned pmd_order;             /* of what a PMD maps */
	uint64_t page_bytes;            /* struct pages of so many bytes lie in one page, and may share its fate */
	uint64_t kernel_half_kva;       /* addresses from here on are the kernel's */

	/* Handles for what no loop reads. Those of folios count from the head's struct page. */
	struct {
		struct mo_field flags, compound, mapping, private_, page_type, mapcount, refcount;
		/* mo_has() tells. */
		struct mo_field index, buddy_next, buddy_prev, memcg, pp_magic;
		struct mo_field compound_order, compound_dtor, compound_mapcount; /* of the second struct page */
		struct mo_field folio_order, folio_dtor, folio_flags_1;
		struct mo_field entire_mapcount, large_mapcount, mm_ids;          /* of folios */
		struct mo_field mem_cgroup;                                       /* until 5.10 */
		struct mo_field zone_free_area, zone_vmemmap_tails;
	} field;

	/* What the above was made of. */
	struct mo_size struct_size;
	struct mo_constant flag_bits[MO_N_PAGE_FLAGS];
	struct mo_constant type_values[MO_N_PAGE_TYPES];
	struct mo_constant hugetlb_dtor;
};

/* The session's shape, for a row of needs: a pointer to it is bound. Optional ones are NULL where it is not to be had. */
const struct mo_layout_table *mo_page_table(void);
#define MO_PAGE(layout, into) MO_SHARED(layout, into, mo_page_table, "struct page")
#define MO_OPTIONAL_PAGE(layout, into) MO_SHARED(layout, into, mo_page_table, "struct page", .is_optional = true)

/* ---- Loads. is_usual: a 64-bit little-endian kernel, where each is one instruction. ---- */

#define MO_ALWAYS_INLINE_ static inline __attribute__((always_inline))

MO_ALWAYS_INLINE_ uint32_t mo_page_half(const struct mo_page_shape *shape, const uint8_t *page, uint32_t offset,
					bool is_usual)
{
	uint32_t value;

	memcpy(&value, page + offset, sizeof(value));
	return mo_is_swapped_(!is_usual && shape->is_big_endian) ? __builtin_bswap32(value) : value;
}

MO_ALWAYS_INLINE_ uint64_t mo_page_word(const struct mo_page_shape *shape, const uint8_t *page, uint32_t offset,
					bool is_usual)
{
	uint64_t value;

	if (!is_usual && shape->word_bytes == 4)
		return mo_page_half(shape, page, offset, false);
	memcpy(&value, page + offset, sizeof(value));
	return mo_is_swapped_(!is_usual && shape->is_big_endian) ? __builtin_bswap64(value) : value;
}

static inline bool mo_page_has_type(struct mo_page_type_test test, uint32_t page_type)
{
	return test.mask && (page_type & test.mask) == test.value;
}

/* ---- Compound pages ---- */

/* Whether a page is a tail: bit 0 of its compound word, in all forms of it. */
MO_ALWAYS_INLINE_ bool mo_page_is_tail(const struct mo_page_shape *shape, const uint8_t *page, bool is_usual)
{
	return mo_page_word(shape, page, shape->at.compound, is_usual) & 1;
}

/* The compound word of a tail page of the block that begins with the struct page at head_kva. */
MO_ALWAYS_INLINE_ uint64_t mo_page_tail_word(const struct mo_page_shape *shape, uint64_t head_kva, unsigned order)
{
	uint64_t all = shape->word_bytes == 8 ? UINT64_MAX : UINT32_MAX;

	if (shape->compound_is_mask)
		return (all << (order + shape->struct_shift) & all) | 1;
	return head_kva | 1;
}

/* The head that the compound word of a tail page names. */
MO_ALWAYS_INLINE_ uint64_t mo_page_tail_head_kva(const struct mo_page_shape *shape, uint64_t page_kva, uint64_t word)
{
	return shape->compound_is_mask ? page_kva & word & ~1ull : word & ~1ull;
}

/*
 * With the vmemmap of hugetlb pages optimised (HVO, 5.18 to 7.0: mm/hugetlb_vmemmap.c) the struct pages of tails are
 * mapped onto the first ones, so that the first in each page of struct pages looks like a head. Such a fake names its
 * head in the struct page after it (page_fixed_fake_head()). Whether this may be one, so that the next must be asked:
 */
MO_ALWAYS_INLINE_ bool mo_page_may_be_fake_head(const struct mo_page_shape *shape, uint64_t page_kva, uint64_t flags)
{
	return !shape->compound_is_mask && flags & shape->flag.head && !(page_kva & (shape->page_bytes - 1));
}

/* The head of a page with PG_head, by the compound word of the struct page after it: itself, or the head of a fake. */
MO_ALWAYS_INLINE_ uint64_t mo_page_fixed_head_kva(const struct mo_page_shape *shape, uint64_t page_kva,
						  uint64_t second_word)
{
	bool is_fake = !shape->compound_is_mask && second_word & 1 && !(page_kva & (shape->page_bytes - 1));

	return is_fake ? second_word - 1 : page_kva;
}

/*
 * The struct page of the head of the compound page that a page belongs to, and the page's own for others. second: the
 * struct page after it; NULL: it cannot be had, and fakes are not told.
 */
static inline uint64_t mo_page_head_kva(const struct mo_page_shape *shape, uint64_t page_kva, const uint8_t *page,
					const uint8_t *second)
{
	uint64_t word = mo_page_word(shape, page, shape->at.compound, false);

	if (word & 1)
		return mo_page_tail_head_kva(shape, page_kva, word);
	if (!second || !mo_page_may_be_fake_head(shape, page_kva, mo_page_word(shape, page, shape->at.flags, false)))
		return page_kva;
	return mo_page_fixed_head_kva(shape, page_kva, mo_page_word(shape, second, shape->at.compound, false));
}

/*
 * Reads the struct page at page_kva into bytes (room for MO_PAGE_STRUCT_BYTES_MAX) and finds its head. A struct page behind
 * it that cannot be read leaves fakes untold.
 */
struct mo_error *mo_page_read(struct mo_reader *reader, const struct mo_page_shape *shape, uint64_t page_kva, uint8_t *bytes,
			      uint64_t *head_kva) MO_MUST_USE;

/* What the second struct page of a compound page says. */
struct mo_compound_facts {
	unsigned order;         /* of damaged ones more than max_order */
	bool is_hugetlb;        /* where the type of the head does not tell */
};

/* Only where shape->order_offset is set. */
MO_ALWAYS_INLINE_ struct mo_compound_facts mo_compound_facts_of(const struct mo_page_shape *shape, const uint8_t *second)
{
	struct mo_compound_facts facts;

	facts.order = second[shape->order_offset - shape->struct_bytes];
	facts.is_hugetlb = false;
	if (shape->hugetlb_mark == MO_HUGETLB_BY_TYPE || !shape->hugetlb_value)
		return facts;
	if (shape->hugetlb_mark == MO_HUGETLB_BY_DTOR)
		facts.is_hugetlb = second[shape->hugetlb_offset - shape->struct_bytes] == shape->hugetlb_value;
	else
		facts.is_hugetlb = (mo_page_word(shape, second, shape->hugetlb_offset - shape->struct_bytes, false) &
				    shape->hugetlb_value) != 0;
	return facts;
}

/* ---- struct page_ext ---- */

#define MO_PAGE_EXT_BYTES_MAX 4096u /* far above what struct page_ext and all its users add up to */

/*
 * page_ext_size (mm/page_ext.c): bytes of the record that each page has beside its struct page, which stand in one array
 * a section (struct mo_memmap_section). 0: this kernel has none. MO_E_CORRUPT: a size that cannot be.
 */
struct mo_error *mo_page_ext_bytes(struct mo_reader *reader, uint64_t *ret) MO_MUST_USE;

MO_API_END

#endif
