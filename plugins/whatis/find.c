/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What contains an address: first by the address that the kernel uses for the memory, else by its page frame. */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

#include "gathering.h"

static const struct whatis_state *state_of(const struct mo_places_model *places)
{
	return (const struct whatis_state *)places; /* its first member */
}

static void set_name(struct mo_place *place, const char *format, ...) MO_PRINTF(2, 3);

static void set_name(struct mo_place *place, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(place->name, sizeof(place->name), format, arguments);
	va_end(arguments);
}

static void set_container(struct mo_place *place, enum mo_place_kind kind, uint64_t first_kva, uint64_t n_bytes, uint64_t kva)
{
	place->kind = kind;
	place->kva = first_kva;
	place->bytes = n_bytes;
	place->offset_bytes = kva - first_kva;
}

static void find_stack(const struct whatis_state *state, const struct kva_range *range, uint64_t kva, struct mo_place *place)
{
	const struct stack *stack = &state->stack_infos[range->index];

	set_container(place, stack->is_irq ? MO_PLACE_IRQ_STACK : MO_PLACE_STACK, range->first_kva,
		      range->end_kva - range->first_kva, kva);
	place->is_root = true;
	place->is_allocated = true;
	place->task_kva = stack->task_kva;
	if (stack->is_irq)
		set_name(place, "interrupt stack of CPU %d", stack->cpu);
	else if (stack->cpu >= 0)
		set_name(place, "stack of %s, the idle task of CPU %d", *stack->comm ? stack->comm : "?", stack->cpu);
	else
		set_name(place, "stack of PID %d %s", stack->pid, stack->comm);
}

static bool find_symbol(const struct whatis_state *state, uint64_t kva, struct mo_symbol *ret)
{
	struct mo_error *error = mo_symbols_at(mo_kernel_symbols(state->kernel), kva, ret);
	bool is_found = !error;

	mo_error_destroy(error);
	return is_found;
}

/* Memory that alloc_percpu() gave out; false: what this address lies in is not allocated, or not known. */
static bool find_percpu_allocation(const struct whatis_state *state, uint64_t kva, struct mo_place *place)
{
	const struct mo_percpu_allocation *allocation = percpu_allocation_at(state, kva, &place->cpu, &place->percpu_kva);

	if (!allocation)
		return false;
	set_container(place, MO_PLACE_PERCPU, kva - (place->percpu_kva - allocation->percpu_kva), allocation->bytes, kva);
	place->is_root = true;
	place->is_allocated = true;
	set_name(place, "per-CPU allocation at 0x%" PRIx64, allocation->percpu_kva);
	return true;
}

/* A CPU's unit of the first chunk: static variables, those of modules, then what was allocated. */
static void find_in_unit(const struct whatis_state *state, const struct kva_range *range, uint64_t kva, struct mo_place *place)
{
	uint64_t offset = kva - range->first_kva;
	uint64_t pointer_kva = state->layout->percpu_start.kva + offset;
	struct mo_symbol symbol;

	place->is_root = true;
	place->is_allocated = true;
	place->cpu = (int32_t)range->index;
	place->percpu_kva = pointer_kva;
	if (find_symbol(state, pointer_kva, &symbol) &&
	    (offset < state->percpu_static_bytes ? !symbol.module : symbol.module != NULL)) {
		set_container(place, MO_PLACE_PERCPU_SYMBOL, kva - (pointer_kva - symbol.value_kva), symbol.size_bytes, kva);
		place->module = symbol.module;
		set_name(place, "%s", symbol.name);
		return;
	}
	set_container(place, MO_PLACE_PERCPU, range->first_kva, range->end_kva - range->first_kva, kva);
	for (size_t i = 0; i < state->n_module_percpus; i++) {
		const struct module_percpu *of = &state->module_percpus[i];

		if (pointer_kva < of->first_kva || pointer_kva - of->first_kva >= of->n_bytes)
			continue;
		set_container(place, MO_PLACE_PERCPU_SYMBOL, kva - (pointer_kva - of->first_kva), of->n_bytes, kva);
		place->module = of->module;
		set_name(place, "per-CPU variables of %s", of->module);
		return;
	}
	if (!find_percpu_allocation(state, kva, place))
		set_name(place, "first chunk of the per-CPU allocator");
}

