/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Red zones and poison: nothing where they are whole, and each byte that is not. */

#include "toy_slab.h"

#include <stdlib.h>
#include <string.h>

#define RED_ZONE 0x400u
#define POISON 0x800u
#define OBJECT_POISON 0x80000000u
#define STORE_USER 0x10000u
#define KMALLOC 0x1000u
#define TRACK_BYTES 8u

#define SIZE 128u
#define ASKED 72u
#define INUSE 80u
#define RED_LEFT 16u
#define LINK_AT 80u
#define PADDING_AT 88u

static uint64_t object_kva(unsigned index)
{
	return BASE_KVA + 5 * 4096 + index * SIZE + RED_LEFT;
}

static void fill(struct toy *toy, uint64_t kva, uint8_t byte, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		mo_fake_put_u8(toy->kernel, kva + i, byte);
}

/* A slab of 32 objects, of which 4 and 9 are free; the pointer to the next free one lies behind what was asked for. */
static void start(struct toy *toy)
{
	uint64_t cache_kva;
	unsigned alpha;

	toy_init(toy, TOY_6_1);
	alpha = toy_cache(toy, "alpha", SIZE, ASKED, 0);
	cache_kva = toy_cache_kva(alpha);
	mo_fake_put_u32(toy->kernel, cache_kva + 8, RED_ZONE | POISON | OBJECT_POISON);
	mo_fake_put_u32(toy->kernel, cache_kva + 40, LINK_AT);
	mo_fake_put_u32(toy->kernel, cache_kva + 72, INUSE);
	mo_fake_put_u32(toy->kernel, cache_kva + 80, RED_LEFT);
	toy->caches[alpha].offset = RED_LEFT + LINK_AT; /* toy_link() counts from the object's room */
	toy_slab(toy, alpha, 5, 0, NULL);
	toy_counts(toy, 5, 30, 32);
	mo_fake_put_u64(toy->kernel, toy_page_kva(5) + 32, object_kva(4));
	toy_link(toy, alpha, 5, 4, object_kva(9));
	toy_link(toy, alpha, 5, 9, 0);
	for (unsigned i = 0; i < 32; i++) {
		uint8_t red = i == 4 || i == 9 ? 0xbb : 0xcc;

		fill(toy, object_kva(i) - RED_LEFT, red, RED_LEFT);
		fill(toy, object_kva(i) + ASKED, red, INUSE - ASKED);
		fill(toy, object_kva(i) + PADDING_AT, 0x5a, SIZE - RED_LEFT - PADDING_AT);
	}
	fill(toy, object_kva(4), 0x6b, ASKED - 1);
	fill(toy, object_kva(4) + ASKED - 1, 0xa5, 1);
	fill(toy, object_kva(9), 0x6b, ASKED - 1);
	fill(toy, object_kva(9) + ASKED - 1, 0xa5, 1);
	toy_argument = NULL;
}

static char *checked(struct toy *toy)
{
	toy_gather(toy);
	assert_int_equal(toy->model->caches[0].states[MO_OBJECT_FREE], 2);
	return fake_run_flagged(toy->run, "slabcheck", NULL);
}

static void test_whole(void **state)
{
	struct toy toy;
	char *text;

	(void)state;
	start(&toy);
	text = checked(&toy);
	assert_non_null(strstr(text, "(none)"));
	assert_non_null(strstr(text, "Free lists and counters of 1 slabs were checked."));
	assert_non_null(strstr(text, "Red zones, poison and padding of 1 cache were checked."));
	free(text);
	toy_destroy(&toy);
}

