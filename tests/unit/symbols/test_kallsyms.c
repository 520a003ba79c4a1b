/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "symbols_fixture.h"

#include <stdlib.h>
#include <string.h>

#include "fake_symbols.h"

#define N_SYMBOLS 3000
#define N_PER_CPU 40

/* Tables in fake memory, and the symbols that went into them. */
struct fake {
	struct fake_symbol *symbols;
	struct fake_kallsyms plan;
	struct fake_memory memory;
	struct mo_kallsyms_tables tables;
};

static struct fake *make_fake(enum mo_kallsyms_encoding encoding, enum fake_layout layout, unsigned pointer_bytes,
			      bool is_big_endian)
{
	struct fake *fake = calloc(1, sizeof(*fake));
	uint64_t text = pointer_bytes == 8 ? FAKE_TEXT : FAKE_TEXT_32;

	assert_non_null(fake);
	fake->plan = make_fake_plan(NULL, N_SYMBOLS, encoding, layout, pointer_bytes);
	fake->symbols = make_fake_symbols(N_SYMBOLS,
					  encoding == MO_KALLSYMS_ABSOLUTE || encoding == MO_KALLSYMS_ABSOLUTE_PERCPU ?
						  N_PER_CPU : 0, text, fake->plan.base_kva);
	fake->plan.symbols = fake->symbols;
	fake->plan.is_big_endian = is_big_endian;
	fake_kallsyms_encode(&fake->plan, &fake->memory, &fake->tables);
	fake->tables.stext_kva = text;
	return fake;
}

static struct fake *make_usual_fake(void)
{
	return make_fake(MO_KALLSYMS_ABSOLUTE_PERCPU, FAKE_OFFSETS_FIRST, 8, false);
}

static void destroy_fake(struct fake *fake)
{
	fake_memory_deinit(&fake->memory);
	free(fake->symbols);
	free(fake);
}

static struct mo_symbols *load(struct fake *fake, const char **encoding)
{
	struct mo_symbols *symbols = NULL;

	assert_success(mo_symbols_load_kallsyms(&fake->memory.source, &fake->tables, &symbols, encoding));
	return symbols;
}

static void assert_refused(struct fake *fake, enum mo_error_code code, const char *text)
{
	struct mo_symbols *symbols = NULL;
	const char *encoding = "untouched";

	assert_error(mo_symbols_load_kallsyms(&fake->memory.source, &fake->tables, &symbols, &encoding), code, text);
	assert_null(symbols);
	assert_string_equal(encoding, "untouched");
}

static void assert_same(const struct mo_symbols *symbols, const struct fake_symbol *expected, size_t n_expected)
{
	assert_int_equal(mo_symbols_count(symbols), n_expected);
	for (size_t i = 0; i < n_expected; i++) {
		struct mo_symbol symbol;

		mo_symbols_get(symbols, i, &symbol);
		assert_string_equal(symbol.name, expected[i].name);
		assert_int_equal(symbol.value_kva, expected[i].kva);
		assert_int_equal(symbol.type, expected[i].type);
		assert_null(symbol.module);
	}
}

static bool has_symbol(const struct mo_symbols *symbols, const char *name)
{
	struct mo_symbol symbol;
	struct mo_error *error = mo_symbols_find(symbols, NULL, name, &symbol, NULL);
	bool is_there = !error;

	mo_error_destroy(error);
	return is_there;
}

static void check_encoding(enum mo_kallsyms_encoding encoding, enum fake_layout layout, unsigned pointer_bytes,
			   bool is_big_endian, const char *expected)
{
	struct fake *fake = make_fake(encoding, layout, pointer_bytes, is_big_endian);
	const char *said = NULL;
	struct mo_symbols *symbols = load(fake, &said);
	char description[100];

	assert_string_equal(said, expected);
	snprintf(description, sizeof(description), "kallsyms of the dump (%s)", expected);
	assert_string_equal(mo_symbols_describe(symbols), description);
	assert_false(mo_symbols_is_partial(symbols));
	assert_same(symbols, fake->symbols, N_SYMBOLS);
	mo_symbols_destroy(symbols);
	/* Without _stext the order of the addresses must do. */
	fake->tables.stext_kva = 0;
	symbols = load(fake, &said);
	assert_string_equal(said, encoding == MO_KALLSYMS_PLAIN ? "place-relative" : expected);
	mo_symbols_destroy(symbols);
	destroy_fake(fake);
}

