/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "toy_leaks.h"

#include <memopsy/memmap.h>
#include <memopsy/model_again.h>
#include <memopsy/places.h>
#include <memopsy/page_owner.h>
#include <stdio.h>

#include "symbol_source.h"

/* The models that the plugin reads, made anew by each toy_init(): a test program has one machine at a time. */
static uint8_t states[256];
static uint8_t classes[TOY_PAGES];
static struct mo_slab_cache caches[TOY_CACHES];
static struct mo_slab slabs[TOY_SLABS];
static uint32_t slabs_of_caches[TOY_CACHES][TOY_SLABS];
static struct mo_page_run page_run;
static struct mo_slab_model slab_model;
static struct mo_mem_map_model mem_map_model;
static struct mo_page_class_info class_infos[MO_N_PAGE_CLASSES];
static uint64_t excluded_pfn;
uint64_t toy_depth;
uint64_t toy_register;
const struct mo_vmap_model *toy_vmap;
const struct mo_tasks_model *toy_tasks;
void (*toy_later)(void);
bool toy_is_live;
size_t toy_cpus;

static const struct mo_fake_row rows[] = {
	MO_PAGE_ROWS,
	{ .type = "struct page", .member = "compound_head", .offset_bytes = 8, .bytes = 8 },
	{ .type = "struct ctl_table_header", .bytes = 88 },
	{ .type = "struct ctl_table_header", .member = "ctl_table", .offset_bytes = 0, .bytes = 8 },
	{ .type = "struct ctl_table_header", .member = "ctl_table_arg", .offset_bytes = 32, .bytes = 8 },
	{ .type = "struct ctl_table_header", .member = "root", .offset_bytes = 40, .bytes = 8 },
	{ .type = "struct slab_sheaf", .member = "callback_head.func", .offset_bytes = 8, .bytes = 8 },
	{ .type = "struct slab_sheaf", .member = "cache", .offset_bytes = 16, .bytes = 8 },
	{ .type = "struct slab_sheaf", .member = "size", .offset_bytes = 24, .bytes = 4 },
	{ .type = "struct slab_sheaf", .member = "objects", .offset_bytes = 32, .bytes = 8, .is_flexible = true },
	{ .type = "struct kmem_cache", .member = "sheaf_capacity", .offset_bytes = 8, .bytes = 4 },
	{ .type = "struct kmem_cache", .member = "cpu_cache", .offset_bytes = CPU_ARRAY, .bytes = 8 },
	{ .type = "struct kmem_cache_node", .member = "shared", .offset_bytes = 0, .bytes = 8 },
	{ .type = "struct kmem_cache_node", .member = "alien", .offset_bytes = 8, .bytes = 8 },
	{ .type = "struct alien_cache", .member = "ac", .offset_bytes = ALIEN_ARRAY, .bytes = 16 },
	{ .type = "struct array_cache", .member = "avail", .offset_bytes = 0, .bytes = 4 },
	{ .type = "struct array_cache", .member = "limit", .offset_bytes = 4, .bytes = 4 },
	{ .type = "struct array_cache", .member = "entry", .offset_bytes = 16, .bytes = 8, .is_flexible = true },
	{ .type = "struct vm_struct", .bytes = 64 },
	{ .type = "struct cpumask", .member = "bits", .offset_bytes = 0, .bytes = 8, .n_elements = 128 },
	{ .type = "nodemask_t", .bytes = 8 },
	{ .type = "nodemask_t", .member = "bits", .offset_bytes = 0, .bytes = 8, .n_elements = 1 },
	{ .type = "struct kfree_rcu_cpu", .member = "count", .offset_bytes = 0, .bytes = 4 },
	{ .type = "struct kfree_rcu_cpu", .member = "krw_arr", .offset_bytes = 64, .bytes = 64, .n_elements = 2 },
	{ .type = "struct kfree_rcu_cpu_work", .member = "head_free", .offset_bytes = 0, .bytes = 8 },
	{ .type = "struct kfree_rcu_cpu_work", .member = "bkvhead_free", .offset_bytes = 8, .bytes = 8, .n_elements = 2 },
	{ .type = "struct kvfree_rcu_bulk_data", .member = "nr_records", .offset_bytes = 0, .bytes = 8 },
	{ .type = "struct kvfree_rcu_bulk_data", .member = "next", .offset_bytes = 8, .bytes = 8 },
	{ .type = "struct task_struct", .member = "stack", .offset_bytes = TASK_STACK, .bytes = 8 },
	{ .type = "struct task_struct", .member = "thread.sp", .offset_bytes = TASK_STACK_POINTER, .bytes = 8 },
	{ .type = "struct task_struct", .member = "on_cpu", .offset_bytes = TASK_ON_CPU, .bytes = 4 },
};

