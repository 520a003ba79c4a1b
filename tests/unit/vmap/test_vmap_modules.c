/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Areas whose callers have no name any more: whose they are, by the modules' variables. */

#include <memopsy/zones.h>

#include <stdlib.h>
#include <string.h>

#include <memopsy/module_list.h>

#include "fake_run.h"
#include "gathering.h"

#define DATA_KVA 0xffffffffc0000000ull
#define TEXT_KVA 0xffffffffc0010000ull
#define AREA_KVA(number) (0xffffc90000000000ull + (number) * 0x10000ull)

static char name_of_first[] = "first";
static char name_of_second[] = "second";

/* In the place of the kernel's list (the linker's --wrap). */
struct mo_error *__wrap_mo_modules_gather(struct mo_reader *reader, struct mo_modules **ret);
void __wrap_mo_modules_destroy(struct mo_modules *modules);

/* The first module's data cannot be read from the second page on; the second says that it is larger than anything is. */
struct mo_error *__wrap_mo_modules_gather(struct mo_reader *reader, struct mo_modules **ret)
{
	static const struct mo_module_range ranges[] = {
		{ .part = MO_MODULE_TEXT, .first_kva = TEXT_KVA, .n_bytes = 4096 },
		{ .part = MO_MODULE_DATA, .first_kva = DATA_KVA, .n_bytes = 0x4000 },
		{ .part = MO_MODULE_DATA, .first_kva = DATA_KVA + 0x3000, .n_bytes = UINT64_MAX - 7 },
		{ .part = MO_MODULE_RO_AFTER_INIT, .first_kva = DATA_KVA + 0x3000, .n_bytes = 0xffd },
	};
	struct mo_modules *modules = calloc(1, sizeof(*modules));

	(void)reader;
	assert_non_null(modules);
	modules->items = calloc(2, sizeof(*modules->items));
	assert_non_null(modules->items);
	modules->count = 2;
	modules->items[0].name = name_of_first;
	memcpy(modules->items[0].ranges, ranges, 2 * sizeof(ranges[0]));
	modules->items[0].n_ranges = 2;
	modules->items[1].name = name_of_second;
	memcpy(modules->items[1].ranges, ranges + 2, 2 * sizeof(ranges[0]));
	modules->items[1].n_ranges = 2;
	*ret = modules;
	return NULL;
}

void __wrap_mo_modules_destroy(struct mo_modules *modules)
{
	if (modules)
		free(modules->items);
	free(modules);
}

static const struct mo_need no_need[1];
static const struct mo_need_table no_needs = { .needs = no_need };
static struct mo_error *gather_nothing(struct mo_run *run, void **model_ret)
{
	(void)run;
	*model_ret = NULL;
	return NULL;
}
static void release_nothing(void *model)
{
	(void)model;
}
static const struct mo_plugin no_plugin = { MO_PLUGIN_HEADER, .needs = &no_needs, .layout_bytes = 1, .gather = gather_nothing,
					    .release = release_nothing };

static void test_areas_by_data(void **unused)
{
	struct mo_kernel *kernel = mo_fake_kernel(&(const struct mo_fake){ .end_pfn = 64 });
	struct mo_vmap_area areas[6];
	struct vmap_state state = { .areas = areas, .n_areas = 6 };

	(void)unused;
	memset(areas, 0, sizeof(areas));
	for (unsigned i = 0; i < 6; i++)
		areas[i] = (struct mo_vmap_area){ .has_vm = true, .caller_kva = 0xffffffffc0777000ull, .vm_first_kva = AREA_KVA(i) };
	areas[2].caller_name = "has_a_name";
	areas[3].has_vm = false;
	mo_fake_map(kernel, DATA_KVA, 4096);
	mo_fake_map(kernel, DATA_KVA + 0x3000, 4096);
	mo_fake_map(kernel, TEXT_KVA, 4096);
	mo_fake_put_u64(kernel, DATA_KVA + 8, AREA_KVA(0));
	mo_fake_put_u64(kernel, DATA_KVA + 16, AREA_KVA(2));
	mo_fake_put_u64(kernel, DATA_KVA + 24, AREA_KVA(3));
	mo_fake_put_u64(kernel, DATA_KVA + 32, AREA_KVA(4) + 8);  /* into it, which may be by chance */
	mo_fake_put_u64(kernel, TEXT_KVA + 8, AREA_KVA(5));       /* code is no variable */
	mo_fake_put_u64(kernel, DATA_KVA + 0x3008, AREA_KVA(1));  /* both say so, and the first has it behind a hole */
	state.run = fake_run_with(kernel, &no_plugin, MO_ZONES_MODEL, NULL);
	state.reader = mo_fake_reader(kernel);
	expect_success(find_modules_by_data(&state));
	assert_string_equal(areas[0].caller_module, "first");
	assert_string_equal(areas[1].caller_module, "first");
	assert_null(areas[2].caller_module);
	assert_null(areas[3].caller_module);
	assert_null(areas[4].caller_module);
	assert_null(areas[5].caller_module);
	__wrap_mo_modules_destroy(state.modules);
	fake_run_destroy(state.run);
	mo_fake_destroy(kernel);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_areas_by_data) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
