/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "page_shape.h"

#include <inttypes.h>

/* What is known without a word of the kernel: macros of include/linux/page-flags.h in 4.18 to 6.9. */
static uint32_t macro_of_type(const struct mem_map_layout *layout, enum page_type type)
{
	/* PG_kmemcg stood between until 5.10 (18b2db3b0385), together with page->mem_cgroup. */
	bool has_kmemcg = mo_has(&layout->page.mem_cgroup);

	switch (type) {
	case TYPE_BUDDY:
		return 0x80;
	case TYPE_OFFLINE:
		return 0x100;
	case TYPE_TABLE:
		return has_kmemcg ? 0x400 : 0x200;
	case TYPE_GUARD:
		return has_kmemcg ? 0x800 : 0x400;
	default:
		return 0;
	}
}

static struct mo_page_type_test choose_type(const struct mo_kernel *kernel, const struct mem_map_layout *layout,
					    enum page_type type)
{
	static const char *const keys[N_PAGE_TYPES] = {
		[TYPE_BUDDY] = "NUMBER(PAGE_BUDDY_MAPCOUNT_VALUE)",
		[TYPE_OFFLINE] = "NUMBER(PAGE_OFFLINE_MAPCOUNT_VALUE)",
		[TYPE_HUGETLB] = "NUMBER(PAGE_HUGETLB_MAPCOUNT_VALUE)",
		[TYPE_SLAB] = "NUMBER(PAGE_SLAB_MAPCOUNT_VALUE)",
		[TYPE_UNACCEPTED] = "NUMBER(PAGE_UNACCEPTED_MAPCOUNT_VALUE)",
	};
	/* Where there is an enum pagetype at all, a type that it does not have does not exist. */
	uint32_t macro_bit = mo_has(&layout->types[TYPE_BUDDY]) ? 0 : macro_of_type(layout, type);

	return mo_page_type_test(kernel, keys[type], &layout->types[type], macro_bit);
}

static uint64_t flag(const struct mem_map_layout *layout, enum page_flag which)
{
	const struct mo_constant *bit = &layout->flags[which];

	return mo_has(bit) && bit->value >= 0 && bit->value < 64 ? 1ull << bit->value : 0;
}

static void choose_flags(const struct mem_map_layout *layout, struct page_shape *shape)
{
	shape->head = flag(layout, AT_PG_head);
	shape->slab = flag(layout, AT_PG_slab);
	shape->reserved = flag(layout, AT_PG_reserved);
	shape->lru = flag(layout, AT_PG_lru);
	shape->swapbacked = flag(layout, AT_PG_swapbacked);
	shape->swapcache = flag(layout, AT_PG_swapcache);
	shape->unevictable = flag(layout, AT_PG_unevictable);
	shape->mlocked = flag(layout, AT_PG_mlocked);
	shape->dirty = flag(layout, AT_PG_dirty);
	shape->writeback = flag(layout, AT_PG_writeback);
	shape->hwpoison = flag(layout, AT_PG_hwpoison);
	shape->movable_ops = flag(layout, AT_PG_movable_ops);
}

static uint32_t last_byte(const struct mo_field *field, uint64_t from_bytes)
{
	return (uint32_t)(from_bytes + field->offset_bytes + (field->is_big_endian ? field->size_bytes - 1 : 0));
}

/* Where the order is, and how hugetlb is known; offsets are from the head's struct page. */
static void choose_compound(const struct mem_map_layout *layout, struct page_shape *shape)
{
	uint64_t page_bytes = layout->page.size.bytes;

	if (mo_has(&layout->page.compound_order))
		shape->order_offset = last_byte(&layout->page.compound_order, page_bytes);
	else if (mo_has(&layout->folio.order))
		shape->order_offset = last_byte(&layout->folio.order, 0);
	else if (mo_has(&layout->folio.flags_1))
		shape->order_offset = last_byte(&layout->folio.flags_1, 0);
	if (shape->order_offset < page_bytes || shape->order_offset >= 2 * page_bytes)
		shape->order_offset = 0;
	if (shape->types[TYPE_HUGETLB].mask) {
		shape->hugetlb_mark = HUGETLB_BY_TYPE;
	} else if (mo_has(&layout->hugetlb_dtor) && mo_has(&layout->page.compound_dtor)) {
		shape->hugetlb_mark = HUGETLB_BY_DTOR;
		shape->hugetlb_offset = last_byte(&layout->page.compound_dtor, page_bytes);
		shape->hugetlb_value = (uint64_t)layout->hugetlb_dtor.value & 0xff;
	} else if (mo_has(&layout->hugetlb_dtor) && mo_has(&layout->folio.dtor)) {
		shape->hugetlb_mark = HUGETLB_BY_DTOR;
		shape->hugetlb_offset = last_byte(&layout->folio.dtor, 0);
		shape->hugetlb_value = (uint64_t)layout->hugetlb_dtor.value & 0xff;
	} else if (mo_has(&layout->folio.flags_1)) {
		shape->hugetlb_mark = HUGETLB_BY_FLAG;
		shape->hugetlb_offset = (uint32_t)layout->folio.flags_1.offset_bytes;
		shape->hugetlb_value = flag(layout, AT_PG_hugetlb);
	}
	if (shape->hugetlb_mark != HUGETLB_BY_TYPE &&
	    (shape->hugetlb_offset < page_bytes || shape->hugetlb_offset + shape->word_bytes > 2 * page_bytes))
		shape->hugetlb_value = 0;
	/* 7.1: masks, where struct page is a power of two and hugetlb may share tails (struct zone.vmemmap_tails). */
	shape->compound_is_mask = mo_has(&layout->zone_vmemmap_tails) && !(page_bytes & (page_bytes - 1));
	shape->page_struct_shift = (unsigned)__builtin_ctzll(page_bytes);
}

