/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "leaks_layout.h"

#define L struct leaks_layout
#define OPTIONAL .is_optional = true

static const struct mo_need rows[] = {
	MO_SIZE(L, sysctl_header.size, "struct ctl_table_header", OPTIONAL, .why = "CONFIG_SYSCTL"),
	MO_FIELD(L, sysctl_header.table, "struct ctl_table_header", "ctl_table", OPTIONAL),
	MO_FIELD(L, sysctl_header.table_arg, "struct ctl_table_header", "ctl_table_arg", OPTIONAL),
	MO_FIELD(L, sysctl_header.root, "struct ctl_table_header", "root", OPTIONAL),
	MO_ADDRESS(L, sysctl_table_root, "sysctl_table_root", OPTIONAL),

	MO_FIELD(L, sheaf.cache, "struct slab_sheaf", "cache", OPTIONAL, .why = "mm/slub.c: sheaves since 6.18"),
	MO_FIELD(L, sheaf.objects, "struct slab_sheaf", "objects", OPTIONAL),
	MO_FIELD(L, sheaf.size, "struct slab_sheaf", "size", OPTIONAL),
	MO_FIELD(L, sheaf.rcu_function, "struct slab_sheaf", "rcu_head.func", .or_names = { "struct slab_sheaf.callback_head.func" },
		 OPTIONAL, .why = "include/linux/types.h: rcu_head is a macro for callback_head"),
	MO_ADDRESS(L, rcu_free_sheaf, "rcu_free_sheaf", OPTIONAL),
	MO_FIELD(L, sheaf.capacity, "struct kmem_cache", "sheaf_capacity", OPTIONAL),
};

const struct mo_need_table leaks_needs = { .needs = rows, .n_needs = sizeof(rows) / sizeof(rows[0]) };
