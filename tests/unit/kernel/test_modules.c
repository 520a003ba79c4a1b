/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Modules as 6.1 (core_layout) and 6.12 (mem[]) keep them, in little. */

#include "kernel_rows.h"

#include <memopsy/symbols.h>

#include "modules.h"

#define MODULES (BASE_KVA + 0x100)
#define BTF_MODULES (BASE_KVA + 0x200)
#define MODULE(i) (BASE_KVA + 0x1000 + (i) * 0x400ull)
#define CORE(i) (BASE_KVA + 0x10000 + (i) * 0x4000ull)
#define TYPE "struct module"

static const struct mo_fake_row rows_6_1[] = {
	{ .type = TYPE, .bytes = 0x300 },
	{ .type = TYPE, .member = "state", .offset_bytes = 0, .bytes = 4 },
	{ .type = TYPE, .member = "list", .offset_bytes = 8, .bytes = 16 },
	{ .type = TYPE, .member = "name", .offset_bytes = 24, .bytes = 1, .n_elements = 56 },
	{ .type = TYPE, .member = "build_id", .offset_bytes = 80, .bytes = 1, .n_elements = 20 },
	{ .type = TYPE, .member = "refcnt", .offset_bytes = 0x80, .bytes = 4, .is_signed = true },
	{ .type = TYPE, .member = "taints", .offset_bytes = 0x88, .bytes = 8 },
	{ .type = TYPE, .member = "percpu", .offset_bytes = 0x90, .bytes = 8 },
	{ .type = TYPE, .member = "percpu_size", .offset_bytes = 0x98, .bytes = 4 },
	{ .type = TYPE, .member = "core_layout.base", .offset_bytes = 0xa0, .bytes = 8 },
	{ .type = TYPE, .member = "core_layout.size", .offset_bytes = 0xa8, .bytes = 4 },
	{ .type = TYPE, .member = "core_layout.text_size", .offset_bytes = 0xac, .bytes = 4 },
	{ .type = TYPE, .member = "core_layout.ro_size", .offset_bytes = 0xb0, .bytes = 4 },
	{ .type = TYPE, .member = "core_layout.ro_after_init_size", .offset_bytes = 0xb4, .bytes = 4 },
	{ .type = TYPE, .member = "init_layout.base", .offset_bytes = 0xc0, .bytes = 8 },
	{ .type = TYPE, .member = "init_layout.size", .offset_bytes = 0xc8, .bytes = 4 },
	{ .type = TYPE, .member = "init_layout.text_size", .offset_bytes = 0xcc, .bytes = 4 },
	{ .type = TYPE, .member = "kallsyms", .offset_bytes = 0x100, .bytes = 8 },
	{ .type = TYPE, .member = "syms", .offset_bytes = 0x108, .bytes = 8 },
	{ .type = TYPE, .member = "num_syms", .offset_bytes = 0x110, .bytes = 4 },
	{ .type = "struct kernel_symbol", .bytes = 12 },
	{ .type = "struct kernel_symbol", .member = "value_offset", .offset_bytes = 0, .bytes = 4, .is_signed = true },
	{ .type = "struct mod_kallsyms", .member = "symtab", .offset_bytes = 0, .bytes = 8 },
	{ .type = "struct mod_kallsyms", .member = "num_symtab", .offset_bytes = 8, .bytes = 4 },
	{ .type = "struct mod_kallsyms", .member = "strtab", .offset_bytes = 16, .bytes = 8 },
	{ .type = "struct mod_kallsyms", .member = "typetab", .offset_bytes = 24, .bytes = 8 },
	{ .type = "struct btf_module", .member = "list", .offset_bytes = 0, .bytes = 16 },
	{ .type = "struct btf_module", .member = "module", .offset_bytes = 16, .bytes = 8 },
	{ .type = "struct btf_module", .member = "btf", .offset_bytes = 24, .bytes = 8 },
	{ .type = "struct btf", .member = "data", .offset_bytes = 0, .bytes = 8 },
	{ .type = "struct btf", .member = "data_size", .offset_bytes = 40, .bytes = 4 },
};

