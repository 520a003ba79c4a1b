/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef MEMOPSY_MEM_MAP_H
#define MEMOPSY_MEM_MAP_H

/*
 * The model "mem_map": every page frame in exactly one class, from one pass over all struct pages.
 *
 * Immutable once published; lives until the run ends. One byte per page frame is kept (1/4096 of the machine's memory).
 * Decodes struct page and struct folio (include/linux/mm_types.h), page flags and page types
 * (include/linux/page-flags.h).
 */

#include <memopsy/report.h>

#ifdef __cplusplus
extern "C" {
#endif

#define MO_MEM_MAP_MODEL "mem_map"
#define MO_MEM_MAP_MODEL_VERSION 1

/* Append only. Names, help and the kernel's terms are in mo_mem_map_model.classes. */
enum mo_page_class {
	MO_PAGE_UNKNOWN = 0,         /* its struct page could not be read, or contradicts itself */
	MO_PAGE_FREE_BUDDY,
	MO_PAGE_FREE_PCP,            /* on a per-CPU list */
	MO_PAGE_SLAB,
	MO_PAGE_LARGE_KMALLOC,
	MO_PAGE_ANON,                /* to SHMEM_THP: mo_class_is_user() */
	MO_PAGE_ANON_THP,            /* _THP: of a folio that a PMD can map; smaller large folios stand without it */
	MO_PAGE_FILE,
	MO_PAGE_FILE_THP,
	MO_PAGE_SHMEM,
	MO_PAGE_SHMEM_THP,
	MO_PAGE_SWAP_CACHE,          /* in the swap cache and mapped by nobody; mapped ones are anon */
	MO_PAGE_HUGETLB_FREE,
	MO_PAGE_HUGETLB_USED,
	MO_PAGE_PAGE_TABLE,
	MO_PAGE_KERNEL_STACK,
	MO_PAGE_VMALLOC,
	MO_PAGE_PERCPU,
	MO_PAGE_MEM_MAP,             /* holds struct pages */
	MO_PAGE_PAGE_EXT,
	MO_PAGE_KERNEL_TEXT,
	MO_PAGE_KERNEL_DATA,         /* data, rodata, bss */
	MO_PAGE_KERNEL_INIT,         /* init sections that were not freed */
	MO_PAGE_RESERVED,            /* memblock-reserved, never given to the page allocator */
	MO_PAGE_OFFLINE,
	MO_PAGE_BALLOON,
	MO_PAGE_ZSMALLOC,
	MO_PAGE_PAGE_POOL,
	MO_PAGE_ISOLATED,            /* taken off the LRU or out of the allocator for a moment */
	MO_PAGE_UNACCEPTED,
	MO_PAGE_HWPOISON,
	MO_PAGE_DIRECT,              /* used by a direct user of the page allocator: nobody has claimed it yet */
	MO_PAGE_ZERO,                /* the zero page, and the huge one */
	MO_PAGE_HOLE,                /* reserved struct pages of a hole: the dump knows no memory there */
	MO_PAGE_GUARD,               /* guard pages of debug_pagealloc */
	MO_N_PAGE_CLASSES,
};

/* On the buddy allocator's lists or on those of CPUs. */
static inline bool mo_class_is_free(unsigned page_class)
{
	return page_class == MO_PAGE_FREE_BUDDY || page_class == MO_PAGE_FREE_PCP;
}

/* Anonymous memory and page cache, tmpfs among it: what reclaim and compaction work on. Without the swap cache and hugetlb. */
static inline bool mo_class_is_user(unsigned page_class)
{
	return page_class >= MO_PAGE_ANON && page_class <= MO_PAGE_SHMEM_THP;
}

/* The same with what struct page keeps in the same members: pages of a mapping, which processes may map. */
static inline bool mo_class_is_mapped(unsigned page_class)
{
	return mo_class_is_user(page_class) || page_class == MO_PAGE_SWAP_CACHE || page_class == MO_PAGE_HUGETLB_USED;
}

struct mo_page_class_info {
	const char *name;            /* "anon" */
	const char *title;           /* "anonymous pages" */
	const char *help;
};

/* One stretch of page frames that has struct pages; a class byte each. */
struct mo_page_run {
	uint64_t first_pfn;
	uint64_t n_pages;
	const uint8_t *classes;      /* enum mo_page_class, one per page frame */
};

/* Pages with these flags, whatever their class; of a large folio all its pages, as the kernel counts. */
enum mo_page_mark {
	MO_MARK_DIRTY = 0,
	MO_MARK_WRITEBACK,
	MO_MARK_MLOCKED,
	MO_MARK_UNEVICTABLE,
	MO_MARK_LRU,
	MO_MARK_SWAP_CACHE,
	MO_MARK_RESERVED,
	MO_N_PAGE_MARKS,
};

/* Sums of one zone. */
struct mo_zone_pages {
	uint32_t zone;               /* index into the model "zones"; MO_ZONE_NONE: page frames of no zone */
	uint64_t pages[MO_N_PAGE_CLASSES];
	uint64_t marked_pages[MO_N_PAGE_MARKS];
};
#define MO_ZONE_NONE UINT32_MAX

struct mo_mem_map_model {
	const struct mo_page_class_info *classes; /* MO_N_PAGE_CLASSES of them */
	const struct mo_page_run *runs;           /* ascending, not overlapping */
	size_t n_runs;
	const struct mo_zone_pages *zones;
	size_t n_zones;                           /* one more than there are zones: the last is of page frames of none */
	uint64_t pages[MO_N_PAGE_CLASSES];        /* sums over all */
	uint64_t excluded[MO_N_PAGE_CLASSES];     /* of these, page frames whose contents the dump left out */
	uint64_t n_pages;                         /* every page frame that has a struct page: the sum of pages[] */
	uint64_t unreadable_pages;                /* of these, struct pages that could not be read (class unknown) */
	uint64_t contradicting_pages;             /* of these, struct pages that contradict themselves or their neighbours */
	uint64_t excluded_pages;                  /* the sum of excluded[] */
	uint64_t marked_pages[MO_N_PAGE_MARKS];
};

/* The class of a page frame; MO_PAGE_UNKNOWN if it has no struct page. */
static inline enum mo_page_class mo_page_class_of(const struct mo_mem_map_model *model, uint64_t pfn)
{
	size_t low = 0;
	size_t high = model->n_runs;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		const struct mo_page_run *run = &model->runs[middle];

		if (pfn < run->first_pfn)
			high = middle;
		else if (pfn - run->first_pfn >= run->n_pages)
			low = middle + 1;
		else
			return (enum mo_page_class)run->classes[pfn - run->first_pfn];
	}
	return MO_PAGE_UNKNOWN;
}

#ifdef __cplusplus
}
#endif

#endif
