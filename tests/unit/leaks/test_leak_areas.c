/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Areas of vmalloc that can be lost, what waits to be freed, and words that nobody will read. */
#include "toy_leaks.h"

#include <stdlib.h>
#include <string.h>

#define DATA page_kva(DATA_PFN)
#define STACK_PFN 30u
#define TASK_KVA (DATA + 2048)

/* One area of two pages; its struct vm_struct is an object that the kernel's data lead to. */
struct area_toy {
	struct toy toy;
	struct mo_vmap_area area;
	struct mo_vmap_model vmap;
};

static void area_init(struct area_toy *toy)
{
	toy_init_with_pages(&toy->toy);
	toy->area = (struct mo_vmap_area){ .first_kva = AREA_KVA, .end_kva = AREA_KVA + 3 * 4096, .has_vm = true, .n_pages = 2,
					   .flags = MO_VM_ALLOC, .pages_kva = DATA + 1024, .vm_kva = take(THINGS, 0),
					   .area_kva = take(THINGS, 1), .caller_name = "toy_make", .caller_module = "toy" };
	toy->vmap = (struct mo_vmap_model){ .areas = &toy->area, .n_areas = 1, .is_complete = true };
	toy_vmap = &toy->vmap;
	set_class(AREA_PFN, MO_PAGE_VMALLOC);
	set_class(AREA_PFN + 1, MO_PAGE_VMALLOC);
	point(&toy->toy, DATA, object_kva(THINGS, 0));
	point(&toy->toy, DATA + 8, object_kva(THINGS, 1));
	point(&toy->toy, DATA + 40, page_kva(DIRECT_PFN)); /* a block, too */
	point(&toy->toy, toy->area.vm_kva + 8, AREA_KVA);
	point(&toy->toy, AREA_KVA + 4096 + 16, take(ODD, 0)); /* from its second page */
}

static void test_lost_area(void **state)
{
	const struct mo_lost_object *lost;
	const struct mo_leak_group *group;
	struct area_toy toy;
	char *text;

	(void)state;
	area_init(&toy);
	toy_gather(&toy.toy);
	assert_int_equal(toy.toy.model->areas, 1);
	assert_int_equal(toy.toy.model->n_lost, 2);
	lost = lost_at(&toy.toy, AREA_KVA);
	assert_non_null(lost);
	assert_int_equal(lost->kind, MO_LOST_AREA);
	assert_int_equal(bytes_of(lost), 2 * 4096);
	assert_int_equal(held_by(&toy.toy, lost).held_objects, 1);
	assert_int_equal(lost->confidence, MO_LOST_LIKELY);
	group = &toy.toy.model->groups[lost->group];
	assert_string_equal(group->module, "toy");
	assert_string_equal(group->symbol, "toy_make");
	assert_int_equal(group->owner_source, MO_OWNER_AREA);
	text = fake_run_text(toy.toy.run, "leaks", NULL);
	assert_non_null(strstr(text, "Module toy lost 1 vmalloc area (8192 bytes)"));
	free(text);
	toy_destroy(&toy.toy);
}

/* vmap() of two blocks of somebody else's: whoever has the area's address has them. */
static void mapping_init(struct area_toy *toy)
{
	area_init(toy);
	toy->area.flags = MO_VM_MAP;
	toy->area.pages_kva = toy->area.n_pages = 0;
	toy->area.n_mapped_memory_pages = 2;
	set_class(AREA_PFN, MO_PAGE_DIRECT);
	set_class(AREA_PFN + 1, MO_PAGE_DIRECT);
	make_block(&toy->toy, AREA_PFN, 1, false);
	make_block(&toy->toy, AREA_PFN + 1, 1, false);
	point(&toy->toy, page_kva(AREA_PFN + 1) + 8, object_kva(ODD, 0));
}

