/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "toy_free_areas.h"

#include <string.h>

#include <memopsy/zones.h>

#define MEM_MAP_POINTER BASE_KVA
#define MAX_MAPNR (BASE_KVA + 0x8)
#define POSSIBLE (BASE_KVA + 0x40)
#define OFFSETS (BASE_KVA + 0x80)
#define PAGEBLOCK_ORDER (BASE_KVA + 0xc0)
#define NAMES (BASE_KVA + 0x100)
#define TEXTS (BASE_KVA + 0x200)
#define BLOCK_FLAGS(zone) (BASE_KVA + 0x1000 + (zone) * 0x100ull)
#define PERCPU (BASE_KVA + 0x20000)
#define PCP(zone) (PERCPU + (zone) * 0x200ull)
#define CPU_BYTES 0x1000ull
#define N_PCP_LISTS 12

#define ZONE_FREE_AREA 0x100
#define AREA_BYTES 72

#define PAGE "struct page"
#define ZONE "struct zone"

static const struct mo_fake_row rows[] = {
	{ .type = "struct list_head", .bytes = 16 },
	{ .type = "struct list_head", .member = "next", .offset_bytes = 0, .bytes = 8 },
	{ .type = "struct list_head", .member = "prev", .offset_bytes = 8, .bytes = 8 },
	{ .type = "struct cpumask", .member = "bits", .offset_bytes = 0, .bytes = 8, .n_elements = 1 },
	MO_PAGE_ROWS,
	{ .type = PAGE, .member = "compound_head", .offset_bytes = 8, .bytes = 8 },
	{ .type = PAGE, .member = "lru.next", .offset_bytes = TOY_NEXT, .bytes = 8 },
	{ .type = PAGE, .member = "lru.prev", .offset_bytes = TOY_PREV, .bytes = 8 },
	{ .type = PAGE, .member = "page_type", .offset_bytes = TOY_TYPE, .bytes = 4 },
	{ .type = ZONE, .member = "free_area", .offset_bytes = ZONE_FREE_AREA, .bytes = AREA_BYTES,
	  .n_elements = TOY_N_ORDERS },
	{ .type = ZONE, .member = "pageblock_flags", .offset_bytes = 0x80, .bytes = 8 },
	{ .type = ZONE, .member = "per_cpu_pageset", .offset_bytes = 0x88, .bytes = 8 },
	{ .type = "struct free_area", .member = "free_list", .offset_bytes = 0, .bytes = 16, .n_elements = TOY_N_TYPES },
	{ .type = "struct per_cpu_pages", .member = "lists", .offset_bytes = 0x10, .bytes = 16, .n_elements = N_PCP_LISTS },
	{ .type = "struct pglist_data", .member = "node_zones", .offset_bytes = 0, .bytes = 0x1000, .n_elements = 2 },
};

static const struct mo_fake_enumerator enumerators[] = {
	{ "enum migratetype", "MIGRATE_UNMOVABLE", 0 },	  { "enum migratetype", "MIGRATE_MOVABLE", 1 },
	{ "enum migratetype", "MIGRATE_RECLAIMABLE", 2 }, { "enum migratetype", "MIGRATE_PCPTYPES", 3 },
	{ "enum migratetype", "MIGRATE_HIGHATOMIC", 3 },
};

static const struct mo_fake_symbol symbols[] = {
	{ "mem_map", MEM_MAP_POINTER, 8 },
	{ "max_mapnr", MAX_MAPNR, 8 },
	{ "__cpu_possible_mask", POSSIBLE, 8 },
	{ "__cpu_online_mask", POSSIBLE, 8 },
	{ "__cpu_present_mask", POSSIBLE, 8 },
	{ "__per_cpu_offset", OFFSETS, 0x40 },
	{ "pageblock_order", PAGEBLOCK_ORDER, 4 },
	{ "migratetype_names", NAMES, TOY_N_TYPES * 8 },
};

#define COUNT(n) { .value = (n), .certainty = MO_EXACT }

