/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What modules are made of and hold, /proc/modules, and lists of users that lead nowhere. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fake_run.h"

#include <memopsy/modules.h>
#include <memopsy/slab.h>
#include <memopsy/vmap.h>

const struct mo_plugin *memopsy_plugin_entry_modules(void);

#define TYPE "struct module"
#define MODULES (BASE_KVA + 0x100)
#define MODULE(i) (BASE_KVA + 0x1000 + (i) * 0x400ull)
#define USE (BASE_KVA + 0x3000)
#define CORE(i) (0xffffffffc0000000ull + (i) * 0x4000ull)

static const struct mo_fake_row rows[] = {
	{ .type = TYPE, .bytes = 0x300 },
	{ .type = TYPE, .member = "state", .offset_bytes = 0, .bytes = 4 },
	{ .type = TYPE, .member = "list", .offset_bytes = 8, .bytes = 16 },
	{ .type = TYPE, .member = "name", .offset_bytes = 24, .bytes = 1, .n_elements = 56 },
	{ .type = TYPE, .member = "refcnt", .offset_bytes = 0x80, .bytes = 4, .is_signed = true },
	{ .type = TYPE, .member = "taints", .offset_bytes = 0x88, .bytes = 8 },
	{ .type = TYPE, .member = "percpu", .offset_bytes = 0x90, .bytes = 8 },
	{ .type = TYPE, .member = "percpu_size", .offset_bytes = 0x98, .bytes = 4 },
	{ .type = TYPE, .member = "core_layout.base", .offset_bytes = 0xa0, .bytes = 8 },
	{ .type = TYPE, .member = "core_layout.size", .offset_bytes = 0xa8, .bytes = 4 },
	{ .type = TYPE, .member = "core_layout.text_size", .offset_bytes = 0xac, .bytes = 4 },
	{ .type = TYPE, .member = "core_layout.ro_size", .offset_bytes = 0xb0, .bytes = 4 },
	{ .type = TYPE, .member = "core_layout.ro_after_init_size", .offset_bytes = 0xb4, .bytes = 4 },
	{ .type = TYPE, .member = "init", .offset_bytes = 0x100, .bytes = 8 },
	{ .type = TYPE, .member = "exit", .offset_bytes = 0x108, .bytes = 8 },
	{ .type = TYPE, .member = "source_list", .offset_bytes = 0x110, .bytes = 16 },
	{ .type = "struct module_use", .member = "source_list", .offset_bytes = 0, .bytes = 16 },
	{ .type = "struct module_use", .member = "source", .offset_bytes = 32, .bytes = 8 },
};

static const struct mo_fake_enumerator enumerators[] = {
	{ .enum_name = "enum module_state", .name = "MODULE_STATE_LIVE", .value = 0 },
	{ .enum_name = "enum module_state", .name = "MODULE_STATE_COMING", .value = 1 },
	{ .enum_name = "enum module_state", .name = "MODULE_STATE_GOING", .value = 2 },
};

static const struct mo_fake_symbol symbols[] = { { .name = "modules", .kva = MODULES, .bytes = 16 } };

/* Two areas of fs, one of the kernel, one without a caller; four caches. */
static const struct mo_vmap_area areas[] = {
	{ .caller_kva = CORE(0) + 0x10, .n_found_pages = 3 },
	{ .caller_kva = CORE(0) + 0x20, .n_mapped_memory_pages = 2 },
	{ .caller_kva = 0xffffffff81000000ull, .n_found_pages = 5 },
	{ .n_found_pages = 7 },
};
static const struct mo_vmap_model vmap = { .areas = areas, .n_areas = 4 };
static const struct mo_slab_cache caches[] = {
	{ .name = "anything", .constructor_kva = CORE(0) + 0x40, .pages = 4 },
	{ .name = "fs_inode", .pages = 8 },
	{ .name = "fsother", .pages = 16 },
	{ .name = NULL, .pages = 32 },
};
static const struct mo_slab_model slab = { .caches = caches, .n_caches = 4, .page_shift = 12 };

const void *mo_run_model_of(const struct mo_run *run, const char *name)
{
	(void)run;
	return strcmp(name, MO_VMAP_MODEL) ? (const void *)&slab : (const void *)&vmap;
}

static bool is_report;

bool mo_run_is_report(const struct mo_run *run)
{
	(void)run;
	return is_report;
}

size_t mo_run_report_rows(const struct mo_run *run, size_t usual)
{
	(void)run;
	return usual;
}

static void link_nodes(struct mo_kernel *kernel, uint64_t left, uint64_t right)
{
	mo_fake_put_u64(kernel, left, right);
	mo_fake_put_u64(kernel, right + 8, left);
}

static void put_module(struct mo_kernel *kernel, unsigned i, const char *name, uint32_t state)
{
	mo_fake_put_u32(kernel, MODULE(i), state);
	mo_fake_put(kernel, MODULE(i) + 24, name, strlen(name) + 1);
	mo_fake_put_u32(kernel, MODULE(i) + 0x80, 1);
	mo_fake_put_u64(kernel, MODULE(i) + 0xa0, CORE(i));
	mo_fake_put_u32(kernel, MODULE(i) + 0xa8, 0x3000);
	mo_fake_put_u32(kernel, MODULE(i) + 0xac, 0x1000);
	mo_fake_put_u32(kernel, MODULE(i) + 0xb0, 0x1800);
	mo_fake_put_u32(kernel, MODULE(i) + 0xb4, 0x2000);
	link_nodes(kernel, MODULE(i) + 0x110, MODULE(i) + 0x110);
}