static void test_damage(void **state)
{
	static const struct {
		unsigned index;
		int offset;
		const char *row;
	} cases[] = {
		{ 7, -16, "allocated  red zone before it overwritten  0xffff888000005380      1       0xcc  41 cc cc" },
		{ 7, -1, "allocated  red zone before it overwritten  0xffff88800000538f      1       0xcc  41" },
		{ 7, ASKED, "allocated  red zone behind it overwritten  0xffff8880000053d8      1       0xcc  41 cc" },
		{ 4, ASKED + 7, "free   red zone behind it overwritten  0xffff88800000525f      1       0xbb  41" },
		{ 4, 0, "free   written after it was freed  0xffff888000005210      1       0x6b  41 6b" },
		{ 9, ASKED - 2, "free   written after it was freed  0xffff8880000054d6      1       0x6b  41" },
		{ 7, PADDING_AT, "allocated  padding behind its tracks overwritten  0xffff8880000053e8      1       0x5a  41 5a" },
		{ 4, SIZE - RED_LEFT - 1, "free   padding behind its tracks overwritten  0xffff88800000527f      1       0x5a  41" },
		{ 9, ASKED - 1, "free   last byte written after it was freed  0xffff8880000054d7      1       0xa5  41" },
	};

	(void)state;
	for (size_t i = 0; i < N_ROWS(cases); i++) {
		struct toy toy;
		char *text;

		start(&toy);
		mo_fake_put_u8(toy.kernel, object_kva(cases[i].index) + (uint64_t)cases[i].offset, 0x41);
		text = checked(&toy);
		if (!strstr(text, cases[i].row))
			fail_msg("case %zu: \"%s\" is not in:\n%s", i, cases[i].row, text);
		assert_non_null(strstr(text, "Red zones, poison or padding of slab objects were overwritten."));
		free(text);
		toy_destroy(&toy);
	}
}

/* What an allocated object holds, and the pointer to the next free one behind it, is nobody's business. */
static void test_contents_are_free(void **state)
{
	struct toy toy;
	char *text;

	(void)state;
	start(&toy);
	fill(&toy, object_kva(7), 0x41, ASKED);
	fill(&toy, object_kva(7) + INUSE, 0x41, 8);
	text = checked(&toy);
	assert_non_null(strstr(text, "(none)"));
	free(text);
	toy_destroy(&toy);
}

/* A cache whose numbers would lead out of its objects is not checked. */
static void test_wrong_layout(void **state)
{
	struct toy toy;
	char *text;

	(void)state;
	start(&toy);
	mo_fake_put_u32(toy.kernel, toy_cache_kva(0) + 72, SIZE + 1);
	text = checked(&toy);
	assert_non_null(strstr(text, "No cache has red zones or poison that could be checked."));
	free(text);
	toy_destroy(&toy);
}

static void test_broken_list_is_told(void **state)
{
	struct toy toy;
	char *text;

	(void)state;
	start(&toy);
	toy_link(&toy, 0, 5, 9, 0x4242424242424242);
	toy_gather(&toy);
	text = fake_run_flagged(toy.run, "slabcheck", NULL);
	assert_non_null(strstr(text, "free list leaves"));
	assert_non_null(strstr(text, "0x4242424242424242"));
	free(text);
	toy_destroy(&toy);
}

/* What the slab has left over behind its last object. */
static void test_padding_of_the_slab(void **state)
{
	struct toy toy;
	char *text;

	(void)state;
	start(&toy);
	/* One object less: its room is padding. */
	mo_fake_put_u32(toy.kernel, toy_cache_kva(0) + 48, 31);
	mo_fake_put_u32(toy.kernel, toy_cache_kva(0) + 52, 31);
	toy_counts(&toy, 5, 29, 31);
	fill(&toy, object_kva(31) - RED_LEFT, 0x5a, SIZE);
	text = checked(&toy);
	assert_non_null(strstr(text, "(none)"));
	free(text);
	fake_run_destroy(toy.run);
	mo_fake_put(toy.kernel, object_kva(31) + 40, "spilled", 7);
	text = checked(&toy);
	assert_non_null(strstr(text, "padding at the slab's end overwritten  0xffff888000005fb8      7       0x5a  73 70 69 6c 6c 65 64 5a"));
	assert_non_null(strstr(text, "text \"spilled\""));
	free(text);
	toy_destroy(&toy);
}

