/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Sound slabs in every shape: which object is in whose hands, and what the kernel would have printed. */

#include "toy_slab.h"

#include <stdlib.h>
#include <string.h>

#define HEAD "slabinfo - version: 2.1\n" \
	"# name            <active_objs> <num_objs> <objsize> <objperslab> <pagesperslab> : tunables <limit> <batchcount> " \
	"<sharedfactor> : slabdata <active_slabs> <num_slabs> <sharedavail>\n"

/*
 * Cache "alpha", 16 objects of 256 bytes a slab: page frame 4 is full, 5 partial, 6 the slab of CPU 0 with three objects
 * on its list and one that another CPU gave back, 7 aside on CPU 0. Cache "beta", 8 objects of 1000 bytes in 2 pages.
 */
static void put_cpu_slabs(struct toy *toy)
{
	static const unsigned partial[] = { 3, 15, 0 };
	static const unsigned given_back[] = { 9 };
	static const unsigned aside[] = { 1, 2 };
	static const uint64_t listed[] = { 5 };
	unsigned alpha = toy_cache(toy, "alpha", 256, 250, 0);
	unsigned beta = toy_cache(toy, "beta gamma", 1000, 1000, 1);

	toy_slab(toy, alpha, 4, 0, NULL);
	toy_slab(toy, alpha, 5, 3, partial);
	toy_slab(toy, alpha, 6, 1, given_back);
	toy_slab(toy, alpha, 7, 2, aside);
	toy_link(toy, alpha, 6, 8, toy_object_kva(toy, alpha, 6, 2));
	toy_link(toy, alpha, 6, 2, toy_object_kva(toy, alpha, 6, 4));
	toy_link(toy, alpha, 6, 4, 0);
	toy_cpu(toy, alpha, 0, 6, toy_object_kva(toy, alpha, 6, 8), toy->shape == TOY_6_1 || toy->shape == TOY_5_10 ? 7 : 0);
	/* Bits 8 to 15 of a struct page on a CPU's chain are the next one's address: none. */
	mo_fake_put_u64(toy->kernel, toy_page_kva(7) + 8, 0);
	toy_node(toy, alpha, 4, 1, listed);
	toy_slab(toy, beta, 8, 0, NULL);
	toy_node(toy, beta, 1, 0, NULL);
}

static void check_cpu_slabs(enum toy_shape shape, const char *form)
{
	static const char expected[] = HEAD
		"alpha                 61     64    256   16    1 : tunables    0    0    0 : slabdata      4      4      0\n"
		"beta gamma             8      8   1000    8    2 : tunables    0    0    0 : slabdata      1      1      0\n";
	struct toy toy;
	const struct mo_slab_cache *alpha;
	char *text;

	toy_init(&toy, shape);
	put_cpu_slabs(&toy);
	toy_gather(&toy);
	alpha = &toy.model->caches[0];
	assert_string_equal(toy.model->freelist_pointers, form);
	assert_int_equal(toy.model->n_slabs, 5);
	assert_int_equal(alpha->n_slabs, 4);
	assert_int_equal(alpha->pages, 4);
	assert_int_equal(toy.model->caches[1].pages, 2);
	assert_int_equal(alpha->states[MO_OBJECT_FREE], 4);
	assert_int_equal(alpha->states[MO_OBJECT_FREE_CPU], 3);
	assert_int_equal(alpha->states[MO_OBJECT_FREE_CPU_PARTIAL], 2);
	assert_int_equal(alpha->states[MO_OBJECT_ALLOCATED], 64 - 9);
	assert_int_equal(alpha->partial_slabs, 3);
	expect_state(&toy, 0, 4, 3, MO_OBJECT_ALLOCATED);
	expect_state(&toy, 0, 5, 3, MO_OBJECT_FREE);
	expect_state(&toy, 0, 5, 15, MO_OBJECT_FREE);
	expect_state(&toy, 0, 5, 1, MO_OBJECT_ALLOCATED);
	expect_state(&toy, 0, 6, 9, MO_OBJECT_FREE);
	expect_state(&toy, 0, 6, 2, MO_OBJECT_FREE_CPU);
	expect_state(&toy, 0, 6, 3, MO_OBJECT_ALLOCATED);
	expect_state(&toy, 0, 7, 1, MO_OBJECT_FREE_CPU_PARTIAL);
	assert_int_equal(mo_slab_at(toy.model, 6)->place, MO_SLAB_CPU);
	assert_int_equal(mo_slab_at(toy.model, 5)->place, MO_SLAB_NODE_PARTIAL);
	assert_int_equal(mo_slab_at(toy.model, 7)->place, MO_SLAB_CPU_PARTIAL);
	assert_int_equal(mo_slab_at(toy.model, 9)->pfn, 8);
	assert_null(mo_slab_at(toy.model, 10));
	assert_null(mo_slab_at(toy.model, 3));
	assert_int_equal(fake_run_finding_count(toy.run), 0);
	text = fake_run_flagged(toy.run, "slabinfo", NULL);
	assert_string_equal(text, expected);
	free(text);
	toy_destroy(&toy);
}

static void test_struct_page(void **state)
{
	(void)state;
	check_cpu_slabs(TOY_5_10, "hardened");
}

static void test_struct_slab(void **state)
{
	(void)state;
	check_cpu_slabs(TOY_6_1, "hardened, byte-swapped");
}

