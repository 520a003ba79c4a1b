/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Runs plugins: bind, gather, judge, show, release. */
#include "plugin_run.h"

#include <assert.h>
#include <stdlib.h>

#include "cleanup.h"
#include "host.h"
#include "plugin_load.h"
#include "report_write.h"
#include "session.h"
#include "text.h"

size_t mo_host_publisher(const struct mo_host *host, const struct mo_model_ref *model)
{
	return mo_plugin_find_publisher(host->plugins, host->n_plugins, model->name, model->version);
}

struct mo_error *mo_host_create(const struct mo_plugin_set *plugins, struct mo_kernel *kernel,
				struct mo_progress *progress, struct mo_host **ret)
{
	struct mo_host *host = calloc(1, sizeof(*host));
	struct mo_error *error;

	if (!host)
		return mo_error_no_memory();
	host->n_plugins = plugins->count;
	host->kernel = kernel;
	host->progress = progress;
	host->plugins = calloc(plugins->count + 1, sizeof(*host->plugins));
	host->runs = calloc(plugins->count + 1, sizeof(*host->runs));
	host->why_skipped = calloc(plugins->count + 1, sizeof(*host->why_skipped));
	if (!host->plugins || !host->runs || !host->why_skipped) {
		mo_host_destroy(host);
		return mo_error_no_memory();
	}
	for (size_t i = 0; i < plugins->count; i++) {
		host->plugins[i] = &plugins->items[i].plugin;
		host->runs[i] = (struct mo_run){ .host = host, .plugin = host->plugins[i] };
	}
	error = mo_reader_create(kernel, &host->reader);
	if (error) {
		mo_host_destroy(host);
		return error;
	}
	*ret = host;
	return NULL;
}

static void release(struct mo_run *run)
{
	if (run->is_gathered && run->plugin->release && run->model)
		run->plugin->release(run->model);
	free(run->layout);
	free(run->module_layout);
	run->layout = run->module_layout = NULL;
	run->model = NULL;
}

void mo_host_destroy(struct mo_host *host)
{
	if (!host)
		return;
	for (size_t i = host->order.n_run; i > 0; i--)
		release(&host->runs[host->order.run[i - 1]]);
	for (size_t i = 0; host->runs && host->why_skipped && i < host->n_plugins; i++) {
		mo_finding_queue_deinit(&host->runs[i].findings);
		free(host->why_skipped[i]);
	}
	mo_plugin_order_deinit(&host->order);
	if (host->reader)
		mo_reader_destroy(host->reader);
	free(host->why_skipped);
	free(host->runs);
	free(host->plugins);
	free(host);
}

/* Remembers why a plugin does not run, and makes a finding of it. */
static struct mo_error *skip(struct mo_host *host, size_t plugin, const char *why)
{
	MO_CLEANUP(mo_cleanup_text) struct mo_text text = MO_TEXT_EMPTY;
	struct mo_finding finding = {
		.id = "plugin-skipped",
		.severity = MO_NOTICE,
		.is_about_reading = true,
	};

	mo_text_printf(&text, "%s: skipped: %s", host->plugins[plugin]->name, why);
	finding.verdict = mo_text_chars(&text);
	mo_finding_queue_add(&host->runs[plugin].findings, NULL, &finding);
	host->why_skipped[plugin] = mo_text_take(&text);
	return host->why_skipped[plugin] && !host->runs[plugin].findings.failed ? NULL : mo_error_no_memory();
}

/* Memory and interruptions end the run; all else costs one plugin. Takes over the error. */
static struct mo_error *skip_for(struct mo_host *host, size_t plugin, struct mo_error *error)
{
	struct mo_error *memory_error;

	if (!error || mo_error_ends_run(error))
		return error;
	memory_error = skip(host, plugin, mo_error_text(error));
	mo_error_destroy(error);
	return memory_error;
}

static struct mo_error *prefetch(struct mo_host *host, const struct mo_need_table *extra, size_t n_extra)
{
	size_t n_tables = host->order.n_run + n_extra;
	MO_FREE const struct mo_need **tables = calloc(n_tables + 1, sizeof(*tables));
	MO_FREE size_t *n_needs = calloc(n_tables + 1, sizeof(*n_needs));

	if (!tables || !n_needs)
		return mo_error_no_memory();
	for (size_t i = 0; i < host->order.n_run; i++) {
		const struct mo_need_table *table = host->plugins[host->order.run[i]]->needs;

		if (!table)
			continue; /* an empty table */
		tables[i] = table->needs;
		n_needs[i] = table->n_needs;
	}
	for (size_t i = 0; i < n_extra; i++) {
		tables[host->order.n_run + i] = extra[i].needs;
		n_needs[host->order.n_run + i] = extra[i].n_needs;
	}
	return n_tables ? mo_kernel_prefetch(host->kernel, tables, n_needs, n_tables) : NULL;
}

static struct mo_error *bind(struct mo_host *host, struct mo_run *run)
{
	run->layout = calloc(1, run->plugin->layout_bytes ? run->plugin->layout_bytes : 1);
	if (!run->layout)
		return mo_error_no_memory();
	if (!run->plugin->needs)
		return NULL;
	return mo_bind(host->kernel, run->plugin->needs->needs, run->plugin->needs->n_needs, run->layout);
}

/* A required model whose plugin was to run and then failed. */
static struct mo_error *check_models(struct mo_host *host, const struct mo_run *run)
{
	for (size_t i = 0; i < run->plugin->n_reads; i++) {
		const struct mo_model_ref *model = &run->plugin->reads[i];
		size_t publisher = mo_host_publisher(host, model);

		if (!model->is_optional && (publisher == host->n_plugins || !host->runs[publisher].is_gathered))
			return mo_error_create(MO_E_ABSENT, "it reads the model %s, and %s", model->name,
					       publisher < host->n_plugins && host->why_skipped[publisher] ?
						       host->why_skipped[publisher] :
						       "that was not gathered");
	}
	return NULL;
}

