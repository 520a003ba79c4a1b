/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Free lists that are whole, and free lists that something wrote over. */

#include "toy_free_areas.h"

#include <stdlib.h>
#include <string.h>

struct toy {
	struct mo_kernel *kernel;
	struct mo_run *run;
	const struct mo_free_areas_model *model;
};

static struct toy run_it(struct mo_kernel *kernel)
{
	struct toy toy = { .kernel = kernel };
	struct mo_error *error = NULL;

	toy.run = fake_run_try(kernel, memopsy_plugin_entry_free_areas(), &error);
	expect_success(error);
	toy.model = mo_run_model(toy.run);
	return toy;
}

static void end(struct toy *toy)
{
	fake_run_destroy(toy->run);
	mo_fake_destroy(toy->kernel);
}

static void expect_blocks(const struct toy *toy, unsigned zone, unsigned order, unsigned type, uint64_t value,
			  enum mo_certainty certainty)
{
	struct mo_count blocks = toy->model->zones[zone].orders[order].lists[type].blocks;

	assert_int_equal(blocks.value, value);
	assert_int_equal(blocks.certainty, certainty);
}

static void test_whole(void **state)
{
	static const char expected[] =
		"Page block order: 3\n"
		"Pages per block:  8\n"
		"\n"
		"Free pages count per migrate type at order       0      1      2      3 \n"
		"Node    0, zone      DMA, type    Unmovable      3      0      0      0 \n"
		"Node    0, zone      DMA, type      Movable      0      0      3      0 \n"
		"Node    0, zone      DMA, type  Reclaimable      0      0      0      0 \n"
		"Node    0, zone      DMA, type   HighAtomic      0      0      0      0 \n"
		"Node    0, zone   Normal, type    Unmovable      0      0      0      2 \n"
		"Node    0, zone   Normal, type      Movable      0      3      0      0 \n"
		"Node    0, zone   Normal, type  Reclaimable      0      0      0      0 \n"
		"Node    0, zone   Normal, type   HighAtomic      0      0      0      0 \n"
		"\n"
		"Number of blocks type     Unmovable      Movable  Reclaimable   HighAtomic \n"
		"Node 0, zone      DMA            3           13            0            0 \n"
		"Node 0, zone   Normal            3           45            0            0 \n";
	struct toy toy = run_it(toy_kernel());
	char *text = fake_run_flagged(toy.run, "pagetypeinfo", NULL);

	(void)state;
	assert_string_equal(text, expected);
	assert_int_equal(fake_run_finding_count(toy.run), 0);
	assert_int_equal(toy.model->zones[0].found_pages.value, 15);
	assert_int_equal(toy.model->zones[1].found_pages.value, 22);
	assert_int_equal(toy.model->zones[1].pcp_pages.value, 4);
	/* 8 and 16 of Movable lie in Unmovable pageblocks, as do 128, 132 and 136; 256 and 272 in Movable ones. */
	assert_int_equal(toy.model->zones[0].blocks_of_other_type, 2);
	assert_int_equal(toy.model->zones[1].blocks_of_other_type, 5);
	assert_int_equal(toy.model->n_pcp_blocks, 3);
	assert_int_equal(toy.model->pcp_blocks[0].pfn, 300);
	assert_int_equal(toy.model->pcp_blocks[2].pfn, 310);
	assert_int_equal(toy.model->pcp_blocks[2].order, 1);
	assert_int_equal(toy.model->pcp_blocks[2].migratetype, TOY_UNMOVABLE);
	free(text);
	end(&toy);
}

static void test_listing(void **state)
{
	struct toy toy = run_it(toy_kernel());
	char *text = fake_run_flagged(toy.run, "freelists", NULL);
	const char *first = strstr(text, "0x3  ");

	(void)state;
	assert_non_null(first);
	assert_non_null(strstr(first, "0xffff8880001000c0"));
	assert_non_null(strstr(text, "0x110"));
	assert_null(strstr(text, "cpu"));
	free(text);
	text = fake_run_flagged(toy.run, "freelists", "pcp");
	assert_non_null(strstr(text, "cpu 0"));
	assert_non_null(strstr(text, "0x136"));
	assert_null(strstr(text, "0x110"));
	free(text);
	end(&toy);
}

