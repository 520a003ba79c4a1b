/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A model gathered a second time, for a running kernel that is looked at twice. */
#include <memopsy/model_again.h>

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "host.h"

struct mo_model_again {
	struct mo_run run; /* of the plugin that publishes it, with the layout of its first run */
};

struct mo_error *mo_model_again(struct mo_run *run, const char *name, struct mo_model_again **ret)
{
	const struct mo_model_ref *model = NULL;
	struct mo_model_again *again;
	const struct mo_run *first;
	struct mo_error *error;
	size_t publisher;

	for (size_t i = 0; i < run->plugin->n_reads; i++)
		if (!strcmp(run->plugin->reads[i].name, name))
			model = &run->plugin->reads[i];
	assert(model && "a model that the plugin did not declare under `reads`");
	publisher = mo_host_publisher(run->host, model);
	first = publisher < run->host->n_plugins ? &run->host->runs[publisher] : NULL;
	if (!first || !first->is_gathered || !first->plugin->gather)
		return mo_error_create(MO_E_ABSENT, "the model %s was not gathered", name);
	again = calloc(1, sizeof(*again));
	if (!again)
		return mo_error_no_memory();
	again->run = (struct mo_run){ .host = run->host, .plugin = first->plugin, .layout = first->layout };
	error = first->plugin->gather(&again->run, &again->run.model);
	if (error) {
		mo_finding_queue_deinit(&again->run.findings);
		free(again);
		return mo_error_prepend(error, "the model %s could not be gathered again", name);
	}
	again->run.is_gathered = true;
	*ret = again;
	return NULL;
}

const void *mo_model_again_get(const struct mo_model_again *again)
{
	return again->run.model;
}

void mo_model_again_destroy(struct mo_model_again *again)
{
	if (!again)
		return;
	if (again->run.plugin->release && again->run.model)
		again->run.plugin->release(again->run.model);
	mo_finding_queue_deinit(&again->run.findings);
	free(again);
}
