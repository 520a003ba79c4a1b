/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "symbols_fixture.h"

#include <stdlib.h>
#include <string.h>

#include "symbol_source.h"
#include "symbol_table.h"

struct row {
	uint64_t value;
	uint64_t size_bytes;
	char type;
	const char *name;
	unsigned flags;
};

/* A table of rows, with a slide. */
static struct mo_symbols *make_table(const struct row *rows, size_t n_rows, uint64_t slide, enum mo_symbol_sizes sizes)
{
	struct mo_symbol_builder builder = { .records = { .items = NULL } };
	struct mo_symbols *symbols = NULL;
	struct mo_symbol_part part;

	for (size_t i = 0; i < n_rows; i++)
		assert_success(mo_symbol_builder_add(&builder, rows[i].name, strlen(rows[i].name), rows[i].type,
						     rows[i].value, rows[i].size_bytes, rows[i].flags));
	assert_success(mo_symbol_builder_finish(&builder, sizes, &part));
	part.slide = slide;
	assert_success(mo_symbols_create(&part, &symbols, "table of %s", "rows"));
	return symbols;
}

#define MAKE_TABLE(rows, slide) make_table(rows, sizeof(rows) / sizeof((rows)[0]), slide, MO_SIZES_AS_GIVEN)

static void assert_at(const struct mo_symbols *symbols, uint64_t kva, const char *name)
{
	struct mo_symbol symbol = symbol_at(symbols, kva);

	if (strcmp(symbol.name, name) != 0)
		fail_msg("0x%llx is in %s, not in %s", (unsigned long long)kva, symbol.name, name);
}

static void assert_nothing_at(const struct mo_symbols *symbols, uint64_t kva)
{
	struct mo_symbol symbol = { .name = "untouched" };

	assert_error(mo_symbols_at(symbols, kva, &symbol), MO_E_ABSENT, "no symbol covers 0x");
	assert_string_equal(symbol.name, "untouched");
}

static void test_an_empty_table(void **state)
{
	struct mo_symbols *symbols = make_table(NULL, 0, 0, MO_SIZES_AS_GIVEN);
	struct mo_symbol symbol;

	(void)state;
	assert_int_equal(mo_symbols_count(symbols), 0);
	assert_nothing_at(symbols, 0);
	assert_nothing_at(symbols, UINT64_MAX);
	assert_error(mo_symbols_find(symbols, NULL, "x", &symbol, NULL), MO_E_ABSENT, "no symbol x in the table of rows");
	assert_error(mo_symbols_find(symbols, NULL, "", &symbol, NULL), MO_E_ABSENT, "no symbol  in the table of rows");
	assert_string_equal(mo_symbols_describe(symbols), "table of rows");
	assert_false(mo_symbols_is_partial(symbols));
	mo_symbols_destroy(symbols);
	mo_symbols_destroy(NULL);
}

static void test_order_and_names(void **state)
{
	static const struct row rows[] = {
		{ 0x3000, 0x10, 'T', "third", 0 },      { 0x1000, 0x10, 'T', "first", 0 },
		{ 0x2000, 0x10, 't', "repeated", 0 },   { 0x2800, 0x10, 'd', "repeated", 0 },
		{ 0x1800, 0x10, 'B', "repeated", 0 },   { 0xffffffff81000000, 0x10, 'R', "high", 0 },
		{ 0x2000, 0x10, 't', "also_2000", 0 },
	};
	static const char *const order[] = { "first", "repeated", "repeated", "also_2000", "repeated", "third", "high" };
	struct mo_symbols *symbols = MAKE_TABLE(rows, 0);
	struct mo_symbol symbol;
	size_t n_same = 0;

	(void)state;
	assert_int_equal(mo_symbols_count(symbols), 7);
	for (size_t i = 0; i < 7; i++) {
		mo_symbols_get(symbols, i, &symbol);
		assert_string_equal(symbol.name, order[i]);
		assert_null(symbol.module);
	}
	mo_symbols_get(symbols, 7, &symbol);
	assert_string_equal(symbol.name, "");
	symbol = find_symbol(symbols, NULL, "repeated", &n_same);
	assert_int_equal(symbol.value_kva, 0x1800);
	assert_int_equal(symbol.type, 'B');
	assert_int_equal(n_same, 3);
	symbol = find_symbol(symbols, NULL, "high", NULL);
	assert_int_equal(symbol.value_kva, 0xffffffff81000000);
	assert_int_equal(symbol.size_bytes, 0x10);
	mo_symbols_destroy(symbols);
}