static void test_loop(void **state)
{
	struct mo_kernel *kernel = toy_kernel();
	struct toy toy;

	(void)state;
	toy_set_next(kernel, toy_node(7), toy_node(3));
	toy = run_it(kernel);
	expect_blocks(&toy, 0, 0, TOY_UNMOVABLE, 3, MO_AT_LEAST);
	assert_true(fake_run_said(toy.run, "free-list-broken: The free list of node 0, zone DMA, order 0, Unmovable is "
					   "circular: it returns to page frame 0x3."));
	assert_int_equal(toy.model->zones[0].found_pages.certainty, MO_AT_LEAST);
	assert_int_equal(toy.model->zones[0].n_broken_lists, 1);
	/* The rest is as good as before. */
	expect_blocks(&toy, 0, 2, TOY_MOVABLE, 3, MO_EXACT);
	assert_int_equal(fake_run_finding_count(toy.run), 1);
	end(&toy);
}

/* Both links lead to the page itself, as after list_add() of a page that is on the list. */
static void test_loop_of_one(void **state)
{
	struct mo_kernel *kernel = toy_kernel();
	struct toy toy;

	(void)state;
	toy_unlink(kernel, toy_node(5), toy_node(5));
	toy = run_it(kernel);
	expect_blocks(&toy, 0, 0, TOY_UNMOVABLE, 2, MO_AT_LEAST);
	assert_true(fake_run_said(toy.run, "is broken: prev of 0xffff888000100148 is 0xffff888000100148 and not "
					   "0xffff8880001000c8."));
	end(&toy);
}

static void test_lead_out(void **state)
{
	struct mo_kernel *kernel = toy_kernel();
	struct toy toy;

	(void)state;
	toy_set_next(kernel, toy_node(5), 0xdead000000000100ull); /* LIST_POISON1 */
	toy = run_it(kernel);
	/* 3 and 5 from the front, 7 from behind. */
	expect_blocks(&toy, 0, 0, TOY_UNMOVABLE, 3, MO_AT_LEAST);
	assert_true(fake_run_said(toy.run, "free-list-broken: The free list of node 0, zone DMA, order 0, Unmovable points "
					   "outside the memory map: 0xdead000000000100 follows 0xffff888000100148"));
	end(&toy);
}

/* Into the middle of a struct page. */
static void test_lead_aside(void **state)
{
	struct mo_kernel *kernel = toy_kernel();
	struct toy toy;

	(void)state;
	toy_set_next(kernel, toy_head(0, 2, TOY_MOVABLE), toy_node(8) + 16);
	toy = run_it(kernel);
	expect_blocks(&toy, 0, 2, TOY_MOVABLE, 3, MO_AT_LEAST);
	assert_true(fake_run_said(toy.run, "order 2, Movable points outside the memory map"));
	end(&toy);
}

static void test_wrong_back_link(void **state)
{
	struct mo_kernel *kernel = toy_kernel();
	struct toy toy;

	(void)state;
	toy_set_prev(kernel, toy_node(132), 0x1234);
	toy = run_it(kernel);
	expect_blocks(&toy, 1, 1, TOY_MOVABLE, 3, MO_AT_LEAST);
	assert_true(fake_run_said(toy.run, "order 1, Movable is broken: prev of 0xffff888000102108 is 0x1234 and not "
					   "0xffff888000102008."));
	assert_int_equal(fake_run_finding_count(toy.run), 1);
	end(&toy);
}

static void test_head_back_link(void **state)
{
	struct mo_kernel *kernel = toy_kernel();
	struct toy toy;

	(void)state;
	toy_set_prev(kernel, toy_head(1, 3, TOY_UNMOVABLE), 0);
	toy = run_it(kernel);
	expect_blocks(&toy, 1, 3, TOY_UNMOVABLE, 2, MO_AT_LEAST);
	assert_true(fake_run_said(toy.run, "order 3, Unmovable is broken: prev of"));
	end(&toy);
}

static void test_unreadable(void **state)
{
	struct mo_kernel *kernel = toy_kernel();
	struct toy toy;

	(void)state;
	mo_fake_break(kernel, toy_page(16), TOY_PAGE_BYTES, MO_E_NOT_IN_DUMP);
	toy = run_it(kernel);
	expect_blocks(&toy, 0, 2, TOY_MOVABLE, 2, MO_AT_LEAST);
	assert_true(fake_run_said(toy.run, "order 2, Movable could not be followed to 0xffff888000100408:"));
	assert_int_equal(toy.model->zones[0].found_pages.value, 11);
	end(&toy);
}

