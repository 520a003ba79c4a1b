/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "toy_zones.h"

#include <string.h>

#define NODES BASE_KVA
#define POSSIBLE (BASE_KVA + 0x40)
#define ONLINE (BASE_KVA + 0x48)
#define PRESENT (BASE_KVA + 0x50)
#define ACTIVE (BASE_KVA + 0x58)
#define OFFSETS (BASE_KVA + 0x80)
#define VM_NODE_STAT (BASE_KVA + 0x300)
#define VM_NUMA (BASE_KVA + 0x400)
#define VARIABLES (BASE_KVA + 0x500)
#define NAMES (BASE_KVA + 0x4000)
#define NAME(i) (NAMES + (i) * 0x40ull)
#define RODATA (BASE_KVA + 0x8000)
#define N_NAMES 15

#define PGDAT "struct pglist_data"
#define ZONE "struct zone"

static const struct mo_fake_row rows[] = {
	{ .type = "struct cpumask", .member = "bits", .offset_bytes = 0, .bytes = 8, .n_elements = 1 },
	{ .type = "nodemask_t", .bytes = 8 },
	{ .type = "nodemask_t", .member = "bits", .offset_bytes = 0, .bytes = 8, .n_elements = 1 },
	{ .type = PGDAT, .bytes = 0x1000 },
	{ .type = PGDAT, .member = "node_zones", .offset_bytes = 0, .bytes = 0x200, .n_elements = 3 },
	{ .type = PGDAT, .member = "node_id", .offset_bytes = 0xc00, .bytes = 4 },
	{ .type = PGDAT, .member = "node_start_pfn", .offset_bytes = 0xc08, .bytes = 8 },
	{ .type = PGDAT, .member = "node_spanned_pages", .offset_bytes = 0xc10, .bytes = 8 },
	{ .type = PGDAT, .member = "node_present_pages", .offset_bytes = 0xc18, .bytes = 8 },
	{ .type = PGDAT, .member = "vm_stat", .offset_bytes = 0xc20, .bytes = 8, .n_elements = 5, .is_signed = true },
	{ .type = PGDAT, .member = "per_cpu_nodestats", .offset_bytes = 0xc50, .bytes = 8 },
	{ .type = PGDAT, .member = "kswapd_failures", .offset_bytes = 0xc58, .bytes = 4, .is_signed = true },
	{ .type = ZONE, .bytes = 0x200 },
	{ .type = ZONE, .member = "_watermark", .offset_bytes = 0x0, .bytes = 8, .n_elements = 3 },
	{ .type = ZONE, .member = "watermark_boost", .offset_bytes = 0x18, .bytes = 8 },
	{ .type = ZONE, .member = "lowmem_reserve", .offset_bytes = 0x20, .bytes = 8, .n_elements = 3, .is_signed = true },
	{ .type = ZONE, .member = "name", .offset_bytes = 0x38, .bytes = 8 },
	{ .type = ZONE, .member = "zone_start_pfn", .offset_bytes = 0x40, .bytes = 8 },
	{ .type = ZONE, .member = "managed_pages", .offset_bytes = 0x48, .bytes = 8 },
	{ .type = ZONE, .member = "spanned_pages", .offset_bytes = 0x50, .bytes = 8 },
	{ .type = ZONE, .member = "present_pages", .offset_bytes = 0x58, .bytes = 8 },
	{ .type = ZONE, .member = "cma_pages", .offset_bytes = 0x60, .bytes = 8 },
	{ .type = ZONE, .member = "nr_reserved_highatomic", .offset_bytes = 0x68, .bytes = 8 },
	{ .type = ZONE, .member = "vm_stat", .offset_bytes = TOY_ZONE_VM_STAT, .bytes = 8, .n_elements = 3,
	  .is_signed = true },
	{ .type = ZONE, .member = "vm_numa_event", .offset_bytes = 0x98, .bytes = 8, .n_elements = 2, .is_signed = true },
	{ .type = ZONE, .member = "free_area", .offset_bytes = TOY_ZONE_FREE_AREA, .bytes = 24, .n_elements = 3 },
	{ .type = "struct free_area", .member = "nr_free", .offset_bytes = 16, .bytes = 8 },
	{ .type = "struct vm_event_state", .member = "event", .offset_bytes = 0, .bytes = 8, .n_elements = 3 },
};

