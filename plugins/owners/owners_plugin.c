/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The owners plugin: who holds the kernel's memory, over all allocators. */
#include <stdlib.h>

#include "gathering.h"

static void free_evidence(struct owners_state *state)
{
	blocks_deinit(&state->blocks);
	state->blocks = (struct block_index){ .n_blocks = 0 };
	for (unsigned step = 0; step < MAX_CHAIN_STEPS; step++)
		targets_deinit(&state->steps[step]);
	targets_deinit(&state->percpu_targets);
	generic_objects_deinit(&state->objects);
	mo_object_index_deinit(&state->index);
	mo_cache_types_deinit(&state->types);
	mo_module_index_deinit(&state->modules);
}

static void release(void *model)
{
	struct owners_state *state = model;

	if (!state)
		return;
	free_evidence(state);
	holders_deinit(&state->holders);
	names_deinit(&state->names);
	free(state);
}

static struct mo_error *fill(struct owners_state *state)
{
	const struct mo_kernel_facts *facts = mo_kernel_facts(state->kernel);
	struct mo_error *error;

	state->page_bytes = facts->page_bytes;
	state->page_shift = facts->page_shift;
	error = mo_memmap(mo_run_reader(state->run), &state->memmap);
	if (!error)
		error = mo_direct_map_base(state->kernel, &state->direct_map_kva);
	if (!error)
		error = mo_cache_types_init(&state->types, state->kernel, state->slabs);
	if (!error)
		error = mo_module_index_init(&state->modules, mo_run_reader(state->run));
	if (!error)
		error = gather_accounting(state);
	if (!error)
		error = gather_blocks(state);
	if (!error)
		error = mo_object_index_build(state->kernel, state->slabs, &state->index);
	if (!error)
		error = prepare_generic_objects(state);
	if (!error)
		error = add_percpu_targets(state);
	if (!error) {
		mark_structures(state);
		error = find_pointers(state);
	}
	if (!error)
		error = find_chains(state);
	if (!error)
		error = gather_percpu_accounting(state);
	if (!error)
		error = name_blocks(state);
	if (!error)
		error = join_arrays(state);
	if (error)
		return mo_error_prepend(error, "cannot tell who holds memory");
	sort_holders(&state->holders);
	state->model.holders = state->holders.holders;
	state->model.n_holders = state->holders.n;
	for (size_t i = 0; i < state->holders.n; i++)
		state->model.bytes_by_evidence[state->holders.holders[i].evidence] += state->holders.holders[i].bytes;
	return NULL;
}

static struct mo_error *gather(struct mo_run *run, void **model_ret)
{
	struct owners_state *state = calloc(1, sizeof(*state));
	const struct mo_free_areas_model *free_areas;
	struct mo_error *error;

	if (!state)
		return mo_error_no_memory();
	state->run = run;
	state->kernel = mo_run_kernel(run);
	state->layout = mo_run_layout(run);
	state->page_shape = state->layout->page;
	state->slabs = mo_run_model_of(run, MO_SLAB_MODEL);
	state->mem_map = mo_run_model_of(run, MO_MEM_MAP_MODEL);
	state->vmap = mo_run_model_of(run, MO_VMAP_MODEL);
	free_areas = mo_run_model_of(run, MO_FREE_AREAS_MODEL);
	state->pageblock_order = free_areas ? free_areas->pageblock_order : 0;
	state->places = mo_run_model_of(run, MO_PLACES_MODEL);
	state->page_owner = mo_run_model_of(run, MO_PAGE_OWNER_MODEL);
	state->page_tables = mo_run_model_of(run, MO_PAGE_TABLES_MODEL);
	state->percpu = mo_run_model_of(run, MO_PERCPU_MODEL);
	error = fill(state);
	state->run = NULL;
	if (error) {
		release(state);
		return error;
	}
	free_evidence(state); /* served the gathering alone */
	*model_ret = &state->model;
	return NULL;
}

static const struct mo_model_ref reads[] = {
	{ .name = MO_SLAB_MODEL, .version = MO_SLAB_MODEL_VERSION },
	{ .name = MO_MEM_MAP_MODEL, .version = MO_MEM_MAP_MODEL_VERSION },
	{ .name = MO_FREE_AREAS_MODEL, .version = MO_FREE_AREAS_MODEL_VERSION, .is_optional = true },
	{ .name = MO_VMAP_MODEL, .version = MO_VMAP_MODEL_VERSION, .is_optional = true },
	{ .name = MO_PLACES_MODEL, .version = MO_PLACES_MODEL_VERSION, .is_optional = true },
	{ .name = MO_PAGE_TABLES_MODEL, .version = MO_PAGE_TABLES_MODEL_VERSION, .is_optional = true },
	{ .name = MO_PERCPU_MODEL, .version = MO_PERCPU_MODEL_VERSION, .is_optional = true },
	{ .name = MO_PAGE_OWNER_MODEL, .version = MO_PAGE_OWNER_MODEL_VERSION, .is_optional = true },
	{ .name = MO_LEAKS_MODEL, .version = MO_LEAKS_MODEL_VERSION, .is_optional = true, .is_late = true },
};

static const struct mo_table_spec *const tables[] = { &owners_table, &owners_by_table, &owners_direct_table,
						      &owners_section_table };

static const struct mo_option options[] = {
	{ .name = "by", .kind = MO_OPTION_TEXT, .value = "module|caller|cache|kind", .help = "sums, or holders of one sort only" },
	{ .name = "direct", .help = "only who holds pages that were taken from the page allocator directly" },
	{ .name = "percpu", .help = "only who holds memory of the per-CPU allocator, by who keeps the pointer" },
	{ .name = "top", .kind = MO_OPTION_NUMBER, .value = "N", .help = "the N largest only (30, if nothing is said)" },
	{ .name = "all", .help = "all holders" },
};

static const struct mo_view views[] = {
	{
		.name = "owners",
		.title = "Who holds the kernel's memory",
		.summary = "who holds the kernel's memory, over all allocators, and how we know",
		.options = options,
		.n_options = sizeof(options) / sizeof(options[0]),
		.tables = tables,
		.n_tables = sizeof(tables) / sizeof(tables[0]),
		.report_order = 115,
		.topic = MO_TOPIC_HOLDER,
		.show = show_owners,
	},
};

static const struct mo_plugin plugin = {
	MO_PLUGIN_HEADER,
	.name = "owners",
	.version = MEMOPSY_VERSION,
	.summary = "who holds the kernel's memory, over all allocators; owners",
	.needs = &owners_needs,
	.layout_bytes = sizeof(struct owners_layout),
	.module_needs = &owners_module_needs,
	.module_layout_bytes = sizeof(struct zram_layout),
	.reads = reads,
	.n_reads = sizeof(reads) / sizeof(reads[0]),
	.publishes = { .name = MO_OWNERS_MODEL, .version = MO_OWNERS_MODEL_VERSION },
	.gather = gather,
	.judge = judge_owners,
	.release = release,
	.views = views,
	.n_views = sizeof(views) / sizeof(views[0]),
};

MO_REGISTER_PLUGIN(plugin)
