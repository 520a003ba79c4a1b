/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Watermarks, indexes and pageblocks, on models made by hand. */

#include <ctype.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "fragmentation.h"
#include "report_write.h"

#define COUNT(n) { .value = (n), .certainty = MO_EXACT }

enum { UNMOVABLE, MOVABLE, RECLAIMABLE, HIGHATOMIC, CMA, N_TYPES };
enum { DMA, NORMAL, MOVABLE_ZONE };

static const struct fragmentation_layout layout = {
	.zone_normal = { .value = NORMAL, .is_bound = true },
	.zone_movable = { .value = MOVABLE_ZONE, .is_bound = true },
};

static const char *const item_names[] = { "nr_free_pages", "nr_free_cma" };

/* One zone, 1,000 pages free above nothing, in blocks of order 0 and 2. */
struct machine {
	struct mo_zone zone;
	struct mo_vm_counter counters[2];
	struct mo_zones_model zones;
	struct mo_zone_free_areas areas;
	struct mo_free_areas_model free_areas;
	struct models models;
};

static void set_blocks(struct machine *machine, unsigned order, unsigned type, uint64_t blocks)
{
	struct mo_count *nr_free = &machine->areas.orders[order].nr_free;

	nr_free->value += blocks - machine->areas.orders[order].lists[type].blocks.value;
	machine->areas.orders[order].lists[type].blocks = mo_exact(blocks);
}

static struct machine *machine_create(void)
{
	struct machine *machine = calloc(1, sizeof(*machine));

	assert_non_null(machine);
	machine->zone = (struct mo_zone){
		.index = NORMAL, .name = "Normal", .present_pages = COUNT(4096), .spanned_pages = COUNT(4096),
		.free_pages = COUNT(1000), .watermark_boost_pages = COUNT(0), .reserved_highatomic_pages = COUNT(0),
		.watermark_pages = { COUNT(100), COUNT(200), COUNT(300) }, .n_lowmem_reserve = 3,
		.lowmem_reserve_pages = { COUNT(0), COUNT(0), COUNT(50) }, .counters = machine->counters,
	};
	machine->counters[1].printed = mo_exact(0);
	machine->zones = (struct mo_zones_model){ .zones = &machine->zone, .n_zones = 1, .zone_item_names = item_names,
						  .n_zone_items = 2 };
	machine->free_areas = (struct mo_free_areas_model){ .zones = &machine->areas, .n_zones = 1, .n_orders = 4,
							    .n_migratetypes = N_TYPES, .n_pcp_migratetypes = HIGHATOMIC,
							    .migrate_highatomic = HIGHATOMIC, .migrate_cma = CMA,
							    .migrate_isolate = -1, .pageblock_order = 3 };
	for (unsigned order = 0; order < 4; order++) {
		machine->areas.orders[order].nr_free = mo_exact(0);
		for (unsigned type = 0; type < N_TYPES; type++)
			machine->areas.orders[order].lists[type].blocks = mo_exact(0);
	}
	set_blocks(machine, 0, UNMOVABLE, 600);
	set_blocks(machine, 2, RECLAIMABLE, 100);
	machine->models = (struct models){ .layout = &layout, .zones = &machine->zones, .free_areas = &machine->free_areas,
					   .page_bytes = 4096 };
	return machine;
}

static enum chance chance(const struct machine *machine, unsigned order, enum request request)
{
	return chance_of(&machine->models, 0, order, request);
}

static void test_watermarks(void **state)
{
	struct machine *machine = machine_create();

	(void)state;
	assert_int_equal(chance(machine, 0, REQUEST_KERNEL), CHANCE_YES);
	/* The mark itself is not enough. */
	machine->zone.free_pages = mo_exact(200);
	assert_int_equal(chance(machine, 0, REQUEST_KERNEL), CHANCE_BELOW_LOW);
	machine->zone.free_pages = mo_exact(201);
	assert_int_equal(chance(machine, 0, REQUEST_KERNEL), CHANCE_YES);
	/* A block of order 2 leaves three pages less. */
	assert_int_equal(chance(machine, 2, REQUEST_KERNEL), CHANCE_BELOW_LOW);
	machine->zone.free_pages = mo_exact(204);
	assert_int_equal(chance(machine, 2, REQUEST_KERNEL), CHANCE_YES);
	/* Movable requests could use a higher zone: this one keeps 50 pages from them. */
	assert_int_equal(chance(machine, 0, REQUEST_MOVABLE), CHANCE_BELOW_LOW);
	machine->zone.free_pages = mo_exact(100);
	assert_int_equal(chance(machine, 0, REQUEST_KERNEL), CHANCE_WATERMARK);
	machine->zone.free_pages = mo_exact(250);
	machine->zone.watermark_boost_pages = mo_exact(60);
	assert_int_equal(chance(machine, 0, REQUEST_KERNEL), CHANCE_BELOW_LOW);
	free(machine);
}

