/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Slabs, caches and lists that something wrote over: each costs itself, and is told. */

#include "toy_slab.h"

#include <stdlib.h>
#include <string.h>

static const unsigned free_of_5[] = { 3, 15, 0, 7 };
static const uint64_t listed[] = { 5 };

/* "alpha": page frames 4 (full), 5 (four free objects, listed) and 6 (full). */
static unsigned start(struct toy *toy, enum toy_shape shape)
{
	unsigned alpha;

	toy_init(toy, shape);
	alpha = toy_cache(toy, "alpha", 256, 256, 0);
	toy_slab(toy, alpha, 4, 0, NULL);
	toy_slab(toy, alpha, 5, 4, free_of_5);
	toy_slab(toy, alpha, 6, 0, NULL);
	toy_node(toy, alpha, 3, 1, listed);
	return alpha;
}

static void expect_one_fault(const struct toy *toy, enum mo_slab_fault fault, uint64_t pfn, const char *said)
{
	for (unsigned i = 1; i < MO_N_SLAB_FAULTS; i++)
		assert_int_equal(toy->model->faults[i], i == fault);
	assert_int_equal(mo_slab_at(toy->model, pfn)->fault, fault);
	assert_true(fake_run_said(toy->run, said));
	/* The others are as they were. */
	assert_int_equal(mo_slab_at(toy->model, 4)->fault, pfn == 4 ? fault : MO_SLAB_SOUND);
	expect_state(toy, 0, 6, 0, MO_OBJECT_ALLOCATED);
}

static void test_list_leaves(void **state)
{
	struct toy toy;
	unsigned alpha = start(&toy, TOY_7_1);

	(void)state;
	toy_link(&toy, alpha, 5, 15, 0x4141414141414141);
	toy_gather(&toy);
	expect_one_fault(&toy, MO_SLAB_LEAVES, 5,
			 "slab-freelist-corrupt: Free lists lead out of their slabs: free objects were overwritten.; where "
			 "0xffff888000005f00 has 0x4141414141414141 (alpha)");
	/* What came before is known, the rest is not. */
	expect_state(&toy, alpha, 5, 3, MO_OBJECT_FREE);
	expect_state(&toy, alpha, 5, 15, MO_OBJECT_FREE);
	expect_state(&toy, alpha, 5, 0, MO_OBJECT_UNKNOWN);
	expect_state(&toy, alpha, 5, 1, MO_OBJECT_UNKNOWN);
	assert_int_equal(toy.model->caches[0].states[MO_OBJECT_UNKNOWN], 14);
	assert_int_equal(toy.model->caches[0].faulty_slabs, 1);
	toy_destroy(&toy);
}

static void test_list_between_objects(void **state)
{
	struct toy toy;
	unsigned alpha = start(&toy, TOY_6_1);

	(void)state;
	toy_link(&toy, alpha, 5, 0, toy_object_kva(&toy, alpha, 5, 7) + 8);
	toy_gather(&toy);
	expect_one_fault(&toy, MO_SLAB_LEAVES, 5, "0xffff888000005000 has 0xffff888000005708");
	toy_destroy(&toy);
}

static void test_list_into_the_next_slab(void **state)
{
	struct toy toy;
	unsigned alpha = start(&toy, TOY_6_1);

	(void)state;
	toy_link(&toy, alpha, 5, 7, toy_object_kva(&toy, alpha, 6, 0));
	toy_gather(&toy);
	expect_one_fault(&toy, MO_SLAB_LEAVES, 5, "0xffff888000005700 has 0xffff888000006000");
	/* All four were met before: nothing is unknown. */
	assert_int_equal(toy.model->caches[0].states[MO_OBJECT_UNKNOWN], 0);
	toy_destroy(&toy);
}

static void test_loop(void **state)
{
	struct toy toy;
	unsigned alpha = start(&toy, TOY_6_1);

	(void)state;
	toy_link(&toy, alpha, 5, 7, toy_object_kva(&toy, alpha, 5, 3));
	toy_gather(&toy);
	expect_one_fault(&toy, MO_SLAB_TWICE, 5, "slab-free-twice: Objects are free twice");
	assert_int_equal(toy.model->caches[0].states[MO_OBJECT_FREE], 4);
	toy_destroy(&toy);
}

