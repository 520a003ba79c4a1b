/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The refs plugin: who points at an address. */
#include <stdlib.h>

#include "refs.h"

static void release(void *model)
{
	struct mo_references *state = model;

	if (!state)
		return;
	mo_object_index_deinit(&state->index);
	free(state);
}

static struct mo_error *gather(struct mo_run *run, void **model_ret)
{
	struct mo_references *state = calloc(1, sizeof(*state));
	struct mo_error *error;

	if (!state)
		return mo_error_no_memory();
	error = mo_references_init(mo_run_reader(run), mo_run_model_of(run, MO_SLAB_MODEL), mo_run_model_of(run, MO_MEM_MAP_MODEL), state);
	if (error) {
		release(state);
		return mo_error_prepend(error, "cannot search for references");
	}
	state->places = mo_run_model_of(run, MO_PLACES_MODEL);
	*model_ret = state;
	return NULL;
}

static const struct mo_model_ref reads[] = {
	{ .name = MO_SLAB_MODEL, .version = MO_SLAB_MODEL_VERSION },
	{ .name = MO_MEM_MAP_MODEL, .version = MO_MEM_MAP_MODEL_VERSION },
	{ .name = MO_PLACES_MODEL, .version = MO_PLACES_MODEL_VERSION },
};

static const struct mo_table_spec *const refs_tables[] = { &refs_table, &paths_table };

static const struct mo_option refs_options[] = {
	{ .name = "depth", .kind = MO_OPTION_NUMBER, .value = "N", .help = "follow references N levels up" },
	{ .name = "to-root", .help = "the shortest paths from variables, per-CPU memory and stacks to it" },
	{ .name = "exact", .help = "only pointers to this very byte, not anywhere into the object" },
	{ .name = "index",
	  .help = "build an index of all pointers once and keep it in the cache directory (not with --no-cache)" },
};

static const struct mo_view views[] = {
	{
		.name = "refs",
		.title = "References",
		.summary = "what points at an object, a variable or a page",
		.arguments = "ADDRESS|SYMBOL[+OFFSET]|pfn:N...",
		.options = refs_options,
		.n_options = sizeof(refs_options) / sizeof(refs_options[0]),
		.tables = refs_tables,
		.n_tables = sizeof(refs_tables) / sizeof(refs_tables[0]),
		.topic = MO_TOPIC_CAUSE,
		.show = show_refs,
	},
};

static const struct mo_plugin plugin = {
	MO_PLUGIN_HEADER,
	.name = "refs",
	.version = MEMOPSY_VERSION,
	.summary = "what points at an address; refs",
	.reads = reads,
	.n_reads = sizeof(reads) / sizeof(reads[0]),
	.gather = gather,
	.release = release,
	.views = views,
	.n_views = sizeof(views) / sizeof(views[0]),
};

MO_REGISTER_PLUGIN(plugin)
