/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef MO_FAKE_VMAP_RUN_H
#define MO_FAKE_VMAP_RUN_H

/* A plugin run on a fake kernel, without the host: the functions of include/memopsy/plugin.h are those of fake_run.c. */

#include <memopsy/plugin.h>
#include <memopsy/zones.h>

#include "kernel_rows.h"

/* Binds and gathers; the test fails if either does. zones (may be NULL) is the model of that name. */
struct mo_run *fake_run(struct mo_kernel *kernel, const struct mo_plugin *plugin, const struct mo_zones_model *zones);
void fake_run_destroy(struct mo_run *run);

/* The error of gathering. */
struct mo_error *fake_run_gather_error(struct mo_kernel *kernel, const struct mo_plugin *plugin);

/* Whether a finding says `part` in its id, verdict or evidence. */
bool fake_run_said(const struct mo_run *run, const char *part);
size_t fake_run_finding_count(const struct mo_run *run);

/* What a view writes as text, with words as on the command line ("--by", "caller"; NULL ends them). To be freed. */
char *fake_run_text(struct mo_run *run, const char *view, const char *const *words);

/* The error of a view. */
struct mo_error *fake_run_error(struct mo_run *run, const char *view, const char *const *words);

/* As a section of the report. */
char *fake_run_section(struct mo_run *run, const char *view);

#endif
