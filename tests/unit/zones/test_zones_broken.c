/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Zones and counters of which a part is missing or nonsense: that part is unknown, and a finding says why. */

#include "toy_zones.h"

#include <stdlib.h>
#include <string.h>

struct broken {
	struct mo_kernel *kernel;
	struct mo_run *run;
	const struct mo_zones_model *zones;
};

static struct broken run_it(struct mo_kernel *kernel)
{
	struct broken broken = { .kernel = kernel, .run = toy_run(kernel) };

	broken.zones = mo_run_model(broken.run);
	return broken;
}

static void end(struct broken *broken)
{
	fake_run_destroy(broken->run);
	mo_fake_destroy(broken->kernel);
}

static void expect_lines(struct broken *broken, const char *view, const char *lines)
{
	char *text = fake_run_flagged(broken->run, view, NULL);

	if (!strstr(text, lines))
		fail_msg("not in %s: %s; it is\n%s", view, lines, text);
	free(text);
}

static void test_parts_of_a_cpu(void **state)
{
	struct mo_kernel *kernel = toy_kernel(TOY_WHOLE);
	struct broken broken;

	(void)state;
	mo_fake_break(kernel, TOY_CPU(0, TOY_ZONESTAT(0)), 0x20, MO_E_NOT_IN_DUMP);
	broken = run_it(kernel);
	assert_true(fake_run_said(broken.run, "The per-CPU counters of zone DMA, node 0, could not be read"));
	assert_true(fake_run_said(broken.run, "cannot read struct per_cpu_zonestat of CPU 0"));
	/* What was printed needs no CPU; what is exact does. */
	assert_int_equal(broken.zones->zones[0].counters[0].printed.value, 19);
	assert_int_equal(broken.zones->zones[0].counters[0].exact.certainty, MO_UNKNOWN);
	assert_int_equal(mo_vm_counter_find(broken.zones, "nr_free_pages")->exact.certainty, MO_UNKNOWN);
	assert_int_equal(broken.zones->zones[1].counters[0].exact.value, 50000);
	expect_lines(&broken, "zoneinfo", "      numa_hit     ?\n");
	expect_lines(&broken, "vmstat", "numa_hit ?\n");
	end(&broken);
}

static void test_unreadable_node(void **state)
{
	struct mo_kernel *kernel = toy_kernel(TOY_WHOLE);
	struct broken broken;

	(void)state;
	mo_fake_put_u64(kernel, TOY_NODE_DATA, 0x1230);
	broken = run_it(kernel);
	assert_true(fake_run_said(broken.run, "Node 0 could not be read"));
	assert_int_equal(broken.zones->n_nodes, 1);
	assert_int_equal(broken.zones->n_zones, 3);
	expect_lines(&broken, "zoneinfo", "Node 1, zone      DMA\n  pages free     0\n");
	expect_lines(&broken, "vmstat", "nr_free_pages 50019\n");
	end(&broken);
}

static void test_unreadable_zone(void **state)
{
	struct mo_kernel *kernel = toy_kernel(TOY_WHOLE);
	struct broken broken;

	(void)state;
	mo_fake_break(kernel, TOY_ZONE(0, 0), 0x200, MO_E_NOT_IN_DUMP);
	broken = run_it(kernel);
	assert_true(fake_run_said(broken.run, "Zone 0 of node 0 could not be read"));
	assert_int_equal(broken.zones->n_zones, 5);
	/* The node's counters stand with its first zone that has pages and is known. */
	expect_lines(&broken, "zoneinfo", "Node 0, zone   Normal\n  per-node stats\n      nr_inactive_file 3000\n");
	expect_lines(&broken, "buddyinfo", "Node 0, zone   Normal ");
	end(&broken);
}

static void test_types_of_another_kernel(void **state)
{
	struct broken broken = run_it(toy_kernel(TOY_WITHOUT_PERCPU_TYPES));

	(void)state;
	assert_int_equal(fake_run_finding_count(broken.run), 0); /* meminfo needs none of it */
	assert_int_equal(broken.zones->zones[0].n_pagesets, 0);
	assert_int_equal(broken.zones->zones[0].counters[0].printed.value, 19);
	assert_int_equal(broken.zones->nodes[0].counters[0].exact.certainty, MO_UNKNOWN);
	assert_int_equal(broken.zones->zones[0].counters[0].exact.certainty, MO_UNKNOWN);
	expect_lines(&broken, "zoneinfo", "  pagesets\n    cpu: ?\n  node_unreclaimable:  1\n");
	expect_lines(&broken, "zoneinfo", "WARNING: The kernel's type information lacks members of zones and counters");
	expect_lines(&broken, "zoneinfo", "  struct zone.per_cpu_pageset\n");
	expect_lines(&broken, "zoneinfo", "  struct per_cpu_pages.count\n");
	expect_lines(&broken, "vmstat", "nr_free_pages 50019\n");
	expect_lines(&broken, "vmstat", "  struct per_cpu_nodestat.vm_node_stat_diff\n");
	end(&broken);
}