static void test_mapping(void **state)
{
	const struct mo_lost_object *lost;
	struct area_toy toy;
	char *text;

	(void)state;
	mapping_init(&toy);
	point(&toy.toy, DATA + 16, AREA_KVA);
	toy_gather(&toy.toy);
	assert_int_equal(toy.toy.model->areas, 1);
	assert_int_equal(toy.toy.model->n_lost, 0);
	toy_destroy(&toy.toy);

	/* Lost with both blocks, which are told as its pages. */
	mapping_init(&toy);
	toy_gather(&toy.toy);
	assert_int_equal(toy.toy.model->n_lost, 2);
	lost = lost_at(&toy.toy, AREA_KVA);
	assert_non_null(lost);
	assert_int_equal(bytes_of(lost), 2 * 4096);
	assert_non_null(lost_at(&toy.toy, object_kva(ODD, 0)));
	assert_true(toy.toy.model->groups[lost->group].is_mapping);
	text = fake_run_text(toy.toy.run, "leaks", NULL);
	assert_non_null(strstr(text, "Module toy lost 1 vmap area (8192 bytes)"));
	free(text);
	toy_destroy(&toy.toy);

	/* One of the blocks is somebody's. */
	mapping_init(&toy);
	point(&toy.toy, DATA + 16, page_kva(AREA_PFN));
	toy_gather(&toy.toy);
	lost = lost_at(&toy.toy, AREA_KVA);
	assert_non_null(lost);
	assert_int_equal(bytes_of(lost), 4096);
	assert_null(lost_at(&toy.toy, page_kva(AREA_PFN)));
	toy_destroy(&toy.toy);
}

/* An address inside it reaches it, with what it leads to; the guard page behind it is none of it. */
static void test_reached_area(void **state)
{
	static const uint64_t offsets[] = { 0, 4097, 3 * 4096 - 1, 3 * 4096 };

	(void)state;
	for (size_t i = 0; i < sizeof(offsets) / sizeof(offsets[0]); i++) {
		struct area_toy toy;

		area_init(&toy);
		point(&toy.toy, DATA + 16, AREA_KVA + offsets[i]);
		toy_gather(&toy.toy);
		assert_int_equal(toy.toy.model->n_lost, offsets[i] < 3 * 4096 ? 0 : 2);
		toy_destroy(&toy.toy);
	}
}

/* Device memory, and what is not yet set up, cannot be lost; nor can anything while areas are missing from the list. */
static void test_no_nodes(void **state)
{
	static const uint64_t flags[] = { MO_VM_IOREMAP, MO_VM_ALLOC | MO_VM_UNINITIALIZED, MO_VM_ALLOC };

	(void)state;
	for (size_t i = 0; i < sizeof(flags) / sizeof(flags[0]); i++) {
		struct area_toy toy;

		area_init(&toy);
		toy.area.flags = flags[i];
		toy.vmap.is_complete = i < 2;
		toy_gather(&toy.toy);
		assert_int_equal(toy.toy.model->areas, 0);
		assert_null(lost_at(&toy.toy, AREA_KVA));
		toy_destroy(&toy.toy);
	}
}

/* Freed areas that wait for a TLB flush are counted, and no nodes. */
static void test_purged_area(void **state)
{
	struct area_toy toy;
	char *text;

	(void)state;
	area_init(&toy);
	toy.area.state = MO_VMAP_LAZY;
	toy_gather(&toy.toy);
	assert_int_equal(toy.toy.model->areas, 0);
	assert_int_equal(toy.toy.model->deferred_areas, 1);
	assert_int_equal(toy.toy.model->deferred_area_bytes, 3 * 4096);
	text = fake_run_text(toy.toy.run, "leaks", NULL);
	assert_non_null(strstr(text, "Freed areas of vmalloc that wait to be purged: 1 (12 KiB of addresses)."));
	free(text);
	toy_destroy(&toy.toy);
}

/*
 * kfree_rcu(): seven objects wait for nothing yet; a batch of two pages with three and two, and one without a page; and one
 * whose page says that it has more than fit into it, in a chain that ends nowhere.
 */