/* Against a plain search over all rows, with many symbols of few values. */
static void test_order_of_many(void **state)
{
	size_t n_rows = 20000;
	struct row *rows = calloc(n_rows, sizeof(*rows));
	struct mo_symbols *symbols;
	struct mo_symbol symbol = { .size_bytes = 0 };
	uint64_t random = 12345, previous = 0;

	(void)state;
	assert_non_null(rows);
	for (size_t i = 0; i < n_rows; i++) {
		random = random * 6364136223846793005u + 1442695040888963407u;
		rows[i] = (struct row){ .value = (random >> 32) % 5000 + (i % 7 ? UINT64_C(0xffffffff81000000) : 0),
					.size_bytes = i, .type = 'T', .name = "same" };
	}
	symbols = make_table(rows, n_rows, 0, MO_SIZES_AS_GIVEN);
	for (size_t i = 0; i < n_rows; i++) {
		uint64_t previous_number = symbol.size_bytes;

		mo_symbols_get(symbols, i, &symbol);
		assert_true(symbol.value_kva >= previous);
		assert_int_equal(rows[symbol.size_bytes].value, symbol.value_kva);
		if (i && symbol.value_kva == previous) /* stable */
			assert_true(symbol.size_bytes > previous_number);
		previous = symbol.value_kva;
	}
	mo_symbols_destroy(symbols);
	free(rows);
}

static void test_what_covers_an_address(void **state)
{
	static const struct row rows[] = {
		{ 0x1000, 0x100, 'T', "function", 0 }, { 0x1040, 0, 't', "label", 0 }, { 0x1080, 0x10, 't', "nested", 0 },
		{ 0x1200, 0x10, 'T', "other", 0 },     { 0x1300, 0, 'T', "unsized", 0 }, { 0x1400, 0x20, 'D', "data", 0 },
	};
	struct mo_symbols *symbols = MAKE_TABLE(rows, 0);

	(void)state;
	assert_nothing_at(symbols, 0xfff);
	assert_at(symbols, 0x1000, "function");
	assert_at(symbols, 0x103f, "function");
	assert_at(symbols, 0x1040, "label");
	assert_at(symbols, 0x1041, "function");
	assert_at(symbols, 0x108f, "nested");
	assert_at(symbols, 0x1090, "function");
	assert_at(symbols, 0x10ff, "function");
	assert_nothing_at(symbols, 0x1100);
	assert_at(symbols, 0x1300, "unsized");
	assert_at(symbols, 0x13ff, "unsized");
	assert_at(symbols, 0x141f, "data");
	assert_nothing_at(symbols, 0x1420);
	assert_nothing_at(symbols, UINT64_MAX);
	mo_symbols_destroy(symbols);
}

static void test_an_unsized_symbol_does_not_reach_for_ever(void **state)
{
	static const struct row rows[] = { { 0x1000, 0, 'T', "_end", 0 } };
	struct mo_symbols *symbols = MAKE_TABLE(rows, 0);

	(void)state;
	assert_at(symbols, 0x1000 + 0xffff, "_end");
	assert_nothing_at(symbols, 0x1000 + 0x10000);
	mo_symbols_destroy(symbols);
}

static void test_the_best_of_several_names(void **state)
{
	static const struct row rows[] = {
		{ 0x1000, 0, 'T', "_text", 0 },        { 0x1000, 0x10, 't', "local", 0 },
		{ 0x1000, 0x10, 'T', "__global", 0 },  { 0x1000, 0x10, 'T', "global", 0 },
		{ 0x1000, 0x10, 'W', "weak", 0 },      { 0x1000, 0x10, 'T', "global_too", 0 },
		{ 0x2000, 4, 'T', "short_global", 0 }, { 0x2000, 0x10, 't', "long_local", 0 },
		{ 0x3000, 0x20, 't', "outer", 0 },     { 0x3000, 0x8, 'T', "inner", 0 },
	};
	struct mo_symbols *symbols = MAKE_TABLE(rows, 0);

	(void)state;
	assert_at(symbols, 0x1000, "global");
	assert_at(symbols, 0x1008, "global");
	assert_at(symbols, 0x2000, "short_global");
	assert_at(symbols, 0x2008, "long_local"); /* the better name does not reach so far */
	assert_at(symbols, 0x3004, "inner");
	assert_at(symbols, 0x3010, "outer");
	mo_symbols_destroy(symbols);
}

