/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Which memory cgroup pays: vectors of pointers, and of larger entries that may be anywhere. */

#include "toy_slab.h"

#include <stdlib.h>
#include <string.h>

#define VECTOR (BASE_KVA + 40 * 4096)
#define OBJCG(i) (BASE_KVA + 41 * 4096 + (i) * 64ull)
#define MEMCG(i) (0xffff888000100000ull + (i) * 0x1000ull)

static const unsigned free_objects[] = { 5, 6 };

/* 32 objects: 0 to 9 of the first cgroup by one obj_cgroup, 10 by another; 11 to 15 of the second; 5 and 6 are free. */
static void start(struct toy *toy, enum toy_shape shape, uint64_t stride, uint64_t objcg_offset)
{
	unsigned alpha;

	toy_init(toy, shape);
	alpha = toy_cache(toy, "alpha", 128, 120, 0);
	toy_slab(toy, alpha, 5, 2, free_objects);
	toy_slab(toy, alpha, 6, 0, NULL);
	mo_fake_put_u64(toy->kernel, toy_page_kva(5) + 56, VECTOR | 1);
	if (shape == TOY_7_1)
		mo_fake_put_u32(toy->kernel, toy_page_kva(5) + 44, (uint32_t)stride);
	mo_fake_put_u64(toy->kernel, OBJCG(0), MEMCG(0));
	mo_fake_put_u64(toy->kernel, OBJCG(1), MEMCG(0));
	mo_fake_put_u64(toy->kernel, OBJCG(2), MEMCG(1));
	for (uint64_t i = 0; i < 16; i++)
		mo_fake_put_u64(toy->kernel, VECTOR + i * stride + objcg_offset, OBJCG(i < 10 ? 0 : i == 10 ? 1 : 2));
	toy_argument = "alpha";
}

static void check(struct toy *toy)
{
	char *text;

	toy_gather(toy);
	text = fake_run_flagged(toy->run, "slab", "charged");
	assert_non_null(strstr(text, "Who is charged\n"
				     "CGROUP  OBJECTS   MEMORY\n"
				     "             48  6.0 KiB\n"
				     "?             9  1.1 KiB\n"
				     "?             5    640 B\n"));
	free(text);
	text = fake_run_flagged(toy->run, "slabtop", "charged");
	assert_non_null(strstr(text, "?             9          0 B        1.2 KiB\n"));
	free(text);
	toy_destroy(toy);
}

static void test_pointers(void **state)
{
	struct toy toy;

	(void)state;
	start(&toy, TOY_6_1, 8, 0);
	check(&toy);
}

static void test_entries(void **state)
{
	struct toy toy;

	(void)state;
	start(&toy, TOY_7_1, 16, 8);
	check(&toy);
}

/* The entries stand in the padding of the objects themselves. */
static void test_stride_of_objects(void **state)
{
	struct toy toy;

	(void)state;
	start(&toy, TOY_7_1, 128, 8);
	check(&toy);
}

static void test_unreadable(void **state)
{
	struct toy toy;
	char *text;

	(void)state;
	start(&toy, TOY_6_1, 8, 0);
	mo_fake_break(toy.kernel, OBJCG(2), 8, MO_E_NOT_IN_DUMP);
	toy_gather(&toy);
	text = fake_run_flagged(toy.run, "slab", "charged");
	assert_non_null(strstr(text, "Of 5 objects it could not be read who is charged, and 0 belong to further"));
	free(text);
	toy_destroy(&toy);

	start(&toy, TOY_7_1, 16, 8);
	mo_fake_put_u32(toy.kernel, toy_page_kva(5) + 44, 4000000000u);
	toy_gather(&toy);
	text = fake_run_flagged(toy.run, "slab", "charged");
	assert_non_null(strstr(text, "Of 30 objects it could not be read who is charged"));
	free(text);
	toy_destroy(&toy);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_pointers), cmocka_unit_test(test_entries), cmocka_unit_test(test_stride_of_objects),
		cmocka_unit_test(test_unreadable),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
