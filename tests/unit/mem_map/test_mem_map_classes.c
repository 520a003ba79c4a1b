/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The class of every kind of page, in each encoding of struct page. */
#include "toy_mem_map.h"

#include <stdlib.h>
#include <string.h>

#define KERNEL_POINTER 0xffff888012345600ull

static enum toy_encoding encoding_of(void **state)
{
	return *(const enum toy_encoding *)*state;
}

static void test_free_blocks(void **state)
{
	struct toy toy;

	toy_init(&toy, encoding_of(state), 0, 0);
	toy_free(&toy, 0, 10);
	toy_free(&toy, 1024, 0);
	toy_free(&toy, 1026, 1);
	toy_gather(&toy);
	expect_classes(&toy, 0, 1025, MO_PAGE_FREE_BUDDY);
	expect_class(&toy, 1025, MO_PAGE_DIRECT);
	expect_classes(&toy, 1026, 2, MO_PAGE_FREE_BUDDY);
	expect_class(&toy, 1028, MO_PAGE_DIRECT);
	assert_int_equal(toy.model->pages[MO_PAGE_FREE_BUDDY], 1027);
	assert_int_equal(toy.model->contradicting_pages, 0);
	toy_destroy(&toy);
}

static void test_process_pages(void **state)
{
	struct toy toy;

	toy_init(&toy, encoding_of(state), 0, 0);
	toy_flags(&toy, 1, TOY_LRU | TOY_SWAPBACKED);
	toy_mapping(&toy, 1, KERNEL_POINTER | 1);
	toy_mapcount(&toy, 1, 0);
	toy_flags(&toy, 2, TOY_LRU | TOY_SWAPBACKED | TOY_SWAPCACHE);
	toy_mapping(&toy, 2, KERNEL_POINTER | 1);
	toy_mapcount(&toy, 2, 0);
	toy_flags(&toy, 3, TOY_LRU | TOY_SWAPBACKED | TOY_SWAPCACHE);
	toy_mapping(&toy, 3, KERNEL_POINTER | 1);
	toy_flags(&toy, 4, TOY_LRU);
	toy_mapping(&toy, 4, KERNEL_POINTER);
	toy_flags(&toy, 5, TOY_LRU | TOY_SWAPBACKED | TOY_UNEVICTABLE | TOY_MLOCKED);
	toy_mapping(&toy, 5, KERNEL_POINTER);
	toy_flags(&toy, 6, TOY_SWAPBACKED | TOY_SWAPCACHE);
	toy_flags(&toy, 7, TOY_LRU);
	toy_mapping(&toy, 8, KERNEL_POINTER | 3);
	toy_mapping(&toy, 9, KERNEL_POINTER | 2);
	toy_mapping(&toy, 10, 0x1234567890);
	toy_gather(&toy);
	expect_class(&toy, 1, MO_PAGE_ANON);
	expect_class(&toy, 2, MO_PAGE_ANON);
	expect_class(&toy, 3, MO_PAGE_SWAP_CACHE);
	expect_class(&toy, 4, MO_PAGE_FILE);
	expect_class(&toy, 5, MO_PAGE_SHMEM);
	expect_class(&toy, 6, MO_PAGE_SWAP_CACHE);
	expect_class(&toy, 7, MO_PAGE_ISOLATED);
	expect_class(&toy, 8, MO_PAGE_ANON); /* KSM */
	expect_class(&toy, 9, MO_PAGE_ZSMALLOC);
	expect_class(&toy, 10, MO_PAGE_DIRECT); /* no kernel pointer */
	assert_int_equal(toy.model->marked_pages[MO_MARK_SWAP_CACHE], 3);
	assert_int_equal(toy.model->marked_pages[MO_MARK_LRU], 6);
	assert_int_equal(toy.model->marked_pages[MO_MARK_UNEVICTABLE], 1);
	assert_int_equal(toy.model->marked_pages[MO_MARK_MLOCKED], 1);
	toy_destroy(&toy);
}