static const struct mo_fake_row rows_6_12[] = {
	{ .type = TYPE, .bytes = 0x300 },
	{ .type = TYPE, .member = "state", .offset_bytes = 0, .bytes = 4 },
	{ .type = TYPE, .member = "list", .offset_bytes = 8, .bytes = 16 },
	{ .type = TYPE, .member = "name", .offset_bytes = 24, .bytes = 1, .n_elements = 56 },
	{ .type = TYPE, .member = "mem", .offset_bytes = 0x180, .bytes = 24, .n_elements = 7 },
	{ .type = "struct module_memory", .member = "base", .offset_bytes = 0, .bytes = 8 },
	{ .type = "struct module_memory", .member = "size", .offset_bytes = 12, .bytes = 4 },
};

static const struct mo_fake_enumerator enumerators[] = {
	{ .enum_name = "enum module_state", .name = "MODULE_STATE_LIVE", .value = 0 },
	{ .enum_name = "enum module_state", .name = "MODULE_STATE_COMING", .value = 1 },
	{ .enum_name = "enum module_state", .name = "MODULE_STATE_GOING", .value = 2 },
	{ .enum_name = "enum module_state", .name = "MODULE_STATE_UNFORMED", .value = 3 },
	{ .enum_name = "enum mod_mem_type", .name = "MOD_TEXT", .value = 0 },
	{ .enum_name = "enum mod_mem_type", .name = "MOD_DATA", .value = 1 },
	{ .enum_name = "enum mod_mem_type", .name = "MOD_RODATA", .value = 2 },
	{ .enum_name = "enum mod_mem_type", .name = "MOD_RO_AFTER_INIT", .value = 3 },
	{ .enum_name = "enum mod_mem_type", .name = "MOD_INIT_TEXT", .value = 4 },
	{ .enum_name = "enum mod_mem_type", .name = "MOD_INIT_RODATA", .value = 99 }, /* a lie: beyond the array */
};

static const struct mo_fake_symbol symbols[] = {
	{ .name = "modules", .kva = MODULES, .bytes = 16 },
	{ .name = "btf_modules", .kva = BTF_MODULES, .bytes = 16 },
};

static const struct mo_fake fake_6_1 = {
	.rows = mo_container_rows, .n_rows = 5, .more_rows = rows_6_1, .n_more_rows = N_ROWS(rows_6_1),
	.enumerators = enumerators, .n_enumerators = N_ROWS(enumerators), .symbols = symbols, .n_symbols = N_ROWS(symbols),
};

static void link_nodes(struct mo_kernel *kernel, uint64_t left, uint64_t right)
{
	mo_fake_put_u64(kernel, left, right);
	mo_fake_put_u64(kernel, right + 8, left);
}

/* n modules m0, m1, ... on the list, each with 0x3000 bytes at CORE(i). */
static struct mo_kernel *modules_kernel(const struct mo_fake *fake, unsigned n)
{
	struct mo_kernel *kernel = mo_fake_kernel(fake);
	uint64_t last = MODULES;
	unsigned i;

	mo_fake_map(kernel, BASE_KVA, 0x40000);
	for (i = 0; i < n; i++) {
		char name[] = { 'm', (char)('0' + i), '\0' };

		link_nodes(kernel, last, MODULE(i) + 8);
		last = MODULE(i) + 8;
		mo_fake_put(kernel, MODULE(i) + 24, name, sizeof(name));
		mo_fake_put_u32(kernel, MODULE(i) + 0x80, i + 1);
		mo_fake_put_u64(kernel, MODULE(i) + 0xa0, CORE(i));
		mo_fake_put_u32(kernel, MODULE(i) + 0xa8, 0x3000);
		mo_fake_put_u32(kernel, MODULE(i) + 0xac, 0x1000);
		mo_fake_put_u32(kernel, MODULE(i) + 0xb0, 0x1800);
		mo_fake_put_u32(kernel, MODULE(i) + 0xb4, 0x2000);
	}
	link_nodes(kernel, last, MODULES);
	link_nodes(kernel, BTF_MODULES, BTF_MODULES);
	return kernel;
}

static struct mo_modules *gather(struct mo_kernel *kernel)
{
	struct mo_modules *modules = NULL;

	expect_success(mo_modules_gather(mo_fake_reader(kernel), &modules));
	assert_non_null(modules);
	return modules;
}