static void find_in_image(const struct whatis_state *state, const struct kva_range *range, uint64_t kva, struct mo_place *place)
{
	bool is_kernel = range->index == PLACES_KERNEL_IMAGE;
	const struct module_part *part = is_kernel ? NULL : &state->parts[range->index];
	struct mo_symbol symbol;

	place->is_root = true;
	place->is_allocated = true;
	if (part)
		place->module = part->module;
	if (find_symbol(state, kva, &symbol) && (symbol.module == NULL) == is_kernel) {
		set_container(place, MO_PLACE_SYMBOL, symbol.value_kva, symbol.size_bytes, kva);
		set_name(place, "%s", symbol.name);
		return;
	}
	set_container(place, is_kernel ? MO_PLACE_SYMBOL : MO_PLACE_MODULE, range->first_kva, range->end_kva - range->first_kva,
		      kva);
	if (part)
		set_name(place, "%s of %s", part->what, part->module);
	else
		set_name(place, "image of the kernel");
}

static void find_in_area(const struct whatis_state *state, const struct mo_vmap_area *area, uint64_t kva, struct mo_place *place)
{
	const char *caller = area->caller_name ? area->caller_name : area->caller;

	set_container(place, MO_PLACE_VMAP_AREA, area->first_kva, area->end_kva - area->first_kva, kva);
	place->module = area->caller_module;
	place->is_allocated = area->state == MO_VMAP_BUSY || area->state == MO_VMAP_RAM;
	if (area->state == MO_VMAP_LAZY) {
		set_name(place, "freed vmalloc area, not purged");
	} else if (area->state != MO_VMAP_BUSY) {
		set_name(place, area->state == MO_VMAP_RAM ? "area of vm_map_ram()" : "vmalloc area being torn down");
	} else if (area->is_idle_stack || is_stack_caller(state, area->caller_kva)) {
		place->kind = MO_PLACE_STACK;
		place->is_root = !area->is_idle_stack;
		set_name(place, area->is_idle_stack ? "cached stack, without a task" : "stack of a task not on the task list");
	} else if (caller && !strcmp(caller, "pcpu_get_vm_areas")) {
		place->kind = MO_PLACE_PERCPU;
		place->is_root = true;
		if (!find_percpu_allocation(state, kva, place))
			set_name(place, "chunk of the per-CPU allocator");
	} else {
		set_name(place, "%s area of %s", area->flags & MO_VM_IOREMAP ? "ioremap" : area->flags & MO_VM_MAP ? "vmap" : "vmalloc",
			 caller ? caller : "?");
	}
}

/* By an address outside of the direct map, or in it where that is the one in use; false: nothing there is known. */
static bool find_by_kva(const struct whatis_state *state, uint64_t kva, struct mo_place *place)
{
	const struct mo_vmap_area *area;
	const struct kva_range *range = range_at(&state->stacks, kva);

	if (range) {
		find_stack(state, range, kva, place);
		return true;
	}
	/* What a unit has beyond its dynamic part was given back, and others have it (mm/percpu.c: pcpu_embed_first_chunk()). */
	range = range_at(&state->units, kva);
	if (range && (place->page_class == MO_PAGE_PERCPU || place->page_class == MO_PAGE_UNKNOWN)) {
		find_in_unit(state, range, kva, place);
		return true;
	}
	range = range_at(&state->images, kva);
	if (range) {
		find_in_image(state, range, kva, place);
		return true;
	}
	area = state->vmap ? mo_vmap_area_at(state->vmap, kva) : NULL;
	if (!area)
		return false;
	find_in_area(state, area, kva, place);
	return true;
}

static bool find_struct_page(const struct whatis_state *state, uint64_t kva, struct mo_place *place)
{
	const struct mo_memmap *memmap = state->memmap;

	for (size_t i = 0; memmap && i < memmap->n_runs; i++) {
		const struct mo_memmap_run *run = &memmap->runs[i];
		uint64_t offset = kva - run->first_page_kva;

		if (kva < run->first_page_kva || offset / memmap->page_struct_bytes >= run->n_pages)
			continue;
		set_container(place, MO_PLACE_STRUCT_PAGE, kva - offset % memmap->page_struct_bytes, memmap->page_struct_bytes,
			      kva);
		place->pfn_described = run->first_pfn + offset / memmap->page_struct_bytes;
		place->is_root = true;
		place->is_allocated = true;
		set_name(place, "struct page of page frame 0x%" PRIx64, place->pfn_described);
		return true;
	}
	return false;
}