/* A cache of kmalloc's with tracks: the size that was asked for stands behind them. */
static void start_kmalloc(struct toy *toy, bool has_zones)
{
	start(toy);
	mo_fake_put_u32(toy->kernel, toy_cache_kva(0) + 8, RED_ZONE | POISON | OBJECT_POISON | STORE_USER | KMALLOC);
	for (unsigned i = 0; i < 32; i++) {
		fill(toy, object_kva(i) + PADDING_AT, 0x5a, 24);
		mo_fake_put_u32(toy->kernel, object_kva(i) + PADDING_AT + 2 * TRACK_BYTES, 50);
		if (has_zones && i != 4 && i != 9)
			fill(toy, object_kva(i) + 50, 0xcc, ASKED - 50);
	}
}

static void test_size_asked_for(void **state)
{
	struct toy toy;
	char *text;

	(void)state;
	start_kmalloc(&toy, true);
	text = checked(&toy);
	assert_non_null(strstr(text, "(none)"));
	free(text);
	fake_run_destroy(toy.run);
	mo_fake_put_u64(toy.kernel, object_kva(7) + 54, toy_object_kva(&toy, 0, 5, 3) + RED_LEFT);
	mo_fake_put_u32(toy.kernel, object_kva(12) + PADDING_AT + 2 * TRACK_BYTES, UINT32_MAX); /* no size at all */
	text = checked(&toy);
	assert_non_null(strstr(text, "written beyond the size asked for  0xffff8880000053c6      8       0xcc  90 51 00 00 80 88 ff ff"));
	assert_null(strstr(text, "0xffff888000005610")); /* the twelfth */
	free(text);
	toy_destroy(&toy);
}

/* 6.1 keeps the size without a red zone from there on. */
static void test_size_without_zone(void **state)
{
	struct toy toy;
	char *text;

	(void)state;
	start_kmalloc(&toy, false);
	fill(&toy, object_kva(7) + 50, 0x41, ASKED - 50);
	text = checked(&toy);
	assert_non_null(strstr(text, "(none)"));
	free(text);
	toy_destroy(&toy);
}

/* Whose pointer it is that stands where none must be, and the neighbours. */
static void test_what_overwrote(void **state)
{
	struct toy toy;
	char *text;

	(void)state;
	start(&toy);
	mo_fake_put_u64(toy.kernel, object_kva(7) + ASKED, object_kva(3) + 20);
	fill(&toy, object_kva(20) - 8, 0, 8);
	fill(&toy, object_kva(21) - 8, 0xbb, 8);
	text = checked(&toy);
	assert_non_null(strstr(text, "pointer to an object of alpha (allocated)"));
	assert_non_null(strstr(text, "zeros"));
	assert_non_null(strstr(text, "the red zone of a free object"));
	assert_non_null(strstr(text, "the first:   0xffff888000005390, alpha: red zone behind it overwritten"));
	assert_non_null(strstr(text, "places:      3"));
	free(text);
	toy_destroy(&toy);
}

static void test_slab_is_told(void **state)
{
	struct toy toy;
	char *text;

	(void)state;
	toy_init(&toy, TOY_SLAB);
	toy_slab_cache(&toy, "alpha", 256, 15);
	mo_fake_put_u32(toy.kernel, toy_cache_kva(0) + 8, RED_ZONE | POISON);
	toy_argument = NULL;
	toy_gather(&toy);
	text = fake_run_flagged(toy.run, "slabcheck", NULL);
	assert_non_null(strstr(text, "This kernel's allocator is SLAB: red zones and poison are known of SLUB only."));
	free(text);
	toy_destroy(&toy);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_whole), cmocka_unit_test(test_damage), cmocka_unit_test(test_contents_are_free),
		cmocka_unit_test(test_wrong_layout), cmocka_unit_test(test_broken_list_is_told),
		cmocka_unit_test(test_padding_of_the_slab), cmocka_unit_test(test_size_asked_for),
		cmocka_unit_test(test_size_without_zone), cmocka_unit_test(test_what_overwrote), cmocka_unit_test(test_slab_is_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