/* Without the kernel's own words its counters tell which lines there are; three come after its time. */
static void test_without_words(void **state)
{
	struct broken broken = run_it(toy_kernel(TOY_WITHOUT_WORDS));

	(void)state;
	expect_lines(&broken, "zoneinfo",
		     "        boost    5\n"
		     "        min      15\n"
		     "        low      25\n"
		     "        high     35\n"
		     "        spanned  4095\n"
		     "        present  3998\n"
		     "        managed  3840\n"
		     "        cma      0\n");
	expect_lines(&broken, "zoneinfo", "  start_pfn:           1\nNode 0, zone   Normal\n");
	end(&broken);
}

static void test_names(void **state)
{
	struct mo_kernel *kernel = toy_kernel(TOY_WHOLE);
	struct broken broken;

	(void)state;
	mo_fake_put_u64(kernel, TOY_VMSTAT_TEXT, 0x1230);
	broken = run_it(kernel);
	assert_null(mo_vm_counter_find(broken.zones, "nr_free_pages"));
	assert_non_null(mo_vm_counter_find(broken.zones, "nr_mlock"));
	expect_lines(&broken, "vmstat", "? 50019\nnr_mlock 0\n");
	expect_lines(&broken, "zoneinfo", "      ?            19\n      nr_mlock     1\n");
	end(&broken);
}

/* Numbers that no kernel has are shown as not known, or as they are; nothing is computed from them in silence. */
static void test_nonsense(void **state)
{
	struct mo_kernel *kernel = toy_kernel(TOY_WHOLE);
	struct broken broken;

	(void)state;
	mo_fake_put_u64(kernel, TOY_ZONE(0, 0) + 0x28, UINT64_MAX);           /* a reserve below zero */
	mo_fake_put_u32(kernel, TOY_CPU(1, TOY_PAGESET(0)), 0x80000000);      /* so many pages on a list */
	mo_fake_put_u64(kernel, TOY_ZONE(0, 1) + TOY_ZONE_VM_STAT, 1ull << 63);
	mo_fake_put_u64(kernel, TOY_ZONE(0, 0) + TOY_ZONE_FREE_AREA + 16, UINT64_MAX);
	broken = run_it(kernel);
	expect_lines(&broken, "zoneinfo", "        protection: (0, ?, 400)\n");
	expect_lines(&broken, "zoneinfo", "    cpu: 1\n              count: ?\n");
	expect_lines(&broken, "zoneinfo", "Node 0, zone   Normal\n  pages free     0\n");
	expect_lines(&broken, "buddyinfo", "Node 0, zone      DMA 18446744073709551615      1      2 \n");
	end(&broken);
}

static void test_no_counters(void **state)
{
	struct mo_kernel *kernel = toy_kernel(TOY_WHOLE);
	struct broken broken;

	(void)state;
	mo_fake_break(kernel, TOY_VM_ZONE_STAT, 24, MO_E_NOT_IN_DUMP);
	mo_fake_break(kernel, TOY_CPU(1, TOY_EVENTS), 24, MO_E_NOT_IN_DUMP);
	broken = run_it(kernel);
	assert_true(fake_run_said(broken.run, "The zone counters (vm_zone_stat) could not be read"));
	expect_lines(&broken, "vmstat", "nr_free_pages ?\n");
	/* The limits follow from free memory; the events are left out, and that is said. */
	expect_lines(&broken, "vmstat", "nr_dirty_threshold ?\nnr_dirty_background_threshold ?\nnr_unstable 0\n");
	assert_true(fake_run_said(broken.run, "The event counters (vm_event_states) could not be read"));
	end(&broken);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_parts_of_a_cpu),
		cmocka_unit_test(test_unreadable_node),
		cmocka_unit_test(test_unreadable_zone),
		cmocka_unit_test(test_types_of_another_kernel),
		cmocka_unit_test(test_without_words),
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_nonsense),
		cmocka_unit_test(test_no_counters),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
