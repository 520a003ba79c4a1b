/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "kernel_rows.h"

#include <memopsy/walk.h>

#define TREE (BASE_KVA + 0x100)
#define NODES (BASE_KVA + 0x1000)
#define NODE(i) (NODES + (i) * 0x100ull)
#define N_NODES_MAX 600
#define N_RANGES_MAX 2048

enum node_type { LEAF = 1, RANGE = 2, ARANGE = 3 };

struct range {
	uint64_t first;
	uint64_t last;
	uint64_t entry; /* 0: a gap */
};

struct builder {
	struct mo_kernel *kernel;
	unsigned n_nodes;
	enum node_type inner;
	uint64_t *random;
};

static struct mo_kernel *maple_kernel(void)
{
	struct mo_kernel *kernel = container_kernel();

	mo_fake_map(kernel, BASE_KVA, 0x1000 + N_NODES_MAX * 0x100);
	return kernel;
}

static uint64_t encode(unsigned node, enum node_type type)
{
	return NODE(node) | (uint64_t)type << 3 | 4;
}

static uint64_t pivot_kva(unsigned node, unsigned slot)
{
	return NODE(node) + 8 + slot * 8ull;
}

static uint64_t slot_kva(unsigned node, enum node_type type, unsigned slot)
{
	return NODE(node) + (type == ARANGE ? 80 : 128) + slot * 8ull;
}

/* Fills a node's slots: n of them, each up to its last index. What lies behind is unused. */
static void put_slots(struct mo_kernel *kernel, unsigned node, enum node_type type, const struct range *ranges, unsigned n)
{
	unsigned n_slots = type == ARANGE ? 10 : 16;
	unsigned i;

	assert_true(n <= n_slots);
	for (i = 0; i < n; i++) {
		mo_fake_put_u64(kernel, slot_kva(node, type, i), ranges[i].entry);
		/* The last pivot in use may be written or left 0; the last slot of a full node has none. */
		if (i < n_slots - 1)
			mo_fake_put_u64(kernel, pivot_kva(node, i), i + 1 == n && node % 2 ? 0 : ranges[i].last);
	}
	if (type == ARANGE)
		mo_fake_put_u8(kernel, NODE(node) + 240, (uint8_t)(n - 1));
	else if (n < n_slots - 1 || (n == n_slots - 1 && node % 2))
		mo_fake_put_u8(kernel, NODE(node) + 248, (uint8_t)(n - 1));
}

static void put_parent(struct mo_kernel *kernel, unsigned node, uint64_t parent_kva, unsigned slot)
{
	mo_fake_put_u64(kernel, NODE(node), parent_kva | slot << 3 | 6);
}

/* A node over ranges[0 .. n-1], which cover their span without holes. Returns its encoded pointer. */
static uint64_t build(struct builder *builder, const struct range *ranges, unsigned n, uint64_t parent_kva, unsigned slot)
{
	unsigned node = builder->n_nodes++;
	unsigned n_children = 2 + (unsigned)(next_random(builder->random) % (builder->inner == ARANGE ? 9 : 15));
	struct range children[16];
	unsigned first = 0;
	unsigned i;

	assert_true(node < N_NODES_MAX);
	put_parent(builder->kernel, node, parent_kva, slot);
	if (n <= 16) {
		put_slots(builder->kernel, node, LEAF, ranges, n);
		return encode(node, LEAF);
	}
	for (i = 0; i < n_children; i++) {
		unsigned end = (unsigned)((uint64_t)n * (i + 1) / n_children);

		children[i].first = ranges[first].first;
		children[i].last = ranges[end - 1].last;
		children[i].entry = build(builder, ranges + first, end - first, NODE(node), i);
		first = end;
	}
	put_slots(builder->kernel, node, builder->inner, children, n_children);
	return encode(node, builder->inner);
}

/* Ranges that cover all indexes, at random places, some of them gaps. */
static void draw(struct range *ranges, unsigned n, uint64_t *random)
{
	uint64_t step = UINT64_MAX / n;
	unsigned i;

	for (i = 0; i < n; i++) {
		ranges[i].first = i ? ranges[i - 1].last + 1 : 0;
		ranges[i].last = i + 1 == n ? UINT64_MAX : i * step + 1 + next_random(random) % (step - 2);
		ranges[i].entry = next_random(random) % 3 ? BASE_KVA + 0x40ull * i : 0;
	}
}

static void set_root(struct mo_kernel *kernel, uint64_t encoded)
{
	mo_fake_put_u64(kernel, TREE + 8, encoded | 2);
}

