/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef VMAP_GATHERING_H
#define VMAP_GATHERING_H

/*
 * The model while it is being built, in this order: all areas of the trees and of the lists of freed ones (areas.c),
 * what each vm_struct says (areas.c), stacks that wait for a task (cached_stacks.c), the pages of each area
 * (area_pages.c), what the page tables map where there is no array of pages (mapped_pages.c), the memory of the per-CPU
 * allocator (percpu_chunks.c), stacks that are not in vmalloc (direct_stacks.c), the names of the callers (caller_names.c).
 *
 * What cannot be read is counted, and told in one finding a kind (trouble.c); it never ends the gathering.
 */

#include <memopsy/module_list.h>
#include <memopsy/memmap.h>
#include <memopsy/plugin.h>
#include <memopsy/trouble.h>
#include <memopsy/vmap.h>
#include <memopsy/walk.h>
#include <memopsy/zones.h>

#include "vmap_layout.h"

#define MAX_AREAS (1u << 20)
#define MAX_VMAP_NODES (1u << 13) /* one a CPU at most, and 128 in mm/vmalloc.c */
#define MAX_STRUCT_BYTES 512      /* of the structs that are read as a whole */

/* All symbols' addresses, so that each caller costs one search. */
struct caller_index {
	uint64_t *values;            /* of the kernel's symbols, ascending */
	size_t n_kernel;
	size_t n_symbols;            /* of all; the modules' follow the kernel's */
};

/* A caller that has its name. */
struct named_caller {
	uint64_t kva;
	char *text;                  /* as %pS prints it */
	const char *name;            /* of the symbol; NULL: in none */
	const char *module;
};

struct vmap_state {
	struct mo_vmap_model model;  /* first: the published model is this state */
	struct mo_run *run;
	struct mo_reader *reader;
	const struct vmap_layout *layout;
	const struct mo_zones_model *zones; /* NULL: not to be had */
	const struct mo_memmap *memmap;     /* NULL: not to be had */
	struct mo_vmap_area *areas;
	size_t n_areas, n_allocated;
	uint32_t *listed;
	struct mo_vmap_node_pages *node_pages;
	size_t n_node_pages, n_node_pages_allocated;
	struct mo_owned_pages *owned;
	size_t n_owned, n_owned_allocated;
	struct mo_vmap_mapping *mappings;
	size_t n_mappings, n_mappings_allocated;
	uint64_t tables_left, mapped_left; /* page tables still read, pages that they may still map */
	uint64_t entries_left;       /* pages that are still looked at: arrays that share memory, as only a lie can, must end */
	struct named_caller *callers; /* ascending */
	size_t n_callers;
	struct mo_modules *modules;  /* whose names areas have, and where their code lies; NULL: not needed, or not to be had */
	struct mo_trouble broken_trees, unreadable_areas, unreadable_vms, overlaps, broken_pages,
		broken_tables, broken_chunks, unreadable_tasks;
};

void report_trouble(struct vmap_state *state);

/* An error means that no area can be had at all, or no memory. */
struct mo_error *gather_areas(struct vmap_state *state) MO_MUST_USE;
struct mo_error *gather_area_pages(struct vmap_state *state) MO_MUST_USE;
struct mo_error *gather_percpu_chunks(struct vmap_state *state) MO_MUST_USE;
/* THREAD_SIZE; 0: not known. */
uint64_t stack_bytes(const struct vmap_state *state);
struct mo_error *gather_direct_stacks(struct vmap_state *state) MO_MUST_USE;
void mark_cached_stacks(struct vmap_state *state);

/* mapped_pages.c: by the page tables; of an area, or as pages that somebody owns. */
struct mo_error *gather_mapped_pages(struct vmap_state *state) MO_MUST_USE;
struct mo_error *add_mapped_owned(struct vmap_state *state, uint64_t first_kva, uint64_t n_bytes,
				  enum mo_owned_kind kind) MO_MUST_USE;

/* owned_pages.c: page frames with an owner, in any order; then sorted, joined and summed up. */
struct mo_error *add_owned(struct vmap_state *state, uint64_t first_pfn, uint64_t n_pages, enum mo_owned_kind kind) MO_MUST_USE;
void finish_owned(struct vmap_state *state);

struct mo_error *name_callers(struct vmap_state *state) MO_MUST_USE;

/* module_data.c: modules of areas whose callers have no name any more. */
struct mo_error *find_modules_by_data(struct vmap_state *state) MO_MUST_USE;

/* caller_index.c */
struct mo_error *make_caller_index(struct vmap_state *state, struct caller_index *index) MO_MUST_USE;
void free_caller_index(struct caller_index *index);
/* The list of modules into the state, once; one that cannot be had is none. Errors are of memory and interruption only. */
struct mo_error *gather_modules(struct vmap_state *state) MO_MUST_USE;

/* The symbol that the kernel's kallsyms would name for this address, and the distance to the next; false: none. */
bool find_caller(const struct vmap_state *state, const struct caller_index *index, uint64_t kva, struct mo_symbol *symbol,
		 uint64_t *n_bytes);

/* The views. */
extern const struct mo_table_spec vmallocinfo_table, vmalloc_holders_table, vmalloc_owned_table;
#define N_VMALLOCINFO_OPTIONS 1
extern const struct mo_option vmallocinfo_options[N_VMALLOCINFO_OPTIONS];
struct mo_error *show_vmallocinfo(struct mo_run *run, struct mo_report *report) MO_MUST_USE;
struct mo_error *show_holders(struct mo_run *run, struct mo_report *report, bool by_module) MO_MUST_USE;

#endif
