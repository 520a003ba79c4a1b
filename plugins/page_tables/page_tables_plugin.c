/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The page_tables plugin: every page of page tables, its level and whose it is. */
#include "gathering.h"
#include "views.h"

#include <stdlib.h>

static void free_working(struct page_tables_state *state)
{
	for (size_t i = 0; i < state->n_threads; i++) {
		free(state->threads[i].tables);
		free(state->threads[i].repeats);
	}
	free(state->threads);
	free(state->seen);
	free(state->kernel_root);
	state->threads = NULL;
	state->n_threads = 0;
	state->seen = state->kernel_root = NULL;
}

void release_page_tables(void *model)
{
	struct page_tables_state *state = model;

	if (!state)
		return;
	free_working(state);
	free(state->tables);
	free(state->owners);
	free(state);
}

static void name_levels(struct page_tables_state *state)
{
	static const char *const names[MO_MAX_TABLE_LEVELS] = { "PTE", "PMD", "PUD", "P4D", "PGD" };
	unsigned top = mo_top_table_height(mo_run_kernel(state->run));

	state->model.n_levels = top + 1;
	for (unsigned i = 0; i < state->model.n_levels; i++)
		state->model.level_names[i] = i == top ? "PGD" : names[i];
}

static struct mo_error *gather(struct mo_run *run, void **model_ret)
{
	struct page_tables_state *state;
	struct mo_error *error;

	if (mo_top_table_height(mo_run_kernel(run)) >= MO_MAX_TABLE_LEVELS)
		return mo_error_create(MO_E_CORRUPT, "page tables of more than %d levels", MO_MAX_TABLE_LEVELS);
	state = calloc(1, sizeof(*state));
	if (!state)
		return mo_error_no_memory();
	state->run = run;
	state->layout = mo_run_layout(run);
	state->tasks = mo_run_model_of(run, MO_TASKS_MODEL);
	state->model.is_complete = state->tasks && state->tasks->is_complete;
	name_levels(state);
	error = mo_memmap(mo_run_reader(run), &state->memmap);
	if (!error)
		error = gather_owners(state);
	state->model.owners = state->owners;
	state->model.n_owners = state->n_owners;
	if (!error)
		error = scan_tables(state);
	if (!error)
		error = merge_tables(state);
	if (state->unreadable_owners.n)
		state->model.is_complete = false;
	report_trouble(state);
	free_working(state);
	if (error) {
		release_page_tables(state);
		return error;
	}
	*model_ret = &state->model;
	return NULL;
}

static const struct mo_table_spec *const tables[] = { &table_levels_table, &table_sums_table, &table_owners_table,
						      &table_differences_table };

static const struct mo_view views[] = {
	{ .name = "pagetables", .title = "Page tables", .summary = "page tables by level and by process",
	  .options = pagetables_options, .n_options = N_PAGETABLES_OPTIONS, .tables = tables, .n_tables = 4,
	  .report_order = 154, .topic = MO_TOPIC_HOLDER, .show = show_pagetables },
};

static const struct mo_model_ref reads[] = {
	{ .name = MO_TASKS_MODEL, .version = MO_TASKS_MODEL_VERSION, .is_optional = true },
	{ .name = MO_ZONES_MODEL, .version = MO_ZONES_MODEL_VERSION, .is_optional = true },
	{ .name = MO_MEM_MAP_MODEL, .version = MO_MEM_MAP_MODEL_VERSION, .is_optional = true },
};

static const struct mo_plugin plugin = {
	MO_PLUGIN_HEADER,
	.name = "page_tables",
	.version = MEMOPSY_VERSION,
	.summary = "page tables, found by walking them: by level and by process",
	.needs = &page_tables_needs,
	.layout_bytes = sizeof(struct page_tables_layout),
	.reads = reads,
	.n_reads = sizeof(reads) / sizeof(reads[0]),
	.publishes = { .name = MO_PAGE_TABLES_MODEL, .version = MO_PAGE_TABLES_MODEL_VERSION },
	.gather = gather,
	.release = release_page_tables,
	.views = views,
	.n_views = sizeof(views) / sizeof(views[0]),
};

MO_REGISTER_PLUGIN(plugin)
