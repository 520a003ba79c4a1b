/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The slab plugin: every slab cache, every slab, and the state of every object. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include <memopsy/zones.h>

#include "charges.h"
#include "checks.h"
#include "slab_views.h"
#include "tracks.h"

static void release(void *model)
{
	struct slab_state *state = model;

	if (!state)
		return;
	free(state->caches);
	free(state->names);
	free(state->nodes);
	free(state->slabs);
	free(state->records);
	free(state->large_pfns);
	free(state->slabs_by_cache);
	free(state->states);
	free(state);
}

static struct mo_error *gather_slabs(struct slab_state *state)
{
	struct mo_error *error = scan_slabs(state);

	if (!error)
		error = index_slabs(state);
	if (error)
		return error;
	count_large_kmalloc(state);
	if (!state->shape.is_slab)
		mark_cpu_slabs(state);
	error = gather_slab_nodes(state);
	if (error)
		return error;
	if (!state->shape.is_slab)
		choose_freelist_form(state);
	error = walk_slab_freelists(state);
	if (error)
		return error;
	if (state->shape.is_slab) {
		mark_array_caches(state);
	} else {
		walk_cpu_freelists(state);
		mark_sheaves(state);
	}
	error = check_faults_stand(state);
	return error ? error : sum_up_slabs(state);
}

static struct mo_error *fill(struct slab_state *state)
{
	struct mo_kernel *kernel = mo_run_kernel(state->run);
	struct mo_error *error = choose_slab_shape(kernel, state->layout, &state->shape);

	if (!error)
		error = mo_memmap(state->reader, &state->memmap);
	if (!error)
		error = mo_direct_map_base(kernel, &state->model.direct_map_kva);
	if (error)
		return mo_error_prepend(error, "cannot read slabs");
	state->model.page_shift = mo_kernel_facts(kernel)->page_shift;
	error = gather_caches(state);
	if (!error && state->shape.is_slab)
		choose_index_bytes(state);
	if (!error)
		error = gather_slabs(state);
	if (error)
		return error;
	if (!state->shape.is_slab)
		state->model.looks_free = object_looks_free;
	describe_shape(state);
	report_slab_faults(state);
	return NULL;
}

static struct mo_error *gather(struct mo_run *run, void **model_ret)
{
	struct slab_state *state = calloc(1, sizeof(*state));
	struct mo_error *error;

	if (!state)
		return mo_error_no_memory();
	state->run = run;
	state->is_live = mo_kernel_facts(mo_run_kernel(run))->is_live;
	state->reader = mo_run_reader(run);
	state->layout = mo_run_layout(run);
	state->model.track = read_object_track;
	error = fill(state);
	/* The records served the gathering alone. */
	free(state->records);
	free(state->large_pfns);
	state->records = NULL;
	state->large_pfns = NULL;
	state->run = NULL;
	state->reader = NULL;
	if (error) {
		release(state);
		return error;
	}
	*model_ret = &state->model;
	return NULL;
}

void slab_view_state(struct mo_run *run, struct slab_state *ret)
{
	/* The model is the first member of its state. */
	*ret = *(const struct slab_state *)mo_run_model(run);
	ret->run = run;
	ret->reader = mo_run_reader(run);
	ret->layout = mo_run_layout(run);
}

struct mo_cell name_cell(const struct mo_slab_cache *cache, char *room, size_t n_bytes)
{
	if (cache->name)
		return mo_cell_text(cache->name);
	snprintf(room, n_bytes, "0x%" PRIx64, cache->cache_kva);
	return mo_cell_text(room);
}

static const struct mo_model_ref reads[] = {
	{ .name = MO_ZONES_MODEL, .version = MO_ZONES_MODEL_VERSION, .is_optional = true },
};

static const struct mo_table_spec *const slabinfo_tables[] = { &slabinfo_table };
static const struct mo_table_spec *const slabtop_tables[] = { &slabtop_table, &large_kmalloc_table, &slab_cgroups_table };
static const struct mo_table_spec *const slab_tables[] = { &slab_table, &slab_nodes_table, &slab_aliases_table,
							   &slab_children_table, &slab_slabs_table, &slab_charges_table,
							   &slab_tracks_table };

