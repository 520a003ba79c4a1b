/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Words that are references though they lie in no memory, and words in memory that are none. */
#include "toy_leaks.h"

#define DATA page_kva(DATA_PFN)

/* Every CPU that the dump notes has the same in its registers here; a dump without notes has no such roots. */
static void test_registers(void **state)
{
	(void)state;
	for (size_t n_cpus = 0; n_cpus < 3; n_cpus++) {
		struct toy toy;

		toy_init(&toy);
		toy_cpus = n_cpus;
		toy_register = take(THINGS, 3) + 5;
		point(&toy, object_kva(THINGS, 3) + 16, take(ODD, 2));
		toy_gather(&toy);
		assert_int_equal(toy.model->register_sets, n_cpus);
		assert_int_equal(toy.model->n_lost, n_cpus ? 0 : 2);
		toy_destroy(&toy);
	}
}

/* Before the first object of a slab there is none. */
static void test_colour(void **state)
{
	struct toy toy;

	(void)state;
	toy_init(&toy);
	set_colour(ODD, 8);
	take(ODD, 0);
	take(ODD, 20);
	take(ODD, 1);
	point(&toy, DATA, page_kva(9) + 63);
	point(&toy, DATA + 8, page_kva(9) + 64 + 192);
	point(&toy, DATA + 16, page_kva(10) - 1);
	toy_gather(&toy);
	assert_non_null(lost_at(&toy, page_kva(9) + 64));
	assert_null(lost_at(&toy, page_kva(9) + 64 + 192));
	assert_int_equal(toy.model->n_lost, 1);
	toy_destroy(&toy);
}

/* With such a colour the last object would end in the next page: its objects are not told, and the page is scanned whole. */
static void test_impossible_colour(void **state)
{
	struct toy toy;

	(void)state;
	toy_init(&toy);
	set_colour(ODD, 9);
	take(ODD, 0);
	point(&toy, page_kva(9) + 4096 - 8, take(THINGS, 0));
	toy_gather(&toy);
	assert_int_equal(toy.model->n_lost, 0);
	assert_int_equal(toy.model->objects, 1);
	toy_destroy(&toy);
}

/* SLAB's s_mem: the slab's own struct page leads to its first object. Another one's word is a reference. */
static void test_own_struct_page(void **state)
{
	struct toy toy;

	(void)state;
	toy_init_with_pages(&toy);
	point(&toy, STRUCT_PAGE_KVA(9) + 24, take(ODD, 0));
	point(&toy, STRUCT_PAGE_KVA(8) + 24, take(ODD, 1));
	toy_gather(&toy);
	assert_non_null(lost_at(&toy, object_kva(ODD, 0)));
	assert_null(lost_at(&toy, object_kva(ODD, 1)));
	toy_destroy(&toy);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_registers),
		cmocka_unit_test(test_colour),
		cmocka_unit_test(test_impossible_colour),
		cmocka_unit_test(test_own_struct_page),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