static void test_overlaps_and_wild_sizes(void **state)
{
	static const struct row rows[] = {
		{ 0x1000, 0x20, 'T', "a", 0 },     { 0x1010, 0x20, 'T', "b", 0 }, { 0x1018, 1, 'T', "c", 0 },
		{ 0x2000, UINT64_MAX, 'T', "endless", 0 }, { 0x3000, 0x10, 'T', "within", 0 },
	};
	struct mo_symbols *symbols = MAKE_TABLE(rows, 0);

	(void)state;
	assert_at(symbols, 0x100f, "a");
	assert_at(symbols, 0x1018, "c");
	assert_at(symbols, 0x1019, "b");
	assert_at(symbols, 0x102f, "b");
	assert_at(symbols, 0x3008, "within");
	assert_at(symbols, 0x4000, "endless");
	assert_nothing_at(symbols, 0x1030);
	mo_symbols_destroy(symbols);
}

static void test_slide_and_fixed_values(void **state)
{
	static const struct row rows[] = {
		{ 0x81000000, 0x10, 'T', "text", 0 },
		{ 0x1c0, 8, 'A', "per_cpu", MO_SYMBOL_FIXED },
		{ 0x81001000, 0x10, 'D', "data", 0 },
		{ 0x300, 0, 'A', "number", MO_SYMBOL_FIXED },
		{ 0xffffffffff600000, 0, 'A', "high_number", MO_SYMBOL_FIXED },
	};
	static const char *const order[] = { "per_cpu", "number", "text", "data", "high_number" };
	struct mo_symbols *symbols = MAKE_TABLE(rows, 0x2000000);
	struct mo_symbol symbol;

	(void)state;
	for (size_t i = 0; i < 5; i++) {
		mo_symbols_get(symbols, i, &symbol);
		assert_string_equal(symbol.name, order[i]);
	}
	assert_int_equal(find_symbol(symbols, NULL, "text", NULL).value_kva, 0x83000000);
	assert_int_equal(find_symbol(symbols, NULL, "per_cpu", NULL).value_kva, 0x1c0);
	assert_int_equal(find_symbol(symbols, NULL, "high_number", NULL).value_kva, 0xffffffffff600000);
	assert_at(symbols, 0x83001008, "data");
	assert_at(symbols, 0x1c4, "per_cpu");
	assert_nothing_at(symbols, 0x81000000);
	assert_nothing_at(symbols, 0x300); /* a number is no place */
	assert_nothing_at(symbols, 0xffffffffff600000);
	mo_symbols_destroy(symbols);
}

static void test_sizes_by_distance(void **state)
{
	static const struct row rows[] = {
		{ 0x1000, 7, 'T', "a", 0 }, { 0x1000, 9, 'T', "b", 0 }, { 0x1010, 0, 'T', "c", 0 },
		{ 0x1010 + (65 << 20), 3, 'T', "far", 0 },
	};
	struct mo_symbols *symbols = make_table(rows, 4, 0, MO_SIZES_BY_DISTANCE);

	(void)state;
	assert_int_equal(find_symbol(symbols, NULL, "a", NULL).size_bytes, 0x10);
	assert_int_equal(find_symbol(symbols, NULL, "b", NULL).size_bytes, 0x10);
	assert_int_equal(find_symbol(symbols, NULL, "c", NULL).size_bytes, 0);
	assert_int_equal(find_symbol(symbols, NULL, "far", NULL).size_bytes, 0);
	mo_symbols_destroy(symbols);
}

static void test_names_are_made_visible(void **state)
{
	static const struct row rows[] = { { 0x1000, 1, '\n', "evil\x1b[31m", 0 }, { 0x2000, 1, 'T', "gr\xc3\xbc\xc3\x9f", 0 } };
	struct mo_symbols *symbols = MAKE_TABLE(rows, 0);

	(void)state;
	assert_at(symbols, 0x1000, "evil\\x1b[31m");
	assert_int_equal(find_symbol(symbols, NULL, "evil\\x1b[31m", NULL).type, '?');
	assert_at(symbols, 0x2000, "gr\xc3\xbc\xc3\x9f");
	mo_symbols_destroy(symbols);
}