static void test_encodings(void **state)
{
	(void)state;
	for (int is_big = 0; is_big < 2; is_big++) {
		check_encoding(MO_KALLSYMS_ABSOLUTE, FAKE_OFFSETS_FIRST, 8, is_big, "absolute");
		check_encoding(MO_KALLSYMS_BASE_RELATIVE, FAKE_OFFSETS_FIRST, 8, is_big, "base-relative");
		check_encoding(MO_KALLSYMS_BASE_RELATIVE, FAKE_OFFSETS_LAST, 8, is_big, "base-relative");
		check_encoding(MO_KALLSYMS_ABSOLUTE_PERCPU, FAKE_SEQS_INSIDE, 8, is_big, "base-relative, per-CPU absolute");
		check_encoding(MO_KALLSYMS_PLACE_RELATIVE, FAKE_OFFSETS_LAST, 8, is_big, "place-relative");
		check_encoding(MO_KALLSYMS_ABSOLUTE, FAKE_OFFSETS_FIRST, 4, is_big, "absolute");
		check_encoding(MO_KALLSYMS_BASE_RELATIVE, FAKE_OFFSETS_FIRST, 4, is_big, "base-relative");
		check_encoding(MO_KALLSYMS_PLACE_RELATIVE, FAKE_OFFSETS_LAST, 4, is_big, "place-relative");
	}
}

/* A 32-bit kernel that is not relocatable has the addresses themselves in kallsyms_offsets. */
static void test_plain_addresses(void **state)
{
	struct fake *fake = make_fake(MO_KALLSYMS_PLAIN, FAKE_OFFSETS_LAST, 4, false);
	const char *encoding = NULL;
	struct mo_symbols *symbols = load(fake, &encoding);

	(void)state;
	assert_string_equal(encoding, "plain 32-bit");
	assert_same(symbols, fake->symbols, N_SYMBOLS);
	mo_symbols_destroy(symbols);
	destroy_fake(fake);
}

static void test_num_syms_as_long(void **state)
{
	(void)state;
	for (int is_big = 0; is_big < 2; is_big++) {
		struct fake *fake = make_fake(MO_KALLSYMS_ABSOLUTE, FAKE_OFFSETS_FIRST, 8, is_big);
		struct mo_symbols *symbols;

		fake_memory_deinit(&fake->memory);
		fake->plan.has_long_num_syms = true;
		fake_kallsyms_encode(&fake->plan, &fake->memory, &fake->tables);
		fake->tables.stext_kva = FAKE_TEXT;
		symbols = load(fake, NULL);
		assert_same(symbols, fake->symbols, N_SYMBOLS);
		mo_symbols_destroy(symbols);
		destroy_fake(fake);
	}
}

static void test_sizes_and_addresses(void **state)
{
	struct fake *fake = make_usual_fake();
	struct mo_symbols *symbols = load(fake, NULL);

	(void)state;
	assert_int_equal(find_symbol(symbols, NULL, "_stext", NULL).size_bytes, 48);
	assert_int_equal(find_symbol(symbols, NULL, "linux_banner", NULL).size_bytes, 0); /* nothing follows */
	assert_int_equal(find_symbol(symbols, NULL, fake->symbols[N_PER_CPU - 1].name, NULL).size_bytes, 0); /* too far */
	assert_string_equal(symbol_at(symbols, FAKE_TEXT + 47).name, "_stext");
	assert_string_equal(symbol_at(symbols, FAKE_TEXT + 48).name, fake->symbols[N_PER_CPU + 1].name);
	assert_string_equal(symbol_at(symbols, 33).name, fake->symbols[1].name);
	mo_symbols_destroy(symbols);
	destroy_fake(fake);
}

