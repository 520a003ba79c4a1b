/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Which module objects point into: over the lists of modules of three ages, of words of both sizes and byte orders. */

#include "kernel_rows.h"

#include <memopsy/object_modules.h>

#include <string.h>

#define MODULES (BASE_KVA + 0x100)
#define MODULE(i) (BASE_KVA + 0x200 + (i) * 0x100ull)
#define OBJECT (BASE_KVA + 0x1000)
#define CORE(i) (0xffffffffc0000000ull + (i) * 0x4000ull)
#define TYPE "struct module"

#define COMMON_ROWS \
	{ .type = TYPE, .bytes = 0x100 }, { .type = TYPE, .member = "state", .offset_bytes = 0, .bytes = 4 }, \
	{ .type = TYPE, .member = "list", .offset_bytes = 8, .bytes = 16 }, \
	{ .type = TYPE, .member = "name", .offset_bytes = 24, .bytes = 1, .n_elements = 56 }
static const struct mo_fake_row rows_mem[] = { /* 6.4 */
	COMMON_ROWS, { .type = TYPE, .member = "mem", .offset_bytes = 80, .bytes = 16, .n_elements = 2 },
	{ .type = "struct module_memory", .member = "base", .offset_bytes = 0, .bytes = 8 },
	{ .type = "struct module_memory", .member = "size", .offset_bytes = 8, .bytes = 4 },
};
static const struct mo_fake_row rows_layout[] = { /* 4.5 */
	COMMON_ROWS, { .type = TYPE, .member = "core_layout.base", .offset_bytes = 80, .bytes = 8 },
	{ .type = TYPE, .member = "core_layout.size", .offset_bytes = 88, .bytes = 4 },
};
static const struct mo_fake_row rows_core[] = { /* before */
	COMMON_ROWS, { .type = TYPE, .member = "module_core", .offset_bytes = 80, .bytes = 8 },
	{ .type = TYPE, .member = "core_size", .offset_bytes = 88, .bytes = 4 },
};
static const struct mo_fake_enumerator enumerators[] = {
	{ .enum_name = "enum module_state", .name = "MODULE_STATE_LIVE", .value = 0 },
	{ .enum_name = "enum module_state", .name = "MODULE_STATE_COMING", .value = 1 },
	{ .enum_name = "enum module_state", .name = "MODULE_STATE_GOING", .value = 2 },
	{ .enum_name = "enum mod_mem_type", .name = "MOD_TEXT", .value = 0 },
};
static const struct mo_fake_symbol symbols[] = { { .name = "modules", .kva = MODULES, .bytes = 16 } };

static void put_module(struct mo_kernel *kernel, unsigned i, const char *name, uint64_t next_kva, uint64_t prev_kva)
{
	mo_fake_put_u64(kernel, MODULE(i) + 8, next_kva);
	mo_fake_put_u64(kernel, MODULE(i) + 16, prev_kva);
	mo_fake_put(kernel, MODULE(i) + 24, name, strlen(name));
	mo_fake_put_u64(kernel, MODULE(i) + 80, CORE(i));
	mo_fake_put_u32(kernel, MODULE(i) + 88, 0x2000);
}

/* Two modules of 0x2000 bytes, with a gap between. */
static struct mo_kernel *two_modules(const struct mo_fake_row *rows, size_t n_rows)
{
	struct mo_kernel *kernel = mo_fake_kernel(&(struct mo_fake){
		.rows = mo_container_rows, .n_rows = mo_n_container_rows, .more_rows = rows, .n_more_rows = n_rows, .enumerators = enumerators, .n_enumerators = N_ROWS(enumerators),
		.symbols = symbols, .n_symbols = N_ROWS(symbols) });

	mo_fake_map(kernel, BASE_KVA, 0x8000);
	mo_fake_put_u64(kernel, MODULES, MODULE(0) + 8);
	mo_fake_put_u64(kernel, MODULES + 8, MODULE(1) + 8);
	put_module(kernel, 0, "first", MODULE(1) + 8, MODULES);
	put_module(kernel, 1, "second", MODULES, MODULE(0) + 8);
	return kernel;
}

static void expect_spans(const struct mo_fake_row *rows, size_t n_rows)
{
	struct mo_kernel *kernel = two_modules(rows, n_rows);
	struct mo_module_index index;

	expect_success(mo_module_index_init(&index, mo_fake_reader(kernel)));
	assert_string_equal(mo_module_at(&index, CORE(0)), "first");
	assert_string_equal(mo_module_at(&index, CORE(0) + 0x1fff), "first");
	assert_null(mo_module_at(&index, CORE(0) + 0x2000));
	assert_null(mo_module_at(&index, CORE(0) - 1));
	assert_string_equal(mo_module_at(&index, CORE(1) + 8), "second");
	assert_null(mo_module_at(&index, UINT64_MAX));
	mo_module_index_deinit(&index);
	mo_fake_destroy(kernel);
}

