/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The page_owner plugin: who took pages, by the kernel's own records: page_owner and memory allocation profiling. */
#include "gathering.h"

#include <stdlib.h>

static void release(void *model)
{
	struct page_owner_state *state = model;

	if (!state)
		return;
	free(state->groups);
	free(state->stacks);
	free(state->frames);
	free(state->sites);
	free(state->ranges);
	free(state->words);
	free(state);
}

static struct mo_error *gather_records(struct page_owner_state *state)
{
	struct group_table table = { .n = 0 };
	struct mo_error *error = scan_records(state, &table);

	if (!error)
		error = make_groups(state, &table);
	group_table_deinit(&table);
	return error;
}

static struct mo_error *gather(struct mo_run *run, void **model_ret)
{
	struct page_owner_state *state = calloc(1, sizeof(*state));
	struct mo_error *error;

	if (!state)
		return mo_error_no_memory();
	state->run = run;
	state->reader = mo_run_reader(run);
	state->layout = mo_run_layout(run);
	state->model.find = find_record;
	error = gather_sites(state);
	if (!error)
		error = find_records(state);
	if (!error)
		error = gather_records(state);
	state->model.sites = state->sites;
	state->model.n_sites = state->n_sites;
	report_trouble(state);
	if (error) {
		release(state);
		return error;
	}
	*model_ret = &state->model;
	return NULL;
}

static const struct mo_table_spec *const page_owner_tables[] = { &page_owner_table, &page_owner_blocks_table,
								 &page_owner_record_table, &page_owner_stack_table };
static const struct mo_table_spec *const allocinfo_tables[] = { &allocinfo_table };

static const struct mo_option page_owner_options[] = {
	{ .name = "stacks", .kind = MO_OPTION_FLAG, .help = "show the whole stack of each group" },
	{ .name = "blocks", .kind = MO_OPTION_FLAG, .help = "list every block of pages" },
};

static const struct mo_view views[] = {
	{
		.name = "page_owner",
		.title = "Pages by allocation stack",
		.summary = "who allocated each page, if the kernel was booted with page_owner=on",
		.options = page_owner_options,
		.n_options = sizeof(page_owner_options) / sizeof(page_owner_options[0]),
		.arguments = "[PFN]",
		.tables = page_owner_tables,
		.n_tables = sizeof(page_owner_tables) / sizeof(page_owner_tables[0]),
		.topic = MO_TOPIC_HOLDER,
		.show = show_page_owner,
	},
	{
		.name = "allocinfo",
		.title = "Memory by allocation site",
		.summary = "contents of /proc/allocinfo",
		.tables = allocinfo_tables,
		.n_tables = 1,
		.topic = MO_TOPIC_PROC,
		.show = show_allocinfo,
	},
};

static const struct mo_plugin plugin = {
	MO_PLUGIN_HEADER,
	.name = "page_owner",
	.version = MEMOPSY_VERSION,
	.summary = "the kernel's own records of allocations; page_owner, allocinfo",
	.needs = &page_owner_needs,
	.layout_bytes = sizeof(struct page_owner_layout),
	.publishes = { .name = MO_PAGE_OWNER_MODEL, .version = MO_PAGE_OWNER_MODEL_VERSION },
	.gather = gather,
	.release = release,
	.views = views,
	.n_views = sizeof(views) / sizeof(views[0]),
};

MO_REGISTER_PLUGIN(plugin)
