/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Pages of zsmalloc by the zram device that has them: what devices say of themselves, and what is not believed. */
#include <inttypes.h>
#include <stdlib.h>

#include "fake_run.h"
#include "gathering.h"

#define KVA 0xffffffff85000000ull
#define IDR KVA                                  /* an xarray, whose head is at byte 8 */
#define NODE (KVA + 0x100)
#define DEVICE(i) (KVA + 0x1000 + (i) * 0x40ull) /* struct zram: pool, disk, pages stored, bytes they are compressed to */
#define DISK(i) (KVA + 0x2000 + (i) * 0x40ull)
#define POOL(i) (KVA + 0x3000 + (i) * 0x40ull)
#define CLASS_PAGES 500u

#define ROW(type_name, member_name, offset) { .type = type_name, .member = member_name, .offset_bytes = offset, .bytes = 8 }
static const struct mo_fake_row rows[] = {
	{ .type = "struct gendisk", .member = "disk_name", .offset_bytes = 0, .bytes = 1, .n_elements = 32 },
	ROW("struct zs_pool", "pages_allocated.counter", 8),
	ROW("struct zram", "mem_pool", 0),
	ROW("struct zram", "disk", 8),
	ROW("struct zram", "stats.pages_stored.counter", 16),
	ROW("struct zram", "stats.compr_data_size.counter", 24),
};
static const struct mo_fake_symbol symbols[] = { { "zram_index_idr", IDR, 16 } };

struct toy {
	struct mo_kernel *kernel;
	struct mo_mem_map_model mem_map;
	struct owners_state state;
	uint64_t n_pages;
};

static struct mo_error *gather_nothing(struct mo_run *run, void **model_ret)
{
	(void)run;
	*model_ret = NULL;
	return NULL;
}

extern const struct mo_need_table owners_module_needs;
static const struct mo_need no_need[1];
static const struct mo_need_table no_needs = { .needs = no_need };
static const struct mo_plugin plugin = { MO_PLUGIN_HEADER, .needs = &no_needs, .layout_bytes = 1, .gather = gather_nothing,
					 .module_needs = &owners_module_needs,
					 .module_layout_bytes = sizeof(struct zram_layout) };

static void start(struct toy *toy, size_t n_rows, size_t n_symbols)
{
	memset(toy, 0, sizeof(*toy));
	toy->kernel = mo_fake_kernel(&(const struct mo_fake){ .rows = rows, .n_rows = n_rows, .more_rows = mo_container_rows,
							      .n_more_rows = mo_n_container_rows, .symbols = symbols,
							      .n_symbols = n_symbols });
	mo_fake_map(toy->kernel, KVA, 0x4000);
	mo_fake_put_u64(toy->kernel, IDR + 8, NODE | 2);
	toy->mem_map.pages[MO_PAGE_ZSMALLOC] = CLASS_PAGES;
	toy->state.kernel = toy->kernel;
	toy->state.mem_map = &toy->mem_map;
	toy->state.page_shift = 12;
	toy->n_pages = 1;
}

static void put_device(struct toy *toy, unsigned i, uint64_t pages, uint64_t stored, uint64_t compressed_bytes)
{
	char name[32];
	int n = snprintf(name, sizeof(name), "zram%u", i);

	mo_fake_put_u64(toy->kernel, NODE + 40 + i * 8, DEVICE(i));
	mo_fake_put_u64(toy->kernel, DEVICE(i), POOL(i));
	mo_fake_put_u64(toy->kernel, DEVICE(i) + 8, DISK(i));
	mo_fake_put_u64(toy->kernel, DEVICE(i) + 16, stored);
	mo_fake_put_u64(toy->kernel, DEVICE(i) + 24, compressed_bytes);
	mo_fake_put(toy->kernel, DISK(i), name, (size_t)n + 1);
	mo_fake_put_u64(toy->kernel, POOL(i) + 8, pages);
}

static void gather(struct toy *toy)
{
	toy->state.run = fake_run(toy->kernel, &plugin);
	expect_success(gather_zram_accounting(&toy->state, &toy->n_pages));
}

static const struct mo_holder *holder_named(const struct toy *toy, const char *name)
{
	for (size_t i = 0; i < toy->state.holders.n; i++)
		if (!strcmp(toy->state.holders.holders[i].name, name))
			return &toy->state.holders.holders[i];
	return NULL;
}

