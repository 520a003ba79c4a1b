/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "toy_vmap.h"

#include <memopsy/memmap.h>
#include <memopsy/table_walk.h>

#include "symbol_source.h"

#define MODULES (BASE_KVA + 0x2010)
#define MODULE (BASE_KVA + 0x3000)
#define MEM_MAP (BASE_KVA + 0x2020)
#define MAX_MAPNR (BASE_KVA + 0x2028)
#define NODES_POINTER (BASE_KVA + 0x2000)
#define PCPU_BASE_ADDR (BASE_KVA + 0x2030)
#define PCPU_FIRST_CHUNK (BASE_KVA + 0x2038)
#define CPU_POSSIBLE (BASE_KVA + 0x2040)
#define NR_CPU_IDS (BASE_KVA + 0x2050)
#define PERCPU_OFFSETS (BASE_KVA + 0x2060)

#define PAGE_BYTES 4096ull

#define AREA "struct vmap_area"
#define VM "struct vm_struct"

#define COMMON_ROWS \
	{ .type = "struct page", .bytes = 64 }, \
	{ .type = AREA, .bytes = 72 }, \
	{ .type = AREA, .member = "va_start", .offset_bytes = 0, .bytes = 8 }, \
	{ .type = AREA, .member = "va_end", .offset_bytes = 8, .bytes = 8 }, \
	{ .type = AREA, .member = "rb_node", .offset_bytes = 16, .bytes = 24 }, \
	{ .type = AREA, .member = "list", .offset_bytes = 40, .bytes = 16 }, \
	{ .type = AREA, .member = "vm", .offset_bytes = 56, .bytes = 8 }, \
	{ .type = VM, .bytes = 64 }, \
	{ .type = VM, .member = "addr", .offset_bytes = 8, .bytes = 8 }, \
	{ .type = VM, .member = "size", .offset_bytes = 16, .bytes = 8 }, \
	{ .type = VM, .member = "flags", .offset_bytes = 24, .bytes = 8 }, \
	{ .type = VM, .member = "pages", .offset_bytes = 32, .bytes = 8 }, \
	{ .type = VM, .member = "nr_pages", .offset_bytes = 44, .bytes = 4 }, \
	{ .type = VM, .member = "phys_addr", .offset_bytes = 48, .bytes = 8 }, \
	{ .type = VM, .member = "caller", .offset_bytes = 56, .bytes = 8 }, \
	{ .type = "struct cpumask", .member = "bits", .offset_bytes = 0, .bytes = 8, .n_elements = 1 }, \
	{ .type = "struct pcpu_chunk", .member = "base_addr", .offset_bytes = 16, .bytes = 8 }, \
	{ .type = "struct pcpu_chunk", .member = "nr_pages", .offset_bytes = 24, .bytes = 4 }, \
	{ .type = "struct task_struct", .member = "tasks", .offset_bytes = 0, .bytes = 16 }, \
	{ .type = "struct task_struct", .member = "thread_node", .offset_bytes = 16, .bytes = 16 }, \
	{ .type = "struct task_struct", .member = "signal", .offset_bytes = 32, .bytes = 8 }, \
	{ .type = "struct task_struct", .member = "stack", .offset_bytes = 40, .bytes = 8 }, \
	{ .type = "struct signal_struct", .member = "thread_head", .offset_bytes = 0, .bytes = 16 }, \
	{ .type = "struct module", .bytes = 128 }, \
	{ .type = "struct module", .member = "state", .offset_bytes = 120, .bytes = 4 }, \
	{ .type = "struct module", .member = "list", .offset_bytes = 0, .bytes = 16 }, \
	{ .type = "struct module", .member = "name", .offset_bytes = 16, .bytes = 1, .n_elements = 56 }

