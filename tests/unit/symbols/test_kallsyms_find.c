/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "symbols_fixture.h"

#include <stdlib.h>
#include <string.h>

#include "fake_symbols.h"

struct fake {
	struct fake_symbol *symbols;
	struct fake_memory memory;
	struct mo_kallsyms_tables tables;
};

static struct fake *make_fake(enum mo_kallsyms_encoding encoding, enum fake_layout layout, unsigned pointer_bytes,
			      size_t n_symbols)
{
	struct fake *fake = calloc(1, sizeof(*fake));
	struct fake_kallsyms plan = make_fake_plan(NULL, n_symbols, encoding, layout, pointer_bytes);
	uint64_t text = pointer_bytes == 8 ? FAKE_TEXT : FAKE_TEXT_32;

	assert_non_null(fake);
	fake->symbols = make_fake_symbols(n_symbols, encoding == MO_KALLSYMS_ABSOLUTE_PERCPU ? 40 : 0, text, plan.base_kva);
	plan.symbols = fake->symbols;
	fake_kallsyms_encode(&plan, &fake->memory, &fake->tables);
	fake->tables.stext_kva = text;
	return fake;
}

static void destroy_fake(struct fake *fake)
{
	fake_memory_deinit(&fake->memory);
	free(fake->symbols);
	free(fake);
}

static struct mo_error *find(struct fake *fake, struct mo_kallsyms_tables *tables)
{
	/* From before the memory on, so that the first pages are missing. */
	return mo_symbols_find_kallsyms_tables(&fake->memory.source, fake->memory.base_kva - 3 * FAKE_PAGE_BYTES,
					       UINT64_C(8) << 20, tables);
}

static void assert_finds(struct fake *fake)
{
	struct mo_kallsyms_tables found;

	assert_success(find(fake, &found));
	assert_int_equal(found.names_kva, fake->tables.names_kva);
	assert_int_equal(found.num_syms_kva, fake->tables.num_syms_kva);
	assert_int_equal(found.token_table_kva, fake->tables.token_table_kva);
	assert_int_equal(found.token_index_kva, fake->tables.token_index_kva);
	assert_int_equal(found.offsets_kva, fake->tables.offsets_kva);
	assert_int_equal(found.addresses_kva, fake->tables.addresses_kva);
	assert_int_equal(found.relative_base_kva, fake->tables.relative_base_kva);
	assert_int_equal(found.stext_kva, fake->tables.stext_kva);
}

static void test_each_layout_is_found(void **state)
{
	static const struct {
		enum mo_kallsyms_encoding encoding;
		enum fake_layout layout;
		unsigned pointer_bytes;
	} kernels[] = {
		{ .encoding = MO_KALLSYMS_ABSOLUTE_PERCPU, .layout = FAKE_OFFSETS_FIRST, .pointer_bytes = 8 },
		{ .encoding = MO_KALLSYMS_ABSOLUTE_PERCPU, .layout = FAKE_SEQS_INSIDE, .pointer_bytes = 8 },
		{ .encoding = MO_KALLSYMS_ABSOLUTE_PERCPU, .layout = FAKE_OFFSETS_LAST, .pointer_bytes = 8 },
		{ .encoding = MO_KALLSYMS_BASE_RELATIVE, .layout = FAKE_OFFSETS_FIRST, .pointer_bytes = 8 },
		{ .encoding = MO_KALLSYMS_BASE_RELATIVE, .layout = FAKE_OFFSETS_FIRST, .pointer_bytes = 4 },
		{ .encoding = MO_KALLSYMS_ABSOLUTE, .layout = FAKE_OFFSETS_FIRST, .pointer_bytes = 8 },
		{ .encoding = MO_KALLSYMS_ABSOLUTE, .layout = FAKE_OFFSETS_FIRST, .pointer_bytes = 4 },
		{ .encoding = MO_KALLSYMS_PLACE_RELATIVE, .layout = FAKE_OFFSETS_LAST, .pointer_bytes = 8 },
		{ .encoding = MO_KALLSYMS_PLACE_RELATIVE, .layout = FAKE_OFFSETS_LAST, .pointer_bytes = 4 },
	};
	/* Around full groups of 256, and with each remainder of the alignment. */
	static const size_t counts[] = { 300, 511, 512, 513, 514, 767, 768, 769, 2999, 3001 };

	(void)state;
	for (size_t i = 0; i < sizeof(kernels) / sizeof(kernels[0]); i++) {
		for (size_t k = 0; k < sizeof(counts) / sizeof(counts[0]); k++) {
			struct fake *fake = make_fake(kernels[i].encoding, kernels[i].layout, kernels[i].pointer_bytes, counts[k]);

			assert_finds(fake);
			destroy_fake(fake);
		}
	}
}

