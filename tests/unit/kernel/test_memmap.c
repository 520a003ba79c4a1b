/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "kernel_rows.h"

#include <memopsy/memmap.h>

#define TABLE_POINTER (BASE_KVA + 0x100) /* struct mem_section **mem_section */
#define HIGHEST (BASE_KVA + 0x108)
#define MEM_MAP (BASE_KVA + 0x110)
#define MAX_MAPNR (BASE_KVA + 0x118)
#define ROOTS (BASE_KVA + 0x1000)        /* mem_section[] */
#define SECTIONS(root) (BASE_KVA + 0x10000 + (root) * 0x1000ull)
#define USAGE (BASE_KVA + 0x8000)
#define VMEMMAP 0xffffea0000000000ull
#define PER_ROOT 128ull
#define SECTION_PAGES 0x8000ull

/* Flags of section_mem_map. */
#define PRESENT 1u
#define HAS_MAP 2u
#define IS_ONLINE 4u
#define EARLY 8u
#define NORMAL (PRESENT | HAS_MAP | IS_ONLINE | EARLY)

static const struct mo_fake_row sparse_rows[] = {
	{ .type = "struct page", .bytes = 64 },
	{ .type = "struct mem_section", .bytes = 32 },
	{ .type = "struct mem_section", .member = "section_mem_map", .offset_bytes = 0, .bytes = 8 },
	{ .type = "struct mem_section", .member = "usage", .offset_bytes = 8, .bytes = 8 },
	{ .type = "struct mem_section_usage", .member = "subsection_map", .offset_bytes = 8, .bytes = 8, .n_elements = 1 },
};

static const struct mo_fake_symbol sparse_symbols[] = {
	{ .name = "mem_section", .kva = TABLE_POINTER, .bytes = 8 },
	{ .name = "__highest_present_section_nr", .kva = HIGHEST, .bytes = 8 },
};

static const char vmcoreinfo[] = "OSRELEASE=6.1.0\n"
				 "SYMBOL(mem_section)=ffff888000001000\n"
				 "LENGTH(mem_section)=4096\n"
				 "NUMBER(SECTION_SIZE_BITS)=27\n"
				 "NUMBER(MAX_PHYSMEM_BITS)=46\n";

static const struct mo_fake sparse = {
	.rows = sparse_rows, .n_rows = N_ROWS(sparse_rows), .symbols = sparse_symbols, .n_symbols = N_ROWS(sparse_symbols),
	.vmcoreinfo = vmcoreinfo, .end_pfn = 256 * SECTION_PAGES,
};

static void put_section(struct mo_kernel *kernel, uint64_t number, uint64_t encoded)
{
	mo_fake_put_u64(kernel, SECTIONS(number / PER_ROOT) + number % PER_ROOT * 32, encoded);
}

/* Sections 0 to 2 and 5 of boot memory; roots for 0 to 255. */
static struct mo_kernel *sparse_kernel(const struct mo_fake *fake)
{
	struct mo_kernel *kernel = mo_fake_kernel(fake);

	mo_fake_map(kernel, BASE_KVA, 0x20000);
	mo_fake_put_u64(kernel, TABLE_POINTER, ROOTS);
	mo_fake_put_u64(kernel, HIGHEST, 200);
	mo_fake_put_u64(kernel, ROOTS, SECTIONS(0));
	mo_fake_put_u64(kernel, ROOTS + 8, SECTIONS(1));
	put_section(kernel, 0, VMEMMAP | NORMAL);
	put_section(kernel, 1, VMEMMAP | NORMAL);
	put_section(kernel, 2, VMEMMAP | NORMAL);
	put_section(kernel, 3, PRESENT); /* present, and no struct pages */
	put_section(kernel, 5, VMEMMAP | NORMAL);
	return kernel;
}

