/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The session's one shape of struct page: what is bound and what is refused, and whose head a page has in every form of it. */
#include "kernel_rows.h"

#include <string.h>

#include <memopsy/page_facts.h>

#define PAGES (BASE_KVA + 0x10000)
#define PAGE(pfn) (PAGES + (pfn) * 64ull)
#define EXT_SIZE (BASE_KVA + 0x100)
#define HEAD (1ull << 6)

#define ROW(of, name_, offset, n_bytes) { .type = of, .member = name_, .offset_bytes = offset, .bytes = n_bytes }

static const struct mo_fake_row rows_6_1[] = { MO_PAGE_ROWS, ROW("struct page", "compound_head", 8, 8),
					       ROW("struct page", "compound_mapcount", 16, 4) };
static const struct mo_fake_row rows_7_1[] = { MO_PAGE_ROWS, ROW("struct page", "compound_info", 8, 8),
					       ROW("struct page", "__folio_index", 32, 8),
					       ROW("struct folio", "_entire_mapcount", 84, 4),
					       ROW("struct zone", "vmemmap_tails", 1344, 8) };
static const struct mo_fake_row rows_without_refcount[] = {
	{ .type = "struct page", .bytes = 64 },		 ROW("struct page", "flags", 0, 8),
	ROW("struct page", "compound_head", 8, 8),	 ROW("struct page", "mapping", 24, 8),
	ROW("struct page", "private", 40, 8),		 ROW("struct page", "_mapcount.counter", 48, 4),
};
static const struct mo_fake_row rows_of_another_size[] = { { .type = "struct page", .bytes = 1024 } };

static const struct mo_fake_enumerator enumerators[] = { { "enum pageflags", "PG_head", 6 }, { "enum pageflags", "PG_slab", 9 } };
static const struct mo_fake_symbol symbols[] = { { "page_ext_size", EXT_SIZE, 8 } };

struct layout {
	const struct mo_page_shape *page;
};

static const struct mo_need needs[] = { MO_PAGE(struct layout, page) };
static const struct mo_need optional_needs[] = { MO_OPTIONAL_PAGE(struct layout, page) };

#define KERNEL_OF(rows_) kernel_of(rows_, N_ROWS(rows_))
static struct mo_kernel *kernel_of(const struct mo_fake_row *rows, size_t n_rows)
{
	struct mo_kernel *kernel = mo_fake_kernel(&(const struct mo_fake){
		.rows = rows, .n_rows = n_rows, .enumerators = enumerators, .n_enumerators = N_ROWS(enumerators),
		.symbols = symbols, .n_symbols = N_ROWS(symbols), .end_pfn = 1024 });

	mo_fake_map(kernel, BASE_KVA, 0x20000);
	return kernel;
}

static const struct mo_page_shape *shape_of(struct mo_kernel *kernel)
{
	struct layout layout = { .page = NULL };

	expect_success(mo_bind(kernel, needs, N_ROWS(needs), &layout));
	assert_non_null(layout.page);
	return layout.page;
}

static uint64_t read_head(struct mo_kernel *kernel, const struct mo_page_shape *shape, uint64_t page_kva)
{
	uint8_t bytes[MO_PAGE_STRUCT_BYTES_MAX];
	struct mo_reader *reader = NULL;
	uint64_t head_kva = 0;

	expect_success(mo_reader_create(kernel, &reader));
	expect_success(mo_page_read(reader, shape, page_kva, bytes, &head_kva));
	mo_reader_destroy(reader);
	return head_kva;
}

static void test_one_shape(void **unused)
{
	struct mo_kernel *kernel = KERNEL_OF(rows_6_1);
	const struct mo_page_shape *shape = shape_of(kernel);

	(void)unused;
	assert_ptr_equal(shape, shape_of(kernel)); /* one for all who ask */
	assert_int_equal(shape->struct_bytes, 64);
	assert_int_equal(shape->at.refcount, 52);
	assert_int_equal(shape->flag.head, HEAD);
	assert_int_equal(shape->flag.lru, 0);
	assert_true(mo_page_has_type(shape->types[MO_PAGE_TYPE_BUDDY], 0xffffff7f)); /* a macro until 6.9 */
	assert_false(shape->compound_is_mask);
	assert_int_equal(shape->field.entire_mapcount.offset_bytes, 64 + 16); /* of the second struct page */
	assert_false(mo_has(&shape->field.index));
	mo_fake_destroy(kernel);

	kernel = KERNEL_OF(rows_7_1);
	shape = shape_of(kernel);
	assert_true(shape->compound_is_mask);
	assert_int_equal(shape->field.entire_mapcount.offset_bytes, 84);
	assert_int_equal(shape->field.index.offset_bytes, 32);
	mo_fake_destroy(kernel);
}

static void expect_no_shape(struct mo_kernel *kernel, enum mo_error_code code, const char *why)
{
	struct layout layout = { .page = NULL };

	expect_error(mo_bind(kernel, needs, N_ROWS(needs), &layout), code, why);
	expect_success(mo_bind(kernel, optional_needs, N_ROWS(optional_needs), &layout));
	assert_null(layout.page);
	mo_fake_destroy(kernel);
}

