/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "kernel_rows.h"

#include <memopsy/walk.h>

#define ROOT (BASE_KVA + 0x100)
#define NODE(i) (BASE_KVA + 0x1000 + (i) * 0x20ull)
#define N_MAX 512

static struct mo_kernel *tree_kernel(void)
{
	struct mo_kernel *kernel = container_kernel();

	mo_fake_map(kernel, BASE_KVA, 0x1000 + N_MAX * 0x20);
	return kernel;
}

static void put_node(struct mo_kernel *kernel, uint64_t node, uint64_t parent, uint64_t left, uint64_t right)
{
	mo_fake_put_u64(kernel, node, parent | 1); /* black */
	mo_fake_put_u64(kernel, node + 8, right);
	mo_fake_put_u64(kernel, node + 16, left);
}

/* Nodes first..end-1 in order, with a random one of them on top. Returns the top. */
static uint64_t build(struct mo_kernel *kernel, unsigned first, unsigned end, uint64_t parent, uint64_t *random)
{
	unsigned top;

	if (first == end)
		return 0;
	/* Never far from the middle, so that it stays as flat as a red-black tree is. */
	top = first + (end - first) / 3 + (unsigned)(next_random(random) % ((end - first) / 3 + 1));
	put_node(kernel, NODE(top), parent, build(kernel, first, top, NODE(top), random),
		 build(kernel, top + 1, end, NODE(top), random));
	return NODE(top);
}

/* Walks and checks that nodes ascend; returns how many. */
static unsigned walk_tree(struct mo_kernel *kernel, uint64_t limit, struct mo_error **error)
{
	struct mo_rbtree_walk walk;
	uint64_t node_kva = 0;
	uint64_t last_kva = 0;
	unsigned count = 0;

	mo_rbtree_begin(&walk, mo_fake_reader(kernel), ROOT, limit);
	while (mo_rbtree_next(&walk, &node_kva)) {
		assert_true(node_kva > last_kva);
		last_kva = node_kva;
		count++;
	}
	assert_false(mo_rbtree_next(&walk, &node_kva));
	*error = mo_rbtree_end(&walk);
	return count;
}

static void test_random_trees(void **state)
{
	uint64_t random = 1;
	unsigned n;

	(void)state;
	for (n = 0; n < N_MAX; n += 1 + n / 8) {
		struct mo_kernel *kernel = tree_kernel();
		struct mo_error *error;

		mo_fake_put_u64(kernel, ROOT, build(kernel, 0, n, 0, &random));
		assert_int_equal(walk_tree(kernel, N_MAX, &error), n);
		expect_success(error);
		mo_fake_destroy(kernel);
	}
}

static void test_limit(void **state)
{
	struct mo_kernel *kernel = tree_kernel();
	struct mo_error *error;
	uint64_t random = 2;

	(void)state;
	mo_fake_put_u64(kernel, ROOT, build(kernel, 0, 30, 0, &random));
	assert_int_equal(walk_tree(kernel, 30, &error), 30);
	expect_success(error);
	assert_int_equal(walk_tree(kernel, 29, &error), 29);
	expect_error(error, MO_E_LIMIT, "the rbtree at 0xffff888000000100 holds more than 29 items");
	assert_int_equal(walk_tree(kernel, 1, &error), 1); /* however deep the first of them lies */
	expect_error(error, MO_E_LIMIT, "holds more than 1 items");
	mo_fake_destroy(kernel);
}

/* 3 above 1 (with 0 and 2) and 5 (with 4 and 6). */
static void build_seven(struct mo_kernel *kernel)
{
	put_node(kernel, NODE(3), 0, NODE(1), NODE(5));
	put_node(kernel, NODE(1), NODE(3), NODE(0), NODE(2));
	put_node(kernel, NODE(5), NODE(3), NODE(4), NODE(6));
	put_node(kernel, NODE(0), NODE(1), 0, 0);
	put_node(kernel, NODE(2), NODE(1), 0, 0);
	put_node(kernel, NODE(4), NODE(5), 0, 0);
	put_node(kernel, NODE(6), NODE(5), 0, 0);
	mo_fake_put_u64(kernel, ROOT, NODE(3));
}

static void test_bad_subtrees_cost_no_more(void **state)
{
	struct mo_kernel *kernel = tree_kernel();
	struct mo_error *error;

	(void)state;
	build_seven(kernel);
	mo_fake_put_u64(kernel, NODE(1) + 16, 0x5a5a5a5a5a5a5a5aull);
	assert_int_equal(walk_tree(kernel, 100, &error), 6);
	expect_error(error, MO_E_NOT_MAPPED, "in the rbtree at 0xffff888000000100, cannot follow 0x5a5a5a5a5a5a5a5a, child "
		     "of 0xffff888000001020");

	build_seven(kernel);
	mo_fake_put_u64(kernel, NODE(5), NODE(4) | 1);
	assert_int_equal(walk_tree(kernel, 100, &error), 4);
	expect_error(error, MO_E_CORRUPT, "the parent of 0xffff8880000010a0 is 0xffff888000001080 and not "
		     "0xffff888000001060");

	build_seven(kernel);
	mo_fake_break(kernel, NODE(0), 24, MO_E_NOT_IN_DUMP);
	mo_fake_break(kernel, NODE(6), 24, MO_E_NOT_IN_DUMP);
	assert_int_equal(walk_tree(kernel, 100, &error), 5);
	expect_error(error, MO_E_NOT_IN_DUMP, "2 errors, the first: in the rbtree");
	mo_fake_destroy(kernel);
}

