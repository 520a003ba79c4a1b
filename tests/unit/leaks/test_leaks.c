/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What is lost and what is not, what hangs on what, and who had it. */
#include "toy_leaks.h"

#include <stdlib.h>
#include <string.h>

#define DATA page_kva(DATA_PFN)

static void test_reached(void **state)
{
	struct toy toy;
	uint64_t first = 0;
	uint64_t large;

	(void)state;
	toy_init(&toy);
	first = take(THINGS, 0);
	large = take(LARGE, 0);
	point(&toy, DATA + 8, first + 33); /* inside, with a bit set */
	point(&toy, first + 56, large + 8191);
	point(&toy, large + 4096, take(ODD, 20)); /* from its second page */
	point(&toy, page_kva(DIRECT_PFN) + 4088, take(ODD, 0) + 191);
	take(THINGS, 1);                                       /* nothing points at it */
	point(&toy, object_kva(THINGS, 2), take(THINGS, 3));   /* from a free object */
	point(&toy, page_kva(ANON_PFN), take(THINGS, 4));      /* from a process's memory */
	point(&toy, page_kva(FREE_PFN), take(THINGS, 5));      /* from memory that was given back */
	point(&toy, take(THINGS, 6), object_kva(THINGS, 6));   /* from itself */
	point(&toy, DATA + 16, object_kva(THINGS, 7));         /* a pointer to a free object */
	point(&toy, DATA + 24, page_kva(9) + 21 * 192);        /* behind the last object of a slab */
	mo_fake_put_u32(toy.kernel, DATA + 36, (uint32_t)object_kva(THINGS, 1)); /* half a pointer */
	toy_gather(&toy);
	assert_int_equal(toy.model->n_lost, 5);
	assert_int_equal(toy.model->objects, 9);
	assert_int_equal(toy.model->object_bytes, 6 * 64 + 2 * 192 + 8192);
	assert_int_equal(toy.model->root_pages, 2);
	assert_true(toy.model->is_whole);
	for (uint32_t i = 1; i < 7; i++)
		assert_int_equal(!lost_at(&toy, object_kva(THINGS, i)), i == 2);
	toy_destroy(&toy);
}

/* Numbers in tables that the linker made may look like pointers. */
static void test_constant(void **state)
{
	struct toy toy;

	(void)state;
	toy_init(&toy);
	point(&toy, page_kva(CONSTANT_PFN), take(THINGS, 0));
	point(&toy, page_kva(CONSTANT_PFN) + 4088, take(THINGS, 1));
	point(&toy, DATA + 4088, take(THINGS, 2)); /* the page before is none of them */
	toy_gather(&toy);
	assert_int_equal(toy.model->root_pages, 2);
	assert_int_equal(toy.model->n_lost, 2);
	assert_null(lost_at(&toy, object_kva(THINGS, 2)));
	toy_destroy(&toy);
}

/* A list through both slabs, so long that it shows how deep the walk goes. */
static void test_long_list(void **state)
{
	struct toy toy;
	uint64_t from = DATA;

	(void)state;
	toy_init(&toy);
	for (uint32_t i = 0; i < 128; i++) {
		uint64_t to = take(i % 2 ? MORE_THINGS : THINGS, i / 2);

		point(&toy, from, to);
		from = to;
	}
	toy_gather(&toy);
	assert_int_equal(toy.model->objects, 128);
	assert_int_equal(toy.model->n_lost, 0);
	assert_int_equal(toy.model->n_groups, 0);
	toy_destroy(&toy);
}

/* A list of free objects that could not be read may have all that seem lost of one cache, and not those of another. */
static void test_doubted(void **state)
{
	struct toy toy;

	(void)state;
	toy_init(&toy);
	(void)take(THINGS, 3);
	(void)take(THINGS, 5);
	(void)take(ODD, 2);
	toy_doubt(THINGS, 2);
	toy_gather(&toy);
	assert_int_equal(toy.model->n_groups, 2);
	assert_int_equal(toy.model->groups[0].confidence, MO_LOST_LIKELY);
	assert_int_equal(toy.model->groups[0].objects, 1);
	assert_int_equal(toy.model->groups[1].confidence, MO_LOST_GUESS);
	assert_int_equal(toy.model->groups[1].objects, 2);
	assert_int_equal(toy.model->likely_objects, 1);
	toy_destroy(&toy);
	toy_doubt(THINGS, 0);
}