static void test_sheaves(void **state)
{
	static const unsigned partial[] = { 1 };
	static const uint64_t listed[] = { 4 };
	struct toy toy;
	unsigned alpha;
	uint64_t of_main[3], of_spare[1], of_rcu[2], of_barn[2];
	const struct mo_slab_cache *cache;
	char *text;

	(void)state;
	toy_init(&toy, TOY_7_1);
	alpha = toy_cache(&toy, "alpha", 128, 128, 0);
	toy_slab(&toy, alpha, 4, 1, partial);
	toy_slab(&toy, alpha, 5, 0, NULL);
	toy_node(&toy, alpha, 2, 1, listed);
	for (unsigned i = 0; i < 3; i++)
		of_main[i] = toy_object_kva(&toy, alpha, 5, 10 + i);
	of_spare[0] = toy_object_kva(&toy, alpha, 4, 31);
	of_rcu[0] = toy_object_kva(&toy, alpha, 4, 0);
	of_rcu[1] = toy_object_kva(&toy, alpha, 5, 0);
	of_barn[0] = toy_object_kva(&toy, alpha, 5, 20);
	of_barn[1] = toy_object_kva(&toy, alpha, 4, 20);
	toy_sheaf(&toy, alpha, 0, 0, 3, of_main);
	toy_sheaf(&toy, alpha, 1, 1, 1, of_spare);
	toy_sheaf(&toy, alpha, 1, 2, 2, of_rcu);
	toy_sheaf(&toy, alpha, TOY_CPUS, 0, 2, of_barn);
	toy_gather(&toy);
	cache = &toy.model->caches[0];
	assert_string_equal(toy.model->freelist_pointers, "plain");
	assert_string_equal(toy.model->shape, "struct slab, page type, sheaves");
	assert_int_equal(cache->states[MO_OBJECT_FREE], 1);
	assert_int_equal(cache->states[MO_OBJECT_FREE_SHEAF], 4);
	assert_int_equal(cache->states[MO_OBJECT_FREE_RCU], 2);
	assert_int_equal(cache->states[MO_OBJECT_FREE_BARN], 2);
	assert_int_equal(cache->states[MO_OBJECT_ALLOCATED], 64 - 9);
	expect_state(&toy, alpha, 5, 11, MO_OBJECT_FREE_SHEAF);
	expect_state(&toy, alpha, 4, 31, MO_OBJECT_FREE_SHEAF);
	expect_state(&toy, alpha, 4, 20, MO_OBJECT_FREE_BARN);
	expect_state(&toy, alpha, 5, 0, MO_OBJECT_FREE_RCU);
	assert_int_equal(fake_run_finding_count(toy.run), 0);
	/* To the kernel what sheaves have is active. */
	text = fake_run_flagged(toy.run, "slabinfo", NULL);
	assert_non_null(strstr(text, "alpha                 63     64    128   32    1 : tunables"));
	free(text);
	text = fake_run_flagged(toy.run, "slabinfo", "exact");
	assert_non_null(strstr(text, "      2      2      0 : exact     55      9      0      2\n"));
	free(text);
	toy_destroy(&toy);
}

static void test_views(void **state)
{
	struct toy toy;
	char *text;

	(void)state;
	toy_init(&toy, TOY_6_1);
	put_cpu_slabs(&toy);
	toy_gather(&toy);
	toy_argument = "alpha";
	text = fake_run_flagged(toy.run, "slab", "slabs");
	assert_non_null(strstr(text, "Allocated:          55"));
	assert_non_null(strstr(text, "Free, CPU:          3"));
	assert_non_null(strstr(text, "CPU's partial list"));
	assert_non_null(strstr(text, "Names of merged caches: the kernel has no slab_kset"));
	free(text);
	text = fake_run_flagged(toy.run, "objects", "free");
	assert_non_null(strstr(text, "0xffff888000006200  free, CPU's list"));
	assert_null(strstr(text, "allocated"));
	free(text);
	toy_destroy(&toy);
}

/* A report's table of caches is narrow. */
static void test_report(void **state)
{
	struct toy toy;
	unsigned alpha;
	char *text;

	(void)state;
	toy_init(&toy, TOY_6_1);
	alpha = toy_cache(&toy, "alpha", 256, 200, 0);
	toy_slab(&toy, alpha, 5, 0, NULL);
	toy_gather(&toy);
	toy_is_report = true;
	text = fake_run_flagged(toy.run, "slabs", NULL);
	toy_is_report = false;
	assert_non_null(strstr(text, "\nCACHE    TOTAL  ALLOCATED      USE  SIZE  FREE  RECLAIMABLE\n"
				     "alpha  4.0 KiB         16  100.0 %   256   0 B  no\n"));
	/* Of what the kernel does not have nothing is said. */
	assert_non_null(strstr(text, "dentries      ?       ?       ?         ?\n"));
	free(text);
	toy_destroy(&toy);
}

static void test_unknown_cache(void **state)
{
	const struct mo_plugin *plugin = memopsy_plugin_entry_slab();
	struct toy toy;

	(void)state;
	toy_init(&toy, TOY_6_1);
	put_cpu_slabs(&toy);
	toy_gather(&toy);
	toy_argument = "alphabet";
	for (size_t i = 0; i < plugin->n_views; i++)
		if (!strcmp(plugin->views[i].name, "slab") || !strcmp(plugin->views[i].name, "objects"))
			expect_error(plugin->views[i].show(toy.run, NULL), MO_E_ABSENT,
				     "no slab cache is called \"alphabet\"");
	toy_destroy(&toy);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_struct_page), cmocka_unit_test(test_struct_slab), cmocka_unit_test(test_sheaves),
		cmocka_unit_test(test_views), cmocka_unit_test(test_unknown_cache), cmocka_unit_test(test_report),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