static void test_batches(void **state)
{
	uint64_t batch = KFREE_RCU_KVA + 64;
	struct toy toy;
	char *text;

	(void)state;
	toy_init(&toy);
	point(&toy, CPU_POSSIBLE_KVA, 1);
	mo_fake_put_u32(toy.kernel, KFREE_RCU_KVA, 7);
	for (uint32_t i = 0; i < 8; i++)
		point(&toy, DATA + 8 * i, take(ODD, i));
	point(&toy, batch, object_kva(ODD, 0));
	point(&toy, batch + 8, page_kva(40));
	point(&toy, page_kva(40), 3);
	point(&toy, page_kva(40) + 8, page_kva(41));
	point(&toy, page_kva(41), 2);
	point(&toy, batch + 64 + 16, page_kva(42));
	point(&toy, page_kva(42), 100000);
	point(&toy, page_kva(42) + 8, page_kva(42));
	toy_gather(&toy);
	assert_int_equal(toy.model->n_lost, 0);
	assert_int_equal(toy.model->deferred_kfree_rcu, 7);
	assert_int_equal(toy.model->deferred_batches, 6);
	text = fake_run_text(toy.run, "leaks", NULL);
	assert_non_null(strstr(text, "13 by kfree_rcu(); of the"));
	free(text);
	toy_destroy(&toy);
}

/* Of a task that does not run, the words below its stack pointer are of calls that have returned. */
static void test_dead_stack(void **state)
{
	static const struct mo_task task = { .kva = BASE_KVA + DATA_PFN * 4096 + 2048 };
	static const struct mo_tasks_model tasks = { .tasks = &task, .n_tasks = 1, .is_complete = true };

	(void)state;
	for (uint32_t is_running = 0; is_running < 2; is_running++) {
		struct toy toy;

		toy_init(&toy);
		toy_tasks = &tasks;
		set_class(STACK_PFN, MO_PAGE_KERNEL_STACK);
		set_class(STACK_PFN + 1, MO_PAGE_KERNEL_STACK);
		point(&toy, TASK_KVA + TASK_STACK, page_kva(STACK_PFN));
		point(&toy, TASK_KVA + TASK_STACK_POINTER, page_kva(STACK_PFN + 1) + 512);
		mo_fake_put_u32(toy.kernel, TASK_KVA + TASK_ON_CPU, is_running);
		point(&toy, page_kva(STACK_PFN) + 8, take(ODD, 0));
		point(&toy, page_kva(STACK_PFN + 1) + 504, take(ODD, 1));
		point(&toy, page_kva(STACK_PFN + 1) + 512, take(ODD, 2));
		toy_gather(&toy);
		assert_int_equal(toy.model->n_lost, is_running ? 0 : 2);
		assert_null(lost_at(&toy, object_kva(ODD, 2)));
		toy_destroy(&toy);
	}
}

/* A stack pointer that makes no sense makes no word dead. */
static void test_wild_stack_pointer(void **state)
{
	static const struct mo_task task = { .kva = BASE_KVA + DATA_PFN * 4096 + 2048 };
	static const struct mo_tasks_model tasks = { .tasks = &task, .n_tasks = 1, .is_complete = true };
	static const uint64_t pointers[] = { 0, 0x1000, UINT64_MAX };

	(void)state;
	for (size_t i = 0; i < sizeof(pointers) / sizeof(pointers[0]); i++) {
		struct toy toy;

		toy_init(&toy);
		toy_tasks = &tasks;
		set_class(STACK_PFN, MO_PAGE_KERNEL_STACK);
		point(&toy, TASK_KVA + TASK_STACK, page_kva(STACK_PFN));
		point(&toy, TASK_KVA + TASK_STACK_POINTER, pointers[i]);
		point(&toy, page_kva(STACK_PFN) + 8, take(ODD, 0));
		toy_gather(&toy);
		assert_int_equal(toy.model->n_lost, 0);
		toy_destroy(&toy);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lost_area), cmocka_unit_test(test_mapping),
		cmocka_unit_test(test_reached_area),
		cmocka_unit_test(test_no_nodes),
		cmocka_unit_test(test_purged_area),
		cmocka_unit_test(test_batches),
		cmocka_unit_test(test_dead_stack),
		cmocka_unit_test(test_wild_stack_pointer),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
