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
	assert_non_null(strstr(text, "    1  0xffff888000008140     3  0xffffffff82002010  kernel_table+0x10"));
	assert_non_null(strstr(text, "    1  0xffff888000008140    63  0xffff888000009198  odd+24"));
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
	assert_non_null(strstr(text, "    3  0xffff888000008040     0  0xffffffff82002000  kernel_table+0x0"));
	assert_non_null(strstr(text, "    3  0xffff888000008040     0  0xffff888000008100  things+0"));
	free(text);
	toy_destroy(&toy);
}

static char *refs_with(struct toy *toy, uint64_t kva, const char *option)
{
	char word[32];

	snprintf(word, sizeof(word), "%llx", (unsigned long long)kva);
	return fake_run_text(toy->run, "refs", (const char *const[]){ word, option, NULL });
}

static void test_exact(void **state)
{
	struct toy toy;
	uint64_t thing;
	char *text;

	(void)state;
	toy_init(&toy);
	thing = take(THINGS, 5);
	point(&toy, DATA + 16, thing + 3);
	point(&toy, DATA + 24, thing);
	point(&toy, DATA + 32, thing + 8);
	point(&toy, take(ODD, 2), thing + 8);
	toy_gather(&toy);
	text = refs_with(&toy, thing, "--exact");
	assert_int_equal(count_rows(text), 1);
	assert_non_null(strstr(text, "kernel_table+0x18"));
	free(text);
	text = refs_with(&toy, thing + 8, "--exact");
	assert_int_equal(count_rows(text), 2);
	assert_non_null(strstr(text, "kernel_table+0x20"));
	assert_non_null(strstr(text, "odd+0"));
	free(text);
	toy_destroy(&toy);
}

/* Many objects, each of which points at those before it: every one is met once, and its words once. */
static void test_edges_say_what_scans_say(void **state)
{
	struct toy toy;
	char *shallow;
	char *deep;

	(void)state;
	toy_init(&toy);
	for (uint32_t i = 0; i < 60; i++) {
		uint64_t kva = take(THINGS, i);

		for (uint32_t k = 0; k < 8 && k < i; k++)
			point(&toy, kva + 8 * k, object_kva(THINGS, i - 1 - k) + (i * 7 + k) % 64);
	}
	point(&toy, take(LARGE, 0) + 4088, object_kva(THINGS, 0) + 63);
	point(&toy, DATA, 0xffffffffffffff80ull); /* an error number */
	point(&toy, DATA + 8, 0xffffffffffffffffull);
	toy_gather(&toy);
	toy_depth = 2; /* scans */
	shallow = refs(&toy, object_kva(THINGS, 0));
	toy_depth = 3; /* all pointers, sorted: the rows of the third depth come behind */
	deep = refs(&toy, object_kva(THINGS, 0));
	assert_int_equal(count_rows(shallow), 9 + 64);
	assert_non_null(strstr(shallow, "large+4088"));
	assert_true(count_rows(deep) > count_rows(shallow));
	assert_int_equal(strncmp(shallow, deep, strlen(shallow) - 1), 0);
	free(shallow);
	free(deep);
	toy_destroy(&toy);
}

