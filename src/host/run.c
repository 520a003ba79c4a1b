/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What one plugin may ask of its run: kernel, layout, models, options, progress. */
#include "run.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "cleanup.h"
#include "host.h"
#include "text.h"

struct mo_kernel *mo_run_kernel(const struct mo_run *run)
{
	return run->host->kernel;
}

struct mo_reader *mo_run_reader(const struct mo_run *run)
{
	return run->host->reader;
}

const void *mo_run_layout(const struct mo_run *run)
{
	return run->layout;
}

struct mo_error *mo_run_module_layout(struct mo_run *run, const void **ret)
{
	const struct mo_need_table *table = run->plugin->module_needs;
	struct mo_kernel *kernel = run->host->kernel;

	assert(table && "a layout that the plugin did not declare under `module_needs`");
	if (!run->module_layout) {
		MO_FREE void *layout = calloc(1, run->plugin->module_layout_bytes ? run->plugin->module_layout_bytes : 1);

		if (!layout)
			return mo_error_no_memory();
		MO_TRY(mo_kernel_load_modules(kernel));
		MO_TRY(mo_kernel_load_module_types(kernel, NULL));
		MO_TRY(mo_bind(kernel, table->needs, table->n_needs, layout));
		run->module_layout = layout;
		layout = NULL;
	}
	*ret = run->module_layout;
	return NULL;
}

const void *mo_run_model(const struct mo_run *run)
{
	return run->model;
}

struct mo_progress *mo_run_progress(const struct mo_run *run)
{
	return run->host->progress;
}

/* Of a kernel that runs: what a list that moves can explain is no claim, and is said to have moved. */
static void add_finding(struct mo_run *run, const struct mo_view *view, const struct mo_finding *finding)
{
	MO_CLEANUP(mo_cleanup_text) struct mo_text verdict = MO_TEXT_EMPTY;
	struct mo_finding moved = *finding;

	if (!finding->needs_one_moment || !mo_kernel_facts(run->host->kernel)->is_live) {
		mo_finding_queue_add(&run->findings, view, finding);
		return;
	}
	mo_text_printf(&verdict, "Something moved while it was read, so nothing is claimed: %s", finding->verdict);
	moved.verdict = mo_text_chars(&verdict);
	moved.severity = MO_INFO;
	moved.basis = MO_BASIS_FIT;
	moved.advice = NULL;
	moved.n_supersedes = 0;
	mo_finding_queue_add(&run->findings, view, &moved);
}

void mo_run_finding(struct mo_run *run, const struct mo_finding *finding)
{
	add_finding(run, NULL, finding);
}

static bool could_not_read_all(const struct mo_run *run)
{
	for (size_t i = 0; i < run->findings.count; i++)
		if (run->findings.items[i].finding.is_about_reading)
			return true;
	return false;
}

/* Whether this plugin, or one of those whose models it reads, could not read all: what was not found may lie there. */
static bool is_search_incomplete(const struct mo_run *run)
{
	if (could_not_read_all(run))
		return true;
	for (size_t i = 0; i < run->plugin->n_reads; i++) {
		size_t publisher = mo_host_publisher(run->host, &run->plugin->reads[i]);

		if (publisher < run->host->n_plugins && could_not_read_all(&run->host->runs[publisher]))
			return true;
	}
	return false;
}

void mo_run_judge(struct mo_run *run, const char *view, const struct mo_finding *finding)
{
	struct mo_finding judged = *finding;
	const struct mo_view *found = NULL;

	for (size_t i = 0; i < run->plugin->n_views && !found; i++)
		if (!strcmp(run->plugin->views[i].name, view))
			found = &run->plugin->views[i];
	if (finding->basis == MO_BASIS_ABSENCE)
		judged.is_incomplete |= is_search_incomplete(run);
	add_finding(run, found, &judged);
}

/* The plugin that publishes a model that this one declared; n_plugins: none. */
static size_t publisher_of(const struct mo_run *run, const char *name)
{
	const struct mo_model_ref *model = NULL;

	for (size_t i = 0; i < run->plugin->n_reads; i++)
		if (!strcmp(run->plugin->reads[i].name, name))
			model = &run->plugin->reads[i];
	assert(model && "a model that the plugin did not declare under `reads`");
	return model ? mo_host_publisher(run->host, model) : run->host->n_plugins;
}

const void *mo_run_model_of(const struct mo_run *run, const char *name)
{
	size_t publisher = publisher_of(run, name);

	return publisher < run->host->n_plugins && run->host->runs[publisher].is_gathered ?
		       run->host->runs[publisher].model :
		       NULL;
}

struct mo_error *mo_run_late_model(struct mo_run *run, const char *name, const void **ret)
{
	size_t publisher = publisher_of(run, name);

	if (publisher < run->host->n_plugins)
		MO_TRY(mo_host_gather_late(run->host, publisher));
	*ret = mo_run_model_of(run, name);
	return NULL;
}

/* NULL: not given, or not declared, which is a section's that shares a function with a command of more options. */
static const struct mo_option_value *find_option(const struct mo_run *run, const char *option)
{
	bool is_declared = false;

	for (size_t i = 0; run->view && i < run->view->n_options; i++)
		is_declared |= !strcmp(run->view->options[i].name, option);
	for (size_t i = 0; is_declared && run->said && i < run->said->n_options; i++)
		if (!strcmp(run->said->options[i].name, option))
			return &run->said->options[i];
	return NULL;
}

bool mo_run_flag(const struct mo_run *run, const char *option)
{
	return find_option(run, option) != NULL;
}

const char *mo_run_text(const struct mo_run *run, const char *option)
{
	const struct mo_option_value *value = find_option(run, option);

	return value ? value->text : NULL;
}

bool mo_run_number(const struct mo_run *run, const char *option, uint64_t *ret)
{
	const struct mo_option_value *value = find_option(run, option);

	if (!value)
		return false;
	*ret = value->number;
	return true;
}

size_t mo_run_argument_count(const struct mo_run *run)
{
	return run->said ? run->said->n_arguments : 0;
}

const char *mo_run_argument(const struct mo_run *run, size_t index)
{
	assert(index < mo_run_argument_count(run));
	return run->said->arguments[index];
}

bool mo_run_is_report(const struct mo_run *run)
{
	return run->said && run->said->is_report;
}

size_t mo_run_report_rows(const struct mo_run *run, size_t usual)
{
	return run->said && run->said->report_rows > usual ? run->said->report_rows : usual;
}