static void test_reserves(void **state)
{
	struct machine *machine = machine_create();

	(void)state;
	machine->zone.free_pages = mo_exact(260);
	machine->zone.reserved_highatomic_pages = mo_exact(60);
	assert_int_equal(chance(machine, 0, REQUEST_KERNEL), CHANCE_BELOW_LOW);
	/* Where the kernel counts how many of them are free, that counts. */
	machine->zone.free_highatomic_pages = mo_exact(59);
	assert_int_equal(chance(machine, 0, REQUEST_KERNEL), CHANCE_YES);
	machine->counters[1].printed = mo_exact(10);
	assert_int_equal(chance(machine, 0, REQUEST_KERNEL), CHANCE_BELOW_LOW);
	machine->zone.lowmem_reserve_pages[MOVABLE_ZONE] = mo_exact(0);
	assert_int_equal(chance(machine, 0, REQUEST_MOVABLE), CHANCE_YES);
	free(machine);
}

static void test_blocks(void **state)
{
	struct machine *machine = machine_create();

	(void)state;
	assert_int_equal(chance(machine, 1, REQUEST_KERNEL), CHANCE_YES);
	assert_int_equal(chance(machine, 3, REQUEST_KERNEL), CHANCE_NO_BLOCK);
	set_blocks(machine, 3, HIGHATOMIC, 5);
	assert_int_equal(chance(machine, 3, REQUEST_KERNEL), CHANCE_NO_BLOCK);
	set_blocks(machine, 3, CMA, 5);
	assert_int_equal(chance(machine, 3, REQUEST_KERNEL), CHANCE_NO_BLOCK);
	assert_int_equal(chance(machine, 3, REQUEST_MOVABLE), CHANCE_YES);
	set_blocks(machine, 3, MOVABLE, 1);
	assert_int_equal(chance(machine, 3, REQUEST_KERNEL), CHANCE_YES);
	free(machine);
}

static void test_unknown(void **state)
{
	struct machine *machine = machine_create();

	(void)state;
	/* A list that broke before its first block may have some. */
	machine->areas.orders[3].lists[MOVABLE].blocks = mo_at_least(0);
	assert_int_equal(chance(machine, 3, REQUEST_KERNEL), CHANCE_UNKNOWN);
	assert_int_equal(chance(machine, 2, REQUEST_KERNEL), CHANCE_YES);
	machine->zone.free_pages = mo_unknown();
	assert_int_equal(chance(machine, 0, REQUEST_KERNEL), CHANCE_UNKNOWN);
	assert_null(chance_text(CHANCE_UNKNOWN));
	machine->zone.index = MOVABLE_ZONE;
	assert_int_equal(chance(machine, 0, REQUEST_KERNEL), CHANCE_OTHER_ZONE);
	free(machine);
}

static void test_indexes(void **state)
{
	struct machine *machine = machine_create();
	struct indexes indexes = indexes_of(&machine->models, 0, 1);

	(void)state;
	assert_true(indexes.is_known);
	assert_int_equal(indexes.suitable_blocks.value, 200);
	assert_int_equal(indexes.fragmentation, -1000);
	assert_int_equal(indexes.unusable, 600);
	/* 1000 - (1000 + 1000 * 1000 / 8) / 700 */
	indexes = indexes_of(&machine->models, 0, 3);
	assert_int_equal(indexes.suitable_blocks.value, 0);
	assert_int_equal(indexes.fragmentation, 820);
	assert_int_equal(indexes.unusable, 1000);
	/* One block of order 0: 1000 - (1000 + 500) / 1 */
	set_blocks(machine, 0, UNMOVABLE, 1);
	set_blocks(machine, 2, RECLAIMABLE, 0);
	assert_int_equal(indexes_of(&machine->models, 0, 1).fragmentation, -500);
	/* Nothing free at all. */
	set_blocks(machine, 0, UNMOVABLE, 0);
	assert_int_equal(indexes_of(&machine->models, 0, 1).fragmentation, 0);
	assert_int_equal(indexes_of(&machine->models, 0, 1).unusable, 1000);
	machine->areas.orders[2].nr_free = mo_exact(UINT64_MAX);
	assert_false(indexes_of(&machine->models, 0, 1).is_known);
	machine->areas.orders[2].nr_free = mo_unknown();
	assert_false(indexes_of(&machine->models, 0, 1).is_known);
	free(machine);
}