#define LAYOUT_ROWS \
	{ .type = VM, .member = "page_order", .offset_bytes = 40, .bytes = 4 }, \
	{ .type = "struct module", .member = "core_layout.base", .offset_bytes = 72, .bytes = 8 }, \
	{ .type = "struct module", .member = "core_layout.size", .offset_bytes = 80, .bytes = 4 }, \
	{ .type = "struct module", .member = "core_layout.text_size", .offset_bytes = 84, .bytes = 4 }

static const struct mo_fake_row rows_5_10[] = {
	COMMON_ROWS,
	{ .type = AREA, .member = "purge_list", .offset_bytes = 56, .bytes = 8 },
};

static const struct mo_fake_row rows_6_1[] = { COMMON_ROWS, LAYOUT_ROWS };

static const struct mo_fake_row rows_6_12[] = {
	COMMON_ROWS,
	{ .type = VM, .member = "page_order", .offset_bytes = 40, .bytes = 4 },
	{ .type = AREA, .member = "flags", .offset_bytes = 64, .bytes = 8 },
	{ .type = "struct vmap_node", .bytes = TOY_NODE_BYTES },
	{ .type = "struct vmap_node", .member = "busy.root", .offset_bytes = 0, .bytes = 8 },
	{ .type = "struct vmap_node", .member = "lazy.head", .offset_bytes = 64, .bytes = 16 },
	{ .type = "struct module", .member = "mem", .offset_bytes = 72, .bytes = 24, .n_elements = 2 },
	{ .type = "struct module_memory", .member = "base", .offset_bytes = 0, .bytes = 8 },
	{ .type = "struct module_memory", .member = "size", .offset_bytes = 8, .bytes = 4 },
};

static const struct mo_fake_enumerator enumerators[] = {
	{ .enum_name = "enum mod_mem_type", .name = "MOD_TEXT", .value = 0 },
	{ .enum_name = "enum mod_mem_type", .name = "MOD_INIT_TEXT", .value = 1 },
	{ .enum_name = "enum module_state", .name = "MODULE_STATE_LIVE", .value = 0 },
	{ .enum_name = "enum module_state", .name = "MODULE_STATE_COMING", .value = 1 },
	{ .enum_name = "enum module_state", .name = "MODULE_STATE_GOING", .value = 2 },
};

/* Per-CPU variables are offsets. */
#define EARLY_SYMBOLS \
	{ .name = "__per_cpu_start", .kva = 0, .bytes = 0 }, \
	{ .name = "cached_stacks", .kva = TOY_CACHED_STACKS, .bytes = 16 }

#define COMMON_SYMBOLS \
	{ .name = "modules", .kva = MODULES, .bytes = 16 }, \
	{ .name = "mem_map", .kva = MEM_MAP, .bytes = 8 }, \
	{ .name = "max_mapnr", .kva = MAX_MAPNR, .bytes = 8 }, \
	{ .name = "pcpu_base_addr", .kva = PCPU_BASE_ADDR, .bytes = 8 }, \
	{ .name = "pcpu_first_chunk", .kva = PCPU_FIRST_CHUNK, .bytes = 8 }, \
	{ .name = "__cpu_possible_mask", .kva = CPU_POSSIBLE, .bytes = 8 }, \
	{ .name = "nr_cpu_ids", .kva = NR_CPU_IDS, .bytes = 4 }, \
	{ .name = "__per_cpu_offset", .kva = PERCPU_OFFSETS, .bytes = 16 }, \
	{ .name = "_stext", .kva = TOY_TEXT, .bytes = 0 }, \
	{ .name = "first_alias", .kva = TOY_TEXT + 0x100, .bytes = 0x20 }, \
	{ .name = "second_alias", .kva = TOY_TEXT + 0x100, .bytes = 0x20 }, \
	{ .name = "dup_task_struct", .kva = TOY_TEXT + 0x200, .bytes = 0x10 }, \
	{ .name = "last", .kva = TOY_TEXT + 0x300, .bytes = 0 }, \
	{ .name = "pcpu_get_vm_areas", .kva = TOY_PERCPU_CALLER, .bytes = 0 }, \
	{ .name = "init_stack", .kva = TOY_TEXT + 0x900, .bytes = 0 }, \
	{ .name = "_end", .kva = TOY_TEXT + 0x1000, .bytes = 0 }, \
	{ .name = "__end_init_task", .kva = TOY_TEXT + 0x900 + 4 * PAGE_BYTES, .bytes = 0 }

