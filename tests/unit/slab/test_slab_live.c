/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A kernel that runs: a fault is one if it stands while nothing moves; what moves is said to, and is none. */
#include "toy_slab.h"

#include <stdlib.h>
#include <string.h>

static const unsigned free_of_5[] = { 3, 15, 0, 7 };
static const uint64_t listed[] = { 5 };

static struct toy *machine;
static unsigned n_looks;         /* reads of the slab's struct page: two a look */
static void (*at_look)(unsigned n);

static void before_read(struct mo_kernel *kernel, uint64_t kva)
{
	(void)kernel;
	if (kva == toy_page_kva(5) && at_look)
		at_look(n_looks++);
}

static unsigned start(struct toy *toy, enum toy_shape shape, void (*then)(unsigned n))
{
	unsigned alpha;

	machine = toy;
	n_looks = 0;
	at_look = then;
	toy_init_with(toy, shape, &(const struct mo_fake){ .is_live = true, .before_read = before_read });
	alpha = toy_cache(toy, "alpha", 256, 256, 0);
	toy_slab(toy, alpha, 4, 0, NULL);
	toy_slab(toy, alpha, 5, 4, free_of_5);
	toy_slab(toy, alpha, 6, 0, NULL);
	toy_node(toy, alpha, 3, 1, listed);
	return alpha;
}

static void expect_moved(const struct toy *toy)
{
	for (unsigned i = 1; i < MO_N_SLAB_FAULTS; i++)
		assert_int_equal(toy->model->faults[i], i == MO_SLAB_MOVED);
	assert_int_equal(mo_slab_at(toy->model, 5)->fault, MO_SLAB_MOVED);
	assert_int_equal(toy->model->caches[0].faulty_slabs, 0);
	assert_false(fake_run_said(toy->run, "slab-"));
	/* Whether the others of that slab are allocated is not known; those of other slabs are. */
	expect_state(toy, 0, 5, 9, MO_OBJECT_UNKNOWN);
	expect_state(toy, 0, 6, 1, MO_OBJECT_ALLOCATED);
}

static void count_look(unsigned n)
{
	(void)n;
}

static void test_stands(void **state)
{
	struct toy toy;
	unsigned alpha = start(&toy, TOY_6_1, count_look);

	(void)state;
	toy_link(&toy, alpha, 5, 15, 0x4141414141414141);
	toy_gather(&toy);
	assert_int_equal(n_looks, 6);
	assert_int_equal(toy.model->faults[MO_SLAB_LEAVES], 1);
	assert_int_equal(toy.model->faults[MO_SLAB_MOVED], 0);
	assert_true(fake_run_said(toy.run, "slab-freelist-corrupt: Free lists lead out of their slabs: free objects were overwritten.; "
					   "where 0xffff888000005f00 has 0x4141414141414141 (alpha)"));
	toy_destroy(&toy);
}

static void test_loop_stands(void **state)
{
	struct toy toy;
	unsigned alpha = start(&toy, TOY_6_1, count_look);

	(void)state;
	toy_link(&toy, alpha, 5, 7, toy_object_kva(&toy, alpha, 5, 3));
	toy_gather(&toy);
	assert_int_equal(toy.model->faults[MO_SLAB_TWICE], 1);
	assert_true(fake_run_said(toy.run, "slab-free-twice: Objects are free twice"));
	toy_destroy(&toy);
}

/* The list is whole when it is looked at again: it was read while it changed. */
static void mend(unsigned n)
{
	if (!n)
		toy_link(machine, 0, 5, 15, toy_object_kva(machine, 0, 5, 0));
}

static void test_is_whole_later(void **state)
{
	struct toy toy;
	unsigned alpha = start(&toy, TOY_6_1, mend);

	(void)state;
	toy_link(&toy, alpha, 5, 15, 0x4141414141414141);
	toy_gather(&toy);
	expect_moved(&toy);
	toy_destroy(&toy);
}

/* The counter changes during every look: none of them counts. */
static void change_counter(unsigned n)
{
	toy_counts(machine, 5, 12 - n % 2, 16);
}

static void test_moves_in_every_look(void **state)
{
	struct toy toy;
	unsigned alpha = start(&toy, TOY_6_1, change_counter);

	(void)state;
	toy_link(&toy, alpha, 5, 15, 0x4141414141414141);
	toy_gather(&toy);
	assert_true(n_looks > 6);
	expect_moved(&toy);
	toy_destroy(&toy);
}

/* Always wrong, but never the same: these are the bytes of one user after the other. */
static void change_word(unsigned n)
{
	if (n % 2 == 0)
		toy_link(machine, 0, 5, 15, 0x4141414141414100 + n);
}

static void test_is_another_word_each_time(void **state)
{
	struct toy toy;
	unsigned alpha = start(&toy, TOY_6_1, change_word);

	(void)state;
	toy_link(&toy, alpha, 5, 15, 0x4141414141414141);
	toy_gather(&toy);
	expect_moved(&toy);
	toy_destroy(&toy);
}