static void check_basic(const struct mo_memmap *map)
{
	uint64_t value = 0;

	assert_int_equal(map->n_runs, 2);
	assert_int_equal(map->runs[0].first_pfn, 0);
	assert_int_equal(map->runs[0].n_pages, 3 * SECTION_PAGES);
	assert_int_equal(map->runs[0].first_page_kva, VMEMMAP);
	assert_int_equal(map->runs[1].first_pfn, 5 * SECTION_PAGES);
	assert_int_equal(map->runs[1].n_pages, SECTION_PAGES);
	assert_int_equal(map->n_pages, 4 * SECTION_PAGES);
	assert_int_equal(map->page_struct_bytes, 64);
	assert_int_equal(map->n_unreadable_sections, 0);
	assert_null(map->remark);
	assert_string_equal(map->model, "SPARSEMEM_VMEMMAP");
	expect_success(mo_pfn_to_page(map, 0x1234, &value));
	assert_int_equal(value, VMEMMAP + 0x1234 * 64);
	expect_success(mo_page_to_pfn(map, VMEMMAP + 6 * SECTION_PAGES * 64 - 64, &value));
	assert_int_equal(value, 6 * SECTION_PAGES - 1);
	expect_error(mo_pfn_to_page(map, 3 * SECTION_PAGES, &value), MO_E_ABSENT, "page frame 0x18000 has no struct page");
	expect_error(mo_pfn_to_page(map, UINT64_MAX, &value), MO_E_ABSENT, "has no struct page");
	expect_error(mo_page_to_pfn(map, VMEMMAP + 3 * SECTION_PAGES * 64, &value), MO_E_ABSENT, "is not the address of a");
	expect_error(mo_page_to_pfn(map, 0, &value), MO_E_ABSENT, "0x0 is not the address of a struct page");
	expect_error(mo_page_to_pfn(map, VMEMMAP + 65, &value), MO_E_INVALID,
		     "0xffffea0000000041 lies within the struct page at 0xffffea0000000040");
}

static void test_extreme(void **state)
{
	struct mo_kernel *kernel = sparse_kernel(&sparse);
	const struct mo_memmap *map = NULL;
	const struct mo_memmap *again = NULL;

	(void)state;
	expect_success(mo_memmap(mo_fake_reader(kernel), &map));
	check_basic(map);
	expect_success(mo_memmap(mo_fake_reader(kernel), &again));
	assert_ptr_equal(map, again);
	mo_fake_destroy(kernel);
}

/* Without VMCOREINFO: the symbol is of a pointer to the table (4.15 on), or of the table (before). */
static void test_without_vmcoreinfo(void **state)
{
	struct mo_fake fake = sparse;
	struct mo_fake_symbol old_symbol = { .name = "mem_section", .kva = ROOTS, .bytes = 4096 * 8 };
	const struct mo_memmap *map = NULL;
	struct mo_kernel *kernel;

	(void)state;
	fake.vmcoreinfo = NULL;
	kernel = sparse_kernel(&fake);
	expect_success(mo_memmap(mo_fake_reader(kernel), &map));
	check_basic(map);
	mo_fake_destroy(kernel);

	fake.symbols = &old_symbol;
	fake.n_symbols = 1;
	kernel = sparse_kernel(&fake);
	expect_success(mo_memmap(mo_fake_reader(kernel), &map));
	check_basic(map);
	mo_fake_destroy(kernel);
}

/* An array of sections, as without SPARSEMEM_EXTREME. */
static void test_array_of_sections(void **state)
{
	struct mo_fake fake = sparse;
	const struct mo_memmap *map = NULL;
	struct mo_kernel *kernel;
	unsigned i;

	(void)state;
	fake.vmcoreinfo = "SYMBOL(mem_section)=ffff888000010000\n"
			  "LENGTH(mem_section)=64\n"
			  "NUMBER(SECTION_SIZE_BITS)=27\n"
			  "NUMBER(MAX_PHYSMEM_BITS)=33\n";
	fake.n_symbols = 0;
	kernel = sparse_kernel(&fake);
	for (i = 6; i < 64; i++)
		put_section(kernel, i, 0);
	expect_success(mo_memmap(mo_fake_reader(kernel), &map));
	check_basic(map);
	mo_fake_destroy(kernel);
}

