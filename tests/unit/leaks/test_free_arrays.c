/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* SLAB's arrays of free objects: what stands behind the objects that an array has is no reference, and all else is one. */
#include "toy_leaks.h"

#define DATA page_kva(DATA_PFN)
#define ARRAY (DATA + 0x400)
#define ENTRIES (ARRAY + 16)
#define ALIENS (DATA + 0x800)
#define N_OBJECTS 6u

/* An array with two free objects and room for four; entries 0 to 5 of it, and of what lies behind it, name objects. */
static void put_array(struct toy *toy, uint64_t kva, uint32_t available, uint32_t limit)
{
	mo_fake_put_u32(toy->kernel, kva, available);
	mo_fake_put_u32(toy->kernel, kva + 4, limit);
	for (uint32_t i = 0; i < N_OBJECTS; i++)
		point(toy, kva + 16 + i * 8, take(ODD, i));
}

static void start(struct toy *toy, unsigned n_nodes, uint32_t available, uint32_t limit)
{
	toy_init(toy);
	use_slab(toy, n_nodes);
	put_array(toy, ARRAY, available, limit);
}

static void hang_on_cpu(struct toy *toy)
{
	point(toy, CACHE_KVA(ODD) + CPU_ARRAY, ARRAY - (KFREE_RCU_KVA - KFREE_RCU_OFFSET));
}

/* Objects [first, end) are lost, and no others. */
static void expect_lost(struct toy *toy, uint32_t first, uint32_t end)
{
	toy_gather(toy);
	assert_int_equal(toy->model->n_lost, end - first);
	for (uint32_t i = first; i < end; i++)
		assert_non_null(lost_at(toy, object_kva(ODD, i)));
	toy_destroy(toy);
}

static void test_array_of_a_cpu(void **state)
{
	struct toy toy;

	(void)state;
	start(&toy, 1, 2, 4);
	hang_on_cpu(&toy);
	expect_lost(&toy, 2, 4);
	/* An empty one, and a full one. */
	start(&toy, 1, 0, 6);
	hang_on_cpu(&toy);
	expect_lost(&toy, 0, 6);
	start(&toy, 1, 4, 4);
	hang_on_cpu(&toy);
	expect_lost(&toy, 0, 0);
}

static void test_array_of_a_node(void **state)
{
	struct toy toy;

	(void)state;
	start(&toy, 1, 2, 5);
	point(&toy, ODD_NODE_KVA, ARRAY);
	expect_lost(&toy, 2, 5);
}

/* What a node keeps of others' objects: an array for each other node, and none on a machine with one. */
static void test_aliens(void **state)
{
	struct toy toy;

	(void)state;
	for (unsigned n_nodes = 1; n_nodes <= 2; n_nodes++) {
		start(&toy, n_nodes, 1, 3);
		point(&toy, ODD_NODE_KVA + 8, ALIENS);
		point(&toy, ALIENS + 8, ARRAY - ALIEN_ARRAY); /* node 0 is its own */
		expect_lost(&toy, 1, n_nodes == 1 ? 1 : 3);
	}
	start(&toy, 2, 1, 3);
	point(&toy, ODD_NODE_KVA + 8, 0xffff999900000000);
	expect_lost(&toy, 0, 0);
}

/* Numbers that no array has, and arrays that cannot be read: every word may be a reference. */
static void test_wild_arrays(void **state)
{
	struct toy toy;

	(void)state;
	start(&toy, 1, 2, 65537);
	hang_on_cpu(&toy);
	expect_lost(&toy, 0, 0);
	start(&toy, 1, 5, 4);
	hang_on_cpu(&toy);
	expect_lost(&toy, 0, 0);
	start(&toy, 1, 2, 4);
	point(&toy, ODD_NODE_KVA, 0xffff999900000000);
	point(&toy, CACHE_KVA(ODD) + CPU_ARRAY, 0x4141414141414141);
	expect_lost(&toy, 0, 0);
	/* Nobody says which CPUs there are. */
	start(&toy, 1, 2, 4);
	hang_on_cpu(&toy);
	mo_fake_break(toy.kernel, NODE_STATES_KVA, 8, MO_E_NOT_IN_DUMP);
	expect_lost(&toy, 0, 0);
}

/* The same bytes where the allocator is SLUB, which has no such arrays. */
static void test_slub(void **state)
{
	struct toy toy;

	(void)state;
	toy_init(&toy);
	point(&toy, CPU_POSSIBLE_KVA, 1);
	point(&toy, NODE_STATES_KVA, 1);
	put_array(&toy, ARRAY, 2, 4);
	hang_on_cpu(&toy);
	expect_lost(&toy, 0, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_array_of_a_cpu), cmocka_unit_test(test_array_of_a_node), cmocka_unit_test(test_aliens),
		cmocka_unit_test(test_wild_arrays), cmocka_unit_test(test_slub),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
