/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef MO_HOST_H
#define MO_HOST_H

/* The inside of struct mo_host, shared by plugin_run.c and run.c. */

#include <stddef.h>

#include "plugin_order.h"
#include "run.h"

struct mo_host {
	const struct mo_plugin **plugins; /* as in the set */
	size_t n_plugins;
	struct mo_kernel *kernel;
	struct mo_progress *progress;
	struct mo_reader *reader;
	struct mo_plugin_order order;
	struct mo_run *runs;              /* one per plugin */
	char **why_skipped;               /* one per plugin */
	bool is_prepared;
};

/* The plugin that publishes a model; n_plugins: none. */
size_t mo_host_publisher(const struct mo_host *host, const struct mo_model_ref *model);

/* Gathers a plugin that waits, after those whose models it reads. What fails costs that plugin; errors end the run. */
struct mo_error *mo_host_gather_late(struct mo_host *host, size_t plugin) MO_MUST_USE;

#endif
