/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The numbers of struct mo_page_shape, out of what was bound. */
#include "page_shape.h"

#include <inttypes.h>

#include "page_type.h"

/* What is known without a word of the kernel: macros of include/linux/page-flags.h in 4.18 to 6.9. */
static uint32_t macro_of_type(const struct mo_page_shape *shape, enum mo_page_type type)
{
	/* PG_kmemcg stood between until 5.10 (18b2db3b0385), together with page->mem_cgroup. */
	bool has_kmemcg = mo_has(&shape->field.mem_cgroup);

	switch (type) {
	case MO_PAGE_TYPE_BUDDY:
		return 0x80;
	case MO_PAGE_TYPE_OFFLINE:
		return 0x100;
	case MO_PAGE_TYPE_TABLE:
		return has_kmemcg ? 0x400 : 0x200;
	case MO_PAGE_TYPE_GUARD:
		return has_kmemcg ? 0x800 : 0x400;
	default:
		return 0;
	}
}

static struct mo_page_type_test choose_type(const struct mo_kernel *kernel, const struct mo_page_shape *shape,
					    enum mo_page_type type)
{
	static const char *const keys[MO_N_PAGE_TYPES] = {
		[MO_PAGE_TYPE_BUDDY] = "NUMBER(PAGE_BUDDY_MAPCOUNT_VALUE)",
		[MO_PAGE_TYPE_OFFLINE] = "NUMBER(PAGE_OFFLINE_MAPCOUNT_VALUE)",
		[MO_PAGE_TYPE_HUGETLB] = "NUMBER(PAGE_HUGETLB_MAPCOUNT_VALUE)",
		[MO_PAGE_TYPE_SLAB] = "NUMBER(PAGE_SLAB_MAPCOUNT_VALUE)",
		[MO_PAGE_TYPE_UNACCEPTED] = "NUMBER(PAGE_UNACCEPTED_MAPCOUNT_VALUE)",
	};
	/* Where there is an enum pagetype at all, a type that it does not have does not exist. */
	uint32_t macro_bit = mo_has(&shape->type_values[MO_PAGE_TYPE_BUDDY]) ? 0 : macro_of_type(shape, type);

	return mo_page_type_test(kernel, keys[type], &shape->type_values[type], macro_bit);
}

static uint64_t mask_of(const struct mo_constant *bit)
{
	return mo_has(bit) && bit->value >= 0 && bit->value < 64 ? 1ull << bit->value : 0;
}

static void choose_flags(struct mo_page_shape *shape)
{
#define CHOOSE(name) shape->flag.name = mask_of(&shape->flag_bits[MO_PAGE_FLAG_##name]);
	MO_PAGE_FLAGS(CHOOSE)
#undef CHOOSE
}

static uint32_t last_byte(const struct mo_field *field, uint64_t from_bytes)
{
	return (uint32_t)(from_bytes + field->offset_bytes + (field->is_big_endian ? field->size_bytes - 1 : 0));
}

/* Where the order is, and how hugetlb is known; offsets are from the head's struct page. */
static void choose_compound(struct mo_page_shape *shape)
{
	uint64_t page_bytes = shape->struct_bytes;

	if (mo_has(&shape->field.compound_order))
		shape->order_offset = last_byte(&shape->field.compound_order, page_bytes);
	else if (mo_has(&shape->field.folio_order))
		shape->order_offset = last_byte(&shape->field.folio_order, 0);
	else if (mo_has(&shape->field.folio_flags_1))
		shape->order_offset = last_byte(&shape->field.folio_flags_1, 0);
	if (shape->order_offset < page_bytes || shape->order_offset >= 2 * page_bytes)
		shape->order_offset = 0;
	if (shape->types[MO_PAGE_TYPE_HUGETLB].mask) {
		shape->hugetlb_mark = MO_HUGETLB_BY_TYPE;
	} else if (mo_has(&shape->hugetlb_dtor) && mo_has(&shape->field.compound_dtor)) {
		shape->hugetlb_mark = MO_HUGETLB_BY_DTOR;
		shape->hugetlb_offset = last_byte(&shape->field.compound_dtor, page_bytes);
		shape->hugetlb_value = (uint64_t)shape->hugetlb_dtor.value & 0xff;
	} else if (mo_has(&shape->hugetlb_dtor) && mo_has(&shape->field.folio_dtor)) {
		shape->hugetlb_mark = MO_HUGETLB_BY_DTOR;
		shape->hugetlb_offset = last_byte(&shape->field.folio_dtor, 0);
		shape->hugetlb_value = (uint64_t)shape->hugetlb_dtor.value & 0xff;
	} else if (mo_has(&shape->field.folio_flags_1)) {
		shape->hugetlb_mark = MO_HUGETLB_BY_FLAG;
		shape->hugetlb_offset = (uint32_t)shape->field.folio_flags_1.offset_bytes;
		shape->hugetlb_value = shape->flag.hugetlb;
	}
	if (shape->hugetlb_mark != MO_HUGETLB_BY_TYPE &&
	    (shape->hugetlb_offset < page_bytes || shape->hugetlb_offset + shape->word_bytes > 2 * page_bytes))
		shape->hugetlb_value = 0;
	/* 7.1: masks, where struct page is a power of two and hugetlb may share tails (struct zone.vmemmap_tails). */
	shape->compound_is_mask = mo_has(&shape->field.zone_vmemmap_tails) && !(page_bytes & (page_bytes - 1));
	shape->struct_shift = (unsigned)__builtin_ctzll(page_bytes);
}

