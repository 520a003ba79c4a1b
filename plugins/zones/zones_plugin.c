/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The zones plugin: nodes, zones, the kernel's counters, and what /proc/meminfo makes of them. */
#include "gathering.h"

#include <stdlib.h>

static void release(void *model)
{
	struct zones_state *state = model;

	if (!state)
		return;
	free(state->nodes);
	free(state->zones);
	free(state->zone_names);
	free(state);
}

static struct mo_error *gather(struct mo_run *run, void **model_ret)
{
	struct zones_state *state = calloc(1, sizeof(*state));
	struct mo_error *error;

	if (!state)
		return mo_error_no_memory();
	state->run = run;
	state->reader = mo_run_reader(run);
	state->layout = mo_run_layout(run);
	gather_counters(state);
	/* Without nodes the counters still say most of what /proc/meminfo says. */
	error = gather_nodes(state);
	if (error && mo_error_code(error) == MO_E_NO_MEMORY) {
		release(state);
		return error;
	}
	if (error)
		report_unreadable(state, "The nodes and their zones", error);
	gather_meminfo(state);
	*model_ret = &state->model;
	return NULL;
}

static const struct mo_table_spec *const meminfo_tables[] = { &meminfo_table };

static const struct mo_view views[] = {
	{
		.name = "meminfo",
		.title = "Memory",
		.summary = "what /proc/meminfo printed",
		.tables = meminfo_tables,
		.n_tables = 1,
		.report_order = 100,
		.show = show_meminfo,
	},
};

static const struct mo_plugin plugin = {
	MO_PLUGIN_HEADER,
	.name = "zones",
	.version = MEMOPSY_VERSION,
	.summary = "nodes, zones and counters; meminfo",
	.needs = &zones_needs,
	.layout_bytes = sizeof(struct zones_layout),
	.publishes = { .name = MO_ZONES_MODEL, .version = MO_ZONES_MODEL_VERSION },
	.gather = gather,
	.release = release,
	.views = views,
	.n_views = sizeof(views) / sizeof(views[0]),
};

MO_REGISTER_PLUGIN(plugin)
