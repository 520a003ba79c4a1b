/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What the views of the zones plugin print of a healthy toy machine, and its model. */

#include "toy_zones.h"

#include <stdlib.h>
#include <string.h>

static void expect_view(const char *view, const char *option, const char *expected)
{
	struct mo_kernel *kernel = toy_kernel(TOY_WHOLE);
	struct mo_run *run = toy_run(kernel);
	char *text = fake_run_flagged(run, view, option);

	assert_string_equal(text, expected);
	assert_int_equal(fake_run_finding_count(run), 0);
	free(text);
	fake_run_destroy(run);
	mo_fake_destroy(kernel);
}

static void test_buddyinfo(void **state)
{
	(void)state;
	expect_view("buddyinfo", NULL,
		    "Node 0, zone      DMA      2      1      2 \n"
		    "Node 0, zone   Normal      0      0 12500000 \n");
}

#define PAGESET(cpu, count, threshold) \
	"    cpu: " cpu "\n" \
	"              count: " count "\n" \
	"              high:  378\n" \
	"              batch: 63\n" \
	"  vm stats threshold: " threshold "\n"

/* A zone without pages ends early, in node 1 as in node 0. */
#define EMPTY_ZONE(name) \
	name "  pages free     0\n" \
	"        boost    0\n" \
	"        min      0\n" \
	"        low      0\n" \
	"        high     0\n" \
	"        spanned  0\n" \
	"        present  0\n" \
	"        managed  0\n" \
	"        protection: (0, 0, 0)\n"

static const char zoneinfo[] =
	"Node 0, zone      DMA\n"
	"  per-node stats\n"
	"      nr_inactive_file 3000\n"
	"      nr_active_file 4000\n"
	"      nr_anon_transparent_hugepages 2\n"
	"      nr_throttled_written 5\n"
	"      nr_swapcached 6\n"
	"  pages free     19\n"
	"        boost    5\n"
	"        min      15\n"
	"        low      25\n"
	"        high     35\n"
	"        spanned  4095\n"
	"        present  3998\n"
	"        managed  3840\n"
	"        protection: (0, 400, 400)\n"
	"      nr_free_pages 19\n"
	"      nr_mlock     1\n"
	"      nr_free_cma  0\n"
	"      numa_hit     101\n"
	"      numa_miss    1\n"
	"  pagesets\n" PAGESET("0", "0", "12") PAGESET("1", "1", "12")
	"  node_unreclaimable:  1\n"
	"  start_pfn:           1\n"
	"  reserved_highatomic: 7\n"
	"Node 0, zone   Normal\n"
	"  pages free     50000\n"
	"        boost    0\n"
	"        min      1000\n"
	"        low      2000\n"
	"        high     3000\n"
	"        spanned  131072\n"
	"        present  120000\n"
	"        managed  100000\n"
	"        protection: (0, 0, 800)\n"
	"      nr_free_pages 50000\n"
	"      nr_mlock     0\n"
	"      nr_free_cma  64\n"
	"      numa_hit     200\n"
	"      numa_miss    2\n"
	"  pagesets\n" PAGESET("0", "10", "0") PAGESET("1", "11", "0")
	"  node_unreclaimable:  1\n"
	"  start_pfn:           4096\n"
	"  reserved_highatomic: 0\n"
	EMPTY_ZONE("Node 0, zone  Movable\n")
	EMPTY_ZONE("Node 1, zone      DMA\n")
	EMPTY_ZONE("Node 1, zone   Normal\n")
	EMPTY_ZONE("Node 1, zone  Movable\n");

static void test_zoneinfo(void **state)
{
	(void)state;
	expect_view("zoneinfo", NULL, zoneinfo);
}

/* The dirty limits: (20 and 10 per cent, in pages of 4096 parts) of 50019 - 1019 + 7000 + 1 pages. */
static void test_vmstat(void **state)
{
	(void)state;
	expect_view("vmstat", NULL,
		    "nr_free_pages 50019\n"
		    "nr_mlock 0\n"
		    "nr_free_cma 64\n"
		    "numa_hit 301\n"
		    "numa_miss 3\n"
		    "nr_inactive_file 3000\n"
		    "nr_active_file 4000\n"
		    "nr_anon_transparent_hugepages 2\n"
		    "nr_throttled_written 5\n"
		    "nr_swapcached 6\n"
		    "nr_dirty_threshold 11197\n"
		    "nr_dirty_background_threshold 5591\n"
		    "pgpgin 21\n"
		    "pgpgout 30\n"
		    "pgfault 2000\n"
		    "nr_unstable 0\n");
}

