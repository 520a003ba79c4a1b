/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The mem_map plugin: every page frame in exactly one class. */
#include "gathering.h"

#include <inttypes.h>
#include <stdlib.h>

static void release(void *model)
{
	struct mem_map_state *state = model;

	if (!state)
		return;
	free(state->runs);
	free(state->classes);
	free(state->zone_pages);
	free(state->zones_by_pfn);
	free(state);
}

/* One class byte for each struct page, all of them unknown. */
static struct mo_error *make_runs(struct mem_map_state *state)
{
	const struct mo_memmap *memmap = state->memmap;
	uint64_t done = 0;

	if (memmap->n_pages > SIZE_MAX / 2)
		return mo_error_create(MO_E_CORRUPT, "%" PRIu64 " struct pages are inconsistent", memmap->n_pages);
	state->runs = calloc(memmap->n_runs + 1, sizeof(*state->runs));
	state->classes = calloc((size_t)memmap->n_pages + 1, 1);
	if (!state->runs || !state->classes)
		return mo_error_no_memory();
	for (size_t i = 0; i < memmap->n_runs; i++) {
		state->runs[i] = (struct mo_page_run){
			.first_pfn = memmap->runs[i].first_pfn,
			.n_pages = memmap->runs[i].n_pages,
			.classes = state->classes + done,
		};
		done += memmap->runs[i].n_pages;
	}
	state->model.runs = state->runs;
	state->model.n_runs = memmap->n_runs;
	state->model.classes = page_class_infos;
	return NULL;
}

static void report_sections(struct mem_map_state *state)
{
	struct mo_evidence evidence[] = {
		{ .label = "sections", .kind = MO_CELL_COUNT,
		  .cell = mo_cell_number(mo_exact(state->memmap->n_unreadable_sections)) },
		{ .label = "why", .kind = MO_CELL_TEXT, .cell = mo_cell_text(state->memmap->remark) },
	};
	struct mo_finding finding = {
		.id = "mem-map-sections-unreadable",
		.severity = MO_WARNING,
		.verdict = "Some memory sections could not be read; their page frames are missing from all sums.",
		.evidence = evidence,
		.n_evidence = sizeof(evidence) / sizeof(evidence[0]),
		.is_about_reading = true,
	};

	if (state->memmap->n_unreadable_sections)
		mo_run_finding(state->run, &finding);
}

static struct mo_error *fill(struct mem_map_state *state)
{
	struct mo_error *error = mo_memmap(mo_run_reader(state->run), &state->memmap);

	if (error)
		return mo_error_prepend(error, "cannot read the memory map");
	error = make_runs(state);
	if (!error)
		error = sort_zones(state);
	if (!error)
		error = scan_mem_map(state);
	if (error)
		return error;
	classify_places(state);
	error = sum_up(state);
	if (error)
		return error;
	report_sections(state);
	report_trouble(state);
	return NULL;
}

static struct mo_error *gather(struct mo_run *run, void **model_ret)
{
	struct mem_map_state *state = calloc(1, sizeof(*state));
	struct mo_error *error;

	if (!state)
		return mo_error_no_memory();
	state->run = run;
	state->layout = mo_run_layout(run);
	state->shape = state->layout->page;
	state->zones = mo_run_model_of(run, MO_ZONES_MODEL);
	state->free_areas = mo_run_model_of(run, MO_FREE_AREAS_MODEL);
	state->vmap = mo_run_model_of(run, MO_VMAP_MODEL);
	error = fill(state);
	state->run = NULL;
	if (error) {
		release(state);
		return error;
	}
	*model_ret = &state->model;
	return NULL;
}

static const struct mo_model_ref reads[] = {
	{ .name = MO_ZONES_MODEL, .version = MO_ZONES_MODEL_VERSION, .is_optional = true },
	{ .name = MO_FREE_AREAS_MODEL, .version = MO_FREE_AREAS_MODEL_VERSION, .is_optional = true },
	{ .name = MO_VMAP_MODEL, .version = MO_VMAP_MODEL_VERSION, .is_optional = true },
};

static const struct mo_table_spec *const usage_tables[] = { &usage_table, &usage_by_node_table, &usage_by_zone_table,
							    &usage_checks_table, &usage_checks_by_node_table };
static const struct mo_table_spec *const pages_tables[] = { &pages_table };

static const struct mo_option usage_options[] = {
	{ .name = "by-node", .help = "one balance per NUMA node" },
	{ .name = "by-zone", .help = "one balance per zone" },
	{ .name = "all", .help = "include classes without pages" },
};

static const struct mo_view views[] = {
	{
		.name = "usage",
		.title = "Where the memory is",
		.summary = "every page frame in exactly one class, beside the kernel's own counters",
		.options = usage_options,
		.n_options = sizeof(usage_options) / sizeof(usage_options[0]),
		.tables = usage_tables,
		.n_tables = sizeof(usage_tables) / sizeof(usage_tables[0]),
		.report_order = 110,
		.topic = MO_TOPIC_HOLDER,
		.show = show_usage,
	},
	{
		.name = "pages",
		.title = "Page frames",
		.summary = "struct pages: one row per run of equal ones, or per page",
		.options = pages_options,
		.n_options = N_PAGES_OPTIONS,
		.tables = pages_tables,
		.n_tables = 1,
		.topic = MO_TOPIC_DETAIL,
		.show = show_pages,
	},
};

static const struct mo_plugin plugin = {
	MO_PLUGIN_HEADER,
	.name = "mem_map",
	.version = MEMOPSY_VERSION,
	.summary = "every page frame in exactly one class; usage, pages",
	.needs = &mem_map_needs,
	.layout_bytes = sizeof(struct mem_map_layout),
	.reads = reads,
	.n_reads = sizeof(reads) / sizeof(reads[0]),
	.publishes = { .name = MO_MEM_MAP_MODEL, .version = MO_MEM_MAP_MODEL_VERSION },
	.gather = gather,
	.judge = judge_usage,
	.release = release,
	.views = views,
	.n_views = sizeof(views) / sizeof(views[0]),
};

MO_REGISTER_PLUGIN(plugin)
