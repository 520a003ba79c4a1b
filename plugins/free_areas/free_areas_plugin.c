/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The free_areas plugin: every list of free pages, block by block, and the types of pageblocks. */
#include "gathering.h"

#include <stdlib.h>

static void release(void *model)
{
	struct free_areas_state *state = model;

	if (!state)
		return;
	frame_set_deinit(&state->frames);
	free(state->zones);
	free(state->pageblock_runs);
	free(state->pageblock_types);
	free(state->pcp_blocks);
	free(state);
}

static struct mo_error *check_layout(const struct free_areas_layout *layout)
{
	const struct mo_field *area = &layout->zone.free_area;

	if (!area->n_elements || area->n_elements > MO_MAX_ORDERS || !layout->free_list.n_elements ||
	    layout->free_list.n_elements > MO_MAX_MIGRATETYPES)
		return mo_error_create(MO_E_UNSUPPORTED, "%llu orders of %llu migratetypes are implausible",
				       (unsigned long long)area->n_elements,
				       (unsigned long long)layout->free_list.n_elements);
	return NULL;
}

/* The model of zones, with room for as many. */
static struct mo_error *prepare(struct free_areas_state *state)
{
	struct mo_error *error = check_layout(state->layout);

	if (!error)
		error = mo_memmap(state->reader, &state->memmap);
	if (error)
		return error;
	state->model.n_orders = (unsigned)state->layout->zone.free_area.n_elements;
	state->model.n_migratetypes = (unsigned)state->layout->free_list.n_elements;
	state->model.n_zones = state->zones_model->n_zones;
	state->zones = calloc(state->model.n_zones + 1, sizeof(*state->zones));
	state->model.zones = state->zones;
	if (!state->zones)
		return mo_error_no_memory();
	for (size_t i = 0; i < state->model.n_zones; i++) {
		struct mo_zone_free_areas *zone = &state->zones[i];

		zone->found_pages = mo_exact(0);
		zone->pcp_pages = mo_exact(0);
		for (unsigned order = 0; order < state->model.n_orders; order++) {
			zone->orders[order].nr_free = state->zones_model->zones[i].free_blocks[order];
			for (unsigned type = 0; type < state->model.n_migratetypes; type++)
				zone->orders[order].lists[type].blocks = mo_exact(0);
		}
	}
	return choose_page_shape(state);
}

static struct mo_error *gather(struct mo_run *run, void **model_ret)
{
	struct free_areas_state *state = calloc(1, sizeof(*state));
	struct mo_error *error;

	if (!state)
		return mo_error_no_memory();
	state->run = run;
	state->reader = mo_run_reader(run);
	state->layout = mo_run_layout(run);
	state->zones_model = mo_run_model_of(run, MO_ZONES_MODEL);
	error = prepare(state);
	if (!error)
		gather_migratetypes(state);
	if (!error)
		error = frame_set_init(&state->frames, state->memmap);
	if (!error)
		error = gather_pageblocks(state);
	if (!error)
		error = gather_buddy_lists(state);
	if (!error)
		error = gather_pcp_lists(state);
	if (error) {
		release(state);
		return error;
	}
	report_unshown_troubles(state);
	check_counters(state);
	frame_set_deinit(&state->frames);
	*model_ret = &state->model;
	return NULL;
}

void view_state(struct mo_run *run, struct free_areas_state *ret)
{
	/* The model is the first member of its state. */
	*ret = *(const struct free_areas_state *)mo_run_model(run);
	ret->run = run;
	ret->reader = mo_run_reader(run);
	ret->layout = mo_run_layout(run);
}

static const struct mo_table_spec *const pagetypeinfo_tables[] = { &pagetypeinfo_table };
static const struct mo_table_spec *const freelists_tables[] = { &freelists_table };

static const struct mo_option freelists_options[] = {
	{ .name = "node", .kind = MO_OPTION_NUMBER, .value = "NODE", .help = "only this node" },
	{ .name = "zone", .kind = MO_OPTION_TEXT, .value = "ZONE", .help = "only zones of this name" },
	{ .name = "order", .kind = MO_OPTION_NUMBER, .value = "ORDER", .help = "only blocks of this order" },
	{ .name = "migratetype", .kind = MO_OPTION_TEXT, .value = "TYPE",
	  .help = "only lists of this migratetype (Unmovable, Movable, ...)" },
	{ .name = "pcp", .kind = MO_OPTION_FLAG, .help = "the per-CPU lists instead of the zones' free areas" },
};

static const struct mo_view views[] = {
	{
		.name = "pagetypeinfo",
		.title = "Free blocks by migratetype",
		.summary = "contents of /proc/pagetypeinfo",
		.tables = pagetypeinfo_tables,
		.n_tables = 1,
		.topic = MO_TOPIC_PROC,
		.show = show_pagetypeinfo,
	},
	{
		.name = "freelists",
		.title = "Free lists",
		.summary = "every block on the free lists, or on the per-CPU lists",
		.options = freelists_options,
		.n_options = sizeof(freelists_options) / sizeof(freelists_options[0]),
		.tables = freelists_tables,
		.n_tables = 1,
		.topic = MO_TOPIC_DETAIL,
		.show = show_freelists,
	},
};

static const struct mo_model_ref reads[] = { { .name = MO_ZONES_MODEL, .version = MO_ZONES_MODEL_VERSION } };

static const struct mo_plugin plugin = {
	MO_PLUGIN_HEADER,
	.name = "free_areas",
	.version = MEMOPSY_VERSION,
	.summary = "free lists walked and checked, per-CPU lists, pageblocks; pagetypeinfo, freelists",
	.needs = &free_areas_needs,
	.layout_bytes = sizeof(struct free_areas_layout),
	.reads = reads,
	.n_reads = 1,
	.publishes = { .name = MO_FREE_AREAS_MODEL, .version = MO_FREE_AREAS_MODEL_VERSION },
	.gather = gather,
	.release = release,
	.views = views,
	.n_views = sizeof(views) / sizeof(views[0]),
};

MO_REGISTER_PLUGIN(plugin)