/* The stopped CPU's parts are in it. */
static void test_exact(void **state)
{
	struct mo_kernel *kernel = toy_kernel(TOY_WHOLE);
	struct mo_run *run = toy_run(kernel);
	const struct mo_zones_model *zones = mo_run_model(run);
	char *text = fake_run_flagged(run, "vmstat", "exact");
	const struct mo_vm_counter *free_pages = mo_zone_counter_find(zones, &zones->zones[0], "nr_free_pages");

	(void)state;
	assert_non_null(strstr(text, "nr_free_pages 50012\nnr_mlock 0\nnr_free_cma 63\n"));
	assert_non_null(strstr(text, "\nnr_inactive_file 2900\nnr_active_file 4007\n"));
	free(text);

	assert_int_equal(free_pages->printed.value, 19);
	assert_int_equal(free_pages->exact.value, 12);
	assert_int_equal(mo_zone_counter_find(zones, &zones->zones[0], "nr_mlock")->exact.value, 2);
	assert_int_equal(mo_zone_counter_find(zones, &zones->zones[1], "nr_mlock")->exact.value, 0);
	assert_int_equal(mo_node_counter_find(zones, &zones->nodes[0], "nr_inactive_file")->exact.value, 2900);
	assert_int_equal(mo_node_counter_find(zones, &zones->nodes[1], "nr_inactive_file")->exact.value, 0);
	assert_int_equal(mo_vm_counter_find(zones, "nr_active_file")->exact.value, 4007);
	assert_null(mo_vm_counter_find(zones, "nr_of_this_kernel"));
	assert_null(mo_vm_counter_find(zones, "pgpgin"));
	fake_run_destroy(run);
	mo_fake_destroy(kernel);
}

static void test_model(void **state)
{
	struct mo_kernel *kernel = toy_kernel(TOY_WHOLE);
	struct mo_run *run = toy_run(kernel);
	const struct mo_zones_model *zones = mo_run_model(run);

	(void)state;
	assert_int_equal(zones->n_nodes, 2);
	assert_int_equal(zones->n_zones, 6);
	assert_int_equal(zones->n_orders, 3);
	assert_int_equal(zones->zones[0].n_pagesets, 2);
	assert_int_equal(zones->zones[1].pagesets[1].count_pages.value, 11);
	assert_int_equal(zones->zones[1].pagesets[1].high_min_pages.certainty, MO_UNKNOWN);
	assert_int_equal(zones->zones[2].n_pagesets, 0);
	assert_int_equal(zones->zones[0].n_lowmem_reserve, 3);
	assert_int_equal(zones->zones[0].lowmem_reserve_pages[1].value, 400);
	assert_int_equal(zones->zones[0].free_blocks[2].value, 2);
	assert_int_equal(zones->zones[1].cma_pages.value, 64);
	assert_int_equal(zones->nodes[0].kswapd_failures.value, 16);
	fake_run_destroy(run);
	mo_fake_destroy(kernel);
}

static void test_numa(void **state)
{
	struct mo_kernel *kernel = toy_kernel(TOY_WHOLE);
	struct mo_run *run = toy_run(kernel);
	char *text = fake_run_flagged(run, "numa", NULL);
	char *exact = fake_run_flagged(run, "numa", "exact");

	(void)state;
	assert_non_null(strstr(text, "Node 0 MemTotal:         415360 kB\n"
				     "Node 0 MemFree:          200076 kB\n"
				     "Node 0 MemUsed:          215284 kB\n"
				     "Node 0 SwapCached:           24 kB\n"));
	assert_non_null(strstr(text, "Node 0 AnonHugePages:      4096 kB\n"));
	assert_non_null(strstr(text, "Node 1 MemTotal:              0 kB\n"
				     "Node 1 MemFree:               0 kB\n"));
	/* This kernel has no such counter. */
	assert_non_null(strstr(text, "Node 0 Active(anon):          ? kB\n"));
	assert_null(strstr(text, "Unaccepted"));
	assert_non_null(strstr(exact, "Node 0 MemFree:          200048 kB\n"));
	assert_non_null(strstr(exact, "Node 0 Inactive(file):    11600 kB\n"));
	free(text);
	free(exact);
	fake_run_destroy(run);
	mo_fake_destroy(kernel);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_buddyinfo),
		cmocka_unit_test(test_zoneinfo),
		cmocka_unit_test(test_vmstat),
		cmocka_unit_test(test_exact),
		cmocka_unit_test(test_model),
		cmocka_unit_test(test_numa),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