/* Pageblocks of 8 pages: free; movable pages and free ones; one page of a slab among movable ones; a slab. */
static void test_pageblocks(void **state)
{
	static const uint8_t types[] = { MOVABLE, MOVABLE, MOVABLE, UNMOVABLE };
	const struct mo_pageblock_run blocks = { .first_pfn = 0, .n_blocks = 4, .migratetypes = types };
	struct machine *machine = machine_create();
	struct zone_pageblocks *sums;
	uint8_t classes[32];
	struct mo_page_run run = { .first_pfn = 0, .n_pages = sizeof(classes), .classes = classes };
	struct mo_mem_map_model mem_map = { .runs = &run, .n_runs = 1 };

	(void)state;
	memset(classes, MO_PAGE_FREE_BUDDY, 8);
	memset(classes + 8, MO_PAGE_ANON, 16);
	classes[9] = MO_PAGE_FREE_PCP;
	classes[17] = MO_PAGE_SLAB;
	memset(classes + 24, MO_PAGE_SLAB, 8);
	assert_null(sum_pageblocks(&machine->models, &sums));
	assert_null(sums);
	machine->models.mem_map = &mem_map;
	machine->free_areas.pageblock_runs = &blocks;
	machine->free_areas.n_pageblock_runs = 1;
	/* The zone begins behind the first page frame, as zone DMA does. */
	machine->zone.start_pfn = 1;
	assert_null(sum_pageblocks(&machine->models, &sums));
	assert_non_null(sums);
	assert_int_equal(sums[0].types[MOVABLE].blocks, 3);
	assert_int_equal(sums[0].types[MOVABLE].free_blocks, 1);
	assert_int_equal(sums[0].types[MOVABLE].movable_blocks, 1);
	assert_int_equal(sums[0].types[MOVABLE].stuck_blocks, 1);
	assert_int_equal(sums[0].types[MOVABLE].free_pages, 9);
	assert_int_equal(sums[0].types[MOVABLE].stuck_pages, 1);
	assert_int_equal(sums[0].types[UNMOVABLE].stuck_pages, 8);
	assert_int_equal(sums[0].classes[MO_PAGE_SLAB].pages, 9);
	assert_int_equal(sums[0].classes[MO_PAGE_SLAB].blocks, 2);
	assert_int_equal(sums[0].classes[MO_PAGE_SLAB].pages_in_movable, 1);
	free(sums);
	free(machine);
}

/* What the host is to the judge: the models, and somebody who takes its findings. */
struct mo_run {
	const struct fragmentation_state *state;
	const struct mo_owners_model *owners;
	struct mo_report *report;
};

const void *mo_run_model(const struct mo_run *run)
{
	return run->state;
}

static struct mo_slab_cache slab_caches[] = {
	{ .name = "task_struct", .order = 3, .objects = 90 },
	{ .name = "files_cache", .order = 2, .objects = 800 },
	{ .name = "big_things", .order = 2, .min_order = 2, .objects = 10 },
	{ .name = "unused", .order = 3, .min_order = 3 },
};
static const struct mo_slab_model slab_model = { .caches = slab_caches, .n_caches = 4 };

struct mo_error *mo_run_late_model(struct mo_run *run, const char *name, const void **ret)
{
	*ret = strcmp(name, MO_SLAB_MODEL) ? (const void *)run->owners : (const void *)&slab_model;
	return NULL;
}

void mo_run_judge(struct mo_run *run, const char *view, const struct mo_finding *finding)
{
	assert_string_equal(view, "fragmentation");
	mo_report_finding(run->report, finding);
}

