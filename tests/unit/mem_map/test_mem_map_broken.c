/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Struct pages that lie, are missing, or are random: each costs itself, and the sum still holds. */
#include "gathering.h"
#include "toy_mem_map.h"

#include <string.h>

static void test_wrong_free_blocks(void **state)
{
	struct toy toy;

	(void)state;
	toy_init(&toy, TOY_6_12, 0, 0);
	toy_free(&toy, 4, 2);
	toy_refcount(&toy, 6, 1); /* in use in the middle of a free block */
	toy_free(&toy, 17, 0);
	mo_fake_put_u64(toy.kernel, toy_page_kva(17) + 40, 3); /* not aligned to its order */
	toy_free(&toy, 32, 0);
	mo_fake_put_u64(toy.kernel, toy_page_kva(32) + 40, 11); /* no such order */
	toy_free(&toy, 64, 0);
	mo_fake_put_u64(toy.kernel, toy_page_kva(64) + 40, UINT64_MAX);
	toy_free(&toy, 128, 3);
	toy_refcount(&toy, 128, 1); /* free and in use */
	toy_free(&toy, 2048, 11); /* one order too many, and aligned to it */
	toy_gather(&toy);
	expect_class(&toy, 2048, MO_PAGE_UNKNOWN);
	expect_class(&toy, 2049, MO_PAGE_DIRECT);
	expect_classes(&toy, 4, 2, MO_PAGE_FREE_BUDDY);
	expect_classes(&toy, 6, 2, MO_PAGE_DIRECT);
	expect_class(&toy, 17, MO_PAGE_UNKNOWN);
	expect_class(&toy, 18, MO_PAGE_DIRECT);
	expect_class(&toy, 32, MO_PAGE_UNKNOWN);
	expect_class(&toy, 64, MO_PAGE_UNKNOWN);
	expect_class(&toy, 128, MO_PAGE_UNKNOWN);
	expect_class(&toy, 129, MO_PAGE_DIRECT);
	assert_int_equal(toy.model->contradicting_pages, 6);
	assert_int_equal(toy.model->unreadable_pages, 0);
	assert_int_equal(fake_run_finding_count(toy.run), 1);
	assert_true(fake_run_said(toy.run, "mem-map-contradiction: Some struct pages are inconsistent, alone or with their "
				  "neighbours"));
	assert_true(fake_run_said(toy.run, "which 0x6-0x6, 0x11-0x11, 0x20-0x20, 0x40-0x40, 0x80-0x80, 0x800-0x800"));
	toy_destroy(&toy);
}

static void test_wrong_compound_pages(void **state)
{
	struct toy toy;

	(void)state;
	toy_init(&toy, TOY_6_12, 0, 0);
	toy_compound(&toy, 512, 9, 0);
	toy_compound_word(&toy, 512 + 100, 0); /* a tail that is none: the rest names its head and still belongs */
	toy_compound(&toy, 2, 1, 0);
	mo_fake_put_u8(toy.kernel, toy_page_kva(3), 200); /* an order that cannot be */
	toy_compound(&toy, 33, 0, 0);                     /* a head with order 0 */
	toy_compound_word(&toy, 40, toy_page_kva(50) | 1); /* a tail whose head comes after it */
	toy_compound_word(&toy, 42, 0x1235);               /* whose head is nowhere */
	toy_compound_word(&toy, 44, (toy_page_kva(40) + 8) | 1);
	toy_compound_word(&toy, 46, toy_page_kva(43) | 1); /* whose head is none */
	toy_compound(&toy, 300, 2, 0);
	toy_compound_word(&toy, 310, toy_page_kva(300) | 1); /* whose head does not reach it */
	toy_flags(&toy, 384, TOY_HEAD | TOY_LRU); /* a head whose second page is no tail, and has a fitting low byte */
	toy_mapping(&toy, 384, 0xffff888012345600);
	mo_fake_put_u8(toy.kernel, toy_page_kva(385), 7);
	toy_gather(&toy);
	expect_classes(&toy, 300, 4, MO_PAGE_DIRECT);
	expect_class(&toy, 310, MO_PAGE_UNKNOWN);
	expect_class(&toy, 384, MO_PAGE_FILE);
	expect_classes(&toy, 385, 127, MO_PAGE_DIRECT);
	expect_classes(&toy, 512, 100, MO_PAGE_DIRECT);
	expect_classes(&toy, 613, 411, MO_PAGE_DIRECT);
	expect_class(&toy, 2, MO_PAGE_DIRECT);
	expect_class(&toy, 3, MO_PAGE_UNKNOWN);
	for (uint64_t pfn = 40; pfn <= 46; pfn += 2)
		expect_class(&toy, pfn, MO_PAGE_UNKNOWN);
	expect_class(&toy, 43, MO_PAGE_DIRECT);
	/* the page inside, head and tail of order 200, the head of order 0, five tails, and the head without a tail */
	assert_int_equal(toy.model->contradicting_pages, 10);
	toy_destroy(&toy);
}

