/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "kernel_rows.h"

#include <memopsy/walk.h>

#define ROOT (BASE_KVA + 0x100)
#define NODES (BASE_KVA + 0x1000)
#define NODE_STRIDE 0x240ull
#define N_NODES_MAX 3000

/* A tree that is built as the kernel builds one: nodes on demand, upwards when an index does not fit. */
struct builder {
	struct mo_kernel *kernel;
	uint64_t root_kva;
	uint64_t top_kva;    /* 0: no node yet */
	unsigned top_shift;
	unsigned n_nodes;
	uint64_t tag;        /* 2 for an xarray, 1 for a radix tree */
};

static uint64_t peek(struct mo_kernel *kernel, uint64_t kva)
{
	uint64_t value = 0;

	expect_success(mo_read_u64(mo_fake_reader(kernel), kva, &value));
	return value;
}

static uint64_t slot_kva(uint64_t node, unsigned slot)
{
	return node + 40 + slot * 8ull;
}

static uint64_t new_node(struct builder *builder, uint64_t parent, unsigned slot, unsigned shift)
{
	uint64_t node = NODES + builder->n_nodes++ * NODE_STRIDE;

	assert_true(builder->n_nodes <= N_NODES_MAX);
	mo_fake_put_u8(builder->kernel, node, (uint8_t)shift);
	mo_fake_put_u8(builder->kernel, node + 1, (uint8_t)slot);
	mo_fake_put_u64(builder->kernel, node + 8, parent);
	return node;
}

static void grow(struct builder *builder, uint64_t index)
{
	if (!builder->top_kva)
		builder->top_kva = new_node(builder, 0, 0, 0);
	while (builder->top_shift + 6 < 64 && index >> (builder->top_shift + 6)) {
		uint64_t below = builder->top_kva;

		builder->top_shift += 6;
		builder->top_kva = new_node(builder, 0, 0, builder->top_shift);
		mo_fake_put_u64(builder->kernel, slot_kva(builder->top_kva, 0), below | builder->tag);
		mo_fake_put_u64(builder->kernel, below + 8, builder->top_kva);
	}
	mo_fake_put_u64(builder->kernel, builder->root_kva + 8, builder->top_kva | builder->tag);
}

/* Stores an entry of 2^order indexes (order < 6 above a multiple of 6: siblings). */
static void store(struct builder *builder, uint64_t index, unsigned order, uint64_t entry)
{
	uint64_t node;
	unsigned shift;
	unsigned i;

	grow(builder, index + (1ull << order) - 1);
	node = builder->top_kva;
	for (shift = builder->top_shift; shift > order / 6 * 6; shift -= 6) {
		unsigned slot = index >> shift & 63;
		uint64_t next = peek(builder->kernel, slot_kva(node, slot));

		if (!next) {
			next = new_node(builder, node, slot, shift - 6) | builder->tag;
			mo_fake_put_u64(builder->kernel, slot_kva(node, slot), next);
		}
		node = next - builder->tag;
	}
	for (i = 0; i < 1u << order % 6; i++) {
		unsigned slot = index >> shift & 63;
		uint64_t sibling = builder->tag == 2 ? (uint64_t)slot << 2 | 2 : slot_kva(node, slot) | 1;

		mo_fake_put_u64(builder->kernel, slot_kva(node, slot + i), i ? sibling : entry);
	}
}

static struct builder new_tree(struct mo_kernel *kernel)
{
	mo_fake_map(kernel, BASE_KVA, 0x1000 + N_NODES_MAX * NODE_STRIDE);
	return (struct builder){ .kernel = kernel, .root_kva = ROOT, .tag = 2 };
}

static unsigned walk_all(struct mo_kernel *kernel, uint64_t limit, uint64_t *indexes, uint64_t *entries, unsigned room,
			 struct mo_error **error)
{
	struct mo_xarray_walk walk;
	uint64_t index = 0;
	uint64_t entry = 0;
	unsigned count = 0;

