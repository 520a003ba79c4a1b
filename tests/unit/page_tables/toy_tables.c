/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "toy_tables.h"

#define PAGE 4096ull
#define PRESENT 1ull
#define MEM_MAP (BASE_KVA + 0x92000)
#define MAX_MAPNR (BASE_KVA + 0x92008)

static const struct mo_fake_row rows[] = {
	{ .type = "struct page", .bytes = 64 },
	{ .type = "struct page", .member = "lru", .offset_bytes = 8, .bytes = 16 },
	{ .type = "struct page", .member = "pmd_huge_pte", .offset_bytes = 32, .bytes = 8 },
	{ .type = "struct page", .member = "pt_mm", .offset_bytes = 40, .bytes = 8 },
	{ .type = "struct mm_struct", .member = "pgd", .offset_bytes = 0, .bytes = 8 },
	{ .type = "struct mm_struct", .member = "pgtables_bytes", .offset_bytes = 8, .bytes = 8 },
};

static const struct mo_fake_symbol symbols[] = {
	{ .name = "mem_map", .kva = MEM_MAP, .bytes = 8 },
	{ .name = "max_mapnr", .kva = MAX_MAPNR, .bytes = 8 },
	{ .name = "pgd_list", .kva = TOY_PGD_LIST, .bytes = 16 },
};

static struct mo_mm mms[2];
static const struct mo_task tasks[] = { { .pid = 100, .comm = "one" }, { .pid = 200, .comm = "two" } };
static const struct mo_tasks_model tasks_model = { .tasks = tasks, .n_tasks = 2, .mms = mms, .n_mms = 2, .is_complete = true };

/* Of 64 page frames: what the two processes have is marked, but for their PGDs; and one that nobody has. */
static uint8_t classes[TOY_PAGES];
static const struct mo_page_run page_run = { .first_pfn = 0, .n_pages = TOY_PAGES, .classes = classes };
static struct mo_page_class_info class_infos[MO_N_PAGE_CLASSES];
static const struct mo_mem_map_model mem_map_model = { .classes = class_infos, .runs = &page_run, .n_runs = 1 };

const void *mo_run_model_of(const struct mo_run *run, const char *name)
{
	(void)run;
	if (!strcmp(name, MO_TASKS_MODEL))
		return &tasks_model;
	return strcmp(name, MO_MEM_MAP_MODEL) ? NULL : &mem_map_model;
}

bool mo_run_is_report(const struct mo_run *run)
{
	(void)run;
	return false;
}

size_t mo_run_report_rows(const struct mo_run *run, size_t usual)
{
	(void)run;
	return usual;
}

struct mo_progress *mo_run_progress(const struct mo_run *run)
{
	(void)run;
	return NULL;
}

struct mo_error *mo_parallel_scan(struct mo_kernel *kernel, struct mo_progress *progress, const char *phase, uint64_t first,
				  uint64_t end, uint64_t grain, mo_scan_function function, void *context)
{
	struct mo_error *error = NULL;

	(void)progress;
	(void)phase;
	(void)grain;
	for (uint64_t i = first; i < end && !error; i++)
		error = function(context, mo_fake_reader(kernel), 0, i, 1);
	return error;
}

void toy_point(struct mo_kernel *kernel, unsigned pfn, unsigned index, uint64_t target_pfn)
{
	mo_fake_put_u64(kernel, BASE_KVA + pfn * PAGE + index * 8ull, target_pfn * PAGE | PRESENT);
}

static void put_process(struct mo_kernel *kernel, unsigned i)
{
	mo_fake_put_u64(kernel, TOY_MM(i), BASE_KVA + TOY_PGD(i) * PAGE);
	toy_point(kernel, TOY_PGD(i), 0, TOY_PUD(i));
	toy_point(kernel, TOY_PGD(i), 256, 2);
	toy_point(kernel, TOY_PUD(i), 0, TOY_PMD(i));
	toy_point(kernel, TOY_PMD(i), 3, TOY_PTE(i));
	mms[i] = (struct mo_mm){ .kva = TOY_MM(i), .pgd_kva = BASE_KVA + TOY_PGD(i) * PAGE, .first_task = i, .is_readable = true };
	for (unsigned pfn = TOY_PUD(i); pfn <= TOY_PTE(i); pfn++)
		classes[pfn] = MO_PAGE_PAGE_TABLE;
	classes[TOY_PGD(i)] = MO_PAGE_DIRECT;
}

/* The kernel's tables are in page frames 1 to 4; its PUD table maps the same PMD table twice, as espfix does. */
struct mo_kernel *toy_kernel(void)
{
	const struct mo_fake fake = { .rows = mo_container_rows, .n_rows = mo_n_container_rows, .more_rows = rows,
				      .n_more_rows = N_ROWS(rows), .symbols = symbols, .n_symbols = N_ROWS(symbols),
				      .end_pfn = TOY_PAGES };
	struct mo_kernel *kernel = mo_fake_kernel(&fake);

	memset(classes, MO_PAGE_UNKNOWN, sizeof(classes));
	for (unsigned i = 0; i < MO_N_PAGE_CLASSES; i++)
		class_infos[i].name = i == MO_PAGE_PAGE_TABLE ? "page-table" : "other";
	mo_fake_map(kernel, BASE_KVA, 0xa0000);
	mo_fake_physical(kernel, BASE_KVA, TOY_PAGES * PAGE, TOY_KERNEL_ROOT * PAGE);
	mo_fake_map(kernel, TOY_PAGE_KVA(0), TOY_PAGES * 64);
	mo_fake_put_u64(kernel, MEM_MAP, TOY_PAGE_KVA(0));
	mo_fake_put_u64(kernel, MAX_MAPNR, TOY_PAGES);
	mo_fake_put_u64(kernel, TOY_PGD_LIST, TOY_PGD_LIST);
	mo_fake_put_u64(kernel, TOY_PGD_LIST + 8, TOY_PGD_LIST);
	toy_point(kernel, TOY_KERNEL_ROOT, 256, 2);
	toy_point(kernel, 2, 0, 3);
	toy_point(kernel, 2, 1, 3);
	toy_point(kernel, 3, 7, 4);
	put_process(kernel, 0);
	put_process(kernel, 1);
	classes[60] = MO_PAGE_PAGE_TABLE;
	return kernel;
}

struct mo_run *toy_run(struct mo_kernel *kernel, uint64_t first_said, uint64_t second_said)
{
	struct mo_error *error = NULL;
	struct mo_run *run;

	mms[0].pgtables_bytes = mo_exact(first_said * PAGE);
	mms[1].pgtables_bytes = mo_exact(second_said * PAGE);
	run = fake_run_try(kernel, memopsy_plugin_entry_page_tables(), &error);
	expect_success(error);
	return run;
}

void toy_end(struct mo_kernel *kernel, struct mo_run *run)
{
	fake_run_destroy(run);
	mo_fake_destroy(kernel);
}