static void test_unreadable(void **state)
{
	struct toy toy;

	(void)state;
	toy_init(&toy, TOY_7_1, 0, 4096);
	toy_free(&toy, 0, 10);
	mo_fake_break(toy.kernel, toy_page_kva(64), 4096, MO_E_NOT_IN_DUMP);
	mo_fake_break(toy.kernel, toy_page_kva(640), 8192, MO_E_CORRUPT);
	toy_compound(&toy, 1087, 0, 0); /* a head whose second struct page cannot be read */
	mo_fake_break(toy.kernel, toy_page_kva(1088), 4096, MO_E_IO);
	toy_gather(&toy);
	expect_classes(&toy, 0, 64, MO_PAGE_FREE_BUDDY);
	expect_classes(&toy, 64, 64, MO_PAGE_UNKNOWN);
	expect_classes(&toy, 128, 512, MO_PAGE_FREE_BUDDY);
	expect_classes(&toy, 640, 128, MO_PAGE_UNKNOWN);
	expect_class(&toy, 1087, MO_PAGE_DIRECT);
	expect_classes(&toy, 1088, 64, MO_PAGE_UNKNOWN);
	assert_int_equal(toy.model->unreadable_pages, 256);
	assert_int_equal(toy.model->pages[MO_PAGE_UNKNOWN], 256);
	assert_true(fake_run_said(toy.run,
				  "mem-map-unreadable: Some struct pages could not be read; the use of their page "
				  "frames is unknown."));
	assert_true(fake_run_said(toy.run, "which 0x40-0x7f, 0x280-0x2ff, 0x440-0x47f"));
	toy_destroy(&toy);
}

/* A hole in the page tables costs what it covers, in one step. */
static void test_unmapped(void **state)
{
	struct toy toy;

	(void)state;
	toy_init(&toy, TOY_6_1, 0, 4096);
	mo_fake_break(toy.kernel, toy_page_kva(2048), 0x20000, MO_E_NOT_MAPPED);
	toy_gather(&toy);
	expect_class(&toy, 2047, MO_PAGE_DIRECT);
	expect_classes(&toy, 2048, 2048, MO_PAGE_UNKNOWN);
	expect_class(&toy, 4096, MO_PAGE_DIRECT);
	assert_int_equal(toy.model->unreadable_pages, 2048);
	assert_true(fake_run_said(toy.run, "which 0x800-0xfff"));
	toy_destroy(&toy);
}

/* Many ranges: the lowest eight are named, all are counted. */
static void test_many_ranges(void **state)
{
	struct toy toy;

	(void)state;
	toy_init(&toy, TOY_6_1, 0, 0);
	for (unsigned i = 0; i < 20; i++)
		toy_compound_word(&toy, 100 + 2 * i, 0x1001);
	toy_gather(&toy);
	assert_int_equal(toy.model->contradicting_pages, 20);
	assert_true(fake_run_said(toy.run, "0x72-0x72 and 12 more"));
	toy_destroy(&toy);
}

/* Whatever bytes there are: no crash, no endless loop, and the sum holds (toy_gather() checks it). */
static void test_random_bytes(void **state)
{
	uint64_t random = 0x9e3779b97f4a7c15;

	(void)state;
	for (unsigned round = 0; round < 6; round++) {
		struct toy toy;

		toy_init(&toy, (enum toy_encoding)(round % 3), 0, round & 1 ? 4096 : 0);
		for (uint64_t pfn = 0; pfn < TOY_PAGES; pfn++) {
			/* All of some struct pages; of others one word, so that what is around still makes sense. */
			unsigned n_words = pfn % 7 ? 1 : 8;
			unsigned first = n_words == 8 ? 0 : (unsigned)(next_random(&random) % 8);

			for (unsigned word = first; word < first + n_words; word++)
				mo_fake_put_u64(toy.kernel, toy_page_kva(pfn) + word * 8ull, next_random(&random));
		}
		toy_gather(&toy);
		assert_int_equal(toy.model->n_pages, TOY_PAGES);
		assert_true(toy.model->contradicting_pages > 0);
		toy_destroy(&toy);
	}
}

/* Heads that claim the largest block everywhere, and tails that all name one head. */
static void test_claims(void **state)
{
	struct toy toy;

	(void)state;
	toy_init(&toy, TOY_6_12, 0, 4096);
	for (uint64_t pfn = 0; pfn < TOY_PAGES; pfn++) {
		toy_flags(&toy, pfn, TOY_HEAD | 18); /* its low byte, as a second page's, is an order of 18 */
		toy_compound_word(&toy, pfn, pfn % 3 ? toy_page_kva(0) | 1 : 0);
	}
	toy_gather(&toy);
	assert_int_equal(toy.model->n_pages, TOY_PAGES);
	assert_true(toy.model->contradicting_pages >= TOY_PAGES / 3);
	toy_destroy(&toy);
}

/* Threads' ranges come together in order, the lowest ones kept. */
static void test_merged_ranges(void **state)
{
	struct trouble first = { .n_ranges = 0 };
	struct trouble second = { .n_ranges = 0 };

	(void)state;
	for (uint64_t i = 0; i < 6; i++) {
		trouble_add(&first, 100 + 20 * i, 2);
		trouble_add(&second, 50 + 20 * i, 1);
	}
	trouble_add(&first, 202, 3); /* goes on where the last one ended */
	trouble_merge(&first, &second);
	assert_int_equal(first.n_pages, 12 + 3 + 6);
	assert_int_equal(first.n_ranges, TROUBLE_RANGES);
	for (unsigned i = 0; i + 1 < first.n_ranges; i++)
		assert_true(first.ranges[i].first_pfn < first.ranges[i + 1].first_pfn);
	assert_int_equal(first.ranges[0].first_pfn, 50);
	assert_int_equal(first.ranges[3].first_pfn, 100);
	assert_int_equal(first.ranges[3].n_pages, 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_wrong_free_blocks), cmocka_unit_test(test_wrong_compound_pages),
		cmocka_unit_test(test_unreadable),        cmocka_unit_test(test_unmapped),
		cmocka_unit_test(test_many_ranges),
		cmocka_unit_test(test_random_bytes),      cmocka_unit_test(test_claims),
		cmocka_unit_test(test_merged_ranges),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
