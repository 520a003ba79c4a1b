/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* `memopsy freelists`: every block on the lists, in the lists' order. */
#include "gathering.h"

#include <stdio.h>

enum {
	COLUMN_NODE,
	COLUMN_ZONE,
	COLUMN_LIST,
	COLUMN_ORDER,
	COLUMN_TYPE,
	COLUMN_PFN,
	COLUMN_PAGE,
	COLUMN_BLOCK_TYPE,
	N_COLUMNS,
};

static const struct mo_column columns[N_COLUMNS] = {
	[COLUMN_NODE] = { .key = "node", .heading = "NODE", .kind = MO_CELL_COUNT, .help = "the NUMA node" },
	[COLUMN_ZONE] = { .key = "zone", .heading = "ZONE", .kind = MO_CELL_TEXT, .help = "the zone's name" },
	[COLUMN_LIST] = { .key = "list", .heading = "LIST", .kind = MO_CELL_TEXT,
			  .help = "buddy: the zone's free area; cpu N: a per-CPU list (struct per_cpu_pages)" },
	[COLUMN_ORDER] = { .key = "order", .heading = "ORDER", .kind = MO_CELL_COUNT, .help = "the block has 2^ORDER pages" },
	[COLUMN_TYPE] = { .key = "migratetype", .heading = "MIGRATETYPE", .kind = MO_CELL_TEXT,
			  .help = "the list's migratetype; unknown: a list of several types" },
	[COLUMN_PFN] = { .key = "pfn", .heading = "PFN", .kind = MO_CELL_PFN, .help = "the block's first page frame" },
	[COLUMN_PAGE] = { .key = "page", .heading = "PAGE", .kind = MO_CELL_ADDRESS, .help = "its struct page" },
	[COLUMN_BLOCK_TYPE] = { .key = "pageblock_type", .heading = "PAGEBLOCK", .kind = MO_CELL_TEXT,
				.flags = MO_COLUMN_HIDDEN, .help = "migratetype of its pageblock" },
};

const struct mo_table_spec freelists_table = {
	.name = "freelists",
	.title = "Blocks on free lists",
	.help = "Every block on the free lists, in the order in which the kernel would take them.",
	.columns = columns,
	.n_columns = N_COLUMNS,
};

/* Which lists are wanted. */
struct wanted {
	uint64_t node_id, order;
	bool has_node, has_order;
	const char *zone, *type;
};

struct listing {
	struct mo_report *report;
	struct free_areas_state state;
	struct frame_set frames;
	struct wanted wanted;
};

static const char *type_name(const struct free_areas_state *state, unsigned type)
{
	return type < state->model.n_migratetypes ? state->model.migratetype_names[type] : NULL;
}

static struct mo_error *put_block(void *context, const struct list_place *place, const struct list_block *block)
{
	struct listing *listing = context;
	const struct free_areas_state *state = &listing->state;
	const struct mo_zone *zone = &state->zones_model->zones[place->zone];
	char list[32] = "buddy";

	if (place->cpu >= 0)
		snprintf(list, sizeof(list), "cpu %d", place->cpu);
	mo_report_row(listing->report, (const struct mo_cell[N_COLUMNS]){
		[COLUMN_NODE] = mo_cell_number(mo_exact(zone->node_id)),
		[COLUMN_ZONE] = mo_cell_text(zone->name),
		[COLUMN_LIST] = mo_cell_text(list),
		[COLUMN_ORDER] = mo_cell_number(mo_exact(place->order)),
		[COLUMN_TYPE] = mo_cell_text(type_name(state, place->migratetype)),
		[COLUMN_PFN] = mo_cell_number(mo_exact(block->pfn)),
		[COLUMN_PAGE] = mo_cell_number(mo_exact(block->page_kva)),
		[COLUMN_BLOCK_TYPE] = mo_cell_text(type_name(state, mo_pageblock_type_of(&state->model, block->pfn))),
	});
	return NULL;
}

