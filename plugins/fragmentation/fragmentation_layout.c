/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the fragmentation plugin needs of the kernel. */
#include "fragmentation.h"

#define L struct fragmentation_layout

static const struct mo_need rows[] = {
	MO_CONSTANT(L, zone_normal, "enum zone_type", "ZONE_NORMAL", .is_optional = true),
	MO_CONSTANT(L, zone_movable, "enum zone_type", "ZONE_MOVABLE", .is_optional = true),
};

const struct mo_need_table fragmentation_needs = { .needs = rows, .n_needs = sizeof(rows) / sizeof(rows[0]) };
