/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Addresses in tables made by hand: what contains them, in every kind of place and where tables contradict each other. */
#include <stdio.h>
#include <stdlib.h>

#include "fake_run.h"
#include "whatis.h"

#define DIRECT_KVA 0xffff888000000000ull
#define VMALLOC_KVA 0xffffc90000000000ull
#define TEXT_KVA 0xffffffff81000000ull
#define MODULE_KVA 0xffffffffc0000000ull
#define PAGES_KVA 0xffffea0000000000ull

static const struct mo_fake_symbol symbols[] = {
	{ "first_function", TEXT_KVA + 0x100, 0x40 },
	{ "last_function", TEXT_KVA + 0x200, 0x100 },
};

static uint8_t classes[0x400];
static uint8_t states[8];
static struct mo_page_class_info infos[MO_N_PAGE_CLASSES];

struct toy {
	struct whatis_state state;
	struct whatis_layout layout;
	struct mo_slab_cache cache;
	struct mo_slab slab;
	struct mo_slab_model slabs;
	struct mo_page_run run;
	struct mo_mem_map_model mem_map;
	struct mo_vmap_area areas[3];
	struct mo_vmap_model vmap;
	struct mo_memmap_run memmap_run;
	struct mo_memmap memmap;
	struct stack stacks[2];
	struct module_part part;
	struct frame_span frames[1];
};

static void fill_models(struct toy *toy)
{
	memset(classes, MO_PAGE_FREE_BUDDY, sizeof(classes));
	for (unsigned i = 0; i < MO_N_PAGE_CLASSES; i++)
		infos[i] = (struct mo_page_class_info){ .name = "class", .title = "of a class" };
	classes[8] = MO_PAGE_SLAB;
	classes[9] = MO_PAGE_DIRECT;
	classes[10] = MO_PAGE_LARGE_KMALLOC;
	classes[0x300] = MO_PAGE_PERCPU;
	for (unsigned i = 0x100; i < 0x110; i++)
		classes[i] = MO_PAGE_VMALLOC;
	/* 16 bytes of red zone, 100 of an object, 12 of padding; the second object is free. */
	toy->cache = (struct mo_slab_cache){ .name = "toys", .size_bytes = 128, .object_bytes = 100, .red_left_bytes = 16 };
	toy->slab = (struct mo_slab){ .pfn = 8, .objects = 4, .has_states = true };
	memset(states, 0, sizeof(states));
	states[0] = MO_OBJECT_FREE << 4;
	toy->slabs = (struct mo_slab_model){ .caches = &toy->cache, .n_caches = 1, .slabs = &toy->slab, .n_slabs = 1,
					     .states = states, .n_objects = 4, .page_shift = 12, .direct_map_kva = DIRECT_KVA };
	toy->run = (struct mo_page_run){ .n_pages = sizeof(classes), .classes = classes };
	toy->mem_map = (struct mo_mem_map_model){ .classes = infos, .runs = &toy->run, .n_runs = 1 };
	toy->areas[0] = (struct mo_vmap_area){ .first_kva = VMALLOC_KVA, .end_kva = VMALLOC_KVA + 0x5000, .has_vm = true,
					       .caller = "taker+0x10/0x20", .caller_name = "taker", .flags = MO_VM_ALLOC };
	toy->areas[1] = (struct mo_vmap_area){ .first_kva = VMALLOC_KVA + 0x8000, .end_kva = VMALLOC_KVA + 0xd000, .has_vm = true,
					       .caller = "kernel_clone", .caller_name = "kernel_clone", .caller_kva = 5 };
	toy->areas[2] = (struct mo_vmap_area){ .first_kva = VMALLOC_KVA + 0xe000, .end_kva = VMALLOC_KVA + 0x10000,
					       .state = MO_VMAP_LAZY };
	toy->vmap = (struct mo_vmap_model){ .areas = toy->areas, .n_areas = 3 };
	toy->memmap_run = (struct mo_memmap_run){ .n_pages = 0x400, .first_page_kva = PAGES_KVA };
	toy->memmap = (struct mo_memmap){ .runs = &toy->memmap_run, .n_runs = 1, .page_struct_bytes = 64, .n_pages = 0x400 };
}

