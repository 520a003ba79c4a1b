/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef MO_PLUGIN_ORDER_H
#define MO_PLUGIN_ORDER_H

/*
 * Which plugins have to run, and in which order, so that each runs after those whose models it reads. Knows nothing
 * but the descriptions: no kernel, no files.
 */

#include <stddef.h>

#include <memopsy/error.h>
#include <memopsy/plugin.h>

struct mo_plugin_order {
	size_t *run;      /* indexes into the plugins, first to run first */
	size_t n_run;
	char **why_not;   /* one per plugin: why it cannot run although it is wanted or needed; NULL: it runs, or nobody
			   * asked */
	size_t n_plugins;
};

/*
 * wanted[i] says whether somebody asked for plugin i; what these read is added. A model that nobody publishes in that
 * version, or plugins that read each other in a circle, keep those plugins from running that cannot do without.
 */
struct mo_error *mo_plugin_order(const struct mo_plugin *const *plugins, size_t n_plugins, const bool *wanted,
				 struct mo_plugin_order *ret) MO_MUST_USE;
void mo_plugin_order_deinit(struct mo_plugin_order *order);

/* The plugin that publishes a model under this name in this version; n_plugins: none. */
size_t mo_plugin_find_publisher(const struct mo_plugin *const *plugins, size_t n_plugins, const char *model,
				unsigned version);

#endif