static const struct mo_pageset normal_pagesets[] = {
	{ .cpu = 0, .count_pages = COUNT(4) },
	{ .cpu = 1, .count_pages = COUNT(0) },
};
static const struct mo_vm_counter free_pages[2] = {
	{ .printed = COUNT(15), .exact = COUNT(15) },
	{ .printed = COUNT(20), .exact = COUNT(22) },
};
static const char *const item_names[] = { "nr_free_pages" };

static const struct mo_zone zones[] = {
	{ .index = 0, .name = "DMA", .zone_kva = TOY_ZONE(0), .start_pfn = 0, .spanned_pages = COUNT(128),
	  .present_pages = COUNT(128), .free_blocks = { COUNT(3), COUNT(0), COUNT(3), COUNT(0) }, .counters = &free_pages[0] },
	{ .index = 1, .name = "Normal", .zone_kva = TOY_ZONE(1), .start_pfn = 128, .spanned_pages = COUNT(384),
	  .present_pages = COUNT(384), .free_blocks = { COUNT(0), COUNT(3), COUNT(0), COUNT(2) }, .counters = &free_pages[1],
	  .pagesets = normal_pagesets, .n_pagesets = 2 },
};
static const struct mo_node node = { .present_pages = COUNT(512), .n_zones = 2 };
static const struct mo_zones_model zones_model = {
	.nodes = &node, .n_nodes = 1, .zones = zones, .n_zones = 2, .n_orders = TOY_N_ORDERS,
	.zone_item_names = item_names, .n_zone_items = 1,
};

/* What the shared run of tests does not have. */
const void *mo_run_model_of(const struct mo_run *run, const char *name)
{
	(void)run;
	assert_string_equal(name, MO_ZONES_MODEL);
	return &zones_model;
}

struct mo_progress *mo_run_progress(const struct mo_run *run)
{
	(void)run;
	return NULL;
}

const char *mo_run_text(const struct mo_run *run, const char *option)
{
	(void)run;
	(void)option;
	return NULL;
}

bool mo_run_number(const struct mo_run *run, const char *option, uint64_t *ret)
{
	(void)run;
	(void)option;
	(void)ret;
	return false;
}

uint64_t toy_head(unsigned zone, unsigned order, unsigned type)
{
	return TOY_ZONE(zone) + ZONE_FREE_AREA + order * AREA_BYTES + type * 16;
}

uint64_t toy_pcp_head(unsigned zone, unsigned cpu, unsigned list)
{
	return PCP(zone) + cpu * CPU_BYTES + 0x10 + list * 16;
}

void toy_set_next(struct mo_kernel *kernel, uint64_t node_kva, uint64_t next_kva)
{
	mo_fake_put_u64(kernel, node_kva, next_kva);
}

void toy_set_prev(struct mo_kernel *kernel, uint64_t node_kva, uint64_t prev_kva)
{
	mo_fake_put_u64(kernel, node_kva + 8, prev_kva);
}

void toy_unlink(struct mo_kernel *kernel, uint64_t before_kva, uint64_t after_kva)
{
	toy_set_next(kernel, before_kva, after_kva);
	toy_set_prev(kernel, after_kva, before_kva);
}

void toy_append(struct mo_kernel *kernel, uint64_t head_kva, uint64_t last_kva, uint64_t node_kva)
{
	toy_unlink(kernel, last_kva, node_kva);
	toy_unlink(kernel, node_kva, head_kva);
}

/* An empty list, and the blocks on it. */
static void put_list(struct mo_kernel *kernel, uint64_t head_kva, unsigned order, bool is_buddy, const uint64_t *pfns,
		     size_t n)
{
	uint64_t last_kva = head_kva;

	toy_unlink(kernel, head_kva, head_kva);
	for (size_t i = 0; i < n; i++) {
		toy_append(kernel, head_kva, last_kva, toy_node(pfns[i]));
		last_kva = toy_node(pfns[i]);
		if (!is_buddy)
			continue;
		mo_fake_put_u32(kernel, toy_page(pfns[i]) + TOY_TYPE, TOY_BUDDY);
		mo_fake_put_u64(kernel, toy_page(pfns[i]) + TOY_ORDER, order);
	}
}

