/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "refs_layout.h"

#define L struct refs_layout
#define OPTIONAL .is_optional = true

static const struct mo_need rows[] = {
	MO_ADDRESS(L, percpu_start, "__per_cpu_start", OPTIONAL, .why = "CONFIG_SMP"),
	MO_ADDRESS(L, percpu_end, "__per_cpu_end", OPTIONAL),
};

const struct mo_need_table refs_needs = { .needs = rows, .n_needs = sizeof(rows) / sizeof(rows[0]) };