static bool find_object(const struct whatis_state *state, uint64_t direct_kva, struct mo_place *place)
{
	const struct mo_slab *slab;
	const struct mo_slab_cache *cache;
	uint64_t object_kva;
	uint32_t index;
	enum mo_object_state object_state;

	if (!state->slabs || !mo_object_at(state->slabs, direct_kva, &slab, &index))
		return false;
	cache = &state->slabs->caches[slab->cache];
	object_kva = mo_object_kva(state->slabs, slab, index);
	object_state = mo_object_state_of(state->slabs, slab, index);
	if (direct_kva < object_kva) {
		set_container(place, MO_PLACE_SLAB_OBJECT, object_kva - cache->red_left_bytes, cache->size_bytes, direct_kva);
		place->is_padding = true;
	} else {
		set_container(place, MO_PLACE_SLAB_OBJECT, object_kva, cache->object_bytes, direct_kva);
		place->is_padding = place->offset_bytes >= cache->object_bytes;
	}
	place->is_allocated = !mo_object_is_free(object_state);
	place->cache = slab->cache;
	if (cache->name)
		set_name(place, "%s", cache->name);
	else
		set_name(place, "cache at 0x%" PRIx64, cache->cache_kva);
	return true;
}

bool page_block_of(const struct whatis_state *state, struct mo_reader *reader, uint64_t pfn, uint64_t *first_pfn, unsigned *order)
{
	const struct mo_page_shape *shape = state->page_shape;
	uint8_t pages[2 * MO_PAGE_STRUCT_BYTES_MAX];
	uint64_t head_pfn = pfn;
	uint64_t page_kva;
	struct mo_error *error;

	if (!state->page_shape || !state->memmap || !shape->order_offset)
		return false;
	error = mo_pfn_to_page(state->memmap, pfn, &page_kva);
	if (!error)
		error = mo_page_read(reader, shape, page_kva, pages, &page_kva);
	if (!error)
		error = mo_page_to_pfn(state->memmap, page_kva, &head_pfn);
	if (!error)
		error = mo_read(reader, page_kva, pages, 2 * (size_t)shape->struct_bytes);
	if (mo_error_destroy(error) || !(mo_page_word(shape, pages, shape->at.flags, false) & shape->flag.head))
		return false;
	*order = mo_compound_facts_of(shape, pages + shape->struct_bytes).order;
	*first_pfn = head_pfn;
	return *order <= shape->max_order && pfn - head_pfn < 1ull << *order;
}

/* Classes of pages that the kernel may use by another address than that of the direct map. */
static bool may_be_mapped_elsewhere(enum mo_page_class class)
{
	switch (class) {
	case MO_PAGE_UNKNOWN:
	case MO_PAGE_KERNEL_STACK:
	case MO_PAGE_VMALLOC:
	case MO_PAGE_PERCPU:
	case MO_PAGE_MEM_MAP:
	case MO_PAGE_KERNEL_TEXT:
	case MO_PAGE_KERNEL_DATA:
	case MO_PAGE_KERNEL_INIT:
	case MO_PAGE_RESERVED:
	case MO_PAGE_DIRECT:
	case MO_PAGE_ZERO:
	case MO_PAGE_HOLE:
		return true;
	default:
		return false;
	}
}

static void find_block(const struct whatis_state *state, struct mo_reader *reader, uint64_t direct_kva, struct mo_place *place)
{
	enum mo_page_class class = (enum mo_page_class)place->page_class;
	uint64_t first_pfn = place->pfn;
	enum mo_place_kind kind = MO_PLACE_PAGE_BLOCK;
	unsigned order = 0;

	if (!page_block_of(state, reader, place->pfn, &first_pfn, &order))
		order = 0;
	if (class == MO_PAGE_LARGE_KMALLOC)
		kind = MO_PLACE_LARGE_KMALLOC;
	else if (class == MO_PAGE_PAGE_TABLE)
		kind = MO_PLACE_PAGE_TABLE;
	set_container(place, kind, state->direct_map_kva + (first_pfn << state->page_shift), state->page_bytes << order, direct_kva);
	place->is_allocated = class != MO_PAGE_FREE_BUDDY && class != MO_PAGE_FREE_PCP && class != MO_PAGE_HUGETLB_FREE;
	set_name(place, "%s", state->mem_map ? state->mem_map->classes[class].title : "page");
}

