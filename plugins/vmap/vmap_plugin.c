/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The vmap plugin: the areas of vmalloc, vmap and ioremap, who asked for them, and the pages behind them. */
#include "gathering.h"

#include <stdlib.h>

static void release(void *model)
{
	struct vmap_state *state = model;

	if (!state)
		return;
	for (size_t i = 0; i < state->n_callers; i++)
		free(state->callers[i].text);
	free(state->callers);
	mo_modules_destroy(state->modules);
	free(state->node_pages);
	free(state->mappings);
	free(state->owned);
	free(state->listed);
	free(state->areas);
	free(state);
}

/* A small area is mapped by one table of each level, or two where it straddles. */
#define TABLES_AN_AREA 10u

static struct mo_error *gather(struct mo_run *run, void **model_ret)
{
	struct vmap_state *state = calloc(1, sizeof(*state));
	struct mo_error *error;

	if (!state)
		return mo_error_no_memory();
	state->run = run;
	state->reader = mo_run_reader(run);
	state->layout = mo_run_layout(run);
	state->zones = mo_run_model_of(run, MO_ZONES_MODEL);
	error = gather_areas(state);
	state->model.areas = state->areas;
	state->model.n_areas = state->n_areas;
	state->model.listed = state->listed;
	if (!error) {
		mo_trouble_note(&state->broken_pages, mo_memmap(state->reader, &state->memmap));
		state->entries_left = state->memmap ? state->memmap->n_pages : 0;
		mark_cached_stacks(state);
		error = gather_area_pages(state);
		state->mapped_left = state->memmap ? state->memmap->n_pages : 0;
		state->tables_left = state->n_areas * TABLES_AN_AREA + state->mapped_left / 16;
	}
	if (!error)
		error = gather_mapped_pages(state);
	if (!error)
		error = gather_percpu_chunks(state);
	if (!error && state->memmap)
		error = gather_direct_stacks(state);
	if (!error)
		finish_owned(state);
	if (!error)
		error = name_callers(state);
	if (!error)
		error = find_modules_by_data(state);
	state->model.is_complete = !state->broken_trees.n && !state->unreadable_areas.n;
	report_trouble(state);
	if (error) {
		release(state);
		return error;
	}
	*model_ret = &state->model;
	return NULL;
}

static const struct mo_table_spec *const tables[] = { &vmallocinfo_table, &vmalloc_holders_table, &vmalloc_owned_table };

static const struct mo_view views[] = {
	{ .name = "vmallocinfo", .title = "vmalloc areas", .summary = "contents of /proc/vmallocinfo",
	  .options = vmallocinfo_options, .n_options = N_VMALLOCINFO_OPTIONS, .tables = tables, .n_tables = 3,
	  .report_order = 150, .topic = MO_TOPIC_PROC, .show = show_vmallocinfo },
};

static const struct mo_model_ref reads[] = {
	{ .name = MO_ZONES_MODEL, .version = MO_ZONES_MODEL_VERSION, .is_optional = true },
};

static const struct mo_plugin plugin = {
	MO_PLUGIN_HEADER,
	.name = "vmap",
	.version = MEMOPSY_VERSION,
	.summary = "areas of vmalloc, vmap and ioremap, and their callers; vmallocinfo",
	.needs = &vmap_needs,
	.layout_bytes = sizeof(struct vmap_layout),
	.reads = reads,
	.n_reads = sizeof(reads) / sizeof(reads[0]),
	.publishes = { .name = MO_VMAP_MODEL, .version = MO_VMAP_MODEL_VERSION },
	.gather = gather,
	.release = release,
	.views = views,
	.n_views = sizeof(views) / sizeof(views[0]),
};

MO_REGISTER_PLUGIN(plugin)
