/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "toy_slab.h"

#include <endian.h>
#include <string.h>

#include <memopsy/memmap.h>
#include <memopsy/zones.h>

#define VARIABLES 0xffffffff82000000ull /* slab_caches, mem_map, max_mapnr, masks, offsets */
#define HEAD VARIABLES
#define MEM_MAP (VARIABLES + 16)
#define MAX_MAPNR (VARIABLES + 24)
#define POSSIBLE (VARIABLES + 32)
#define NODES (VARIABLES + 40)
#define NR_CPU_IDS (VARIABLES + 96)
#define OFFSETS (VARIABLES + 128)
#define CACHES 0xffffffff83000000ull
#define NAMES 0xffffffff83010000ull
#define NODE_OF(cache) (0xffffffff83020000ull + (cache) * 0x100ull)
#define BARN_OF(cache) (NODE_OF(cache) + 0x80)
#define SHEAVES 0xffffffff83030000ull
#define PERCPU 0xffffffff84000000ull
#define PERCPU_STEP 0x10000ull
#define PERCPU_OF(cache) (0x1000ull + (cache) * 0x40ull)
#define RANDOM 0x1234567890abcdefull

#define CACHE(member_name, offset, size) \
	{ .type = "struct kmem_cache", .member = member_name, .offset_bytes = offset, .bytes = size }
#define PAGE(member_name, offset, size) { .type = "struct page", .member = member_name, .offset_bytes = offset, .bytes = size }
#define SLAB_OF(of, member_name, offset, size) { .type = of, .member = member_name, .offset_bytes = offset, .bytes = size }
#define BITS(of, member_name, first, n) \
	{ .type = of, .member = member_name, .offset_bytes = 40, .bytes = 4, .first_bit = first, .n_bits = n }
#define NODE(member_name, offset) \
	{ .type = "struct kmem_cache_node", .member = member_name, .offset_bytes = offset, .bytes = 8 }

#define SHARED_ROWS \
	MO_PAGE_ROWS, PAGE("page_type", 48, 4), CACHE("flags", 8, 4), CACHE("size", 24, 4), \
		CACHE("object_size", 28, 4), \
		{ .type = "struct kmem_cache", .member = "refcount", .offset_bytes = 56, .bytes = 4, .is_signed = true }, \
		CACHE("ctor", 64, 8), CACHE("align", 76, 4), CACHE("name", 88, 8), CACHE("list", 96, 16), \
		{ .type = "struct cpumask", .bytes = 8 }, \
		{ .type = "struct cpumask", .member = "bits", .offset_bytes = 0, .bytes = 8, .n_elements = 1 }, \
		{ .type = "nodemask_t", .bytes = 8 }, \
		{ .type = "nodemask_t", .member = "bits", .offset_bytes = 0, .bytes = 8, .n_elements = 1 }

#define SLUB_ROWS \
	CACHE("offset", 40, 4), CACHE("sheaf_capacity", 44, 4), CACHE("oo.x", 48, 4), CACHE("min.x", 52, 4), \
		CACHE("inuse", 72, 4), CACHE("red_left_pad", 80, 4), NODE("nr_partial", 0), NODE("partial", 8), \
		NODE("nr_slabs.counter", 24), NODE("total_objects.counter", 32)

#define SLAB_ROWS(of, cache, list, freelist_offset) \
	SLAB_OF(of, "slab_cache", cache, 8), SLAB_OF(of, "slab_list", list, 16), SLAB_OF(of, "freelist", freelist_offset, 8), \
		BITS(of, "inuse", 0, 16), BITS(of, "objects", 16, 15), BITS(of, "frozen", 31, 1)

#define CPU_ROWS \
	PAGE("compound_head", 8, 8), CACHE("cpu_slab", 0, 8), CACHE("random", 112, 8), \
		{ .type = "struct kmem_cache", .member = "node", .offset_bytes = 128, .bytes = 8, .n_elements = 4 }, \
		SLAB_OF("struct kmem_cache_cpu", "freelist", 0, 8), SLAB_OF("struct kmem_cache_cpu", "partial", 24, 8)

#define ROWS_5_10 \
	SHARED_ROWS, SLUB_ROWS, CPU_ROWS, SLAB_ROWS("struct page", 24, 8, 32), PAGE("next", 8, 8), \
		SLAB_OF("struct kmem_cache_cpu", "page", 16, 8)