static void test_layouts_of_6_1(void **state)
{
	struct mo_kernel *kernel = modules_kernel(&fake_6_1, 3);
	struct mo_modules *modules;
	const struct mo_module *module;

	(void)state;
	mo_fake_put_u8(kernel, MODULE(1) + 80, 0xab);
	mo_fake_put_u8(kernel, MODULE(1) + 99, 0x01);
	mo_fake_put_u64(kernel, MODULE(1) + 0x88, 0x3000);
	mo_fake_put_u64(kernel, MODULE(1) + 0x90, 0x8040);
	mo_fake_put_u32(kernel, MODULE(1) + 0x98, 48);
	mo_fake_put_u32(kernel, MODULE(1), 2);
	mo_fake_put_u32(kernel, MODULE(1) + 0x80, 0); /* it unloads */
	mo_fake_put_u32(kernel, MODULE(2), 1);
	mo_fake_put_u64(kernel, MODULE(2) + 0xc0, BASE_KVA + 0x30000);
	mo_fake_put_u32(kernel, MODULE(2) + 0xc8, 0x1000);
	mo_fake_put_u32(kernel, MODULE(2) + 0xcc, 0x400);
	modules = gather(kernel);
	assert_null(modules->remark);
	assert_int_equal(modules->count, 3);

	module = &modules->items[0];
	assert_string_equal(module->name, "m0");
	assert_string_equal(module->state, "live");
	assert_string_equal(module->build_id, "");
	assert_int_equal(module->module_kva, MODULE(0));
	assert_int_equal(module->size_bytes, 0x3000);
	assert_true(module->has_references);
	assert_int_equal(module->n_references, 0);
	assert_int_equal(module->text_kva, CORE(0));
	assert_int_equal(module->n_ranges, 4);
	assert_int_equal(module->ranges[0].part, MO_MODULE_TEXT);
	assert_int_equal(module->ranges[1].part, MO_MODULE_RODATA);
	assert_int_equal(module->ranges[1].first_kva, CORE(0) + 0x1000);
	assert_int_equal(module->ranges[1].n_bytes, 0x800);
	assert_int_equal(module->ranges[2].part, MO_MODULE_RO_AFTER_INIT);
	assert_int_equal(module->ranges[3].part, MO_MODULE_DATA);
	assert_int_equal(module->ranges[3].first_kva, CORE(0) + 0x2000);

	module = &modules->items[1];
	assert_string_equal(module->state, "going");
	assert_int_equal(module->n_references, -1);
	assert_string_equal(module->build_id, "ab00000000000000000000000000000000000001");
	assert_int_equal(module->taints, 0x3000);
	assert_int_equal(module->percpu_kva, 0x8040);
	assert_int_equal(module->percpu_bytes, 48);

	module = &modules->items[2];
	assert_string_equal(module->state, "coming");
	assert_int_equal(module->size_bytes, 0x4000);
	assert_int_equal(module->n_ranges, 6);
	assert_int_equal(module->ranges[4].part, MO_MODULE_INIT_TEXT);
	assert_int_equal(module->ranges[5].n_bytes, 0xc00);
	mo_modules_destroy(modules);
	mo_fake_destroy(kernel);
}

static void test_memory_of_6_12(void **state)
{
	struct mo_fake fake = fake_6_1;
	struct mo_kernel *kernel;
	struct mo_modules *modules;
	const struct mo_module *module;

	(void)state;
	fake.more_rows = rows_6_12;
	fake.n_more_rows = N_ROWS(rows_6_12);
	kernel = modules_kernel(&fake, 1);
	mo_fake_put_u64(kernel, MODULE(0) + 0x180, CORE(0));
	mo_fake_put_u32(kernel, MODULE(0) + 0x180 + 12, 0x2000);
	mo_fake_put_u64(kernel, MODULE(0) + 0x180 + 24, CORE(1));
	mo_fake_put_u32(kernel, MODULE(0) + 0x180 + 24 + 12, 0x1000);
	modules = gather(kernel);
	assert_int_equal(modules->count, 1);
	module = &modules->items[0];
	assert_int_equal(module->size_bytes, 0x3000);
	assert_int_equal(module->n_ranges, 2);
	assert_int_equal(module->ranges[1].part, MO_MODULE_DATA);
	assert_int_equal(module->ranges[1].first_kva, CORE(1));
	assert_int_equal(module->text_kva, CORE(0));
	assert_false(module->has_references);
	mo_modules_destroy(modules);
	mo_fake_destroy(kernel);
}