static void test_lists_of_three_ages(void **unused)
{
	(void)unused;
	expect_spans(rows_mem, N_ROWS(rows_mem));
	expect_spans(rows_layout, N_ROWS(rows_layout));
	expect_spans(rows_core, N_ROWS(rows_core));
}

static void test_no_modules(void **unused)
{
	struct mo_kernel *kernel = container_kernel();
	struct mo_module_index index;
	const char *module = "none yet";

	(void)unused;
	expect_success(mo_module_index_init(&index, mo_fake_reader(kernel)));
	assert_null(mo_module_at(&index, CORE(0)));
	expect_success(mo_module_of_object(&index, mo_fake_reader(kernel), OBJECT, 64, &module));
	assert_null(module);
	mo_module_index_deinit(&index);
	mo_fake_destroy(kernel);
}

/* The same 12 bytes of an object, read as words of each kind. */
static void test_words(void **unused)
{
	static const uint8_t bytes[12] = { 0, 0, 0, 1, 0x34, 0x12, 0, 0, 0x40, 0x30, 0x20, 0x10 };
	struct mo_module_span spans[] = { { 0x1230, 0x1240, "little" }, { 0x10203040, 0x10203041, "last" },
					  { 0x34120000, 0x34120001, "big" }, { 0x123401000000, 0x123401000001, "wide" } };
	struct mo_kernel *kernel = two_modules(rows_mem, N_ROWS(rows_mem));
	struct mo_module_index index = { .spans = spans, .n_spans = N_ROWS(spans),
					 .word = { .width_bytes = 4, .is_bound = true } };
	const char *module = NULL;

	(void)unused;
	mo_fake_put(kernel, OBJECT, bytes, sizeof(bytes));
	expect_success(mo_module_of_object(&index, mo_fake_reader(kernel), OBJECT, 12, &module));
	assert_string_equal(module, "little");
	expect_success(mo_module_of_object(&index, mo_fake_reader(kernel), OBJECT + 8, 4, &module));
	assert_string_equal(module, "last");
	expect_success(mo_module_of_object(&index, mo_fake_reader(kernel), OBJECT + 8, 3, &module));
	assert_null(module);
	index.word.is_big_endian = true;
	expect_success(mo_module_of_object(&index, mo_fake_reader(kernel), OBJECT, 12, &module));
	assert_string_equal(module, "big");
	index.word = (struct mo_field){ .width_bytes = 8, .is_bound = true };
	expect_success(mo_module_of_object(&index, mo_fake_reader(kernel), OBJECT, 12, &module));
	assert_string_equal(module, "wide");
	expect_success(mo_module_of_object(&index, mo_fake_reader(kernel), 0xbad0000, 12, &module));
	assert_null(module);
	mo_fake_destroy(kernel);
}

/* Four slabs of two objects each, of which the second is looked at. */
static void test_of_a_cache(void **unused)
{
	static const uint32_t numbers[] = { 0, 1, 2, 3 };
	const uint8_t states[] = { MO_OBJECT_ALLOCATED << 4, MO_OBJECT_ALLOCATED << 4, MO_OBJECT_ALLOCATED << 4, 0 };
	const struct mo_slab_cache cache = { .slabs = numbers, .n_slabs = 4, .object_bytes = 64, .size_bytes = 64 };
	struct mo_slab slabs[4] = { { .pfn = 0 } };
	const struct mo_slab_model model = { .caches = &cache, .n_caches = 1, .slabs = slabs, .n_slabs = 4, .states = states,
					     .n_objects = 8, .page_shift = 12, .direct_map_kva = BASE_KVA };
	struct mo_kernel *kernel = two_modules(rows_mem, N_ROWS(rows_mem));
	struct mo_module_index index;
	const char *module = NULL;

	(void)unused;
	expect_success(mo_module_index_init(&index, mo_fake_reader(kernel)));
	for (unsigned i = 0; i < 4; i++)
		slabs[i] = (struct mo_slab){ .pfn = i + 1, .first_object = i * 2, .objects = 2, .has_states = i < 3 };
	mo_fake_put_u64(kernel, OBJECT + 64 + 8, CORE(1) + 16);
	expect_success(mo_module_of_cache(&index, mo_fake_reader(kernel), &model, &cache, &module));
	assert_null(module); /* one of three */
	mo_fake_put_u64(kernel, OBJECT + 4096 + 64 + 56, CORE(1));
	expect_success(mo_module_of_cache(&index, mo_fake_reader(kernel), &model, &cache, &module));
	assert_string_equal(module, "second");
	mo_module_index_deinit(&index);
	mo_fake_destroy(kernel);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lists_of_three_ages), cmocka_unit_test(test_no_modules), cmocka_unit_test(test_words),
		cmocka_unit_test(test_of_a_cache),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