static struct mo_error *gather(struct mo_host *host, struct mo_run *run)
{
	void *model = NULL;

	MO_TRY(check_models(host, run));
	MO_TRY(bind(host, run));
	if (run->plugin->gather)
		MO_TRY(run->plugin->gather(run, &model));
	run->model = model;
	run->is_gathered = true;
	return run->findings.failed ? mo_error_no_memory() : NULL;
}

/* Once. The depth of recursion is that of the graph of models, which has no circles. */
static struct mo_error *gather_in_turn(struct mo_host *host, size_t plugin)
{
	struct mo_run *run = &host->runs[plugin];

	if (!run->is_waiting)
		return NULL;
	run->is_waiting = false;
	for (size_t i = 0; i < run->plugin->n_reads; i++) {
		size_t publisher = mo_host_publisher(host, &run->plugin->reads[i]);

		if (!run->plugin->reads[i].is_late && publisher < host->n_plugins)
			MO_TRY(gather_in_turn(host, publisher));
	}
	return skip_for(host, plugin, gather(host, run));
}

struct mo_error *mo_host_gather_late(struct mo_host *host, size_t plugin)
{
	return gather_in_turn(host, plugin);
}

/* Where there is nothing but the log: quietly, since the session says it once for all of them. */
static struct mo_error *skip_what_needs_memory(struct mo_host *host)
{
	const struct mo_kernel_facts *facts = mo_kernel_facts(host->kernel);

	if (!facts->lacks_types)
		return NULL;
	for (size_t i = 0; i < host->n_plugins; i++) {
		if (host->plugins[i]->reads_logs || host->why_skipped[i])
			continue;
		host->runs[i].is_waiting = false;
		host->why_skipped[i] = strdup(facts->is_log ? "a log contains no memory" :
							      "without types the dump's memory cannot be read");
		if (!host->why_skipped[i])
			return mo_error_no_memory();
	}
	return NULL;
}

struct mo_error *mo_host_prepare(struct mo_host *host, const bool *wanted, const struct mo_need_table *extra,
				 size_t n_extra)
{
	assert(!host->is_prepared);
	host->is_prepared = true;
	MO_TRY(mo_plugin_order(host->plugins, host->n_plugins, wanted, &host->order));
	for (size_t i = 0; i < host->n_plugins; i++)
		if (host->order.why_not[i])
			MO_TRY(skip(host, i, host->order.why_not[i]));
	MO_TRY(prefetch(host, extra, n_extra));
	for (size_t i = 0; i < host->order.n_run; i++)
		host->runs[host->order.run[i]].is_waiting = true;
	MO_TRY(skip_what_needs_memory(host));
	/* What only late models are for stays waiting. */
	for (size_t i = 0; i < host->n_plugins; i++)
		if (wanted[i])
			MO_TRY(gather_in_turn(host, i));
	return NULL;
}

const char *mo_host_why_skipped(const struct mo_host *host, size_t plugin)
{
	return host->why_skipped[plugin];
}

/* Findings that are not made cost no others. Takes over the error. */
static struct mo_error *tell_judging_failed(struct mo_run *run, struct mo_error *error)
{
	MO_CLEANUP(mo_cleanup_text) struct mo_text text = MO_TEXT_EMPTY;
	struct mo_finding finding = {
		.id = "judging-failed",
		.severity = MO_NOTICE,
		.is_about_reading = true,
	};

	mo_text_printf(&text, "%s: not all findings could be made: %s", run->plugin->name, mo_error_text(error));
	mo_error_destroy(error);
	finding.verdict = mo_text_chars(&text);
	mo_finding_queue_add(&run->findings, NULL, &finding);
	return NULL;
}

struct mo_error *mo_host_judge(struct mo_host *host, size_t plugin)
{
	struct mo_run *run = &host->runs[plugin];
	struct mo_error *error;

	assert(run->is_gathered);
	if (run->is_judged || !run->plugin->judge)
		return NULL;
	run->is_judged = true;
	error = run->plugin->judge(run);
	if (mo_error_ends_run(error))
		return error;
	if (error)
		error = tell_judging_failed(run, error);
	return error || !run->findings.failed ? error : mo_error_no_memory();
}

static void write_findings(const struct mo_run *run, const struct mo_view *view, struct mo_report *report)
{
	for (size_t i = 0; i < run->findings.count; i++)
		if (run->findings.items[i].view == view)
			mo_report_finding(report, &run->findings.items[i].finding);
}

void mo_host_write_findings(const struct mo_host *host, size_t plugin, struct mo_report *report)
{
	write_findings(&host->runs[plugin], NULL, report);
}

void mo_run_show_findings(struct mo_run *run, struct mo_report *report)
{
	assert(run->view);
	write_findings(run, run->view, report);
	run->has_shown_findings = true;
}

struct mo_error *mo_host_show(struct mo_host *host, size_t plugin, const struct mo_view *view,
			      const struct mo_view_arguments *said, struct mo_report *report)
{
	struct mo_run *run = &host->runs[plugin];
	struct mo_error *error;

	assert(run->is_gathered);
	run->view = view;
	run->said = said;
	run->has_shown_findings = false;
	error = view->show(run, report);
	if (!run->has_shown_findings && said->is_report)
		write_findings(run, view, report);
	run->view = NULL;
	run->said = NULL;
	if (error)
		mo_report_close_open(report);
	return error;
}