static const struct mo_table_spec *const objects_tables[] = { &objects_table };
static const struct mo_table_spec *const slabcheck_tables[] = { &slabcheck_table };
static const struct mo_table_spec *const section_tables[] = { &slab_sums_table, &slabtop_table, &large_kmalloc_table,
							      &slab_files_table };

static const struct mo_option slabinfo_options[] = {
	{ .name = "exact", .help = "beside what the kernel prints, objects counted one by one: allocated, free, unknown" },
};

static const struct mo_option slabtop_options[] = {
	{ .name = "top", .kind = MO_OPTION_NUMBER, .value = "N", .help = "the N largest caches only" },
	{ .name = "all", .help = "caches without slabs too" },
	{ .name = "charged", .help = "instead of caches, the memory cgroups that are charged for their objects" },
};

static const struct mo_option slab_options[] = {
	{ .name = "slabs", .help = "list every slab of the cache" },
	{ .name = "charged", .help = "allocated objects by the memory cgroup that is charged for them" },
	{ .name = "tracks", .help = "allocated objects by who allocated them (kernels booted with slub_debug=U)" },
	{ .name = "free-tracks", .help = "the same by who freed them before" },
};

static const struct mo_option objects_options[] = {
	{ .name = "allocated", .help = "allocated objects only" },
	{ .name = "free", .help = "free objects only" },
};

#define TABLES(of) .tables = of##_tables, .n_tables = sizeof(of##_tables) / sizeof(of##_tables[0])
#define OPTIONS(of) .options = of##_options, .n_options = sizeof(of##_options) / sizeof(of##_options[0])

static const struct mo_view views[] = {
	{
		.name = "slabinfo",
		.title = "Slab caches",
		.summary = "contents of /proc/slabinfo",
		OPTIONS(slabinfo),
		TABLES(slabinfo),
		.topic = MO_TOPIC_PROC,
		.show = show_slabinfo,
	},
	{
		.name = "slabtop",
		.title = "Slab caches by memory",
		.summary = "slab caches by the memory that they hold, and what of it is wasted",
		OPTIONS(slabtop),
		TABLES(slabtop),
		.topic = MO_TOPIC_HOLDER,
		.show = show_slabtop,
	},
	{
		.name = "slab",
		.title = "Slab cache",
		.summary = "everything known about one slab cache: nodes, slabs, objects, flags, aliases",
		.arguments = "CACHE",
		OPTIONS(slab),
		TABLES(slab),
		.topic = MO_TOPIC_DETAIL,
		.show = show_slab,
	},
	{
		.name = "objects",
		.title = "Objects",
		.summary = "every object of a slab cache: allocated, or free and on whose list",
		.arguments = "CACHE",
		OPTIONS(objects),
		TABLES(objects),
		.topic = MO_TOPIC_DETAIL,
		.show = show_objects,
	},
	{
		.name = "slabcheck",
		.title = "Overwritten slabs",
		.summary = "free lists, counters, red zones and poison: what was overwritten, and with which bytes",
		.arguments = "[CACHE]",
		TABLES(slabcheck),
		.topic = MO_TOPIC_CAUSE,
		.show = show_slabcheck,
	},
	{
		.name = "slabs",
		.title = "Slab memory",
		.summary = "slab memory: what can be had back, the largest caches, dentries and inodes",
		TABLES(section),
		.report_order = 130,
		.is_hidden = true,
		.show = show_slab_section,
	},
};

static const struct mo_plugin plugin = {
	MO_PLUGIN_HEADER,
	.name = "slab",
	.version = MEMOPSY_VERSION,
	.summary = "slab caches, slabs and objects; slabinfo, slabtop, slab, objects, slabcheck",
	.needs = &slab_needs,
	.layout_bytes = sizeof(struct slab_layout),
	.reads = reads,
	.n_reads = sizeof(reads) / sizeof(reads[0]),
	.publishes = { .name = MO_SLAB_MODEL, .version = MO_SLAB_MODEL_VERSION },
	.gather = gather,
	.judge = judge_slabs,
	.release = release,
	.views = views,
	.n_views = sizeof(views) / sizeof(views[0]),
};

MO_REGISTER_PLUGIN(plugin)