#define N_PAGE_ROWS 3
#define PAGE_VARIABLES_KVA 0xffffea0000010000ull

#define N_PAGE_SYMBOLS 2
static const struct mo_fake_symbol symbols[] = {
	{ "mem_map", PAGE_VARIABLES_KVA, 8 },
	{ "max_mapnr", PAGE_VARIABLES_KVA + 8, 8 },
	{ "rcu_free_sheaf", RCU_KVA, 64 },
	{ "__cpu_possible_mask", CPU_POSSIBLE_KVA, 1024 },
	{ "nr_cpu_ids", CPU_COUNT_KVA, 4 },
	{ "node_states", NODE_STATES_KVA, 48 },
	{ "__per_cpu_offset", CPU_OFFSETS_KVA, 8192 },
	{ "krc", KFREE_RCU_OFFSET, 256 },
	{ "sysctl_table_root", ROOT_KVA, 64 },
	{ "kernel_table", TABLE_KVA, 4096 },
	{ "__start_orc_unwind_ip", TABLE_KVA + 4096, 0 },
	{ "orc_lookup_end", TABLE_KVA + 2 * 4096, 0 },
};

static const struct mo_fake_enumerator enumerators[] = { { "enum node_states", "N_POSSIBLE", 0 } };

/* Places as the true model tells them: the variable, objects of slabs, pages of a direct user. */
static struct mo_error *find_place_pa(const struct mo_places_model *places, struct mo_reader *reader, uint64_t pa,
				      struct mo_place *ret)
{
	uint64_t kva = BASE_KVA + pa;
	const struct mo_slab *slab;
	uint32_t index;

	(void)places;
	(void)reader;
	*ret = (struct mo_place){ .pfn = pa / 4096, .has_pfn = true, .cpu = -1, .cache = MO_SLAB_NO_CACHE };
	if (pa / 4096 >= TOY_PAGES)
		return NULL;
	ret->page_class = classes[pa / 4096];
	if (ret->page_class == MO_PAGE_KERNEL_DATA) {
		ret->kind = MO_PLACE_SYMBOL;
		ret->kva = TABLE_KVA;
		ret->bytes = 4096;
		snprintf(ret->name, sizeof(ret->name), "kernel_table");
	} else if (ret->page_class == MO_PAGE_SLAB && mo_object_at(&slab_model, kva, &slab, &index)) {
		ret->kind = MO_PLACE_SLAB_OBJECT;
		ret->kva = mo_object_kva(&slab_model, slab, index);
		ret->bytes = caches[slab->cache].object_bytes;
		ret->cache = slab->cache;
		snprintf(ret->name, sizeof(ret->name), "%s", caches[slab->cache].name);
	} else if (ret->page_class == MO_PAGE_DIRECT) {
		ret->kind = MO_PLACE_PAGE_BLOCK;
		ret->kva = kva & ~4095ull;
		ret->bytes = 4096;
		snprintf(ret->name, sizeof(ret->name), "direct");
	}
	ret->offset_bytes = ret->kind == MO_PLACE_SYMBOL ? pa % 4096 : kva - ret->kva;
	return NULL;
}

static struct mo_error *find_place(const struct mo_places_model *places, struct mo_reader *reader, uint64_t kva,
				   struct mo_place *ret)
{
	return find_place_pa(places, reader, kva - TABLE_KVA < 4096 ? DATA_PFN * 4096 + kva - TABLE_KVA : kva - BASE_KVA, ret);
}

static const struct mo_places_model places_model = { .find = find_place, .find_pa = find_place_pa };

/* What the plugin asks of a run and a kernel beyond the fakes that plugins share. */

const void *mo_run_model_of(const struct mo_run *run, const char *name)
{
	(void)run;
	if (!strcmp(name, MO_SLAB_MODEL))
		return &slab_model;
	if (!strcmp(name, MO_MEM_MAP_MODEL))
		return &mem_map_model;
	if (!strcmp(name, MO_PLACES_MODEL))
		return &places_model;
	if (!strcmp(name, MO_VMAP_MODEL))
		return toy_vmap;
	if (!strcmp(name, MO_TASKS_MODEL))
		return toy_tasks;
	assert_string_equal(name, MO_PAGE_OWNER_MODEL);
	return NULL;
}

