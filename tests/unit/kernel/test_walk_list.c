/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "kernel_rows.h"

#include <memopsy/walk.h>

#define HEAD (BASE_KVA + 0x1000)
#define NODE(i) (BASE_KVA + 0x2000 + (i) * 0x40ull)
#define N_NODES_MAX 64

static struct mo_kernel *list_kernel(void)
{
	struct mo_kernel *kernel = container_kernel();

	mo_fake_map(kernel, BASE_KVA, 0x4000);
	return kernel;
}

static void link_nodes(struct mo_kernel *kernel, uint64_t left, uint64_t right)
{
	mo_fake_put_u64(kernel, left, right);
	mo_fake_put_u64(kernel, right + 8, left);
}

/* HEAD <-> NODE(0) <-> ... <-> HEAD */
static void build_list(struct mo_kernel *kernel, unsigned n_nodes)
{
	unsigned i;

	link_nodes(kernel, HEAD, n_nodes ? NODE(0) : HEAD);
	for (i = 0; i < n_nodes; i++)
		link_nodes(kernel, NODE(i), i + 1 < n_nodes ? NODE(i + 1) : HEAD);
}

/* Walks and checks that the nodes come in order; returns how many. */
static unsigned walk_list(struct mo_kernel *kernel, uint64_t limit, struct mo_error **error)
{
	struct mo_list_walk walk;
	unsigned count = 0;
	uint64_t node_kva = 0;

	mo_list_begin(&walk, mo_fake_reader(kernel), HEAD, limit);
	while (mo_list_next(&walk, &node_kva)) {
		assert_int_equal(node_kva, NODE(count));
		count++;
	}
	assert_false(mo_list_next(&walk, &node_kva));
	*error = mo_list_end(&walk);
	return count;
}

static void test_whole_lists(void **state)
{
	unsigned n_nodes;

	(void)state;
	for (n_nodes = 0; n_nodes <= N_NODES_MAX; n_nodes++) {
		struct mo_kernel *kernel = list_kernel();
		struct mo_error *error;

		build_list(kernel, n_nodes);
		assert_int_equal(walk_list(kernel, N_NODES_MAX, &error), n_nodes);
		expect_success(error);
		mo_fake_destroy(kernel);
	}
}

static void test_limit(void **state)
{
	struct mo_kernel *kernel = list_kernel();
	struct mo_error *error;

	(void)state;
	build_list(kernel, 10);
	assert_int_equal(walk_list(kernel, 10, &error), 10);
	expect_success(error);
	assert_int_equal(walk_list(kernel, 9, &error), 9);
	expect_error(error, MO_E_LIMIT, "the list at 0xffff888000001000 holds more than 9 items");
	mo_fake_destroy(kernel);
}

static void test_head_never_initialised(void **state)
{
	struct mo_kernel *kernel = list_kernel();
	struct mo_error *error;

	(void)state;
	assert_int_equal(walk_list(kernel, 10, &error), 0);
	expect_error(error, MO_E_CORRUPT, "the list head at 0xffff888000001000 was never initialised");
	mo_fake_destroy(kernel);
}

static void test_wild_pointer(void **state)
{
	struct mo_kernel *kernel = list_kernel();
	struct mo_error *error;

	(void)state;
	build_list(kernel, 5);
	mo_fake_put_u64(kernel, NODE(2), 0xdead000000000100ull); /* LIST_POISON1 */
	assert_int_equal(walk_list(kernel, 10, &error), 3);
	expect_error(error, MO_E_NOT_MAPPED,
		     "in the list at 0xffff888000001000, cannot follow 0xdead000000000100, next of 0xffff888000002080");
	mo_fake_destroy(kernel);
}

static void test_page_not_in_dump(void **state)
{
	struct mo_kernel *kernel = list_kernel();
	struct mo_error *error;

	(void)state;
	build_list(kernel, 5);
	mo_fake_break(kernel, NODE(3), 16, MO_E_NOT_IN_DUMP);
	assert_int_equal(walk_list(kernel, 10, &error), 3);
	expect_error(error, MO_E_NOT_IN_DUMP, "cannot follow 0xffff8880000020c0");
	mo_fake_break(kernel, HEAD, 16, MO_E_NOT_IN_DUMP);
	assert_int_equal(walk_list(kernel, 10, &error), 0);
	expect_error(error, MO_E_NOT_IN_DUMP, "cannot read the list head at 0xffff888000001000");
	mo_fake_destroy(kernel);
}

