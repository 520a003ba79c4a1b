/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "toy_mem_map.h"

#define PAGE(member_name, offset, size) \
	{ .type = "struct page", .member = member_name, .offset_bytes = offset, .bytes = size }

#define SHARED_ROWS \
	{ .type = "struct page", .bytes = 64 }, PAGE("flags", 0, 8), PAGE("mapping", 24, 8), PAGE("private", 40, 8), \
		PAGE("page_type", 48, 4), PAGE("_mapcount.counter", 48, 4), PAGE("_refcount.counter", 52, 4), \
		PAGE("pp_magic", 8, 8), { .type = "struct zone", .bytes = 1664 }, \
		{ .type = "struct zone", .member = "free_area", .offset_bytes = 192, .bytes = 104, .n_elements = 11 }

static const struct mo_fake_row rows_6_1[] = {
	SHARED_ROWS, PAGE("compound_head", 8, 8), PAGE("compound_dtor", 16, 1), PAGE("compound_order", 17, 1),
	PAGE("memcg_data", 56, 8),
};
static const struct mo_fake_row rows_6_12[] = {
	SHARED_ROWS,
	PAGE("compound_head", 8, 8),
	{ .type = "struct folio", .bytes = 256 },
	{ .type = "struct folio", .member = "_flags_1", .offset_bytes = 64, .bytes = 8 },
};
static const struct mo_fake_row rows_7_1[] = {
	SHARED_ROWS,
	PAGE("compound_info", 8, 8),
	{ .type = "struct folio", .bytes = 256 },
	{ .type = "struct folio", .member = "_flags_1", .offset_bytes = 64, .bytes = 8 },
	{ .type = "struct zone", .member = "vmemmap_tails", .offset_bytes = 1344, .bytes = 8, .n_elements = 4 },
};

#define FLAG(flag_name, bit) { .enum_name = "enum pageflags", .name = flag_name, .value = bit }
#define SHARED_FLAGS \
	FLAG("PG_lru", 5), FLAG("PG_head", 6), FLAG("PG_reserved", 12), FLAG("PG_swapbacked", 17), \
		FLAG("PG_unevictable", 18), FLAG("PG_mlocked", 19), FLAG("PG_hwpoison", 20), FLAG("PG_swapcache", 10)
#define TYPE(type_name, type_value) { .enum_name = "enum pagetype", .name = type_name, .value = type_value }

static const struct mo_fake_enumerator enumerators_6_1[] = {
	SHARED_FLAGS, FLAG("PG_slab", 9),
	{ .enum_name = "enum compound_dtor_id", .name = "HUGETLB_PAGE_DTOR", .value = 2 },
};
/* 7.1 has one type more; 6.12 is without it. */
static const struct mo_fake_enumerator enumerators_7_1[] = {
	TYPE("PGTY_large_kmalloc", 0xf8), SHARED_FLAGS, TYPE("PGTY_buddy", 0xf0), TYPE("PGTY_offline", 0xf1),
	TYPE("PGTY_table", 0xf2), TYPE("PGTY_guard", 0xf3), TYPE("PGTY_hugetlb", 0xf4), TYPE("PGTY_slab", 0xf5),
	TYPE("PGTY_zsmalloc", 0xf6), TYPE("PGTY_unaccepted", 0xf7),
};

static const struct mo_fake_enumerator enumerators_6_10[] = {
	SHARED_FLAGS, TYPE("PG_buddy", 0x40000000), TYPE("PG_offline", 0x20000000), TYPE("PG_table", 0x10000000),
	TYPE("PG_guard", 0x08000000), TYPE("PG_hugetlb", 0x04000000), TYPE("PG_slab", 0x02000000),
	TYPE("PG_zsmalloc", 0x01000000),
};

#define VARIABLES_KVA 0xffffffff82000000ull
#define IMAGE(part) (TOY_IMAGE_KVA + (part) * 4 * 4096)

static const struct mo_fake_symbol symbols[] = {
	{ "mem_map", VARIABLES_KVA, 8 },        { "max_mapnr", VARIABLES_KVA + 8, 8 },
	{ "zero_pfn", VARIABLES_KVA + 16, 8 },  { "_text", IMAGE(0), 0 },
	{ "_etext", IMAGE(1), 0 },              { "_sdata", IMAGE(1), 0 },
	{ "_edata", IMAGE(2), 0 },              { "__init_begin", IMAGE(2), 0 },
	{ "__init_end", IMAGE(3), 0 },          { "_end", IMAGE(3), 0 },
};