static const struct mo_fake_symbol symbols_5_10[] = {
	EARLY_SYMBOLS,
	{ .name = "vmap_area_root", .kva = TOY_NODES, .bytes = 8 },
	{ .name = "vmap_purge_list", .kva = TOY_NODES + 64, .bytes = 8 },
	COMMON_SYMBOLS,
};

static const struct mo_fake_symbol symbols_6_1[] = {
	EARLY_SYMBOLS,
	{ .name = "vmap_area_root", .kva = TOY_NODES, .bytes = 8 },
	{ .name = "purge_vmap_area_list", .kva = TOY_NODES + 64, .bytes = 16 },
	COMMON_SYMBOLS,
};

static const struct mo_fake_symbol symbols_direct[] = {
	{ .name = "__per_cpu_start", .kva = 0, .bytes = 0 },
	{ .name = "idle_threads", .kva = TOY_CACHED_STACKS + 16, .bytes = 8 },
	{ .name = "init_task", .kva = TOY_TASK(0), .bytes = 0 },
	{ .name = "vmap_area_root", .kva = TOY_NODES, .bytes = 8 },
	{ .name = "purge_vmap_area_list", .kva = TOY_NODES + 64, .bytes = 16 },
	COMMON_SYMBOLS,
};

static const struct mo_fake_symbol symbols_6_12[] = {
	EARLY_SYMBOLS,
	{ .name = "vmap_nodes", .kva = NODES_POINTER, .bytes = 8 },
	{ .name = "nr_vmap_nodes", .kva = TOY_N_NODES_KVA, .bytes = 4 },
	COMMON_SYMBOLS,
};

#define ENUMERATORS .enumerators = enumerators, .n_enumerators = N_ROWS(enumerators)
static const struct mo_fake forms[] = {
	[TOY_5_10] = { .more_rows = rows_5_10, .n_more_rows = N_ROWS(rows_5_10), .symbols = symbols_5_10,
		       .n_symbols = N_ROWS(symbols_5_10), ENUMERATORS },
	[TOY_6_1] = { .more_rows = rows_6_1, .n_more_rows = N_ROWS(rows_6_1), .symbols = symbols_6_1,
		      .n_symbols = N_ROWS(symbols_6_1), ENUMERATORS },
	[TOY_6_1_DIRECT] = { .more_rows = rows_6_1, .n_more_rows = N_ROWS(rows_6_1), .symbols = symbols_direct,
			     .n_symbols = N_ROWS(symbols_direct), ENUMERATORS },
	[TOY_6_12] = { .more_rows = rows_6_12, .n_more_rows = N_ROWS(rows_6_12), .symbols = symbols_6_12,
		       .n_symbols = N_ROWS(symbols_6_12), ENUMERATORS },
};

static const struct mo_node nodes[] = { { .node_id = 0, .n_zones = 1 }, { .node_id = 1, .first_zone = 1, .n_zones = 1 } };
static const struct mo_zone zones[] = {
	{ .node_id = 0, .start_pfn = 0, .spanned_pages = { 512, MO_EXACT } },
	{ .node_id = 1, .start_pfn = 512, .spanned_pages = { 512, MO_EXACT } },
};
const struct mo_zones_model toy_zones = { .nodes = nodes, .n_nodes = 2, .zones = zones, .n_zones = 2, .n_numa_items = 6 };

static void put_empty_list(struct mo_kernel *kernel, uint64_t head_kva)
{
	mo_fake_put_u64(kernel, head_kva, head_kva);
	mo_fake_put_u64(kernel, head_kva + 8, head_kva);
}