static void test_modules(void **state)
{
	static const struct row rows[] = { { 0x1000, 0x10, 'T', "init", 0 }, { 0x2000, 0, 'T', "_end", 0 } };
	const struct mo_symbol net[] = {
		{ .name = "net_exit", .value_kva = 0x9200, .size_bytes = 0x10, .type = 't' },
		{ .name = "init", .value_kva = 0x9100, .size_bytes = 0x10, .type = 't' },
	};
	const struct mo_symbol disk[] = { { .name = "init", .value_kva = 0x9180, .size_bytes = 8, .type = 't' } };
	struct mo_symbols *symbols = MAKE_TABLE(rows, 0);
	struct mo_symbol symbol;
	size_t n_same;

	(void)state;
	assert_success(mo_symbols_add_module(symbols, "virtio_net", net, 2));
	assert_success(mo_symbols_add_module(symbols, "disk", disk, 1));
	assert_success(mo_symbols_add_module(symbols, "empty", NULL, 0));
	assert_int_equal(mo_symbols_count(symbols), 5);
	mo_symbols_get(symbols, 2, &symbol);
	assert_string_equal(symbol.name, "init");
	assert_string_equal(symbol.module, "virtio_net");
	mo_symbols_get(symbols, 4, &symbol);
	assert_string_equal(symbol.module, "disk");
	assert_int_equal(find_symbol(symbols, NULL, "init", &n_same).value_kva, 0x1000);
	assert_int_equal(n_same, 3);
	assert_int_equal(find_symbol(symbols, "", "init", &n_same).value_kva, 0x1000);
	assert_int_equal(n_same, 1);
	assert_int_equal(find_symbol(symbols, "virtio-net", "init", &n_same).value_kva, 0x9100);
	assert_int_equal(n_same, 1);
	assert_int_equal(find_symbol(symbols, "disk", "init", NULL).value_kva, 0x9180);
	assert_int_equal(find_symbol(symbols, NULL, "net_exit", NULL).value_kva, 0x9200);
	assert_error(mo_symbols_find(symbols, "", "net_exit", &symbol, NULL), MO_E_ABSENT,
		     "no symbol net_exit in the table of rows");
	assert_error(mo_symbols_find(symbols, "disk", "net_exit", &symbol, NULL), MO_E_ABSENT,
		     "no symbol net_exit in module disk");
	assert_error(mo_symbols_find(symbols, "sound", "init", &symbol, NULL), MO_E_ABSENT,
		     "no symbols of a module sound are loaded");
	/* Modules may lie between each other, and all of them within reach of a symbol without size. */
	assert_at(symbols, 0x9108, "init");
	assert_string_equal(symbol_at(symbols, 0x9108).module, "virtio_net");
	assert_string_equal(symbol_at(symbols, 0x9184).module, "disk");
	assert_at(symbols, 0x9208, "net_exit");
	assert_at(symbols, 0x2100, "_end");
	mo_symbols_destroy(symbols);
}