/* What is said of the machine's zones, as text; to be freed. */
static char *findings_with(const struct machine *machine, struct zone_pageblocks *sums, const struct mo_owners_model *owners)
{
	const struct fragmentation_state state = { .models = machine->models, .sums = sums };
	const struct mo_report_options options = { .format = MO_FORMAT_TEXT };
	struct mo_report *report;
	char *text = NULL;
	size_t n_bytes = 0;
	FILE *out = open_memstream(&text, &n_bytes);

	assert_non_null(out);
	assert_null(mo_report_create(out, &options, NULL, false, &report));
	assert_null(judge_fragmentation(&(struct mo_run){ .state = &state, .owners = owners, .report = report }));
	assert_null(mo_report_finish(report));
	mo_report_destroy(report);
	assert_int_equal(fclose(out), 0);
	return text;
}

/* Orders that caches ask for first, that they cannot do without, and that failed before. */
static void test_demands(void **unused)
{
	struct demands demands = { .n_failed = { 0 } };
	char text[300];

	(void)unused;
	say_demands(&demands, &slab_model, 2, text, sizeof(text));
	assert_string_equal(text, " 3 slab caches ask for slabs of order 2 or more (files_cache has the most objects), and 1 of them "
				  "(big_things) cannot do with less.");
	say_demands(&demands, &slab_model, 3, text, sizeof(text));
	assert_string_equal(text, " 1 slab cache asks for slabs of order 3 or more (task_struct has the most objects), and can do with less.");
	note_failure(&demands, "insmod: page allocation failure: order:5, mode:0xcc0", 51);
	note_failure(&demands, "dd invoked oom-killer: gfp_mask=0xcc0(GFP_KERNEL), order=2, oom_score_adj=0", 76);
	note_failure(&demands, "dd invoked oom-killer: gfp_mask=0xcc0(GFP_KERNEL), order=0, oom_score_adj=0", 76);
	note_failure(&demands, "insmod: page allocation failure: order:99, mode", 47);
	assert_int_equal(largest_failed_order(&demands), 5);
	say_demands(&demands, NULL, 2, text, sizeof(text));
	assert_string_equal(text, " The log has 2 failed allocations of order 2 or more.");
	say_demands(&demands, &slab_model, 4, text, sizeof(text));
	assert_string_equal(text, " The log has 1 failed allocation of order 4 or more.");
	say_demands(&demands, &slab_model, 6, text, sizeof(text));
	assert_string_equal(text, "");
}

static char *findings_of(const struct machine *machine, struct zone_pageblocks *sums)
{
	return findings_with(machine, sums, NULL);
}

static void assert_said_with(const struct machine *machine, struct zone_pageblocks *sums, const struct mo_owners_model *owners,
			     const char *const *texts)
{
	char *said = findings_with(machine, sums, owners);
	size_t n = 0;

	/* Lines are broken where they are long: one blank stands for all. */
	for (const char *at = said; *at; at++)
		if (!isspace((unsigned char)*at))
			said[n++] = *at;
		else if (n && said[n - 1] != ' ')
			said[n++] = ' ';
	said[n] = '\0';
	for (; *texts; texts++) {
		if (!strstr(said, *texts))
			fail_msg("\"%s\" is not said: %s", *texts, said);
	}
	free(said);
}

static void assert_said(const struct machine *machine, struct zone_pageblocks *sums, const char *const *texts)
{
	assert_said_with(machine, sums, NULL, texts);
}

