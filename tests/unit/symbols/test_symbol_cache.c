/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "symbols_fixture.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "symbol_source.h"

#define CACHE_NAME TOY_BUILD_ID ".symbols"

static struct mo_symbols *load(const char *toy, uint64_t slide, const char *cache_dir)
{
	struct mo_elf *elf = open_toy(toy);
	struct mo_symbols *symbols = NULL;

	assert_success(mo_symbols_load_elf(elf, slide, cache_dir, &symbols));
	mo_elf_close(elf);
	return symbols;
}

static void assert_same_tables(const struct mo_symbols *a, const struct mo_symbols *b)
{
	assert_int_equal(mo_symbols_count(a), mo_symbols_count(b));
	for (size_t i = 0; i < mo_symbols_count(a); i++) {
		struct mo_symbol x, y;
		size_t n_x, n_y;

		mo_symbols_get(a, i, &x);
		mo_symbols_get(b, i, &y);
		assert_string_equal(x.name, y.name);
		assert_int_equal(x.value_kva, y.value_kva);
		assert_int_equal(x.size_bytes, y.size_bytes);
		assert_int_equal(x.type, y.type);
		assert_int_equal(find_symbol(a, NULL, x.name, &n_x).value_kva, find_symbol(b, NULL, x.name, &n_y).value_kva);
		assert_int_equal(n_x, n_y);
		if (x.size_bytes && x.type != 'A')
			assert_string_equal(symbol_at(a, x.value_kva).name, symbol_at(b, x.value_kva).name);
	}
}

static void test_the_second_start_reads_the_cache(void **state)
{
	char *directory = make_directory(), *cache = path_in(directory, "deep/cache"), *file = path_in(cache, CACHE_NAME);
	struct mo_symbols *none, *first, *second;
	const struct mo_symbol module[] = { { .name = "exit", .value_kva = 0x99, .size_bytes = 1, .type = 't' } };
	struct stat status;

	(void)state;
	none = load("toy", 0x1000, NULL);
	first = load("toy", 0x2000, cache); /* the slide is not part of the cache */
	second = load("toy", 0x1000, cache);
	assert_string_equal(mo_symbols_describe(first), "symbol table of toy");
	assert_string_equal(mo_symbols_describe(second), "symbol table of toy (cached)");
	assert_same_tables(none, second);
	assert_success(mo_symbols_add_module(second, "m", module, 1));
	assert_int_equal(find_symbol(second, "m", "exit", NULL).value_kva, 0x99);
	assert_int_equal(stat(file, &status), 0);
	assert_int_equal(status.st_mode & 0777, 0600);
	mo_symbols_destroy(none);
	mo_symbols_destroy(first);
	mo_symbols_destroy(second);
	free(file);
	free(cache);
	remove_directory(directory);
}

static void test_only_the_same_file_is_taken_from_the_cache(void **state)
{
	char *cache = make_directory(), *file = path_in(cache, CACHE_NAME);
	char *other_file = path_in(cache, TOY_OTHER_BUILD_ID ".symbols");
	struct mo_symbols *symbols = load("toy", 0, cache);

	(void)state;
	mo_symbols_destroy(symbols);
	assert_int_equal(rename(file, other_file), 0);
	symbols = load("toy-other", 0, cache);
	assert_string_equal(mo_symbols_describe(symbols), "symbol table of toy-other");
	mo_symbols_destroy(symbols);
	symbols = load("toy-anonymous", 0, cache); /* no build-id, no cache */
	assert_string_equal(mo_symbols_describe(symbols), "symbol table of toy-anonymous");
	mo_symbols_destroy(symbols);
	free(file);
	free(other_file);
	remove_directory(cache);
}

/* Any one byte of the file may be wrong, in the header or behind it: the cache is not used, and is made anew. */
static void test_a_damaged_cache_is_not_used(void **state)
{
	char *cache = make_directory(), *file = path_in(cache, CACHE_NAME);
	struct mo_symbols *good = load("toy", 0, cache), *symbols;
	size_t n_bytes, n_again;
	uint8_t *bytes = read_file(file, &n_bytes), *again;

	(void)state;
	for (size_t i = 0; i < n_bytes; i += i < 260 ? 1 : 331) {
		if (i >= 24 + 41 && i < 24 + 136) /* behind the build-id's end nothing is looked at */
			continue;
		bytes[i] ^= 0x55;
		write_file(file, bytes, n_bytes);
		bytes[i] ^= 0x55;
		symbols = load("toy", 0, cache);
		if (strcmp(mo_symbols_describe(symbols), "symbol table of toy") != 0)
			fail_msg("byte %zu does not matter", i);
		assert_same_tables(good, symbols);
		mo_symbols_destroy(symbols);
		again = read_file(file, &n_again);
		assert_int_equal(n_again, n_bytes);
		assert_memory_equal(again, bytes, n_bytes);
		free(again);
	}
	mo_symbols_destroy(good);
	free(bytes);
	free(file);
	remove_directory(cache);
}

static void test_a_cache_cut_short_is_not_used(void **state)
{
	char *cache = make_directory(), *file = path_in(cache, CACHE_NAME);
	struct mo_symbols *good = load("toy", 0, cache), *symbols;
	size_t n_bytes;
	uint8_t *bytes = read_file(file, &n_bytes);

	(void)state;
	for (size_t n_kept = 0; n_kept < n_bytes; n_kept += 397) {
		write_file(file, bytes, n_kept);
		symbols = load("toy", 0, cache);
		assert_string_equal(mo_symbols_describe(symbols), "symbol table of toy");
		assert_same_tables(good, symbols);
		mo_symbols_destroy(symbols);
	}
	mo_symbols_destroy(good);
	free(bytes);
	free(file);
	remove_directory(cache);
}

/* A file in the place of the directory, and a directory in the place of the file: both as good as no cache. */
static void test_a_cache_that_cannot_be_written(void **state)
{
	char *directory = make_directory(), *blocked = path_in(directory, "blocked"), *cache = path_in(directory, "cache");
	char *file = path_in(cache, CACHE_NAME);
	struct mo_symbols *symbols;

	(void)state;
	write_file(blocked, "x", 1);
	symbols = load("toy", 0, blocked);
	assert_string_equal(mo_symbols_describe(symbols), "symbol table of toy");
	mo_symbols_destroy(symbols);
	assert_int_equal(mkdir(cache, 0700), 0);
	assert_int_equal(mkdir(file, 0700), 0);
	symbols = load("toy", 0, cache);
	assert_string_equal(mo_symbols_describe(symbols), "symbol table of toy");
	mo_symbols_destroy(symbols);
	free(file);
	free(cache);
	free(blocked);
	remove_directory(directory);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_the_second_start_reads_the_cache),
		cmocka_unit_test(test_only_the_same_file_is_taken_from_the_cache),
		cmocka_unit_test(test_a_damaged_cache_is_not_used),
		cmocka_unit_test(test_a_cache_cut_short_is_not_used),
		cmocka_unit_test(test_a_cache_that_cannot_be_written),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
