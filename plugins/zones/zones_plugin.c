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
	free(state->item_names);
	free(state->item_name_pointers);
	free(state->vm_counters);
	free(state->pagesets);
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
	if (mo_error_ends_run(error)) {
		release(state);
		return error;
	}
	if (error)
		zones_unreadable(state, "The nodes and their zones", error);
	state->model.n_orders = zone_order_count(state->layout);
	error = gather_item_names(state);
	if (!error)
		error = gather_vm_counters(state);
	if (error) {
		release(state);
		return error;
	}
	gather_meminfo(state);
	*model_ret = &state->model;
	return NULL;
}

void zones_view_state(struct mo_run *run, struct zones_state *ret)
{
	/* The model is the first member of its state. */
	*ret = *(const struct zones_state *)mo_run_model(run);
	ret->run = run;
	ret->reader = mo_run_reader(run);
	ret->layout = mo_run_layout(run);
}

static const struct mo_table_spec *const meminfo_tables[] = { &meminfo_table };
static const struct mo_table_spec *const buddyinfo_tables[] = { &buddyinfo_table };
static const struct mo_table_spec *const zoneinfo_tables[] = { &zoneinfo_table };
static const struct mo_table_spec *const vmstat_tables[] = { &vmstat_table };
static const struct mo_table_spec *const numa_tables[] = { &numa_table };

static const struct mo_option exact_options[] = {
	{
		.name = "exact",
		.kind = MO_OPTION_FLAG,
		.help = "add the per-CPU deltas not yet folded in; the kernel prints without them",
	},
};

#define COMMAND(command, of_section, what, show_it) \
	.name = #command, .title = of_section, .summary = what, .topic = MO_TOPIC_PROC, \
	.tables = command##_tables, .n_tables = 1, .show = show_it
#define WITH_EXACT .options = exact_options, .n_options = 1

static const struct mo_view views[] = {
	{ COMMAND(meminfo, "Memory", "contents of /proc/meminfo", show_meminfo), .report_order = 100 },
	{ COMMAND(numa, "Memory of each node", "contents of meminfo of each node in /sys", show_numa), WITH_EXACT },
	{ COMMAND(zoneinfo, "Zones", "contents of /proc/zoneinfo", show_zoneinfo), WITH_EXACT },
	{ COMMAND(buddyinfo, "Free blocks", "contents of /proc/buddyinfo", show_buddyinfo) },
	{ COMMAND(vmstat, "Counters", "contents of /proc/vmstat", show_vmstat), WITH_EXACT },
};

static const struct mo_plugin plugin = {
	MO_PLUGIN_HEADER,
	.name = "zones",
	.version = MEMOPSY_VERSION,
	.summary = "nodes, zones and counters; meminfo, zoneinfo, buddyinfo, vmstat, numa",
	.needs = &zones_needs,
	.layout_bytes = sizeof(struct zones_layout),
	.publishes = { .name = MO_ZONES_MODEL, .version = MO_ZONES_MODEL_VERSION },
	.gather = gather,
	.judge = judge_zones,
	.release = release,
	.views = views,
	.n_views = sizeof(views) / sizeof(views[0]),
};

MO_REGISTER_PLUGIN(plugin)