static void test_chain_and_tree(void **state)
{
	struct toy toy;
	const struct mo_lost_object *head;
	uint64_t root;

	(void)state;
	toy_init(&toy);
	/* The head has the highest address of its cache. */
	root = take(THINGS, 10);
	point(&toy, root, take(THINGS, 3));
	point(&toy, root + 8, take(ODD, 2));
	point(&toy, object_kva(ODD, 2) + 16, take(THINGS, 1) + 8);
	point(&toy, object_kva(THINGS, 3), object_kva(THINGS, 1)); /* two ways to one object */
	toy_gather(&toy);
	assert_int_equal(toy.model->n_lost, 4);
	head = lost_at(&toy, root);
	assert_ptr_equal(&toy.model->lost[head->head], head);
	assert_int_equal(held_by(&toy, head).held_objects, 3);
	assert_int_equal(held_by(&toy, head).held_bytes, 64 + 192 + 64);
	assert_false(head->is_in_cycle);
	assert_ptr_equal(&toy.model->lost[lost_at(&toy, object_kva(ODD, 2))->head], head);
	assert_ptr_equal(&toy.model->lost[lost_at(&toy, object_kva(THINGS, 1))->head], head);
	assert_int_equal(toy.model->n_groups, 2);
	assert_int_equal(toy.model->groups[0].objects, 3);
	assert_int_equal(toy.model->groups[0].heads, 1);
	assert_int_equal(toy.model->groups[0].held_bytes, 320);
	assert_ptr_equal(&toy.model->lost[toy.model->groups[0].representative], head);
	assert_int_equal(toy.model->groups[1].heads, 0);
	toy_destroy(&toy);
}

/* Two objects that point at each other, and at one that comes before them; and a ring of three apart. */
static void test_cycles(void **state)
{
	struct toy toy;
	const struct mo_lost_object *head;
	uint64_t heads = 0;

	(void)state;
	toy_init(&toy);
	point(&toy, take(THINGS, 5), take(THINGS, 6));
	point(&toy, object_kva(THINGS, 6), object_kva(THINGS, 5));
	point(&toy, object_kva(THINGS, 6) + 8, take(THINGS, 0));
	point(&toy, take(ODD, 1), take(ODD, 2));
	point(&toy, object_kva(ODD, 2), take(ODD, 3));
	point(&toy, object_kva(ODD, 3), object_kva(ODD, 1));
	toy_gather(&toy);
	assert_int_equal(toy.model->n_lost, 6);
	for (size_t i = 0; i < toy.model->n_lost; i++)
		heads += toy.model->lost[i].head == i;
	assert_int_equal(heads, 2);
	head = &toy.model->lost[lost_at(&toy, object_kva(THINGS, 0))->head];
	assert_true(head == lost_at(&toy, object_kva(THINGS, 5)) || head == lost_at(&toy, object_kva(THINGS, 6)));
	assert_true(head->is_in_cycle);
	assert_int_equal(held_by(&toy, head).held_objects, 2);
	head = &toy.model->lost[lost_at(&toy, object_kva(ODD, 3))->head];
	assert_true(head->is_in_cycle);
	assert_int_equal(held_by(&toy, head).held_objects, 2);
	assert_int_equal(held_by(&toy, head).held_bytes, 2 * 192);
	toy_destroy(&toy);
}

static void test_owner_and_verdict(void **state)
{
	struct toy toy;
	char *text;

	(void)state;
	toy_init(&toy);
	for (uint32_t i = 0; i < 21; i++) {
		point(&toy, take(ODD, i) + 8, TABLE_KVA + 16);
		point(&toy, object_kva(ODD, i) + 32, OPS_KVA + 8);
	}
	point(&toy, take(THINGS, 9) + 16, TABLE_KVA + 24);
	toy_gather(&toy);
	assert_int_equal(toy.model->n_groups, 2);
	assert_string_equal(toy.model->groups[0].module, "toy");
	assert_string_equal(toy.model->groups[0].symbol, "toy_ops");
	assert_int_equal(toy.model->groups[0].symbol_offset_bytes, 8);
	assert_null(toy.model->groups[1].module);
	assert_string_equal(toy.model->groups[1].symbol, "kernel_table");
	text = fake_run_text(toy.run, "leaks", NULL);
	assert_non_null(strstr(text, "NOTICE: Module toy lost 21 objects of odd (4032 bytes); owner unknown: 1"));
	assert_non_null(strstr(text, "object of things (64 bytes); nothing else is lost."));
	assert_non_null(strstr(text, "toy_ops+0x8"));
	assert_non_null(strstr(text, "Confidence: likely"));
	free(text);
	text = fake_run_text(toy.run, "leaks", (const char *const[]){ "--list", NULL });
	assert_non_null(strstr(text, "0xffff888000008240  things"));
	assert_non_null(strstr(text, "0xffff888000009f00  odd"));
	free(text);
	toy_destroy(&toy);
}

