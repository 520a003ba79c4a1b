/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* rmap: who maps a page, by anon_vma, address_space and KSM, by a search, and where the way there is broken. */

#include "toy_tasks.h"

#include <stdlib.h>
#include <string.h>

#define PRESENT 0x1u
#define WRITABLE 0x2u
#define ACCESSED 0x20u
#define DIRTY 0x40u
#define PROTNONE 0x100u
#define NO_EXEC (1ull << 63)
#define PA_MASK 0x000ffffffffff000ull
#define BLACK 1u

#define ANON_VMA SPARE(0)
#define CHAIN(i) (SPARE(1) + (i) * 0x40ull)
#define MAPPING SPARE(2)
#define STABLE_NODE SPARE(3)
#define ITEM(i) (SPARE(3) + 0x40 + (i) * 0x40ull)

/* Two processes, 5 and 6, with a VMA of 16 pages each from address 0 on, and page tables of their own. */
static struct mo_kernel *two_processes(void)
{
	struct mo_kernel *kernel = toy_tasks(TOY_SPLIT_RSS);

	toy_process(kernel, 5, 0, "five");
	toy_mm(kernel, 5, 0, 0, 0, 0, 0);
	toy_process(kernel, 6, 0, "six");
	toy_mm(kernel, 6, 1, 0, 0, 0, 0);
	toy_tables(kernel, 0);
	mo_fake_put_u64(kernel, MM(1) + MM_PGD, TABLE(7));
	for (unsigned level = 7; level > 4; level--)
		toy_map(kernel, level, 0, (TABLE(level - 1) - BASE_KVA) | 7);
	for (unsigned i = 0; i < 2; i++) {
		toy_vma(kernel, i, i, 0, 16 * 4096, 3);
		mo_fake_put_u64(kernel, VMA(i) + VMA_MM, MM(i));
	}
	mo_fake_put_u64(kernel, MM(1) + MM_MMAP, VMA(1));
	mo_fake_put_u64(kernel, VMA(0) + VMA_NEXT, 0);
	return kernel;
}

static void put_node(struct mo_kernel *kernel, uint64_t node, uint64_t parent, uint64_t right)
{
	mo_fake_put_u64(kernel, node, parent | BLACK);
	mo_fake_put_u64(kernel, node + 8, right);
}

/* Page frame 100, the fourth page of an anon_vma that both VMAs hang in; only `five` maps it. */
static struct mo_kernel *anon_page(void)
{
	struct mo_kernel *kernel = two_processes();

	toy_page(kernel, 100, 0, ANON_VMA | 1, 1, 1);
	mo_fake_put_u64(kernel, PAGE(100) + PAGE_INDEX, 3);
	mo_fake_put_u64(kernel, ANON_VMA + 8, CHAIN(0) + 8);
	put_node(kernel, CHAIN(0) + 8, 0, CHAIN(1) + 8);
	put_node(kernel, CHAIN(1) + 8, CHAIN(0) + 8, 0);
	for (unsigned i = 0; i < 2; i++)
		mo_fake_put_u64(kernel, CHAIN(i), VMA(i));
	toy_map(kernel, 0, 3, 100 << 12 | PRESENT | WRITABLE | DIRTY | NO_EXEC);
	toy_map(kernel, 4, 3, 101 << 12 | PRESENT); /* its own copy */
	return kernel;
}


/* Fails unless exactly the lines are rows of the table of entries. */
static void expect_rows(struct mo_run *run, const char *const *words, const char *const *rows)
{
	char *text = fake_run_text(run, "rmap", words);
	char *pages = strstr(text, "Pages\n");
	size_t n = 0;
	size_t n_lines = 0;

	assert_non_null(pages);
	for (const char *at = strchr(text, '\n'); at && at < pages; at = strchr(at + 1, '\n'))
		n_lines += strstr(at, "0x64 ") == at + 1;
	*pages = '\0';
	for (; rows[n]; n++)
		if (!strstr(text, rows[n]))
			fail_msg("\"%s\" is not in:\n%s", rows[n], text);
	if (n_lines != n)
		fail_msg("%zu rows, and not %zu:\n%s", n_lines, n, text);
	free(text);
}

static const char *const by_tree[] = { "100", NULL };
static const char *const by_search[] = { "100", "--search", NULL };

