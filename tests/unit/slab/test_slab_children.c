/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Caches that memory cgroups had of their own until 5.8: they are one row of slabinfo, and are listed with their root. */

#include "toy_slab.h"

#include <stdlib.h>
#include <string.h>

#define MEMCG (BASE_KVA + 40 * 4096)
#define CGROUP (MEMCG + 64)
#define NODE (MEMCG + 128)
#define ROOT_NODE (MEMCG + 192)
#define NAME (MEMCG + 256)

static const unsigned free_of_5[] = { 3, 15, 0, 7 };
static const unsigned free_of_6[] = { 1, 2 };
static const uint64_t listed_5[] = { 5 };
static const uint64_t listed_6[] = { 6 };

static void make_child(struct toy *toy, unsigned child, uint64_t root_kva, uint64_t memcg_kva)
{
	mo_fake_put_u64(toy->kernel, toy_cache_kva(child) + 160, root_kva);
	mo_fake_put_u64(toy->kernel, toy_cache_kva(child) + 168, memcg_kva);
}

/* "alpha" with a slab of 16 objects, 4 of them free; its child with two slabs, 2 objects free; "beta" without. */
static void start(struct toy *toy)
{
	unsigned alpha;
	unsigned child;

	toy_init(toy, TOY_5_4);
	alpha = toy_cache(toy, "alpha", 256, 256, 0);
	child = toy_cache(toy, "alpha(7:db)", 256, 256, 0);
	toy_cache(toy, "beta", 512, 512, 0);
	toy_slab(toy, alpha, 5, 4, free_of_5);
	toy_node(toy, alpha, 1, 1, listed_5);
	toy_slab(toy, child, 6, 2, free_of_6);
	toy_slab(toy, child, 7, 0, NULL);
	toy_node(toy, child, 2, 1, listed_6);
	/* What a root has in the place of the cgroup is another thing. */
	make_child(toy, alpha, 0, 0x4141414141414141);
	make_child(toy, child, toy_cache_kva(alpha), MEMCG);
	mo_fake_put_u64(toy->kernel, MEMCG, CGROUP);
	mo_fake_put_u64(toy->kernel, CGROUP + 8, NODE);
	mo_fake_put_u64(toy->kernel, NODE + 8, ROOT_NODE);
	mo_fake_put_u64(toy->kernel, NODE + 16, NAME);
	mo_fake_put(toy->kernel, NAME, "db", 3);
	toy_argument = NULL;
}

static void test_one_row(void **state)
{
	struct toy toy;
	char *text;

	(void)state;
	start(&toy);
	toy_gather(&toy);
	assert_int_equal(toy.model->n_caches, 3);
	assert_int_equal(toy.model->caches[0].root, MO_SLAB_NO_CACHE);
	assert_int_equal(toy.model->caches[0].memcg_kva, 0);
	assert_int_equal(toy.model->caches[1].root, 0);
	assert_int_equal(toy.model->caches[1].memcg_kva, MEMCG);
	text = fake_run_flagged(toy.run, "slabinfo", "exact");
	assert_non_null(strstr(text, "alpha                 42     48    256   16    1 : tunables    0    0    0 : slabdata      3"
				     "      3      0 : exact     42      6      0      3\n"
				     "beta                   0      0    512 "));
	assert_null(strstr(text, "alpha(7:db)"));
	free(text);
	toy_destroy(&toy);
}

static void test_children_are_listed(void **state)
{
	struct toy toy;
	char *text;

	(void)state;
	start(&toy);
	toy_argument = "alpha";
	toy_gather(&toy);
	text = fake_run_flagged(toy.run, "slab", NULL);
	assert_non_null(strstr(text, "Caches of memory cgroups\n"
				     "CHILD        CGROUP  SLABS  ALLOCATED  OBJECTS    TOTAL\n"
				     "alpha(7:db)  /db         2         30       32  8.0 KiB\n"));
	free(text);
	toy_argument = "beta";
	text = fake_run_flagged(toy.run, "slab", NULL);
	assert_null(strstr(text, "alpha(7:db)"));
	free(text);
	/* slabtop shows every cache by itself. */
	text = fake_run_flagged(toy.run, "slabtop", NULL);
	assert_non_null(strstr(text, "\nalpha(7:db)  8.0 KiB "));
	assert_non_null(strstr(text, "\nalpha        4.0 KiB "));
	free(text);
	toy_destroy(&toy);
}

/* A root that is no cache, or a child itself, or the cache itself: the child has its own row. */
static void test_bad_roots(void **state)
{
	const uint64_t bad[] = { 0x4141414141414141, toy_cache_kva(2), toy_cache_kva(1), toy_cache_kva(1) + 8 };

	(void)state;
	for (size_t i = 0; i < N_ROWS(bad); i++) {
		struct toy toy;
		char *text;

		start(&toy);
		make_child(&toy, 1, bad[i], 0x10);
		make_child(&toy, 2, toy_cache_kva(1), 0x10);
		toy_gather(&toy);
		assert_int_equal(toy.model->caches[1].root, MO_SLAB_NO_CACHE);
		text = fake_run_flagged(toy.run, "slabinfo", NULL);
		assert_non_null(strstr(text, "alpha                 12     16 "));
		assert_non_null(strstr(text, "alpha(7:db)           30     32 "));
		free(text);
		toy_destroy(&toy);
	}
}

static void test_cgroup_unreadable(void **state)
{
	struct toy toy;
	char *text;

	(void)state;
	start(&toy);
	make_child(&toy, 1, toy_cache_kva(0), 0x10);
	toy_argument = "alpha";
	toy_gather(&toy);
	text = fake_run_flagged(toy.run, "slab", NULL);
	assert_non_null(strstr(text, "alpha(7:db)  ?           2 "));
	free(text);
	toy_destroy(&toy);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_one_row), cmocka_unit_test(test_children_are_listed), cmocka_unit_test(test_bad_roots),
		cmocka_unit_test(test_cgroup_unreadable),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
