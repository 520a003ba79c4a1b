/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The caches that memory cgroups had of their own until 5.8: children of one cache, each charged as a whole
 * (struct memcg_cache_params, mm/slab.h).
 */
#include "charges.h"
#include "slab_views.h"

enum { COLUMN_NAME, COLUMN_CGROUP, COLUMN_SLABS, COLUMN_ALLOCATED, COLUMN_OBJECTS, COLUMN_BYTES, COLUMN_CACHE, COLUMN_MEMCG,
       N_COLUMNS };

static const struct mo_column columns[N_COLUMNS] = {
	[COLUMN_NAME] = { .key = "name", .heading = "CHILD", .kind = MO_CELL_TEXT, .help = "the name of the cgroup's cache" },
	[COLUMN_CGROUP] = { .key = "cgroup", .heading = "CGROUP", .kind = MO_CELL_TEXT, .help = "path of the cgroup that pays" },
	[COLUMN_SLABS] = { .key = "slabs", .heading = "SLABS", .kind = MO_CELL_COUNT, .help = "its slabs" },
	[COLUMN_ALLOCATED] = { .key = "allocated", .heading = "ALLOCATED", .kind = MO_CELL_COUNT, .help = "objects in use" },
	[COLUMN_OBJECTS] = { .key = "objects", .heading = "OBJECTS", .kind = MO_CELL_COUNT, .help = "room for objects" },
	[COLUMN_BYTES] = { .key = "total_bytes", .heading = "TOTAL", .kind = MO_CELL_BYTES, .help = "memory of all its slabs" },
	[COLUMN_CACHE] = { .key = "cache", .heading = "STRUCT KMEM_CACHE", .kind = MO_CELL_ADDRESS, .flags = MO_COLUMN_HIDDEN,
			   .help = "where it is" },
	[COLUMN_MEMCG] = { .key = "memcg", .heading = "STRUCT MEM_CGROUP", .kind = MO_CELL_ADDRESS, .flags = MO_COLUMN_HIDDEN,
			   .help = "of the cgroup" },
};

const struct mo_table_spec slab_children_table = {
	.name = "children",
	.title = "Caches of memory cgroups",
	.help = "Until 5.8 each memory cgroup had a cache of its own, a child of this one.",
	.columns = columns,
	.n_columns = N_COLUMNS,
};

static void put_child(struct mo_report *report, const struct slab_state *state, const struct mo_slab_cache *child)
{
	char path[MO_CGROUP_PATH_BYTES_MAX] = "";
	char room[32];
	struct mo_error *error = mo_memcg_path(state->reader, &state->layout->cgroup_path, child->memcg_kva, path);
	const struct mo_cell cells[N_COLUMNS] = {
		[COLUMN_NAME] = name_cell(child, room, sizeof(room)),
		[COLUMN_CGROUP] = error ? mo_cell_unknown() : mo_cell_text(path),
		[COLUMN_SLABS] = mo_cell_number(mo_exact(child->n_slabs)),
		[COLUMN_ALLOCATED] = mo_cell_number(allocated_of(child)),
		[COLUMN_OBJECTS] = mo_cell_number(mo_exact(child->objects + child->hidden_objects)),
		[COLUMN_BYTES] = mo_cell_number(mo_exact(slab_bytes_of(&state->model, child))),
		[COLUMN_CACHE] = mo_cell_number(mo_exact(child->cache_kva)),
		[COLUMN_MEMCG] = child->memcg_kva ? mo_cell_number(mo_exact(child->memcg_kva)) : mo_cell_unknown(),
	};

	mo_error_destroy(error);
	mo_report_row(report, cells);
}

void put_children(struct mo_run *run, struct mo_report *report, const struct mo_slab_cache *cache)
{
	struct slab_state state;

	slab_view_state(run, &state);
	if (!mo_has(&state.layout->cache.root_cache))
		return;
	mo_report_table_begin(report, &slab_children_table);
	for (size_t i = 0; i < state.model.n_caches; i++)
		if (state.model.caches[i].root != MO_SLAB_NO_CACHE &&
		    &state.model.caches[state.model.caches[i].root] == cache)
			put_child(report, &state, &state.model.caches[i]);
	mo_report_table_end(report);
}
