/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The tasks plugin: processes, threads, and the address spaces that they use. */
#include "gathering.h"

#include <stdlib.h>

static void release(void *model)
{
	struct tasks_state *state = model;

	if (!state)
		return;
	for (size_t i = 0; i < state->n_paths; i++)
		free(state->paths[i].path);
	free(state->paths);
	free(state->mms);
	free(state->pending);
	free(state->css_sets);
	free(state->tasks);
	free(state);
}

static struct mo_error *gather(struct mo_run *run, void **model_ret)
{
	struct tasks_state *state = calloc(1, sizeof(*state));
	struct mo_error *error;

	if (!state)
		return mo_error_no_memory();
	state->run = run;
	state->reader = mo_run_reader(run);
	state->layout = mo_run_layout(run);
	error = gather_task_list(state);
	if (!error)
		error = gather_mms(state);
	if (!error)
		error = gather_cgroups(state);
	if (!error)
		gather_oom_scores(state);
	state->model.tasks = state->tasks;
	state->model.n_tasks = state->n_tasks;
	report_trouble(state);
	if (error) {
		release(state);
		return error;
	}
	free(state->pending);
	free(state->css_sets);
	state->pending = NULL;
	state->css_sets = NULL;
	*model_ret = &state->model;
	return NULL;
}

void view_state(struct mo_run *run, struct tasks_state *ret)
{
	/* The model is the first member of its state. */
	*ret = *(const struct tasks_state *)mo_run_model(run);
	ret->run = run;
	ret->reader = mo_run_reader(run);
	ret->layout = mo_run_layout(run);
}

static const struct mo_table_spec *const ps_tables[] = { &ps_table };
static const struct mo_table_spec *const oom_score_tables[] = { &oom_score_table };
static const struct mo_table_spec *const maps_tables[] = { &maps_table };
static const struct mo_table_spec *const smaps_tables[] = { &smaps_table };
static const struct mo_table_spec *const smaps_rollup_tables[] = { &smaps_rollup_table };
static const struct mo_table_spec *const procrank_tables[] = { &procrank_table };

static const struct mo_table_spec *const rmap_tables[] = { &rmap_table, &rmap_pages_table };

static const struct mo_view views[] = {
	{ .name = "ps", .title = "Processes", .summary = "processes and their memory use", .options = ps_options,
	  .n_options = N_PS_OPTIONS, .tables = ps_tables, .n_tables = 1, .topic = MO_TOPIC_HOLDER, .show = show_ps },
	{ .name = "tasks", .title = "Processes", .summary = "the processes with the largest resident sets", .options = ps_options,
	  .n_options = N_PS_OPTIONS, .tables = ps_tables, .n_tables = 1, .report_order = 500, .is_hidden = true,
	  .show = show_ps },
	{ .name = "oom_score", .title = "OOM scores", .summary = "contents of /proc/PID/oom_score", .arguments = "[PID]...",
	  .tables = oom_score_tables, .n_tables = 1, .topic = MO_TOPIC_PROC, .show = show_oom_score },
	{ .name = "maps", .title = "Mappings", .summary = "contents of /proc/PID/maps", .arguments = "PID",
	  .tables = maps_tables, .n_tables = 1, .topic = MO_TOPIC_PROC, .show = show_maps },
	{ .name = "smaps", .title = "Mappings and their pages", .summary = "contents of /proc/PID/smaps", .arguments = "PID",
	  .tables = smaps_tables, .n_tables = 1, .topic = MO_TOPIC_PROC, .show = show_smaps },
	{ .name = "smaps_rollup", .title = "Pages of a process", .summary = "contents of /proc/PID/smaps_rollup",
	  .arguments = "PID", .tables = smaps_rollup_tables, .n_tables = 1, .topic = MO_TOPIC_PROC, .show = show_smaps_rollup },
	{ .name = "procrank", .title = "Proportional set sizes", .summary = "processes by proportional set size (PSS)",
	  .tables = procrank_tables, .n_tables = 1, .topic = MO_TOPIC_HOLDER, .show = show_procrank },
	{ .name = "rmap", .title = "Reverse mappings", .summary = "processes that map a page",
	  .arguments = "PFN|ADDRESS|SYMBOL[+OFFSET]...",
	  .options = rmap_options, .n_options = N_RMAP_OPTIONS, .tables = rmap_tables, .n_tables = 2,
	  .topic = MO_TOPIC_DETAIL, .show = show_rmap },
};

static const struct mo_plugin plugin = {
	MO_PLUGIN_HEADER,
	.name = "tasks",
	.version = MEMOPSY_VERSION,
	.summary = "processes, threads and their memory; ps, oom_score, maps, smaps, procrank, rmap",
	.needs = &tasks_needs,
	.layout_bytes = sizeof(struct tasks_layout),
	.publishes = { .name = MO_TASKS_MODEL, .version = MO_TASKS_MODEL_VERSION },
	.gather = gather,
	.release = release,
	.views = views,
	.n_views = sizeof(views) / sizeof(views[0]),
};

MO_REGISTER_PLUGIN(plugin)