/* What is wrong with a block costs no list. */
static void test_wrong_blocks(void **state)
{
	struct mo_kernel *kernel = toy_kernel();
	struct toy toy;

	(void)state;
	mo_fake_put_u32(kernel, toy_page(5) + TOY_TYPE, 0);
	mo_fake_put_u64(kernel, toy_page(16) + TOY_ORDER, 9);
	mo_fake_put_u64(kernel, toy_page(132) + TOY_FLAGS, 0);
	toy_append(kernel, toy_head(1, 3, TOY_UNMOVABLE), toy_node(272), toy_node(292));
	mo_fake_put_u32(kernel, toy_page(292) + TOY_TYPE, TOY_BUDDY);
	mo_fake_put_u64(kernel, toy_page(292) + TOY_ORDER, 3);
	mo_fake_put_u32(kernel, toy_page(310) + TOY_TYPE, TOY_BUDDY);
	toy = run_it(kernel);
	expect_blocks(&toy, 0, 0, TOY_UNMOVABLE, 3, MO_EXACT);
	assert_true(fake_run_said(toy.run, "free-list-wrong-block: Page frame 0x5 is on the list of node 0, zone DMA, order 0, "
					   "Unmovable and its page type is 0x0, which is not that of a free block."));
	expect_blocks(&toy, 0, 2, TOY_MOVABLE, 3, MO_EXACT);
	assert_true(fake_run_said(toy.run, "Page frame 0x10 is on the list of node 0, zone DMA, order 2, Movable, but its "
					   "order is 9."));
	assert_true(fake_run_said(toy.run, "Page frame 0x84 is on the list of node 0, zone Normal, order 1, Movable and its "
					   "flags 0x0 belong to another zone."));
	assert_true(fake_run_said(toy.run, "Page frame 0x124 is on the list of node 0, zone Normal, order 3, Unmovable, but "
					   "is not aligned to that order."));
	assert_true(fake_run_said(toy.run, "Page frame 0x136 is on the list of node 0, zone Normal, CPU 0, order 1, Unmovable "
					   "and its page type is 0xffffff7f, which is that of a free block of the zone."));
	end(&toy);
}

/* A page that was freed twice: its links are those of the list that it came to last. */
static void test_on_two_lists(void **state)
{
	struct mo_kernel *kernel = toy_kernel();
	struct toy toy;

	(void)state;
	toy_append(kernel, toy_head(0, 0, TOY_UNMOVABLE), toy_node(7), toy_node(16));
	mo_fake_put_u64(kernel, toy_page(16) + TOY_ORDER, 0);
	toy = run_it(kernel);
	expect_blocks(&toy, 0, 0, TOY_UNMOVABLE, 4, MO_EXACT);
	expect_blocks(&toy, 0, 2, TOY_MOVABLE, 2, MO_AT_LEAST);
	assert_true(fake_run_said(toy.run, "page-on-two-lists: Page frame 0x10 is on two lists: node 0, zone DMA, "
					   "order 2, Movable, and node 0, zone DMA, order 0, Unmovable."));
	assert_true(fake_run_said(toy.run, "free-blocks-differ: Node 0, zone DMA: nr_free disagrees"));
	end(&toy);
}

/* A block that has a page of another free block in it. */
static void test_overlap(void **state)
{
	struct mo_kernel *kernel = toy_kernel();
	struct toy toy;

	(void)state;
	toy_append(kernel, toy_head(0, 2, TOY_MOVABLE), toy_node(32), toy_node(4));
	mo_fake_put_u32(kernel, toy_page(4) + TOY_TYPE, TOY_BUDDY);
	mo_fake_put_u64(kernel, toy_page(4) + TOY_ORDER, 2);
	toy = run_it(kernel);
	expect_blocks(&toy, 0, 0, TOY_UNMOVABLE, 3, MO_EXACT);
	expect_blocks(&toy, 0, 2, TOY_MOVABLE, 3, MO_AT_LEAST);
	assert_true(fake_run_said(toy.run, "Page frame 0x4 is on two lists: node 0, zone DMA, order 2, Movable, and "
					   "node 0, zone DMA, order 0, Unmovable."));
	end(&toy);
}