/* A module whose only function ends with its code, before a symbol of its data. */
static void put_module(struct mo_kernel *kernel, enum toy_form form)
{
	static const struct mo_symbol entries[] = {
		{ .name = "toy_probe", .value_kva = TOY_MODULE_TEXT + 0x40, .size_bytes = 0x10, .type = 't' },
		{ .name = "toy_data", .value_kva = TOY_MODULE_TEXT + 0x2000, .size_bytes = 8, .type = 'd' },
	};

	mo_fake_put_u64(kernel, MODULES, MODULE);
	mo_fake_put_u64(kernel, MODULES + 8, MODULE);
	put_empty_list(kernel, MODULE);
	mo_fake_put_u64(kernel, MODULE, MODULES);
	mo_fake_put_u64(kernel, MODULE + 8, MODULES);
	mo_fake_put(kernel, MODULE + 16, "toy", 4);
	mo_fake_put_u64(kernel, MODULE + 72, TOY_MODULE_TEXT);
	mo_fake_put_u32(kernel, MODULE + 80, form == TOY_6_12 ? 0x1000 : 0x3000);
	if (form == TOY_6_1)
		mo_fake_put_u32(kernel, MODULE + 84, 0x1000);
	expect_success(mo_symbols_add_module((struct mo_symbols *)mo_kernel_symbols(kernel), "toy", entries, 2));
}

/* The idle task of CPU 0 is init_task, as at boot. */
static void put_tasks(struct mo_kernel *kernel)
{
	mo_fake_put_u64(kernel, TOY_TASK(0), TOY_TASK(1));
	mo_fake_put_u64(kernel, TOY_TASK(0) + 8, TOY_TASK(1));
	mo_fake_put_u64(kernel, TOY_TASK(1), TOY_TASK(0));
	mo_fake_put_u64(kernel, TOY_TASK(1) + 8, TOY_TASK(0));
	mo_fake_put_u64(kernel, TOY_TASK(1) + 32, TOY_SIGNAL);
	mo_fake_put_u64(kernel, TOY_SIGNAL, TOY_TASK(1) + 16);
	mo_fake_put_u64(kernel, TOY_TASK(1) + 16, TOY_TASK(2) + 16);
	mo_fake_put_u64(kernel, TOY_TASK(2) + 16, TOY_SIGNAL);
	mo_fake_put_u64(kernel, TOY_SIGNAL + 8, TOY_TASK(2) + 16);
	mo_fake_put_u64(kernel, TOY_TASK(2) + 24, TOY_TASK(1) + 16);
	mo_fake_put_u64(kernel, TOY_TASK(1) + 24, TOY_SIGNAL);
	for (unsigned i = 0; i < 4; i++)
		mo_fake_put_u64(kernel, TOY_TASK(i) + 40, BASE_KVA + TOY_STACK_PFN(i) * PAGE_BYTES);
	mo_fake_put_u64(kernel, TOY_UNIT(0) + TOY_CACHED_STACKS + 16, TOY_TASK(0));
	mo_fake_put_u64(kernel, TOY_UNIT(1) + TOY_CACHED_STACKS + 16, TOY_TASK(3));
}

struct mo_error *mo_direct_map_to_pa(const struct mo_kernel *kernel, uint64_t kva, uint64_t *pa)
{
	(void)kernel;
	if (kva - BASE_KVA >= 1024 * PAGE_BYTES)
		return mo_error_create(MO_E_NOT_MAPPED, "0x%llx is not in the direct map", (unsigned long long)kva);
	*pa = kva - BASE_KVA;
	return NULL;
}