static void test_miscounted(void **state)
{
	struct toy toy;
	unsigned alpha = start(&toy, TOY_6_1);

	(void)state;
	(void)alpha;
	toy_counts(&toy, 5, 13, 16);
	toy_gather(&toy);
	expect_one_fault(&toy, MO_SLAB_MISCOUNTED, 5, "slab-miscounted: The free lists of some slabs are not as long");
	assert_int_equal(toy.model->caches[0].states[MO_OBJECT_FREE], 4); /* the list is believed */
	toy_destroy(&toy);
}

static void test_impossible_counts(void **state)
{
	static const struct {
		unsigned inuse, objects;
	} counts[] = { { 0, 0 }, { 17, 16 }, { 0, 17 }, { 0, 32767 }, { 65535, 32767 }, { 3, 15 } };

	(void)state;
	for (size_t i = 0; i < N_ROWS(counts); i++) {
		struct toy toy;

		start(&toy, TOY_6_1);
		toy_counts(&toy, 5, counts[i].inuse, counts[i].objects);
		toy_gather(&toy);
		expect_one_fault(&toy, MO_SLAB_IMPOSSIBLE_COUNT, 5, "slab-count-impossible: Some slabs have counts");
		assert_int_equal(toy.model->caches[0].objects, 32);
		assert_int_equal(toy.model->caches[0].hidden_objects, counts[i].objects);
		toy_destroy(&toy);
	}
}

static void test_no_cache(void **state)
{
	struct toy toy;

	(void)state;
	start(&toy, TOY_6_1);
	mo_fake_put_u64(toy.kernel, toy_page_kva(5) + 24, 0x6b6b6b6b6b6b6b6b);
	toy_gather(&toy);
	assert_int_equal(toy.model->faults[MO_SLAB_NO_KMEM_CACHE], 1);
	assert_int_equal(mo_slab_at(toy.model, 5)->cache, MO_SLAB_NO_CACHE);
	assert_int_equal(toy.model->n_caches, 1);
	assert_true(fake_run_said(toy.run, "slab-without-cache: Some pages are marked as slabs and belong to no slab cache.; where "
				  "0xffffea0000000140 has 0x6b6b6b6b6b6b6b6b (no cache)"));
	/* The list of partial slabs now holds a page of no cache. */
	assert_true(fake_run_said(toy.run, "is no slab of this cache"));
	toy_destroy(&toy);
}

static void test_overlapping(void **state)
{
	struct toy toy;
	unsigned beta;

	(void)state;
	start(&toy, TOY_6_1);
	beta = toy_cache(&toy, "beta", 1024, 1024, 2);
	toy_slab(&toy, beta, 16, 0, NULL);
	toy_slab(&toy, beta, 18, 0, NULL);
	toy_gather(&toy);
	assert_int_equal(toy.model->faults[MO_SLAB_OVERLAPPED], 1);
	assert_int_equal(mo_slab_at(toy.model, 18)->pfn, 16);
	assert_int_equal(toy.model->caches[1].pages, 4);
	assert_int_equal(toy.model->caches[1].objects, 16);
	assert_int_equal(toy.model->caches[1].hidden_objects, 16);
	toy_destroy(&toy);
}

static void test_unreadable(void **state)
{
	struct toy toy;
	unsigned alpha = start(&toy, TOY_6_1);

	(void)state;
	mo_fake_break(toy.kernel, BASE_KVA + 5 * 4096, 4096, MO_E_NOT_IN_DUMP);
	/* A full slab's memory is not asked for. */
	mo_fake_break(toy.kernel, BASE_KVA + 6 * 4096, 4096, MO_E_NOT_IN_DUMP);
	toy_gather(&toy);
	expect_one_fault(&toy, MO_SLAB_UNREADABLE, 5, "slab-unreadable: Free objects of some slabs could not be told");
	expect_state(&toy, alpha, 5, 3, MO_OBJECT_FREE); /* the slab itself says so */
	assert_int_equal(toy.model->caches[0].states[MO_OBJECT_UNKNOWN], 15);
	toy_destroy(&toy);
}

