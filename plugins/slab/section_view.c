/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The report's section on slabs: what can be had back, the largest caches, what looks as if it grew, dentries and inodes. */
#include <inttypes.h>
#include <stdio.h>

#include "slab_views.h"

enum { SUM_KIND, SUM_CACHES, SUM_BYTES, SUM_ALLOCATED_BYTES, SUM_FREE_BYTES, SUM_SHARE, N_SUM_COLUMNS };

static const struct mo_column sum_columns[N_SUM_COLUMNS] = {
	[SUM_KIND] = { .key = "kind", .heading = "KIND", .kind = MO_CELL_TEXT,
		       .help = "reclaimable: shrinkers may give it back (SLAB_RECLAIM_ACCOUNT)" },
	[SUM_CACHES] = { .key = "caches", .heading = "CACHES", .kind = MO_CELL_COUNT, .help = "with slabs" },
	[SUM_BYTES] = { .key = "total_bytes", .heading = "TOTAL", .kind = MO_CELL_BYTES, .help = "memory of all slabs" },
	[SUM_ALLOCATED_BYTES] = { .key = "allocated_bytes", .heading = "IN USE", .kind = MO_CELL_BYTES,
				  .help = "in allocated objects" },
	[SUM_FREE_BYTES] = { .key = "free_bytes", .heading = "FREE", .kind = MO_CELL_BYTES, .help = "in free objects" },
	[SUM_SHARE] = { .key = "percent_of_memory", .heading = "OF MEMORY", .kind = MO_CELL_PERCENT,
			.help = "of all page frames that have a struct page" },
};

const struct mo_table_spec slab_sums_table = {
	.name = "slab_sums",
	.title = "Slab memory",
	.help = "What shrinkers may give back, and what stays.",
	.columns = sum_columns,
	.n_columns = N_SUM_COLUMNS,
};

enum { FS_WHAT, FS_TOTAL, FS_USED, FS_UNUSED, FS_NEGATIVE, N_FS_COLUMNS };

static const struct mo_column fs_columns[N_FS_COLUMNS] = {
	[FS_WHAT] = { .key = "what", .heading = "WHAT", .kind = MO_CELL_TEXT, .help = "dentries or inodes" },
	[FS_TOTAL] = { .key = "total", .heading = "TOTAL", .kind = MO_CELL_COUNT, .help = "as the kernel counts them" },
	[FS_USED] = { .key = "in_use", .heading = "IN USE", .kind = MO_CELL_COUNT, .help = "of these, those that somebody uses" },
	[FS_UNUSED] = { .key = "unused", .heading = "UNUSED", .kind = MO_CELL_COUNT,
			.help = "nobody uses them; they can be freed" },
	[FS_NEGATIVE] = { .key = "negative", .heading = "NEGATIVE", .kind = MO_CELL_COUNT,
			  .help = "of the unused dentries, names of files that do not exist" },
};

const struct mo_table_spec slab_files_table = {
	.name = "dentries_and_inodes",
	.title = "Dentries and inodes",
	.help = "What /proc/sys/fs/dentry-state and inode-state said.",
	.columns = fs_columns,
	.n_columns = N_FS_COLUMNS,
};

struct sums {
	uint64_t caches, pages, allocated_bytes, free_bytes;
};

static void put_sums(struct mo_run *run, struct mo_report *report, const char *kind, const struct sums *sums)
{
	const struct slab_state *state = mo_run_model(run);
	struct mo_cell cells[N_SUM_COLUMNS] = {
		[SUM_KIND] = mo_cell_text(kind),
		[SUM_CACHES] = mo_cell_number(mo_exact(sums->caches)),
		[SUM_BYTES] = mo_cell_number(mo_exact(sums->pages << state->model.page_shift)),
		[SUM_ALLOCATED_BYTES] = mo_cell_number(mo_exact(sums->allocated_bytes)),
		[SUM_FREE_BYTES] = mo_cell_number(mo_exact(sums->free_bytes)),
	};

	if (state->memmap->n_pages)
		cells[SUM_SHARE] = mo_cell_number(mo_exact(sums->pages * 100000 / state->memmap->n_pages));
	mo_report_row(report, cells);
}

static void put_kinds(struct mo_run *run, struct mo_report *report)
{
	const struct mo_slab_model *model = mo_run_model(run);
	struct sums kinds[2] = { { 0 }, { 0 } };

	for (size_t i = 0; i < model->n_caches; i++) {
		const struct mo_slab_cache *cache = &model->caches[i];
		struct sums *sums = &kinds[cache->is_reclaimable];

		sums->caches += cache->n_slabs != 0;
		sums->pages += cache->pages;
		sums->allocated_bytes += cache->states[MO_OBJECT_ALLOCATED] * cache->size_bytes;
		sums->free_bytes += free_objects_of(cache) * cache->size_bytes;
	}
	mo_report_table_begin(report, &slab_sums_table);
	put_sums(run, report, "reclaimable", &kinds[1]);
	put_sums(run, report, "unreclaimable", &kinds[0]);
	mo_report_table_end(report);
}

