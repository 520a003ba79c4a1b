/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The whatis plugin: what an address is. */
#include <stdlib.h>

#include "whatis.h"

static void release(void *model)
{
	struct whatis_state *state = model;

	if (!state)
		return;
	mo_modules_destroy(state->modules);
	free(state->module_percpus);
	free(state->parts);
	free(state->stack_infos);
	free(state->images.ranges);
	free(state->units.ranges);
	free(state->stacks.ranges);
	free(state->frames);
	free(state);
}

static struct mo_error *fill(struct whatis_state *state)
{
	const struct mo_kernel_facts *facts = mo_kernel_facts(state->kernel);
	struct mo_error *error;

	state->page_bytes = facts->page_bytes;
	state->page_shift = facts->page_shift;
	error = mo_direct_map_base(state->kernel, &state->direct_map_kva);
	if (error)
		return mo_error_prepend(error, "cannot classify addresses");
	state->direct_map_bytes = facts->end_pfn << facts->page_shift;
	/* Without modules' symbols only the kernel's own are known. */
	error = only_fatal(mo_kernel_load_modules(state->kernel));
	if (!error)
		error = only_fatal(mo_memmap(mo_run_reader(state->run), &state->memmap));
	if (!error)
		error = gather_images(state);
	if (!error)
		error = gather_percpu_units(state);
	if (!error)
		error = gather_stacks(state);
	if (!error)
		error = gather_frames(state);
	return error;
}

static struct mo_error *gather(struct mo_run *run, void **model_ret)
{
	struct whatis_state *state = calloc(1, sizeof(*state));
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
	state->tasks = mo_run_model_of(run, MO_TASKS_MODEL);
	state->page_tables = mo_run_model_of(run, MO_PAGE_TABLES_MODEL);
	state->percpu = mo_run_model_of(run, MO_PERCPU_MODEL);
	state->zones = mo_run_model_of(run, MO_ZONES_MODEL);
	state->free_areas = mo_run_model_of(run, MO_FREE_AREAS_MODEL);
	state->page_owner = mo_run_model_of(run, MO_PAGE_OWNER_MODEL);
	state->model.find = find_place;
	state->model.find_pa = find_place_pa;
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
	{ .name = MO_SLAB_MODEL, .version = MO_SLAB_MODEL_VERSION, .is_optional = true },
	{ .name = MO_MEM_MAP_MODEL, .version = MO_MEM_MAP_MODEL_VERSION, .is_optional = true },
	{ .name = MO_VMAP_MODEL, .version = MO_VMAP_MODEL_VERSION, .is_optional = true },
	{ .name = MO_TASKS_MODEL, .version = MO_TASKS_MODEL_VERSION, .is_optional = true },
	{ .name = MO_PAGE_TABLES_MODEL, .version = MO_PAGE_TABLES_MODEL_VERSION, .is_optional = true },
	{ .name = MO_PERCPU_MODEL, .version = MO_PERCPU_MODEL_VERSION, .is_optional = true },
	{ .name = MO_ZONES_MODEL, .version = MO_ZONES_MODEL_VERSION, .is_optional = true },
	{ .name = MO_FREE_AREAS_MODEL, .version = MO_FREE_AREAS_MODEL_VERSION, .is_optional = true },
	{ .name = MO_PAGE_OWNER_MODEL, .version = MO_PAGE_OWNER_MODEL_VERSION, .is_optional = true },
};

static const struct mo_table_spec *const whatis_tables[] = { &whatis_table, &places_table };

static const struct mo_table_spec *const page_tables[] = { &page_table, &page_facts_table };

static const struct mo_option whatis_options[] = {
	{ .name = "brief", .help = "one line per address: what contains it" },
};

static const struct mo_view views[] = {
	{
		.name = "whatis",
		.title = "What is it",
		.summary = "what an address is: symbol, slab object, stack, per-CPU memory, area of vmalloc, page, ...",
		.arguments = "ADDRESS|SYMBOL[+OFFSET]|pfn:N|pa:N|-...",
		.options = whatis_options,
		.n_options = sizeof(whatis_options) / sizeof(whatis_options[0]),
		.tables = whatis_tables,
		.n_tables = sizeof(whatis_tables) / sizeof(whatis_tables[0]),
		.topic = MO_TOPIC_CAUSE,
		.show = show_whatis,
	},
	{
		.name = "page",
		.title = "Page frame",
		.summary = "everything known about one page frame",
		.arguments = "PFN|ADDRESS|SYMBOL[+OFFSET]",
		.tables = page_tables,
		.n_tables = sizeof(page_tables) / sizeof(page_tables[0]),
		.topic = MO_TOPIC_DETAIL,
		.show = show_page,
	},
};

static const struct mo_plugin plugin = {
	MO_PLUGIN_HEADER,
	.name = "whatis",
	.version = MEMOPSY_VERSION,
	.summary = "what an address of kernel memory is; whatis, page",
	.needs = &whatis_needs,
	.layout_bytes = sizeof(struct whatis_layout),
	.reads = reads,
	.n_reads = sizeof(reads) / sizeof(reads[0]),
	.publishes = { .name = MO_PLACES_MODEL, .version = MO_PLACES_MODEL_VERSION },
	.gather = gather,
	.release = release,
	.views = views,
	.n_views = sizeof(views) / sizeof(views[0]),
};

MO_REGISTER_PLUGIN(plugin)