/* Two CPUs with four pages each of the first chunk, the kernel's own variables in the first two. */
static void put_first_chunk(struct mo_kernel *kernel)
{
	mo_fake_put_u64(kernel, PCPU_BASE_ADDR, TOY_UNIT(0));
	mo_fake_put_u64(kernel, PCPU_FIRST_CHUNK, TOY_FIRST_CHUNK);
	mo_fake_put_u64(kernel, TOY_FIRST_CHUNK + 16, TOY_UNIT(0) + 0x2000);
	mo_fake_put_u32(kernel, TOY_FIRST_CHUNK + 24, 2);
	mo_fake_put_u64(kernel, CPU_POSSIBLE, 3);
	mo_fake_put_u32(kernel, NR_CPU_IDS, 2);
	mo_fake_put_u64(kernel, PERCPU_OFFSETS, TOY_UNIT(0));
	mo_fake_put_u64(kernel, PERCPU_OFFSETS + 8, TOY_UNIT(1));
}

/*
 * The direct map of the first 256 page frames; of the per-CPU area every second page; of an area that maps what is not
 * its own two pages of memory and one of a device; an area whose table cannot be read; and one whose tables map memory
 * on and on.
 */
static bool toy_mapped(uint64_t va, struct mo_table_entry *entry)
{
	uint64_t page = (va - TOY_VMALLOC) / PAGE_BYTES % 16;
	uint64_t area = (va - TOY_VMALLOC) / (16 * PAGE_BYTES);

	*entry = (struct mo_table_entry){ .level = "PTE", .va = va, .n_bytes = PAGE_BYTES };
	if (va - BASE_KVA < 0x100000)
		entry->pa = va - BASE_KVA;
	else if (area == TOY_PERCPU_AREA && page < 8 && !(page & 1))
		entry->pa = (700 + page / 2) * PAGE_BYTES;
	else if (area == TOY_MAPPING_AREA && page < 3)
		entry->pa = page == 1 ? 0xfee00000 : (300 + page) * PAGE_BYTES;
	else if (area >= TOY_ENDLESS_AREA && area < TOY_MAX_AREAS)
		entry->pa = 300 * PAGE_BYTES;
	else
		return false;
	return true;
}

struct mo_error *mo_walk_tables(struct mo_reader *reader, struct mo_table_walk *walk)
{
	(void)reader;
	assert_true(walk->first_va <= walk->last_va);
	assert_true(walk->tables_left > 0);
	walk->tables_left--;
	if (walk->first_va == TOY_FIRST(TOY_UNREADABLE_AREA)) {
		struct mo_table_entry above = { .level = "PMD", .height = 1, .va = walk->first_va };

		walk->broken(walk->context, &above, mo_error_create(MO_E_NOT_IN_DUMP, "the PTE table is not in the dump"));
		return NULL;
	}
	/* Behind the last area there is nothing, as far as a range may go. */
	for (uint64_t va = walk->first_va, n = 0; va <= walk->last_va && n < TOY_MAX_AREAS * 16; va += PAGE_BYTES, n++) {
		struct mo_table_entry entry;
		struct mo_error *error = toy_mapped(va, &entry) ? walk->leaf(walk->context, &entry) : NULL;

		if (error)
			return error;
	}
	return NULL;
}

struct mo_kernel *toy_kernel(enum toy_form form)
{
	struct mo_fake fake = forms[form];
	struct mo_kernel *kernel;

	fake.rows = mo_container_rows;
	fake.n_rows = mo_n_container_rows;
	kernel = mo_fake_kernel(&fake);
	mo_fake_map(kernel, BASE_KVA, 0x100000);
	mo_fake_put_u64(kernel, MEM_MAP, TOY_PAGES);
	mo_fake_put_u64(kernel, MAX_MAPNR, 1024);
	if (form != TOY_5_10)
		put_empty_list(kernel, TOY_NODES + 64);
	put_empty_list(kernel, TOY_NODES + TOY_NODE_BYTES + 64);
	if (form == TOY_6_12) {
		mo_fake_put_u64(kernel, NODES_POINTER, TOY_NODES);
		mo_fake_put_u32(kernel, TOY_N_NODES_KVA, 2);
	}
	put_module(kernel, form);
	put_first_chunk(kernel);
	if (form == TOY_6_1_DIRECT)
		put_tasks(kernel);
	return kernel;
}