	mo_xarray_begin(&walk, mo_fake_reader(kernel), ROOT, limit);
	while (mo_xarray_next(&walk, &index, &entry)) {
		assert_true(count < room);
		indexes[count] = index;
		entries[count] = entry;
		count++;
	}
	assert_false(mo_xarray_next(&walk, &index, &entry));
	*error = mo_xarray_end(&walk);
	return count;
}

static void test_empty_and_single(void **state)
{
	struct mo_kernel *kernel = container_kernel();
	struct mo_error *error;
	uint64_t index = 7;
	uint64_t entry = 7;

	(void)state;
	new_tree(kernel);
	assert_int_equal(walk_all(kernel, 10, &index, &entry, 1, &error), 0);
	expect_success(error);
	expect_success(mo_xarray_load(mo_fake_reader(kernel), ROOT, 0, &entry));
	assert_int_equal(entry, 0);

	mo_fake_put_u64(kernel, ROOT + 8, BASE_KVA + 0x5000);
	assert_int_equal(walk_all(kernel, 10, &index, &entry, 1, &error), 1);
	expect_success(error);
	assert_int_equal(index, 0);
	assert_int_equal(entry, BASE_KVA + 0x5000);
	expect_success(mo_xarray_load(mo_fake_reader(kernel), ROOT, 0, &entry));
	assert_int_equal(entry, BASE_KVA + 0x5000);
	expect_success(mo_xarray_load(mo_fake_reader(kernel), ROOT, 1, &entry));
	assert_int_equal(entry, 0);

	/* A value entry, and one that is reserved and so NULL to users. */
	mo_fake_put_u64(kernel, ROOT + 8, 42 << 1 | 1);
	assert_int_equal(walk_all(kernel, 10, &index, &entry, 1, &error), 1);
	expect_success(error);
	assert_int_equal(entry, 42 << 1 | 1);
	mo_fake_put_u64(kernel, ROOT + 8, 257 << 2 | 2);
	assert_int_equal(walk_all(kernel, 10, &index, &entry, 1, &error), 0);
	expect_success(error);
	mo_fake_destroy(kernel);
}

#define N_RANDOM 300

struct stored {
	uint64_t index;
	unsigned order;
	uint64_t entry;
};

static int by_index(const void *a, const void *b)
{
	const struct stored *left = a;
	const struct stored *right = b;

	return (left->index > right->index) - (left->index < right->index);
}

/* Draws entries that do not overlap, in ascending order. Returns how many. */
static unsigned draw(struct stored *all, unsigned n, unsigned index_bits, unsigned orders, uint64_t *random)
{
	unsigned n_kept = 0;
	unsigned i;

	for (i = 0; i < n; i++) {
		all[i].order = orders ? (unsigned)(next_random(random) % orders) : 0;
		all[i].index = next_random(random) >> (64 - index_bits) >> all[i].order << all[i].order;
		all[i].entry = i % 3 ? BASE_KVA + i * 64ull : (uint64_t)i << 1 | 1;
	}
	qsort(all, n, sizeof(*all), by_index);
	for (i = 0; i < n; i++) {
		struct stored *last = n_kept ? &all[n_kept - 1] : NULL;

		if (!last || all[i].index - last->index >= 1ull << last->order)
			all[n_kept++] = all[i];
	}
	return n_kept;
}