/*
 * PP_SIGNATURE (include/linux/poison.h) is 0x40 above POISON_POINTER_DELTA, which is 0xdead000000000000 on 64-bit
 * kernels. Since 6.15 an index of up to 32 bits stands from bit 7 on; bit 0 and 1 never count.
 */
static void choose_page_pool(struct mo_page_shape *shape)
{
	if (!mo_has(&shape->field.pp_magic) || shape->word_bytes != 8)
		return;
	shape->at.pp_magic = (uint32_t)shape->field.pp_magic.offset_bytes;
	shape->pp_mask = 0xffffff800000007c;
	shape->pp_value = 0xdead000000000040;
}

static struct mo_error *check_field(const struct mo_page_shape *shape, const struct mo_field *field, uint64_t width)
{
	if (field->size_bytes == width && field->offset_bytes + width <= shape->struct_bytes)
		return NULL;
	return mo_error_create(MO_E_UNSUPPORTED, "%s has %" PRIu64 " bytes at byte %" PRIu64 ", and not %" PRIu64,
			       field->name, field->size_bytes, field->offset_bytes, width);
}

static struct mo_error *check_fields(const struct mo_page_shape *shape)
{
	const struct mo_field *const words[] = { &shape->field.flags, &shape->field.compound,
						 &shape->field.mapping, &shape->field.private_ };
	const struct mo_field *const halves[] = { &shape->field.page_type, &shape->field.mapcount,
						  &shape->field.refcount };
	struct mo_error *error = NULL;

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]) && !error; i++)
		error = check_field(shape, words[i], shape->word_bytes);
	for (size_t i = 0; i < sizeof(halves) / sizeof(halves[0]) && !error; i++)
		error = check_field(shape, halves[i], 4);
	return error;
}

/* The members of the second struct page that somebody reads are where folios have them since. */
static void place_second_members(struct mo_page_shape *shape)
{
	struct mo_field *entire = &shape->field.entire_mapcount;

	if (mo_has(entire) || !mo_has(&shape->field.compound_mapcount))
		return;
	*entire = shape->field.compound_mapcount;
	entire->offset_bytes += shape->struct_bytes;
}

struct mo_error *mo_page_shape_finish(struct mo_kernel *kernel, void *layout)
{
	const struct mo_kernel_facts *facts = mo_kernel_facts(kernel);
	struct mo_page_shape *shape = layout;
	uint64_t n_orders = shape->field.zone_free_area.n_elements;

	if (shape->struct_size.bytes < 16 || shape->struct_size.bytes > MO_PAGE_STRUCT_BYTES_MAX)
		return mo_error_create(MO_E_CORRUPT, "struct page has %" PRIu64 " bytes", shape->struct_size.bytes);
	if (facts->pointer_bytes != 4 && facts->pointer_bytes != 8)
		return mo_error_create(MO_E_UNSUPPORTED, "pointers of %u bytes", facts->pointer_bytes);
	if (n_orders > 24)
		return mo_error_create(MO_E_CORRUPT, "struct zone has %" PRIu64 " orders of free blocks", n_orders);
	shape->struct_bytes = (uint32_t)shape->struct_size.bytes;
	shape->word_bytes = facts->pointer_bytes;
	shape->is_big_endian = facts->is_big_endian;
	shape->at.flags = (uint32_t)shape->field.flags.offset_bytes;
	shape->at.compound = (uint32_t)shape->field.compound.offset_bytes;
	shape->at.mapping = (uint32_t)shape->field.mapping.offset_bytes;
	shape->at.private_ = (uint32_t)shape->field.private_.offset_bytes;
	shape->at.page_type = (uint32_t)shape->field.page_type.offset_bytes;
	shape->at.mapcount = (uint32_t)shape->field.mapcount.offset_bytes;
	shape->at.refcount = (uint32_t)shape->field.refcount.offset_bytes;
	shape->page_bytes = facts->page_bytes;
	shape->kernel_half_kva = facts->pointer_bytes == 8 ? 0xffull << 56 : 1ull << 30;
	for (enum mo_page_type type = 0; type < MO_N_PAGE_TYPES; type++)
		shape->types[type] = choose_type(kernel, shape, type);
	choose_flags(shape);
	choose_compound(shape);
	choose_page_pool(shape);
	place_second_members(shape);
	shape->n_buddy_orders = n_orders ? (unsigned)n_orders : 11;
	/* A page table has page_bytes / 8 entries (64-bit entries; i386 with PAE too). */
	shape->pmd_order = facts->page_shift - 3;
	/* The largest hugetlb page is what a PUD maps. */
	shape->max_order = 2 * shape->pmd_order;
	return check_fields(shape);
}
