/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A kernel that runs: only what stays lost is lost. */
#include "toy_leaks.h"

#include <stdlib.h>
#include <string.h>

#define DATA page_kva(DATA_PFN)

static struct toy *machine;
static unsigned n_looks;

/* By the second look one object is pointed at; by the third, another one is free, and one more is new and lost. */
static void later(void)
{
	n_looks++;
	if (n_looks == 1)
		point(machine, DATA, object_kva(ODD, 1));
	if (n_looks == 2) {
		set_state(ODD, 2, MO_OBJECT_FREE);
		take(ODD, 9);
	}
}

static void test_live(void **state)
{
	struct toy toy;
	char *text;

	(void)state;
	toy_is_live = true;
	toy_init(&toy);
	machine = &toy;
	n_looks = 0;
	toy_later = later;
	take(ODD, 1);
	take(ODD, 2);
	take(ODD, 3);
	point(&toy, take(ODD, 4), object_kva(ODD, 1));
	toy_gather(&toy);
	assert_int_equal(n_looks, 2);
	assert_int_equal(toy.model->rescans, 2);
	assert_int_equal(toy.model->n_lost, 2);
	assert_int_equal(toy.model->vanished_objects, 2);
	assert_non_null(lost_at(&toy, object_kva(ODD, 3)));
	assert_non_null(lost_at(&toy, object_kva(ODD, 4)));
	/* What it points at is no longer lost, and hangs on nothing. */
	assert_int_equal(lost_at(&toy, object_kva(ODD, 4))->held_objects, 0);
	text = fake_run_text(toy.run, "leaks", NULL);
	assert_non_null(strstr(text, "The kernel runs: what is listed was lost in each of 3 looks"));
	free(text);
	toy_destroy(&toy);
}

/* A page without a count is free, or about to be: it is not lost, and what stands in it leads nowhere. Of a dump it is a block. */
static void test_free_page(void **state)
{
	(void)state;
	for (unsigned is_live = 0; is_live < 2; is_live++) {
		struct toy toy;

		toy_is_live = is_live;
		toy_init_with_pages(&toy);
		make_block(&toy, 33, 1, false);
		mo_fake_put_u32(toy.kernel, STRUCT_PAGE_KVA(33) + 52, 0);
		point(&toy, DATA, STRUCT_PAGE_KVA(33) + 8); /* the list that it is on */
		point(&toy, page_kva(33) + 8, take(ODD, 1));
		toy_gather(&toy);
		assert_null(lost_at(&toy, page_kva(33)));
		if (is_live)
			assert_non_null(lost_at(&toy, object_kva(ODD, 1)));
		else
			assert_null(lost_at(&toy, object_kva(ODD, 1)));
		toy_destroy(&toy);
	}
	toy_is_live = false;
}

/* A dump is looked at once. */
static void test_dump(void **state)
{
	struct toy toy;

	(void)state;
	toy_is_live = false;
	toy_init(&toy);
	n_looks = 0;
	toy_later = later;
	take(ODD, 1);
	toy_gather(&toy);
	assert_int_equal(n_looks, 0);
	assert_int_equal(toy.model->rescans, 0);
	assert_int_equal(toy.model->n_lost, 1);
	toy_destroy(&toy);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_live),
		cmocka_unit_test(test_free_page),
		cmocka_unit_test(test_dump),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