/* A per-CPU long of every possible CPU, summed up; a negative sum reads as 0, as the kernel has it. */
static struct mo_count sum_percpu(struct mo_run *run, const struct mo_address *symbol)
{
	struct mo_reader *reader = mo_run_reader(run);
	struct mo_set cpus;
	struct mo_error *error;
	uint64_t sum = 0;

	if (!mo_has(symbol))
		return mo_unknown();
	error = mo_cpus(reader, MO_CPUS_POSSIBLE, &cpus);
	for (int cpu = error ? -1 : mo_set_next(&cpus, 0); cpu >= 0 && !error; cpu = mo_set_next(&cpus, (unsigned)cpu + 1)) {
		uint64_t kva = 0;
		uint64_t part = 0;

		error = mo_percpu(reader, symbol->kva, (unsigned)cpu, &kva);
		if (!error)
			error = mo_read_pointer(reader, kva, &part);
		sum += part;
	}
	if (!error)
		return mo_exact((int64_t)sum < 0 ? 0 : sum);
	mo_error_destroy(error);
	return mo_unknown();
}

static void put_file_row(struct mo_report *report, const char *what, struct mo_count total, struct mo_count unused,
			 struct mo_count negative)
{
	bool is_known = total.certainty == MO_EXACT && unused.certainty == MO_EXACT && unused.value <= total.value;
	const struct mo_cell cells[N_FS_COLUMNS] = {
		[FS_WHAT] = mo_cell_text(what),
		[FS_TOTAL] = mo_cell_number(total),
		[FS_USED] = mo_cell_number(is_known ? mo_exact(total.value - unused.value) : mo_unknown()),
		[FS_UNUSED] = mo_cell_number(unused),
		[FS_NEGATIVE] = mo_cell_number(negative),
	};

	mo_report_row(report, cells);
}

static void put_files(struct mo_run *run, struct mo_report *report)
{
	const struct slab_layout *layout = mo_run_layout(run);

	mo_report_table_begin(report, &slab_files_table);
	put_file_row(report, "dentries", sum_percpu(run, &layout->files.dentries), sum_percpu(run, &layout->files.unused_dentries),
		     sum_percpu(run, &layout->files.negative_dentries));
	put_file_row(report, "inodes", sum_percpu(run, &layout->files.inodes), sum_percpu(run, &layout->files.unused_inodes),
		     mo_unknown());
	mo_report_table_end(report);
}

static void judge_suspect(struct mo_run *run, const struct slab_state *state, const struct mo_slab_cache *cache)
{
	char verdict[256];
	char advice[256];
	const char *name = cache->name ? cache->name : "?";
	const struct mo_evidence evidence[] = {
		{ .label = "memory", .kind = MO_CELL_BYTES, .cell = mo_cell_number(mo_exact(slab_bytes_of(&state->model, cache))) },
		{ .label = "of all memory", .kind = MO_CELL_PERCENT,
		  .cell = mo_cell_number(mo_exact(cache->pages * 100000 / state->memmap->n_pages)) },
		{ .label = "allocated objects", .kind = MO_CELL_COUNT, .cell = mo_cell_number(allocated_of(cache)) },
		{ .label = "caches merged into it", .kind = MO_CELL_COUNT, .cell = merged_cell(cache) },
	};
	const struct mo_finding finding = {
		.id = "slab-growth",
		.severity = MO_NOTICE, /* that something is lost is for leaks to say */
		.basis = MO_BASIS_FIT,
		.verdict = verdict,
		.evidence = evidence,
		.n_evidence = sizeof(evidence) / sizeof(evidence[0]),
		.advice = advice,
	};

	snprintf(verdict, sizeof(verdict), "Slab cache %s is large, nearly full, and no shrinker can reclaim it.", name);
	snprintf(advice, sizeof(advice), "`memopsy leaks` tells whether its objects are lost, `memopsy leaks --reachable` what they "
		 "hang on; on a kernel booted with slub_debug=U `memopsy slab %s --tracks` names who allocated them.", name);
	mo_run_judge(run, "slabs", &finding);
}

struct mo_error *judge_slabs(struct mo_run *run)
{
	const struct slab_state *state = mo_run_model(run);
	uint64_t all_pages = 0;

	for (size_t i = 0; i < state->model.n_caches; i++)
		all_pages += state->caches[i].pages;
	for (size_t i = 0; i < state->model.n_caches; i++)
		if (mo_slab_cache_looks_grown(&state->caches[i], state->memmap->n_pages, all_pages))
			judge_suspect(run, state, &state->caches[i]);
	return NULL;
}

struct mo_error *show_slab_section(struct mo_run *run, struct mo_report *report)
{
	struct mo_error *error;

	put_kinds(run, report);
	error = put_largest_caches(run, report, mo_run_report_rows(run, 10));
	if (error)
		return error;
	put_large_kmalloc(run, report);
	put_files(run, report);
	mo_run_show_findings(run, report);
	return NULL;
}