/* Each section's struct pages lie where there was room: nothing merges but by chance. */
static void test_without_vmemmap(void **state)
{
	struct mo_fake fake = sparse;
	const struct mo_memmap *map = NULL;
	struct mo_kernel *kernel;
	uint64_t value = 0;

	(void)state;
	fake.n_rows = 3; /* before 5.3: no usage */
	kernel = sparse_kernel(&fake);
	/* Section 1 lies below section 0, and 2 behind 0. */
	put_section(kernel, 0, (BASE_KVA + 0x40000000) | PRESENT | HAS_MAP);
	put_section(kernel, 1, (BASE_KVA + 0x10000000 - 1 * SECTION_PAGES * 64) | PRESENT | HAS_MAP);
	put_section(kernel, 2, (BASE_KVA + 0x40000000 - 1 * SECTION_PAGES * 64) | PRESENT | HAS_MAP);
	put_section(kernel, 5, (BASE_KVA + 0x40000000 - 1 * SECTION_PAGES * 64) | PRESENT | HAS_MAP);
	expect_success(mo_memmap(mo_fake_reader(kernel), &map));
	assert_string_equal(map->model, "SPARSEMEM");
	assert_int_equal(map->n_runs, 4);
	assert_int_equal(map->n_offline_runs, 0); /* no section is online: a kernel that does not say */
	expect_success(mo_pfn_to_page(map, SECTION_PAGES + 7, &value));
	assert_int_equal(value, BASE_KVA + 0x10000000 + 7 * 64);
	expect_success(mo_page_to_pfn(map, BASE_KVA + 0x10000000 + 7 * 64, &value));
	assert_int_equal(value, SECTION_PAGES + 7);
	expect_success(mo_page_to_pfn(map, BASE_KVA + 0x40000000 + SECTION_PAGES * 64, &value));
	assert_int_equal(value, 2 * SECTION_PAGES);
	mo_fake_destroy(kernel);
}

static void test_hot_added_and_devices(void **state)
{
	struct mo_kernel *kernel = sparse_kernel(&sparse);
	const struct mo_memmap *map = NULL;
	uint64_t value = 0;

	(void)state;
	/* 6: hot-added, not online. 7: of a device, with struct pages for two of its 64 subsections. 8: unreadable ones. */
	put_section(kernel, 6, VMEMMAP | PRESENT | HAS_MAP);
	put_section(kernel, 7, VMEMMAP | PRESENT | HAS_MAP | 1u << 4);
	mo_fake_put_u64(kernel, SECTIONS(0) + 7 * 32 + 8, USAGE);
	mo_fake_put_u64(kernel, USAGE + 8, 1ull << 63 | 1ull << 3);
	put_section(kernel, 8, VMEMMAP | PRESENT | HAS_MAP | IS_ONLINE);
	mo_fake_put_u64(kernel, SECTIONS(0) + 8 * 32 + 8, USAGE + 0x100);
	mo_fake_break(kernel, USAGE + 0x108, 8, MO_E_NOT_IN_DUMP);
	expect_success(mo_memmap(mo_fake_reader(kernel), &map));
	assert_int_equal(map->n_runs, 2);
	assert_int_equal(map->n_pages, 4 * SECTION_PAGES);
	assert_int_equal(map->n_offline_runs, 3);
	assert_int_equal(map->offline_runs[0].first_pfn, 6 * SECTION_PAGES);
	assert_int_equal(map->offline_runs[0].n_pages, SECTION_PAGES);
	assert_int_equal(map->offline_runs[1].first_pfn, 7 * SECTION_PAGES + 3 * 512);
	assert_int_equal(map->offline_runs[1].n_pages, 512);
	assert_int_equal(map->offline_runs[2].first_pfn, 7 * SECTION_PAGES + 63 * 512);
	assert_int_equal(map->n_unreadable_sections, 1);
	assert_non_null(strstr(map->remark, "cannot read which subsections section 8 has"));
	expect_success(mo_pfn_to_page(map, 6 * SECTION_PAGES, &value));
	expect_success(mo_page_to_pfn(map, value, &value));
	assert_int_equal(value, 6 * SECTION_PAGES);
	expect_error(mo_pfn_to_page(map, 7 * SECTION_PAGES, &value), MO_E_ABSENT, "has no struct page");
	mo_fake_destroy(kernel);
}

