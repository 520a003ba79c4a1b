/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "fake_run.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "report_write.h"

const struct mo_plugin *memopsy_plugin_entry_oom(void);

struct mo_run {
	struct mo_kernel *kernel;
	const struct mo_plugin *plugin;
	void *layout;
	void *model;
	const struct mo_zones_model *zones;
	const struct mo_tasks_model *tasks;
	uint64_t event;
	bool is_report;
	const char *view;
	struct mo_report *judged_into;
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

const void *mo_run_model_of(const struct mo_run *run, const char *name)
{
	if (!strcmp(name, MO_ZONES_MODEL))
		return run->zones;
	return strcmp(name, MO_TASKS_MODEL) ? NULL : run->tasks;
}

struct mo_error *mo_run_late_model(struct mo_run *run, const char *name, const void **ret)
{
	*ret = mo_run_model_of(run, name);
	return NULL;
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

bool mo_run_flag(const struct mo_run *run, const char *option)
{
	(void)run;
	(void)option;
	return false;
}

bool mo_run_number(const struct mo_run *run, const char *option, uint64_t *ret)
{
	if (!run->event || strcmp(option, "event") != 0)
		return false;
	*ret = run->event;
	return true;
}

bool mo_run_is_report(const struct mo_run *run)
{
	return run->is_report;
}

struct mo_run *fake_run(struct mo_kernel *kernel, const struct mo_zones_model *zones, const struct mo_tasks_model *tasks)
{
	struct mo_run *run = calloc(1, sizeof(*run));

	assert_non_null(run);
	run->kernel = kernel;
	run->plugin = memopsy_plugin_entry_oom();
	run->zones = zones;
	run->tasks = tasks;
	run->layout = calloc(1, run->plugin->layout_bytes);
	assert_non_null(run->layout);
	expect_success(mo_bind(kernel, run->plugin->needs->needs, run->plugin->needs->n_needs, run->layout));
	expect_success(run->plugin->gather(run, &run->model));
	return run;
}

void fake_run_destroy(struct mo_run *run)
{
	run->plugin->release(run->model);
	free(run->layout);
	free(run);
}

static struct mo_error *show(struct mo_run *run, char **text)
{
	struct mo_report *report = NULL;
	struct mo_error *error;
	size_t n_bytes = 0;
	FILE *stream = open_memstream(text, &n_bytes);

	assert_non_null(stream);
	expect_success(mo_report_create(stream, &(const struct mo_report_options){ .format = MO_FORMAT_TEXT },
					&(const struct mo_report_head){ .tool_version = "0", .command = "oom" }, false,
					&report));
	run->view = run->plugin->views[0].name;
	error = run->plugin->views[0].show(run, report);
	expect_success(mo_report_finish(report));
	mo_report_destroy(report);
	fclose(stream);
	return error;
}

char *fake_run_text(struct mo_run *run, uint64_t event, bool is_report)
{
	char *text = NULL;

	run->event = event;
	run->is_report = is_report;
	expect_success(show(run, &text));
	return text;
}

struct mo_error *fake_run_error(struct mo_run *run, uint64_t event)
{
	char *text = NULL;
	struct mo_error *error;

	run->event = event;
	error = show(run, &text);
	free(text);
	return error;
}

const void *fake_run_model(const struct mo_run *run)
{
	return run->model;
}
