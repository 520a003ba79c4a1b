/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef MEMOPSY_OBJECT_INDEX_H
#define MEMOPSY_OBJECT_INDEX_H

/*
 * From a word to the slab object that it points into, with one comparison for the words that are no pointers: page frame
 * to slab by a table, offset in the slab to object by a reciprocal. And which pages hold words of the kernel's own.
 *
 * Read-only once built (whoever builds one may append blocks and areas before), for all threads. The model "slab" must
 * outlive it. Addresses are of the direct map.
 */

#include <string.h>

#include <memopsy/kernel.h>
#include <memopsy/mem_map.h>
#include <memopsy/slab.h>

MO_API_BEGIN

/* offset * reciprocal >> MO_INDEX_RECIPROCAL_SHIFT is exact for slabs of up to MO_INDEX_SLAB_BYTES_MAX. */
#define MO_INDEX_RECIPROCAL_SHIFT 43
#define MO_INDEX_SLAB_BYTES_MAX (1ull << 21)

struct mo_indexed_slab {
	uint64_t first_kva;     /* of its first object */
	uint64_t first_object;  /* among all, as in the model "slab" */
	uint64_t reciprocal;    /* 2^MO_INDEX_RECIPROCAL_SHIFT / size, rounded up */
	uint32_t objects;       /* 0: its objects are not known one by one */
	uint32_t size_bytes;
};

/* A vmap area that is a node of its own. */
struct mo_indexed_area {
	uint64_t first_kva;
	uint64_t end_kva;
	uint64_t vm_kva;        /* its struct vm_struct, which does not count as a reference */
	uint64_t n_pages;       /* pages that are its own */
	bool is_mapping;        /* vmap(): it maps blocks of pages that are nodes of their own, and holds them */
};

struct mo_object_index {
	const struct mo_slab_model *slabs;
	struct mo_indexed_slab *indexed; /* one for each slab; behind them, one for each block of pages, then for each area */
	uint32_t n_slabs, n_blocks, n_areas;
	uint64_t n_objects;           /* bits that marks need */
	const struct mo_indexed_area *areas; /* ascending */
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
struct mo_object_ref {
	uint32_t slab;
	uint32_t index;
};

struct mo_error *mo_object_index_build(struct mo_kernel *kernel, const struct mo_slab_model *slabs,
				    struct mo_object_index *ret) MO_MUST_USE;
void mo_object_index_deinit(struct mo_object_index *index);

/* The bytes of an object that its user has: without red zones and what the allocator keeps behind it. */
void mo_object_span(const struct mo_object_index *index, struct mo_object_ref ref, uint64_t *kva_ret, uint64_t *n_bytes_ret);

/* The physical address behind one of the direct map. */
static inline uint64_t mo_index_pa(const struct mo_object_index *index, uint64_t kva)
{
	return kva - index->slabs->direct_map_kva;
}

static inline uint64_t mo_index_word(const struct mo_object_index *index, const uint8_t *at)
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
static inline uint32_t mo_pointed_slab(const struct mo_object_index *index, uint64_t word)
{
	uint64_t page = (word - index->first_kva) >> index->page_shift;

	return page < index->n_pages ? index->slab_of_page[page] : 0;
}

/* The object of that slab, whatever its state; false: before the first one (SLAB colours its slabs) or behind the last. */
static inline bool mo_pointed_object(const struct mo_object_index *index, uint32_t slab, uint64_t word, uint32_t *ret)
{
	const struct mo_indexed_slab *indexed = &index->indexed[slab];
	uint64_t offset = word - indexed->first_kva;
	uint64_t object = offset * indexed->reciprocal >> MO_INDEX_RECIPROCAL_SHIFT;

	*ret = (uint32_t)object;
	return offset < MO_INDEX_SLAB_BYTES_MAX && object < indexed->objects;
}

static inline bool mo_is_slab_node(const struct mo_object_index *index, uint32_t number)
{
	return number < index->n_slabs;
}

static inline bool mo_is_block_node(const struct mo_object_index *index, uint32_t number)
{
	return number - index->n_slabs < index->n_blocks;
}

static inline uint32_t mo_n_index_nodes(const struct mo_object_index *index)
{
	return index->n_slabs + index->n_blocks + index->n_areas;
}

/* The area of a node; NULL: it is none. */
static inline const struct mo_indexed_area *mo_area_of_node(const struct mo_object_index *index, uint32_t number)
{
	uint32_t first = index->n_slabs + index->n_blocks;

	return number >= first ? &index->areas[number - first] : NULL;
}

static inline enum mo_object_state mo_index_state(const struct mo_object_index *index, struct mo_object_ref ref)
{
	if (!mo_is_slab_node(index, ref.slab))
		return MO_OBJECT_ALLOCATED;
	return mo_object_state_at(index->slabs, index->indexed[ref.slab].first_object + ref.index);
}

/* Whether the words of pages of this class are roots: what the kernel itself put there, outside of slabs. */
bool mo_is_root_class(enum mo_page_class page_class);

MO_API_END

#endif