uint64_t toy_page_kva(uint64_t pfn)
{
	return TOY_MAP_KVA + pfn * 64;
}

void toy_flags(struct toy *toy, uint64_t pfn, uint64_t flags)
{
	/* High bits say zone and node, and must not matter. */
	mo_fake_put_u64(toy->kernel, toy_page_kva(pfn), flags | 0x0017ffffc0000000);
}

void toy_mapping(struct toy *toy, uint64_t pfn, uint64_t mapping)
{
	mo_fake_put_u64(toy->kernel, toy_page_kva(pfn) + 24, mapping);
}

void toy_refcount(struct toy *toy, uint64_t pfn, uint32_t refcount)
{
	mo_fake_put_u32(toy->kernel, toy_page_kva(pfn) + 52, refcount);
}

void toy_mapcount(struct toy *toy, uint64_t pfn, uint32_t raw)
{
	mo_fake_put_u32(toy->kernel, toy_page_kva(pfn) + 48, raw);
}

void toy_compound_word(struct toy *toy, uint64_t pfn, uint64_t word)
{
	mo_fake_put_u64(toy->kernel, toy_page_kva(pfn) + 8, word);
}

void toy_type(struct toy *toy, uint64_t pfn, enum toy_type type)
{
	static const uint32_t bits[] = { [TOY_BUDDY] = 0x80, [TOY_OFFLINE] = 0x100, [TOY_TABLE] = 0x200 };
	static const uint32_t high_bits[] = {
		[TOY_BUDDY] = 0x40000000,   [TOY_OFFLINE] = 0x20000000,	   [TOY_TABLE] = 0x10000000,
		[TOY_HUGETLB] = 0x04000000, [TOY_TYPED_SLAB] = 0x02000000, [TOY_ZSMALLOC] = 0x01000000
	};
	static const uint32_t values[] = { [TOY_BUDDY] = 0xf0, [TOY_OFFLINE] = 0xf1, [TOY_TABLE] = 0xf2,
					   [TOY_HUGETLB] = 0xf4, [TOY_TYPED_SLAB] = 0xf5, [TOY_ZSMALLOC] = 0xf6,
					   [TOY_LARGE_KMALLOC] = 0xf8 };

	if (toy->encoding == TOY_6_1)
		toy_mapcount(toy, pfn, ~bits[type]);
	else if (toy->encoding == TOY_6_10)
		toy_mapcount(toy, pfn, ~high_bits[type]);
	else
		toy_mapcount(toy, pfn, values[type] << 24);
}

void toy_free(struct toy *toy, uint64_t pfn, unsigned order)
{
	toy_type(toy, pfn, TOY_BUDDY);
	mo_fake_put_u64(toy->kernel, toy_page_kva(pfn) + 40, order);
	for (uint64_t i = 0; i < 1ull << order; i++)
		toy_refcount(toy, pfn + i, 0);
}

void toy_compound(struct toy *toy, uint64_t pfn, unsigned order, uint64_t flags)
{
	uint64_t word = toy->encoding == TOY_7_1 ? (~0ull << (order + 6)) | 1 : toy_page_kva(pfn) | 1;

	toy_flags(toy, pfn, flags | TOY_HEAD);
	for (uint64_t i = 1; i < 1ull << order; i++) {
		toy_compound_word(toy, pfn + i, word);
		toy_refcount(toy, pfn + i, 0);
	}
	if (toy->encoding == TOY_6_1)
		mo_fake_put_u8(toy->kernel, toy_page_kva(pfn + 1) + 17, (uint8_t)order);
	else
		mo_fake_put_u8(toy->kernel, toy_page_kva(pfn + 1), (uint8_t)order);
}

void toy_hugetlb(struct toy *toy, uint64_t pfn)
{
	if (toy->encoding == TOY_6_1)
		mo_fake_put_u8(toy->kernel, toy_page_kva(pfn + 1) + 16, 2);
	else
		toy_type(toy, pfn, TOY_HUGETLB);
}