/* Hardly anything of what is free serves an order that the kernel asks for, though some blocks do; and whose is in the way. */
static void test_hardly_any(void **state)
{
	struct machine *machine = machine_create();
	struct zone_pageblocks *sums = calloc(1, sizeof(*sums));
	struct mo_page_class_info infos[MO_N_PAGE_CLASSES] = { [MO_PAGE_DIRECT] = { .name = "direct", .title = "direct users" } };
	struct mo_mem_map_model mem_map = { .classes = infos };
	struct mo_holder holders[] = {
		{ .name = "unknown", .evidence = MO_HOLDER_BY_NOBODY, .page_class = MO_PAGE_DIRECT, .bytes = 200 << 20 },
		{ .name = "table", .module = "pinner", .page_class = MO_PAGE_DIRECT, .bytes = 150 << 20 },
		{ .name = "cache", .module = "pinner", .page_class = MO_PAGE_SLAB, .bytes = 900 << 20 },
		{ .name = "list", .pageblocks = 60, .module = "pinner", .page_class = MO_PAGE_DIRECT, .bytes = 100 << 20 },
	};
	const struct mo_owners_model owners = { .holders = holders, .n_holders = sizeof(holders) / sizeof(holders[0]) };
	char *said;

	(void)state;
	assert_non_null(sums);
	machine->models.mem_map = &mem_map;
	machine->zone.managed_pages = mo_exact(40000);
	machine->zone.free_pages = mo_exact(10000);
	set_blocks(machine, 0, UNMOVABLE, 9960);
	set_blocks(machine, 2, RECLAIMABLE, 8);
	set_blocks(machine, 3, MOVABLE, 1);
	sums->types[MOVABLE] = (struct pageblock_sums){ .blocks = 100, .movable_blocks = 10, .stuck_blocks = 80 };
	sums->classes[MO_PAGE_DIRECT].blocks = 80;
	sums->classes[MO_PAGE_DIRECT].pages = 90;
	assert_said_with(machine, sums, &owners, (const char *const[]){
		"99.6 % of its free memory is in blocks smaller than order 1 (8 KiB), and no block is larger than order 3.",
		"80 of its 100 pageblocks hold unmovable pages of the class direct; most of that class (250.0 of 450.0 MiB) belongs to "
		"module pinner, which has pages in at least 60 of the machine's 100 pageblocks (60 %).", "Look at module pinner.", NULL });
	/* Half of what is free in large blocks: no alarm, however many small ones there are. */
	set_blocks(machine, 3, MOVABLE, 1200);
	said = findings_with(machine, sums, &owners);
	assert_null(strstr(said, "fragmented"));
	free(said);
	/* Little is free: it is short, not fragmented. */
	set_blocks(machine, 3, MOVABLE, 1);
	machine->zone.free_pages = mo_exact(4200);
	said = findings_with(machine, sums, &owners);
	assert_null(strstr(said, "fragmented"));
	free(said);
	free(sums);
	free(machine);
}

static void test_findings(void **state)
{
	struct machine *machine = machine_create();
	struct zone_pageblocks *sums = calloc(1, sizeof(*sums));
	struct mo_page_class_info infos[MO_N_PAGE_CLASSES] = { [MO_PAGE_SLAB] = { .name = "slab", .title = "slab caches" } };
	struct mo_mem_map_model mem_map = { .classes = infos };
	char *said;

	(void)state;
	assert_non_null(sums);
	machine->zone.managed_pages = mo_exact(4000);
	/* 1,000 pages are free, none of them in a block of order 3, and no other zone has one. */
	assert_said(machine, NULL, (const char *const[]){ "order 3 (32 KiB) finds no block", "is of order 2.",
							  "See who holds the pages", NULL });
	/* Slabs in most pageblocks: compaction would not help. */
	machine->models.mem_map = &mem_map;
	sums->types[MOVABLE] = (struct pageblock_sums){ .blocks = 100, .movable_blocks = 10, .stuck_blocks = 80 };
	sums->classes[MO_PAGE_SLAB].blocks = 80;
	sums->classes[MO_PAGE_SLAB].pages = 90;
	assert_said(machine, sums, (const char *const[]){ "most in the way", "slab caches", "Compaction can help little", NULL });
	sums->types[MOVABLE].movable_blocks = 60;
	assert_said(machine, sums, (const char *const[]){ "Compaction could help", NULL });
	/* One block of order 3 is one block: nothing is said. */
	set_blocks(machine, 3, MOVABLE, 0);
	set_blocks(machine, 3, UNMOVABLE, 1);
	said = findings_of(machine, sums);
	assert_null(strstr(said, "fragmented"));
	free(said);
	/* Nor of a zone that is short of memory altogether. */
	set_blocks(machine, 3, UNMOVABLE, 0);
	machine->zone.free_pages = mo_exact(150);
	said = findings_of(machine, sums);
	assert_null(strstr(said, "fragmented"));
	free(said);
	free(sums);
	free(machine);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_demands), cmocka_unit_test(test_watermarks), cmocka_unit_test(test_reserves), cmocka_unit_test(test_blocks),
		cmocka_unit_test(test_unknown),	   cmocka_unit_test(test_indexes),  cmocka_unit_test(test_pageblocks),
		cmocka_unit_test(test_findings),   cmocka_unit_test(test_hardly_any),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