static bool is_wanted(const struct listing *listing, const struct list_place *place)
{
	const struct wanted *wanted = &listing->wanted;
	const struct mo_zone *zone = &listing->state.zones_model->zones[place->zone];
	const char *type = type_name(&listing->state, place->migratetype);

	return (!wanted->has_node || wanted->node_id == zone->node_id) &&
	       (!wanted->zone || !strcmp(wanted->zone, zone->name)) &&
	       (!wanted->has_order || wanted->order == place->order) && (!wanted->type || (type && !strcmp(wanted->type, type)));
}

static struct mo_error *list_one(void *context, const struct list_place *place)
{
	struct listing *listing = context;
	struct list_result result = { .n_blocks = 0 };
	struct mo_error *error;

	if (!is_wanted(listing, place) || mo_report_failed(listing->report))
		return NULL;
	/* What is wrong with it was said when the model was gathered. */
	error = walk_list(&listing->state, listing->state.reader, &listing->frames, place, put_block, listing, &result);
	list_result_deinit(&result);
	return error;
}

static struct mo_error *list_pcp(struct listing *listing)
{
	const struct mo_zones_model *zones = listing->state.zones_model;
	struct mo_error *error = NULL;

	for (size_t i = 0; i < zones->n_zones && !error; i++)
		if (is_populated(&zones->zones[i]))
			error = for_each_pcp_list(&listing->state, i, list_one, listing);
	return error;
}

static struct mo_error *list_buddy(struct listing *listing)
{
	struct mo_error *error = NULL;

	for (size_t i = 0; i < buddy_list_count(&listing->state) && !error; i++) {
		struct list_place place = buddy_list_place(&listing->state, i);

		if (is_populated(&listing->state.zones_model->zones[place.zone]))
			error = list_one(listing, &place);
	}
	return error;
}

/* A name that nothing has would list nothing, and look like an answer. */
static struct mo_error *check_wanted(const struct listing *listing)
{
	const struct free_areas_state *state = &listing->state;
	const struct wanted *wanted = &listing->wanted;
	bool is_zone = !wanted->zone;
	bool is_type = !wanted->type;
	bool is_node = !wanted->has_node;

	for (size_t i = 0; i < state->zones_model->n_zones; i++) {
		is_zone |= wanted->zone && !strcmp(wanted->zone, state->zones_model->zones[i].name);
		is_node |= wanted->has_node && wanted->node_id == state->zones_model->zones[i].node_id;
	}
	for (unsigned type = 0; type < state->model.n_migratetypes; type++)
		is_type |= wanted->type && !strcmp(wanted->type, state->model.migratetype_names[type]);
	if (!is_zone)
		return mo_error_create(MO_E_ABSENT, "no zone named '%s'", wanted->zone);
	if (!is_node)
		return mo_error_create(MO_E_ABSENT, "no node %llu", (unsigned long long)wanted->node_id);
	if (wanted->has_order && wanted->order >= state->model.n_orders)
		return mo_error_create(MO_E_ABSENT, "no order %llu: orders are 0 to %u",
				       (unsigned long long)wanted->order, state->model.n_orders - 1);
	if (!is_type)
		return mo_error_create(MO_E_ABSENT, "no migratetype named '%s'", wanted->type);
	return NULL;
}

struct mo_error *show_freelists(struct mo_run *run, struct mo_report *report)
{
	struct listing listing = { .report = report };
	struct wanted *wanted = &listing.wanted;
	struct mo_error *error;

	view_state(run, &listing.state);
	wanted->has_node = mo_run_number(run, "node", &wanted->node_id);
	wanted->has_order = mo_run_number(run, "order", &wanted->order);
	wanted->zone = mo_run_text(run, "zone");
	wanted->type = mo_run_text(run, "migratetype");
	error = check_wanted(&listing);
	if (!error)
		error = frame_set_init(&listing.frames, listing.state.memmap);
	if (error)
		return error;
	mo_report_table_begin(report, &freelists_table);
	error = mo_run_flag(run, "pcp") ? list_pcp(&listing) : list_buddy(&listing);
	mo_report_table_end(report);
	frame_set_deinit(&listing.frames);
	return error;
}