/* From 6.1 on names may be 511 characters long, and then take two bytes for their length. */
static void test_long_and_odd_names(void **state)
{
	struct fake *fake = make_usual_fake();
	struct mo_symbols *symbols;
	struct mo_symbol symbol;

	(void)state;
	for (size_t n = 120; n < 135; n++) {
		memset(fake->symbols[n].name, 'q', n);
		fake->symbols[n].name[n] = '\0';
	}
	memset(fake->symbols[200].name, 'z', 511);
	memcpy(fake->symbols[300].name, "bad\x1b[0m\x07", 9);
	fake_memory_deinit(&fake->memory);
	fake_kallsyms_encode(&fake->plan, &fake->memory, &fake->tables);
	symbols = load(fake, NULL);
	mo_symbols_get(symbols, 300, &symbol);
	assert_string_equal(symbol.name, "bad\\x1b[0m\\x07");
	memcpy(fake->symbols[300].name, symbol.name, strlen(symbol.name) + 1);
	assert_same(symbols, fake->symbols, N_SYMBOLS);
	mo_symbols_destroy(symbols);
	destroy_fake(fake);
}

static void test_unknown_tables(void **state)
{
	struct fake *fake = make_usual_fake();
	struct mo_kallsyms_tables kept = fake->tables;

	(void)state;
	fake->tables.names_kva = 0;
	assert_refused(fake, MO_E_ABSENT, "no kallsyms: it is not known where kallsyms_names is");
	fake->tables = kept;
	fake->tables.offsets_kva = 0;
	assert_refused(fake, MO_E_ABSENT, "it is not known where kallsyms_offsets or kallsyms_addresses is");
	fake->tables = kept;
	fake->memory.source.pointer_bytes = 7;
	assert_refused(fake, MO_E_INVALID, "pointers of 7 bytes");
	destroy_fake(fake);
}

static void test_absurd_num_syms(void **state)
{
	struct fake *fake = make_usual_fake();
	uint8_t *num_syms = fake_memory_at(&fake->memory, fake->tables.num_syms_kva);

	(void)state;
	memset(num_syms, 0, 4);
	assert_refused(fake, MO_E_CORRUPT, " is 0, not between 1 and 8388608");
	memset(num_syms, 0xff, 4);
	assert_refused(fake, MO_E_CORRUPT, " is 4294967295, not between 1 and 8388608");
	fake_memory_set_missing(&fake->memory, fake->tables.num_syms_kva, true);
	assert_refused(fake, MO_E_NOT_IN_DUMP, "kallsyms_num_syms at 0xffffffff82");
	destroy_fake(fake);
}

/* More symbols than there are names: the names run into the markers, which soon make no sense as names. */
static void test_too_many_symbols(void **state)
{
	struct fake *fake = make_usual_fake();
	uint8_t *num_syms = fake_memory_at(&fake->memory, fake->tables.num_syms_kva);
	struct mo_symbols *symbols;

	(void)state;
	memset(num_syms + 2, 0x7f, 1);
	symbols = load(fake, NULL);
	assert_true(mo_symbols_is_partial(symbols));
	assert_true(mo_symbols_count(symbols) >= N_SYMBOLS);
	assert_non_null(strstr(mo_symbols_describe(symbols), " symbols: a name is "));
	assert_int_equal(find_symbol(symbols, NULL, "_stext", NULL).value_kva, FAKE_TEXT);
	mo_symbols_destroy(symbols);
	destroy_fake(fake);
}

static void test_damaged_tokens(void **state)
{
	struct fake *fake = make_usual_fake();
	uint8_t *index = fake_memory_at(&fake->memory, fake->tables.token_index_kva);
	uint8_t *table = fake_memory_at(&fake->memory, fake->tables.token_table_kva);

	(void)state;
	index[2 * 100 + 1] ^= 0xf0;
	assert_refused(fake, MO_E_CORRUPT, "kallsyms: token 100 begins at offset ");
	index[2 * 100 + 1] ^= 0xf0;
	memset(table, 'x', (size_t)(index - table));
	assert_refused(fake, MO_E_CORRUPT, "kallsyms: token 0 does not end within ");
	destroy_fake(fake);
	fake = make_usual_fake();
	fake->tables.token_index_kva = fake->tables.token_table_kva;
	assert_refused(fake, MO_E_CORRUPT, "kallsyms_token_table at 0xffffffff82");
	fake->tables.token_index_kva = 0x1000;
	assert_refused(fake, MO_E_NOT_MAPPED, "nothing is mapped at 0x1000");
	destroy_fake(fake);
}