static const struct mo_fake_row rows_5_10[] = { ROWS_5_10 };
static const struct mo_fake_row rows_5_4[] = {
	ROWS_5_10,
	CACHE("memcg_params.root_cache", 160, 8),
	CACHE("memcg_params.memcg", 168, 8),
	SLAB_OF("struct mem_cgroup", "css.cgroup", 0, 8),
	SLAB_OF("struct cgroup", "kn", 8, 8),
	SLAB_OF("struct kernfs_node", "parent", 8, 8),
	SLAB_OF("struct kernfs_node", "name", 16, 8),
};
static const struct mo_fake_row rows_6_1[] = {
	SHARED_ROWS, SLUB_ROWS, CPU_ROWS, { .type = "struct slab", .bytes = 64 }, SLAB_ROWS("struct slab", 24, 8, 32),
	SLAB_OF("struct slab", "memcg_data", 56, 8), SLAB_OF("struct obj_cgroup", "memcg", 0, 8),
	SLAB_OF("struct slab", "next", 8, 8), SLAB_OF("struct kmem_cache_cpu", "slab", 16, 8),
	{ .type = "struct track", .bytes = 8 },
};
static const struct mo_fake_row rows_7_1[] = {
	SHARED_ROWS, SLUB_ROWS,
	PAGE("compound_info", 8, 8),
	{ .type = "struct slab", .bytes = 64 },
	SLAB_ROWS("struct slab", 8, 16, 32),
	CACHE("cpu_sheaves", 0, 8),
	{ .type = "struct kmem_cache", .member = "per_node", .offset_bytes = 128, .bytes = 16, .n_elements = 4 },
	{ .type = "struct kmem_cache_per_node_ptrs", .bytes = 16 },
	SLAB_OF("struct kmem_cache_per_node_ptrs", "barn", 0, 8),
	SLAB_OF("struct kmem_cache_per_node_ptrs", "node", 8, 8),
	SLAB_OF("struct slub_percpu_sheaves", "main", 8, 8),
	SLAB_OF("struct slub_percpu_sheaves", "spare", 16, 8),
	SLAB_OF("struct slub_percpu_sheaves", "rcu_free", 24, 8),
	SLAB_OF("struct slab", "obj_exts", 56, 8),
	SLAB_OF("struct slab", "stride", 44, 4),
	{ .type = "struct slabobj_ext", .bytes = 16 },
	SLAB_OF("struct slabobj_ext", "objcg", 8, 8),
	SLAB_OF("struct obj_cgroup", "memcg", 0, 8),
	SLAB_OF("struct slab_sheaf", "barn_list", 0, 16),
	SLAB_OF("struct slab_sheaf", "size", 24, 4),
	{ .type = "struct slab_sheaf", .member = "objects", .offset_bytes = 32, .bytes = 8, .is_flexible = true },
	SLAB_OF("struct node_barn", "sheaves_full", 8, 16),
};

/* SLAB: struct page has the members of both allocators, struct kmem_cache and kmem_cache_node those of one. */
static const struct mo_fake_row rows_slab[] = {
	SHARED_ROWS, PAGE("compound_head", 8, 8), SLAB_ROWS("struct page", 24, 8, 32),
	PAGE("s_mem", 40, 8), PAGE("active", 52, 4),
	CACHE("cpu_cache", 0, 8), CACHE("limit", 12, 4), CACHE("batchcount", 16, 4), CACHE("shared", 20, 4),
	CACHE("num", 40, 4), CACHE("gfporder", 44, 4), CACHE("freelist_size", 48, 4),
	{ .type = "struct kmem_cache", .member = "node", .offset_bytes = 128, .bytes = 8, .n_elements = 4 },
	{ .type = "struct kmem_cache_node", .member = "slabs_free", .offset_bytes = 8, .bytes = 16 },
	{ .type = "struct kmem_cache_node", .member = "slabs_partial", .offset_bytes = 24, .bytes = 16 },
	NODE("total_slabs", 40), NODE("free_slabs", 48), NODE("free_objects", 56), NODE("shared", 64),
	SLAB_OF("struct array_cache", "avail", 0, 4),
	{ .type = "struct array_cache", .member = "entry", .offset_bytes = 16, .bytes = 8, .is_flexible = true },
};