/* The list of caches breaks behind the first one: the second is found by its slabs. */
static void test_list_of_caches_breaks(void **state)
{
	struct toy toy;
	char *text;
	unsigned beta;

	(void)state;
	start(&toy, TOY_6_1);
	beta = toy_cache(&toy, "beta", 1024, 1024, 0);
	toy_cache(&toy, "empty", 512, 512, 0);
	toy_slab(&toy, beta, 16, 0, NULL);
	toy_node(&toy, beta, 1, 0, NULL);
	mo_fake_put_u64(toy.kernel, toy_cache_kva(0) + 96, 0xdead000000000100);
	toy_gather(&toy);
	assert_int_equal(toy.model->n_caches, 2);
	assert_true(toy.model->caches[0].is_listed);
	assert_false(toy.model->caches[1].is_listed);
	assert_false(toy.model->is_list_whole);
	assert_string_equal(toy.model->caches[1].name, "beta");
	assert_int_equal(toy.model->caches[1].states[MO_OBJECT_ALLOCATED], 4);
	assert_true(fake_run_said(toy.run, "slab-lists-unreadable: Some lists of the slab allocator could not be followed to "
				  "their end.; the first the list of caches (slab_caches)"));
	text = fake_run_flagged(toy.run, "slabinfo", NULL);
	assert_non_null(strstr(text, "beta                   4      4   1024"));
	free(text);
	toy_destroy(&toy);
}

static void test_list_of_caches_loops(void **state)
{
	struct toy toy;

	(void)state;
	start(&toy, TOY_6_1);
	toy_cache(&toy, "beta", 1024, 1024, 0);
	mo_fake_put_u64(toy.kernel, toy_cache_kva(1) + 96, toy_cache_kva(0) + 96);
	toy_gather(&toy);
	assert_int_equal(toy.model->caches[0].n_slabs, 3);
	assert_false(toy.model->is_list_whole);
	toy_destroy(&toy);
}

static void test_bad_names(void **state)
{
	struct toy toy;
	char *text;

	(void)state;
	start(&toy, TOY_6_1);
	toy_cache(&toy, "beta", 1024, 1024, 0);
	toy_cache(&toy, "ga\033[31m\nmma", 512, 512, 0);
	mo_fake_put_u64(toy.kernel, toy_cache_kva(1) + 88, 0x10);
	toy_gather(&toy);
	assert_int_equal(toy.model->n_caches, 3);
	assert_null(toy.model->caches[1].name);
	text = fake_run_flagged(toy.run, "slabinfo", NULL);
	assert_non_null(strstr(text, "0xffffffff83000200"));
	assert_null(strchr(text, '\033'));
	free(text);
	toy_destroy(&toy);
}

/* Numbers of a struct kmem_cache that cannot be: the cache is left out, its slabs have none. */
static void test_bad_caches(void **state)
{
	static const struct {
		uint32_t offset, value;
	} bad[] = { { 24, 0 }, { 24, 4 }, { 24, UINT32_MAX }, { 28, 257 }, { 40, 256 }, { 48, 0 }, { 48, 17 }, { 48, 20u << 16 | 16 },
		    { 48, 40u << 16 | 16 }, { 52, 3u << 16 | 16 }, { 80, 256 }, { 40, UINT32_MAX } };

	(void)state;
	for (size_t i = 0; i < N_ROWS(bad); i++) {
		struct toy toy;

		start(&toy, TOY_6_1);
		mo_fake_put_u32(toy.kernel, toy_cache_kva(0) + bad[i].offset, bad[i].value);
		toy_gather(&toy);
		assert_int_equal(toy.model->n_caches, 0);
		assert_int_equal(toy.model->faults[MO_SLAB_NO_KMEM_CACHE], 3);
		assert_true(fake_run_said(toy.run, "struct kmem_cache at 0xffffffff83000000"));
		toy_destroy(&toy);
	}
}

static void test_bad_sheaves(void **state)
{
	struct toy toy;
	unsigned alpha = start(&toy, TOY_7_1);
	const uint64_t twice = toy_object_kva(&toy, alpha, 5, 3);
	const uint64_t nowhere = toy_object_kva(&toy, alpha, 4, 2) + 8;

	(void)state;
	toy_sheaf(&toy, alpha, 0, 0, 1, &twice);
	toy_sheaf(&toy, alpha, 0, 1, 1, &nowhere);
	toy_sheaf(&toy, alpha, 1, 0, 0, NULL);
	mo_fake_put_u32(toy.kernel, toy_sheaf_kva(alpha, 1, 0) + 24, 4000000000u);
	toy_gather(&toy);
	expect_one_fault(&toy, MO_SLAB_TWICE, 5, "slab-free-twice");
	assert_true(fake_run_said(toy.run, "1 of 1 are no objects of this cache"));
	/* The sheaf that makes no sense may hold as many as a sheaf can; a strange entry and one that is there twice hide one each. */
	assert_int_equal(toy.model->caches[0].untold_objects, 32);
	toy_destroy(&toy);
}