static void test_broken_tables(void **state)
{
	struct mo_kernel *kernel = sparse_kernel(&sparse);
	const struct mo_memmap *map = NULL;
	struct mo_fake fake = sparse;

	(void)state;
	/* The second page of sections is a wild pointer; one section decodes to no address of a kernel. */
	mo_fake_put_u64(kernel, ROOTS + 8, 0x1234567);
	put_section(kernel, 9, 0x1000 | NORMAL);
	expect_success(mo_memmap(mo_fake_reader(kernel), &map));
	assert_int_equal(map->n_runs, 2);
	assert_int_equal(map->n_unreadable_sections, PER_ROOT + 1);
	assert_non_null(strstr(map->remark, "mem_section[1] is 0x1234567, which is no kernel pointer"));
	mo_fake_destroy(kernel);

	kernel = sparse_kernel(&sparse);
	mo_fake_break(kernel, SECTIONS(0), 4096, MO_E_NOT_IN_DUMP);
	expect_error(mo_memmap(mo_fake_reader(kernel), &map), MO_E_CORRUPT,
		     "cannot find the memory map: no section of memory has struct pages: cannot read the sections of "
		     "memory from 0 on");
	mo_fake_destroy(kernel);

	/* A table that cannot be read is not guessed from what lies beside the pointer: that would decode to sections, too. */
	for (unsigned has_vmcoreinfo = 0; has_vmcoreinfo < 2; has_vmcoreinfo++) {
		fake.vmcoreinfo = has_vmcoreinfo ? vmcoreinfo : NULL;
		kernel = sparse_kernel(&fake);
		mo_fake_put_u64(kernel, TABLE_POINTER + 16, SECTIONS(0));
		mo_fake_break(kernel, ROOTS, 4096, MO_E_NOT_IN_DUMP);
		expect_error(mo_memmap(mo_fake_reader(kernel), &map), MO_E_CORRUPT,
			     "no section of memory has struct pages: cannot read mem_section[0] and on");
		mo_fake_destroy(kernel);
	}
	fake = sparse;
	fake.end_pfn = 2 * SECTION_PAGES + 1;
	kernel = sparse_kernel(&fake);
	expect_success(mo_memmap(mo_fake_reader(kernel), &map));
	assert_int_equal(map->n_pages, 3 * SECTION_PAGES);
	assert_int_equal(map->n_unreadable_sections, 1);
	assert_non_null(strstr(map->remark, "section 5 would be memory behind the end of all memory"));
	mo_fake_destroy(kernel);
	fake.max_pages = 2 * SECTION_PAGES;
	kernel = sparse_kernel(&fake);
	expect_error(mo_memmap(mo_fake_reader(kernel), &map), MO_E_LIMIT,
		     "the sections claim more than 65536 page frames, which a dump of this size cannot hold");
	mo_fake_destroy(kernel);

	fake = sparse;
	fake.vmcoreinfo = "SYMBOL(mem_section)=ffff888000001000\nNUMBER(SECTION_SIZE_BITS)=13\nNUMBER(MAX_PHYSMEM_BITS)=57\n";
	kernel = sparse_kernel(&fake);
	expect_error(mo_memmap(mo_fake_reader(kernel), &map), MO_E_CORRUPT,
		     "SECTION_SIZE_BITS is 13 and MAX_PHYSMEM_BITS is 57");
	mo_fake_destroy(kernel);

	fake = sparse;
	fake.n_rows = 1;
	kernel = sparse_kernel(&fake);
	expect_error(mo_memmap(mo_fake_reader(kernel), &map), MO_E_ABSENT, "struct mem_section is unknown");
	mo_fake_destroy(kernel);
}

