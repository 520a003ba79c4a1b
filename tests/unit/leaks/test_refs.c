/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Who points at an address, and who at those. */
#include "toy_leaks.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DATA page_kva(DATA_PFN)

static char *refs(struct toy *toy, uint64_t kva)
{
	char word[32];

	snprintf(word, sizeof(word), "%llx", (unsigned long long)kva);
	return fake_run_text(toy->run, "refs", (const char *const[]){ word, NULL });
}

/* Lines of the table, its heading among them; title and notes are beside it. */
static size_t count_rows(const char *text)
{
	size_t n = 0;

	for (const char *at = strstr(text, "\n    "); at; at = strstr(at + 1, "\n    "))
		n++;
	return n;
}

static void test_one_depth(void **state)
{
	struct toy toy;
	uint64_t thing;
	char *text;

	(void)state;
	toy_init(&toy);
	thing = take(THINGS, 5);
	point(&toy, DATA + 16, thing + 3);                    /* from a variable */
	point(&toy, take(ODD, 2) + 24, thing + 63);           /* from an object, at its last byte */
	point(&toy, object_kva(ODD, 3), thing);               /* from a free object */
	point(&toy, thing + 8, thing + 8);                    /* from itself */
	point(&toy, page_kva(ANON_PFN), thing);               /* from a process */
	point(&toy, page_kva(DIRECT_PFN) + 8, thing + 64);    /* at its neighbour */
	toy_gather(&toy);
	text = refs(&toy, thing + 10);
	assert_int_equal(count_rows(text), 2);
	assert_non_null(strstr(text, "    1  0xffff888000008140     3  0xffffffff82002010  kernel-data  kernel_table+0x10"));
	assert_non_null(strstr(text, "    1  0xffff888000008140    63  0xffff888000009198  slab         odd+24"));
	free(text);
	text = refs(&toy, object_kva(THINGS, 7));
	assert_non_null(strstr(text, "(none)"));
	free(text);
	toy_destroy(&toy);
}

static void test_depth_and_cycle(void **state)
{
	struct toy toy;
	char *text;

	(void)state;
	toy_init(&toy);
	/* A variable leads to 1, which points at 2 and 3; these point at 4, and 4 at 1: a cycle. */
	for (uint32_t i = 1; i <= 4; i++)
		take(THINGS, i);
	point(&toy, DATA, object_kva(THINGS, 1));
	point(&toy, object_kva(THINGS, 1), object_kva(THINGS, 2));
	point(&toy, object_kva(THINGS, 1) + 8, object_kva(THINGS, 3));
	point(&toy, object_kva(THINGS, 2), object_kva(THINGS, 4));
	point(&toy, object_kva(THINGS, 3), object_kva(THINGS, 4));
	point(&toy, object_kva(THINGS, 4), object_kva(THINGS, 1));
	toy_gather(&toy);
	toy_depth = 2;
	text = refs(&toy, object_kva(THINGS, 4));
	assert_int_equal(count_rows(text), 4);
	assert_null(strstr(text, "kernel_table"));
	free(text);
	toy_depth = 50; /* ends where nobody new points */
	text = refs(&toy, object_kva(THINGS, 4));
	assert_int_equal(count_rows(text), 6);
	assert_non_null(strstr(text, "    3  0xffff888000008040     0  0xffffffff82002000  kernel-data  kernel_table+0x0"));
	assert_non_null(strstr(text, "    3  0xffff888000008040     0  0xffff888000008100  slab         things+0"));
	free(text);
	toy_destroy(&toy);
}

static void test_variable_and_page(void **state)
{
	struct toy toy;
	char *text;

	(void)state;
	toy_init(&toy);
	point(&toy, DATA + 8, TABLE_KVA + 16); /* from itself */
	point(&toy, take(THINGS, 0) + 8, TABLE_KVA + 4088);
	point(&toy, take(THINGS, 1) + 8, page_kva(DIRECT_PFN) + 4095);
	toy_gather(&toy);
	text = refs(&toy, TABLE_KVA + 100);
	assert_int_equal(count_rows(text), 1);
	assert_non_null(strstr(text, "0xffffffff82002000  4088  0xffff888000008008  slab  things+8"));
	free(text);
	text = refs(&toy, page_kva(DIRECT_PFN) + 8);
	assert_int_equal(count_rows(text), 1);
	assert_non_null(strstr(text, "0xffff888000002000  4095  0xffff888000008048  slab  things+8"));
	free(text);
	toy_destroy(&toy);
}

static void test_missing_page(void **state)
{
	struct toy toy;
	char *text;

	(void)state;
	toy_init(&toy);
	point(&toy, DATA, take(THINGS, 0));
	leave_out(&toy, DIRECT_PFN);
	toy_gather(&toy);
	text = refs(&toy, object_kva(THINGS, 0));
	assert_int_equal(count_rows(text), 1);
	assert_non_null(strstr(text, "1 pages of the kernel are missing, and whatever they point at."));
	free(text);
	toy_destroy(&toy);
}

static void test_wrong_words(void **state)
{
	static const char *const words[] = { "", "12g", "-1", "0x", "1ffff888000008140" };
	struct toy toy;

	(void)state;
	toy_init(&toy);
	toy_gather(&toy);
	for (size_t i = 0; i < N_ROWS(words); i++)
		expect_error(fake_run_error(toy.run, "refs", (const char *const[]){ words[i], NULL }), MO_E_INVALID,
			     "is neither an address nor a symbol");
	expect_error(fake_run_error(toy.run, "refs", (const char *const[]){ "1000", NULL }), MO_E_NOT_MAPPED,
		     "there is nothing at 0x1000");
	toy_depth = 65;
	expect_error(fake_run_error(toy.run, "refs", (const char *const[]){ "ffff888000008000", NULL }), MO_E_INVALID,
		     "--depth is 1 to 64");
	toy_destroy(&toy);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_one_depth),         cmocka_unit_test(test_depth_and_cycle),
		cmocka_unit_test(test_variable_and_page), cmocka_unit_test(test_missing_page),
		cmocka_unit_test(test_wrong_words),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