static const struct mo_fake_enumerator enumerators[] = {
	{ "enum node_states", "N_POSSIBLE", 0 },
	{ "enum pageflags", "PG_slab", 9 },
};
static const struct mo_fake_enumerator enumerators_7_1[] = {
	{ "enum node_states", "N_POSSIBLE", 0 },
	{ "enum pagetype", "PGTY_slab", 0xf5 },
	{ "enum pagetype", "PGTY_large_kmalloc", 0xf8 },
	{ "enum _slab_flag_bits", "_SLAB_POISON", 2 },
	{ "enum _slab_flag_bits", "_SLAB_RECLAIM_ACCOUNT", 5 },
	{ "enum _slab_flag_bits", "_SLAB_STORE_USER", 16 },
};

static const struct mo_fake_symbol symbols[] = {
	{ "slab_caches", HEAD, 16 },           { "mem_map", MEM_MAP, 8 },     { "max_mapnr", MAX_MAPNR, 8 },
	{ "__cpu_possible_mask", POSSIBLE, 8 }, { "node_states", NODES, 48 },  { "nr_cpu_ids", NR_CPU_IDS, 4 },
	{ "__per_cpu_offset", OFFSETS, 64 },
};

uint64_t toy_page_kva(uint64_t pfn)
{
	return TOY_MAP_KVA + pfn * 64;
}

uint64_t toy_cache_kva(unsigned cache)
{
	return CACHES + cache * 0x200ull;
}

uint64_t toy_object_kva(const struct toy *toy, unsigned cache, uint64_t pfn, unsigned index)
{
	return BASE_KVA + pfn * 4096 + index * toy->caches[cache].size;
}

static void put_empty_list(struct toy *toy, uint64_t head_kva)
{
	mo_fake_put_u64(toy->kernel, head_kva, head_kva);
	mo_fake_put_u64(toy->kernel, head_kva + 8, head_kva);
}

static uint64_t get_u64(const struct toy *toy, uint64_t kva)
{
	uint64_t value = 0;

	expect_success(mo_read_u64(mo_fake_reader(toy->kernel), kva, &value));
	return value;
}

static void add_tail(struct toy *toy, uint64_t head_kva, uint64_t node_kva)
{
	uint64_t last_kva = get_u64(toy, head_kva + 8);

	mo_fake_put_u64(toy->kernel, node_kva, head_kva);
	mo_fake_put_u64(toy->kernel, node_kva + 8, last_kva);
	mo_fake_put_u64(toy->kernel, last_kva, node_kva);
	mo_fake_put_u64(toy->kernel, head_kva + 8, node_kva);
}

static void take_own(struct toy *toy, const struct mo_fake *own, struct mo_fake *fake)
{
	assert_true(mo_n_container_rows + own->n_rows <= TOY_MAX_ROWS && N_ROWS(symbols) + own->n_symbols <= TOY_MAX_SYMBOLS);
	memcpy(toy->rows, mo_container_rows, mo_n_container_rows * sizeof(toy->rows[0]));
	memcpy(toy->symbols, symbols, sizeof(symbols));
	if (own->n_rows)
		memcpy(toy->rows + mo_n_container_rows, own->rows, own->n_rows * sizeof(toy->rows[0]));
	if (own->n_symbols)
		memcpy(toy->symbols + N_ROWS(symbols), own->symbols, own->n_symbols * sizeof(toy->symbols[0]));
	fake->more_rows = toy->rows;
	fake->n_more_rows = mo_n_container_rows + own->n_rows;
	fake->symbols = toy->symbols;
	fake->n_symbols = N_ROWS(symbols) + own->n_symbols;
}

void toy_init(struct toy *toy, enum toy_shape shape)
{
	toy_init_with(toy, shape, &(const struct mo_fake){ .n_rows = 0 });
}