static unsigned walk_all(struct mo_kernel *kernel, uint64_t limit, struct range *ranges, struct mo_error **error)
{
	struct mo_maple_walk walk;
	struct range range;
	unsigned count = 0;

	mo_maple_begin(&walk, mo_fake_reader(kernel), TREE, limit);
	while (mo_maple_next(&walk, &range.first, &range.last, &range.entry)) {
		assert_true(count < N_RANGES_MAX);
		ranges[count++] = range;
	}
	assert_false(mo_maple_next(&walk, &range.first, &range.last, &range.entry));
	*error = mo_maple_end(&walk);
	return count;
}

static void test_random_trees(void **state)
{
	static const unsigned sizes[] = { 2, 3, 10, 14, 15, 16, 17, 40, 100, 500, 1500 };
	struct range *ranges = calloc(N_RANGES_MAX, sizeof(*ranges));
	struct range *seen = calloc(N_RANGES_MAX, sizeof(*seen));
	uint64_t random = 4;
	unsigned s;
	unsigned round;

	(void)state;
	for (round = 0; round < 6; round++) {
		for (s = 0; s < N_ROWS(sizes); s++) {
			struct mo_kernel *kernel = maple_kernel();
			struct builder builder = { .kernel = kernel, .inner = round % 2 ? ARANGE : RANGE,
						   .random = &random, .n_nodes = round };
			struct mo_error *error;
			unsigned count;
			unsigned i;
			unsigned j = 0;

			draw(ranges, sizes[s], &random);
			set_root(kernel, build(&builder, ranges, sizes[s], TREE | 1, 0));
			count = walk_all(kernel, N_RANGES_MAX, seen, &error);
			expect_success(error);
			for (i = 0; i < sizes[s]; i++) {
				if (!ranges[i].entry)
					continue;
				assert_true(j < count);
				assert_int_equal(seen[j].first, ranges[i].first);
				assert_int_equal(seen[j].last, ranges[i].last);
				assert_int_equal(seen[j].entry, ranges[i].entry);
				j++;
			}
			assert_int_equal(j, count);
			mo_fake_destroy(kernel);
		}
	}
	free(ranges);
	free(seen);
}

static void test_roots(void **state)
{
	struct mo_kernel *kernel = maple_kernel();
	struct mo_error *error;
	struct range seen[2];

	(void)state;
	assert_int_equal(walk_all(kernel, 2, seen, &error), 0);
	expect_success(error);
	mo_fake_put_u64(kernel, TREE + 8, BASE_KVA + 0x40);
	assert_int_equal(walk_all(kernel, 2, seen, &error), 1);
	expect_success(error);
	assert_int_equal(seen[0].first, 0);
	assert_int_equal(seen[0].last, 0);
	assert_int_equal(seen[0].entry, BASE_KVA + 0x40);
	mo_fake_put_u64(kernel, TREE + 8, 257 << 2 | 2); /* XA_ZERO_ENTRY */
	assert_int_equal(walk_all(kernel, 2, seen, &error), 0);
	expect_success(error);
	mo_fake_destroy(kernel);
	kernel = container_kernel();
	assert_int_equal(walk_all(kernel, 2, seen, &error), 0);
	expect_error(error, MO_E_NOT_MAPPED, "cannot read the maple tree at 0xffff888000000100");
	mo_fake_destroy(kernel);
}

/* A root with three leaves of four ranges; the second entry of the second leaf is one that users do not see. */
static void build_three(struct mo_kernel *kernel)
{
	struct range inner[3];
	unsigned i;
	unsigned j;

	for (i = 0; i < 3; i++) {
		struct range leaf[4];

		for (j = 0; j < 4; j++) {
			leaf[j].first = i * 400 + j * 100;
			leaf[j].last = i == 2 && j == 3 ? UINT64_MAX : leaf[j].first + 99;
			leaf[j].entry = i == 1 && j == 1 ? 257 << 2 | 2 : BASE_KVA + (i * 4 + j) * 8;
		}
		put_parent(kernel, i + 2, NODE(0), i);
		put_slots(kernel, i + 2, LEAF, leaf, 4);
		inner[i] = (struct range){ .first = leaf[0].first, .last = leaf[3].last, .entry = encode(i + 2, LEAF) };
	}
	mo_fake_put_u64(kernel, NODE(0), TREE | 1);
	put_slots(kernel, 0, ARANGE, inner, 3);
	set_root(kernel, encode(0, ARANGE));
}