static void put_area(struct mo_kernel *kernel, const struct toy_area *area)
{
	uint64_t vm_kva = TOY_VM(area->number);

	mo_fake_put_u64(kernel, TOY_AREA(area->number), TOY_FIRST(area->number));
	mo_fake_put_u64(kernel, TOY_AREA(area->number) + 8, TOY_FIRST(area->number) + area->n_bytes);
	mo_fake_put_u64(kernel, TOY_AREA(area->number) + 56, area->has_vm ? vm_kva : 0);
	mo_fake_put_u64(kernel, TOY_AREA(area->number) + 64, area->area_flags);
	if (!area->has_vm)
		return;
	mo_fake_put_u64(kernel, vm_kva + 8, TOY_FIRST(area->number));
	mo_fake_put_u64(kernel, vm_kva + 16, area->n_bytes);
	mo_fake_put_u64(kernel, vm_kva + 24, area->flags);
	mo_fake_put_u64(kernel, vm_kva + 32, area->first_pfn ? TOY_ARRAY(area->number) : 0);
	mo_fake_put_u32(kernel, vm_kva + 40, area->page_order);
	mo_fake_put_u32(kernel, vm_kva + 44, area->n_pages);
	mo_fake_put_u64(kernel, vm_kva + 48, area->first_pa);
	mo_fake_put_u64(kernel, vm_kva + 56, area->caller);
	for (uint64_t i = 0; area->first_pfn && i < area->n_pages; i++)
		mo_fake_put_u64(kernel, TOY_ARRAY(area->number) + i * 8, TOY_PAGE(area->first_pfn + i));
}

void toy_put_tree(struct mo_kernel *kernel, unsigned node, const struct toy_area *areas, size_t n_areas)
{
	uint64_t link_kva = TOY_NODES + node * TOY_NODE_BYTES;
	uint64_t parent_kva = 0;

	for (size_t i = 0; i < n_areas; i++) {
		uint64_t node_kva = TOY_AREA(areas[i].number) + 16;

		put_area(kernel, &areas[i]);
		mo_fake_put_u64(kernel, link_kva, node_kva);
		mo_fake_put_u64(kernel, node_kva, parent_kva | 1);
		parent_kva = node_kva;
		link_kva = node_kva + 8;
	}
}

void toy_put_lazy(struct mo_kernel *kernel, enum toy_form form, unsigned node, const struct toy_area *areas, size_t n_areas)
{
	uint64_t head_kva = TOY_NODES + node * TOY_NODE_BYTES + 64;
	uint64_t offset = form == TOY_5_10 ? 56 : 40;
	uint64_t before_kva = head_kva;

	for (size_t i = 0; i < n_areas; i++) {
		uint64_t node_kva = TOY_AREA(areas[i].number) + offset;

		put_area(kernel, &areas[i]);
		mo_fake_put_u64(kernel, before_kva, node_kva);
		if (form == TOY_5_10)
			mo_fake_put_u64(kernel, node_kva, 0);
		else
			mo_fake_put_u64(kernel, node_kva + 8, before_kva);
		before_kva = node_kva;
	}
	if (form != TOY_5_10 && n_areas) {
		mo_fake_put_u64(kernel, before_kva, head_kva);
		mo_fake_put_u64(kernel, head_kva + 8, before_kva);
	}
}

struct mo_run *toy_run(struct mo_kernel *kernel)
{
	return fake_run_with(kernel, memopsy_plugin_entry_vmap(), MO_ZONES_MODEL, &toy_zones);
}

void toy_end(struct mo_kernel *kernel, struct mo_run *run)
{
	fake_run_destroy(run);
	mo_fake_destroy(kernel);
}
