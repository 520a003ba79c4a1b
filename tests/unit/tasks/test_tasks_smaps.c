/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* smaps, smaps_rollup and procrank: what page tables and struct pages add up to, and tables that are broken. */

#include "toy_tasks.h"

#include <stdlib.h>
#include <string.h>

#define R 0x1u
#define W 0x2u
#define LOCKED 0x2000u
#define HUGEPAGE 0x20000000u
#define ANON (BASE_KVA | 1)
#define FILE_MAPPING BASE_KVA
#define PRESENT 0x1u
#define ACCESSED 0x20u
#define DIRTY 0x40u
#define HUGE 0x80u
#define PROTNONE 0x100u
#define SPECIAL 0x200u
#define FLAG(bit) (1ull << TOY_##bit)

static const char *const pid_5[] = { "5", NULL };

static struct mo_kernel *one_process(enum toy_shape shape, uint64_t n_pages, uint64_t flags)
{
	struct mo_kernel *kernel = toy_tasks(shape);
	uint64_t leaf = SPARE(4);

	toy_process(kernel, 5, 0, "one");
	toy_mm(kernel, 5, 0, 0, 0, 0, 0);
	toy_tables(kernel, 0);
	toy_vma(kernel, 0, 0, 0, n_pages * 4096, flags);
	if (shape == TOY_PERCPU_RSS) { /* a maple tree of one leaf */
		mo_fake_put_u64(kernel, MM(0) + MM_MMAP + 8, leaf | 1 << 3 | 6);
		mo_fake_put_u64(kernel, leaf, (MM(0) + MM_MMAP) | 1);
		mo_fake_put_u64(kernel, leaf + 8, n_pages * 4096 - 1);
		mo_fake_put_u64(kernel, leaf + 128, VMA(0));
		mo_fake_put_u64(kernel, leaf + 16, UINT64_MAX);
		mo_fake_put_u8(kernel, leaf + 248, 1);
	}
	return kernel;
}

/* Fails unless all of these are in the output of a view; n_findings are made. */
static void expect_lines(struct mo_kernel *kernel, const char *view, const char *const *lines, size_t n_findings)
{
	struct mo_run *run = fake_run(kernel, memopsy_plugin_entry_tasks());
	char *text = fake_run_text(run, view, pid_5);

	for (size_t i = 0; lines[i]; i++)
		if (!strstr(text, lines[i]))
			fail_msg("\"%s\" is not in:\n%s", lines[i], text);
	assert_int_equal(fake_run_finding_count(run), n_findings);
	free(text);
	fake_run_destroy(run);
	mo_fake_destroy(kernel);
}

static void test_small_pages(void **unused)
{
	struct mo_kernel *kernel = one_process(TOY_SPLIT_RSS, 8, R | W | LOCKED);

	(void)unused;
	toy_page(kernel, 100, FLAG(SWAPBACKED), ANON, 1, 1);                       /* private, dirty by its entry */
	toy_map(kernel, 0, 0, 100 << 12 | PRESENT | DIRTY | ACCESSED);
	toy_page(kernel, 101, FLAG(SWAPBACKED) | FLAG(DIRTY), ANON, 4, 5);         /* shared by four */
	toy_map(kernel, 0, 1, 101 << 12 | PRESENT);
	toy_page(kernel, 102, FLAG(REFERENCED), FILE_MAPPING, 1, 3);               /* of a file, clean */
	toy_map(kernel, 0, 2, 102 << 12 | PRESENT);
	toy_map(kernel, 0, 3, 103 << 12 | PRESENT | SPECIAL);                      /* the zero page */
	toy_page(kernel, 104, 0, ANON, 1, 1);                                      /* free to drop; no access */
	toy_map(kernel, 0, 4, (~(104ull << 12) & 0x000ffffffffff000ull) | PROTNONE);
	toy_page(kernel, 105, FLAG(SWAPBACKED), BASE_KVA | 3, 2, 3);               /* KSM */
	toy_map(kernel, 0, 5, 105 << 12 | PRESENT);
	mo_fake_put_u8(kernel, SPARE(9) + 7, 0x42);                                /* swapped, used twice, cached */
	toy_map(kernel, 0, 6, ~7ull << 14 >> 5 & ~0x1ffull);
	expect_lines(kernel, "smaps_rollup",
		     (const char *const[]){
			     "00000000-00008000 ---p 00000000 00:00 0                                  [rollup]\n"
			     "Rss:                  20 kB\n"
			     "Pss:                  15 kB\n"
			     "Pss_Anon:             11 kB\n"
			     "Pss_File:              4 kB\n"
			     "Pss_Shmem:             0 kB\n"
			     "Shared_Clean:          4 kB\n"
			     "Shared_Dirty:          4 kB\n"
			     "Private_Clean:         8 kB\n"
			     "Private_Dirty:         4 kB\n"
			     "Referenced:            8 kB\n"
			     "Anonymous:            16 kB\n"
			     "LazyFree:              4 kB\n"
			     "AnonHugePages:         0 kB\n",
			     "Swap:                  4 kB\n"
			     "SwapPss:               2 kB\n"
			     "Locked:               15 kB\n",
			     NULL },
		     0);
}