static void test_typed_pages(void **state)
{
	struct toy toy;
	enum toy_encoding encoding = encoding_of(state);

	toy_init(&toy, encoding, 0, 0);
	toy_type(&toy, 1, TOY_TABLE);
	toy_type(&toy, 2, TOY_OFFLINE);
	toy_type(&toy, 3, TOY_OFFLINE);
	toy_mapping(&toy, 3, KERNEL_POINTER | 2);
	if (encoding == TOY_6_1) {
		toy_flags(&toy, 4, TOY_SLAB);
		toy_mapcount(&toy, 4, 17); /* SLAB's active */
	} else {
		toy_type(&toy, 4, TOY_TYPED_SLAB);
		toy_type(&toy, 5, TOY_ZSMALLOC);
		if (encoding != TOY_6_10)
			toy_type(&toy, 6, TOY_LARGE_KMALLOC);
	}
	mo_fake_put_u64(toy.kernel, toy_page_kva(7) + 8, 0xdead000000000040);
	mo_fake_put_u64(toy.kernel, toy_page_kva(8) + 8, 0xdead000000000100); /* LIST_POISON1 */
	toy_flags(&toy, 9, TOY_HWPOISON | TOY_LRU);
	toy_gather(&toy);
	expect_class(&toy, 1, MO_PAGE_PAGE_TABLE);
	expect_class(&toy, 2, MO_PAGE_OFFLINE);
	expect_class(&toy, 3, MO_PAGE_BALLOON);
	expect_class(&toy, 4, MO_PAGE_SLAB);
	expect_class(&toy, 5, encoding == TOY_6_1 ? MO_PAGE_DIRECT : MO_PAGE_ZSMALLOC);
	expect_class(&toy, 6, encoding == TOY_7_1 ? MO_PAGE_LARGE_KMALLOC : MO_PAGE_DIRECT);
	expect_class(&toy, 7, MO_PAGE_PAGE_POOL);
	expect_class(&toy, 8, MO_PAGE_DIRECT);
	expect_class(&toy, 9, MO_PAGE_HWPOISON);
	toy_destroy(&toy);
}

/* Also with views of one page, so that heads stand at their ends. */
static void check_compound(enum toy_encoding encoding, size_t view_bytes)
{
	struct toy toy;

	toy_init(&toy, encoding, 0, view_bytes);
	toy_compound(&toy, 0, 9, TOY_LRU | TOY_SWAPBACKED);
	toy_mapping(&toy, 0, KERNEL_POINTER | 1);
	toy_compound(&toy, 512, 2, TOY_LRU);
	toy_mapping(&toy, 512, KERNEL_POINTER);
	toy_compound(&toy, 1024, 9, 0);
	toy_hugetlb(&toy, 1024);
	toy_compound(&toy, 1536, 9, 0);
	toy_hugetlb(&toy, 1536);
	toy_refcount(&toy, 1536, 0);
	toy_compound(&toy, 2048, 3, 0);
	toy_flags(&toy, 2048 + 5, TOY_HWPOISON);
	toy_compound(&toy, 62, 1, TOY_SWAPBACKED); /* inside the huge page: it is the huge page's head that lies then */
	toy_gather(&toy);
	expect_classes(&toy, 0, 62, MO_PAGE_ANON_THP);
	expect_classes(&toy, 512, 4, MO_PAGE_FILE);
	expect_class(&toy, 516, MO_PAGE_DIRECT);
	expect_classes(&toy, 1024, 512, MO_PAGE_HUGETLB_USED);
	expect_classes(&toy, 1536, 512, MO_PAGE_HUGETLB_FREE);
	expect_classes(&toy, 2048, 5, MO_PAGE_DIRECT);
	expect_class(&toy, 2053, MO_PAGE_HWPOISON);
	expect_classes(&toy, 2054, 2, MO_PAGE_DIRECT);
	assert_int_equal(toy.model->pages[MO_PAGE_HWPOISON], 1);
	toy_destroy(&toy);
}

static void test_compound_pages(void **state)
{
	check_compound(encoding_of(state), 0);
	check_compound(encoding_of(state), 4096);
	/* struct pages across the ends of views */
	check_compound(encoding_of(state), 4096 + 32);
}

/* A page of more than one chunk: the second chunk begins with tails and has to ask their head. */
static void test_gigantic_page(void **state)
{
	struct toy toy;

	toy_init(&toy, encoding_of(state), 65536 + 2, 1 << 20);
	toy_compound(&toy, 0, 16, 0);
	toy_hugetlb(&toy, 0);
	toy_gather(&toy);
	expect_classes(&toy, 0, TOY_EXCLUDED_PFN, MO_PAGE_HUGETLB_USED);
	expect_classes(&toy, 32768, 32768, MO_PAGE_HUGETLB_USED);
	expect_classes(&toy, 65536, 2, MO_PAGE_DIRECT);
	assert_int_equal(toy.model->contradicting_pages, 0);
	toy_destroy(&toy);
}

