/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* mm_structs without tasks, and who points at them. */

#include "fake_run.h"

#include <stdlib.h>
#include <string.h>

#include <memopsy/slab.h>
#include <memopsy/tasks.h>

extern const struct mo_plugin *memopsy_plugin_entry_mms(void);

#define SLAB_KVA(i) (BASE_KVA + 0x10000 + (i) * 0x1000ull)
#define MM(i) (SLAB_KVA(0) + (i) * 0x100ull)
#define FILE_OBJECT(i) (SLAB_KVA(1) + (i) * 0x100ull)
#define OTHER(i) (SLAB_KVA(2) + (i) * 0x100ull)
#define VARIABLES (BASE_KVA + 0x1000)

enum { MM_USERS = 0, MM_COUNT = 4, MM_PGTABLES = 8, MM_TOTAL = 16, MM_RSS = 24, FILE_PRIVATE = 0x20 };

#define MEMBER(t, name, at, n) { .type = t, .member = name, .offset_bytes = at, .bytes = n }

static const struct mo_fake_row rows[] = {
	{ .type = "struct cpumask", .member = "bits", .bytes = 8, .n_elements = 1 },
	MEMBER("struct mm_struct", "mm_users", MM_USERS, 4), MEMBER("struct mm_struct", "mm_count", MM_COUNT, 4),
	MEMBER("struct mm_struct", "pgtables_bytes", MM_PGTABLES, 8), MEMBER("struct mm_struct", "total_vm", MM_TOTAL, 8),
	MEMBER("struct mm_struct", "rss_stat", MM_RSS, 32),
	{ .type = "struct mm_rss_stat", .member = "count", .bytes = 8, .n_elements = 4 },
	MEMBER("struct file", "private_data", FILE_PRIVATE, 8),
};

static const struct mo_fake_enumerator enumerators[] = {
	{ .enum_name = "enum mm_counters", .name = "MM_FILEPAGES", .value = 0 },
	{ .enum_name = "enum mm_counters", .name = "MM_ANONPAGES", .value = 1 },
	{ .enum_name = "enum mm_counters", .name = "MM_SHMEMPAGES", .value = 3 },
};

static const struct mo_fake_symbol symbols[] = { { .name = "poking_mm", .kva = VARIABLES, .bytes = 8 } };

/* Three slabs of 16 objects of 256 bytes: mm_struct, filp, and one without a name that could be read. */
static uint32_t slab_indexes[] = { 0, 1, 2 };
static struct mo_slab slabs[] = {
	{ .pfn = 16, .first_object = 0, .cache = 0, .objects = 16, .has_states = true },
	{ .pfn = 17, .first_object = 16, .cache = 1, .objects = 16, .has_states = true },
	{ .pfn = 18, .first_object = 32, .cache = 2, .objects = 16, .has_states = true },
};
static struct mo_slab_cache caches[] = {
	{ .name = "mm_struct", .size_bytes = 256, .object_bytes = 248, .slabs = &slab_indexes[0], .n_slabs = 1 },
	{ .name = "filp", .size_bytes = 256, .object_bytes = 248, .slabs = &slab_indexes[1], .n_slabs = 1 },
	{ .size_bytes = 256, .object_bytes = 248, .slabs = &slab_indexes[2], .n_slabs = 1 },
};
static uint8_t states[24];
static struct mo_slab_model slab_model = { .caches = caches, .n_caches = 3, .slabs = slabs, .n_slabs = 3, .states = states,
					   .n_objects = 48, .page_shift = 12, .direct_map_kva = BASE_KVA };
static struct mo_mm mms[] = { { .kva = MM(1) } };
static struct mo_tasks_model tasks_model = { .mms = mms, .n_mms = 1, .is_complete = true };

const void *mo_run_model_of(const struct mo_run *run, const char *name)
{
	(void)run;
	return strcmp(name, MO_SLAB_MODEL) ? (const void *)&tasks_model : (const void *)&slab_model;
}

/* mm 1 has a task, mm 2 and 3 have none; all others are free. */
static struct mo_kernel *start(void)
{
	static struct mo_fake fake;
	struct mo_kernel *kernel;

	fake = (struct mo_fake){ .rows = mo_container_rows, .n_rows = mo_n_container_rows, .more_rows = rows,
				 .n_more_rows = N_ROWS(rows), .enumerators = enumerators, .n_enumerators = N_ROWS(enumerators),
				 .symbols = symbols, .n_symbols = 1, .end_pfn = 64 };
	kernel = mo_fake_kernel(&fake);
	mo_fake_physical(kernel, BASE_KVA, 64 * 4096, 0);
	mo_fake_map(kernel, BASE_KVA, 0x40000);
	memset(states, MO_OBJECT_FREE | MO_OBJECT_FREE << 4, 8);
	memset(states + 8, 0, 16);
	states[0] = MO_OBJECT_FREE; /* 1 is allocated */
	states[1] = 0;              /* 2 and 3 */
	caches[0].states[MO_OBJECT_ALLOCATED] = 3;
	for (unsigned i = 1; i < 4; i++) {
		mo_fake_put_u32(kernel, MM(i) + MM_COUNT, i);
		mo_fake_put_u64(kernel, MM(i) + 0x40, MM(i)); /* a list of its own: no holder */
	}
	mo_fake_put_u64(kernel, MM(3) + MM_TOTAL, 10);
	return kernel;
}

