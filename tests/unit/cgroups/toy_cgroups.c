/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "toy_cgroups.h"

#include <string.h>

#define VARIABLES (BASE_KVA + 0x1000)
#define OFFSETS (BASE_KVA + 0x1200)
#define NAMES (BASE_KVA + 0x2000)

#define M "struct mem_cgroup"
#define C "struct page_counter"
#define S "struct cgroup_subsys_state"
#define V "struct memcg_vmstats"
#define P "struct memcg_vmstats_percpu"
#define MEMBER(t, name, at, n) { .type = t, .member = name, .offset_bytes = at, .bytes = n }
#define ARRAY(t, name, at, n) { .type = t, .member = name, .offset_bytes = at, .bytes = 8, .n_elements = n, .is_signed = true }

static const struct mo_fake_row rows[] = {
	{ .type = "struct cpumask", .member = "bits", .bytes = 8, .n_elements = 1 },
	MEMBER(M, "css", 0, 0x48), MEMBER(M, "id.id", MEMCG_ID, 4), MEMBER(M, "memory", MEMCG_MEMORY, 0x40),
	MEMBER(M, "swap", MEMCG_SWAP, 0x40), MEMBER(M, "memory.high", MEMCG_MEMORY + COUNTER_HIGH, 8),
	MEMBER(M, "oom_group", MEMCG_OOM_GROUP, 1), ARRAY(M, "memory_events", MEMCG_EVENTS, 5),
	ARRAY(M, "memory_events_local", MEMCG_LOCAL, 5), MEMBER(M, "vmstats", MEMCG_VMSTATS, 8),
	MEMBER(M, "vmstats_percpu", MEMCG_PERCPU, 8), MEMBER("struct bdi_writeback", "offline_node", CONTEXT_NODE, 16),
	MEMBER("struct bdi_writeback", "memcg_css", CONTEXT_CSS, 8),
	MEMBER("struct bdi_writeback", "b_attached", CONTEXT_ATTACHED, 16),
	MEMBER(C, "usage", COUNTER_USAGE, 8), MEMBER(C, "watermark", COUNTER_WATERMARK, 8), MEMBER(C, "min", COUNTER_MIN, 8),
	MEMBER(C, "low", COUNTER_LOW, 8), MEMBER(C, "max", COUNTER_MAX, 8), MEMBER(C, "failcnt", COUNTER_FAILCNT, 8),
	MEMBER(S, "cgroup", CSS_CGROUP, 8), MEMBER(S, "parent", CSS_PARENT, 8), MEMBER(S, "children", CSS_CHILDREN, 16),
	MEMBER(S, "sibling", CSS_SIBLING, 16), MEMBER(S, "flags", CSS_FLAGS, 4),
	MEMBER(S, "refcnt.percpu_count_ptr", CSS_REF_POINTER, 8), MEMBER(S, "refcnt.data", CSS_REF_DATA, 8),
	MEMBER("struct percpu_ref_data", "count", 0, 8),
	MEMBER("struct cgroup", "kn", 0, 8), MEMBER("struct kernfs_node", "name", 0, 8), MEMBER("struct kernfs_node", "id", 8, 8),
	MEMBER("struct kernfs_node", "parent", 48, 8), MEMBER(M, "css.cgroup", 0, 8),
	{ .type = "struct memory_stat", .bytes = 16 }, MEMBER("struct memory_stat", "name", 0, 8),
	MEMBER("struct memory_stat", "idx", 8, 4),
	ARRAY(V, "state", STATE, 4), ARRAY(V, "events", EVENTS, 3), ARRAY(V, "state_pending", PENDING, 4),
	ARRAY(V, "events_pending", EVENTS_PENDING, 3),
	{ .type = P, .bytes = 0x70 }, ARRAY(P, "state", CPU_STATE, 4), ARRAY(P, "events", CPU_EVENTS, 3),
	ARRAY(P, "state_prev", CPU_STATE_PREV, 4), ARRAY(P, "events_prev", CPU_EVENTS_PREV, 3),
	MEMBER("struct cgroup_subsys", "root", 8, 8),
	MO_PAGE_ROWS, MEMBER("struct page", "compound_head", PAGE_COMPOUND, 8),
	MEMBER("struct page", "memcg_data", PAGE_MEMCG, 8), MEMBER("struct obj_cgroup", "memcg", 16, 8),
};

#define E(of, n, v) { .enum_name = "enum " of, .name = n, .value = v }

