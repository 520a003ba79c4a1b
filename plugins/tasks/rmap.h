/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef TASKS_RMAP_H
#define TASKS_RMAP_H

/* Which processes map a page: as the kernel itself finds out (mm/rmap.c), or by a search of all page tables. */

#include <memopsy/page_entry.h>

#include "smaps.h"

enum rmap_kind { RMAP_ANON, RMAP_KSM, RMAP_FILE, RMAP_NONE };

struct rmap_page {
	uint64_t pfn;
	struct mapped_page page;
	enum rmap_kind kind;
	uint64_t mapping_kva;    /* without its low bits: anon_vma, stable node or address_space */
	uint64_t index;          /* of the head */
	struct mo_count mapcount;
	uint64_t n_found;
};

/* A page table entry that maps the page. */
struct rmap_hit {
	uint64_t pfn;
	uint64_t mm_kva;
	uint64_t vma_kva;        /* 0: not known */
	uint64_t va;
	uint64_t entry, entry_pa;
	enum mo_entry_kind kind;
	uint32_t flags;          /* enum mo_entry_flag */
	uint64_t covers_bytes;
};

struct rmap_hits {
	struct rmap_hit *hits;
	size_t n, n_allocated;
};

struct mo_error *add_hit(struct rmap_hits *hits, const struct rmap_hit *hit) MO_MUST_USE;

/* What the struct page says; the errors are of reading it. */
struct mo_error *read_rmap_page(const struct page_reading *reading, uint64_t pfn, struct rmap_page *ret) MO_MUST_USE;

/* As the kernel would: what cannot be read on the way becomes trouble of the state, and hits are missing. */
struct mo_error *find_mappings(const struct page_reading *reading, const struct rmap_page *page, struct rmap_hits *hits)
	MO_MUST_USE;

/* By all page tables of all processes; pages are ascending by pfn. */
struct mo_error *search_mappings(struct tasks_state *state, const struct rmap_page *pages, size_t n_pages,
				 struct rmap_hits *hits) MO_MUST_USE;

#endif