/* A page table that a walk has found, whatever the class of its page. */
static bool find_page_table(const struct whatis_state *state, uint64_t direct_kva, struct mo_place *place)
{
	const struct mo_page_tables_model *model = state->page_tables;
	const struct mo_page_table *table = model ? mo_page_table_at(model, place->pfn) : NULL;
	const struct mo_table_owner *owner;
	const char *level;

	if (!table || table->owner >= model->n_owners || table->height >= MO_MAX_TABLE_LEVELS)
		return false;
	owner = &model->owners[table->owner];
	level = model->level_names[table->height] ? model->level_names[table->height] : "page";
	set_container(place, MO_PLACE_PAGE_TABLE, state->direct_map_kva + (place->pfn << state->page_shift), state->page_bytes,
		      direct_kva);
	place->is_allocated = true;
	if (owner->pid)
		set_name(place, "%s table of PID %d %s", level, owner->pid, owner->comm);
	else
		set_name(place, "%s table of %s", level, *owner->comm ? owner->comm : "the kernel");
	return true;
}

/* Memory by its page frame. */
static void find_memory(const struct whatis_state *state, struct mo_reader *reader, uint64_t pa, struct mo_place *place)
{
	uint64_t direct_kva = state->direct_map_kva + pa;
	const struct frame_span *span;
	uint64_t kva;

	place->pfn = pa >> state->page_shift;
	place->has_pfn = true;
	place->page_class = (uint8_t)(state->mem_map ? mo_page_class_of(state->mem_map, place->pfn) : MO_PAGE_UNKNOWN);
	if ((place->page_class == MO_PAGE_SLAB || !state->mem_map) && find_object(state, direct_kva, place))
		return;
	if ((place->page_class == MO_PAGE_PAGE_TABLE || place->page_class == MO_PAGE_DIRECT) &&
	    find_page_table(state, direct_kva, place))
		return;
	if (may_be_mapped_elsewhere((enum mo_page_class)place->page_class)) {
		span = frame_span_of(state, place->pfn);
		kva = span ? span->kva + (pa - (span->first_pfn << state->page_shift)) : direct_kva;
		if (find_struct_page(state, kva, place) || find_by_kva(state, kva, place))
			return;
	}
	if (place->page_class != MO_PAGE_UNKNOWN)
		find_block(state, reader, direct_kva, place);
}

struct mo_error *find_place_pa(const struct mo_places_model *places, struct mo_reader *reader, uint64_t pa,
			       struct mo_place *ret)
{
	*ret = (struct mo_place){ .kind = MO_PLACE_NONE, .cpu = -1, .cache = MO_SLAB_NO_CACHE };
	find_memory(state_of(places), reader, pa, ret);
	return NULL;
}

struct mo_error *find_place(const struct mo_places_model *places, struct mo_reader *reader, uint64_t kva, struct mo_place *ret)
{
	const struct whatis_state *state = state_of(places);
	bool is_direct = kva - state->direct_map_kva < state->direct_map_bytes;
	struct mo_error *error = NULL;
	bool is_found = false;
	uint64_t pa = kva - state->direct_map_kva;

	*ret = (struct mo_place){ .kind = MO_PLACE_NONE, .cpu = -1, .cache = MO_SLAB_NO_CACHE };
	if (!is_direct) {
		is_found = find_struct_page(state, kva, ret) || find_by_kva(state, kva, ret);
		error = mo_translate(reader, kva, &pa, NULL);
	}
	if (!error && !is_found) {
		find_memory(state, reader, pa, ret);
	} else if (!error) {
		ret->pfn = pa >> state->page_shift;
		ret->has_pfn = true;
		ret->page_class = (uint8_t)(state->mem_map ? mo_page_class_of(state->mem_map, ret->pfn) : MO_PAGE_UNKNOWN);
	}
	return only_fatal(error);
}