static void check_random(unsigned index_bits, unsigned orders, uint64_t *random)
{
	static const unsigned n_probes = 200;
	struct mo_kernel *kernel = container_kernel();
	struct builder builder = new_tree(kernel);
	struct stored all[N_RANDOM];
	uint64_t indexes[N_RANDOM];
	uint64_t entries[N_RANDOM];
	unsigned n = draw(all, N_RANDOM, index_bits, orders, random);
	struct mo_error *error;
	unsigned i;

	for (i = 0; i < n; i++)
		store(&builder, all[i].index, all[i].order, all[i].entry);
	assert_int_equal(walk_all(kernel, N_RANDOM, indexes, entries, N_RANDOM, &error), n);
	expect_success(error);
	for (i = 0; i < n; i++) {
		uint64_t inside = all[i].index + next_random(random) % (1ull << all[i].order);
		uint64_t entry = 0;

		assert_int_equal(indexes[i], all[i].index);
		assert_int_equal(entries[i], all[i].entry);
		expect_success(mo_xarray_load(mo_fake_reader(kernel), ROOT, inside, &entry));
		assert_int_equal(entry, all[i].entry);
	}
	/* Any index at all: what the naive table says. */
	for (i = 0; i < n_probes; i++) {
		uint64_t index = next_random(random) >> (64 - index_bits);
		uint64_t wanted = 0;
		uint64_t entry = 1;
		unsigned j;

		for (j = 0; j < n; j++)
			if (index - all[j].index < 1ull << all[j].order)
				wanted = all[j].entry;
		expect_success(mo_xarray_load(mo_fake_reader(kernel), ROOT, index, &entry));
		assert_int_equal(entry, wanted);
	}
	mo_fake_destroy(kernel);
}

static void test_random_trees(void **state)
{
	uint64_t random = 3;
	unsigned bits;

	(void)state;
	for (bits = 4; bits <= 64; bits += 6)
		check_random(bits, 0, &random);
	check_random(64, 0, &random);
	check_random(10, 4, &random);
	check_random(20, 10, &random);
	check_random(40, 18, &random);
}

static void test_limit_and_hostile(void **state)
{
	struct mo_kernel *kernel = container_kernel();
	struct builder builder = new_tree(kernel);
	struct mo_error *error;
	uint64_t indexes[200];
	uint64_t entries[200];
	uint64_t leaf;
	unsigned i;

	(void)state;
	for (i = 0; i < 100; i++)
		store(&builder, i, 0, BASE_KVA + i * 64);
	assert_int_equal(walk_all(kernel, 100, indexes, entries, 200, &error), 100);
	expect_success(error);
	assert_int_equal(walk_all(kernel, 70, indexes, entries, 200, &error), 70);
	expect_error(error, MO_E_LIMIT, "the xarray at 0xffff888000000100 holds more than 70 items");

	assert_int_equal(walk_all(kernel, 1, indexes, entries, 200, &error), 1);
	expect_error(error, MO_E_LIMIT, "holds more than 1 items");

	/* The second leaf is damaged: the first is handed out. */
	leaf = peek(kernel, slot_kva(builder.top_kva, 1)) - 2;
	mo_fake_put_u8(kernel, leaf, 6);
	assert_int_equal(walk_all(kernel, 200, indexes, entries, 200, &error), 64);
	expect_error(error, MO_E_CORRUPT, "the shift of node 0xffff888000001480 is 0x6 and not 0x0");
	mo_fake_put_u8(kernel, leaf, 0);
	mo_fake_put_u8(kernel, leaf + 1, 9);
	assert_int_equal(walk_all(kernel, 200, indexes, entries, 200, &error), 64);
	expect_error(error, MO_E_CORRUPT, "the slot of node 0xffff888000001480 is 0x9 and not 0x1");
	mo_fake_put_u64(kernel, slot_kva(builder.top_kva, 1), builder.top_kva | 2);
	assert_int_equal(walk_all(kernel, 200, indexes, entries, 200, &error), 64);
	expect_error(error, MO_E_CORRUPT, "the shift of node 0xffff888000001240 is 0x6 and not 0x0");
	mo_fake_put_u64(kernel, slot_kva(builder.top_kva, 1), 0x123456780002ull);
	assert_int_equal(walk_all(kernel, 200, indexes, entries, 200, &error), 64);
	expect_error(error, MO_E_NOT_MAPPED, "cannot read node 0x123456780000");
	expect_error(mo_xarray_load(mo_fake_reader(kernel), ROOT, 64, entries), MO_E_NOT_MAPPED,
		     "cannot read node 0x123456780000");
	/* A node where only entries may be. */
	mo_fake_put_u64(kernel, slot_kva(builder.top_kva, 1), 0);
	leaf = peek(kernel, slot_kva(builder.top_kva, 0)) - 2;
	mo_fake_put_u64(kernel, slot_kva(leaf, 5), leaf | 2);
	assert_int_equal(walk_all(kernel, 200, indexes, entries, 200, &error), 63);
	expect_error(error, MO_E_CORRUPT, "the entry in its last level of node 0xffff888000001000");
	expect_error(mo_xarray_load(mo_fake_reader(kernel), ROOT, 5, entries), MO_E_CORRUPT, "last level");
	mo_fake_destroy(kernel);
}