static void finish(struct toy *toy)
{
	fake_run_destroy(toy->state.run);
	holders_deinit(&toy->state.holders);
	names_deinit(&toy->state.names);
	mo_fake_destroy(toy->kernel);
}

static void test_devices(void **unused)
{
	const struct mo_holder *holder;
	struct toy toy;

	(void)unused;
	start(&toy, N_ROWS(rows), 1);
	put_device(&toy, 0, 100, 400, 408000);
	put_device(&toy, 1, 50, 60, 200000);
	put_device(&toy, 2, 30, 40, 100000);
	mo_fake_put_u64(toy.kernel, DEVICE(2), 0); /* not set up: without a pool */
	put_device(&toy, 3, 0, 0, 0);              /* set up, and empty */
	gather(&toy);
	assert_int_equal(toy.n_pages, 150);
	assert_int_equal(toy.state.holders.n, 2);
	holder = holder_named(&toy, "zram0");
	assert_non_null(holder);
	assert_int_equal(holder->pieces, 100);
	assert_int_equal(holder->bytes, 100 * 4096);
	assert_int_equal(holder->kind, MO_HOLDER_DIRECT);
	assert_int_equal(holder->evidence, MO_HOLDER_BY_STRUCTURE);
	assert_int_equal(holder->page_class, MO_PAGE_ZSMALLOC);
	assert_int_equal(holder->example_kva, DEVICE(0));
	assert_string_equal(holder->module, "zram");
	assert_string_equal(holder->detail, "400 pages, compressed to 408000 bytes");
	assert_int_equal(holder_named(&toy, "zram1")->pieces, 50);
	finish(&toy);
}

/* More pages than there are of the class stay with it, as do those of a device that cannot be read. */
static void test_not_believed(void **unused)
{
	struct toy toy;

	(void)unused;
	start(&toy, N_ROWS(rows), 1);
	put_device(&toy, 0, CLASS_PAGES - 10, 1, 1);
	put_device(&toy, 1, 11, 1, 1);
	put_device(&toy, 2, UINT64_MAX, 1, 1);
	put_device(&toy, 3, 5, 1, 1);
	mo_fake_put_u64(toy.kernel, DEVICE(3) + 8, 0xffff999900000000); /* no disk is there */
	put_device(&toy, 4, 6, 1, 1);
	mo_fake_put_u64(toy.kernel, NODE + 40 + 5 * 8, 0xffff999900000000); /* no device is there */
	put_device(&toy, 6, 4, 1, 1);
	gather(&toy);
	assert_int_equal(toy.n_pages, CLASS_PAGES);
	assert_int_equal(toy.state.holders.n, 3);
	assert_int_equal(holder_named(&toy, "zram0")->pieces, CLASS_PAGES - 10);
	assert_int_equal(holder_named(&toy, "zram4")->pieces, 6);
	assert_int_equal(holder_named(&toy, "zram6")->pieces, 4);
	finish(&toy);
}

/* What a device stores is left out where its counters are not known; its pages are not. */
static void test_without_counters(void **unused)
{
	struct toy toy;

	(void)unused;
	start(&toy, N_ROWS(rows) - 2, 1);
	put_device(&toy, 0, 20, 400, 408000);
	gather(&toy);
	assert_int_equal(holder_named(&toy, "zram0")->pieces, 20);
	assert_null(holder_named(&toy, "zram0")->detail);
	finish(&toy);
}

static void expect_nothing(struct toy *toy)
{
	put_device(toy, 0, 20, 400, 408000);
	gather(toy);
	assert_int_equal(toy->n_pages, 0);
	assert_int_equal(toy->state.holders.n, 0);
	finish(toy);
}

/* No types of the module, no list of devices, one that cannot be read, no such pages: all stays with the class. */
static void test_nothing_known(void **unused)
{
	struct toy toy;

	(void)unused;
	start(&toy, 2, 1);
	expect_nothing(&toy);
	start(&toy, N_ROWS(rows), 0);
	expect_nothing(&toy);
	start(&toy, N_ROWS(rows), 1);
	mo_fake_put_u64(toy.kernel, IDR + 8, 0xffff999900000000 | 2);
	expect_nothing(&toy);
	start(&toy, N_ROWS(rows), 1);
	toy.mem_map.pages[MO_PAGE_ZSMALLOC] = 0;
	expect_nothing(&toy);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_devices), cmocka_unit_test(test_not_believed), cmocka_unit_test(test_without_counters),
		cmocka_unit_test(test_nothing_known),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