static void test_unformed_and_broken(void **state)
{
	struct mo_kernel *kernel = modules_kernel(&fake_6_1, 4);
	struct mo_modules *modules;

	(void)state;
	mo_fake_put_u32(kernel, MODULE(0), 3);
	mo_fake_put_u32(kernel, MODULE(1) + 0xac, 0x9000); /* text beyond the module: taken as one piece */
	mo_fake_break(kernel, MODULE(2) + 0x200, 8, MO_E_NOT_IN_DUMP);
	modules = gather(kernel);
	assert_int_equal(modules->count, 2);
	assert_string_equal(modules->items[0].name, "m1");
	assert_int_equal(modules->items[0].n_ranges, 1);
	assert_int_equal(modules->items[0].ranges[0].n_bytes, 0x3000);
	assert_string_equal(modules->items[1].name, "m3");
	assert_non_null(strstr(modules->remark, "cannot read struct module at 0xffff888000001800"));
	mo_modules_destroy(modules);

	mo_fake_put_u64(kernel, MODULE(1) + 8, 0x1234);
	modules = gather(kernel);
	assert_int_equal(modules->count, 1);
	assert_non_null(strstr(modules->remark, "in the list at 0xffff888000000100, cannot follow 0x1234"));
	mo_modules_destroy(modules);
	mo_fake_destroy(kernel);
}

static void test_btf_registry(void **state)
{
	static const uint64_t entry = BASE_KVA + 0x300;
	static const uint64_t btf = BASE_KVA + 0x400;
	struct mo_kernel *kernel = modules_kernel(&fake_6_1, 2);
	struct mo_modules *modules;
	size_t n_added = 0;

	(void)state;
	mo_fake_put_u64(kernel, BTF_MODULES, 0);
	mo_fake_put_u64(kernel, BTF_MODULES + 8, 0);
	modules = gather(kernel);
	assert_non_null(strstr(modules->remark, "was never initialised"));
	mo_modules_destroy(modules);
	link_nodes(kernel, BTF_MODULES, entry);
	link_nodes(kernel, entry, BTF_MODULES);
	mo_fake_put_u64(kernel, entry + 16, MODULE(1));
	mo_fake_put_u64(kernel, entry + 24, btf);
	mo_fake_put_u64(kernel, btf, CORE(0));
	mo_fake_put_u32(kernel, btf + 40, 100);
	modules = gather(kernel);
	assert_int_equal(modules->items[0].btf_bytes, 0);
	assert_int_equal(modules->items[1].btf_kva, CORE(0));
	assert_int_equal(modules->items[1].btf_bytes, 100);
	mo_modules_destroy(modules);
	expect_success(mo_kernel_load_module_types(kernel, &n_added));
	assert_int_equal(n_added, 1);
	expect_success(mo_kernel_load_module_types(kernel, &n_added)); /* once */
	assert_int_equal(n_added, 1);
	assert_int_equal(mo_fake_remark_count(kernel), 1);
	assert_string_equal(mo_fake_remark(kernel, 0), "the types of 1 of 2 modules are unknown: module m0 has no BTF");
	mo_fake_put_u64(kernel, entry, 0x1234);
	modules = gather(kernel);
	assert_int_equal(modules->items[1].btf_bytes, 100);
	assert_non_null(strstr(modules->remark, "the list of the modules' BTF: in the list at 0xffff888000000200"));
	mo_modules_destroy(modules);
	mo_fake_destroy(kernel);

	kernel = modules_kernel(&fake_6_1, 2);
	link_nodes(kernel, BTF_MODULES, entry);
	link_nodes(kernel, entry, BTF_MODULES);
	mo_fake_put_u64(kernel, entry + 16, MODULE(0));
	mo_fake_put_u64(kernel, entry + 24, btf);
	mo_fake_put_u64(kernel, btf, CORE(0));
	mo_fake_put_u32(kernel, btf + 40, 0xffffffff);
	expect_success(mo_kernel_load_module_types(kernel, &n_added));
	assert_int_equal(n_added, 0);
	assert_string_equal(mo_fake_remark(kernel, 0), "the types of 2 of 2 modules are unknown: module m0 claims "
						       "4294967295 bytes of BTF");
	mo_fake_destroy(kernel);
}

