/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The percpu plugin: the chunks of the per-CPU allocator, and every allocation in them. */
#include "gathering.h"
#include "views.h"

#include <inttypes.h>
#include <stdlib.h>

static void release(void *model)
{
	struct percpu_state *state = model;

	if (!state)
		return;
	free(state->allocations);
	free(state->chunks);
	free(state);
}

/* Every struct that is read as a whole fits, and every member that is used is a number within it. */
static struct mo_error *check_layout(const struct percpu_layout *layout)
{
	const struct mo_field *fields[] = {
		&layout->chunk.free_bytes,   &layout->chunk.base_addr,	&layout->chunk.alloc_map, &layout->chunk.bound_map,
		&layout->chunk.start_offset, &layout->chunk.end_offset, &layout->chunk.n_pages,	  &layout->chunk.n_populated,
		&layout->chunk.obj_cgroups,  &layout->chunk.obj_exts,	&layout->chunk.n_empty,	  &layout->chunk.n_alloc,
	};

	if (layout->chunk_size.bytes > MAX_CHUNK_BYTES)
		return mo_error_create(MO_E_CORRUPT, "struct pcpu_chunk of %" PRIu64 " bytes is implausible",
				       layout->chunk_size.bytes);
	for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++)
		if (mo_has(fields[i]) && (!fields[i]->width_bytes || fields[i]->offset_bytes + fields[i]->width_bytes >
									     layout->chunk_size.bytes))
			return mo_error_create(MO_E_CORRUPT, "%s does not lie within the struct", fields[i]->name);
	return NULL;
}

static struct mo_error *gather(struct mo_run *run, void **model_ret)
{
	struct percpu_state *state = calloc(1, sizeof(*state));
	struct mo_error *error;

	if (!state)
		return mo_error_no_memory();
	state->run = run;
	state->reader = mo_run_reader(run);
	state->layout = mo_run_layout(run);
	if (mo_has(&state->layout->per_cpu_start))
		state->model.static_percpu_kva = state->layout->per_cpu_start.kva;
	error = check_layout(state->layout);
	if (!error)
		error = gather_chunks(state);
	state->model.chunks = state->chunks;
	state->model.n_chunks = state->n_chunks;
	state->model.allocations = state->allocations;
	state->model.n_allocations = state->n_allocations;
	state->model.is_complete = !state->broken_lists.n && !state->unreadable.n;
	report_trouble(state);
	if (error) {
		release(state);
		return error;
	}
	*model_ret = &state->model;
	return NULL;
}

static const struct mo_table_spec *const tables[] = { &percpu_chunks_table, &percpu_sums_table, &percpu_payers_table,
						      &percpu_allocations_table };

static const struct mo_view views[] = {
	{ .name = "percpu", .title = "Per-CPU memory", .summary = "chunks and allocations of the per-CPU allocator",
	  .options = percpu_options, .n_options = N_PERCPU_OPTIONS, .tables = tables, .n_tables = 4, .report_order = 152,
	  .topic = MO_TOPIC_HOLDER, .show = show_percpu },
};

static const struct mo_plugin plugin = {
	MO_PLUGIN_HEADER,
	.name = "percpu",
	.version = MEMOPSY_VERSION,
	.summary = "chunks and allocations of the per-CPU allocator",
	.needs = &percpu_needs,
	.layout_bytes = sizeof(struct percpu_layout),
	.publishes = { .name = MO_PERCPU_MODEL, .version = MO_PERCPU_MODEL_VERSION },
	.gather = gather,
	.release = release,
	.views = views,
	.n_views = sizeof(views) / sizeof(views[0]),
};

MO_REGISTER_PLUGIN(plugin)