/* The slab that a CPU allocates from is read with the CPU's list, before and after. */
static void take_from_cpu(unsigned n)
{
	toy_cpu(machine, 0, 1, 5, toy_object_kva(machine, 0, 5, n % 2 ? 1 : 2), 0);
}

static void test_cpu_list_moves(void **state)
{
	struct toy toy;
	unsigned alpha = start(&toy, TOY_6_1, take_from_cpu);

	(void)state;
	toy_link(&toy, alpha, 5, 1, 0x4141414141414141);
	toy_cpu(&toy, alpha, 1, 5, toy_object_kva(&toy, alpha, 5, 1), 0);
	toy_gather(&toy);
	expect_moved(&toy);
	toy_destroy(&toy);
}

/* A page that is no slab any more is taken out. */
static void lose_cache(unsigned n)
{
	(void)n;
	mo_fake_put_u64(machine->kernel, toy_page_kva(5) + 24, 0x1111);
}

static void test_page_was_a_slab_for_a_moment(void **state)
{
	struct toy toy;

	(void)state;
	start(&toy, TOY_6_1, lose_cache);
	mo_fake_put_u64(toy.kernel, toy_page_kva(5) + 24, 0x6b6b6b6b6b6b6b6b);
	toy_gather(&toy);
	assert_int_equal(toy.model->faults[MO_SLAB_NO_KMEM_CACHE], 0);
	assert_int_equal(toy.model->moved_pages, 1);
	assert_int_equal(toy.model->n_slabs, 2);
	assert_null(mo_slab_at(toy.model, 5));
	expect_state(&toy, 0, 6, 1, MO_OBJECT_ALLOCATED);
	toy_destroy(&toy);
}

/* A sheaf with an object that its slab's list has, too. */
static void test_twice_in_a_sheaf(void **state)
{
	struct toy toy;
	unsigned alpha = start(&toy, TOY_7_1, count_look);
	uint64_t object = toy_object_kva(&toy, alpha, 5, 15);

	(void)state;
	toy_sheaf(&toy, alpha, 0, 0, 1, &object);
	toy_gather(&toy);
	assert_int_equal(toy.model->faults[MO_SLAB_TWICE], 1);
	toy_destroy(&toy);
}

static void empty_sheaf(unsigned n)
{
	if (!n)
		toy_sheaf(machine, 0, 0, 0, 0, NULL);
}

static void test_sheaf_was_emptied(void **state)
{
	struct toy toy;
	unsigned alpha = start(&toy, TOY_7_1, empty_sheaf);
	uint64_t object = toy_object_kva(&toy, alpha, 5, 15);

	(void)state;
	toy_sheaf(&toy, alpha, 0, 0, 1, &object);
	toy_gather(&toy);
	expect_moved(&toy);
	toy_destroy(&toy);
}

/* A list that breaks off is counted, and is no finding. */
static void test_list_moves(void **state)
{
	static const uint64_t strange[] = { 5, 9 };
	struct toy toy;
	unsigned alpha = start(&toy, TOY_6_1, count_look);

	(void)state;
	toy_node(&toy, alpha, 3, 2, strange);
	toy_gather(&toy);
	assert_int_equal(toy.model->moved_lists, 1);
	assert_false(fake_run_said(toy.run, "slab-lists-unreadable"));
	toy_destroy(&toy);
}

/* Free objects hold a free pointer, allocated ones their own words. */
static void test_looks_free(void **state)
{
	struct toy toy;
	unsigned alpha = start(&toy, TOY_6_1, count_look);
	struct mo_reader *reader = NULL;
	const struct mo_slab *slab;

	(void)state;
	toy_link(&toy, alpha, 5, 7, 0);
	mo_fake_put_u64(toy.kernel, toy_object_kva(&toy, alpha, 5, 1), 0x1234);
	toy_gather(&toy);
	assert_null(mo_reader_create(toy.kernel, &reader));
	slab = mo_slab_at(toy.model, 5);
	assert_true(toy.model->looks_free(toy.model, reader, slab, 3));
	assert_true(toy.model->looks_free(toy.model, reader, slab, 7));
	assert_false(toy.model->looks_free(toy.model, reader, slab, 1));
	mo_reader_destroy(reader);
	toy_destroy(&toy);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_stands),
		cmocka_unit_test(test_loop_stands),
		cmocka_unit_test(test_is_whole_later),
		cmocka_unit_test(test_moves_in_every_look),
		cmocka_unit_test(test_is_another_word_each_time),
		cmocka_unit_test(test_cpu_list_moves),
		cmocka_unit_test(test_page_was_a_slab_for_a_moment),
		cmocka_unit_test(test_twice_in_a_sheaf),
		cmocka_unit_test(test_sheaf_was_emptied),
		cmocka_unit_test(test_list_moves),
		cmocka_unit_test(test_looks_free),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