static const struct mo_fake_enumerator enumerators[] = {
	E("css_flags", "CSS_ONLINE", TOY_ONLINE),
	E("memcg_memory_event", "MEMCG_LOW", 0), E("memcg_memory_event", "MEMCG_HIGH", 1),
	E("memcg_memory_event", "MEMCG_MAX", 2), E("memcg_memory_event", "MEMCG_OOM", 3),
	E("memcg_memory_event", "MEMCG_OOM_KILL", 4),
	E("memcg_stat_item", "MEMCG_NR_STAT", 8),
	E("node_stat_item", "NR_ANON_MAPPED", 0),
	E("vm_event_item", "PGPGIN", 7), E("vm_event_item", "PGSCAN_DIRECT", 8), E("vm_event_item", "PGFAULT", 9),
};

static const struct mo_fake_symbol symbols[] = {
	{ .name = "root_mem_cgroup", .kva = VARIABLES + 0x40, .bytes = 8 },
	{ .name = "memory_cgrp_subsys", .kva = VARIABLES + 0x50 },
	{ .name = "cgrp_dfl_root", .kva = VARIABLES + 0x100 },
	{ .name = "mem_map", .kva = VARIABLES + 0x20, .bytes = 8 },
	{ .name = "max_mapnr", .kva = VARIABLES + 0x28, .bytes = 8 },
	{ .name = "__cpu_possible_mask", .kva = VARIABLES, .bytes = 8 },
	{ .name = "__cpu_online_mask", .kva = VARIABLES, .bytes = 8 },
	{ .name = "__cpu_present_mask", .kva = VARIABLES, .bytes = 8 },
	{ .name = "nr_cpu_ids", .kva = VARIABLES + 8, .bytes = 4 },
	{ .name = "__per_cpu_offset", .kva = OFFSETS, .bytes = 16 },
	{ .name = "offline_cgwbs", .kva = OFFLINE_CONTEXTS, .bytes = 16 },
	{ .name = "memory_stats", .kva = STAT_TABLE, .bytes = 0 },
	{ .name = "memcg_vm_event_stat", .kva = VM_EVENTS, .bytes = 12 },
	{ .name = "mem_cgroup_stats_index", .kva = STAT_INDEX, .bytes = 8 },
};

uint64_t toy_top = UINT64_MAX;

static uint8_t classes[TOY_PAGES];
static const struct mo_page_run page_run = { .n_pages = TOY_PAGES, .classes = classes };
static const struct mo_page_class_info infos[MO_N_PAGE_CLASSES] = {
	[MO_PAGE_ANON] = { .name = "anon", .title = "anonymous pages" },
	[MO_PAGE_PAGE_TABLE] = { .name = "page-table", .title = "page tables" },
};
static const struct mo_mem_map_model mem_map = { .classes = infos, .runs = &page_run, .n_runs = 1 };

static const struct mo_slab slab = { .pfn = 20, .objects = 4, .inuse = 3, .has_states = true };
static const uint32_t slab_indexes[] = { 0 };
static const struct mo_slab_cache cache = { .name = "toys", .size_bytes = 64, .object_bytes = 64, .slabs = slab_indexes,
					    .n_slabs = 1, .objects = 4 };
static const uint8_t states[] = { 0, MO_OBJECT_FREE << 4 };
static const struct mo_slab_model slab_model = { .caches = &cache, .n_caches = 1, .slabs = &slab, .n_slabs = 1, .states = states,
						 .n_objects = 4, .page_shift = 12 };
static bool has_slab;

void toy_slab(struct mo_kernel *kernel, uint64_t vector_kva)
{
	has_slab = true;
	classes[20] = MO_PAGE_SLAB;
	mo_fake_put_u64(kernel, PAGE(20) + PAGE_MEMCG, vector_kva | 1);
}

const void *mo_run_model_of(const struct mo_run *run, const char *name)
{
	(void)run;
	if (has_slab && !strcmp(name, MO_SLAB_MODEL))
		return &slab_model;
	return strcmp(name, MO_MEM_MAP_MODEL) ? NULL : &mem_map;
}

bool mo_run_number(const struct mo_run *run, const char *option, uint64_t *ret)
{
	(void)run;
	if (strcmp(option, "top") || toy_top == UINT64_MAX)
		return false;
	*ret = toy_top;
	return true;
}

void toy_class(unsigned pfn, enum mo_page_class class)
{
	classes[pfn] = (uint8_t)class;
}

static void put_line(struct mo_kernel *kernel, unsigned i, const char *name, uint32_t item)
{
	mo_fake_put_u64(kernel, STAT_TABLE + i * 16, NAMES + i * 32);
	mo_fake_put_u32(kernel, STAT_TABLE + i * 16 + 8, item);
	mo_fake_put(kernel, NAMES + i * 32, name, strlen(name));
}

