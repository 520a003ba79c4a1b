/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What many objects hang on: lists, chains, trees, arrays; broken ones; and what is too little to be shown. */
#include "toy_leaks.h"

#include <stdlib.h>
#include <string.h>

#define DATA page_kva(DATA_PFN)
#define MANY 110u

static char *reachable(struct toy *toy)
{
	return fake_run_text(toy->run, "leaks", (const char *const[]){ "--reachable", NULL });
}

/* The objects of two slabs of things, by one number. */
static uint64_t thing(uint32_t number)
{
	return object_kva(number < 64 ? THINGS : MORE_THINGS, number % 64);
}

static void take_many(uint32_t n)
{
	for (uint32_t i = 0; i < n; i++)
		take(i < 64 ? THINGS : MORE_THINGS, i % 64);
}

/* A list with its links at byte 8 of each object, and its head in kernel_table. */
static void make_list(struct toy *toy, uint64_t head_kva, uint64_t head_at, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++) {
		point(toy, thing(i) + 8, i + 1 < n ? thing(i + 1) + 8 : head_kva);
		point(toy, thing(i) + 16, i ? thing(i - 1) + 8 : head_kva);
	}
	point(toy, head_at, thing(0) + 8);
	point(toy, head_at + 8, thing(n - 1) + 8);
}

static void test_list(void **state)
{
	struct toy toy;
	char *text;

	(void)state;
	toy_init(&toy);
	take_many(MANY);
	make_list(&toy, TABLE_KVA + 64, DATA + 64, MANY);
	/* Old pointers into the middle, from a page that somebody took, and from another object. */
	point(&toy, page_kva(DIRECT_PFN) + 8, thing(50) + 8);
	point(&toy, take(ODD, 3) + 8, thing(70) + 8);
	toy_gather(&toy);
	text = reachable(&toy);
	assert_non_null(strstr(text, "things    110  6.9 KiB"));
	assert_non_null(strstr(text, "kernel_table"));
	assert_null(strstr(text, "direct"));
	assert_null(strstr(text, "odd"));
	free(text);
	toy_destroy(&toy);
}

/* An empty list's head in each object points at itself: no links, and nothing to hang on. */
static void test_few_and_empty(void **state)
{
	struct toy toy;
	char *text;

	(void)state;
	toy_init(&toy);
	take_many(MANY);
	for (uint32_t i = 0; i < MANY; i++) {
		point(&toy, thing(i) + 8, thing(i) + 8);
		point(&toy, thing(i) + 16, thing(i) + 8);
	}
	toy_gather(&toy);
	text = reachable(&toy);
	assert_non_null(strstr(text, "(none)"));
	free(text);
	toy_destroy(&toy);

	toy_init(&toy);
	take_many(90);
	make_list(&toy, TABLE_KVA + 64, DATA + 64, 90);
	toy_gather(&toy);
	text = reachable(&toy);
	assert_non_null(strstr(text, "(none)"));
	free(text);
	toy_destroy(&toy);
}

/* A ring that no head is in, entered by one pointer; words that lead between objects and out of their slabs. */
static void test_broken(void **state)
{
	struct toy toy;
	char *text;

	(void)state;
	toy_init(&toy);
	take_many(MANY);
	for (uint32_t i = 0; i < MANY; i++) {
		point(&toy, thing(i) + 8, thing((i + 1) % MANY) + 8);
		point(&toy, thing(i) + 32, ~0ull - i);
		point(&toy, thing(i) + 40, page_kva(TOY_PAGES) + i);
		point(&toy, thing(i) + 48, object_kva(LARGE, 0) + 8191);
	}
	point(&toy, take(ODD, 20) + 184, thing(5) + 8);
	set_fault(LARGE, true);
	toy_gather(&toy);
	text = reachable(&toy);
	assert_non_null(strstr(text, "things    110"));
	assert_non_null(strstr(text, "odd+184"));
	free(text);
	toy_destroy(&toy);
}

/* Parent, right and left: half of the pointers lead to parents. */
static void test_tree(void **state)
{
	struct toy toy;
	char *text;

	(void)state;
	toy_init(&toy);
	take_many(MANY);
	for (uint32_t i = 0; i < MANY; i++) {
		if (i)
			point(&toy, thing(i) + 8, (thing((i - 1) / 2) + 8) | (i & 1));
		else
			point(&toy, thing(0) + 8, 1);
		if (2 * i + 1 < MANY)
			point(&toy, thing(i) + 24, thing(2 * i + 1) + 8);
		if (2 * i + 2 < MANY)
			point(&toy, thing(i) + 16, thing(2 * i + 2) + 8);
	}
	point(&toy, DATA + 128, thing(0) + 8);
	toy_gather(&toy);
	text = reachable(&toy);
	assert_non_null(strstr(text, "things    110"));
	assert_non_null(strstr(text, "kernel_table+0x80"));
	free(text);
	toy_destroy(&toy);
}

/* An array in a page that a variable points at: the way to it is told. */
static void test_array(void **state)
{
	struct toy toy;
	char *text;

	(void)state;
	toy_init(&toy);
	take_many(MANY);
	for (uint32_t i = 0; i < MANY; i++)
		point(&toy, page_kva(DIRECT_PFN) + 8 * i, thing(i));
	point(&toy, DATA + 24, page_kva(DIRECT_PFN));
	toy_gather(&toy);
	text = reachable(&toy);
	assert_non_null(strstr(text, "things    110"));
	assert_non_null(strstr(text, "direct"));
	assert_non_null(strstr(text, "kernel_table+0x18"));
	free(text);
	toy_destroy(&toy);
}

static void test_missing_page(void **state)
{
	struct toy toy;
	char *text;

	(void)state;
	toy_init(&toy);
	take_many(MANY);
	make_list(&toy, TABLE_KVA + 64, DATA + 64, MANY);
	leave_out(&toy, DIRECT_PFN);
	toy_gather(&toy);
	text = reachable(&toy);
	assert_non_null(strstr(text, "things    110"));
	assert_non_null(strstr(text, "1 kernel pages are not in the dump"));
	free(text);
	toy_destroy(&toy);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_list), cmocka_unit_test(test_few_and_empty), cmocka_unit_test(test_broken),
		cmocka_unit_test(test_tree), cmocka_unit_test(test_array),         cmocka_unit_test(test_missing_page),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
