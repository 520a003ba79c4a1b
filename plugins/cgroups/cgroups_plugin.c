/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The cgroups plugin: the memory controller's tree, from its counters and from what is charged. */
#include "gathering.h"

#include <stdlib.h>

static void release(void *model)
{
	struct cgroups_state *state = model;

	if (!state)
		return;
	for (size_t i = 0; i < state->n_groups; i++)
		free(state->paths[i]);
	free(state->paths);
	free(state->groups);
	free(state->by_address);
	free(state->lines);
	free(state->stats);
	free(state->charged_pages);
	free(state->caches);
	free(state);
}

/* Whether the memory controller is on the unified hierarchy: cgroup_subsys_on_dfl(). */
static bool is_unified(const struct cgroups_state *state)
{
	const struct cgroups_layout *layout = state->layout;
	uint64_t root_kva = 0;
	struct mo_error *error;

	if (!mo_has(&layout->memory_subsys) || !mo_has(&layout->subsys_root) || !mo_has(&layout->default_root))
		return false;
	error = mo_read_field(state->reader, &layout->subsys_root, layout->memory_subsys.kva, &root_kva);
	return !mo_error_destroy(error) && root_kva == layout->default_root.kva;
}

static struct mo_error *gather_all(struct cgroups_state *state)
{
	struct mo_error *error = gather_tree(state);

	state->model.is_v2 = is_unified(state);
	if (!error)
		error = gather_stats(state);
	if (!error)
		error = gather_page_charges(state);
	if (!error)
		error = gather_object_charges(state);
	if (!error)
		count_processes(state);
	return error;
}

static struct mo_error *gather(struct mo_run *run, void **model_ret)
{
	struct cgroups_state *state = calloc(1, sizeof(*state));
	struct mo_error *error;

	if (!state)
		return mo_error_no_memory();
	state->run = run;
	state->reader = mo_run_reader(run);
	state->layout = mo_run_layout(run);
	state->slab = mo_run_model_of(run, MO_SLAB_MODEL);
	state->tasks = mo_run_model_of(run, MO_TASKS_MODEL);
	error = gather_all(state);
	state->model.cgroups = state->groups;
	state->model.n_cgroups = state->n_groups;
	state->model.is_complete = !state->broken_lists.n;
	report_trouble(state);
	if (error) {
		release(state);
		return error;
	}
	*model_ret = &state->model;
	return NULL;
}

static const struct mo_table_spec *const cgroups_tables[] = { &cgroups_table, &cgroup_table, &cgroup_events_table,
							      &cgroup_stat_table, &cgroup_pages_table, &cgroup_caches_table,
							      &cgroup_stat_lines_table, &dying_table };
static const struct mo_table_spec *const section_tables[] = { &cgroups_table, &dying_table };

static const struct mo_view views[] = {
	{ .name = "cgroups", .title = "Memory cgroups",
	  .summary = "memory cgroups: limits, usage, and the pages and objects charged",
	  .arguments = "[PATH]", .options = cgroups_options, .n_options = N_CGROUPS_OPTIONS, .tables = cgroups_tables,
	  .n_tables = sizeof(cgroups_tables) / sizeof(cgroups_tables[0]), .topic = MO_TOPIC_HOLDER, .show = show_cgroups },
	{ .name = "memory_cgroups", .title = "Memory cgroups", .summary = "the largest, the full and the dying memory cgroups",
	  .tables = section_tables, .n_tables = sizeof(section_tables) / sizeof(section_tables[0]), .report_order = 520,
	  .is_hidden = true, .show = show_cgroups_section },
};

static const struct mo_model_ref reads[] = {
	{ .name = MO_MEM_MAP_MODEL, .version = MO_MEM_MAP_MODEL_VERSION },
	{ .name = MO_SLAB_MODEL, .version = MO_SLAB_MODEL_VERSION, .is_optional = true },
	{ .name = MO_TASKS_MODEL, .version = MO_TASKS_MODEL_VERSION, .is_optional = true },
};

static const struct mo_plugin plugin = {
	MO_PLUGIN_HEADER,
	.name = "cgroups",
	.version = MEMOPSY_VERSION,
	.summary = "memory cgroups: limits, usage, statistics, and the pages and objects charged; cgroups",
	.needs = &cgroups_needs,
	.layout_bytes = sizeof(struct cgroups_layout),
	.reads = reads,
	.n_reads = sizeof(reads) / sizeof(reads[0]),
	.publishes = { .name = MO_CGROUPS_MODEL, .version = MO_CGROUPS_MODEL_VERSION },
	.gather = gather,
	.judge = judge_cgroups,
	.release = release,
	.views = views,
	.n_views = sizeof(views) / sizeof(views[0]),
};

MO_REGISTER_PLUGIN(plugin)