static void test_on_purpose(void **state)
{
	struct toy toy;
	char *text;

	(void)state;
	toy_init(&toy);
	/* A header of a table; one of a tree of tables; and two that only look like one. */
	point(&toy, take(ODD, 0), TABLE_KVA);
	point(&toy, object_kva(ODD, 0) + 40, ROOT_KVA);
	point(&toy, take(ODD, 1) + 32, TABLE_KVA + 64);
	point(&toy, object_kva(ODD, 1) + 88, object_kva(ODD, 0));
	point(&toy, take(ODD, 2), take(THINGS, 0)); /* its table was made by somebody */
	point(&toy, object_kva(ODD, 2) + 40, ROOT_KVA);
	point(&toy, take(ODD, 3) + 32, TABLE_KVA + 64);
	point(&toy, object_kva(ODD, 3) + 88, object_kva(THINGS, 0)); /* leads to no header */
	toy_gather(&toy);
	assert_true(toy.model->groups[lost_at(&toy, object_kva(ODD, 0))->group].is_on_purpose);
	assert_true(toy.model->groups[lost_at(&toy, object_kva(ODD, 1))->group].is_on_purpose);
	assert_false(toy.model->groups[lost_at(&toy, object_kva(ODD, 2))->group].is_on_purpose);
	assert_false(toy.model->groups[lost_at(&toy, object_kva(ODD, 3))->group].is_on_purpose);
	text = fake_run_text(toy.run, "leaks", NULL);
	assert_non_null(strstr(text, "Owner unknown: 2 objects of odd (384 bytes) and 1 of things"));
	free(text);
	toy_destroy(&toy);
}

/* A cache that is large and full, and whose objects are all reachable, is told with what leads to them; a lost one is not. */
static void test_grown_cache(void **state)
{
	struct toy toy;
	char *text;

	(void)state;
	toy_init(&toy);
	for (uint32_t i = 0; i < 64; i++)
		take(THINGS, i);
	for (uint32_t i = 0; i < 10; i++)
		point(&toy, DATA + 8 * i, object_kva(THINGS, i));
	for (uint32_t i = 10; i < 40; i++)
		point(&toy, object_kva(THINGS, i - 1), object_kva(THINGS, i)); /* a list */
	point(&toy, DATA + 800, take(ODD, 0));
	for (uint32_t i = 40; i < 64; i++)
		point(&toy, object_kva(ODD, 0) + 8 * (i - 40), object_kva(THINGS, i));
	make_grown(THINGS);
	toy_gather(&toy);
	assert_int_equal(toy.model->n_grown, 1);
	assert_int_equal(toy.model->grown[0].cache, THINGS);
	assert_int_equal(toy.model->grown[0].reached_objects, 64);
	assert_int_equal(toy.model->grown[0].by_own, 30);
	assert_int_equal(toy.model->grown[0].by_holder, 24);
	assert_int_equal(toy.model->grown[0].holder_cache, ODD);
	assert_int_equal(toy.model->grown[0].by_others, 10);
	text = fake_run_text(toy.run, "leaks", NULL);
	assert_non_null(strstr(text, "NOTICE: Slab cache things has 64 objects (4096 bytes) in use"));
	assert_non_null(strstr(text, "37 % from objects of odd"));
	free(text);
	toy_destroy(&toy);

	/* Half of it is lost: that is what is told. */
	toy_init(&toy);
	for (uint32_t i = 0; i < 64; i++)
		take(THINGS, i);
	for (uint32_t i = 0; i < 32; i++)
		point(&toy, DATA + 8 * i, object_kva(THINGS, i));
	make_grown(THINGS);
	toy_gather(&toy);
	text = fake_run_text(toy.run, "leaks", NULL);
	assert_non_null(strstr(text, "32 objects of things"));
	assert_null(strstr(text, "Slab cache things"));
	free(text);
	toy_destroy(&toy);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_reached),           cmocka_unit_test(test_long_list),
		cmocka_unit_test(test_constant),
		cmocka_unit_test(test_doubted), cmocka_unit_test(test_chain_and_tree), cmocka_unit_test(test_cycles),
		cmocka_unit_test(test_owner_and_verdict), cmocka_unit_test(test_on_purpose), cmocka_unit_test(test_grown_cache),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