/* The names after a damaged length cannot be told, up to the next that a marker tells where it begins. */
static void test_names_that_make_no_sense(void **state)
{
	struct fake *fake = make_usual_fake();
	uint8_t *names = fake_memory_at(&fake->memory, fake->tables.names_kva);
	size_t offset = 0;
	struct mo_symbols *symbols;
	uint8_t kept[2];

	(void)state;
	for (int i = 0; i < 1000; i++)
		offset += names[offset] + 1u;
	memcpy(kept, names + offset, 2);
	names[offset] = 0;
	symbols = load(fake, NULL);
	assert_true(mo_symbols_is_partial(symbols));
	assert_int_equal(mo_symbols_count(symbols), 2976);
	assert_true(has_symbol(symbols, fake->symbols[999].name) && !has_symbol(symbols, fake->symbols[1000].name));
	assert_true(has_symbol(symbols, fake->symbols[1024].name) && !has_symbol(symbols, fake->symbols[1023].name));
	assert_non_null(strstr(mo_symbols_describe(symbols), "; 2976 of 3000 symbols: a name is empty)"));
	mo_symbols_destroy(symbols);
	memset(names + offset, 0xff, 2);
	symbols = load(fake, NULL);
	assert_int_equal(mo_symbols_count(symbols), 2976);
	assert_true(has_symbol(symbols, fake->symbols[999].name) && !has_symbol(symbols, fake->symbols[1000].name));
	assert_true(has_symbol(symbols, fake->symbols[1024].name) && !has_symbol(symbols, fake->symbols[1023].name));
	assert_non_null(strstr(mo_symbols_describe(symbols), "2976 of 3000 symbols: a name is impossibly long"));
	mo_symbols_destroy(symbols);
	memcpy(names + offset, kept, 2);
	names[0] = 0;
	symbols = load(fake, NULL);
	assert_int_equal(mo_symbols_count(symbols), 2744);
	mo_symbols_destroy(symbols);
	memset(names, 0, fake->tables.token_table_kva - fake->tables.names_kva); /* no markers either */
	assert_refused(fake, MO_E_CORRUPT, ": a name is empty");
	destroy_fake(fake);
}

/* The names on it are lost, and those up to the next marker; how far the symbol before them reaches is not known. */
static void missing_names_of(enum mo_kallsyms_encoding encoding, enum fake_layout layout)
{
	struct fake *fake = make_fake(encoding, layout, 8, false);
	uint64_t page = (fake->tables.names_kva + 2 * FAKE_PAGE_BYTES) & ~(uint64_t)(FAKE_PAGE_BYTES - 1);
	struct mo_symbols *symbols;
	size_t count, n_before = 0;

	fake_memory_set_missing(&fake->memory, page, true);
	symbols = load(fake, NULL);
	count = mo_symbols_count(symbols);
	assert_true(mo_symbols_is_partial(symbols));
	assert_true(count > 2000 && count < N_SYMBOLS);
	assert_non_null(strstr(mo_symbols_describe(symbols), " of 3000 symbols: names cannot be read)"));
	while (has_symbol(symbols, fake->symbols[n_before].name))
		n_before++;
	assert_true(n_before > 100 && n_before < 2000);
	assert_int_equal(find_symbol(symbols, NULL, fake->symbols[n_before - 1].name, NULL).size_bytes, 0);
	for (size_t i = n_before; i < N_SYMBOLS; i++)
		if (has_symbol(symbols, fake->symbols[i].name))
			assert_int_equal(find_symbol(symbols, NULL, fake->symbols[i].name, NULL).value_kva,
					 fake->symbols[i].kva);
	for (size_t i = (n_before + 1024) / 256 * 256; i < N_SYMBOLS; i++)
		assert_true(has_symbol(symbols, fake->symbols[i].name));
	mo_symbols_destroy(symbols);
	for (uint64_t kva = page; kva < fake->tables.token_table_kva - FAKE_PAGE_BYTES; kva += FAKE_PAGE_BYTES)
		fake_memory_set_missing(&fake->memory, kva, true);
	fake->tables.names_kva = page;
	assert_refused(fake, MO_E_NOT_IN_DUMP, "kallsyms_names at 0xffffffff82");
	destroy_fake(fake);
}

