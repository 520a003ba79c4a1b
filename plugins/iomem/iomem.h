/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef PLUGIN_IOMEM_H
#define PLUGIN_IOMEM_H

/* What the iomem plugin needs of a kernel, and its parts. */

#include <memopsy/iomem.h>
#include <memopsy/plugin.h>

struct iomem_layout {
	struct mo_address root;
	struct mo_size resource;
	struct mo_field start, end, name, flags, parent, sibling, child;
	struct mo_constant most_levels;
};

extern const struct mo_need_table iomem_needs;

struct iomem_state {
	struct mo_iomem_model model; /* first, so that the model's address is the state's */
	struct mo_io_range *ranges;
	size_t n_room;
	char **names;                /* of the ranges; NULL: none */
};

/* resource_tree.c */
struct mo_error *gather_iomem(struct mo_run *run, void **model_ret) MO_MUST_USE;
void release_iomem(void *model);

/* iomem_view.c */
extern const struct mo_table_spec iomem_table;
struct mo_error *show_iomem(struct mo_run *run, struct mo_report *report) MO_MUST_USE;

#endif