/* A huge page of pfn 512 on, as its struct pages say it. */
static void put_huge_page(struct mo_kernel *kernel, int entire_mapcount, int refcount)
{
	toy_page(kernel, 512, FLAG(SWAPBACKED) | FLAG(HEAD), ANON, 0, refcount);
	for (uint64_t pfn = 513; pfn < 1024; pfn++) {
		toy_page(kernel, pfn, 0, 0, 0, 0);
		mo_fake_put_u64(kernel, PAGE(pfn) + 8, PAGE(512) | 1);
	}
	mo_fake_put_u32(kernel, PAGE(513) + 16, (uint32_t)(entire_mapcount - 1));
	mo_fake_put_u32(kernel, PAGE(512) + 84, (uint32_t)(entire_mapcount - 1));
}

static void test_huge_page(void **unused)
{
	(void)unused;
	for (unsigned shape = TOY_SPLIT_RSS; shape <= TOY_PERCPU_RSS; shape++)
		for (int n = 1; n <= 2; n++) {
			struct mo_kernel *kernel = one_process((enum toy_shape)shape, 512, R | W);

			put_huge_page(kernel, n, n);
			toy_map(kernel, 1, 0, 512 << 12 | PRESENT | HUGE | DIRTY);
			expect_lines(kernel, "smaps",
				     n == 1 ? (const char *const[]){ "Rss:                2048 kB\nPss:                2048 kB\n",
								     "Private_Dirty:      2048 kB\n",
								     "AnonHugePages:      2048 kB\n", NULL } :
					      (const char *const[]){ "Rss:                2048 kB\nPss:                1024 kB\n",
								     "Shared_Dirty:       2048 kB\n", NULL },
				     0);
		}
}

/* CONFIG_NO_PAGE_MAPCOUNT: pages of large folios are not counted one by one. */
static void test_average_mapcount(void **unused)
{
	struct mo_kernel *kernel = one_process(TOY_PERCPU_RSS, 4, R);

	(void)unused;
	toy_page(kernel, 512, FLAG(SWAPBACKED) | FLAG(HEAD), ANON, 0, 8);
	for (uint64_t pfn = 513; pfn < 516; pfn++) {
		toy_page(kernel, pfn, 0, 0, 0, 0);
		mo_fake_put_u64(kernel, PAGE(pfn) + 8, PAGE(512) | 1);
	}
	mo_fake_put_u64(kernel, PAGE(512) + 64, 2);           /* order 2 */
	mo_fake_put_u32(kernel, PAGE(512) + 80, 8 - 1);       /* mapped 8 times: each page twice */
	mo_fake_put_u32(kernel, PAGE(512) + 84, (uint32_t)-1);
	mo_fake_put_u32(kernel, PAGE(512) + 88, 1u << 31);
	for (unsigned i = 0; i < 4; i++)
		toy_map(kernel, 0, i, (512 + i) << 12 | PRESENT);
	expect_lines(kernel, "smaps",
		     (const char *const[]){ "Rss:                  16 kB\nPss:                   8 kB\n"
					    "Pss_Dirty:             0 kB\nShared_Clean:         16 kB\n",
					    "KSM:                   0 kB\n", NULL },
		     0);
}