static void toy_init(struct toy *toy)
{
	struct whatis_state *state = &toy->state;

	memset(toy, 0, sizeof(*toy));
	fill_models(toy);
	toy->stacks[0] = (struct stack){ .task_kva = DIRECT_KVA + 0x8090, .pid = 7, .cpu = -1, .comm = "toy" };
	toy->part = (struct module_part){ .module = "toymod", .what = "text" };
	toy->frames[0] = (struct frame_span){ .first_pfn = 0x100, .n_pages = 0x10, .kva = VMALLOC_KVA };
	toy->layout.percpu_start.kva = 0;
	*state = (struct whatis_state){
		.kernel = mo_fake_kernel(&(const struct mo_fake){ .symbols = symbols, .n_symbols = N_ROWS(symbols) }),
		.layout = &toy->layout, .slabs = &toy->slabs, .mem_map = &toy->mem_map, .vmap = &toy->vmap, .memmap = &toy->memmap,
		.direct_map_kva = DIRECT_KVA, .direct_map_bytes = 0x400000, .page_bytes = 4096, .page_shift = 12,
		.frames = toy->frames, .n_frames = 1, .stack_infos = toy->stacks, .n_stacks = 1, .parts = &toy->part, .n_parts = 1,
		.stack_callers = { 5 }, .n_stack_callers = 1, .percpu_static_bytes = 0x100,
	};
	expect_success(add_range(&state->stacks, VMALLOC_KVA + 0x8000, VMALLOC_KVA + 0xb000, 0));
	expect_success(add_range(&state->images, TEXT_KVA, TEXT_KVA + 0x1000, PLACES_KERNEL_IMAGE));
	expect_success(add_range(&state->images, MODULE_KVA, MODULE_KVA + 0x1000, 0));
	expect_success(add_range(&state->units, DIRECT_KVA + 0x300000, DIRECT_KVA + 0x301000, 3));
	sort_ranges(&state->images);
}

static void toy_destroy(struct toy *toy)
{
	free(toy->state.stacks.ranges);
	free(toy->state.images.ranges);
	free(toy->state.units.ranges);
	mo_fake_destroy(toy->state.kernel);
}

static struct mo_place find(struct toy *toy, uint64_t kva)
{
	struct mo_place place;

	expect_success(find_place(&toy->state.model, mo_fake_reader(toy->state.kernel), kva, &place));
	return place;
}

static void expect_place(struct toy *toy, uint64_t kva, enum mo_place_kind kind, const char *name, uint64_t offset)
{
	struct mo_place place = find(toy, kva);

	assert_string_equal(place.name, name);
	assert_int_equal(place.kind, kind);
	assert_int_equal(place.offset_bytes, offset);
	assert_int_equal(place.kva + place.offset_bytes, kind == MO_PLACE_VMAP_AREA || kind == MO_PLACE_STACK ?
						 place.kva + offset : kva);
}

static void test_kinds(void **unused)
{
	struct toy toy;

	(void)unused;
	toy_init(&toy);
	expect_place(&toy, TEXT_KVA + 0x105, MO_PLACE_SYMBOL, "first_function", 5);
	expect_place(&toy, MODULE_KVA + 8, MO_PLACE_MODULE, "text of toymod", 8);
	assert_string_equal(find(&toy, MODULE_KVA).module, "toymod");
	expect_place(&toy, VMALLOC_KVA + 0x10, MO_PLACE_VMAP_AREA, "vmalloc area of taker", 0x10);
	expect_place(&toy, VMALLOC_KVA + 0x8123, MO_PLACE_STACK, "stack of PID 7 toy", 0x123);
	assert_int_equal(find(&toy, VMALLOC_KVA + 0x8123).task_kva, DIRECT_KVA + 0x8090);
	expect_place(&toy, VMALLOC_KVA + 0xb008, MO_PLACE_STACK, "stack of a task not on the task list", 0x3008);
	expect_place(&toy, VMALLOC_KVA + 0xe010, MO_PLACE_VMAP_AREA, "freed vmalloc area, not purged", 0x10);
	expect_place(&toy, PAGES_KVA + 64 * 9 + 8, MO_PLACE_STRUCT_PAGE, "struct page of page frame 0x9", 8);
	assert_int_equal(find(&toy, PAGES_KVA + 64 * 9 + 8).pfn_described, 9);
	expect_place(&toy, DIRECT_KVA + 0x9004, MO_PLACE_PAGE_BLOCK, "of a class", 4);
	expect_place(&toy, DIRECT_KVA + 0xa004, MO_PLACE_LARGE_KMALLOC, "of a class", 4);
	expect_place(&toy, DIRECT_KVA + 0x300200, MO_PLACE_PERCPU, "first chunk of the per-CPU allocator", 0x200);
	assert_int_equal(find(&toy, DIRECT_KVA + 0x300200).cpu, 3);
	assert_int_equal(find(&toy, DIRECT_KVA + 0x300200).percpu_kva, 0x200);
	/* Memory behind a mapping is told by the mapping, whichever address is asked for. */
	expect_place(&toy, DIRECT_KVA + 0x100010, MO_PLACE_VMAP_AREA, "vmalloc area of taker", 0x10);
	assert_int_equal(find(&toy, DIRECT_KVA + 0x100010).kva, VMALLOC_KVA);
	toy_destroy(&toy);
}