static const struct mo_fake_row percpu_rows[] = {
	{ .type = ZONE, .member = "per_cpu_pageset", .offset_bytes = 0x70, .bytes = 8 },
	{ .type = ZONE, .member = "per_cpu_zonestats", .offset_bytes = 0x78, .bytes = 8 },
	{ .type = "struct per_cpu_pages", .bytes = 16 },
	{ .type = "struct per_cpu_pages", .member = "count", .offset_bytes = 0, .bytes = 4, .is_signed = true },
	{ .type = "struct per_cpu_pages", .member = "high", .offset_bytes = 4, .bytes = 4, .is_signed = true },
	{ .type = "struct per_cpu_pages", .member = "batch", .offset_bytes = 8, .bytes = 4, .is_signed = true },
	{ .type = "struct per_cpu_zonestat", .bytes = 0x20 },
	{ .type = "struct per_cpu_zonestat", .member = "vm_stat_diff", .offset_bytes = 0, .bytes = 1, .n_elements = 3,
	  .is_signed = true },
	{ .type = "struct per_cpu_zonestat", .member = "stat_threshold", .offset_bytes = 3, .bytes = 1, .is_signed = true },
	{ .type = "struct per_cpu_zonestat", .member = "vm_numa_event", .offset_bytes = 8, .bytes = 8, .n_elements = 2 },
	{ .type = "struct per_cpu_nodestat", .bytes = 8 },
	{ .type = "struct per_cpu_nodestat", .member = "vm_node_stat_diff", .offset_bytes = 1, .bytes = 1, .n_elements = 5,
	  .is_signed = true },
};

static const struct mo_fake_enumerator enumerators[] = {
	{ "enum node_states", "N_ONLINE", 1 },
	{ "enum zone_stat_item", "NR_FREE_PAGES", 0 },
	{ "enum zone_stat_item", "NR_MLOCK", 1 },
	{ "enum zone_stat_item", "NR_FREE_CMA_PAGES", 2 },
	{ "enum zone_stat_item", "NR_VM_ZONE_STAT_ITEMS", 3 },
	{ "enum node_stat_item", "NR_INACTIVE_FILE", 0 },
	{ "enum node_stat_item", "NR_ACTIVE_FILE", 1 },
	{ "enum node_stat_item", "NR_ANON_THPS", 2 },
	{ "enum node_stat_item", "NR_THROTTLED_WRITTEN", 3 },
	{ "enum node_stat_item", "NR_SWAPCACHE", 4 },
	{ "enum node_stat_item", "NR_VM_NODE_STAT_ITEMS", 5 },
	{ "enum vm_stat_item", "NR_DIRTY_THRESHOLD", 0 },
	{ "enum vm_stat_item", "NR_DIRTY_BG_THRESHOLD", 1 },
	{ "enum vm_stat_item", "NR_VM_STAT_ITEMS", 2 },
	{ "enum vm_event_item", "PGPGIN", 0 },
	{ "enum vm_event_item", "PGPGOUT", 1 },
	{ "enum zone_watermarks", "WMARK_MIN", 0 },
	{ "enum zone_watermarks", "WMARK_LOW", 1 },
	{ "enum zone_watermarks", "WMARK_HIGH", 2 },
};

static const char *const names[N_NAMES] = {
	"nr_free_pages", "nr_mlock", "nr_free_cma",
	"numa_hit", "numa_miss",
	"nr_inactive_file", "nr_active_file", "nr_anon_transparent_hugepages", "nr_throttled_written", "nr_swapcached",
	"nr_dirty_threshold", "nr_dirty_background_threshold",
	"pgpgin", "pgpgout", "pgfault",
};

static const struct mo_fake_symbol symbols[] = {
	{ "__cpu_possible_mask", POSSIBLE, 8 },
	{ "__cpu_online_mask", ONLINE, 8 },
	{ "__cpu_present_mask", PRESENT, 8 },
	{ "__cpu_active_mask", ACTIVE, 8 },
	{ "__per_cpu_offset", OFFSETS, 0x40 },
	{ "node_states", NODES, 48 },
	{ "node_data", TOY_NODE_DATA, 16 },
	{ "vm_zone_stat", TOY_VM_ZONE_STAT, 24 },
	{ "vm_node_stat", VM_NODE_STAT, 40 },
	{ "vm_numa_event", VM_NUMA, 16 },
	{ "vmstat_text", TOY_VMSTAT_TEXT, N_NAMES * 8 },
	{ "vm_event_states", TOY_PERCPU + TOY_EVENTS, 24 },
	{ "_totalram_pages", VARIABLES, 8 },
	{ "totalreserve_pages", VARIABLES + 0x8, 8 },
	{ "vm_dirty_ratio", VARIABLES + 0x10, 4 },
	{ "dirty_background_ratio", VARIABLES + 0x14, 4 },
	{ "vm_dirty_bytes", VARIABLES + 0x18, 8 },
	{ "dirty_background_bytes", VARIABLES + 0x20, 8 },
	{ "transparent_hugepage_flags", VARIABLES + 0x28, 8 },
	{ "__start_rodata", RODATA, 0 },
	{ "__end_rodata", RODATA + 0x2000, 0 },
};

