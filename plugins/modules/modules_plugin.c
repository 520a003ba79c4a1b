/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The modules plugin: loaded modules, their sections, and what they hold in vmalloc and slab. */
#include "modules_gathering.h"

#include <stdlib.h>

#define L struct modules_layout
#define OPTIONAL .is_optional = true
#define WHY_UNLOAD "CONFIG_MODULE_UNLOAD"

static const struct mo_need rows[] = {
	MO_FIELD(L, name, "struct module", "name"),
	MO_FIELD(L, init, "struct module", "init", OPTIONAL),
	MO_FIELD(L, exit, "struct module", "exit", OPTIONAL, .why = WHY_UNLOAD),
	MO_FIELD(L, source_list, "struct module", "source_list", OPTIONAL, .why = WHY_UNLOAD),
	MO_FIELD(L, use_source_list, "struct module_use", "source_list", OPTIONAL, .why = WHY_UNLOAD),
	MO_FIELD(L, use_source, "struct module_use", "source", OPTIONAL, .why = WHY_UNLOAD),
};

const struct mo_need_table modules_needs = { .needs = rows, .n_needs = sizeof(rows) / sizeof(rows[0]) };

static void release(void *model)
{
	struct modules_state *state = model;

	if (!state)
		return;
	for (size_t i = 0; state->users && i < state->list->count; i++)
		free(state->users[i]);
	free(state->users);
	free(state->modules);
	mo_modules_destroy(state->list);
	free(state);
}

static void tell(struct modules_state *state, const char *id, const char *verdict, const char *first)
{
	const struct mo_evidence evidence[] = {
		{ .label = "first", .kind = MO_CELL_TEXT, .cell = mo_cell_text(first) },
	};

	mo_run_finding(state->run, &(const struct mo_finding){
		.id = id,
		.needs_one_moment = true,
		.severity = MO_WARNING,
		.verdict = verdict,
		.evidence = evidence,
		.n_evidence = 1,
		.is_about_reading = true,
	});
}

static struct mo_error *gather_list(struct modules_state *state)
{
	struct mo_error *error = mo_modules_gather(mo_run_reader(state->run), &state->list);

	if (error)
		return error;
	state->modules = calloc(state->list->count + 1, sizeof(*state->modules));
	state->users = calloc(state->list->count + 1, sizeof(*state->users));
	if (!state->modules || !state->users)
		return mo_error_no_memory();
	for (size_t i = 0; i < state->list->count; i++)
		state->modules[i].module = &state->list->items[i];
	if (state->list->remark)
		tell(state, "modules-unreadable", "The list of modules could not be read completely.", state->list->remark);
	return NULL;
}

static struct mo_error *gather(struct mo_run *run, void **model_ret)
{
	struct modules_state *state = calloc(1, sizeof(*state));
	struct mo_error *error;

	if (!state)
		return mo_error_no_memory();
	state->run = run;
	state->layout = mo_run_layout(run);
	error = gather_list(state);
	if (!error)
		error = gather_users(state);
	if (!error)
		error = gather_holdings(state);
	if (state->broken)
		tell(state, "module-users-unreadable", "The users of some modules could not be read.",
		     mo_error_text(state->broken));
	mo_error_destroy(state->broken);
	if (error) {
		release(state);
		return error;
	}
	state->model.modules = state->modules;
	state->model.n_modules = state->list->count;
	state->model.is_complete = !state->list->remark;
	*model_ret = &state->model;
	return NULL;
}

static const struct mo_table_spec *const tables[] = { &modules_table };

static const struct mo_view views[] = {
	{ .name = "modules", .title = "Modules", .summary = "modules, their sections and what they hold",
	  .options = modules_options, .n_options = N_MODULES_OPTIONS, .tables = tables, .n_tables = 1, .report_order = 158,
	  .topic = MO_TOPIC_HOLDER, .show = show_modules },
};

static const struct mo_model_ref reads[] = {
	{ .name = MO_VMAP_MODEL, .version = MO_VMAP_MODEL_VERSION, .is_optional = true },
	{ .name = MO_SLAB_MODEL, .version = MO_SLAB_MODEL_VERSION, .is_optional = true },
};

static const struct mo_plugin plugin = {
	MO_PLUGIN_HEADER,
	.name = "modules",
	.version = MEMOPSY_VERSION,
	.summary = "loaded modules, their sections, and what they hold in vmalloc and slab",
	.needs = &modules_needs,
	.layout_bytes = sizeof(struct modules_layout),
	.reads = reads,
	.n_reads = sizeof(reads) / sizeof(reads[0]),
	.publishes = { .name = MO_MODULES_MODEL, .version = MO_MODULES_MODEL_VERSION },
	.gather = gather,
	.release = release,
	.views = views,
	.n_views = sizeof(views) / sizeof(views[0]),
};

MO_REGISTER_PLUGIN(plugin)
