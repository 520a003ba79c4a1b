/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What is not lost but deferred, what cannot be told, and what is missing. */
#include "leaks_views.h"
#include "toy_leaks.h"

#include <stdlib.h>
#include <string.h>

#define DATA page_kva(DATA_PFN)

/* A sheaf of four things, reached by a CPU's list: two in it, two that were taken out. */
static uint64_t make_sheaf(struct toy *toy)
{
	uint64_t sheaf = take(ODD, 0);

	point(toy, DATA, sheaf);
	point(toy, sheaf + 16, object_kva(LARGE, 0));
	mo_fake_put_u32(toy->kernel, sheaf + 24, 2);
	for (uint32_t i = 0; i < 4; i++)
		point(toy, sheaf + 32 + 8 * i, object_kva(THINGS, i));
	return sheaf;
}

/* The cache itself is an object of a slab. */
static void move_cache(struct toy *toy)
{
	uint64_t cache_kva = take(LARGE, 0);

	set_cache_kva(THINGS, cache_kva);
	mo_fake_put_u32(toy->kernel, cache_kva + 8, 4);
	point(toy, DATA + 8, cache_kva);
}

static void test_sheaf(void **state)
{
	struct toy toy;

	(void)state;
	toy_init(&toy);
	move_cache(&toy);
	make_sheaf(&toy);
	set_state(THINGS, 0, MO_OBJECT_FREE_SHEAF);
	set_state(THINGS, 1, MO_OBJECT_FREE_SHEAF);
	take(THINGS, 2);
	take(THINGS, 3);
	toy_gather(&toy);
	/* Addresses that a sheaf still has are no references. */
	assert_int_equal(toy.model->n_lost, 2);
	assert_non_null(lost_at(&toy, object_kva(THINGS, 2)));
	assert_non_null(lost_at(&toy, object_kva(THINGS, 3)));
	assert_int_equal(toy.model->deferred_objects, 0);
	toy_destroy(&toy);
}

static void test_no_sheaf(void **state)
{
	struct toy toy;

	(void)state;
	toy_init(&toy);
	move_cache(&toy);
	point(&toy, make_sheaf(&toy) + 40, take(ODD, 7)); /* of another cache */
	for (uint32_t i = 0; i < 4; i++)
		take(THINGS, i);
	toy_gather(&toy);
	assert_int_equal(toy.model->n_lost, 1);
	assert_non_null(lost_at(&toy, object_kva(THINGS, 1)));
	toy_destroy(&toy);
}

static void test_deferred(void **state)
{
	struct toy toy;
	uint64_t sheaf;
	char *text;

	(void)state;
	toy_init(&toy);
	move_cache(&toy);
	sheaf = make_sheaf(&toy);
	point(&toy, sheaf + 8, RCU_KVA);
	for (uint32_t i = 0; i < 4; i++)
		take(THINGS, i);
	point(&toy, object_kva(THINGS, 0), take(THINGS, 9));
	set_state(THINGS, 20, MO_OBJECT_FREE_RCU);
	toy_gather(&toy);
	/* Two wait in the sheaf, and what one of them has; one waits elsewhere. The other two are lost. */
	assert_int_equal(toy.model->deferred_objects, 3);
	assert_int_equal(toy.model->n_lost, 2);
	assert_null(lost_at(&toy, object_kva(THINGS, 9)));
	text = fake_run_text(toy.run, "leaks", NULL);
	assert_non_null(strstr(text, "Not lost, but deferred (objects): 0 by call_rcu(), 3 by kfree_rcu();"));
	free(text);
	toy_destroy(&toy);
}

static void test_waiting_size_lies(void **state)
{
	struct toy toy;
	uint64_t sheaf;

	(void)state;
	toy_init(&toy);
	move_cache(&toy);
	sheaf = make_sheaf(&toy);
	point(&toy, sheaf + 8, RCU_KVA);
	mo_fake_put_u32(toy.kernel, sheaf + 24, UINT32_MAX);
	for (uint32_t i = 0; i < 4; i++)
		take(THINGS, i);
	toy_gather(&toy);
	assert_int_equal(toy.model->deferred_objects, 4);
	assert_int_equal(toy.model->n_lost, 0);
	toy_destroy(&toy);
}

static void test_unknown_objects(void **state)
{
	struct toy toy;
	char *text;

	(void)state;
	toy_init(&toy);
	set_fault(MORE_THINGS, true);
	point(&toy, object_kva(MORE_THINGS, 63) + 8, take(THINGS, 5)); /* may hold it, if it is allocated */
	take(THINGS, 6);
	toy_gather(&toy);
	assert_int_equal(toy.model->unknown_objects, 64);
	assert_int_equal(toy.model->n_lost, 1);
	assert_non_null(lost_at(&toy, object_kva(THINGS, 6)));
	text = fake_run_text(toy.run, "leaks", NULL);
	assert_non_null(strstr(text, "NOTICE: Slabs with broken free lists could not be judged"));
	free(text);
	toy_destroy(&toy);
}

/* A slab whose objects are not known one by one is as good as any other page. */
static void test_slab_without_states(void **state)
{
	struct toy toy;

	(void)state;
	toy_init(&toy);
	set_fault(MORE_THINGS, false);
	point(&toy, page_kva(16) + 4088, take(THINGS, 5));
	toy_gather(&toy);
	assert_int_equal(toy.model->root_pages, 3);
	assert_int_equal(toy.model->n_lost, 0);
	toy_destroy(&toy);
}

