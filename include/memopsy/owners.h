/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef MEMOPSY_OWNERS_H
#define MEMOPSY_OWNERS_H

/*
 * The model "owners": who holds kernel memory, over all allocators, largest first; and how we know.
 *
 * Immutable once published; lives until the run ends. No byte is counted by two holders.
 */

#include <memopsy/report.h>

#ifdef __cplusplus
extern "C" {
#endif

#define MO_OWNERS_MODEL "owners"
#define MO_OWNERS_MODEL_VERSION 2

/* What a holder's name rests on, the surest first. */
enum mo_holder_evidence {
	MO_HOLDER_BY_ALLOCATOR = 0,   /* the allocator's own accounting: a slab cache, a vmap area's caller, page tables */
	MO_HOLDER_BY_RECORD,          /* the kernel recorded it: page_owner, alloc_tag, slub_debug's tracks */
	MO_HOLDER_BY_STRUCTURE,       /* found by walking the structure that owns it: a ring buffer, a pipe, a pool */
	MO_HOLDER_BY_POINTER,         /* something that is known points at it */
	MO_HOLDER_BY_GUESS,           /* from what its first words look like */
	MO_HOLDER_BY_NOBODY,
	MO_N_HOLDER_EVIDENCES,
};

enum mo_holder_kind {
	MO_HOLDER_CACHE = 0,         /* a slab cache */
	MO_HOLDER_LARGE_KMALLOC,
	MO_HOLDER_VMAP_CALLER,
	MO_HOLDER_PERCPU,
	MO_HOLDER_STACKS,
	MO_HOLDER_PAGE_TABLES,
	MO_HOLDER_KERNEL_IMAGE,
	MO_HOLDER_DIRECT,            /* pages taken from the page allocator directly */
	MO_N_HOLDER_KINDS,
};

struct mo_holder {
	enum mo_holder_kind kind;
	enum mo_holder_evidence evidence;
	const char *name;            /* cache, calling function, variable, ...: raw bytes */
	const char *module;          /* NULL: the kernel itself, or not known */
	const char *detail;          /* what the evidence is, in words; NULL */
	uint64_t bytes;
	uint64_t pieces;             /* objects, areas, blocks */
	uint32_t order;              /* of direct blocks: all of this order */
	uint8_t page_class;          /* enum mo_page_class that its pages stand under in the balance sheet */
	bool is_reclaimable;
	bool is_module_guessed;      /* module: by what samples of it point at */
	uint64_t example_kva;        /* one of its pieces; 0: none */
	uint64_t pageblocks;         /* of blocks: pageblocks in which it has any; 0: not known */
	uint64_t last_pageblock;     /* the last of these */
};

struct mo_owners_model {
	const struct mo_holder *holders; /* most bytes first */
	size_t n_holders;
	uint64_t bytes_by_evidence[MO_N_HOLDER_EVIDENCES];
	uint64_t direct_pages;       /* pages of class "direct": */
	uint64_t direct_unowned_pages; /* of these, without any owner or hint */
};

#ifdef __cplusplus
}
#endif

#endif
