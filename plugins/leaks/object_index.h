/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef OBJECT_INDEX_H
#define OBJECT_INDEX_H

/*
 * From a word to the slab object that it points into, with one comparison for the words that are no pointers: page frame
 * to slab by a table, offset in the slab to object by a reciprocal.
 */

#include <memopsy/kernel.h>
#include <memopsy/slab.h>
#include <string.h>

/* offset * reciprocal >> RECIPROCAL_SHIFT is exact for slabs of up to MOST_SLAB_BYTES. */
#define RECIPROCAL_SHIFT 43
#define MOST_SLAB_BYTES (1ull << 21)

struct indexed_slab {
	uint64_t first_kva;     /* of its first object */
	uint64_t first_object;  /* among all, as in the model "slab" */
	uint64_t reciprocal;    /* 2^RECIPROCAL_SHIFT / size, rounded up */
	uint32_t objects;       /* 0: its objects are not known one by one */
	uint32_t size_bytes;
};

/* A vmap area that is a node of its own. */
struct indexed_area {
	uint64_t first_kva;
	uint64_t end_kva;
	uint64_t vm_kva;        /* its struct vm_struct, which does not count as a reference */
	uint64_t n_pages;       /* pages that are its own; 0: it maps pages of others */
};

struct object_index {
	const struct mo_slab_model *slabs;
	struct indexed_slab *indexed; /* one for each slab; behind them, one for each block of pages, then for each area */
	uint32_t n_slabs, n_blocks, n_areas;
	uint64_t n_objects;           /* bits that marks need */
	const struct indexed_area *areas; /* ascending */
	uint32_t *slab_of_page;       /* index + 1, or 0; of first_pfn on */
	uint64_t first_pfn;
	uint64_t n_pages;
	uint64_t first_kva;           /* of first_pfn in the direct map */
	unsigned page_shift;
	uint64_t page_bytes;
	unsigned word_bytes;
	bool is_swapped;              /* words of the dump are of the other byte order */
};

/* An object by its slab (or its number in `indexed`) and its place there; fits in a word. */
struct object_ref {
	uint32_t slab;
	uint32_t index;
};

struct mo_error *build_object_index(struct mo_kernel *kernel, const struct mo_slab_model *slabs,
				    struct object_index *ret) MO_MUST_USE;
void free_object_index(struct object_index *index);

/* The bytes of an object that its user has: without red zones and what the allocator keeps behind it. */
void object_span(const struct object_index *index, struct object_ref ref, uint64_t *kva_ret, uint64_t *n_bytes_ret);

/* The physical address behind one of the direct map. */
static inline uint64_t direct_map_pa(const struct object_index *index, uint64_t kva)
{
	return kva - index->slabs->direct_map_kva;
}

static inline uint64_t index_word(const struct object_index *index, const uint8_t *at)
{
	uint64_t word;
	uint32_t half;

	if (index->word_bytes == 8) {
		memcpy(&word, at, 8);
		return index->is_swapped ? __builtin_bswap64(word) : word;
	}
	memcpy(&half, at, 4);
	return index->is_swapped ? __builtin_bswap32(half) : half;
}

/* The slab that a word points into, plus one; 0: none. */
static inline uint32_t pointed_slab(const struct object_index *index, uint64_t word)
{
	uint64_t page = (word - index->first_kva) >> index->page_shift;

	return page < index->n_pages ? index->slab_of_page[page] : 0;
}

/* The object of that slab, whatever its state; false: before the first one (SLAB colours its slabs) or behind the last. */
static inline bool pointed_object(const struct object_index *index, uint32_t slab, uint64_t word, uint32_t *ret)
{
	const struct indexed_slab *indexed = &index->indexed[slab];
	uint64_t offset = word - indexed->first_kva;
	uint64_t object = offset * indexed->reciprocal >> RECIPROCAL_SHIFT;

	*ret = (uint32_t)object;
	return offset < MOST_SLAB_BYTES && object < indexed->objects;
}

static inline bool is_slab_node(const struct object_index *index, uint32_t number)
{
	return number < index->n_slabs;
}

static inline bool is_block(const struct object_index *index, uint32_t number)
{
	return number - index->n_slabs < index->n_blocks;
}

static inline uint32_t n_nodes(const struct object_index *index)
{
	return index->n_slabs + index->n_blocks + index->n_areas;
}

/* The area of a node; NULL: it is none. */
static inline const struct indexed_area *area_of(const struct object_index *index, uint32_t number)
{
	uint32_t first = index->n_slabs + index->n_blocks;

	return number >= first ? &index->areas[number - first] : NULL;
}

static inline enum mo_object_state index_state(const struct object_index *index, struct object_ref ref)
{
	if (!is_slab_node(index, ref.slab))
		return MO_OBJECT_ALLOCATED;
	return mo_object_state_at(index->slabs, index->indexed[ref.slab].first_object + ref.index);
}

#endif