static void put_longs(struct mo_kernel *kernel, uint64_t kva, const int64_t *values, size_t n)
{
	for (size_t i = 0; i < n; i++)
		mo_fake_put_u64(kernel, kva + i * 8, (uint64_t)values[i]);
}

#define PUT_LONGS(kernel, kva, ...) \
	put_longs(kernel, kva, (const int64_t[]){ __VA_ARGS__ }, N_ROWS(((const int64_t[]){ __VA_ARGS__ })))

static void put_text(struct mo_kernel *kernel, uint64_t kva, const char *text)
{
	mo_fake_put(kernel, kva, text, strlen(text) + 1);
}

static void put_names(struct mo_kernel *kernel)
{
	static const char *const zone_names[] = { "DMA", "Normal", "Movable" };

	for (unsigned i = 0; i < N_NAMES; i++) {
		mo_fake_put_u64(kernel, TOY_VMSTAT_TEXT + i * 8, NAME(i));
		put_text(kernel, NAME(i), names[i]);
	}
	for (unsigned i = 0; i < 3; i++) {
		put_text(kernel, NAME(N_NAMES + i), zone_names[i]);
		for (unsigned node = 0; node < 2; node++)
			mo_fake_put_u64(kernel, TOY_ZONE(node, i) + 0x38, NAME(N_NAMES + i));
	}
	/* As between two pages, since the search goes piece by piece. */
	put_text(kernel, RODATA + 0xff8, "\n  pages free     %lu\n        boost    %lu\n        min      %lu");
	put_text(kernel, RODATA + 0x1100, "\n    cpu: %i\n              count: %i\n              high:  %i");
	put_text(kernel, RODATA + 0x1200,
		 "\n  node_unreclaimable:  %u\n  start_pfn:           %lu\n  reserved_highatomic: %lu");
}

/* Zone counters: the machine's are the zones' sums. */
static void put_zones(struct mo_kernel *kernel)
{
	/* watermarks, boost, reserves */
	PUT_LONGS(kernel, TOY_ZONE(0, 0), 10, 20, 30, 5, 0, 400, 400);
	PUT_LONGS(kernel, TOY_ZONE(0, 1), 1000, 2000, 3000, 0, 0, 0, 800);
	PUT_LONGS(kernel, TOY_ZONE(0, 2), 0, 0, 0, 0, 0, 0, 0);
	/* start, managed, spanned, present, CMA, reserved for atomic allocations, page sets, parts of counters */
	PUT_LONGS(kernel, TOY_ZONE(0, 0) + 0x40, 1, 3840, 4095, 3998, 0, 7);
	PUT_LONGS(kernel, TOY_ZONE(0, 1) + 0x40, 4096, 100000, 131072, 120000, 64, 0);
	for (unsigned i = 0; i < 2; i++) {
		mo_fake_put_u64(kernel, TOY_ZONE(0, i) + 0x70, TOY_PERCPU + TOY_PAGESET(i));
		mo_fake_put_u64(kernel, TOY_ZONE(0, i) + 0x78, TOY_PERCPU + TOY_ZONESTAT(i));
	}
	PUT_LONGS(kernel, TOY_ZONE(0, 0) + TOY_ZONE_VM_STAT, 19, 1, 0, 100, 1);
	PUT_LONGS(kernel, TOY_ZONE(0, 1) + TOY_ZONE_VM_STAT, 50000, -2, 64, 200, 2);
	PUT_LONGS(kernel, TOY_VM_ZONE_STAT, 50019, -1, 64);
	PUT_LONGS(kernel, VM_NUMA, 300, 3);
	/* Free blocks: 12 pages in DMA. */
	mo_fake_put_u64(kernel, TOY_ZONE(0, 0) + TOY_ZONE_FREE_AREA + 16, 2);
	mo_fake_put_u64(kernel, TOY_ZONE(0, 0) + TOY_ZONE_FREE_AREA + 24 + 16, 1);
	mo_fake_put_u64(kernel, TOY_ZONE(0, 0) + TOY_ZONE_FREE_AREA + 48 + 16, 2);
	mo_fake_put_u64(kernel, TOY_ZONE(0, 1) + TOY_ZONE_FREE_AREA + 48 + 16, 12500000);
}