static void test_no_shape(void **unused)
{
	(void)unused;
	expect_no_shape(KERNEL_OF(rows_without_refcount), MO_E_ABSENT, "_refcount");
	expect_no_shape(KERNEL_OF(rows_of_another_size), MO_E_ABSENT, "flags");
}

/* A head of 512 pages at page frame 512, as the kernel maps its struct pages where hugetlb's are optimised: 576 is a fake. */
static void test_heads(void **unused)
{
	struct mo_kernel *kernel = KERNEL_OF(rows_6_1);
	const struct mo_page_shape *shape = shape_of(kernel);

	(void)unused;
	mo_fake_put_u64(kernel, PAGE(512), HEAD);
	mo_fake_put_u64(kernel, PAGE(513) + 8, PAGE(512) | 1);
	mo_fake_put_u64(kernel, PAGE(576), HEAD);
	mo_fake_put_u64(kernel, PAGE(577) + 8, PAGE(512) | 1);
	mo_fake_put_u64(kernel, PAGE(600), HEAD);
	mo_fake_put_u64(kernel, PAGE(601) + 8, PAGE(512) | 1);
	mo_fake_put_u64(kernel, PAGE(640), 0);
	mo_fake_put_u64(kernel, PAGE(641) + 8, PAGE(512) | 1);
	assert_int_equal(read_head(kernel, shape, PAGE(512)), PAGE(512));
	assert_int_equal(read_head(kernel, shape, PAGE(513)), PAGE(512));
	assert_int_equal(read_head(kernel, shape, PAGE(576)), PAGE(512));
	assert_int_equal(read_head(kernel, shape, PAGE(577)), PAGE(512));
	assert_int_equal(read_head(kernel, shape, PAGE(600)), PAGE(600)); /* fakes begin a page of struct pages */
	assert_int_equal(read_head(kernel, shape, PAGE(640)), PAGE(640)); /* without PG_head it is none */
	mo_fake_break(kernel, PAGE(577), 64, MO_E_NOT_IN_DUMP);
	assert_int_equal(read_head(kernel, shape, PAGE(576)), PAGE(576)); /* not told without the one behind it */
	mo_fake_destroy(kernel);
}

static void test_masks(void **unused)
{
	struct mo_kernel *kernel = KERNEL_OF(rows_7_1);
	const struct mo_page_shape *shape = shape_of(kernel);
	uint64_t word = mo_page_tail_word(shape, PAGE(512), 3);

	(void)unused;
	assert_int_equal(word, ~0x1ffull | 1); /* 8 struct pages of 64 bytes */
	mo_fake_put_u64(kernel, PAGE(520) + 8, 0);
	mo_fake_put_u64(kernel, PAGE(521) + 8, word);
	mo_fake_put_u64(kernel, PAGE(527) + 8, word);
	assert_int_equal(read_head(kernel, shape, PAGE(521)), PAGE(520));
	assert_int_equal(read_head(kernel, shape, PAGE(527)), PAGE(520));
	mo_fake_destroy(kernel);
}

/* A fake is a tail of its head, to views as well. */
static void test_facts(void **unused)
{
	struct mo_kernel *kernel = KERNEL_OF(rows_6_1);
	const struct mo_page_shape *shape = shape_of(kernel);
	uint8_t pair[128] = { 0 };
	const uint64_t head = HEAD;
	const uint64_t word = PAGE(512) | 1;
	struct mo_page_facts facts;

	(void)unused;
	memcpy(pair, &head, 8);
	memcpy(pair + 64 + 8, &word, 8);
	mo_page_facts_of(shape, PAGE(576), MO_PAGE_HUGETLB_USED, pair, pair + 64, ~0ull, &facts);
	assert_true(facts.is_tail);
	assert_false(facts.is_head);
	assert_int_equal(facts.head_kva, PAGE(512));
	mo_page_facts_of(shape, PAGE(512), MO_PAGE_HUGETLB_USED, pair, pair + 64, ~0ull, &facts);
	assert_true(facts.is_head);
	mo_fake_destroy(kernel);
}

static void expect_ext(struct mo_kernel *kernel, uint64_t said, const char *why)
{
	struct mo_reader *reader = NULL;
	uint64_t n_bytes = 0;

	mo_fake_put_u64(kernel, EXT_SIZE, said);
	expect_success(mo_reader_create(kernel, &reader));
	if (why) {
		expect_error(mo_page_ext_bytes(reader, &n_bytes), MO_E_CORRUPT, why);
	} else {
		expect_success(mo_page_ext_bytes(reader, &n_bytes));
		assert_int_equal(n_bytes, said);
	}
	mo_reader_destroy(reader);
}

static void test_page_ext(void **unused)
{
	struct mo_kernel *kernel = KERNEL_OF(rows_6_1);

	(void)unused;
	expect_ext(kernel, 88, NULL);
	expect_ext(kernel, MO_PAGE_EXT_BYTES_MAX, NULL);
	expect_ext(kernel, MO_PAGE_EXT_BYTES_MAX + 8, "page_ext_size is 4104");
	expect_ext(kernel, 90, "page_ext_size is 90");
	mo_fake_destroy(kernel);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_one_shape), cmocka_unit_test(test_no_shape), cmocka_unit_test(test_heads),
		cmocka_unit_test(test_masks),	  cmocka_unit_test(test_facts),	   cmocka_unit_test(test_page_ext),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