static void test_what_was_found_loads(void **state)
{
	struct fake *fake = make_fake(MO_KALLSYMS_ABSOLUTE_PERCPU, FAKE_OFFSETS_FIRST, 8, 1000);
	struct mo_kallsyms_tables found;
	struct mo_symbols *symbols = NULL;

	(void)state;
	assert_success(find(fake, &found));
	assert_success(mo_symbols_load_kallsyms(&fake->memory.source, &found, &symbols, NULL));
	assert_int_equal(mo_symbols_count(symbols), 1000);
	assert_int_equal(find_symbol(symbols, NULL, "linux_banner", NULL).value_kva, fake->memory.base_kva);
	mo_symbols_destroy(symbols);
	destroy_fake(fake);
}

static void test_without_the_banner_nothing_is_believed(void **state)
{
	struct fake *fake = make_fake(MO_KALLSYMS_ABSOLUTE_PERCPU, FAKE_OFFSETS_FIRST, 8, 1000);
	struct mo_kallsyms_tables tables = { .names_kva = 1 };

	(void)state;
	*fake_memory_at(&fake->memory, fake->memory.base_kva) = 'X';
	assert_error(find(fake, &tables), MO_E_ABSENT, "no kallsyms tables in the 8192 KiB from 0xffffffff81ffd000 on");
	assert_int_equal(tables.names_kva, 1);
	destroy_fake(fake);
}

/* A beginning that leads nowhere does not end the search. */
static void test_a_false_beacon(void **state)
{
	static const char digits[] = "0\0001\0002\0003\0004\0005\0006\0007\0008\0009";
	struct fake *fake = make_fake(MO_KALLSYMS_PLACE_RELATIVE, FAKE_OFFSETS_LAST, 8, 1000);

	(void)state;
	memcpy(fake_memory_at(&fake->memory, fake->memory.base_kva + 200), digits, sizeof(digits));
	memcpy(fake_memory_at(&fake->memory, fake->memory.base_kva + 3000), digits, sizeof(digits));
	assert_finds(fake);
	destroy_fake(fake);
}

static void test_missing_pages(void **state)
{
	struct fake *fake = make_fake(MO_KALLSYMS_ABSOLUTE_PERCPU, FAKE_OFFSETS_FIRST, 8, 3000);
	struct mo_kallsyms_tables tables;

	(void)state;
	/* The offsets of the first symbols, _stext among them: all is found, but where _stext is stays unknown. */
	fake_memory_set_missing(&fake->memory, fake->tables.offsets_kva, true);
	fake->tables.stext_kva = 0;
	assert_finds(fake);
	fake_memory_set_missing(&fake->memory, fake->tables.token_table_kva, true);
	assert_error(find(fake, &tables), MO_E_ABSENT, "no kallsyms tables in the ");
	destroy_fake(fake);
}

static void test_ranges_without_memory(void **state)
{
	struct fake *fake = make_fake(MO_KALLSYMS_ABSOLUTE_PERCPU, FAKE_OFFSETS_FIRST, 8, 300);
	struct mo_kallsyms_tables tables;

	(void)state;
	assert_error(mo_symbols_find_kallsyms_tables(&fake->memory.source, 0x1000, 0, &tables), MO_E_ABSENT, "the 0 KiB");
	assert_error(mo_symbols_find_kallsyms_tables(&fake->memory.source, UINT64_MAX - 5000, UINT64_MAX, &tables),
		     MO_E_ABSENT, "no kallsyms tables in the ");
	destroy_fake(fake);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_each_layout_is_found),
		cmocka_unit_test(test_what_was_found_loads),
		cmocka_unit_test(test_without_the_banner_nothing_is_believed),
		cmocka_unit_test(test_a_false_beacon),
		cmocka_unit_test(test_missing_pages),
		cmocka_unit_test(test_ranges_without_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