void toy_init_with(struct toy *toy, enum toy_shape shape, const struct mo_fake *own)
{
	static const struct mo_fake shapes[] = {
		[TOY_5_4] = { .rows = rows_5_4, .n_rows = N_ROWS(rows_5_4) },
		[TOY_5_10] = { .rows = rows_5_10, .n_rows = N_ROWS(rows_5_10) },
		[TOY_6_1] = { .rows = rows_6_1, .n_rows = N_ROWS(rows_6_1) },
		[TOY_7_1] = { .rows = rows_7_1, .n_rows = N_ROWS(rows_7_1) },
		[TOY_SLAB] = { .rows = rows_slab, .n_rows = N_ROWS(rows_slab) },
	};
	struct mo_fake fake = shapes[shape];

	*toy = (struct toy){ .shape = shape };
	take_own(toy, own, &fake);
	fake.enumerators = shape == TOY_7_1 ? enumerators_7_1 : enumerators;
	fake.n_enumerators = shape == TOY_7_1 ? N_ROWS(enumerators_7_1) : N_ROWS(enumerators);
	fake.end_pfn = TOY_PAGES;
	fake.is_live = own->is_live;
	fake.before_read = own->before_read;
	toy->kernel = mo_fake_kernel(&fake);
	mo_fake_map(toy->kernel, VARIABLES, 0x1000);
	mo_fake_map(toy->kernel, CACHES, 0x1000);
	mo_fake_map(toy->kernel, NAMES, 0x1000);
	mo_fake_map(toy->kernel, NODE_OF(0), 0x1000);
	mo_fake_map(toy->kernel, SHEAVES, 0x10000);
	mo_fake_map(toy->kernel, TOY_MAP_KVA, TOY_PAGES * 64);
	mo_fake_map(toy->kernel, BASE_KVA, TOY_PAGES * 4096);
	put_empty_list(toy, HEAD);
	mo_fake_put_u64(toy->kernel, MEM_MAP, TOY_MAP_KVA);
	mo_fake_put_u64(toy->kernel, MAX_MAPNR, TOY_PAGES);
	mo_fake_put_u64(toy->kernel, POSSIBLE, (1u << TOY_CPUS) - 1);
	mo_fake_put_u32(toy->kernel, NR_CPU_IDS, TOY_CPUS);
	mo_fake_put_u64(toy->kernel, NODES, 1);
	for (unsigned cpu = 0; cpu < TOY_CPUS; cpu++) {
		mo_fake_map(toy->kernel, PERCPU + cpu * PERCPU_STEP, 0x2000);
		mo_fake_put_u64(toy->kernel, OFFSETS + cpu * 8, PERCPU + cpu * PERCPU_STEP);
	}
	for (uint64_t pfn = 0; pfn < TOY_PAGES; pfn++)
		mo_fake_put_u32(toy->kernel, toy_page_kva(pfn) + 48, UINT32_MAX);
}

void toy_destroy(struct toy *toy)
{
	if (toy->run)
		fake_run_destroy(toy->run);
	mo_fake_destroy(toy->kernel);
}

unsigned toy_cache(struct toy *toy, const char *name, uint32_t size, uint32_t object_size, uint32_t order)
{
	unsigned cache = toy->n_caches++;
	uint64_t kva = toy_cache_kva(cache);
	uint32_t objects = (4096u << order) / size;

	toy->caches[cache].size = size;
	toy->caches[cache].objects = objects;
	toy->caches[cache].offset = size / 2 / 8 * 8;
	mo_fake_put_u64(toy->kernel, kva, PERCPU_OF(cache));
	mo_fake_put_u32(toy->kernel, kva + 24, size);
	mo_fake_put_u32(toy->kernel, kva + 28, object_size);
	mo_fake_put_u32(toy->kernel, kva + 40, toy->caches[cache].offset);
	mo_fake_put_u32(toy->kernel, kva + 44, 30);
	mo_fake_put_u32(toy->kernel, kva + 48, order << 16 | objects);
	mo_fake_put_u32(toy->kernel, kva + 52, 4096 / size);
	mo_fake_put_u32(toy->kernel, kva + 56, 1);
	mo_fake_put_u64(toy->kernel, kva + 88, NAMES + cache * 64);
	mo_fake_put(toy->kernel, NAMES + cache * 64, name, strlen(name) + 1);
	add_tail(toy, HEAD, kva + 96);
	if (toy->shape == TOY_7_1) {
		mo_fake_put_u64(toy->kernel, kva + 128, BARN_OF(cache));
		mo_fake_put_u64(toy->kernel, kva + 136, NODE_OF(cache));
		put_empty_list(toy, BARN_OF(cache) + 8);
	} else {
		mo_fake_put_u64(toy->kernel, kva + 112, RANDOM + cache);
		mo_fake_put_u64(toy->kernel, kva + 128, NODE_OF(cache));
	}
	put_empty_list(toy, NODE_OF(cache) + 8);
	return cache;
}