static void test_impossible_slab(void **state)
{
	struct toy toy;

	(void)state;
	toy_init(&toy);
	set_object_count(MORE_THINGS, 65); /* more than there is room for */
	take(THINGS, 5);
	toy_gather(&toy);
	assert_int_equal(toy.model->objects, 1);
	assert_int_equal(toy.model->n_lost, 1);
	toy_destroy(&toy);
}

static void test_missing_object(void **state)
{
	struct toy toy;
	char *text;

	(void)state;
	toy_init(&toy);
	for (uint32_t i = 0; i < 64; i++)
		point(&toy, DATA + 8 * i, take(THINGS, i));
	for (uint32_t i = 0; i < 64; i++)
		point(&toy, DATA + 512 + 8 * i, take(MORE_THINGS, i));
	point(&toy, DATA + 2048, take(LARGE, 0));
	leave_out(&toy, 13); /* the second page of the large one */
	take(ODD, 4);
	toy_gather(&toy);
	assert_int_equal(toy.model->missing_objects, 1);
	assert_false(toy.model->is_whole);
	assert_false(toy.model->is_hopeless);
	text = fake_run_text(toy.run, "leaks", NULL);
	assert_non_null(strstr(text, "guess"));
	assert_non_null(strstr(text, "Memory of the kernel is missing that may point at what seems to be"));
	assert_non_null(strstr(text, "whether anything is, and whose, is unknown"));
	assert_null(strstr(text, "lost 1 object")); /* nobody is blamed, and nothing is called complete */
	assert_null(strstr(text, "nothing else"));
	free(text);
	toy_destroy(&toy);
}

/* Half of the roots are missing: no flood of losses that are none. */
static void test_missing_roots(void **state)
{
	struct toy toy;
	char *text;

	(void)state;
	toy_init(&toy);
	for (uint32_t i = 0; i < 64; i++)
		point(&toy, DATA + 8 * i, take(THINGS, i));
	leave_out(&toy, DATA_PFN);
	toy_gather(&toy);
	assert_int_equal(toy.model->missing_pages, 1);
	assert_true(toy.model->is_hopeless);
	text = fake_run_text(toy.run, "leaks", NULL);
	assert_non_null(strstr(text, "(none)"));
	assert_non_null(strstr(text, "So much of the kernel's memory is missing that nobody can tell what"));
	assert_null(strstr(text, " lost "));
	free(text);
	toy_destroy(&toy);
}

/* A missing page holds at most a pointer in each word: more heads than that are lost whatever stood there. */
static void test_more_than_is_missing(void **state)
{
	const struct mo_slab_model slabs = { .page_shift = 12 };
	struct mo_leaks_model model = { .missing_pages = 1, .root_pages = 1000, .is_missing_counted = true };
	struct mo_leak_group group = { .heads = 512, .objects = 4000 };

	(void)state;
	assert_false(is_beyond_missing(&model, &slabs, &group));
	assert_string_equal(confidence_name(&model, &slabs, &group), "guess");
	group.heads = 513;
	assert_true(is_beyond_missing(&model, &slabs, &group));
	assert_string_equal(confidence_name(&model, &slabs, &group), "likely");
	model.is_missing_counted = false;
	assert_false(is_beyond_missing(&model, &slabs, &group));
	model.is_missing_counted = true;
	model.is_hopeless = true;
	assert_false(is_beyond_missing(&model, &slabs, &group));
	model.is_hopeless = false;
	model.is_whole = true;
	group.heads = 1;
	assert_true(is_beyond_missing(&model, &slabs, &group));
}

/* Random words everywhere: whatever comes out, the sums hold. */
static void test_random(void **state)
{
	uint64_t random = 7;

	(void)state;
	for (unsigned round = 0; round < 20; round++) {
		struct toy toy;
		uint64_t objects = 0;
		uint64_t held = 0;

		toy_init(&toy);
		for (uint32_t slab = 0; slab < TOY_SLABS; slab++)
			for (uint32_t i = 0; i < (slab == LARGE ? 1u : slab == ODD ? 21u : 64u); i++)
				set_state(slab, i, (enum mo_object_state)(next_random(&random) % MO_N_OBJECT_STATES));
		for (unsigned i = 0; i < 600; i++)
			point(&toy, BASE_KVA + 8 * (next_random(&random) % (18 * 512)),
			      BASE_KVA + next_random(&random) % (18 * 4096));
		toy_gather(&toy);
		for (size_t i = 0; i < toy.model->n_groups; i++)
			objects += toy.model->groups[i].objects;
		assert_int_equal(objects, toy.model->n_lost);
		for (size_t i = 0; i < toy.model->n_lost; i++) {
			assert_true(toy.model->lost[i].head < toy.model->n_lost);
			assert_int_equal(toy.model->lost[toy.model->lost[i].head].head, toy.model->lost[i].head);
			held += toy.model->lost[i].head == i ? held_by(&toy, &toy.model->lost[i]).held_objects + 1 : 0;
		}
		assert_int_equal(held, toy.model->n_lost);
		toy_destroy(&toy);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_more_than_is_missing),
		cmocka_unit_test(test_sheaf),           cmocka_unit_test(test_no_sheaf),
		cmocka_unit_test(test_deferred),        cmocka_unit_test(test_waiting_size_lies),
		cmocka_unit_test(test_unknown_objects), cmocka_unit_test(test_slab_without_states),
		cmocka_unit_test(test_impossible_slab), cmocka_unit_test(test_missing_object),
		cmocka_unit_test(test_missing_roots),   cmocka_unit_test(test_random),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