static void test_flags_and_eligibility(void **unused)
{
	struct mo_kernel *kernel = one_process(TOY_SPLIT_RSS, 1024, R | W | HUGEPAGE);

	(void)unused;
	expect_lines(kernel, "smaps",
		     (const char *const[]){ "Size:               4096 kB\nKernelPageSize:        4 kB\n",
					    "THPeligible:    0\nVmFlags: rd wr hg \n", NULL },
		     0);
}

static void expect_partial(struct mo_kernel *kernel, const char *finding)
{
	struct mo_run *run = fake_run(kernel, memopsy_plugin_entry_tasks());
	char *text = fake_run_text(run, "procrank", NULL);

	if (!strstr(text, ">="))
		fail_msg("nothing is a lower bound in:\n%s", text);
	assert_true(fake_run_said(run, "vmas-broken"));
	assert_true(fake_run_said(run, finding));
	free(text);
	fake_run_destroy(run);
	mo_fake_destroy(kernel);
}

/* A table of its own below itself, all entries alike: 512^4 pages, were it not for the bound. */
static void test_tables_in_a_circle(void **unused)
{
	struct mo_kernel *kernel = one_process(TOY_SPLIT_RSS, 0x700000000, R);

	(void)unused;
	for (unsigned i = 0; i < 512; i++)
		toy_map(kernel, 3, i, (TABLE(3) - BASE_KVA) | 7);
	expect_partial(kernel, "has more page tables than its mm counts");
}

static void test_unreadable_parts(void **unused)
{
	struct mo_kernel *kernel = one_process(TOY_SPLIT_RSS, 4, R);

	(void)unused;
	mo_fake_break(kernel, TABLE(0), 4096, MO_E_NOT_IN_DUMP);
	expect_partial(kernel, "page table of 0x0: ");
	kernel = one_process(TOY_SPLIT_RSS, 4, R);
	toy_map(kernel, 0, 0, 5000ull << 12 | PRESENT);
	expect_partial(kernel, "page frame 0x1388: ");
	kernel = one_process(TOY_SPLIT_RSS, 4, R);
	mo_fake_put_u64(kernel, MM(0) + MM_PGD, 0x1000);
	expect_partial(kernel, "not in the direct map");
	kernel = one_process(TOY_SPLIT_RSS, 1ull << 40, R);
	expect_partial(kernel, "ends beyond what page tables can map");
}

static void test_procrank(void **unused)
{
	struct mo_kernel *kernel = one_process(TOY_SPLIT_RSS, 4, R);
	struct mo_run *run;
	char *text;

	(void)unused;
	toy_process(kernel, 6, 0, "empty");
	toy_mm(kernel, 6, 1, 0, 0, 0, 0);
	toy_page(kernel, 100, 0, FILE_MAPPING, 2, 3);
	toy_map(kernel, 0, 0, 100 << 12 | PRESENT);
	run = fake_run(kernel, memopsy_plugin_entry_tasks());
	text = fake_run_text(run, "procrank", NULL);
	if (!strstr(text, "5  3.9 MiB  4.0 KiB  2.0 KiB  0 B   0 B      0 B  one\n"))
		fail_msg("%s", text);
	assert_true(strstr(text, "one") < strstr(text, "empty"));
	assert_int_equal(fake_run_finding_count(run), 0);
	free(text);
	fake_run_destroy(run);
	mo_fake_destroy(kernel);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_small_pages),
		cmocka_unit_test(test_huge_page),
		cmocka_unit_test(test_average_mapcount),
		cmocka_unit_test(test_flags_and_eligibility),
		cmocka_unit_test(test_tables_in_a_circle),
		cmocka_unit_test(test_unreadable_parts),
		cmocka_unit_test(test_procrank),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