unsigned toy_slab_cache(struct toy *toy, const char *name, uint32_t size, uint32_t objects)
{
	unsigned cache = toy_cache(toy, name, size, size, 0);
	uint64_t kva = toy_cache_kva(cache);

	toy->caches[cache].objects = objects;
	mo_fake_put_u32(toy->kernel, kva + 12, 120);
	mo_fake_put_u32(toy->kernel, kva + 16, 60);
	mo_fake_put_u32(toy->kernel, kva + 20, 8);
	mo_fake_put_u32(toy->kernel, kva + 40, objects);
	mo_fake_put_u32(toy->kernel, kva + 44, 0);
	mo_fake_put_u32(toy->kernel, kva + 48, objects);
	mo_fake_put_u64(toy->kernel, kva + 128, NODE_OF(cache));
	put_empty_list(toy, NODE_OF(cache) + 24);
	return cache;
}

void toy_index_slab(struct toy *toy, unsigned cache, uint64_t pfn, unsigned colour_bytes, unsigned active, const uint8_t *indexes)
{
	uint64_t kva = toy_page_kva(pfn);
	uint64_t slab_kva = BASE_KVA + pfn * 4096;
	uint64_t indexes_kva = slab_kva + 4096 - toy->caches[cache].objects;

	mo_fake_put_u64(toy->kernel, kva, 1u << 9 | 1ull << 58);
	mo_fake_put_u64(toy->kernel, kva + 24, toy_cache_kva(cache));
	mo_fake_put_u64(toy->kernel, kva + 32, indexes_kva);
	mo_fake_put_u64(toy->kernel, kva + 40, slab_kva + colour_bytes);
	mo_fake_put_u32(toy->kernel, kva + 52, active);
	mo_fake_put(toy->kernel, indexes_kva, indexes, toy->caches[cache].objects);
}

/* A CPU's array, or with cpu TOY_CPUS the one that the node's CPUs share. */
void toy_array(struct toy *toy, unsigned cache, unsigned cpu, unsigned n_objects, const uint64_t *objects)
{
	uint64_t kva = cpu == TOY_CPUS ? toy_sheaf_kva(cache, cpu, 0) : PERCPU + cpu * PERCPU_STEP + PERCPU_OF(cache);

	mo_fake_put_u32(toy->kernel, kva, n_objects);
	for (unsigned i = 0; objects && i < n_objects; i++)
		mo_fake_put_u64(toy->kernel, kva + 16 + i * 8, objects[i]);
	if (cpu == TOY_CPUS)
		mo_fake_put_u64(toy->kernel, NODE_OF(cache) + 64, kva);
}

void toy_slab_node(struct toy *toy, unsigned cache, unsigned n_slabs, unsigned n_free_slabs, unsigned n_free_objects)
{
	mo_fake_put_u64(toy->kernel, NODE_OF(cache) + 40, n_slabs);
	mo_fake_put_u64(toy->kernel, NODE_OF(cache) + 48, n_free_slabs);
	mo_fake_put_u64(toy->kernel, NODE_OF(cache) + 56, n_free_objects);
}

void toy_link(struct toy *toy, unsigned cache, uint64_t pfn, unsigned index, uint64_t next_kva)
{
	uint64_t at_kva = toy_object_kva(toy, cache, pfn, index) + toy->caches[cache].offset;
	uint64_t raw = next_kva;

	if (toy->shape == TOY_5_10 || toy->shape == TOY_5_4)
		raw ^= (RANDOM + cache) ^ at_kva;
	else if (toy->shape == TOY_6_1)
		raw ^= (RANDOM + cache) ^ __builtin_bswap64(at_kva);
	mo_fake_put_u64(toy->kernel, at_kva, raw);
}

void toy_counts(struct toy *toy, uint64_t pfn, unsigned inuse, unsigned objects)
{
	mo_fake_put_u32(toy->kernel, toy_page_kva(pfn) + 40, inuse | objects << 16);
}

void toy_slab(struct toy *toy, unsigned cache, uint64_t pfn, unsigned n_free, const unsigned *free_objects)
{
	uint64_t kva = toy_page_kva(pfn);

	if (toy->shape == TOY_7_1)
		mo_fake_put_u32(toy->kernel, kva + 48, 0xf5000000);
	else
		mo_fake_put_u64(toy->kernel, kva, 1u << 9 | 1ull << 58);
	mo_fake_put_u64(toy->kernel, kva + (toy->shape == TOY_7_1 ? 8 : 24), toy_cache_kva(cache));
	toy_counts(toy, pfn, toy->caches[cache].objects - n_free, toy->caches[cache].objects);
	mo_fake_put_u64(toy->kernel, kva + 32, n_free ? toy_object_kva(toy, cache, pfn, free_objects[0]) : 0);
	for (unsigned i = 0; i < n_free; i++)
		toy_link(toy, cache, pfn, free_objects[i],
			 i + 1 < n_free ? toy_object_kva(toy, cache, pfn, free_objects[i + 1]) : 0);
}

