/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef LEAKS_NODES_H
#define LEAKS_NODES_H

/*
 * What can be lost beside slab objects: blocks of the page allocator (large kmalloc among them) and areas of vmalloc.
 * They are entered into the index behind the slabs; the pages of such nodes are no roots.
 */

#include "gathering.h"

/* Adds both kinds to the index, as far as struct pages and the model "vmap" are there to tell them. */
struct mo_error *add_nodes(struct leaks_state *state) MO_MUST_USE;

/*
 * After marking: blocks that nobody counts on are not lost. They may be free by now; and if something leads to one, it leads
 * on, since it may as well be in use without being counted.
 */
void spare_uncounted(struct leaks_state *state);

/* blocks.c: the blocks of one stretch of page frames, by their struct pages. */
struct block {
	uint64_t pfn;
	uint32_t n_pages;
	bool is_compound;
	bool is_free;           /* of a kernel that runs: nobody counts on it */
};
struct block_list {
	struct block *blocks;
	size_t n, n_slots;
};
struct mo_error *list_blocks(struct leaks_state *state, struct block_list *list) MO_MUST_USE;

/* areas.c: the areas that are nodes, ascending. */
struct mo_error *list_areas(struct leaks_state *state) MO_MUST_USE;

/* Calls the function with the node of each block that an area of vmap() maps, once a page. */
typedef void (*mapped_block_function)(void *context, uint32_t node);
void for_each_mapped_block(const struct leaks_state *state, struct mo_reader *reader, const struct mo_indexed_area *area,
			   mapped_block_function function, void *context);

/* kernel_tables.c: marks the blocks that are the kernel's own page tables: only physical addresses lead to these. */
struct mo_error *mark_kernel_tables(struct leaks_state *state) MO_MUST_USE;

/* page_ext.c: marks the blocks and areas that hold records of pages. */
void mark_page_ext(struct leaks_state *state);

#endif
