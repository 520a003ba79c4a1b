/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The fragmentation plugin: what could be allocated, and what stands in the way. */
#include "fragmentation.h"

#include <memopsy/printk.h>

#include <stdio.h>
#include <stdlib.h>

enum { COLUMN_NODE, COLUMN_ZONE, COLUMN_FREE, COLUMN_LOW, COLUMN_LARGEST, COLUMN_KERNEL, COLUMN_MOVABLE, N_COLUMNS };

static const struct mo_column columns[N_COLUMNS] = {
	[COLUMN_NODE] = { .key = "node", .heading = "NODE", .kind = MO_CELL_COUNT, .help = "the NUMA node" },
	[COLUMN_ZONE] = { .key = "zone", .heading = "ZONE", .kind = MO_CELL_TEXT, .help = "the zone's name" },
	[COLUMN_FREE] = { .key = "free_bytes", .heading = "FREE", .kind = MO_CELL_BYTES, .help = "free memory (NR_FREE_PAGES)" },
	[COLUMN_LOW] = { .key = "low_bytes", .heading = "LOW", .kind = MO_CELL_BYTES,
			 .help = "the low watermark, below which kswapd works" },
	[COLUMN_LARGEST] = { .key = "largest_order", .heading = "LARGEST", .kind = MO_CELL_TEXT,
			     .help = "the largest order with a free block; none" },
	[COLUMN_KERNEL] = { .key = "kernel_order", .heading = "KERNEL", .kind = MO_CELL_TEXT,
			    .help = "the largest order that a GFP_KERNEL allocation would get here; none" },
	[COLUMN_MOVABLE] = { .key = "movable_order", .heading = "MOVABLE", .kind = MO_CELL_TEXT,
			     .help = "the largest order that movable user memory would get here; none" },
};

const struct mo_table_spec fragmentation_table = {
	.name = "fragmentation",
	.title = "Largest allocations",
	.help = "The largest block that each zone could give at the moment of the dump, without reclaim and without compaction.",
	.columns = columns,
	.n_columns = N_COLUMNS,
};

/* The largest order that a request would get; text[] says "none" or the number, NULL that it is not known. */
static const char *largest_had(const struct models *models, size_t zone, enum request request, char *text, size_t bytes)
{
	snprintf(text, bytes, "none");
	for (unsigned order = 0; order < models->free_areas->n_orders; order++) {
		enum chance chance = chance_of(models, zone, order, request);

		if (chance == CHANCE_UNKNOWN)
			return NULL;
		if (is_had(chance))
			snprintf(text, bytes, "%u", order);
	}
	return text;
}

static const char *largest_free(const struct models *models, size_t zone, char *text, size_t bytes)
{
	snprintf(text, bytes, "none");
	for (unsigned order = 0; order < models->free_areas->n_orders; order++) {
		struct mo_count nr_free = models->free_areas->zones[zone].orders[order].nr_free;

		if (nr_free.certainty == MO_UNKNOWN)
			return NULL;
		if (nr_free.value)
			snprintf(text, bytes, "%u", order);
	}
	return text;
}

static struct mo_count in_bytes(const struct models *models, struct mo_count pages)
{
	pages.value *= models->page_bytes;
	return pages;
}

static void put_zones(const struct models *models, struct mo_report *report)
{
	mo_report_table_begin(report, &fragmentation_table);
	for (size_t i = 0; i < models->zones->n_zones; i++) {
		const struct mo_zone *zone = &models->zones->zones[i];
		char texts[3][16];

		if (!is_populated(zone))
			continue;
		mo_report_row(report, (const struct mo_cell[N_COLUMNS]){
			[COLUMN_NODE] = mo_cell_number(mo_exact(zone->node_id)),
			[COLUMN_ZONE] = mo_cell_text(zone->name),
			[COLUMN_FREE] = mo_cell_number(in_bytes(models, zone->free_pages)),
			[COLUMN_LOW] = mo_cell_number(in_bytes(models, zone->watermark_pages[MO_WMARK_LOW])),
			[COLUMN_LARGEST] = mo_cell_text(largest_free(models, i, texts[0], sizeof(texts[0]))),
			[COLUMN_KERNEL] = mo_cell_text(largest_had(models, i, REQUEST_KERNEL, texts[1], sizeof(texts[1]))),
			[COLUMN_MOVABLE] = mo_cell_text(largest_had(models, i, REQUEST_MOVABLE, texts[2], sizeof(texts[2]))),
		});
	}
	mo_report_table_end(report);
}

