/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef MO_FAKE_RUN_H
#define MO_FAKE_RUN_H

/* A plugin run on a fake kernel, without the host: the functions of include/memopsy/plugin.h are those of fake_run.c. */

#include <memopsy/plugin.h>

#include "kernel_rows.h"

/* Binds and gathers; the test fails if either does. */
struct mo_run *fake_run(struct mo_kernel *kernel, const struct mo_plugin *plugin);
/* With the one model that the plugin may read. */
struct mo_run *fake_run_with(struct mo_kernel *kernel, const struct mo_plugin *plugin, const char *model_name,
			     const void *model);
/* *error_ret is what gather said, and there is no model then. */
struct mo_run *fake_run_try(struct mo_kernel *kernel, const struct mo_plugin *plugin, struct mo_error **error_ret);
/* The error of gathering; the test fails if there is none. */
struct mo_error *fake_run_gather_error(struct mo_kernel *kernel, const struct mo_plugin *plugin);
void fake_run_destroy(struct mo_run *run);

/* Whether a finding says `part` in "id: verdict; label evidence [severity, confidence]". */
bool fake_run_said(const struct mo_run *run, const char *part);
size_t fake_run_finding_count(const struct mo_run *run);

/* What a view writes as text, with words as on the command line ("--tree", "12"; NULL ends them). To be freed. */
char *fake_run_text(struct mo_run *run, const char *view, const char *const *words);

/* The same with one flag, without its dashes; NULL: none. */
char *fake_run_flagged(struct mo_run *run, const char *view, const char *flag);

/* The error of a view. */
struct mo_error *fake_run_error(struct mo_run *run, const char *view, const char *const *words);

/* As a section of the report. */
char *fake_run_section(struct mo_run *run, const char *view);

#endif