static void test_limit_and_reserved(void **state)
{
	struct mo_kernel *kernel = maple_kernel();
	struct mo_error *error;
	struct range seen[20];

	(void)state;
	build_three(kernel);
	assert_int_equal(walk_all(kernel, 11, seen, &error), 11);
	expect_success(error);
	assert_int_equal(seen[5].first, 600);
	assert_int_equal(walk_all(kernel, 10, seen, &error), 10);
	expect_error(error, MO_E_LIMIT, "the maple tree at 0xffff888000000100 holds more than 10 items");
	mo_fake_destroy(kernel);
}

static void check_broken(struct mo_kernel *kernel, unsigned n_wanted, enum mo_error_code code, const char *text)
{
	struct range seen[20];
	struct mo_error *error;

	assert_int_equal(walk_all(kernel, 20, seen, &error), n_wanted);
	expect_error(error, code, text);
	build_three(kernel);
}

static void test_broken_nodes(void **state)
{
	struct mo_kernel *kernel = maple_kernel();
	uint64_t random = 9;
	unsigned i;

	(void)state;
	build_three(kernel);
	mo_fake_put_u64(kernel, NODE(3), NODE(3));
	check_broken(kernel, 8, MO_E_CORRUPT, "node 0xffff888000001300 is dead");
	put_parent(kernel, 3, NODE(1), 1);
	check_broken(kernel, 8, MO_E_CORRUPT, "the parent of node 0xffff888000001300 is 0xffff88800000110e and not slot 1 of "
					      "0xffff888000001000");
	put_parent(kernel, 3, NODE(0), 2);
	check_broken(kernel, 8, MO_E_CORRUPT, "and not slot 1 of 0xffff888000001000");
	mo_fake_put_u64(kernel, slot_kva(0, ARANGE, 1), NODE(3) | 9 << 3 | 4);
	check_broken(kernel, 8, MO_E_CORRUPT, "node 0xffff888000001300 has the unknown type 9");
	mo_fake_put_u64(kernel, slot_kva(0, ARANGE, 1), 0x77777777770cull);
	check_broken(kernel, 8, MO_E_NOT_MAPPED,
		     "in the maple tree at 0xffff888000000100: cannot read node 0x777777777700");
	mo_fake_put_u8(kernel, NODE(3) + 248, 77);
	check_broken(kernel, 8, MO_E_CORRUPT, "node 0xffff888000001300 claims that its data ends at slot 77 of 16");
	/* Pivots that fall: the rest of that node is lost. */
	mo_fake_put_u64(kernel, pivot_kva(3, 2), 300);
	check_broken(kernel, 8 + 1, MO_E_CORRUPT, "slot 2 of node 0xffff888000001300 covers 0x258 to 0x12c, within 0x190 to "
						  "0x31f");
	mo_fake_put_u64(kernel, pivot_kva(3, 0), 5000);
	check_broken(kernel, 8, MO_E_CORRUPT, "slot 0 of node 0xffff888000001300 covers 0x190 to 0x1388");
	/* A child that is the root: it knows that it has no parent. */
	mo_fake_put_u64(kernel, slot_kva(0, ARANGE, 1), encode(0, ARANGE));
	check_broken(kernel, 8, MO_E_CORRUPT, "the parent of node 0xffff888000001000");
	mo_fake_put_u64(kernel, NODE(0), NODE(5));
	check_broken(kernel, 0, MO_E_CORRUPT, "the parent of node 0xffff888000001000");

	/* Any bytes at all: no crash, and no more than the limit. */
	for (i = 0; i < 3000; i++) {
		struct range seen[20];
		struct mo_error *error;

		build_three(kernel);
		mo_fake_put_u8(kernel, TREE + next_random(&random) % (NODE(5) - TREE), (uint8_t)next_random(&random));
		mo_fake_put_u8(kernel, NODE(next_random(&random) % 5) + next_random(&random) % 256,
			       (uint8_t)next_random(&random));
		assert_true(walk_all(kernel, 20, seen, &error) <= 20);
		mo_error_destroy(error);
	}
	mo_fake_destroy(kernel);
}

static void test_before_maple_trees(void **state)
{
	static const struct mo_fake_row rows[] = { { .type = "struct page", .bytes = 64 } };
	struct mo_kernel *kernel = mo_fake_kernel(&(struct mo_fake){ .rows = rows, .n_rows = 1 });
	struct range seen[1];
	struct mo_error *error;

	(void)state;
	assert_int_equal(walk_all(kernel, 20, seen, &error), 0);
	expect_error(error, MO_E_ABSENT, "maple_tree");
	mo_fake_destroy(kernel);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_random_trees),
		cmocka_unit_test(test_roots),
		cmocka_unit_test(test_limit_and_reserved),
		cmocka_unit_test(test_broken_nodes),
		cmocka_unit_test(test_before_maple_trees),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
