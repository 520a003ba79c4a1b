/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef MO_FAKE_RUN_H
#define MO_FAKE_RUN_H

/*
 * A plugin run on a fake kernel, for tests of plugins: its needs are bound, its gather runs, its views write text. The
 * host is not involved: the functions of include/memopsy/plugin.h are those of this file.
 */

#include <memopsy/plugin.h>

#include "kernel_rows.h"

/* Binds and gathers; the test fails if binding does. *error_ret is what gather said, and there is no model then. */
struct mo_run *fake_run(struct mo_kernel *kernel, const struct mo_plugin *plugin, struct mo_error **error_ret);
void fake_run_destroy(struct mo_run *run);

/* Whether a finding of gather or of a view says `part` in its verdict or its evidence. */
bool fake_run_said(const struct mo_run *run, const char *part);
size_t fake_run_finding_count(const struct mo_run *run);

/* What a view writes as text, with an option that is a flag (NULL: none). To be freed. */
char *fake_run_text(struct mo_run *run, const char *view, const char *option);

#endif
