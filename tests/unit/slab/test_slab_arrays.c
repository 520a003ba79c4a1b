/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* SLAB: what its indexes and arrays say of objects, and what garbage in them costs. */
#include "toy_slab.h"

#include <string.h>

#define OBJECTS 10u
static const uint8_t indexes[OBJECTS] = { 3, 1, 0, 2, 4, 5, 6, 9, 8, 7 };

static uint64_t object_kva(uint64_t pfn, unsigned colour_bytes, unsigned index)
{
	return BASE_KVA + pfn * 4096 + colour_bytes + index * 256u;
}

static enum mo_object_state state_at(const struct toy *toy, uint64_t kva)
{
	const struct mo_slab *slab = NULL;
	uint32_t index = 0;

	assert_true(mo_object_at(toy->model, kva, &slab, &index));
	assert_int_equal(mo_object_kva(toy->model, slab, index), kva);
	return mo_object_state_of(toy->model, slab, index);
}

static void toy_begin(struct toy *toy)
{
	toy_init(toy, TOY_SLAB);
	assert_int_equal(toy_slab_cache(toy, "kmalloc-256", 256, OBJECTS), 0);
	toy_slab_node(toy, 0, 1, 0, 3);
	toy_index_slab(toy, 0, 5, 128, 7, indexes);
}

static void test_states(void **unused)
{
	const uint64_t on_cpu[] = { object_kva(5, 128, 3), object_kva(5, 128, 1) };
	const uint64_t shared[] = { object_kva(5, 128, 0) };
	struct toy toy;
	const struct mo_slab_cache *cache;

	(void)unused;
	toy_begin(&toy);
	toy_array(&toy, 0, 1, 2, on_cpu);
	toy_array(&toy, 0, TOY_CPUS, 1, shared);
	toy_gather(&toy);
	cache = &toy.model->caches[0];
	assert_true(toy.model->is_slab);
	assert_string_equal(toy.model->shape, "SLAB, struct page, indexes of 8 bits");
	assert_int_equal(cache->limit, 120);
	assert_int_equal(cache->batchcount, 60);
	assert_int_equal(cache->shared_factor, 8);
	assert_int_equal(cache->nodes[0].shared_avail.value, 1);
	assert_int_equal(cache->nodes[0].objects.value, OBJECTS);
	for (unsigned i = 7; i < OBJECTS; i++)
		assert_int_equal(state_at(&toy, object_kva(5, 128, indexes[i])), MO_OBJECT_FREE);
	assert_int_equal(state_at(&toy, on_cpu[0]), MO_OBJECT_FREE_CPU);
	assert_int_equal(state_at(&toy, on_cpu[1]), MO_OBJECT_FREE_CPU);
	assert_int_equal(state_at(&toy, shared[0]), MO_OBJECT_FREE_NODE);
	assert_int_equal(cache->states[MO_OBJECT_ALLOCATED], 4);
	assert_int_equal(toy.model->slabs[0].fault, MO_SLAB_SOUND);
	toy_destroy(&toy);
}

/* Before the first object there is none, whatever the arithmetic. */
static void test_before_the_first_object(void **unused)
{
	const struct mo_slab *slab;
	struct toy toy;
	uint32_t index;

	(void)unused;
	toy_begin(&toy);
	toy_gather(&toy);
	assert_false(mo_object_at(toy.model, object_kva(5, 128, 0) - 1, &slab, &index));
	assert_true(mo_object_at(toy.model, object_kva(5, 128, 0), &slab, &index));
	assert_int_equal(index, 0);
	toy_destroy(&toy);
}

static void expect_fault(unsigned colour_bytes, unsigned active, const uint8_t *broken, enum mo_slab_fault fault)
{
	struct toy toy;

	toy_begin(&toy);
	toy_index_slab(&toy, 0, 5, colour_bytes, active, broken);
	toy_gather(&toy);
	assert_int_equal(toy.model->slabs[0].fault, fault);
	assert_int_equal(toy.model->faults[fault], 1);
	toy_destroy(&toy);
}

static void test_garbage_in_a_slab(void **unused)
{
	static const uint8_t too_large[OBJECTS] = { 0, 1, 2, 3, 4, 5, 6, 200, 8, 9 };
	static const uint8_t twice[OBJECTS] = { 0, 1, 2, 3, 4, 5, 6, 7, 8, 8 };

	(void)unused;
	expect_fault(128, 7, too_large, MO_SLAB_LEAVES);
	expect_fault(128, 7, twice, MO_SLAB_TWICE);
	expect_fault(128, 11, indexes, MO_SLAB_IMPOSSIBLE_COUNT);
	expect_fault(2048, 7, indexes, MO_SLAB_IMPOSSIBLE_COUNT); /* the last objects would lie behind the slab */
	expect_fault(129, 7, indexes, MO_SLAB_IMPOSSIBLE_COUNT);
	expect_fault((unsigned)-4096, 7, indexes, MO_SLAB_IMPOSSIBLE_COUNT);
}

static void test_garbage_in_an_array(void **unused)
{
	const uint64_t strangers[] = { object_kva(5, 128, 3) + 8, 0, UINT64_MAX };
	struct toy toy;

	(void)unused;
	toy_begin(&toy);
	toy_array(&toy, 0, 0, 3, strangers);
	toy_array(&toy, 0, 1, 1u << 30, NULL);
	toy_gather(&toy);
	/* What cannot be believed is at most what an array may have; each strange entry hides one. */
	assert_int_equal(toy.model->caches[0].untold_objects, 123);
	assert_int_equal(toy.model->caches[0].states[MO_OBJECT_ALLOCATED], 7);
	toy_destroy(&toy);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_states),
		cmocka_unit_test(test_before_the_first_object),
		cmocka_unit_test(test_garbage_in_a_slab),
		cmocka_unit_test(test_garbage_in_an_array),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