void toy_node(struct toy *toy, unsigned cache, unsigned n_slabs, unsigned n_partial, const uint64_t *partial_pfns)
{
	uint64_t kva = NODE_OF(cache);

	mo_fake_put_u64(toy->kernel, kva, n_partial);
	mo_fake_put_u64(toy->kernel, kva + 24, n_slabs);
	mo_fake_put_u64(toy->kernel, kva + 32, (uint64_t)n_slabs * toy->caches[cache].objects);
	for (unsigned i = 0; i < n_partial; i++)
		add_tail(toy, kva + 8, toy_page_kva(partial_pfns[i]) + (toy->shape == TOY_7_1 ? 16 : 8));
}

void toy_cpu(struct toy *toy, unsigned cache, unsigned cpu, uint64_t pfn, uint64_t freelist_kva, uint64_t partial_pfn)
{
	uint64_t kva = PERCPU + cpu * PERCPU_STEP + PERCPU_OF(cache);

	mo_fake_put_u64(toy->kernel, kva, freelist_kva);
	mo_fake_put_u64(toy->kernel, kva + 16, pfn ? toy_page_kva(pfn) : 0);
	mo_fake_put_u64(toy->kernel, kva + 24, partial_pfn ? toy_page_kva(partial_pfn) : 0);
}

uint64_t toy_sheaf_kva(unsigned cache, unsigned cpu, unsigned which)
{
	return SHEAVES + ((cache * (TOY_CPUS + 1) + cpu) * 3 + which) * 0x200ull;
}

void toy_sheaf(struct toy *toy, unsigned cache, unsigned cpu, unsigned which, unsigned n_objects, const uint64_t *objects)
{
	uint64_t kva = toy_sheaf_kva(cache, cpu, which);

	mo_fake_put_u32(toy->kernel, kva + 24, n_objects);
	for (unsigned i = 0; i < n_objects; i++)
		mo_fake_put_u64(toy->kernel, kva + 32 + i * 8, objects[i]);
	if (cpu == TOY_CPUS)
		add_tail(toy, BARN_OF(cache) + 8, kva);
	else
		mo_fake_put_u64(toy->kernel, PERCPU + cpu * PERCPU_STEP + PERCPU_OF(cache) + 8 + which * 8, kva);
}

const struct mo_zones_model *toy_zones;
bool toy_is_report;

const void *mo_run_model_of(const struct mo_run *run, const char *name)
{
	(void)run;
	return strcmp(name, MO_ZONES_MODEL) ? NULL : toy_zones;
}

bool mo_run_is_report(const struct mo_run *run)
{
	(void)run;
	return toy_is_report;
}

size_t mo_run_report_rows(const struct mo_run *run, size_t usual)
{
	(void)run;
	return usual;
}

void toy_gather(struct toy *toy)
{
	struct mo_error *error;

	toy->run = fake_run_try(toy->kernel, memopsy_plugin_entry_slab(), &error);
	expect_success(error);
	toy->model = mo_run_model(toy->run);
	for (size_t i = 0; i < toy->model->n_caches; i++) {
		const struct mo_slab_cache *cache = &toy->model->caches[i];
		uint64_t sum = 0;

		for (unsigned k = 0; k < MO_N_OBJECT_STATES; k++)
			sum += cache->states[k];
		assert_int_equal(sum, cache->objects);
	}
}

void expect_state(const struct toy *toy, unsigned cache, uint64_t pfn, unsigned index, enum mo_object_state state)
{
	const struct mo_slab *slab = NULL;
	uint32_t found = 0;

	assert_true(mo_object_at(toy->model, toy_object_kva(toy, cache, pfn, index) + 1, &slab, &found));
	assert_int_equal(found, index);
	assert_int_equal(mo_object_kva(toy->model, slab, found), toy_object_kva(toy, cache, pfn, index));
	if (mo_object_state_of(toy->model, slab, index) != state)
		fail_msg("object %u of page frame %llu is in state %d, not %d", index, (unsigned long long)pfn,
			 mo_object_state_of(toy->model, slab, index), state);
}
