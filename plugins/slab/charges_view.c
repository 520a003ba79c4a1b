/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* `memopsy slab --charged` and `memopsy slabtop --charged`: who pays for objects. */
#include "charges.h"

#include <inttypes.h>
#include <stdlib.h>

enum { COLUMN_CGROUP, COLUMN_OBJECTS, COLUMN_BYTES, COLUMN_MEMCG, N_COLUMNS };

static const struct mo_column columns[N_COLUMNS] = {
	[COLUMN_CGROUP] = { .key = "cgroup", .heading = "CGROUP", .kind = MO_CELL_TEXT,
			    .help = "its path; empty: these objects are charged to nobody" },
	[COLUMN_OBJECTS] = { .key = "objects", .heading = "OBJECTS", .kind = MO_CELL_COUNT, .help = "allocated objects" },
	[COLUMN_BYTES] = { .key = "bytes", .heading = "MEMORY", .kind = MO_CELL_BYTES, .help = "that these take (size)" },
	[COLUMN_MEMCG] = { .key = "memcg", .heading = "STRUCT MEM_CGROUP", .kind = MO_CELL_ADDRESS, .flags = MO_COLUMN_HIDDEN,
			   .help = "where it is" },
};

const struct mo_table_spec slab_charges_table = {
	.name = "charged",
	.title = "Who is charged",
	.help = "Allocated objects by the memory cgroup that pays for them (with --charged).",
	.columns = columns,
	.n_columns = N_COLUMNS,
};

/* "": charged to nobody. */
static struct mo_cell path_cell(const struct slab_state *state, uint64_t memcg_kva, char path[MO_CGROUP_PATH_BYTES_MAX])
{
	struct mo_error *error;

	if (!memcg_kva)
		return mo_cell_text("");
	error = mo_memcg_path(state->reader, &state->layout->cgroup_path, memcg_kva, path);
	if (!error)
		return mo_cell_text(path);
	mo_error_destroy(error);
	return mo_cell_unknown();
}

static void put_charge(struct mo_report *report, const struct slab_state *state, const struct mo_slab_cache *cache,
		       const struct charge *charge)
{
	char path[MO_CGROUP_PATH_BYTES_MAX];
	const struct mo_cell cells[N_COLUMNS] = {
		[COLUMN_CGROUP] = path_cell(state, charge->memcg_kva, path),
		[COLUMN_OBJECTS] = mo_cell_number(mo_exact(charge->n_objects)),
		[COLUMN_BYTES] = mo_cell_number(mo_exact(charge->n_objects * cache->size_bytes)),
		[COLUMN_MEMCG] = charge->memcg_kva ? mo_cell_number(mo_exact(charge->memcg_kva)) : mo_cell_unknown(),
	};

	mo_report_row(report, cells);
}

struct mo_error *put_charges(struct mo_run *run, struct mo_report *report, const struct mo_slab_cache *cache)
{
	struct slab_state state = *(const struct slab_state *)mo_run_model(run);
	struct charges *charges = calloc(1, sizeof(*charges));
	struct mo_error *error;

	if (!charges)
		return mo_error_no_memory();
	state.reader = mo_run_reader(run);
	state.layout = mo_run_layout(run);
	error = gather_charges(&state, cache, charges);
	if (error) {
		free(charges);
		return error;
	}
	mo_report_table_begin(report, &slab_charges_table);
	for (size_t i = 0; i < charges->n; i++)
		put_charge(report, &state, cache, &charges->charges[i]);
	mo_report_table_end(report);
	if (charges->n_unreadable || charges->n_others)
		mo_report_note(report, "Of %" PRIu64 " objects it could not be read who is charged, and %" PRIu64
			       " belong to further cgroups.", charges->n_unreadable, charges->n_others);
	free(charges);
	return NULL;
}

enum { OF_CGROUP, OF_OBJECTS, OF_RECLAIMABLE, OF_UNRECLAIMABLE, OF_MEMCG, N_OF_COLUMNS };

static const struct mo_column cgroup_columns[N_OF_COLUMNS] = {
	[OF_CGROUP] = { .key = "cgroup", .heading = "CGROUP", .kind = MO_CELL_TEXT,
			.help = "its path; empty: charged to nobody" },
	[OF_OBJECTS] = { .key = "objects", .heading = "OBJECTS", .kind = MO_CELL_COUNT, .help = "allocated objects of all caches" },
	[OF_RECLAIMABLE] = { .key = "reclaimable_bytes", .heading = "RECLAIMABLE", .kind = MO_CELL_BYTES,
			     .help = "as the kernel charges them: their size and a pointer; without what CPUs hold charged ahead" },
	[OF_UNRECLAIMABLE] = { .key = "unreclaimable_bytes", .heading = "UNRECLAIMABLE", .kind = MO_CELL_BYTES,
			       .help = "the same, of caches that no shrinker serves" },
	[OF_MEMCG] = { .key = "memcg", .heading = "STRUCT MEM_CGROUP", .kind = MO_CELL_ADDRESS, .flags = MO_COLUMN_HIDDEN,
		       .help = "where it is" },
};