enum mo_frame_presence mo_kernel_frame_presence(const struct mo_kernel *kernel, uint64_t pfn)
{
	(void)kernel;
	if (pfn >= TOY_PAGES)
		return MO_FRAME_HOLE;
	return excluded_pfn && pfn == excluded_pfn ? MO_FRAME_EXCLUDED : MO_FRAME_PRESENT;
}

bool mo_kernel_registers(const struct mo_kernel *kernel, size_t index, struct mo_cpu_registers *ret)
{
	(void)kernel;
	if (index >= toy_cpus)
		return false;
	*ret = (struct mo_cpu_registers){ .words = { 0, toy_register }, .n_words = 2 };
	return true;
}

/* Time passes before a model is gathered once more. */
struct mo_error *mo_model_again(struct mo_run *run, const char *name, struct mo_model_again **ret)
{
	if (!strcmp(name, MO_SLAB_MODEL) && toy_later)
		toy_later();
	*ret = (struct mo_model_again *)mo_run_model_of(run, name);
	return NULL;
}

const void *mo_model_again_get(const struct mo_model_again *again)
{
	return again;
}

void mo_model_again_destroy(struct mo_model_again *again)
{
	(void)again;
}

struct mo_error *mo_view_pa(struct mo_reader *reader, uint64_t pa, size_t max_bytes, const void **ret,
				 size_t *n_bytes_ret)
{
	/* One page at a time, as of a compressed dump. */
	if (max_bytes > 4096 - pa % 4096)
		max_bytes = 4096 - pa % 4096;
	return mo_view(reader, BASE_KVA + pa, max_bytes, ret, n_bytes_ret);
}

struct mo_error *mo_read_pa(struct mo_reader *reader, uint64_t pa, void *buffer, size_t n_bytes)
{
	return mo_read(reader, BASE_KVA + pa, buffer, n_bytes);
}

struct mo_error *mo_translate(struct mo_reader *reader, uint64_t kva, uint64_t *pa_ret, uint64_t *span_bytes_ret)
{
	(void)reader;
	if (kva - BASE_KVA < TOY_PAGES * 4096)
		*pa_ret = kva - BASE_KVA;
	else if (kva - AREA_KVA < 2 * 4096)
		*pa_ret = AREA_PFN * 4096 + kva - AREA_KVA;
	else if (kva - TABLE_KVA < 4096) /* the kernel's data, where it is linked */
		*pa_ret = DATA_PFN * 4096 + kva - TABLE_KVA;
	else if (kva - TABLE_KVA < 2 * 4096)
		*pa_ret = CONSTANT_PFN * 4096 + kva - TABLE_KVA - 4096;
	else
		return mo_error_create(MO_E_NOT_MAPPED, "0x%llx is not mapped", (unsigned long long)kva);
	if (span_bytes_ret)
		*span_bytes_ret = 4096 - kva % 4096;
	return NULL;
}

bool mo_run_number(const struct mo_run *run, const char *option, uint64_t *ret)
{
	(void)run;
	assert_string_equal(option, "depth");
	if (toy_depth)
		*ret = toy_depth;
	return toy_depth != 0;
}

uint64_t page_kva(uint64_t pfn)
{
	return BASE_KVA + pfn * 4096;
}

uint64_t object_kva(uint32_t slab, uint32_t index)
{
	return mo_object_kva(&slab_model, &slabs[slab], index);
}

void set_state(uint32_t slab, uint32_t index, enum mo_object_state state)
{
	uint64_t object = slabs[slab].first_object + index;
	uint8_t *byte = &states[object / 2];

	*byte = (uint8_t)(object % 2 ? (*byte & 0x0f) | state << 4 : (*byte & 0xf0) | state);
}

uint64_t take(uint32_t slab, uint32_t index)
{
	set_state(slab, index, MO_OBJECT_ALLOCATED);
	return object_kva(slab, index);
}

void point(struct toy *toy, uint64_t from_kva, uint64_t to_kva)
{
	mo_fake_put_u64(toy->kernel, from_kva, to_kva);
}

void set_fault(uint32_t slab, bool has_states)
{
	slabs[slab].fault = MO_SLAB_LEAVES;
	slabs[slab].has_states = has_states;
	for (uint32_t i = 0; i < slabs[slab].objects; i++)
		set_state(slab, i, MO_OBJECT_UNKNOWN);
}

void set_colour(uint32_t slab, uint16_t first_words)
{
	slabs[slab].first_words = first_words;
}

void set_object_count(uint32_t slab, uint16_t objects)
{
	slabs[slab].objects = objects;
}

