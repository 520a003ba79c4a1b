/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The leaks plugin: slab objects that are allocated and that nothing leads to. */
#include <stdlib.h>

#include <memopsy/page_owner.h>
#include <memopsy/places.h>
#include <memopsy/tasks.h>

#include "deferred.h"
#include "grown.h"
#include "leaks_views.h"
#include "nodes.h"
#include "rescan.h"

void free_gathering(struct leaks_state *state)
{
	mo_object_index_deinit(&state->index);
	free(state->areas);
	free(state->uncounted);
	state->uncounted = NULL;
	free(state->marked);
	free(state->weak);
	free(state->seen_pfns);
	free(state->seen_addresses);
	free(state->strangers);
	state->strangers = NULL;
	free(state->pointed);
	free(state->grown_of_cache);
	state->grown_of_cache = NULL;
	free(state->kernel_tables);
	state->areas = NULL;
	state->marked = state->weak = state->kernel_tables = NULL;
	state->seen_pfns = state->seen_addresses = state->pointed = NULL;
	state->run = NULL;
}

static void release(void *model)
{
	struct leaks_state *state = model;

	if (!state)
		return;
	free_gathering(state);
	free(state->lost);
	mo_vector_deinit(&state->heads);
	free(state->groups);
	mo_module_index_deinit(&state->modules);
	free(state);
}

#define HOPELESS_SHARE 100 /* one page or object in so many: on average each of them leads to others */

/* A loss is what nothing points at: one missing page may hold the pointer, whichever page it is. */
static void judge(const struct leaks_state *state, struct mo_leaks_model *model)
{
	model->is_missing_counted = !model->missing_objects && !state->mem_map->unreadable_pages &&
				    !mo_kernel_facts(mo_run_kernel(state->run))->is_read_in_part;
	model->is_whole = !model->missing_pages && model->is_missing_counted;
	model->is_hopeless = model->missing_pages > model->root_pages / HOPELESS_SHARE ||
			     model->missing_objects > model->objects / HOPELESS_SHARE;
}

static struct mo_error *fill(struct leaks_state *state)
{
	const struct mo_slab_model *slabs = mo_run_model_of(state->run, MO_SLAB_MODEL);
	struct mo_error *error = mo_object_index_build(mo_run_kernel(state->run), slabs, &state->index);

	if (!error)
		error = add_nodes(state);
	if (!error)
		error = find_grown(state);
	if (!error)
		error = mark_reached(state);
	if (!error)
		error = list_lost(state);
	if (!error)
		error = rescan(state);
	if (!error)
		error = count_callbacks(state);
	if (!error)
		error = arrange_lost(state);
	if (!error)
		error = group_lost(state);
	if (!error)
		forget_nodes(state);
	count_kfree_rcu(state);
	count_areas_to_purge(state);
	judge(state, &state->model);
	return error;
}

static struct mo_error *gather(struct mo_run *run, void **model_ret)
{
	struct leaks_state *state = calloc(1, sizeof(*state));
	struct mo_error *error;

	if (!state)
		return mo_error_no_memory();
	state->run = run;
	state->is_live = mo_kernel_facts(mo_run_kernel(run))->is_live;
	state->layout = mo_run_layout(run);
	state->mem_map = mo_run_model_of(run, MO_MEM_MAP_MODEL);
	state->vmap = mo_run_model_of(run, MO_VMAP_MODEL);
	error = fill(state);
	free_gathering(state);
	if (error) {
		release(state);
		return mo_error_prepend(error, "cannot look for leaks");
	}
	*model_ret = &state->model;
	return NULL;
}

static const struct mo_model_ref reads[] = {
	{ .name = MO_SLAB_MODEL, .version = MO_SLAB_MODEL_VERSION },
	{ .name = MO_MEM_MAP_MODEL, .version = MO_MEM_MAP_MODEL_VERSION },
	{ .name = MO_VMAP_MODEL, .version = MO_VMAP_MODEL_VERSION, .is_optional = true },
	{ .name = MO_TASKS_MODEL, .version = MO_TASKS_MODEL_VERSION, .is_optional = true },
	{ .name = MO_PAGE_OWNER_MODEL, .version = MO_PAGE_OWNER_MODEL_VERSION, .is_optional = true, .is_late = true },
	{ .name = MO_PLACES_MODEL, .version = MO_PLACES_MODEL_VERSION, .is_optional = true },
};

static const struct mo_table_spec *const leaks_tables[] = { &leaks_table, &lost_table, &reachable_table };

static const struct mo_option leaks_options[] = {
	{ .name = "suspects", .help = "what may be held by a number or by the page before it, too" },
	{ .name = "list", .help = "every lost object, with what it hangs on; candidates, too" },
	{ .name = "reachable", .help = "what is not lost, but many, and hangs on one list, tree or table" },
};

static const struct mo_view views[] = {
	{
		.name = "leaks",
		.title = "Leaks",
		.summary = "objects, pages and areas that are allocated and that nothing in the kernel's memory points at",
		.options = leaks_options,
		.n_options = sizeof(leaks_options) / sizeof(leaks_options[0]),
		.tables = leaks_tables,
		.n_tables = sizeof(leaks_tables) / sizeof(leaks_tables[0]),
		.report_order = 140,
		.topic = MO_TOPIC_CAUSE,
		.show = show_leaks,
	},
};

static const struct mo_plugin plugin = {
	MO_PLUGIN_HEADER,
	.name = "leaks",
	.version = MEMOPSY_VERSION,
	.summary = "allocated memory that nothing leads to; leaks",
	.needs = &leaks_needs,
	.layout_bytes = sizeof(struct leaks_layout),
	.reads = reads,
	.n_reads = sizeof(reads) / sizeof(reads[0]),
	.publishes = { .name = MO_LEAKS_MODEL, .version = MO_LEAKS_MODEL_VERSION },
	.gather = gather,
	.judge = judge_leaks,
	.release = release,
	.views = views,
	.n_views = sizeof(views) / sizeof(views[0]),
};

MO_REGISTER_PLUGIN(plugin)
