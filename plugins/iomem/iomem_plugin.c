/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The iomem plugin: the tree of physical address ranges. */
#include "iomem.h"

#define L struct iomem_layout

static const struct mo_need rows[] = {
	MO_ADDRESS(L, root, "iomem_resource"),
	MO_SIZE(L, resource, "struct resource"),
	MO_FIELD(L, start, "struct resource", "start"),
	MO_FIELD(L, end, "struct resource", "end"),
	MO_FIELD(L, name, "struct resource", "name"),
	MO_FIELD(L, flags, "struct resource", "flags"),
	MO_FIELD(L, parent, "struct resource", "parent"),
	MO_FIELD(L, sibling, "struct resource", "sibling"),
	MO_FIELD(L, child, "struct resource", "child"),
	MO_CONSTANT(L, most_levels, NULL, "MAX_IORES_LEVEL", .is_optional = true,
		    .why = "kernel/resource.c: how far names are indented at most; 5 until 6.12, 8 in 7.2"),
};

const struct mo_need_table iomem_needs = { .needs = rows, .n_needs = sizeof(rows) / sizeof(rows[0]) };

static const struct mo_table_spec *const tables[] = { &iomem_table };

static const struct mo_view views[] = {
	{
		.name = "iomem",
		.title = "Physical addresses",
		.summary = "contents of /proc/iomem",
		.tables = tables,
		.n_tables = 1,
		.topic = MO_TOPIC_PROC,
		.show = show_iomem,
	},
};

static const struct mo_plugin plugin = {
	MO_PLUGIN_HEADER,
	.name = "iomem",
	.version = MEMOPSY_VERSION,
	.summary = "the kernel's map of the physical address space; iomem",
	.needs = &iomem_needs,
	.layout_bytes = sizeof(struct iomem_layout),
	.publishes = { .name = MO_IOMEM_MODEL, .version = MO_IOMEM_MODEL_VERSION },
	.gather = gather_iomem,
	.release = release_iomem,
	.views = views,
	.n_views = sizeof(views) / sizeof(views[0]),
};

MO_REGISTER_PLUGIN(plugin)