void set_cache_kva(uint32_t cache, uint64_t cache_kva)
{
	caches[cache].cache_kva = cache_kva;
}

void leave_out(struct toy *toy, uint64_t pfn)
{
	excluded_pfn = pfn;
	mo_fake_break(toy->kernel, page_kva(pfn), 4096, MO_E_NOT_IN_DUMP);
}

static void make_slab(uint32_t slab, uint32_t cache, uint64_t pfn, uint8_t order)
{
	slabs[slab] = (struct mo_slab){ .pfn = pfn, .first_object = slab * 64u, .cache = cache, .order = order,
					.objects = (uint16_t)((4096u << order) / caches[cache].size_bytes), .has_states = true };
	for (uint64_t i = 0; i < 1u << order; i++)
		classes[pfn + i] = MO_PAGE_SLAB;
}

static void make_models(void)
{
	static const uint32_t sizes[TOY_CACHES] = { [THINGS] = 64, [ODD] = 192, [LARGE] = 8192 };
	static const char *const names[TOY_CACHES] = { [THINGS] = "things", [ODD] = "odd", [LARGE] = "large" };

	for (uint32_t i = 0; i < TOY_CACHES; i++)
		caches[i] = (struct mo_slab_cache){ .cache_kva = CACHE_KVA(i), .name = names[i], .size_bytes = sizes[i],
						    .object_bytes = sizes[i] };
	memset(states, MO_OBJECT_FREE | MO_OBJECT_FREE << 4, sizeof(states));
	memset(classes, MO_PAGE_FREE_BUDDY, sizeof(classes));
	classes[DATA_PFN] = MO_PAGE_KERNEL_DATA;
	classes[CONSTANT_PFN] = MO_PAGE_KERNEL_DATA;
	classes[DIRECT_PFN] = MO_PAGE_DIRECT;
	classes[ANON_PFN] = MO_PAGE_ANON;
	make_slab(THINGS, THINGS, 8, 0);
	make_slab(ODD, ODD, 9, 0);
	make_slab(LARGE, LARGE, 12, 1);
	make_slab(MORE_THINGS, THINGS, 16, 0);
	page_run = (struct mo_page_run){ .n_pages = TOY_PAGES, .classes = classes };
	slab_model = (struct mo_slab_model){ .caches = caches, .n_caches = TOY_CACHES, .slabs = slabs, .n_slabs = TOY_SLABS,
					     .states = states, .n_objects = 64 * TOY_SLABS, .page_shift = 12,
					     .direct_map_kva = BASE_KVA };
	for (unsigned i = 0; i < MO_N_PAGE_CLASSES; i++)
		class_infos[i].name = "class";
	class_infos[MO_PAGE_KERNEL_DATA].name = "kernel-data";
	class_infos[MO_PAGE_SLAB].name = "slab";
	mem_map_model = (struct mo_mem_map_model){ .classes = class_infos, .runs = &page_run, .n_runs = 1, .n_pages = TOY_PAGES };
	excluded_pfn = 0;
	toy_depth = 0;
	toy_register = 0;
	toy_vmap = NULL;
	toy_tasks = NULL;
	toy_later = NULL;
	toy_cpus = 0;
}

static void init(struct toy *toy, bool has_pages)
{
	const struct mo_symbol ops = { .name = "toy_ops", .value_kva = OPS_KVA, .size_bytes = 64, .type = 'd' };
	size_t n_rows = has_pages ? 0 : N_PAGE_ROWS;
	size_t n_symbols = has_pages ? 0 : N_PAGE_SYMBOLS;

	make_models();
	*toy = (struct toy){ .kernel = mo_fake_kernel(&(const struct mo_fake){
				     .rows = rows + n_rows, .n_rows = N_ROWS(rows) - n_rows,
				     .symbols = symbols + n_symbols, .n_symbols = N_ROWS(symbols) - n_symbols,
				     .enumerators = enumerators, .n_enumerators = N_ROWS(enumerators),
				     .end_pfn = TOY_PAGES, .is_live = toy_is_live }) };
	expect_success(mo_symbols_add_module((struct mo_symbols *)mo_kernel_symbols(toy->kernel), "toy", &ops, 1));
	mo_fake_map(toy->kernel, BASE_KVA, TOY_PAGES * 4096);
	mo_fake_map(toy->kernel, CACHE_KVA(0), TOY_CACHES * 0x100);
	mo_fake_map(toy->kernel, AREA_KVA, 2 * 4096);
	mo_fake_map(toy->kernel, CPU_POSSIBLE_KVA, 0x5000);
	mo_fake_put_u32(toy->kernel, CPU_COUNT_KVA, 1);
	mo_fake_put_u64(toy->kernel, CPU_OFFSETS_KVA, KFREE_RCU_KVA - KFREE_RCU_OFFSET);
	mo_fake_put_u32(toy->kernel, CACHE_KVA(THINGS) + 8, 4);
}