/* What nm says of the toy, by hand. */
static void test_symbols_of_an_elf_file(void **state)
{
	struct mo_elf *elf = open_toy("toy");
	struct mo_symbols *symbols = NULL;
	struct mo_symbol symbol;
	size_t n_same;

	(void)state;
	assert_success(mo_symbols_load_elf(elf, 0, NULL, &symbols));
	mo_elf_close(elf); /* strings live as long as the table */
	assert_string_equal(mo_symbols_describe(symbols), "symbol table of toy");
	assert_int_equal(find_symbol(symbols, NULL, "toy_function", NULL).type, 'T');
	assert_int_equal(find_symbol(symbols, NULL, "toy_local", NULL).type, 't');
	assert_int_equal(find_symbol(symbols, NULL, "toy_weak", NULL).type, 'W');
	assert_int_equal(find_symbol(symbols, NULL, "toy_weak_data", NULL).type, 'V');
	assert_int_equal(find_symbol(symbols, NULL, "toy_banner", NULL).type, 'R');
	assert_int_equal(find_symbol(symbols, NULL, "toy_zeroed", NULL).type, 'B');
	assert_int_equal(find_symbol(symbols, NULL, "toy_absolute", NULL).type, 'A');
	assert_int_equal(find_symbol(symbols, NULL, "toy_absolute", NULL).value_kva, 0x1234);
	assert_int_equal(find_symbol(symbols, NULL, "toy_high_absolute", NULL).value_kva, 0xfffffff0);
	symbol = find_symbol(symbols, NULL, "toy_counter", NULL);
	assert_int_equal(symbol.type, 'D');
	assert_int_equal(symbol.size_bytes, sizeof(int));
	symbol = find_symbol(symbols, NULL, "toy_per_cpu", NULL);
	assert_int_equal(symbol.value_kva, 0);
	assert_int_equal(symbol.size_bytes, 2 * sizeof(long));
	assert_int_equal(symbol.type, 'A');
	assert_int_equal(find_symbol(symbols, NULL, "_stext", NULL).value_kva, TOY_TEXT);
	assert_int_equal(find_symbol(symbols, NULL, "repeated", &n_same).type, 'd');
	assert_int_equal(n_same, 2);
	assert_error(mo_symbols_find(symbols, NULL, "toy_main.c", &symbol, NULL), MO_E_ABSENT, "no symbol toy_main.c");
	assert_error(mo_symbols_find(symbols, NULL, ".text", &symbol, NULL), MO_E_ABSENT, "no symbol .text");
	mo_symbols_destroy(symbols);
}

static void test_the_slide_moves_addresses_only(void **state)
{
	struct mo_elf *elf = open_toy("toy");
	struct mo_symbols *plain = NULL, *slid = NULL;
	uint64_t slide = 0x7e000000;
	uint64_t function;

	(void)state;
	assert_success(mo_symbols_load_elf(elf, 0, NULL, &plain));
	assert_success(mo_symbols_load_elf(elf, slide, NULL, &slid));
	function = find_symbol(plain, NULL, "toy_helper", NULL).value_kva;
	assert_int_equal(find_symbol(slid, NULL, "toy_helper", NULL).value_kva, function + slide);
	assert_int_equal(find_symbol(slid, NULL, "_end", NULL).value_kva,
			 find_symbol(plain, NULL, "_end", NULL).value_kva + slide);
	assert_int_equal(find_symbol(slid, NULL, "toy_per_cpu_end", NULL).value_kva, 2 * sizeof(long));
	/* The linker books what follows the per-CPU section on it, as __init_begin of kernels before 6.15. */
	assert_int_equal(find_symbol(slid, NULL, "toy_behind", NULL).value_kva, 0x20000100 + slide);
	assert_int_equal(find_symbol(slid, NULL, "toy_absolute", NULL).value_kva, 0x1234);
	assert_at(slid, function + slide + 1, "toy_helper");
	assert_at(slid, sizeof(long) + 1, "toy_per_cpu");
	mo_symbols_destroy(plain);
	mo_symbols_destroy(slid);
	mo_elf_close(elf);
}

static void test_files_without_symbols(void **state)
{
	struct mo_elf *elf = open_toy("toy_module.ko");
	struct mo_symbols *symbols = NULL;

	(void)state;
	assert_error(mo_symbols_load_elf(elf, 0, NULL, &symbols), MO_E_INVALID, "toy_module.ko is a module: ");
	mo_elf_close(elf);
	elf = open_toy("toy-stripped");
	assert_error(mo_symbols_load_elf(elf, 0, NULL, &symbols), MO_E_ABSENT, "toy-stripped has no symbol table");
	mo_elf_close(elf);
	assert_null(symbols);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_an_empty_table),
		cmocka_unit_test(test_order_and_names),
		cmocka_unit_test(test_order_of_many),
		cmocka_unit_test(test_what_covers_an_address),
		cmocka_unit_test(test_an_unsized_symbol_does_not_reach_for_ever),
		cmocka_unit_test(test_the_best_of_several_names),
		cmocka_unit_test(test_overlaps_and_wild_sizes),
		cmocka_unit_test(test_slide_and_fixed_values),
		cmocka_unit_test(test_sizes_by_distance),
		cmocka_unit_test(test_names_are_made_visible),
		cmocka_unit_test(test_modules),
		cmocka_unit_test(test_symbols_of_an_elf_file),
		cmocka_unit_test(test_the_slide_moves_addresses_only),
		cmocka_unit_test(test_files_without_symbols),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