/* What a CPU leaves for a moment inside the allocator is no proof that anything was overwritten. */
static void test_new_slab_is_taken(void **state)
{
	struct toy toy;
	unsigned alpha = start(&toy, TOY_6_1);
	unsigned all[16];

	(void)state;
	for (unsigned i = 0; i < 16; i++)
		all[i] = i;
	/* allocate_slab() left it frozen and in use as a whole; the CPU has not taken the free list yet. */
	toy_slab(&toy, alpha, 9, 16, all);
	toy_counts(&toy, 9, 16, 16 | 0x8000);
	toy_gather(&toy);
	assert_int_equal(mo_slab_at(toy.model, 9)->fault, MO_SLAB_MISCOUNTED);
	assert_true(fake_run_said(toy.run, "slab-miscounted: "));
	assert_true(fake_run_said(toy.run, "(alpha) [notice, guess]"));
	toy_destroy(&toy);
}

/* The CPU's slab, whose free list the CPU has taken: all is well. */
static void test_slab_of_a_cpu_is_whole(void **state)
{
	struct toy toy;
	unsigned alpha = start(&toy, TOY_6_1);

	(void)state;
	toy_counts(&toy, 6, 16, 16 | 0x8000);
	toy_cpu(&toy, alpha, 0, 6, 0, 0);
	toy_gather(&toy);
	assert_int_equal(fake_run_finding_count(toy.run), 0);
	assert_int_equal(mo_slab_at(toy.model, 6)->place, MO_SLAB_CPU);
	assert_int_equal(toy.model->caches[0].states[MO_OBJECT_ALLOCATED], 16 + 12 + 16);
	toy_destroy(&toy);
}

/* ... and what is wrong with that list is wrong. */
static void test_list_of_a_cpu_loops(void **state)
{
	struct toy toy;
	unsigned alpha = start(&toy, TOY_6_1);

	(void)state;
	toy_counts(&toy, 6, 16, 16 | 0x8000);
	toy_cpu(&toy, alpha, 0, 6, toy_object_kva(&toy, alpha, 6, 2), 0);
	toy_link(&toy, alpha, 6, 2, toy_object_kva(&toy, alpha, 6, 5));
	toy_link(&toy, alpha, 6, 5, toy_object_kva(&toy, alpha, 6, 2));
	toy_link(&toy, alpha, 6, 7, toy_object_kva(&toy, alpha, 6, 11));
	toy_link(&toy, alpha, 6, 11, 0);
	toy_gather(&toy);
	/* What lies beyond is unknown; objects without a free pointer where free ones have theirs are allocated. */
	for (unsigned i = 0; i < 16; i++)
		assert_int_equal(mo_object_state_of(toy.model, mo_slab_at(toy.model, 6), i),
				 i == 2 || i == 5 ? MO_OBJECT_FREE_CPU : i == 7 || i == 11 ? MO_OBJECT_UNKNOWN : MO_OBJECT_ALLOCATED);
	assert_int_equal(toy.model->caches[0].untold_objects, 0);
	assert_true(fake_run_said(toy.run, "slab-free-twice: "));
	assert_true(fake_run_said(toy.run, "0xffff888000006500 leads again to 0xffff888000006200 (alpha) [critical, likely]"));
	toy_destroy(&toy);
}

/* The list leads out of its slab: whoever overwrote that free pointer may have overwritten the others. */
static void test_list_of_a_cpu_leaves(void **state)
{
	struct toy toy;
	unsigned alpha = start(&toy, TOY_6_1);

	(void)state;
	toy_counts(&toy, 6, 16, 16 | 0x8000);
	toy_cpu(&toy, alpha, 0, 6, toy_object_kva(&toy, alpha, 6, 2), 0);
	toy_link(&toy, alpha, 6, 2, 0x4141414141414141);
	toy_gather(&toy);
	for (unsigned i = 0; i < 16; i++)
		assert_int_equal(mo_object_state_of(toy.model, mo_slab_at(toy.model, 6), i),
				 i == 2 ? MO_OBJECT_FREE_CPU : MO_OBJECT_UNKNOWN);
	toy_destroy(&toy);
}