void toy_init(struct toy *toy)
{
	init(toy, false);
}

void toy_init_with_pages(struct toy *toy)
{
	init(toy, true);
	mo_fake_map(toy->kernel, STRUCT_PAGE_KVA(0), TOY_PAGES * 64);
	mo_fake_map(toy->kernel, PAGE_VARIABLES_KVA, 16);
	mo_fake_put_u64(toy->kernel, PAGE_VARIABLES_KVA, STRUCT_PAGE_KVA(0));
	mo_fake_put_u64(toy->kernel, PAGE_VARIABLES_KVA + 8, TOY_PAGES);
}

void use_slab(struct toy *toy, unsigned n_nodes)
{
	static struct mo_slab_node node;

	node = (struct mo_slab_node){ .node_kva = ODD_NODE_KVA };
	caches[ODD].nodes = &node;
	caches[ODD].n_nodes = 1;
	slab_model.is_slab = true;
	point(toy, CPU_POSSIBLE_KVA, 1);
	point(toy, NODE_STATES_KVA, (1u << n_nodes) - 1);
}

void toy_look_free(bool (*looks_free)(const struct mo_slab_model *model, struct mo_reader *reader, const struct mo_slab *slab,
				      uint32_t index))
{
	slab_model.looks_free = looks_free;
}

void set_tracks(toy_track_function track)
{
	slab_model.track = track;
}

void set_class(uint64_t pfn, enum mo_page_class class)
{
	classes[pfn] = (uint8_t)class;
}

void make_block(struct toy *toy, uint64_t pfn, uint64_t n_pages, bool is_compound)
{
	for (uint64_t i = 0; i < n_pages; i++) {
		classes[pfn + i] = MO_PAGE_DIRECT;
		mo_fake_put_u32(toy->kernel, STRUCT_PAGE_KVA(pfn + i) + 52, i == 0);
		mo_fake_put_u64(toy->kernel, STRUCT_PAGE_KVA(pfn + i) + 8, is_compound && i ? STRUCT_PAGE_KVA(pfn) + 1 : 0);
	}
}

/* What the model sums up of each cache. */
static void count_objects(void)
{
	for (uint32_t i = 0; i < TOY_CACHES; i++) {
		memset(caches[i].states, 0, sizeof(caches[i].states));
		caches[i].slabs = slabs_of_caches[i];
		caches[i].n_slabs = 0;
	}
	for (uint32_t i = 0; i < TOY_SLABS; i++) {
		struct mo_slab_cache *cache = &caches[slabs[i].cache];

		slabs_of_caches[slabs[i].cache][cache->n_slabs++] = i;
		for (uint32_t k = 0; k < slabs[i].objects && k < 64; k++)
			cache->states[mo_object_state_at(&slab_model, slabs[i].first_object + k)]++;
	}
}

void make_grown(uint32_t cache)
{
	caches[cache].pages = TOY_PAGES;
	caches[cache].objects = 1;
}

void toy_gather(struct toy *toy)
{
	count_objects();
	toy->run = fake_run(toy->kernel, TOY_PLUGIN());
	toy->model = mo_run_model(toy->run);
}

void toy_doubt(unsigned cache, uint64_t n_objects)
{
	caches[cache].untold_objects = n_objects;
}

void toy_destroy(struct toy *toy)
{
	fake_run_destroy(toy->run);
	mo_fake_destroy(toy->kernel);
}

const struct mo_lost_object *lost_at(const struct toy *toy, uint64_t kva)
{
	for (size_t i = 0; i < toy->model->n_lost; i++)
		if (toy->model->lost[i].kva == kva)
			return &toy->model->lost[i];
	return NULL;
}

uint64_t bytes_of(const struct mo_lost_object *lost)
{
	return mo_lost_bytes(&slab_model, lost);
}

struct mo_lost_head held_by(const struct toy *toy, const struct mo_lost_object *lost)
{
	const struct mo_lost_head *head = mo_lost_head_of(toy->model, (uint32_t)(lost - toy->model->lost));

	return head ? *head : (struct mo_lost_head){ .held_objects = 0 };
}