static void test_a_missing_page_of_names(void **state)
{
	(void)state;
	missing_names_of(MO_KALLSYMS_ABSOLUTE_PERCPU, FAKE_OFFSETS_FIRST);
	missing_names_of(MO_KALLSYMS_ABSOLUTE_PERCPU, FAKE_SEQS_INSIDE);
	missing_names_of(MO_KALLSYMS_BASE_RELATIVE, FAKE_OFFSETS_LAST);
	missing_names_of(MO_KALLSYMS_PLACE_RELATIVE, FAKE_OFFSETS_LAST);
}

static void test_a_missing_page_of_offsets(void **state)
{
	struct fake *fake = make_usual_fake();
	struct mo_symbols *symbols;
	size_t n_missing = N_SYMBOLS;

	(void)state;
	fake_memory_set_missing(&fake->memory, fake->tables.offsets_kva + 2 * FAKE_PAGE_BYTES, true);
	symbols = load(fake, NULL);
	n_missing -= mo_symbols_count(symbols);
	assert_true(mo_symbols_is_partial(symbols));
	assert_int_equal(n_missing, 1024);
	assert_non_null(strstr(mo_symbols_describe(symbols), " symbols without their address, which cannot be read)"));
	for (size_t i = 0; i < 1000; i++) /* the symbols before the hole have the right addresses, those behind too */
		assert_int_equal(find_symbol(symbols, NULL, fake->symbols[i].name, NULL).value_kva, fake->symbols[i].kva);
	assert_int_equal(find_symbol(symbols, NULL, "linux_banner", NULL).value_kva, fake->plan.base_kva);
	mo_symbols_destroy(symbols);
	fake->tables.relative_base_kva = fake->tables.offsets_kva + 2 * FAKE_PAGE_BYTES;
	assert_refused(fake, MO_E_NOT_IN_DUMP, "kallsyms_relative_base at 0x");
	destroy_fake(fake);
}

static void test_tables_of_another_kernel(void **state)
{
	struct fake *fake = make_usual_fake();

	(void)state;
	fake->tables.stext_kva += 0x1000;
	assert_refused(fake, MO_E_CORRUPT,
		       "kallsyms: no encoding puts _stext at 0xffffffff81001000: base-relative, per-CPU absolute "
		       "0xffffffff81000000, base-relative 0x");
	fake->tables.stext_kva = 0;
	fake->tables.offsets_kva = fake->tables.names_kva;
	assert_refused(fake, MO_E_CORRUPT, "kallsyms: in no encoding do the addresses at 0x");
	destroy_fake(fake);
}

/* Bulk reads: the tables of 3000 symbols take a handful of them. */
static void test_few_reads(void **state)
{
	struct fake *fake = make_usual_fake();
	struct mo_symbols *symbols;

	(void)state;
	fake->memory.n_reads = 0;
	symbols = load(fake, NULL);
	assert_true(fake->memory.n_reads < 60);
	mo_symbols_destroy(symbols);
	destroy_fake(fake);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_encodings),
		cmocka_unit_test(test_plain_addresses),
		cmocka_unit_test(test_num_syms_as_long),
		cmocka_unit_test(test_sizes_and_addresses),
		cmocka_unit_test(test_long_and_odd_names),
		cmocka_unit_test(test_unknown_tables),
		cmocka_unit_test(test_absurd_num_syms),
		cmocka_unit_test(test_too_many_symbols),
		cmocka_unit_test(test_damaged_tokens),
		cmocka_unit_test(test_names_that_make_no_sense),
		cmocka_unit_test(test_a_missing_page_of_names),
		cmocka_unit_test(test_a_missing_page_of_offsets),
		cmocka_unit_test(test_tables_of_another_kernel),
		cmocka_unit_test(test_few_reads),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