static void fill_group(struct mo_kernel *kernel, unsigned i, const char *name)
{
	mo_fake_put_u64(kernel, GROUP(i) + CSS_CGROUP, CGROUP(i));
	mo_fake_put_u64(kernel, GROUP(i) + CSS_CHILDREN, GROUP(i) + CSS_CHILDREN);
	mo_fake_put_u64(kernel, GROUP(i) + CSS_CHILDREN + 8, GROUP(i) + CSS_CHILDREN);
	mo_fake_put_u32(kernel, GROUP(i) + CSS_FLAGS, TOY_ONLINE);
	mo_fake_put_u64(kernel, GROUP(i) + MEMCG_MEMORY + COUNTER_MAX, INT64_MAX / 4096);
	mo_fake_put_u64(kernel, GROUP(i) + MEMCG_MEMORY + COUNTER_HIGH, INT64_MAX / 4096);
	mo_fake_put_u64(kernel, GROUP(i) + MEMCG_VMSTATS, VMSTATS(i));
	mo_fake_put_u64(kernel, GROUP(i) + MEMCG_PERCPU, PERCPU(i));
	mo_fake_put_u64(kernel, CGROUP(i), NODE(i));
	mo_fake_put_u64(kernel, NODE(i), NODE(i) + 16);
	mo_fake_put_u64(kernel, NODE(i) + 8, 100 + i);
	mo_fake_put(kernel, NODE(i) + 16, name, strlen(name));
}

struct mo_kernel *toy_cgroups(enum toy_shape shape)
{
	/* A fake kernel keeps what it is given. */
	static struct mo_fake fakes[2];
	struct mo_fake *fake = &fakes[shape != TOY_6_1];
	static const uint8_t from_0[] = { 1, 255, 0, 2, 255, 3, 255, 255 };
	static const uint8_t from_1[] = { 2, 0, 1, 3, 0, 4, 0, 0 };
	struct mo_kernel *kernel;

	*fake = (struct mo_fake){
		.rows = mo_container_rows, .n_rows = mo_n_container_rows, .more_rows = rows, .n_more_rows = N_ROWS(rows),
		.enumerators = enumerators, .n_enumerators = N_ROWS(enumerators), .end_pfn = TOY_PAGES,
		.symbols = symbols, .n_symbols = N_ROWS(symbols) - (shape == TOY_6_1),
	};
	kernel = mo_fake_kernel(fake);
	mo_fake_map(kernel, BASE_KVA, 0x100000);
	mo_fake_put_u64(kernel, VARIABLES, 3);
	mo_fake_put_u32(kernel, VARIABLES + 8, 2);
	mo_fake_put_u64(kernel, VARIABLES + 0x20, PAGE(0));
	mo_fake_put_u64(kernel, VARIABLES + 0x28, TOY_PAGES);
	mo_fake_put_u64(kernel, VARIABLES + 0x40, GROUP(0));
	mo_fake_put_u64(kernel, VARIABLES + 0x58, VARIABLES + 0x100); /* on the unified hierarchy */
	mo_fake_put_u64(kernel, OFFSETS, CPU_AREA(0));
	mo_fake_put_u64(kernel, OFFSETS + 8, CPU_AREA(1));
	fill_group(kernel, 0, "");
	put_line(kernel, 0, "anon", 0);
	put_line(kernel, 1, "kernel_stack", 2);
	put_line(kernel, 2, "slab_reclaimable", 3);
	put_line(kernel, 3, "slab_unreclaimable", shape == TOY_6_1 ? 1 : 5);
	put_line(kernel, 4, "not a name", 0);
	for (unsigned i = 0; i < 3; i++)
		mo_fake_put_u32(kernel, VM_EVENTS + i * 4, 7 + i);
	mo_fake_put(kernel, STAT_INDEX, shape == TOY_6_10 ? from_1 : from_0, 8);
	memset(classes, MO_PAGE_ANON, sizeof(classes));
	toy_top = UINT64_MAX;
	has_slab = false;
	return kernel;
}

void toy_destroy(struct mo_kernel *kernel)
{
	mo_fake_destroy(kernel);
}

void toy_group(struct mo_kernel *kernel, unsigned i, unsigned parent, const char *name)
{
	uint64_t head = GROUP(parent) + CSS_CHILDREN;
	uint64_t node = GROUP(i) + CSS_SIBLING;
	uint64_t last = 0;

	fill_group(kernel, i, name);
	mo_fake_put_u64(kernel, GROUP(i) + CSS_PARENT, GROUP(parent));
	mo_fake_put_u64(kernel, NODE(i) + 48, NODE(parent));
	expect_success(mo_read_u64(mo_fake_reader(kernel), head + 8, &last));
	mo_fake_put_u64(kernel, last, node);
	mo_fake_put_u64(kernel, node + 8, last);
	mo_fake_put_u64(kernel, node, head);
	mo_fake_put_u64(kernel, head + 8, node);
}
