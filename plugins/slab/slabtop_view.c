/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* `memopsy slabtop`: caches by the memory that they hold, and how much of it is wasted (free objects, padding). */
#include "charges.h"
#include "slab_views.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { COLUMN_NAME, COLUMN_BYTES, COLUMN_ALLOCATED, COLUMN_OBJECTS, COLUMN_USE, COLUMN_SLABS, COLUMN_OBJECT_BYTES,
       COLUMN_SIZE, COLUMN_FREE_BYTES, COLUMN_CACHED_BYTES, COLUMN_PADDING_BYTES, COLUMN_PARTIAL_SLABS, COLUMN_PARTIAL_BYTES,
       COLUMN_RECLAIMABLE, COLUMN_UNKNOWN, COLUMN_CACHE, N_COLUMNS };

static const struct mo_column columns[N_COLUMNS] = {
	[COLUMN_NAME] = { .key = "name", .heading = "CACHE", .kind = MO_CELL_TEXT,
			  .help = "the cache's name; caches alike are merged under the name of the first" },
	[COLUMN_BYTES] = { .key = "total_bytes", .heading = "TOTAL", .kind = MO_CELL_BYTES, .help = "memory of all its slabs" },
	[COLUMN_ALLOCATED] = { .key = "allocated", .heading = "ALLOCATED", .kind = MO_CELL_COUNT,
			       .help = "objects in use, counted one by one" },
	[COLUMN_OBJECTS] = { .key = "objects", .heading = "OBJECTS", .kind = MO_CELL_COUNT, .help = "room for objects" },
	[COLUMN_USE] = { .key = "use_percent", .heading = "USE", .kind = MO_CELL_PERCENT, .help = "objects in use of that room" },
	[COLUMN_SLABS] = { .key = "slabs", .heading = "SLABS", .kind = MO_CELL_COUNT, .help = "slabs found among all pages" },
	[COLUMN_OBJECT_BYTES] = { .key = "object_bytes", .heading = "OBJSIZE", .kind = MO_CELL_COUNT,
				  .help = "bytes of an object as asked for (object_size)" },
	[COLUMN_SIZE] = { .key = "size_bytes", .heading = "SIZE", .kind = MO_CELL_COUNT,
			  .help = "bytes that an object takes (size)" },
	[COLUMN_FREE_BYTES] = { .key = "free_bytes", .heading = "FREE", .kind = MO_CELL_BYTES, .help = "in free objects" },
	[COLUMN_CACHED_BYTES] = { .key = "cached_bytes", .heading = "OF CPUS", .kind = MO_CELL_BYTES, .flags = MO_COLUMN_HIDDEN,
				  .help = "of these, in free objects that CPUs, sheaves and barns keep aside" },
	[COLUMN_PADDING_BYTES] = { .key = "padding_bytes", .heading = "PADDING", .kind = MO_CELL_BYTES,
				   .help = "added to allocated objects, and left over in slabs" },
	[COLUMN_PARTIAL_SLABS] = { .key = "partial_slabs", .heading = "PARTIAL", .kind = MO_CELL_COUNT, .flags = MO_COLUMN_HIDDEN,
				   .help = "slabs with free objects" },
	[COLUMN_PARTIAL_BYTES] = { .key = "partial_slab_bytes", .heading = "PARTIAL", .kind = MO_CELL_BYTES,
				   .help = "memory of slabs with free objects" },
	[COLUMN_RECLAIMABLE] = { .key = "reclaimable", .heading = "RECLAIMABLE", .kind = MO_CELL_BOOL,
				 .help = "whether it counts as reclaimable (SLAB_RECLAIM_ACCOUNT)" },
	[COLUMN_UNKNOWN] = { .key = "unknown", .heading = "UNKNOWN", .kind = MO_CELL_COUNT, .flags = MO_COLUMN_HIDDEN,
			     .help = "objects whose state could not be told" },
	[COLUMN_CACHE] = { .key = "cache", .heading = "STRUCT KMEM_CACHE", .kind = MO_CELL_ADDRESS, .flags = MO_COLUMN_HIDDEN,
			   .help = "where its struct kmem_cache is" },
};

const struct mo_table_spec slabtop_table = {
	.name = "slabtop",
	.title = "Slab caches by memory",
	.help = "How much memory each slab cache holds, and how much of it is wasted (free objects, padding).",
	.columns = columns,
	.n_columns = N_COLUMNS,
};

uint64_t free_objects_of(const struct mo_slab_cache *cache)
{
	return cache->objects - cache->states[MO_OBJECT_ALLOCATED] - cache->states[MO_OBJECT_UNKNOWN];
}

struct mo_count allocated_of(const struct mo_slab_cache *cache)
{
	uint64_t allocated = cache->states[MO_OBJECT_ALLOCATED];

	if (cache->untold_objects)
		return mo_at_least(allocated > cache->untold_objects ? allocated - cache->untold_objects : 0);
	return cache->states[MO_OBJECT_UNKNOWN] || cache->hidden_objects ? mo_at_least(allocated) : mo_exact(allocated);
}

uint64_t slab_bytes_of(const struct mo_slab_model *model, const struct mo_slab_cache *cache)
{
	return cache->pages << model->page_shift;
}

static uint64_t partial_bytes(const struct mo_slab_model *model, const struct mo_slab_cache *cache)
{
	return cache->n_slabs ? slab_bytes_of(model, cache) / cache->n_slabs * cache->partial_slabs : 0;
}