/* Every root is the same page of sections: the number of sections is bounded, whatever the table says. */
static void test_too_many_sections(void **state)
{
	struct mo_fake fake = sparse;
	struct mo_kernel *kernel;
	const struct mo_memmap *map = NULL;
	uint64_t i;

	(void)state;
	fake.vmcoreinfo = "SYMBOL(mem_section)=ffff888000100000\n"
			  "LENGTH(mem_section)=262144\n"
			  "NUMBER(SECTION_SIZE_BITS)=27\n"
			  "NUMBER(MAX_PHYSMEM_BITS)=52\n";
	fake.n_symbols = 0;
	kernel = sparse_kernel(&fake);
	mo_fake_map(kernel, BASE_KVA + 0x100000, 262144 * 8);
	for (i = 0; i < 8200; i++)
		mo_fake_put_u64(kernel, BASE_KVA + 0x100000 + i * 8, SECTIONS(0));
	for (i = 0; i < PER_ROOT; i++)
		put_section(kernel, i, (VMEMMAP + i * 4096) | NORMAL);
	expect_error(mo_memmap(mo_fake_reader(kernel), &map), MO_E_LIMIT, "more than 1048576 sections of memory");
	mo_fake_destroy(kernel);
}

static void test_flat(void **state)
{
	static const struct mo_fake_symbol symbols[] = {
		{ .name = "mem_map", .kva = MEM_MAP, .bytes = 8 },
		{ .name = "max_mapnr", .kva = MAX_MAPNR, .bytes = 8 },
	};
	struct mo_fake fake = { .rows = sparse_rows, .n_rows = 1, .symbols = symbols, .n_symbols = 2 };
	struct mo_kernel *kernel = mo_fake_kernel(&fake);
	const struct mo_memmap *map = NULL;
	uint64_t value = 0;

	(void)state;
	mo_fake_map(kernel, BASE_KVA, 0x1000);
	mo_fake_put_u64(kernel, MEM_MAP, BASE_KVA + 0x1000000);
	mo_fake_put_u64(kernel, MAX_MAPNR, 1000);
	expect_success(mo_memmap(mo_fake_reader(kernel), &map));
	assert_string_equal(map->model, "FLATMEM");
	assert_int_equal(map->n_runs, 1);
	assert_int_equal(map->n_pages, 1000);
	expect_success(mo_page_to_pfn(map, BASE_KVA + 0x1000000 + 999 * 64, &value));
	assert_int_equal(value, 999);
	mo_fake_destroy(kernel);

	kernel = mo_fake_kernel(&fake);
	mo_fake_map(kernel, BASE_KVA, 0x1000);
	mo_fake_put_u64(kernel, MEM_MAP, BASE_KVA + 0x1000000);
	mo_fake_put_u64(kernel, MAX_MAPNR, 1ull << 60);
	expect_error(mo_memmap(mo_fake_reader(kernel), &map), MO_E_CORRUPT, "max_mapnr is 1152921504606846976");
	mo_fake_destroy(kernel);

	fake.n_symbols = 0;
	kernel = mo_fake_kernel(&fake);
	expect_error(mo_memmap(mo_fake_reader(kernel), &map), MO_E_ABSENT, "neither mem_section nor mem_map was found");
	mo_fake_destroy(kernel);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_extreme),
		cmocka_unit_test(test_without_vmcoreinfo),
		cmocka_unit_test(test_array_of_sections),
		cmocka_unit_test(test_without_vmemmap),
		cmocka_unit_test(test_hot_added_and_devices),
		cmocka_unit_test(test_broken_tables),
		cmocka_unit_test(test_too_many_sections),
		cmocka_unit_test(test_flat),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
