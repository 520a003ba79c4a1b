/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What struct page and struct folio are called by: the one table of their members, flags and types. */
#include "mm_layouts.h"
#include "page_shape.h"

#define L struct mo_page_shape
#define OPTIONAL .is_optional = true

#define MM_TYPES "include/linux/mm_types.h: "
#define PAGE_FLAGS_H "include/linux/page-flags.h: "

#define FLAG(name) MO_CONSTANT(L, flag_bits[MO_PAGE_FLAG_##name], "enum pageflags", "PG_" #name, OPTIONAL),
#define TYPE(index, name) \
	MO_CONSTANT(L, type_values[MO_PAGE_TYPE_##index], "enum pagetype", "PGTY_" #name, .or_names = { "PG_" #name }, OPTIONAL, \
		    .why = PAGE_FLAGS_H "enumerators in 6.10, a value in the top byte since 6.12; macros before"),

static const struct mo_need rows[] = {
	MO_SIZE(L, struct_size, "struct page"),
	MO_FIELD(L, field.flags, "struct page", "flags", .why = MM_TYPES "a struct of one word since 6.18"),
	MO_FIELD(L, field.compound, "struct page", "compound_info", .or_names = { "struct page.compound_head" },
		 .why = MM_TYPES "compound_info in 7.1, which may hold a mask; bit 0 is set in tail pages either way"),
	MO_FIELD(L, field.mapping, "struct page", "mapping"),
	MO_FIELD(L, field.private_, "struct page", "private"),
	MO_FIELD(L, field.page_type, "struct page", "page_type", .or_names = { "struct page._mapcount.counter" },
		 .why = MM_TYPES "page_type since 4.18, in the place of _mapcount"),
	MO_FIELD(L, field.mapcount, "struct page", "_mapcount.counter"),
	MO_FIELD(L, field.refcount, "struct page", "_refcount.counter"),
	MO_FIELD(L, field.index, "struct page", "__folio_index", .or_names = { "struct page.index" }, OPTIONAL,
		 .why = MM_TYPES "renamed in 6.16, and the same member of struct folio throughout"),
	MO_FIELD(L, field.buddy_next, "struct page", "buddy_list.next", .or_names = { "struct page.lru.next" }, OPTIONAL,
		 .why = MM_TYPES "a name of its own in 6.1, not in 5.10; the place is lru's"),
	MO_FIELD(L, field.buddy_prev, "struct page", "buddy_list.prev", .or_names = { "struct page.lru.prev" }, OPTIONAL),
	MO_FIELD(L, field.memcg, "struct page", "memcg_data", .or_names = { "struct folio.memcg_data", "struct page.mem_cgroup" },
		 OPTIONAL, .why = MM_TYPES "mem_cgroup until 5.10, memcg_data since 5.11 (bcfe06bf2622); CONFIG_MEMCG"),
	MO_FIELD(L, field.mem_cgroup, "struct page", "mem_cgroup", OPTIONAL,
		 .why = "until 5.10 (18b2db3b0385), as long as there was PG_kmemcg"),
	MO_FIELD(L, field.pp_magic, "struct page", "pp_magic", OPTIONAL, .why = "net/core/page_pool.c: since 5.14"),
	MO_FIELD(L, field.compound_order, "struct page", "compound_order", OPTIONAL,
		 .why = MM_TYPES "of the first tail page; in struct folio since 6.3"),
	MO_FIELD(L, field.compound_dtor, "struct page", "compound_dtor", OPTIONAL,
		 .why = MM_TYPES "of the first tail page; in struct folio since 6.3, gone in 6.6"),
	MO_FIELD(L, field.compound_mapcount, "struct page", "compound_mapcount", OPTIONAL,
		 .why = MM_TYPES "of the first tail page; in struct folio since 6.2"),
	MO_FIELD(L, field.folio_order, "struct folio", "_folio_order", OPTIONAL, .why = MM_TYPES "6.1 to 6.5"),
	MO_FIELD(L, field.folio_dtor, "struct folio", "_folio_dtor", OPTIONAL, .why = MM_TYPES "6.1 to 6.5"),
	MO_FIELD(L, field.folio_flags_1, "struct folio", "_flags_1", OPTIONAL,
		 .why = MM_TYPES "its low byte is the order since 6.6"),
	MO_FIELD(L, field.entire_mapcount, "struct folio", "_entire_mapcount", OPTIONAL,
		 .why = MM_TYPES "compound_mapcount of the second struct page until 6.2"),
	MO_FIELD(L, field.large_mapcount, "struct folio", "_large_mapcount", OPTIONAL, .why = MM_TYPES "6.10"),
	MO_FIELD(L, field.mm_ids, "struct folio", "_mm_ids", OPTIONAL,
		 .why = MM_TYPES "6.15; CONFIG_NO_PAGE_MAPCOUNT may leave single pages uncounted from then on"),
	MO_FIELD(L, field.zone_free_area, "struct zone", "free_area", OPTIONAL),
	MO_FIELD(L, field.zone_vmemmap_tails, "struct zone", "vmemmap_tails", OPTIONAL,
		 .why = "include/linux/mmzone.h: 7.1; with it compound_info holds masks"),

	MO_PAGE_FLAGS(FLAG)
	TYPE(BUDDY, buddy)
	TYPE(OFFLINE, offline)
	TYPE(TABLE, table)
	TYPE(GUARD, guard)
	TYPE(HUGETLB, hugetlb)
	TYPE(SLAB, slab)
	TYPE(ZSMALLOC, zsmalloc)
	TYPE(UNACCEPTED, unaccepted)
	MO_CONSTANT(L, type_values[MO_PAGE_TYPE_LARGE_KMALLOC], "enum pagetype", "PGTY_large_kmalloc", OPTIONAL,
		    .why = PAGE_FLAGS_H "since 6.15"),
	MO_CONSTANT(L, hugetlb_dtor, "enum compound_dtor_id", "HUGETLB_PAGE_DTOR", OPTIONAL,
		    .why = "include/linux/mm.h: until 6.5"),
};

const struct mo_layout_table mo_page_shape_table = {
	.id = MO_LAYOUT_PAGE,
	.layout_bytes = sizeof(struct mo_page_shape),
	.needs = rows,
	.n_needs = MO_N_ROWS(rows),
	.finish = mo_page_shape_finish,
};

const struct mo_layout_table *mo_page_table(void)
{
	return &mo_page_shape_table;
}
