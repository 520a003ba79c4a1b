/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* `memopsy percpu --allocations`: each allocation, the largest first; and who pays for how much. */
#include "percpu_layout.h"
#include "views.h"

#include <stdlib.h>
#include <string.h>

const struct mo_option percpu_options[N_PERCPU_OPTIONS] = {
	{ .name = "allocations", .kind = MO_OPTION_FLAG, .help = "every allocation, the largest first" },
};

enum { COLUMN_ADDRESS, COLUMN_SIZE, COLUMN_ALL, COLUMN_CHUNK, COLUMN_MODULE, COLUMN_CGROUP, COLUMN_MEMCG, COLUMN_KVA,
       N_COLUMNS };

static const struct mo_column columns[N_COLUMNS] = {
	[COLUMN_ADDRESS] = { .key = "percpu_kva", .heading = "POINTER", .kind = MO_CELL_ADDRESS,
			     .help = "the kernel's pointer to it (__percpu)" },
	[COLUMN_SIZE] = { .key = "size_bytes", .heading = "SIZE", .kind = MO_CELL_BYTES, .help = "of one CPU's copy" },
	[COLUMN_ALL] = { .key = "all_bytes", .heading = "ALL UNITS", .kind = MO_CELL_BYTES,
			 .help = "of the copies in all units" },
	[COLUMN_CHUNK] = { .key = "chunk", .heading = "CHUNK", .kind = MO_CELL_TEXT, .help = "the kind of its chunk" },
	[COLUMN_MODULE] = { .key = "module", .heading = "MODULE", .kind = MO_CELL_TEXT,
			    .help = "whose static per-CPU variables these are; empty: none, as far as known" },
	[COLUMN_CGROUP] = { .key = "cgroup", .heading = "CGROUP", .kind = MO_CELL_TEXT, .flags = MO_COLUMN_TRUNCATE,
			    .help = "the memory cgroup charged; empty: none" },
	[COLUMN_MEMCG] = { .key = "memcg_kva", .heading = "STRUCT MEM_CGROUP", .kind = MO_CELL_ADDRESS,
			   .flags = MO_COLUMN_HIDDEN, .help = "where it is; 0: none" },
	[COLUMN_KVA] = { .key = "kva", .heading = "ADDRESS", .kind = MO_CELL_ADDRESS, .flags = MO_COLUMN_HIDDEN,
			 .help = "in the lowest unit" },
};

const struct mo_table_spec percpu_allocations_table = {
	.name = "percpu_allocations",
	.title = "Allocations of the per-CPU allocator",
	.help = "Each exists once per unit, at the same offset.",
	.columns = columns,
	.n_columns = N_COLUMNS,
	.flags = MO_TABLE_NO_TITLE,
};

enum { PAYER_CGROUP, PAYER_COUNT, PAYER_ALL, PAYER_MEMCG, N_PAYER_COLUMNS };

static const struct mo_column payer_columns[N_PAYER_COLUMNS] = {
	[PAYER_CGROUP] = { .key = "cgroup", .heading = "CGROUP", .kind = MO_CELL_TEXT, .help = "its path" },
	[PAYER_COUNT] = { .key = "allocations", .heading = "COUNT", .kind = MO_CELL_COUNT, .help = "allocations charged to it" },
	[PAYER_ALL] = { .key = "all_bytes", .heading = "ALL UNITS", .kind = MO_CELL_BYTES,
			 .help = "their copies in all units" },
	[PAYER_MEMCG] = { .key = "memcg_kva", .heading = "STRUCT MEM_CGROUP", .kind = MO_CELL_ADDRESS, .help = "where it is" },
};

const struct mo_table_spec percpu_payers_table = {
	.name = "percpu_payers",
	.title = "Memory cgroups charged for per-CPU memory",
	.help = "By the chunks' records (obj_cgroups, obj_exts), largest first.",
	.columns = payer_columns,
	.n_columns = N_PAYER_COLUMNS,
};

struct payer {
	uint64_t memcg_kva, n_allocations, n_bytes;
};

static const char *module_of(const struct mo_modules *modules, uint64_t percpu_kva)
{
	for (size_t i = 0; modules && i < modules->count; i++)
		if (modules->items[i].percpu_bytes && modules->items[i].percpu_kva == percpu_kva)
			return modules->items[i].name;
	return modules ? "" : NULL;
}

static int compare_sizes(const void *a, const void *b)
{
	const struct mo_percpu_allocation *first = a;
	const struct mo_percpu_allocation *second = b;

	if (first->bytes != second->bytes)
		return first->bytes > second->bytes ? -1 : 1;
	return first->percpu_kva < second->percpu_kva ? -1 : first->percpu_kva > second->percpu_kva;
}

/* false: it cannot be read, and is shown as unknown. */
static bool read_cgroup_path(struct mo_run *run, uint64_t memcg_kva, char path[MO_CGROUP_PATH_BYTES_MAX])
{
	const struct percpu_layout *layout = mo_run_layout(run);
	struct mo_error *error = mo_memcg_path(mo_run_reader(run), &layout->cgroup_path, memcg_kva, path);
	bool is_read = !error;

	mo_error_destroy(error);
	return is_read;
}