static void test_wrong_back_links(void **state)
{
	struct mo_kernel *kernel = list_kernel();
	struct mo_error *error;

	(void)state;
	build_list(kernel, 5);
	mo_fake_put_u64(kernel, NODE(3) + 8, NODE(1));
	assert_int_equal(walk_list(kernel, 10, &error), 3);
	expect_error(error, MO_E_CORRUPT, "prev of 0xffff8880000020c0 is 0xffff888000002040 instead of 0xffff888000002080");
	build_list(kernel, 5);
	mo_fake_put_u64(kernel, HEAD + 8, NODE(1));
	assert_int_equal(walk_list(kernel, 10, &error), 5);
	expect_error(error, MO_E_CORRUPT, "prev of 0xffff888000001000 is 0xffff888000002040 instead of 0xffff888000002100");
	mo_fake_destroy(kernel);
}

static void test_cycles(void **state)
{
	struct mo_kernel *kernel = list_kernel();
	struct mo_error *error;

	(void)state;
	/* A node whose next is itself, as list_add() of a node that is on the list already makes it. */
	build_list(kernel, 3);
	mo_fake_put_u64(kernel, NODE(2), NODE(2));
	assert_int_equal(walk_list(kernel, 1000, &error), 3);
	expect_error(error, MO_E_CYCLE, "the list at 0xffff888000001000 is circular: it returns to 0xffff888000002080 "
					"after 3 nodes");

	/* A ring that the head is no member of, entered by a node that it takes for its own. */
	build_list(kernel, 4);
	link_nodes(kernel, NODE(3), NODE(0));
	mo_fake_put_u64(kernel, NODE(0) + 8, HEAD);
	assert_int_equal(walk_list(kernel, 1000, &error), 4);
	expect_error(error, MO_E_CYCLE, "the list at 0xffff888000001000 is circular: it returns to 0xffff888000002000");
	mo_fake_destroy(kernel);
}

/* Removes NODE(1) from a list of three, and poisons it, just when the walk reads it. */
static void remove_second(struct mo_kernel *kernel, uint64_t kva)
{
	if (kva != NODE(1))
		return;
	link_nodes(kernel, NODE(0), NODE(2));
	mo_fake_put_u64(kernel, NODE(1), 0xdead000000000100ull);
	mo_fake_put_u64(kernel, NODE(1) + 8, 0xdead000000000122ull);
}

/* Puts NODE(3) at the end of a list of three, just when the walk reads the last one. */
static void append_fourth(struct mo_kernel *kernel, uint64_t kva)
{
	if (kva != NODE(2))
		return;
	link_nodes(kernel, NODE(2), NODE(3));
	link_nodes(kernel, NODE(3), HEAD);
}

static void test_live_kernel(void **state)
{
	struct mo_fake fake = { .rows = mo_container_rows, .n_rows = mo_n_container_rows, .is_live = true };
	struct mo_list_walk walk;
	struct mo_kernel *kernel;
	struct mo_error *error;
	uint64_t node_kva = 0;

	(void)state;
	fake.before_read = remove_second;
	kernel = mo_fake_kernel(&fake);
	mo_fake_map(kernel, BASE_KVA, 0x4000);
	build_list(kernel, 3);
	mo_list_begin(&walk, mo_fake_reader(kernel), HEAD, 2);
	assert_true(mo_list_next(&walk, &node_kva));
	assert_int_equal(node_kva, NODE(0));
	assert_true(mo_list_next(&walk, &node_kva));
	assert_int_equal(node_kva, NODE(2));
	assert_false(mo_list_next(&walk, &node_kva));
	expect_success(mo_list_end(&walk));
	mo_fake_destroy(kernel);

	fake.before_read = append_fourth;
	kernel = mo_fake_kernel(&fake);
	mo_fake_map(kernel, BASE_KVA, 0x4000);
	build_list(kernel, 3);
	assert_int_equal(walk_list(kernel, 10, &error), 4);
	expect_success(error);
	/* The head's prev, as it was when the walk began, is an old one. */
	build_list(kernel, 3);
	mo_fake_put_u64(kernel, HEAD + 8, NODE(2));
	assert_int_equal(walk_list(kernel, 10, &error), 4);
	expect_success(error);
	/* What stays broken is broken in a live kernel too. */
	build_list(kernel, 3);
	mo_fake_put_u64(kernel, NODE(1) + 8, NODE(2));
	assert_int_equal(walk_list(kernel, 10, &error), 1);
	expect_error(error, MO_E_CORRUPT, "prev of 0xffff888000002040");
	mo_fake_destroy(kernel);
}

