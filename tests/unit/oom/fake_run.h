/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef MO_FAKE_OOM_RUN_H
#define MO_FAKE_OOM_RUN_H

/* The plugin run on a fake kernel, without the host: the functions of include/memopsy/plugin.h are those of fake_run.c. */

#include <memopsy/tasks.h>
#include <memopsy/zones.h>
#include <memopsy/plugin.h>

#include "kernel_rows.h"

struct mo_run *fake_run(struct mo_kernel *kernel, const struct mo_zones_model *zones, const struct mo_tasks_model *tasks);
void fake_run_destroy(struct mo_run *run);

/* What `memopsy oom` writes; event 0: no --event. To be freed. */
char *fake_run_text(struct mo_run *run, uint64_t event, bool is_report);
struct mo_error *fake_run_error(struct mo_run *run, uint64_t event);

const void *fake_run_model(const struct mo_run *run);

#endif
