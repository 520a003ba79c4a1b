/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Blocks of pages: what leads to them, what they lead to, and what is only suspect. */
#include "toy_leaks.h"

#include <stdlib.h>
#include <string.h>

#define DATA page_kva(DATA_PFN)

/* Lost with what hangs on it; the block beside it is held by its struct page, with a bit set. */
static void test_blocks(void **state)
{
	const struct mo_lost_object *lost;
	struct toy toy;

	(void)state;
	toy_init_with_pages(&toy);
	make_block(&toy, 20, 4, false);
	make_block(&toy, 24, 2, true);
	make_block(&toy, 26, 2, false); /* held by an address in its second page */
	point(&toy, DATA, STRUCT_PAGE_KVA(20) + 1);
	point(&toy, DATA + 8, page_kva(27) + 100);
	point(&toy, page_kva(23), take(THINGS, 0)); /* from its last page */
	point(&toy, page_kva(25) + 8, take(ODD, 0));
	point(&toy, page_kva(26) + 8, take(THINGS, 1));
	toy_gather(&toy);
	assert_int_equal(toy.model->blocks, 4); /* and the page that every toy has */
	assert_null(lost_at(&toy, object_kva(THINGS, 0)));
	assert_null(lost_at(&toy, object_kva(THINGS, 1)));
	assert_int_equal(toy.model->n_lost, 3);
	lost = &toy.model->lost[lost_at(&toy, object_kva(ODD, 0))->head];
	assert_int_equal(lost->kva, page_kva(24));
	assert_int_equal(lost->kind, MO_LOST_PAGES);
	assert_int_equal(bytes_of(lost), 8192);
	assert_int_equal(held_by(&toy, lost).held_objects, 1);
	assert_int_equal(lost->confidence, MO_LOST_LIKELY);
	assert_int_equal(toy.model->groups[lost->group].order, 1);
	assert_true(toy.model->groups[lost->group].is_compound);
	toy_destroy(&toy);
}

static uint8_t confidence_of(const struct toy *toy, uint64_t kva)
{
	for (size_t i = 0; i < toy->model->n_lost; i++)
		if (toy->model->lost[i].kva == kva)
			return toy->model->lost[i].confidence;
	return MO_N_LOST_CONFIDENCES;
}

/*
 * A physical address, a page frame's number; and a page behind a reached one. An entry of a page table that stands in data is
 * none, and a number within a block leads to nothing.
 */
static void test_suspects(void **state)
{
	struct toy toy;
	char *text;

	(void)state;
	toy_init_with_pages(&toy);
	make_block(&toy, 33, 1, false);
	make_block(&toy, 35, 1, false);
	make_block(&toy, 40, 1, false);
	make_block(&toy, 41, 1, false);
	make_block(&toy, 47, 1, false);
	make_block(&toy, 48, 1, false);
	point(&toy, DATA, 33 * 4096);
	point(&toy, DATA + 8, 35 * 4096 + 0x67);
	make_block(&toy, 44, 2, false);
	point(&toy, DATA + 40, 45 * 4096);
	point(&toy, DATA + 16, page_kva(40));
	point(&toy, DATA + 24, page_kva(47)); /* cannot be the first of more than one */
	point(&toy, DATA + 32, 9 * 4096 + 192);
	take(ODD, 1);
	take(ODD, 2);
	toy_gather(&toy);
	assert_int_equal(confidence_of(&toy, page_kva(33)), MO_LOST_SUSPECT);
	assert_int_equal(confidence_of(&toy, page_kva(35)), MO_LOST_LIKELY);
	assert_int_equal(confidence_of(&toy, page_kva(44)), MO_LOST_LIKELY);
	assert_int_equal(confidence_of(&toy, page_kva(41)), MO_LOST_SUSPECT);
	assert_int_equal(confidence_of(&toy, page_kva(48)), MO_LOST_LIKELY);
	assert_int_equal(confidence_of(&toy, object_kva(ODD, 1)), MO_LOST_SUSPECT);
	assert_int_equal(confidence_of(&toy, object_kva(ODD, 2)), MO_LOST_LIKELY);
	assert_int_equal(toy.model->suspect_objects, 3);
	text = fake_run_text(toy.run, "leaks", NULL);
	assert_non_null(strstr(text, "3 more (8 KiB) are suspect"));
	assert_null(strstr(text, "suspect  "));
	free(text);
	text = fake_run_text(toy.run, "leaks", (const char *const[]){ "--suspects", NULL });
	assert_non_null(strstr(text, "suspect  "));
	free(text);
	toy_destroy(&toy);
}

/* Odd page frames that are free: so many of them are met as physical addresses by chance. */
static uint8_t confidence_by_chance(unsigned n_met)
{
	struct toy toy;
	uint8_t confidence;

	toy_init_with_pages(&toy);
	for (uint64_t pfn = 19; pfn < 64; pfn += 2)
		set_class(pfn, MO_PAGE_FREE_BUDDY);
	make_block(&toy, 33, 1, false);
	point(&toy, DATA, 33 * 4096);
	for (unsigned i = 0; i < n_met; i++)
		point(&toy, DATA + 8 + i * 8, (35 + 2 * i) * 4096);
	toy_gather(&toy);
	confidence = confidence_of(&toy, page_kva(33));
	toy_destroy(&toy);
	return confidence;
}

static void test_chance(void **state)
{
	(void)state;
	assert_int_equal(confidence_by_chance(0), MO_LOST_SUSPECT);
	assert_int_equal(confidence_by_chance(1), MO_LOST_SUSPECT);
	assert_int_equal(confidence_by_chance(8), MO_LOST_LIKELY);
}

/* A struct page of a slab with offset and length of one object; and two that are none. */
static void test_scatter(void **state)
{
	struct toy toy;

	(void)state;
	toy_init_with_pages(&toy);
	for (uint32_t i = 0; i < 4; i++)
		take(THINGS, i);
	point(&toy, DATA, STRUCT_PAGE_KVA(8) + 2);
	point(&toy, DATA + 8, 64 | 64ull << 32);
	point(&toy, DATA + 16, STRUCT_PAGE_KVA(8));
	point(&toy, DATA + 24, 128 | 65ull << 32); /* longer than an object */
	point(&toy, DATA + 32, STRUCT_PAGE_KVA(8) + 8); /* within the struct page: a list */
	point(&toy, DATA + 40, 192 | 16ull << 32);
	toy_gather(&toy);
	assert_non_null(lost_at(&toy, object_kva(THINGS, 0)));
	assert_null(lost_at(&toy, object_kva(THINGS, 1)));
	assert_non_null(lost_at(&toy, object_kva(THINGS, 2)));
	assert_non_null(lost_at(&toy, object_kva(THINGS, 3)));
	toy_destroy(&toy);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_blocks),
		cmocka_unit_test(test_suspects), cmocka_unit_test(test_chance),
		cmocka_unit_test(test_scatter),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