static uint64_t padding_bytes(const struct mo_slab_model *model, const struct mo_slab_cache *cache)
{
	uint64_t in_objects = cache->states[MO_OBJECT_ALLOCATED] * (cache->size_bytes - cache->object_bytes);
	uint64_t of_objects = cache->objects * cache->size_bytes;
	uint64_t bytes = slab_bytes_of(model, cache);

	return in_objects + (bytes > of_objects ? bytes - of_objects : 0);
}

static void put_cache(struct mo_report *report, const struct mo_slab_model *model, const struct mo_slab_cache *cache)
{
	const uint64_t *states = cache->states;
	uint64_t cached = free_objects_of(cache) - states[MO_OBJECT_FREE];
	char room[32];
	struct mo_cell cells[N_COLUMNS] = {
		[COLUMN_NAME] = name_cell(cache, room, sizeof(room)),
		[COLUMN_BYTES] = mo_cell_number(mo_exact(slab_bytes_of(model, cache))),
		[COLUMN_ALLOCATED] = mo_cell_number(allocated_of(cache)),
		[COLUMN_OBJECTS] = mo_cell_number(mo_exact(cache->objects + cache->hidden_objects)),
		[COLUMN_SLABS] = mo_cell_number(mo_exact(cache->n_slabs)),
		[COLUMN_OBJECT_BYTES] = mo_cell_number(mo_exact(cache->object_bytes)),
		[COLUMN_SIZE] = mo_cell_number(mo_exact(cache->size_bytes)),
		[COLUMN_FREE_BYTES] = mo_cell_number(mo_exact(free_objects_of(cache) * cache->size_bytes)),
		[COLUMN_CACHED_BYTES] = mo_cell_number(mo_exact(cached * cache->size_bytes)),
		[COLUMN_PADDING_BYTES] = mo_cell_number(mo_exact(padding_bytes(model, cache))),
		[COLUMN_PARTIAL_SLABS] = mo_cell_number(mo_exact(cache->partial_slabs)),
		[COLUMN_PARTIAL_BYTES] = mo_cell_number(mo_exact(partial_bytes(model, cache))),
		[COLUMN_RECLAIMABLE] = mo_cell_number(mo_exact(cache->is_reclaimable)),
		[COLUMN_UNKNOWN] = mo_cell_number(mo_exact(states[MO_OBJECT_UNKNOWN] + cache->hidden_objects)),
		[COLUMN_CACHE] = mo_cell_number(mo_exact(cache->cache_kva)),
	};

	if (cache->objects)
		cells[COLUMN_USE] = mo_cell_number(mo_exact(states[MO_OBJECT_ALLOCATED] * 100000 / cache->objects));
	if (!cache->size_bytes)
		for (unsigned i = COLUMN_OBJECT_BYTES; i < N_COLUMNS - 1; i++)
			cells[i] = mo_cell_unknown();
	mo_report_row(report, cells);
}

/* A report's lines have 80 columns: JSON has the rest all the same. */
static void hide_for_report(struct mo_column *copies)
{
	static const unsigned hidden[] = { COLUMN_OBJECTS, COLUMN_SLABS, COLUMN_OBJECT_BYTES, COLUMN_PADDING_BYTES,
					   COLUMN_PARTIAL_BYTES };

	memcpy(copies, columns, sizeof(columns));
	for (size_t i = 0; i < sizeof(hidden) / sizeof(hidden[0]); i++)
		copies[hidden[i]].flags |= MO_COLUMN_HIDDEN;
}

static int compare_bytes(const void *a, const void *b)
{
	const struct mo_slab_cache *left = *(const struct mo_slab_cache *const *)a;
	const struct mo_slab_cache *right = *(const struct mo_slab_cache *const *)b;

	if (left->pages != right->pages)
		return left->pages < right->pages ? 1 : -1;
	return (left > right) - (left < right); /* as the kernel lists them */
}

struct mo_error *put_largest_caches(struct mo_run *run, struct mo_report *report, uint64_t most)
{
	const struct mo_slab_model *model = mo_run_model(run);
	const struct mo_slab_cache **sorted = calloc(model->n_caches + 1, sizeof(*sorted));
	struct mo_table_spec table = slabtop_table;
	struct mo_column narrow[N_COLUMNS];

	if (!sorted)
		return mo_error_no_memory();
	for (size_t i = 0; i < model->n_caches; i++)
		sorted[i] = &model->caches[i];
	qsort(sorted, model->n_caches, sizeof(*sorted), compare_bytes);
	if (mo_run_is_report(run)) {
		hide_for_report(narrow);
		table.columns = narrow;
	}
	mo_report_table_begin(report, &table);
	for (size_t i = 0; i < model->n_caches && i < most; i++)
		if (sorted[i]->n_slabs || mo_run_flag(run, "all"))
			put_cache(report, model, sorted[i]);
	mo_report_table_end(report);
	free(sorted);
	return NULL;
}

struct mo_error *show_slabtop(struct mo_run *run, struct mo_report *report)
{
	uint64_t most = UINT64_MAX;
	struct mo_error *error;

	if (mo_run_flag(run, "charged"))
		return put_cgroups(run, report);
	(void)mo_run_number(run, "top", &most);
	error = put_largest_caches(run, report, most);
	if (!error)
		put_large_kmalloc(run, report);
	return error;
}