static void test_to_root(void **state)
{
	struct toy toy;
	char *text;

	(void)state;
	toy_init(&toy);
	/* kernel_table leads to 1, that to 2 and 3, these to 4; 5 and 6 point at each other and at 4, and nobody at them. */
	for (uint32_t i = 1; i <= 7; i++)
		take(THINGS, i);
	point(&toy, DATA + 24, object_kva(THINGS, 1) + 8);
	point(&toy, object_kva(THINGS, 1) + 8, object_kva(THINGS, 2) + 16);
	point(&toy, object_kva(THINGS, 1) + 16, object_kva(THINGS, 3));
	point(&toy, object_kva(THINGS, 2) + 16, object_kva(THINGS, 4) + 24);
	point(&toy, object_kva(THINGS, 3), object_kva(THINGS, 4));
	point(&toy, object_kva(THINGS, 5), object_kva(THINGS, 6));
	point(&toy, object_kva(THINGS, 6), object_kva(THINGS, 5));
	point(&toy, object_kva(THINGS, 6) + 8, object_kva(THINGS, 4));
	toy_gather(&toy);
	text = refs_with(&toy, object_kva(THINGS, 4), "--to-root");
	assert_null(strstr(text, "   2     1"));
	assert_non_null(strstr(text, "   1     1  0xffffffff82002018  kernel_table+0x18  0xffff888000008040     8"));
	assert_non_null(strstr(text, "   1     2  0xffff888000008048  things+8           0xffff888000008080    16"));
	assert_non_null(strstr(text, "   1     3  0xffff888000008090  things+16          0xffff888000008100    24"));
	free(text);
	text = refs_with(&toy, object_kva(THINGS, 5), "--to-root");
	assert_non_null(strstr(text, "(none)"));
	assert_non_null(strstr(text, "No root reaches it, as far as 1 objects were followed."));
	free(text);
	toy_destroy(&toy);
}

static void test_page(void **state)
{
	struct toy toy;
	char *text;

	(void)state;
	toy_init_with_pages(&toy);
	make_block(&toy, 20, 1, false);
	point(&toy, take(THINGS, 0) + 8, STRUCT_PAGE_KVA(20) + 1);
	point(&toy, take(THINGS, 1) + 8, page_kva(20) + 4095);
	point(&toy, take(THINGS, 2) + 8, STRUCT_PAGE_KVA(21));
	point(&toy, take(THINGS, 3) + 8, STRUCT_PAGE_KVA(19) + 63);
	toy_gather(&toy);
	text = fake_run_text(toy.run, "refs", (const char *const[]){ "pfn:20", NULL });
	assert_int_equal(count_rows(text), 2);
	assert_non_null(strstr(text, "0xffff888000014000     0  0xffff888000008008  things+8"));
	assert_non_null(strstr(text, "0xffff888000014000  4095  0xffff888000008048  things+8"));
	free(text);
	expect_error(fake_run_error(toy.run, "refs", (const char *const[]){ "pfn:64", NULL }), MO_E_INVALID,
		     "is not a page frame of this dump");
	expect_error(fake_run_error(toy.run, "refs", (const char *const[]){ "pfn:", NULL }), MO_E_INVALID,
		     "is not a page frame of this dump");
	toy_destroy(&toy);
}

static void test_symbols(void **state)
{
	struct toy toy;
	char *text;

	(void)state;
	toy_init(&toy);
	point(&toy, take(THINGS, 0) + 8, TABLE_KVA + 0x20);
	toy_gather(&toy);
	text = fake_run_text(toy.run, "refs", (const char *const[]){ "kernel_table+0x10", NULL });
	assert_int_equal(count_rows(text), 1);
	free(text);
	expect_error(fake_run_error(toy.run, "refs", (const char *const[]){ "kernel_tables", NULL }), MO_E_ABSENT,
		     "is neither an address nor a symbol");
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
	assert_non_null(strstr(text, "0xffffffff82002000  4088  0xffff888000008008  things+8"));
	free(text);
	text = refs(&toy, page_kva(DIRECT_PFN) + 8);
	assert_int_equal(count_rows(text), 1);
	assert_non_null(strstr(text, "0xffff888000002000  4095  0xffff888000008048  things+8"));
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
	assert_non_null(strstr(text, "1 kernel pages are not in the dump; what only they point at cannot be traced."));
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
		     "nothing is at 0x1000");
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
		cmocka_unit_test(test_wrong_words),       cmocka_unit_test(test_exact),
		cmocka_unit_test(test_to_root),           cmocka_unit_test(test_edges_say_what_scans_say),
		cmocka_unit_test(test_page),              cmocka_unit_test(test_symbols),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