static void test_chain(void **state)
{
	struct mo_kernel *kernel = list_kernel();
	struct mo_chain_walk walk;
	unsigned count = 0;
	uint64_t node_kva;
	unsigned i;

	(void)state;
	for (i = 0; i < 10; i++)
		mo_fake_put_u64(kernel, NODE(i) + 0x20, i < 9 ? NODE(i + 1) : 0);
	mo_chain_begin(&walk, mo_fake_reader(kernel), NODE(0), 0x20, 10);
	while (mo_chain_next(&walk, &node_kva))
		assert_int_equal(node_kva, NODE(count++));
	expect_success(mo_chain_end(&walk));
	assert_int_equal(count, 10);

	mo_chain_begin(&walk, mo_fake_reader(kernel), 0, 0x20, 10);
	assert_false(mo_chain_next(&walk, &node_kva));
	expect_success(mo_chain_end(&walk));

	mo_chain_begin(&walk, mo_fake_reader(kernel), NODE(0), 0x20, 4);
	for (count = 0; mo_chain_next(&walk, &node_kva); count++)
		;
	assert_int_equal(count, 4);
	expect_error(mo_chain_end(&walk), MO_E_LIMIT, "holds more than 4 items");
	mo_fake_destroy(kernel);
}

static void test_chain_cycles_of_every_length(void **state)
{
	unsigned lead;
	unsigned length;

	(void)state;
	for (lead = 0; lead < 8; lead++) {
		for (length = 1; length < 20; length++) {
			struct mo_kernel *kernel = list_kernel();
			struct mo_chain_walk walk;
			unsigned n_seen = 0;
			uint64_t node_kva;
			unsigned i;

			for (i = 0; i < lead + length; i++)
				mo_fake_put_u64(kernel, NODE(i), NODE(i + 1 < lead + length ? i + 1 : lead));
			mo_chain_begin(&walk, mo_fake_reader(kernel), NODE(0), 0, 1000);
			while (mo_chain_next(&walk, &node_kva))
				n_seen++;
			assert_true(n_seen >= lead + length);
			assert_true(n_seen <= 3 * (lead + length) + 3);
			expect_error(mo_chain_end(&walk), MO_E_CYCLE, "is circular: it returns to");
			mo_fake_destroy(kernel);
		}
	}
}

static void test_hlist(void **state)
{
	struct mo_kernel *kernel = list_kernel();
	struct mo_chain_walk walk;
	uint64_t node_kva = 0;

	(void)state;
	mo_fake_put_u64(kernel, HEAD, NODE(0));
	mo_fake_put_u64(kernel, NODE(0), NODE(1));
	mo_fake_put_u64(kernel, NODE(1), 0x7f | 1); /* the end mark of an hlist_nulls */
	mo_hlist_begin(&walk, mo_fake_reader(kernel), HEAD, 10);
	assert_true(mo_chain_next(&walk, &node_kva));
	assert_true(mo_chain_next(&walk, &node_kva));
	assert_int_equal(node_kva, NODE(1));
	assert_false(mo_chain_next(&walk, &node_kva));
	expect_success(mo_chain_end(&walk));

	mo_fake_put_u64(kernel, NODE(0), 0x1230);
	mo_hlist_begin(&walk, mo_fake_reader(kernel), HEAD, 10);
	assert_true(mo_chain_next(&walk, &node_kva));
	assert_false(mo_chain_next(&walk, &node_kva));
	expect_error(mo_chain_end(&walk), MO_E_NOT_MAPPED, "in the chain at 0xffff888000001000, cannot follow 0x1230");

	mo_hlist_begin(&walk, mo_fake_reader(kernel), 0x10, 10);
	assert_false(mo_chain_next(&walk, &node_kva));
	expect_error(mo_chain_end(&walk), MO_E_NOT_MAPPED, "cannot read the hlist head at 0x10");
	mo_fake_destroy(kernel);
}

/* Types without a list_head: every walk says so, the second time too, when it is remembered. */
static void test_absent_type(void **state)
{
	static const struct mo_fake_row rows[] = { { .type = "struct page", .bytes = 64 } };
	struct mo_kernel *kernel = mo_fake_kernel(&(struct mo_fake){ .rows = rows, .n_rows = 1 });
	struct mo_error *error;

	(void)state;
	assert_int_equal(walk_list(kernel, 10, &error), 0);
	expect_error(error, MO_E_ABSENT, "list_head");
	assert_int_equal(walk_list(kernel, 10, &error), 0);
	expect_error(error, MO_E_ABSENT, "list_head");
	mo_fake_destroy(kernel);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_whole_lists),
		cmocka_unit_test(test_limit),
		cmocka_unit_test(test_head_never_initialised),
		cmocka_unit_test(test_wild_pointer),
		cmocka_unit_test(test_page_not_in_dump),
		cmocka_unit_test(test_wrong_back_links),
		cmocka_unit_test(test_cycles),
		cmocka_unit_test(test_live_kernel),
		cmocka_unit_test(test_chain),
		cmocka_unit_test(test_chain_cycles_of_every_length),
		cmocka_unit_test(test_hlist),
		cmocka_unit_test(test_absent_type),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