/* Any words at all in the nodes: no crash, no more than the limit, and it ends. */
static void test_random_damage(void **state)
{
	struct mo_kernel *kernel = container_kernel();
	struct builder builder = new_tree(kernel);
	uint64_t random = 8;
	unsigned i;

	(void)state;
	for (i = 0; i < 100; i++)
		store(&builder, i * 77, 0, BASE_KVA + i * 64);
	for (i = 0; i < 2000; i++) {
		uint64_t at = NODES + next_random(&random) % (builder.n_nodes * NODE_STRIDE / 8) * 8;
		uint64_t old = peek(kernel, at);
		uint64_t other = peek(kernel, NODES + next_random(&random) % (builder.n_nodes * NODE_STRIDE / 8) * 8);
		struct mo_error *error;
		uint64_t indexes[120];
		uint64_t entries[120];
		uint64_t entry;

		mo_fake_put_u64(kernel, at, i % 3 ? other : old ^ 1ull << next_random(&random) % 64);
		assert_true(walk_all(kernel, 120, indexes, entries, 120, &error) <= 120);
		mo_error_destroy(error);
		mo_error_destroy(mo_xarray_load(mo_fake_reader(kernel), ROOT, next_random(&random) % 8000, &entry));
		if (i % 10)
			mo_fake_put_u64(kernel, at, old);
	}
	mo_fake_destroy(kernel);
}

static const struct mo_fake_row radix_rows[] = {
	{ .type = "struct radix_tree_root", .member = "rnode", .offset_bytes = 8, .bytes = 8 },
	{ .type = "struct radix_tree_node", .bytes = 576 },
	{ .type = "struct radix_tree_node", .member = "shift", .offset_bytes = 0, .bytes = 1 },
	{ .type = "struct radix_tree_node", .member = "offset", .offset_bytes = 1, .bytes = 1 },
	{ .type = "struct radix_tree_node", .member = "parent", .offset_bytes = 8, .bytes = 8 },
	{ .type = "struct radix_tree_node", .member = "slots", .offset_bytes = 40, .bytes = 8, .n_elements = 64 },
};

/* 4.7 to 4.19: internal entries end in 01, exceptional ones in 10, siblings point at a slot of their node. */
static void test_tagged_radix_tree(void **state)
{
	struct mo_kernel *kernel = mo_fake_kernel(&(struct mo_fake){ .rows = radix_rows, .n_rows = N_ROWS(radix_rows) });
	struct builder builder = new_tree(kernel);
	struct mo_error *error;
	uint64_t indexes[10];
	uint64_t entries[10];
	uint64_t entry = 0;

	(void)state;
	builder.tag = 1;
	store(&builder, 8, 3, BASE_KVA + 0x40);
	store(&builder, 100, 0, BASE_KVA + 0x80);
	store(&builder, 70000, 0, 0x1234 << 2 | 2);
	assert_int_equal(walk_all(kernel, 10, indexes, entries, 10, &error), 3);
	expect_success(error);
	assert_int_equal(indexes[0], 8);
	assert_int_equal(indexes[1], 100);
	assert_int_equal(indexes[2], 70000);
	assert_int_equal(entries[2], 0x1234 << 2 | 2);
	expect_success(mo_xarray_load(mo_fake_reader(kernel), ROOT, 15, &entry));
	assert_int_equal(entry, BASE_KVA + 0x40);
	expect_success(mo_xarray_load(mo_fake_reader(kernel), ROOT, 16, &entry));
	assert_int_equal(entry, 0);
	mo_fake_destroy(kernel);
}

