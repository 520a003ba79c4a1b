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
	assert_int_equal(held_by(&toy, lost_at(&toy, object_kva(ODD, 4))).held_objects, 0);
	text = fake_run_text(toy.run, "leaks", NULL);
	assert_non_null(strstr(text, "The kernel runs: what is listed was lost in each of 3 looks"));
	free(text);
	toy_destroy(&toy);
}

/* Between two looks a place was given to another one: it has other bytes, and neither of them was lost. */
static void write_object(void)
{
	mo_fake_put_u64(machine->kernel, object_kva(ODD, 2) + 8, 0x1234 + n_looks++);
}

static void test_other_bytes(void **state)
{
	struct toy toy;

	(void)state;
	toy_is_live = true;
	toy_init(&toy);
	machine = &toy;
	n_looks = 0;
	toy_later = write_object;
	take(ODD, 2);
	take(ODD, 3);
	toy_gather(&toy);
	assert_int_equal(toy.model->n_lost, 1);
	assert_int_equal(toy.model->vanished_objects, 1);
	assert_non_null(lost_at(&toy, object_kva(ODD, 3)));
	toy_destroy(&toy);
	toy_is_live = false;
}

/* An object that was free when its slab was looked at and is in use by now leads on; one that is still free does not. */
static bool object_1_is_free;

static bool looks_free(const struct mo_slab_model *model, struct mo_reader *reader, const struct mo_slab *slab, uint32_t index)
{
	(void)model;
	(void)reader;
	(void)slab;
	return index == 1 && object_1_is_free;
}

static void test_taken_since(void **state)
{
	(void)state;
	for (unsigned is_free = 0; is_free < 2; is_free++) {
		struct toy toy;

		toy_is_live = true;
		toy_init(&toy);
		object_1_is_free = is_free;
		toy_look_free(looks_free);
		take(ODD, 1);
		set_state(ODD, 1, MO_OBJECT_FREE);
		point(&toy, DATA, object_kva(ODD, 1));
		point(&toy, object_kva(ODD, 1) + 16, take(ODD, 2));
		toy_gather(&toy);
		assert_int_equal(toy.model->n_lost, is_free);
		toy_destroy(&toy);
	}
	toy_is_live = false;
}

/*
 * A page without a count may be free by now: it is not lost. It may be in use without one, too (as kernels since 6.15 take many):
 * if something leads to it, it leads on. Of a dump it is a block like others.
 */
static void test_free_page(void **state)
{
	(void)state;
	for (unsigned is_live = 0; is_live < 2; is_live++)
		for (unsigned is_pointed = 0; is_pointed < 2; is_pointed++) {
			struct toy toy;

			toy_is_live = is_live;
			toy_init_with_pages(&toy);
			make_block(&toy, 33, 1, false);
			mo_fake_put_u32(toy.kernel, STRUCT_PAGE_KVA(33) + 52, 0);
			if (is_pointed)
				point(&toy, DATA, STRUCT_PAGE_KVA(33) + 8);
			point(&toy, page_kva(33) + 8, take(ODD, 1));
			toy_gather(&toy);
			assert_int_equal(lost_at(&toy, page_kva(33)) != NULL, !is_live && !is_pointed);
			assert_int_equal(lost_at(&toy, object_kva(ODD, 1)) != NULL, !is_pointed);
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
		cmocka_unit_test(test_other_bytes),
		cmocka_unit_test(test_taken_since),
		cmocka_unit_test(test_free_page),
		cmocka_unit_test(test_dump),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