struct mo_error *show_allocations(struct mo_run *run, struct mo_report *report)
{
	const struct mo_percpu_model *percpu = mo_run_model(run);
	struct mo_modules *modules = NULL;
	struct mo_percpu_allocation *sorted = calloc(percpu->n_allocations + 1, sizeof(*sorted));

	if (!sorted)
		return mo_error_no_memory();
	/* Without the list of modules, what is theirs is not known. */
	mo_error_destroy(mo_modules_gather(mo_run_reader(run), &modules));
	if (percpu->n_allocations)
		memcpy(sorted, percpu->allocations, percpu->n_allocations * sizeof(*sorted));
	qsort(sorted, percpu->n_allocations, sizeof(*sorted), compare_sizes);
	mo_report_table_begin(report, &percpu_allocations_table);
	for (size_t i = 0; i < percpu->n_allocations; i++) {
		uint64_t n_units = percpu->n_units;
		char path[MO_CGROUP_PATH_BYTES_MAX] = "";
		bool has_path = !sorted[i].memcg_kva || read_cgroup_path(run, sorted[i].memcg_kva, path);
		const struct mo_cell cells[N_COLUMNS] = {
			[COLUMN_ADDRESS] = mo_cell_number(mo_exact(sorted[i].percpu_kva)),
			[COLUMN_SIZE] = mo_cell_number(mo_exact(sorted[i].bytes)),
			[COLUMN_ALL] = mo_cell_number(n_units ? mo_exact(sorted[i].bytes * n_units) : mo_unknown()),
			[COLUMN_CHUNK] = mo_cell_text(percpu_kind_name(percpu->chunks[sorted[i].chunk].kind)),
			[COLUMN_MODULE] = mo_cell_text(module_of(modules, sorted[i].percpu_kva)),
			[COLUMN_CGROUP] = mo_cell_text(has_path ? path : NULL),
			[COLUMN_MEMCG] = mo_cell_number(mo_exact(sorted[i].memcg_kva)),
			[COLUMN_KVA] = mo_cell_number(mo_exact(sorted[i].kva)),
		};

		mo_report_row(report, cells);
	}
	mo_report_table_end(report);
	mo_modules_destroy(modules);
	free(sorted);
	return NULL;
}

static int compare_memcgs(const void *a, const void *b)
{
	const struct payer *first = a;
	const struct payer *second = b;

	return first->memcg_kva < second->memcg_kva ? -1 : first->memcg_kva > second->memcg_kva;
}

static int compare_payers(const void *a, const void *b)
{
	const struct payer *first = a;
	const struct payer *second = b;

	if (first->n_bytes != second->n_bytes)
		return first->n_bytes > second->n_bytes ? -1 : 1;
	return compare_memcgs(a, b);
}

static size_t join(struct payer *payers, size_t n_payers)
{
	size_t n = 0;

	for (size_t i = 0; i < n_payers; i++) {
		if (!n || payers[n - 1].memcg_kva != payers[i].memcg_kva) {
			payers[n++] = payers[i];
			continue;
		}
		payers[n - 1].n_allocations += payers[i].n_allocations;
		payers[n - 1].n_bytes += payers[i].n_bytes;
	}
	return n;
}

static void write_payer(struct mo_run *run, struct mo_report *report, const struct payer *payer, uint64_t n_units)
{
	char path[MO_CGROUP_PATH_BYTES_MAX];
	bool has_path = read_cgroup_path(run, payer->memcg_kva, path);
	const struct mo_cell cells[N_PAYER_COLUMNS] = {
		[PAYER_CGROUP] = mo_cell_text(has_path ? path : NULL),
		[PAYER_COUNT] = mo_cell_number(mo_exact(payer->n_allocations)),
		[PAYER_ALL] = mo_cell_number(n_units ? mo_exact(payer->n_bytes * n_units) : mo_unknown()),
		[PAYER_MEMCG] = mo_cell_number(mo_exact(payer->memcg_kva)),
	};

	mo_report_row(report, cells);
}

struct mo_error *show_payers(struct mo_run *run, struct mo_report *report)
{
	const struct mo_percpu_model *percpu = mo_run_model(run);
	struct payer *payers = calloc(percpu->n_allocations + 1, sizeof(*payers));
	size_t n = 0;

	if (!payers)
		return mo_error_no_memory();
	for (size_t i = 0; i < percpu->n_allocations; i++)
		if (percpu->allocations[i].memcg_kva)
			payers[n++] = (struct payer){ .memcg_kva = percpu->allocations[i].memcg_kva, .n_allocations = 1,
						      .n_bytes = percpu->allocations[i].bytes };
	qsort(payers, n, sizeof(*payers), compare_memcgs);
	n = join(payers, n);
	qsort(payers, n, sizeof(*payers), compare_payers);
	if (n) {
		mo_report_table_begin(report, &percpu_payers_table);
		for (size_t i = 0; i < n; i++)
			write_payer(run, report, &payers[i], percpu->n_units);
		mo_report_table_end(report);
	}
	free(payers);
	return NULL;
}
