/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "fake_run.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "report_write.h"

#define MAX_FINDINGS 64
#define MAX_WORDS 8

struct mo_run {
	struct mo_kernel *kernel;
	const struct mo_plugin *plugin;
	void *layout;
	void *module_layout;
	void *model;
	const char *model_name; /* that the plugin may read */
	const void *model_read;
	const char *const *words; /* while a view is shown */
	const char *options[MAX_WORDS];
	const char *arguments[MAX_WORDS];
	size_t n_options, n_arguments;
	bool is_report;
	const char *view;       /* that is shown */
	struct mo_report *judged_into;
	char *findings[MAX_FINDINGS];
	size_t n_findings;
};

/* Tests with models or options of more kinds bring their own. */
#define WEAK __attribute__((weak))

struct mo_kernel *mo_run_kernel(const struct mo_run *run)
{
	return run->kernel;
}

struct mo_reader *mo_run_reader(const struct mo_run *run)
{
	return mo_fake_reader(run->kernel);
}

WEAK struct mo_progress *mo_run_progress(const struct mo_run *run)
{
	(void)run;
	return NULL;
}

const void *mo_run_layout(const struct mo_run *run)
{
	return run->layout;
}

struct mo_error *mo_run_module_layout(struct mo_run *run, const void **ret)
{
	const struct mo_plugin *plugin = run->plugin;
	struct mo_error *error;

	if (!run->module_layout) {
		run->module_layout = calloc(1, plugin->module_layout_bytes + 1);
		assert_non_null(run->module_layout);
		error = mo_bind(run->kernel, plugin->module_needs->needs, plugin->module_needs->n_needs, run->module_layout);
		if (error)
			return error;
	}
	*ret = run->module_layout;
	return NULL;
}

const void *mo_run_model(const struct mo_run *run)
{
	return run->model;
}

WEAK const void *mo_run_model_of(const struct mo_run *run, const char *name)
{
	return run->model_name && !strcmp(name, run->model_name) ? run->model_read : NULL;
}

struct mo_error *mo_run_late_model(struct mo_run *run, const char *name, const void **ret)
{
	*ret = mo_run_model_of(run, name);
	return NULL;
}

WEAK const char *mo_run_text(const struct mo_run *run, const char *option)
{
	for (size_t i = 0; run->words && run->words[i]; i++)
		if (!strncmp(run->words[i], "--", 2) && !strcmp(run->words[i] + 2, option))
			return run->words[i + 1];
	return NULL;
}

WEAK bool mo_run_is_report(const struct mo_run *run)
{
	return run->is_report;
}

WEAK size_t mo_run_report_rows(const struct mo_run *run, size_t usual)
{
	(void)run;
	return usual;
}

bool mo_run_flag(const struct mo_run *run, const char *option)
{
	for (size_t i = 0; i < run->n_options; i++)
		if (!strcmp(run->options[i], option))
			return true;
	return false;
}

WEAK size_t mo_run_argument_count(const struct mo_run *run)
{
	return run->n_arguments;
}

WEAK const char *mo_run_argument(const struct mo_run *run, size_t index)
{
	return run->arguments[index];
}

/* The plugin judges when its findings are asked for, so that none has to be kept. */
void mo_run_show_findings(struct mo_run *run, struct mo_report *report)
{
	run->judged_into = report;
	if (run->plugin->judge)
		expect_success(run->plugin->judge(run));
	run->judged_into = NULL;
}

void mo_run_judge(struct mo_run *run, const char *view, const struct mo_finding *finding)
{
	if (run->judged_into && !strcmp(view, run->view))
		mo_report_finding(run->judged_into, finding);
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
	fprintf(stream, " [%s, %s]",
		finding->severity == MO_CRITICAL ? "critical" : finding->severity == MO_WARNING ? "warning" : "notice",
		(const char *const[]){ "", "guess", "likely", "certain" }[mo_finding_confidence(finding)]);
	fclose(stream);
	assert_true(run->n_findings < MAX_FINDINGS);
	run->findings[run->n_findings++] = text;
}

static struct mo_run *bound_run(struct mo_kernel *kernel, const struct mo_plugin *plugin)
{
	struct mo_run *run = calloc(1, sizeof(*run));

	assert_non_null(run);
	run->kernel = kernel;
	run->plugin = plugin;
	run->layout = calloc(1, plugin->layout_bytes + 1);
	assert_non_null(run->layout);
	if (plugin->needs)
		expect_success(mo_bind(kernel, plugin->needs->needs, plugin->needs->n_needs, run->layout));
	return run;
}

struct mo_run *fake_run_with(struct mo_kernel *kernel, const struct mo_plugin *plugin, const char *model_name,
			     const void *model)
{
	struct mo_run *run = bound_run(kernel, plugin);

	run->model_name = model_name;
	run->model_read = model;
	expect_success(plugin->gather(run, &run->model));
	return run;
}

struct mo_run *fake_run(struct mo_kernel *kernel, const struct mo_plugin *plugin)
{
	return fake_run_with(kernel, plugin, NULL, NULL);
}

struct mo_run *fake_run_try(struct mo_kernel *kernel, const struct mo_plugin *plugin, struct mo_error **error_ret)
{
	struct mo_run *run = bound_run(kernel, plugin);

	*error_ret = plugin->gather(run, &run->model);
	return run;
}

struct mo_error *fake_run_gather_error(struct mo_kernel *kernel, const struct mo_plugin *plugin)
{
	struct mo_error *error;
	struct mo_run *run = fake_run_try(kernel, plugin, &error);

	assert_non_null(error);
	fake_run_destroy(run);
	return error;
}

void fake_run_destroy(struct mo_run *run)
{
	if (run->plugin->release)
		run->plugin->release(run->model);
	free(run->layout);
	free(run->module_layout);
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

static void set_words(struct mo_run *run, const char *const *words)
{
	run->words = words;
	run->n_options = run->n_arguments = 0;
	for (size_t i = 0; words && words[i]; i++) {
		assert_true(i < MAX_WORDS);
		if (!strncmp(words[i], "--", 2))
			run->options[run->n_options++] = words[i] + 2;
		else
			run->arguments[run->n_arguments++] = words[i];
	}
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
	set_words(run, words);
	expect_success(mo_report_create(stream, &(const struct mo_report_options){ .format = MO_FORMAT_TEXT },
					&(const struct mo_report_head){ .tool_version = "0", .command = view }, false,
					&report));
	run->view = view;
	error = found->show(run, report);
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

char *fake_run_flagged(struct mo_run *run, const char *view, const char *flag)
{
	char word[64];
	const char *const words[] = { word, NULL };

	snprintf(word, sizeof(word), "--%s", flag ? flag : "");
	return fake_run_text(run, view, flag ? words : NULL);
}

char *fake_run_section(struct mo_run *run, const char *view)
{
	char *text;

	run->is_report = true;
	text = fake_run_text(run, view, NULL);
	run->is_report = false;
	return text;
}