static void release(void *model)
{
	struct fragmentation_state *state = model;

	if (state)
		free(state->sums);
	free(state);
}

/* What the log says of allocations that failed; without a log, nothing. */
static struct mo_error *read_failures(struct mo_reader *reader, struct demands *demands)
{
	struct mo_log_record record;
	struct mo_log *log;
	struct mo_error *error = mo_log_open(reader, &log);

	if (mo_error_ends_run(error))
		return error;
	if (mo_error_destroy(error))
		return NULL;
	while (mo_log_next(log, &record))
		note_failure(demands, record.text, record.text_bytes);
	mo_log_close(log);
	return NULL;
}

static struct mo_error *gather(struct mo_run *run, void **model_ret)
{
	struct fragmentation_state *state = calloc(1, sizeof(*state));
	struct mo_error *error;

	if (!state)
		return mo_error_no_memory();
	state->models = (struct models){
		.layout = mo_run_layout(run),
		.zones = mo_run_model_of(run, MO_ZONES_MODEL),
		.free_areas = mo_run_model_of(run, MO_FREE_AREAS_MODEL),
		.mem_map = mo_run_model_of(run, MO_MEM_MAP_MODEL),
		.page_bytes = mo_kernel_facts(mo_run_kernel(run))->page_bytes,
	};
	error = sum_pageblocks(&state->models, &state->sums);
	if (!error)
		error = read_failures(mo_run_reader(run), &state->demands);
	if (error) {
		release(state);
		return error;
	}
	*model_ret = state;
	return NULL;
}

struct mo_error *show_fragmentation(struct mo_run *run, struct mo_report *report)
{
	const struct fragmentation_state *state = mo_run_model(run);

	put_zones(&state->models, report);
	if (!mo_run_is_report(run)) {
		put_orders(&state->models, report);
		if (state->sums)
			put_pageblocks(&state->models, state->sums, report);
		else
			mo_report_note(report, "What stands in the way is not known: the pages could not be classified.");
	}
	mo_run_show_findings(run, report);
	return NULL;
}

static const struct mo_table_spec *const tables[] = { &fragmentation_table, &orders_table, &pageblocks_table,
						      &in_the_way_table };

static const struct mo_view views[] = {
	{
		.name = "fragmentation",
		.title = "Fragmentation",
		.summary = "which orders could be allocated, and what stands in the way",
		.tables = tables,
		.n_tables = sizeof(tables) / sizeof(tables[0]),
		.report_order = 140,
		.topic = MO_TOPIC_CAUSE,
		.show = show_fragmentation,
	},
};

static const struct mo_model_ref reads[] = {
	{ .name = MO_ZONES_MODEL, .version = MO_ZONES_MODEL_VERSION },
	{ .name = MO_FREE_AREAS_MODEL, .version = MO_FREE_AREAS_MODEL_VERSION },
	{ .name = MO_MEM_MAP_MODEL, .version = MO_MEM_MAP_MODEL_VERSION, .is_optional = true },
	{ .name = MO_SLAB_MODEL, .version = MO_SLAB_MODEL_VERSION, .is_optional = true, .is_late = true },
	{ .name = MO_OWNERS_MODEL, .version = MO_OWNERS_MODEL_VERSION, .is_optional = true, .is_late = true },
};

static const struct mo_plugin plugin = {
	MO_PLUGIN_HEADER,
	.name = "fragmentation",
	.version = MEMOPSY_VERSION,
	.summary = "which orders could be allocated, and what stands in the way",
	.needs = &fragmentation_needs,
	.layout_bytes = sizeof(struct fragmentation_layout),
	.reads = reads,
	.n_reads = sizeof(reads) / sizeof(reads[0]),
	.gather = gather,
	.judge = judge_fragmentation,
	.release = release,
	.views = views,
	.n_views = sizeof(views) / sizeof(views[0]),
};

MO_REGISTER_PLUGIN(plugin)
