/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef SLAB_VIEWS_H
#define SLAB_VIEWS_H

/* What the views of the slab plugin share. */

#include "gathering.h"

extern const struct mo_table_spec slabinfo_table, slabtop_table;
struct mo_error *show_slabinfo(struct mo_run *run, struct mo_report *report) MO_MUST_USE;
struct mo_error *show_slabtop(struct mo_run *run, struct mo_report *report) MO_MUST_USE;

struct mo_error *put_largest_caches(struct mo_run *run, struct mo_report *report, uint64_t most) MO_MUST_USE;

extern const struct mo_table_spec objects_table, slab_sums_table, slab_files_table;
struct mo_error *show_objects(struct mo_run *run, struct mo_report *report) MO_MUST_USE;
struct mo_error *judge_slabs(struct mo_run *run) MO_MUST_USE; /* of that section */
struct mo_error *show_slab_section(struct mo_run *run, struct mo_report *report) MO_MUST_USE;

extern const struct mo_table_spec slab_table, slab_nodes_table, slab_aliases_table, slab_slabs_table;
struct mo_error *show_slab(struct mo_run *run, struct mo_report *report) MO_MUST_USE;

/* large_kmalloc.c */
extern const struct mo_table_spec large_kmalloc_table;
void put_large_kmalloc(struct mo_run *run, struct mo_report *report);

/* children_view.c: on kernels whose memory cgroups have caches of their own. */
extern const struct mo_table_spec slab_children_table;
void put_children(struct mo_run *run, struct mo_report *report, const struct mo_slab_cache *cache);

/* The kernel's own numbers for a view: the state again, with this run's reader. */
void slab_view_state(struct mo_run *run, struct slab_state *ret);

/* Objects of a cache that are free, wherever they are kept; that are allocated: a lower bound if some are unknown. */
uint64_t free_objects_of(const struct mo_slab_cache *cache);
struct mo_count allocated_of(const struct mo_slab_cache *cache);
uint64_t slab_bytes_of(const struct mo_slab_model *model, const struct mo_slab_cache *cache);

/* How many caches share it; one that is never merged (refcount -1) is not counted, and so unknown. */
static inline struct mo_cell merged_cell(const struct mo_slab_cache *cache)
{
	return cache->refcount < 0 ? mo_cell_unknown() : mo_cell_number(mo_exact((uint64_t)cache->refcount));
}

/* The cache that a word names: by name, by an alias, or by the address of its struct kmem_cache. */
struct mo_error *find_named_cache(struct mo_run *run, const char *word, const struct mo_slab_cache **ret) MO_MUST_USE;

/* A cache's name for people: "?" and its address if it could not be read. */
struct mo_cell name_cell(const struct mo_slab_cache *cache, char *room, size_t n_bytes);

/* aliases.c: names that lead to a cache, out of /sys/kernel/slab; one call a name. */
typedef void (*alias_function)(void *context, const char *alias, uint64_t cache_kva);
struct mo_error *for_each_alias(const struct slab_state *state, alias_function function, void *context) MO_MUST_USE;

#endif
