/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef MO_PLUGIN_RUN_H
#define MO_PLUGIN_RUN_H

/*
 * Runs plugins over one kernel: binds what they need, gathers their models in the order in which they read each
 * other's, lets them judge, shows views, and releases in reverse. What keeps one plugin from running costs that plugin and those that
 * cannot do without its model, never the others.
 *
 * One thread drives a host.
 */

#include <stddef.h>

#include <memopsy/error.h>
#include <memopsy/plugin.h>

struct mo_host;
struct mo_plugin_set;

/* What the user said to a view: options that were given, checked against the view's, and arguments. */
struct mo_option_value {
	const char *name;
	const char *text;   /* NULL for flags */
	uint64_t number;    /* of MO_OPTION_NUMBER */
};

struct mo_view_arguments {
	const struct mo_option_value *options;
	size_t n_options;
	const char *const *arguments;
	size_t n_arguments;
	bool is_report;
	size_t report_rows;  /* of long tables at least, if so many there are; 0: as each plugin usually has */
};

/* The set, kernel and progress must outlive the host. */
struct mo_error *mo_host_create(const struct mo_plugin_set *plugins, struct mo_kernel *kernel,
				struct mo_progress *progress, struct mo_host **ret) MO_MUST_USE;
void mo_host_destroy(struct mo_host *host);

/*
 * Binds and gathers the wanted plugins (one flag per plugin of the set) and those whose models they read. Once. Only
 * what concerns all plugins is an error: memory, or the user's interruption.
 */
struct mo_error *mo_host_prepare(struct mo_host *host, const bool *wanted, const struct mo_need_table *extra,
				 size_t n_extra) MO_MUST_USE;

/* Why a plugin that was wanted or needed did not run ("slab: skipped: struct kmem_cache has no ..."); NULL: it ran. */
const char *mo_host_why_skipped(const struct mo_host *host, size_t plugin);

/* Lets a plugin judge that ran, once. What fails becomes a finding; errors are memory and the user's interruption. */
struct mo_error *mo_host_judge(struct mo_host *host, size_t plugin) MO_MUST_USE;

/* Writes the findings of a plugin's gather. */
void mo_host_write_findings(const struct mo_host *host, size_t plugin, struct mo_report *report);

/*
 * Shows a view of a plugin that was prepared and has judged. What was written before an error stays; open tables and sections are
 * closed.
 */
struct mo_error *mo_host_show(struct mo_host *host, size_t plugin, const struct mo_view *view,
			      const struct mo_view_arguments *said, struct mo_report *report) MO_MUST_USE;

#endif
