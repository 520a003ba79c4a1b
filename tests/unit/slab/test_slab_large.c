/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Large kmalloc: blocks that a page type marks, by order; and where nothing marks them, what the kernel counted. */

#include "toy_slab.h"

#include <stdlib.h>
#include <string.h>

#include <memopsy/zones.h>

static void make_large(struct toy *toy, uint64_t pfn, uint64_t order)
{
	mo_fake_put_u32(toy->kernel, toy_page_kva(pfn) + 48, 0xf8000000);
	/* The flags of a page are above. */
	mo_fake_put_u64(toy->kernel, toy_page_kva(pfn + 1), 1ull << 58 | order);
	mo_fake_put_u64(toy->kernel, toy_page_kva(pfn + 1) + 8, toy_page_kva(pfn) | 1);
	mo_fake_put_u32(toy->kernel, toy_page_kva(pfn + 1) + 48, 0xf8000000); /* a tail page's is not looked at */
}

static void start(struct toy *toy, enum toy_shape shape)
{
	unsigned alpha;

	toy_init(toy, shape);
	alpha = toy_cache(toy, "alpha", 256, 256, 0);
	toy_slab(toy, alpha, 4, 0, NULL);
	toy_slab(toy, alpha, 5, 0, NULL);
	toy_node(toy, alpha, 2, 0, NULL);
	toy_argument = NULL;
	toy_zones = NULL;
}

static char *shown(struct toy *toy)
{
	toy_gather(toy);
	return fake_run_flagged(toy->run, "slabtop", NULL);
}

static void test_marked(void **state)
{
	struct toy toy;
	char *text;

	(void)state;
	start(&toy, TOY_7_1);
	make_large(&toy, 16, 2);
	make_large(&toy, 20, 2);
	make_large(&toy, 32, 4);
	text = shown(&toy);
	assert_true(toy.model->marks_large_kmalloc);
	assert_int_equal(toy.model->large_kmalloc_blocks[2], 2);
	assert_int_equal(toy.model->large_kmalloc_blocks[4], 1);
	assert_non_null(strstr(text, "Large kmalloc\n"
				     "ORDER  BLOCKS        OF     TOTAL\n"
				     "    2       2  16.0 KiB  32.0 KiB\n"
				     "    4       1  64.0 KiB  64.0 KiB\n"));
	assert_null(strstr(text, "does not mark"));
	/* They are no slabs. */
	assert_int_equal(toy.model->n_slabs, 2);
	free(text);
	toy_destroy(&toy);
}

static void test_orders_that_cannot_be(void **state)
{
	struct toy toy;
	char *text;

	(void)state;
	start(&toy, TOY_7_1);
	make_large(&toy, 16, 2);
	make_large(&toy, 24, 200);
	/* The last page frame has no second struct page. */
	mo_fake_put_u32(toy.kernel, toy_page_kva(TOY_PAGES - 1) + 48, 0xf8000000);
	text = shown(&toy);
	assert_int_equal(toy.model->odd_large_kmalloc, 2);
	assert_non_null(strstr(text, "    2       1  16.0 KiB  16.0 KiB\n"
				     "    ?       2         ?         ?\n"));
	free(text);
	toy_destroy(&toy);
}

static struct mo_zones_model zones_of(const struct mo_vm_counter *counters, const char *const *names)
{
	return (struct mo_zones_model){ .node_counters = counters, .node_item_names = names, .n_node_items = 2 };
}

static void test_unmarked(void **state)
{
	static const char *const names[] = { "nr_slab_reclaimable", "nr_slab_unreclaimable" };
	static const struct {
		uint64_t reclaimable, unreclaimable;
		const char *row;
	} cases[] = {
		{ 1, 9, "    ?       ?   ?  32.0 KiB\n" },
		{ 0, 2, "    ?       ?   ?    0 B\n" },
		{ 0, 1, "    ?       ?   ?      ?\n" }, /* fewer than there are */
	};

	(void)state;
	for (size_t i = 0; i < N_ROWS(cases); i++) {
		const struct mo_vm_counter counters[] = { { .exact = mo_exact(cases[i].reclaimable) },
							  { .exact = mo_exact(cases[i].unreclaimable) } };
		const struct mo_zones_model zones = zones_of(counters, names);
		struct toy toy;
		char *text;

		start(&toy, TOY_6_1);
		toy_zones = &zones;
		text = shown(&toy);
		assert_false(toy.model->marks_large_kmalloc);
		if (!strstr(text, cases[i].row))
			fail_msg("\"%s\" is not in:\n%s", cases[i].row, text);
		assert_int_equal(strstr(text, "This kernel does not mark large kmalloc") != NULL, i != 2);
		free(text);
		toy_destroy(&toy);
	}
	toy_zones = NULL;
}

static void test_nothing_is_counted(void **state)
{
	struct toy toy;
	char *text;

	(void)state;
	start(&toy, TOY_6_1);
	text = shown(&toy);
	assert_non_null(strstr(text, "    ?       ?   ?      ?\n"));
	free(text);
	toy_destroy(&toy);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_marked), cmocka_unit_test(test_orders_that_cannot_be), cmocka_unit_test(test_unmarked),
		cmocka_unit_test(test_nothing_is_counted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
