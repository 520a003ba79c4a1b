/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef CGROUPS_VIEWS_H
#define CGROUPS_VIEWS_H

/* What the views share. */

#include "gathering.h"

/* What is charged to a group and to all groups below, counted from pages and objects. */
struct charge_sum {
	struct mo_count pages;
	struct mo_count slab_bytes;
};

/* One for each group; to be freed. */
struct mo_error *sum_charges(const struct mo_cgroups_model *model, struct charge_sum **ret) MO_MUST_USE;

/* "max", "16.0 MiB"; room is where the text is put. */
struct mo_cell limit_cell(const struct mo_run *run, struct mo_count pages, char *room, size_t n_bytes);

/* Line kernel of memory.stat, or the parts that there are. */
struct mo_count kernel_bytes(const struct mo_cgroup *group);

/* Unknown on a hierarchy of version 1: tasks are known by their place in the unified one. */
struct mo_count process_count(const struct mo_run *run, const struct mo_cgroup *group);

/* The table of all groups, or of the largest ones. */
struct mo_error *put_groups(struct mo_run *run, struct mo_report *report, uint64_t most) MO_MUST_USE;

/* Names of a group's largest caches with their objects: "dentry 500, inode_cache 498". */
void describe_caches(const struct mo_slab_model *slab, const struct mo_cgroup *group, char *text, size_t n_bytes);

#endif