static void expect_both(struct mo_kernel *kernel, const char *const *rows)
{
	struct mo_run *run = fake_run(kernel, memopsy_plugin_entry_tasks());

	expect_rows(run, by_tree, rows);
	expect_rows(run, by_search, rows);
	assert_int_equal(fake_run_finding_count(run), 0);
	fake_run_destroy(run);
	mo_fake_destroy(kernel);
}

static void test_anon(void **unused)
{
	struct mo_kernel *kernel = anon_page();

	(void)unused;
	expect_both(kernel, (const char *const[]){ "five      0x3000  rw- dirty  4.0 KiB", NULL });
	kernel = anon_page();
	toy_map(kernel, 4, 3, (~(100ull << 12) & PA_MASK) | PROTNONE | ACCESSED);
	expect_both(kernel, (const char *const[]){ "five      0x3000  rw- dirty   4.0 KiB",
						   "six       0x3000  none young  4.0 KiB", NULL });
	kernel = anon_page();
	toy_map(kernel, 0, 3, 0);
	expect_both(kernel, (const char *const[]){ NULL });
}

static void test_file(void **unused)
{
	struct mo_kernel *kernel = two_processes();

	(void)unused;
	toy_page(kernel, 100, 0, MAPPING, 2, 3);
	mo_fake_put_u64(kernel, PAGE(100) + PAGE_INDEX, 12);
	mo_fake_put_u64(kernel, VMA(1) + VMA_PGOFF, 10);
	mo_fake_put_u64(kernel, MAPPING + 8, VMA(0) + VMA_RB);
	put_node(kernel, VMA(0) + VMA_RB, 0, VMA(1) + VMA_RB);
	put_node(kernel, VMA(1) + VMA_RB, VMA(0) + VMA_RB, 0);
	toy_map(kernel, 0, 12, 100 << 12 | PRESENT);
	toy_map(kernel, 4, 2, 100 << 12 | PRESENT | WRITABLE);
	expect_both(kernel, (const char *const[]){ "five      0xc000  r-x    4.0 KiB", "six       0x2000  rwx    4.0 KiB", NULL });
}

/*
 * A page within an optimised hugetlb page: its struct page is the head's own, mapped once more, and only the one behind it
 * tells. Where it is mapped counts from the head.
 */
static void test_fake_head(void **unused)
{
	struct mo_kernel *kernel = two_processes();
	struct mo_run *run;
	char *text;

	(void)unused;
	mo_fake_put_u64(kernel, VMA(0) + VMA_END, 512 * 4096);
	for (uint64_t pfn = 512; pfn <= 576; pfn += 64) {
		toy_page(kernel, pfn, 1ull << TOY_HEAD, MAPPING, 0, 1);
		mo_fake_put_u64(kernel, PAGE(pfn + 1) + 8, PAGE(512) | 1);
	}
	mo_fake_put_u64(kernel, MAPPING + 8, VMA(0) + VMA_RB);
	put_node(kernel, VMA(0) + VMA_RB, 0, 0);
	toy_map(kernel, 0, 64, 576 << 12 | PRESENT | WRITABLE);
	run = fake_run(kernel, memopsy_plugin_entry_tasks());
	text = fake_run_text(run, "rmap", (const char *const[]){ "576", NULL });
	if (!strstr(text, "five     0x40000  rwx"))
		fail_msg("page 64 of the huge page is not at 0x40000:\n%s", text);
	free(text);
	fake_run_destroy(run);
	mo_fake_destroy(kernel);
}

/* One page at two addresses; the second item's anon_vma leads to both VMAs, and no place is told twice. */
static void test_ksm(void **unused)
{
	struct mo_kernel *kernel = anon_page();

	(void)unused;
	toy_page(kernel, 100, 0, STABLE_NODE | 3, 2, 2);
	mo_fake_put_u64(kernel, STABLE_NODE, ITEM(0));
	mo_fake_put_u64(kernel, ITEM(0), ITEM(1));
	for (unsigned i = 0; i < 2; i++) {
		mo_fake_put_u64(kernel, ITEM(i) + 16, ANON_VMA);
		mo_fake_put_u64(kernel, ITEM(i) + 24, (i ? 0x8000 : 0x3000) | 0x200);
	}
	toy_map(kernel, 4, 3, 100 << 12 | PRESENT);
	toy_map(kernel, 0, 8, 100 << 12 | PRESENT);
	expect_both(kernel, (const char *const[]){ "five      0x3000  rw- dirty  4.0 KiB", "five      0x8000  r-x",
						   "six       0x3000  r-x", NULL });
}