/* fs uses lib; old is going, and taints. */
static struct mo_kernel *toy(void)
{
	const struct mo_fake fake = { .rows = mo_container_rows, .n_rows = mo_n_container_rows, .more_rows = rows,
				      .n_more_rows = N_ROWS(rows), .enumerators = enumerators,
				      .n_enumerators = N_ROWS(enumerators), .symbols = symbols, .n_symbols = 1 };
	struct mo_kernel *kernel = mo_fake_kernel(&fake);

	mo_fake_map(kernel, BASE_KVA, 0x10000);
	put_module(kernel, 0, "fs", 0);
	put_module(kernel, 1, "lib", 0);
	put_module(kernel, 2, "old", 2);
	link_nodes(kernel, MODULES, MODULE(0) + 8);
	link_nodes(kernel, MODULE(0) + 8, MODULE(1) + 8);
	link_nodes(kernel, MODULE(1) + 8, MODULE(2) + 8);
	link_nodes(kernel, MODULE(2) + 8, MODULES);
	mo_fake_put_u64(kernel, MODULE(0) + 0x100, CORE(0));
	mo_fake_put_u64(kernel, MODULE(0) + 0x90, 0x5000);
	mo_fake_put_u32(kernel, MODULE(0) + 0x98, 24);
	mo_fake_put_u32(kernel, MODULE(1) + 0x80, 2);
	link_nodes(kernel, MODULE(1) + 0x110, USE);
	link_nodes(kernel, USE, MODULE(1) + 0x110);
	mo_fake_put_u64(kernel, USE + 32, MODULE(0));
	mo_fake_put_u64(kernel, MODULE(2) + 0x88, 1u << 12 | 1u << 13);
	return kernel;
}

static struct mo_run *run_of(struct mo_kernel *kernel)
{
	struct mo_error *error = NULL;
	struct mo_run *run = fake_run_try(kernel, memopsy_plugin_entry_modules(), &error);

	expect_success(error);
	return run;
}

static void end(struct mo_kernel *kernel, struct mo_run *run)
{
	fake_run_destroy(run);
	mo_fake_destroy(kernel);
}

#define LINE_FS "fs 12288 0 [permanent], Live 0xffffffffc0000000\n"
#define LINE_OLD "old 12288 0 - Unloading 0xffffffffc0008000 (OE-)\n"

static void test_sound(void **state)
{
	struct mo_kernel *kernel = toy();
	struct mo_run *run = run_of(kernel);
	const struct mo_modules_model *model = mo_run_model(run);
	char *text = fake_run_flagged(run, "modules", "proc");

	(void)state;
	assert_string_equal(text, LINE_FS "lib 12288 1 fs, Live 0xffffffffc0004000\n" LINE_OLD);
	free(text);
	assert_int_equal(fake_run_finding_count(run), 0);
	assert_int_equal(model->n_modules, 3);
	assert_true(model->is_complete && model->has_areas && model->has_caches);
	assert_int_equal(model->modules[0].text_bytes, 0x1000);
	assert_int_equal(model->modules[0].rodata_bytes, 0x800);
	assert_int_equal(model->modules[0].data_bytes, 0x1800);
	assert_int_equal(model->modules[0].percpu_bytes, 24);
	assert_int_equal(model->modules[0].areas, 2);
	assert_int_equal(model->modules[0].owned_bytes, 3 * 4096);
	assert_int_equal(model->modules[0].mapped_bytes, 2 * 4096);
	assert_int_equal(model->modules[0].constructed_caches, 1);
	assert_int_equal(model->modules[0].constructed_bytes, 4 * 4096);
	assert_int_equal(model->modules[0].named_caches, 1);
	assert_int_equal(model->modules[0].named_bytes, 8 * 4096);
	assert_int_equal(model->modules[1].areas + model->modules[1].named_caches, 0);
	text = fake_run_flagged(run, "modules", NULL);
	assert_non_null(strstr(text, "12.0 KiB  48.0 KiB"));
	free(text);
	is_report = true;
	text = fake_run_flagged(run, "modules", NULL);
	is_report = false;
	assert_non_null(strstr(text, "The 3 largest of 3 modules."));
	free(text);
	end(kernel, run);
}

static void expect_said(struct mo_kernel *kernel, const char *proc, const char *said)
{
	struct mo_run *run = run_of(kernel);
	char *text = fake_run_flagged(run, "modules", "proc");

	assert_string_equal(text, proc);
	assert_true(fake_run_said(run, said));
	free(text);
	end(kernel, run);
}

/* Who uses it is not known then, and no module is missing. */
static void test_users(void **state)
{
	struct mo_kernel *kernel = toy();

	(void)state;
	mo_fake_put_u64(kernel, USE + 32, 0x1234);
	expect_said(kernel, LINE_FS "lib 12288 1 ? Live 0xffffffffc0004000\n" LINE_OLD, "the users of module lib");
	kernel = toy();
	mo_fake_put_u64(kernel, USE, USE);
	expect_said(kernel, LINE_FS "lib 12288 1 ? Live 0xffffffffc0004000\n" LINE_OLD, "the users of module lib");
}

static void test_list(void **state)
{
	struct mo_kernel *kernel = toy();
	struct mo_run *run;
	const struct mo_modules_model *model;

	(void)state;
	mo_fake_put_u64(kernel, MODULE(1) + 8, 0xdead000000000100ull);
	run = run_of(kernel);
	model = mo_run_model(run);
	assert_int_equal(model->n_modules, 2);
	assert_false(model->is_complete);
	assert_true(fake_run_said(run, "The list of modules could not be read completely."));
	end(kernel, run);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sound),
		cmocka_unit_test(test_users),
		cmocka_unit_test(test_list),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