static const struct mo_fake_row old_radix_rows[] = {
	{ .type = "struct radix_tree_root", .member = "height", .offset_bytes = 0, .bytes = 4 },
	{ .type = "struct radix_tree_root", .member = "rnode", .offset_bytes = 8, .bytes = 8 },
	{ .type = "struct radix_tree_node", .bytes = 576 },
	{ .type = "struct radix_tree_node", .member = "slots", .offset_bytes = 40, .bytes = 8, .n_elements = 64 },
};

/* Before 4.7: the root knows the height, and pointers between nodes are plain. */
static void test_old_radix_tree(void **state)
{
	struct mo_kernel *kernel =
		mo_fake_kernel(&(struct mo_fake){ .rows = old_radix_rows, .n_rows = N_ROWS(old_radix_rows) });
	struct mo_xarray_walk walk;
	struct mo_error *error;
	uint64_t indexes[10];
	uint64_t entries[10];
	uint64_t entry = 1;
	unsigned i;

	(void)state;
	new_tree(kernel);
	mo_fake_put_u64(kernel, ROOT + 8, BASE_KVA + 0x40); /* height 0: the entry of index 0 */
	assert_int_equal(walk_all(kernel, 10, indexes, entries, 10, &error), 1);
	expect_success(error);

	mo_fake_put_u32(kernel, ROOT, 2);
	mo_fake_put_u64(kernel, ROOT + 8, NODES | 1);
	mo_fake_put_u64(kernel, slot_kva(NODES, 3), NODES + NODE_STRIDE);
	mo_fake_put_u64(kernel, slot_kva(NODES + NODE_STRIDE, 5), BASE_KVA + 0x40);
	mo_fake_put_u64(kernel, slot_kva(NODES + NODE_STRIDE, 6), 77 << 2 | 2);
	assert_int_equal(walk_all(kernel, 10, indexes, entries, 10, &error), 2);
	expect_success(error);
	assert_int_equal(indexes[0], 3 * 64 + 5);
	assert_int_equal(entries[0], BASE_KVA + 0x40);
	assert_int_equal(entries[1], 77 << 2 | 2);
	expect_success(mo_xarray_load(mo_fake_reader(kernel), ROOT, 3 * 64 + 5, &entry));
	assert_int_equal(entry, BASE_KVA + 0x40);
	expect_success(mo_xarray_load(mo_fake_reader(kernel), ROOT, 64 * 64, &entry));
	assert_int_equal(entry, 0);

	mo_fake_put_u32(kernel, ROOT, 99);
	assert_int_equal(walk_all(kernel, 10, indexes, entries, 10, &error), 0);
	expect_error(error, MO_E_CORRUPT, "claims a height of 99");
	/* A node that is all its own children, eight levels deep: 63^8 paths, and the bound holds. */
	mo_fake_put_u32(kernel, ROOT, 8);
	for (i = 0; i < 64; i++)
		mo_fake_put_u64(kernel, slot_kva(NODES, i), i ? NODES : 0);
	mo_xarray_begin(&walk, mo_fake_reader(kernel), ROOT, 20);
	for (i = 0; mo_xarray_next(&walk, &indexes[0], &entries[0]); i++)
		;
	assert_int_equal(i, 20);
	expect_error(mo_xarray_end(&walk), MO_E_LIMIT, "holds more than 20 items");
	mo_fake_destroy(kernel);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_empty_and_single),
		cmocka_unit_test(test_random_trees),
		cmocka_unit_test(test_limit_and_hostile),
		cmocka_unit_test(test_random_damage),
		cmocka_unit_test(test_tagged_radix_tree),
		cmocka_unit_test(test_old_radix_tree),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