/*
 * PP_SIGNATURE (include/linux/poison.h) is 0x40 above POISON_POINTER_DELTA, which is 0xdead000000000000 on 64-bit
 * kernels. Since 6.15 an index of up to 32 bits stands from bit 7 on; bit 0 and 1 never count.
 */
static void choose_page_pool(const struct mem_map_layout *layout, struct page_shape *shape)
{
	if (!mo_has(&layout->page.pp_magic) || shape->word_bytes != 8)
		return;
	shape->pp_magic = (uint32_t)layout->page.pp_magic.offset_bytes;
	shape->pp_mask = 0xffffff800000007c;
	shape->pp_value = 0xdead000000000040;
}

static struct mo_error *check_field(const struct page_shape *shape, const struct mo_field *field, uint64_t width)
{
	if (field->size_bytes == width && field->offset_bytes + width <= shape->page_struct_bytes)
		return NULL;
	return mo_error_create(MO_E_UNSUPPORTED, "%s has %" PRIu64 " bytes at byte %" PRIu64 ", and not %" PRIu64,
			       field->name, field->size_bytes, field->offset_bytes, width);
}

static struct mo_error *check_fields(const struct page_shape *shape, const struct mem_map_layout *layout)
{
	const struct mo_field *const words[] = { &layout->page.flags, &layout->page.compound_head,
						 &layout->page.mapping, &layout->page.private_ };
	const struct mo_field *const halves[] = { &layout->page.page_type, &layout->page.mapcount,
						  &layout->page.refcount };
	struct mo_error *error = NULL;

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]) && !error; i++)
		error = check_field(shape, words[i], shape->word_bytes);
	for (size_t i = 0; i < sizeof(halves) / sizeof(halves[0]) && !error; i++)
		error = check_field(shape, halves[i], 4);
	return error;
}

struct mo_error *choose_page_shape(struct mo_kernel *kernel, const struct mem_map_layout *layout,
				   struct page_shape *ret)
{
	const struct mo_kernel_facts *facts = mo_kernel_facts(kernel);
	struct page_shape shape = {
		.page_struct_bytes = (uint32_t)layout->page.size.bytes,
		.word_bytes = facts->pointer_bytes,
		.is_big_endian = facts->is_big_endian,
		.flags = (uint32_t)layout->page.flags.offset_bytes,
		.compound = (uint32_t)layout->page.compound_head.offset_bytes,
		.mapping = (uint32_t)layout->page.mapping.offset_bytes,
		.private_ = (uint32_t)layout->page.private_.offset_bytes,
		.page_type = (uint32_t)layout->page.page_type.offset_bytes,
		.mapcount = (uint32_t)layout->page.mapcount.offset_bytes,
		.refcount = (uint32_t)layout->page.refcount.offset_bytes,
		.page_table_bytes = facts->page_bytes,
		.kernel_half = facts->pointer_bytes == 8 ? 0xffull << 56 : 1ull << 30,
	};
	struct mo_error *error;

	if (layout->page.size.bytes < 16 || layout->page.size.bytes > 512)
		return mo_error_create(MO_E_CORRUPT, "struct page has %" PRIu64 " bytes", layout->page.size.bytes);
	if (facts->pointer_bytes != 4 && facts->pointer_bytes != 8)
		return mo_error_create(MO_E_UNSUPPORTED, "pointers of %u bytes", facts->pointer_bytes);
	for (enum page_type type = 0; type < N_PAGE_TYPES; type++)
		shape.types[type] = choose_type(kernel, layout, type);
	choose_flags(layout, &shape);
	choose_compound(layout, &shape);
	choose_page_pool(layout, &shape);
	shape.n_buddy_orders = layout->zone_free_area.n_elements ? (unsigned)layout->zone_free_area.n_elements : 11;
	if (shape.n_buddy_orders > 24)
		return mo_error_create(MO_E_CORRUPT, "struct zone has %u orders of free blocks", shape.n_buddy_orders);
	/* A page table has page_bytes / 8 entries (64-bit entries; i386 with PAE too). */
	shape.pmd_order = facts->page_shift - 3;
	/* The largest hugetlb page is what a PUD maps. */
	shape.most_order = 2 * shape.pmd_order;
	error = check_fields(&shape, layout);
	if (!error)
		*ret = shape;
	return error;
}
