/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "fake_run.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <memopsy/module_list.h>

#include "report_write.h"

#define MOST_FINDINGS 64

struct mo_run {
	struct mo_kernel *kernel;
	const struct mo_plugin *plugin;
	void *layout;
	void *model;
	const struct mo_zones_model *zones;
	const char *const *words;      /* while a view is shown */
	bool is_report;
	char *findings[MOST_FINDINGS];
	size_t n_findings;
};

struct mo_kernel *mo_run_kernel(const struct mo_run *run)
{
	return run->kernel;
}

struct mo_reader *mo_run_reader(const struct mo_run *run)
{
	return mo_fake_reader(run->kernel);
}

const void *mo_run_layout(const struct mo_run *run)
{
	return run->layout;
}

const void *mo_run_model(const struct mo_run *run)
{
	return run->model;
}

bool mo_run_is_report(const struct mo_run *run)
{
	return run->is_report;
}

const void *mo_run_model_of(const struct mo_run *run, const char *name)
{
	return strcmp(name, MO_ZONES_MODEL) ? NULL : run->zones;
}

const char *mo_run_text(const struct mo_run *run, const char *option)
{
	for (size_t i = 0; run->words && run->words[i]; i++)
		if (!strncmp(run->words[i], "--", 2) && !strcmp(run->words[i] + 2, option))
			return run->words[i + 1];
	return NULL;
}

void mo_run_finding(struct mo_run *run, const struct mo_finding *finding)
{
	char *text = NULL;
	size_t n_bytes = 0;
	FILE *stream = open_memstream(&text, &n_bytes);

	assert_non_null(stream);
	fprintf(stream, "%s: %s", finding->id, finding->verdict);
	for (size_t i = 0; i < finding->n_evidence; i++)
		if (finding->evidence[i].kind == MO_CELL_TEXT)
			fprintf(stream, "; %s %s", finding->evidence[i].label, finding->evidence[i].cell.as.text.bytes);
	fclose(stream);
	assert_true(run->n_findings < MOST_FINDINGS);
	run->findings[run->n_findings++] = text;
}

static struct mo_run *bound_run(struct mo_kernel *kernel, const struct mo_plugin *plugin)
{
	struct mo_run *run = calloc(1, sizeof(*run));

	assert_non_null(run);
	run->kernel = kernel;
	run->plugin = plugin;
	run->layout = calloc(1, plugin->layout_bytes);
	assert_non_null(run->layout);
	expect_success(mo_bind(kernel, plugin->needs->needs, plugin->needs->n_needs, run->layout));
	return run;
}

struct mo_run *fake_run(struct mo_kernel *kernel, const struct mo_plugin *plugin, const struct mo_zones_model *zones)
{
	struct mo_run *run = bound_run(kernel, plugin);

	run->zones = zones;
	expect_success(plugin->gather(run, &run->model));
	return run;
}

struct mo_error *fake_run_gather_error(struct mo_kernel *kernel, const struct mo_plugin *plugin)
{
	struct mo_run *run = bound_run(kernel, plugin);
	struct mo_error *error = plugin->gather(run, &run->model);

	assert_non_null(error);
	fake_run_destroy(run);
	return error;
}

void fake_run_destroy(struct mo_run *run)
{
	run->plugin->release(run->model);
	free(run->layout);
	for (size_t i = 0; i < run->n_findings; i++)
		free(run->findings[i]);
	free(run);
}

bool fake_run_said(const struct mo_run *run, const char *part)
{
	for (size_t i = 0; i < run->n_findings; i++)
		if (strstr(run->findings[i], part))
			return true;
	for (size_t i = 0; i < run->n_findings; i++)
		print_message("finding: %s\n", run->findings[i]);
	return false;
}

size_t fake_run_finding_count(const struct mo_run *run)
{
	return run->n_findings;
}

static struct mo_error *show(struct mo_run *run, const char *view, const char *const *words, char **text)
{
	const struct mo_view *found = NULL;
	struct mo_report *report = NULL;
	struct mo_error *error;
	size_t n_bytes = 0;
	FILE *stream = open_memstream(text, &n_bytes);

	for (size_t i = 0; i < run->plugin->n_views; i++)
		if (!strcmp(run->plugin->views[i].name, view))
			found = &run->plugin->views[i];
	assert_non_null(found);
	assert_non_null(stream);
	run->words = words;
	expect_success(mo_report_create(stream, &(const struct mo_report_options){ .format = MO_FORMAT_TEXT },
					&(const struct mo_report_head){ .tool_version = "0", .command = view }, false,
					&report));
	error = found->show(run, report);
	run->words = NULL;
	expect_success(mo_report_finish(report));
	mo_report_destroy(report);
	fclose(stream);
	return error;
}

char *fake_run_text(struct mo_run *run, const char *view, const char *const *words)
{
	char *text = NULL;

	expect_success(show(run, view, words, &text));
	return text;
}

struct mo_error *fake_run_error(struct mo_run *run, const char *view, const char *const *words)
{
	char *text = NULL;
	struct mo_error *error = show(run, view, words, &text);

	free(text);
	return error;
}

char *fake_run_section(struct mo_run *run, const char *view)
{
	char *text;

	run->is_report = true;
	text = fake_run_text(run, view, NULL);
	run->is_report = false;
	return text;
}

/* The toy kernel has no modules. */
__attribute__((weak)) struct mo_error *mo_modules_gather(struct mo_reader *reader, struct mo_modules **ret)
{
	(void)reader;
	(void)ret;
	return mo_error_create(MO_E_ABSENT, "no modules");
}

__attribute__((weak)) void mo_modules_destroy(struct mo_modules *modules)
{
	(void)modules;
}