#define SYMTAB (CORE(0) + 0x2000)
#define STRTAB (CORE(0) + 0x2200)
#define TYPETAB (CORE(0) + 0x2400)
#define KALLSYMS (BASE_KVA + 0x500)
#define EXPORTS (CORE(0) + 0x1100)

static void put_symbol(struct mo_kernel *kernel, unsigned index, uint32_t name, uint64_t value, uint64_t size, char letter)
{
	mo_fake_put_u32(kernel, SYMTAB + index * 24, name);
	mo_fake_put_u64(kernel, SYMTAB + index * 24 + 8, value);
	mo_fake_put_u64(kernel, SYMTAB + index * 24 + 16, size);
	mo_fake_put_u8(kernel, TYPETAB + index, (uint8_t)letter);
}

static struct mo_kernel *symbols_kernel(void)
{
	static const char strings[] = "\0first\0second\0$x\0per_cpu";
	struct mo_kernel *kernel = modules_kernel(&fake_6_1, 1);

	mo_fake_put_u64(kernel, MODULE(0) + 0x100, KALLSYMS);
	mo_fake_put_u64(kernel, KALLSYMS, SYMTAB);
	mo_fake_put_u32(kernel, KALLSYMS + 8, 6);
	mo_fake_put_u64(kernel, KALLSYMS + 16, STRTAB);
	mo_fake_put_u64(kernel, KALLSYMS + 24, TYPETAB);
	mo_fake_put(kernel, STRTAB, strings, sizeof(strings));
	put_symbol(kernel, 1, 1, CORE(0), 32, 't');
	put_symbol(kernel, 2, 7, CORE(0) + 64, 16, 'T');
	put_symbol(kernel, 3, 14, CORE(0) + 64, 0, 't');   /* a mapping symbol */
	put_symbol(kernel, 4, 17, 0x8040, 8, 'd');
	put_symbol(kernel, 5, 100000, CORE(0) + 99, 8, 'd'); /* no name there */
	mo_fake_put_u64(kernel, MODULE(0) + 0x108, EXPORTS);
	mo_fake_put_u32(kernel, MODULE(0) + 0x110, 1);
	mo_fake_put_u32(kernel, EXPORTS, (uint32_t)(CORE(0) - EXPORTS)); /* "first", relative to itself */
	return kernel;
}

static void test_symbols(void **state)
{
	struct mo_kernel *kernel = symbols_kernel();
	const struct mo_symbols *all = mo_kernel_symbols(kernel);
	size_t n_before = mo_symbols_count(all);
	struct mo_symbol symbol;

	(void)state;
	expect_success(mo_kernel_load_modules(kernel));
	assert_int_equal(mo_symbols_count(all) - n_before, 3);
	expect_success(mo_symbols_find(all, "m0", "first", &symbol, NULL));
	assert_int_equal(symbol.value_kva, CORE(0));
	assert_int_equal(symbol.size_bytes, 32);
	assert_int_equal(symbol.type, 'T'); /* exported */
	assert_string_equal(symbol.module, "m0");
	expect_success(mo_symbols_find(all, "m0", "second", &symbol, NULL));
	assert_int_equal(symbol.type, 't'); /* global, and not exported */
	expect_success(mo_symbols_find(all, "m0", "per_cpu", &symbol, NULL));
	assert_int_equal(symbol.value_kva, 0x8040);
	assert_int_equal(mo_fake_remark_count(kernel), 1);
	assert_string_equal(mo_fake_remark(kernel, 0), "the symbols of 1 of 1 modules are incomplete: module m0: some "
						       "names of its symbols could not be read");
	expect_success(mo_kernel_load_modules(kernel)); /* once */
	assert_int_equal(mo_symbols_count(all) - n_before, 3);
	mo_fake_destroy(kernel);
}