static void test_orphans(void **unused)
{
	struct mo_kernel *kernel = start();
	struct mo_run *run;
	char *text;

	(void)unused;
	mo_fake_put_u64(kernel, FILE_OBJECT(5) + FILE_PRIVATE, MM(3));
	mo_fake_put_u64(kernel, FILE_OBJECT(6) + FILE_PRIVATE, MM(3));
	mo_fake_put_u64(kernel, FILE_OBJECT(7) + FILE_PRIVATE, MM(1)); /* has a task */
	mo_fake_put_u64(kernel, OTHER(9) + 0x18, MM(3));
	mo_fake_put_u64(kernel, VARIABLES, MM(2));
	run = fake_run(kernel, memopsy_plugin_entry_mms());
	text = fake_run_text(run, "mms", NULL);
	assert_non_null(strstr(text, "2 open files of /proc/PID (struct file.private_data, 0xffff888000011500)"));
	assert_non_null(strstr(text, "1 ? at +0x18 (0xffff888000012900)"));
	assert_non_null(strstr(text, "poking_mm"));
	assert_non_null(strstr(text, "0xffff888000010300      0      3  40.0 KiB  0 B"));
	assert_null(strstr(text, "0xffff888000010100"));
	assert_non_null(strstr(text, "3 mm_structs, 2 without a task."));
	free(text);
	fake_run_destroy(run);
	mo_fake_destroy(kernel);
}

/* The report says nothing of them unless they hold much: swapped pages and negative counts are none. */
static void test_report(void **unused)
{
	struct mo_kernel *kernel = start();
	struct mo_run *run;
	char *text;

	(void)unused;
	mo_fake_put_u64(kernel, MM(3) + MM_RSS, (uint64_t)-5);
	mo_fake_put_u64(kernel, MM(3) + MM_RSS + 8, 4094);
	mo_fake_put_u64(kernel, MM(3) + MM_RSS + 16, 1 << 20);
	mo_fake_put_u64(kernel, MM(3) + MM_PGTABLES, 8191);
	mo_fake_put_u64(kernel, MM(1) + MM_RSS, 1 << 20); /* has a task */
	run = fake_run(kernel, memopsy_plugin_entry_mms());
	text = fake_run_section(run, "mms");
	assert_null(strstr(text, "0xffff8880000103"));
	assert_null(strstr(text, "hold memory"));
	free(text);
	fake_run_destroy(run);
	mo_fake_put_u64(kernel, MM(3) + MM_PGTABLES, 8192);
	mo_fake_put_u64(kernel, FILE_OBJECT(5) + FILE_PRIVATE, MM(3));
	run = fake_run(kernel, memopsy_plugin_entry_mms());
	text = fake_run_section(run, "mms");
	assert_non_null(strstr(text, "Address spaces without a process hold memory."));
	assert_non_null(strstr(text, "16.0 MiB"));
	assert_non_null(strstr(text, "1 open file of /proc/PID"));
	assert_null(strstr(text, "0xffff888000010200"));
	free(text);
	fake_run_destroy(run);
	mo_fake_destroy(kernel);
}

/* Objects that the dump lacks cost themselves alone; a broken list of tasks is said. */
static void test_holes(void **unused)
{
	struct mo_kernel *kernel = start();
	struct mo_run *run;
	char *text;

	(void)unused;
	mo_fake_put_u64(kernel, FILE_OBJECT(5) + FILE_PRIVATE, MM(3));
	mo_fake_break(kernel, FILE_OBJECT(0), 0x400, MO_E_NOT_IN_DUMP);
	mo_fake_break(kernel, MM(2), 0x100, MO_E_NOT_IN_DUMP);
	tasks_model.is_complete = false;
	run = fake_run(kernel, memopsy_plugin_entry_mms());
	text = fake_run_text(run, "mms", NULL);
	assert_non_null(strstr(text, "1 open file of /proc/PID"));
	assert_non_null(strstr(text, "0xffff888000010200      ?      ?"));
	assert_non_null(strstr(text, "The list of tasks is incomplete"));
	free(text);
	tasks_model.is_complete = true;
	fake_run_destroy(run);
	mo_fake_destroy(kernel);
}

static void test_no_cache(void **unused)
{
	struct mo_kernel *kernel = start();
	struct mo_run *run;

	(void)unused;
	slab_model.n_caches = 0;
	run = fake_run(kernel, memopsy_plugin_entry_mms());
	expect_error(fake_run_error(run, "mms", NULL), MO_E_ABSENT, "no slab cache \"mm_struct\"");
	slab_model.n_caches = 3;
	fake_run_destroy(run);
	mo_fake_destroy(kernel);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_orphans),
		cmocka_unit_test(test_report),
		cmocka_unit_test(test_holes),
		cmocka_unit_test(test_no_cache),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