static void map_pages(struct toy *toy, uint64_t n_pages, size_t view_bytes)
{
	if (!view_bytes)
		view_bytes = (size_t)n_pages * 64;
	for (uint64_t at = 0; at < n_pages * 64; at += view_bytes)
		mo_fake_map(toy->kernel, TOY_MAP_KVA + at,
			    view_bytes < n_pages * 64 - at ? view_bytes : n_pages * 64 - at);
	for (uint64_t pfn = 0; pfn < n_pages; pfn++) {
		toy_flags(toy, pfn, 0);
		toy_mapcount(toy, pfn, UINT32_MAX);
		toy_refcount(toy, pfn, 1);
	}
}

void toy_init(struct toy *toy, enum toy_encoding encoding, uint64_t n_pages, size_t view_bytes)
{
	size_t skipped = encoding == TOY_6_12; /* large kmalloc */
	struct mo_fake fake = { .symbols = symbols,
				.n_symbols = N_ROWS(symbols),
				.end_pfn = n_pages ? n_pages : TOY_PAGES };

	if (encoding == TOY_6_1) {
		fake.rows = rows_6_1;
		fake.n_rows = N_ROWS(rows_6_1);
		fake.enumerators = enumerators_6_1;
		fake.n_enumerators = N_ROWS(enumerators_6_1);
		fake.vmcoreinfo = "NUMBER(PAGE_BUDDY_MAPCOUNT_VALUE)=-129\nNUMBER(PAGE_OFFLINE_MAPCOUNT_VALUE)=-257\n";
	} else if (encoding == TOY_6_10) {
		fake.rows = rows_6_12;
		fake.n_rows = N_ROWS(rows_6_12);
		fake.enumerators = enumerators_6_10;
		fake.n_enumerators = N_ROWS(enumerators_6_10);
		fake.vmcoreinfo = "NUMBER(PAGE_BUDDY_MAPCOUNT_VALUE)=-1073741825\n";
	} else {
		fake.rows = encoding == TOY_7_1 ? rows_7_1 : rows_6_12;
		fake.n_rows = encoding == TOY_7_1 ? N_ROWS(rows_7_1) : N_ROWS(rows_6_12);
		fake.enumerators = enumerators_7_1 + skipped;
		fake.n_enumerators = N_ROWS(enumerators_7_1) - skipped;
		fake.vmcoreinfo =
			"NUMBER(PAGE_BUDDY_MAPCOUNT_VALUE)=-268435456\nNUMBER(PAGE_SLAB_MAPCOUNT_VALUE)=-184549376\n";
	}
	*toy = (struct toy){ .encoding = encoding, .kernel = mo_fake_kernel(&fake) };
	mo_fake_map(toy->kernel, VARIABLES_KVA, 24);
	mo_fake_put_u64(toy->kernel, VARIABLES_KVA, TOY_MAP_KVA);
	mo_fake_put_u64(toy->kernel, VARIABLES_KVA + 8, fake.end_pfn);
	mo_fake_put_u64(toy->kernel, VARIABLES_KVA + 16, TOY_IMAGE_PFN + 5);
	map_pages(toy, fake.end_pfn, view_bytes);
}

void toy_destroy(struct toy *toy)
{
	fake_run_destroy(toy->run);
	mo_fake_destroy(toy->kernel);
}

void toy_gather(struct toy *toy)
{
	struct mo_error *error;
	uint64_t sum = 0;

	toy->run = fake_run_try(toy->kernel, memopsy_plugin_entry_mem_map(), &error);
	expect_success(error);
	toy->model = mo_run_model(toy->run);
	for (unsigned class = 0; class < MO_N_PAGE_CLASSES; class++)
		sum += toy->model->pages[class];
	assert_int_equal(sum, toy->model->n_pages);
	sum = 0;
	for (size_t i = 0; i < toy->model->n_runs; i++)
		sum += toy->model->runs[i].n_pages;
	assert_int_equal(sum, toy->model->n_pages);
}

void expect_classes(const struct toy *toy, uint64_t first_pfn, uint64_t n_pages, enum mo_page_class class)
{
	for (uint64_t i = 0; i < n_pages; i++)
		if (mo_page_class_of(toy->model, first_pfn + i) != class)
			fail_msg("page frame %llu is %s, and not %s", (unsigned long long)(first_pfn + i),
				 toy->model->classes[mo_page_class_of(toy->model, first_pfn + i)].name,
				 toy->model->classes[class].name);
}