static void test_broken_symbols(void **state)
{
	struct mo_kernel *kernel = symbols_kernel();

	(void)state;
	mo_fake_put_u32(kernel, KALLSYMS + 8, 0x40000000);
	expect_success(mo_kernel_load_modules(kernel));
	assert_string_equal(mo_fake_remark(kernel, 0),
			    "the symbols of 1 of 1 modules are incomplete: cannot read the symbols of module m0: "
			    "1073741824 symbols at 0xffff888000012000 do not fit into module m0");
	mo_fake_destroy(kernel);

	kernel = symbols_kernel();
	mo_fake_put_u64(kernel, KALLSYMS + 16, 0x5555);
	expect_success(mo_kernel_load_modules(kernel));
	assert_int_equal(mo_symbols_count(mo_kernel_symbols(kernel)), N_ROWS(symbols));
	mo_fake_destroy(kernel);

	/* The table goes on in a page that is not there. */
	kernel = symbols_kernel();
	mo_fake_put_u32(kernel, MODULE(0) + 0xa8, 0x4000);
	mo_fake_put_u64(kernel, KALLSYMS, CORE(0) + 0x2fd0);
	mo_fake_put_u32(kernel, CORE(0) + 0x2fd0 + 24, 7);
	mo_fake_put_u64(kernel, CORE(0) + 0x2fd0 + 24 + 8, CORE(0) + 64);
	mo_fake_break(kernel, CORE(0) + 0x3000, 0x1000, MO_E_NOT_IN_DUMP);
	expect_success(mo_kernel_load_modules(kernel));
	assert_int_equal(mo_symbols_count(mo_kernel_symbols(kernel)), N_ROWS(symbols) + 1);
	assert_non_null(strstr(mo_fake_remark(kernel, 0), "part of its symbol table could not be read"));
	mo_fake_destroy(kernel);

	kernel = symbols_kernel();
	mo_fake_put_u64(kernel, MODULE(0) + 0x100, 0x5555);
	expect_success(mo_kernel_load_modules(kernel));
	assert_non_null(strstr(mo_fake_remark(kernel, 0), "cannot read the symbols of module m0: cannot read"));
	mo_fake_destroy(kernel);
}

/* Any bytes at all in struct module, its tables and its symbols. */
static void test_random_damage(void **state)
{
	uint64_t random = 10;
	unsigned i;

	(void)state;
	for (i = 0; i < 500; i++) {
		struct mo_kernel *kernel = symbols_kernel();
		struct mo_modules *modules = NULL;
		struct mo_error *error;
		unsigned n;

		for (n = 0; n < 6; n++) {
			uint64_t base = n % 3 == 0 ? MODULE(0) : n % 3 == 1 ? KALLSYMS : SYMTAB;

			mo_fake_put_u8(kernel, base + next_random(&random) % (n % 3 == 1 ? 32 : 0x120),
				       (uint8_t)next_random(&random));
		}
		error = mo_modules_gather(mo_fake_reader(kernel), &modules);
		assert_true(error || modules->count <= 1);
		mo_error_destroy(error);
		mo_modules_destroy(modules);
		mo_error_destroy(mo_kernel_load_modules(kernel));
		assert_true(mo_symbols_count(mo_kernel_symbols(kernel)) <= N_ROWS(symbols) + 6);
		mo_fake_destroy(kernel);
	}
}

static void test_kernel_without_modules(void **state)
{
	struct mo_kernel *kernel = container_kernel();
	struct mo_modules *modules = NULL;

	(void)state;
	expect_error(mo_modules_gather(mo_fake_reader(kernel), &modules), MO_E_ABSENT, "modules");
	expect_success(mo_kernel_load_modules(kernel));
	mo_fake_destroy(kernel);
}

static void test_taint_letters(void **state)
{
	(void)state;
	assert_int_equal(mo_taint_letter(0), 'P');
	assert_int_equal(mo_taint_letter(18), 'N');
	assert_int_equal(mo_taint_letter(19), 'J');
	assert_int_equal(mo_taint_letter(20), '\0');
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_taint_letters),
		cmocka_unit_test(test_layouts_of_6_1),
		cmocka_unit_test(test_memory_of_6_12),
		cmocka_unit_test(test_unformed_and_broken),
		cmocka_unit_test(test_btf_registry),
		cmocka_unit_test(test_symbols),
		cmocka_unit_test(test_broken_symbols),
		cmocka_unit_test(test_random_damage),
		cmocka_unit_test(test_kernel_without_modules),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
