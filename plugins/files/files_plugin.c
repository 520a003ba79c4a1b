/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The files plugin: what the page cache holds, file by file and file system by file system. */
#include "gathering.h"

#include <stdlib.h>

static void release(void *model)
{
	struct files_state *state = model;

	if (!state)
		return;
	for (size_t i = 0; i < state->n_files; i++)
		free((char *)state->files[i].path);
	for (size_t i = 0; i < state->n_superblocks && state->mounts; i++) {
		free((char *)state->mounts[i].type);
		free((char *)state->mounts[i].device);
		free((char *)state->mounts[i].path);
	}
	free(state->users);
	free(state->files);
	free(state->mounts);
	free(state->superblocks);
	mapping_table_deinit(&state->mappings);
	free(state);
}

static struct mo_error *gather_all(struct files_state *state)
{
	struct mo_error *error = mo_memmap(state->reader, &state->memmap);

	if (!error)
		error = count_pages(state);
	if (!error)
		error = gather_superblocks(state);
	if (!error)
		error = gather_inodes(state);
	if (!error)
		error = sum_up_mounts(state);
	if (error)
		return error;
	gather_counts(state);
	choose_named(state);
	error = gather_users(state);
	mapping_table_deinit(&state->mappings);
	return error ? error : gather_paths(state);
}

static struct mo_error *gather(struct mo_run *run, void **model_ret)
{
	struct files_state *state = calloc(1, sizeof(*state));
	struct mo_error *error;

	if (!state)
		return mo_error_no_memory();
	state->run = run;
	state->reader = mo_run_reader(run);
	state->layout = mo_run_layout(run);
	state->mem_map = mo_run_model_of(run, MO_MEM_MAP_MODEL);
	state->tasks = mo_run_model_of(run, MO_TASKS_MODEL);
	state->page_bytes = mo_kernel_facts(mo_run_kernel(run))->page_bytes;
	mo_path_reading_begin(&state->paths, state->reader, &state->layout->dentry,
			   state->tasks && state->tasks->n_tasks ? state->tasks->tasks[0].kva : 0);
	error = gather_all(state);
	state->model.files = state->files;
	state->model.n_files = state->n_files;
	state->model.mounts = state->mounts;
	state->model.n_mounts = state->n_superblocks;
	state->model.is_complete = !state->unreadable_pages.n && !state->bad_mappings.n;
	report_trouble(state);
	if (error) {
		release(state);
		return error;
	}
	*model_ret = &state->model;
	return NULL;
}

void view_state(struct mo_run *run, struct files_state *ret)
{
	/* The model is the first member of its state. */
	*ret = *(const struct files_state *)mo_run_model(run);
	ret->run = run;
	ret->reader = mo_run_reader(run);
	ret->layout = mo_run_layout(run);
	ret->tasks = mo_run_model_of(run, MO_TASKS_MODEL);
	ret->paths.reader = ret->reader;
}

static const struct mo_table_spec *const tables[] = { &files_table, &mounts_table, &dentries_table,
						       &negative_dirs_table, &dentry_state_table };

static const struct mo_view views[] = {
	{ .name = "files", .title = "Page cache", .summary = "the page cache by file, tmpfs and file system",
	  .options = files_options, .n_options = N_FILES_OPTIONS, .tables = tables, .n_tables = 5, .report_order = 450,
	  .topic = MO_TOPIC_HOLDER, .show = show_files },
};

static const struct mo_model_ref reads[] = {
	{ .name = MO_MEM_MAP_MODEL, .version = MO_MEM_MAP_MODEL_VERSION },
	{ .name = MO_TASKS_MODEL, .version = MO_TASKS_MODEL_VERSION, .is_optional = true },
};

static const struct mo_plugin plugin = {
	MO_PLUGIN_HEADER,
	.name = "files",
	.version = MEMOPSY_VERSION,
	.summary = "the page cache by file, shared memory, file systems, dentries; files",
	.needs = &files_needs,
	.layout_bytes = sizeof(struct files_layout),
	.reads = reads,
	.n_reads = sizeof(reads) / sizeof(reads[0]),
	.publishes = { .name = MO_FILES_MODEL, .version = MO_FILES_MODEL_VERSION },
	.gather = gather,
	.judge = judge_files,
	.release = release,
	.views = views,
	.n_views = sizeof(views) / sizeof(views[0]),
};

MO_REGISTER_PLUGIN(plugin)
