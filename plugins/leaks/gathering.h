/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef LEAKS_GATHERING_H
#define LEAKS_GATHERING_H

/* What the parts of the leaks plugin share while it gathers: index, mark, find what is lost, arrange it, name it. */

#include <memopsy/leaks.h>
#include <memopsy/mem_map.h>
#include <memopsy/memmap.h>
#include <memopsy/object_modules.h>
#include <memopsy/page_entry.h>
#include <memopsy/plugin.h>
#include <memopsy/vmap.h>

#include "leaks_layout.h"
#include <memopsy/object_index.h>

/* Page frames of the kernel image that were constant before the first object was: they point at none. */
struct constant_pages {
	uint64_t first_pfn, end_pfn;
};
enum { CONSTANT_BEFORE_INIT, CONSTANT_BEHIND_INIT, CONSTANT_ORC, N_CONSTANT };

/* Where words must point to be references; what is 0 bytes long has none. */
struct reference_ranges {
	uint64_t floor_kva;          /* no address that is one is lower */
	uint64_t first_area_kva, area_bytes;
	uint64_t first_page_kva;     /* the struct page of page frame 0, there or not */
	uint64_t page_bytes;         /* of all struct pages, if they are one array */
	uint64_t page_struct_bytes;
	uint64_t vm_bytes;           /* struct vm_struct */
	uint64_t least_number;       /* what is less is no physical address */
	uint64_t physical_bytes;     /* what is so much more than that is none either; 0: numbers are not looked at */
	struct mo_entry_words entries;
	uint32_t area_cache;         /* whose objects are struct vmap_area */
	const struct mo_memmap *memmap; /* NULL: struct pages are scanned as other memory is */
};

static inline uint64_t struct_page_kva(const struct reference_ranges *ranges, uint64_t pfn)
{
	return ranges->first_page_kva + pfn * ranges->page_struct_bytes;
}

struct leaks_state {
	struct mo_leaks_model model; /* first: what is published */
	struct mo_run *run;
	bool is_live;                /* the kernel runs while it is looked at */
	unsigned n_remarks;          /* how many times all that was reached is looked at once more */
	const struct leaks_layout *layout;
	const struct mo_mem_map_model *mem_map;
	const struct mo_vmap_model *vmap; /* NULL: areas are no nodes */
	struct mo_object_index index;
	struct mo_indexed_area *areas;
	uint32_t *uncounted;         /* of a kernel that runs: numbers of blocks that nobody counts on */
	size_t n_uncounted;
	struct reference_ranges ranges;
	struct constant_pages constant[N_CONSTANT];
	uint64_t *marked;            /* a bit for each object; atomic while threads mark */
	uint8_t *grown_of_cache;     /* index in model.grown + 1, or 0; NULL: there is none */
	uint64_t *kernel_tables;     /* a bit for each page frame of the index; NULL: there are no blocks */
	bool has_root_tables_in_slabs; /* top tables are smaller than a page (arm64's pgd_cache) */
	uint64_t *strangers;         /* of a kernel that runs: a bit for each page frame that is neither node nor root; else NULL */
	uint64_t *weak;              /* a bit for each object: a number was met that may refer to it */
	uint64_t *seen_pfns;          /* a bit for each page frame of the index: its number was met, ... */
	uint64_t *seen_addresses;     /* ... its physical address; NULL: numbers are not looked at */
	uint64_t *pointed;           /* likewise: an address of the direct map points into it; NULL: there are no blocks */
	struct mo_module_index modules; /* for data of modules where kallsyms has functions alone: groups have its names */
	struct mo_lost_object *lost;
	MO_VECTOR(struct mo_lost_head) heads;
	struct mo_leak_group *groups;
};

static inline bool is_marked(const struct leaks_state *state, uint64_t object)
{
	return __atomic_load_n(&state->marked[object / 64], __ATOMIC_RELAXED) >> object % 64 & 1;
}

static inline bool is_lost(const struct leaks_state *state, struct mo_object_ref ref)
{
	return mo_index_state(&state->index, ref) == MO_OBJECT_ALLOCATED &&
	       !is_marked(state, state->index.indexed[ref.slab].first_object + ref.index);
}

/* mark.c: marks every object that a root leads to. */
struct mo_error *mark_reached(struct leaks_state *state) MO_MUST_USE;

/* leaks_plugin.c: frees what serves the gathering alone. */
void free_gathering(struct leaks_state *state);

/* constant_pages.c */
void find_constant_pages(struct leaks_state *state);
bool is_constant_page(const struct leaks_state *state, uint64_t pfn);

/* lost.c: lists what is allocated and not marked. */
struct mo_error *list_lost(struct leaks_state *state) MO_MUST_USE;
/* In the end: numbers of nodes, which serve the gathering alone, become sizes. */
void forget_nodes(struct leaks_state *state);
/* The lost object that a word points into; false: none. */
bool find_lost(const struct leaks_state *state, uint64_t word, uint32_t *ret);
/*
 * The next lost object that lost object `from` points at, other than itself, at or after byte *offset of it; *offset
 * becomes where to go on. False: no more.
 */
bool next_pointed(const struct leaks_state *state, struct mo_reader *reader, uint32_t from, uint64_t *offset, uint32_t *ret);

/* weigh.c: of lost blocks whose number was met, those that are suspect for it: `weak`. */
void weigh_numbers(struct leaks_state *state);

/* holds.c: which lost objects are heads, and what hangs on each. */
struct mo_error *arrange_lost(struct leaks_state *state) MO_MUST_USE;

/* on_purpose.c: what the kernel loses on purpose. NULL: it is not of a known form. */
const char *purpose_of(const struct leaks_state *state, struct mo_reader *reader, uint32_t lost);

/* owners.c: whose text or data an object points at. */
struct owner {
	const char *module;
	const char *symbol;
	uint64_t offset_bytes;
	uint8_t source;            /* enum mo_owner_source */
};
struct owner_finder;
struct mo_error *create_owner_finder(struct leaks_state *state, struct owner_finder **ret) MO_MUST_USE;
void destroy_owner_finder(struct owner_finder *finder);
struct owner find_owner(struct owner_finder *finder, uint32_t lost);

/* blocks.c: whether a lost block was taken with __GFP_COMP; kmalloc does so. */
bool is_compound_block(const struct leaks_state *state, struct mo_reader *reader, const struct mo_lost_object *lost);

/*
 * Whether a lost page may be one of several that were taken together and counted one by one (alloc_pages_exact(),
 * split_page()), the first of which is reached: nothing but its address leads to the others.
 */
bool follows_reached(const struct leaks_state *state, uint64_t pfn);

/* groups.c */
struct mo_error *group_lost(struct leaks_state *state) MO_MUST_USE;

/* While it is gathered, `slab` of a lost piece is the number of its node. */
static inline struct mo_object_ref ref_of(const struct leaks_state *state, const struct mo_lost_object *lost)
{
	struct mo_object_ref ref = { .slab = lost->slab };

	if (lost->kind == MO_LOST_OBJECT)
		(void)mo_pointed_object(&state->index, lost->slab, lost->kva, &ref.index);
	return ref;
}

static inline uint64_t lost_bytes(const struct leaks_state *state, const struct mo_lost_object *lost)
{
	const struct mo_indexed_area *area = mo_area_of_node(&state->index, lost->slab);

	return area ? area->n_pages << state->index.page_shift : state->index.indexed[lost->slab].size_bytes;
}

#endif
