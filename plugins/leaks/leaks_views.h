/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef LEAKS_VIEWS_H
#define LEAKS_VIEWS_H

/* How the model is shown. */

#include "gathering.h"

extern const struct mo_table_spec leaks_table;
extern const struct mo_table_spec lost_table;
extern const struct mo_table_spec reachable_table;

struct mo_error *show_leaks(struct mo_run *run, struct mo_report *report) MO_MUST_USE;

/* reachable_view.c: what is not lost, but many, and hangs on one anchor. */
struct mo_error *show_reachable(struct mo_run *run, struct mo_report *report) MO_MUST_USE;

/* What the losses mean, in one sentence; and what the scan could not see. */
struct mo_error *judge_leaks(struct mo_run *run) MO_MUST_USE;

/* The cache's name, or its address where that could not be read. */
const char *cache_name(const struct mo_slab_cache *cache, char *room, size_t n_bytes);

/* What the pieces of a group are: "kmalloc-192", "pages, order 3", "vmalloc". */
const char *group_name(const struct mo_slab_model *slabs, const struct mo_leak_group *group, char *room, size_t n_bytes);
const char *confidence_name(const struct mo_leaks_model *model, const struct mo_slab_model *slabs,
			    const struct mo_leak_group *group);

/*
 * Whether what is missing cannot lead to all of a group: a missing page holds a pointer in each word, and each head needs
 * one. True as well if nothing is missing.
 */
static inline bool is_beyond_missing(const struct mo_leaks_model *model, const struct mo_slab_model *slabs,
				     const struct mo_leak_group *group)
{
	uint64_t page_words = (1ull << slabs->page_shift) / sizeof(uint64_t);

	return model->is_whole || (model->is_missing_counted && !model->is_hopeless && group->heads > model->missing_pages * page_words);
}

#endif