const struct mo_table_spec slab_cgroups_table = {
	.name = "slab_cgroups",
	.title = "Slab memory by cgroup",
	.help = "Allocated objects of all caches by the memory cgroup that pays for them (with --charged).",
	.columns = cgroup_columns,
	.n_columns = N_OF_COLUMNS,
};

/* Sums over all caches; one more than a cache has cgroups, as nobody is one. */
struct cgroup_sums {
	struct charges of_cache;     /* of the cache that is being counted */
	struct cgroup_sum {
		uint64_t memcg_kva, n_objects, bytes[2];
	} sums[MAX_CHARGES];
	size_t n;
	uint64_t n_untold;
};

static void add_cache(const struct slab_state *state, const struct mo_slab_cache *cache, struct cgroup_sums *sums)
{
	const struct charges *charges = &sums->of_cache;
	uint64_t full_bytes = cache->size_bytes + state->shape.word_bytes; /* obj_full_size() (mm/memcontrol.c) */

	sums->n_untold += charges->n_unreadable + charges->n_others;
	for (size_t i = 0; i < charges->n; i++) {
		const struct charge *charge = &charges->charges[i];
		size_t at = 0;

		while (at < sums->n && sums->sums[at].memcg_kva != charge->memcg_kva)
			at++;
		if (at == MAX_CHARGES) {
			sums->n_untold += charge->n_objects;
			continue;
		}
		if (at == sums->n)
			sums->sums[sums->n++] = (struct cgroup_sum){ .memcg_kva = charge->memcg_kva };
		sums->sums[at].n_objects += charge->n_objects;
		sums->sums[at].bytes[cache->is_reclaimable] += charge->n_objects * full_bytes;
	}
}

static void put_sum(struct mo_report *report, const struct slab_state *state, const struct cgroup_sum *sum)
{
	char path[MO_CGROUP_PATH_BYTES_MAX];
	const struct mo_cell cells[N_OF_COLUMNS] = {
		[OF_CGROUP] = path_cell(state, sum->memcg_kva, path),
		[OF_OBJECTS] = mo_cell_number(mo_exact(sum->n_objects)),
		[OF_RECLAIMABLE] = mo_cell_number(mo_exact(sum->bytes[1])),
		[OF_UNRECLAIMABLE] = mo_cell_number(mo_exact(sum->bytes[0])),
		[OF_MEMCG] = sum->memcg_kva ? mo_cell_number(mo_exact(sum->memcg_kva)) : mo_cell_unknown(),
	};

	mo_report_row(report, cells);
}

static int compare_sums(const void *a, const void *b)
{
	const struct cgroup_sum *left = a;
	const struct cgroup_sum *right = b;
	uint64_t left_bytes = left->bytes[0] + left->bytes[1];
	uint64_t right_bytes = right->bytes[0] + right->bytes[1];

	if (left_bytes != right_bytes)
		return left_bytes < right_bytes ? 1 : -1;
	return (left->memcg_kva > right->memcg_kva) - (left->memcg_kva < right->memcg_kva);
}

struct mo_error *put_cgroups(struct mo_run *run, struct mo_report *report)
{
	struct slab_state state = *(const struct slab_state *)mo_run_model(run);
	struct cgroup_sums *sums = calloc(1, sizeof(*sums));
	struct mo_error *error = NULL;

	if (!sums)
		return mo_error_no_memory();
	state.reader = mo_run_reader(run);
	state.layout = mo_run_layout(run);
	for (size_t i = 0; i < state.model.n_caches && !error; i++) {
		sums->of_cache.n = 0;
		sums->of_cache.n_unreadable = sums->of_cache.n_others = 0;
		error = gather_charges(&state, &state.model.caches[i], &sums->of_cache);
		if (!error)
			add_cache(&state, &state.model.caches[i], sums);
	}
	if (!error) {
		qsort(sums->sums, sums->n, sizeof(sums->sums[0]), compare_sums);
		mo_report_table_begin(report, &slab_cgroups_table);
		for (size_t i = 0; i < sums->n; i++)
			put_sum(report, &state, &sums->sums[i]);
		mo_report_table_end(report);
		if (sums->n_untold)
			mo_report_note(report, "Of %" PRIu64 " objects it is not known who is charged.", sums->n_untold);
	}
	free(sums);
	return error;
}