static void test_nothing(void **unused)
{
	struct toy toy;
	struct mo_place place;

	(void)unused;
	toy_init(&toy);
	place = find(&toy, 0x1000);
	assert_int_equal(place.kind, MO_PLACE_NONE);
	assert_false(place.has_pfn);
	place = find(&toy, UINT64_MAX);
	assert_int_equal(place.kind, MO_PLACE_NONE);
	/* A page frame without a struct page. */
	expect_success(find_place_pa(&toy.state.model, mo_fake_reader(toy.state.kernel), 0x10000000000, &place));
	assert_int_equal(place.kind, MO_PLACE_NONE);
	assert_true(place.has_pfn);
	toy_destroy(&toy);
}

static void test_objects(void **unused)
{
	struct toy toy;
	struct mo_place place;

	(void)unused;
	toy_init(&toy);
	place = find(&toy, DIRECT_KVA + 0x8000 + 16 + 99);
	assert_int_equal(place.kind, MO_PLACE_SLAB_OBJECT);
	assert_int_equal(place.kva, DIRECT_KVA + 0x8010);
	assert_int_equal(place.offset_bytes, 99);
	assert_true(place.is_allocated);
	assert_false(place.is_padding);
	place = find(&toy, DIRECT_KVA + 0x8000 + 16 + 100); /* behind it */
	assert_true(place.is_padding);
	place = find(&toy, DIRECT_KVA + 0x8080 + 3);        /* the red zone of the second, which is free */
	assert_true(place.is_padding);
	assert_false(place.is_allocated);
	assert_int_equal(place.kva, DIRECT_KVA + 0x8080);
	assert_int_equal(place.bytes, 128);
	place = find(&toy, DIRECT_KVA + 0x8000 + 4 * 128);  /* behind the last */
	assert_int_equal(place.kind, MO_PLACE_PAGE_BLOCK);
	toy_destroy(&toy);
}

static void test_overlapping_ranges(void **unused)
{
	struct range_table table = { .n = 0 };

	(void)unused;
	expect_success(add_range(&table, 100, 200, 2));
	expect_success(add_range(&table, 50, 150, 1));
	expect_success(add_range(&table, 60, 70, 3));   /* inside another one */
	expect_success(add_range(&table, 300, 300, 4)); /* empty */
	expect_success(add_range(&table, UINT64_MAX - 1, UINT64_MAX, 5));
	sort_ranges(&table);
	assert_int_equal(table.n, 3);
	assert_null(range_at(&table, 49));
	assert_int_equal(range_at(&table, 50)->index, 1);
	assert_int_equal(range_at(&table, 149)->index, 1);
	assert_int_equal(range_at(&table, 150)->index, 2);
	assert_null(range_at(&table, 200));
	assert_int_equal(range_at(&table, UINT64_MAX - 1)->index, 5);
	assert_null(range_at(&table, UINT64_MAX));
	free(table.ranges);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_kinds), cmocka_unit_test(test_nothing), cmocka_unit_test(test_objects),
		cmocka_unit_test(test_overlapping_ranges),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
