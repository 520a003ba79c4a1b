/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef PERCPU_VIEWS_H
#define PERCPU_VIEWS_H

/* The views of the percpu plugin. */

#include <memopsy/module_list.h>
#include <memopsy/percpu.h>
#include <memopsy/plugin.h>

#define N_PERCPU_OPTIONS 1
extern const struct mo_option percpu_options[N_PERCPU_OPTIONS];
extern const struct mo_table_spec percpu_chunks_table, percpu_sums_table, percpu_allocations_table, percpu_payers_table;

struct mo_error *show_percpu(struct mo_run *run, struct mo_report *report) MO_MUST_USE;
struct mo_error *show_allocations(struct mo_run *run, struct mo_report *report) MO_MUST_USE;
/* By memory cgroup, if any allocation is charged. */
struct mo_error *show_payers(struct mo_run *run, struct mo_report *report) MO_MUST_USE;

const char *percpu_kind_name(enum mo_percpu_chunk_kind kind);

#endif