static void test_places(void **state)
{
	struct toy toy;

	toy_init(&toy, encoding_of(state), 0, 0);
	for (unsigned i = 0; i < TOY_IMAGE_PAGES; i++)
		toy_flags(&toy, TOY_IMAGE_PFN + i, TOY_RESERVED);
	toy_flags(&toy, TOY_IMAGE_PFN + 9, 0); /* of the init sections, given back and taken */
	toy_flags(&toy, 5, TOY_RESERVED);
	for (unsigned i = 0; i < TOY_HOLE_PAGES; i++)
		toy_flags(&toy, TOY_HOLE_PFN + i, TOY_RESERVED);
	toy_gather(&toy);
	expect_classes(&toy, TOY_IMAGE_PFN, 4, MO_PAGE_KERNEL_TEXT);
	expect_class(&toy, TOY_IMAGE_PFN + 4, MO_PAGE_KERNEL_DATA);
	expect_class(&toy, TOY_IMAGE_PFN + 5, MO_PAGE_ZERO);
	expect_class(&toy, TOY_IMAGE_PFN + 8, MO_PAGE_KERNEL_INIT);
	expect_class(&toy, TOY_IMAGE_PFN + 9, MO_PAGE_DIRECT);
	expect_class(&toy, 5, MO_PAGE_RESERVED);
	expect_classes(&toy, TOY_HOLE_PFN, TOY_HOLE_PAGES, MO_PAGE_HOLE);
	assert_int_equal(toy.model->excluded_pages, TOY_EXCLUDED_PAGES);
	assert_int_equal(toy.model->excluded[MO_PAGE_DIRECT], TOY_EXCLUDED_PAGES);
	assert_int_equal(toy.model->marked_pages[MO_MARK_RESERVED], TOY_IMAGE_PAGES - 1 + 1 + TOY_HOLE_PAGES);
	toy_destroy(&toy);
}

/*
 * HVO from 5.18 to 7.0: every 64th struct page of a huge page is a picture of the first. The larger one begins a chunk
 * with such a picture.
 */
static void check_fake_heads(uint64_t first_pfn, unsigned order, uint64_t n_pages)
{
	struct toy toy;

	toy_init(&toy, TOY_6_1, n_pages, 0);
	toy_compound(&toy, first_pfn, order, 0);
	toy_hugetlb(&toy, first_pfn);
	for (uint64_t i = 64; i < 1ull << order; i += 64) {
		toy_flags(&toy, first_pfn + i, TOY_HEAD);
		toy_compound_word(&toy, first_pfn + i, 0);
		mo_fake_put_u8(toy.kernel, toy_page_kva(first_pfn + i + 1) + 17, (uint8_t)order);
		mo_fake_put_u8(toy.kernel, toy_page_kva(first_pfn + i + 1) + 16, 2);
	}
	toy_gather(&toy);
	expect_classes(&toy, first_pfn, 1ull << order, MO_PAGE_HUGETLB_USED);
	assert_int_equal(toy.model->contradicting_pages, 0);
	toy_destroy(&toy);
}

static void test_fake_heads(void **state)
{
	(void)state;
	check_fake_heads(512, 9, 0);
	check_fake_heads(0, 16, 65536);
}

static void test_usage(void **state)
{
	struct toy toy;
	char *text;

	toy_init(&toy, encoding_of(state), 0, 4096);
	toy_free(&toy, 0, 9);
	toy_compound(&toy, 512, 9, TOY_LRU | TOY_SWAPBACKED);
	toy_mapping(&toy, 512, KERNEL_POINTER | 1);
	toy_gather(&toy);
	text = fake_run_flagged(toy.run, "usage", NULL);
	assert_non_null(strstr(text, "\nanon-thp    512   2.0 MiB    6.3 %  "));
	assert_non_null(strstr(text, "\ntotal      8192  32.0 MiB  100.0 %  "));
	assert_non_null(strstr(text, "87.4 % of memory was allocated directly from the buddy allocator"));
	assert_null(strstr(text, "hugetlb"));
	free(text);
	text = fake_run_flagged(toy.run, "usage", "all");
	assert_non_null(strstr(text, "\nhugetlb-free "));
	free(text);
	toy_destroy(&toy);
}

static enum toy_encoding encodings[] = { TOY_6_1, TOY_6_10, TOY_6_12, TOY_7_1 };

#define IN_ALL(test) \
	{ #test " (6.1)", test, NULL, NULL, &encodings[0] }, { #test " (6.10)", test, NULL, NULL, &encodings[1] }, \
		{ #test " (6.12)", test, NULL, NULL, &encodings[2] }, \
		{ #test " (7.1)", test, NULL, NULL, &encodings[3] }

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_ALL(test_free_blocks), IN_ALL(test_process_pages), IN_ALL(test_typed_pages),
		IN_ALL(test_compound_pages), IN_ALL(test_gigantic_page), IN_ALL(test_places), IN_ALL(test_usage),
		cmocka_unit_test(test_fake_heads),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