/* What is told of a page whose reverse mapping is broken; the search does not need it. */
static void expect_broken(struct mo_kernel *kernel, const char *finding, bool finds_five)
{
	struct mo_run *run = fake_run(kernel, memopsy_plugin_entry_tasks());
	const char *const five[] = { "five      0x3000  rw- dirty  4.0 KiB", NULL };
	const char *const none[] = { NULL };

	expect_rows(run, by_search, five);
	assert_int_equal(fake_run_finding_count(run), 0);
	expect_rows(run, by_tree, finds_five ? five : none);
	assert_true(fake_run_said(run, finding));
	fake_run_destroy(run);
	mo_fake_destroy(kernel);
}

static void test_broken_ways(void **unused)
{
	struct mo_kernel *kernel = anon_page();

	(void)unused;
	toy_page(kernel, 100, 0, 0xffff999900000001, 1, 1);
	expect_broken(kernel, "tree of the VMAs of page frame 0x64", false);
	kernel = anon_page();
	mo_fake_put_u64(kernel, CHAIN(1), 0xffff999900000000);
	expect_broken(kernel, "a VMA of page frame 0x64", true);
	kernel = anon_page();
	mo_fake_put_u64(kernel, CHAIN(1) + 8 + 8, CHAIN(0) + 8); /* the tree runs back to its root */
	expect_broken(kernel, "tree of the VMAs of page frame 0x64", true);
	kernel = anon_page();
	mo_fake_put_u64(kernel, VMA(1) + VMA_MM, 0x10);
	expect_broken(kernel, "a VMA of page frame 0x64", true);
	kernel = anon_page();
	toy_page(kernel, 100, 0, STABLE_NODE | 3, 2, 2);
	mo_fake_put_u64(kernel, STABLE_NODE, ITEM(0));
	mo_fake_put_u64(kernel, ITEM(0), ITEM(0));
	mo_fake_put_u64(kernel, ITEM(0) + 16, ANON_VMA);
	mo_fake_put_u64(kernel, ITEM(0) + 24, 0x3000);
	expect_broken(kernel, "KSM items of page frame 0x64", true);
}

/* A page table that points to itself comes to an end. */
static void test_tables_in_a_circle(void **unused)
{
	struct mo_kernel *kernel = anon_page();
	struct mo_run *run;

	(void)unused;
	for (unsigned i = 1; i < 256; i++)
		toy_map(kernel, 3, i, (TABLE(3) - BASE_KVA) | 7);
	run = fake_run(kernel, memopsy_plugin_entry_tasks());
	expect_rows(run, by_search, (const char *const[]){ "five      0x3000  rw- dirty  4.0 KiB", NULL });
	assert_true(fake_run_said(run, "has more page tables than it counts"));
	fake_run_destroy(run);
	mo_fake_destroy(kernel);
}

static void test_words(void **unused)
{
	struct mo_kernel *kernel = anon_page();
	struct mo_run *run = fake_run(kernel, memopsy_plugin_entry_tasks());

	(void)unused;
	expect_error(fake_run_error(run, "rmap", (const char *const[]){ "page", NULL }), MO_E_ABSENT,
		     "\"page\" is neither an address nor a symbol");
	expect_error(fake_run_error(run, "rmap", (const char *const[]){ "0x7fffffffffff", NULL }), MO_E_ABSENT, "0x7fffffffffff: ");
	expect_rows(run, (const char *const[]){ "0x64000", NULL }, (const char *const[]){ "five      0x3000", NULL });
	expect_rows(run, (const char *const[]){ "100", "0x64", NULL }, (const char *const[]){ "five      0x3000", NULL });
	fake_run_destroy(run);
	mo_fake_destroy(kernel);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_anon),
		cmocka_unit_test(test_file),
		cmocka_unit_test(test_fake_head),
		cmocka_unit_test(test_ksm),
		cmocka_unit_test(test_broken_ways),
		cmocka_unit_test(test_tables_in_a_circle),
		cmocka_unit_test(test_words),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