static void put_zone(struct mo_kernel *kernel, unsigned zone)
{
	for (unsigned order = 0; order < TOY_N_ORDERS; order++)
		for (unsigned type = 0; type < TOY_N_TYPES; type++)
			put_list(kernel, toy_head(zone, order, type), order, true, NULL, 0);
	for (unsigned cpu = 0; cpu < 2; cpu++)
		for (unsigned list = 0; list < N_PCP_LISTS; list++)
			put_list(kernel, toy_pcp_head(zone, cpu, list), 0, false, NULL, 0);
	mo_fake_put_u64(kernel, TOY_ZONE(zone) + 0x80, BLOCK_FLAGS(zone));
	mo_fake_put_u64(kernel, TOY_ZONE(zone) + 0x88, PCP(zone));
	/* Movable, but for three. The bit above the type is compaction's. */
	for (unsigned i = 0; i < 64; i++)
		mo_fake_put_u8(kernel, BLOCK_FLAGS(zone) + i, 0x91);
	mo_fake_put_u16(kernel, BLOCK_FLAGS(zone), 0x1080);
}

static void put_names(struct mo_kernel *kernel)
{
	static const char *const texts[TOY_N_TYPES] = { "Unmovable", "Movable", "Reclaimable", "HighAtomic" };

	for (unsigned i = 0; i < TOY_N_TYPES; i++) {
		mo_fake_put_u64(kernel, NAMES + i * 8, TEXTS + i * 0x20);
		mo_fake_put(kernel, TEXTS + i * 0x20, texts[i], strlen(texts[i]) + 1);
	}
}

struct mo_kernel *toy_kernel(void)
{
	struct mo_kernel *kernel = mo_fake_kernel(&(struct mo_fake){
		.rows = rows, .n_rows = N_ROWS(rows), .enumerators = enumerators, .n_enumerators = N_ROWS(enumerators),
		.symbols = symbols, .n_symbols = N_ROWS(symbols), .end_pfn = TOY_N_PAGES,
		.vmcoreinfo = "OSRELEASE=5.19.0\nNUMBER(PAGE_BUDDY_MAPCOUNT_VALUE)=-129\n",
	});

	mo_fake_map(kernel, BASE_KVA, 0x30000);
	mo_fake_map(kernel, TOY_MEM_MAP, TOY_N_PAGES * TOY_PAGE_BYTES);
	mo_fake_put_u64(kernel, MEM_MAP_POINTER, TOY_MEM_MAP);
	mo_fake_put_u64(kernel, MAX_MAPNR, TOY_N_PAGES);
	mo_fake_put_u64(kernel, POSSIBLE, 3);
	mo_fake_put_u64(kernel, OFFSETS + 8, CPU_BYTES);
	mo_fake_put_u32(kernel, PAGEBLOCK_ORDER, 3);
	put_names(kernel);
	for (uint64_t pfn = 0; pfn < TOY_N_PAGES; pfn++) {
		mo_fake_put_u32(kernel, toy_page(pfn) + TOY_TYPE, UINT32_MAX);
		mo_fake_put_u64(kernel, toy_page(pfn) + TOY_FLAGS, pfn < 128 ? 0 : 1ull << 63);
	}
	for (unsigned zone = 0; zone < 2; zone++)
		put_zone(kernel, zone);
	put_list(kernel, toy_head(0, 0, TOY_UNMOVABLE), 0, true, (const uint64_t[]){ 3, 5, 7 }, 3);
	put_list(kernel, toy_head(0, 2, TOY_MOVABLE), 2, true, (const uint64_t[]){ 8, 16, 32 }, 3);
	put_list(kernel, toy_head(1, 1, TOY_MOVABLE), 1, true, (const uint64_t[]){ 128, 132, 136 }, 3);
	put_list(kernel, toy_head(1, 3, TOY_UNMOVABLE), 3, true, (const uint64_t[]){ 256, 272 }, 2);
	put_list(kernel, toy_pcp_head(1, 0, 1), 0, false, (const uint64_t[]){ 300, 301 }, 2);
	put_list(kernel, toy_pcp_head(1, 0, 3), 1, false, (const uint64_t[]){ 310 }, 1);
	return kernel;
}