static void test_counts_differ(void **state)
{
	struct mo_kernel *kernel = toy_kernel();
	struct toy toy;

	(void)state;
	toy_unlink(kernel, toy_node(3), toy_node(7));
	toy_unlink(kernel, toy_node(300), toy_pcp_head(1, 0, 1));
	toy = run_it(kernel);
	expect_blocks(&toy, 0, 0, TOY_UNMOVABLE, 2, MO_EXACT);
	assert_true(fake_run_said(toy.run, "free-blocks-differ: Node 0, zone DMA: nr_free disagrees with the free lists."));
	assert_true(fake_run_said(toy.run, "free-pages-differ: Node 0, zone DMA: NR_FREE_PAGES "
					   "disagrees with the free lists."));
	assert_true(fake_run_said(toy.run, "pcp-count-differs: CPU 0: pcp->count disagrees with its lists of node 0, "
					   "zone Normal."));
	assert_int_equal(fake_run_finding_count(toy.run), 3);
	end(&toy);
}

static void test_unreadable_pageblocks(void **state)
{
	struct mo_kernel *kernel = toy_kernel();
	struct toy toy;

	(void)state;
	mo_fake_break(kernel, BASE_KVA + 0x1000, 16, MO_E_NOT_IN_DUMP);
	toy = run_it(kernel);
	assert_true(fake_run_said(toy.run, "The migratetypes of pageblocks could not be read:"));
	assert_int_equal(toy.model->zones[0].pageblocks[TOY_MOVABLE].certainty, MO_AT_LEAST);
	assert_int_equal(toy.model->zones[0].pageblocks[TOY_MOVABLE].value, 0);
	assert_int_equal(toy.model->zones[1].pageblocks[TOY_MOVABLE].value, 45);
	assert_int_equal(mo_pageblock_type_of(toy.model, 3), MO_MIGRATETYPE_UNKNOWN);
	assert_int_equal(mo_pageblock_type_of(toy.model, 511), TOY_MOVABLE);
	assert_int_equal(mo_pageblock_type_of(toy.model, 512), MO_MIGRATETYPE_UNKNOWN);
	end(&toy);
}

/* Whatever struct pages hold, the walks end, and no more is found than there is memory. */
static void test_random(void **state)
{
	uint64_t random = 20240501;

	(void)state;
	for (unsigned round = 0; round < 300; round++) {
		struct mo_kernel *kernel = toy_kernel();
		struct toy toy;

		for (unsigned i = 0; i < 40; i++) {
			uint64_t pfn = next_random(&random) % TOY_N_PAGES;
			uint64_t other = next_random(&random) % TOY_N_PAGES;

			switch (next_random(&random) % 4) {
			case 0:
				toy_set_next(kernel, toy_node(pfn), toy_node(other));
				break;
			case 1:
				toy_set_prev(kernel, toy_node(pfn), toy_node(other));
				break;
			case 2:
				toy_unlink(kernel, toy_head(pfn & 1, other & 3, other >> 2 & 3), toy_node(pfn));
				break;
			default:
				mo_fake_put_u64(kernel, toy_page(pfn) + other % 7 * 8, next_random(&random));
				break;
			}
		}
		toy = run_it(kernel);
		assert_true(toy.model->zones[0].found_pages.value + toy.model->zones[1].found_pages.value <= TOY_N_PAGES);
		assert_true(fake_run_finding_count(toy.run) < 32);
		end(&toy);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_whole),
		cmocka_unit_test(test_listing),
		cmocka_unit_test(test_loop),
		cmocka_unit_test(test_loop_of_one),
		cmocka_unit_test(test_lead_out),
		cmocka_unit_test(test_lead_aside),
		cmocka_unit_test(test_wrong_back_link),
		cmocka_unit_test(test_head_back_link),
		cmocka_unit_test(test_unreadable),
		cmocka_unit_test(test_wrong_blocks),
		cmocka_unit_test(test_on_two_lists),
		cmocka_unit_test(test_overlap),
		cmocka_unit_test(test_counts_differ),
		cmocka_unit_test(test_unreadable_pageblocks),
		cmocka_unit_test(test_random),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