/* Whose frozen slab it is cannot be told: its CPU says another one. */
static void test_frozen_slab_of_an_untold_cpu(void **state)
{
	struct toy toy;
	unsigned alpha = start(&toy, TOY_6_1);

	(void)state;
	toy_counts(&toy, 6, 16, 16 | 0x8000);
	toy_cpu(&toy, alpha, 0, 0, toy_object_kva(&toy, alpha, 6, 2), 0);
	toy_gather(&toy);
	assert_int_equal(mo_slab_at(toy.model, 6)->fault, MO_SLAB_UNREADABLE);
	assert_int_equal(toy.model->caches[0].states[MO_OBJECT_UNKNOWN], 16);
	assert_int_equal(toy.model->caches[0].untold_objects, 16);
	toy_destroy(&toy);
}

/* The slab's counter says that more are free than its list has: whatever has a free pointer may be one of them. */
static void test_list_that_ends_early(void **state)
{
	struct toy toy;
	unsigned alpha = start(&toy, TOY_6_1);

	(void)state;
	toy_link(&toy, alpha, 5, 15, 0);
	toy_gather(&toy);
	assert_int_equal(mo_slab_at(toy.model, 5)->fault, MO_SLAB_MISCOUNTED);
	assert_int_equal(toy.model->caches[0].states[MO_OBJECT_FREE], 2);
	assert_int_equal(toy.model->caches[0].states[MO_OBJECT_UNKNOWN], 2);
	toy_destroy(&toy);
}

/* A slab in the making: its page is marked, and nothing else is written yet. */
static void test_slab_in_the_making(void **state)
{
	struct toy toy;

	(void)state;
	start(&toy, TOY_6_1);
	mo_fake_put_u64(toy.kernel, toy_page_kva(20), 1u << 9 | 1ull << 58);
	mo_fake_put_u64(toy.kernel, toy_page_kva(20) + 24, 0xffff888000004010);
	toy_gather(&toy);
	assert_int_equal(toy.model->faults[MO_SLAB_NO_KMEM_CACHE], 1);
	assert_true(fake_run_said(toy.run, "(no cache) [notice, guess]"));
	toy_destroy(&toy);
}

/* An empty slab of nobody's, whose free list is being written. */
static void test_free_list_in_the_making(void **state)
{
	struct toy toy;
	unsigned alpha = start(&toy, TOY_7_1);
	const unsigned some[] = { 3, 1 };

	(void)state;
	toy_slab(&toy, alpha, 9, 2, some);
	toy_counts(&toy, 9, 0, 16);
	toy_link(&toy, alpha, 9, 1, 0x6b6b6b6b6b6b6b6b);
	toy_gather(&toy);
	assert_int_equal(mo_slab_at(toy.model, 9)->fault, MO_SLAB_LEAVES);
	assert_true(fake_run_said(toy.run, "slab-freelist-corrupt: Free lists lead out of their slabs.; "));
	assert_true(fake_run_said(toy.run, "has 0x6b6b6b6b6b6b6b6b (alpha) [notice, guess]"));
	toy_destroy(&toy);
}

/* One object between list and counter, on a slab that a node lists. */
static void test_object_on_its_way(void **state)
{
	struct toy toy;

	(void)state;
	start(&toy, TOY_6_1);
	toy_counts(&toy, 5, 11, 16);
	toy_gather(&toy);
	assert_true(fake_run_said(toy.run, "(alpha) [notice, guess]"));
	toy_destroy(&toy);

	/* Two are no such thing, nor is a list that leaves a slab that others use. */
	start(&toy, TOY_6_1);
	toy_counts(&toy, 5, 10, 16);
	toy_gather(&toy);
	assert_true(fake_run_said(toy.run, "(alpha) [warning, likely]"));
	toy_destroy(&toy);
	start(&toy, TOY_6_1);
	toy_link(&toy, 0, 5, 7, 0x6b6b6b6b6b6b6b6b);
	toy_gather(&toy);
	assert_true(fake_run_said(toy.run, "(alpha) [critical, likely]"));
	toy_destroy(&toy);
}

/* There are two CPUs: of three slabs one at least is no passing state. */
static void test_more_than_cpus(void **state)
{
	struct toy toy;

	(void)state;
	start(&toy, TOY_6_1);
	for (uint64_t pfn = 20; pfn < 23; pfn++)
		mo_fake_put_u64(toy.kernel, toy_page_kva(pfn), 1u << 9 | 1ull << 58);
	toy_gather(&toy);
	assert_int_equal(toy.model->faults[MO_SLAB_NO_KMEM_CACHE], 3);
	assert_true(fake_run_said(toy.run, "(no cache) [warning, likely]"));
	toy_destroy(&toy);
}