static void test_cycles(void **state)
{
	struct mo_kernel *kernel = tree_kernel();
	struct mo_error *error;
	unsigned i;

	(void)state;
	/* A child that is an ancestor: it knows another parent. */
	build_seven(kernel);
	mo_fake_put_u64(kernel, NODE(0) + 16, NODE(3));
	assert_int_equal(walk_tree(kernel, 100, &error), 7);
	expect_error(error, MO_E_CORRUPT, "the parent of 0xffff888000001060 is 0x0");

	/* Both children are one node: each knows its parent, and the walk would double at every level. */
	for (i = 0; i < 40; i++)
		put_node(kernel, NODE(i), i ? NODE(i - 1) : 0, NODE(i + 1), NODE(i + 1));
	mo_fake_put_u64(kernel, ROOT, NODE(0));
	assert_int_equal(walk_tree(kernel, 100, &error), 0);
	expect_error(error, MO_E_CORRUPT, "both children of 0xffff888000001000 are 0xffff888000001020");

	/* A root that has a parent. */
	build_seven(kernel);
	mo_fake_put_u64(kernel, ROOT, NODE(5));
	assert_int_equal(walk_tree(kernel, 100, &error), 0);
	expect_error(error, MO_E_CORRUPT, "the parent of 0xffff8880000010a0");
	mo_fake_destroy(kernel);
}

/* Any words at all in the nodes: no crash, no more than the limit, and it ends. */
static void test_random_damage(void **state)
{
	struct mo_kernel *kernel = tree_kernel();
	uint64_t random = 7;
	unsigned i;

	(void)state;
	for (i = 0; i < 2000; i++) {
		struct mo_rbtree_walk walk;
		uint64_t node_kva;
		unsigned n_seen = 0;
		unsigned n;

		if (i % 20 == 0)
			mo_fake_put_u64(kernel, ROOT, build(kernel, 0, 60, 0, &random));
		for (n = 0; n < 2; n++)
			mo_fake_put_u64(kernel, NODE(0) + next_random(&random) % (60 * 4) * 8,
					NODE(next_random(&random) % 60) + next_random(&random) % 4);
		mo_rbtree_begin(&walk, mo_fake_reader(kernel), ROOT, 100);
		while (mo_rbtree_next(&walk, &node_kva))
			n_seen++;
		assert_true(n_seen <= 60); /* no node twice */
		mo_error_destroy(mo_rbtree_end(&walk));
	}
	mo_fake_destroy(kernel);
}

static void test_too_deep(void **state)
{
	struct mo_kernel *kernel = tree_kernel();
	struct mo_rbtree_walk walk;
	struct mo_error *error;
	uint64_t node_kva;
	unsigned count = 0;
	unsigned i;

	(void)state;
	for (i = 0; i < 200; i++)
		put_node(kernel, NODE(i), i ? NODE(i - 1) : 0, i < 199 ? NODE(i + 1) : 0, 0);
	mo_fake_put_u64(kernel, ROOT, NODE(0));
	mo_rbtree_begin(&walk, mo_fake_reader(kernel), ROOT, 1000);
	while (mo_rbtree_next(&walk, &node_kva))
		assert_int_equal(node_kva, NODE(MO_RBTREE_DEPTH - ++count));
	error = mo_rbtree_end(&walk);
	assert_int_equal(count, MO_RBTREE_DEPTH);
	expect_error(error, MO_E_CORRUPT, "deeper than 128 nodes at 0xffff888000002000");

	/* To the right, depth needs no stack, and the bound is that of the items. */
	for (i = 0; i < 200; i++)
		put_node(kernel, NODE(i), i ? NODE(i - 1) : 0, 0, i < 199 ? NODE(i + 1) : 0);
	assert_int_equal(walk_tree(kernel, 1000, &error), 200);
	expect_success(error);
	mo_fake_destroy(kernel);
}

static void test_root_unreadable(void **state)
{
	struct mo_kernel *kernel = container_kernel();
	struct mo_error *error;

	(void)state;
	assert_int_equal(walk_tree(kernel, 100, &error), 0);
	expect_error(error, MO_E_NOT_MAPPED, "cannot read the rbtree root at 0xffff888000000100");
	mo_fake_destroy(kernel);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_random_trees),
		cmocka_unit_test(test_limit),
		cmocka_unit_test(test_bad_subtrees_cost_no_more),
		cmocka_unit_test(test_cycles),
		cmocka_unit_test(test_random_damage),
		cmocka_unit_test(test_too_deep),
		cmocka_unit_test(test_root_unreadable),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
