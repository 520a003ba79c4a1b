/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "fake_run.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "report_write.h"

#define MOST_FINDINGS 64

struct mo_run {
	struct mo_kernel *kernel;
	const struct mo_plugin *plugin;
	void *layout;
	void *model;
	const char *option;               /* while a view is shown */
	char *findings[MOST_FINDINGS];    /* verdict and evidence, as one text */
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

bool mo_run_flag(const struct mo_run *run, const char *option)
{
	return run->option && !strcmp(run->option, option);
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
		finding->confidence == MO_CERTAIN ? "certain" : finding->confidence == MO_LIKELY ? "likely" : "guess");
	fclose(stream);
	assert_true(run->n_findings < MOST_FINDINGS);
	run->findings[run->n_findings++] = text;
}

struct mo_run *fake_run(struct mo_kernel *kernel, const struct mo_plugin *plugin, struct mo_error **error_ret)
{
	struct mo_run *run = calloc(1, sizeof(*run));

	assert_non_null(run);
	run->kernel = kernel;
	run->plugin = plugin;
	run->layout = calloc(1, plugin->layout_bytes);
	assert_non_null(run->layout);
	expect_success(mo_bind(kernel, plugin->needs->needs, plugin->needs->n_needs, run->layout));
	*error_ret = plugin->gather(run, &run->model);
	return run;
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

char *fake_run_text(struct mo_run *run, const char *view, const char *option)
{
	const struct mo_view *found = NULL;
	struct mo_report *report = NULL;
	char *text = NULL;
	size_t n_bytes = 0;
	FILE *stream = open_memstream(&text, &n_bytes);

	for (size_t i = 0; i < run->plugin->n_views; i++)
		if (!strcmp(run->plugin->views[i].name, view))
			found = &run->plugin->views[i];
	assert_non_null(found);
	assert_non_null(stream);
	expect_success(mo_report_create(stream, &(const struct mo_report_options){ .format = MO_FORMAT_TEXT },
					&(const struct mo_report_head){ .tool_version = "0", .command = view }, false,
					&report));
	run->option = option;
	expect_success(found->show(run, report));
	run->option = NULL;
	expect_success(mo_report_finish(report));
	mo_report_destroy(report);
	fclose(stream);
	return text;
}