static void put_nodes(struct mo_kernel *kernel)
{
	for (unsigned node = 0; node < 2; node++) {
		mo_fake_put_u64(kernel, TOY_NODE_DATA + node * 8, TOY_PGDAT(node));
		mo_fake_put_u32(kernel, TOY_PGDAT(node) + 0xc00, node);
		mo_fake_put_u64(kernel, TOY_PGDAT(node) + 0xc50, TOY_PERCPU + TOY_NODESTAT(node));
	}
	PUT_LONGS(kernel, TOY_PGDAT(0) + 0xc08, 1, 135167, 123998, 3000, 4000, 1024, 5, 6);
	mo_fake_put_u32(kernel, TOY_PGDAT(0) + 0xc58, 16);
	PUT_LONGS(kernel, VM_NODE_STAT, 3000, 4000, 1024, 5, 6);
	PUT_LONGS(kernel, VARIABLES, 103840, 1019);
	mo_fake_put_u32(kernel, VARIABLES + 0x10, 20);
	mo_fake_put_u32(kernel, VARIABLES + 0x14, 10);
}

static void put_cpus(struct mo_kernel *kernel)
{
	/* free, locked, CMA; then the threshold */
	static const int8_t parts[3][4] = { { -9, 1, 0, 12 }, { 2, 0, -1, 12 }, { 0, 0, 0, 0 } };

	mo_fake_put_u64(kernel, NODES + 8, 3);
	mo_fake_put_u64(kernel, POSSIBLE, 7);
	mo_fake_put_u64(kernel, PRESENT, 3);
	mo_fake_put_u64(kernel, ONLINE, 2);
	mo_fake_put_u64(kernel, ACTIVE, 3);
	for (unsigned cpu = 0; cpu < 3; cpu++) {
		mo_fake_put_u64(kernel, OFFSETS + cpu * 8, cpu * TOY_CPU_BYTES);
		mo_fake_put(kernel, TOY_CPU(cpu, TOY_ZONESTAT(0)), parts[cpu], 4);
		mo_fake_put_u64(kernel, TOY_CPU(cpu, TOY_ZONESTAT(0) + 8), cpu);
		PUT_LONGS(kernel, TOY_CPU(cpu, TOY_EVENTS), 21, 30 + cpu, 1000);
		for (unsigned zone = 0; zone < 2 && cpu < 2; zone++) {
			mo_fake_put_u32(kernel, TOY_CPU(cpu, TOY_PAGESET(zone)), 10 * zone + cpu);
			mo_fake_put_u32(kernel, TOY_CPU(cpu, TOY_PAGESET(zone)) + 4, 378);
			mo_fake_put_u32(kernel, TOY_CPU(cpu, TOY_PAGESET(zone)) + 8, 63);
		}
	}
	mo_fake_put_u8(kernel, TOY_CPU(0, TOY_NODESTAT(0)) + 1, (uint8_t)-100);
	mo_fake_put_u8(kernel, TOY_CPU(1, TOY_NODESTAT(0)) + 2, 7);
	/* The third never ran: its area is zeros. */
	PUT_LONGS(kernel, TOY_CPU(2, TOY_EVENTS), 0, 0, 0);
	mo_fake_put_u64(kernel, TOY_CPU(2, TOY_ZONESTAT(0) + 8), 0);
}

struct mo_kernel *toy_kernel(enum toy_variant variant)
{
	struct mo_kernel *kernel = mo_fake_kernel(&(struct mo_fake){
		.rows = rows, .n_rows = N_ROWS(rows), .more_rows = percpu_rows,
		.n_more_rows = variant == TOY_WITHOUT_PERCPU_TYPES ? 0 : N_ROWS(percpu_rows),
		.enumerators = enumerators, .n_enumerators = N_ROWS(enumerators),
		.symbols = symbols, .n_symbols = N_ROWS(symbols) });

	mo_fake_map(kernel, BASE_KVA, 0x8000);
	mo_fake_map(kernel, RODATA, 0x2000);
	mo_fake_map(kernel, TOY_PGDAT(0), 0x2000);
	mo_fake_map(kernel, TOY_PERCPU, 3 * TOY_CPU_BYTES);
	put_names(kernel);
	put_zones(kernel);
	put_nodes(kernel);
	put_cpus(kernel);
	if (variant == TOY_WITHOUT_WORDS)
		mo_fake_break(kernel, RODATA, 0x2000, MO_E_NOT_IN_DUMP);
	return kernel;
}

struct mo_run *toy_run(struct mo_kernel *kernel)
{
	struct mo_error *error = NULL;
	struct mo_run *run = fake_run_try(kernel, memopsy_plugin_entry_zones(), &error);

	expect_success(error);
	return run;
}