/* The CPU has given its slab back, and its free list not yet; lists of slabs that are on their way elsewhere. */
static void test_lists_on_their_way(void **state)
{
	struct toy toy;
	unsigned alpha = start(&toy, TOY_6_1);

	(void)state;
	toy_cpu(&toy, alpha, 0, 0, toy_object_kva(&toy, alpha, 4, 2), 0);
	mo_fake_put_u64(toy.kernel, toy_page_kva(5) + 8, 0xdead000000000100);
	toy_gather(&toy);
	for (unsigned i = 1; i < MO_N_SLAB_FAULTS; i++)
		assert_int_equal(toy.model->faults[i], 0);
	/* What is said is about reading. */
	assert_true(fake_run_said(toy.run, "slab-lists-unreadable: "));
	assert_int_equal(fake_run_finding_count(toy.run), 1);
	toy_destroy(&toy);
}

static void test_garbage_everywhere(void **state)
{
	uint64_t random = 1;

	(void)state;
	for (unsigned round = 0; round < 200; round++) {
		struct toy toy;

		start(&toy, round % 3 == 0 ? TOY_5_10 : round % 3 == 1 ? TOY_6_1 : TOY_7_1);
		/* Every other time the cache is a debugged one of kmalloc's, with red zones, poison, tracks and padding. */
		if (round % 2) {
			mo_fake_put_u32(toy.kernel, toy_cache_kva(0) + 8, 0x80011c00);
			mo_fake_put_u32(toy.kernel, toy_cache_kva(0) + 28, 100);
			mo_fake_put_u32(toy.kernel, toy_cache_kva(0) + 72, 104);
		}
		for (unsigned i = 0; i < 6; i++) {
			static const uint64_t places[] = { TOY_MAP_KVA, BASE_KVA + 4 * 4096, 0xffffffff83000000ull,
							   0xffffffff83020000ull, 0xffffffff84000000ull };
			uint64_t base = places[next_random(&random) % N_ROWS(places)];
			uint64_t value = next_random(&random);

			/* Some garbage is nearly right. */
			if (value % 3 == 0)
				value = BASE_KVA + value % (TOY_PAGES * 4096);
			else if (value % 3 == 1)
				value = TOY_MAP_KVA + value % (TOY_PAGES * 64);
			mo_fake_put_u64(toy.kernel, base + next_random(&random) % 512 / 8 * 8, value);
		}
		toy_gather(&toy);
		free(fake_run_flagged(toy.run, "slabinfo", "exact"));
		free(fake_run_flagged(toy.run, "slabtop", "all"));
		free(fake_run_flagged(toy.run, "slabs", NULL));
		toy_argument = NULL;
		free(fake_run_flagged(toy.run, "slabcheck", NULL));
		toy_destroy(&toy);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_list_leaves), cmocka_unit_test(test_list_between_objects),
		cmocka_unit_test(test_list_into_the_next_slab), cmocka_unit_test(test_loop), cmocka_unit_test(test_miscounted),
		cmocka_unit_test(test_impossible_counts), cmocka_unit_test(test_no_cache), cmocka_unit_test(test_overlapping),
		cmocka_unit_test(test_unreadable), cmocka_unit_test(test_list_of_caches_breaks),
		cmocka_unit_test(test_list_of_caches_loops), cmocka_unit_test(test_bad_names), cmocka_unit_test(test_bad_caches),
		cmocka_unit_test(test_bad_sheaves), cmocka_unit_test(test_garbage_everywhere),
		cmocka_unit_test(test_new_slab_is_taken), cmocka_unit_test(test_slab_of_a_cpu_is_whole),
		cmocka_unit_test(test_list_of_a_cpu_loops),
		cmocka_unit_test(test_list_of_a_cpu_leaves),
		cmocka_unit_test(test_frozen_slab_of_an_untold_cpu),
		cmocka_unit_test(test_list_that_ends_early),
		cmocka_unit_test(test_slab_in_the_making), cmocka_unit_test(test_free_list_in_the_making),
		cmocka_unit_test(test_object_on_its_way), cmocka_unit_test(test_more_than_cpus),
		cmocka_unit_test(test_lists_on_their_way),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
